import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { newApiKey } from '../../shared/edge/auth.ts';
import type { Config } from '../../shared/edge/config.ts';
import { createLog } from '../../shared/edge/log.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { openLocalPlatform, type Platform } from '../../shared/wiring/platform.ts';

/** Opens an embedded store while the suite is stopped, and closes it whatever comes of the work. */
export async function withLocalStore<T>(
  config: Config,
  work: (platform: Platform) => Promise<T>,
  clock: Clock = new SystemClock(),
): Promise<T> {
  const platform = await openLocalPlatform({
    config,
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

/** Loads organizations' documents and makes an administrator's key for each. @returns the keys' texts in the same order */
export async function makeOrganizations(
  { accounts, entropy, config }: Pick<Platform, 'accounts' | 'entropy' | 'config'>,
  documents: readonly { readonly organization_id: string }[],
  now: Instant,
): Promise<string[]> {
  const texts: string[] = [];
  for (const document of documents) {
    const { tenant } = await accounts.put(document, now);
    const { keyId, secret, text } = newApiKey(entropy, config);
    await accounts.addKey({ keyId, secret, tenant: tenant as TenantId, role: 'tenant_admin', createdAt: now });
    texts.push(text);
  }
  return texts;
}

/** One subscription to one calendar, and its meters, each a sum at one graduated price since it began. */
export interface SimpleAccount {
  readonly tenant: string;
  readonly subscription: string;
  /** the calendar's anchor, and when it began */
  readonly start: string;
  readonly unit: 'day' | 'month';
  readonly metrics: readonly string[];
  readonly tiers: readonly {
    readonly up_to: string | null;
    readonly unit_amount: string;
    readonly flat_amount?: string;
  }[];
  readonly graceMinutes?: number;
}

export const simpleAccount = ({ tenant, subscription, start, unit, metrics, tiers, graceMinutes }: SimpleAccount) => ({
  organization_id: tenant,
  zone: 'UTC',
  currency: 'EUR',
  ...(graceMinutes === undefined ? {} : { grace_minutes: graceMinutes }),
  subscriptions: [
    {
      subscription_id: subscription,
      started_at: start,
      calendar: { unit, count: 1, anchor: start },
      meters: metrics.map((metric) => ({
        metric_name: metric,
        aggregation: 'sum',
        prices: [
          {
            effective_from: start,
            document: { price_id: metric, version: '1', currency: 'EUR', model: { type: 'graduated', tiers } },
          },
        ],
      })),
    },
  ],
});
