import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Audit, auditStore } from './audit.ts';
import { Client } from './client.ts';
import { type Harm, secondsSince } from './kills.ts';
import { launch, stop } from './process.ts';
import { crashConfig, prepare, sleep } from './store.ts';

export interface DiskFullResult extends Audit {
  /** a disk of its own that somebody fills up, or a limit on how long any file of the process may become */
  readonly by: 'a full disk' | 'a limit on files';
  /** how often the room was taken away and given back */
  readonly times: number;
  /** how often each answer asked to come again */
  readonly put_off: Readonly<Record<string, number>>;
  /** answers of `/healthz` while there was no room, and after there was again */
  readonly health: readonly string[];
  readonly seconds: number;
}

const run = promisify(execFile);
const DISK_MEGABYTES = 48;
const TIMES = 2;
const PATIENCE_MILLISECONDS = 30_000;

/** Takes room away from a running suite, and gives it back. */
interface Room {
  readonly by: DiskFullResult['by'];
  readonly folder: string;
  take(pid: number): Promise<void>;
  giveBack(pid: number): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Fills the disk under the running suite and makes room again, twice: the first time the suite goes on by itself, the second time it is
 * stopped while there is no room, and started again once there is.
 */
export async function diskFullRun({ say }: Pick<Harm, 'say'>): Promise<DiskFullResult> {
  const began = performance.now();
  const room = (await ownDisk()) ?? (await limitedFiles());
  try {
    const config = await crashConfig(room.folder, { LOG_LEVEL: 'silent' });
    const client = new Client({ url: `http://127.0.0.1:${config.port}`, keys: await prepare(config) });
    const complaints: string[] = [];
    const health: string[] = [];
    let child = await launch(config);
    for (let time = 1; time <= TIMES; time++) {
      const load = client.load();
      await sleep(200 + Math.random() * 500);
      await room.take(child.pid!);
      await until(async () => Object.keys(client.putOff).length > 0 && (await healthOf(client)).startsWith('503'));
      health.push(await healthOf(client));
      await sleep(500);
      if (time === TIMES) {
        client.halt();
        await load;
        complaints.push(...(await stop(child)));
        await room.giveBack(child.pid!);
        child = await launch(config);
      } else {
        await room.giveBack(child.pid!);
        await until(async () => (await healthOf(client)).startsWith('200'));
        await sleep(500);
        client.halt();
        await load;
      }
      health.push(await healthOf(client));
      say(`${time} of ${TIMES} times full, ${client.acknowledged.size} events acknowledged`);
    }
    await client.finish();
    await client.settled();
    complaints.push(...(await stop(child)));
    const audit = await auditStore(config, client);
    return {
      ...{ by: room.by, times: TIMES, put_off: client.putOff, health },
      ...{ ...audit, complaints: [...complaints, ...audit.complaints], seconds: secondsSince(began) },
    };
  } finally {
    await room.remove();
  }
}

async function healthOf(client: Client): Promise<string> {
  const response = await client.get('/healthz');
  const { status, code } = (await response.json()) as { status?: string | number; code?: string };
  return `${response.status} ${code ?? status}`;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await isSo()); waited += 50) {
    if (waited > PATIENCE_MILLISECONDS)
      throw new Error('the disk is full or has room again, and the suite does not notice');
    await sleep(50);
  }
}

/** A small disk in memory, and a file on it that takes all that is left. Only `root` may make one. */
async function ownDisk(): Promise<Room | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-crash-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'tallystick-crash', folder]);
  } catch {
    await rm(folder, { recursive: true });
    return undefined;
  }
  const ballast = join(folder, 'ballast');
  return {
    by: 'a full disk',
    folder,
    take: () => fill(ballast),
    giveBack: () => rm(ballast),
    async remove() {
      await run('umount', [folder]);
      await rm(folder, { recursive: true });
    },
  };
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    // In ever smaller pieces, so that in the end there is no room for a page of a database.
    for (const bytes of [1 << 20, 4096]) {
      try {
        for (;;) await file.appendFile(Buffer.alloc(bytes, 1));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    await file.close();
  }
}

/** No file of the process becomes longer than it may be (`prlimit`, util-linux): its databases cannot grow. */
async function limitedFiles(): Promise<Room> {
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-crash-'));
  const limit = async (pid: number, bytes: string): Promise<void> => {
    await run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  };
  return {
    by: 'a limit on files',
    folder,
    take: (pid) => limit(pid, '65536'),
    giveBack: (pid) => limit(pid, 'unlimited').catch(() => undefined),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
