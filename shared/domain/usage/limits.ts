import type { Account, Subscription } from '../account/account.ts';
import type { Entitlement, Features, UsageLimit } from '../account/limits.ts';
import type { Quantity } from '../decimals.ts';
import { unhandled } from '../errors.ts';
import type { SubscriptionId } from '../ids.ts';
import { contains, dayContaining, type Instant, monthContaining, type Period, periodText } from '../time.ts';
import type { Aggregation } from './meter.ts';
import { billingPeriod } from './metering.ts';

/** A limit as it holds for a subscription's usage at an instant. */
export interface LimitInForce {
  readonly limit: UsageLimit;
  /** set where the plan of this subscription brings the limit, so that it counts alone */
  readonly subscription: SubscriptionId | undefined;
  /** names the counter: a new period is a new key, so nothing has to be reset */
  readonly key: string;
  /** undefined for a limit in total */
  readonly period: Period | undefined;
}

/** What a subscription's plans grant at an instant; undefined where no plan says anything then. */
export const entitlementAt = (subscription: Subscription, at: Instant): Entitlement | undefined =>
  subscription.entitlements.findLast(({ from }) => from <= at);

/** The features of a subscription at an instant: what plan and add-ons grant, and what somebody decided beside them. */
export const featuresAt = (subscription: Subscription, at: Instant): Features => ({
  ...entitlementAt(subscription, at)?.features,
  ...subscription.featureOverrides,
});

/** Every limit on a metric that holds for a subscription at an instant: the organization's own, then the plan's. All of them hold. */
export function limitsInForce(
  account: Account,
  subscription: Subscription,
  metric: string,
  at: Instant,
): LimitInForce[] {
  const own = account.limits
    .filter((limit) => limit.metric === metric)
    .map((limit) => ({ limit, subscription: undefined, ...ownPeriod(account, subscription, limit, at) }));
  const granted = entitlementAt(subscription, at)?.limits.filter((limit) => limit.metric === metric) ?? [];
  return [
    ...own,
    ...granted.map((limit) => {
      const period = periodOf(account, subscription, limit, at);
      const key = `${subscription.id} ${metric} ${period === undefined ? 'total' : period.text}`;
      return { limit, subscription: subscription.id, key, period };
    }),
  ];
}

/** The counter of an organization's own limit: one for all subscriptions, unless their billing periods are what counts. */
function ownPeriod(account: Account, subscription: Subscription, limit: UsageLimit, at: Instant) {
  const period = periodOf(account, subscription, limit, at);
  const text = period === undefined ? 'total' : period.text;
  return { key: limit.period === 'billing' ? `${subscription.id} ${text}` : text, period };
}

type NamedPeriod = Period & { readonly text: string };

function periodOf(
  account: Account,
  subscription: Subscription,
  limit: UsageLimit,
  at: Instant,
): NamedPeriod | undefined {
  switch (limit.period) {
    case 'daily':
      return remembered(lastDays, account.zone, at, dayContaining);
    case 'monthly':
      return remembered(lastMonths, account.zone, at, monthContaining);
    case 'billing':
      return billingPeriod(subscription.calendar, at);
    case 'total':
      return undefined;
    default:
      return unhandled(limit.period);
  }
}

// Calendar arithmetic costs a hundred times more than comparing text, and neighbours share their day. There are few zones.
const lastDays = new Map<string, NamedPeriod>();
const lastMonths = new Map<string, NamedPeriod>();

function remembered(
  last: Map<string, NamedPeriod>,
  zone: string,
  at: Instant,
  cut: (zone: string, at: Instant) => Period,
): NamedPeriod {
  const held = last.get(zone);
  if (held !== undefined && contains(held, at)) return held;
  const period = cut(zone, at);
  const found = { ...period, text: periodText(period) };
  last.set(zone, found);
  return found;
}

/**
 * What of a limit is used after one more event. A maximum uses what it is, and the latest value takes the place of the one
 * before; everything else adds up.
 * @param quantity as metered
 */
export function usedAfter(aggregation: Aggregation, used: bigint, quantity: Quantity): bigint {
  switch (aggregation) {
    case 'max':
      return quantity > used ? quantity : used;
    case 'last':
      return quantity;
    default:
      return used + quantity;
  }
}

/** Whether a limit refuses an event that would bring it to `after`: what lowers the use is always taken. */
export const isRefused = ({ action, quantity }: UsageLimit, before: bigint, after: bigint): boolean =>
  action === 'block' && after > quantity && after > before;

/** What can still be used; never below zero. */
export const remainingOf = ({ quantity }: UsageLimit, used: bigint): bigint =>
  used >= quantity ? 0n : quantity - used;

/** How much of a limit is used, in whole per cents rounded down; a limit of nothing is used up. */
export const percentOf = ({ quantity }: UsageLimit, used: bigint): bigint =>
  quantity === 0n ? 100n : used <= 0n ? 0n : (used * 100n) / quantity;
