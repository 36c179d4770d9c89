import type { Account } from '../../shared/domain/account/account.ts';
import { type Quantity, readCanonicalDecimal } from '../../shared/domain/decimals.ts';
import type { Sequence } from '../../shared/domain/ids.ts';
import type { EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../../shared/domain/time.ts';
import type { AcceptedEvent } from '../../shared/domain/usage/accepted.ts';
import type { Database } from '../../shared/ports/database.ts';
import { Archive } from '../../shared/stores/archive.ts';
import { usageCorrectedBy } from '../../shared/stores/corrections.ts';
import { LogReader } from '../../shared/stores/log-reader.ts';
import { UsageRollups } from '../../shared/stores/usage-rollups.ts';
import type { RebuildRoom } from './room.ts';

/** Sums are moved by so many receipts at once. */
const RECEIPTS_PER_COMMIT = 1000;
const RETENTION = { minutes: 40, quarters: 400 };

/**
 * Sums of usage, made again from receipts. A receipt tells when, how much and for which meter, but no properties: all of it
 * counts without dimensions. Of a counted value it holds the commitment, which is another in each billing period and not what
 * events name it by: windows before the rebuild and within one period are exact, others may count a value once more.
 */
export class UsageSums {
  readonly #account: Account;
  readonly #rollups: UsageRollups;
  readonly #database: Database;
  readonly #log: LogReader;
  readonly #since: Instant;
  readonly #corrections: EntryOf<'correction'>[] = [];
  #pending: AcceptedEvent[] = [];
  #commits = 0;

  constructor(account: Account, { database, vault, entropy }: RebuildRoom, now: Instant) {
    this.#account = account;
    this.#database = database;
    this.#rollups = new UsageRollups(database, entropy, RETENTION);
    this.#log = new LogReader(database, new Archive(database, vault));
    this.#since = plusMicros(now, -BigInt(RETENTION.quarters + 1) * MICROS_PER_DAY);
  }

  async take(charge: EntryOf<'charge'>): Promise<void> {
    if (charge.occurred_at < this.#since) return;
    this.#pending.push({
      receiptId: charge.event_id,
      subscription: charge.subscription,
      meter: charge.meter,
      quantity: readCanonicalDecimal(charge.quantity, 12) as Quantity,
      occurredAt: charge.occurred_at as Instant,
      value: charge.value_commit,
      salt: '',
      event: '{"data":{}}',
    });
    if (this.#pending.length >= RECEIPTS_PER_COMMIT) await this.#flush();
  }

  correct(correction: EntryOf<'correction'>): void {
    this.#corrections.push(correction);
  }

  /** Call it when the log's pages are written: what a correction is about stands there. */
  async finish(): Promise<void> {
    await this.#flush();
    const corrected = new Map<Sequence, bigint>();
    for (const { ref_seq, quantity } of this.#corrections) {
      const seq = Number(ref_seq);
      corrected.set(seq, (corrected.get(seq) ?? 0n) + readCanonicalDecimal(quantity, 12)!);
    }
    for (const [seq, part] of corrected) {
      const [text] = await this.#log.entries(this.#account.tenant, seq, seq + 1);
      const charge = readEntry(text!) as EntryOf<'charge'>;
      if (charge.occurred_at < this.#since) continue;
      const usage = usageCorrectedBy(charge, part);
      await this.#database.transact((tx) => this.#rollups.correct(tx, this.#account.tenant, usage, undefined));
    }
  }

  async #flush(): Promise<void> {
    const events = this.#pending;
    this.#pending = [];
    if (events.length === 0) return;
    // In the order of the log, and before every batch that comes later: those are named by when they were accepted.
    await this.#rollups.addEvents(
      this.#account,
      `0000000000000000-${String(this.#commits++).padStart(9, '0')}`,
      events,
    );
  }
}
