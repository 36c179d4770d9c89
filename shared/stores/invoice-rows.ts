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

/** Keeps an invoice and marks its evidence as due. */
export function writeInvoice(tx: Transaction, invoice: InvoiceDocument, openSeq: number, closeSeq: number): void {
  tx.insert(invoices, {
    tenant: invoice.tenant,
    number: invoice.number,
    subscription: invoice.subscription,
    period: invoice.period,
    currency: invoice.currency,
    total: invoice.total,
    state: 'open',
    issued_at: invoice.issued_at,
    open_seq: openSeq,
    close_seq: closeSeq,
    document: invoiceBytes(invoice),
    bundle_name: null,
    bundle_sha256: null,
    bundle_bytes: null,
    seal: null,
  });
  tx.insert(unarchived, { tenant: invoice.tenant, number: invoice.number, close_seq: closeSeq });
}
