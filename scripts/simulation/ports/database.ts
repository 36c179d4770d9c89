import { TryAgain } from '../../../shared/domain/errors.ts';
import type {
  AnyTable,
  Columns,
  Database,
  Key,
  Range,
  Reader,
  RowOf,
  Stretch,
  Table,
  Transaction,
} from '../../../shared/ports/database.ts';
import type { Gate } from '../gate.ts';
import {
  apply,
  type Change,
  keyText,
  type Row,
  rowAt,
  rowsIn,
  rowsInAll,
  type State,
  stateOf,
  type Write,
} from './tables.ts';

/** What all clients of one database share: what is committed. */
export class Committed {
  state: State;
  /** Told of every commit that changed something, when it has happened. */
  onCommit: (changes: readonly Change[], state: State) => void = () => undefined;

  constructor(state: State) {
    this.state = state;
  }

  commit(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    const { state, changes } = apply(this.state, writes);
    this.state = state;
    if (changes.length > 0) this.onCommit(changes, state);
  }
}

/** What a transaction has read: it counts only if all of that still stands when it commits. */
type Seen =
  | { readonly table: AnyTable; readonly key: string; readonly row: Row | undefined }
  | { readonly table: AnyTable; readonly range: Range; readonly rows: readonly Row[] }
  | {
      readonly table: AnyTable;
      readonly stretches: readonly Stretch[];
      readonly limit: number | undefined;
      readonly rows: readonly Row[];
    };

class StateReader implements Reader {
  readonly seen: Seen[] = [];
  /** a read that failed takes its transaction along, whatever the work made of it */
  failure: { readonly error: unknown } | undefined;
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  async read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    return this.#guarded(() => this.#one(table, key)) as RowOf<C> | undefined;
  }

  async readMany<C extends Columns>(table: Table<C>, keys: readonly Key[]): Promise<(RowOf<C> | undefined)[]> {
    return this.#guarded(() => keys.map((key) => this.#one(table, key))) as (RowOf<C> | undefined)[];
  }

  async range<C extends Columns>(table: Table<C>, range: Range): Promise<RowOf<C>[]> {
    return this.#guarded(() => {
      const rows = rowsIn(stateOf(this.#state, table), range);
      this.seen.push({ table, range, rows });
      return rows.slice();
    }) as unknown as RowOf<C>[];
  }

  async ranges<C extends Columns>(table: Table<C>, stretches: readonly Stretch[], limit?: number): Promise<RowOf<C>[]> {
    return this.#guarded(() => {
      const rows = rowsInAll(stateOf(this.#state, table), stretches, limit);
      this.seen.push({ table, stretches, limit, rows });
      return rows.slice();
    }) as unknown as RowOf<C>[];
  }

  #one(table: AnyTable, key: Key): Row | undefined {
    const text = keyText(key);
    const row = rowAt(stateOf(this.#state, table), text);
    this.seen.push({ table, key: text, row });
    return row;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.failure ??= { error };
      throw error;
    }
  }

  /** Whether everything that was read is so in another state, too. */
  holdsIn(state: State): boolean {
    return this.seen.every((seen) => {
      const now = stateOf(state, seen.table);
      if (now === stateOf(this.#state, seen.table)) return true;
      if ('key' in seen) return rowAt(now, seen.key) === seen.row;
      const rows = 'range' in seen ? rowsIn(now, seen.range) : rowsInAll(now, seen.stretches, seen.limit);
      return rows.length === seen.rows.length && rows.every((row, i) => row === seen.rows[i]);
    });
  }
}

class StateTransaction extends StateReader implements Transaction {
  readonly writes: Write[] = [];

  insert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.writes.push({ kind: 'insert', table, row: row as Row });
  }

  upsert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.writes.push({ kind: 'upsert', table, row: row as Row });
  }

  update<C extends Columns>(table: Table<C>, key: Key, changes: Partial<RowOf<C>>): void {
    this.writes.push({ kind: 'update', table, key, changes: changes as Row });
  }

  delete<C extends Columns>(table: Table<C>, key: Key): void {
    this.writes.push({ kind: 'delete', table, key });
  }
}

export interface DatabaseOptions {
  /** how often work that lost against others is run again before its caller is told to come later */
  readonly rerunsMax: number;
  /** what an instance that gave up has left behind happens some time, or never */
  readonly later: (work: () => void) => void;
  /** told when a transaction has lost against another, with the tables that it would have written */
  readonly onConflict?: (tables: string) => void;
}

/**
 * A database with the semantics that the port asks for: a transaction reads one instant, what it read must still stand when it
 * commits, and its writes happen together. Like Spanner's adapter it runs aborted work again itself, and where nobody knows
 * whether a commit was applied it does not: it tells its caller.
 *
 * Reads see an instant that was fixed at the beginning, so they commute with whatever others do: the scheduling points are the
 * beginning and the commit.
 */
export class SimulatedDatabase implements Database {
  readonly #committed: Committed;
  readonly #gate: Gate;
  readonly #options: DatabaseOptions;
  #closed = false;
  #inside = 0;
  readonly #closing: (() => void)[] = [];

  constructor(committed: Committed, gate: Gate, options: DatabaseOptions) {
    this.#committed = committed;
    this.#gate = gate;
    this.#options = options;
  }

  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#within(async () => {
      for (let rerun = 0; ; rerun++) {
        const tx = new StateTransaction(await this.#look('database.begin'));
        const result = await work(tx);
        if (tx.failure !== undefined) throw tx.failure.error;
        if ((await this.#commit(tx)) === 'committed') return result;
        if (rerun === this.#options.rerunsMax) throw new TryAgain('others were always faster');
      }
    });
  }

  read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    return this.snapshot((view) => view.read(table, key));
  }

  snapshot<T>(work: (view: Reader) => Promise<T>): Promise<T> {
    return this.#within(async () => {
      const reader = new StateReader(await this.#look('database.snapshot'));
      const result = await work(reader);
      if (reader.failure !== undefined) throw reader.failure.error;
      return result;
    });
  }

  #look(op: string): Promise<State> {
    return this.#gate.pass({ op, about: '', faults: ['before'], effect: () => this.#committed.state });
  }

  #commit(tx: StateTransaction): Promise<'committed' | 'aborted'> {
    const isWriting = tx.writes.length > 0;
    const tables = (isWriting ? tx.writes : tx.seen).map(({ table }) => table.name);
    const about = [...new Set(tables)].join(' ');
    const effect = (): 'committed' | 'aborted' => {
      if (!tx.holdsIn(this.#committed.state)) {
        this.#options.onConflict?.(about);
        return 'aborted';
      }
      this.#committed.commit(tx.writes);
      return 'committed';
    };
    return this.#gate.pass({
      op: isWriting ? 'database.commit' : 'database.end',
      about,
      faults: isWriting ? ['before', 'after', 'aborted', 'late'] : ['before', 'aborted'],
      effect,
      otherwise: (fault) => {
        if (fault === 'aborted') return 'aborted';
        this.#options.later(effect);
        throw new TryAgain('the database did not say whether it committed');
      },
    });
  }

  /** As Spanner does it: by itself, some time. */
  async purgeExpired(table: AnyTable): Promise<number> {
    if (table.expires === undefined) throw new Error(`rows of ${table.name} do not expire`);
    return 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#inside > 0) await new Promise<void>((resolve) => this.#closing.push(resolve));
  }

  async #within<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new TryAgain('the store is closing');
    this.#inside++;
    try {
      return await work();
    } finally {
      this.#inside--;
      if (this.#inside === 0) for (const told of this.#closing.splice(0)) told();
    }
  }
}
