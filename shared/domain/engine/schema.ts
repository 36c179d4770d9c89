import { discountSchema } from '../invoice/discount.ts';
import { TAX_ID_TYPES } from '../organization/party.ts';
import { taxIdsSchema } from '../organization/party-schema.ts';
import { priceDocumentSchema } from '../pricing/schema.ts';
import { PRORATIONS } from '../subscription/proration.ts';
import { AGGREGATIONS } from '../usage/meter.ts';

/** The questions of `npm run rate`, each as one strict schema: docs/engine.md says what they mean. */

const text = { type: 'string', minLength: 1, maxLength: 500 } as const;
const decimal = { type: 'string', pattern: '^-?[0-9]{1,30}(?:\\.[0-9]{1,24})?$', maxLength: 56 } as const;
const minor = { type: 'string', pattern: '^(?:0|-?[1-9][0-9]{0,29})$', maxLength: 31 } as const;
const currency = { type: 'string', pattern: '^[A-Z]{3}$', maxLength: 3 } as const;
const instant = { type: 'string', minLength: 10, maxLength: 35 } as const;
const zone = { type: 'string', minLength: 2, maxLength: 50 } as const;
const { model } = priceDocumentSchema.properties;
const period = {
  type: 'object',
  required: ['start', 'end'],
  additionalProperties: false,
  properties: { start: instant, end: instant },
} as const;
const proration = { type: 'string', enum: PRORATIONS } as const;
const properties = {
  type: 'object',
  maxProperties: 50,
  additionalProperties: { type: 'string', maxLength: 500 },
} as const;

const place = {
  country: { type: 'string', pattern: '^[A-Z]{2}$', maxLength: 2 },
  subdivision: { type: 'string', pattern: '^[A-Z0-9]{1,3}$', maxLength: 3 },
} as const;

const calendar = {
  type: 'object',
  required: ['unit'],
  additionalProperties: false,
  properties: {
    unit: { type: 'string', enum: ['day', 'week', 'month', 'year'] },
    count: { type: 'integer', minimum: 1, maximum: 366 },
    anchor: { ...instant, description: 'where a period begins; or `by` and `started_at`' },
    by: { type: 'string', enum: ['anniversary', 'calendar'] },
    started_at: instant,
    zone,
  },
} as const;

const tax = {
  type: 'object',
  required: ['rates'],
  additionalProperties: false,
  properties: {
    behavior: { type: 'string', enum: ['exclusive', 'inclusive'] },
    rates: {
      type: 'array',
      maxItems: 50,
      items: {
        type: 'object',
        required: ['rate'],
        additionalProperties: false,
        properties: {
          rate: { ...decimal, description: 'a fraction: 0.19 is 19 %' },
          jurisdiction: text,
          category: text,
          treatment: { type: 'string', maxLength: 40 },
        },
      },
    },
  },
} as const;

const credit = {
  type: 'object',
  required: ['id', 'amount'],
  additionalProperties: false,
  properties: {
    id: text,
    amount: minor,
    priority: { type: 'integer', minimum: 0, maximum: 1_000_000 },
    expires_at: { anyOf: [instant, { type: 'null' }] },
  },
} as const;

const line = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: text,
    amount: { ...decimal, description: 'exact, in main units' },
    quantity: decimal,
    unit_amount: decimal,
    model,
    units: decimal,
    tax_category: text,
  },
} as const;

const ask = (question: string, required: readonly string[], members: object) => ({
  type: 'object',
  required: ['question', ...required],
  additionalProperties: false,
  properties: { question: { type: 'string', const: question }, id: text, ...members },
});

export const QUESTIONS = {
  rate: ask('rate', [], {
    model,
    matrix: {
      type: 'object',
      required: ['cells'],
      additionalProperties: false,
      properties: {
        cells: {
          type: 'array',
          minItems: 1,
          maxItems: 200,
          items: {
            type: 'object',
            required: ['match', 'model'],
            additionalProperties: false,
            properties: { match: properties, model },
          },
        },
        otherwise: { anyOf: [model, { type: 'null' }] },
      },
    },
    currency,
    aggregation: { type: 'string', enum: AGGREGATIONS },
    units: { ...decimal, description: 'the aggregate as a whole' },
    events: {
      type: 'array',
      maxItems: 100_000,
      items: {
        type: 'object',
        additionalProperties: false,
        properties: { quantity: decimal, time: instant, value: text, properties },
      },
    },
    period,
  }),
  prorate: ask('prorate', ['amount', 'period', 'from'], {
    amount: decimal,
    period,
    from: instant,
    to: instant,
    proration,
    zone,
    currency,
  }),
  change: ask('change', ['old_amount', 'new_amount', 'period', 'at'], {
    old_amount: decimal,
    new_amount: decimal,
    period,
    at: instant,
    proration,
    zone,
    currency,
  }),
  fees: ask('fees', ['calendar', 'started_at', 'phases', 'up_to'], {
    calendar,
    started_at: instant,
    ended_at: instant,
    timing: { type: 'string', enum: ['advance', 'arrears'] },
    proration,
    currency,
    up_to: instant,
    phases: {
      type: 'array',
      minItems: 1,
      maxItems: 1000,
      items: {
        type: 'object',
        required: ['from'],
        additionalProperties: false,
        properties: { from: instant, quantity: decimal, unit_amount: { anyOf: [decimal, { type: 'null' }] }, model },
      },
    },
  }),
  periods: ask('periods', ['calendar', 'from'], {
    calendar,
    from: instant,
    count: { type: 'integer', minimum: 1, maximum: 5000 },
  }),
  commitment: ask('commitment', ['commitment', 'billed'], {
    commitment: decimal,
    billed: decimal,
    period,
    from: instant,
    to: instant,
    proration,
    zone,
    currency,
  }),
  invoice: ask('invoice', ['currency', 'lines'], {
    currency,
    lines: { type: 'array', maxItems: 10_000, items: line },
    discounts: { type: 'array', maxItems: 100, items: { ...discountSchema, $id: undefined } },
    tax,
    credits: { type: 'array', maxItems: 1000, items: credit },
    at: instant,
  }),
  tax: ask('tax', ['currency', 'lines', 'tax'], {
    currency,
    lines: {
      type: 'array',
      maxItems: 10_000,
      items: {
        type: 'object',
        required: ['amount'],
        additionalProperties: false,
        properties: { amount: minor, tax_category: text },
      },
    },
    tax,
  }),
  credits: ask('credits', ['credits', 'due'], {
    credits: { type: 'array', maxItems: 1000, items: credit },
    due: minor,
    at: instant,
  }),
  credit_notes: ask('credit_notes', ['currency', 'lines', 'notes'], {
    currency,
    lines: {
      type: 'array',
      minItems: 1,
      maxItems: 1000,
      items: {
        type: 'object',
        required: ['amount'],
        additionalProperties: false,
        properties: { amount: minor, tax_category: text },
      },
    },
    tax,
    notes: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          amount: { ...minor, description: 'with tax' },
          lines: {
            type: 'array',
            maxItems: 1000,
            items: {
              type: 'object',
              required: ['line'],
              additionalProperties: false,
              properties: { line: { type: 'integer', minimum: 0, maximum: 1000 }, amount: minor },
            },
          },
        },
      },
    },
  }),
  determine: ask('determine', ['seller', 'customer', 'at'], {
    seller: {
      type: 'object',
      required: ['country', 'registrations'],
      additionalProperties: false,
      properties: { ...place, registrations: { type: 'array', maxItems: 200, items: text } },
    },
    customer: {
      type: 'object',
      required: ['country', 'type'],
      additionalProperties: false,
      properties: {
        ...place,
        type: { type: 'string', enum: ['business', 'consumer'] },
        tax_ids: taxIdsSchema,
        exemptions: {
          type: 'array',
          maxItems: 60,
          items: {
            type: 'object',
            required: ['jurisdiction', 'from'],
            additionalProperties: false,
            properties: { jurisdiction: text, from: instant, to: instant },
          },
        },
      },
    },
    behavior: { type: 'string', enum: ['exclusive', 'inclusive'] },
    categories: { type: 'array', minItems: 1, maxItems: 50, items: text },
    at: instant,
  }),
  tax_id: ask('tax_id', ['type', 'value'], {
    type: { type: 'string', enum: TAX_ID_TYPES },
    value: { type: 'string', maxLength: 64 },
  }),
  round: ask('round', ['amount', 'currency'], { amount: decimal, currency }),
  split: ask('split', ['amount', 'currency', 'weights'], {
    amount: minor,
    currency,
    weights: { type: 'array', minItems: 1, maxItems: 10_000, items: minor },
  }),
  convert: ask('convert', ['amount', 'from', 'to', 'rate'], {
    amount: { ...minor, description: 'minor units of `from`' },
    from: currency,
    to: currency,
    rate: decimal,
  }),
} as const;

export type Question = keyof typeof QUESTIONS;
