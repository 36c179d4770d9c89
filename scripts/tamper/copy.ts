import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MirrorPages } from '../../test/support/mirror-pages.ts';

/** One copy of something, as somebody with access to the disk has it in hands. */
export interface Copy {
  /** @throws Error where there is none */
  read(): Promise<Buffer>;
  write(bytes: Uint8Array): Promise<void>;
  remove(): Promise<void>;
}

/** A file, whoever said that it is read-only. */
export const fileCopy = (file: string): Copy => ({
  read: () => readFile(file),
  write: async (bytes) => {
    await mkdir(dirname(file), { recursive: true });
    await chmod(file, 0o644).catch(() => undefined);
    await writeFile(file, bytes);
  },
  remove: () => rm(file),
});

/** A page of the embedded mirror. */
export const pageCopy = (pages: MirrorPages, tenant: string, firstSeq: number): Copy => ({
  read: async () => {
    const bytes = pages.read(tenant, firstSeq);
    if (bytes === undefined) throw new Error(`the mirror has no page ${firstSeq} of ${tenant}`);
    return bytes;
  },
  write: async (bytes) => pages.put(tenant, firstSeq, bytes),
  remove: async () => pages.remove(tenant, firstSeq),
});
