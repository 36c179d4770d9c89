import type { Account, Meter, Subscription } from '../account/account.ts';
import { base64url, canonicalJson } from '../canonical.ts';
import { sha256 } from '../digest.ts';
import type { Instant } from '../time.ts';
import type { AcceptedEvent } from './accepted.ts';
import { billingPeriod } from './metering.ts';
import {
  addCell,
  type Cells,
  cellOf,
  cellStart,
  correctionCell,
  LEVELS,
  type Level,
  offsetInRow,
  rowStart,
} from './rollup.ts';

/** Whose usage a row sums up. */
export interface Series {
  readonly meter: Meter;
  readonly subscription: Subscription;
  /** canonical JSON of the dimensions that the events carried */
  readonly group: string;
  /** names the group in keys: empty for no dimensions */
  readonly groupId: string;
}

/** Cells of a series in one hour or one day. */
export interface RollupRow {
  readonly series: Series;
  readonly level: Level;
  readonly at: Instant;
  readonly cells: Cells;
}

/** unique_count: in which minutes of a UTC day a value was seen. */
export interface ValueRow {
  readonly series: Series;
  readonly day: Instant;
  /** the value's keyed hash */
  readonly value: string;
  readonly minutes: Set<number>;
}

const LEVEL_NAMES = Object.keys(LEVELS) as Level[];
const NO_GROUP = '{}';
const MINUTE = '2026-03-01T12:00'.length;

/** What accepted events add to the rows of usage summaries. Whether rows already hold something is not known here. */
export class RollupDraft {
  readonly rows = new Map<string, RollupRow>();
  readonly values = new Map<string, ValueRow>();
  readonly #account: Account;
  readonly #hashOf: (meter: string, value: string) => string;
  readonly #series = new Map<string, Series>();
  /** of a meter without dimensions */
  #lastSeries: Series | undefined;
  readonly #lastPlaces: Partial<Record<Level, { series: Series; minute: string; cells: Cells; at: number }>> = {};

  /** @param hashOf names a counted value within the organization and meter, without telling it */
  constructor(account: Account, hashOf: (meter: string, value: string) => string) {
    this.#account = account;
    this.#hashOf = hashOf;
  }

  /**
   * Adds accepted events of one batch, in order.
   * @param wanted tells which; all unless given
   */
  addBatch(
    batchId: string,
    events: readonly AcceptedEvent[],
    wanted: (event: AcceptedEvent) => boolean = () => true,
  ): void {
    for (let position = 0; position < events.length; position++) {
      if (wanted(events[position]!)) this.#add(events[position]!, batchId, position);
    }
  }

  #add(event: AcceptedEvent, batchId: string, position: number): void {
    const series = this.#seriesOf(event.subscription, event.meter, () => event.event);
    if (series === undefined) return;
    const { aggregation } = series.meter;
    const { quantity, occurredAt } = event;
    const stamp = aggregation === 'last' ? `${occurredAt} ${batchId} ${String(position).padStart(4, '0')}` : '';
    for (let i = 0; i < LEVEL_NAMES.length; i++) {
      const level = LEVEL_NAMES[i]!;
      const { cells, at } = this.#place(series, level, occurredAt);
      const offset = aggregation === 'weighted_sum' ? offsetInRow(level, occurredAt) - at : 0;
      addCell(cells, aggregation, at, cellOf(aggregation, { quantity, offset, stamp }));
    }
    if (aggregation === 'unique_count') this.#see(series, event);
  }

  /** Moves what was measured at an instant. @param change as the event's quantity is counted, above or below zero */
  correct(
    correction: {
      readonly subscription: string;
      readonly meter: string;
      readonly occurredAt: Instant;
      readonly change: bigint;
    },
    event: string | undefined,
  ): void {
    const series = this.#seriesOf(correction.subscription, correction.meter, () => event);
    if (series === undefined) return;
    const { aggregation } = series.meter;
    for (const level of LEVEL_NAMES) {
      const { cells, at } = this.#place(series, level, correction.occurredAt);
      const offset = offsetInRow(level, correction.occurredAt) - at;
      addCell(cells, aggregation, at, correctionCell(correction.change, offset, aggregation));
    }
  }

  #place(series: Series, level: Level, time: Instant): { readonly cells: Cells; readonly at: number } {
    // Neighbours are mostly of one series and one minute.
    const last = this.#lastPlaces[level];
    const minute = time.slice(0, MINUTE);
    if (last !== undefined && last.series === series && last.minute === minute) return last;
    const start = rowStart(level, time);
    const key = `${keyOf(series)} ${level} ${start}`;
    let row = this.rows.get(key);
    if (row === undefined) {
      row = { series, level, at: start, cells: new Map() };
      this.rows.set(key, row);
    }
    const isLevel = series.meter.aggregation === 'weighted_sum';
    const begin = isLevel ? billingPeriod(series.subscription.calendar, time).start : undefined;
    const place = { series, minute, cells: row.cells, at: cellStart(level, time, begin) };
    // A level's period may begin within a minute.
    if (!isLevel) this.#lastPlaces[level] = place;
    return place;
  }

  #see(series: Series, { value, occurredAt }: AcceptedEvent): void {
    const day = rowStart('quarter', occurredAt);
    const hash = this.#hashOf(series.meter.name, value);
    const key = `${keyOf(series)} ${day} ${hash}`;
    let row = this.values.get(key);
    if (row === undefined) {
      row = { series, day, value: hash, minutes: new Set() };
      this.values.set(key, row);
    }
    row.minutes.add(Math.floor(offsetInRow('quarter', occurredAt) / 60_000_000));
  }

  #seriesOf(subscriptionId: string, meterName: string, eventOf: () => string | undefined): Series | undefined {
    const last = this.#lastSeries;
    if (last !== undefined && last.subscription.id === subscriptionId && last.meter.name === meterName) return last;
    const subscription = this.#account.subscriptions.find(({ id }) => id === subscriptionId);
    const meter = subscription?.meters.find(({ name }) => name === meterName);
    if (subscription === undefined || meter === undefined) return undefined;
    // The text is read, and with it unpacked, only where a meter has dimensions.
    const event = meter.dimensions.length === 0 ? undefined : eventOf();
    const group = event === undefined ? NO_GROUP : groupOf(meter, event);
    const key = `${subscriptionId} ${meterName} ${group}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { subscription, meter, group, groupId: groupId(group) };
      this.#series.set(key, series);
    }
    if (meter.dimensions.length === 0) this.#lastSeries = series;
    return series;
  }
}

const keyOf = ({ subscription, meter, groupId }: Series): string => `${subscription.id} ${meter.name} ${groupId}`;

/** The dimensions of a meter that an event carries, as canonical JSON. @param event its canonical text */
function groupOf({ dimensions }: Meter, event: string): string {
  if (dimensions.length === 0) return NO_GROUP;
  const { data } = JSON.parse(event) as { readonly data: Readonly<Record<string, string>> };
  const held = dimensions.filter((name) => Object.hasOwn(data, name)).map((name) => [name, data[name]!]);
  return canonicalJson(Object.fromEntries(held) as Record<string, string>);
}

/** 16 bytes of SHA-256 in base64url: a group's text is too long for a key. */
export const groupId = (group: string): string =>
  group === NO_GROUP ? '' : base64url(sha256(`usage-group/v1\n${group}`).subarray(0, 16));
