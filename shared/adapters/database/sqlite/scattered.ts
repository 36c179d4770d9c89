import { type Instant, microsOf } from '../../../domain/time.ts';
import type { AnyTable, Cell, Key, Range } from '../../../ports/database.ts';
import { Filter } from './filter.ts';
import { Merge } from './merge.ts';
import { RecordForm, requireHash } from './records.ts';
import { findInBlock, forEachRecord, type Run, YOUNG_RUN } from './runs.ts';
import { Sorting } from './sorting.ts';
import type { Connection } from './statements.ts';
import { Young } from './young.ts';

/** When rows are sorted, and when runs are merged. */
export interface ScatterPolicy {
  /** rows that are kept in memory, and on disk in the order in which they came, before they are sorted into a run; at most 2^20 */
  readonly youngMax: number;
  /** so many runs of one size become one of the next */
  readonly runsPerLevel: number;
  /** so many rows a commit sorts or merges, and so many more for each row that it brings */
  readonly movedAtLeast: number;
  readonly movedPerRow: number;
}
/** A row is sorted, and merged once for each size of run there is: where a commit moves as many for each row that it brings, no backlog grows. */
const POLICY: ScatterPolicy = { youngMax: 16_384, runsPerLevel: 8, movedAtLeast: 256, movedPerRow: 6 };

type Row = Readonly<Record<string, Cell | undefined>>;

/** A scattered table as one reader sees it. */
export interface ScatteredView {
  get(key: Key): Record<string, Cell> | undefined;
  /** Looks at every row: for errands, not for requests. */
  range(range: Range): Record<string, Cell>[];
}

/**
 * A table whose keys are hashes, written in sorted runs instead of a tree.
 *
 * In a tree each such row changes a page of its own: four kilobytes written, twice, for some ninety bytes. Here rows are appended as
 * they come, also in memory; some ten thousand together become a sorted run; runs of one size become one of the next, both a little with
 * each commit (log-structured merge, O'Neil et al. 1996). A filter in memory answers for nearly every key that a run does not hold.
 * All of it lies in one ordinary table of the same file, so a transaction is one transaction.
 */
export class ScatteredTable {
  readonly table: AnyTable;

  readonly #policy: ScatterPolicy;
  readonly #connection: Connection;
  readonly #form: RecordForm;
  readonly #keyAt: number;
  #young = new Young();
  /** oldest first; replaced, never changed: who sees it as it was keeps the list */
  #runs: readonly Run[] = [];
  #sorting: Sorting | undefined;
  #merge: Merge | undefined;
  /** runs that are in a later one, whose blocks are still to go; and, of what came, the rows before this, which are in a run */
  #garbage: number[] = [];
  #sortedLogs = 0;
  #nextRun = YOUNG_RUN + 1;
  #nextLog = 0;
  /** which of what came is the first that the young rows lie in */
  #firstLog = 0;
  /** where the rows begin that no commit has kept */
  #keptTo = 0;
  #taken = 0;
  /** before this no row that came last expires, in microseconds; and the text that was looked at last */
  #earliest = Number.POSITIVE_INFINITY;
  #lastExpiry: Cell | undefined;
  /** the latest instant, in microseconds, that expired rows were asked away for */
  #now = 0;

  constructor(table: AnyTable, connection: Connection, policy: Partial<ScatterPolicy> = {}) {
    this.#policy = { ...POLICY, ...policy };
    this.table = table;
    this.#connection = connection;
    this.#form = new RecordForm(table);
    this.#keyAt = table.key.indexOf(table.scattered!);
    this.load();
  }

  /** Reads what the file holds, and forgets everything else: after a commit that failed. */
  load(): void {
    this.#sorting = undefined;
    this.#merge = undefined;
    this.#nextLog = 0;
    this.#sortedLogs = 0;
    this.#startYoung();
    const { name } = this.table;
    for (const row of this.#connection
      .statement(`SELECT first, bytes FROM ${name} WHERE run=? ORDER BY first`)
      .all(YOUNG_RUN)) {
      const bytes = asBuffer(row['bytes']);
      forEachRecord(bytes, (at, to) => this.#append(bytes.subarray(at, to)));
      this.#nextLog = asBuffer(row['first']).readUIntBE(0, 6) + 1;
    }
    this.#keptTo = this.#young.end;
    this.#taken = 0;
    const runs: Run[] = [];
    this.#garbage = [];
    const next = this.#connection.statement(
      `SELECT run, first, bytes FROM ${name} WHERE run>? ORDER BY run, first LIMIT 1`,
    );
    for (let run = YOUNG_RUN; ; ) {
      const row = next.get(run);
      if (row === undefined) break;
      run = Number(row['run']);
      this.#nextRun = run + 1;
      // A run is there once its head is, which is written last.
      if (asBuffer(row['first']).length === 0) runs.push(readHead(run, asBuffer(row['bytes'])));
      else this.#garbage.push(run);
    }
    this.#runs = runs.sort((a, b) => a.since - b.since);
  }

  /** Takes in a row, in the place of one of the same key. The transaction that keeps it must follow with `keep`. */
  put(row: Row): void {
    const young = this.#young;
    let to = this.#form.write(young.bytes, young.end, row);
    for (; to < 0; to = this.#form.write(young.bytes, young.end, row)) young.grow();
    this.#noteExpiry(young.end, row[this.table.expires ?? '']);
    young.take(to);
    this.#taken++;
  }

  /** Whether there is a row of that key, in what `put` has taken in as well. */
  has(row: Row): boolean {
    return this.#find(RecordForm.keyOf(this.table, row), this.#own()) !== undefined;
  }

  /** @throws TypeError where a row could not be written */
  check(row: Row): void {
    requireHash(this.table, row[this.table.scattered!]);
    this.#form.check(row);
  }

  /** Whether something is to be written before the commit. */
  get hasUnkept(): boolean {
    return this.#young.end > this.#keptTo;
  }

  /** Writes what was taken in since, in the transaction that is open, and goes on with the sorting. */
  keep(): void {
    const { name } = this.table;
    const young = this.#young;
    const insert = this.#connection.statement(`INSERT INTO ${name} (run, first, bytes) VALUES (?, ?, ?)`);
    insert.run(YOUNG_RUN, logKey(this.#nextLog++), young.bytes.subarray(this.#keptTo, young.end));
    this.#keptTo = young.end;
    if (young.count >= this.#policy.youngMax && this.#sorting === undefined) {
      this.#sorting = new Sorting(name, this.#connection, this.#form, young, this.#nextRun++);
      this.#startYoung(young);
    }
    this.#tidy(this.#policy.movedAtLeast + this.#taken * this.#policy.movedPerRow);
    this.#taken = 0;
  }

  /**
   * Drops what is not good any more among the rows that came last, and runs of which nothing is good. Whatever else has expired goes
   * when its run becomes part of another. @returns how many rows went
   */
  purge(instant: string): number {
    const now = Number(microsOf(instant as Instant));
    if (now > this.#now) this.#now = now;
    const { name } = this.table;
    let gone = this.#purgeYoung();
    for (const run of this.#runs) {
      if (run.goodUntil === 0 || run.goodUntil >= now || this.#merge?.takes(run) === true) continue;
      this.#connection.statement(`DELETE FROM ${name} WHERE run=? AND first=?`).run(run.id, NOTHING);
      this.#runs = this.#runs.filter((one) => one !== run);
      this.#garbage.push(run.id);
      gone += run.count;
    }
    return gone;
  }

  #purgeYoung(): number {
    if (this.#earliest >= this.#now) return 0;
    const young = this.#young;
    const left: Buffer[] = [];
    let gone = 0;
    for (const at of young.sorted()) {
      const isGood = this.#form.expiryOf(young.bytes, at) >= this.#now;
      if (isGood) left.push(young.bytes.subarray(at, at + young.bytes.readUInt16BE(at)));
      else gone++;
    }
    if (gone === 0) return 0;
    this.#connection
      .statement(`DELETE FROM ${this.table.name} WHERE run=? AND first>=?`)
      .run(YOUNG_RUN, logKey(this.#firstLog));
    this.#startYoung();
    for (const record of left) this.#append(record);
    return gone;
  }

  /** The table as the last commit left it, for a connection that reads this instant. */
  view(connection: Connection): ScatteredView {
    const seen: Seen = { ...this.#own(), end: this.#keptTo, connection };
    return this.#viewOf(() => seen);
  }

  /** The table as the transaction sees it that is to be kept next: with what was taken in before. */
  ownView(): ScatteredView {
    return this.#viewOf(() => this.#own());
  }

  #viewOf(look: () => Seen): ScatteredView {
    return {
      get: (key) => {
        const hash = requireHash(this.table, key[this.#keyAt] as Cell);
        const row = this.#find(hash, look());
        return row !== undefined && this.table.key.every((name, i) => i === this.#keyAt || row[name] === key[i])
          ? row
          : undefined;
      },
      range: (range) => this.#range(look(), range),
    };
  }

  #own(): Seen {
    const young = this.#young;
    return { young, end: young.end, aging: this.#sorting?.young, runs: this.#runs, connection: this.#connection };
  }

  #append(record: Buffer): void {
    const young = this.#young;
    while (young.end + record.length > young.bytes.length) young.grow();
    record.copy(young.bytes, young.end);
    this.#noteExpiry(young.end, undefined);
    young.take(young.end + record.length);
  }

  #noteExpiry(at: number, text: Cell | undefined): void {
    if (text !== undefined && text === this.#lastExpiry) return;
    this.#lastExpiry = text;
    this.#earliest = Math.min(this.#earliest, this.#form.expiryOf(this.#young.bytes, at));
  }

  #startYoung(before?: Young): void {
    this.#young = new Young(before);
    this.#keptTo = 0;
    this.#firstLog = this.#nextLog;
    this.#earliest = Number.POSITIVE_INFINITY;
    this.#lastExpiry = undefined;
  }

  #find(hash: Uint8Array, { young, end, aging, runs, connection }: Seen): Record<string, Cell> | undefined {
    const at = young.find(hash, 0, end);
    if (at >= 0) return this.#form.read(young.bytes, at);
    const before = aging?.find(hash, 0, aging.end) ?? -1;
    if (before >= 0) return this.#form.read(aging!.bytes, before);
    for (let i = runs.length - 1; i >= 0; i--) {
      const run = runs[i]!;
      if (!run.filter.mayHold(hash, 0)) continue;
      const block = connection
        .statement(`SELECT bytes FROM ${this.table.name} WHERE run=? AND first<=? ORDER BY first DESC LIMIT 1`)
        .get(run.id, hash);
      const bytes = asBuffer(block?.['bytes'] ?? NOTHING);
      // A key before the first block finds the head of the run.
      const found = bytes.length === 0 || bytes[0] === HEAD_MARK ? -1 : findInBlock(bytes, hash);
      if (found >= 0) return this.#form.read(bytes, found);
    }
    return undefined;
  }

  #range({ young, end, aging, runs, connection }: Seen, range: Range): Record<string, Cell>[] {
    if (range.index !== undefined) throw new Error(`${this.table.name} has no index ${range.index}`);
    const rows = new Map<string, Record<string, Cell>>();
    const take = (bytes: Buffer) => (at: number) => {
      rows.set(bytes.toString('latin1', at + 2, at + 18), this.#form.read(bytes, at));
    };
    const blocks = connection.statement(`SELECT bytes FROM ${this.table.name} WHERE run=? AND first>? ORDER BY first`);
    for (const run of runs) {
      for (const row of blocks.iterate(run.id, NOTHING)) {
        const bytes = asBuffer(row['bytes']);
        forEachRecord(bytes, take(bytes));
      }
    }
    if (aging !== undefined) forEachRecord(aging.bytes.subarray(0, aging.end), take(aging.bytes));
    forEachRecord(young.bytes.subarray(0, end), take(young.bytes));
    const { prefix = [], from, to, limit, reverse } = range;
    const keyOf = (row: Record<string, Cell>): Cell[] => this.table.key.map((name) => row[name]!);
    const rest = (row: Record<string, Cell>): Cell[] => keyOf(row).slice(prefix.length);
    const wanted = [...rows.values()].filter(
      (row) =>
        compareCells(keyOf(row).slice(0, prefix.length), prefix) === 0 &&
        (from === undefined || compareCells(rest(row).slice(0, from.length), from) >= 0) &&
        (to === undefined || compareCells(rest(row).slice(0, to.length), to) < 0),
    );
    wanted.sort((a, b) => (reverse === true ? compareCells(keyOf(b), keyOf(a)) : compareCells(keyOf(a), keyOf(b))));
    return wanted.slice(0, limit ?? wanted.length);
  }

  /** Goes on sorting rows, merging runs, and removing what is sorted and merged. @param budget of rows */
  #tidy(budget: number): void {
    if (this.#sorting !== undefined) this.#sort(this.#sorting, budget);
    else this.#mergeRuns(budget);
    this.#sweep(Math.ceil(budget / 40));
  }

  #sort(sorting: Sorting, budget: number): void {
    const run = sorting.step(budget);
    if (run === undefined) return;
    this.#writeHead(run);
    this.#runs = [...this.#runs, run];
    this.#sorting = undefined;
    this.#sortedLogs = this.#firstLog;
  }

  #mergeRuns(budget: number): void {
    this.#merge ??= this.#nextMerge();
    const merged = this.#merge?.step(budget);
    if (merged === undefined) return;
    const { sources, run } = merged;
    this.#writeHead(run);
    for (const { id } of sources) {
      this.#connection.statement(`DELETE FROM ${this.table.name} WHERE run=? AND first=?`).run(id, NOTHING);
      this.#garbage.push(id);
    }
    const place = this.#runs.indexOf(sources[0]!);
    const left = this.#runs.filter((one) => !sources.includes(one));
    this.#runs = [...left.slice(0, place), run, ...left.slice(place)];
    this.#merge = undefined;
  }

  /** From then on the run is there. */
  #writeHead(run: Run): void {
    const sql = `INSERT INTO ${this.table.name} (run, first, bytes) VALUES (?, ?, ?)`;
    this.#connection.statement(sql).run(run.id, NOTHING, writeHead(run));
  }

  #nextMerge(): Merge | undefined {
    for (let level = 1; this.#runs.some((run) => run.level >= level); level++) {
      const same = this.#runs.filter((run) => run.level === level);
      if (same.length < this.#policy.runsPerLevel) continue;
      const sources = same.slice(0, this.#policy.runsPerLevel);
      return new Merge(this.table.name, this.#connection, this.#form, sources, this.#nextRun++, this.#now);
    }
    return undefined;
  }

  /** The oldest go first: what is read again after a crash stands in the order in which it came. */
  #sweep(blocks: number): void {
    const { name } = this.table;
    const sql = `DELETE FROM ${name} WHERE run=? AND first IN (SELECT first FROM ${name} WHERE run=? AND first<? ORDER BY first LIMIT ?)`;
    if (this.#sortedLogs > 0) {
      const { changes } = this.#connection.statement(sql).run(YOUNG_RUN, YOUNG_RUN, logKey(this.#sortedLogs), blocks);
      if (changes < blocks) this.#sortedLogs = 0;
      return;
    }
    const [id] = this.#garbage;
    if (id === undefined) return;
    const { changes } = this.#connection.statement(sql).run(id, id, LAST, blocks);
    if (changes < blocks) this.#garbage.shift();
  }
}

/** What a reader sees. */
interface Seen {
  readonly young: Young;
  readonly end: number;
  /** the rows that came before those, while a run is made of them */
  readonly aging: Young | undefined;
  readonly runs: readonly Run[];
  readonly connection: Connection;
}

const NOTHING = Buffer.alloc(0);
/** after every key of a block */
const LAST = Buffer.alloc(17, 0xff);
/** A head begins with a byte that no record's length begins with: records are shorter than 64,512 bytes. */
const HEAD_MARK = 0xff;

function writeHead({ level, since, count, goodUntil, filter }: Run): Buffer {
  const said = Buffer.from(JSON.stringify({ level, since, count, goodUntil }), 'utf8');
  return Buffer.concat([Buffer.of(HEAD_MARK, said.length), said, filter.bytes]);
}

function readHead(id: number, bytes: Buffer): Run {
  const end = 2 + bytes[1]!;
  const said = JSON.parse(bytes.toString('utf8', 2, end)) as Pick<Run, 'level' | 'since' | 'count' | 'goodUntil'>;
  return { id, ...said, filter: new Filter(new Uint8Array(bytes.subarray(end))) };
}

/** Where rows that came stand among others: each commit's have a number. */
function logKey(number: number): Buffer {
  const key = Buffer.alloc(6);
  key.writeUIntBE(number, 0, 6);
  return key;
}

function asBuffer(cell: unknown): Buffer {
  const bytes = cell as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function compareCells(a: readonly Cell[], b: readonly Cell[]): number {
  for (let i = 0; i < b.length; i++) {
    const [one, other] = [a[i]!, b[i]!];
    const order =
      one instanceof Uint8Array && other instanceof Uint8Array
        ? Buffer.compare(one, other)
        : one < other
          ? -1
          : one > other
            ? 1
            : 0;
    if (order !== 0) return order;
  }
  return 0;
}
