import { timingSafeEqual } from 'node:crypto';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { sha256 } from '../domain/digest.ts';
import { BadInput, TryAgain } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { bearerOf } from './auth.ts';
import type { Guesses } from './guesses.ts';
import { type Arrival, sourceOf } from './source.ts';
import { isTokensFault } from './token-faults.ts';
import { isPlainToken } from './token-form.ts';

/**
 * Tells whether a request comes from the bus or the scheduler, by its `Authorization` field.
 * Rejects with BadInput `missing_credentials` or `invalid_credentials`; with TryAgain where that cannot be told now.
 * @param from for those who count whence wrong ones come
 */
export type Callers = (authorization: string | undefined, from?: Arrival) => Promise<void>;

/** The same callers, and 429 `rate_limited` in place of 401 for whoever has been wrong too often. */
export const countedCallers =
  (callers: Callers, guesses: Guesses, forwardedHops: number, clock: Clock): Callers =>
  async (authorization, from = { headers: {}, peer: undefined }) => {
    try {
      await callers(authorization);
    } catch (error) {
      if (!(error instanceof BadInput) || error.code !== 'invalid_credentials') throw error;
      const source = sourceOf(from, forwardedHops);
      throw guesses.wasWrong({ source, credential: authorization ?? '', keyId: undefined }, clock.now()) ?? error;
    }
  };

/** The embedded suite: bus and scheduler share a secret with the functions. */
export const sharedSecretCallers =
  (token: string): Callers =>
  async (authorization) => {
    // Both sides hashed: equal lengths, and the comparison tells nothing about where they differ.
    if (!timingSafeEqual(sha256(bearerOf(authorization)), sha256(token))) throw unknownCaller();
  };

export interface OidcCallersOptions {
  /** JWKS of the issuer. Read when first needed, then kept for ten minutes. */
  readonly keysUrl: string;
  /** What a token must have been made for, exactly. */
  readonly audience: string;
  /** Service accounts that may call. */
  readonly emails: readonly string[];
  readonly clock: Clock;
  readonly issuer?: string;
}

/** A Google token has about 900 characters; no more than this is looked at. */
const TOKEN_MAX = 4096;
/** Google's tokens live an hour, and a push may carry one that old (Pub/Sub, "Authentication for push subscriptions"). */
const TOKEN_AGE_MAX_SECONDS = 3600;
const LEEWAY_SECONDS = 60;

/**
 * Pub/Sub and Cloud Scheduler, by the OIDC token with which they push as a service account. The platform's front door has
 * verified it already where only those accounts may invoke; that a mistake there opens nothing is this code's part.
 *
 * RS256 and nothing else: with the algorithm left to the token, a public key would serve as an HMAC secret.
 */
export function oidcCallers({ keysUrl, audience, emails, clock, issuer = GOOGLE }: OidcCallersOptions): Callers {
  const keys = createRemoteJWKSet(new URL(keysUrl));
  return async (authorization) => {
    const token = bearerOf(authorization, TOKEN_MAX);
    if (!isPlainToken(token)) throw unknownCaller();
    const claims = await jwtVerify(token, keys, {
      algorithms: ['RS256'],
      issuer,
      audience,
      requiredClaims: ['exp'],
      maxTokenAge: TOKEN_AGE_MAX_SECONDS,
      clockTolerance: LEEWAY_SECONDS,
      currentDate: new Date(clock.now()),
    }).then(
      ({ payload }) => payload,
      (error: unknown) => {
        throw isTokensFault(error) ? unknownCaller() : keysAway(error);
      },
    );
    if (!isOneOf(emails, claims) || claims.aud !== audience) throw unknownCaller();
  };
}

const GOOGLE = 'https://accounts.google.com';

// An address that nobody has verified is whatever its holder wrote. And jose takes a list of audiences that has ours in it.
const isOneOf = (emails: readonly string[], { email, email_verified }: JWTPayload): boolean =>
  typeof email === 'string' && email_verified === true && emails.includes(email);

// One answer for every fault: whoever forges tokens learns nothing about which part was right.
const unknownCaller = (): BadInput => new BadInput('invalid_credentials', 'the caller is not known');

/** Not a refusal: the caller may well be who it says, so its push must come again. */
const keysAway = (cause: unknown): TryAgain =>
  new TryAgain('the keys that callers are known by cannot be read now', 5, { cause });
