import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TryAgain } from '../../domain/errors.ts';
import type { AnyTable, Columns, Database, Key, Reader, RowOf, Table, Transaction } from '../../ports/database.ts';
import type { Rest } from '../local/kept-file.ts';
import { LogSync } from '../sqlite-log.ts';
import { BufferedTransaction, NotingReader } from './sqlite/buffered.ts';
import { ScatteredTable, type ScatterPolicy } from './sqlite/scattered.ts';
import { Connection, createTable, schemaOf } from './sqlite/statements.ts';

/** How many snapshots may be under way at once; each holds a connection of its own. */
const SNAPSHOT_CONNECTIONS = 4;
/** A disk that is full stays so until somebody makes room. */
const DISK_RETRY_SECONDS = 5;
/** Transactions that share a commit, and rows beyond which no more do: nothing else happens in this thread meanwhile. */
const TOGETHER_MAX = 64;
const TOGETHER_ROWS = 4000;
/** Transactions of no more rows than this are light: they wait for the sync under way and commit together, unless there are so many. */
const LIGHT_ROWS = 32;
const LIGHT_TURNS = 32;

export interface SqlitePolicy extends Partial<ScatterPolicy> {
  /**
   * Between two small commits: what comes meanwhile shares the next. A commit has a price of its own, and every reader looks at the
   * file anew after it, so many small ones cost more than they gain. Whoever comes alone does not wait.
   */
  readonly rest?: Rest | undefined;
}

/** A transaction that waits for its turn. */
interface Turn {
  readonly run: () => Promise<void>;
  /** its work is durable, or its failure known */
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The embedded database on `node:sqlite`: write-ahead log, and what a transaction returned survives a power cut. One process owns
 * the file; within it transactions run one after the other, which makes them serializable. Those that wait share a commit, and
 * commits share a sync (sqlite-log.ts); a row that fails undoes its own transaction only.
 */
export class SqliteDatabase implements Database {
  readonly #writer: Connection;
  readonly #readers: Connection[];
  readonly #sync: LogSync;
  readonly #scattered: ReadonlyMap<string, ScatteredTable>;
  readonly #waitingReaders: (() => void)[] = [];
  readonly #turns: Turn[] = [];
  #running: Promise<void> | undefined;
  #isOpen = false;
  /** rows written since the last commit */
  #rows = 0;
  /** whether the last transactions were small ones */
  #isLight = true;
  /** why SQLite undid by itself what was written since the last commit */
  #lost: unknown;
  /** the last commit failed for the disk's sake, and none has succeeded since */
  #isTroubled = false;
  /** how many commits there were */
  #commits = 0;
  /** tables written since the last commit, and the commit that wrote each last */
  readonly #touched = new Set<string>();
  readonly #lastWritten = new Map<string, number>();
  #lastSeen: Seen | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;
  readonly #rest: Rest | undefined;
  /** set for a while after a small commit */
  #resting: Promise<void> | undefined;
  #endRest: () => void = () => undefined;

  private constructor(
    file: string,
    writer: Connection,
    readers: Connection[],
    tables: readonly AnyTable[],
    { rest, ...policy }: SqlitePolicy,
  ) {
    this.#rest = rest;
    this.#writer = writer;
    this.#readers = readers;
    this.#sync = new LogSync(file, { isCopied: true });
    const scattered = tables.filter((table) => table.scattered !== undefined);
    this.#scattered = new Map(scattered.map((table) => [table.name, new ScatteredTable(table, writer, policy)]));
    writer.scattered = new Map([...this.#scattered].map(([name, table]) => [name, table.ownView()]));
  }

  /**
   * Opens the store, making folder, file and missing tables.
   * @throws Error when the file is no database of this version
   */
  static open(file: string, tables: readonly AnyTable[], policy: SqlitePolicy = {}): SqliteDatabase {
    mkdirSync(dirname(file), { recursive: true });
    const writer = new DatabaseSync(file);
    // The log is synced and copied beside the commits (sqlite-log.ts).
    writer.exec(
      'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-32768',
    );
    for (const table of tables) {
      // `IF NOT EXISTS` takes any table of that name; what it then holds would be found out in the middle of a commit.
      const find = "SELECT sql FROM sqlite_schema WHERE type='table' AND name=?";
      const wanted = createTable(table).replace('IF NOT EXISTS ', '');
      const held = writer.prepare(find).get(table.name)?.['sql'];
      if (held === undefined || held === wanted) {
        writer.exec(schemaOf(table));
        continue;
      }
      writer.close();
      throw new Error(`${file} was made by another version: its table ${table.name} has other columns`);
    }
    const readers = Array.from({ length: SNAPSHOT_CONNECTIONS }, () => Connection.reader(file, 4096));
    return new SqliteDatabase(file, new Connection(writer), readers, tables, policy);
  }

  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const tx = new BufferedTransaction(this.#writer);
      const result = await work(tx);
      if (tx.size > 0) this.#apply(tx);
      return result;
    });
  }

  /** Runs something in the turn of the writer; resolves when everything before it is durable too. */
  #inTurn<T>(work: () => Promise<T> | T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: T;
      this.#turns.push({
        run: async () => {
          if (this.#closed) throw new TryAgain('the store is closing');
          result = await work();
        },
        settle: () => resolve(result),
        fail: reject,
      });
      if (this.#turns.length >= LIGHT_TURNS) this.#endRest();
      this.#running ??= this.#takeTurns();
    });
  }

  async #takeTurns(): Promise<void> {
    while (this.#turns.length > 0) {
      // Whatever has reached this process by now shares the commit; nobody waits for who may come later.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#resting !== undefined && this.#turns.length < LIGHT_TURNS) await this.#resting;
      // A commit during a sync is durable after the next one: those that come until then can share it.
      if (this.#isLight && this.#turns.length < LIGHT_TURNS && this.#sync.underWay !== undefined) {
        await this.#sync.underWay;
      }
      if (this.#sync.gate !== undefined) await this.#sync.gate;
      this.#rows = 0;
      const done: Turn[] = [];
      do {
        const turn = this.#turns.shift()!;
        try {
          await turn.run();
          done.push(turn);
        } catch (error) {
          turn.fail(this.#judged(error));
        }
      } while (
        this.#turns.length > 0 &&
        done.length < TOGETHER_MAX &&
        this.#rows < TOGETHER_ROWS &&
        this.#lost === undefined
      );
      this.#isLight = this.#rows <= LIGHT_ROWS * done.length;
      this.#commit(done);
      if (this.#isLight) this.#beginRest();
    }
    // Not later: whoever comes from now on must begin anew, as one whose turn has failed a moment ago.
    this.#running = undefined;
  }

  #beginRest(): void {
    const rest = this.#rest;
    this.#endRest();
    if (rest === undefined || this.#closing !== undefined) return;
    this.#resting = new Promise<void>((resolve) => {
      const cancel = rest.clock.after(rest.milliseconds, () => this.#endRest(), 'keeps');
      this.#endRest = () => {
        cancel();
        this.#resting = undefined;
        this.#endRest = () => undefined;
        resolve();
      };
    });
  }

  #commit(done: readonly Turn[]): void {
    try {
      this.#commitOpen();
    } catch (error) {
      const judged = this.#judged(error);
      for (const turn of done) turn.fail(judged);
      return;
    }
    // Who only read may have read what was committed a moment ago: it waits for that to be durable as well.
    this.#sync.kept().then(
      () => {
        this.#isTroubled = false;
        for (const turn of done) turn.settle();
      },
      (error: unknown) => {
        this.#isTroubled = true;
        for (const turn of done) turn.fail(error);
      },
    );
  }

  /** Applies all writes of a transaction or none. */
  #apply(tx: BufferedTransaction): void {
    // Whoever is first undoes what it wrote by undoing everything.
    const isFirst = !this.#isOpen;
    this.#begin();
    if (!isFirst) this.#writer.run('SAVEPOINT one');
    try {
      for (const table of this.#scattered.values()) tx.checkScattered(table);
      tx.applyRows();
      if (!isFirst) this.#writer.run('RELEASE one');
    } catch (error) {
      if (isFirst) {
        this.#isOpen = false;
        this.#undo('ROLLBACK');
      } else if (!this.#writer.isTransaction) {
        // SQLite has rolled everything back, as it may where the disk is full: the writes of all who share the commit are gone.
        this.#lost = error;
      } else {
        this.#undo('ROLLBACK TO one');
        this.#undo('RELEASE one');
      }
      throw error;
    }
    for (const table of this.#scattered.values()) tx.putScattered(table);
    this.#rows += tx.size;
    for (const name of tx.tables) this.#touched.add(name);
  }

  #begin(): void {
    if (this.#isOpen) return;
    this.#writer.run('BEGIN IMMEDIATE');
    this.#isOpen = true;
  }

  #commitOpen(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      if (this.#lost !== undefined) throw this.#lost;
      for (const table of this.#scattered.values()) if (table.hasUnkept) table.keep();
      this.#writer.run('COMMIT');
    } catch (error) {
      this.#lost = undefined;
      this.#undo('ROLLBACK');
      for (const table of this.#scattered.values()) table.load();
      throw error;
    }
    this.#sync.committed();
    this.#commits++;
    for (const name of this.#touched) this.#lastWritten.set(name, this.#commits);
    this.#touched.clear();
  }

  #undo(sql: string): void {
    try {
      this.#writer.run(sql);
    } catch {
      // Nothing was open any more.
    }
  }

  /** What a caller is to know of a failure: where the disk is at fault it may pass, and nothing was written. */
  #judged(error: unknown): unknown {
    if (!isDiskTrouble(error)) return error;
    this.#isTroubled = true;
    return new TryAgain('the disk takes nothing more', DISK_RETRY_SECONDS, { cause: error });
  }

  async ready(): Promise<void> {
    if (!this.#isTroubled) return;
    // Nobody may be sending anything that would show that the trouble has passed: a commit that changes nothing does.
    await this.#inTurn(() => {
      this.#begin();
      this.#writer.run('PRAGMA user_version=0');
    });
  }

  /** By the writer's own connection, which has the row at hand; a reader's looks at the file anew after each commit. */
  async read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    const isChanging = this.#isOpen && this.#touched.has(table.name);
    if (this.#closed || isChanging || table.scattered !== undefined) {
      return this.snapshot((view) => view.read(table, key));
    }
    const written = this.#lastWritten.get(table.name) ?? 0;
    const row = await this.#writer.read(table, key);
    if (!this.#sync.keeps(written)) await this.#sync.kept();
    return row;
  }

  async snapshot<T>(work: (view: Reader) => Promise<T>): Promise<T> {
    const seen = await this.#look();
    const view = new NotingReader(seen.reader);
    let result: T;
    try {
      result = await work(view);
    } finally {
      seen.readers--;
      if (seen.readers === 0) setImmediate(() => this.#leave(seen));
    }
    // Nobody is shown what a power cut could still take back. Tables that are seldom written, as those by which callers are known,
    // mostly hold nothing of that kind.
    const written = Math.max(0, ...[...view.tables].map((name) => this.#lastWritten.get(name) ?? 0));
    if (!this.#sync.keeps(Math.min(written, seen.commits))) await this.#sync.kept();
    return result;
  }

  /** An instant to read: the one that others read just now, as long as nothing was committed since, or a new one. */
  async #look(): Promise<Seen> {
    for (;;) {
      const last = this.#lastSeen;
      if (last?.commits === this.#commits) {
        last.readers++;
        return last;
      }
      const reader = this.#closed ? undefined : this.#readers.pop();
      if (reader !== undefined) return this.#beginToSee(reader);
      if (this.#closed) {
        // The connection that came free is not taken after all: whoever waits behind is to know as well.
        this.#waitingReaders.shift()?.();
        throw new TryAgain('the store is closing');
      }
      await new Promise<void>((resolve) => this.#waitingReaders.push(resolve));
    }
  }

  #beginToSee(reader: Connection): Seen {
    reader.begin();
    reader.scattered = new Map([...this.#scattered].map(([name, table]) => [name, table.view(reader)]));
    const seen: Seen = { reader, commits: this.#commits, readers: 1, hasEnded: false };
    this.#lastSeen = seen;
    return seen;
  }

  #leave(seen: Seen): void {
    if (seen.readers > 0 || seen.hasEnded) return;
    seen.hasEnded = true;
    if (this.#lastSeen === seen) this.#lastSeen = undefined;
    seen.reader.run('ROLLBACK');
    this.#readers.push(seen.reader);
    this.#waitingReaders.shift()?.();
  }

  async purgeExpired(table: AnyTable, now: string, limit: number): Promise<number> {
    if (table.expires === undefined) throw new Error(`rows of ${table.name} do not expire`);
    const scattered = this.#scattered.get(table.name);
    // Keys only, found by the index and deleted in the turn of the writer.
    const key = table.key.join(', ');
    const due = `SELECT ${key} FROM ${table.name} WHERE ${table.expires} < ? ORDER BY ${table.expires} LIMIT ?`;
    const sql = `DELETE FROM ${table.name} WHERE (${key}) IN (${due})`;
    return this.#inTurn(() => {
      this.#begin();
      this.#touched.add(table.name);
      return scattered === undefined
        ? Number(this.#writer.statement(sql).run(now, limit).changes)
        : scattered.purge(now);
    });
  }

  /** Waits for what is under way, then closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#endRest();
    await this.#running;
    this.#closed = true;
    this.#endRest();
    while (this.#readers.length < SNAPSHOT_CONNECTIONS) {
      await new Promise<void>((resolve) => this.#waitingReaders.push(resolve));
    }
    for (const reader of this.#readers) reader.close();
    await this.#sync.close();
    this.#writer.close();
  }
}

// Primary result codes of SQLite: READONLY, IOERR, FULL, CANTOPEN. Which of them a disk that takes nothing more gives depends on what was written.
const DISK_TROUBLES = new Set([8, 10, 13, 14]);

const isDiskTrouble = (error: unknown): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  DISK_TROUBLES.has(error.errcode & 0xff);

/** An instant that is being read. */
interface Seen {
  readonly reader: Connection;
  /** how many commits it shows */
  readonly commits: number;
  readers: number;
  hasEnded: boolean;
}

/** Snapshots of a store that another thread owns and writes; scattered tables are that thread's alone. */
export class SqliteSnapshots implements Pick<Database, 'snapshot' | 'close'> {
  readonly #reader: Connection;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(reader: Connection) {
    this.#reader = reader;
  }

  static open(file: string): SqliteSnapshots {
    return new SqliteSnapshots(Connection.reader(file, 16_384));
  }

  /** One after the other: whoever has a thread of its own has nothing else to do meanwhile. */
  snapshot<T>(work: (view: Reader) => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      this.#reader.begin();
      try {
        return await work(this.#reader);
      } finally {
        this.#reader.run('ROLLBACK');
      }
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#last;
    this.#reader.close();
  }
}
