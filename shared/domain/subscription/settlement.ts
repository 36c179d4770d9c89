import { type Meter, pricesAt, type Subscription } from '../account/account.ts';
import { type BaseShare, type TrueUp, WHOLE } from '../ledger/line-rules.ts';
import type { PriceVersion } from '../pricing/version.ts';
import { type Instant, later, microsOf, type Period } from '../time.ts';

/** A meter's base price that a period owes. */
export interface BaseDue {
  readonly meter: string;
  readonly price: PriceVersion;
  readonly share: BaseShare;
}

/**
 * The base prices that a period owes when it is over: in full where one price was in force, in proportion to their time
 * where several were. Time in which the subscription had not begun counts for the first, time after its end for the last.
 * @param until the period's end, or the subscription's if that comes before
 */
export function basesDue(subscription: Subscription, period: Period, until: Instant): BaseDue[] {
  return subscription.meters.flatMap((meter) => basesOf(meter, period, until));
}

function basesOf(meter: Meter, period: Period, until: Instant): BaseDue[] {
  const spans = new Map<string, { readonly price: PriceVersion; micros: bigint }>();
  const marks = [period.start, ...meter.prices.map(({ effectiveFrom }) => effectiveFrom), until]
    .filter((at) => at >= period.start && at <= until)
    .sort();
  for (const [i, from] of marks.entries()) {
    const to = marks[i + 1];
    if (to === undefined || from === to) continue;
    for (const price of pricesAt(meter, from)) {
      const span = spans.get(price.digest) ?? { price, micros: 0n };
      span.micros += microsOf(to) - microsOf(from);
      spans.set(price.digest, span);
    }
  }
  const all = [...spans.values()];
  const whole = all.reduce((sum, { micros }) => sum + micros, 0n);
  return all.map(({ price, micros }) => ({
    meter: meter.name,
    price,
    share: micros === whole ? WHOLE : { numerator: String(micros), denominator: String(whole) },
  }));
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
