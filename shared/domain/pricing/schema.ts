// Types, not interfaces: only they are `Json` to the compiler, and can be written canonically as they are.

/** Graduated and volume prices write their tiers alike. */
export type TierJson = {
  /** Where the tier ends, inclusive; null in the last tier, which is open. */
  readonly up_to: string | null;
  readonly unit_amount: string;
  readonly flat_amount?: string;
};

/** The ways to price an aggregate, as a price document writes them. */
export type PriceModelJson =
  | { readonly type: 'flat'; readonly amount: string }
  | { readonly type: 'per_unit'; readonly unit_amount: string }
  | { readonly type: 'graduated' | 'volume'; readonly tiers: readonly TierJson[] }
  | { readonly type: 'package'; readonly size: string; readonly amount: string; readonly free_units?: string }
  | {
      readonly type: 'commitment';
      /**
       * Units that are committed to, at the lower rate; what is beyond costs the list price. Only what is used costs: whoever
       * pays for the committed units whether used or not has a minimum beside it.
       */
      readonly committed_units: string;
      /** The lower rate, or instead of it what it is lower by. */
      readonly committed_unit_amount?: string;
      /** A fraction of the list price: `0.2` is 20 % less. */
      readonly discount_rate?: string;
      /** The list price. */
      readonly unit_amount: string;
    }
  | {
      readonly type: 'minimum';
      /** What a period's charges on the covered meters come to at least. */
      readonly amount: string;
      /** Meters whose charges count; none means all. */
      readonly covers?: readonly string[];
    }
  | {
      readonly type: 'percentage';
      /** A fraction: `0.029` is 2.9 %. */
      readonly rate: string;
      readonly fixed_fee?: string;
      readonly free_events?: string;
      readonly free_amount?: string;
      readonly minimum?: string;
      readonly maximum?: string | null;
    };

/** A price document as it is written, sent and archived. Every number is a decimal string; what may be missing is `0`. */
export type PriceDocumentJson = {
  readonly price_id: string;
  readonly version: string;
  readonly currency: string;
  readonly model: PriceModelJson;
  /** Which rates of a tax decision it falls under; `standard` where it says nothing. */
  readonly tax_category?: string;
};

const DECIMAL = '^(?:0|[1-9][0-9]{0,19})(?:\\.[0-9]{1,12})?$';
/** How prices and quantities are written. */
export const decimal = {
  type: 'string',
  pattern: DECIMAL,
  maxLength: 33,
  description: 'a decimal string such as "0.25": up to 20 digits before and 12 after the point, no sign, no exponent',
} as const;
const decimalOrNull = { ...decimal, type: ['string', 'null'], description: `${decimal.description}; or null` } as const;
const integer = {
  type: 'string',
  pattern: '^(?:0|[1-9][0-9]{0,14})$',
  maxLength: 15,
  description: 'a whole number as a string of up to 15 digits',
} as const;

const name = {
  type: 'string',
  pattern: '^[a-z0-9][a-z0-9_.-]{0,63}$',
  maxLength: 64,
  description: '1 to 64 characters from "a-z", "0-9", "_", "." and "-", starting with a letter or digit',
} as const;

const tiers = {
  type: 'array',
  description: 'a list of 1 to 200 tiers',
  minItems: 1,
  maxItems: 200,
  items: {
    type: 'object',
    description: 'an object',
    required: ['up_to', 'unit_amount'],
    properties: { up_to: decimalOrNull, unit_amount: decimal, flat_amount: decimal },
    additionalProperties: false,
  },
} as const;

/**
 * The shape of a price document (JSON Schema; the same words are valid in draft-07 and in OpenAPI 3.1).
 * What a schema cannot say, the order of tiers and of limits, `parsePriceDocument` holds.
 * Each `description` completes the sentence "... must be".
 */
export const priceDocumentSchema = {
  type: 'object',
  description: 'an object',
  required: ['price_id', 'version', 'currency', 'model'],
  properties: {
    price_id: name,
    version: { ...integer, pattern: '^[1-9][0-9]{0,14}$', description: `${integer.description}, from "1"` },
    currency: {
      type: 'string',
      pattern: '^[A-Z]{3}$',
      maxLength: 3,
      description: 'the three capital letters of an ISO 4217 code',
    },
    tax_category: {
      type: 'string',
      pattern: '^[a-z][a-z0-9_-]{0,31}$',
      maxLength: 32,
      description: 'a tax category, 1 to 32 characters from "a-z", "0-9", "_" and "-"',
    },
    model: {
      type: 'object',
      description: 'an object',
      required: ['type'],
      discriminator: { propertyName: 'type' },
      oneOf: [
        {
          required: ['type', 'amount'],
          properties: { type: { const: 'flat' }, amount: decimal },
          additionalProperties: false,
        },
        {
          required: ['type', 'unit_amount'],
          properties: { type: { const: 'per_unit' }, unit_amount: decimal },
          additionalProperties: false,
        },
        {
          required: ['type', 'tiers'],
          properties: { type: { enum: ['graduated', 'volume'] }, tiers },
          additionalProperties: false,
        },
        {
          required: ['type', 'size', 'amount'],
          properties: { type: { const: 'package' }, size: decimal, amount: decimal, free_units: decimal },
          additionalProperties: false,
        },
        {
          required: ['type', 'committed_units', 'unit_amount'],
          properties: {
            type: { const: 'commitment' },
            committed_units: decimal,
            committed_unit_amount: decimal,
            discount_rate: decimal,
            unit_amount: decimal,
          },
          additionalProperties: false,
        },
        {
          required: ['type', 'amount'],
          properties: {
            type: { const: 'minimum' },
            amount: decimal,
            covers: { type: 'array', maxItems: 100, description: 'a list of at most 100 metrics', items: name },
          },
          additionalProperties: false,
        },
        {
          required: ['type', 'rate'],
          properties: {
            type: { const: 'percentage' },
            rate: decimal,
            fixed_fee: decimal,
            free_events: integer,
            free_amount: decimal,
            minimum: decimal,
            maximum: decimalOrNull,
          },
          additionalProperties: false,
        },
      ],
    },
  },
  additionalProperties: false,
} as const;
