import { open, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Instant, isInstant, MICROS_PER_DAY, plusMicros } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { RetentionRefused, type Vault } from '../../ports/vault.ts';
import { type Created, DurableFiles, isAbsent, readIfPresent, syncFolder } from './files.ts';
import { folderOfPrefix, pathOf } from './names.ts';
import { inTurn } from './turns.ts';

export interface FileVaultOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Whole days from its creation during which an object cannot be deleted. */
  readonly retentionDays: number;
}

/**
 * Objects as read-only files under `objects/`, the end of their retention under `retention/` in a file of the same name.
 *
 * Unlike an object store, a folder cannot hold both `a` and `a/b`: the second of the two is refused with an Error.
 * Any number of processes may create and read; deleting belongs to one of them.
 */
export class FileVault implements Vault {
  readonly #files: DurableFiles;
  readonly #objects: string;
  readonly #retention: string;
  readonly #clock: Clock;
  readonly #retentionMicros: bigint;

  private constructor(files: DurableFiles, { folder, clock, retentionDays }: FileVaultOptions) {
    this.#files = files;
    this.#objects = resolve(folder, 'objects');
    this.#retention = resolve(folder, 'retention');
    this.#clock = clock;
    this.#retentionMicros = BigInt(retentionDays) * MICROS_PER_DAY;
  }

  static async open(options: FileVaultOptions): Promise<FileVault> {
    return new FileVault(await DurableFiles.open(options.folder), options);
  }

  create(name: string, bytes: Uint8Array): Promise<Created> {
    return this.#alone(name, async (path, retentionPath) => {
      const held = await this.#files.compare(path, bytes);
      if (held !== undefined) return held;
      // The promise first: an object nobody promised to keep must not exist, not even between two writes.
      await this.#retain(retentionPath);
      return this.#files.create(path, bytes);
    });
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return readIfPresent(pathOf(this.#objects, name));
  }

  async list(prefix: string): Promise<string[]> {
    const start = folderOfPrefix(this.#objects, prefix);
    const names: string[] = [];
    try {
      for (const entry of await readdir(start, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) names.push(join(entry.parentPath, entry.name).slice(this.#objects.length + 1));
      }
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    // Sorted as whole names: `a-b` comes before `a/b`, though a walk meets them the other way round.
    return names.filter((name) => name.startsWith(prefix)).sort();
  }

  // A folder has no addresses; the API hands the bytes out itself.
  async link(): Promise<undefined> {
    return undefined;
  }

  async delete(name: string): Promise<void> {
    await this.#alone(name, async (path, retentionPath) => {
      if ((await readIfPresent(path)) === undefined) return;
      const until = await retainedUntil(retentionPath);
      if (until === undefined) throw new RetentionRefused(name, 'a date that was lost');
      if (this.#clock.now() < until) throw new RetentionRefused(name, until);
      await rm(path);
      await syncFolder(dirname(path));
    });
  }

  /**
   * Adds the end of retention to the object's own file of ends; the latest counts. Only ever added to, so no crash and no
   * rival writer can shorten it. A torn line belongs to an object that was not created.
   */
  async #retain(path: string): Promise<void> {
    await this.#files.ensureFolder(dirname(path));
    const file = await open(path, 'a', 0o644);
    try {
      await file.writeFile(`\n${plusMicros(this.#clock.now(), this.#retentionMicros)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(dirname(path));
  }

  async #alone<T>(name: string, work: (path: string, retentionPath: string) => Promise<T>): Promise<T> {
    const path = pathOf(this.#objects, name);
    return inTurn(path, () => work(path, pathOf(this.#retention, name)));
  }
}

async function retainedUntil(path: string): Promise<Instant | undefined> {
  const bytes = await readIfPresent(path);
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.filter(isInstant).reduce<Instant | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined);
}
