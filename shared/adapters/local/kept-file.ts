import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { TryAgain } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { LogSync } from '../sqlite-log.ts';

/** Copies are written in sequence and read seldom: a small cache will do, and a short log. */
const CACHE_KIBIBYTES = 2048;
const LOG_MAX_BYTES = 16 * 1024 * 1024;
/** What another process may hold the file for. */
const PATIENCE_MILLISECONDS = 5000;
/** Writes that share a commit. */
const TOGETHER_MAX = 64;

/** How long writes are collected after others have been kept. */
export interface Rest {
  readonly clock: Clock;
  readonly milliseconds: number;
}

interface Write {
  readonly work: () => void;
  readonly kept: () => void;
  readonly lost: (reason: Error) => void;
}

/**
 * A SQLite file of copies. Writes that come while others are being kept share the next commit and its sync, and between two syncs it
 * may rest: nobody who sends usage waits for a copy, and what the disk is not asked for here it does for who does wait.
 */
export class KeptFile {
  readonly #database: DatabaseSync;
  readonly #log: LogSync;
  readonly #rest: Rest | undefined;
  #endRest: () => void = () => undefined;
  readonly #statements = new Map<string, StatementSync>();
  #waiting: Write[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  private constructor(file: string, database: DatabaseSync, rest: Rest | undefined) {
    this.#database = database;
    this.#log = new LogSync(file, { isCopied: true, logMaxBytes: LOG_MAX_BYTES });
    this.#rest = rest;
  }

  /**
   * Opens a file, making it and its folder where they are missing.
   * @param schema statements that change nothing where everything is there
   * @param rest between two commits; without it the next follows at once
   */
  static open(file: string, schema: string, rest?: Rest): KeptFile {
    mkdirSync(dirname(file), { recursive: true });
    const database = new DatabaseSync(file, { timeout: PATIENCE_MILLISECONDS });
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -${CACHE_KIBIBYTES};`,
    );
    database.exec(schema);
    return new KeptFile(file, database, rest);
  }

  /**
   * Runs statements in the next commit. Resolves when they, and everything they saw, survive a power cut.
   * @throws TryAgain where nothing of that commit could be kept
   */
  write<T>(work: () => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(new TryAgain('the store is closing'));
    return new Promise((resolve, lost) => {
      let result: T;
      this.#waiting.push({
        work: () => {
          result = work();
        },
        kept: () => resolve(result),
        lost,
      });
      this.#running ??= this.#keepAll();
    });
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  get(sql: string, ...values: SQLInputValue[]): Record<string, SQLOutputValue> | undefined {
    return this.#prepare(sql).get(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): Record<string, SQLOutputValue>[] {
    return this.#prepare(sql).all(...values);
  }

  /** Keeps what is waiting, then closes. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endRest();
    await this.#running;
    await this.#log.close();
    this.#database.close();
  }

  async #keepAll(): Promise<void> {
    // What is written before the event loop comes round shares the commit.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const writes = this.#waiting.splice(0, TOGETHER_MAX);
      try {
        await this.#log.gate;
        this.#together(writes);
        // Also where nothing was written: what was found there may be another connection's, and not be kept yet.
        this.#log.committed();
        await this.#log.kept();
        for (const { kept } of writes) kept();
      } catch (cause) {
        for (const { lost } of writes) lost(new TryAgain('copies cannot be kept now', 1, { cause }));
      }
      await this.#collect();
    }
    // Not later: whoever writes from now on must begin anew.
    this.#running = undefined;
  }

  /** Lets writes come together. Whoever closes does not wait for it. */
  async #collect(): Promise<void> {
    const rest = this.#rest;
    if (rest === undefined || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const cancel = rest.clock.after(rest.milliseconds, resolve);
      this.#endRest = () => {
        cancel();
        resolve();
      };
    });
  }

  #together(writes: readonly Write[]): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const { work } of writes) work();
      this.#database.exec('COMMIT');
    } catch (error) {
      // SQLite has already rolled back where the disk was full; a second ROLLBACK would hide that.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
