import type { Principal } from '../domain/access.ts';
import { BadInput } from '../domain/errors.ts';
import type { Instant } from '../domain/time.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { AccountStore } from '../stores/account-store.ts';
import type { Config } from './config.ts';
import type { Guesses } from './guesses.ts';
import { Refusal } from './http/problem.ts';
import { notValid, type Tokens } from './jwt.ts';
import { type Scope, scopesOf } from './roles.ts';

/** Environment, residency region, key id, secret. */
const API_KEY = /^tsk_([a-z][a-z0-9]{0,15})_([a-z]{2,8})_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/;
const KEY_MAX_CHARACTERS = 512;
/** Identity providers' tokens have one or two thousand; no more than this is looked at. */
const TOKEN_MAX_CHARACTERS = 4096;

/** The credential of `Authorization: Bearer …` (RFC 6750 section 2.1), of at most `longest` characters. @throws BadInput `missing_credentials` */
export function bearerOf(authorization: string | undefined, longest = KEY_MAX_CHARACTERS): string {
  const credential = /^[Bb]earer ([\x21-\x7e]+)$/.exec(authorization ?? '')?.[1];
  if (credential === undefined || credential.length > longest) {
    throw new BadInput('missing_credentials', 'send Authorization: Bearer followed by an API key');
  }
  return credential;
}

/**
 * Finds out who asks, by an API key or, where an issuer is configured, a JWT.
 * @throws BadInput `missing_credentials`, `invalid_credentials`, `wrong_region`; `rate_limited` where its source has been wrong too often
 * @throws TryAgain where the issuer's keys cannot be read now
 */
export async function whoAsks(authorization: string | undefined, room: AuthRoom): Promise<Principal> {
  const { tokens, guesses, source, now } = room;
  const credential = bearerOf(authorization, tokens === undefined ? KEY_MAX_CHARACTERS : TOKEN_MAX_CHARACTERS);
  const attempt = { source, credential, keyId: API_KEY.exec(credential)?.[3] };
  guesses?.begin(attempt, now);
  try {
    // No JWT begins like a key: its first part is a JSON object in base64url.
    const isKey = tokens === undefined || credential.startsWith('tsk_');
    const principal = await (isKey ? byKey(credential, room) : byToken(credential, tokens, room));
    guesses?.wasGood(attempt);
    return principal;
  } catch (error) {
    if (!(error instanceof BadInput) || error.code !== 'invalid_credentials') throw error;
    throw guesses?.wasWrong(attempt, now) ?? error;
  }
}

/**
 * A key names its region, so that another region's function can send its holder on without knowing the organization:
 * nothing about it is kept outside its region.
 */
async function byKey(credential: string, room: AuthRoom): Promise<Principal> {
  const { environment, region } = room.config;
  const match = API_KEY.exec(credential);
  // A key of another environment gets the same answer as one that never existed.
  const ours = match?.[1] === environment ? match : undefined;
  if (ours !== undefined && ours[2] !== region) throw elsewhere(ours[2]!, room.config);
  const known = ours === undefined ? undefined : await room.accounts.authenticate(ours[3]!, ours[4]!, room.now);
  if (known === undefined) throw notValid();
  const { keyId, role, tenant, scopes, person } = known;
  return { kind: 'key', id: keyId, role, tenant, scopes: scopesOf(role, scopes), person: person ?? keyId };
}

async function byToken(credential: string, tokens: Tokens, { accounts, config, now }: AuthRoom): Promise<Principal> {
  const { region, ...holder } = await tokens(credential, now);
  if (region !== undefined && region !== config.region) throw elsewhere(region, config);
  // The issuer knows more organizations than this region does; one that is not here has nothing here.
  if (holder.tenant !== null && (await accounts.get(holder.tenant)) === undefined) throw notValid();
  return { kind: 'jwt', ...holder, scopes: scopesOf(holder.role), person: holder.id };
}

/** @throws BadInput `insufficient_scope` unless who asks may do this */
export function requireScope({ scopes }: Principal, scope: Scope): void {
  if (!scopes.has(scope)) throw new BadInput('insufficient_scope', `this needs a key with ${scope}`);
}

/** What authentication works with. */
export interface AuthRoom {
  readonly accounts: AccountStore;
  /** undefined where no issuer is believed: then there are API keys only */
  readonly tokens: Tokens | undefined;
  readonly config: PlaceConfig;
  readonly now: Instant;
  /** counts who was wrong; undefined counts nobody */
  readonly guesses: Guesses | undefined;
  /** where the request comes from */
  readonly source: string;
}

/** What tells a stack's own keys from others'. */
export type PlaceConfig = Pick<Config, 'environment' | 'region' | 'regionEndpoints' | 'jwtIssuer' | 'forwardedHops'>;

/** RFC 9110 section 15.5.20: this server does not answer for that region; the problem says which one does. */
function elsewhere(region: string, { regionEndpoints }: PlaceConfig): BadInput {
  const endpoint = regionEndpoints.get(region);
  if (endpoint === undefined) return notValid();
  return new Refusal('wrong_region', `the organization of this key is served at ${endpoint}`, { endpoint });
}

/** A new API key: the text is shown once, the store keeps a hash of the secret. */
export function newApiKey(
  entropy: Entropy,
  config: Pick<Config, 'environment' | 'region'>,
): { readonly keyId: string; readonly secret: string; readonly text: string } {
  const keyId = Buffer.from(entropy.bytes(8)).toString('hex');
  return { keyId, ...newSecret(keyId, entropy, config) };
}

/** A new secret for a key. */
export function newSecret(
  keyId: string,
  entropy: Entropy,
  { environment, region }: Pick<Config, 'environment' | 'region'>,
): { readonly secret: string; readonly text: string } {
  const secret = Buffer.from(entropy.bytes(32)).toString('base64url');
  return { secret, text: `tsk_${environment}_${region}_${keyId}_${secret}` };
}
