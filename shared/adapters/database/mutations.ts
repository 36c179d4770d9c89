import type { AnyTable, Cell, Key } from '../../ports/database.ts';

/** One buffered change of one row. */
export type Write =
  | { readonly kind: 'insert' | 'upsert'; readonly row: Readonly<Record<string, Cell>> }
  | { readonly kind: 'update'; readonly key: Key; readonly changes: Readonly<Record<string, Cell>> }
  | { readonly kind: 'delete'; readonly key: Key };

/**
 * What one commit may hold. Spanner refuses 80,000 (cloud.google.com/spanner/quotas, "Mutations per commit"); the emulator
 * refuses nothing, so it is counted here. A quarter is kept back for what cannot be seen from here: an index that is being
 * built counts from its first moment (googleapis/google-cloud-java#12670).
 */
export const MUTATIONS_MAX = 60_000;

/**
 * How many mutations Spanner counts for a change: every column written, the key's among them, and every column of each index
 * entry made (googleapis/google-cloud-go#1721); a delete is one, and one more per index (CommitStats.mutation_count).
 * Where the answer hangs on what the row was before, the larger one is given.
 */
export function mutationsOf(table: AnyTable, write: Write): number {
  const indexes = Object.values(table.indexes);
  switch (write.kind) {
    case 'delete':
      return 1 + indexes.length;
    case 'insert':
      return allColumns(table) + total(indexes.map((index) => entryColumns(table, index)));
    case 'upsert':
      // The row may have stood elsewhere in the index: its old entry goes.
      return allColumns(table) + total(indexes.map((index) => 1 + entryColumns(table, index)));
    case 'update': {
      const written = new Set([...table.key, ...Object.keys(write.changes)]);
      const moved = indexes.filter((index) => index.some((name) => name in write.changes));
      const generated = table.expires !== undefined && table.expires in write.changes ? 1 : 0;
      return written.size + generated + total(moved.map((index) => 1 + entryColumns(table, index)));
    }
  }
}

/** A table whose rows expire has one column more than the catalogue says: the one that is generated from it. */
const allColumns = (table: AnyTable): number =>
  Object.keys(table.columns).length + (table.expires === undefined ? 0 : 1);

/** An index entry ends with the columns of the primary key that are not in the index. */
const entryColumns = (table: AnyTable, index: readonly string[]): number => new Set([...index, ...table.key]).size;

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
