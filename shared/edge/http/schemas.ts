import type { JsonSchema } from './operation.ts';

/** Pieces that the schemas of operations are made of. Every string has a bound. */

/** An instant in answers: UTC with microseconds. */
export const instantSchema = {
  type: 'string',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$',
  maxLength: 27,
  description: 'UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z',
} as const;

/** An instant in requests; handlers read it with `parseInstant`. */
export const instantInputSchema = {
  type: 'string',
  minLength: 17,
  maxLength: 35,
  description: 'RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z',
} as const;

/** An id in path, query or body: `parseSubscriptionId` and its like take the same. */
export const nameSchema = { type: 'string', pattern: '^[a-z0-9][a-z0-9_.-]{0,63}$', maxLength: 64 } as const;

export const tenantSchema = {
  type: 'string',
  pattern: '^[a-z0-9][a-z0-9-]{2,39}$',
  maxLength: 40,
  description: 'an organization: opaque, never a name',
} as const;

export const currencySchema = { type: 'string', pattern: '^[A-Z]{3}$', maxLength: 3, description: 'ISO 4217' } as const;

/** A quantity or unit price: a decimal string. */
export const decimalSchema = {
  type: 'string',
  pattern: '^-?[0-9]{1,40}(?:\\.[0-9]{1,24})?$',
  maxLength: 66,
  description: 'a decimal number as text',
} as const;

/** Minor units: a whole number as text. */
export const minorUnitsSchema = {
  type: 'string',
  pattern: '^(?:0|-?[1-9][0-9]{0,29})$',
  maxLength: 31,
  description: 'minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY',
} as const;

export const moneySchema = {
  $id: 'urn:tallystick:schema:money',
  type: 'object',
  required: ['amount', 'currency'],
  additionalProperties: false,
  properties: { amount: minorUnitsSchema, currency: currencySchema },
} as const;

/** 32 bytes in base64url: hashes and receipt ids. */
export const hashSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]{43}$',
  maxLength: 43,
  description: '32 bytes in base64url without padding',
} as const;

export const sha256HexSchema = { type: 'string', pattern: '^[0-9a-f]{64}$', maxLength: 64 } as const;
export const countSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

/** Either of the schema or null. */
export const nullable = <const S extends JsonSchema>(schema: S) => ({ anyOf: [schema, { type: 'null' }] }) as const;

/** Text of a query that its handler judges: no longer than an address can be. */
export const queryTextSchema = { type: 'string', maxLength: 16_000 } as const;

/** The query of a list; handlers read `limit` with `limitOf`, `cursor` with `room.cursors`. */
export const pageQuery = {
  limit: { type: 'integer', minimum: 1, maximum: 100, default: 20, description: 'how many at most' },
  cursor: { ...queryTextSchema, description: '`next_cursor` of the page before' },
} as const;

/** The answer of a list. @param name of the component, e.g. `invoice-list` */
export const pageOf = <const S extends JsonSchema>(name: string, item: S) =>
  ({
    $id: `urn:tallystick:schema:${name}`,
    type: 'object',
    required: ['data', 'has_more', 'next_cursor'],
    additionalProperties: false,
    properties: {
      data: { type: 'array', maxItems: 100, items: item },
      has_more: { type: 'boolean' },
      next_cursor: { type: ['string', 'null'], maxLength: 1000 },
    },
  }) as const;
