import type { Account } from '../../shared/domain/account/account.ts';
import { billingPeriod } from '../../shared/domain/usage/metering.ts';
import type { Transaction } from '../../shared/ports/database.ts';
import { nextToClose, startIsDue, taxPointOf } from '../../shared/stores/invoicing.ts';
import type { IssuedInvoice } from '../../shared/stores/ledger-store.ts';
import { signReceipts } from '../sign-receipts/sign-receipts.ts';
import { announce, type RunInvoicesRoom, seriesOf } from './run-invoices.ts';

/**
 * What a change of a subscription invoices at once. Should the process die before it is done, the next invoice run finds it
 * due: nothing here is remembered anywhere but in the ledger.
 */

/** Issues the first invoice of a subscription that begins with a fee. */
export async function issueStart(account: Account, subscriptionId: string, room: RunInvoicesRoom): Promise<void> {
  const now = room.clock.now();
  const subscription = account.subscriptions.find(({ id }) => id === subscriptionId);
  if (subscription === undefined || subscription.startedAt > now) return;
  if (!startIsDue(subscription, await room.ledger.books(account.tenant))) return;
  await invoiceNow(account, subscriptionId, 'start', room);
}

/** Issues an invoice over what has come together so far. @param settle keeps the answer of whoever asked, in its transaction */
export async function invoiceNow(
  account: Account,
  subscriptionId: string,
  kind: 'start' | 'interim',
  room: RunInvoicesRoom,
  settle?: (tx: Transaction, issued: IssuedInvoice) => Promise<void>,
): Promise<IssuedInvoice | 'idle' | 'frozen'> {
  const now = room.clock.now();
  const order = { series: seriesOf(room.invoicePrefix, now), taxation: await room.taxationOf(account, now) };
  const issued = await room.ledger.invoiceNow(account.tenant, subscriptionId, kind, order, now, settle);
  if (issued === 'frozen' || issued === 'idle') return issued;
  await announce(account.tenant, issued, room);
  return issued;
}

/** Closes what a subscription that has ended by now has left open, at once and without grace. */
export async function closeEnded(
  account: Account,
  subscriptionId: string,
  interim: boolean,
  room: RunInvoicesRoom,
): Promise<void> {
  const subscription = account.subscriptions.find(({ id }) => id === subscriptionId);
  const now = room.clock.now();
  if (subscription?.endedAt === undefined || subscription.endedAt > now || subscription.startedAt > now) {
    if (interim) await invoiceNow(account, subscriptionId, 'interim', room);
    return;
  }
  for (;;) {
    const closedUntil = (await room.ledger.books(account.tenant)).closedUntil(subscriptionId);
    if (closedUntil !== undefined && closedUntil >= subscription.endedAt) return;
    const period = billingPeriod(subscription.calendar, nextToClose(subscription, closedUntil));
    const taxation = await room.taxationOf(account, taxPointOf(subscription, period));
    const order = { series: seriesOf(room.invoicePrefix, now), taxation };
    const closed = await room.ledger.closePeriod(account.tenant, subscriptionId, period, order, now);
    if (closed === 'frozen') return;
    if (closed === 'waiting') await signReceipts(account.tenant, room);
    else if (closed !== 'closed') await announce(account.tenant, closed, room);
  }
}
