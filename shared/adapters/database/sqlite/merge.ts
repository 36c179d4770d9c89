import { Filter } from './filter.ts';
import type { RecordForm } from './records.ts';
import { BLOCK_BYTES, type Run } from './runs.ts';
import type { Connection } from './statements.ts';
import { compareKeys } from './young.ts';

/** Makes one run of several, a little at a time. Until it is done nobody sees anything of it; a crash leaves blocks without a head. */
export class Merge {
  readonly #sources: readonly Run[];
  readonly #cursors: Cursor[];
  readonly #connection: Connection;
  readonly #form: RecordForm;
  readonly #insert: string;
  readonly #id: number;
  readonly #filter: Filter;
  readonly #now: number;
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #filled = 0;
  #count = 0;
  #goodUntil = 0;

  /** @param sources of one level, oldest first @param now rows that are no longer good by then are left out */
  constructor(
    table: string,
    connection: Connection,
    form: RecordForm,
    sources: readonly Run[],
    id: number,
    now: number,
  ) {
    this.#sources = sources;
    this.#connection = connection;
    this.#form = form;
    this.#insert = `INSERT INTO ${table} (run, first, bytes) VALUES (?, ?, ?)`;
    this.#id = id;
    this.#now = now;
    this.#filter = Filter.forKeys(sources.reduce((sum, { count }) => sum + count, 0));
    this.#cursors = sources.map((run) => new Cursor(table, connection, run.id));
  }

  takes(run: Run): boolean {
    return this.#sources.includes(run);
  }

  /** @returns the run, once it is whole: its head is to be written */
  step(records: number): { readonly sources: readonly Run[]; readonly run: Run } | undefined {
    for (let left = records; left > 0; left--) {
      const least = this.#least();
      if (least === undefined) {
        this.#flush();
        const { level, since } = this.#sources[0]!;
        const facts = { level: level + 1, since, count: this.#count, goodUntil: this.#goodUntil };
        return { sources: this.#sources, run: { id: this.#id, ...facts, filter: this.#filter } };
      }
      this.#take(least);
      least.next();
    }
    return undefined;
  }

  /** The cursor at the least key, the newest of those that are at it; the others go past it. */
  #least(): Cursor | undefined {
    let least: Cursor | undefined;
    for (const cursor of this.#cursors) {
      if (cursor.isOver) continue;
      if (least !== undefined) {
        const order = least.prefix - cursor.prefix || compareKeys(least.bytes, least.at, cursor.bytes, cursor.at);
        if (order < 0) continue;
        if (order === 0) least.next();
      }
      least = cursor;
    }
    return least;
  }

  #take({ bytes, at }: Cursor): void {
    const until = this.#form.expiryOf(bytes, at);
    if (until !== 0 && until < this.#now) return;
    if (until > this.#goodUntil) this.#goodUntil = until;
    const length = bytes.readUInt16BE(at);
    if (this.#filled + length > BLOCK_BYTES) this.#flush();
    bytes.copy(this.#block, this.#filled, at, at + length);
    this.#filled += length;
    this.#filter.add(bytes, at + 2);
    this.#count++;
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const block = this.#block.subarray(0, this.#filled);
    this.#connection.statement(this.#insert).run(this.#id, block.subarray(2, 18), block);
    this.#filled = 0;
  }
}

/** Goes through the records of a run. */
class Cursor {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  /** the first 48 bits of the key, which decide nearly always */
  prefix = 0;
  isOver = false;
  readonly #connection: Connection;
  readonly #run: number;
  readonly #sql: string;
  #first: Uint8Array = new Uint8Array(0);

  constructor(table: string, connection: Connection, run: number) {
    this.#connection = connection;
    this.#run = run;
    this.#sql = `SELECT first, bytes FROM ${table} WHERE run=? AND first>? ORDER BY first LIMIT 1`;
    this.#load();
  }

  next(): void {
    this.at += this.bytes.readUInt16BE(this.at);
    if (this.at < this.bytes.length) this.prefix = this.bytes.readUIntBE(this.at + 2, 6);
    else this.#load();
  }

  #load(): void {
    const row = this.#connection.statement(this.#sql).get(this.#run, this.#first);
    this.at = 0;
    this.isOver = row === undefined;
    if (row === undefined) return;
    const bytes = row['bytes'] as Uint8Array;
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#first = row['first'] as Uint8Array;
    this.prefix = this.bytes.readUIntBE(2, 6);
  }
}
