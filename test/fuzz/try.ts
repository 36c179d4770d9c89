import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { bundleTarget } from './bundle.ts';
import { pushTarget } from './push.ts';
import { CPU_MILLISECONDS_MAX, GROWTH_BYTES_MAX, type Target } from './target.ts';
import { traceTarget } from './trace.ts';
import { cloudEventsTarget, usageTarget } from './usage.ts';

export const TARGETS: readonly Target[] = [usageTarget, cloudEventsTarget, pushTarget, bundleTarget, traceTarget];

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const held = (): number => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** What one target came to. */
export interface Outcome {
  readonly said: string;
  readonly growthBytes: number;
  readonly slowestMilliseconds: number;
}

/**
 * Tries a target.
 * @param seed the same one gives the same inputs
 * @throws Error that names the seed and the smallest input that fails
 */
export async function tried({ open, name }: Target, runs: number, seed: number): Promise<Outcome> {
  const { property, verdict, close } = await open();
  let slowest = 0;
  let growth = 0;
  let before = 0;
  try {
    let count = 0;
    let cpu = process.cpuUsage();
    property.beforeEach(async (previous) => {
      await previous();
      // The first tries pay for compiling.
      if (count === 50) before = held();
      cpu = process.cpuUsage();
    });
    property.afterEach(async (previous) => {
      await previous();
      const { user, system } = process.cpuUsage(cpu);
      const milliseconds = (user + system) / 1000;
      if (count++ > 50) slowest = Math.max(slowest, milliseconds);
    });
    const details = await fc.check(property, { numRuns: runs, seed, endOnFailure: false });
    if (details.failed) {
      const smallest = shown(details.counterexample?.[0]);
      const { errorInstance } = details as { readonly errorInstance?: unknown };
      throw new Error(
        `${name}: seed ${seed}, path ${details.counterexamplePath}, after ${details.numRuns} runs\nsmallest input: ${smallest}\n${errorInstance}`,
      );
    }
    growth = before === 0 ? 0 : held() - before;
    const said = await verdict();
    if (slowest > CPU_MILLISECONDS_MAX) throw new Error(`${name}: one try took ${Math.round(slowest)} ms of CPU`);
    if (growth > GROWTH_BYTES_MAX) throw new Error(`${name}: memory grew by ${Math.round(growth / 1e6)} MB`);
    return { said, growthBytes: growth, slowestMilliseconds: slowest };
  } finally {
    await close();
  }
}

/** Fit to be pasted: bytes as text where they are text, in base64 where not. */
function shown(input: unknown): string {
  return JSON.stringify(input, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'Buffer') return value;
    const bytes = Buffer.from(value as never);
    const text = bytes.toString('utf8');
    return Buffer.from(text).equals(bytes) ? text : `base64:${bytes.toString('base64')}`;
  });
}
