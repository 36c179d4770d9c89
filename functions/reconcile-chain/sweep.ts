import { TryAgain } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { TenantHead } from '../../shared/domain/ledger/seal.ts';
import { periodInvoiced, receiptsAppended, usageAccepted } from '../../shared/domain/messages.ts';
import type { Bus } from '../../shared/ports/bus.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { Archive } from '../../shared/stores/archive.ts';
import type { IdempotencyStore } from '../../shared/stores/idempotency-store.ts';
import type { InvoiceStore } from '../../shared/stores/invoice-store.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';
import type { PurgeStore } from '../../shared/stores/purge-store.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';
import type { SealStore } from '../../shared/stores/seal-store.ts';
import type { UsageRollups } from '../../shared/stores/usage-rollups.ts';
import type { UsageStore } from '../../shared/stores/usage-store.ts';
import { sumUp } from '../sign-receipts/sign-receipts.ts';
import { type EraseRoom, eraseRunning } from './erase.ts';
import { type HealRoom, healReadModels } from './read-models.ts';

export interface SweepRoom extends HealRoom, EraseRoom {
  readonly purges: PurgeStore;
  readonly usage: UsageStore;
  readonly rollups: UsageRollups;
  readonly idempotencyKeys: IdempotencyStore;
  readonly ledger: LedgerStore;
  readonly archive: Archive;
  readonly seals: SealStore;
  readonly invoices: InvoiceStore;
  readonly reconciliation: ReconciliationStore;
  readonly mirror: Mirror;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** How far each tenant's mirror is known to be whole; kept by a warm instance, rebuilt by a cold one. */
  readonly mirrored: Map<string, number>;
}

export interface Swept {
  /** tenants whose waiting usage was announced again */
  readonly rung: number;
  /** batches of usage that nobody had added to its sums */
  readonly summedUp: number;
  readonly pagesMirrored: number;
  /** pages whose mirror copy is another than the database's */
  readonly pagesDifferent: number;
  readonly invoicesRung: number;
  /** read models that were behind the books */
  readonly projectionsHealed: number;
  readonly keysPurged: number;
  /** sums of usage that are older than they are kept */
  readonly sumsPurged: number;
  /** erasures that were decided and are done now */
  readonly erased: number;
}

const PURGE_ROWS = 5000;
const ERASURES_PER_PASS = 20;

/**
 * The tail sweep: finds whatever was not announced, from rows alone, and rings again. A lost message costs seconds, never
 * an event. It copies pages that the mirror lacks; a page that the mirror holds differently is a fault and freezes its
 * tenant.
 */
export async function sweep(room: SweepRoom): Promise<Swept> {
  const { usage, invoices, seals, bus, clock } = room;
  const waiting = await usage.waitingTenants(10_000);
  for (const tenant of waiting) {
    if ((await room.reconciliation.frozen(tenant)) === undefined) await bus.publish(usageAccepted(tenant));
  }

  let summedUp = 0;
  for (const tenant of await room.rollups.unfolded(10_000)) summedUp += await sumUp(tenant, room);

  const heads = await room.reconciliation.heads();
  const mirrored = await healMirrors(heads, room);

  if (await seals.isDue()) await bus.publish(receiptsAppended());

  const due = await invoices.unarchived(1000);
  for (const { tenant, number } of due) await bus.publish(periodInvoiced(tenant, number));

  const projectionsHealed = await healReadModels(heads, due, room);

  const keysPurged =
    (await usage.purgeExpired(clock.now(), PURGE_ROWS)) +
    (await room.idempotencyKeys.purgeExpired(clock.now(), PURGE_ROWS));
  const sumsPurged = await room.rollups.purgeRollups(clock.now(), PURGE_ROWS);
  const forgotten = await room.erasures.forget(clock.now(), PURGE_ROWS);
  await room.purges.note(clock.now(), { keys: keysPurged, usage_sums: sumsPurged, erasure_proposals: forgotten });
  const erased = await eraseRunning(room, ERASURES_PER_PASS);
  return {
    rung: waiting.length,
    summedUp,
    ...mirrored,
    invoicesRung: due.length,
    projectionsHealed,
    keysPurged,
    sumsPurged,
    erased,
  };
}

interface MirrorsHealed {
  readonly pagesMirrored: number;
  readonly pagesDifferent: number;
}

/** A mirror that is away stops neither doorbells nor seals: it is logged, and the next pass goes on where this one was. */
async function healMirrors(heads: readonly TenantHead[], room: SweepRoom): Promise<MirrorsHealed> {
  const healed = { pagesMirrored: 0, pagesDifferent: 0 };
  for (const head of heads) {
    try {
      const { pagesMirrored, pagesDifferent } = await healMirror(head, room);
      healed.pagesMirrored += pagesMirrored;
      healed.pagesDifferent += pagesDifferent;
    } catch (error) {
      room.log.error('mirror_failed', error, { tenant: head.tenant });
      // Each tenant more would wait as long for the same answer.
      if (error instanceof TryAgain) return healed;
    }
  }
  return healed;
}

async function healMirror(head: TenantHead, room: SweepRoom): Promise<MirrorsHealed> {
  const { reconciliation, ledger, archive, mirror, mirrored, clock, log } = room;
  let pagesMirrored = 0;
  let pagesDifferent = 0;
  const tenant = head.tenant as TenantId;
  const from =
    mirrored.get(tenant) ??
    Math.max((await reconciliation.verified(tenant))?.size ?? 0, await archive.retiredBefore(tenant));
  if (from >= head.size) return { pagesMirrored, pagesDifferent };
  for (const page of await ledger.pages(tenant, from, head.size)) {
    const outcome = await mirror.create(tenant, page.firstSeq, page.bytes);
    if (outcome === 'created') {
      pagesMirrored++;
      log.warn('mirror_healed', { tenant, seq: page.firstSeq });
    } else if (outcome === 'different') {
      pagesDifferent++;
      log.warn('mirror_differs', { tenant, seq: page.firstSeq });
      const fault = { kind: 'copy_differs', seq: page.firstSeq, detail: 'the mirror holds another page' };
      await reconciliation.freeze(tenant, fault, clock.now());
    }
  }
  mirrored.set(tenant, head.size);
  return { pagesMirrored, pagesDifferent };
}
