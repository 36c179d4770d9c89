import { Temporal } from 'temporal-polyfill';
import { type Amount, divideRounded } from '../decimals.ts';
import { type Instant, microsOf, type Period } from '../time.ts';

/**
 * How a part of a period is charged: by its share of the period's microseconds, by local calendar days (the day of a change
 * counts for what follows it), or not at all in parts.
 */
export const PRORATIONS = ['second', 'day', 'none'] as const;
export type Proration = (typeof PRORATIONS)[number];

/** A stretch [from, to) of a period. */
export interface Part {
  readonly period: Period;
  readonly from: Instant;
  readonly to: Instant;
  readonly proration: Proration;
  /** IANA zone whose days are counted */
  readonly zone: string;
}

/** What divides is rounded to 12 places; an amount has 24. */
const TWELVE_PLACES = 10n ** 12n;

/** The stretch as a share of its period, exact and not reduced. By `none`, any stretch is the whole. */
export function shareOf(part: Part): { readonly numerator: bigint; readonly denominator: bigint } {
  if (part.proration === 'none') return { numerator: 1n, denominator: 1n };
  const denominator = lengthOf(part.period.start, part.period.end, part);
  return { numerator: lengthOf(part.from, part.to, part), denominator };
}

/**
 * What of a period's amount lies after an instant: rounded once, half away from zero, to 12 places. The other part is the
 * remainder, so the two always add up.
 */
export function remaining(amount: Amount, at: Instant, part: Part): Amount {
  const { period } = part;
  if (at <= period.start) return amount;
  if (at >= period.end) return 0n as Amount;
  const whole = lengthOf(period.start, period.end, part);
  const left = lengthOf(at, period.end, part);
  return (divideRounded(amount * left, whole * TWELVE_PLACES) * TWELVE_PLACES) as Amount;
}

/**
 * What a stretch of a period costs: the difference of what remains at its ends, so that any cutting of a period into
 * stretches adds up to the period's amount exactly.
 */
export function feeAmount(amount: Amount, part: Part): Amount {
  if (part.proration === 'none') return amount;
  return (remaining(amount, part.from, part) - remaining(amount, part.to, part)) as Amount;
}

function lengthOf(from: Instant, to: Instant, { proration, zone }: Part): bigint {
  return proration === 'day' ? BigInt(daysBetween(from, to, zone)) : microsOf(to) - microsOf(from);
}

/** Local calendar days from the one that holds `from` up to the one that holds `to`, which does not count. */
function daysBetween(from: Instant, to: Instant, zone: string): number {
  const dateOf = (instant: Instant): Temporal.PlainDate =>
    Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDate();
  return dateOf(from).until(dateOf(to), { largestUnit: 'days' }).days;
}
