import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent, syncFolder } from './files.ts';

/** Files that are read at once, and share a commit. */
const TOGETHER = 64;

/** What a file that an earlier version made stands for. */
export interface EarlierFile<K> {
  readonly tenant: string;
  readonly key: K;
}

/** One of them, where it lies and what it holds. */
export interface FoundFile<K> extends EarlierFile<K> {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Files below a folder that an earlier version of this adapter made: then each copy was a file of its own.
 * @param depth folders between the folder and its files
 * @param meaning of the names on the way to a file; undefined for one that is nothing of ours
 */
export async function* earlierFiles<K>(
  folder: string,
  depth: number,
  meaning: (names: readonly string[]) => EarlierFile<K> | undefined,
  names: readonly string[] = [],
): AsyncGenerator<EarlierFile<K> & { readonly path: string }> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth > 0 && !entry.name.startsWith('.')) {
      yield* earlierFiles(path, depth - 1, meaning, [...names, entry.name]);
    } else if (entry.isFile() && depth === 0) {
      const found = meaning([...names, entry.name]);
      if (found !== undefined) yield { ...found, path };
    }
  }
}

/**
 * Takes in what an earlier version left, and removes each file once what it held is kept. A crash on the way repeats what was not
 * removed yet. Folders that are empty afterwards go as well, others stay as they are.
 * @param keep resolves when the file's content is kept elsewhere
 */
export async function takeInEarlier<K>(
  root: string,
  files: AsyncIterable<EarlierFile<K> & { readonly path: string }>,
  keep: (file: FoundFile<K>) => Promise<void>,
): Promise<void> {
  const folders = new Set<string>();
  let some: (EarlierFile<K> & { readonly path: string })[] = [];
  const take = async (): Promise<void> => {
    await Promise.all(some.map(async (file) => keep({ ...file, bytes: await readFile(file.path) })));
    for (const { path } of some) await rm(path);
    some = [];
  };
  for await (const file of files) {
    some.push(file);
    for (let at = join(file.path, '..'); at.length > root.length; at = join(at, '..')) folders.add(at);
    if (some.length >= TOGETHER) await take();
  }
  await take();
  if (folders.size === 0) return;
  // The deepest first.
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) await removeIfEmpty(folder);
  await rm(join(root, '.incoming'), { recursive: true, force: true });
  await syncFolder(root);
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!isAbsent(error) && !(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
  }
}
