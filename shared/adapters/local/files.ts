import { close, fdatasync, open as openDescriptor, write as writeDescriptor } from 'node:fs';
import { link, mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

export type Created = 'created' | 'present' | 'different';

const READ_ONLY = 0o444;
const PRIVATE_FOLDER = 0o700;
const ATTEMPTS = 5;
const REMEMBERED_FOLDERS = 10_000;

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

/** Whether the filesystem said "no such file": nothing there, or a file where the path needs a folder. */
export const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

/** A file's bytes. @returns undefined where no file has that path (nothing, or a folder) */
export async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readFile(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'EISDIR') return undefined;
    throw error;
  }
}

/** Makes a folder's entries survive a power failure: a file's own fsync does not cover its name. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes the names of `path` and of the folders above it, up to those inside `top`, survive a power failure. */
async function syncNames(path: string, top: string): Promise<void> {
  for (let folder = path; folder.length > top.length; folder = dirname(folder)) await syncFolder(dirname(folder));
}

// Descriptors, not file handles: those cost several times as much, for each of the thousands of pages a minute.
const openFile = promisify(openDescriptor);
const writeFile = promisify(writeDescriptor);
const syncFile = promisify(fdatasync);
const closeFile = promisify(close);

async function writeDurably(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await openFile(path, 'wx', mode);
  try {
    for (let from = 0; from < bytes.length; ) {
      const { bytesWritten } = await writeFile(file, bytes, from);
      from += bytesWritten;
    }
    await syncFile(file);
  } finally {
    await closeFile(file);
  }
}

/** Files that appear whole or not at all, and survive a power failure once the call has returned. */
export class DurableFiles {
  readonly #root: string;
  readonly #incoming: string;
  readonly #folderMode: number;
  /** Where this instance writes what has no name yet; made on first use. */
  #staging: Promise<string> | undefined;
  #drafts = 0;
  readonly #syncs = new Map<string, { readonly sync: Promise<void>; next: Promise<void> | undefined }>();
  /** Folders whose names are known to be on disk. */
  readonly #settled = new Set<string>();

  private constructor(root: string, folderMode: number) {
    this.#root = root;
    this.#incoming = join(root, '.incoming');
    this.#folderMode = folderMode;
  }

  /**
   * Opens a folder, making it where it is missing, and removes what a crash left half-written. Another instance that
   * is writing at this moment loses its draft and writes it again.
   * @param folderMode permissions of folders made here, less the umask
   */
  static async open(folder: string, folderMode = 0o777): Promise<DurableFiles> {
    const root = resolve(folder);
    const files = new DurableFiles(root, folderMode);
    const made = await mkdir(root, { recursive: true, mode: folderMode });
    if (made !== undefined) await syncNames(root, dirname(made));
    await mkdir(files.#incoming, { recursive: true, mode: PRIVATE_FOLDER });
    for (const leftover of await readdir(files.#incoming)) {
      await rm(join(files.#incoming, leftover), { recursive: true, force: true });
    }
    return files;
  }

  /**
   * Gives `bytes` a name that nobody holds yet. Decided by link(2), which never replaces: of many writers, in any number
   * of processes, one creates.
   * @param path inside the opened folder
   * @param mode permissions of the new file; read-only unless told otherwise
   */
  async create(path: string, bytes: Uint8Array, mode = READ_ONLY): Promise<Created> {
    return this.#withDraft(path, bytes, mode, async (draft) => {
      try {
        await link(draft, path);
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        const found = await this.compare(path, bytes);
        if (found === undefined)
          throw new Error(`${path} is a folder, or was removed in this moment`, { cause: error });
        return found;
      }
      await this.#syncFolder(dirname(path));
      return 'created';
    });
  }

  /** Who creates in a folder while it is being synced shares the next sync. */
  async #syncFolder(folder: string): Promise<void> {
    const underWay = this.#syncs.get(folder);
    if (underWay !== undefined) {
      underWay.next ??= underWay.sync.then(
        () => this.#beginSync(folder),
        () => this.#beginSync(folder),
      );
      return underWay.next;
    }
    return this.#beginSync(folder);
  }

  #beginSync(folder: string): Promise<void> {
    const sync = syncFolder(folder).finally(() => {
      if (this.#syncs.get(folder)?.sync === sync) this.#syncs.delete(folder);
    });
    this.#syncs.set(folder, { sync, next: undefined });
    return sync;
  }

  /** What a path holds, seen from `bytes`. @returns undefined where no file has that path */
  async compare(path: string, bytes: Uint8Array): Promise<'present' | 'different' | undefined> {
    const held = await readIfPresent(path);
    if (held === undefined) return undefined;
    if (Buffer.compare(held, bytes) !== 0) return 'different';
    // Its writer may still be on the way to this sync; `present` promises as much as `created`.
    await syncFolder(dirname(path));
    return 'present';
  }

  /** Puts `bytes` under a name, whoever held it. A reader sees the old bytes or the new ones, never a mixture. */
  async replace(path: string, bytes: Uint8Array, mode: number): Promise<void> {
    await this.#withDraft(path, bytes, mode, (draft) => rename(draft, path));
  }

  /** Makes a folder inside the root and everything between, durably. */
  async ensureFolder(path: string): Promise<void> {
    if (this.#settled.has(path)) return;
    await mkdir(path, { recursive: true, mode: this.#folderMode });
    // Also where the folder was there already: whoever made it may not have come to this yet.
    await syncNames(path, this.#root);
    if (this.#settled.size >= REMEMBERED_FOLDERS) this.#settled.clear();
    this.#settled.add(path);
  }

  /** Writes a draft and lets `name` give it its name. Starts over when somebody opened the folder and swept the draft. */
  async #withDraft<T>(path: string, bytes: Uint8Array, mode: number, name: (draft: string) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.ensureFolder(dirname(path));
        // mkdtemp takes a name nobody has, so a swept draft is never confused with another process's.
        this.#staging ??= mkdtemp(join(this.#incoming, 'draft-'));
        const draft = join(await this.#staging, String(this.#drafts++));
        try {
          await writeDurably(draft, bytes, mode);
          return await name(draft);
        } finally {
          await rm(draft, { force: true });
        }
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error;
        this.#staging = undefined;
        this.#settled.clear();
      }
    }
  }
}
