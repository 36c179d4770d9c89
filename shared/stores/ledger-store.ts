import { type Account, type AccountJson, parseAccount } from '../domain/account/account.ts';
import type { Json } from '../domain/canonical.ts';
import { TryAgain } from '../domain/errors.ts';
import type { LedgerOrigin, TenantId } from '../domain/ids.ts';
import type { InvoiceDocument } from '../domain/invoice/invoice.ts';
import { Books, periodKeyText } from '../domain/ledger/books.ts';
import { type Instant, later, type Period, plusMicros } from '../domain/time.ts';
import { billingPeriod } from '../domain/usage/metering.ts';
import type { Clock } from '../ports/clock.ts';
import type { Database, RowOf, Transaction } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { writeAccount } from './account-store.ts';
import { Archive } from './archive.ts';
import type { Backlog } from './backlog.ts';
import { commitDraft } from './draft.ts';
import { type Drafter, Draftsman } from './draftsman.ts';
import { dryRun } from './dry-run.ts';
import { numberInvoice, writeInvoice } from './invoice-rows.ts';
import {
  billTerms,
  closeInto,
  type InvoiceOrder,
  nextToClose,
  startIsDue,
  subscriptionOf,
  taxPointOf,
} from './invoicing.ts';
import { dropLines, dropPeriod, loadPeriods } from './ledger-rows.ts';
import { type Appended, LedgerWork } from './ledger-work.ts';
import { LogReader } from './log-reader.ts';
import { loadMoney } from './money-rows.ts';
import { seenBefore } from './opening-store.ts';
import type { PersonalData } from './personal-data.ts';
import { accounts, aggregates, freezes, seal_log, waiting } from './tables.ts';

/** How often a draft is made anew when the head has moved meanwhile. */
const DRAFTS = 8;
/** How old a draft may become: less than what verifiers allow between the time of an entry and of a seal that does not hold it (5 minutes). */
const DRAFT_MAX_MICROS = 60_000_000n;

/** What a preview is called where an invoice has its number. */
export const PREVIEW_NUMBER = 'PREVIEW';

export interface IssuedInvoice {
  readonly number: string;
  readonly invoice: InvoiceDocument;
}

/** The tenants' logs: the only place where sequence numbers are given. */
export class LedgerStore extends LogReader {
  readonly #database: Database;
  readonly #entropy: Entropy;
  readonly #ledger: LedgerOrigin;
  readonly #personal: PersonalData;
  readonly #drafter: Drafter;
  readonly #backlog: Backlog | undefined;
  readonly #clock: Pick<Clock, 'now'> | undefined;

  /**
   * @param drafter makes receipts of waiting usage; this thread, unless given
   * @param clock asked once more in each transaction; without one, what a caller says is the time holds until the commit
   */
  constructor(
    database: Database,
    entropy: Entropy,
    ledger: LedgerOrigin,
    personal: PersonalData,
    archive: Archive = new Archive(database, undefined),
    drafter: Drafter = new Draftsman(database, { ledger, entropy }, personal, undefined),
    backlog?: Backlog,
    clock?: Pick<Clock, 'now'>,
  ) {
    super(database, archive, personal);
    this.#drafter = drafter;
    this.#backlog = backlog;
    this.#clock = clock;
    this.#database = database;
    this.#personal = personal;
    this.#entropy = entropy;
    this.#ledger = ledger;
  }

  /**
   * Turns waiting batches of a tenant into receipts: rates, numbers, links, pages and sums up on a snapshot, then commits that on the
   * tenant's head. Of two that run at once the head has moved for one, which begins again: no number is given twice, none is skipped.
   * @throws Unratable when an event cannot be rated, TryAgain where others were always faster; nothing is written
   */
  async appendWaiting(tenant: TenantId, clockNow: Instant): Promise<Appended> {
    for (let tries = 0; tries < DRAFTS; tries++) {
      const now = await this.#notBeforeLastSeal(tries === 0 ? clockNow : this.#atLeast(clockNow));
      const { appended, ...draft } = await this.#drafter.draft(tenant, now);
      if (appended.outcome !== 'appended') return appended;
      // Entries must not be recorded long before a seal that does not hold them: where the clock has leapt, they are made anew.
      const isTimely = (): boolean => this.#atLeast(now) <= plusMicros(now, DRAFT_MAX_MICROS);
      if (!(await commitDraft(this.#database, draft, isTimely))) continue;
      this.#backlog?.billed(tenant, appended.events ?? 0);
      return appended;
    }
    throw new TryAgain('the head of the log moves too fast');
  }

  /**
   * Closes a subscription's period and issues its invoice: fees, base prices and true-ups before, the next invoice number.
   * @param order.taxation decided beforehand: deciding may ask somebody outside
   * @returns `waiting` where accepted usage is not receipts yet: it comes first, `closed` where the period was closed before
   */
  async closePeriod(
    tenant: TenantId,
    subscriptionId: string,
    period: Period & { readonly text: string },
    order: InvoiceOrder,
    clockNow: Instant,
  ): Promise<(Appended & IssuedInvoice) | 'frozen' | 'waiting' | 'closed'> {
    return this.#work(tenant, clockNow, async (work, tx) => {
      if ((await tx.range(waiting, { prefix: [tenant], limit: 1 })).length > 0) return 'waiting';
      const closedUntil = work.books.closedUntil(subscriptionId);
      if (closedUntil !== undefined && period.start < closedUntil) return 'closed';
      const invoice = await closeInto(work, subscriptionId, period, await numberInvoice(tx, order.series), order);
      dropPeriod(tx, tenant, invoice.open, work.books, work.scribe.recordedAt);
      work.touchedPeriods.delete(periodKeyText(subscriptionId, period.text));
      writeInvoice(tx, invoice.document, invoice.open.openSeq, invoice.closeSeq!, invoice.entrySeq);
      return { ...work.finish(), number: invoice.document.number, invoice: invoice.document };
    });
  }

  /**
   * Issues an invoice over what a subscription's bucket holds, without closing its period: what is due in advance when it
   * begins (`start`), or what has come together so far (`interim`).
   * @param settle keeps the answer of whoever asked, in the same transaction
   * @returns `idle` where there is nothing to invoice
   */
  async invoiceNow(
    tenant: TenantId,
    subscriptionId: string,
    kind: 'start' | 'interim',
    order: InvoiceOrder,
    clockNow: Instant,
    settle?: (tx: Transaction, issued: IssuedInvoice) => Promise<void>,
  ): Promise<(Appended & IssuedInvoice) | 'frozen' | 'idle'> {
    return this.#work(tenant, clockNow, async (work, tx) => {
      const subscription = subscriptionOf(work, subscriptionId);
      await work.loadMoney();
      if (kind === 'start' && !startIsDue(subscription, work.books)) return 'idle';
      const at = kind === 'start' ? subscription.startedAt : clockNow;
      await work.postDueFees(subscription, at);
      const open = await work.bucketAt(subscription, at);
      if (open.count === 0) return 'idle';
      const lines = [...open.lines.keys()];
      const bill = { kind, until: undefined, ...billTerms(subscription, order, clockNow) };
      const number = await numberInvoice(tx, order.series);
      const { invoice } = work.scribe.invoice(open, { number, ...bill });
      work.keepTerms(invoice, bill.discounts, bill.taxation);
      dropLines(
        tx,
        tenant,
        open,
        lines.filter((line) => !open.lines.has(line)),
      );
      const entrySeq = work.seqOfInvoice(invoice);
      writeInvoice(tx, invoice, open.openSeq, entrySeq, entrySeq);
      const issued = { ...work.finish(), number, invoice };
      await settle?.(tx, issued);
      return issued;
    });
  }

  /**
   * The invoice as it would be if the period that contains an instant were over now: the same steps on the same books,
   * waiting usage included, with nothing kept.
   */
  async preview(
    tenant: TenantId,
    subscriptionId: string,
    order: Omit<InvoiceOrder, 'series'>,
    clockNow: Instant,
  ): Promise<InvoiceDocument> {
    const now = await this.#notBeforeLastSeal(clockNow);
    const keys = await this.#personal.keysOf(tenant);
    return this.#database.snapshot(async (view) => {
      const work = await LedgerWork.begin(dryRun(view), tenant, now, this.#means());
      for (const { batch_id } of await view.range(waiting, { prefix: [tenant] }))
        await work.appendBatch(batch_id, keys);
      const subscription = subscriptionOf(work, subscriptionId);
      const closedUntil = work.books.closedUntil(subscriptionId);
      const period = billingPeriod(subscription.calendar, nextToClose(subscription, closedUntil));
      return (await closeInto(work, subscriptionId, period, PREVIEW_NUMBER, { ...order, series: '' })).document;
    });
  }

  /** The tax point of the invoice that closes a subscription's next period. */
  async nextTaxPoint({ tenant, subscriptions }: Account, subscriptionId: string, now: Instant): Promise<Instant> {
    const subscription = subscriptions.find(({ id }) => id === subscriptionId);
    if (subscription === undefined) return now;
    const closedUntil = (await this.books(tenant)).closedUntil(subscriptionId);
    return taxPointOf(subscription, billingPeriod(subscription.calendar, nextToClose(subscription, closedUntil)));
  }

  /**
   * Anything else that is written into a tenant's log: one transaction on its head.
   * @param write given the work, after frozen tenants were passed over; what it returns comes back with the pages
   */
  async append<T>(
    tenant: TenantId,
    clockNow: Instant,
    write: (work: LedgerWork, tx: Transaction) => Promise<T>,
  ): Promise<{ readonly appended: Appended; readonly result: T } | 'frozen'> {
    return this.#work(tenant, clockNow, async (work, tx) => {
      await work.loadMoney();
      const result = await write(work, tx);
      // A head says when its last entry was recorded: where none was written it stays as it is.
      const isIdle = work.scribe.texts.length === 0;
      const idle: Appended = { outcome: 'idle', pages: [], size: work.scribe.range.size };
      return { appended: isIdle ? idle : work.finish(), result };
    });
  }

  /**
   * Changes an organization's document and charges what the change makes due, in one transaction: no price is in force
   * that the ledger does not know of, and no fee stands that nobody agreed to.
   * @param change given the document as it stands; returns what is to stand
   */
  async changeAccount<T>(
    tenant: TenantId,
    clockNow: Instant,
    change: (document: AccountJson, tx: Transaction) => Promise<{ readonly document: AccountJson; readonly result: T }>,
    settle?: (tx: Transaction, result: T, account: Account, document: AccountJson) => Promise<void>,
  ): Promise<
    { readonly appended: Appended | undefined; readonly account: Account; readonly result: T } | 'frozen' | 'absent'
  > {
    const now = await this.#notBeforeLastSeal(clockNow);
    return this.#database.transact(async (tx) => {
      const row = await tx.read(accounts, [tenant]);
      if (row === undefined) return 'absent';
      if ((await tx.read(freezes, [tenant])) !== undefined) return 'frozen';
      const { document, result } = await change(JSON.parse(row.document) as AccountJson, tx);
      const account = parseAccount(document);
      writeAccount(tx, account, document, clockNow);
      const work = await LedgerWork.begin(tx, tenant, this.#atLeast(now), this.#means(), account);
      const begun = work.scribe.texts.length;
      for (const subscription of account.subscriptions) {
        if (subscription.startedAt <= clockNow) await work.postDueFees(subscription, clockNow);
      }
      const appended = work.scribe.texts.length > begun ? work.finish() : undefined;
      await settle?.(tx, result, account, document);
      return { appended, account, result };
    });
  }

  async #work<T>(
    tenant: TenantId,
    clockNow: Instant,
    write: (work: LedgerWork, tx: Transaction) => Promise<T>,
  ): Promise<T | 'frozen'> {
    const now = await this.#notBeforeLastSeal(clockNow);
    return this.#database.transact(async (tx) => {
      if ((await tx.read(freezes, [tenant])) !== undefined) return 'frozen';
      return write(await LedgerWork.begin(tx, tenant, this.#atLeast(now), this.#means()), tx);
    });
  }

  /** What the clock says by now, but no earlier instant. */
  #atLeast(instant: Instant): Instant {
    return this.#clock === undefined ? instant : later(instant, this.#clock.now());
  }

  #means() {
    return { ledger: this.#ledger, entropy: this.#entropy };
  }

  /**
   * Entries are recorded after the last seal that does not hold them, whatever this instance's clock says. Read outside the
   * transaction: every append would otherwise contend with the sealer; the verifier's tolerance covers the difference.
   */
  async #notBeforeLastSeal(now: Instant): Promise<Instant> {
    const log = await this.#database.read(seal_log, ['seals']);
    return log === undefined ? now : later(now, log.last_seal_at as Instant);
  }

  /** Where a tenant's billing stands, as one snapshot shows it: periods closed and open, credits, invoices, fees. */
  async books(tenant: TenantId): Promise<Books> {
    const books = new Books();
    await this.#database.snapshot(async (view) => {
      await loadPeriods(view, tenant, books);
      await loadMoney(view, tenant, books.money);
    });
    return books;
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
