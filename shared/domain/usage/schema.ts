import type { FromSchema } from 'json-schema-to-ts';

/**
 * The two forms of a usage event, each as one JSON Schema: the TypeScript type, the validator and the API document all
 * come from here. Values are checked further by `event.ts`, which gives each mistake its own code.
 */

/** Members of `data` (or `properties`): the measured value and whatever describes it. All strings. */
const propertiesSchema = {
  type: 'object',
  description: 'up to 50 members, each a string of at most 500 characters',
  maxProperties: 50,
  propertyNames: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$' },
  additionalProperties: { type: 'string', maxLength: 500 },
} as const;

/** The owner's plain form. */
export const plainEventSchema = {
  $id: 'urn:tallystick:schema:usage-event-plain',
  type: 'object',
  required: ['metric_name', 'timestamp', 'idempotency_key'],
  additionalProperties: false,
  properties: {
    organization_id: { type: 'string', description: 'must be the credential’s own' },
    metric_name: { type: 'string', description: 'the meter' },
    quantity: { type: 'string', description: 'decimal string; may be absent where the meter counts events' },
    timestamp: { type: 'string', description: 'when it was used, RFC 3339 with its zone' },
    idempotency_key: { type: 'string', description: '1 to 255 printable characters; bound to the content' },
    subscription_id: { type: 'string', description: 'may be absent where the organization has one subscription' },
    properties: propertiesSchema,
  },
} as const;

/** CloudEvents 1.0, structured mode. Extension attributes are allowed and carry no meaning here. */
export const cloudEventSchema = {
  $id: 'urn:tallystick:schema:usage-event-cloudevent',
  type: 'object',
  required: ['specversion', 'id', 'source', 'type', 'time'],
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: { type: 'string', description: 'idempotency key within `source`, 1 to 255 printable characters' },
    source: { type: 'string', minLength: 1, maxLength: 255, description: 'URI-reference: where the event comes from' },
    type: { type: 'string', minLength: 1, maxLength: 255, description: 'the event type a meter reads' },
    subject: { type: 'string', minLength: 1, maxLength: 255, description: 'the subscription' },
    time: { type: 'string', description: 'when it was used, RFC 3339 with its zone' },
    datacontenttype: { type: 'string', const: 'application/json' },
    dataschema: { type: 'string', maxLength: 255 },
    data: propertiesSchema,
  },
  // CloudEvents 1.0 section 3.1: attribute names are lower-case letters and digits.
  patternProperties: { '^[a-z0-9]{1,20}$': {} },
  additionalProperties: false,
} as const;

export type PlainEventJson = FromSchema<typeof plainEventSchema>;
export type CloudEventJson = FromSchema<typeof cloudEventSchema>;
