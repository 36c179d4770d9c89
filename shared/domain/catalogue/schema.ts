import type { FromSchema } from 'json-schema-to-ts';
import { decimal, priceDocumentSchema } from '../pricing/schema.ts';
import { PRORATIONS } from '../subscription/proration.ts';
import { AGGREGATIONS } from '../usage/meter.ts';

/** What the catalogue is written in. The API's document, its validators and the types come from these schemas. */

const id = { type: 'string', pattern: '^[a-z0-9][a-z0-9_.-]{0,47}$', maxLength: 48 } as const;
/** A plan's id has no point: where the ids of its prices begin with it, no other plan's do. */
const planId = { ...id, pattern: '^[a-z0-9][a-z0-9_-]{0,47}$' } as const;
const label = { type: 'string', minLength: 1, maxLength: 200, description: 'for people' } as const;
const property = { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$', maxLength: 63 } as const;
const { model } = priceDocumentSchema.properties;
const taxCategory = { type: 'string', pattern: '^[a-z][a-z0-9_-]{0,31}$', maxLength: 32 } as const;

export const metricSchema = {
  $id: 'urn:tallystick:schema:metric',
  type: 'object',
  description: 'what is measured, and how events of a period become one number',
  required: ['metric_name', 'aggregation'],
  additionalProperties: false,
  properties: {
    metric_name: id,
    name: label,
    aggregation: { type: 'string', enum: AGGREGATIONS },
    event_type: {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      description: 'of a CloudEvent; the metric’s name unless said',
    },
    value_property: { ...property, description: 'which member of the event is measured; `quantity` unless said' },
    allow_zero: { type: 'boolean' },
    dimensions: {
      type: 'array',
      maxItems: 10,
      uniqueItems: true,
      items: property,
      description: 'event properties that usage can be grouped and priced by',
    },
    unit: { type: 'string', maxLength: 40, description: 'for people: GB, calls, seats' },
  },
} as const;
export type MetricJson = FromSchema<typeof metricSchema>;

const matrix = {
  type: 'object',
  description:
    'a price per combination of event properties, each cell with an aggregate of its own; no event may fit two cells',
  required: ['cells'],
  additionalProperties: false,
  properties: {
    cells: {
      type: 'array',
      minItems: 1,
      maxItems: 200,
      items: {
        type: 'object',
        required: ['cell_id', 'match', 'model'],
        additionalProperties: false,
        properties: {
          cell_id: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]{0,15}$', maxLength: 16 },
          match: {
            type: 'object',
            minProperties: 1,
            maxProperties: 10,
            additionalProperties: { type: 'string', maxLength: 500 },
          },
          model,
        },
      },
    },
    otherwise: {
      anyOf: [model, { type: 'null' }],
      description: 'what events cost that no cell fits; null refuses them',
    },
  },
} as const;

export const planSchema = {
  $id: 'urn:tallystick:schema:plan-draft',
  type: 'object',
  required: ['plan_id', 'name', 'currency', 'interval'],
  additionalProperties: false,
  properties: {
    plan_id: planId,
    product_id: id,
    name: label,
    kind: { type: 'string', enum: ['plan', 'addon'], description: 'an add-on is attached to subscriptions of a plan' },
    currency: { type: 'string', pattern: '^[A-Z]{3}$', maxLength: 3 },
    effective_from: {
      type: 'string',
      maxLength: 35,
      description: 'RFC 3339: who subscribes or changes from then on gets this version; once published unless said',
    },
    interval: {
      type: 'object',
      required: ['unit', 'count'],
      additionalProperties: false,
      properties: {
        unit: { type: 'string', enum: ['day', 'week', 'month', 'year'] },
        count: { type: 'integer', minimum: 1, maximum: 366, description: 'a quarter is 3 months' },
      },
    },
    anchor: { type: 'string', enum: ['anniversary', 'calendar'], default: 'anniversary' },
    timing: { type: 'string', enum: ['advance', 'arrears'], default: 'advance', description: 'when fees are charged' },
    proration: { type: 'string', enum: PRORATIONS, default: 'second' },
    trial_days: { type: 'integer', minimum: 0, maximum: 730 },
    fees: {
      type: 'array',
      maxItems: 50,
      items: {
        type: 'object',
        required: ['item_id', 'model'],
        additionalProperties: false,
        properties: {
          item_id: id,
          name: label,
          model,
          quantity: {
            type: 'string',
            enum: ['fixed', 'seats'],
            default: 'fixed',
            description: 'once, or per seat of the subscription',
          },
          timing: { type: 'string', enum: ['advance', 'arrears'] },
          tax_category: taxCategory,
        },
      },
    },
    usage: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        required: ['metric_name'],
        additionalProperties: false,
        properties: { metric_name: id, model, matrix, tax_category: taxCategory },
      },
    },
    commitment: {
      type: 'object',
      description: 'charges for usage come to at least this; a true-up bills the rest when the period closes',
      required: ['amount'],
      additionalProperties: false,
      properties: { amount: decimal, covers: { type: 'array', maxItems: 100, items: id } },
    },
    limits: {
      type: 'array',
      maxItems: 50,
      items: {
        type: 'object',
        required: ['limit_id', 'metric_name', 'period', 'quantity', 'action'],
        additionalProperties: false,
        properties: {
          limit_id: id,
          metric_name: id,
          period: { type: 'string', enum: ['daily', 'monthly', 'billing', 'total'] },
          quantity: decimal,
          action: { type: 'string', enum: ['block', 'allow_overage', 'notify'] },
        },
      },
    },
    features: {
      type: 'object',
      maxProperties: 100,
      propertyNames: { type: 'string', pattern: '^[a-z0-9][a-z0-9_.-]{0,63}$', maxLength: 64 },
      additionalProperties: { anyOf: [{ type: 'boolean' }, { type: 'string', maxLength: 100 }] },
      description: 'what the plan opens: true, or a number as text',
    },
    addons: {
      type: 'array',
      maxItems: 50,
      uniqueItems: true,
      items: planId,
      description: 'add-ons that may be attached',
    },
    metadata: {
      type: 'object',
      maxProperties: 50,
      propertyNames: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,40}$', maxLength: 40 },
      additionalProperties: { type: 'string', maxLength: 500 },
      description: 'the writer’s own; billing never reads it',
    },
  },
} as const;
export type PlanJson = FromSchema<typeof planSchema>;
