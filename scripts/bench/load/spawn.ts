import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithUs } from '../suite/children.ts';
import type { LoadPlan, LoadResult, LoadWindow } from './plan.ts';

const GENERATOR = fileURLToPath(new URL('../load.ts', import.meta.url));

export interface Pinned {
  /** the one core that the generator may use; undefined for any */
  readonly core: number | undefined;
}

/** Makes load from a process of its own. @param tell how it goes, once a window */
export async function makeLoad(
  plan: LoadPlan,
  { core }: Pinned,
  tell: (window: LoadWindow) => void = () => undefined,
): Promise<LoadResult> {
  const command = [process.execPath, GENERATOR];
  const [program = '', ...args] = core === undefined ? command : ['taskset', '-c', String(core), ...command];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  endWithUs(child);
  const exited = once(child, 'close') as Promise<[number | null]>;
  child.stdin.end(JSON.stringify(plan));
  let result: LoadResult | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { readonly window?: LoadWindow; readonly result?: LoadResult };
    if (said.window !== undefined) tell(said.window);
    result ??= said.result;
  }
  const [code] = await exited;
  if (result === undefined || code !== 0) throw new Error(`the load generator ended with ${code}`);
  return result;
}
