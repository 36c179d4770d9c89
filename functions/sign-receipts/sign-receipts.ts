import { TryAgain } from '../../shared/domain/errors.ts';
import type { Sequence, TenantId } from '../../shared/domain/ids.ts';
import type { Page } from '../../shared/domain/ledger/page.ts';
import { receiptsAppended } from '../../shared/domain/messages.ts';
import type { Bus } from '../../shared/ports/bus.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';
import type { Projector } from '../../shared/stores/projector.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';
import { Unratable } from '../../shared/stores/unratable.ts';
import type { UsageRollups } from '../../shared/stores/usage-rollups.ts';

export interface SignReceiptsRoom {
  readonly ledger: LedgerStore;
  readonly rollups: UsageRollups;
  readonly reconciliation: ReconciliationStore;
  readonly mirror: Mirror;
  readonly projector: Projector;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Turns everything a tenant has waiting into receipts, however many doorbells rang.
 *
 * Each round is one transaction on the tenant's head. A second worker at the same tenant finds nothing left, or loses the
 * commit and starts over; neither skips a number nor gives one twice. Usage that cannot be rated stops this tenant's
 * billing until somebody has looked; nobody else's.
 *
 * @returns how many pages were appended
 */
export async function signReceipts(tenant: TenantId, room: SignReceiptsRoom): Promise<number> {
  const { ledger, reconciliation, bus, clock, log } = room;
  let appendedPages = 0;
  let firstSeq: Sequence | undefined;
  let mirrored: Promise<void> = Promise.resolve();
  let isSummedUp = false;
  try {
    for (let isMore = true; isMore; ) {
      const appended = await ledger.appendWaiting(tenant, clock.now());
      if (appended.outcome === 'frozen') log.warn('billing_frozen', { tenant });
      if (appended.outcome !== 'appended') break;
      isSummedUp = appended.isSummedUp === true && (isSummedUp || appendedPages === 0);
      appendedPages += appended.pages.length;
      firstSeq ??= appended.pages[0]?.firstSeq;
      // Usage that comes after this look rings for itself.
      isMore = appended.isMore === true;
      await mirrored;
      mirrored = mirrorPages(tenant, appended.pages, room);
      await bus.publish(receiptsAppended());
    }
  } catch (error) {
    if (!(error instanceof Unratable)) throw error;
    log.error('usage_unratable', error, { tenant });
    await reconciliation.freeze(tenant, { kind: 'unratable', seq: -1, detail: error.message }, clock.now());
  } finally {
    await mirrored;
  }
  // Once for all rounds: a read model is one document, which Firestore takes about once a second.
  if (firstSeq !== undefined) await projectFrom(tenant, firstSeq, room);
  // What is appended is mostly summed up in the same commit; what cannot be billed is summed up all the same.
  if (!isSummedUp) await sumUp(tenant, room);
  return appendedPages;
}

/** Adds accepted usage to its sums, whether or not it can be billed. What fails here, the sweep does again. */
export async function sumUp(
  tenant: TenantId,
  { rollups, log }: Pick<SignReceiptsRoom, 'rollups' | 'log'>,
): Promise<number> {
  try {
    return await rollups.fold(tenant);
  } catch (error) {
    log.error('summing_up_failed', error, { tenant });
    return 0;
  }
}

/** Pages that are copied at once. */
const MIRRORED_TOGETHER = 8;

/** Copies pages to the mirror right after their commit. What fails here, the sweep copies later. */
export async function mirrorPages(
  tenant: TenantId,
  pages: readonly Page[],
  { mirror, log }: Pick<SignReceiptsRoom, 'mirror' | 'log'>,
): Promise<void> {
  for (let from = 0; from < pages.length; from += MIRRORED_TOGETHER) {
    const copied = pages.slice(from, from + MIRRORED_TOGETHER).map(async ({ firstSeq, bytes }) => {
      try {
        const outcome = await mirror.create(tenant, firstSeq, bytes);
        if (outcome === 'different') log.warn('mirror_differs', { tenant, seq: firstSeq });
        return true;
      } catch (error) {
        log.error('mirror_failed', error, { tenant, seq: firstSeq });
        // A mirror that does not answer would keep the doorbell waiting once more for the pages that follow.
        return !(error instanceof TryAgain);
      }
    });
    if ((await Promise.all(copied)).includes(false)) return;
  }
}

/** Shows the tenant what entries from `from` on have changed. What fails here, the sweep makes again: billing is done. */
export async function projectFrom(
  tenant: TenantId,
  from: Sequence,
  { projector, clock, log }: Pick<SignReceiptsRoom, 'projector' | 'clock' | 'log'>,
): Promise<void> {
  try {
    await projector.follow(tenant, from, clock.now());
  } catch (error) {
    log.error('projection_failed', error, { tenant, seq: from });
  }
}
