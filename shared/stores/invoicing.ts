import type { Subscription } from '../domain/account/account.ts';
import type { DiscountTerms } from '../domain/invoice/discount.ts';
import type { InvoiceDocument, InvoiceTerms } from '../domain/invoice/invoice.ts';
import type { Books, OpenPeriod } from '../domain/ledger/books.ts';
import { beginsWithFee } from '../domain/subscription/fees.ts';
import { type Instant, later, type Period, plusMicros } from '../domain/time.ts';
import type { LedgerWork } from './ledger-work.ts';
import { Unratable } from './unratable.ts';

/** What is decided about an invoice before its transaction begins. */
export interface InvoiceOrder {
  /** issuer and year, e.g. `INV-2026`: numbers are gapless within it */
  readonly series: string;
  readonly taxation: InvoiceTerms['taxation'];
}

export interface ClosedInto {
  readonly open: OpenPeriod;
  readonly closeSeq: number | undefined;
  readonly entrySeq: number;
  readonly document: InvoiceDocument;
}

export function subscriptionOf(work: LedgerWork, id: string): Subscription {
  const found = work.account.subscriptions.find((one) => one.id === id);
  if (found === undefined) throw new Unratable(`subscription ${id} is gone`);
  return found;
}

/** Closes a period into its invoice, on books that may or may not be kept: invoice and preview are the same steps. */
export async function closeInto(
  work: LedgerWork,
  subscriptionId: string,
  period: Period & { readonly text: string },
  number: string,
  order: InvoiceOrder,
): Promise<ClosedInto> {
  const subscription = subscriptionOf(work, subscriptionId);
  await work.loadMoney();
  const until = endWithin(subscription, period) ?? period.end;
  const open = await work.openPeriod(subscriptionId, period.text);
  await work.postDueFees(subscription, until);
  work.settle(subscription, open, until);
  const kind = subscription.endedAt !== undefined && subscription.endedAt <= period.end ? 'final' : 'period';
  const bill = { number, kind, until, ...billTerms(subscription, order, work.scribe.recordedAt) } as const;
  const { closeSeq, invoice } = work.scribe.invoice(open, bill);
  work.keepTerms(invoice, bill.discounts, bill.taxation);
  return { open, closeSeq, entrySeq: work.seqOfInvoice(invoice), document: invoice };
}

/** Where a subscription ends within a period, be it as it begins; undefined where it does not. */
function endWithin({ endedAt }: Subscription, period: Period): Instant | undefined {
  return endedAt !== undefined && endedAt >= period.start && endedAt < period.end ? endedAt : undefined;
}

/** The last instant of a period that a subscription still uses: what is supplied over time is taxed as of its end. */
export const taxPointOf = (subscription: Subscription, period: Period): Instant =>
  later(period.start, plusMicros(endWithin(subscription, period) ?? period.end, -1n));

/** Discounts that were granted by then, and the taxation. */
export const billTerms = (
  subscription: Subscription,
  order: Pick<InvoiceOrder, 'taxation'>,
  at: Instant,
): { readonly discounts: readonly DiscountTerms[]; readonly taxation: InvoiceTerms['taxation'] } => ({
  discounts: subscription.discounts.filter(({ from }) => from <= at).map(({ terms }) => terms),
  taxation: order.taxation,
});

/** Whether a subscription begins with a fee in advance and has no invoice yet: the first one of any kind bills that fee. */
export const startIsDue = (subscription: Subscription, books: Books): boolean =>
  beginsWithFee(subscription) &&
  books.closedUntil(subscription.id) === undefined &&
  ![...books.money.invoices.values()].some((held) => held.subscription === subscription.id);

/** An instant in the period that is to be closed next. */
export const nextToClose = (subscription: Subscription, closedUntil: Instant | undefined): Instant =>
  closedUntil ?? subscription.startedAt;
