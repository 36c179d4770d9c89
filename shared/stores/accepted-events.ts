import type { ReceiptId, TenantId } from '../domain/ids.ts';
import { type AcceptedEvent, unpackEvents } from '../domain/usage/accepted.ts';
import { keyHashOfReceipt } from '../domain/usage/identity.ts';
import type { Reader } from '../ports/database.ts';
import { batches, dedupe } from './tables.ts';

/** An event as it was accepted; undefined once its key is forgotten or what was sent was purged. */
export async function acceptedEvent(
  reader: Reader,
  tenant: TenantId,
  id: ReceiptId,
): Promise<AcceptedEvent | undefined> {
  const known = await reader.read(dedupe, [tenant, keyHashOfReceipt(id)]);
  const batch = known === undefined ? undefined : await reader.read(batches, [tenant, known.batch_id]);
  if (known === undefined || batch === undefined || batch.payload.length === 0) return undefined;
  const event = unpackEvents(batch.payload)[known.position];
  // Long after, the same key may name another event.
  return event?.receiptId === id ? event : undefined;
}
