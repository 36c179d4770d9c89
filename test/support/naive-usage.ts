import type { Aggregation } from '../../shared/domain/usage/meter.ts';

/** Usage summed up the slow way, by whoever trusts neither cells nor cut windows: instants get labels, events are counted by them. */

export interface NaiveEvent {
  readonly subscription: string;
  readonly timestamp: string;
  /** counted quantity in 10^-12; for a weighted_sum the change */
  readonly quantity: bigint;
  readonly value: string;
  readonly group: string;
  /** the place in which it was accepted */
  readonly order: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the wall clock of a zone says at an instant. */
function wallClock(zone: string, at: number): Record<string, string> {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
      timeZoneName: 'longOffset',
    } as const);
    formats.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
}

/** Two instants are of one window if their labels are equal and nothing between them has another. */
export function labelOf(unit: string, zone: string, at: number): string {
  const { year, month, day, hour, minute, timeZoneName } = wallClock(zone, at);
  const date = `${year}-${month}-${day}`;
  switch (unit) {
    case 'minute':
      return `${date} ${hour}:${minute} ${timeZoneName}`;
    case 'hour':
      return `${date} ${hour} ${timeZoneName}`;
    case 'day':
      return date;
    case 'week': {
      const midday = new Date(`${date}T12:00:00Z`);
      // Back to Monday: Sunday is 0.
      midday.setUTCDate(midday.getUTCDate() - ((midday.getUTCDay() + 6) % 7));
      return `week of ${midday.toISOString().slice(0, 10)}`;
    }
    default:
      return `${year}-${month}`;
  }
}

export const microsOfText = (text: string): bigint =>
  BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1000n + BigInt((/\.(\d+)/.exec(text)?.[1] ?? '').padEnd(6, '0'));

/** The aggregate of some events. */
export function fold(aggregation: Aggregation, events: readonly NaiveEvent[]): bigint {
  const one = 10n ** 12n;
  const quantities = events.map(({ quantity }) => quantity);
  switch (aggregation) {
    case 'count':
      return BigInt(events.length) * one;
    case 'unique_count':
      return BigInt(new Set(events.map(({ value }) => value)).size) * one;
    case 'max':
      return quantities.reduce((most, quantity) => (quantity > most ? quantity : most), 0n);
    case 'last': {
      const later = (a: NaiveEvent, b: NaiveEvent): NaiveEvent => {
        const [at, bt] = [microsOfText(a.timestamp), microsOfText(b.timestamp)];
        return bt > at || (bt === at && b.order > a.order) ? b : a;
      };
      return events.length === 0 ? 0n : events.reduce(later).quantity;
    }
    default:
      return quantities.reduce((sum, quantity) => sum + quantity, 0n);
  }
}

/** The area under a level over [from, to): from one moment at which something changes to the next. It begins at nothing at each of `resets`. */
export function areaOfLevel(
  changes: readonly { readonly at: bigint; readonly by: bigint }[],
  resets: readonly bigint[],
  from: bigint,
  to: bigint,
): bigint {
  const moments = [...new Set([from, to, ...resets, ...changes.map(({ at }) => at)])]
    .filter((at) => at >= from && at <= to)
    .sort((a, b) => (a < b ? -1 : 1));
  let area = 0n;
  for (const [i, start] of moments.slice(0, -1).entries()) {
    const reset = resets.filter((at) => at <= start).at(-1);
    if (reset === undefined) continue;
    const level = changes.filter(({ at }) => at >= reset && at <= start).reduce((sum, { by }) => sum + by, 0n);
    area += level * (moments[i + 1]! - start);
  }
  return area;
}

/** Divides, half away from zero. */
export function halfAway(area: bigint, length: bigint): bigint {
  const size = area < 0n ? -area : area;
  const rounded = (size + length / 2n) / length;
  return area < 0n ? -rounded : rounded;
}

/** The runs of equal labels that have a part of [from, to), whole. Nothing changes within a quarter of an hour, or a minute. */
export function windowsByLabel(unit: string, zone: string, from: string, to: string) {
  const step = unit === 'minute' ? 60_000 : 900_000;
  const label = (at: number): string => labelOf(unit, zone, at);
  const found: { label: string; from: bigint; to: bigint }[] = [];
  let start = Math.floor(Date.parse(from) / step) * step;
  while (label(start - step) === label(start)) start -= step;
  for (let at = start + step; start < Date.parse(to); at += step) {
    if (label(at) === label(start)) continue;
    found.push({ label: label(start), from: BigInt(start) * 1000n, to: BigInt(at) * 1000n });
    start = at;
  }
  return found;
}
