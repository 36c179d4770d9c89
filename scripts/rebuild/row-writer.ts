import type { Cell, Columns, Database, RowOf, Table, Transaction } from '../../shared/ports/database.ts';

/** One commit holds so many rows or bytes: far below what any engine takes. */
const ROWS_PER_COMMIT = 500;
const BYTES_PER_COMMIT = 4 * 1024 ** 2;

const bytesOf = (cell: Cell): number => (typeof cell === 'string' || cell instanceof Uint8Array ? cell.length : 8);

/** Writes rows by the hundred, in the order they are given. */
export class RowWriter {
  readonly #database: Database;
  #pending: ((tx: Transaction) => void)[] = [];
  #bytes = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  async put<C extends Columns>(table: Table<C>, row: RowOf<C>): Promise<void> {
    const bytes = Object.values(row as Record<string, Cell>).reduce<number>((sum, cell) => sum + bytesOf(cell), 0);
    await this.write((tx) => tx.upsert(table, row), bytes);
  }

  /** Rows that are written by somebody who knows how; a few hundred bytes unless said. */
  async write(work: (tx: Transaction) => void, bytes = 500): Promise<void> {
    this.#pending.push(work);
    this.#bytes += bytes;
    if (this.#pending.length >= ROWS_PER_COMMIT || this.#bytes >= BYTES_PER_COMMIT) await this.flush();
  }

  async flush(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    this.#bytes = 0;
    if (pending.length === 0) return;
    await this.#database.transact(async (tx) => {
      for (const work of pending) work(tx);
    });
  }
}
