import type { Subscription } from '../account/account.ts';
import { canonicalJson } from '../canonical.ts';
import { divideRounded } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import { type Instant, microsOf, type Period } from '../time.ts';
import type { Aggregation } from './meter.ts';
import { billingPeriod } from './metering.ts';
import { type Cell, mergeCells } from './rollup.ts';
import { groupId } from './rollup-draft.ts';

/** By what rows of a summary are told apart; null where events carried no such property. */
export type Group = Readonly<Record<string, string | null>>;

/** What was used in one window by one group. */
export interface SummaryRow {
  readonly window: Period;
  readonly group: Group;
  readonly aggregation: Aggregation;
  /** in 10^-12 */
  readonly value: bigint;
  readonly events: number;
  /** tells the row apart from others of its window */
  readonly id: string;
}

/** A cell, with where it came from. `at` is its start in microseconds since 1970. */
export interface UsedCell {
  readonly subscription: Subscription;
  readonly aggregation: Aggregation;
  /** canonical JSON of the dimensions its events carried */
  readonly dimensions: string;
  readonly at: number;
  readonly cell: Cell;
}

/** unique_count: the minutes of a UTC day in which a value was seen. */
export interface UsedValue {
  readonly subscription: Subscription;
  readonly groupId: string;
  readonly day: Instant;
  readonly value: string;
  readonly minutes: ReadonlySet<number>;
}

const ONE = 10n ** 12n;
const MINUTE_MICROS = 60_000_000;

/**
 * Sums up windows, each by itself: the largest value of a day, the values seen in an hour, the average level of a month. What
 * subscriptions and groups are not told apart by is taken together as one stream of events.
 *
 * Sums and counts of windows add up to those of a billing period; maxima, last values, unique counts and levels do not, and
 * what is billed is the period's own.
 * @param windows in order, each beginning where the one before ends
 * @returns rows of windows and groups in which something was used, by window and group
 */
export function tally(
  windows: readonly Period[],
  cells: readonly UsedCell[],
  values: readonly UsedValue[],
  groupBy: readonly string[],
): SummaryRow[] {
  return new Tally(windows, groupBy).rowsOf(cells, values);
}

interface Sum {
  readonly group: string;
  readonly aggregation: Aggregation;
  cell: Cell | undefined;
  readonly seen: Set<string>;
  /** weighted_sum: the integral of the level over the window */
  integral: bigint;
}

class Tally {
  readonly #windows: readonly Period[];
  readonly #starts: readonly number[];
  readonly #end: number;
  readonly #groupBy: readonly string[];
  readonly #groups = new Map<string, string>();
  readonly #sums: Map<string, Sum>[];

  constructor(windows: readonly Period[], groupBy: readonly string[]) {
    this.#windows = windows;
    this.#starts = windows.map(({ start }) => Number(microsOf(start)));
    this.#end = Number(microsOf(windows.at(-1)!.end));
    this.#groupBy = groupBy;
    this.#sums = windows.map(() => new Map());
  }

  rowsOf(cells: readonly UsedCell[], values: readonly UsedValue[]): SummaryRow[] {
    const levels = new Map<string, UsedCell[]>();
    for (const used of cells) {
      const group = this.#groupOf(used.subscription, used.dimensions);
      const index = this.#windowAt(used.at);
      if (index >= 0) {
        const sum = this.#sum(index, group, used.aggregation);
        sum.cell = sum.cell === undefined ? used.cell : mergeCells(used.aggregation, sum.cell, used.cell);
      }
      if (used.aggregation !== 'weighted_sum') continue;
      const key = `${used.subscription.id} ${group}`;
      const level = levels.get(key);
      if (level === undefined) levels.set(key, [used]);
      else level.push(used);
    }
    for (const level of levels.values()) this.#integrate(level);
    this.#see(cells, values);
    return this.#rows();
  }

  #groupOf(subscription: Subscription, dimensions: string): string {
    const key = `${subscription.id} ${dimensions}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const held = JSON.parse(dimensions) as Record<string, string>;
      const named = this.#groupBy.map((name) => {
        const value = name === 'subscription_id' ? subscription.id : Object.hasOwn(held, name) ? held[name]! : null;
        return [name, value] as const;
      });
      group = canonicalJson(Object.fromEntries(named));
      this.#groups.set(key, group);
    }
    return group;
  }

  #sum(index: number, group: string, aggregation: Aggregation): Sum {
    const sums = this.#sums[index]!;
    const key = `${group} ${aggregation}`;
    let sum = sums.get(key);
    if (sum === undefined) {
      sum = { group, aggregation, cell: undefined, seen: new Set(), integral: 0n };
      sums.set(key, sum);
    }
    return sum;
  }

  /** The window that contains an instant; -1 for none. */
  #windowAt(at: number): number {
    if (at < this.#starts[0]! || at >= this.#end) return -1;
    return firstAtOrAfter(this.#starts, at + 1) - 1;
  }

  #see(cells: readonly UsedCell[], values: readonly UsedValue[]): void {
    if (values.length === 0) return;
    const dimensionsOf = new Map(cells.map(({ dimensions }) => [groupId(dimensions), dimensions]));
    for (const { subscription, groupId: id, day, value, minutes } of values) {
      const dimensions = dimensionsOf.get(id);
      // None of the group's cells is within these windows.
      if (dimensions === undefined) continue;
      const group = this.#groupOf(subscription, dimensions);
      const midnight = Number(microsOf(day));
      for (const minute of minutes) {
        const index = this.#windowAt(midnight + minute * MINUTE_MICROS);
        if (index >= 0) this.#sum(index, group, 'unique_count').seen.add(value);
      }
    }
  }

  /**
   * Adds the integral of one subscription's level over each window. The level begins at nothing with each billing period, and
   * holds until it is changed: a change at t counts for the rest of the window, one before the window for all of it.
   */
  #integrate(level: readonly UsedCell[]): void {
    const { subscription, dimensions } = level[0]!;
    const group = this.#groupOf(subscription, dimensions);
    const sorted = [...level].sort((a, b) => a.at - b.at);
    const starts = sorted.map(({ at }) => at);
    // Sums of changes, and of changes times the instants at which they happened, up to each cell.
    const changes = [0n];
    const moments = [0n];
    for (const { at, cell } of sorted) {
      changes.push(changes.at(-1)! + cell.value);
      moments.push(moments.at(-1)! + cell.value * BigInt(at) + cell.moment);
    }
    for (const [index, window] of this.#windows.entries()) {
      let integral = 0n;
      for (let at = window.start; at < window.end; ) {
        const period = billingPeriod(subscription.calendar, at);
        const end = period.end < window.end ? period.end : window.end;
        const [begun, from, to] = [period.start, at, end].map((bound) =>
          firstAtOrAfter(starts, Number(microsOf(bound))),
        ) as [number, number, number];
        const length = microsOf(end) - microsOf(at);
        integral += (changes[from]! - changes[begun]!) * length;
        integral += (changes[to]! - changes[from]!) * microsOf(end) - (moments[to]! - moments[from]!);
        at = end;
      }
      if (integral !== 0n) this.#sum(index, group, 'weighted_sum').integral += integral;
    }
  }

  #rows(): SummaryRow[] {
    return this.#windows.flatMap((window, index) =>
      [...this.#sums[index]!.values()]
        .sort((a, b) => (a.group === b.group ? (a.aggregation < b.aggregation ? -1 : 1) : a.group < b.group ? -1 : 1))
        .map((sum) => ({
          window,
          group: JSON.parse(sum.group) as Group,
          aggregation: sum.aggregation,
          value: measuredOf(sum, window),
          events: sum.cell?.events ?? 0,
          id: sha256Base64url(`${sum.group} ${sum.aggregation}`),
        }))
        // A level that ends with its period may come to less than any measure in a window: nothing was used there.
        .filter(({ value, events }) => value !== 0n || events > 0),
    );
  }
}

function measuredOf({ aggregation, cell, seen, integral }: Sum, window: Period): bigint {
  switch (aggregation) {
    case 'unique_count':
      return BigInt(seen.size) * ONE;
    case 'weighted_sum':
      return divideRounded(integral, microsOf(window.end) - microsOf(window.start));
    default:
      return cell?.value ?? 0n;
  }
}

/** How many of ascending numbers are below a bound. */
function firstAtOrAfter(sorted: readonly number[], bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
