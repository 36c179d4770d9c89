import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditStore } from './audit.ts';
import { Client } from './client.ts';
import { secondsSince } from './kills.ts';
import { launch, spawnSuite, stop } from './process.ts';
import { crashConfig, prepare } from './store.ts';

export interface ReadOnlyResult {
  readonly status: number | null;
  /** what it said on standard error */
  readonly said: string;
  readonly complaints: readonly string[];
  readonly seconds: number;
}

/** Whoever owns nothing; `root` is asked for no permission, so it cannot see what those of a file are. */
const NOBODY = 65_534;

/** Starts the suite on a store whose files may only be read: it has to say so, end, and leave everything as it is. */
export async function readOnlyRun(): Promise<ReadOnlyResult> {
  const began = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-crash-'));
  try {
    const config = await crashConfig(folder);
    const client = new Client({ url: `http://127.0.0.1:${config.port}`, keys: await prepare(config) });
    const first = await launch(config);
    await client.loadFor(200);
    await client.finish();
    await client.settled();
    const complaints = await stop(first);

    await allow(folder, false);
    const before = await listing(folder);
    const { status, said } = await tryToStart(config);
    const after = await listing(folder);
    if (status === 0 || status === null) complaints.push(`it ended with ${status}`);
    if (!/^store_read_only: [^\n]+\n$/.test(said)) complaints.push(`it did not say in one line what is wrong: ${said}`);
    if (before !== after) complaints.push(`it wrote: ${before} became ${after}`);

    await allow(folder, true);
    const { complaints: found } = await auditStore(config, client);
    return { status, said: said.trim(), complaints: [...complaints, ...found], seconds: secondsSince(began) };
  } finally {
    await allow(folder, true);
    await rm(folder, { recursive: true, force: true });
  }
}

async function tryToStart(config: Parameters<typeof spawnSuite>[0]): Promise<{ status: number | null; said: string }> {
  const isRoot = process.getuid?.() === 0;
  const child = spawnSuite(config, {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, said };
}

async function allow(folder: string, isWritable: boolean): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    await chmod(path, entry.isDirectory() ? (isWritable ? 0o755 : 0o555) : isWritable ? 0o644 : 0o444);
  }
  await chmod(folder, isWritable ? 0o755 : 0o555);
}

/** Every file with its length and when it was last written. */
async function listing(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeMs } = await stat(path);
    lines.push(`${path.slice(folder.length)} ${entry.isDirectory() ? '' : size} ${mtimeMs}`);
  }
  return lines.sort().join('\n');
}
