import type { Account, UsageLimit } from '../domain/account/account.ts';
import { base64url } from '../domain/canonical.ts';
import { formatDecimal, readCanonicalDecimal } from '../domain/decimals.ts';
import { sha256 } from '../domain/digest.ts';
import { BadInput, type ErrorCode } from '../domain/errors.ts';
import type { ReceiptId, TenantId } from '../domain/ids.ts';
import { type Instant, MICROS_PER_DAY, microsOf, plusMicros } from '../domain/time.ts';
import type { AcceptedEvent } from '../domain/usage/accepted.ts';
import { canonicalEvent, type UsageEvent } from '../domain/usage/event.ts';
import { keyHash, receiptId } from '../domain/usage/identity.ts';
import { isRefused, limitsInForce, usedAfter } from '../domain/usage/limits.ts';
import { acceptanceWindow, type MeteredUsage, meterUsage } from '../domain/usage/metering.ts';
import type { Database, RowOf, Transaction } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { sealEvents } from './accepted-events.ts';
import { readAccount } from './account-store.ts';
import type { PersonalData, TenantKeys } from './personal-data.ts';
import { batches, dedupe, limit_counters, limit_notices, unrolled, waiting } from './tables.ts';

/** What became of one event. */
export type Outcome =
  | { readonly status: 'accepted'; readonly receiptId: ReceiptId }
  | { readonly status: 'duplicate'; readonly receiptId: ReceiptId }
  | { readonly status: 'refused'; readonly code: ErrorCode; readonly detail: string; readonly param?: string };

/** How long a dedupe row outlives the instant at which its event's time starts to be refused. */
const DEDUPE_MARGIN_DAYS = 1n;
const WAITING_PER_READ = 500;
const NOTICE_PERCENTS = [80n, 100n] as const;

/** An event with everything worked out that does not depend on the database. */
interface Candidate {
  readonly event: UsageEvent;
  readonly text: string;
  readonly contentHash: Buffer;
  readonly keyHash: Buffer;
  readonly receiptId: ReceiptId;
  readonly salt: string;
}

/** Accepted usage before it is receipts: deduplication, limits, batches. */
export class UsageStore {
  readonly #database: Database;
  readonly #entropy: Entropy;
  readonly #personal: PersonalData;

  constructor(database: Database, entropy: Entropy, personal: PersonalData) {
    this.#database = database;
    this.#entropy = entropy;
    this.#personal = personal;
  }

  /**
   * Accepts what can be accepted, in order, in one transaction: known keys, limits and the batch itself. Once it returns,
   * accepted events are durable.
   * @returns one outcome per event, in order
   * @throws BadInput `not_found` when the organization does not exist, TryAgain when nothing could be kept
   */
  async accept(tenant: TenantId, events: readonly UsageEvent[], now: Instant): Promise<Outcome[]> {
    const candidates = events.map((event) => this.#candidate(tenant, event));
    const batchId = this.#batchId(now);
    const keys = await this.#personal.keysOf(tenant);
    return this.#database.transact(async (tx) => {
      const account = await readAccount(tx, tenant);
      if (account === undefined) throw new BadInput('not_found', 'no such organization');
      const known = await tx.readMany(
        dedupe,
        candidates.map((candidate) => [tenant, candidate.keyHash]),
      );
      const run = new Acceptance(account, batchId, now, new LimitGauge(account, tx, now));
      for (const [index, candidate] of candidates.entries()) await run.take(candidate, known[index]);
      run.write(tx, keys);
      return run.outcomes;
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

  #candidate(tenant: TenantId, event: UsageEvent): Candidate {
    const text = canonicalEvent(event);
    const hash = keyHash(tenant, event.source, event.key);
    return {
      event,
      text,
      contentHash: sha256(text),
      keyHash: hash,
      receiptId: receiptId(hash, event.time),
      salt: base64url(this.#entropy.bytes(32)),
    };
  }

  // Batches of a tenant sort by the time they were accepted; the random tail keeps two of one microsecond apart.
  #batchId(now: Instant): string {
    return `${microsOf(now).toString(16).padStart(16, '0')}-${Buffer.from(this.#entropy.bytes(8)).toString('hex')}`;
  }
}

type DedupeRow = RowOf<typeof dedupe.columns>;

/** Until when an event's key must be known: after that its time would be refused. */
export const knownUntil = (latenessDays: number, time: Instant): Instant =>
  plusMicros(time, (BigInt(latenessDays) + DEDUPE_MARGIN_DAYS) * MICROS_PER_DAY);

/**
 * What stands for the content of an event of which only the receipt is left, after a rebuild: the half of its id that its time
 * decides. Another time under the same key is still a conflict; other content at the same time is taken for the same event,
 * so that nothing is billed twice.
 */
export const contentOfReceipt = (id: string): Buffer => Buffer.from(id, 'base64url').subarray(16);

const isSameEvent = ({ contentHash, receiptId: id }: Candidate, known: Uint8Array): boolean =>
  (known.length === contentHash.length ? contentHash : contentOfReceipt(id)).equals(known);

/** One pass over a batch inside its transaction. */
class Acceptance {
  readonly outcomes: Outcome[] = [];
  readonly #account: Account;
  readonly #batchId: string;
  readonly #now: Instant;
  readonly #gauge: LimitGauge;
  readonly #accepted: { readonly candidate: Candidate; readonly usage: MeteredUsage }[] = [];
  /** Keys that earlier events of this batch took. */
  readonly #taken = new Map<string, Buffer>();

  constructor(account: Account, batchId: string, now: Instant, gauge: LimitGauge) {
    this.#account = account;
    this.#batchId = batchId;
    this.#now = now;
    this.#gauge = gauge;
  }

  async take(candidate: Candidate, row: DedupeRow | undefined): Promise<void> {
    try {
      const usage = meterUsage(this.#account, candidate.event, acceptanceWindow(this.#account, this.#now));
      const key = candidate.keyHash.toString('latin1');
      // An expired row is as good as gone, whether or not it was purged: the answer must not depend on housekeeping.
      const known =
        this.#taken.get(key) ?? (row !== undefined && row.expires_at > this.#now ? row.content_hash : undefined);
      if (known !== undefined) {
        if (!isSameEvent(candidate, known)) {
          throw new BadInput(
            'idempotency_conflict',
            'the key was used for another event; nothing was changed',
            'idempotency_key',
          );
        }
        this.outcomes.push({ status: 'duplicate', receiptId: candidate.receiptId });
        return;
      }
      await this.#gauge.spend(usage, candidate.event.time);
      this.#taken.set(key, candidate.contentHash);
      this.#accepted.push({ candidate, usage });
      this.outcomes.push({ status: 'accepted', receiptId: candidate.receiptId });
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      this.outcomes.push(refused(error));
    }
  }

  write(tx: Transaction, keys: TenantKeys): void {
    if (this.#accepted.length === 0) return;
    const tenant = this.#account.tenant;
    for (const [position, { candidate }] of this.#accepted.entries()) {
      tx.upsert(dedupe, {
        tenant,
        key_hash: candidate.keyHash,
        content_hash: candidate.contentHash,
        batch_id: this.#batchId,
        position,
        expires_at: knownUntil(this.#account.latenessDays, candidate.event.time),
      });
    }
    const count = this.#accepted.length;
    const events = this.#accepted.map(({ candidate, usage }) => acceptedEvent(candidate, usage));
    const payload = sealEvents(tenant, this.#batchId, events, keys);
    const accepted_at = this.#now;
    tx.insert(batches, { tenant, batch_id: this.#batchId, accepted_at, count, payload, first_seq: null });
    tx.insert(waiting, { tenant, batch_id: this.#batchId, accepted_at, count });
    tx.insert(unrolled, { tenant, batch_id: this.#batchId, count });
    this.#gauge.write(tx);
  }
}

export const refused = (error: BadInput): Outcome => ({
  status: 'refused',
  code: error.code,
  detail: error.message,
  ...(error.param === undefined ? {} : { param: error.param }),
});

const acceptedEvent = (candidate: Candidate, usage: MeteredUsage): AcceptedEvent => ({
  receiptId: candidate.receiptId,
  subscription: usage.subscription.id,
  meter: usage.meter.name,
  quantity: usage.quantity,
  occurredAt: candidate.event.time,
  value: usage.value,
  salt: candidate.salt,
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

  /** Counts an event against every limit of its metric. @throws BadInput `quota_exceeded`, with nothing counted */
  async spend({ subscription, meter, quantity }: MeteredUsage, time: Instant): Promise<void> {
    if (this.#account.limits.length === 0 && subscription.entitlements.length === 0) return;
    const steps = [];
    for (const { limit, key } of limitsInForce(this.#account, subscription, meter.name, time)) {
      const counter = await this.#counter(limit.id, key);
      steps.push({ limit, counter, after: usedAfter(meter.aggregation, counter.used, quantity) });
    }
    const refusal = steps.find(({ limit, counter, after }) => isRefused(limit, counter.used, after));
    if (refusal !== undefined) {
      const { id, period } = refusal.limit;
      throw new BadInput('quota_exceeded', `limit ${id} is used up for its ${period} period`, 'metric_name');
    }
    for (const { limit, counter, after } of steps) {
      for (const percent of percentsReached(limit, counter.used, after)) {
        this.#notices.push({ limitId: limit.id, period: counter.period, percent });
      }
      counter.used = after;
    }
  }

  async #counter(limitId: string, period: string): Promise<Counter> {
    const name = `${limitId} ${period}`;
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      const row = await this.#tx.read(limit_counters, [this.#account.tenant, limitId, period]);
      const used = row === undefined ? 0n : readCanonicalDecimal(row.used, 12)!;
      counter = { limitId, period, before: used, used };
      this.#counters.set(name, counter);
    }
    return counter;
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
