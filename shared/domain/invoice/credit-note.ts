import { canonicalBytes } from '../canonical.ts';
import { divideRounded } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import { BadInput } from '../errors.ts';
import { parseCurrency } from '../money/currency.ts';
import { split } from '../money/money.ts';
import type { Taxation, TaxRow } from './assemble.ts';
import type { InvoiceDocument, InvoiceTax } from './invoice.ts';

/** What a credit note takes back of one invoice line: net of discounts, in minor units. */
export type CreditNoteLine = { readonly line: string; readonly meter: string; readonly amount: string };

/** A credit note as it is hashed and kept: RFC 8785 bytes of exactly these members. Amounts are above zero: they are taken back. */
export type CreditNoteDocument = {
  readonly v: '1';
  readonly typ: 'credit_note';
  readonly ledger: string;
  readonly tenant: string;
  readonly number: string;
  readonly invoice: string;
  readonly currency: string;
  readonly issued_at: string;
  readonly reason: string;
  readonly lines: readonly CreditNoteLine[];
  /** sum of the lines */
  readonly subtotal: string;
  readonly tax_behavior: string;
  readonly tax_decision: string;
  readonly taxes: readonly InvoiceTax[];
  readonly tax_total: string;
  /** subtotal + tax_total, unless prices contain the tax */
  readonly total: string;
};

/** What is to be credited: all that is left, parts of lines (net), or an amount (tax included) over all lines. */
export type CreditRequest =
  | { readonly kind: 'full' }
  | { readonly kind: 'lines'; readonly lines: readonly { readonly line: number; readonly amount?: bigint }[] }
  | { readonly kind: 'amount'; readonly amount: bigint };

interface Left {
  /** of each line, net of discounts */
  readonly lines: readonly bigint[];
  /** of each tax row */
  readonly taxes: readonly bigint[];
  readonly total: bigint;
}

/** What earlier credit notes have left of an invoice. */
export function leftOf(invoice: InvoiceDocument, earlier: readonly CreditNoteDocument[]): Left {
  const lines = invoice.lines.map(({ amount, discount }) => BigInt(amount) - BigInt(discount));
  const taxes = invoice.taxes.map(({ amount }) => BigInt(amount));
  let total = BigInt(invoice.total);
  for (const note of earlier) {
    for (const { line, amount } of note.lines) lines[Number(line)]! -= BigInt(amount);
    for (const row of note.taxes) taxes[rowOf(invoice, row)]! -= BigInt(row.amount);
    total -= BigInt(note.total);
  }
  return { lines, taxes, total };
}

const rowOf = (invoice: InvoiceDocument, row: Pick<InvoiceTax, 'jurisdiction' | 'rate' | 'treatment'>): number =>
  invoice.taxes.findIndex(
    (one) => one.jurisdiction === row.jurisdiction && one.rate === row.rate && one.treatment === row.treatment,
  );

/**
 * Makes a credit note. Tax follows the invoice's own decision: the tax on everything credited so far, less what was
 * credited before; the note that takes the last of the lines takes what is left of the tax. So notes of any number and in
 * any order add up to the invoice, and none ever exceeds it.
 * @param taxation of the invoice; undefined where it has no taxes
 * @throws BadInput `credit_exceeds_invoice`, `invalid_parameter`
 */
export function makeCreditNote(
  invoice: InvoiceDocument,
  earlier: readonly CreditNoteDocument[],
  request: CreditRequest,
  taxation: Taxation | undefined,
  frame: { readonly number: string; readonly issuedAt: string; readonly reason: string },
): CreditNoteDocument {
  const left = leftOf(invoice, earlier);
  if (left.total <= 0n) throw exceeds('nothing of the invoice is left to credit');
  const part =
    request.kind === 'amount' && request.amount !== left.total
      ? byAmount(invoice, left, request.amount, taxation)
      : byLines(invoice, left, request, taxation);
  const inclusive = invoice.tax_behavior === 'inclusive';
  const subtotal = sum(part.lines);
  const tax = sum(part.taxes);
  const total = inclusive ? subtotal : subtotal + tax;
  if (total <= 0n || total > left.total) throw exceeds(`${left.total} is left to credit, ${total} was asked for`);
  return {
    v: '1',
    typ: 'credit_note',
    ledger: invoice.ledger,
    tenant: invoice.tenant,
    number: frame.number,
    invoice: invoice.number,
    currency: invoice.currency,
    issued_at: frame.issuedAt,
    reason: frame.reason,
    lines: part.lines.flatMap((amount, i) =>
      amount === 0n ? [] : [{ line: String(i), meter: invoice.lines[i]!.meter, amount: String(amount) }],
    ),
    subtotal: String(subtotal),
    tax_behavior: invoice.tax_behavior,
    tax_decision: invoice.tax_decision,
    taxes: invoice.taxes.flatMap((row, i) =>
      part.taxes[i] === 0n && BigInt(row.amount) !== 0n
        ? []
        : [{ ...row, base: String(part.bases[i]!), amount: String(part.taxes[i]!) }],
    ),
    tax_total: String(tax),
    total: String(total),
  };
}

interface Part {
  readonly lines: readonly bigint[];
  readonly taxes: readonly bigint[];
  readonly bases: readonly bigint[];
}

function byLines(invoice: InvoiceDocument, left: Left, request: CreditRequest, taxation: Taxation | undefined): Part {
  const lines = request.kind === 'lines' ? askedLines(left, request.lines) : [...left.lines];
  const isLast = lines.every((amount, i) => amount === left.lines[i]);
  const nets = invoice.lines.map(({ amount, discount }) => BigInt(amount) - BigInt(discount));
  const category = (i: number): string => invoice.lines[i]!.tax_category;
  const after = nets.map((net, i) => ({ amount: net - left.lines[i]! + lines[i]!, category: category(i) }));
  const rows = taxation?.taxesOn(after) ?? [];
  const now = taxation?.taxesOn(lines.map((amount, i) => ({ amount, category: category(i) }))) ?? [];
  const taxes = invoice.taxes.map((row, i) => {
    if (isLast) return left.taxes[i]!;
    const before = BigInt(row.amount) - left.taxes[i]!;
    return within(amountOf(rows, row) - before, left.taxes[i]!);
  });
  const bases = invoice.taxes.map((row) => now.find((one) => isSame(one, row))?.base ?? 0n);
  return { lines, taxes, bases };
}

const isSame = (a: TaxRow, b: InvoiceTax): boolean =>
  a.jurisdiction === b.jurisdiction && a.rate === b.rate && a.treatment === b.treatment;
const amountOf = (rows: readonly TaxRow[], row: InvoiceTax): bigint =>
  rows.find((one) => isSame(one, row))?.amount ?? 0n;
const within = (amount: bigint, most: bigint): bigint => (amount < 0n ? 0n : amount > most ? most : amount);

function askedLines(left: Left, asked: readonly { readonly line: number; readonly amount?: bigint }[]): bigint[] {
  const lines = left.lines.map(() => 0n);
  for (const { line, amount } of asked) {
    const most = left.lines[line];
    if (most === undefined || lines[line] !== 0n)
      throw new BadInput('invalid_parameter', `there is no line ${line} to credit`, 'lines');
    const wanted = amount ?? most;
    if (wanted <= 0n || wanted > most) throw exceeds(`${most} of line ${line} is left to credit`);
    lines[line] = wanted;
  }
  return lines;
}

/** An amount with its tax: net and tax in the proportion of what is left of both, each over its parts by largest remainder. */
function byAmount(invoice: InvoiceDocument, left: Left, amount: bigint, taxation: Taxation | undefined): Part {
  if (amount > left.total) throw exceeds(`${left.total} is left to credit`);
  const currency = parseCurrency(invoice.currency);
  const spread = (whole: bigint, weights: readonly bigint[]): bigint[] => {
    const positive = weights.map((weight) => (weight > 0n ? weight : 0n));
    if (whole === 0n || sum(positive) === 0n) return weights.map(() => 0n);
    return split({ currency, minorUnits: whole }, positive).map(({ minorUnits }) => minorUnits);
  };
  const taxLeft = sum(left.taxes);
  const tax = divideRounded(amount * taxLeft, left.total);
  const net = invoice.tax_behavior === 'inclusive' ? amount : amount - tax;
  const taxes = spread(tax, left.taxes);
  const lines = spread(net, left.lines);
  // A row that owes nothing has no tax to measure its base by: it has that of its lines.
  const rows =
    taxation?.taxesOn(lines.map((one, i) => ({ amount: one, category: invoice.lines[i]!.tax_category }))) ?? [];
  const bases = invoice.taxes.map((row, i) =>
    BigInt(row.amount) === 0n
      ? (rows.find((one) => isSame(one, row))?.base ?? 0n)
      : divideRounded(BigInt(row.base) * taxes[i]!, BigInt(row.amount)),
  );
  return { lines, taxes, bases };
}

const sum = (parts: readonly bigint[]): bigint => parts.reduce((all, part) => all + part, 0n);
const exceeds = (detail: string): BadInput => new BadInput('credit_exceeds_invoice', detail, 'amount');

export const creditNoteBytes = (note: CreditNoteDocument): Buffer => canonicalBytes(note);
export const creditNoteDigest = (note: CreditNoteDocument): string => sha256Base64url(creditNoteBytes(note));
