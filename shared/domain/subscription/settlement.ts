import { pricesAt, type Subscription } from '../account/account.ts';
import type { TrueUp } from '../ledger/line-rules.ts';
import type { PriceVersion } from '../pricing/version.ts';
import { type Instant, later, type Period } from '../time.ts';

/** A meter's base price that a period owes. */
export interface BaseDue {
  readonly meter: string;
  readonly price: PriceVersion;
}

/**
 * The base prices that a period owes when it is over, each in full and once: of the price in force at its beginning or, where
 * it only comes into force during the period (the first one, mostly), of that one.
 */
export function basesDue(subscription: Subscription, period: Period): BaseDue[] {
  return subscription.meters.flatMap((meter) => {
    const later = meter.prices.find((one) => one.effectiveFrom > period.start && one.effectiveFrom < period.end);
    const first = pricesAt(meter, period.start);
    const due = first.length > 0 || later === undefined ? first : pricesAt(meter, later.effectiveFrom);
    return due.map((price) => ({ meter: meter.name, price }));
  });
}

/** A commitment's stretch of a period; `isPart` where it is not the only one. */
export type CommitmentDue = Pick<TrueUp, 'commitment' | 'price' | 'from' | 'to' | 'proration' | 'zone'> & {
  readonly isPart: boolean;
};

/** The stretches of a period for which minimum commitments were in force, in order. A pause commits to nothing. */
export function commitmentsDue(subscription: Subscription, period: Period, until: Instant): CommitmentDue[] {
  const begin = later(period.start, subscription.startedAt);
  return subscription.commitments.flatMap((commitment) => {
    const stretches = commitment.phases.flatMap(({ from, price }, i) => {
      const next = commitment.phases[i + 1]?.from;
      const start = later(from, begin);
      const end = next !== undefined && next < until ? next : until;
      if (price === null || start >= end) return [];
      return [{ commitment: commitment.id, price, from: start, to: end }];
    });
    return stretches.map((stretch) => ({
      ...stretch,
      proration: commitment.proration,
      zone: subscription.calendar.zone,
      isPart: stretches.length > 1,
    }));
  });
}
