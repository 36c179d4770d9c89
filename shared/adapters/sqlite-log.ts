import { close, closeSync, fdatasync, fdatasyncSync, open, openSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { TryAgain } from '../domain/errors.ts';

const openFile = promisify(open);
const syncFile = promisify(fdatasync);
const closeFile = promisify(close);

/** The log is copied into the database and cut short beyond this size, unless another is given. */
const LOG_MAX_BYTES = 64 * 1024 * 1024;
/** It is copied a part at a time, so that syncs of other files do not wait behind one long write. */
const PARTS = 2;

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
  readonly #logMaxBytes: number;
  /** of the log; opened when it is first needed, as SQLite makes the file with the first commit */
  #descriptor: number | undefined;
  #waiting: { readonly done: () => void; readonly failed: (error: Error) => void }[] = [];
  #syncing: Promise<void> | undefined;
  #underWay: Promise<void> | undefined;
  #failure: Error | undefined;
  #committed = 0;
  #synced = 0;
  #copier: Copier | undefined;
  #copying: Promise<void> | undefined;
  #gate: Promise<void> | undefined;
  /** beyond this size the log is copied, and beyond this one cut short as well */
  #copiedFrom: number;
  #cutFrom: number;

  /**
   * @param isCopied whether a thread copies the log into the database, with a connection of its own; SQLite does otherwise
   * @param logMaxBytes how long it may grow before that
   */
  constructor(
    file: string,
    { isCopied, logMaxBytes = LOG_MAX_BYTES }: { readonly isCopied: boolean; readonly logMaxBytes?: number },
  ) {
    this.#file = file;
    this.#isCopied = isCopied;
    this.#logMaxBytes = logMaxBytes;
    this.#copiedFrom = logMaxBytes / PARTS;
    this.#cutFrom = logMaxBytes;
    this.#keepEarlier();
  }

  /** A process that was killed may have committed what it had not synced. From now on that can be read, so it is kept before it is. */
  #keepEarlier(): void {
    if (this.#size() === 0) return;
    const descriptor = openSync(`${this.#file}-wal`, 'r');
    try {
      fdatasyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Something was committed. */
  committed(): void {
    this.#committed++;
    if (!this.#isCopied || this.#copying !== undefined) return;
    if (this.#size() > Math.min(this.#copiedFrom, this.#cutFrom)) {
      this.#copying = this.#copy().finally(() => {
        this.#copying = undefined;
      });
    }
  }

  /** Set while commits must wait. */
  get gate(): Promise<void> | undefined {
    return this.#gate;
  }

  /** Set while the log is being synced; resolves when that has ended, however. */
  get underWay(): Promise<void> | undefined {
    return this.#underWay;
  }

  /** Whether the first so many commits survive a power cut; false for ever once that cannot be said. */
  keeps(commits: number): boolean {
    return this.#failure === undefined && this.#synced >= commits;
  }

  /** Resolves when everything committed by now survives a power cut. @throws TryAgain where that cannot be said */
  kept(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#synced === this.#committed) return Promise.resolve();
    return new Promise((done, failed) => {
      this.#waiting.push({ done, failed });
      this.#syncing ??= this.#sync();
    });
  }

  async close(): Promise<void> {
    await this.#copying;
    await this.#syncing;
    await this.#copier?.leave(this.#file);
    if (this.#descriptor !== undefined) await closeFile(this.#descriptor);
  }

  async #sync(): Promise<void> {
    while (this.#waiting.length > 0) {
      const upTo = this.#committed;
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        this.#descriptor ??= await openFile(`${this.#file}-wal`, 'r');
        const sync = syncFile(this.#descriptor);
        this.#underWay = sync.then(
          () => undefined,
          () => undefined,
        );
        await sync;
        this.#synced = upTo;
        for (const { done } of waiting) done();
      } catch (error) {
        // After a sync that failed nobody knows what the disk holds; a later one may succeed without having kept it.
        this.#failure = new TryAgain('the disk does not keep what is written', 1, { cause: error });
        for (const { failed } of [...waiting, ...this.#waiting]) failed(this.#failure);
        this.#waiting = [];
      } finally {
        this.#underWay = undefined;
      }
    }
    // Not later: whoever waits from now on must begin the next one.
    this.#syncing = undefined;
  }

  #size(): number {
    return statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  async #copy(): Promise<void> {
    if (this.#copier?.isGone !== false) this.#copier = Copier.for(this.#file);
    const copier = this.#copier;
    try {
      await copier.copy(this.#file, 'PASSIVE');
      if (this.#size() <= this.#cutFrom) return;
      // Once more, so that little is left for the one that commits wait for.
      await copier.copy(this.#file, 'PASSIVE');
      // The log begins anew only where nothing was added since it was copied; SQLite leaves the file as long as it was unless told.
      this.#gate = copier.copy(this.#file, 'TRUNCATE');
      await this.#gate;
      // Where somebody reads it, it could not be cut short. It may grow as much again until the next try, since commits wait for each.
      this.#cutFrom = this.#size() + this.#logMaxBytes;
    } finally {
      this.#gate = undefined;
      this.#copiedFrom = this.#size() + this.#logMaxBytes / PARTS;
    }
  }
}

const COPIER = `
const { parentPort } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
const opened = new Map();
parentPort.on('message', ({ id, file, how }) => {
  try {
    if (how === undefined) {
      opened.get(file)?.close();
      opened.delete(file);
    } else {
      if (!opened.has(file)) opened.set(file, new DatabaseSync(file, { timeout: 20 }));
      opened.get(file).exec('PRAGMA wal_checkpoint(' + how + ')');
    }
  } catch {
    // It stays in the log.
  }
  parentPort.postMessage(id);
});`;

/** The one of this process, as long as it has a file. */
let shared: Copier | undefined;

/** A thread that copies logs into their databases, one for all of a process. Its text stands here so that a bundle of one file has it. */
class Copier {
  readonly #worker: Worker;
  readonly #files = new Set<string>();
  readonly #asked = new Map<number, () => void>();
  #next = 0;
  /** It has ended, in whatever way; another one has to be started. */
  isGone = false;

  private constructor() {
    this.#worker = new Worker(COPIER, { eval: true });
    // What could not be copied now stays in the log and is copied the next time.
    this.#worker.on('message', (id: number) => this.#answered(id));
    this.#worker.on('error', () => this.#end());
    this.#worker.on('exit', () => this.#end());
    this.#worker.unref();
  }

  /** The thread, for a file that is to be left when it is closed. */
  static for(file: string): Copier {
    if (shared?.isGone !== false) shared = new Copier();
    shared.#files.add(file);
    return shared;
  }

  copy(file: string, how: 'PASSIVE' | 'TRUNCATE'): Promise<void> {
    return this.#ask({ file, how });
  }

  /** Closes the thread's connection to a file, and the thread where that was the last. */
  async leave(file: string): Promise<void> {
    await this.#ask({ file });
    this.#files.delete(file);
    if (this.#files.size > 0) return;
    if (shared === this) shared = undefined;
    await this.#worker.terminate();
  }

  #ask(question: { readonly file: string; readonly how?: string }): Promise<void> {
    // Commits must not wait for a thread that has ended: then the log only grows.
    if (this.isGone) return Promise.resolve();
    return new Promise((resolve) => {
      const id = this.#next++;
      // Only while it works does it keep the process: whoever closes a file waits for it.
      this.#worker.ref();
      this.#asked.set(id, resolve);
      this.#worker.postMessage({ id, ...question });
    });
  }

  #answered(id: number): void {
    this.#asked.get(id)?.();
    this.#asked.delete(id);
    if (this.#asked.size === 0) this.#worker.unref();
  }

  #end(): void {
    this.isGone = true;
    for (const id of [...this.#asked.keys()]) this.#answered(id);
  }
}
