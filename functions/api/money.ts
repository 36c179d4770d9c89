import { type Amount, readCanonicalDecimal } from '../../shared/domain/decimals.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import type { CreditNoteDocument, CreditRequest } from '../../shared/domain/invoice/credit-note.ts';
import { type HeldInvoice, outstanding } from '../../shared/domain/ledger/money-books.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { moneyJson } from '../../shared/domain/money/money.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { limitOf } from '../../shared/edge/cursor.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import {
  countSchema,
  currencySchema,
  instantInputSchema,
  instantSchema,
  minorUnitsSchema,
  moneySchema,
  nameSchema,
  nullable,
  pageOf,
  pageQuery,
} from '../../shared/edge/http/schemas.ts';
import type { Transaction } from '../../shared/ports/database.ts';
import type { LedgerWork } from '../../shared/stores/ledger-work.ts';
import {
  asked,
  grantCredit,
  heldInvoice,
  issueCreditNote,
  recordPayment,
  revokeCredit,
  voidInvoice,
  writeOff,
} from '../../shared/stores/money-desk.ts';
import { seriesOf } from '../run-invoices/run-invoices.ts';
import { followUp, unfrozen } from './follow-up.ts';
import { invoiceNumberSchema } from './invoice-schema.ts';
import { type ApiRoom, absent, page } from './room.ts';

const API = '/api/v1/billing';
const positive = {
  type: 'string',
  pattern: '^[1-9][0-9]{0,29}$',
  maxLength: 30,
  description: 'minor units, above zero',
} as const;
const reason = { ...nameSchema, description: 'a short code, no text: it stands in the ledger' } as const;

const creditSchema = {
  $id: 'urn:tallystick:schema:credit',
  type: 'object',
  required: ['credit_id', 'amount', 'balance', 'cost_basis', 'priority', 'expires_at', 'granted_seq'],
  additionalProperties: false,
  properties: {
    credit_id: nameSchema,
    amount: moneySchema,
    balance: moneySchema,
    cost_basis: moneySchema,
    priority: { ...countSchema, description: 'the lower, the sooner it is used' },
    expires_at: nullable(instantSchema),
    granted_seq: { ...countSchema, description: 'the ledger entry that granted it' },
  },
} as const;

const creditRequestSchema = {
  $id: 'urn:tallystick:schema:credit-request',
  type: 'object',
  required: ['amount', 'currency'],
  additionalProperties: false,
  properties: {
    credit_id: { ...nameSchema, description: 'made up unless given' },
    amount: positive,
    currency: currencySchema,
    cost_basis: { ...minorUnitsSchema, description: 'what the customer paid for it; 0 unless given' },
    priority: { type: 'integer', minimum: 0, maximum: 1_000_000 },
    expires_at: instantInputSchema,
    reason,
  },
} as const;

const creditNoteSchema = {
  $id: 'urn:tallystick:schema:credit-note',
  type: 'object',
  required: [
    'number',
    'invoice_number',
    'issued_at',
    'reason',
    'subtotal',
    'tax_total',
    'total',
    'refundable',
    'document',
  ],
  additionalProperties: false,
  properties: {
    number: invoiceNumberSchema,
    invoice_number: invoiceNumberSchema,
    issued_at: instantSchema,
    reason,
    subtotal: moneySchema,
    tax_total: moneySchema,
    total: moneySchema,
    refundable: {
      ...nullable(moneySchema),
      description: 'the part that had been paid; known to the answer that issues it',
    },
    document: { type: 'object', additionalProperties: true },
  },
} as const;

const creditNoteRequestSchema = {
  $id: 'urn:tallystick:schema:credit-note-request',
  type: 'object',
  required: ['invoice_number'],
  additionalProperties: false,
  properties: {
    invoice_number: invoiceNumberSchema,
    amount: { ...positive, description: 'minor units with tax; all that is left unless amount or lines are given' },
    lines: {
      type: 'array',
      minItems: 1,
      maxItems: 1000,
      items: {
        type: 'object',
        required: ['line'],
        additionalProperties: false,
        properties: {
          line: {
            type: 'integer',
            minimum: 0,
            maximum: 100_000,
            description: 'place among the invoice’s lines, from 0',
          },
          amount: { ...positive, description: 'net minor units; what is left of the line unless given' },
        },
      },
    },
    reason,
    refundable: {
      type: 'string',
      enum: ['refund', 'credit', 'none'],
      description:
        'where money goes that was paid already: back by the provider, to a credit, or nowhere yet (unless said)',
    },
  },
} as const;

const balanceSchema = {
  $id: 'urn:tallystick:schema:invoice-balance',
  type: 'object',
  required: ['number', 'state', 'total', 'amount_due', 'paid', 'credited', 'outstanding'],
  additionalProperties: false,
  properties: {
    number: invoiceNumberSchema,
    state: { type: 'string', enum: ['open', 'paid', 'void', 'uncollectible'] },
    total: moneySchema,
    amount_due: moneySchema,
    paid: moneySchema,
    credited: moneySchema,
    outstanding: moneySchema,
  },
} as const;

const adjustmentSchema = {
  $id: 'urn:tallystick:schema:adjustment',
  type: 'object',
  required: ['subscription_id', 'amount', 'reason'],
  additionalProperties: false,
  properties: {
    adjustment_id: { ...nameSchema, description: 'made up unless given' },
    subscription_id: nameSchema,
    amount: {
      type: 'string',
      pattern: '^-?(?:0|[1-9][0-9]{0,19})(?:\\.[0-9]{1,12})?$',
      maxLength: 34,
      description: 'main units, below zero in the customer’s favour; a line of the next invoice',
    },
    reason,
    tax_category: nameSchema,
  },
} as const;

/** Credits, credit notes, payments, adjustments, voiding: everything that moves money without usage. */
export const moneyOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'grantCredit',
    method: 'POST',
    path: `${API}/credits`,
    tag: 'Credits',
    summary: 'Grant a credit',
    description:
      'Credits pay invoices after tax: the lowest priority first, then the one that expires first, then the oldest.',
    scope: 'credits:write',
    body: creditRequestSchema,
    answers: { 201: creditSchema },
    idempotencyKey: 'required',
    mutation: 'credit.granted',
    handle: (call) => {
      const body = call.body as {
        credit_id?: string;
        amount: string;
        currency: string;
        cost_basis?: string;
        priority?: number;
        expires_at?: string;
        reason?: string;
      };
      const id = body.credit_id ?? call.newId('cr');
      const expiresAt = body.expires_at === undefined ? undefined : parseInstant(body.expires_at, 'expires_at');
      return moved(call, room, 201, async (work) => {
        if (body.currency !== work.account.currency)
          throw new BadInput('currency_mismatch', `the organization pays in ${work.account.currency}`, 'currency');
        grantCredit(work, {
          id,
          amount: BigInt(body.amount),
          currency: parseCurrency(body.currency),
          costBasis: BigInt(body.cost_basis ?? '0'),
          priority: body.priority ?? 0,
          expiresAt,
          reason: body.reason ?? 'grant',
        });
        return creditJson(work, id);
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
      const limit = limitOf(query['limit']);
      const cursor = query['cursor'];
      const after = cursor === undefined ? '' : room.cursors.read(tenant, 'credits', cursor);
      const { money } = await room.ledger.books(tenant);
      const rows = [...money.grants.values()].filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
      return {
        status: 200,
        json: page(rows.map(grantJson), limit, (last) => room.cursors.write(tenant, 'credits', last.credit_id)),
      };
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
      'Tax follows the invoice’s own decision; credit notes never exceed their invoice, and the last one takes what is left.',
    scope: 'invoices:write',
    body: creditNoteRequestSchema,
    answers: { 201: creditNoteSchema },
    idempotencyKey: 'required',
    mutation: 'credit_note.issued',
    handle: (call) => {
      const body = call.body as {
        invoice_number: string;
        amount?: string;
        lines?: { line: number; amount?: string }[];
        reason?: string;
        refundable?: 'refund' | 'credit' | 'none';
      };
      return moved(call, room, 201, async (work, tx) => {
        const order = {
          invoice: body.invoice_number,
          request: creditRequest(body),
          reason: body.reason ?? 'correction',
          refundable: body.refundable ?? 'none',
          series: seriesOf(`CN-${room.invoicePrefix}`, work.scribe.recordedAt),
        };
        const { note, refundable } = await issueCreditNote(work, tx, order);
        return creditNoteJson(note, refundable);
      });
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
      const limit = limitOf(query['limit']);
      const cursor = query['cursor'];
      const after = cursor === undefined ? undefined : room.cursors.read(tenant, 'credit-notes', cursor);
      const rows = await room.invoices.creditNotes(tenant, limit + 1, after);
      const notes = rows.map((row) =>
        creditNoteJson(JSON.parse(Buffer.from(row.document).toString('utf8')) as CreditNoteDocument, undefined),
      );
      return {
        status: 200,
        json: page(notes, limit, (last) => room.cursors.write(tenant, 'credit-notes', last.number)),
      };
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
      return moved(call, room, 200, async (work) => {
        const number = call.params['number']!;
        const { currency } = heldInvoice(work, number);
        recordPayment(work, {
          number,
          id: body.payment_id ?? call.newId('pay'),
          amount: BigInt(body.amount),
          currency,
        });
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
    answers: {
      201: {
        $id: 'urn:tallystick:schema:adjustment-entry',
        type: 'object',
        required: ['adjustment_id', 'seq'],
        additionalProperties: false,
        properties: { adjustment_id: nameSchema, seq: countSchema },
      },
    },
    idempotencyKey: 'required',
    mutation: 'adjustment.made',
    handle: (call) => {
      const body = call.body as {
        adjustment_id?: string;
        subscription_id: string;
        amount: string;
        reason: string;
        tax_category?: string;
      };
      const id = body.adjustment_id ?? call.newId('adj');
      return moved(call, room, 201, async (work) => {
        const subscription = work.account.subscriptions.find((one) => one.id === body.subscription_id);
        if (subscription === undefined) throw absent('subscription');
        const at = call.now < subscription.startedAt ? subscription.startedAt : call.now;
        const open = await work.bucketAt(subscription, at);
        const seq = work.scribe.adjustment(
          open,
          id,
          amountOf(body.amount),
          body.reason,
          body.tax_category ?? 'standard',
        );
        return { adjustment_id: id, seq };
      });
    },
  },
  ...writeOffOperations(room),
];

/** A write-off takes two: one proposes it, another approves it. */
function writeOffOperations(room: ApiRoom): Operation[] {
  const proposalSchema = {
    $id: 'urn:tallystick:schema:proposal',
    type: 'object',
    required: ['number', 'state', 'reason'],
    additionalProperties: false,
    properties: { number: invoiceNumberSchema, state: { type: 'string', enum: ['proposed', 'approved'] }, reason },
  } as const;
  return [
    {
      operationId: 'proposeWriteOff',
      method: 'POST',
      path: `${API}/invoices/:number/write-off`,
      tag: 'Invoices',
      summary: 'Propose to give up what is outstanding',
      scope: 'invoices:write',
      params: { number: invoiceNumberSchema },
      body: reasonSchema('write-off-request'),
      bodyOptional: true,
      answers: { 200: proposalSchema },
      idempotencyKey: 'required',
      mutation: 'write_off.proposed',
      handle: async (call) => {
        const number = call.params['number']!;
        const held = (await room.ledger.books(call.tenant)).money.invoices.get(number);
        if (held === undefined) throw absent('invoice');
        if (held.state !== 'open') throw new BadInput('money_refused', `the invoice is ${held.state}`);
        return room.database.transact(async (tx) => {
          const proposal = {
            tenant: call.tenant,
            number,
            reason: reasonOf(call, 'uncollectible'),
            by: call.principal.keyId,
            now: call.now,
          };
          await room.proposals.propose(tx, proposal);
          const answer: ApiAnswer = { status: 200, json: { number, state: 'proposed', reason: proposal.reason } };
          await call.settle(tx, answer);
          return answer;
        });
      },
    },
    {
      operationId: 'approveWriteOff',
      method: 'POST',
      path: `${API}/invoices/:number/write-off/approve`,
      tag: 'Invoices',
      summary: 'Approve a proposed write-off',
      description:
        'Somebody else than its proposer does it; what is outstanding is written off in the same transaction.',
      scope: 'approvals:decide',
      params: { number: invoiceNumberSchema },
      answers: { 200: balanceSchema },
      idempotencyKey: 'required',
      mutation: 'write_off.approved',
      handle: (call) =>
        moved(call, room, 200, async (work, tx) => {
          const number = call.params['number']!;
          const why = await room.proposals.take(tx, call.tenant, number, call.principal.keyId);
          writeOff(work, number, why);
          return balanceJson(heldInvoice(work, number));
        }),
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

function creditRequest(body: { amount?: string; lines?: { line: number; amount?: string }[] }): CreditRequest {
  if (body.amount !== undefined && body.lines !== undefined)
    throw new BadInput('invalid_parameter', 'an amount or lines, not both', 'lines');
  if (body.amount !== undefined) return { kind: 'amount', amount: BigInt(body.amount) };
  if (body.lines === undefined) return { kind: 'full' };
  return {
    kind: 'lines',
    lines: body.lines.map(({ line, amount }) => ({
      line,
      ...(amount === undefined ? {} : { amount: BigInt(amount) }),
    })),
  };
}

function amountOf(text: string): Amount {
  // Trailing zeros are no fault of the sender; the ledger has its numbers in one form.
  const canonical = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  const amount = readCanonicalDecimal(canonical, 24);
  if (amount === undefined || amount === 0n)
    throw new BadInput('invalid_parameter', 'an adjustment is an amount other than 0', 'amount');
  return amount as Amount;
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
