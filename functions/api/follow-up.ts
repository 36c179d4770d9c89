import { BadInput } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { receiptsAppended } from '../../shared/domain/messages.ts';
import type { Appended } from '../../shared/stores/ledger-work.ts';
import { mirrorPages, projectFrom } from '../sign-receipts/sign-receipts.ts';
import type { ApiRoom } from './room.ts';

/** @throws BadInput `billing_frozen` */
export function unfrozen<T>(outcome: T | 'frozen'): T {
  if (outcome === 'frozen') {
    throw new BadInput(
      'billing_frozen',
      'billing of the organization stands still until somebody has looked at its ledger',
    );
  }
  return outcome as T;
}

/** Copies, rings and shows what a commit has appended. What fails here, the sweep does again. */
export async function followUp(tenant: TenantId, appended: Appended | undefined, room: ApiRoom): Promise<void> {
  const first = appended?.pages[0];
  if (appended === undefined || first === undefined) return;
  await mirrorPages(tenant, appended.pages, room);
  try {
    await room.bus.publish(receiptsAppended());
  } catch (error) {
    room.log.error('announcement_failed', error, { tenant, topic: 'receipts-appended' });
  }
  await projectFrom(tenant, first.firstSeq, room);
}
