import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Audit, auditStore } from './audit.ts';
import { Client } from './client.ts';
import { launch, spawnSuite, stop } from './process.ts';
import { crashConfig, prepare, sleep } from './store.ts';

/** How often the suite is harmed, and who is told how far that has come. */
export interface Harm {
  readonly times: number;
  readonly say: (line: string) => void;
}

export interface KillsResult extends Audit {
  readonly kills: number;
  readonly seconds: number;
}

/**
 * Of four kills one comes while the suite still starts, so that it dies over what the death before has left; one within half a second
 * after it listens; two once something was acknowledged, however slow the machine.
 */
const MOMENTS = ['starting', 'listening', 'working', 'working'] as const;
const PATIENCE_MILLISECONDS = 10_000;
/** More than the first run can bill and archive before it is killed. */
const DAYS = 12;

/** Kills the suite again and again while it works, then checks that everything it acknowledged is billed exactly once. */
export async function killsRun({ times, say }: Harm): Promise<KillsResult> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-crash-'));
  try {
    const config = await crashConfig(folder);
    const client = new Client({ url: `http://127.0.0.1:${config.port}`, keys: await prepare(config, undefined, DAYS) });
    for (let kill = 1; kill <= times; kill++) {
      const moment = MOMENTS[kill % MOMENTS.length]!;
      const child = moment === 'starting' ? spawnSuite(config) : await launch(config);
      const load = moment === 'starting' ? undefined : client.load();
      if (moment === 'working') await client.progress(PATIENCE_MILLISECONDS);
      await sleep(Math.random() * (moment === 'starting' ? 1000 : 500));
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      client.halt();
      await load;
      if (kill % 10 === 0 || kill === times)
        say(`${kill} of ${times} kills, ${client.acknowledged.size} events acknowledged`);
    }
    const child = await launch(config);
    await client.finish();
    await client.settled(DAYS);
    const stopped = await stop(child);
    const audit = await auditStore(config, client);
    const complaints = [...audit.complaints, ...stopped];
    return { kills: times, ...audit, complaints, seconds: secondsSince(started) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const secondsSince = (started: number): number => Math.round((performance.now() - started) / 100) / 10;
