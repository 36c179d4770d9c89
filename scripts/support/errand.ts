import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { StoreInUse, StoreUnusable } from '../../shared/adapters/local/lock.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { ConfigWrong, readConfig } from '../../shared/edge/config.ts';
import { createLog } from '../../shared/edge/log.ts';
import type { openCloudPlatform } from '../../shared/wiring/cloud-platform.ts';
import { openLocalPlatform } from '../../shared/wiring/platform.ts';
import type { Base, PortName } from '../../shared/wiring/ports.ts';

/** Every port and store, on whichever platform. */
export type ErrandPlatform = Awaited<ReturnType<typeof openCloudPlatform<PortName>>>;

/**
 * Opens the platform that the environment names, for one errand: the embedded store while the suite is stopped, or the
 * cloud's with the credentials of whoever runs it.
 */
export async function withPlatform<T>(errand: (platform: ErrandPlatform) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  const clock = new SystemClock();
  const base = { config, clock, entropy: new SystemEntropy(), log: createLog(config.logLevel, clock) };
  const platform = config.platform === 'cloud' ? await openCloud(base) : await openEmbedded(base);
  try {
    return await errand(platform);
  } finally {
    await platform.close();
  }
}

// Loaded only here: Google's clients take a second to import, and an embedded store needs none of them.
async function openCloud(base: Base): Promise<ErrandPlatform> {
  const { openCloudPlatform } = await import('../../shared/wiring/cloud-platform.ts');
  const { ALL_PORTS } = await import('../../shared/wiring/cloud/all.ts');
  return openCloudPlatform<PortName>(base, ALL_PORTS);
}

const openEmbedded = (base: Base): Promise<ErrandPlatform> =>
  openLocalPlatform({ ...base, deliver: () => Promise.reject(new Error('errands deliver no messages')) });

/** Runs an errand's body; what the caller can put right is one line, anything else keeps its stack. */
export async function runErrand(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const isTheirs =
      error instanceof BadInput ||
      error instanceof ConfigWrong ||
      error instanceof StoreInUse ||
      error instanceof StoreUnusable ||
      error instanceof SyntaxError ||
      (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EADDRINUSE'));
    const param = error instanceof BadInput && error.param !== undefined ? ` (${error.param})` : '';
    console.error(isTheirs ? `${(error as Error).message}${param}` : error);
    process.exitCode = isTheirs ? 2 : 1;
  }
}
