import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemClock } from '../../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../../shared/adapters/local/entropy.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../../../shared/domain/time.ts';
import { newApiKey } from '../../../shared/edge/auth.ts';
import { type Config, readConfig } from '../../../shared/edge/config.ts';
import { createLog } from '../../../shared/edge/log.ts';
import { openLocalPlatform, type Platform } from '../../../shared/wiring/platform.ts';
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
export async function withStore<T>(
  store: Pick<BenchStore, 'folder' | 'settings'>,
  work: (platform: Platform) => Promise<T>,
): Promise<T> {
  const clock = new SystemClock();
  const platform = await openLocalPlatform({
    config: configOf(store),
    clock,
    entropy: new SystemEntropy(),
    log: createLog('error', clock),
    deliver: () => Promise.reject(new Error('nobody delivers here')),
  });
  try {
    return await work(platform);
  } finally {
    await platform.close();
  }
}

/** Makes a store with organizations that buy what the bench's events are usage of. */
export async function prepareStore(
  folder: string,
  tenants: number,
  settings: Readonly<Record<string, string>>,
): Promise<BenchStore> {
  const all = { ...SETTINGS, ...settings };
  const keys = await withStore({ folder, settings: all }, async ({ accounts, entropy, clock, config }) => {
    const now = clock.now();
    // Their one period began yesterday: nothing ends while the bench runs.
    const start = `${plusMicros(now, -MICROS_PER_DAY).slice(0, 10)}T00:00:00Z` as Instant;
    const made: string[] = [];
    for (let index = 0; index < tenants; index++) {
      const tenant = (await accounts.put(accountOf(tenantName(index), start), now)).tenant;
      const key = newApiKey(entropy, config);
      await accounts.addKey({ keyId: key.keyId, secret: key.secret, tenant, role: 'tenant_admin', createdAt: now });
      made.push(key.text);
    }
    return made;
  });
  return { folder, keys, settings: all };
}

/** The same store in another folder: making one takes longer than copying it. */
export async function copyStore(store: BenchStore, folder: string): Promise<BenchStore> {
  await mkdir(folder, { recursive: true });
  await cp(store.folder, join(folder, 'store'), { recursive: true });
  return { ...store, folder: join(folder, 'store') };
}

export const accountOf = (tenant: string, start: string) => ({
  organization_id: tenant,
  zone: 'UTC',
  currency: 'EUR',
  subscriptions: [
    {
      subscription_id: SUBSCRIPTION,
      started_at: start,
      calendar: { unit: 'month', count: 1, anchor: start },
      meters: METRICS.map((metric) => ({
        metric_name: metric,
        aggregation: 'sum',
        prices: [{ effective_from: start, document: priceOf(metric) }],
      })),
    },
  ],
});

const priceOf = (metric: string) => ({
  ...{ price_id: metric, version: '1', currency: 'EUR' },
  model: {
    type: 'graduated',
    tiers: [
      { up_to: '1000000', unit_amount: '0.000004' },
      { up_to: null, unit_amount: '0.0000025' },
    ],
  },
});
