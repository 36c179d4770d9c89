import { BadInput } from '../../shared/domain/errors.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import {
  countSchema,
  hashSchema,
  instantSchema,
  nameSchema,
  nullable,
  pageOf,
  pageQuery,
} from '../../shared/edge/http/schemas.ts';
import { ERASURE_SCOPES, ERASURE_STATES, type ErasureRow, type Subject } from '../../shared/stores/erasure-store.ts';
import { EVERYBODY, PURGED_KINDS } from '../../shared/stores/purge-store.ts';
import { approvalJson, approvalSchema } from './approvals.ts';
import { type ApiRoom, absent, accountOf, listing } from './room.ts';

const API = '/api/v1/billing';
const MAX_DAYS = 400;
const day = {
  type: 'string',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  maxLength: 10,
  description: 'a UTC day',
} as const;

const requestSchema = {
  $id: 'urn:tallystick:schema:erasure-request',
  type: 'object',
  required: ['scope'],
  additionalProperties: false,
  properties: {
    scope: {
      type: 'string',
      enum: ERASURE_SCOPES,
      description:
        '`events`: of those that name a person what was sent goes; `organization`: all that is said of it, and its keys',
    },
    property: { type: 'string', minLength: 1, maxLength: 100, description: 'of events, or `subject`' },
    value: { type: 'string', minLength: 1, maxLength: 500, description: 'what the property says of the person' },
  },
} as const;

const erasureSchema = {
  $id: 'urn:tallystick:schema:erasure',
  type: 'object',
  required: ['erasure_id', 'scope', 'state', 'ref_digest', 'count', 'proposed_at', 'done_at'],
  additionalProperties: false,
  properties: {
    erasure_id: nameSchema,
    scope: { type: 'string', enum: ERASURE_SCOPES },
    state: { type: 'string', enum: ERASURE_STATES },
    ref_digest: { ...hashSchema, description: 'stands for the person in the ledger; its salt is gone when it is done' },
    count: {
      ...countSchema,
      description: 'events that lost what was sent; of an organization its profiles, payment methods and keys',
    },
    proposed_at: instantSchema,
    done_at: nullable(instantSchema),
  },
} as const;

const dataKeySchema = {
  $id: 'urn:tallystick:schema:data-key',
  type: 'object',
  required: ['version', 'wrapped_by', 'created_at'],
  additionalProperties: false,
  properties: {
    version: countSchema,
    wrapped_by: {
      ...nullable({ type: 'string', maxLength: 400 }),
      description: 'the wrapping key; null once destroyed',
    },
    created_at: instantSchema,
  },
} as const;

const reportSchema = {
  $id: 'urn:tallystick:schema:retention-report',
  type: 'object',
  required: ['from', 'to', 'hot_window_days', 'purged'],
  additionalProperties: false,
  properties: {
    from: day,
    to: { ...day, description: 'exclusive' },
    hot_window_days: { ...countSchema, description: 'how long accepted payloads and pages are kept in the database' },
    purged: {
      type: 'array',
      maxItems: MAX_DAYS * PURGED_KINDS.length,
      items: {
        type: 'object',
        required: ['day', 'kind', 'count'],
        additionalProperties: false,
        properties: { day, kind: { type: 'string', enum: PURGED_KINDS }, count: countSchema },
      },
    },
  },
} as const;

/** Personal data: who may have it erased, under which keys it is, and what was deleted because its time had come. */
export const privacyOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'proposeErasure',
    method: 'POST',
    path: `${API}/erasures`,
    tag: 'Privacy',
    summary: 'Propose to erase a person or an organization',
    description:
      'Another person approves it. Receipts, invoices and proofs stay as they are: they hold salted commitments, and the salts go.',
    scope: 'privacy:write',
    body: requestSchema,
    answers: { 202: approvalSchema },
    idempotencyKey: 'required',
    mutation: 'erasure.proposed',
    handle: (call) => propose(call, room),
  },
  {
    operationId: 'listErasures',
    method: 'GET',
    path: `${API}/erasures`,
    tag: 'Privacy',
    summary: 'Erasures and how far they are',
    scope: 'audit:read',
    query: pageQuery,
    answers: { 200: pageOf('erasure-list', erasureSchema) },
    handle: async ({ tenant, query }) => {
      const { limit, after = '', answer } = listing(room, tenant, 'erasures', query);
      const rows = (await room.erasures.list(tenant, after, limit + 1)).map(erasureJson);
      return answer(rows, (last) => last.erasure_id);
    },
  },
  {
    operationId: 'getErasure',
    method: 'GET',
    path: `${API}/erasures/:erasure_id`,
    tag: 'Privacy',
    summary: 'An erasure',
    scope: 'audit:read',
    params: { erasure_id: nameSchema },
    answers: { 200: erasureSchema },
    handle: async ({ tenant, params }) => {
      const row = await room.erasures.get(tenant, params['erasure_id']!);
      if (row === undefined) throw absent('erasure');
      return { status: 200, json: erasureJson(row) };
    },
  },
  {
    operationId: 'listDataKeys',
    method: 'GET',
    path: `${API}/data-keys`,
    tag: 'Privacy',
    summary: 'The keys that the organization’s personal data is under',
    scope: 'audit:read',
    answers: { 200: pageOf('data-key-list', dataKeySchema) },
    handle: async ({ tenant }) => ({ status: 200, json: await keysJson(tenant, room) }),
  },
  {
    operationId: 'rotateDataKey',
    method: 'POST',
    path: `${API}/data-keys/rotate`,
    tag: 'Privacy',
    summary: 'Seal personal data under a new key from now on',
    description: 'What was sealed before opens as it did, until it is purged.',
    scope: 'privacy:write',
    answers: { 200: pageOf('data-key-list', dataKeySchema) },
    mutation: 'data_key.rotated',
    handle: async (call) => {
      call.note({ version: String(await room.personal.rotate(call.tenant)) });
      return { status: 200, json: await keysJson(call.tenant, room) };
    },
  },
  {
    operationId: 'getRetentionReport',
    method: 'GET',
    path: `${API}/retention-report`,
    tag: 'Privacy',
    summary: 'What was deleted because its time had come',
    description: 'Of an organization, or, where none is named, what is deleted without looking whose it is.',
    scope: 'audit:read',
    about: 'platform',
    query: { from: day, to: day },
    answers: { 200: reportSchema },
    handle: async ({ organization, query, now }) => {
      const to = query['to'] ?? dayAfter(now.slice(0, 10), 1);
      const from = query['from'] ?? dayAfter(to, -30);
      if (from >= to || dayAfter(from, MAX_DAYS) < to) {
        throw new BadInput('invalid_parameter', `from is before to, and at most ${MAX_DAYS} days before it`, 'from');
      }
      const rows = await room.purges.report(organization ?? EVERYBODY, from, to);
      const purged = rows.map((row) => ({ day: row.day, kind: row.kind, count: row.count }));
      return { status: 200, json: { from, to, hot_window_days: room.hotWindowDays, purged } };
    },
  },
];

async function propose(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const { tenant, now } = call;
  const subject = await subjectOf(call, room);
  const keys = await room.personal.keysOf(tenant);
  const [erasureId, approvalId] = [call.newId('ers'), call.newId('apr')];
  return room.database.transact(async (tx) => {
    const { ref_digest } = room.erasures.propose(tx, tenant, erasureId, subject, keys, now);
    const row = await room.approvals.propose(tx, {
      ...{ id: approvalId, tenant, kind: 'erasure.carry_out', subject: erasureId },
      payload: { erasure_id: erasureId, scope: subject.scope, ref_digest },
      ...{ by: call.principal.person, now },
    });
    call.note({ approval_id: approvalId, erasure_id: erasureId, scope: subject.scope });
    const answer: ApiAnswer = { status: 202, json: approvalJson(row, now) };
    await call.settle(tx, answer);
    return answer;
  });
}

/** @throws BadInput `invalid_parameter` where nobody could tell what is meant, or summaries are kept by it */
async function subjectOf(call: Call, room: ApiRoom): Promise<Subject> {
  const { scope, property, value } = call.body as { scope: Subject['scope']; property?: string; value?: string };
  if (scope === 'organization') {
    if (property === undefined && value === undefined) return { scope };
    throw new BadInput('invalid_parameter', 'an organization is erased whole', 'property');
  }
  if (property === undefined || value === undefined) {
    throw new BadInput('invalid_parameter', 'a person is named by a property of events and its value', 'property');
  }
  const { subscriptions } = await accountOf(call, room);
  if (subscriptions.some(({ meters }) => meters.some(({ dimensions }) => dimensions.includes(property)))) {
    throw new BadInput('invalid_parameter', `usage is summed up by ${property}: it names no person`, 'property');
  }
  return { scope, property, value };
}

const erasureJson = (row: ErasureRow) => ({
  erasure_id: row.erasure_id,
  scope: row.scope,
  state: row.state,
  ref_digest: row.ref_digest,
  count: row.count,
  proposed_at: row.proposed_at,
  done_at: row.done_at,
});

async function keysJson(tenant: Call['tenant'], room: ApiRoom) {
  const data = (await room.personal.list(tenant)).map(({ version, wrappedBy, createdAt }) => ({
    version,
    wrapped_by: wrappedBy === '' ? null : wrappedBy,
    created_at: createdAt,
  }));
  return { data, has_more: false, next_cursor: null };
}

/** @throws BadInput `invalid_parameter` where there is no such day */
function dayAfter(text: string, days: number): string {
  const midnight = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== text) {
    throw new BadInput('invalid_parameter', `${text} is no day`, 'from');
  }
  return new Date(midnight + days * 86_400_000).toISOString().slice(0, 10);
}
