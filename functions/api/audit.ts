import type { Json } from '../../shared/domain/canonical.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import { countSchema, hashSchema, instantSchema, nullable, pageOf, pageQuery } from '../../shared/edge/http/schemas.ts';
import { type ApiRoom, listing } from './room.ts';

const word = { type: 'string', maxLength: 200 } as const;

const entrySchema = {
  $id: 'urn:tallystick:schema:audit-entry',
  type: 'object',
  required: [
    'seq',
    'at',
    'organization_id',
    'action',
    'operation',
    'actor',
    'outcome',
    'request_id',
    'facts',
    'digest',
  ],
  additionalProperties: false,
  properties: {
    seq: { ...countSchema, description: 'its place in this log, from 0 and without gaps' },
    at: instantSchema,
    organization_id: nullable(word),
    action: word,
    operation: word,
    actor: {
      type: 'object',
      required: ['kind', 'id', 'role'],
      additionalProperties: false,
      properties: {
        kind: { type: 'string', enum: ['key', 'jwt'] },
        id: { ...word, description: 'the key, or the person under a pseudonym' },
        role: word,
      },
    },
    outcome: { type: 'string', enum: ['done', 'refused'], description: '`refused`: the actor may not do it' },
    request_id: word,
    facts: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'ids and amounts, never personal data; the code of a refusal',
    },
    digest: { ...hashSchema, description: 'over the entry and the digest before it' },
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
    description:
      'Of an organization, or of the platform where none is named: every change, every download of evidence, and what was refused to somebody who may not do it. Entries are chained; each day’s digests are in the vault.',
    scope: 'audit:read',
    about: 'platform',
    query: pageQuery,
    answers: { 200: pageOf('audit-log', entrySchema) },
    handle: async ({ organization, query }) => {
      const { limit, after, answer } = listing(room, organization ?? '*', 'audit', query);
      const from = after === undefined ? 0 : Number(after) + 1;
      const rows = await room.audit.list(organization, limit + 1, from);
      const entries = rows.map((row) => ({
        seq: row.seq,
        at: row.at,
        organization_id: row.tenant === '*' ? null : row.tenant,
        action: row.action,
        operation: row.operation,
        actor: { kind: row.actor_kind, id: row.actor, role: row.role },
        outcome: row.outcome,
        request_id: row.request_id,
        facts: JSON.parse(row.facts) as Json,
        digest: row.digest,
      }));
      return answer(entries, (last) => String(last.seq));
    },
  },
];
