import type { FromSchema } from 'json-schema-to-ts';
import { taxDecisionSchema } from '../invoice/taxation.ts';
import { PRORATIONS } from '../subscription/proration.ts';
import { AGGREGATIONS } from '../usage/meter.ts';
import { entitlementsSchema, featuresSchema, limitsSchema } from './limits.ts';

const text = { type: 'string', minLength: 1, maxLength: 255 } as const;
const documentOrNull = { type: ['object', 'null'] } as const;

/** The document that operators load with `npm run setup`. */
export const accountSchema = {
  $id: 'urn:tallystick:schema:account',
  type: 'object',
  required: ['organization_id', 'zone', 'currency', 'subscriptions'],
  additionalProperties: false,
  properties: {
    organization_id: text,
    region: { type: 'string', pattern: '^[a-z]{2,8}$' },
    zone: text,
    currency: text,
    /** taxes on its invoices, from the next one on */
    tax: taxDecisionSchema,
    lateness_days: { type: 'integer', minimum: 1, maximum: 365 },
    grace_minutes: { type: 'integer', minimum: 0, maximum: 44640 },
    approval_limit: { type: 'string', pattern: '^(?:0|[1-9][0-9]{0,14})$' },
    subscriptions: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        required: ['subscription_id', 'started_at', 'calendar', 'meters'],
        additionalProperties: false,
        properties: {
          subscription_id: text,
          started_at: text,
          ended_at: text,
          trial_ends_at: text,
          /** what payment collection has decided */
          standing: { type: 'string', enum: ['past_due', 'suspended'] },
          /** what plan and add-ons grant, oldest first */
          entitlements: entitlementsSchema,
          feature_overrides: featuresSchema,
          /** what was chosen of the catalogue, oldest first */
          chosen: {
            type: 'array',
            maxItems: 1000,
            items: {
              type: 'object',
              required: ['from', 'plan_id', 'version', 'quantity', 'addons'],
              additionalProperties: false,
              properties: {
                from: text,
                plan_id: text,
                version: text,
                quantity: text,
                addons: { type: 'array', maxItems: 20, items: text },
              },
            },
          },
          items: {
            type: 'array',
            maxItems: 100,
            items: {
              type: 'object',
              required: ['item_id', 'timing', 'proration', 'phases'],
              additionalProperties: false,
              properties: {
                item_id: text,
                timing: { type: 'string', enum: ['advance', 'arrears'] },
                proration: { type: 'string', enum: PRORATIONS },
                phases: {
                  type: 'array',
                  maxItems: 1000,
                  items: {
                    type: 'object',
                    required: ['from', 'quantity', 'document'],
                    additionalProperties: false,
                    properties: { from: text, quantity: text, document: documentOrNull },
                  },
                },
              },
            },
          },
          commitments: {
            type: 'array',
            maxItems: 20,
            items: {
              type: 'object',
              required: ['commitment_id', 'proration', 'phases'],
              additionalProperties: false,
              properties: {
                commitment_id: text,
                proration: { type: 'string', enum: PRORATIONS },
                phases: {
                  type: 'array',
                  maxItems: 1000,
                  items: {
                    type: 'object',
                    required: ['from', 'document'],
                    additionalProperties: false,
                    properties: { from: text, document: documentOrNull },
                  },
                },
              },
            },
          },
          discounts: {
            type: 'array',
            maxItems: 50,
            items: {
              type: 'object',
              required: ['from', 'terms'],
              additionalProperties: false,
              properties: { from: text, terms: { type: 'object' } },
            },
          },
          pauses: {
            type: 'array',
            maxItems: 1000,
            items: {
              type: 'object',
              required: ['from', 'to'],
              additionalProperties: false,
              properties: { from: text, to: { type: ['string', 'null'] } },
            },
          },
          calendar: {
            type: 'object',
            required: ['unit', 'count', 'anchor'],
            additionalProperties: false,
            properties: {
              unit: { type: 'string', enum: ['day', 'week', 'month', 'year'] },
              count: { type: 'integer', minimum: 1, maximum: 366 },
              anchor: text,
            },
          },
          meters: {
            type: 'array',
            maxItems: 200,
            items: {
              type: 'object',
              required: ['metric_name', 'aggregation', 'prices'],
              additionalProperties: false,
              properties: {
                metric_name: text,
                event_type: text,
                aggregation: { type: 'string', enum: AGGREGATIONS },
                value_property: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$' },
                allow_zero: { type: 'boolean' },
                dimensions: {
                  type: 'array',
                  maxItems: 10,
                  uniqueItems: true,
                  items: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$' },
                },
                prices: {
                  type: 'array',
                  minItems: 1,
                  maxItems: 1000,
                  items: {
                    type: 'object',
                    required: ['effective_from', 'document'],
                    additionalProperties: false,
                    properties: {
                      effective_from: text,
                      document: documentOrNull,
                      cells: {
                        type: 'array',
                        maxItems: 200,
                        items: {
                          type: 'object',
                          required: ['match', 'document'],
                          additionalProperties: false,
                          properties: {
                            match: { type: 'object', minProperties: 1, additionalProperties: { type: 'string' } },
                            document: { type: 'object' },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
    limits: limitsSchema,
  },
} as const;

export type AccountJson = FromSchema<typeof accountSchema>;
