import type { OutgoingHttpHeaders } from 'node:http';
import type { Principal } from '../domain/access.ts';
import { type Instant, microsOf } from '../domain/time.ts';
import type { RateLimiter } from './http/operation-hooks.ts';
import { Refusal } from './http/problem.ts';

/** How many requests may come: `perSecond` for ever, `burst` at once. 0 per second is no limit. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Rates {
  readonly usage: Rate;
  readonly other: Rate;
}

/** What is left of a burst at an instant, in parts of a request. */
interface Bucket {
  readonly left: bigint;
  readonly at: bigint;
}

/** How a bucket fills, in parts of a request: so many a microsecond, up to so many. Whole numbers, so that nothing drifts. */
interface Filling {
  readonly perMicro: bigint;
  readonly most: bigint;
}

/** Operations that are counted apart: a customer's flood of usage locks nobody out of the rest, nor the other way round. */
const USAGE: ReadonlySet<string> = new Set(['sendUsage']);
/** One key may use four fifths of its organization's rate, so that a runaway job leaves room for the others. */
const KEY_FIFTHS = 4;
const FIFTHS = 5;
/** Parts of a request: a fifth of a request a second is one part a microsecond. */
const REQUEST = 5_000_000n;
/** Buckets that are kept; the longest unused go first. Whoever comes back after that finds a full one, as after a pause. */
const BUCKETS_MAX = 20_000;

/**
 * Token buckets per organization and per credential, in the memory of this instance.
 *
 * They protect an instance and its share of the database from one caller, which is where it hurts; an exact count across
 * instances would cost a write to one row per request, the very load that it is to keep away. So an organization's rate
 * over all is at most this times the instances it is spread over. What is sold by the piece is counted by limits
 * (usage-store.ts), in transactions, exactly.
 */
export class TokenBuckets implements RateLimiter {
  readonly #rates: Rates;
  /** oldest use first: a Map keeps the order of insertion */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rates: Rates) {
    this.#rates = rates;
  }

  /** @throws Refusal `rate_limited` */
  async admit({
    principal,
    operationId,
    now,
  }: {
    readonly principal: Principal;
    readonly operationId: string;
    readonly now: Instant;
  }): Promise<OutgoingHttpHeaders> {
    const kind = USAGE.has(operationId) ? 'usage' : 'other';
    const rate = this.#rates[kind];
    if (rate.perSecond === 0) return {};
    const at = microsOf(now);
    const wanted = fillingsOf(principal, rate).map(({ name, filling }) => {
      const key = `${kind} ${name}`;
      const bucket = this.#buckets.get(key);
      return { key, filling, left: filled(bucket, filling, at), since: later(bucket?.at, at) };
    });
    // The one that has least left is the one to tell about.
    const tightest = wanted.reduce((one, other) => (other.left < one.left ? other : one));
    const isEmpty = tightest.left < REQUEST;
    const taken = isEmpty ? 0n : REQUEST;
    for (const { key, left, since } of wanted) this.#keep(key, { left: left - taken, at: since });
    const headers = headersOf(tightest.filling, tightest.left - taken);
    if (!isEmpty) return headers;
    const wait = secondsFor(REQUEST - tightest.left, tightest.filling);
    throw new Refusal('rate_limited', `too many requests; come again in ${wait} s`, {
      headers: { ...headers, 'Retry-After': String(wait) },
    });
  }

  /** How many buckets are kept. */
  get size(): number {
    return this.#buckets.size;
  }

  #keep(key: string, bucket: Bucket): void {
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size <= BUCKETS_MAX) return;
    const [oldest] = this.#buckets.keys();
    this.#buckets.delete(oldest!);
  }
}

/** A role of the platform shares with nobody. */
function fillingsOf(
  { kind, id, tenant }: Principal,
  rate: Rate,
): { readonly name: string; readonly filling: Filling }[] {
  const name = `${kind} ${id}`;
  if (tenant === null) return [{ name, filling: fillingOf(rate, FIFTHS) }];
  return [
    { name: `tenant ${tenant}`, filling: fillingOf(rate, FIFTHS) },
    { name, filling: fillingOf(rate, KEY_FIFTHS) },
  ];
}

const fillingOf = ({ perSecond, burst }: Rate, fifths: number): Filling => ({
  perMicro: BigInt(perSecond * fifths),
  most: BigInt(Math.max(1, Math.floor((burst * fifths) / FIFTHS))) * REQUEST,
});

/** A clock that was set back does not fill the same second twice. */
const later = (one: bigint | undefined, other: bigint): bigint => (one !== undefined && one > other ? one : other);

function filled(bucket: Bucket | undefined, { perMicro, most }: Filling, at: bigint): bigint {
  if (bucket === undefined) return most;
  // A clock that was set back fills nothing.
  const left = at > bucket.at ? bucket.left + (at - bucket.at) * perMicro : bucket.left;
  return left < most ? left : most;
}

/** Whole seconds until so much more is there, at least 1. */
function secondsFor(missing: bigint, { perMicro }: Filling): number {
  const perSecond = perMicro * 1_000_000n;
  return Math.max(1, Number((missing + perSecond - 1n) / perSecond));
}

/** Names of draft-ietf-httpapi-ratelimit-headers up to version 06: how many at once, how many are left, seconds until all are back. */
const headersOf = (filling: Filling, left: bigint): OutgoingHttpHeaders => ({
  'RateLimit-Limit': String(filling.most / REQUEST),
  'RateLimit-Remaining': String(left / REQUEST),
  'RateLimit-Reset': String(left === filling.most ? 0 : secondsFor(filling.most - left, filling)),
});
