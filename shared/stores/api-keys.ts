import { timingSafeEqual } from 'node:crypto';
import { isPlatformRole, type Role } from '../domain/access.ts';
import { sha256 } from '../domain/digest.ts';
import { BadInput } from '../domain/errors.ts';
import { parseTenantId, type TenantId } from '../domain/ids.ts';
import type { Instant } from '../domain/time.ts';
import type { Database, Reader, RowOf, Transaction } from '../ports/database.ts';
import { api_keys } from './tables.ts';

/**
 * API keys. Of a secret only its SHA-256 is kept: 32 bytes of chance need no slow hash, and nobody can be given a secret
 * again who has lost it. A rotation gives a key a new secret and lets the old one live for a while, so that nobody has to
 * change it everywhere in one instant.
 */

export type ApiKeyRow = RowOf<typeof api_keys.columns>;

export interface NewApiKey {
  readonly keyId: string;
  /** whose it is; without meaning for a role of the platform */
  readonly tenant: TenantId | null;
  readonly role: Role;
  readonly secret: string;
  readonly createdAt: Instant;
  readonly expiresAt?: Instant;
  /** what it is for, in a few words */
  readonly name?: string;
  /** all that its role may do, unless given */
  readonly scopes?: readonly string[];
  /** pseudonym of the person who holds it */
  readonly person?: string;
  readonly createdBy?: string;
}

/** What a key stands for. */
export interface KnownKey {
  readonly keyId: string;
  readonly tenant: TenantId | null;
  readonly role: Role;
  readonly scopes: readonly string[] | undefined;
  readonly person: string | undefined;
}

/** Where keys of the platform stand: no organization has that id. */
const PLATFORM = '*';
/** How many keys an organization may have that are in force. */
const KEYS_MAX = 100;

export function addKey(tx: Transaction, key: NewApiKey): ApiKeyRow {
  if (key.tenant === null && !isPlatformRole(key.role)) throw new Error(`a ${key.role} belongs to an organization`);
  const row: ApiKeyRow = {
    key_id: key.keyId,
    tenant: isPlatformRole(key.role) ? PLATFORM : key.tenant!,
    role: key.role,
    secret_hash: sha256(key.secret),
    created_at: key.createdAt,
    expires_at: key.expiresAt ?? null,
    revoked_at: null,
    name: key.name ?? null,
    scopes: key.scopes === undefined ? null : [...key.scopes].sort().join(' '),
    person: key.person ?? null,
    created_by: key.createdBy ?? null,
    rotated_at: null,
    previous_hash: null,
    previous_until: null,
    last_used_on: null,
  };
  tx.insert(api_keys, row);
  return row;
}

/** @throws BadInput `too_many_items` where an organization (or the platform) has as many keys in force as it may have */
export async function requireRoomForKey(reader: Reader, tenant: TenantId | null, now: Instant): Promise<void> {
  const rows = await reader.range(api_keys, { index: 'api_keys_by_tenant', prefix: [tenant ?? PLATFORM] });
  if (rows.filter((row) => stateOf(row, now) === 'active').length < KEYS_MAX) return;
  throw new BadInput('too_many_items', `there are ${KEYS_MAX} keys in force; revoke one first`);
}

/** Keys of an organization, or of the platform, by their id. */
export function keysOf(reader: Reader, tenant: TenantId | null, limit: number, after?: string): Promise<ApiKeyRow[]> {
  const from = after === undefined ? {} : { from: [`${after}\0`] };
  return reader.range(api_keys, { index: 'api_keys_by_tenant', prefix: [tenant ?? PLATFORM], limit, ...from });
}

/** An organization's key; another's is as if it were not there. @throws BadInput `not_found` */
export async function keyOf(reader: Reader, tenant: TenantId | null, keyId: string): Promise<ApiKeyRow> {
  const row = await reader.read(api_keys, [keyId]);
  if (row === undefined || row.tenant !== (tenant ?? PLATFORM)) throw new BadInput('not_found', 'no such key');
  return row;
}

/**
 * Gives a key a new secret.
 * @param oldUntil until when the old one is good, too
 * @throws BadInput `invalid_transition` where the key is not in force any more
 */
export function rotateKey(
  tx: Transaction,
  row: ApiKeyRow,
  { secret, now, oldUntil }: { readonly secret: string; readonly now: Instant; readonly oldUntil: Instant },
): ApiKeyRow {
  requireActive(row, now);
  const changes = {
    secret_hash: sha256(secret),
    rotated_at: now,
    // One old secret at most: what was rotated away twice is gone.
    previous_hash: row.secret_hash,
    previous_until: oldUntil,
  };
  tx.update(api_keys, [row.key_id], changes);
  return { ...row, ...changes };
}

/** Revokes a key, with its old secret. @throws BadInput `invalid_transition` where it is revoked already */
export function revokeKey(tx: Transaction, row: ApiKeyRow, now: Instant): ApiKeyRow {
  if (row.revoked_at !== null) throw new BadInput('invalid_transition', 'the key is revoked');
  const changes = { revoked_at: now, previous_hash: null, previous_until: null };
  tx.update(api_keys, [row.key_id], changes);
  return { ...row, ...changes };
}

export function stateOf(row: ApiKeyRow, now: Instant): 'active' | 'expired' | 'revoked' {
  if (row.revoked_at !== null) return 'revoked';
  return row.expires_at !== null && row.expires_at <= now ? 'expired' : 'active';
}

function requireActive(row: ApiKeyRow, now: Instant): void {
  const state = stateOf(row, now);
  if (state !== 'active') throw new BadInput('invalid_transition', `the key is ${state}`);
}

const NOTHING = new Uint8Array(32);

/** The key with that id and secret, if it is in force. The same work is done for a key that does not exist. */
export async function knownKey(
  database: Database,
  keyId: string,
  secret: string,
  now: Instant,
): Promise<KnownKey | undefined> {
  const row = await database.read(api_keys, [keyId]);
  const given = sha256(secret);
  // Both are compared, whichever there are: how long it takes tells nothing about where they differ.
  const isSecret = timingSafeEqual(row?.secret_hash ?? NOTHING, given);
  const isPrevious = timingSafeEqual(row?.previous_hash ?? NOTHING, given);
  if (row === undefined || stateOf(row, now) !== 'active') return undefined;
  if (!isSecret && !(isPrevious && (row.previous_until ?? now) > now)) return undefined;
  const today = now.slice(0, 10);
  if (row.last_used_on !== today) await noteUse(database, keyId, today);
  return {
    keyId,
    tenant: row.tenant === PLATFORM ? null : parseTenantId(row.tenant),
    role: row.role as Role,
    scopes: row.scopes === null ? undefined : row.scopes.split(' '),
    person: row.person ?? undefined,
  };
}

/** Once a day and no more: a row that every request wrote would be the slowest of all. */
async function noteUse(database: Database, keyId: string, today: string): Promise<void> {
  // Whoever has a good key is let in, whether or not it can be written down that it was used.
  await database.transact(async (tx) => tx.update(api_keys, [keyId], { last_used_on: today })).catch(() => undefined);
}
