import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../shared/edge/config.ts';
import { endWithUs } from '../bench/suite/children.ts';
import { environmentOf } from './store.ts';

export const START = fileURLToPath(new URL('../start.ts', import.meta.url));

/** Begins the suite as a process of its own, as `npm start` runs it. */
export function spawnSuite(config: Config, options: SpawnOptions = {}): ChildProcess {
  const child = spawn(process.execPath, [START], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environmentOf(config) },
    ...options,
  });
  endWithUs(child);
  return child;
}

/** The same; resolves once it listens. */
export async function launch(config: Config, options?: SpawnOptions): Promise<ChildProcess> {
  const child = spawnSuite(config, options);
  const ready = once(child.stdout!, 'data');
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the suite ended with ${code} before it listened`);
  });
  await Promise.race([ready, ended]);
  // From here on the exit is awaited by whoever ends the child.
  ended.catch(() => undefined);
  child.stdout!.resume();
  return child;
}

/** Ends it with SIGTERM. @returns a complaint where it does not end with 0 */
export async function stop(child: ChildProcess): Promise<string[]> {
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0 ? [] : [`the last run stopped with ${code}`];
}
