import { sha256Base64url } from '../domain/digest.ts';
import type { BadInput } from '../domain/errors.ts';
import { type Instant, microsOf } from '../domain/time.ts';
import { Buckets, fillingOf, headersOf, type Rate, REQUEST, type Seen, secondsFor } from './buckets.ts';
import { Refusal } from './http/problem.ts';

/** A credential that somebody sends. */
export interface Attempt {
  /** where it comes from (source.ts) */
  readonly source: string;
  readonly credential: string;
  /** of the API key that it claims to be; undefined for what names none */
  readonly keyId: string | undefined;
}

/** Credentials that are remembered; the longest unused go first. */
const REMEMBERED_MAX = 20_000;

/**
 * How often a source may be wrong about who it is, in the memory of this instance.
 *
 * Only what was wrong is counted, so whoever sends good credentials is let in, however many bad ones come from the same address: offices
 * and clouds share addresses. From a source that has used up its guesses, a wrong credential is answered 429 in place of 401, for
 * everything alike. A key's id is no secret, so guesses at the secret of one key are counted by themselves as well: once those are used
 * up, nothing that names this key is even looked at, except what has been found good before. That is the difference between an answer
 * "429" that says "wrong", and one that says nothing. What is under way already when they are used up is still answered; how much that
 * can be is bounded by what is in hand (admission.ts).
 *
 * Neither is written anywhere, in log or audit log: a flood of guesses fills no disk.
 */
export class Guesses {
  readonly #rate: Rate;
  /** two sets of buckets: made-up key ids push out no source's */
  readonly #sources = new Buckets();
  readonly #keys = new Buckets();
  /** digests of credentials that were good, oldest use first; whether one still is, the store decides */
  readonly #good = new Set<string>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Before a credential is looked at. @throws Refusal `rate_limited` where it would be one guess at this key too many */
  begin(attempt: Attempt, now: Instant): void {
    const key = this.#keyOf(attempt, now);
    if (key === undefined || key.left >= REQUEST) return;
    if (!this.#good.has(sha256Base64url(attempt.credential))) throw refusal(key);
  }

  /** It was good. */
  wasGood({ credential }: Attempt): void {
    if (this.#rate.perSecond === 0) return;
    const digest = sha256Base64url(credential);
    this.#good.delete(digest);
    this.#good.add(digest);
    if (this.#good.size <= REMEMBERED_MAX) return;
    const [oldest] = this.#good;
    this.#good.delete(oldest!);
  }

  /** It was not. @returns what to answer in place of the fault, where the source has used up its guesses */
  wasWrong(attempt: Attempt, now: Instant): BadInput | undefined {
    if (this.#rate.perSecond === 0) return undefined;
    const source = this.#sources.look(attempt.source, fillingOf(this.#rate), microsOf(now));
    for (const [buckets, seen] of [[this.#sources, source] as const, [this.#keys, this.#keyOf(attempt, now)] as const])
      if (seen !== undefined) buckets.take(seen, seen.left < REQUEST ? 0n : REQUEST);
    return source.left < REQUEST ? refusal(source) : undefined;
  }

  /** How many sources, keys and credentials are kept. */
  get sizes(): readonly [sources: number, keys: number, good: number] {
    return [this.#sources.size, this.#keys.size, this.#good.size];
  }

  #keyOf({ source, keyId }: Attempt, now: Instant): Seen | undefined {
    if (this.#rate.perSecond === 0 || keyId === undefined) return undefined;
    return this.#keys.look(`${keyId} ${source}`, fillingOf(this.#rate), microsOf(now));
  }
}

function refusal({ filling, left }: Seen): Refusal {
  const wait = secondsFor(REQUEST - left, filling);
  return new Refusal('rate_limited', 'too many wrong credentials from this address', {
    headers: { ...headersOf(filling, left), 'Retry-After': String(wait) },
  });
}
