import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process works on the folder. */
export class StoreInUse extends Error {
  constructor(folder: string) {
    super(`another process is using the store in ${folder}; stop it first, or set DATA_DIR`);
    this.name = 'StoreInUse';
  }
}

/**
 * Makes a folder one process's own. The lock is SQLite's lock on a file of its own: the operating system takes it back
 * when the process ends in whatever way, so a kill -9 leaves nothing to clean up.
 */
export class StoreLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws StoreInUse */
  static take(folder: string): StoreLock {
    mkdirSync(folder, { recursive: true });
    const database = new DatabaseSync(join(folder, 'lock.db'));
    try {
      database.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) throw new StoreInUse(folder);
      throw error;
    }
    return new StoreLock(database);
  }

  release(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

const SQLITE_BUSY = 5;
