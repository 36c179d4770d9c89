import type { Columns, Key, RowOf, Table, Transaction } from '../../ports/database.ts';
import { MUTATIONS_MAX, type Write } from './mutations.ts';
import { SpannerReader } from './spanner-reader.ts';
import { type Mutation, MutationBuffer } from './spanner-rows.ts';

/** Reads go to Spanner; writes wait for the commit, so `work` has no effect until it is done and can run again. */
export class BufferedTransaction extends SpannerReader implements Transaction {
  readonly #buffer = new MutationBuffer();

  insert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.#buffer.add(table, { kind: 'insert', row });
  }

  upsert<C extends Columns>(table: Table<C>, row: RowOf<C>): void {
    this.#buffer.add(table, { kind: 'upsert', row });
  }

  update<C extends Columns>(table: Table<C>, key: Key, changes: Partial<RowOf<C>>): void {
    this.#buffer.add(table, { kind: 'update', key, changes } as Write);
  }

  delete<C extends Columns>(table: Table<C>, key: Key): void {
    this.#buffer.add(table, { kind: 'delete', key });
  }

  /** What is to be committed. @throws Error where it is more than one commit may hold: a bound in a store is wrong */
  mutations(): readonly Mutation[] {
    const { count, tables, mutations } = this.#buffer;
    if (count > MUTATIONS_MAX) {
      throw new Error(
        `a commit of ${count} mutations to ${[...tables].join(', ')}; at most ${MUTATIONS_MAX} may go together`,
      );
    }
    return mutations;
  }
}
