import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MICROS_PER_DAY, plusMicros } from '../../../shared/domain/time.ts';
import { type Config, readConfig } from '../../../shared/edge/config.ts';
import type { Platform } from '../../../shared/wiring/platform.ts';
import { makeOrganizations, simpleAccount, withLocalStore } from '../../support/store.ts';
import { METRICS, SUBSCRIPTION, tenantName } from '../events.ts';

/** A store that the suite can be started on: its folder, and an API key for each organization in it. */
export interface BenchStore {
  readonly folder: string;
  readonly keys: readonly string[];
  /** what the suite is told beside its defaults, as environment variables */
  readonly settings: Readonly<Record<string, string>>;
}

/** The scheduler's and the bus's secret, so that a bench may call a job. */
export const CALLER_TOKEN = 'the-bench-calls-jobs-as-the-scheduler-does';

const SETTINGS = { RSA_BITS: '2048', LOG_LEVEL: 'error', USAGE_RATE_PER_SECOND: '0', CALLER_TOKEN };

export const configOf = ({ folder, settings }: Pick<BenchStore, 'folder' | 'settings'>): Config => ({
  ...readConfig({ ...settings }),
  dataFolder: folder,
});

/** Opens the store while the suite is stopped. */
export const withStore = <T>(
  store: Pick<BenchStore, 'folder' | 'settings'>,
  work: (platform: Platform) => Promise<T>,
): Promise<T> => withLocalStore(configOf(store), work);

/** Makes a store with organizations that buy what the bench's events are usage of. */
export async function prepareStore(
  folder: string,
  tenants: number,
  settings: Readonly<Record<string, string>>,
): Promise<BenchStore> {
  const all = { ...SETTINGS, ...settings };
  const keys = await withStore({ folder, settings: all }, (platform) => {
    const now = platform.clock.now();
    // Their one period began yesterday: nothing ends while the bench runs.
    const start = `${plusMicros(now, -MICROS_PER_DAY).slice(0, 10)}T00:00:00Z`;
    const documents = Array.from({ length: tenants }, (_, index) => accountOf(tenantName(index), start));
    return makeOrganizations(platform, documents, now);
  });
  return { folder, keys, settings: all };
}

/** The same store in another folder: making one takes longer than copying it. */
export async function copyStore(store: BenchStore, folder: string): Promise<BenchStore> {
  await mkdir(folder, { recursive: true });
  await cp(store.folder, join(folder, 'store'), { recursive: true });
  return { ...store, folder: join(folder, 'store') };
}

export const accountOf = (tenant: string, start: string) =>
  simpleAccount({
    ...{ tenant, subscription: SUBSCRIPTION, start, unit: 'month', metrics: METRICS },
    tiers: [
      { up_to: '1000000', unit_amount: '0.000004' },
      { up_to: null, unit_amount: '0.0000025' },
    ],
  });
