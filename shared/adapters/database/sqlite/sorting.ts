import { Filter } from './filter.ts';
import type { RecordForm } from './records.ts';
import { BLOCK_BYTES, type Run } from './runs.ts';
import type { Connection } from './statements.ts';
import type { Young } from './young.ts';

/**
 * Makes a run of the rows that came, a little at a time: all at once it held requests up for a tenth of a second. Until it is done they are
 * found where they were; a crash leaves blocks without a head.
 */
export class Sorting {
  /** the rows, of which there are no more */
  readonly young: Young;
  readonly #form: RecordForm;
  readonly #connection: Connection;
  readonly #insert: string;
  readonly #id: number;
  readonly #sorted: readonly number[];
  readonly #filter: Filter;
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #next = 0;
  #filled = 0;
  #goodUntil = 0;

  constructor(table: string, connection: Connection, form: RecordForm, young: Young, id: number) {
    this.young = young;
    this.#form = form;
    this.#connection = connection;
    this.#insert = `INSERT INTO ${table} (run, first, bytes) VALUES (?, ?, ?)`;
    this.#id = id;
    this.#sorted = young.sorted();
    this.#filter = Filter.forKeys(young.count);
  }

  /** @returns the run, once it is whole: its head is to be written */
  step(records: number): Run | undefined {
    const to = Math.min(this.#next + records, this.#sorted.length);
    for (; this.#next < to; this.#next++) this.#take(this.#sorted[this.#next]!);
    if (to < this.#sorted.length) return undefined;
    this.#flush();
    const facts = { level: 1, since: this.#id, count: to, goodUntil: this.#goodUntil };
    return { id: this.#id, ...facts, filter: this.#filter };
  }

  #take(at: number): void {
    const { bytes } = this.young;
    const length = bytes.readUInt16BE(at);
    if (this.#filled + length > BLOCK_BYTES) this.#flush();
    bytes.copy(this.#block, this.#filled, at, at + length);
    this.#filled += length;
    this.#filter.add(bytes, at + 2);
    this.#goodUntil = Math.max(this.#goodUntil, this.#form.expiryOf(bytes, at));
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const block = this.#block.subarray(0, this.#filled);
    this.#connection.statement(this.#insert).run(this.#id, block.subarray(2, 18), block);
    this.#filled = 0;
  }
}
