/** A column's value. `int` columns are safe integers: positions, counts and flags. Money is text, instants are text. */
export type ColumnType = 'text' | 'bytes' | 'int';
export type Cell = string | Uint8Array | number | null;

type CellOf<T extends ColumnType> = T extends 'text' ? string : T extends 'bytes' ? Uint8Array : number;

/** `nullable` columns end in `?` in the catalogue. */
export type Columns = Record<string, ColumnType | `${ColumnType}?`>;

export type RowOf<C extends Columns> = {
  readonly [K in keyof C]: C[K] extends `${infer T extends ColumnType}?`
    ? CellOf<T> | null
    : C[K] extends ColumnType
      ? CellOf<C[K]>
      : never;
};

/** One table of the catalogue. Both engines are generated from it; a store names tables only through it. */
export interface AnyTable {
  readonly name: string;
  readonly columns: Columns;
  /** Columns of the primary key, in order. Never a leading counter or instant: on Spanner those make a hot spot. */
  readonly key: readonly string[];
  /** Secondary indexes by name: their columns, in order. */
  readonly indexes: Readonly<Record<string, readonly string[]>>;
  /** Table whose key begins this one's: its rows are few, and are read and written together with the parent's. */
  readonly parent?: string;
  /** Column with the instant, as text, from which on a row is worthless and may go. Such a table is never read by that column. */
  readonly expires?: string;
  /**
   * Column of the key that holds 16 bytes of a hash, by which alone a row is known. Such rows are many and lie anywhere; an engine
   * may keep them in another form. They are written with `insert` or `upsert` and read by their key; nothing else is asked of them
   * but ranges by errands, which may take long.
   */
  readonly scattered?: string;
}

/** A table that remembers what its rows look like. */
export interface Table<C extends Columns> extends AnyTable {
  readonly columns: C;
}

export type Key = readonly (string | number | Uint8Array)[];

/** An ordered stretch of a table or of one of its indexes. */
export interface Range {
  /** Index to walk; the primary key when absent. */
  readonly index?: string;
  /** Leading key columns that every row shares. */
  readonly prefix?: Key;
  /** First key after the prefix, inclusive. */
  readonly from?: Key;
  /** First key after the prefix that is no longer wanted, exclusive. */
  readonly to?: Key;
  readonly limit?: number;
  readonly reverse?: boolean;
}

/** A stretch of a table's primary key, forwards. */
export type Stretch = Pick<Range, 'prefix' | 'from' | 'to'>;

export interface Reader {
  read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined>;
  /** Many keyed reads in one round trip; answers in the order of the keys. */
  readMany<C extends Columns>(table: Table<C>, keys: readonly Key[]): Promise<(RowOf<C> | undefined)[]>;
  range<C extends Columns>(table: Table<C>, range: Range): Promise<RowOf<C>[]>;
  /**
   * Many stretches of a table's primary key in one round trip, ascending by key whatever the order of the stretches. Those that
   * overlap give their rows once.
   * @param limit of rows, of all stretches together: those of the least keys
   */
  ranges<C extends Columns>(table: Table<C>, stretches: readonly Stretch[], limit?: number): Promise<RowOf<C>[]>;
}

/** Reads see the state before the transaction; writes are buffered and applied together at its end, in order. */
export interface Transaction extends Reader {
  /** @throws at commit, when the row exists: the whole transaction is undone */
  insert<C extends Columns>(table: Table<C>, row: RowOf<C>): void;
  upsert<C extends Columns>(table: Table<C>, row: RowOf<C>): void;
  /** Changes the given columns of an existing row. @throws at commit, when there is no such row */
  update<C extends Columns>(table: Table<C>, key: Key, changes: Partial<RowOf<C>>): void;
  delete<C extends Columns>(table: Table<C>, key: Key): void;
}

/**
 * Spanner's own fast path and nothing else: keyed reads, ordered ranges, buffered mutations.
 *
 * Transactions are serializable and durable once they return. `work` may run more than once, so it has no side effects:
 * no publishing, no signing, no HTTP inside.
 */
export interface Database {
  /** @throws TryAgain when the engine cannot commit now; whatever `work` throws, with nothing written */
  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** One row as it is committed now: what a snapshot of one read shows, where nothing else is to be seen with it. */
  read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined>;
  /** Many reads that all see one instant. */
  snapshot<T>(work: (view: Reader) => Promise<T>): Promise<T>;
  /**
   * Deletes rows of a table with `expires` whose time has come, at most `limit`. Spanner sees to that by itself (row
   * deletion policy), so there it does nothing.
   * @returns how many went
   */
  purgeExpired(table: AnyTable, now: string, limit: number): Promise<number>;
  /**
   * Whether commits can be made, for who asks after the process's health. An engine that is a service of its own leaves it out: its
   * health is told there. @throws TryAgain where the last commit failed for the disk's sake and another would as well
   */
  ready?(): Promise<void>;
  close(): Promise<void>;
}
