import { type InvoiceDocument, invoiceBytes } from '../domain/invoice/invoice.ts';
import type { Transaction } from '../ports/database.ts';
import { invoice_numbers, invoices, unarchived } from './tables.ts';

/**
 * Gives the next invoice number of a series, gapless because it is given in the transaction that makes the invoice.
 * @param series issuer and year, e.g. `INV-2026`
 */
export async function numberInvoice(tx: Transaction, series: string): Promise<string> {
  const row = await tx.read(invoice_numbers, [series]);
  const next = (row?.last ?? 0) + 1;
  tx.upsert(invoice_numbers, { series, last: next });
  return `${series}-${String(next).padStart(6, '0')}`;
}

/**
 * Keeps an invoice and marks its evidence as due.
 * @param closeSeq the entry that a seal must cover before the evidence is made: the close, or the invoice where there is none
 * @param entrySeq the entry that issues it
 */
export function writeInvoice(
  tx: Transaction,
  invoice: InvoiceDocument,
  openSeq: number,
  closeSeq: number,
  entrySeq: number,
): void {
  tx.insert(invoices, {
    tenant: invoice.tenant,
    number: invoice.number,
    kind: invoice.kind,
    subscription: invoice.subscription,
    period: invoice.period,
    currency: invoice.currency,
    total: invoice.total,
    state: invoice.amount_due === '0' ? 'paid' : 'open',
    issued_at: invoice.issued_at,
    open_seq: openSeq,
    close_seq: closeSeq,
    entry_seq: entrySeq,
    document: invoiceBytes(invoice),
    bundle_name: null,
    bundle_sha256: null,
    bundle_bytes: null,
    seal: null,
  });
  tx.insert(unarchived, { tenant: invoice.tenant, number: invoice.number, close_seq: closeSeq });
}
