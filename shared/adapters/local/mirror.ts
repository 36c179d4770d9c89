import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Mirror } from '../../ports/mirror.ts';
import { type Created, DurableFiles, isAbsent, readIfPresent, syncFolder } from './files.ts';
import { tenantFolder } from './names.ts';

// The largest safe integer has 16 digits; padded, a listing by name is a listing by number.
const PAGE = /^(\d{16})\.page$/;

/** Ledger pages as read-only files `<tenant>/<first sequence, 16 digits>.page`. */
export class FileMirror implements Mirror {
  readonly #files: DurableFiles;
  readonly #folder: string;

  private constructor(files: DurableFiles, folder: string) {
    this.#files = files;
    this.#folder = resolve(folder);
  }

  static async open({ folder }: { readonly folder: string }): Promise<FileMirror> {
    return new FileMirror(await DurableFiles.open(folder), folder);
  }

  async create(tenant: string, firstSeq: number, bytes: Uint8Array): Promise<Created> {
    return this.#files.create(this.#pathOf(tenant, firstSeq), bytes);
  }

  async read(tenant: string, firstSeq: number): Promise<Uint8Array | undefined> {
    return readIfPresent(this.#pathOf(tenant, firstSeq));
  }

  async list(tenant: string, from = 0): Promise<number[]> {
    const folder = tenantFolder(this.#folder, tenant);
    requireSequence(from);
    try {
      const pages = (await readdir(folder)).map((file) => Number(PAGE.exec(file)?.[1]));
      // What is not a page is NaN, and NaN is at or after nothing.
      return pages.filter((firstSeq) => firstSeq >= from).sort((a, b) => a - b);
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  async retire(tenant: string, before: number): Promise<number> {
    requireSequence(before);
    let retired = 0;
    for (const firstSeq of await this.list(tenant)) {
      if (firstSeq >= before) break;
      if (await removed(this.#pathOf(tenant, firstSeq))) retired++;
    }
    if (retired > 0) await syncFolder(tenantFolder(this.#folder, tenant));
    return retired;
  }

  #pathOf(tenant: string, firstSeq: number): string {
    requireSequence(firstSeq);
    return join(tenantFolder(this.#folder, tenant), `${String(firstSeq).padStart(16, '0')}.page`);
  }
}

function requireSequence(seq: number): void {
  if (!Number.isSafeInteger(seq) || seq < 0) throw new RangeError(`${seq} is no sequence number`);
}

/** @returns false where somebody else removed it first */
async function removed(path: string): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
