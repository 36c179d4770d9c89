import type { Account, Subscription } from '../account/account.ts';
import type { UsageLimit } from '../account/limits.ts';
import { parseQuantity, type Quantity } from '../decimals.ts';
import { BadInput, type ErrorCode } from '../errors.ts';
import type { Instant } from '../time.ts';
import { PLAIN_SOURCE } from './event.ts';
import { isRefused, remainingOf, usedAfter } from './limits.ts';
import { acceptanceWindow, type MeteredUsage, meterUsage } from './metering.ts';

/** Usage that somebody thinks of. */
export interface Intended {
  readonly metric: string;
  /** decimal text: events where the metric counts, the quantity otherwise, the change of a level */
  readonly quantity: string;
  readonly subscription: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
}

export type Verdict =
  | { readonly allowed: true; readonly remaining: bigint | undefined }
  | {
      readonly allowed: false;
      readonly reason: ErrorCode;
      readonly detail: string;
      readonly remaining: bigint | undefined;
    };

/** Whose usage it would be, as the door finds it. */
export type IntendedUsage = Pick<MeteredUsage, 'subscription' | 'meter'> & { readonly quantity: Quantity };

/**
 * Finds what intended usage would be metered as now, by the same steps as a real event.
 * @throws BadInput with the code that the event's answer would carry
 */
export function meterIntended(account: Account, intended: Intended, now: Instant): IntendedUsage {
  const named = account.subscriptions.filter(
    ({ id }) => intended.subscription === undefined || id === intended.subscription,
  );
  const meter = named.flatMap(({ meters }) => meters).find(({ name }) => name === intended.metric);
  const counts = meter?.aggregation === 'count' || meter?.aggregation === 'unique_count';
  const property = meter?.valueProperty ?? 'quantity';
  const value = counts
    ? (intended.properties[property] ?? (meter.aggregation === 'count' ? undefined : 'intended'))
    : intended.quantity;
  const event = {
    source: PLAIN_SOURCE,
    key: 'intended',
    type: meter?.eventType ?? intended.metric,
    subject: intended.subscription,
    time: now,
    data: { ...intended.properties, ...(value === undefined ? {} : { [property]: value }) },
  };
  const usage = meterUsage(account, event, acceptanceWindow(account, now));
  return { ...usage, quantity: counts ? parseQuantity(intended.quantity) : usage.quantity };
}

/** Whether limits would let usage pass, and what is left before it. @param uses limits that hold for it, with what is used of each */
export function judge(
  { meter, quantity }: IntendedUsage,
  uses: readonly { readonly limit: UsageLimit; readonly used: bigint }[],
): Verdict {
  const blocking = uses.filter(({ limit }) => limit.action === 'block');
  const left = blocking.map(({ limit, used }) => remainingOf(limit, used));
  const remaining = left.length === 0 ? undefined : left.reduce((least, one) => (one < least ? one : least));
  const over = blocking.find(({ limit, used }) => isRefused(limit, used, usedAfter(meter.aggregation, used, quantity)));
  if (over === undefined) return { allowed: true, remaining };
  const { id, period } = over.limit;
  const detail = `limit ${id} would be used up for its ${period} period`;
  return { allowed: false, reason: 'quota_exceeded', detail, remaining };
}

/** What a refusal of the door says. @throws whatever is no refusal */
export function refusedBy(error: unknown): Verdict {
  if (!(error instanceof BadInput)) throw error;
  return { allowed: false, reason: error.code, detail: error.message, remaining: undefined };
}

/** Whether a subscription is in its trial. */
export const isInTrial = ({ startedAt, trialEndsAt }: Subscription, at: Instant): boolean =>
  trialEndsAt !== undefined && startedAt <= at && at < trialEndsAt;
