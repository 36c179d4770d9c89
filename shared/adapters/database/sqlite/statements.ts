import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { AnyTable, Cell, Columns, Key, Range, Reader, RowOf, Stretch, Table } from '../../../ports/database.ts';
import type { ScatteredView } from './scattered.ts';

/** The scattered tables as one reader sees them. */
export type ScatteredViews = ReadonlyMap<string, ScatteredView>;

/** One SQLite connection with its prepared statements. */
export class Connection implements Reader {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Tables whose rows are no rows of SQLite; set by whoever begins to read. */
  scattered: ScatteredViews = new Map();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** A connection that cannot write. @param cacheKib of pages */
  static reader(file: string, cacheKib: number): Connection {
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA query_only=1; PRAGMA cache_size=-${cacheKib}`);
    return new Connection(database);
  }

  get isTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** Begins to see one instant, this one. */
  begin(): void {
    this.run('BEGIN');
    // A deferred transaction fixes its instant at the first read; read at once, so that it is this one.
    this.statement('SELECT 1 FROM sqlite_schema LIMIT 1').get();
  }

  /** Runs a statement that gives no rows; its text is read once. */
  run(sql: string): void {
    this.statement(sql).run();
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
    try {
      return Promise.resolve(this.#get(table, key));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  readMany<C extends Columns>(table: Table<C>, keys: readonly Key[]): Promise<(RowOf<C> | undefined)[]> {
    try {
      return Promise.resolve(keys.map((key) => this.#get(table, key)));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  #get<C extends Columns>(table: Table<C>, key: Key): RowOf<C> | undefined {
    if (key.length !== table.key.length) throw new Error(`a key of ${table.name} is (${table.key.join(', ')})`);
    if (table.scattered !== undefined) return this.#viewOf(table).get(key) as RowOf<C> | undefined;
    return this.statement(textsOf(table).selectByKey).get(...(key as SQLInputValue[])) as RowOf<C> | undefined;
  }

  range<C extends Columns>(table: Table<C>, range: Range): Promise<RowOf<C>[]> {
    try {
      if (table.scattered !== undefined) return Promise.resolve(this.#viewOf(table).range(range) as RowOf<C>[]);
      const { sql, values } = selectRange(table, range);
      return Promise.resolve(this.statement(sql).all(...(values as SQLInputValue[])) as unknown[] as RowOf<C>[]);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async ranges<C extends Columns>(table: Table<C>, stretches: readonly Stretch[], limit?: number): Promise<RowOf<C>[]> {
    const found: RowOf<C>[] = [];
    for (const { prefix, from, to } of stretches) {
      const bounds = { ...(prefix && { prefix }), ...(from && { from }), ...(to && { to }) };
      found.push(...(await this.range(table, limit === undefined ? bounds : { ...bounds, limit })));
    }
    const order = (a: RowOf<C>, b: RowOf<C>): number => compareKeys(table, a, b);
    const sorted = found.sort(order).filter((row, i) => i === 0 || order(found[i - 1]!, row) !== 0);
    return sorted.slice(0, limit ?? sorted.length);
  }

  #viewOf(table: AnyTable): ScatteredView {
    const view = this.scattered.get(table.name);
    if (view === undefined) throw new Error(`${table.name} cannot be read here`);
    return view;
  }
}

const SQL_TYPE = { text: 'TEXT', bytes: 'BLOB', int: 'INTEGER' } as const;

export function createTable(table: AnyTable): string {
  if (table.scattered !== undefined) {
    // Blocks are as large as a leaf of SQLite's takes; beside the rowid, not in the key's tree, which would cut them up.
    return `CREATE TABLE IF NOT EXISTS ${table.name} (run INTEGER NOT NULL, first BLOB NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (run, first)) STRICT`;
  }
  const columns = Object.entries(table.columns).map(([name, type]) => {
    const nullable = type.endsWith('?');
    return `${name} ${SQL_TYPE[type.replace('?', '') as keyof typeof SQL_TYPE]}${nullable ? '' : ' NOT NULL'}`;
  });
  // Rows live in the primary key's own tree: one look-up per read, and no second copy of the key.
  return `CREATE TABLE IF NOT EXISTS ${table.name} (${columns.join(', ')}, PRIMARY KEY (${table.key.join(', ')})) STRICT, WITHOUT ROWID`;
}

export function schemaOf(table: AnyTable): string {
  if (table.scattered !== undefined) return createTable(table);
  const expiry = table.expires === undefined ? {} : { [`${table.name}_by_expiry`]: [table.expires] };
  const indexes = Object.entries({ ...table.indexes, ...expiry }).map(
    ([name, names]) => `CREATE INDEX IF NOT EXISTS ${name} ON ${table.name} (${names.join(', ')})`,
  );
  return [createTable(table), ...indexes].join(';');
}

/** Texts of the statements that a table is read and written with, made once. */
export interface TableTexts {
  readonly names: readonly string[];
  readonly selectByKey: string;
  readonly insert: string;
  readonly upsert: string;
  readonly remove: string;
}

const texts = new WeakMap<AnyTable, TableTexts>();

export function textsOf(table: AnyTable): TableTexts {
  let found = texts.get(table);
  if (found === undefined) {
    const names = Object.keys(table.columns);
    const into = `INTO ${table.name} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
    found = {
      names,
      selectByKey: `SELECT * FROM ${table.name} WHERE ${whereKey(table.key)}`,
      insert: `INSERT ${into}`,
      upsert: `INSERT OR REPLACE ${into}`,
      remove: `DELETE FROM ${table.name} WHERE ${whereKey(table.key)}`,
    };
    texts.set(table, found);
  }
  return found;
}

export const whereKey = (names: readonly string[]): string => names.map((name) => `${name}=?`).join(' AND ');

export function rowValues<C extends Columns>(table: Table<C>, row: RowOf<C>): Cell[] {
  return textsOf(table).names.map((name) => {
    const value = (row as Record<string, Cell | undefined>)[name];
    if (value === undefined) throw new Error(`${table.name}.${name} has no value`);
    return value;
  });
}

/** As the engine compares: texts by their bytes. */
function compareKeys(table: AnyTable, one: object, other: object): number {
  for (const name of table.key) {
    const [a, b] = [one, other].map((row) => (row as Record<string, Cell>)[name]!) as [Cell, Cell];
    const order = typeof a === 'number' ? a - (b as number) : Buffer.compare(bytesOf(a), bytesOf(b));
    if (order !== 0) return order;
  }
  return 0;
}

const bytesOf = (cell: Cell): Uint8Array =>
  typeof cell === 'string' ? Buffer.from(cell, 'utf8') : (cell as Uint8Array);

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
