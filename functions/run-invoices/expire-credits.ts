import type { TenantId } from '../../shared/domain/ids.ts';
import { receiptsAppended } from '../../shared/domain/messages.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { mirrorPages, projectFrom, type SignReceiptsRoom } from '../sign-receipts/sign-receipts.ts';

/** Writes off what is left of credits that have expired: one entry each, so that the balance of a credit is always in the ledger. */
export async function expireCredits(
  tenant: TenantId,
  now: Instant,
  room: SignReceiptsRoom,
): Promise<number | 'frozen'> {
  const done = await room.ledger.append(tenant, now, async (work) => {
    let expired = 0;
    for (const held of work.books.money.grants.values()) {
      if (held.balance <= 0n || held.expiresAt === '' || held.expiresAt > work.scribe.recordedAt) continue;
      const { id, balance, currency } = held;
      work.scribe.money('credit_expiry', { amount: String(balance), currency, grant_id: id, reason: 'expired' });
      expired++;
    }
    return expired;
  });
  if (done === 'frozen') return 'frozen';
  await mirrorPages(tenant, done.appended.pages, room);
  await room.bus.publish(receiptsAppended());
  const first = done.appended.pages[0];
  if (first !== undefined) await projectFrom(tenant, first.firstSeq, room);
  return done.result;
}
