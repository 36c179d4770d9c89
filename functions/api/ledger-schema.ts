import type { JsonSchema } from '../../shared/edge/http/operation.ts';
import { countSchema, hashSchema, instantSchema, nullable, tenantSchema } from '../../shared/edge/http/schemas.ts';
import { entrySchema } from './entry-schema.ts';

export const ledgerOriginSchema = { type: 'string', maxLength: 191, description: 'origin of the ledger' } as const;
/** A path in a Merkle tree, leaf first. */
const path = { type: 'array', maxItems: 64, items: hashSchema } as const;
const canonicalText = (what: string) => ({
  type: 'string',
  maxLength: 4000,
  description: `canonical bytes of ${what}`,
});

const members = (properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
  properties,
});

/** From an entry's bytes to the signature over the latest seal: each step a leaf, its place, and the path to the root. */
const proofSchema: JsonSchema = {
  $id: 'urn:tallystick:schema:receipt-proof',
  ...members({
    log: members({ index: countSchema, size: countSchema, path }),
    head: members({ line: canonicalText('the head line'), index: countSchema, size: countSchema, path }),
    seal: members({ record: canonicalText('the seal record'), path }),
    checkpoint: { type: 'string', maxLength: 4000, description: 'JWS over the root of seals' },
  }),
};

export const receiptSchema: JsonSchema = {
  $id: 'urn:tallystick:schema:receipt',
  oneOf: [
    members({ receipt_id: hashSchema, state: { type: 'string', const: 'accepted' } }),
    members({
      receipt_id: hashSchema,
      state: { type: 'string', const: 'billed' },
      entry: entrySchema,
      text: canonicalText('the entry'),
      leaf_hash: hashSchema,
      proof: { ...nullable(proofSchema), description: 'null until a seal covers the entry' },
    }),
  ],
};

export const ledgerHeadSchema: JsonSchema = {
  $id: 'urn:tallystick:schema:ledger-head',
  oneOf: [
    members({ ledger: ledgerOriginSchema, tenant: tenantSchema, size: { type: 'integer', const: 0 } }),
    members(
      {
        ledger: ledgerOriginSchema,
        tenant: tenantSchema,
        size: { ...countSchema, minimum: 1 },
        root: hashSchema,
        last: hashSchema,
        blind: { type: 'string', maxLength: 43 },
        recorded_at: instantSchema,
        frozen: { ...nullable(members({ since: instantSchema })), description: 'since when billing stands still' },
        sealed: nullable(members({ seal: countSchema, at: instantSchema, size: countSchema, root: hashSchema })),
        consistency: members({ first: countSchema, second: countSchema, path }),
      },
      ['consistency'],
    ),
  ],
};

export const checkpointSchema: JsonSchema = {
  $id: 'urn:tallystick:schema:checkpoint',
  ...members({
    ledger: ledgerOriginSchema,
    record: canonicalText('the seal record'),
    checkpoint: { type: 'string', maxLength: 4000, description: 'JWS' },
  }),
};

export const jwksSchema: JsonSchema = {
  $id: 'urn:tallystick:schema:jwks',
  ...members({
    keys: {
      type: 'array',
      items: members({
        kty: { type: 'string', const: 'RSA' },
        use: { type: 'string', const: 'sig' },
        alg: { type: 'string', const: 'RS256' },
        kid: { ...hashSchema, description: 'RFC 7638 thumbprint' },
        n: { type: 'string', maxLength: 2000 },
        e: { type: 'string', maxLength: 20 },
        purpose: { type: 'string', enum: ['checkpoint', 'evidence'] },
        first_seal: { type: 'string', maxLength: 16, description: 'the first seal it may sign' },
        last_seal: { type: 'string', maxLength: 16, description: 'the last one; empty while it is in use' },
      }),
    },
  }),
};
