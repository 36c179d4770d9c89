import { BadInput } from '../domain/errors.ts';
import type { Instant } from '../domain/time.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { AccountStore, Principal } from '../stores/account-store.ts';
import type { Config } from './config.ts';
import { Refusal } from './http/problem.ts';
import { mayDo, type Scope } from './roles.ts';

/** Environment, residency region, key id, secret. */
const API_KEY = /^tsk_([a-z][a-z0-9]{0,15})_([a-z]{2,8})_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/;

/** The credential of `Authorization: Bearer …` (RFC 6750 section 2.1), of at most `longest` characters. @throws BadInput `missing_credentials` */
export function bearerOf(authorization: string | undefined, longest = 512): string {
  const credential = /^[Bb]earer ([\x21-\x7e]+)$/.exec(authorization ?? '')?.[1];
  if (credential === undefined || credential.length > longest) {
    throw new BadInput('missing_credentials', 'send Authorization: Bearer followed by an API key');
  }
  return credential;
}

/**
 * Finds out who asks.
 *
 * A key names its region, so that another region's function can send its holder on without knowing the organization:
 * nothing about it is kept outside its region.
 * @throws BadInput `missing_credentials`, `invalid_credentials`, `wrong_region`
 */
export async function whoAsks(authorization: string | undefined, room: AuthRoom): Promise<Principal> {
  const { environment, region } = room.config;
  const match = API_KEY.exec(bearerOf(authorization));
  // A key of another environment gets the same answer as one that never existed.
  const ours = match?.[1] === environment ? match : undefined;
  if (ours !== undefined && ours[2] !== region) throw elsewhere(ours[2]!, room.config);
  const known = ours === undefined ? undefined : await room.accounts.authenticate(ours[3]!, ours[4]!, room.now);
  if (known === undefined) throw new BadInput('invalid_credentials', 'the API key is not valid');
  return known;
}

/** @throws BadInput `insufficient_scope` unless who asks may do this */
export function requireScope({ role }: Principal, scope: Scope): void {
  if (!mayDo(role, scope)) throw new BadInput('insufficient_scope', `this needs a key with ${scope}`);
}

/** Finds out who asks, and whether they may. @throws BadInput as `whoAsks` and `requireScope` do */
export async function authenticate(
  authorization: string | undefined,
  scope: Scope,
  room: AuthRoom,
): Promise<Principal> {
  const principal = await whoAsks(authorization, room);
  requireScope(principal, scope);
  return principal;
}

/** What authentication works with. */
export interface AuthRoom {
  readonly accounts: AccountStore;
  readonly config: PlaceConfig;
  readonly now: Instant;
}

/** What tells a stack's own keys from others'. */
export type PlaceConfig = Pick<Config, 'environment' | 'region' | 'regionEndpoints'>;

/** RFC 9110 section 15.5.20: this server does not answer for that region; the problem says which one does. */
function elsewhere(region: string, { regionEndpoints }: PlaceConfig): BadInput {
  const endpoint = regionEndpoints.get(region);
  if (endpoint === undefined) return new BadInput('invalid_credentials', 'the API key is not valid');
  return new Refusal('wrong_region', `the organization of this key is served at ${endpoint}`, { endpoint });
}

/** A new API key: the text is shown once, the store keeps a hash of the secret. */
export function newApiKey(
  entropy: Entropy,
  { environment, region }: Pick<Config, 'environment' | 'region'>,
): { readonly keyId: string; readonly secret: string; readonly text: string } {
  const keyId = Buffer.from(entropy.bytes(8)).toString('hex');
  const secret = Buffer.from(entropy.bytes(32)).toString('base64url');
  return { keyId, secret, text: `tsk_${environment}_${region}_${keyId}_${secret}` };
}
