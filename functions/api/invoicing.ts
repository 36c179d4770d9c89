import { base64url } from '../../shared/domain/canonical.ts';
import { formatQuantity, parseQuantity, type Quantity, readCanonicalDecimal } from '../../shared/domain/decimals.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { parseReceiptId, type ReceiptId } from '../../shared/domain/ids.ts';
import type { EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { CORRECTABLE } from '../../shared/domain/ledger/line-rules.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import type { Aggregation } from '../../shared/domain/usage/meter.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { countSchema, hashSchema, nameSchema } from '../../shared/edge/http/schemas.ts';
import { acceptedEvent } from '../../shared/stores/accepted-events.ts';
import { correctEvent } from '../../shared/stores/corrections.ts';
import { invoiceNow } from '../run-invoices/bill-now.ts';
import { followUp, unfrozen } from './follow-up.ts';
import { invoiceDocumentSchema, invoiceNumberSchema } from './invoice-schema.ts';
import { type ApiRoom, absent, accountOf } from './room.ts';

const API = '/api/v1/billing';

const whichSchema = {
  $id: 'urn:tallystick:schema:invoice-request',
  type: 'object',
  required: ['subscription_id'],
  additionalProperties: false,
  properties: { subscription_id: nameSchema },
} as const;

const issuedSchema = {
  $id: 'urn:tallystick:schema:issued-invoice',
  type: 'object',
  required: ['number', 'document'],
  additionalProperties: false,
  properties: { number: invoiceNumberSchema, document: invoiceDocumentSchema },
} as const;

const correctionSchema = {
  $id: 'urn:tallystick:schema:correction-request',
  type: 'object',
  required: ['receipt_id', 'quantity'],
  additionalProperties: false,
  properties: {
    receipt_id: { ...hashSchema, description: 'of the event that was billed' },
    quantity: {
      type: 'string',
      pattern: '^(?:0|[1-9][0-9]{0,19})(?:\\.[0-9]{1,12})?$',
      maxLength: 33,
      description: 'what it should have been; 0 takes it back',
    },
    correction_id: { ...nameSchema, description: 'made up unless given' },
    reason: { ...nameSchema, description: 'a short code: it stands in the ledger' },
  },
} as const;

/** Invoices before and between the ends of periods, and corrections of billed events. */
export const invoicingOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'previewInvoice',
    method: 'GET',
    path: `${API}/subscriptions/:subscription_id/preview`,
    tag: 'Invoices',
    summary: 'The invoice as it would be if the period were over now',
    description: 'Made by the same steps as the invoice: where nothing happens in between, `content` is the same.',
    scope: 'billing:read',
    params: { subscription_id: nameSchema },
    answers: { 200: invoiceDocumentSchema },
    handle: async (call) => {
      const account = await accountOf(call, room);
      const id = call.params['subscription_id']!;
      if (!account.subscriptions.some((one) => one.id === id)) throw absent('subscription');
      const taxPoint = await room.ledger.nextTaxPoint(account, id, call.now);
      const taxation = await room.taxationOf(account, taxPoint);
      return { status: 200, json: await room.ledger.preview(call.tenant, id, { taxation }, call.now) };
    },
  },
  {
    operationId: 'createInvoice',
    method: 'POST',
    path: `${API}/invoices`,
    tag: 'Invoices',
    summary: 'Invoice what has come together so far',
    description: 'The period goes on; its last invoice bills the rest.',
    scope: 'invoices:write',
    body: whichSchema,
    answers: { 201: issuedSchema },
    idempotencyKey: 'required',
    mutation: 'invoice.issued',
    handle: async (call) => {
      const account = await accountOf(call, room);
      const { subscription_id: id } = call.body as { subscription_id: string };
      if (!account.subscriptions.some((one) => one.id === id)) throw absent('subscription');
      let answer: ApiAnswer | undefined;
      const issued = await invoiceNow(account, id, 'interim', room, async (tx, { number, invoice }) => {
        call.note({ number });
        answer = { status: 201, json: { number, document: invoice } };
        await call.settle(tx, answer);
      });
      if (unfrozen(issued) === 'idle') {
        throw new BadInput('nothing_to_invoice', 'nothing was billed since the last invoice');
      }
      return answer!;
    },
  },
  {
    operationId: 'correctReceipt',
    method: 'POST',
    path: `${API}/corrections`,
    tag: 'Receipts',
    summary: 'Correct a billed event',
    description:
      'A compensating entry that names the receipt, rated at its own price version; it lands in the open period.',
    scope: 'invoices:write',
    body: correctionSchema,
    answers: {
      201: {
        $id: 'urn:tallystick:schema:correction',
        type: 'object',
        required: ['correction_id', 'receipt_seq', 'seq'],
        additionalProperties: false,
        properties: { correction_id: nameSchema, receipt_seq: countSchema, seq: countSchema },
      },
    },
    idempotencyKey: 'required',
    mutation: 'receipt.corrected',
    handle: (call) => correct(call, room),
  },
];

async function correct(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const body = call.body as { receipt_id: string; quantity: string; correction_id?: string; reason?: string };
  const found = await room.ledger.find(call.tenant, parseReceiptId(body.receipt_id));
  if (found === undefined) throw absent('receipt');
  if (found.state === 'waiting') throw new BadInput('invalid_transition', 'the event is not billed yet', 'receipt_id');
  const [text] = await room.ledger.entries(call.tenant, found.seq, found.seq + 1);
  const charge = readEntry(text!) as EntryOf<'charge'>;
  if (!CORRECTABLE.has(charge.aggregation as Aggregation)) {
    throw new BadInput(
      'correction_unsupported',
      `a ${charge.aggregation} is not corrected event by event`,
      'receipt_id',
    );
  }
  const wanted = parseQuantity(body.quantity);
  if (charge.aggregation === 'count' && wanted !== 0n) {
    throw new BadInput(
      'correction_unsupported',
      'an event that is counted counts once, or is taken back with 0',
      'quantity',
    );
  }
  const prices = await room.accounts.prices([charge.price_digest]);
  const correction = {
    id: body.correction_id ?? call.newId('cor'),
    reason: body.reason ?? 'correction',
    charge,
    hash: base64url(leafHashOfText(text!)),
    price: prices.get(charge.price_digest)!,
    wanted,
    billed: readCanonicalDecimal(charge.quantity, 12) as Quantity,
  };
  const keys = await room.personal.keysOf(call.tenant);
  const done = unfrozen(
    await room.ledger.append(call.tenant, call.now, async (work, tx) => {
      const { seq, usage } = await correctEvent(work, tx, correction);
      const sent = await acceptedEvent(tx, call.tenant, charge.event_id as ReceiptId, keys);
      await room.rollups.correct(tx, call.tenant, usage, sent?.event || undefined);
      const answer: ApiAnswer = { status: 201, json: { correction_id: correction.id, receipt_seq: found.seq, seq } };
      await call.settle(tx, answer);
      return answer;
    }),
  );
  call.note({ quantity: formatQuantity(wanted) });
  await followUp(call.tenant, done.appended, room);
  return done.result;
}
