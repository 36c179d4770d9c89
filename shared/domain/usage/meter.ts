import { divideRounded, ONE, type Quantity, ZERO_QUANTITY } from '../decimals.ts';
import { unhandled } from '../errors.ts';
import { type Instant, microsOf, type Period } from '../time.ts';

/** How a meter turns the events of a period into one number. */
export const AGGREGATIONS = ['count', 'sum', 'max', 'last', 'unique_count', 'weighted_sum'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** What a meter has counted so far in one subscription's period. */
export interface Aggregate {
  readonly value: Quantity;
  /** Events that went into `value`: the position of the next one, from 0. */
  readonly events: number;
  /** For `last`, when the event that set `value` occurred. Empty before any, and for every other aggregation. */
  readonly latestAt: string;
}

/** What a meter sees of one event. */
export interface MeteredEvent {
  /** For `weighted_sum`: the event's part of the period's average level, see `weightedPart`. */
  readonly quantity: Quantity;
  /** UTC in the fixed-width form that receipts carry, so that the order of the text is the order of time. */
  readonly occurredAt: string;
  /** For `unique_count`: whether the period has not seen the counted value before. Other aggregations ignore it. */
  readonly isNewValue: boolean;
}

export const EMPTY_AGGREGATE: Aggregate = { value: ZERO_QUANTITY, events: 0, latestAt: '' };

/**
 * The aggregate after one more event, in ledger order.
 *
 * `last` keeps the event that occurred last, whenever it arrived; between events of the same microsecond the later in
 * the ledger wins. Every other aggregation ends at the same value in any order.
 */
export function advance(aggregation: Aggregation, before: Aggregate, event: MeteredEvent): Aggregate {
  const events = before.events + 1;
  switch (aggregation) {
    case 'count':
      return { value: (before.value + ONE) as Quantity, events, latestAt: '' };
    case 'sum':
    case 'weighted_sum':
      return { value: (before.value + event.quantity) as Quantity, events, latestAt: '' };
    case 'max':
      if (event.quantity <= before.value) return { value: before.value, events, latestAt: '' };
      return { value: event.quantity, events, latestAt: '' };
    case 'last':
      return event.occurredAt >= before.latestAt
        ? { value: event.quantity, events, latestAt: event.occurredAt }
        : { value: before.value, events, latestAt: before.latestAt };
    case 'unique_count':
      return { value: event.isNewValue ? ((before.value + ONE) as Quantity) : before.value, events, latestAt: '' };
    default:
      return unhandled(aggregation);
  }
}

/**
 * A change of a level as a part of the period's time-weighted average: it counts for the time from the change to the end of
 * the period. Rounded once, half away from zero, to 12 places. The parts of a period's changes add up to the average level,
 * in whatever order they come.
 * @param change above or below zero
 */
export function weightedPart(change: Quantity, at: Instant, { start, end }: Period): Quantity {
  return divideRounded(change * (microsOf(end) - microsOf(at)), microsOf(end) - microsOf(start)) as Quantity;
}
