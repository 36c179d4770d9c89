import type { Account, Subscription } from '../../shared/domain/account/account.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { periodInvoiced, receiptsAppended } from '../../shared/domain/messages.ts';
import { type Instant, plusMicros } from '../../shared/domain/time.ts';
import { billingPeriod } from '../../shared/domain/usage/metering.ts';
import type { AccountStore } from '../../shared/stores/account-store.ts';
import { mirrorPages, projectFrom, type SignReceiptsRoom, signReceipts } from '../sign-receipts/sign-receipts.ts';

export interface RunInvoicesRoom extends SignReceiptsRoom {
  readonly accounts: AccountStore;
  /** Begins every invoice number; one series per issuing legal entity. */
  readonly invoicePrefix: string;
}

export interface InvoiceRun {
  readonly issued: { readonly tenant: string; readonly number: string }[];
  /** tenants that were passed over, with the reason */
  readonly skipped: { readonly tenant: string; readonly reason: string }[];
}

const TENANTS_PER_READ = 200;

/**
 * Closes every billing period whose end and grace are past and issues its invoice. A missed run is made up for by the
 * next one, a doubled one finds nothing to do: a period is closed by an entry in the ledger, and only once.
 *
 * One tenant's trouble is reported and passed over; it never keeps another from its invoice.
 */
export async function runInvoices(room: RunInvoicesRoom): Promise<InvoiceRun> {
  const run: InvoiceRun = { issued: [], skipped: [] };
  let after: string | undefined;
  for (;;) {
    const tenants = await room.accounts.list(after, TENANTS_PER_READ);
    if (tenants.length === 0) return run;
    for (const tenant of tenants) {
      try {
        await invoiceTenant(tenant, room, run);
      } catch (error) {
        room.log.error('invoice_run_failed', error, { tenant });
        run.skipped.push({ tenant, reason: 'failed' });
      }
    }
    after = tenants.at(-1);
  }
}

async function invoiceTenant(tenant: TenantId, room: RunInvoicesRoom, run: InvoiceRun): Promise<void> {
  const account = await room.accounts.get(tenant);
  if (account === undefined) return;
  for (const subscription of account.subscriptions) {
    for (;;) {
      const outcome = await closeNext(account, subscription, room, run);
      if (outcome === 'done') break;
      if (outcome === 'frozen') {
        run.skipped.push({ tenant, reason: 'frozen' });
        return;
      }
    }
  }
}

/** Closes the earliest period of a subscription that is due. */
async function closeNext(
  account: Account,
  subscription: Subscription,
  room: RunInvoicesRoom,
  run: InvoiceRun,
): Promise<'closed' | 'done' | 'frozen'> {
  const { ledger, bus, clock } = room;
  const { tenant } = account;
  const now = clock.now();
  const from: Instant = (await ledger.closedUntil(tenant, subscription.id)) ?? subscription.startedAt;
  const period = billingPeriod(subscription.calendar, from);
  if (plusMicros(period.end, BigInt(account.graceMinutes) * 60_000_000n) > now) return 'done';

  const series = `${room.invoicePrefix}-${now.slice(0, 4)}`;
  const closed = await ledger.closePeriod(tenant, subscription.id, period, series, now);
  if (closed === 'frozen') return 'frozen';
  if (closed === 'closed') return 'closed';
  if (closed === 'waiting') {
    // What was accepted before the close belongs into the period, not after it.
    await signReceipts(tenant, room);
    return 'closed';
  }
  await mirrorPages(tenant, closed.pages, room);
  await bus.publish(receiptsAppended());
  await bus.publish(periodInvoiced(tenant, closed.number));
  await projectFrom(tenant, closed.pages[0]!.firstSeq, room);
  room.log.info('invoice_issued', { tenant, number: closed.number });
  run.issued.push({ tenant, number: closed.number });
  return 'closed';
}
