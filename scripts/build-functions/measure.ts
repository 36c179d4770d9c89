import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Installs a built function as the buildpack does. */
export async function installFunction(folder: string): Promise<void> {
  await run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], {
    cwd: folder,
    maxBuffer: 1 << 24,
  });
}

/** Milliseconds from the first import to a function that is registered, in a process of its own; the median of `rounds`. */
export async function coldImport(folder: string, rounds: number): Promise<number> {
  const script =
    "const t = performance.now(); await import('./index.js'); console.log(performance.now() - t); process.exit(0)";
  const data = await mkdtemp(join(tmpdir(), 'tallystick-import-'));
  const env = { ...process.env, PLATFORM: 'embedded', DATA_DIR: data, RSA_BITS: '2048', LOG_LEVEL: 'silent' };
  const once = async (): Promise<number> => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, env });
    return Number(stdout.trim().split('\n').at(-1));
  };
  try {
    // The first one makes the store and its keys, which is nothing a cold start in the cloud has to do.
    await once();
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await once());
    return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
