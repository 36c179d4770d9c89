import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes on the disk by file or folder of a store. */
export type DiskUse = Readonly<Record<string, number>>;

/** Blocks in use, not lengths: the file system rounds up, and some files are made long in advance. */
async function bytesOf(path: string): Promise<number> {
  try {
    return (await stat(path)).blocks * 512;
  } catch (error) {
    // A draft that has its name by now: the file is counted under that.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** What a store takes up, by what lies directly in its folder. */
export async function diskUse(folder: string): Promise<DiskUse> {
  const use: Record<string, number> = {};
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) use[entry.name] = await bytesOf(path);
    if (!entry.isDirectory()) continue;
    let bytes = 0;
    for (const below of await readdir(path, { recursive: true, withFileTypes: true })) {
      if (below.isFile()) bytes += await bytesOf(join(below.parentPath, below.name));
    }
    use[`${entry.name}/`] = bytes;
  }
  return use;
}

export const totalOf = (use: DiskUse): number => Object.values(use).reduce((sum, bytes) => sum + bytes, 0);

/** What has come to each since, per event. */
export function perEvent(before: DiskUse, after: DiskUse, events: number): DiskUse {
  const names = Object.keys(after).filter((name) => after[name]! > (before[name] ?? 0));
  return Object.fromEntries(names.map((name) => [name, (after[name]! - (before[name] ?? 0)) / events]));
}
