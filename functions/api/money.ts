import { formatAmount } from '../../shared/domain/decimals.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import type { CreditNoteDocument } from '../../shared/domain/invoice/credit-note.ts';
import { type HeldInvoice, outstanding } from '../../shared/domain/ledger/money-books.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { moneyJson } from '../../shared/domain/money/money.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { countSchema, decimalSchema, nameSchema, pageOf, pageQuery } from '../../shared/edge/http/schemas.ts';
import type { Transaction } from '../../shared/ports/database.ts';
import type { LedgerWork } from '../../shared/stores/ledger-work.ts';
import { asked, heldInvoice, recordPayment, revokeCredit, voidInvoice } from '../../shared/stores/money-desk.ts';
import { approvalSchema, limitOn, NeedsTwo, needsTwo, propose } from './approvals.ts';
import { followUp, unfrozen } from './follow-up.ts';
import { invoiceNumberSchema } from './invoice-schema.ts';
import {
  type AdjustmentBody,
  adjust,
  type CreditBody,
  type CreditNoteBody,
  credit,
  creditNote,
  inOwnCurrency,
  sizeOf,
} from './money-orders.ts';
import {
  adjustmentSchema,
  balanceSchema,
  creditNoteRequestSchema,
  creditNoteSchema,
  creditRequestSchema,
  creditSchema,
  positive,
  reason,
} from './money-schema.ts';
import { type ApiRoom, absent, accountOf, listing } from './room.ts';

const API = '/api/v1/billing';

/** Credits, credit notes, payments, adjustments, voiding: everything that moves money without usage. */
export const moneyOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'grantCredit',
    method: 'POST',
    path: `${API}/credits`,
    tag: 'Credits',
    summary: 'Grant a credit',
    description:
      'Credits pay invoices after tax: the lowest priority first, then the one that expires first, then the oldest. Above the organization’s limit it is proposed (202) and granted once somebody else has approved it.',
    scope: 'credits:write',
    body: creditRequestSchema,
    answers: { 201: creditSchema, 202: approvalSchema },
    idempotencyKey: 'required',
    mutation: 'credit.granted',
    handle: async (call) => {
      const body = call.body as CreditBody;
      const order = { ...body, credit_id: body.credit_id ?? call.newId('cr') };
      const proposal = { kind: 'credit.grant', subject: order.credit_id, payload: order } as const;
      if (await needsTwo(call, BigInt(body.amount), room)) return propose(call, room, proposal);
      return moved(call, room, 201, async (work) => {
        credit(work, order);
        return creditJson(work, order.credit_id);
      });
    },
  },
  {
    operationId: 'listCredits',
    method: 'GET',
    path: `${API}/credits`,
    tag: 'Credits',
    summary: 'Credits and what is left of them',
    scope: 'billing:read',
    query: pageQuery,
    answers: { 200: pageOf('credit-list', creditSchema) },
    handle: async ({ tenant, query }) => {
      const { after = '', answer } = listing(room, tenant, 'credits', query);
      const { money } = await room.ledger.books(tenant);
      const rows = [...money.grants.values()].filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
      return answer(rows.map(grantJson), (last) => last.credit_id);
    },
  },
  {
    operationId: 'revokeCredit',
    method: 'POST',
    path: `${API}/credits/:credit_id/revoke`,
    tag: 'Credits',
    summary: 'Take back what is left of a credit',
    scope: 'credits:write',
    params: { credit_id: nameSchema },
    answers: { 200: creditSchema },
    idempotencyKey: 'required',
    mutation: 'credit.revoked',
    handle: (call) =>
      moved(call, room, 200, async (work) => {
        revokeCredit(work, call.params['credit_id']!);
        return creditJson(work, call.params['credit_id']!);
      }),
  },
  {
    operationId: 'createCreditNote',
    method: 'POST',
    path: `${API}/credit-notes`,
    tag: 'Credit notes',
    summary: 'Credit an invoice, whole or in part',
    description:
      'Tax follows the invoice’s own decision; credit notes never exceed their invoice, and the last one takes what is left. One that refunds more than the organization’s limit is proposed (202) and issued once somebody else has approved it.',
    scope: 'invoices:write',
    body: creditNoteRequestSchema,
    answers: { 201: creditNoteSchema, 202: approvalSchema },
    idempotencyKey: 'required',
    mutation: 'credit_note.issued',
    handle: async (call) => {
      const body = call.body as CreditNoteBody;
      const limit = body.refundable === 'refund' ? await limitOn(call, room) : undefined;
      try {
        return await moved(call, room, 201, async (work, tx) => {
          const { note, refundable } = await creditNote(work, tx, body, room);
          // Only the books tell how much of it had been paid. Nothing of this is kept.
          if (limit !== undefined && refundable > limit) throw new NeedsTwo();
          return creditNoteJson(note, refundable);
        });
      } catch (error) {
        if (!(error instanceof NeedsTwo)) throw error;
        return propose(call, room, { kind: 'credit_note.refund', subject: body.invoice_number, payload: { ...body } });
      }
    },
  },
  {
    operationId: 'listCreditNotes',
    method: 'GET',
    path: `${API}/credit-notes`,
    tag: 'Credit notes',
    summary: 'Credit notes',
    scope: 'billing:read',
    query: pageQuery,
    answers: { 200: pageOf('credit-note-list', creditNoteSchema) },
    handle: async ({ tenant, query }) => {
      const { limit, after, answer } = listing(room, tenant, 'credit-notes', query);
      const rows = await room.invoices.creditNotes(tenant, limit + 1, after);
      const notes = rows.map((row) =>
        creditNoteJson(JSON.parse(Buffer.from(row.document).toString('utf8')) as CreditNoteDocument, undefined),
      );
      return answer(notes, (last) => last.number);
    },
  },
  {
    operationId: 'getInvoiceBalance',
    method: 'GET',
    path: `${API}/invoices/:number/balance`,
    tag: 'Invoices',
    summary: 'What of an invoice is paid, credited and due',
    scope: 'billing:read',
    params: { number: invoiceNumberSchema },
    answers: { 200: balanceSchema },
    handle: async ({ tenant, params }) => {
      const held = (await room.ledger.books(tenant)).money.invoices.get(params['number']!);
      if (held === undefined) throw absent('invoice');
      return { status: 200, json: balanceJson(held) };
    },
  },
  {
    operationId: 'voidInvoice',
    method: 'POST',
    path: `${API}/invoices/:number/void`,
    tag: 'Invoices',
    summary: 'Void an invoice that nobody has paid',
    description: 'Credits that it used get back what it took.',
    scope: 'invoices:write',
    params: { number: invoiceNumberSchema },
    body: reasonSchema('void-request'),
    bodyOptional: true,
    answers: { 200: balanceSchema },
    idempotencyKey: 'required',
    mutation: 'invoice.voided',
    handle: (call) =>
      moved(call, room, 200, async (work, tx) => {
        await voidInvoice(work, tx, call.params['number']!, reasonOf(call, 'void'));
        return balanceJson(heldInvoice(work, call.params['number']!));
      }),
  },
  {
    operationId: 'recordPayment',
    method: 'POST',
    path: `${API}/invoices/:number/payments`,
    tag: 'Invoices',
    summary: 'Record a payment that was received',
    description: 'A payment counts once towards an invoice under its id, whatever key its request has.',
    scope: 'invoices:write',
    params: { number: invoiceNumberSchema },
    body: {
      $id: 'urn:tallystick:schema:payment-request',
      type: 'object',
      required: ['amount'],
      additionalProperties: false,
      properties: { payment_id: { ...nameSchema, description: 'made up unless given' }, amount: positive },
    },
    answers: { 200: balanceSchema },
    idempotencyKey: 'required',
    mutation: 'payment.recorded',
    handle: (call) => {
      const body = call.body as { payment_id?: string; amount: string };
      const id = body.payment_id ?? call.newId('pay');
      return moved(call, room, 200, async (work, tx) => {
        const number = call.params['number']!;
        await recordPayment(work, tx, { number, id, amount: BigInt(body.amount) });
        return balanceJson(heldInvoice(work, number));
      });
    },
  },
  {
    operationId: 'createAdjustment',
    method: 'POST',
    path: `${API}/adjustments`,
    tag: 'Invoices',
    summary: 'Add an amount to the next invoice',
    scope: 'invoices:write',
    body: adjustmentSchema,
    description:
      'Above the organization’s limit, in either direction, it is proposed (202) and made once somebody else has approved it.',
    answers: {
      201: {
        $id: 'urn:tallystick:schema:adjustment-entry',
        type: 'object',
        required: ['adjustment_id', 'seq', 'amount'],
        additionalProperties: false,
        properties: {
          adjustment_id: nameSchema,
          seq: countSchema,
          amount: { ...decimalSchema, description: 'in the organization’s currency' },
        },
      },
      202: approvalSchema,
    },
    idempotencyKey: 'required',
    mutation: 'adjustment.made',
    handle: async (call) => {
      const body = call.body as AdjustmentBody;
      const order = { ...body, adjustment_id: body.adjustment_id ?? call.newId('adj') };
      const { currency } = await accountOf(call, room);
      const proposal = { kind: 'adjustment.make', subject: order.adjustment_id, payload: order } as const;
      const amount = await room.database.snapshot((view) => inOwnCurrency(body, call.tenant, currency, view));
      if (await needsTwo(call, sizeOf(formatAmount(amount), currency), room)) return propose(call, room, proposal);
      return moved(call, room, 201, async (work, tx) => {
        const made = await adjust(work, tx, order);
        call.note({
          amount: formatAmount(made.amount),
          ...(body.rate_id === undefined ? {} : { rate_id: body.rate_id }),
        });
        return { adjustment_id: order.adjustment_id, seq: made.seq, amount: formatAmount(made.amount) };
      });
    },
  },
  ...writeOffOperations(room),
];

/** A write-off takes two: one proposes it, another approves the proposal. */
function writeOffOperations(room: ApiRoom): Operation[] {
  return [
    {
      operationId: 'proposeWriteOff',
      method: 'POST',
      path: `${API}/invoices/:number/write-off`,
      tag: 'Invoices',
      summary: 'Propose to give up what is outstanding',
      scope: 'writeoffs:propose',
      params: { number: invoiceNumberSchema },
      body: reasonSchema('write-off-request'),
      bodyOptional: true,
      answers: { 202: approvalSchema },
      idempotencyKey: 'required',
      mutation: 'write_off.proposed',
      handle: async (call) => {
        const number = call.params['number']!;
        const held = (await room.ledger.books(call.tenant)).money.invoices.get(number);
        if (held === undefined) throw absent('invoice');
        if (held.state !== 'open') throw new BadInput('money_refused', `the invoice is ${held.state}`);
        const payload = { number, reason: reasonOf(call, 'uncollectible') };
        return propose(call, room, { kind: 'invoice.write_off', subject: number, payload });
      },
    },
  ];
}

function reasonSchema(name: string) {
  return {
    $id: `urn:tallystick:schema:${name}`,
    type: 'object',
    additionalProperties: false,
    properties: { reason },
  } as const;
}
const reasonOf = (call: Call, otherwise: string): string =>
  (call.body as { reason?: string } | undefined)?.reason ?? otherwise;

/** One transaction on the tenant's head: the entries, the answer, the audit entry; then the copies. */
async function moved(
  call: Call,
  room: ApiRoom,
  status: number,
  write: (work: LedgerWork, tx: Transaction) => Promise<unknown>,
): Promise<ApiAnswer> {
  const done = unfrozen(
    await room.ledger.append(call.tenant, call.now, async (work, tx) => {
      const answer: ApiAnswer = { status, json: await write(work, tx) };
      await call.settle(tx, answer);
      return answer;
    }),
  );
  await followUp(call.tenant, done.appended, room);
  return done.result;
}

const money = (amount: bigint, currency: string) => ({
  ...moneyJson({ minorUnits: amount, currency: parseCurrency(currency) }),
});

function creditJson(work: LedgerWork, id: string) {
  return asked(() => grantJson(work.books.money.grants.get(id)!));
}

const grantJson = (held: {
  id: string;
  amount: bigint;
  balance: bigint;
  costBasis: bigint;
  currency: string;
  priority: number;
  expiresAt: string;
  seq: number;
}) => ({
  credit_id: held.id,
  amount: money(held.amount, held.currency),
  balance: money(held.balance, held.currency),
  cost_basis: money(held.costBasis, held.currency),
  priority: held.priority,
  expires_at: held.expiresAt === '' ? null : held.expiresAt,
  granted_seq: held.seq,
});

const creditNoteJson = (note: CreditNoteDocument, refundable: bigint | undefined) => ({
  number: note.number,
  invoice_number: note.invoice,
  issued_at: note.issued_at,
  reason: note.reason,
  subtotal: money(BigInt(note.subtotal), note.currency),
  tax_total: money(BigInt(note.tax_total), note.currency),
  total: money(BigInt(note.total), note.currency),
  refundable: refundable === undefined ? null : money(refundable, note.currency),
  document: note,
});

const balanceJson = (held: HeldInvoice) => ({
  number: held.number,
  state: held.state,
  total: money(held.total, held.currency),
  amount_due: money(held.amountDue, held.currency),
  paid: money(held.paid, held.currency),
  credited: money(held.credited, held.currency),
  outstanding: money(outstanding(held), held.currency),
});
