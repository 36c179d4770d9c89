import type { Reader, Transaction } from '../ports/database.ts';

/** A transaction that reads and keeps nothing: what would be written is thrown away. */
export const dryRun = (view: Reader): Transaction => ({
  read: (table, key) => view.read(table, key),
  readMany: (table, keys) => view.readMany(table, keys),
  range: (table, range) => view.range(table, range),
  ranges: (table, stretches, limit) => view.ranges(table, stretches, limit),
  insert: () => undefined,
  upsert: () => undefined,
  update: () => undefined,
  delete: () => undefined,
});
