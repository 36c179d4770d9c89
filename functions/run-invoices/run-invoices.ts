import type { Account, Subscription } from '../../shared/domain/account/account.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { DecidedTaxation } from '../../shared/domain/invoice/taxation.ts';
import { periodDue, periodInvoiced, receiptsAppended } from '../../shared/domain/messages.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { AccountStore } from '../../shared/stores/account-store.ts';
import { taxPointOf } from '../../shared/stores/invoicing.ts';
import type { IssuedInvoice } from '../../shared/stores/ledger-store.ts';
import type { Appended } from '../../shared/stores/ledger-work.ts';
import { mirrorPages, projectFrom, type SignReceiptsRoom, signReceipts } from '../sign-receipts/sign-receipts.ts';
import { eachBounded } from './bounded.ts';
import { type Due, dueOf } from './due.ts';
import { expireCredits } from './expire-credits.ts';

export interface RunInvoicesRoom extends SignReceiptsRoom {
  readonly accounts: AccountStore;
  /** Begins every invoice number; one series per issuing legal entity. */
  readonly invoicePrefix: string;
  /** How an organization's invoices are taxed at an instant; may ask an engine outside. */
  readonly taxationOf: (account: Account, at: Instant) => Promise<DecidedTaxation | undefined>;
}

export interface InvoiceRun {
  readonly issued: { readonly tenant: string; readonly number: string }[];
  /** tenants whose doorbell was rung: another call does them */
  readonly rung: string[];
  /** tenants that were passed over, with the reason */
  readonly skipped: { readonly tenant: string; readonly reason: string }[];
}

const TENANTS_PER_READ = 200;
/** So many tenants are looked at, or invoiced, at once: each holds one transaction and one tenant's books. */
const AT_ONCE = 4;
/** So many are invoiced by the scheduler's own call; of the others each gets a call of its own. */
const OWN_TENANTS = 20;

/**
 * Finds every tenant that has something to invoice: periods whose end and grace are past, subscriptions that begin with a
 * fee, credits that expire. A few are done at once, many are fanned out by doorbells. A missed run is made up for by the
 * next one, a doubled one finds nothing to do: a period is closed by an entry in the ledger, and only once.
 *
 * One tenant's trouble is reported and passed over; it never keeps another from its invoice.
 * @param stopping tells it to end between two tenants; the next run goes on
 */
export async function runInvoices(room: RunInvoicesRoom, stopping?: AbortSignal): Promise<InvoiceRun> {
  const run: InvoiceRun = { issued: [], rung: [], skipped: [] };
  let own = 0;
  for (let after: string | undefined; ; ) {
    const tenants = await room.accounts.list(after, TENANTS_PER_READ);
    if (tenants.length === 0 || stopping?.aborted === true) return run;
    await eachBounded(tenants, AT_ONCE, async (tenant) => {
      if (stopping?.aborted === true) return;
      try {
        const account = await room.accounts.get(tenant);
        if (account === undefined || (await dueOf(account, room)).kind === 'nothing') return;
        if (own >= OWN_TENANTS) {
          run.rung.push(tenant);
          await room.bus.publish(periodDue(tenant));
          return;
        }
        own++;
        await invoiceTenant(account, room, run);
      } catch (error) {
        room.log.error('invoice_run_failed', error, { tenant });
        run.skipped.push({ tenant, reason: 'failed' });
      }
    });
    after = tenants.at(-1);
  }
}

/** Does everything that is due for one tenant, as a doorbell asks. @returns what was done; a second doorbell finds nothing */
export async function invoiceOne(tenant: TenantId, room: RunInvoicesRoom): Promise<InvoiceRun> {
  const run: InvoiceRun = { issued: [], rung: [], skipped: [] };
  const account = await room.accounts.get(tenant);
  if (account !== undefined) await invoiceTenant(account, room, run);
  return run;
}

async function invoiceTenant(account: Account, room: RunInvoicesRoom, run: InvoiceRun): Promise<void> {
  const { tenant } = account;
  for (;;) {
    const due = await dueOf(account, room);
    if (due.kind === 'nothing') return;
    const outcome = await settleDue(account, due, room);
    if (outcome === 'frozen') {
      room.log.warn('billing_frozen', { tenant });
      run.skipped.push({ tenant, reason: 'frozen' });
      return;
    }
    if (outcome === 'again') continue;
    run.issued.push({ tenant, number: outcome.number });
    room.log.info('invoice_issued', { tenant, number: outcome.number });
  }
}

/** Does the one thing that is due first. */
async function settleDue(
  account: Account,
  due: Exclude<Due, { readonly kind: 'nothing' }>,
  room: RunInvoicesRoom,
): Promise<IssuedInvoice | 'again' | 'frozen'> {
  const { tenant } = account;
  const now = room.clock.now();
  if (due.kind === 'expiry') {
    const done = await expireCredits(tenant, now, room);
    return done === 'frozen' ? 'frozen' : 'again';
  }
  const order = { series: seriesOf(room.invoicePrefix, now), taxation: await room.taxationOf(account, taxPoint(due)) };
  const issued =
    due.kind === 'start'
      ? await room.ledger.invoiceNow(tenant, due.subscription.id, 'start', order, now)
      : await room.ledger.closePeriod(tenant, due.subscription.id, due.period, order, now);
  if (issued === 'frozen') return 'frozen';
  if (issued === 'waiting') {
    // What was accepted before the close belongs into the period, not after it.
    await signReceipts(tenant, room);
    return 'again';
  }
  if (issued === 'closed' || issued === 'idle') return 'again';
  await announce(tenant, issued, room);
  return issued;
}

/** Invoice numbers are gapless per issuer and year of issue. */
export const seriesOf = (prefix: string, now: Instant): string => `${prefix}-${now.slice(0, 4)}`;

/** When what is invoiced was supplied: an advance when the subscription begins, a period at its end. */
const taxPoint = (due: Extract<Due, { readonly subscription: Subscription }>): Instant =>
  due.kind === 'start' ? due.subscription.startedAt : taxPointOf(due.subscription, due.period);

/** Copies, rings and shows what an invoice has changed. What fails here, the sweep does again. */
export async function announce(
  tenant: TenantId,
  issued: Appended & IssuedInvoice,
  room: Pick<RunInvoicesRoom, 'mirror' | 'bus' | 'projector' | 'clock' | 'log'>,
): Promise<void> {
  await mirrorPages(tenant, issued.pages, room);
  await room.bus.publish(receiptsAppended());
  await room.bus.publish(periodInvoiced(tenant, issued.number));
  await projectFrom(tenant, issued.pages[0]!.firstSeq, room);
}
