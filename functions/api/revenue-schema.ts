import { LINE_KINDS } from '../../shared/domain/ledger/books.ts';
import { ACCOUNTS } from '../../shared/domain/revenue/chart.ts';
import { POSTING_KINDS } from '../../shared/domain/revenue/posting.ts';
import {
  countSchema,
  currencySchema,
  instantSchema,
  moneySchema,
  nameSchema,
  nullable,
  pageOf,
  queryTextSchema,
} from '../../shared/edge/http/schemas.ts';
import { invoiceNumberSchema } from './invoice-schema.ts';

/** So many months are answered at once. */
export const MONTHS_MAX = 24;

export const monthSchema = {
  type: 'string',
  pattern: '^[0-9]{4}-(?:0[1-9]|1[0-2])$',
  maxLength: 7,
  description: 'a calendar month of the organization’s zone, e.g. 2026-03',
} as const;

export const monthsQuery = {
  from: { ...queryTextSchema, description: 'first month, e.g. 2026-01; the last one unless said' },
  to: {
    ...queryTextSchema,
    description: `last month, included; the current one unless said; at most ${MONTHS_MAX} months`,
  },
} as const;

const lineSchema = {
  $id: 'urn:tallystick:schema:revenue-line',
  type: 'object',
  description:
    '`net` is without tax and less discounts, `reversed` what credit notes and a void took back of it; `earned_before` lies before `from`, `earned_after` after `to`',
  required: [
    ...['seq', 'first_seq', 'last_seq', 'invoice_number', 'line', 'subscription_id', 'kind', 'name'],
    ...['period_start', 'period_end', 'billed_in', 'net', 'reversed', 'earned_before', 'months', 'earned_after'],
  ],
  additionalProperties: false,
  properties: {
    seq: { ...countSchema, description: 'the entry of the invoice; the line’s last entry where there is none yet' },
    first_seq: countSchema,
    last_seq: countSchema,
    invoice_number: nullable(invoiceNumberSchema),
    line: { ...countSchema, description: 'place among the invoice’s lines, from 0' },
    subscription_id: nameSchema,
    kind: { type: 'string', enum: LINE_KINDS },
    name: { ...nameSchema, description: 'the meter, item, commitment or adjustment' },
    period_start: instantSchema,
    period_end: instantSchema,
    billed_in: nullable(monthSchema),
    net: moneySchema,
    reversed: moneySchema,
    earned_before: moneySchema,
    months: {
      type: 'array',
      maxItems: MONTHS_MAX,
      items: {
        type: 'object',
        required: ['month', 'earned'],
        additionalProperties: false,
        properties: { month: monthSchema, earned: moneySchema },
      },
    },
    earned_after: moneySchema,
  },
} as const;

export const scheduleSchema = pageOf('revenue-schedule', lineSchema);

const rowSchema = {
  type: 'object',
  description:
    '`billed` is the net of the invoices issued, `billed_before` what of it had been earned before and was a contract asset, `reversed` the net of credit notes and voids. closing = opening + billed - billed_before - reversed - recognised; revenue = recognised + accrued',
  required: [
    ...['month', 'opening', 'billed', 'billed_before', 'reversed', 'recognised', 'closing'],
    ...['contract_asset', 'revenue'],
  ],
  additionalProperties: false,
  properties: {
    month: monthSchema,
    opening: moneySchema,
    billed: moneySchema,
    billed_before: moneySchema,
    reversed: moneySchema,
    recognised: moneySchema,
    closing: moneySchema,
    contract_asset: {
      type: 'object',
      description: 'earned and not billed yet; closing = opening + accrued - billed_before',
      required: ['opening', 'accrued', 'closing'],
      additionalProperties: false,
      properties: { opening: moneySchema, accrued: moneySchema, closing: moneySchema },
    },
    revenue: moneySchema,
  },
} as const;

export const deferredSchema = {
  $id: 'urn:tallystick:schema:deferred-revenue',
  type: 'object',
  required: ['zone', 'as_of_seq', 'data'],
  additionalProperties: false,
  properties: {
    zone: { type: 'string', maxLength: 50, description: 'IANA zone of the months' },
    as_of_seq: { ...nullable(countSchema), description: 'the last ledger entry that is counted' },
    data: { type: 'array', maxItems: MONTHS_MAX * 50, items: rowSchema, description: 'by currency, then by month' },
  },
} as const;

const postingSchema = {
  $id: 'urn:tallystick:schema:posting',
  type: 'object',
  required: ['date', 'seq', 'kind', 'reference', 'currency', 'lines'],
  additionalProperties: false,
  properties: {
    date: { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', maxLength: 10 },
    seq: { ...countSchema, description: 'the ledger entry it follows from' },
    kind: { type: 'string', enum: POSTING_KINDS },
    reference: { type: 'string', maxLength: 100 },
    currency: currencySchema,
    lines: {
      type: 'array',
      minItems: 2,
      maxItems: 200,
      items: {
        type: 'object',
        required: ['account', 'code', 'name', 'jurisdiction', 'debit', 'credit'],
        additionalProperties: false,
        properties: {
          account: { type: 'string', enum: Object.keys(ACCOUNTS) },
          code: { type: 'string', maxLength: 20 },
          name: { type: 'string', maxLength: 100 },
          jurisdiction: { ...nullable({ type: 'string', maxLength: 64 }), description: 'of tax payable' },
          debit: moneySchema,
          credit: moneySchema,
        },
      },
    },
  },
} as const;

export const journalSchema = pageOf('journal', postingSchema);

export const codesQuery = {
  ...queryTextSchema,
  description: `codes of your own chart of accounts, e.g. cash:1800,bad_debt:6930; accounts are ${Object.keys(ACCOUNTS).join(', ')}`,
} as const;
