import type { Json } from '../../shared/domain/canonical.ts';
import { limitOf } from '../../shared/edge/cursor.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import { instantSchema, nullable, pageOf, pageQuery } from '../../shared/edge/http/schemas.ts';
import { type ApiRoom, page } from './room.ts';

const word = { type: 'string', maxLength: 200 } as const;

const entrySchema = {
  $id: 'urn:tallystick:schema:audit-entry',
  type: 'object',
  required: ['entry_id', 'at', 'organization_id', 'action', 'operation', 'actor', 'role', 'request_id', 'facts'],
  additionalProperties: false,
  properties: {
    entry_id: word,
    at: instantSchema,
    organization_id: nullable(word),
    action: word,
    operation: word,
    actor: { ...word, description: 'the key that did it' },
    role: word,
    request_id: word,
    facts: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'ids and amounts, never personal data',
    },
  },
} as const;

/** Who did what. */
export const auditOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'listAuditLog',
    method: 'GET',
    path: '/api/v1/billing/audit',
    tag: 'Audit',
    summary: 'The audit log, oldest first',
    description: 'Of an organization, or of the platform where none is named. Each day’s digest is in the vault.',
    scope: 'audit:read',
    about: 'platform',
    query: pageQuery,
    answers: { 200: pageOf('audit-log', entrySchema) },
    handle: async ({ organization, query }) => {
      const limit = limitOf(query['limit']);
      const whose = (organization ?? '*') as Parameters<ApiRoom['cursors']['write']>[0];
      const cursor = query['cursor'];
      const after = cursor === undefined ? undefined : room.cursors.read(whose, 'audit', cursor);
      const rows = await room.audit.list(organization, limit + 1, after);
      const entries = rows.map((row) => ({
        entry_id: row.entry_id,
        at: row.at,
        organization_id: row.tenant === '*' ? null : row.tenant,
        action: row.action,
        operation: row.operation,
        actor: row.actor,
        role: row.role,
        request_id: row.request_id,
        facts: JSON.parse(row.facts) as Json,
      }));
      return { status: 200, json: page(entries, limit, (last) => room.cursors.write(whose, 'audit', last.entry_id)) };
    },
  },
];
