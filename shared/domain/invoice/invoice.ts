import { canonicalBytes, canonicalJson } from '../canonical.ts';
import { formatAmount } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import type { LineSum, OpenPeriod } from '../ledger/books.ts';
import { parseCurrency } from '../money/currency.ts';
import { type Money, roundToMinorUnit, sum } from '../money/money.ts';

/** One invoice line: what one price version gave for one meter, and which stretch of the ledger it sums. */
export type InvoiceLine = {
  readonly meter: string;
  readonly price_ref: string;
  readonly price_digest: string;
  /** the period the usage belongs to; another than the invoice's where the usage came late */
  readonly period: string;
  readonly first_seq: string;
  readonly last_seq: string;
  /** entries summed */
  readonly count: string;
  /** the meter's aggregate before the first and after the last of them */
  readonly before: string;
  readonly after: string;
  /** the part of `exact` that is due at no usage */
  readonly base: string;
  /** exact sum, in the currency's main unit */
  readonly exact: string;
  /** the same, rounded once to minor units, half away from zero */
  readonly amount: string;
};

/** An invoice as it is hashed and kept: RFC 8785 bytes of exactly these members. */
export type InvoiceDocument = {
  readonly v: '1';
  readonly typ: 'invoice';
  readonly ledger: string;
  readonly tenant: string;
  readonly number: string;
  readonly subscription: string;
  readonly period: string;
  readonly currency: string;
  readonly issued_at: string;
  /** the `close` entry that ends the period */
  readonly close_seq: string;
  readonly lines: readonly InvoiceLine[];
  /** minor units: sum of the lines' amounts */
  readonly subtotal: string;
  readonly discount_total: string;
  readonly tax_total: string;
  /** subtotal - discount_total + tax_total */
  readonly total: string;
};

export interface InvoiceFrame {
  readonly ledger: string;
  readonly tenant: string;
  readonly number: string;
  readonly issuedAt: string;
  readonly closeSeq: number;
}

// Lines in the order a reader looks for them: own period before late usage, then meter, then price version.
const lineOrder = (line: LineSum, own: string): string =>
  `${line.period === own ? 0 : 1} ${line.period} ${line.meter} ${line.priceRef} ${line.priceDigest}`;

/** Folds a period's running sums into its invoice. Pure: preview, invoice and verification all come from here. */
export function foldInvoice(closed: OpenPeriod, frame: InvoiceFrame): InvoiceDocument {
  const currency = parseCurrency(closed.currency);
  const sums = [...closed.lines.values()].sort((a, b) =>
    lineOrder(a, closed.period) < lineOrder(b, closed.period) ? -1 : 1,
  );
  const amounts: Money[] = sums.map((line) => roundToMinorUnit(line.amount, currency));
  const subtotal = sum(currency, amounts).minorUnits.toString();
  return {
    v: '1',
    typ: 'invoice',
    ledger: frame.ledger,
    tenant: frame.tenant,
    number: frame.number,
    subscription: closed.subscription,
    period: closed.period,
    currency,
    issued_at: frame.issuedAt,
    close_seq: String(frame.closeSeq),
    lines: sums.map((line, index) => ({
      meter: line.meter,
      price_ref: line.priceRef,
      price_digest: line.priceDigest,
      period: line.period,
      first_seq: String(line.firstSeq),
      last_seq: String(line.lastSeq),
      count: String(line.count),
      before: line.before,
      after: line.after,
      base: formatAmount(line.base),
      exact: formatAmount(line.amount),
      amount: amounts[index]!.minorUnits.toString(),
    })),
    subtotal,
    discount_total: '0',
    tax_total: '0',
    total: subtotal,
  };
}

export const invoiceBytes = (invoice: InvoiceDocument): Buffer => canonicalBytes(invoice);
export const invoiceDigest = (invoice: InvoiceDocument): string => sha256Base64url(canonicalJson(invoice));
