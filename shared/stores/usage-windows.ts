import type { Account, Meter, Subscription } from '../domain/account/account.ts';
import { BadInput, TryAgain } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import { type Instant, MICROS_PER_DAY, microsOf, type Period, plusMicros } from '../domain/time.ts';
import { billingPeriod } from '../domain/usage/metering.ts';
import { addCell, isCellBoundary, type Level, rowStart, unpackCells, unpackMinutes } from '../domain/usage/rollup.ts';
import { RollupDraft } from '../domain/usage/rollup-draft.ts';
import { type SummaryRow, tally, type UsedCell, type UsedValue } from '../domain/usage/tally.ts';
import { requireSpan, type WindowUnit, windowsBetween } from '../domain/usage/windows.ts';
import type { Database, Key, Reader } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { eventsOf } from './accepted-events.ts';
import { readAccount } from './account-store.ts';
import type { PersonalData, TenantKeys } from './personal-data.ts';
import { batches, unrolled, usage_rollups, usage_values } from './tables.ts';
import { type RollupRetention, saltOf, type UsageRollups, valueHash } from './usage-rollups.ts';

/** Rows that one answer may be made of. */
const ROWS_MAX = 40_000;
const VALUE_ROWS_MAX = 200_000;
const ROWS_PER_READ = 5000;
/** More batches than that are folded first: reading them costs more than any sum. */
const NOTED_MAX = 200;
/** Windows are read together as long as they span no more than that. */
const TOGETHER_MICROS = 32n * MICROS_PER_DAY;

/** What somebody wants to know of their usage. */
export interface WindowQuery {
  readonly metric: string;
  readonly subscription: string | undefined;
  readonly unit: WindowUnit;
  readonly from: Instant;
  readonly to: Instant;
  /** dimensions of the metric, and `subscription_id` */
  readonly groupBy: readonly string[];
  readonly limit: number;
  /** where the page before ended */
  readonly after: Place | undefined;
}

/** A place in the list of windows and groups: after the named group of a window, or at its beginning. */
export interface Place {
  readonly window: Instant;
  readonly group: string | undefined;
}

export interface WindowPage {
  readonly rows: readonly SummaryRow[];
  /** undefined where there is no more */
  readonly next: Place | undefined;
}

/** Summaries of usage by windows and groups, made from sums and from batches that are not in them yet. */
export class UsageWindows {
  readonly #database: Database;
  readonly #entropy: Entropy;
  readonly #rollups: UsageRollups;
  readonly #retention: RollupRetention;
  readonly #personal: PersonalData;

  constructor(
    database: Database,
    entropy: Entropy,
    rollups: UsageRollups,
    retention: RollupRetention,
    personal: PersonalData,
  ) {
    this.#personal = personal;
    this.#database = database;
    this.#entropy = entropy;
    this.#rollups = rollups;
    this.#retention = retention;
  }

  /**
   * One page of windows in which something was used, in order, as one snapshot shows them; within a window by group.
   * @throws BadInput `window_too_large` where the answer would be made of too many rows, `invalid_parameter` for a group that
   * the metric does not declare or a time that is not kept so finely
   */
  async page(tenant: TenantId, query: WindowQuery, now: Instant): Promise<WindowPage> {
    requireSpan(query.unit, query.from, query.to);
    const keys = await this.#personal.keysOf(tenant);
    for (let tries = 0; tries < 3; tries++) {
      const page = await this.#database.snapshot(async (view) => {
        const noted = await view.range(unrolled, { prefix: [tenant], limit: NOTED_MAX + 1 });
        if (noted.length > NOTED_MAX) return undefined;
        return this.#read(view, tenant, query, now, noted, keys);
      });
      if (page !== undefined) return page;
      await this.#rollups.fold(tenant);
    }
    throw new TryAgain('usage comes in faster than it is summed up');
  }

  async #read(
    view: Reader,
    tenant: TenantId,
    query: WindowQuery,
    now: Instant,
    noted: readonly { readonly batch_id: string }[],
    keysOf: TenantKeys,
  ): Promise<WindowPage> {
    const account = await readAccount(view, tenant);
    if (account === undefined) throw new BadInput('not_found', 'no such organization');
    const series = seriesOf(account, query);
    requireDimensions(series, query.groupBy);
    if (series.length === 0) return { rows: [], next: undefined };
    const hash = valueHash((await saltOf(view, tenant)) ?? this.#entropy.bytes(32));
    const draft = new RollupDraft(account, hash);
    const keys = noted.map(({ batch_id }): Key => [tenant, batch_id]);
    const wanted = ({ meter, subscription }: { readonly meter: string; readonly subscription: string }): boolean =>
      meter === query.metric && (query.subscription === undefined || query.subscription === subscription);
    for (const row of await view.readMany(batches, keys)) {
      if (row !== undefined) draft.addBatch(row.batch_id, eventsOf(row, keysOf), wanted);
    }
    const source = new Source(view, tenant, draft, series, now, this.#retention);
    return new Pager(source, query, account.zone).page();
  }
}

export interface MeteredSeries {
  readonly subscription: Subscription;
  readonly meter: Meter;
}

const seriesOf = (account: Account, { metric, subscription }: WindowQuery): MeteredSeries[] =>
  account.subscriptions
    .filter(({ id }) => subscription === undefined || id === subscription)
    .flatMap((one) => one.meters.filter(({ name }) => name === metric).map((meter) => ({ subscription: one, meter })));

function requireDimensions(series: readonly MeteredSeries[], groupBy: readonly string[]): void {
  const declared = new Set(['subscription_id', ...series.flatMap(({ meter }) => meter.dimensions)]);
  const unknown = groupBy.find((name) => !declared.has(name));
  if (unknown === undefined || series.length === 0) return;
  throw new BadInput('invalid_parameter', `this metric is grouped by ${[...declared].join(', ')}`, 'group_by');
}

/** The answer would be made of more rows than one answer may be. */
class TooManyRows extends Error {}

/** Reads what was used in a stretch of time: stored sums, and those of batches that are not in them. */
class Source {
  readonly series: readonly MeteredSeries[];
  readonly #view: Reader;
  readonly #tenant: TenantId;
  readonly #draft: RollupDraft;
  readonly #now: Instant;
  readonly #retention: RollupRetention;
  #rowsLeft = 0;
  #valuesLeft = 0;

  constructor(
    view: Reader,
    tenant: TenantId,
    draft: RollupDraft,
    series: readonly MeteredSeries[],
    now: Instant,
    retention: RollupRetention,
  ) {
    this.#view = view;
    this.#tenant = tenant;
    this.#draft = draft;
    this.series = series;
    this.#now = now;
    this.#retention = retention;
  }

  /** From now on as many rows may be read as for one answer. */
  refill(): void {
    this.#rowsLeft = ROWS_MAX;
    this.#valuesLeft = VALUE_ROWS_MAX;
  }

  /** @throws BadInput `invalid_parameter` where the time is longer ago than sums so fine are kept */
  requireKept(level: Level, from: Instant): void {
    const days = level === 'minute' ? this.#retention.minutes : this.#retention.quarters;
    if (from >= plusMicros(this.#now, -BigInt(days) * MICROS_PER_DAY)) return;
    const what = level === 'minute' ? 'minutes' : 'sums of usage';
    throw new BadInput('invalid_parameter', `${what} are kept for ${days} days; from is before`, 'from');
  }

  /** @throws TooManyRows */
  async cells(level: Level, stretch: Period): Promise<UsedCell[]> {
    const found: UsedCell[] = [];
    for (const { subscription, meter } of this.series) {
      const { aggregation } = meter;
      // A level is counted from the beginning of the billing period, as billing does.
      const since =
        aggregation === 'weighted_sum' ? billingPeriod(subscription.calendar, stretch.start).start : stretch.start;
      const lead = [this.#tenant, meter.name, subscription.id, level];
      const drafted = new Map(
        [...this.#draft.rows.values()]
          .filter(({ series, level: one }) => series.subscription.id === subscription.id && one === level)
          .filter(({ at }) => at >= rowStart(level, since) && at < stretch.end)
          .map((row) => [`${row.at} ${row.series.groupId}`, row]),
      );
      const take = (at: Instant, dimensions: string, cells: ReturnType<typeof unpackCells>): void => {
        const rowAt = Number(microsOf(at));
        for (const [start, cell] of cells) {
          found.push({ subscription, aggregation, dimensions, at: rowAt + start, cell });
        }
      };
      for (let from: Key = [rowStart(level, since)], more = true; more; ) {
        const rows = await this.#view.range(usage_rollups, {
          prefix: lead,
          from,
          to: [stretch.end],
          limit: ROWS_PER_READ,
        });
        this.#rowsLeft -= rows.length;
        if (this.#rowsLeft < 0) throw new TooManyRows();
        for (const row of rows) {
          if (row.expires_at <= this.#now) continue;
          const cells = unpackCells(aggregation, row.cells);
          const key = `${row.starts_at} ${row.group_id}`;
          for (const [start, cell] of drafted.get(key)?.cells ?? []) addCell(cells, aggregation, start, cell);
          drafted.delete(key);
          take(row.starts_at as Instant, row.dimensions, cells);
        }
        more = rows.length === ROWS_PER_READ;
        if (more) from = [rows.at(-1)!.starts_at, `${rows.at(-1)!.group_id}\0`];
      }
      for (const { at, series, cells } of drafted.values()) take(at, series.group, cells);
    }
    return found;
  }

  /** unique_count: who was seen when. @throws TooManyRows */
  async values(stretch: Period): Promise<UsedValue[]> {
    const found: UsedValue[] = [];
    for (const { subscription, meter } of this.series.filter((one) => one.meter.aggregation === 'unique_count')) {
      const lead = [this.#tenant, meter.name, subscription.id];
      for (const { series, day, value, minutes } of this.#draft.values.values()) {
        if (series.subscription.id === subscription.id)
          found.push({ subscription, groupId: series.groupId, day, value, minutes });
      }
      for (let from: Key = [rowStart('quarter', stretch.start)], more = true; more; ) {
        const rows = await this.#view.range(usage_values, {
          prefix: lead,
          from,
          to: [stretch.end],
          limit: ROWS_PER_READ,
        });
        this.#valuesLeft -= rows.length;
        if (this.#valuesLeft < 0) throw new TooManyRows();
        for (const row of rows) {
          if (row.expires_at <= this.#now) continue;
          const minutes = unpackMinutes(row.minutes);
          found.push({ subscription, groupId: row.group_id, day: row.day as Instant, value: row.value, minutes });
        }
        more = rows.length === ROWS_PER_READ;
        const last = rows.at(-1);
        if (more && last !== undefined) from = [last.day, last.group_id, `${last.value}\0`];
      }
    }
    return found;
  }
}

/** Goes from window to window until a page is full. */
class Pager {
  readonly #source: Source;
  readonly #query: WindowQuery;
  readonly #windows: Iterator<Period>;
  #ahead: Period[] = [];

  constructor(source: Source, query: WindowQuery, zone: string) {
    this.#source = source;
    this.#query = query;
    this.#windows = windowsBetween(query.unit, zone, query.after?.window ?? query.from, query.to);
  }

  async page(): Promise<WindowPage> {
    const { limit, groupBy } = this.#query;
    const rows: SummaryRow[] = [];
    // Windows that are told apart by groups fill a page sooner.
    let together = groupBy.length === 0 ? limit + 1 : 8;
    while (rows.length <= limit) {
      if (this.#ahead.length === 0) this.#lookAhead(together);
      const [next] = this.#ahead;
      if (next === undefined) return { rows, next: undefined };
      const some = this.#ahead.slice(0, together);
      if (rows.length === 0) this.#source.refill();
      const more = await this.#rowsOf(some);
      if (more === undefined) {
        // What is there already is a page, if a short one.
        if (rows.length > 0) return { rows, next: { window: next.start, group: undefined } };
        if (some.length === 1) throw tooLarge();
        together = 1;
        continue;
      }
      rows.push(...more);
      this.#ahead = this.#ahead.slice(some.length);
      together *= 2;
    }
    const last = rows[limit - 1]!;
    return { rows: rows.slice(0, limit), next: { window: last.window.start, group: last.id } };
  }

  #lookAhead(count: number): void {
    for (let spanned = 0n; this.#ahead.length < count && spanned < TOGETHER_MICROS; ) {
      const { value, done } = this.#windows.next();
      if (done === true) return;
      this.#ahead.push(value);
      spanned += microsOf(value.end) - microsOf(value.start);
    }
  }

  /** @returns undefined where they are made of too many rows */
  async #rowsOf(windows: readonly Period[]): Promise<SummaryRow[] | undefined> {
    const { groupBy, after } = this.#query;
    const stretch = { start: windows[0]!.start, end: windows.at(-1)!.end };
    const bounds = [...windows.map(({ start }) => start), stretch.end];
    const level = bounds.every((bound) => isCellBoundary('quarter', bound)) ? 'quarter' : 'minute';
    this.#source.requireKept(level, stretch.start);
    try {
      const cells = await this.#source.cells(level, stretch);
      const rows = tally(windows, cells, await this.#source.values(stretch), groupBy);
      if (after?.group === undefined || after.window !== stretch.start) return rows;
      return rows.slice(rows.findIndex(({ window, id }) => window.start === after.window && id === after.group) + 1);
    } catch (error) {
      if (error instanceof TooManyRows) return undefined;
      throw error;
    }
  }
}

const tooLarge = (): BadInput =>
  new BadInput(
    'window_too_large',
    'one window is made of more sums than an answer may be: ask for smaller windows or one subscription',
    'window',
  );
