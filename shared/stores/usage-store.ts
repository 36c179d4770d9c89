import type { Account, UsageLimit } from '../domain/account/account.ts';
import { formatDecimal, readCanonicalDecimal } from '../domain/decimals.ts';
import { BadInput, type ErrorCode } from '../domain/errors.ts';
import type { ReceiptId, TenantId } from '../domain/ids.ts';
import { type Instant, later, microsOf } from '../domain/time.ts';
import type { FreshEvent } from '../domain/usage/accepted.ts';
import { canonicalEvent, PLAIN_SOURCE, type UsageEvent } from '../domain/usage/event.ts';
import { KEY_HASH_BYTES, keyHash, keyHasher, receiptId } from '../domain/usage/identity.ts';
import { isRefused, limitsInForce, usedAfter } from '../domain/usage/limits.ts';
import { acceptanceWindow, type MeteredUsage, meterUsage } from '../domain/usage/metering.ts';
import { PlainEvent } from '../domain/usage/plain-usage.ts';
import type { Database, Transaction } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { sealEvents } from './accepted-events.ts';
import { readAccount } from './account-store.ts';
import type { Backlog } from './backlog.ts';
import { contentMark, isSameEvent, type KnownKey, knownUntil, shortBatch } from './known-keys.ts';
import type { PersonalData, TenantKeys } from './personal-data.ts';
import { batches, dedupe, limit_counters, limit_notices, unrolled, waiting } from './tables.ts';
import { Together } from './together.ts';

/** What became of one event. */
export type Outcome =
  | { readonly status: 'accepted'; readonly receiptId: ReceiptId }
  | { readonly status: 'duplicate'; readonly receiptId: ReceiptId }
  | { readonly status: 'refused'; readonly code: ErrorCode; readonly detail: string; readonly param?: string };

const WAITING_PER_READ = 500;
/** Events of requests that share a transaction, beyond the first request's. */
const TOGETHER_EVENTS = 1000;
const NOTICE_PERCENTS = [80n, 100n] as const;

/** An event with everything worked out that does not depend on the database. */
interface Candidate {
  readonly event: UsageEvent;
  readonly text: string | Buffer;
  readonly keyHash: Buffer;
  readonly receiptId: ReceiptId;
}

/** What one request wants accepted. */
interface Asked {
  readonly candidates: readonly Candidate[];
  readonly now: Instant;
}

/** Accepted usage before it is receipts: deduplication, limits, batches. */
export class UsageStore {
  readonly #database: Database;
  readonly #entropy: Entropy;
  readonly #personal: PersonalData;
  readonly #together: Together<TenantId, Asked, Outcome[]>;
  readonly #backlog: Backlog | undefined;

  /** @param backlog bounds what is accepted and not billed; without it that is unbounded */
  constructor(database: Database, entropy: Entropy, personal: PersonalData, backlog?: Backlog) {
    this.#backlog = backlog;
    this.#database = database;
    this.#entropy = entropy;
    this.#personal = personal;
    this.#together = new Together({
      run: (tenant, asked) => this.#acceptAll(tenant, asked),
      weightOf: ({ candidates }) => candidates.length,
      weightMax: TOGETHER_EVENTS,
    });
  }

  /**
   * Accepts what can be accepted, in order, in one transaction: known keys, limits and the batch itself. Once it returns,
   * accepted events are durable. Requests of one organization that come while another of its is being kept share the next
   * transaction; they are answered as if they had come one after the other.
   * @returns one outcome per event, in order
   * @throws BadInput `not_found` when the organization does not exist, TryAgain when nothing could be kept
   */
  async accept(tenant: TenantId, events: readonly UsageEvent[], now: Instant): Promise<Outcome[]> {
    this.#backlog?.requireRoom(tenant);
    const candidates = candidatesOf(tenant, events);
    return this.#together.join(tenant, { candidates, now });
  }

  async #acceptAll(tenant: TenantId, asked: readonly Asked[]): Promise<Outcome[][]> {
    const candidates = asked.length === 1 ? asked[0]!.candidates : asked.flatMap((one) => one.candidates);
    const now = asked.reduce((latest, one) => later(latest, one.now), asked[0]!.now);
    const batchId = this.#batchId(now);
    const seed = this.#entropy.bytes(32);
    const keys = await this.#personal.keysOf(tenant);
    const { outcomes, accepted } = await this.#database.transact(async (tx) => {
      const account = await readAccount(tx, tenant);
      if (account === undefined) throw new BadInput('not_found', 'no such organization');
      const run = new Acceptance(account, { batchId, seed, now }, new LimitGauge(account, tx, now));
      const known = await tx.readMany(
        dedupe,
        candidates.map(({ keyHash: hash }) => [tenant, hash]),
      );
      await run.take(candidates, known);
      run.write(tx, keys);
      return { outcomes: run.outcomes, accepted: run.accepted };
    });
    this.#backlog?.accepted(tenant, accepted);
    let from = 0;
    return asked.map((one) => {
      from += one.candidates.length;
      return outcomes.slice(from - one.candidates.length, from);
    });
  }

  /**
   * Tenants with accepted events that are not receipts yet, at most `limit` of them. A tenant with a great backlog (a frozen
   * one, mostly) is passed over once it was seen, so that it hides nobody behind it.
   */
  async waitingTenants(limit: number): Promise<TenantId[]> {
    const tenants = new Set<TenantId>();
    for (let from: readonly [string] | undefined; tenants.size < limit; ) {
      const range = { limit: WAITING_PER_READ, ...(from === undefined ? {} : { from }) };
      const rows = await this.#database.snapshot((view) => view.range(waiting, range));
      for (const row of rows) tenants.add(row.tenant as TenantId);
      if (rows.length < WAITING_PER_READ) break;
      // The least text after the last tenant's.
      from = [`${rows.at(-1)!.tenant}\0`];
    }
    return [...tenants].slice(0, limit);
  }

  /** Deletes dedupe rows whose events' times are refused by now, where the engine does not by itself. @returns how many went */
  purgeExpired(now: Instant, limit: number): Promise<number> {
    return this.#database.purgeExpired(dedupe, now, limit);
  }

  /** What was spent of a limit's period. */
  async limitUsed(tenant: TenantId, limitId: string): Promise<{ period: string; used: string }[]> {
    const rows = await this.#database.snapshot((view) => view.range(limit_counters, { prefix: [tenant, limitId] }));
    return rows.map(({ period, used }) => ({ period, used }));
  }

  /** Notices that limits were nearly or wholly used, oldest period first. */
  async limitNotices(tenant: TenantId): Promise<{ limitId: string; period: string; percent: number; at: string }[]> {
    const rows = await this.#database.snapshot((view) => view.range(limit_notices, { prefix: [tenant] }));
    return rows.map(({ limit_id, period, percent, at }) => ({ limitId: limit_id, period, percent, at }));
  }

  // Batches of a tenant sort by the time they were accepted; the random tail keeps two of one microsecond apart.
  #batchId(now: Instant): string {
    return `${microsOf(now).toString(16).padStart(16, '0')}-${Buffer.from(this.#entropy.bytes(8)).toString('hex')}`;
  }
}

function candidatesOf(tenant: TenantId, events: readonly UsageEvent[]): Candidate[] {
  const keys = Buffer.allocUnsafe(events.length * KEY_HASH_BYTES);
  const hashPlain = keyHasher(tenant, PLAIN_SOURCE);
  const candidates: Candidate[] = [];
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!;
    const isPlain = event instanceof PlainEvent;
    const text = isPlain ? event.bytes : canonicalEvent(event);
    const at = i * KEY_HASH_BYTES;
    if (isPlain) hashPlain(event.keyBytes, keys, at);
    else keys.set(keyHash(tenant, event.source, event.key), at);
    const hash = keys.subarray(at, at + KEY_HASH_BYTES);
    candidates.push({ event, text, keyHash: hash, receiptId: receiptId(hash, event.time) });
  }
  return candidates;
}

/** What a batch is kept as. */
interface BatchTerms {
  readonly batchId: string;
  readonly seed: Uint8Array;
  readonly now: Instant;
}

/** One pass over a batch inside its transaction. */
class Acceptance {
  readonly outcomes: Outcome[] = [];
  readonly #account: Account;
  readonly #terms: BatchTerms;
  readonly #gauge: LimitGauge;
  readonly #accepted: Candidate[] = [];
  readonly #events: FreshEvent[] = [];
  /** What was sent under keys that earlier events of this batch took. */
  readonly #taken = new Map<string, Candidate>();

  constructor(account: Account, terms: BatchTerms, gauge: LimitGauge) {
    this.#account = account;
    this.#terms = terms;
    this.#gauge = gauge;
  }

  /** How many events were accepted. */
  get accepted(): number {
    return this.#accepted.length;
  }

  /** @param known what is kept under each candidate's key */
  async take(candidates: readonly Candidate[], known: readonly (KnownKey | undefined)[]): Promise<void> {
    const window = acceptanceWindow(this.#account, this.#terms.now);
    const metered = candidates.map(({ event }) => attempt(() => meterUsage(this.#account, event, window)));
    await this.#gauge.load(candidates, metered);
    for (let i = 0; i < candidates.length; i++) {
      this.outcomes.push(this.#takeOne(candidates[i]!, metered[i]!, known[i]));
    }
  }

  #takeOne(candidate: Candidate, usage: MeteredUsage | BadInput, row: KnownKey | undefined): Outcome {
    if (usage instanceof BadInput) return refused(usage);
    const key = candidate.keyHash.toString('latin1');
    const taken = this.#taken.get(key);
    // An expired row is as good as gone, whether or not it was purged: the answer must not depend on housekeeping.
    const known = row !== undefined && row.expires_at > this.#terms.now ? row : undefined;
    if (taken !== undefined || known !== undefined) {
      const { text, receiptId: id } = candidate;
      const isSame = taken === undefined ? isSameEvent(known!, text, id) : isSameText(taken.text, text);
      return isSame ? { status: 'duplicate', receiptId: id } : refused(CONFLICT);
    }
    const exceeded = this.#gauge.spend(usage, candidate.event.time);
    if (exceeded !== undefined) return refused(exceeded);
    this.#taken.set(key, candidate);
    this.#accepted.push(candidate);
    this.#events.push(freshEvent(candidate, usage));
    return { status: 'accepted', receiptId: candidate.receiptId };
  }

  write(tx: Transaction, keys: TenantKeys): void {
    const count = this.#accepted.length;
    if (count === 0) return;
    const { tenant, latenessDays } = this.#account;
    const { batchId: batch_id, seed, now: accepted_at } = this.#terms;
    const batch = shortBatch(batch_id);
    for (let position = 0; position < count; position++) {
      const { keyHash: key_hash, text, event } = this.#accepted[position]!;
      const content_hash = contentMark(batch_id, text);
      const expires_at = knownUntil(latenessDays, event.time);
      tx.upsert(dedupe, { tenant, key_hash, content_hash, batch_id: batch, position, expires_at });
    }
    const payload = sealEvents(tenant, batch_id, this.#events, seed, keys);
    tx.insert(batches, { tenant, batch_id, accepted_at, count, payload, first_seq: null });
    tx.insert(waiting, { tenant, batch_id, accepted_at, count });
    tx.insert(unrolled, { tenant, batch_id, count });
    this.#gauge.write(tx);
  }
}

const isSameText = (one: string | Buffer, other: string | Buffer): boolean =>
  typeof one === 'string' && typeof other === 'string' ? one === other : Buffer.from(one).equals(Buffer.from(other));

const CONFLICT = new BadInput(
  'idempotency_conflict',
  'the key was used for another event; nothing was changed',
  'idempotency_key',
);

function attempt<T>(work: () => T): T | BadInput {
  try {
    return work();
  } catch (error) {
    if (error instanceof BadInput) return error;
    throw error;
  }
}

export const refused = (error: BadInput): Outcome => ({
  status: 'refused',
  code: error.code,
  detail: error.message,
  ...(error.param === undefined ? {} : { param: error.param }),
});

const freshEvent = (candidate: Candidate, usage: MeteredUsage): FreshEvent => ({
  keyHash: candidate.keyHash,
  subscription: usage.subscription.id,
  meter: usage.meter.name,
  quantity: usage.quantity,
  occurredAt: candidate.event.time,
  value: usage.value,
  event: candidate.text,
});

/** Per cents of a limit at which somebody is told, as far as this step has reached them. */
export const percentsReached = (limit: UsageLimit, before: bigint, used: bigint): bigint[] =>
  NOTICE_PERCENTS.filter((percent) => {
    const mark = limit.quantity * percent;
    return before * 100n < mark && used * 100n >= mark;
  });

interface Counter {
  readonly limitId: string;
  readonly period: string;
  /** as it was read */
  readonly before: bigint;
  used: bigint;
}

/** Keeps a batch within the limits. Counters are read in the transaction that moves them. */
class LimitGauge {
  readonly #account: Account;
  readonly #tx: Transaction;
  readonly #now: Instant;
  readonly #counters = new Map<string, Counter>();
  readonly #notices: { readonly limitId: string; readonly period: string; readonly percent: bigint }[] = [];

  constructor(account: Account, tx: Transaction, now: Instant) {
    this.#account = account;
    this.#tx = tx;
    this.#now = now;
  }

  /** Reads every counter that a batch may move, at once. @param metered of each candidate, or why it is refused */
  async load(candidates: readonly Candidate[], metered: readonly (MeteredUsage | BadInput)[]): Promise<void> {
    const wanted = new Map<string, { readonly limitId: string; readonly period: string }>();
    for (const [i, usage] of metered.entries()) {
      if (usage instanceof BadInput || !this.#isLimited(usage)) continue;
      for (const { limit, key } of this.#limitsOf(usage, candidates[i]!.event.time)) {
        wanted.set(counterName(limit.id, key), { limitId: limit.id, period: key });
      }
    }
    if (wanted.size === 0) return;
    const named = [...wanted];
    const rows = await this.#tx.readMany(
      limit_counters,
      named.map(([, { limitId, period }]) => [this.#account.tenant, limitId, period]),
    );
    for (const [i, [name, counter]] of named.entries()) {
      const row = rows[i];
      const used = row === undefined ? 0n : readCanonicalDecimal(row.used, 12)!;
      this.#counters.set(name, { ...counter, before: used, used });
    }
  }

  /** Counts an event against every limit of its metric. @returns `quota_exceeded`, with nothing counted, where one is used up */
  spend(usage: MeteredUsage, time: Instant): BadInput | undefined {
    if (!this.#isLimited(usage)) return undefined;
    const steps = this.#limitsOf(usage, time).map(({ limit, key }) => {
      const counter = this.#counters.get(counterName(limit.id, key))!;
      return { limit, counter, after: usedAfter(usage.meter.aggregation, counter.used, usage.quantity) };
    });
    const refusal = steps.find(({ limit, counter, after }) => isRefused(limit, counter.used, after));
    if (refusal !== undefined) {
      const { id, period } = refusal.limit;
      return new BadInput('quota_exceeded', `limit ${id} is used up for its ${period} period`, 'metric_name');
    }
    for (const { limit, counter, after } of steps) {
      for (const percent of percentsReached(limit, counter.used, after)) {
        this.#notices.push({ limitId: limit.id, period: counter.period, percent });
      }
      counter.used = after;
    }
    return undefined;
  }

  #isLimited({ subscription }: MeteredUsage): boolean {
    return this.#account.limits.length > 0 || subscription.entitlements.length > 0;
  }

  #limitsOf({ subscription, meter }: MeteredUsage, time: Instant) {
    return limitsInForce(this.#account, subscription, meter.name, time);
  }

  write(tx: Transaction): void {
    const tenant = this.#account.tenant;
    for (const { limitId, period, before, used } of this.#counters.values()) {
      // Looked at for an event that was refused; nothing of that one is kept.
      if (used === before) continue;
      tx.upsert(limit_counters, { tenant, limit_id: limitId, period, used: formatDecimal(used, 12) });
    }
    for (const { limitId, period, percent } of this.#notices) {
      tx.upsert(limit_notices, { tenant, limit_id: limitId, period, percent: Number(percent), at: this.#now });
    }
  }
}

const counterName = (limitId: string, period: string): string => `${limitId} ${period}`;
