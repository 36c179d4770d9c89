import type { Account, Subscription } from '../domain/account/account.ts';
import type { UsageLimit } from '../domain/account/limits.ts';
import { readCanonicalDecimal } from '../domain/decimals.ts';
import type { SubscriptionId, TenantId } from '../domain/ids.ts';
import type { Instant, Period } from '../domain/time.ts';
import { type LimitInForce, limitsInForce } from '../domain/usage/limits.ts';
import type { Database, Reader, RowOf, Transaction } from '../ports/database.ts';
import { readAccount } from './account-store.ts';
import { limit_counters, limit_notices } from './tables.ts';

/** A limit and what is used of it in its present period. */
export interface LimitUse {
  readonly limit: UsageLimit;
  /** who brings it: the organization, or the plan of a subscription */
  readonly source: 'organization' | 'plan';
  /** whose usage it counts; undefined for all subscriptions together */
  readonly subscription: SubscriptionId | undefined;
  /** undefined for a limit in total */
  readonly period: Period | undefined;
  readonly used: bigint;
}

/** An account with what is used of its limits, as one snapshot shows them. */
export interface Standing {
  readonly account: Account;
  /** every limit that holds for a subscription, by its id */
  readonly uses: ReadonlyMap<string, readonly LimitUse[]>;
}

/** What is used of limits, and who was told. */
export class LimitStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * How subscriptions stand with their limits at an instant: one snapshot, one read of the account, one of all counters.
   * @param wanted which subscriptions, and of each which metrics; all unless given
   */
  async standing(
    tenant: TenantId,
    at: Instant,
    wanted: { readonly subscription?: string; readonly metric?: string } = {},
  ): Promise<Standing | undefined> {
    return this.#database.snapshot(async (view) => {
      const account = await readAccount(view, tenant);
      return account === undefined ? undefined : standingOf(view, account, at, wanted);
    });
  }

  /** Notices that limits were nearly or wholly used, by limit and period. */
  async notices(
    tenant: TenantId,
    limit: number,
    after?: readonly [limitId: string, period: string, percent: number],
  ): Promise<RowOf<typeof limit_notices.columns>[]> {
    const from = after === undefined ? {} : { from: [after[0], after[1], after[2] + 1] };
    return this.#database.snapshot((view) => view.range(limit_notices, { prefix: [tenant], limit, ...from }));
  }

  /** Forgets what was used of a limit that is no more. What was told of it stays. */
  async forget(tx: Transaction, tenant: TenantId, limitId: string): Promise<void> {
    for (const { period } of await tx.range(limit_counters, { prefix: [tenant, limitId] })) {
      tx.delete(limit_counters, [tenant, limitId, period]);
    }
  }
}

/** How subscriptions stand, read in a snapshot or transaction. */
export async function standingOf(
  reader: Reader,
  account: Account,
  at: Instant,
  wanted: { readonly subscription?: string; readonly metric?: string } = {},
): Promise<Standing> {
  const held = account.subscriptions
    .filter(({ id }) => wanted.subscription === undefined || id === wanted.subscription)
    .map((subscription) => ({ subscription, limits: limitsOf(account, subscription, at, wanted.metric) }));
  const keys = new Map<string, readonly [string, string, string]>();
  for (const { limit, key } of held.flatMap(({ limits }) => limits)) {
    keys.set(`${limit.id} ${key}`, [account.tenant, limit.id, key]);
  }
  const rows = keys.size === 0 ? [] : await reader.readMany(limit_counters, [...keys.values()]);
  const used = new Map(
    [...keys.keys()].map((name, i) => [name, rows[i] === undefined ? 0n : readCanonicalDecimal(rows[i].used, 12)!]),
  );
  const uses = held.map(({ subscription, limits }): [string, LimitUse[]] => [
    subscription.id,
    limits.map(({ limit, subscription: alone, key, period }) => ({
      limit,
      source: alone === undefined ? 'organization' : 'plan',
      subscription: alone ?? (limit.period === 'billing' ? subscription.id : undefined),
      period,
      used: used.get(`${limit.id} ${key}`)!,
    })),
  ]);
  return { account, uses: new Map(uses) };
}

function limitsOf(
  account: Account,
  subscription: Subscription,
  at: Instant,
  metric: string | undefined,
): LimitInForce[] {
  return subscription.meters
    .filter(({ name }) => metric === undefined || name === metric)
    .flatMap(({ name }) => limitsInForce(account, subscription, name, at));
}
