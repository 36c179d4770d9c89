import type { OutgoingHttpHeaders } from 'node:http';
import type { Principal } from '../domain/access.ts';
import { type Instant, microsOf } from '../domain/time.ts';
import { Buckets, type Filling, fillingOf, headersOf, type Rate, REQUEST, secondsFor } from './buckets.ts';
import type { RateLimiter } from './http/operation-hooks.ts';
import { Refusal } from './http/problem.ts';

export interface Rates {
  readonly usage: Rate;
  readonly other: Rate;
}

/** Operations that are counted apart: a customer's flood of usage locks nobody out of the rest, nor the other way round. */
const USAGE: ReadonlySet<string> = new Set(['sendUsage']);
/** One key may use four fifths of its organization's rate, so that a runaway job leaves room for the others. */
const KEY_FIFTHS = 4;

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
  readonly #buckets = new Buckets();

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
    const wanted = fillingsOf(principal, rate).map(({ name, filling }) =>
      this.#buckets.look(`${kind} ${name}`, filling, at),
    );
    // The one that has least left is the one to tell about.
    const tightest = wanted.reduce((one, other) => (other.left < one.left ? other : one));
    const isEmpty = tightest.left < REQUEST;
    const taken = isEmpty ? 0n : REQUEST;
    for (const seen of wanted) this.#buckets.take(seen, taken);
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
}

/** A role of the platform shares with nobody. */
function fillingsOf(
  { kind, id, tenant }: Principal,
  rate: Rate,
): { readonly name: string; readonly filling: Filling }[] {
  const name = `${kind} ${id}`;
  if (tenant === null) return [{ name, filling: fillingOf(rate) }];
  return [
    { name: `tenant ${tenant}`, filling: fillingOf(rate) },
    { name, filling: fillingOf(rate, KEY_FIFTHS) },
  ];
}
