import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import {
  type CreditNoteDocument,
  type CreditRequest,
  creditNoteBytes,
  creditNoteDigest,
  makeCreditNote,
} from '../domain/invoice/credit-note.ts';
import type { InvoiceDocument } from '../domain/invoice/invoice.ts';
import { taxationOf } from '../domain/invoice/taxation.ts';
import { type HeldInvoice, outstanding } from '../domain/ledger/money-books.ts';
import { MoneyRefused } from '../domain/ledger/money-moves.ts';
import type { Instant } from '../domain/time.ts';
import type { Reader, Transaction } from '../ports/database.ts';
import { numberInvoice } from './invoice-rows.ts';
import type { LedgerWork } from './ledger-work.ts';
import { credit_notes, invoices, payments, terms } from './tables.ts';

/** Steps of one transaction on a tenant's head that move credits and issued invoices. */

/** What cannot be done as the books stand is the caller's to change. @throws BadInput `money_refused` */
export function asked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof MoneyRefused) throw new BadInput('money_refused', error.message);
    throw error;
  }
}

export interface GrantRequest {
  readonly id: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly costBasis: bigint;
  readonly priority: number;
  readonly expiresAt: Instant | undefined;
  readonly reason: string;
}

/** Grants a credit. @returns the entry's number */
export const grantCredit = (work: LedgerWork, grant: GrantRequest): number =>
  asked(() =>
    work.scribe.money('credit_grant', {
      amount: String(grant.amount),
      cost_basis: String(grant.costBasis),
      currency: grant.currency,
      expires_at: grant.expiresAt ?? '',
      grant_id: grant.id,
      priority: String(grant.priority),
      reason: grant.reason,
    }),
  );

/** Takes back what is left of a credit. @throws BadInput `not_found`, `money_refused` where nothing is left */
export function revokeCredit(work: LedgerWork, id: string): number {
  const held = work.books.money.grants.get(id);
  if (held === undefined) throw new BadInput('not_found', 'no such credit');
  const { balance, currency } = held;
  return asked(() =>
    work.scribe.money('credit_expiry', { amount: String(balance), currency, grant_id: id, reason: 'revoked' }),
  );
}

export function heldInvoice(work: LedgerWork, number: string): HeldInvoice {
  const held = work.books.money.invoices.get(number);
  if (held === undefined) throw new BadInput('not_found', 'no such invoice');
  return held;
}

/** The invoice as it was issued. @throws BadInput `not_found` */
export async function issuedDocument(reader: Reader, tenant: TenantId, number: string): Promise<InvoiceDocument> {
  const row = await reader.read(invoices, [tenant, number]);
  if (row === undefined) throw new BadInput('not_found', 'no such invoice');
  return JSON.parse(Buffer.from(row.document).toString('utf8')) as InvoiceDocument;
}

/** Undoes an invoice that nobody has paid: the credits that it used get back what it took. */
export async function voidInvoice(work: LedgerWork, tx: Transaction, number: string, reason: string): Promise<number> {
  const held = heldInvoice(work, number);
  const { currency, total } = held;
  const document = await issuedDocument(tx, work.tenant, number);
  const seq = asked(() => work.scribe.money('void', { amount: String(total), currency, number, reason }));
  for (const { grant_id, amount } of document.credits) {
    asked(() => work.scribe.money('credit_return', { amount, currency, grant_id, number }));
  }
  return seq;
}

/** Gives up what is outstanding of an invoice. */
export function writeOff(
  work: LedgerWork,
  number: string,
  reason: string,
): { readonly seq: number; readonly amount: bigint } {
  const held = heldInvoice(work, number);
  const amount = outstanding(held);
  const fields = { amount: String(amount), currency: held.currency, number, reason };
  return { seq: asked(() => work.scribe.money('write_off', fields)), amount };
}

/**
 * Records a payment that was received: once per invoice under its id, whatever request says it again.
 * @returns the entry's number
 * @throws BadInput `already_exists`, `not_found`, `money_refused` where more is paid than is due
 */
export async function recordPayment(
  work: LedgerWork,
  tx: Transaction,
  payment: { readonly number: string; readonly id: string; readonly amount: bigint },
): Promise<number> {
  const { number, id, amount } = payment;
  const { currency } = heldInvoice(work, number);
  if ((await tx.read(payments, [work.tenant, id, number])) !== undefined)
    throw new BadInput('already_exists', 'the payment was recorded for this invoice before', 'payment_id');
  const fields = { amount: String(amount), currency, number, payment_id: id };
  const seq = asked(() => work.scribe.money('payment', fields));
  tx.insert(payments, { tenant: work.tenant, payment_id: id, invoice: number, entry_seq: seq });
  return seq;
}

/** Where what was paid too much goes: back by the payment provider, to the customer's credit, or nowhere yet. */
export type Refundable = 'refund' | 'credit' | 'none';

/** Issues a credit note, with what becomes of money that was paid already. */
export async function issueCreditNote(
  work: LedgerWork,
  tx: Transaction,
  order: {
    readonly invoice: string;
    readonly request: CreditRequest;
    readonly reason: string;
    readonly refundable: Refundable;
    /** e.g. `CN-2026` */
    readonly series: string;
  },
): Promise<{ readonly note: CreditNoteDocument; readonly seq: number; readonly refundable: bigint }> {
  const held = heldInvoice(work, order.invoice);
  const invoice = await issuedDocument(tx, work.tenant, order.invoice);
  const earlier = await creditNotesOf(tx, work.tenant, order.invoice);
  const decision = invoice.tax_decision === '' ? undefined : await tx.read(terms, [invoice.tax_decision]);
  if (invoice.tax_decision !== '' && decision === undefined) throw new Error('the tax decision of the invoice is gone');
  const taxation = decision === undefined ? undefined : taxationOf(decision.bytes);
  const number = await numberInvoice(tx, order.series);
  const frame = { number, issuedAt: work.scribe.recordedAt, reason: order.reason };
  const note = makeCreditNote(invoice, earlier, order.request, taxation, frame);
  const open = outstanding(held);
  const refundable = BigInt(note.total) > open ? BigInt(note.total) - open : 0n;
  const { currency } = held;
  const seq = asked(() =>
    work.scribe.money('credit_note', {
      amount: note.total,
      credit_note: number,
      currency,
      note_digest: creditNoteDigest(note),
      number: order.invoice,
      reason: order.reason,
      refundable: String(refundable),
      tax_total: note.tax_total,
    }),
  );
  tx.insert(credit_notes, {
    tenant: work.tenant,
    number,
    invoice: order.invoice,
    currency,
    total: note.total,
    issued_at: note.issued_at,
    entry_seq: seq,
    document: creditNoteBytes(note),
  });
  if (refundable > 0n && order.refundable !== 'none') giveBack(work, held, number, refundable, order.refundable);
  return { note, seq, refundable };
}

/** What was paid is given back once: as a refund that waits for the provider, or as a credit in its place. */
function giveBack(work: LedgerWork, held: HeldInvoice, note: string, amount: bigint, way: 'refund' | 'credit'): void {
  const id = `note.${note.toLowerCase()}`;
  const { currency, number } = held;
  const payment = way === 'refund' ? 'payment' : 'credit';
  const fields = { amount: String(amount), currency, number, payment_id: payment, refund_id: id };
  asked(() => work.scribe.money('refund', fields));
  if (way === 'credit') {
    grantCredit(work, {
      id,
      amount,
      currency,
      costBasis: amount,
      priority: 0,
      expiresAt: undefined,
      reason: 'credit_note',
    });
  }
}

/** Credit notes of an invoice, in the order they were issued. */
export async function creditNotesOf(reader: Reader, tenant: TenantId, invoice: string): Promise<CreditNoteDocument[]> {
  const rows = await reader.range(credit_notes, { index: 'credit_notes_by_invoice', prefix: [tenant, invoice] });
  return rows.map((row) => JSON.parse(Buffer.from(row.document).toString('utf8')) as CreditNoteDocument);
}
