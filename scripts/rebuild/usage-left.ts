import type { Account } from '../../shared/domain/account/account.ts';
import { formatDecimal, type Quantity, readCanonicalDecimal } from '../../shared/domain/decimals.ts';
import type { ReceiptId, Sequence } from '../../shared/domain/ids.ts';
import type { EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { type Instant, microsOf } from '../../shared/domain/time.ts';
import { keyHashOfReceipt } from '../../shared/domain/usage/identity.ts';
import { limitsInForce, usedAfter } from '../../shared/domain/usage/limits.ts';
import { contentOfReceipt, knownUntil } from '../../shared/stores/known-keys.ts';
import { batches, dedupe, limit_counters, limit_notices } from '../../shared/stores/tables.ts';
import { percentsReached } from '../../shared/stores/usage-store.ts';
import type { RestoredAccount } from './kept-registry.ts';
import type { RowWriter } from './row-writer.ts';

/**
 * What acceptance must know of usage that was billed before: keys that may still be sent again, and how much of each limit is
 * used up. The batches themselves, with what was sent, are not in mirror or vault.
 */
export class UsageLeft {
  readonly #account: Account;
  readonly #limitsSince: ReadonlyMap<string, string>;
  readonly #now: Instant;
  readonly #batchId: string;
  readonly #used = new Map<string, { readonly limitId: string; readonly period: string; used: bigint }>();
  #keys = 0;

  constructor({ account, limitsSince }: RestoredAccount, now: Instant) {
    this.#account = account;
    this.#limitsSince = limitsSince;
    this.#now = now;
    this.#batchId = `${microsOf(now).toString(16).padStart(16, '0')}-rebuilt`;
  }

  async take(charge: EntryOf<'charge'>, seq: Sequence, writer: RowWriter): Promise<void> {
    const { tenant, latenessDays } = this.#account;
    const occurredAt = charge.occurred_at as Instant;
    const expiresAt = knownUntil(latenessDays, occurredAt);
    if (expiresAt > this.#now) {
      this.#keys++;
      await writer.put(dedupe, {
        tenant,
        key_hash: keyHashOfReceipt(charge.event_id as ReceiptId),
        content_hash: contentOfReceipt(charge.event_id),
        batch_id: this.#batchId,
        position: seq,
        expires_at: expiresAt,
      });
    }
    await this.#countLimits(charge, occurredAt, writer);
  }

  async #countLimits(charge: EntryOf<'charge'>, occurredAt: Instant, writer: RowWriter): Promise<void> {
    const subscription = this.#account.subscriptions.find(({ id }) => id === charge.subscription);
    const meter = subscription?.meters.find(({ name }) => name === charge.meter);
    if (subscription === undefined || meter === undefined) return;
    const quantity = readCanonicalDecimal(charge.quantity, 12) as Quantity;
    for (const { limit, subscription: alone, key: period } of limitsInForce(
      this.#account,
      subscription,
      meter.name,
      occurredAt,
    )) {
      // A plan's limit counts from the instant it is granted; the organization's own from when somebody set it.
      const since = alone === undefined ? this.#limitsSince.get(limit.id) : '';
      if (since === undefined || charge.recorded_at < since) continue;
      const name = `${limit.id} ${period}`;
      const counter = this.#used.get(name) ?? { limitId: limit.id, period, used: 0n };
      const before = counter.used;
      counter.used = usedAfter(meter.aggregation, before, quantity);
      this.#used.set(name, counter);
      for (const percent of percentsReached(limit, before, counter.used)) {
        const notice = { limit_id: limit.id, period, percent: Number(percent), at: charge.recorded_at };
        await writer.put(limit_notices, { tenant: this.#account.tenant, ...notice });
      }
    }
  }

  /** @param size of the log: one batch stands for all of it, so that position i of it is entry i */
  async finish(size: Sequence, writer: RowWriter): Promise<void> {
    const { tenant } = this.#account;
    for (const { limitId, period, used } of this.#used.values()) {
      await writer.put(limit_counters, { tenant, limit_id: limitId, period, used: formatDecimal(used, 12) });
    }
    if (this.#keys === 0) return;
    const batch = { tenant, batch_id: this.#batchId, accepted_at: this.#now, count: size };
    await writer.put(batches, { ...batch, payload: new Uint8Array(0), first_seq: 0 });
  }
}
