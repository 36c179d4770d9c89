import { AGGREGATIONS } from '../../shared/domain/usage/meter.ts';
import { WINDOW_UNITS, WINDOWS_MAX } from '../../shared/domain/usage/windows.ts';
import {
  countSchema,
  decimalSchema,
  hashSchema,
  instantSchema,
  nameSchema,
  nullable,
  pageQuery,
  queryTextSchema,
} from '../../shared/edge/http/schemas.ts';

const aggregationSchema = { type: 'string', enum: AGGREGATIONS } as const;
const nextPage = {
  has_more: { type: 'boolean' },
  next_cursor: { type: ['string', 'null'], maxLength: 1000 },
} as const;

/** The query of a usage summary; with `window` it is made of windows, without of billing periods. */
export const summaryQuery = {
  metric_name: { ...queryTextSchema, description: 'only this metric; needed with `window`' },
  subscription_id: { ...queryTextSchema, description: 'only this subscription' },
  from: {
    ...queryTextSchema,
    description: 'RFC 3339: from the period or window that contains it; needed with `window`',
  },
  to: {
    ...queryTextSchema,
    description: 'RFC 3339: up to the period or window that ends there or later; now, unless said',
  },
  window: {
    type: 'string',
    enum: WINDOW_UNITS,
    description: `sum up by windows on the wall clock of the organization’s zone, at most ${WINDOWS_MAX} of them; weeks begin on Monday`,
  },
  group_by: {
    ...queryTextSchema,
    description: 'with `window`: dimensions of the metric and `subscription_id`, joined by commas',
  },
  ...pageQuery,
} as const;

const periodsSchema = {
  $id: 'urn:tallystick:schema:usage-periods',
  type: 'object',
  description: 'what was billed: each meter’s aggregate per billing period and price, as the ledger has it',
  required: ['as_of_seq', 'data', 'has_more', 'next_cursor'],
  additionalProperties: false,
  properties: {
    as_of_seq: { ...nullable(countSchema), description: 'the last ledger entry that is counted' },
    data: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        required: ['subscription_id', 'metric_name', 'aggregation', 'period_start', 'period_end', 'value', 'events'],
        additionalProperties: false,
        properties: {
          subscription_id: nameSchema,
          metric_name: nameSchema,
          aggregation: aggregationSchema,
          period_start: instantSchema,
          period_end: instantSchema,
          value: decimalSchema,
          events: countSchema,
        },
      },
    },
    ...nextPage,
  },
} as const;

const windowsSchema = {
  $id: 'urn:tallystick:schema:usage-windows',
  type: 'object',
  description:
    'what was accepted, up to the last answered request: each window by itself, so that only counts and sums of windows add up to those of a period. ' +
    'Windows in which nothing was used are left out.',
  required: ['metric_name', 'window', 'zone', 'data', 'has_more', 'next_cursor'],
  additionalProperties: false,
  properties: {
    metric_name: nameSchema,
    window: { type: 'string', enum: WINDOW_UNITS },
    zone: { type: 'string', maxLength: 50, description: 'IANA zone on whose wall clock the windows begin and end' },
    data: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        required: ['window_start', 'window_end', 'aggregation', 'group', 'value', 'events'],
        additionalProperties: false,
        properties: {
          window_start: instantSchema,
          window_end: instantSchema,
          aggregation: aggregationSchema,
          group: {
            type: 'object',
            maxProperties: 11,
            additionalProperties: { type: ['string', 'null'], maxLength: 500 },
            description: 'a value per name of `group_by`; null where events carried no such property',
          },
          value: {
            ...decimalSchema,
            description: 'of a weighted_sum the average level, counted from the beginning of the billing period',
          },
          events: countSchema,
        },
      },
    },
    ...nextPage,
  },
} as const;

export const summarySchema = {
  $id: 'urn:tallystick:schema:usage-summary',
  anyOf: [periodsSchema, windowsSchema],
} as const;

const periodSchema = {
  type: 'object',
  required: ['start', 'end'],
  additionalProperties: false,
  properties: { start: instantSchema, end: instantSchema },
} as const;

/** What became of an accepted event: it is in exactly one of these states. */
export const usageEventSchema = {
  $id: 'urn:tallystick:schema:usage-event-state',
  type: 'object',
  discriminator: { propertyName: 'state' },
  required: ['state'],
  oneOf: [
    {
      type: 'object',
      required: ['receipt_id', 'state'],
      additionalProperties: false,
      properties: { receipt_id: hashSchema, state: { type: 'string', enum: ['accepted'] } },
    },
    {
      type: 'object',
      required: [
        ...[
          'receipt_id',
          'state',
          'subscription_id',
          'metric_name',
          'aggregation',
          'quantity',
          'occurred_at',
          'period',
        ],
        ...['billed_in', 'late', 'seq', 'recorded_at', 'amount', 'currency', 'price_ref', 'corrections'],
      ],
      additionalProperties: false,
      properties: {
        receipt_id: hashSchema,
        state: {
          type: 'string',
          enum: ['billed', 'adjusted'],
          description: 'adjusted: corrections follow the receipt; the last one says what the event counts now',
        },
        subscription_id: nameSchema,
        metric_name: nameSchema,
        aggregation: aggregationSchema,
        quantity: decimalSchema,
        occurred_at: instantSchema,
        period: { ...periodSchema, description: 'in which it was used' },
        billed_in: { ...periodSchema, description: 'on whose invoice it is: a later one where it came late' },
        late: { type: 'boolean' },
        seq: { ...countSchema, description: 'of its receipt in the ledger' },
        recorded_at: instantSchema,
        amount: { ...decimalSchema, description: 'exact, in the currency’s main unit; rounded once, on the invoice' },
        currency: { type: 'string', pattern: '^[A-Z]{3}$', maxLength: 3 },
        price_ref: { type: 'string', maxLength: 200 },
        corrections: {
          type: 'array',
          maxItems: 1000,
          items: {
            type: 'object',
            required: ['correction_id', 'seq', 'change'],
            additionalProperties: false,
            properties: {
              correction_id: nameSchema,
              seq: countSchema,
              change: { ...decimalSchema, description: 'by how much it moved the period’s aggregate' },
            },
          },
        },
      },
    },
  ],
} as const;
