import type { DiscountTerms } from '../invoice/discount.ts';
import { type InvoiceDocument, type InvoiceKind, type InvoiceTerms, invoiceDigest } from '../invoice/invoice.ts';
import type { Instant } from '../time.ts';
import type { OpenPeriod } from './books.ts';
import type { EntryOf } from './kinds.ts';
import type { MoneyBooks } from './money-books.ts';
import { settle } from './money-moves.ts';

/** What is asked of the scribe when an invoice is due. */
export interface Bill {
  readonly number: string;
  readonly kind: InvoiceKind;
  /** the period is over at this instant and is closed; undefined where it goes on */
  readonly until: Instant | undefined;
  /** in the order granted */
  readonly discounts: readonly DiscountTerms[];
  readonly taxation: InvoiceTerms['taxation'];
}

/** Everything an invoice reckons with: the discounts that are not used up, the taxation, credits in its currency. */
export const invoiceTerms = (
  money: MoneyBooks,
  open: OpenPeriod,
  discounts: readonly DiscountTerms[],
  taxation: InvoiceTerms['taxation'],
): InvoiceTerms => ({
  discounts: discounts
    .map((terms) => ({ terms, used: money.usesOf(open.subscription, terms.digest) }))
    .filter(({ terms, used }) => terms.periods === undefined || used < terms.periods),
  taxation,
  grants: [...money.grants.values()].filter(({ currency }) => currency === open.currency),
});

/** Members of an `invoice` entry that its document gives. */
export const invoiceFields = (invoice: InvoiceDocument) => ({
  amount_due: invoice.amount_due,
  close_seq: invoice.close_seq,
  credit_total: invoice.credit_total,
  currency: invoice.currency,
  discount_total: invoice.discount_total,
  invoice_digest: invoiceDigest(invoice),
  kind: invoice.kind,
  number: invoice.number,
  period: invoice.period,
  subscription: invoice.subscription,
  subtotal: invoice.subtotal,
  tax_total: invoice.tax_total,
  total: invoice.total,
});

/** Moves the books by an issued invoice: credits burned, discounts used, one more invoice that may be paid. */
export function postInvoice(money: MoneyBooks, invoice: InvoiceDocument): void {
  const at = invoice.issued_at as Instant;
  for (const { grant_id, amount } of invoice.credits) money.burn(grant_id, BigInt(amount), at);
  for (const { discount_digest } of invoice.discounts) money.useDiscount(invoice.subscription, discount_digest);
  const held = {
    number: invoice.number,
    subscription: invoice.subscription,
    kind: invoice.kind,
    currency: invoice.currency,
    issuedAt: at,
    total: BigInt(invoice.total),
    taxTotal: BigInt(invoice.tax_total),
    amountDue: BigInt(invoice.amount_due),
    creditTotal: BigInt(invoice.credit_total),
    creditReturned: 0n,
    credited: 0n,
    creditedTax: 0n,
    paid: 0n,
    refundable: 0n,
    refunded: 0n,
    state: 'open' as const,
  };
  money.invoices.set(invoice.number, held);
  settle(held);
}

/** What an invoice below zero leaves to the customer: a credit that the next invoices use first. */
export const creditOf = (invoice: InvoiceDocument): Omit<EntryOf<'credit_grant'>, keyof EntryOf<'genesis'>> => ({
  amount: String(-BigInt(invoice.total)),
  cost_basis: String(-BigInt(invoice.total)),
  currency: invoice.currency,
  expires_at: '',
  grant_id: `invoice.${invoice.number.toLowerCase()}`,
  priority: '0',
  reason: 'negative_invoice',
});
