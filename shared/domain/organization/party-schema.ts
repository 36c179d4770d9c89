import type { DefinedError } from 'ajv';
import { BadInput } from '../errors.ts';
import { schemaCheck } from '../schema-check.ts';
import { normalTaxId } from '../tax/tax-ids.ts';
import { parseInstant } from '../time.ts';
import { type BillingProfile, type PostalAddress, type Seller, TAX_ID_TYPES, type TaxId } from './party.ts';

const said = (maxLength: number, description?: string) =>
  ({
    type: 'string',
    minLength: 1,
    maxLength,
    pattern: '^[^\\u0000-\\u001f\\u007f]+$',
    ...(description && { description }),
  }) as const;
const jurisdiction = { type: 'string', pattern: '^[a-z][a-z0-9-]{1,15}$', maxLength: 16 } as const;
const instant = { type: 'string', maxLength: 40, description: 'RFC 3339' } as const;

export const addressSchema = {
  type: 'object',
  required: ['line1', 'postal_code', 'city', 'country'],
  additionalProperties: false,
  properties: {
    line1: said(120),
    line2: said(120),
    postal_code: said(16),
    city: said(80),
    subdivision: { type: 'string', pattern: '^[A-Z0-9]{1,3}$', maxLength: 3, description: 'second part of ISO 3166-2' },
    country: { type: 'string', pattern: '^[A-Z]{2}$', maxLength: 2, description: 'ISO 3166-1 alpha-2' },
  },
} as const;

export const taxIdsSchema = {
  type: 'array',
  maxItems: 10,
  items: {
    type: 'object',
    required: ['type', 'value'],
    additionalProperties: false,
    properties: { type: { type: 'string', enum: TAX_ID_TYPES }, value: said(32) },
  },
} as const;

/** What an organization says of itself. */
export const billingProfileSchema = {
  $id: 'urn:tallystick:schema:billing-profile',
  type: 'object',
  description: 'kept encrypted under the organization’s own key',
  required: ['legal_name', 'customer_type', 'address'],
  additionalProperties: false,
  properties: {
    legal_name: said(200),
    customer_type: { type: 'string', enum: ['business', 'consumer'] },
    address: addressSchema,
    tax_ids: taxIdsSchema,
    exemptions: {
      type: 'array',
      maxItems: 60,
      items: {
        type: 'object',
        required: ['jurisdiction', 'certificate', 'from'],
        additionalProperties: false,
        properties: { jurisdiction, certificate: said(64), from: instant, to: instant },
      },
    },
    tax_behavior: {
      type: 'string',
      enum: ['exclusive', 'inclusive'],
      description: 'inclusive: prices contain the tax',
    },
    email: { type: 'string', maxLength: 254, pattern: '^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$' },
    locale: { type: 'string', maxLength: 35, pattern: '^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$', description: 'BCP 47' },
    payment_terms_days: { type: 'integer', minimum: 0, maximum: 365 },
    buyer_reference: said(80),
  },
} as const;

export const sellerSchema = {
  $id: 'urn:tallystick:schema:seller',
  type: 'object',
  required: ['legal_name', 'address'],
  additionalProperties: false,
  properties: {
    legal_name: said(200),
    address: addressSchema,
    tax_ids: taxIdsSchema,
    registrations: {
      type: 'array',
      maxItems: 200,
      items: {
        type: 'object',
        required: ['jurisdiction', 'tax_id', 'from'],
        additionalProperties: false,
        properties: { jurisdiction, tax_id: said(32), from: instant, to: instant },
      },
    },
    email: said(254),
    website: said(254),
    bank: {
      type: 'object',
      additionalProperties: false,
      properties: {
        iban: { type: 'string', pattern: '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$', maxLength: 34, description: 'ISO 13616' },
        bic: { type: 'string', pattern: '^[A-Z0-9]{8}(?:[A-Z0-9]{3})?$', maxLength: 11, description: 'ISO 9362' },
        account_name: said(70),
      },
    },
  },
} as const;

const isProfile = schemaCheck<
  Partial<BillingProfile> & Pick<BillingProfile, 'legal_name' | 'customer_type' | 'address'>
>(billingProfileSchema);
const isSeller = schemaCheck<Partial<Seller> & Pick<Seller, 'legal_name' | 'address'>>(sellerSchema);

const misshapen = (errors: readonly DefinedError[], what: string): BadInput => {
  const error = errors[0]!;
  return new BadInput(
    'validation_failed',
    `${what} ${error.message ?? 'is misshapen'}`,
    error.instancePath.slice(1).replaceAll('/', '.'),
  );
};

/** Reads a billing profile and fills in what it leaves open. @throws BadInput `validation_failed` */
export function parseBillingProfile(value: unknown): BillingProfile {
  if (!isProfile(value)) throw misshapen(isProfile.errors, 'the profile');
  requirePlace(value.address);
  const locale = value.locale ?? 'en';
  if (Intl.DateTimeFormat.supportedLocalesOf(locale).length === 0) {
    throw new BadInput('validation_failed', 'no such locale is known', 'locale');
  }
  return {
    tax_behavior: 'exclusive',
    payment_terms_days: 14,
    ...value,
    locale,
    tax_ids: (value.tax_ids ?? []).map(normalized),
    exemptions: (value.exemptions ?? []).map((one, i) => ({ ...one, ...dated(one, `exemptions.${i}`) })),
  };
}

/** Reads who issues invoices. @throws BadInput `validation_failed` */
export function parseSeller(value: unknown): Seller {
  if (!isSeller(value)) throw misshapen(isSeller.errors, 'the seller');
  requirePlace(value.address);
  return {
    ...value,
    tax_ids: (value.tax_ids ?? []).map(normalized),
    registrations: (value.registrations ?? []).map((one, i) => ({ ...one, ...dated(one, `registrations.${i}`) })),
  };
}

/** Countries whose taxes depend on the part of them. */
const DIVIDED: ReadonlySet<string> = new Set(['US', 'CA', 'IN']);
const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

function requirePlace({ country, subdivision }: PostalAddress): void {
  if (regions.of(country) === undefined) {
    throw new BadInput('validation_failed', 'no country has that code (ISO 3166-1)', 'address.country');
  }
  if (subdivision === undefined && DIVIDED.has(country)) {
    throw new BadInput('validation_failed', `an address in ${country} says in which part of it`, 'address.subdivision');
  }
}

function normalized(id: TaxId, i: number): TaxId {
  const value = normalTaxId(id);
  if (value === undefined) {
    throw new BadInput('invalid_tax_id', `it is no ${id.type}: form or check digit are wrong`, `tax_ids.${i}`);
  }
  return { type: id.type, value };
}

function dated({ from, to }: { readonly from: string; readonly to?: string }, param: string) {
  const begins = parseInstant(from, `${param}.from`);
  if (to === undefined) return { from: begins };
  const ends = parseInstant(to, `${param}.to`);
  if (ends > begins) return { from: begins, to: ends };
  throw new BadInput('validation_failed', 'it ends before it begins', `${param}.to`);
}
