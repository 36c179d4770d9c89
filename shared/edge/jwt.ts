import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { isPlatformRole, ROLES, type Role } from '../domain/access.ts';
import { base64url } from '../domain/canonical.ts';
import { sha256 } from '../domain/digest.ts';
import { BadInput, TryAgain } from '../domain/errors.ts';
import { parseTenantId, type TenantId } from '../domain/ids.ts';
import type { Instant } from '../domain/time.ts';
import { isTokensFault } from './token-faults.ts';
import { isPlainToken } from './token-form.ts';

/**
 * Whom a token speaks for. Rejects with BadInput `invalid_credentials`; with TryAgain where the issuer's keys cannot be read
 * now.
 */
export type Tokens = (token: string, now: Instant) => Promise<TokenHolder>;

export interface TokenHolder {
  readonly id: string;
  readonly role: Role;
  readonly tenant: TenantId | null;
  /** the residency region that the token names, if it names one */
  readonly region: string | undefined;
}

export interface TokensOptions {
  readonly issuer: string;
  readonly audience: string;
  /** JWKS of the issuer. Read when first needed, then kept for ten minutes. */
  readonly keysUrl: string;
  /** names of the claims that hold the role, the organization and the residency region */
  readonly roleClaim: string;
  readonly organizationClaim: string;
  readonly regionClaim: string;
  readonly maxAgeSeconds: number;
}

/** Fixed by us. Left to the token, a public key would serve as an HMAC secret, or no signature as one. */
const ALGORITHMS: readonly string[] = ['RS256', 'ES256'];
const LEEWAY_SECONDS = 60;
/** An unknown key id asks the issuer again, but not more often than this: anybody can make up key ids. */
const COOLDOWN_MILLISECONDS = 30_000;
const KEYS_TIMEOUT_MILLISECONDS = 5000;
const KEYS_KEPT_MILLISECONDS = 600_000;
/** Reads the tokens of one issuer (RFC 7519; the checks follow RFC 8725). */
export function tokensOf(options: TokensOptions): Tokens {
  const { issuer, audience, keysUrl, maxAgeSeconds } = options;
  const keys = createRemoteJWKSet(new URL(keysUrl), {
    cooldownDuration: COOLDOWN_MILLISECONDS,
    cacheMaxAge: KEYS_KEPT_MILLISECONDS,
    timeoutDuration: KEYS_TIMEOUT_MILLISECONDS,
  });
  return async (token, now) => {
    if (!isPlainToken(token)) throw notValid();
    const claims = await jwtVerify(token, keys, {
      algorithms: [...ALGORITHMS],
      issuer,
      audience,
      requiredClaims: ['exp', 'iat', 'sub'],
      maxTokenAge: maxAgeSeconds,
      clockTolerance: LEEWAY_SECONDS,
      currentDate: new Date(now),
    }).then(
      ({ payload }) => payload,
      (error: unknown) => {
        throw isTokensFault(error) ? notValid() : keysAway(error);
      },
    );
    return holderOf(claims, options);
  };
}

/** The pseudonym of a person: whoever knows an issuer and a subject can tell theirs, and nobody can read it off. */
export const pseudonymOf = (issuer: string, subject: string): string =>
  `jwt_${base64url(sha256(`${issuer}\n${subject}`)).slice(0, 22)}`;

function holderOf(claims: JWTPayload, options: TokensOptions): TokenHolder {
  const { issuer, roleClaim, organizationClaim, regionClaim } = options;
  const role = ROLES.find((name) => name === claims[roleClaim]);
  const organization = claims[organizationClaim];
  const region = claims[regionClaim];
  if (role === undefined || typeof claims.sub !== 'string' || claims.sub === '') throw notValid();
  if (region !== undefined && (typeof region !== 'string' || !/^[a-z]{2,8}$/.test(region))) throw notValid();
  // A role of the platform that names an organization means one of two things; nobody has to guess which.
  if (isPlatformRole(role) !== (organization === undefined)) throw notValid();
  return {
    id: pseudonymOf(issuer, claims.sub),
    role,
    tenant: organization === undefined ? null : tenantOf(organization),
    region,
  };
}

function tenantOf(claim: unknown): TenantId {
  try {
    return parseTenantId(claim);
  } catch {
    throw notValid();
  }
}

// One text for every fault: whoever tries credentials learns nothing about which part was right.
export const notValid = (): BadInput => new BadInput('invalid_credentials', 'the API key or token is not valid');

/** Not a refusal: the caller may well be who it says. */
const keysAway = (cause: unknown): TryAgain =>
  new TryAgain('the keys that tokens are verified with cannot be read now', 5, { cause });
