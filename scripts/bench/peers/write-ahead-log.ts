import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Syncs a RocksDB store's write-ahead log from outside, for a program that only writes it.
 *
 * RocksDB hands each batch to the operating system at once (WriteOptions::sync is false unless asked, and rocksdb-native does
 * not ask); syncing the same file by another descriptor is all that `sync` would do more.
 */
export class WriteAheadLog {
  readonly #folder: string;
  readonly #open = new Map<string, FileHandle>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async sync(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      // More than one while a memtable is being flushed: either may hold what was written last.
      if (!/^[0-9]+\.log$/.test(name)) continue;
      const file = this.#open.get(name) ?? (await open(join(this.#folder, name), 'r'));
      this.#open.set(name, file);
      await file.datasync();
    }
  }

  async close(): Promise<void> {
    for (const file of this.#open.values()) await file.close();
  }
}
