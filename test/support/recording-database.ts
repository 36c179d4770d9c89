import { mutationsOf, type Write } from '../../shared/adapters/database/mutations.ts';
import type {
  AnyTable,
  Cell,
  Columns,
  Database,
  Key,
  Reader,
  RowOf,
  Table,
  Transaction,
} from '../../shared/ports/database.ts';

/** What one commit held, as Spanner counts it. */
export interface RecordedCommit {
  readonly mutations: number;
  readonly byTable: Readonly<Record<string, number>>;
}

/** A database that works as the one inside and remembers how large each commit was. */
export class RecordingDatabase implements Database {
  /** Commits that took place, oldest first. */
  readonly commits: RecordedCommit[] = [];
  readonly #inside: Database;

  constructor(inside: Database) {
    this.#inside = inside;
  }

  async transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let byTable: Record<string, number> = {};
    const result = await this.#inside.transact((tx) => {
      // Work may run more than once; its last run is the one that counts.
      byTable = {};
      return work(counting(tx, byTable));
    });
    const mutations = Object.values(byTable).reduce((sum, count) => sum + count, 0);
    this.commits.push({ mutations, byTable });
    return result;
  }

  read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    return this.#inside.read(table, key);
  }

  snapshot<T>(work: (view: Reader) => Promise<T>): Promise<T> {
    return this.#inside.snapshot(work);
  }

  purgeExpired(table: AnyTable, now: string, limit: number): Promise<number> {
    return this.#inside.purgeExpired(table, now, limit);
  }

  close(): Promise<void> {
    return this.#inside.close();
  }
}

function counting(tx: Transaction, byTable: Record<string, number>): Transaction {
  const count = (table: AnyTable, write: Write): void => {
    byTable[table.name] = (byTable[table.name] ?? 0) + mutationsOf(table, write);
  };
  return {
    read: (table, key) => tx.read(table, key),
    readMany: (table, keys) => tx.readMany(table, keys),
    range: (table, range) => tx.range(table, range),
    ranges: (table, stretches, limit) => tx.ranges(table, stretches, limit),
    insert: (table, row) => {
      count(table, { kind: 'insert', row });
      tx.insert(table, row);
    },
    upsert: (table, row) => {
      count(table, { kind: 'upsert', row });
      tx.upsert(table, row);
    },
    update: (table, key, changes) => {
      count(table, { kind: 'update', key, changes: changes as Readonly<Record<string, Cell>> });
      tx.update(table, key, changes);
    },
    delete: (table, key) => {
      count(table, { kind: 'delete', key });
      tx.delete(table, key);
    },
  };
}
