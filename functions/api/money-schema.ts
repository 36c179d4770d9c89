import {
  countSchema,
  currencySchema,
  instantInputSchema,
  instantSchema,
  minorUnitsSchema,
  moneySchema,
  nameSchema,
  nullable,
} from '../../shared/edge/http/schemas.ts';
import { invoiceNumberSchema } from './invoice-schema.ts';

/** Forms of requests and answers about credits, credit notes, payments and adjustments. */

export const positive = {
  type: 'string',
  pattern: '^[1-9][0-9]{0,29}$',
  maxLength: 30,
  description: 'minor units, above zero',
} as const;
export const reason = { ...nameSchema, description: 'a short code, no text: it stands in the ledger' } as const;

export const creditSchema = {
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

export const creditRequestSchema = {
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

export const creditNoteSchema = {
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

export const creditNoteRequestSchema = {
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

export const balanceSchema = {
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

export const adjustmentSchema = {
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
    currency: { ...currencySchema, description: 'of the amount, where it is not the organization’s' },
    rate_id: { ...nameSchema, description: 'the recorded exchange rate that it is converted by' },
  },
} as const;
