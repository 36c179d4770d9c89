import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '../domain/digest.ts';
import { BadInput } from '../domain/errors.ts';
import type { Instant } from '../domain/time.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { AccountStore, Principal, Role } from '../stores/account-store.ts';

const API_KEY = /^tsk_([a-z][a-z0-9]{0,15})_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/;

/** What a tenant's key may do. */
export type Scope = 'usage:write' | 'billing:read';

const SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  tenant_admin: ['usage:write', 'billing:read'],
  tenant_viewer: ['billing:read'],
  compliance: ['billing:read'],
  billing_operator: ['billing:read'],
  platform_admin: ['billing:read'],
};

/** The credential of `Authorization: Bearer …` (RFC 6750 section 2.1). @throws BadInput `missing_credentials` */
export function bearerOf(authorization: string | undefined): string {
  const match = /^[Bb]earer ([\x21-\x7e]{1,512})$/.exec(authorization ?? '');
  if (match === null) throw new BadInput('missing_credentials', 'send Authorization: Bearer followed by an API key');
  return match[1]!;
}

/**
 * Finds out who asks, and whether they may.
 * @throws BadInput `missing_credentials`, `invalid_credentials`, `insufficient_scope`
 */
export async function authenticate(
  authorization: string | undefined,
  scope: Scope,
  room: { readonly accounts: AccountStore; readonly environment: string; readonly now: Instant },
): Promise<Principal> {
  const match = API_KEY.exec(bearerOf(authorization));
  // A key of another environment gets the same answer as one that never existed.
  const known =
    match?.[1] === room.environment ? await room.accounts.authenticate(match[2]!, match[3]!, room.now) : undefined;
  if (known === undefined) throw new BadInput('invalid_credentials', 'the API key is not valid');
  if (SCOPES[known.role]?.includes(scope) !== true)
    throw new BadInput('insufficient_scope', `this needs a key with ${scope}`);
  return known;
}

/** A new API key: the text is shown once, the store keeps a hash of the secret. */
export function newApiKey(
  entropy: Entropy,
  environment: string,
): { readonly keyId: string; readonly secret: string; readonly text: string } {
  const keyId = Buffer.from(entropy.bytes(8)).toString('hex');
  const secret = Buffer.from(entropy.bytes(32)).toString('base64url');
  return { keyId, secret, text: `tsk_${environment}_${keyId}_${secret}` };
}

/** Checks that bus or scheduler call, by the secret they share with the functions. @throws BadInput `missing_credentials`, `invalid_credentials` */
export function requireCaller(authorization: string | undefined, callerToken: string): void {
  // Both sides hashed: equal lengths, and the comparison tells nothing about where they differ.
  if (!timingSafeEqual(sha256(bearerOf(authorization)), sha256(callerToken))) {
    throw new BadInput('invalid_credentials', 'the caller is not known');
  }
}
