import { priceAt } from '../domain/account/account.ts';
import type { Json } from '../domain/canonical.ts';
import type { LedgerOrigin, TenantId } from '../domain/ids.ts';
import { Books, periodKeyText } from '../domain/ledger/books.ts';
import { type Instant, later, type Period } from '../domain/time.ts';
import type { Database, RowOf } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { Archive } from './archive.ts';
import { numberInvoice, writeInvoice } from './invoice-rows.ts';
import { dropPeriod, loadPeriods } from './ledger-rows.ts';
import { type Appended, LedgerWork, Unratable } from './ledger-work.ts';
import { LogReader } from './log-reader.ts';
import { seenBefore } from './opening-store.ts';
import { aggregates, freezes, heads, seal_log, waiting } from './tables.ts';

/** One commit takes at most this many waiting batches and, beyond the first, this many events. */
const APPEND_BATCHES = 16;
const APPEND_EVENTS = 1000;

/** The tenants' logs: the only place where sequence numbers are given. */
export class LedgerStore extends LogReader {
  readonly #database: Database;
  readonly #entropy: Entropy;
  readonly #ledger: LedgerOrigin;

  constructor(
    database: Database,
    entropy: Entropy,
    ledger: LedgerOrigin,
    archive: Archive = new Archive(database, undefined),
  ) {
    super(database, archive);
    this.#database = database;
    this.#entropy = entropy;
    this.#ledger = ledger;
  }

  /**
   * Turns waiting batches of a tenant into receipts: rates, numbers, links, pages, moves the head, all in one transaction
   * on the tenant's head row. Two that run at once cannot both commit, so no number is given twice and none is skipped.
   * @throws Unratable when an event cannot be rated; nothing is written
   */
  async appendWaiting(tenant: TenantId, clockNow: Instant): Promise<Appended> {
    const now = await this.#notBeforeLastSeal(clockNow);
    return this.#database.transact(async (tx) => {
      if ((await tx.read(freezes, [tenant])) !== undefined) return { outcome: 'frozen', pages: [], size: 0 };
      const rows = await tx.range(waiting, { prefix: [tenant], limit: APPEND_BATCHES });
      if (rows.length === 0) return { outcome: 'idle', pages: [], size: (await tx.read(heads, [tenant]))?.size ?? 0 };
      const work = await LedgerWork.begin(tx, tenant, now, { ledger: this.#ledger, entropy: this.#entropy });
      let events = 0;
      for (const row of rows) {
        if (events > 0 && events + row.count > APPEND_EVENTS) break;
        events += row.count;
        await work.appendBatch(row.batch_id);
      }
      return work.finish();
    });
  }

  /**
   * Closes a subscription's period and issues its invoice, with base fees before and the next invoice number.
   * @returns `waiting` where accepted usage is not receipts yet: it comes first, `closed` where the period was closed before
   */
  async closePeriod(
    tenant: TenantId,
    subscriptionId: string,
    period: Period & { readonly text: string },
    series: string,
    clockNow: Instant,
  ): Promise<(Appended & { readonly number: string }) | 'frozen' | 'waiting' | 'closed'> {
    const now = await this.#notBeforeLastSeal(clockNow);
    return this.#database.transact(async (tx) => {
      if ((await tx.read(freezes, [tenant])) !== undefined) return 'frozen';
      if ((await tx.range(waiting, { prefix: [tenant], limit: 1 })).length > 0) return 'waiting';
      const work = await LedgerWork.begin(tx, tenant, now, { ledger: this.#ledger, entropy: this.#entropy });
      const closedUntil = work.books.closedUntil(subscriptionId);
      if (closedUntil !== undefined && period.start < closedUntil) return 'closed';
      const subscription = work.account.subscriptions.find(({ id }) => id === subscriptionId);
      if (subscription === undefined) throw new Unratable(`subscription ${subscriptionId} is gone`);
      const open = await work.openPeriod(subscriptionId, period.text);
      for (const meter of subscription.meters) {
        // Where the price only comes into force during the period (its first one, mostly), its base price is due in full.
        const price =
          priceAt(meter, period.start) ?? meter.prices.find(({ effectiveFrom }) => effectiveFrom < period.end)?.version;
        if (price !== undefined) work.scribe.baseFee(open, meter.name, price);
      }
      const number = await numberInvoice(tx, series);
      const { closeSeq, invoice } = work.scribe.closeAndInvoice(open, number);
      work.touchedPeriods.delete(periodKeyText(subscriptionId, period.text));
      dropPeriod(tx, tenant, open, work.books, work.scribe.recordedAt);
      writeInvoice(tx, invoice, open.openSeq, closeSeq);
      return { ...work.finish(), number };
    });
  }

  /**
   * Entries are recorded after the last seal that does not hold them, whatever this instance's clock says. Read outside the
   * transaction: every append would otherwise contend with the sealer; the verifier's tolerance covers the difference.
   */
  async #notBeforeLastSeal(now: Instant): Promise<Instant> {
    const log = await this.#database.snapshot((view) => view.read(seal_log, ['seals']));
    return log === undefined ? now : later(now, log.last_seal_at as Instant);
  }

  /** Where a subscription's billing stands: until when it is closed, if it ever was. */
  async closedUntil(tenant: TenantId, subscriptionId: string): Promise<Instant | undefined> {
    const books = new Books();
    await this.#database.snapshot((view) => loadPeriods(view, tenant, books));
    return books.closedUntil(subscriptionId);
  }

  /** Aggregates of a tenant's meters, as usage summaries show them. */
  async usage(tenant: TenantId): Promise<RowOf<typeof aggregates.columns>[]> {
    return this.#database.snapshot((view) => view.range(aggregates, { prefix: [tenant] }));
  }

  /** unique_count: for each aggregate of a balance the values it had seen, first seen first. */
  async seenBefore(tenant: TenantId, balance: unknown): Promise<Map<string, readonly string[]>> {
    return this.#database.snapshot((view) => seenBefore(view, tenant, balance as Json));
  }
}
