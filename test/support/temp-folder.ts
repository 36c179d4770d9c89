import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempFolder {
  readonly path: string;
  /** Removes the folder and everything in it; read-only files too. */
  remove(): Promise<void>;
}

/** A new empty folder that nobody else uses, so test files can run beside one another. @param base where it is made */
export async function tempFolder(base = tmpdir()): Promise<TempFolder> {
  const path = await realpath(await mkdtemp(join(base, 'tallystick-')));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
