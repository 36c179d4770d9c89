import type { Operation } from '../../shared/edge/http/operation.ts';
import { documentOf } from '../../shared/edge/openapi/document.ts';
import { checkpointSchema, jwksSchema } from './ledger-schema.ts';
import { type ApiRoom, absent } from './room.ts';

const healthSchema = {
  $id: 'urn:tallystick:schema:health',
  type: 'object',
  required: ['status'],
  additionalProperties: false,
  properties: { status: { type: 'string', const: 'ok' } },
} as const;

/** What anybody may read: the API's own document, the keys, the latest checkpoint, and whether the function lives. */
export const publicOperations = (room: ApiRoom, described: () => readonly Operation[]): Operation[] => {
  let document: string | undefined;
  return [
    {
      operationId: 'getOpenApiDocument',
      method: 'GET',
      path: '/openapi.json',
      tag: 'Public',
      summary: 'This document',
      scope: 'public',
      answers: { 200: { type: 'object', description: 'OpenAPI 3.1' } },
      handle: async () => {
        document ??= JSON.stringify(documentOf(described()));
        return { status: 200, bytes: Buffer.from(document), headers: { 'Cache-Control': 'public, max-age=300' } };
      },
    },
    {
      operationId: 'getSigningKeys',
      method: 'GET',
      path: '/.well-known/jwks.json',
      tag: 'Public',
      summary: 'Every signing key ever used',
      scope: 'public',
      produces: ['application/jwk-set+json', 'application/json'],
      answers: { 200: jwksSchema },
      handle: async () => ({
        status: 200,
        json: await room.keys.keyset(),
        headers: { 'Cache-Control': 'public, max-age=60' },
      }),
    },
    {
      operationId: 'getCheckpoint',
      method: 'GET',
      path: '/.well-known/tallystick/checkpoint',
      tag: 'Public',
      summary: 'The latest signed checkpoint',
      scope: 'public',
      answers: { 200: checkpointSchema },
      handle: async () => {
        const { signed } = await room.seals.latest();
        if (signed === undefined) throw absent('checkpoint');
        return { status: 200, json: { ledger: room.ledgerOrigin, record: signed.record, checkpoint: signed.jws } };
      },
    },
    {
      operationId: 'getHealth',
      method: 'GET',
      path: '/healthz',
      tag: 'Public',
      summary: 'Whether the function can read its store',
      scope: 'public',
      answers: { 200: healthSchema },
      handle: async () => {
        // A read through the store, so that "ok" means that this function can answer, and that what it is sent can be kept.
        await room.seals.latest();
        await room.database.ready?.();
        return { status: 200, json: { status: 'ok' } };
      },
    },
  ];
};
