import type { Role } from '../../shared/domain/access.ts';
import { isPlatformRole, ROLES } from '../../shared/domain/access.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { type Instant, MICROS_PER_DAY, parseInstant, plusMicros } from '../../shared/domain/time.ts';
import { newApiKey, newSecret } from '../../shared/edge/auth.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import {
  instantInputSchema,
  instantSchema,
  nameSchema,
  nullable,
  pageOf,
  pageQuery,
} from '../../shared/edge/http/schemas.ts';
import { pseudonymOf } from '../../shared/edge/jwt.ts';
import { ROLE_SCOPES, SCOPES, type Scope } from '../../shared/edge/roles.ts';
import {
  type ApiKeyRow,
  addKey,
  keyOf,
  keysOf,
  requireRoomForKey,
  revokeKey,
  rotateKey,
  stateOf,
} from '../../shared/stores/api-keys.ts';
import { type ApiRoom, listing } from './room.ts';

const API = '/api/v1/billing/api-keys';
const keyIdSchema = { type: 'string', pattern: '^[a-z0-9]{16}$', maxLength: 16 } as const;
const scopesSchema = {
  type: 'array',
  maxItems: SCOPES.length,
  uniqueItems: true,
  items: { type: 'string', enum: SCOPES },
} as const;

const keyProperties = {
  key_id: keyIdSchema,
  organization_id: { ...nullable({ type: 'string', maxLength: 40 }), description: 'null for a role of the platform' },
  role: { type: 'string', enum: ROLES },
  scopes: { ...scopesSchema, description: 'what it may do' },
  name: nullable(nameSchema),
  state: { type: 'string', enum: ['active', 'expired', 'revoked'] },
  created_at: instantSchema,
  expires_at: nullable(instantSchema),
  rotated_at: nullable(instantSchema),
  previous_secret_until: {
    ...nullable(instantSchema),
    description: 'until then the secret before the rotation is good, too',
  },
  revoked_at: nullable(instantSchema),
  last_used_on: {
    ...nullable({ type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', maxLength: 10 }),
    description: 'a day in UTC',
  },
} as const;

const keySchema = {
  $id: 'urn:tallystick:schema:api-key',
  type: 'object',
  required: Object.keys(keyProperties),
  additionalProperties: false,
  properties: keyProperties,
} as const;

const secretSchema = {
  $id: 'urn:tallystick:schema:api-key-secret',
  type: 'object',
  required: [...Object.keys(keyProperties), 'key'],
  additionalProperties: false,
  properties: {
    ...keyProperties,
    key: { type: 'string', maxLength: 200, description: 'the key itself, shown now and never again' },
  },
} as const;

const requestSchema = {
  $id: 'urn:tallystick:schema:api-key-request',
  type: 'object',
  required: ['role'],
  additionalProperties: false,
  properties: {
    role: { type: 'string', enum: ROLES },
    scopes: { ...scopesSchema, minItems: 1, description: 'fewer than the role has; all of them unless given' },
    name: { ...nameSchema, description: 'what it is for, e.g. `ci.deploy`; no names of people' },
    expires_at: instantInputSchema,
    person: {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      description:
        'subject (`sub`) of whoever holds it, as the identity provider’s tokens name them; kept as a pseudonym. Whoever makes it with a token holds it, unless said',
    },
  },
} as const;

interface KeyRequest {
  readonly role: Role;
  readonly scopes?: readonly Scope[];
  readonly name?: string;
  readonly expires_at?: string;
  readonly person?: string;
}

/** For so long the secret before a rotation is good, unless the rotation says otherwise; and at most. */
const OVERLAP_HOURS = { default: 24, max: 168 } as const;

/** API keys. No answer but the one that makes a secret holds it, so none of these takes an idempotency key. */
export const keyOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'createApiKey',
    method: 'POST',
    path: API,
    tag: 'API keys',
    summary: 'Make an API key',
    description:
      'An organization’s own people give out keys of their organization, for no more than they may do themselves. Keys for roles of the platform are given out by a platform_admin who names no organization.',
    scope: 'keys:write',
    about: 'platform',
    body: requestSchema,
    answers: { 201: secretSchema },
    mutation: 'api_key.created',
    handle: async (call) => {
      const body = call.body as KeyRequest;
      const tenant = ownerOf(call, body.role);
      requireGivable(call, body);
      const expiresAt = body.expires_at === undefined ? undefined : parseInstant(body.expires_at, 'expires_at');
      if (expiresAt !== undefined && expiresAt <= call.now)
        throw new BadInput('invalid_parameter', 'a key expires in the future', 'expires_at');
      const { keyId, secret, text } = newApiKey(room.entropy, room.config);
      const person = personOf(call, body, room);
      return changed(call, room, 201, async (tx) => {
        await requireRoomForKey(tx, tenant, call.now);
        const row = addKey(tx, {
          ...{ keyId, tenant, role: body.role, secret, createdAt: call.now, createdBy: call.principal.id },
          ...(expiresAt === undefined ? {} : { expiresAt }),
          ...(body.name === undefined ? {} : { name: body.name }),
          ...(body.scopes === undefined ? {} : { scopes: body.scopes }),
          ...(person === undefined ? {} : { person }),
        });
        call.note({ key_id: keyId, key_role: body.role, scopes: row.scopes ?? 'all' });
        return { ...keyJson(row, call.now), key: text };
      });
    },
  },
  {
    operationId: 'listApiKeys',
    method: 'GET',
    path: API,
    tag: 'API keys',
    summary: 'API keys of an organization, or of the platform',
    scope: 'keys:write',
    about: 'platform',
    query: pageQuery,
    answers: { 200: pageOf('api-key-list', keySchema) },
    handle: async ({ organization, query, now }) => {
      const whose = organization ?? '*';
      const { limit, after, answer } = listing(room, whose, 'api-keys', query);
      const rows = await room.database.snapshot((view) => keysOf(view, organization ?? null, limit + 1, after));
      return answer(
        rows.map((row) => keyJson(row, now)),
        (last) => last.key_id,
      );
    },
  },
  {
    operationId: 'rotateApiKey',
    method: 'POST',
    path: `${API}/:key_id/rotate`,
    tag: 'API keys',
    summary: 'Give an API key a new secret',
    description:
      'The old secret is good for a while longer, so that it can be replaced everywhere; 0 hours end it at once.',
    scope: 'keys:write',
    about: 'platform',
    params: { key_id: keyIdSchema },
    body: {
      $id: 'urn:tallystick:schema:api-key-rotation',
      type: 'object',
      additionalProperties: false,
      properties: {
        overlap_hours: { type: 'integer', minimum: 0, maximum: OVERLAP_HOURS.max, default: OVERLAP_HOURS.default },
      },
    },
    bodyOptional: true,
    answers: { 200: secretSchema },
    mutation: 'api_key.rotated',
    handle: async (call) => {
      const keyId = call.params['key_id']!;
      const { overlap_hours = OVERLAP_HOURS.default } = call.body as { readonly overlap_hours?: number };
      const oldUntil = plusMicros(call.now, (BigInt(overlap_hours) * MICROS_PER_DAY) / 24n) as Instant;
      const { secret, text } = newSecret(keyId, room.entropy, room.config);
      return changed(call, room, 200, async (tx) => {
        const row = await keyOf(tx, call.organization ?? null, keyId);
        requireGivable(call, { role: row.role as Role, ...scopesIn(row) });
        return { ...keyJson(rotateKey(tx, row, { secret, now: call.now, oldUntil }), call.now), key: text };
      });
    },
  },
  {
    operationId: 'revokeApiKey',
    method: 'POST',
    path: `${API}/:key_id/revoke`,
    tag: 'API keys',
    summary: 'Revoke an API key, at once and for good',
    scope: 'keys:write',
    about: 'platform',
    params: { key_id: keyIdSchema },
    answers: { 200: keySchema },
    mutation: 'api_key.revoked',
    handle: (call) =>
      changed(call, room, 200, async (tx) => {
        const row = await keyOf(tx, call.organization ?? null, call.params['key_id']!);
        return keyJson(revokeKey(tx, row, call.now), call.now);
      }),
  },
];

/** Whose a key with that role will be. @throws BadInput `invalid_parameter`, `insufficient_scope` */
function ownerOf({ principal, organization }: Call, role: Role): TenantId | null {
  if (isPlatformRole(role)) {
    if (principal.tenant !== null)
      throw new BadInput('insufficient_scope', 'keys for roles of the platform are given out by the platform', 'role');
    if (organization !== undefined)
      throw new BadInput('invalid_parameter', 'a role of the platform belongs to no organization', 'organization_id');
    return null;
  }
  if (organization === undefined)
    throw new BadInput('invalid_parameter', `a ${role} belongs to an organization`, 'organization_id');
  return organization;
}

/**
 * Nobody in an organization gives out more than they have: else a key that may only give out keys would open everything.
 * The platform's administrators give out what they cannot do themselves; that is their duty, and it is in the audit log.
 */
function requireGivable({ principal }: Call, { role, scopes }: Pick<KeyRequest, 'role' | 'scopes'>): void {
  const wanted = scopes ?? ROLE_SCOPES[role];
  const stray = wanted.find((scope) => !ROLE_SCOPES[role].includes(scope));
  if (stray !== undefined) throw new BadInput('invalid_parameter', `a ${role} has no ${stray}`, 'scopes');
  if (principal.tenant === null) return;
  const missing = wanted.find((scope) => !principal.scopes.has(scope));
  if (missing !== undefined)
    throw new BadInput('insufficient_scope', `${missing} is given out by those who have it`, 'scopes');
}

const scopesIn = ({ scopes }: ApiKeyRow): { readonly scopes?: readonly Scope[] } =>
  scopes === null ? {} : { scopes: scopes.split(' ') as Scope[] };

/** Who will hold the key: whoever is named, else the person whose token makes it. */
function personOf({ principal }: Call, { person }: KeyRequest, { config }: ApiRoom): string | undefined {
  if (person !== undefined) return pseudonymOf(config.jwtIssuer, person);
  return principal.kind === 'jwt' ? principal.person : undefined;
}

async function changed(
  call: Call,
  room: ApiRoom,
  status: number,
  work: (tx: Parameters<Call['settle']>[0]) => Promise<object>,
): Promise<ApiAnswer> {
  return room.database.transact(async (tx) => {
    const answer: ApiAnswer = { status, json: await work(tx) };
    await call.settle(tx, answer);
    return answer;
  });
}

const keyJson = (row: ApiKeyRow, now: Instant) => ({
  key_id: row.key_id,
  organization_id: row.tenant === '*' ? null : row.tenant,
  role: row.role,
  scopes: row.scopes === null ? ROLE_SCOPES[row.role as Role] : row.scopes.split(' '),
  name: row.name,
  state: stateOf(row, now),
  created_at: row.created_at,
  expires_at: row.expires_at,
  rotated_at: row.rotated_at,
  previous_secret_until: row.previous_until,
  revoked_at: row.revoked_at,
  last_used_on: row.last_used_on,
});
