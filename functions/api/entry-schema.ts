import type { Form } from '../../shared/domain/ledger/forms.ts';
import { ENTRY_KINDS, type EntryKind } from '../../shared/domain/ledger/kinds.ts';
import type { JsonSchema } from '../../shared/edge/http/operation.ts';
import {
  currencySchema,
  hashSchema,
  instantSchema,
  minorUnitsSchema,
  nameSchema,
  tenantSchema,
} from '../../shared/edge/http/schemas.ts';

const matching = (pattern: string, maxLength: number, description?: string): JsonSchema => ({
  type: 'string',
  pattern,
  maxLength,
  ...(description === undefined ? {} : { description }),
});

const INSTANT = instantSchema.pattern.slice(1, -1);
const HASH = hashSchema.pattern.slice(1, -1);
const COUNT = '(?:0|[1-9][0-9]{0,15})';

/** What each form of a ledger field looks like in JSON. A new form does not compile until it is here. */
const FORM_SCHEMAS: Readonly<Record<Form, JsonSchema>> = {
  version: { type: 'string', const: '1' },
  origin: matching('^[a-z0-9][a-z0-9./-]{0,190}$', 191, 'origin of the ledger'),
  tenant: tenantSchema,
  name: nameSchema,
  count: matching(`^${COUNT}$`, 16, 'a whole number as text'),
  'count?': matching(`^${COUNT}?$`, 16, 'a whole number as text, or empty'),
  hash: hashSchema,
  'hash?': matching(`^(?:${HASH})?$`, 43, '32 bytes in base64url, or empty'),
  blind: matching('^[A-Za-z0-9_-]{22}$', 22, '16 bytes in base64url'),
  instant: instantSchema,
  'instant?': matching(`^(?:${INSTANT})?$`, 27, 'an instant, or empty'),
  period: matching(`^${INSTANT}/${INSTANT}$`, 55, 'start and end of a period, half-open'),
  quantity: matching('^[0-9]{1,40}(?:\\.[0-9]{1,12})?$', 60),
  delta: matching('^-?[0-9]{1,40}(?:\\.[0-9]{1,12})?$', 61),
  amount: matching('^-?[0-9]{1,54}(?:\\.[0-9]{1,24})?$', 80, 'exact, in the currency’s main unit'),
  minor: minorUnitsSchema,
  positive: matching('^[1-9][0-9]{0,29}$', 30),
  currency: currencySchema,
  aggregation: { type: 'string', enum: ['count', 'last', 'max', 'sum', 'unique_count', 'weighted_sum'] },
  price_ref: matching('^[a-z0-9][a-z0-9_.-]{0,63}@[1-9][0-9]{0,14}$', 80, 'name and version of the price'),
  text: matching('^[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]{1,100}$', 100),
};

const kindSchema = (kind: EntryKind): JsonSchema => ({
  $id: `urn:tallystick:schema:entry-${kind.replaceAll('_', '-')}`,
  type: 'object',
  required: Object.keys(ENTRY_KINDS[kind]).sort(),
  additionalProperties: false,
  properties: Object.fromEntries(
    Object.entries<Form>(ENTRY_KINDS[kind]).map(([field, form]) => [
      field,
      field === 'typ' ? { type: 'string', const: kind } : FORM_SCHEMAS[form],
    ]),
  ),
});

/** An entry of the ledger, of whichever kind: the table of kinds, as a schema. */
export const entrySchema: JsonSchema = {
  $id: 'urn:tallystick:schema:entry',
  type: 'object',
  required: ['typ'],
  discriminator: { propertyName: 'typ' },
  oneOf: (Object.keys(ENTRY_KINDS) as EntryKind[]).sort().map(kindSchema),
};
