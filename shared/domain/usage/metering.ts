import { type Account, isMatrix, type Meter, priceAt, pricesAt, type Subscription } from '../account/account.ts';
import { ONE, parseChange, parseQuantity, type Quantity } from '../decimals.ts';
import { BadInput, unhandled } from '../errors.ts';
import {
  contains,
  type Instant,
  MICROS_PER_DAY,
  type Period,
  type PeriodCalendar,
  periodContaining,
  periodText,
  plusMicros,
} from '../time.ts';
import type { UsageEvent } from './event.ts';
import { PlainEvent } from './plain-usage.ts';

/** A usage event that a meter of the account reads. */
export interface MeteredUsage {
  readonly subscription: Subscription;
  readonly meter: Meter;
  readonly quantity: Quantity;
  /** unique_count only: the value that is counted once */
  readonly value: string;
}

/** How far ahead of our clock a sender's clock may be. */
const AHEAD_MICROS = 5n * 60n * 1_000_000n;

/** The instants an event's time may have: [from, to]. */
export interface AcceptanceWindow {
  readonly from: Instant;
  readonly to: Instant;
}

export const acceptanceWindow = (account: Account, now: Instant): AcceptanceWindow => ({
  from: plusMicros(now, -BigInt(account.latenessDays) * MICROS_PER_DAY),
  to: plusMicros(now, AHEAD_MICROS),
});

/**
 * Finds the meter that reads an event and what it measures there.
 * @throws BadInput with the code of the event's answer
 */
export function meterUsage(account: Account, event: UsageEvent, window: AcceptanceWindow): MeteredUsage {
  if (event.time < window.from || event.time > window.to) {
    throw new BadInput(
      'timestamp_out_of_window',
      `usage is accepted for times from ${window.from} to ${window.to}`,
      'timestamp',
    );
  }
  const subscription = findSubscription(account, event.subject);
  const meter = meterOf(subscription, event.type);
  if (meter === undefined) throw new BadInput('unknown_metric', 'the subscription has no such metric', 'metric_name');
  if (event.time < subscription.startedAt) {
    throw new BadInput('subscription_not_started', `the subscription starts at ${subscription.startedAt}`, 'timestamp');
  }
  if (subscription.endedAt !== undefined && event.time >= subscription.endedAt) {
    throw new BadInput('subscription_ended', `the subscription ended at ${subscription.endedAt}`, 'timestamp');
  }
  if (subscription.pauses.length > 0 && isPaused(subscription, event.time)) {
    throw new BadInput('subscription_paused', 'the subscription was paused at that time', 'timestamp');
  }
  // Which price is in force is decided when the event is rated; that there is one is decided now.
  requirePrice(meter, event);
  const { quantity, value } = measure(meter, event);
  return { subscription, meter, quantity, value };
}

// Loops, here and below: a closure for each event is what they would cost most.
function meterOf({ meters }: Subscription, type: string): Meter | undefined {
  for (let i = 0; i < meters.length; i++) if (meters[i]!.eventType === type) return meters[i];
  return undefined;
}

const isPaused = ({ pauses }: Subscription, time: Instant): boolean =>
  pauses.some(({ from, to }) => from <= time && (to === null || time < to));

/** @throws BadInput `unknown_metric` where nothing is charged for the metric then, `no_price_cell` where no cell of its matrix fits */
function requirePrice(meter: Meter, event: UsageEvent): void {
  if (priceAt(meter, event.time, isMatrix(meter, event.time) ? event.data : undefined) !== undefined) return;
  if (pricesAt(meter, event.time).length === 0) {
    throw new BadInput('unknown_metric', 'the metric has no price at that time', 'metric_name');
  }
  throw new BadInput('no_price_cell', 'no cell of the price matrix fits the event’s properties', 'properties');
}

function findSubscription(account: Account, subject: string | undefined): Subscription {
  const { subscriptions } = account;
  if (subject === undefined && subscriptions.length === 1) return subscriptions[0]!;
  for (let i = 0; i < subscriptions.length; i++) if (subscriptions[i]!.id === subject) return subscriptions[i]!;
  throw new BadInput('unknown_subscription', 'name one of the organization’s subscriptions', 'subscription_id');
}

function valueIn(event: UsageEvent, name: string): string | undefined {
  if (event instanceof PlainEvent) return event.value(name);
  return Object.hasOwn(event.data, name) ? event.data[name] : undefined;
}

function measure(meter: Meter, event: UsageEvent): { readonly quantity: Quantity; readonly value: string } {
  const text = valueIn(event, meter.valueProperty);
  switch (meter.aggregation) {
    case 'count':
      // A count takes no quantity, but a sender that gives one must give a sound one.
      if (text !== undefined) parseQuantity(text, meter.valueProperty);
      return { quantity: ONE as Quantity, value: '' };
    case 'unique_count':
      if (text === undefined || text === '') {
        throw new BadInput(
          'invalid_property',
          `${meter.valueProperty} is what this metric counts`,
          meter.valueProperty,
        );
      }
      return { quantity: ONE as Quantity, value: text };
    case 'sum':
    case 'max':
    case 'last': {
      const quantity = parseQuantity(text, meter.valueProperty);
      if (quantity === 0n && !meter.allowZero) {
        throw new BadInput('invalid_quantity', 'a quantity of 0 is no usage of this metric', meter.valueProperty);
      }
      return { quantity, value: '' };
    }
    case 'weighted_sum': {
      const quantity = parseChange(text, meter.valueProperty);
      if (quantity === 0n && !meter.allowZero) {
        throw new BadInput('invalid_quantity', 'a change of 0 is no change of the level', meter.valueProperty);
      }
      return { quantity, value: '' };
    }
    default:
      return unhandled(meter.aggregation);
  }
}

type NamedPeriod = Period & { readonly text: string };

// Calendar arithmetic costs a hundred times more than comparing text, and neighbours share their period; late usage and what is
// on time take turns, so the one before the last is remembered as well.
const lastPeriods = new WeakMap<PeriodCalendar, { readonly last: NamedPeriod; readonly other: NamedPeriod }>();

/** The subscription's period that contains an instant, with its text. */
export function billingPeriod(calendar: PeriodCalendar, instant: Instant): NamedPeriod {
  const known = lastPeriods.get(calendar);
  if (known !== undefined && contains(known.last, instant)) return known.last;
  if (known !== undefined && contains(known.other, instant)) return known.other;
  const period = periodContaining(calendar, instant);
  const found = { ...period, text: periodText(period) };
  lastPeriods.set(calendar, { last: found, other: known?.last ?? found });
  return found;
}
