import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readHead } from '../../../shared/domain/ledger/record.ts';
import { unpackHeads } from '../../../shared/stores/seal-store.ts';

const POLL_MILLISECONDS = 20;
/** Entries of a log that no event makes: its genesis and the open entry of its one period. */
const ENTRIES_BESIDE = 2;

/** How far the suite has come. */
export interface Progress {
  /** entries of all logs */
  readonly entries: number;
  /** entries that the last published seal covers */
  readonly sealed: number;
  /** pages whose copy is in the mirror, and pages there are */
  readonly mirrored: number;
  readonly pages: number;
}

/** How many entries there are once so many organizations have so many receipts. */
export const entriesFor = (receipts: number, tenants: number): number => receipts + ENTRIES_BESIDE * tenants;

/** Looks at a store while the suite works on it: reads rows, and never holds anything up. */
export class StoreWatch {
  readonly #database: DatabaseSync;
  readonly #mirror: DatabaseSync;
  readonly #copies;
  readonly #sizes;
  readonly #seal;
  readonly #pages;

  constructor(folder: string) {
    this.#database = new DatabaseSync(join(folder, 'store.db'), { readOnly: true, timeout: 5000 });
    this.#mirror = new DatabaseSync(join(folder, 'mirror/pages.db'), { readOnly: true, timeout: 5000 });
    this.#copies = this.#mirror.prepare('SELECT count(*) AS pages FROM pages');
    this.#sizes = this.#database.prepare('SELECT coalesce(sum(size), 0) AS entries FROM heads');
    this.#seal = this.#database.prepare(
      'SELECT heads FROM seals WHERE published_at IS NOT NULL ORDER BY n DESC LIMIT 1',
    );
    this.#pages = this.#database.prepare('SELECT count(*) AS pages FROM pages');
  }

  entries(): number {
    return Number(this.#sizes.get()!['entries']);
  }

  /** Entries that are in the last published seal, over all organizations. */
  sealed(): number {
    const row = this.#seal.get();
    if (row === undefined) return 0;
    return unpackHeads(row['heads'] as Uint8Array).reduce((sum, line) => sum + Number(readHead(line).size), 0);
  }

  progress(): Progress {
    return {
      entries: this.entries(),
      sealed: this.sealed(),
      mirrored: Number(this.#copies.get()!['pages']),
      pages: Number(this.#pages.get()!['pages']),
    };
  }

  /**
   * Waits until there are so many entries, all of them in a published seal and every page in the mirror.
   * @param stalledSeconds how long nothing may move
   * @throws Error where the suite does not get there
   */
  async settled(entries: number, stalledSeconds = 60): Promise<Progress> {
    let before = '';
    let moved = performance.now();
    for (;;) {
      // The cheap question first: most of the time it is the answer.
      const now = this.entries();
      if (now >= entries && this.sealed() >= now) {
        const progress = this.progress();
        if (progress.mirrored >= progress.pages && progress.sealed >= progress.entries) return progress;
      }
      const seen = `${now} ${now >= entries ? this.sealed() : ''}`;
      if (seen !== before) {
        before = seen;
        moved = performance.now();
      } else if (performance.now() - moved > stalledSeconds * 1000) {
        throw new Error(
          `nothing moved for ${stalledSeconds} s: ${JSON.stringify(this.progress())} of ${entries} entries`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
  }

  close(): void {
    this.#mirror.close();
    this.#database.close();
  }
}
