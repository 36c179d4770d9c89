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

/** What is left of a burst at an instant. */
interface Bucket {
  readonly tokens: number;
  readonly at: bigint;
}

/** Operations that are counted apart: a customer's flood of usage locks nobody out of the rest, nor the other way round. */
const USAGE: ReadonlySet<string> = new Set(['sendUsage']);
/** One key may use this part of its organization's rate, so that a runaway job leaves room for the others. */
const KEY_SHARE = 0.8;
/** Buckets that are kept; the longest unused go first. Whoever comes back after that finds a full one, as after a pause. */
const BUCKETS_MAX = 20_000;
const MICROS_PER_SECOND = 1_000_000;

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
    const wanted = bucketsOf(principal, rate).map(({ name, rate }) => {
      const key = `${kind} ${name}`;
      return { key, rate, tokens: filled(this.#buckets.get(key), rate, at) };
    });
    // The one that has least left is the one to tell about.
    const tightest = wanted.reduce((one, other) => (other.tokens < one.tokens ? other : one));
    const isFull = tightest.tokens < 1;
    for (const { key, tokens } of wanted) this.#keep(key, { tokens: isFull ? tokens : tokens - 1, at });
    const headers = headersOf(tightest.rate, isFull ? tightest.tokens : tightest.tokens - 1);
    if (!isFull) return headers;
    const wait = Math.max(1, Math.ceil((1 - tightest.tokens) / tightest.rate.perSecond));
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
function bucketsOf({ kind, id, tenant }: Principal, rate: Rate): { readonly name: string; readonly rate: Rate }[] {
  const own = { name: `${kind} ${id}`, rate };
  if (tenant === null) return [own];
  const part = { perSecond: rate.perSecond * KEY_SHARE, burst: Math.max(1, Math.floor(rate.burst * KEY_SHARE)) };
  return [
    { name: `tenant ${tenant}`, rate },
    { ...own, rate: part },
  ];
}

function filled(bucket: Bucket | undefined, { perSecond, burst }: Rate, at: bigint): number {
  if (bucket === undefined) return burst;
  // A clock that was set back fills nothing.
  const seconds = Math.max(0, Number(at - bucket.at) / MICROS_PER_SECOND);
  return Math.min(burst, bucket.tokens + seconds * perSecond);
}

/** Names of draft-ietf-httpapi-ratelimit-headers up to version 06: how many at once, how many are left, seconds until all are back. */
const headersOf = ({ perSecond, burst }: Rate, tokens: number): OutgoingHttpHeaders => ({
  'RateLimit-Limit': String(burst),
  'RateLimit-Remaining': String(Math.floor(tokens)),
  'RateLimit-Reset': String(Math.ceil((burst - tokens) / perSecond)),
});
