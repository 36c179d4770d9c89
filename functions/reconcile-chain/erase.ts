import type { TenantId } from '../../shared/domain/ids.ts';
import { receiptsAppended } from '../../shared/domain/messages.ts';
import type { Bus } from '../../shared/ports/bus.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { ErasureStore } from '../../shared/stores/erasure-store.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';
import { mirrorPages } from '../sign-receipts/sign-receipts.ts';
import type { RestRoom } from './rest.ts';

export interface EraseRoom extends RestRoom {
  readonly erasures: ErasureStore;
  readonly ledger: LedgerStore;
  readonly mirror: Mirror;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** One call looks through so many commits' worth of batches; the next one goes on. */
const COMMITS_PER_CALL = 200;

/**
 * Carries a decided erasure out as far as it can be now, and says so in the ledger when it is done. Usage that waits to be billed is
 * billed first, so an erasure may take until the next pass.
 * @returns whether it is done
 */
export async function carryOut(tenant: TenantId, id: string, room: EraseRoom): Promise<boolean> {
  const { erasures, ledger, clock } = room;
  let outcome: Awaited<ReturnType<ErasureStore['step']>> = 'more';
  for (let commit = 0; outcome === 'more' && commit < COMMITS_PER_CALL && room.stopping?.aborted !== true; commit++) {
    outcome = await erasures.step(tenant, id);
  }
  if (outcome !== 'through') return false;
  const now = clock.now();
  const done = await ledger.append(tenant, now, (work, tx) => erasures.finish(work, tx, id, now));
  if (done === 'frozen') return false;
  if (!done.result) return true;
  await mirrorPages(tenant, done.appended.pages, room);
  await room.bus.publish(receiptsAppended());
  return true;
}

/** Goes on with every erasure that is not done. One tenant's trouble keeps nobody else's data. @returns how many were done */
export async function eraseRunning(room: EraseRoom, limit: number): Promise<number> {
  let done = 0;
  for (const { tenant, erasure_id } of await room.erasures.running(limit)) {
    if (room.stopping?.aborted === true) break;
    try {
      if (await carryOut(tenant as TenantId, erasure_id, room)) done++;
    } catch (error) {
      room.log.error('erasure_failed', error, { tenant, erasure: erasure_id });
    }
  }
  return done;
}
