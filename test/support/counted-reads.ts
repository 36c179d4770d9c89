import type { Columns, Database, Key, Reader, Table, Transaction } from '../../shared/ports/database.ts';

/**
 * From now on counts what is asked of a database: each keyed read, list of keys, range and list of ranges is one.
 * @param database whose methods are replaced in place, so that the stores over it are counted, too
 * @returns what was asked since it was last called, table by table, in order
 */
export function countedReads(database: Database): () => readonly string[] {
  let asked: string[] = [];
  const { snapshot, transact } = database;
  const reading = <R extends Reader>(reader: R): R => {
    const note = (table: { readonly name: string }, how: string): void => void asked.push(`${how} ${table.name}`);
    const counted: Reader = {
      read: (table, key) => {
        note(table, 'read');
        return reader.read(table, key);
      },
      readMany: (table, keys) => {
        note(table, 'readMany');
        return reader.readMany(table, keys);
      },
      range: (table, range) => {
        note(table, 'range');
        return reader.range(table, range);
      },
      ranges: (table, stretches, limit) => {
        note(table, 'ranges');
        return reader.ranges(table, stretches, limit);
      },
    };
    return Object.assign(Object.create(reader) as R, counted);
  };
  Object.assign(database, {
    // A row by itself is a snapshot of one read.
    read: <C extends Columns>(table: Table<C>, key: Key) => database.snapshot((view) => view.read(table, key)),
    snapshot: <T>(work: (view: Reader) => Promise<T>) => snapshot.call(database, (view) => work(reading(view))),
    transact: <T>(work: (tx: Transaction) => Promise<T>) =>
      transact.call(database, (tx) => work(bound(reading(tx), tx))),
  });
  return () => {
    const before = asked;
    asked = [];
    return before;
  };
}

/** The writes of a transaction belong to the one inside. */
const bound = (counted: Transaction, inside: Transaction): Transaction =>
  Object.assign(counted, {
    insert: inside.insert.bind(inside),
    upsert: inside.upsert.bind(inside),
    update: inside.update.bind(inside),
    delete: inside.delete.bind(inside),
  });
