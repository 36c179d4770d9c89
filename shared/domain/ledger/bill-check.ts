import { BadInput } from '../errors.ts';
import type { Sequence } from '../ids.ts';
import { type DiscountTerms, readDiscountTerms } from '../invoice/discount.ts';
import {
  foldInvoice,
  INVOICE_KINDS,
  type InvoiceDocument,
  type InvoiceKind,
  type InvoiceTerms,
  invoiceDigest,
} from '../invoice/invoice.ts';
import { taxationOf } from '../invoice/taxation.ts';
import { creditOf, invoiceFields, invoiceTerms } from './bill-rules.ts';
import type { OpenPeriod } from './books.ts';
import { LedgerFault } from './faults.ts';
import type { Entry, EntryOf } from './kinds.ts';
import type { MoneyBooks } from './money-books.ts';

type Reckoned = EntryOf<'discount'> | EntryOf<'tax'> | EntryOf<'credit_use'>;

/** Entries that are an invoice's own reckoning: they stand right before it. */
const RECKONED: ReadonlySet<string> = new Set<Reckoned['typ']>(['discount', 'tax', 'credit_use']);

/**
 * Checks invoices as they pass: collects the entries that reckon one, folds it again from the bucket, and holds every
 * entry to what the fold says.
 */
export class BillCheck {
  /** A period that was closed and whose invoice is due next. */
  closed: { readonly seq: Sequence; readonly open: OpenPeriod } | undefined;
  #reckoned: Reckoned[] = [];
  /** The invoice before came to less than nothing: what it leaves to the customer is due next. */
  #owed: InvoiceDocument | undefined;
  readonly #terms: ReadonlyMap<string, Uint8Array>;

  /** @param terms canonical bytes of discounts and tax decisions, by digest */
  constructor(terms: ReadonlyMap<string, Uint8Array>) {
    this.#terms = terms;
  }

  close(seq: Sequence, open: OpenPeriod): void {
    this.closed = { seq, open };
  }

  add(entry: Reckoned): void {
    this.#reckoned.push(entry);
  }

  /** @throws LedgerFault where the entry stands between parts of an invoice */
  requirePlace(entry: Entry, seq: Sequence): void {
    if (this.#owed !== undefined) return this.#requireCredit(entry, this.#owed, seq);
    if (entry.typ === 'invoice' || RECKONED.has(entry.typ)) return;
    if (this.closed !== undefined || this.#reckoned.length > 0) {
      throw new LedgerFault('wrong_invoice', seq, 'a closed period must be followed by its invoice');
    }
  }

  #requireCredit(entry: Entry, invoice: InvoiceDocument, seq: Sequence): void {
    const due = Object.entries(creditOf(invoice));
    const fields = entry as Readonly<Record<string, string>>;
    if (entry.typ !== 'credit_grant' || due.some(([name, value]) => fields[name] !== value)) {
      throw new LedgerFault('wrong_invoice', seq, `${invoice.number} leaves a credit of ${-BigInt(invoice.total)}`);
    }
    this.#owed = undefined;
  }

  /** Folds the invoice that an entry issues. @throws LedgerFault where it, or its reckoning, says something else */
  invoice(
    entry: EntryOf<'invoice'>,
    bucket: OpenPeriod,
    money: MoneyBooks,
    frame: { readonly ledger: string; readonly tenant: string },
    seq: Sequence,
  ): InvoiceDocument {
    const { closed } = this;
    const isFor = entry.subscription === bucket.subscription && entry.period === bucket.period;
    if (!isFor || entry.close_seq !== (closed === undefined ? '' : String(closed.seq))) {
      throw new LedgerFault('wrong_invoice', seq, 'an invoice follows the close of its period');
    }
    const invoice = this.#fold(entry, bucket, money, frame, seq);
    this.#compare(invoice, entry, seq);
    this.closed = undefined;
    this.#reckoned = [];
    if (BigInt(invoice.total) < 0n) this.#owed = invoice;
    return invoice;
  }

  #fold(
    entry: EntryOf<'invoice'>,
    bucket: OpenPeriod,
    money: MoneyBooks,
    { ledger, tenant }: { readonly ledger: string; readonly tenant: string },
    seq: Sequence,
  ): InvoiceDocument {
    const kind = INVOICE_KINDS.find((one) => one === entry.kind);
    if (kind === undefined || (this.closed !== undefined) !== endsPeriod(kind)) {
      throw new LedgerFault('wrong_invoice', seq, `an invoice of kind ${entry.kind} does not stand here`);
    }
    const closeSeq = this.closed?.seq;
    const asked = { ledger, tenant, number: entry.number, kind, issuedAt: entry.recorded_at, closeSeq };
    try {
      return foldInvoice(bucket, asked, invoiceTerms(money, bucket, this.#discounts(seq), this.#taxation(seq)));
    } catch (error) {
      // A currency whose minor unit this version does not know cannot be rounded.
      if (error instanceof BadInput) throw new LedgerFault('reserved_kind', seq, error.message);
      throw error;
    }
  }

  #discounts(seq: Sequence): DiscountTerms[] {
    return this.#reckoned
      .filter((entry) => entry.typ === 'discount')
      .map((entry) => readDiscountTerms(this.#cited(entry.discount_digest, seq)));
  }

  #taxation(seq: Sequence): InvoiceTerms['taxation'] {
    const digests = new Set(this.#reckoned.filter((entry) => entry.typ === 'tax').map(({ decision }) => decision));
    const [digest] = digests;
    if (digest === undefined) return undefined;
    if (digests.size > 1) throw new LedgerFault('wrong_invoice', seq, 'an invoice follows one tax decision');
    return taxationOf(this.#cited(digest, seq));
  }

  #cited(digest: string, seq: Sequence): Uint8Array {
    const bytes = this.#terms.get(digest);
    if (bytes === undefined) throw new LedgerFault('unknown_terms', seq, `no discount or tax decision ${digest}`);
    return bytes;
  }

  #compare(invoice: InvoiceDocument, entry: EntryOf<'invoice'>, seq: Sequence): void {
    const expected = reckonedFields(invoice);
    if (expected.length !== this.#reckoned.length) {
      throw new LedgerFault(
        'wrong_invoice',
        seq,
        `${expected.length} entries reckon it, ${this.#reckoned.length} stand before it`,
      );
    }
    for (const [i, fields] of expected.entries()) {
      const found = this.#reckoned[i]! as Readonly<Record<string, string>>;
      for (const [name, value] of Object.entries(fields)) {
        if (found[name] === value) continue;
        const at = Number(found['seq']);
        throw new LedgerFault(
          'wrong_invoice',
          at,
          `${name} of the ${fields['typ']} is ${value}, the entry says ${found[name]}`,
        );
      }
    }
    const claimed = entry as Readonly<Record<string, string>>;
    for (const [name, value] of Object.entries(invoiceFields(invoice))) {
      if (name === 'invoice_digest' || claimed[name] === value) continue;
      throw new LedgerFault('wrong_invoice', seq, `${name} is ${value}, the entry says ${claimed[name]}`);
    }
    if (invoiceDigest(invoice) !== entry.invoice_digest) {
      throw new LedgerFault('wrong_invoice', seq, 'the invoice is not the fold of its period');
    }
  }
}

const endsPeriod = (kind: InvoiceKind): boolean => kind === 'period' || kind === 'final';

/** What the entries before an invoice must say, in order. */
function reckonedFields(invoice: InvoiceDocument): Readonly<Record<string, string>>[] {
  const { currency, number } = invoice;
  const common = { billed_in: invoice.period, currency, subscription: invoice.subscription };
  const decided = { behavior: invoice.tax_behavior, decision: invoice.tax_decision };
  return [
    ...invoice.discounts.map((given) => ({ typ: 'discount', ...common, ...given })),
    ...invoice.taxes.map((row) => ({ typ: 'tax', ...common, ...decided, ...row })),
    ...invoice.credits.map((burn) => ({ typ: 'credit_use', currency, number, ...burn })),
  ];
}
