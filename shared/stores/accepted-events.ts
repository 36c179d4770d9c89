import type { ReceiptId, TenantId } from '../domain/ids.ts';
import {
  type AcceptedEvent,
  type FreshEvent,
  packEvents,
  repackEvents,
  unpackEvents,
} from '../domain/usage/accepted.ts';
import { keyHashOfReceipt } from '../domain/usage/identity.ts';
import type { Reader } from '../ports/database.ts';
import { batchOf } from './known-keys.ts';
import type { TenantKeys } from './personal-data.ts';
import { batches, dedupe } from './tables.ts';

/** What a batch's events are bound to. */
const placeOf = (tenant: string, batchId: string): string => `batches ${tenant} ${batchId}`;

/**
 * The payload of a batch: whatever properties its events have, nobody reads them without the organization's key.
 * @param seed 32 random bytes, from which the salts of the events follow
 */
export const sealEvents = (
  tenant: string,
  batchId: string,
  events: readonly FreshEvent[],
  seed: Uint8Array,
  keys: TenantKeys,
): Uint8Array => keys.seal(placeOf(tenant, batchId), packEvents(events, seed));

/** The same payload once something of it was erased. */
export const resealEvents = (
  tenant: string,
  batchId: string,
  events: readonly AcceptedEvent[],
  keys: TenantKeys,
): Uint8Array => keys.seal(placeOf(tenant, batchId), repackEvents(events));

/** The events of a batch as they were accepted; none where they were purged. @throws SealBroken, TryAgain */
export const eventsOf = (
  { tenant, batch_id, payload }: { readonly tenant: string; readonly batch_id: string; readonly payload: Uint8Array },
  keys: TenantKeys,
): AcceptedEvent[] => {
  const opened = keys.open(placeOf(tenant, batch_id), payload);
  return opened.length === 0 ? [] : unpackEvents(opened);
};

/** An event as it was accepted; undefined once its key is forgotten or what was sent was purged. */
export async function acceptedEvent(
  reader: Reader,
  tenant: TenantId,
  id: ReceiptId,
  keys: TenantKeys,
): Promise<AcceptedEvent | undefined> {
  const known = await reader.read(dedupe, [tenant, keyHashOfReceipt(id)]);
  const batch = known === undefined ? undefined : await reader.read(batches, [tenant, batchOf(known)]);
  if (known === undefined || batch === undefined) return undefined;
  const event = eventsOf(batch, keys)[known.position];
  // Long after, the same key may name another event.
  return event?.receiptId === id ? event : undefined;
}
