import type { Json } from '../domain/canonical.ts';
import type { Sequence, TenantId } from '../domain/ids.ts';
import { aggregateKeyText } from '../domain/ledger/books.ts';
import type { TreeHash } from '../domain/ledger/tree.ts';
import type { Database, Reader } from '../ports/database.ts';
import { unpackRange } from './ledger-rows.ts';
import { openings, seen_values } from './tables.ts';

/** Where an evidence bundle starts reading, and what it takes over from before. */
export interface BundleStart {
  readonly size: Sequence;
  readonly peaks: readonly TreeHash[];
  readonly last: string;
  /** the balance brought forward; undefined where the bundle starts at genesis */
  readonly opening: Json | undefined;
  /** unique_count: values seen before, by aggregate */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

type CarriedAggregate = {
  readonly aggregation: string;
  readonly subscription: string;
  readonly period: string;
  readonly meter: string;
  readonly price_digest: string;
  readonly value: string;
};

/** The balances brought forward, as they stood. */
export class OpeningStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The start of a bundle whose period was opened at `openSeq`: that entry, or genesis where nothing else stands before. */
  async startOf(tenant: TenantId, openSeq: Sequence): Promise<BundleStart> {
    if (openSeq === 1) return { size: 0, peaks: [], last: '', opening: undefined, values: new Map() };
    return this.#database.snapshot(async (view) => {
      const row = await view.read(openings, [tenant, openSeq]);
      if (row === undefined) throw new Error(`the balance brought forward to entry ${openSeq} is gone`);
      const opening = JSON.parse(Buffer.from(row.carried).toString('utf8')) as Json;
      return {
        size: openSeq,
        peaks: unpackRange(openSeq, row.peaks).peaks,
        last: row.last,
        opening,
        values: await seenBefore(view, tenant, opening),
      };
    });
  }
}

/** For each unique_count aggregate of a balance: the values it had seen, in the order first seen. */
export async function seenBefore(view: Reader, tenant: string, opening: Json): Promise<Map<string, readonly string[]>> {
  const values = new Map<string, readonly string[]>();
  const { aggregates } = opening as { readonly aggregates: readonly CarriedAggregate[] };
  for (const held of aggregates) {
    if (held.aggregation !== 'unique_count') continue;
    const aggregate = aggregateKeyText({ ...held, priceDigest: held.price_digest });
    const rows = await view.range(seen_values, {
      index: 'seen_values_by_position',
      prefix: [tenant, aggregate],
      limit: Number(held.value),
    });
    values.set(
      aggregate,
      rows.map(({ value_commit }) => value_commit),
    );
  }
  return values;
}
