import type { LedgerOrigin, TenantId } from '../domain/ids.ts';
import { type Instant, later } from '../domain/time.ts';
import type { AcceptedEvent } from '../domain/usage/accepted.ts';
import type { Database, Key, RowOf } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { type Draft, DraftTransaction } from './draft.ts';
import { type Appended, LedgerWork } from './ledger-work.ts';
import type { PersonalData, TenantKeys } from './personal-data.ts';
import { freezes, heads, unrolled, waiting } from './tables.ts';
import type { UsageRollups } from './usage-rollups.ts';

/** One commit takes at most this many waiting batches and, beyond the first, this many events. */
const APPEND_BATCHES = 64;
const APPEND_EVENTS = 4000;
/** So many writes are enough for one commit, which takes some ten thousand cells. The first batch goes whatever it takes. */
const APPEND_WRITES = 2000;

/**
 * Sums go into the same commit as long as receipts and sums write no more rows than that, at most some twenty cells each: a thousand meters,
 * thousands of new values or of groups fill a commit by themselves, and their sums have one of their own.
 */
const SUMMED_WRITES = 1200;
const SUMMED_ROWS = 2000;

/** What would become of a tenant's waiting usage. */
export interface WaitingDraft extends Draft {
  readonly appended: Appended;
}

/** Whoever makes drafts: this thread or another. */
export interface Drafter {
  /** @param now not before the last seal @throws Unratable when an event cannot be rated */
  draft(tenant: TenantId, now: Instant): Promise<WaitingDraft>;
}

/**
 * Turns waiting batches into receipts on a snapshot: rates, numbers, links, pages, sums up; all that costs time, and no lock is held
 * meanwhile. What it makes counts once it is committed on a head that has not moved.
 */
export class Draftsman implements Drafter {
  readonly #database: Pick<Database, 'snapshot'>;
  readonly #means: { readonly ledger: LedgerOrigin; readonly entropy: Entropy };
  readonly #personal: PersonalData;
  readonly #rollups: UsageRollups | undefined;

  /** @param rollups sums up what is appended; without them that is left to others */
  constructor(
    database: Pick<Database, 'snapshot'>,
    means: { readonly ledger: LedgerOrigin; readonly entropy: Entropy },
    personal: PersonalData,
    rollups: UsageRollups | undefined,
  ) {
    this.#database = database;
    this.#means = means;
    this.#personal = personal;
    this.#rollups = rollups;
  }

  async draft(tenant: TenantId, now: Instant): Promise<WaitingDraft> {
    const keys = await this.#personal.keysIfAny(tenant);
    if (keys === undefined) return nothing('idle', 0);
    return this.#database.snapshot(async (view) => {
      const tx = new DraftTransaction(view);
      if ((await tx.read(freezes, [tenant])) !== undefined) return nothing('frozen', 0);
      const rows = await view.range(waiting, { prefix: [tenant], limit: APPEND_BATCHES + 1 });
      if (rows.length === 0) return nothing('idle', (await view.read(heads, [tenant]))?.size ?? 0);
      // A receipt is not made before its event was accepted, whatever the clock says now: somebody may have set it back in between.
      const at = rows.slice(0, APPEND_BATCHES).reduce((latest, one) => later(latest, one.accepted_at as Instant), now);
      const work = await LedgerWork.begin(tx, tenant, at, this.#means);
      const taken = await this.#append(work, tx, rows, keys);
      const isSummedUp = await this.#sumUp(work, tx, taken);
      const events = taken.reduce((sum, batch) => sum + batch.events.length, 0);
      const appended = { ...work.finish(), isMore: taken.length < rows.length, events, isSummedUp };
      return { appended, seen: tx.seen, writes: tx.writes };
    });
  }

  async #append(
    work: LedgerWork,
    tx: DraftTransaction,
    rows: readonly RowOf<typeof waiting.columns>[],
    keys: TenantKeys,
  ): Promise<Batch[]> {
    const taken: Batch[] = [];
    let events = 0;
    for (const { batch_id, count } of rows.slice(0, APPEND_BATCHES)) {
      if (events > 0 && (events + count > APPEND_EVENTS || tx.writes.length > APPEND_WRITES)) break;
      events += count;
      taken.push({ id: batch_id, events: await work.appendBatch(batch_id, keys) });
    }
    // Read by their keys, so that they are watched: what another has taken meanwhile is not taken twice.
    await tx.readMany(waiting, keysOf(work.tenant, taken));
    return taken;
  }

  /** @returns whether it is summed up, or was */
  async #sumUp({ tenant, account }: LedgerWork, tx: DraftTransaction, taken: readonly Batch[]): Promise<boolean> {
    if (this.#rollups === undefined || tx.writes.length > SUMMED_WRITES) return false;
    const noted = await tx.readMany(unrolled, keysOf(tenant, taken));
    const left = taken.filter((_, i) => noted[i] !== undefined);
    if (!(await this.#rollups.addBatches(tx, account, left, SUMMED_ROWS))) return false;
    for (const key of keysOf(tenant, left)) tx.delete(unrolled, key);
    return true;
  }
}

interface Batch {
  readonly id: string;
  readonly events: readonly AcceptedEvent[];
}

const keysOf = (tenant: TenantId, some: readonly Batch[]): Key[] => some.map(({ id }) => [tenant, id]);

const nothing = (outcome: 'idle' | 'frozen', size: number): WaitingDraft => ({
  appended: { outcome, pages: [], size, isMore: false },
  seen: [],
  writes: [],
});
