import type { Account } from '../domain/account/account.ts';
import type { Sequence, TenantId } from '../domain/ids.ts';
import { PAGE_ENTRIES, type Page } from '../domain/ledger/page.ts';
import { type Instant, MICROS_PER_DAY, microsOf, plusMicros } from '../domain/time.ts';
import type { Database, Reader } from '../ports/database.ts';
import { retiredBefore } from './archive.ts';
import { notePurged } from './purge-store.ts';
import { batches, freezes, heads, invoices, open_periods, pages, retirements, unarchived, verified } from './tables.ts';

/** Dedupe rows of a batch are worthless this long after its lateness window: a day's margin, and a sender's clock ahead. */
const KNOWN_MARGIN_DAYS = 2n;

/** What of a log may leave the hot window, as far as rows tell. */
export interface Retirable {
  /** entries before this one have left */
  readonly before: Sequence;
  /** entries from this one on must stay: unverified, of an open period, of evidence still to be made, or the last page */
  readonly until: Sequence;
}

/** Lets go what is old: pages that the vault has, payloads of usage that has become receipts. */
export class RetirementStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async retirable(tenant: TenantId): Promise<Retirable> {
    return this.#database.snapshot((view) => retirable(view, tenant));
  }

  /** The first pages that are still in the database. */
  async oldest(tenant: TenantId, from: Sequence, limit: number): Promise<Page[]> {
    const rows = await this.#database.snapshot((view) => view.range(pages, { prefix: [tenant], from: [from], limit }));
    return rows.map((row) => ({ firstSeq: row.first_seq, count: row.count, bytes: Buffer.from(row.bytes) }));
  }

  /**
   * Deletes pages that follow on those deleted before, and remembers that they are read from the vault now, in one commit.
   * @returns whether it did; false where something has come up since the caller looked
   */
  async letGo(tenant: TenantId, gone: readonly Page[], now: Instant): Promise<boolean> {
    const first = gone[0]!.firstSeq;
    const last = gone.at(-1)!;
    const before = last.firstSeq + last.count;
    return this.#database.transact(async (tx) => {
      const allowed = await retirable(tx, tenant);
      if (allowed.before !== first || allowed.until < before) return false;
      for (const { firstSeq } of gone) tx.delete(pages, [tenant, firstSeq]);
      tx.upsert(retirements, { tenant, before, retired_at: now });
      await notePurged(tx, tenant, now, 'pages', gone.length);
      return true;
    });
  }

  /**
   * Purges payloads of batches that were accepted before an instant and are receipts. A batch goes whole once nothing can
   * ask for it by an event's key; until then its numbers stay, without what was sent.
   * @param after batch id to go on behind
   * @returns how many were purged, and behind which batch to go on; undefined at the end
   */
  async purgePayloads(
    account: Account,
    acceptedBefore: Instant,
    now: Instant,
    { after, limit }: { readonly after: string; readonly limit: number },
  ): Promise<{ readonly purged: number; readonly next: string | undefined }> {
    const { tenant } = account;
    const unknownBefore = plusMicros(now, -(BigInt(account.latenessDays) + KNOWN_MARGIN_DAYS) * MICROS_PER_DAY);
    return this.#database.transact(async (tx) => {
      // Batch ids begin with the microseconds of their acceptance in hex, so they stand in its order.
      const to = microsOf(acceptedBefore).toString(16).padStart(16, '0');
      const rows = await tx.range(batches, { prefix: [tenant], from: [after], to: [to], limit });
      let purged = 0;
      for (const row of rows) {
        if (row.first_seq === null || row.batch_id === after) continue;
        if (row.accepted_at < unknownBefore) tx.delete(batches, [tenant, row.batch_id]);
        else if (row.payload.length > 0) tx.update(batches, [tenant, row.batch_id], { payload: new Uint8Array(0) });
        else continue;
        purged++;
      }
      await notePurged(tx, tenant, now, 'payloads', purged);
      return { purged, next: rows.length < limit ? undefined : rows.at(-1)!.batch_id };
    });
  }
}

async function retirable(view: Reader, tenant: TenantId): Promise<Retirable> {
  const before = await retiredBefore(view, tenant);
  const head = await view.read(heads, [tenant]);
  const checked = await view.read(verified, [tenant]);
  // While somebody is looking for what is wrong, nothing is taken away.
  if (head === undefined || checked === undefined || (await view.read(freezes, [tenant])) !== undefined) {
    return { before, until: before };
  }
  const from = [Math.max(0, head.size - PAGE_ENTRIES)];
  const [tail] = await view.range(pages, { prefix: [tenant], from, limit: 1, reverse: true });
  const open = await view.range(open_periods, { prefix: [tenant] });
  const due = await view.range(unarchived, { prefix: [tenant] });
  const needed = await view.readMany(
    invoices,
    due.map(({ number }) => [tenant, number]),
  );
  const until = Math.min(
    checked.size,
    tail?.first_seq ?? 0,
    ...open.map(({ open_seq }) => open_seq),
    ...needed.map((row) => row?.open_seq ?? 0),
  );
  return { before, until: Math.max(before, until) };
}
