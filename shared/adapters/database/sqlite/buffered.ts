import type { SQLInputValue } from 'node:sqlite';
import type {
  AnyTable,
  Cell,
  Columns,
  Key,
  Range,
  Reader,
  RowOf,
  Stretch,
  Table,
  Transaction,
} from '../../../ports/database.ts';
import type { ScatteredTable } from './scattered.ts';
import { type Connection, rowValues, textsOf, whereKey } from './statements.ts';

/** A reader that notes which tables it was asked for. */
export class NotingReader implements Reader {
  readonly tables = new Set<string>();
  readonly #reader: Connection;

  constructor(reader: Connection) {
    this.#reader = reader;
  }

  read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    this.tables.add(table.name);
    return this.#reader.read(table, key);
  }

  readMany<C extends Columns>(table: Table<C>, keys: readonly Key[]): Promise<(RowOf<C> | undefined)[]> {
    this.tables.add(table.name);
    return this.#reader.readMany(table, keys);
  }

  range<C extends Columns>(table: Table<C>, range: Range): Promise<RowOf<C>[]> {
    this.tables.add(table.name);
    return this.#reader.range(table, range);
  }

  ranges<C extends Columns>(table: Table<C>, stretches: readonly Stretch[], limit?: number): Promise<RowOf<C>[]> {
    this.tables.add(table.name);
    return this.#reader.ranges(table, stretches, limit);
  }
}

type Write = readonly [sql: string, values: readonly Cell[], mustChange: AnyTable | undefined];
type Row = Readonly<Record<string, Cell>>;

/** Reads go straight to the connection; writes wait for the commit, so `work` has no effect until it is done. */
export class BufferedTransaction implements Transaction {
  /** names of the tables that it writes */
  readonly tables = new Set<string>();
  readonly #connection: Connection;
  readonly #writes: Write[] = [];
  readonly #scattered: { readonly table: AnyTable; readonly row: Row; readonly isNew: boolean }[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Rows to be written. */
  get size(): number {
    return this.#writes.length + this.#scattered.length;
  }

  read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    return this.#connection.read(table, key);
  }

  readMany<C extends Columns>(table: Table<C>, keys: readonly Key[]): Promise<(RowOf<C> | undefined)[]> {
    return this.#connection.readMany(table, keys);
  }

  range<C extends Columns>(table: Table<C>, range: Range): Promise<RowOf<C>[]> {
    return this.#connection.range(table, range);
  }

  ranges<C extends Columns>(table: Table<C>, stretches: readonly Stretch[], limit?: number): Promise<RowOf<C>[]> {
    return this.#connection.ranges(table, stretches, limit);
  }

  insert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.tables.add(table.name);
    if (table.scattered !== undefined) this.#scattered.push({ table, row: row as Row, isNew: true });
    else this.#writes.push([textsOf(table).insert, rowValues(table, row), undefined]);
  }

  upsert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.tables.add(table.name);
    if (table.scattered !== undefined) this.#scattered.push({ table, row: row as Row, isNew: false });
    else this.#writes.push([textsOf(table).upsert, rowValues(table, row), undefined]);
  }

  update<C extends Columns>(table: Table<C>, key: Key, changes: Partial<RowOf<C>>): void {
    this.tables.add(table.name);
    requireOrdinary(table);
    const names = Object.keys(changes);
    const sql = `UPDATE ${table.name} SET ${names.map((name) => `${name}=?`).join(', ')} WHERE ${whereKey(table.key)}`;
    const values = [...names.map((name) => (changes as Record<string, Cell>)[name]!), ...key];
    this.#writes.push([sql, values, table]);
  }

  delete<C extends Columns>(table: Table<C>, key: Key): void {
    this.tables.add(table.name);
    requireOrdinary(table);
    this.#writes.push([textsOf(table).remove, key, undefined]);
  }

  applyRows(): void {
    for (const [sql, values, mustChange] of this.#writes) {
      const { changes } = this.#connection.statement(sql).run(...(values as SQLInputValue[]));
      if (mustChange !== undefined && changes !== 1) throw new Error(`no row of ${mustChange.name} to update`);
    }
  }

  /** @throws where a row could not be taken in */
  checkScattered(into: ScatteredTable): void {
    const fresh = new Set<string>();
    for (const { table, row, isNew } of this.#scattered) {
      if (table !== into.table) continue;
      into.check(row);
      if (!isNew) continue;
      const key = Buffer.from(row[table.scattered!] as Uint8Array).toString('latin1');
      if (fresh.has(key) || into.has(row)) throw new Error(`${table.name} has such a row`);
      fresh.add(key);
    }
  }

  putScattered(into: ScatteredTable): void {
    for (const { table, row } of this.#scattered) if (table === into.table) into.put(row);
  }
}

function requireOrdinary(table: AnyTable): void {
  if (table.scattered !== undefined) throw new Error(`rows of ${table.name} are written once`);
}
