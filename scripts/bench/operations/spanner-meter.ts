import { mutationsOf, type Write } from '../../../shared/adapters/database/mutations.ts';
import type { AnyTable, Cell } from '../../../shared/ports/database.ts';
import { TABLES } from '../../../shared/stores/tables.ts';
import { GrpcMessages, methodOf } from './grpc-messages.ts';
import type { GrpcCall } from './grpc-relay.ts';

export interface SpannerCounts {
  /** read-only transactions */
  snapshots: number;
  /** read-write transactions that began */
  transactions: number;
  /** requests that read, by key, range or query */
  reads: number;
  /** those of them that are SQL */
  queries: number;
  /** keys that were asked for one by one */
  read_keys: number;
  read_ranges: number;
  /** rows that came back */
  read_rows: number;
  read_bytes: number;
  /** commits that took place */
  commits: number;
  /** those of them that wrote nothing: what they looked for was not there */
  empty_commits: number;
  /** transactions that ended otherwise, because others were faster */
  aborted: number;
  rollbacks: number;
  written_rows: number;
  /** as Spanner counts them towards a commit's limit */
  mutations: number;
  /** of the values in them, as they are stored */
  mutation_bytes: number;
}

/** What was written to one table. */
export interface TableCounts {
  rows: number;
  mutations: number;
  bytes: number;
}

const NOTHING: SpannerCounts = {
  ...{ snapshots: 0, transactions: 0, reads: 0, queries: 0, read_keys: 0, read_ranges: 0, read_rows: 0, read_bytes: 0 },
  ...{ commits: 0, empty_commits: 0, aborted: 0, rollbacks: 0, written_rows: 0, mutations: 0, mutation_bytes: 0 },
};
const ABORTED = 10;
const INTEGER_BYTES = 8;

/** A value as google.protobuf.Value says it. */
interface Value {
  readonly stringValue?: string;
}
interface ListValue {
  readonly values?: readonly Value[];
}
interface TransactionOptions {
  readonly readOnly?: object;
  readonly readWrite?: object;
}
interface ReadRequest {
  readonly transaction?: { readonly begin?: TransactionOptions };
  readonly keySet?: { readonly keys?: readonly object[]; readonly ranges?: readonly object[] };
}
interface ResultPart {
  readonly metadata?: { readonly rowType?: { readonly fields?: readonly { readonly type: { code: string } }[] } };
  readonly values?: readonly Value[];
  readonly chunkedValue?: boolean;
}
interface WireWrite {
  readonly table: string;
  readonly columns: readonly string[];
  readonly values: readonly ListValue[];
}
interface WireMutation {
  readonly insert?: WireWrite;
  readonly update?: WireWrite;
  readonly insertOrUpdate?: WireWrite;
  readonly delete?: { readonly table: string; readonly keySet: { readonly keys?: readonly ListValue[] } };
}

const tables = new Map<string, AnyTable>(TABLES.map((table) => [table.name, table]));

/** Counts what calls of Spanner ask for and do. */
export class SpannerMeter {
  readonly counts: SpannerCounts = { ...NOTHING };
  readonly tables = new Map<string, TableCounts>();
  readonly #messages = new GrpcMessages(
    '@google-cloud/spanner',
    '@google-cloud/spanner-api/build/protos/protos.json',
    'google.spanner.v1.Spanner',
  );

  hear(call: GrpcCall): void {
    switch (methodOf(call)) {
      case 'BeginTransaction':
        return this.#began(this.#messages.request<{ options?: TransactionOptions }>(call).options);
      case 'StreamingRead':
        return this.#read(call);
      case 'ExecuteStreamingSql':
        this.counts.queries++;
        return this.#read(call);
      case 'Commit':
        if (call.status === 0) return this.#committed(call);
        if (call.status === ABORTED) this.counts.aborted++;
        return;
      case 'Rollback':
        this.counts.rollbacks++;
    }
  }

  #began(options: TransactionOptions | undefined): void {
    if (options?.readOnly !== undefined) this.counts.snapshots++;
    if (options?.readWrite !== undefined) this.counts.transactions++;
  }

  #read(call: GrpcCall): void {
    const { transaction, keySet } = this.#messages.request<ReadRequest>(call);
    this.counts.reads++;
    this.#began(transaction?.begin);
    this.counts.read_keys += keySet?.keys?.length ?? 0;
    this.counts.read_ranges += keySet?.ranges?.length ?? 0;
    if (call.status === ABORTED) this.counts.aborted++;
    let values = 0;
    let types: readonly string[] = [];
    for (const part of this.#messages.responses<ResultPart>(call)) {
      types = part.metadata?.rowType?.fields?.map(({ type }) => type.code) ?? types;
      for (const value of part.values ?? []) this.counts.read_bytes += bytesOf(types[values++ % types.length], value);
      // The rest of the last value is the first of the next part.
      if (part.chunkedValue === true) values--;
    }
    if (types.length > 0) this.counts.read_rows += values / types.length;
  }

  #committed(call: GrpcCall): void {
    this.counts.commits++;
    const { mutations = [] } = this.#messages.request<{ mutations?: readonly WireMutation[] }>(call);
    if (mutations.length === 0) this.counts.empty_commits++;
    for (const { insert, update, insertOrUpdate, delete: gone } of mutations) {
      const written = insert ?? update ?? insertOrUpdate;
      if (written !== undefined) {
        const kind = insert !== undefined ? 'insert' : update !== undefined ? 'update' : 'upsert';
        for (const { values = [] } of written.values) this.#wrote(kind, written, values);
      } else if (gone !== undefined) {
        const table = tableOf(gone.table);
        for (const { values = [] } of gone.keySet.keys ?? [])
          this.#wrote('delete', { ...gone, columns: table.key }, values);
      }
    }
  }

  #wrote(
    kind: Write['kind'],
    { table: name, columns }: { readonly table: string; readonly columns: readonly string[] },
    values: readonly Value[],
  ): void {
    const table = tableOf(name);
    const mutations = mutationsOf(table, writeOf(kind, table, columns));
    const bytes = values.reduce((sum, value, i) => sum + bytesOf(table.columns[columns[i]!], value), 0);
    this.counts.written_rows++;
    this.counts.mutations += mutations;
    this.counts.mutation_bytes += bytes;
    const counted = this.tables.get(name) ?? { rows: 0, mutations: 0, bytes: 0 };
    this.tables.set(name, counted);
    counted.rows++;
    counted.mutations += mutations;
    counted.bytes += bytes;
  }
}

function tableOf(name: string): AnyTable {
  const table = tables.get(name);
  if (table === undefined) throw new Error(`the catalogue has no table ${name}`);
  return table;
}

/** A change with the columns that it names: how many mutations it is does not depend on the values. */
function writeOf(kind: Write['kind'], { key }: AnyTable, columns: readonly string[]): Write {
  const named = (names: readonly string[]): Record<string, Cell> =>
    Object.fromEntries(names.map((name) => [name, null]));
  if (kind === 'delete') return { kind, key: [] };
  if (kind === 'update') return { kind, key: [], changes: named(columns.filter((name) => !key.includes(name))) };
  return { kind, row: named(columns) };
}

/** Bytes of a value as it is stored, which for INT64 and BYTES is not how it travels. @param type Spanner's or the catalogue's */
function bytesOf(type: string | undefined, { stringValue }: Value): number {
  if (stringValue === undefined) return 0;
  switch (type?.replace('?', '').toLowerCase()) {
    case 'int':
    case 'int64':
      return INTEGER_BYTES;
    case 'bytes':
      return Buffer.byteLength(stringValue, 'base64');
    default:
      return Buffer.byteLength(stringValue);
  }
}
