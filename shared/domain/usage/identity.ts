import { base64url } from '../canonical.ts';
import { sha256Base64url, sha256Hex } from '../digest.ts';
import type { ReceiptId, TenantId } from '../ids.ts';
import type { Instant } from '../time.ts';

/** Bytes that are kept of a key's hash. */
export const KEY_HASH_BYTES = 16;

/**
 * Identity of an event's key within its tenant: the first 16 bytes of
 * SHA-256( "event-key/v1\n" tenant "\n" source "\n" key ). What deduplication keeps; the key itself is never stored in a
 * receipt.
 */
export function keyHash(tenant: TenantId, source: string, key: string): Buffer {
  const bytes = Buffer.allocUnsafe(KEY_HASH_BYTES);
  // A hash as text costs half of one as bytes.
  bytes.write(sha256Hex(`event-key/v1\n${tenant}\n${source}\n${key}`), 0, KEY_HASH_BYTES, 'hex');
  return bytes;
}

/** The same of a key in ASCII as its bytes, with what comes before it written once for many. */
export function keyHasher(tenant: TenantId, source: string): (key: Uint8Array, into: Buffer, at: number) => void {
  const lead = Buffer.from(`event-key/v1\n${tenant}\n${source}\n`, 'utf8');
  const input = Buffer.concat([lead, Buffer.alloc(KEY_MAX_BYTES)]);
  return (key, into, at) => {
    input.set(key, lead.length);
    into.write(sha256Hex(input.subarray(0, lead.length + key.length)), at, KEY_HASH_BYTES, 'hex');
  };
}
const KEY_MAX_BYTES = 255;

/**
 * The receipt id, known as soon as the event is accepted: base64url( keyHash ‖ first 16 bytes of
 * SHA-256( "event-id/v1\n" base64url(keyHash) "\n" time ) ). It covers (tenant, source, key, time), so one event has one id for ever.
 */
export function receiptId(hash: Uint8Array, time: Instant): ReceiptId {
  idBytes.set(hash, 0);
  const digest = sha256Hex(`event-id/v1\n${idBytes.toString('base64url', 0, KEY_HASH_BYTES)}\n${time}`);
  idBytes.write(digest, KEY_HASH_BYTES, KEY_HASH_BYTES, 'hex');
  return idBytes.toString('base64url') as ReceiptId;
}
// Read at once; nothing awaits in between.
const idBytes = Buffer.alloc(2 * KEY_HASH_BYTES);

/** The deduplication key that a receipt id begins with. */
export const keyHashOfReceipt = (id: ReceiptId): Buffer => Buffer.from(id, 'base64url').subarray(0, 16);

/**
 * Commitment to the event that a receipt bills: SHA-256( "event/v1\n" ‖ salt (32 bytes) ‖ SHA-256(canonical event) ).
 * The salt stays off the ledger: whoever holds it and the event can prove what was sent; once it is erased nobody can guess.
 * @throws RangeError where salt or digest are not 32 bytes: the rest would be what the last commitment left behind
 */
export function eventCommit(salt: Uint8Array, contentDigest: Uint8Array): string {
  if (salt.length !== 32 || contentDigest.length !== 32) throw new RangeError('a commitment is over 32 and 32 bytes');
  commitInput.set(salt, EVENT_LABEL.length);
  commitInput.set(contentDigest, EVENT_LABEL.length + 32);
  return sha256Base64url(commitInput);
}

/** The same over an event's canonical text: a digest as text costs half of one as bytes. */
export function commitToEvent(salt: Uint8Array, event: string): string {
  if (salt.length !== 32) throw new RangeError('a commitment is over 32 and 32 bytes');
  commitInput.set(salt, EVENT_LABEL.length);
  commitInput.write(sha256Hex(event), EVENT_LABEL.length + 32, 32, 'hex');
  return sha256Base64url(commitInput);
}
const EVENT_LABEL = Buffer.from('event/v1\n', 'latin1');
// Hashing copies its input at once; nothing awaits in between.
const commitInput = Buffer.concat([EVENT_LABEL, Buffer.alloc(64)]);

/**
 * Commitment to a value that a unique_count meter counts: SHA-256( "value/v1\n" base64url(salt) "\n" value ). The salt belongs to
 * one aggregate, so equal values of one period have equal commitments and those of two periods cannot be linked.
 */
export const valueCommit = (salt: Uint8Array, value: string): string =>
  sha256Base64url(`value/v1\n${base64url(salt)}\n${value}`);
