import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { TryAgain } from '../../domain/errors.ts';
import type {
  AnyTable,
  Cell,
  Columns,
  Database,
  Key,
  Range,
  Reader,
  RowOf,
  Table,
  Transaction,
} from '../../ports/database.ts';

/** How many snapshots may be under way at once; each holds a connection of its own. */
const SNAPSHOT_CONNECTIONS = 4;

/**
 * The embedded database on `node:sqlite`: write-ahead log, `synchronous=FULL`, so what a transaction returned survives a
 * power cut. One process owns the file; within it transactions run one after the other, which makes them serializable.
 */
export class SqliteDatabase implements Database {
  readonly #writer: Connection;
  readonly #readers: Connection[];
  readonly #waitingReaders: (() => void)[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  #closing: Promise<void> | undefined;

  private constructor(writer: Connection, readers: Connection[]) {
    this.#writer = writer;
    this.#readers = readers;
  }

  /** Opens the store, making folder, file and missing tables. @throws Error when the file is no database of this version */
  static open(file: string, tables: readonly AnyTable[]): SqliteDatabase {
    mkdirSync(dirname(file), { recursive: true });
    const writer = new DatabaseSync(file);
    // A checkpoint each 1,000 pages copies hot rows again and again; 16 MiB of log is nothing on any disk.
    writer.exec(
      'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536',
    );
    for (const table of tables) {
      writer.exec(schemaOf(table));
      // `IF NOT EXISTS` takes any table of that name; what it then holds would be found out in the middle of a commit.
      const kept = writer.prepare("SELECT sql FROM sqlite_schema WHERE type='table' AND name=?").get(table.name);
      if (kept?.['sql'] === createTable(table).replace('IF NOT EXISTS ', '')) continue;
      writer.close();
      throw new Error(`${file} was made by another version: its table ${table.name} has other columns`);
    }
    const readers = Array.from({ length: SNAPSHOT_CONNECTIONS }, () => {
      const reader = new DatabaseSync(file);
      reader.exec('PRAGMA query_only=1; PRAGMA cache_size=-16384');
      return new Connection(reader);
    });
    return new SqliteDatabase(new Connection(writer), readers);
  }

  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#run(work));
    // The queue goes on whatever becomes of this transaction; its caller gets the error.
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  async #run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed) throw new TryAgain('the store is closing');
    const tx = new BufferedTransaction(this.#writer);
    const result = await work(tx);
    tx.commit();
    return result;
  }

  async snapshot<T>(work: (view: Reader) => Promise<T>): Promise<T> {
    while (this.#readers.length === 0) await new Promise<void>((resolve) => this.#waitingReaders.push(resolve));
    if (this.#closed) {
      // The connection that came free is not taken after all: whoever waits behind is to know as well.
      this.#waitingReaders.shift()?.();
      throw new TryAgain('the store is closing');
    }
    const reader = this.#readers.pop()!;
    try {
      reader.exec('BEGIN');
      // A deferred transaction fixes its instant at the first read; read at once, so that it is this one.
      reader.exec('SELECT 1 FROM sqlite_schema LIMIT 1');
      return await work(reader);
    } finally {
      reader.exec('ROLLBACK');
      this.#readers.push(reader);
      this.#waitingReaders.shift()?.();
    }
  }

  async purgeExpired(table: AnyTable, now: string, limit: number): Promise<number> {
    if (table.expires === undefined) throw new Error(`rows of ${table.name} do not expire`);
    // Keys only, found by the index and deleted in the turn of the writer.
    const key = table.key.join(', ');
    const due = `SELECT ${key} FROM ${table.name} WHERE ${table.expires} < ? ORDER BY ${table.expires} LIMIT ?`;
    const sql = `DELETE FROM ${table.name} WHERE (${key}) IN (${due})`;
    const purge = this.#last.then(() => {
      if (this.#closed) throw new TryAgain('the store is closing');
      return Number(this.#writer.statement(sql).run(now, limit).changes);
    });
    this.#last = purge.then(
      () => undefined,
      () => undefined,
    );
    return purge;
  }

  /** Waits for what is under way, then closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#last;
    this.#closed = true;
    while (this.#readers.length < SNAPSHOT_CONNECTIONS) {
      await new Promise<void>((resolve) => this.#waitingReaders.push(resolve));
    }
    for (const reader of this.#readers) reader.close();
    this.#writer.close();
  }
}

/** One SQLite connection with its prepared statements. */
class Connection implements Reader {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  close(): void {
    this.#database.close();
  }

  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    return Promise.resolve(this.#get(table, this.statement(selectByKey(table)), key));
  }

  readMany<C extends Columns>(table: Table<C>, keys: readonly Key[]): Promise<(RowOf<C> | undefined)[]> {
    const statement = this.statement(selectByKey(table));
    return Promise.resolve(keys.map((key) => this.#get(table, statement, key)));
  }

  #get<C extends Columns>(table: Table<C>, statement: StatementSync, key: Key): RowOf<C> | undefined {
    if (key.length !== table.key.length) throw new Error(`a key of ${table.name} is (${table.key.join(', ')})`);
    return statement.get(...(key as SQLInputValue[])) as RowOf<C> | undefined;
  }

  range<C extends Columns>(table: Table<C>, range: Range): Promise<RowOf<C>[]> {
    const { sql, values } = selectRange(table, range);
    return Promise.resolve(this.statement(sql).all(...(values as SQLInputValue[])) as unknown[] as RowOf<C>[]);
  }
}

/** Reads go straight to the connection; writes wait for the commit, so `work` has no effect until it is done. */
class BufferedTransaction implements Transaction {
  readonly #connection: Connection;
  readonly #writes: (() => void)[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
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

  insert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.#write(`INSERT INTO ${table.name} (${columnList(table)}) VALUES (${marks(table)})`, rowValues(table, row));
  }

  upsert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.#write(
      `INSERT OR REPLACE INTO ${table.name} (${columnList(table)}) VALUES (${marks(table)})`,
      rowValues(table, row),
    );
  }

  update<C extends Columns>(table: Table<C>, key: Key, changes: Partial<RowOf<C>>): void {
    const names = Object.keys(changes);
    const sql = `UPDATE ${table.name} SET ${names.map((name) => `${name}=?`).join(', ')} WHERE ${whereKey(table.key)}`;
    const values = [...names.map((name) => (changes as Record<string, Cell>)[name]!), ...key];
    this.#writes.push(() => {
      const { changes: rows } = this.#connection.statement(sql).run(...(values as SQLInputValue[]));
      if (rows !== 1) throw new Error(`no row of ${table.name} to update`);
    });
  }

  delete<C extends Columns>(table: Table<C>, key: Key): void {
    this.#write(`DELETE FROM ${table.name} WHERE ${whereKey(table.key)}`, key);
  }

  #write(sql: string, values: readonly Cell[]): void {
    this.#writes.push(() => this.#connection.statement(sql).run(...(values as SQLInputValue[])));
  }

  /** Applies all writes or none. */
  commit(): void {
    if (this.#writes.length === 0) return;
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      for (const write of this.#writes) write();
      this.#connection.exec('COMMIT');
    } catch (error) {
      this.#connection.exec('ROLLBACK');
      throw error;
    }
  }
}

const SQL_TYPE = { text: 'TEXT', bytes: 'BLOB', int: 'INTEGER' } as const;

function createTable(table: AnyTable): string {
  const columns = Object.entries(table.columns).map(([name, type]) => {
    const nullable = type.endsWith('?');
    return `${name} ${SQL_TYPE[type.replace('?', '') as keyof typeof SQL_TYPE]}${nullable ? '' : ' NOT NULL'}`;
  });
  // Rows live in the primary key's own tree: one look-up per read, and no second copy of the key.
  return `CREATE TABLE IF NOT EXISTS ${table.name} (${columns.join(', ')}, PRIMARY KEY (${table.key.join(', ')})) STRICT, WITHOUT ROWID`;
}

function schemaOf(table: AnyTable): string {
  const expiry = table.expires === undefined ? {} : { [`${table.name}_by_expiry`]: [table.expires] };
  const indexes = Object.entries({ ...table.indexes, ...expiry }).map(
    ([name, names]) => `CREATE INDEX IF NOT EXISTS ${name} ON ${table.name} (${names.join(', ')})`,
  );
  return [createTable(table), ...indexes].join(';');
}

const columnList = (table: AnyTable): string => Object.keys(table.columns).join(', ');
const marks = (table: AnyTable): string =>
  Object.keys(table.columns)
    .map(() => '?')
    .join(', ');
const whereKey = (names: readonly string[]): string => names.map((name) => `${name}=?`).join(' AND ');
const selectByKey = (table: AnyTable): string => `SELECT * FROM ${table.name} WHERE ${whereKey(table.key)}`;

function rowValues<C extends Columns>(table: Table<C>, row: RowOf<C>): Cell[] {
  return Object.keys(table.columns).map((name) => {
    const value = (row as Record<string, Cell | undefined>)[name];
    if (value === undefined) throw new Error(`${table.name}.${name} has no value`);
    return value;
  });
}

function selectRange(table: AnyTable, range: Range): { sql: string; values: Cell[] } {
  const names = range.index === undefined ? table.key : table.indexes[range.index];
  if (names === undefined) throw new Error(`${table.name} has no index ${range.index}`);
  const prefix = range.prefix ?? [];
  const rest = names.slice(prefix.length);
  const conditions = prefix.map((_, i) => `${names[i]}=?`);
  const values: Cell[] = [...prefix];
  for (const [bound, operator] of [
    [range.from, '>='],
    [range.to, '<'],
  ] as const) {
    if (bound === undefined) continue;
    // Row values compare column by column, as keys do.
    const columns = rest.slice(0, bound.length);
    conditions.push(`(${columns.join(', ')}) ${operator} (${bound.map(() => '?').join(', ')})`);
    values.push(...bound);
  }
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  // Index order ends with the primary key, so that the order is total on every engine.
  const order = [...names, ...table.key.filter((name) => !names.includes(name))];
  const direction = range.reverse === true ? ' DESC' : '';
  // Bound, not spelt out: statements are kept by their text, and limits come in every size.
  const limit = range.limit === undefined ? '' : ' LIMIT ?';
  if (range.limit !== undefined) values.push(range.limit);
  return {
    sql: `SELECT * FROM ${table.name}${where} ORDER BY ${order.map((name) => name + direction).join(', ')}${limit}`,
    values,
  };
}
