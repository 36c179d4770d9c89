import { BadInput } from '../../shared/domain/errors.ts';
import { requireNoCardData } from '../../shared/domain/payment-method.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { instantInputSchema, instantSchema, nameSchema, nullable, pageOf } from '../../shared/edge/http/schemas.ts';
import type { PaymentMethodRow } from '../../shared/stores/payment-method-store.ts';
import type { ApiRoom } from './room.ts';

const API = '/api/v1/billing/payment-methods';
const short = { type: 'string', minLength: 1, maxLength: 40 } as const;

const displaySchema = {
  type: 'object',
  description: 'what a person recognises it by',
  additionalProperties: false,
  properties: {
    brand: short,
    last4: { type: 'string', pattern: '^[0-9A-Z]{2,4}$', maxLength: 4 },
    exp_month: { type: 'integer', minimum: 1, maximum: 12 },
    exp_year: { type: 'integer', minimum: 2000, maximum: 2199 },
  },
} as const;

const mandateSchema = {
  type: 'object',
  description: 'of a direct debit: what the payer has agreed to',
  required: ['reference', 'signed_at', 'scheme'],
  additionalProperties: false,
  properties: {
    reference: { type: 'string', minLength: 1, maxLength: 35, description: 'unique mandate reference' },
    signed_at: instantInputSchema,
    scheme: { type: 'string', enum: ['sepa_core', 'sepa_b2b', 'ach', 'bacs'] },
    creditor_id: { type: 'string', minLength: 1, maxLength: 35 },
  },
} as const;

const requestSchema = {
  $id: 'urn:tallystick:schema:payment-method-request',
  type: 'object',
  required: ['provider', 'type', 'token'],
  additionalProperties: false,
  properties: {
    payment_method_id: { ...nameSchema, description: 'made up unless given' },
    provider: { type: 'string', pattern: '^[a-z][a-z0-9_]{1,31}$', maxLength: 32, description: 'stripe, paypal, …' },
    type: {
      type: 'string',
      enum: ['card', 'sepa_debit', 'ach_debit', 'bank_transfer', 'wallet', 'purchase_order', 'crypto'],
    },
    token: {
      type: 'string',
      pattern: '^[A-Za-z0-9_.:-]{4,255}$',
      maxLength: 255,
      description: 'the provider’s name for it, never a card number',
    },
    display: displaySchema,
    mandate: mandateSchema,
    default: { type: 'boolean', description: 'the first one is the default whatever is said' },
  },
} as const;

const methodSchema = {
  $id: 'urn:tallystick:schema:payment-method',
  type: 'object',
  required: ['payment_method_id', 'provider', 'type', 'token', 'display', 'mandate', 'default', 'created_at'],
  additionalProperties: false,
  properties: {
    payment_method_id: nameSchema,
    provider: { type: 'string', maxLength: 32 },
    type: { type: 'string', maxLength: 32 },
    token: { type: 'string', maxLength: 255 },
    display: displaySchema,
    mandate: nullable(mandateSchema),
    default: { type: 'boolean' },
    created_at: instantSchema,
  },
} as const;

interface Body {
  readonly payment_method_id?: string;
  readonly provider: string;
  readonly type: string;
  readonly token: string;
  readonly display?: object;
  readonly mandate?: { readonly signed_at: string };
  readonly default?: boolean;
}

/** How an organization pays: tokens of payment providers, and nothing that could be charged without one. */
export const paymentMethodOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'addPaymentMethod',
    method: 'POST',
    path: API,
    tag: 'Payment methods',
    summary: 'Add a payment method',
    description: 'A token of a payment provider. A card number or security code anywhere in the request is refused.',
    scope: 'payment_methods:write',
    body: requestSchema,
    inspect: requireNoCardData,
    answers: { 201: methodSchema },
    idempotencyKey: 'optional',
    mutation: 'payment_method.added',
    handle: async (call) => {
      const body = call.body as Body;
      if (body.mandate !== undefined) parseInstant(body.mandate.signed_at, 'mandate.signed_at');
      if ((body.type === 'sepa_debit') !== (body.mandate !== undefined)) {
        throw new BadInput('invalid_parameter', 'a direct debit, and nothing else, has a mandate', 'mandate');
      }
      const id = body.payment_method_id ?? call.newId('pm');
      return room.database.transact(async (tx) => {
        const row = await room.paymentMethods.add(tx, {
          tenant: call.tenant,
          id,
          provider: body.provider,
          type: body.type,
          token: body.token,
          display: body.display ?? {},
          mandate: body.mandate,
          isDefault: body.default === true,
          now: call.now,
        });
        const answer: ApiAnswer = { status: 201, json: methodJson(row) };
        await call.settle(tx, answer);
        return answer;
      });
    },
  },
  {
    operationId: 'listPaymentMethods',
    method: 'GET',
    path: API,
    tag: 'Payment methods',
    summary: 'Payment methods',
    scope: 'billing:read',
    answers: { 200: pageOf('payment-method-list', methodSchema) },
    handle: async ({ tenant }) => {
      const rows = await room.paymentMethods.list(tenant);
      return { status: 200, json: { data: rows.map(methodJson), has_more: false, next_cursor: null } };
    },
  },
  {
    operationId: 'setDefaultPaymentMethod',
    method: 'POST',
    path: `${API}/:payment_method_id/default`,
    tag: 'Payment methods',
    summary: 'Make it the default',
    scope: 'payment_methods:write',
    params: { payment_method_id: nameSchema },
    answers: { 200: methodSchema },
    mutation: 'payment_method.made_default',
    handle: (call) =>
      changed(call, room, 200, async (tx) =>
        methodJson(await room.paymentMethods.makeDefault(tx, call.tenant, call.params['payment_method_id']!)),
      ),
  },
  {
    operationId: 'removePaymentMethod',
    method: 'DELETE',
    path: `${API}/:payment_method_id`,
    tag: 'Payment methods',
    summary: 'Remove a payment method',
    scope: 'payment_methods:write',
    params: { payment_method_id: nameSchema },
    answers: { 204: 'empty' },
    mutation: 'payment_method.removed',
    handle: (call) =>
      changed(call, room, 204, (tx) => room.paymentMethods.remove(tx, call.tenant, call.params['payment_method_id']!)),
  },
];

async function changed(
  call: Call,
  room: ApiRoom,
  status: number,
  work: (tx: Parameters<Parameters<ApiRoom['database']['transact']>[0]>[0]) => Promise<unknown>,
): Promise<ApiAnswer> {
  return room.database.transact(async (tx) => {
    const json = await work(tx);
    const answer: ApiAnswer = json === undefined ? { status } : { status, json };
    await call.settle(tx, answer);
    return answer;
  });
}

const methodJson = (row: PaymentMethodRow) => ({
  payment_method_id: row.payment_method_id,
  provider: row.provider,
  type: row.type,
  token: row.token,
  display: JSON.parse(row.display) as object,
  mandate: row.mandate === null ? null : (JSON.parse(row.mandate) as object),
  default: row.is_default === 1,
  created_at: row.created_at,
});
