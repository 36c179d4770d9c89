import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { MICROS_PER_DAY, plusMicros } from '../../shared/domain/time.ts';
import { type Config, readConfig } from '../../shared/edge/config.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { makeOrganizations, simpleAccount, withLocalStore } from '../support/store.ts';

export const TENANTS = ['tenant-a', 'tenant-b', 'tenant-c'] as TenantId[];
/** Days of empty periods before today: they are closed, sealed and archived while the suite is being harmed. */
export const DAYS_BEFORE = 4;
export const METRIC = 'units';

/** Seals as fast as it can, so that as much as possible is under way at any moment. */
export async function crashConfig(folder: string, more: Readonly<Record<string, string>> = {}): Promise<Config> {
  const settings = { RSA_BITS: '2048', LOG_LEVEL: 'error', SEAL_INTERVAL_SECONDS: '0', USAGE_RATE_PER_SECOND: '0' };
  return { ...readConfig({ ...settings, ...more }), dataFolder: join(folder, 'store'), port: await freePort() };
}

/** What a process of its own is told, so that it has that configuration. */
export const environmentOf = (config: Config): Record<string, string> => ({
  DATA_DIR: config.dataFolder,
  PORT: String(config.port),
  RSA_BITS: String(config.rsaBits),
  LOG_LEVEL: config.logLevel,
  SEAL_INTERVAL_SECONDS: String(config.sealIntervalSeconds),
  USAGE_RATE_PER_SECOND: String(config.usageRatePerSecond),
});

/** Makes the store's organizations, billed by the day since so many days ago. @returns the key of each */
export async function prepare(
  config: Config,
  clock: Clock = new SystemClock(),
  days = DAYS_BEFORE,
): Promise<Map<string, string>> {
  const now = clock.now();
  const start = `${plusMicros(now, -BigInt(days) * MICROS_PER_DAY).slice(0, 10)}T00:00:00Z`;
  const documents = TENANTS.map((tenant) =>
    simpleAccount({
      ...{ tenant, subscription: 'main', start, unit: 'day', metrics: [METRIC], graceMinutes: 0 },
      tiers: [
        { up_to: '1000', unit_amount: '0.01', flat_amount: '5' },
        { up_to: null, unit_amount: '0.007' },
      ],
    }),
  );
  const keys = await withLocalStore(config, (platform) => makeOrganizations(platform, documents, now), clock);
  return new Map(TENANTS.map((tenant, i) => [tenant, keys[i]!]));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
