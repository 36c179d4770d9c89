import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The embedded mirror of a store, beside its own adapter: what somebody with access to the disk could read, change and remove. */
export class MirrorPages {
  readonly #file: string;

  /** @param dataFolder the store's */
  constructor(dataFolder: string) {
    this.#file = join(dataFolder, 'mirror/pages.db');
  }

  /** First sequence numbers of a tenant's pages, ascending. */
  list(tenant: string): number[] {
    return this.#use((database) =>
      database
        .prepare('SELECT firstSeq FROM pages WHERE tenant = ? ORDER BY firstSeq')
        .all(tenant)
        .map((row) => Number(row['firstSeq'])),
    );
  }

  read(tenant: string, firstSeq: number): Buffer | undefined {
    const row = this.#use((database) =>
      database.prepare('SELECT bytes FROM pages WHERE tenant = ? AND firstSeq = ?').get(tenant, firstSeq),
    );
    return row === undefined ? undefined : Buffer.from(row['bytes'] as Uint8Array);
  }

  change(tenant: string, firstSeq: number, change: (bytes: Buffer) => Uint8Array): void {
    const bytes = this.read(tenant, firstSeq);
    assert.ok(bytes, `page ${firstSeq} of ${tenant}`);
    this.#use((database) =>
      database
        .prepare('UPDATE pages SET bytes = ? WHERE tenant = ? AND firstSeq = ?')
        .run(change(bytes), tenant, firstSeq),
    );
  }

  /** Writes a page, whether or not there is one. */
  put(tenant: string, firstSeq: number, bytes: Uint8Array): void {
    this.#use((database) =>
      database
        .prepare(
          'INSERT INTO pages (tenant, firstSeq, bytes) VALUES (?, ?, ?) ON CONFLICT (tenant, firstSeq) DO UPDATE SET bytes = excluded.bytes',
        )
        .run(tenant, firstSeq, bytes),
    );
  }

  /** Removes one page, or all of a tenant's. */
  remove(tenant: string, firstSeq?: number): void {
    this.#use((database) =>
      database
        .prepare('DELETE FROM pages WHERE tenant = ? AND firstSeq = coalesce(?, firstSeq)')
        .run(tenant, firstSeq ?? null),
    );
  }

  #use<T>(work: (database: DatabaseSync) => T): T {
    const database = new DatabaseSync(this.#file, { timeout: 5000 });
    try {
      return work(database);
    } finally {
      database.close();
    }
  }
}
