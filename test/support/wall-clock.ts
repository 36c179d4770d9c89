/**
 * What clocks on a wall show, kept as the plain table that a person would write down: from when to when a zone is how far
 * ahead of UTC. It asks `Intl` alone and shares nothing with the code that bills. Times are milliseconds; a `local` time is
 * what the clock shows, read as if it were UTC.
 */
export class WallClock {
  /** Stretches of one offset, oldest first, without a gap. */
  readonly #stretches: { readonly from: number; to: number; readonly offset: number }[] = [];

  /** @param from @param to years between which the table is right */
  constructor(zone: string, from: number, to: number) {
    const offsetAt = offsetReader(zone);
    const [begin, end] = [Date.UTC(from, 0, 1), Date.UTC(to, 0, 1)];
    let held = { from: begin, to: end, offset: offsetAt(begin) };
    this.#stretches.push(held);
    for (let at = begin; at < end; at += DAY) {
      if (offsetAt(at + DAY) === held.offset) continue;
      held.to = changeBetween(at, at + DAY, offsetAt);
      held = { from: held.to, to: end, offset: offsetAt(held.to) };
      this.#stretches.push(held);
      // A second change within the same day is found from the first one on.
      at = held.from - DAY;
    }
  }

  /** When the clock shows that: the first time where it does twice; where it never does, later by what the clocks skip. */
  instantOf(local: number): number {
    let after: number | undefined;
    for (const { from, to, offset } of this.#stretches) {
      const at = local - offset;
      if (from <= at && at < to) return at;
      if (to <= at) after = at;
    }
    if (after === undefined) throw new RangeError('before the table begins');
    return after;
  }

  localOf(at: number): number {
    const found = this.#stretches.find(({ from, to }) => from <= at && at < to);
    if (found === undefined) throw new RangeError('outside of the table');
    return at + found.offset;
  }
}

const DAY = 24 * 60 * 60 * 1000;

function offsetReader(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    // 3/29/2026, 02:30:00
    const [month, day, year, hour, minute, second] = format.format(at).match(/\d+/g)!.map(Number);
    return Date.UTC(year!, month! - 1, day, hour, minute, second) - at;
  };
}

/** The first millisecond of the other offset. */
function changeBetween(low: number, high: number, offsetAt: (at: number) => number): number {
  const offset = offsetAt(low);
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (offsetAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

const daysOf = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

/**
 * The `n`th boundary counted on the wall from an anchor: so many weeks of seven days, or months whose day is the anchor's,
 * or the last one where the month is too short.
 */
export function wallBoundary(anchor: number, unit: 'week' | 'month' | 'year', n: number): number {
  if (unit === 'week') return anchor + n * 7 * DAY;
  const date = new Date(anchor);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() + n * (unit === 'year' ? 12 : 1);
  const [year, month] = [Math.floor(months / 12), months % 12];
  const day = Math.min(date.getUTCDate(), daysOf(year, month));
  return Date.UTC(year, month, day) + (anchor % DAY);
}
