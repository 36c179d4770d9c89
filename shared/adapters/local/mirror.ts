import { join, resolve } from 'node:path';
import type { Mirror, MirroredPage } from '../../ports/mirror.ts';
import { type EarlierFile, earlierFiles, takeInEarlier } from './earlier-files.ts';
import type { Created } from './files.ts';
import { KeptFile, type Rest } from './kept-file.ts';
import { tenantFolder } from './names.ts';

const SCHEMA = `CREATE TABLE IF NOT EXISTS pages (
  id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, firstSeq INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE (tenant, firstSeq)) STRICT;`;
const INSERT = 'INSERT INTO pages (tenant, firstSeq, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
const READ = 'SELECT bytes FROM pages WHERE tenant = ? AND firstSeq = ?';
const LIST = 'SELECT firstSeq FROM pages WHERE tenant = ? AND firstSeq >= ? ORDER BY firstSeq';
const PAGES = 'SELECT firstSeq, bytes FROM pages WHERE tenant = ? AND firstSeq >= ? ORDER BY firstSeq LIMIT ?';
const RETIRE = `DELETE FROM pages WHERE id IN
  (SELECT id FROM pages WHERE tenant = ? AND firstSeq < ? ORDER BY firstSeq LIMIT ?)`;
const RETIRED_TOGETHER = 256;
/** The largest safe integer has 16 digits; pages were files once, named by them. */
const PAGE = /^(\d{16})\.page$/;

export interface LocalMirrorOptions {
  readonly folder: string;
  /** How long what comes is collected after other has been kept. */
  readonly rest?: Rest | undefined;
}

/** Ledger pages in one SQLite file, `pages.db`, that nothing but this mirror uses. A page is written once, with all that come with it. */
export class LocalMirror implements Mirror {
  readonly #file: KeptFile;
  readonly #folder: string;

  private constructor(file: KeptFile, folder: string) {
    this.#file = file;
    this.#folder = folder;
  }

  /**
   * Opens it, making it where it is missing. Pages that an earlier version left as files are taken in first.
   * @throws Error where such a file is not the page that is here already
   */
  static async open({ folder, rest }: LocalMirrorOptions): Promise<LocalMirror> {
    const root = resolve(folder);
    const mirror = new LocalMirror(KeptFile.open(join(root, 'pages.db'), SCHEMA, rest), root);
    try {
      await takeInEarlier(root, earlierFiles(root, 1, pageOf), async ({ tenant, key, path, bytes }) => {
        const outcome = await mirror.create(tenant, key, bytes);
        if (outcome === 'different') throw new Error(`${path} is not the page that the mirror holds already`);
      });
    } catch (error) {
      await mirror.close();
      throw error;
    }
    return mirror;
  }

  async create(tenant: string, firstSeq: number, bytes: Uint8Array): Promise<Created> {
    this.#require(tenant, firstSeq);
    return this.#file.write(() => {
      if (this.#file.run(INSERT, tenant, firstSeq, bytes) === 1) return 'created';
      return Buffer.compare(this.#bytesOf(tenant, firstSeq)!, bytes) === 0 ? 'present' : 'different';
    });
  }

  async read(tenant: string, firstSeq: number): Promise<Uint8Array | undefined> {
    this.#require(tenant, firstSeq);
    return this.#bytesOf(tenant, firstSeq);
  }

  async list(tenant: string, from = 0): Promise<number[]> {
    this.#require(tenant, from);
    return this.#file.all(LIST, tenant, from).map((row) => Number(row['firstSeq']));
  }

  async pages(tenant: string, from: number, limit: number): Promise<MirroredPage[]> {
    this.#require(tenant, from);
    return this.#file
      .all(PAGES, tenant, from, limit)
      .map((row) => ({ firstSeq: Number(row['firstSeq']), bytes: row['bytes'] as Uint8Array }));
  }

  async retire(tenant: string, before: number): Promise<number> {
    this.#require(tenant, before);
    for (let retired = 0; ; ) {
      const some = await this.#file.write(() => this.#file.run(RETIRE, tenant, before, RETIRED_TOGETHER));
      retired += some;
      if (some < RETIRED_TOGETHER) return retired;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #bytesOf(tenant: string, firstSeq: number): Uint8Array | undefined {
    return this.#file.get(READ, tenant, firstSeq)?.['bytes'] as Uint8Array | undefined;
  }

  #require(tenant: string, seq: number): void {
    tenantFolder(this.#folder, tenant);
    if (!Number.isSafeInteger(seq) || seq < 0) throw new RangeError(`${seq} is no sequence number`);
  }
}

function pageOf([tenant = '', name = '']: readonly string[]): EarlierFile<number> | undefined {
  const firstSeq = PAGE.exec(name)?.[1];
  return firstSeq === undefined ? undefined : { tenant, key: Number(firstSeq) };
}
