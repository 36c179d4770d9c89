import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { StoreInUse } from '../../shared/adapters/local/lock.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { ConfigWrong, readConfig } from '../../shared/edge/config.ts';
import { createLog } from '../../shared/edge/log.ts';
import { openLocalPlatform, type Platform } from '../../shared/wiring/platform.ts';

/** Opens the store that the environment names, for one errand while the suite is stopped. */
export async function withPlatform<T>(errand: (platform: Platform) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  const clock = new SystemClock();
  const platform = await openLocalPlatform({
    config,
    clock,
    entropy: new SystemEntropy(),
    log: createLog(config.logLevel, clock),
    deliver: () => Promise.reject(new Error('errands deliver no messages')),
  });
  try {
    return await errand(platform);
  } finally {
    await platform.close();
  }
}

/** Runs an errand's body; what the caller can put right is one line, anything else keeps its stack. */
export async function runErrand(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const isTheirs =
      error instanceof BadInput ||
      error instanceof ConfigWrong ||
      error instanceof StoreInUse ||
      error instanceof SyntaxError ||
      (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EADDRINUSE'));
    const param = error instanceof BadInput && error.param !== undefined ? ` (${error.param})` : '';
    console.error(isTheirs ? `${(error as Error).message}${param}` : error);
    process.exitCode = isTheirs ? 2 : 1;
  }
}
