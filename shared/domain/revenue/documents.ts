import { type CreditNoteDocument, creditNoteDigest } from '../invoice/credit-note.ts';
import { type InvoiceDocument, invoiceDigest } from '../invoice/invoice.ts';
import { type RatesWithin, ratesWithin } from './net.ts';

/** Signed documents that the entries name, and how what is not invoiced yet will be taxed. */
export interface RevenueDocuments {
  readonly invoices: ReadonlyMap<string, InvoiceDocument>;
  readonly creditNotes: ReadonlyMap<string, CreditNoteDocument>;
  /** canonical bytes of tax decisions by digest: those of invoices whose prices contain the tax */
  readonly terms: ReadonlyMap<string, Uint8Array>;
  /** undefined where prices do not contain the tax */
  readonly toCome?: TaxToCome | undefined;
}

/** How the tax within prices is taken out of what is not invoiced yet. */
export interface TaxToCome {
  /** canonical bytes of the decision in force */
  readonly decision: Uint8Array;
  /** tax category of each price, by the digest of its document */
  readonly categories: ReadonlyMap<string, string>;
}

/** The invoice that an entry has issued. @throws RangeError */
export function documentOf(number: string, digest: string, documents: RevenueDocuments): InvoiceDocument {
  const document = documents.invoices.get(number);
  if (document === undefined) throw new RangeError(`the invoice ${number} is missing`);
  if (invoiceDigest(document) !== digest) throw new RangeError(`the invoice ${number} is not the one that was issued`);
  return document;
}

/** @throws RangeError */
export function noteOf(number: string, digest: string, documents: RevenueDocuments): CreditNoteDocument {
  const note = documents.creditNotes.get(number);
  if (note === undefined) throw new RangeError(`the credit note ${number} is missing`);
  if (creditNoteDigest(note) !== digest)
    throw new RangeError(`the credit note ${number} is not the one that was issued`);
  return note;
}

/** The rates of a tax decision that an invoice cites. @throws RangeError where it is missing */
export function decisionOf(digest: string, { terms }: RevenueDocuments): RatesWithin {
  const bytes = terms.get(digest);
  if (bytes === undefined) throw new RangeError(`the tax decision ${digest} is missing`);
  return ratesWithin(bytes);
}
