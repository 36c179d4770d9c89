import { close, fdatasync, open, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { TryAgain } from '../domain/errors.ts';

const openFile = promisify(open);
const syncFile = promisify(fdatasync);
const closeFile = promisify(close);

/** The log is copied into the database beyond this size. */
const LOG_MAX_BYTES = 64 * 1024 * 1024;
/** Where somebody read the log to the end, it could not be cut short: then it may grow by this until the next time. */
const LOG_MORE_BYTES = 16 * 1024 * 1024;
/** The copying has two goes beside the commits, so that little is left for the one that commits wait for. */
const GOES = 2;

/**
 * Makes commits survive a power cut, many at a time and beside the thread that makes them.
 *
 * SQLite appends a commit to its write-ahead log and, with `synchronous=FULL`, syncs that file before it returns: one sync per commit,
 * and nothing else happens meanwhile. With `NORMAL` it leaves the sync out. It is done here, by a thread of the pool: whoever
 * committed waits for a sync that began after the commit, and all who committed during one share the next. What is promised is
 * the same: the log is a sequence, so a sync keeps every commit before it.
 *
 * Copying the log into the database is done by a thread of its own, so commits wait only for the last of it.
 */
export class LogSync {
  readonly #file: string;
  readonly #isCopied: boolean;
  /** of the log; opened when it is first needed, as SQLite makes the file with the first commit */
  #descriptor: number | undefined;
  #waiting: { readonly done: () => void; readonly failed: (error: Error) => void }[] = [];
  #syncing: Promise<void> | undefined;
  #failure: Error | undefined;
  #committed = 0;
  #synced = 0;
  #copier: Copier | undefined;
  #copying: Promise<void> | undefined;
  #gate: Promise<void> | undefined;
  /** beyond this size the log is copied */
  #copiedFrom = LOG_MAX_BYTES;

  /** @param isCopied whether a thread copies the log into the database, with a connection of its own; SQLite does otherwise */
  constructor(file: string, { isCopied }: { readonly isCopied: boolean }) {
    this.#file = file;
    this.#isCopied = isCopied;
  }

  /** Something was committed. */
  committed(): void {
    this.#committed++;
    if (this.#isCopied && this.#copying === undefined && this.#size() > this.#copiedFrom) {
      this.#copying = this.#copy().finally(() => {
        this.#copying = undefined;
      });
    }
  }

  /** Set while commits must wait. */
  get gate(): Promise<void> | undefined {
    return this.#gate;
  }

  /** Resolves when everything committed by now survives a power cut. @throws TryAgain where that cannot be said */
  kept(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#synced === this.#committed) return Promise.resolve();
    return new Promise((done, failed) => {
      this.#waiting.push({ done, failed });
      this.#syncing ??= this.#sync().finally(() => {
        this.#syncing = undefined;
      });
    });
  }

  async close(): Promise<void> {
    await this.#copying;
    await this.#syncing;
    await this.#copier?.close();
    if (this.#descriptor !== undefined) await closeFile(this.#descriptor);
  }

  async #sync(): Promise<void> {
    while (this.#waiting.length > 0) {
      const upTo = this.#committed;
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        this.#descriptor ??= await openFile(`${this.#file}-wal`, 'r');
        await syncFile(this.#descriptor);
        this.#synced = upTo;
        for (const { done } of waiting) done();
      } catch (error) {
        // After a sync that failed nobody knows what the disk holds; a later one may succeed without having kept it.
        this.#failure = new TryAgain('the disk does not keep what is written', 1, { cause: error });
        for (const { failed } of [...waiting, ...this.#waiting]) failed(this.#failure);
        this.#waiting = [];
      }
    }
  }

  #size(): number {
    return statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  async #copy(): Promise<void> {
    if (this.#copier?.isGone !== false) this.#copier = new Copier(this.#file);
    const copier = this.#copier;
    try {
      for (let go = 0; go < GOES; go++) await copier.copy('PASSIVE');
      // The log begins anew only where nothing was added since it was copied; SQLite leaves the file as long as it was unless told.
      this.#gate = copier.copy('TRUNCATE');
      await this.#gate;
    } finally {
      this.#gate = undefined;
      this.#copiedFrom = Math.max(LOG_MAX_BYTES, this.#size() + LOG_MORE_BYTES);
    }
  }
}

const COPIER = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(workerData, { timeout: 50 });
parentPort.on('message', (how) => {
  try { database.exec('PRAGMA wal_checkpoint(' + how + ')'); parentPort.postMessage(''); } catch (error) { parentPort.postMessage(String(error)); }
});`;

/** A thread that copies the log into the database. Its text stands here so that a bundle of one file has it. */
class Copier {
  readonly #worker: Worker;
  #answered: (() => void) | undefined;
  /** It has ended, in whatever way; another one has to be started. */
  isGone = false;

  constructor(file: string) {
    this.#worker = new Worker(COPIER, { eval: true, workerData: file });
    // What could not be copied now stays in the log and is copied the next time.
    this.#worker.on('message', () => this.#answered?.());
    const gone = (): void => {
      this.isGone = true;
      this.#answered?.();
    };
    this.#worker.on('error', gone);
    // A thread that is ended from outside says nothing else.
    this.#worker.on('exit', gone);
    this.#worker.unref();
  }

  copy(how: 'PASSIVE' | 'TRUNCATE'): Promise<void> {
    // Commits must not wait for a thread that has ended: the log grows until the next one copies it.
    if (this.isGone) return Promise.resolve();
    return new Promise((resolve) => {
      // Only while it works does it keep the process: whoever closes the store waits for it.
      this.#worker.ref();
      this.#answered = () => {
        this.#worker.unref();
        resolve();
      };
      this.#worker.postMessage(how);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
