import { formatDecimal, QUANTITY_PLACES, readCanonicalDecimal } from '../decimals.ts';
import { type Instant, instantOfMicros, microsOf } from '../time.ts';
import type { Aggregation } from './meter.ts';

/**
 * What was used in a short stretch of time, such that any larger stretch is a sum of them. Cells merge in any order: two that
 * saw the same events are equal, whichever event came first.
 */
export interface Cell {
  readonly events: number;
  /** count and sum: the total; max: the largest; last: the latest; weighted_sum: the change of the level; in 10^-12 */
  readonly value: bigint;
  /** weighted_sum: each change times the microseconds from the cell's start to it, summed up, so that the level's integral is exact */
  readonly moment: bigint;
  /** last: which event `value` is of; the larger is the later. Empty for the others */
  readonly stamp: string;
}

/** What a cell sees of one event. */
export interface RolledEvent {
  /** as metered: 1 for what is counted, the change of the level for a weighted_sum */
  readonly quantity: bigint;
  /** microseconds from the cell's start to the event */
  readonly offset: number;
  readonly stamp: string;
}

export const cellOf = (aggregation: Aggregation, { quantity, offset, stamp }: RolledEvent): Cell => ({
  events: 1,
  value: aggregation === 'unique_count' ? 0n : quantity,
  moment: aggregation === 'weighted_sum' ? quantity * BigInt(offset) : 0n,
  stamp: aggregation === 'last' ? stamp : '',
});

/** A correction of an event: it moves what was measured and is no event itself. */
export const correctionCell = (quantity: bigint, offset: number, aggregation: Aggregation): Cell => ({
  ...cellOf(aggregation, { quantity, offset, stamp: '' }),
  events: 0,
});

export function mergeCells(aggregation: Aggregation, a: Cell, b: Cell): Cell {
  const events = a.events + b.events;
  if (aggregation === 'last') {
    const { value, stamp } = a.stamp >= b.stamp ? a : b;
    return { events, value, moment: 0n, stamp };
  }
  const isMax = aggregation === 'max';
  const value = isMax ? (a.value >= b.value ? a.value : b.value) : a.value + b.value;
  return { events, value, moment: a.moment + b.moment, stamp: '' };
}

/**
 * How finely usage is kept. Minutes stand in rows of an hour, quarter hours in rows of a day: every boundary of hours, days,
 * weeks and months is at a quarter hour in every zone that is in use.
 */
export const LEVELS = {
  minute: { cellMinutes: 1, rowMinutes: 60 },
  quarter: { cellMinutes: 15, rowMinutes: 1440 },
} as const;
export type Level = keyof typeof LEVELS;

const MINUTE_MICROS = 60_000_000;

/** The start of the row that holds an instant. */
export const rowStart = (level: Level, instant: Instant): Instant =>
  (level === 'minute'
    ? `${instant.slice(0, 13)}:00:00.000000Z`
    : `${instant.slice(0, 10)}T00:00:00.000000Z`) as Instant;

export const rowEnd = (level: Level, start: Instant): Instant =>
  instantOfMicros(microsOf(start) + BigInt(LEVELS[level].rowMinutes * MINUTE_MICROS));

/** Microseconds from the start of an instant's row to the instant. */
export function offsetInRow(level: Level, instant: Instant): number {
  const minute = Number(instant.slice(14, 16)) + (level === 'minute' ? 0 : 60 * Number(instant.slice(11, 13)));
  return minute * MINUTE_MICROS + Number(instant.slice(17, 19)) * 1_000_000 + Number(instant.slice(20, 26));
}

/**
 * Where the cell of an event begins, in microseconds from the start of its row.
 * @param notBefore weighted_sum: the start of the event's billing period, where its level begins at nothing: a cell never spans it
 */
export function cellStart(level: Level, time: Instant, notBefore: Instant | undefined): number {
  const step = LEVELS[level].cellMinutes * MINUTE_MICROS;
  const full = Math.floor(offsetInRow(level, time) / step) * step;
  if (notBefore === undefined || rowStart(level, notBefore) !== rowStart(level, time)) return full;
  return Math.max(full, offsetInRow(level, notBefore));
}

/** Whether cells of a level never span an instant. */
export const isCellBoundary = (level: Level, instant: Instant): boolean =>
  offsetInRow(level, instant) % (LEVELS[level].cellMinutes * MINUTE_MICROS) === 0;

/** Cells by where they begin in their row. */
export type Cells = Map<number, Cell>;

export function addCell(cells: Cells, aggregation: Aggregation, at: number, cell: Cell): void {
  const held = cells.get(at);
  cells.set(at, held === undefined ? cell : mergeCells(aggregation, held, cell));
}

type PackedCell = readonly [at: number, events: number, value?: string, more?: string];

/** A row's cells as text: JSON lists of start, events, value, and stamp or moment, in order. */
export const packCells = (cells: Cells): string =>
  JSON.stringify(
    [...cells]
      .sort(([a], [b]) => a - b)
      .map(([at, { events, value, moment, stamp }]): PackedCell => {
        const more = stamp !== '' ? stamp : moment === 0n ? '' : String(moment);
        const text = formatDecimal(value, QUANTITY_PLACES);
        return more === '' ? [at, events, text] : [at, events, text, more];
      }),
  );

/** Reads `packCells` back. */
export function unpackCells(aggregation: Aggregation, text: string): Cells {
  const cells: Cells = new Map();
  for (const [at, events, value = '0', more = ''] of JSON.parse(text) as PackedCell[]) {
    cells.set(at, {
      events,
      value: readCanonicalDecimal(value, QUANTITY_PLACES)!,
      moment: aggregation === 'weighted_sum' && more !== '' ? BigInt(more) : 0n,
      stamp: aggregation === 'last' ? more : '',
    });
  }
  return cells;
}

const MINUTES_OF_DAY = 1440;
const BITMAP_BYTES = MINUTES_OF_DAY / 8;

/** Minutes of a day in which a value was seen: two bytes each while they are few, a bit for each of the day when they are many. */
export function packMinutes(minutes: ReadonlySet<number>): Buffer {
  if (minutes.size * 2 < BITMAP_BYTES) {
    const list = Buffer.alloc(minutes.size * 2);
    for (const [i, minute] of [...minutes].sort((a, b) => a - b).entries()) list.writeUInt16BE(minute, i * 2);
    return list;
  }
  const bits = Buffer.alloc(BITMAP_BYTES);
  for (const minute of minutes) bits[minute >> 3]! |= 1 << (minute & 7);
  return bits;
}

/** Reads `packMinutes` back. */
export function unpackMinutes(bytes: Uint8Array): Set<number> {
  const minutes = new Set<number>();
  if (bytes.length < BITMAP_BYTES) {
    for (let i = 0; i < bytes.length; i += 2) minutes.add(bytes[i]! * 256 + bytes[i + 1]!);
    return minutes;
  }
  for (let minute = 0; minute < MINUTES_OF_DAY; minute++) {
    if ((bytes[minute >> 3]! & (1 << (minute & 7))) !== 0) minutes.add(minute);
  }
  return minutes;
}
