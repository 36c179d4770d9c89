import type { CreditNoteDocument } from '../domain/invoice/credit-note.ts';
import type { InvoiceDocument, InvoiceLine, InvoiceTax } from '../domain/invoice/invoice.ts';
import type { BillingProfile, PostalAddress, Seller, TaxId } from '../domain/organization/party.ts';
import { filled, type Label } from './labels.ts';
import { creditorReference } from './reference.ts';
import { Texts } from './texts.ts';

/** What a document is made of, beside what was signed. */
export interface DocumentFrame {
  readonly seller: Seller;
  readonly buyer: BillingProfile;
  /** IANA zone of the customer */
  readonly zone: string;
  /** where the proof of the document lies */
  readonly verifyUrl: string;
  /** whether it is the preview of an invoice that is not issued yet */
  readonly isDraft: boolean;
}

export interface PartyView {
  readonly name: string;
  readonly address: readonly string[];
  readonly taxIds: readonly string[];
}

export interface LineView {
  readonly title: string;
  readonly arithmetic: readonly string[];
  readonly amount: string;
}

export interface TaxView {
  readonly place: string;
  readonly rate: string;
  readonly base: string;
  readonly amount: string;
}

/** What stands on a document, in the customer's words: HTML and PDF both draw this. */
export interface DocumentView {
  readonly locale: string;
  readonly texts: Texts;
  readonly title: string;
  readonly number: string;
  /** label and text, in order */
  readonly facts: readonly (readonly [string, string])[];
  readonly seller: PartyView;
  readonly buyer: PartyView;
  readonly lines: readonly LineView[];
  readonly sums: readonly { readonly label: string; readonly amount: string; readonly isTotal: boolean }[];
  readonly taxes: readonly TaxView[];
  readonly notes: readonly string[];
  readonly payTo: readonly string[];
  readonly verifyUrl: string;
  /** instant of issue, RFC 3339 */
  readonly issuedAt: string;
}

/** The day a document is to be paid by: the day of issue in the customer's zone, and its terms. @returns an instant of that day */
export const dueAt = (issuedAt: string, { payment_terms_days }: Pick<BillingProfile, 'payment_terms_days'>): string =>
  new Date(Date.parse(issuedAt) + payment_terms_days * 86_400_000).toISOString();

/** An invoice as it is read. Pure: the same invoice and parties give the same view for ever. */
export function invoiceView(invoice: InvoiceDocument, frame: DocumentFrame): DocumentView {
  const texts = new Texts(frame.buyer.locale, frame.zone, invoice.currency);
  const { labels } = texts;
  const [start, end] = invoice.period.split('/') as [string, string];
  const isInclusive = invoice.tax_behavior === 'inclusive';
  const sums = [
    sum(labels.subtotal, texts.money(invoice.subtotal)),
    ...(invoice.discount_total === '0' ? [] : [sum(labels.discount, texts.money(negative(invoice.discount_total)))]),
    ...(invoice.taxes.length === 0 || isInclusive ? [] : [sum(labels.tax, texts.money(invoice.tax_total))]),
    sum(labels.total, texts.money(invoice.total), true),
    ...(isInclusive && invoice.taxes.length > 0 ? [sum(labels.included, texts.money(invoice.tax_total))] : []),
    ...(invoice.credit_total === '0' ? [] : [sum(labels.credits, texts.money(negative(invoice.credit_total)))]),
    sum(labels.amount_due, texts.money(invoice.amount_due), true),
  ];
  return {
    ...common(frame, texts, invoice),
    title: frame.isDraft ? `${labels.invoice} (${labels.draft})` : labels.invoice,
    facts: facts([
      [labels.number, invoice.number],
      [labels.issued, texts.day(invoice.issued_at)],
      // A period ends before its last instant: its last day is the one that people count.
      [labels.period, `${texts.day(start)} – ${texts.day(justBefore(end))}`],
      [labels.due, texts.day(dueAt(invoice.issued_at, frame.buyer))],
      [labels.reference, frame.buyer.buyer_reference],
      [labels.payment_reference, frame.isDraft ? undefined : creditorReference(invoice.number)],
    ]),
    lines: invoice.lines.map((line) => lineView(line, invoice, texts)),
    sums,
    payTo: invoice.amount_due === '0' ? [] : payTo(frame.seller, invoice.number),
  };
}

/** A credit note as it is read. */
export function creditNoteView(note: CreditNoteDocument, frame: DocumentFrame): DocumentView {
  const texts = new Texts(frame.buyer.locale, frame.zone, note.currency);
  const { labels } = texts;
  const isInclusive = note.tax_behavior === 'inclusive';
  return {
    ...common(frame, texts, note),
    title: labels.credit_note,
    facts: facts([
      [labels.number, note.number],
      [labels.issued, texts.day(note.issued_at)],
      [labels.corrects, note.invoice],
      [labels.reference, frame.buyer.buyer_reference],
    ]),
    lines: note.lines.map(({ meter, amount }) => ({ title: meter, arithmetic: [], amount: texts.money(amount) })),
    sums: [
      sum(labels.subtotal, texts.money(note.subtotal)),
      ...(note.taxes.length === 0 || isInclusive ? [] : [sum(labels.tax, texts.money(note.tax_total))]),
      sum(labels.total, texts.money(note.total), true),
      ...(isInclusive && note.taxes.length > 0 ? [sum(labels.included, texts.money(note.tax_total))] : []),
    ],
    payTo: [],
  };
}

function common(
  { seller, buyer, verifyUrl }: DocumentFrame,
  texts: Texts,
  document: { readonly number: string; readonly issued_at: string; readonly taxes: readonly InvoiceTax[] },
) {
  return {
    locale: buyer.locale,
    texts,
    number: document.number,
    seller: partyView(seller, texts),
    buyer: partyView(buyer, texts),
    taxes: document.taxes.map(({ jurisdiction, rate, base, amount }) => ({
      place: jurisdiction.toUpperCase(),
      rate: texts.percent(rate),
      base: texts.money(base),
      amount: texts.money(amount),
    })),
    notes: [...new Set(document.taxes.map(({ treatment }) => treatment))].flatMap((treatment) =>
      treatment in texts.labels ? [texts.labels[treatment as Label]] : [],
    ),
    verifyUrl,
    issuedAt: document.issued_at,
  };
}

const sum = (label: string, amount: string, isTotal = false) => ({ label, amount, isTotal });
const negative = (amount: string): string => (amount.startsWith('-') ? amount.slice(1) : `-${amount}`);
const facts = (rows: readonly (readonly [string, string | undefined])[]): (readonly [string, string])[] =>
  rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
const justBefore = (instant: string): string => new Date(Date.parse(instant) - 1).toISOString();

export function partyView(
  party: { readonly legal_name: string; readonly address: PostalAddress; readonly tax_ids: readonly TaxId[] },
  texts: Texts,
): PartyView {
  const { line1, line2, postal_code, city, subdivision, country } = party.address;
  const region = new Intl.DisplayNames(texts.locale, { type: 'region' }).of(country) ?? country;
  return {
    name: party.legal_name,
    address: [
      line1,
      ...(line2 === undefined ? [] : [line2]),
      `${postal_code} ${city}${subdivision === undefined ? '' : `, ${subdivision}`}`,
      region,
    ],
    taxIds: party.tax_ids.map(({ value }) => `${texts.labels.tax_id}: ${value}`),
  };
}

function payTo({ legal_name, bank }: Seller, number: string): string[] {
  if (bank?.iban === undefined) return [];
  return [
    bank.account_name ?? legal_name,
    `IBAN ${bank.iban.replace(/(.{4})(?=.)/g, '$1 ')}`,
    ...(bank.bic === undefined ? [] : [`BIC ${bank.bic}`]),
    creditorReference(number),
  ];
}

function lineView(line: InvoiceLine, { period }: InvoiceDocument, texts: Texts): LineView {
  const { labels } = texts;
  const kind = line.kind === 'usage' && line.period !== period ? 'late_usage' : line.kind;
  const arithmetic: string[] = [];
  if (line.kind === 'usage') {
    arithmetic.push(filled(labels.from_to, { from: texts.number(line.before), to: texts.number(line.after) }));
  }
  if (line.quantity !== '') arithmetic.push(`${texts.number(line.quantity)} ${labels.units}`);
  if (line.numerator !== '' && line.numerator !== line.denominator) {
    const { numerator, denominator } = line;
    arithmetic.push(
      filled(labels.share, { numerator: texts.number(numerator), denominator: texts.number(denominator) }),
    );
  }
  if (line.period !== '' && line.period !== period) {
    const [start, end] = line.period.split('/') as [string, string];
    arithmetic.push(`${texts.day(start)} – ${texts.day(justBefore(end))}`);
  }
  arithmetic.push(filled(labels.exact, { exact: texts.number(line.exact) }));
  if (line.discount !== '0') arithmetic.push(filled(labels.less, { discount: texts.money(line.discount) }));
  arithmetic.push(filled(labels.entries, { first: line.first_seq, last: line.last_seq }));
  return {
    title: `${labels[kind]}: ${line.meter}${line.price_ref === '' ? '' : ` (${line.price_ref})`}`,
    arithmetic,
    amount: texts.money(line.amount),
  };
}
