import { INVOICE_KINDS } from '../../shared/domain/invoice/invoice.ts';
import {
  countSchema,
  currencySchema,
  decimalSchema,
  hashSchema,
  instantSchema,
  minorUnitsSchema,
  moneySchema,
  nameSchema,
  nullable,
  pageOf,
  sha256HexSchema,
  tenantSchema,
} from '../../shared/edge/http/schemas.ts';

export const invoiceNumberSchema = {
  type: 'string',
  pattern: '^[A-Z][A-Z0-9-]{1,60}$',
  maxLength: 61,
  description: 'e.g. INV-2026-000001',
} as const;

const emptyOr = <const S extends object>(schema: S) => ({ anyOf: [schema, { type: 'string', const: '' }] }) as const;
const countText = { type: 'string', pattern: '^(?:0|[1-9][0-9]{0,15})$', maxLength: 16 } as const;
const period = { type: 'string', minLength: 55, maxLength: 55, description: 'start and end, half-open' } as const;
const word = { type: 'string', maxLength: 100 } as const;

const lineSchema = {
  $id: 'urn:tallystick:schema:invoice-line',
  type: 'object',
  required: [
    ...['kind', 'meter', 'price_ref', 'price_digest', 'period', 'tax_category', 'quantity', 'numerator', 'denominator'],
    ...['first_seq', 'last_seq', 'count', 'before', 'after', 'base', 'exact', 'amount', 'discount'],
  ],
  additionalProperties: false,
  properties: {
    kind: { type: 'string', enum: ['usage', 'advance', 'arrears', 'unused', 'true_up', 'adjustment'] },
    meter: { ...nameSchema, description: 'the meter; of a fee the item, of a true-up the commitment' },
    price_ref: { ...word, description: 'name and version of the price; empty for an adjustment' },
    price_digest: emptyOr(hashSchema),
    period: { ...period, description: 'what the line pays for' },
    tax_category: nameSchema,
    quantity: emptyOr(decimalSchema),
    numerator: { ...word, description: 'of the share of a full period that a fee pays for' },
    denominator: word,
    first_seq: countText,
    last_seq: countText,
    count: { ...countText, description: 'entries summed' },
    before: emptyOr(decimalSchema),
    after: emptyOr(decimalSchema),
    base: emptyOr(decimalSchema),
    exact: { ...decimalSchema, description: 'exact sum in the currency’s main unit' },
    amount: minorUnitsSchema,
    discount: minorUnitsSchema,
  },
} as const;

/** An invoice as it is hashed: RFC 8785 bytes of exactly these members. */
export const invoiceDocumentSchema = {
  $id: 'urn:tallystick:schema:invoice-document',
  type: 'object',
  required: [
    ...['v', 'typ', 'kind', 'ledger', 'tenant', 'number', 'subscription', 'period', 'currency', 'issued_at'],
    ...['close_seq', 'lines', 'subtotal', 'discounts', 'discount_total', 'tax_behavior', 'tax_decision', 'taxes'],
    ...['tax_total', 'total', 'credits', 'credit_total', 'amount_due', 'content'],
  ],
  additionalProperties: false,
  properties: {
    v: { type: 'string', const: '1' },
    typ: { type: 'string', const: 'invoice' },
    kind: { type: 'string', enum: INVOICE_KINDS },
    ledger: { type: 'string', maxLength: 191 },
    tenant: tenantSchema,
    number: invoiceNumberSchema,
    subscription: nameSchema,
    period,
    currency: currencySchema,
    issued_at: instantSchema,
    close_seq: emptyOr(countText),
    lines: { type: 'array', items: lineSchema },
    subtotal: minorUnitsSchema,
    discounts: {
      type: 'array',
      items: {
        type: 'object',
        required: ['discount_id', 'discount_digest', 'nth', 'base', 'amount'],
        additionalProperties: false,
        properties: {
          discount_id: nameSchema,
          discount_digest: hashSchema,
          nth: countText,
          base: minorUnitsSchema,
          amount: minorUnitsSchema,
        },
      },
    },
    discount_total: minorUnitsSchema,
    tax_behavior: { type: 'string', enum: ['', 'exclusive', 'inclusive'] },
    tax_decision: emptyOr(hashSchema),
    taxes: {
      type: 'array',
      items: {
        type: 'object',
        required: ['jurisdiction', 'rate', 'treatment', 'base', 'amount'],
        additionalProperties: false,
        properties: {
          jurisdiction: word,
          rate: decimalSchema,
          treatment: word,
          base: minorUnitsSchema,
          amount: minorUnitsSchema,
        },
      },
    },
    tax_total: minorUnitsSchema,
    total: minorUnitsSchema,
    credits: {
      type: 'array',
      items: {
        type: 'object',
        required: ['grant_id', 'amount'],
        additionalProperties: false,
        properties: { grant_id: nameSchema, amount: minorUnitsSchema },
      },
    },
    credit_total: minorUnitsSchema,
    amount_due: minorUnitsSchema,
    content: { ...hashSchema, description: 'what a preview and its invoice have in common' },
  },
} as const;

const summaryMembers = {
  number: invoiceNumberSchema,
  subscription_id: nameSchema,
  period_start: instantSchema,
  period_end: instantSchema,
  state: { type: 'string', enum: ['open', 'paid', 'void', 'uncollectible'] },
  issued_at: instantSchema,
  total: moneySchema,
  evidence: nullable({
    type: 'object',
    required: ['sha256', 'bytes', 'seal'],
    additionalProperties: false,
    properties: { sha256: sha256HexSchema, bytes: countSchema, seal: countSchema },
  } as const),
} as const;

export const invoiceSummarySchema = {
  $id: 'urn:tallystick:schema:invoice-summary',
  type: 'object',
  required: Object.keys(summaryMembers),
  additionalProperties: false,
  properties: summaryMembers,
} as const;

export const invoiceSchema = {
  $id: 'urn:tallystick:schema:invoice',
  type: 'object',
  required: [...Object.keys(summaryMembers), 'lines', 'document'],
  additionalProperties: false,
  properties: {
    ...summaryMembers,
    lines: { type: 'array', items: lineSchema },
    document: invoiceDocumentSchema,
  },
} as const;

export const invoiceListSchema = pageOf('invoice-list', invoiceSummarySchema);

export const evidenceListSchema = pageOf('evidence-list', {
  $id: 'urn:tallystick:schema:evidence',
  type: 'object',
  required: ['number', 'state', 'sha256', 'bytes', 'seal'],
  additionalProperties: false,
  properties: {
    number: invoiceNumberSchema,
    state: { type: 'string', enum: ['pending', 'archived'] },
    sha256: nullable(sha256HexSchema),
    bytes: nullable(countSchema),
    seal: { ...nullable(countSchema), description: 'the seal it proves itself by' },
  },
} as const);
