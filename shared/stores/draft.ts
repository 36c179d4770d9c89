import type {
  AnyTable,
  Cell,
  Columns,
  Database,
  Key,
  Range,
  Reader,
  RowOf,
  Stretch,
  Table,
  Transaction,
} from '../ports/database.ts';
import {
  accounts,
  freezes,
  heads,
  secrets,
  TABLES,
  unrolled,
  usage_rollups,
  usage_salts,
  usage_values,
  waiting,
} from './tables.ts';

type Row = Readonly<Record<string, Cell>>;

/** A write that is to be made. Tables go by their names: a draft may come from another thread. */
export type DraftWrite =
  | { readonly kind: 'insert' | 'upsert'; readonly table: string; readonly row: Row }
  | { readonly kind: 'update'; readonly table: string; readonly key: Key; readonly changes: Row }
  | { readonly kind: 'delete'; readonly table: string; readonly key: Key };

/** A row as the draft saw it; undefined where there was none. */
export interface Seen {
  readonly table: string;
  readonly key: Key;
  readonly row: Row | undefined;
}

/** Work that was done on a snapshot and is worth its writes as long as what it saw still stands. */
export interface Draft {
  readonly seen: readonly Seen[];
  readonly writes: readonly DraftWrite[];
}

/**
 * What may change under a draft of a tenant's next entries. Everything else that it reads (aggregates, open periods, what outlives
 * them) changes only together with the head, and batches do not change.
 */
const WATCHED: ReadonlySet<AnyTable> = new Set<AnyTable>([
  accounts,
  freezes,
  heads,
  secrets,
  unrolled,
  usage_rollups,
  usage_salts,
  usage_values,
  waiting,
]);
const TABLE_OF = new Map(TABLES.map((table) => [table.name, table as Table<Columns>]));

/** Reads from a snapshot, remembers what it saw of watched tables, and keeps what would be written. */
export class DraftTransaction implements Transaction {
  readonly seen: Seen[] = [];
  readonly writes: DraftWrite[] = [];
  readonly #view: Reader;

  constructor(view: Reader) {
    this.#view = view;
  }

  async read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    const row = await this.#view.read(table, key);
    this.#note(table, key, row);
    return row;
  }

  async readMany<C extends Columns>(table: Table<C>, keys: readonly Key[]): Promise<(RowOf<C> | undefined)[]> {
    const rows = await this.#view.readMany(table, keys);
    for (const [i, key] of keys.entries()) this.#note(table, key, rows[i]);
    return rows;
  }

  /** Rows of a stretch are not watched: whoever depends on one reads it by its key. */
  range<C extends Columns>(table: Table<C>, range: Range): Promise<RowOf<C>[]> {
    return this.#view.range(table, range);
  }

  ranges<C extends Columns>(table: Table<C>, stretches: readonly Stretch[], limit?: number): Promise<RowOf<C>[]> {
    return this.#view.ranges(table, stretches, limit);
  }

  insert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.writes.push({ kind: 'insert', table: table.name, row: row as Row });
  }

  upsert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.writes.push({ kind: 'upsert', table: table.name, row: row as Row });
  }

  update<C extends Columns>(table: Table<C>, key: Key, changes: Partial<RowOf<C>>): void {
    this.writes.push({ kind: 'update', table: table.name, key, changes: changes as Row });
  }

  delete<C extends Columns>(table: Table<C>, key: Key): void {
    this.writes.push({ kind: 'delete', table: table.name, key });
  }

  #note(table: AnyTable, key: Key, row: unknown): void {
    if (WATCHED.has(table)) this.seen.push({ table: table.name, key, row: row as Row | undefined });
  }
}

/**
 * Makes a draft's writes in one transaction, if everything it saw is as it was: as if all of it had been done there.
 * @param isTimely asked in that transaction whether the draft is not too old
 * @returns false, with nothing written, where something has changed
 */
export function commitDraft(
  database: Database,
  { seen, writes }: Draft,
  isTimely: () => boolean = () => true,
): Promise<boolean> {
  const byTable = Map.groupBy(seen, ({ table }) => table);
  return database.transact(async (tx) => {
    const same = await Promise.all(
      [...byTable].map(async ([name, rows]) => {
        const now = await tx.readMany(
          TABLE_OF.get(name)!,
          rows.map(({ key }) => key),
        );
        return rows.every(({ row }, i) => isSame(row, now[i] as Row | undefined));
      }),
    );
    if (same.includes(false) || !isTimely()) return false;
    for (const write of writes) make(tx, write);
    return true;
  });
}

function make(tx: Transaction, write: DraftWrite): void {
  const table = TABLE_OF.get(write.table)!;
  switch (write.kind) {
    case 'insert':
      tx.insert(table, write.row as RowOf<Columns>);
      break;
    case 'upsert':
      tx.upsert(table, write.row as RowOf<Columns>);
      break;
    case 'update':
      tx.update(table, write.key, write.changes as unknown as Partial<RowOf<Columns>>);
      break;
    default:
      tx.delete(table, write.key);
  }
}

function isSame(a: Row | undefined, b: Row | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Object.entries(a).every(([name, cell]) => {
    const other = b[name];
    if (cell instanceof Uint8Array) return other instanceof Uint8Array && Buffer.compare(cell, other) === 0;
    return cell === other;
  });
}
