import { createHmac } from 'node:crypto';
import type { Account } from '../domain/account/account.ts';
import type { Quantity } from '../domain/decimals.ts';
import type { TenantId } from '../domain/ids.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../domain/time.ts';
import type { AcceptedEvent } from '../domain/usage/accepted.ts';
import {
  addCell,
  type Level,
  packCells,
  packMinutes,
  rowEnd,
  unpackCells,
  unpackMinutes,
} from '../domain/usage/rollup.ts';
import { RollupDraft } from '../domain/usage/rollup-draft.ts';
import type { Database, Reader, Transaction } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { eventsOf } from './accepted-events.ts';
import { readAccount } from './account-store.ts';
import type { PersonalData, TenantKeys } from './personal-data.ts';
import { batches, unrolled, usage_rollups, usage_salts, usage_values } from './tables.ts';

/** One commit takes at most this many batches and, beyond the first, this many events. */
const FOLD_BATCHES = 64;
const FOLD_EVENTS = 1000;
const TENANTS_PER_READ = 500;

/** How long sums are kept, in days. */
export interface RollupRetention {
  readonly minutes: number;
  readonly quarters: number;
}

/**
 * Sums of accepted usage over short stretches of time, from which summaries are made.
 *
 * Acceptance only notes that a batch is not in them yet; it is folded in afterwards, in a commit of its own. So taking usage
 * costs nothing more for it, and two requests of one tenant never wait for each other's sums. Whoever asks before that reads
 * the noted batches themselves, in the same snapshot: no event is missed, and none is counted twice.
 */
export class UsageRollups {
  readonly #database: Database;
  readonly #entropy: Entropy;
  readonly #retention: RollupRetention;
  readonly #personal: PersonalData | undefined;

  /** @param personal opens accepted events, for who folds them */
  constructor(database: Database, entropy: Entropy, retention: RollupRetention, personal?: PersonalData) {
    this.#database = database;
    this.#personal = personal;
    this.#entropy = entropy;
    this.#retention = retention;
  }

  /** Folds everything a tenant has noted. It does not matter who does it, how often, or at once. @returns how many batches */
  async fold(tenant: TenantId): Promise<number> {
    if (this.#personal === undefined) throw new Error('accepted events cannot be opened here');
    const keys = await this.#personal.keysIfAny(tenant);
    if (keys === undefined) return 0;
    for (let folded = 0; ; ) {
      const some = await this.#database.transact((tx) => this.#foldSome(tx, tenant, keys));
      if (some === 0) return folded;
      folded += some;
    }
  }

  /** Tenants with batches that are not folded, at most `limit` of them. */
  async unfolded(limit: number): Promise<TenantId[]> {
    const tenants = new Set<TenantId>();
    for (let from: readonly [string] | undefined; tenants.size < limit; ) {
      const range = { limit: TENANTS_PER_READ, ...(from === undefined ? {} : { from }) };
      const rows = await this.#database.snapshot((view) => view.range(unrolled, range));
      for (const row of rows) tenants.add(row.tenant as TenantId);
      if (rows.length < TENANTS_PER_READ) break;
      // The least text after the last tenant's.
      from = [`${rows.at(-1)!.tenant}\0`];
    }
    return [...tenants].slice(0, limit);
  }

  /** Deletes sums that are older than they are kept, where the engine does not by itself. @returns how many rows went */
  async purgeRollups(now: Instant, limit: number): Promise<number> {
    const rows = await this.#database.purgeExpired(usage_rollups, now, limit);
    return rows + (await this.#database.purgeExpired(usage_values, now, limit));
  }

  async #foldSome(tx: Transaction, tenant: TenantId, keys: TenantKeys): Promise<number> {
    const noted = await tx.range(unrolled, { prefix: [tenant], limit: FOLD_BATCHES });
    const account = noted.length === 0 ? undefined : await readAccount(tx, tenant);
    if (account === undefined) return 0;
    const taken = withinBudget(noted);
    const rows = await tx.readMany(
      batches,
      taken.map(({ batch_id }) => [tenant, batch_id]),
    );
    const found = rows.flatMap((row) => (row === undefined ? [] : [{ id: row.batch_id, events: eventsOf(row, keys) }]));
    await this.addBatches(tx, account, found);
    for (const { batch_id } of taken) tx.delete(unrolled, [tenant, batch_id]);
    return taken.length;
  }

  /** Adds events that no batch holds any more, as a rebuild finds them. @param batchId orders them among others of one instant */
  async addEvents(account: Account, batchId: string, events: readonly AcceptedEvent[]): Promise<void> {
    await this.#database.transact((tx) => this.addBatches(tx, account, [{ id: batchId, events }]));
  }

  /**
   * Adds batches in a transaction; whoever calls sees to it that nobody adds them again.
   * @param rowsMax where that would move more rows, nothing is written
   * @returns whether they were added
   */
  async addBatches(
    tx: Transaction,
    account: Account,
    found: readonly { readonly id: string; readonly events: readonly AcceptedEvent[] }[],
    rowsMax = Number.POSITIVE_INFINITY,
  ): Promise<boolean> {
    const { tenant } = account;
    const salt = await saltOf(tx, tenant);
    const key = salt ?? this.#entropy.bytes(32);
    const draft = new RollupDraft(account, valueHash(key));
    for (const { id, events } of found) draft.addBatch(id, events);
    if (draft.rows.size + draft.values.size > rowsMax) return false;
    if (salt === undefined && draft.values.size > 0) tx.insert(usage_salts, { tenant, salt: key });
    await this.#addTo(tx, tenant, draft);
    return true;
  }

  /**
   * Moves the sums of the time at which a billed event was used; call it in the transaction that corrects the event.
   * @param correction.change as the event's own quantity counts: -2 takes two units back
   * @param event the event's canonical text, for its dimensions; undefined once it was purged, then it counts without any
   */
  async correct(
    tx: Transaction,
    tenant: TenantId,
    correction: {
      readonly subscription: string;
      readonly meter: string;
      readonly occurredAt: Instant;
      readonly change: Quantity;
    },
    event: string | undefined,
  ): Promise<void> {
    const account = await readAccount(tx, tenant);
    if (account === undefined) return;
    const draft = new RollupDraft(account, () => '');
    draft.correct(correction, event);
    await this.#addTo(tx, tenant, draft);
  }

  /** Adds a draft to what the rows hold. */
  async #addTo(tx: Transaction, tenant: TenantId, draft: RollupDraft): Promise<void> {
    const rows = [...draft.rows.values()];
    const held = await tx.readMany(
      usage_rollups,
      rows.map(({ series, level, at }) => [
        tenant,
        series.meter.name,
        series.subscription.id,
        level,
        at,
        series.groupId,
      ]),
    );
    for (const [i, { series, level, at, cells }] of rows.entries()) {
      const { aggregation } = series.meter;
      const before = held[i];
      if (before !== undefined) {
        for (const [start, cell] of unpackCells(aggregation, before.cells)) addCell(cells, aggregation, start, cell);
      }
      tx.upsert(usage_rollups, {
        tenant,
        meter: series.meter.name,
        subscription: series.subscription.id,
        level,
        starts_at: at,
        group_id: series.groupId,
        dimensions: series.group,
        cells: packCells(cells),
        expires_at: this.#expiry(level, at),
      });
    }
    const values = [...draft.values.values()];
    const seen = await tx.readMany(
      usage_values,
      values.map(({ series, day, value }) => [
        ...[tenant, series.meter.name, series.subscription.id],
        ...[day, series.groupId, value],
      ]),
    );
    for (const [i, { series, day, value, minutes }] of values.entries()) {
      const before = seen[i];
      if (before !== undefined) for (const minute of unpackMinutes(before.minutes)) minutes.add(minute);
      tx.upsert(usage_values, {
        tenant,
        meter: series.meter.name,
        subscription: series.subscription.id,
        day,
        group_id: series.groupId,
        value,
        minutes: packMinutes(minutes),
        expires_at: this.#expiry('quarter', day),
      });
    }
  }

  #expiry(level: Level, at: Instant): Instant {
    const days = level === 'minute' ? this.#retention.minutes : this.#retention.quarters;
    return plusMicros(rowEnd(level, at), BigInt(days) * MICROS_PER_DAY);
  }
}

/** Batches that one commit takes: the first whatever its size. */
function withinBudget<T extends { readonly count: number }>(noted: readonly T[]): T[] {
  let events = 0;
  return noted.filter(({ count }, i) => {
    events += count;
    return i === 0 || events <= FOLD_EVENTS;
  });
}

export const saltOf = async (reader: Reader, tenant: TenantId): Promise<Uint8Array | undefined> =>
  (await reader.read(usage_salts, [tenant]))?.salt;

/**
 * Names a counted value by a keyed hash, 16 bytes in base64url: the same within a tenant's meter however long, and not to be
 * linked with another tenant's or meter's. Two of 2^32 values fall together by chance once in 2^65.
 */
export const valueHash =
  (key: Uint8Array) =>
  (meter: string, value: string): string =>
    createHmac('sha256', key)
      .update(`usage-value/v1\n${meter}\n${value}`)
      .digest()
      .subarray(0, 16)
      .toString('base64url');
