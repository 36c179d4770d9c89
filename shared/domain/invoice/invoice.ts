import { canonicalBytes, canonicalJson } from '../canonical.ts';
import type { Grant } from '../credit/burn.ts';
import { formatAmount } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import type { LineKind, LineSum, OpenPeriod } from '../ledger/books.ts';
import { parseCurrency } from '../money/currency.ts';
import { roundToMinorUnit } from '../money/money.ts';
import { reckon } from './assemble.ts';
import type { DiscountTerms } from './discount.ts';
import type { DecidedTaxation } from './taxation.ts';

/** One invoice line: what one price version gave for one meter or item, and which stretch of the ledger it sums. */
export type InvoiceLine = {
  readonly kind: LineKind;
  /** the meter; of a fee the item, of a true-up the commitment, of an adjustment its id */
  readonly meter: string;
  /** empty for an adjustment, like the digest */
  readonly price_ref: string;
  readonly price_digest: string;
  /** the period the usage belongs to, another than the invoice's where it came late; of a fee the stretch it pays for */
  readonly period: string;
  readonly tax_category: string;
  /** of a fee: how many, and the share of the full period as a fraction; otherwise empty */
  readonly quantity: string;
  readonly numerator: string;
  readonly denominator: string;
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
  /** minor units of it that discounts took */
  readonly discount: string;
};

export type InvoiceDiscount = {
  readonly discount_id: string;
  readonly discount_digest: string;
  /** the how-manieth time it is given */
  readonly nth: string;
  readonly base: string;
  readonly amount: string;
};

export type InvoiceTax = {
  readonly jurisdiction: string;
  readonly rate: string;
  readonly treatment: string;
  readonly base: string;
  readonly amount: string;
};

export type InvoiceCredit = { readonly grant_id: string; readonly amount: string };

/** `start`: what is due in advance when a subscription begins; `period`, `final`: after a close; `interim`: in between. */
export const INVOICE_KINDS = ['start', 'period', 'final', 'interim'] as const;
export type InvoiceKind = (typeof INVOICE_KINDS)[number];

/** An invoice as it is hashed and kept: RFC 8785 bytes of exactly these members. Sums are minor units. */
export type InvoiceDocument = {
  readonly v: '1';
  readonly typ: 'invoice';
  readonly kind: InvoiceKind;
  readonly ledger: string;
  readonly tenant: string;
  readonly number: string;
  readonly subscription: string;
  readonly period: string;
  readonly currency: string;
  readonly issued_at: string;
  /** the `close` entry that ends the period; empty where the invoice ends none */
  readonly close_seq: string;
  readonly lines: readonly InvoiceLine[];
  /** sum of the lines' amounts */
  readonly subtotal: string;
  readonly discounts: readonly InvoiceDiscount[];
  readonly discount_total: string;
  /** whether prices contain the tax; empty where nothing was decided, as is the digest of the decision */
  readonly tax_behavior: string;
  readonly tax_decision: string;
  readonly taxes: readonly InvoiceTax[];
  readonly tax_total: string;
  /** subtotal - discount_total + tax_total, unless prices contain the tax */
  readonly total: string;
  readonly credits: readonly InvoiceCredit[];
  readonly credit_total: string;
  /** total - credit_total, and not below zero */
  readonly amount_due: string;
  /** what a preview and its invoice have in common: SHA-256 over everything but numbers, places in the ledger and times of issue */
  readonly content: string;
};

export interface InvoiceFrame {
  readonly ledger: string;
  readonly tenant: string;
  readonly number: string;
  readonly kind: InvoiceKind;
  readonly issuedAt: string;
  /** undefined where the invoice ends no period */
  readonly closeSeq: number | undefined;
}

/** What an invoice reckons with beside its lines. */
export interface InvoiceTerms {
  /** in the order granted, with how often each was given before */
  readonly discounts: readonly { readonly terms: DiscountTerms; readonly used: number }[];
  readonly taxation: DecidedTaxation | undefined;
  readonly grants: Iterable<Grant>;
}

export const NO_TERMS: InvoiceTerms = { discounts: [], taxation: undefined, grants: [] };

type BilledSum = LineSum & { readonly kind: LineKind };

const KIND_ORDER: Readonly<Record<LineKind, number>> = {
  unused: 0,
  arrears: 1,
  advance: 2,
  usage: 3,
  true_up: 5,
  adjustment: 6,
};

// Lines in the order a reader looks for them: fees, own usage, late usage, true-ups, adjustments; then time, name, price.
const lineOrder = (line: BilledSum, own: string): string => {
  const rank = line.kind === 'usage' && line.period !== own ? 4 : KIND_ORDER[line.kind];
  return `${rank} ${line.period} ${line.meter} ${line.priceRef} ${line.priceDigest} ${line.quantity}`;
};

/** Folds a bucket's running sums into its invoice. Pure: preview, invoice and verification all come from here. */
export function foldInvoice(bucket: OpenPeriod, frame: InvoiceFrame, terms: InvoiceTerms): InvoiceDocument {
  const currency = parseCurrency(bucket.currency);
  const billed = [...bucket.lines.values()].filter((line): line is BilledSum => line.kind !== 'invoiced');
  const placed = billed.map((line) => ({ line, order: lineOrder(line, bucket.period) }));
  const sums = placed.sort((a, b) => (a.order < b.order ? -1 : 1)).map(({ line }) => line);
  const amounts = sums.map((line) => roundToMinorUnit(line.amount, currency).minorUnits);
  const reckoned = reckon(
    currency,
    sums.map((line, i) => ({ name: line.meter, taxCategory: line.taxCategory, amount: amounts[i]! })),
    terms.discounts.map((one) => one.terms),
    terms.taxation,
    terms.grants,
    frame.issuedAt,
  );
  const used = new Map(terms.discounts.map((one) => [one.terms.digest, one.used]));
  const invoice: Omit<InvoiceDocument, 'content'> = {
    v: '1',
    typ: 'invoice',
    kind: frame.kind,
    ledger: frame.ledger,
    tenant: frame.tenant,
    number: frame.number,
    subscription: bucket.subscription,
    period: bucket.period,
    currency,
    issued_at: frame.issuedAt,
    close_seq: frame.closeSeq === undefined ? '' : String(frame.closeSeq),
    lines: sums.map((line, i) => lineJson(line, amounts[i]!, reckoned.discounted[i]!)),
    subtotal: String(reckoned.subtotal),
    discounts: reckoned.discounts.map((given) => ({
      discount_id: given.terms.discountId,
      discount_digest: given.terms.digest,
      nth: String(used.get(given.terms.digest)! + 1),
      base: String(given.base),
      amount: String(given.amount),
    })),
    discount_total: String(reckoned.discountTotal),
    tax_behavior: reckoned.taxes.length === 0 ? '' : (terms.taxation?.behavior ?? ''),
    tax_decision: reckoned.taxes.length === 0 ? '' : (terms.taxation?.digest ?? ''),
    taxes: reckoned.taxes.map((row) => ({
      jurisdiction: row.jurisdiction,
      rate: row.rate,
      treatment: row.treatment,
      base: String(row.base),
      amount: String(row.amount),
    })),
    tax_total: String(reckoned.taxTotal),
    total: String(reckoned.total),
    credits: reckoned.credits.map(({ grantId, amount }) => ({ grant_id: grantId, amount: String(amount) })),
    credit_total: String(reckoned.creditTotal),
    amount_due: String(reckoned.amountDue),
  };
  return { ...invoice, content: contentDigest(invoice) };
}

// In the order of canonical JSON, which then has nothing to sort: a thousand lines are written twice.
const lineJson = (line: BilledSum, amount: bigint, discount: bigint): InvoiceLine => ({
  after: line.after,
  amount: String(amount),
  base: formatAmount(line.base),
  before: line.before,
  count: String(line.count),
  denominator: line.denominator,
  discount: String(discount),
  exact: formatAmount(line.amount),
  first_seq: String(line.firstSeq),
  kind: line.kind,
  last_seq: String(line.lastSeq),
  meter: line.meter,
  numerator: line.numerator,
  period: line.period,
  price_digest: line.priceDigest,
  price_ref: line.priceRef,
  quantity: line.quantity,
  tax_category: line.taxCategory,
});

function contentDigest(invoice: Omit<InvoiceDocument, 'content'>): string {
  const { number: _number, issued_at: _issued, close_seq: _close, lines, ...rest } = invoice;
  return sha256Base64url(
    canonicalJson({ ...rest, lines: lines.map(({ first_seq: _first, last_seq: _last, ...line }) => line) }),
  );
}

/** What documents were written as: one that is issued is hashed for its entry and kept, and written once for both. */
const written = new WeakMap<InvoiceDocument, Buffer>();

/** RFC 8785; the same bytes for the same document, which nobody may change */
export function invoiceBytes(invoice: InvoiceDocument): Buffer {
  const known = written.get(invoice);
  if (known !== undefined) return known;
  const bytes = canonicalBytes(invoice);
  written.set(invoice, bytes);
  return bytes;
}

export const invoiceDigest = (invoice: InvoiceDocument): string => sha256Base64url(invoiceBytes(invoice));
