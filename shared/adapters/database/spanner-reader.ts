import type { Snapshot } from '@google-cloud/spanner';
import type { AnyTable, Columns, Key, Range, Reader, RowOf, Stretch, Table } from '../../ports/database.ts';
import { keyRange, rangeQuery } from './spanner-ranges.ts';
import { columnNames, encodePrimaryKey } from './spanner-rows.ts';

/** One request holds 10 MiB (cloud.google.com/spanner/quotas); keys of the catalogue stay far below 1 KiB. */
const KEYS_PER_READ = 5_000;
/** Each has two bounds. */
const STRETCHES_PER_READ = 2_500;

/**
 * Without `noResponseRetries: 0` a statement that fails is sent three times, over 6.5 seconds (measured with 9.0.0). Without
 * `timeout` a read is repeated without end and without pause while Spanner is out of reach (partial-result-stream.js, `retry`).
 */
const CALL = { timeout: 20_000, retryRequestOptions: { noResponseRetries: 0 } } as const;
const OPTIONS = { json: true, gaxOptions: CALL } as const;

/** Reads through one transaction, read-only or not. Remembers the first failure, in case whoever reads swallows it. */
export class SpannerReader implements Reader {
  readonly #view: Snapshot;
  #first: Promise<unknown> | undefined;
  readonly #underWay = new Set<Promise<unknown>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(view: Snapshot) {
    this.#view = view;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Resolves when no read is under way any more. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  async read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    const [row] = await this.#readKeys(table, [encodePrimaryKey(table, key)]);
    return row as RowOf<C> | undefined;
  }

  async readMany<C extends Columns>(table: Table<C>, keys: readonly Key[]): Promise<(RowOf<C> | undefined)[]> {
    const encoded = keys.map((key) => encodePrimaryKey(table, key));
    // Spanner answers in an order of its own, each row once, and says nothing of rows that are not there.
    const wanted = new Map(encoded.map((key) => [JSON.stringify(key), key]));
    const rows = new Map<string, unknown>();
    const distinct = [...wanted.values()];
    for (let at = 0; at < distinct.length; at += KEYS_PER_READ) {
      for (const row of await this.#readKeys(table, distinct.slice(at, at + KEYS_PER_READ))) {
        const key = table.key.map((name) => (row as Record<string, Key[number]>)[name]!);
        rows.set(JSON.stringify(encodePrimaryKey(table, key)), row);
      }
    }
    return encoded.map((key) => rows.get(JSON.stringify(key)) as RowOf<C> | undefined);
  }

  async range<C extends Columns>(table: Table<C>, range: Range): Promise<RowOf<C>[]> {
    // The read API takes a limit of 0 for none.
    if (range.limit === 0) return [];
    const rows =
      range.index === undefined && range.reverse !== true
        ? await this.#readRanges(table, [range], range.limit)
        : await this.#query(table, range);
    return rows as RowOf<C>[];
  }

  async ranges<C extends Columns>(table: Table<C>, stretches: readonly Stretch[], limit?: number): Promise<RowOf<C>[]> {
    if (stretches.length === 0 || limit === 0) return [];
    if (stretches.length > STRETCHES_PER_READ)
      throw new Error(`${stretches.length} stretches of ${table.name} at once`);
    return (await this.#readRanges(table, stretches, limit)) as RowOf<C>[];
  }

  #readKeys(table: AnyTable, keys: string[][]): Promise<unknown[]> {
    // Sorting the answer would cost Spanner time and nobody wants it (google.spanner.v1.ReadRequest.order_by).
    const request = { ...OPTIONS, columns: columnNames(table), keys, orderBy: 'ORDER_BY_NO_ORDER' };
    return this.#watched(() => this.#view.read(table.name, request).then(([rows]) => rows));
  }

  /** Spanner gives each row once and in the order of its key, whatever the order of the ranges (google.spanner.v1.ReadRequest). */
  #readRanges(table: AnyTable, stretches: readonly Stretch[], limit: number | undefined): Promise<unknown[]> {
    const ranges = stretches.map((stretch) => keyRange(table, stretch));
    const request = { ...OPTIONS, columns: columnNames(table), ranges, ...(limit === undefined ? {} : { limit }) };
    return this.#watched(() => this.#view.read(table.name, request).then(([rows]) => rows));
  }

  #query(table: AnyTable, range: Range): Promise<unknown[]> {
    const { sql, params, types } = rangeQuery(table, range);
    return this.#watched(() => this.#view.run({ ...OPTIONS, sql, params, types }).then(([rows]) => rows));
  }

  #watched<T>(call: () => Promise<T>): Promise<T> {
    const watched = this.#begun(call).catch((error: unknown) => {
      this.#failure ??= { error };
      throw error;
    });
    this.#underWay.add(watched);
    const done = (): void => void this.#underWay.delete(watched);
    watched.then(done, done);
    return watched;
  }

  /**
   * The first read begins a read-write transaction, and the others wait for it here. The client lets them wait too, but tells
   * them nothing when the first one fails: they hang for ever (9.0.0, transaction.js, `_wrapWithIdWaiter`). A transaction that
   * did not begin is lost, so they fail with the first. A snapshot has begun before it is read.
   */
  async #begun<T>(call: () => Promise<T>): Promise<T> {
    if (this.#view.id !== undefined) return call();
    if (this.#first === undefined) {
      const first = call();
      this.#first = first;
      return first;
    }
    try {
      await this.#first;
    } catch (error) {
      if (this.#view.id === undefined) throw error;
    }
    return call();
  }
}
