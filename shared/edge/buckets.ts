import type { OutgoingHttpHeaders } from 'node:http';

/** How many requests may come: `perSecond` for ever, `burst` at once. 0 per second is no limit. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What is left of a burst at an instant, in parts of a request. */
interface Bucket {
  readonly left: bigint;
  readonly at: bigint;
}

/** A bucket as it is at this instant. */
export interface Seen extends Bucket {
  readonly key: string;
  readonly filling: Filling;
}

/** How a bucket fills, in parts of a request: so many a microsecond, up to so many. Whole numbers, so that nothing drifts. */
export interface Filling {
  readonly perMicro: bigint;
  readonly most: bigint;
}

const FIFTHS = 5;
/** Parts of a request: a fifth of a request a second is one part a microsecond. */
export const REQUEST = 5_000_000n;
/** Buckets that are kept; the longest unused go first. Whoever comes back after that finds a full one, as after a pause. */
const BUCKETS_MAX = 20_000;

/** Token buckets by name, no more than so many, in the memory of this instance. Time is told to them. */
export class Buckets {
  /** oldest use first: a Map keeps the order of insertion */
  readonly #buckets = new Map<string, Bucket>();

  /** @param at microseconds; a clock that was set back fills nothing, and does not fill the same second twice */
  look(key: string, filling: Filling, at: bigint): Seen {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return { key, filling, left: filling.most, at };
    const left = at > bucket.at ? bucket.left + (at - bucket.at) * filling.perMicro : bucket.left;
    return { key, filling, left: left < filling.most ? left : filling.most, at: at > bucket.at ? at : bucket.at };
  }

  /** Takes so many parts of what was seen, and remembers that it was used. */
  take({ key, left, at }: Seen, parts: bigint): void {
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: left - parts, at });
    if (this.#buckets.size <= BUCKETS_MAX) return;
    const [oldest] = this.#buckets.keys();
    this.#buckets.delete(oldest!);
  }

  /** How many are kept. */
  get size(): number {
    return this.#buckets.size;
  }
}

/** @param fifths of the rate that are meant: all of it unless said */
export const fillingOf = ({ perSecond, burst }: Rate, fifths = FIFTHS): Filling => ({
  perMicro: BigInt(perSecond * fifths),
  most: BigInt(Math.max(1, Math.floor((burst * fifths) / FIFTHS))) * REQUEST,
});

/** Whole seconds until so much more is there, at least 1. */
export function secondsFor(missing: bigint, { perMicro }: Filling): number {
  const perSecond = perMicro * 1_000_000n;
  return Math.max(1, Number((missing + perSecond - 1n) / perSecond));
}

/** Names of draft-ietf-httpapi-ratelimit-headers up to version 06: how many at once, how many are left, seconds until all are back. */
export const headersOf = (filling: Filling, left: bigint): OutgoingHttpHeaders => ({
  'RateLimit-Limit': String(filling.most / REQUEST),
  'RateLimit-Remaining': String(left / REQUEST),
  'RateLimit-Reset': String(left === filling.most ? 0 : secondsFor(filling.most - left, filling)),
});
