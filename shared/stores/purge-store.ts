import type { Instant } from '../domain/time.ts';
import type { Database, RowOf, Transaction } from '../ports/database.ts';
import { purges } from './tables.ts';

/** What is deleted once its time has come. */
export const PURGED_KINDS = ['payloads', 'pages', 'keys', 'usage_sums', 'erasure_proposals'] as const;
export type PurgedKind = (typeof PURGED_KINDS)[number];

/** Of all organizations together: what is deleted without looking whose it is. */
export const EVERYBODY = '*';

/** Adds to the count of a day; call it in the transaction that deletes, so that the report is what was done. */
export async function notePurged(
  tx: Transaction,
  tenant: string,
  now: Instant,
  kind: PurgedKind,
  count: number,
): Promise<void> {
  if (count === 0) return;
  const day = now.slice(0, 10);
  const before = await tx.read(purges, [tenant, day, kind]);
  tx.upsert(purges, { tenant, day, kind, count: (before?.count ?? 0) + count });
}

/** What was purged, for whoever has to show it. */
export class PurgeStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Notes what the engine has deleted in commits of its own. */
  async note(now: Instant, counts: Readonly<Partial<Record<PurgedKind, number>>>): Promise<void> {
    const some = Object.entries(counts).filter(([, count]) => count > 0) as [PurgedKind, number][];
    if (some.length === 0) return;
    await this.#database.transact(async (tx) => {
      for (const [kind, count] of some) await notePurged(tx, EVERYBODY, now, kind, count);
    });
  }

  /** Counts of the days [from, to), by day and kind. @param from YYYY-MM-DD */
  report(tenant: string, from: string, to: string): Promise<RowOf<typeof purges.columns>[]> {
    return this.#database.snapshot((view) => view.range(purges, { prefix: [tenant], from: [from], to: [to] }));
  }
}
