import { periodInvoiced, receiptsAppended, usageAccepted } from '../../shared/domain/messages.ts';
import type { Bus } from '../../shared/ports/bus.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { IdempotencyStore } from '../../shared/stores/idempotency-store.ts';
import type { InvoiceStore } from '../../shared/stores/invoice-store.ts';
import type { PurgeStore } from '../../shared/stores/purge-store.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';
import type { SealStore } from '../../shared/stores/seal-store.ts';
import type { UsageRollups } from '../../shared/stores/usage-rollups.ts';
import type { UsageStore } from '../../shared/stores/usage-store.ts';
import { sumUp } from '../sign-receipts/sign-receipts.ts';
import { type EraseRoom, eraseRunning } from './erase.ts';
import { healMirrors, type MirrorsRoom } from './mirrors.ts';
import { type HealRoom, healReadModels } from './read-models.ts';
import { goOn } from './rest.ts';

export interface SweepRoom extends HealRoom, EraseRoom, MirrorsRoom {
  readonly purges: PurgeStore;
  readonly usage: UsageStore;
  readonly rollups: UsageRollups;
  readonly idempotencyKeys: IdempotencyStore;
  readonly seals: SealStore;
  readonly invoices: InvoiceStore;
  readonly reconciliation: ReconciliationStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
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
 * @throws TryAgain where the process is ending
 */
export async function sweep(room: SweepRoom): Promise<Swept> {
  const { usage, invoices, seals, bus, clock } = room;
  const waiting = await usage.waitingTenants(10_000);
  const frozen = new Set(
    (waiting.length === 0 ? [] : await room.reconciliation.allFrozen()).map(({ tenant }) => tenant),
  );
  for (const tenant of waiting) {
    goOn(room);
    if (!frozen.has(tenant)) await bus.publish(usageAccepted(tenant));
  }

  let summedUp = 0;
  for (const tenant of await room.rollups.unfolded(10_000)) {
    goOn(room);
    summedUp += await sumUp(tenant, room);
  }

  const heads = await room.reconciliation.heads();
  const mirrored = await healMirrors(heads, room);
  goOn(room);

  if (await seals.isDue()) await bus.publish(receiptsAppended());

  const due = await invoices.unarchived(1000);
  for (const { tenant, number } of due) {
    goOn(room);
    await bus.publish(periodInvoiced(tenant, number));
  }

  const projectionsHealed = await healReadModels(heads, due, room);
  goOn(room);

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
