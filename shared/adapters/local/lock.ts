import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process works on the folder. */
export class StoreInUse extends Error {
  constructor(folder: string) {
    super(`another process is using the store in ${folder}; stop it first, or set DATA_DIR`);
    this.name = 'StoreInUse';
  }
}

const UNUSABLE = {
  store_read_only: 'cannot be written; make it writable for this user, or set DATA_DIR',
  store_full: 'has no room left; make room on its disk, or set DATA_DIR',
} as const;

/** The folder cannot be worked on; nothing in it was changed. */
export class StoreUnusable extends Error {
  readonly code: keyof typeof UNUSABLE;

  constructor(code: keyof typeof UNUSABLE, folder: string, options?: ErrorOptions) {
    super(`${code}: the store in ${folder} ${UNUSABLE[code]}`, options);
    this.name = 'StoreUnusable';
    this.code = code;
  }

  /** The same trouble in words, where that is what it is; anything else as it came. */
  static from(error: unknown, folder: string): unknown {
    if (!(error instanceof Error) || error instanceof StoreUnusable) return error;
    const code = 'code' in error ? error.code : undefined;
    const errcode = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
    if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM' || errcode === SQLITE_READONLY)
      return new StoreUnusable('store_read_only', folder, { cause: error });
    if (code === 'ENOSPC' || code === 'EDQUOT' || errcode === SQLITE_FULL)
      return new StoreUnusable('store_full', folder, { cause: error });
    return error;
  }
}

/** What the store writes in place; everything else in its folder is made anew. */
const WRITTEN = ['.', 'lock.db', 'store.db', 'bus.db'];

/**
 * Makes a folder one process's own. The lock is SQLite's lock on a file of its own: the operating system takes it back
 * when the process ends in whatever way, so a kill -9 leaves nothing to clean up.
 */
export class StoreLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws StoreInUse, StoreUnusable */
  static take(folder: string): StoreLock {
    let database: DatabaseSync | undefined;
    try {
      mkdirSync(folder, { recursive: true });
      for (const name of WRITTEN) requireWritable(join(folder, name));
      database = new DatabaseSync(join(folder, 'lock.db'));
      database.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
    } catch (error) {
      database?.close();
      if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) throw new StoreInUse(folder);
      throw StoreUnusable.from(error, folder);
    }
    return new StoreLock(database);
  }

  release(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

/** Asked before anything is opened: SQLite makes files beside a database that it then finds it cannot write. */
function requireWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_FULL = 13;
