import { sha256Hex } from '../domain/digest.ts';
import type { ReceiptId } from '../domain/ids.ts';
import { type Instant, instantOfMicros, MICROS_PER_DAY, MICROS_PER_HOUR, microsOf } from '../domain/time.ts';
import type { RowOf } from '../ports/database.ts';
import type { dedupe } from './tables.ts';

/*
 * What a row of `dedupe` says, in as few bytes as it takes: there is one for each event of the last weeks. Rows written before it was
 * said shorter are read as well; they are gone when their time is over.
 */

export type KnownKey = RowOf<typeof dedupe.columns>;

/** How long a row outlives the instant at which its event's time starts to be refused. */
const MARGIN_DAYS = 1n;
const MARK_BYTES = 16;
const BATCH_ID = /^00[0-9a-f]{14}-[0-9a-f]{16}$/;
/** The same 15 bytes, 7 of time and 8 by chance, in base64url. */
const SHORT_BATCH = /^[A-Za-z0-9_-]{20}$/;

/** A batch as rows name it. What a rebuild has made up has a name of another form, and is named by it. */
export const shortBatch = (batchId: string): string =>
  BATCH_ID.test(batchId) ? Buffer.from(batchId.slice(2).replace('-', ''), 'hex').toString('base64url') : batchId;

/** The batch that a row names. */
export function batchOf({ batch_id }: Pick<KnownKey, 'batch_id'>): string {
  if (!SHORT_BATCH.test(batch_id)) return batch_id;
  const hex = Buffer.from(batch_id, 'base64url').toString('hex');
  return `00${hex.slice(0, 14)}-${hex.slice(14)}`;
}

/**
 * What stands for an event's content: the first 16 bytes of SHA-256( "event-content/v1\n" batch "\n" canonical event ). Half of the hash
 * is enough because the batch's id ends with 64 bits by chance, drawn once the event is here: whoever wants to pass another event off
 * as this one must find a second preimage (2^128), not any two that collide (2^64).
 */
export function contentMark(batchId: string, event: string | Uint8Array): Buffer {
  const lead = `event-content/v1\n${batchId}\n`;
  // A hash as text costs half of one as bytes.
  const digest = sha256Hex(
    typeof event === 'string' ? lead + event : Buffer.concat([Buffer.from(lead, 'latin1'), event]),
  );
  return Buffer.from(digest.slice(0, 2 * MARK_BYTES), 'hex');
}

/**
 * What stands for the content of an event of which only the receipt is left, after a rebuild: the half of its id that its time
 * decides. Another time under the same key is still a conflict; other content at the same time is taken for the same event,
 * so that nothing is billed twice.
 */
export const contentOfReceipt = (id: string): Buffer => Buffer.from(id, 'base64url').subarray(16);

/** Whether an event is the one that a row knows its key from. */
export function isSameEvent(row: KnownKey, event: string | Uint8Array, id: ReceiptId): boolean {
  if (row.content_hash.length !== MARK_BYTES) return Buffer.from(sha256Hex(event), 'hex').equals(row.content_hash);
  const batch = batchOf(row);
  return (BATCH_ID.test(batch) ? contentMark(batch, event) : contentOfReceipt(id)).equals(row.content_hash);
}

/**
 * The day with whose beginning an event's key need not be known any more, for its time has been refused for a day at least. A day is a
 * third of an instant, and sorts with instants as one. Spanner takes it for midnight in the database's own time zone, by default some
 * hours later than here; wherever that is, it is within the day that is left.
 */
export function knownUntil(latenessDays: number, time: Instant): string {
  const hour = time.slice(0, HOUR);
  if (last?.hour !== hour || last.latenessDays !== latenessDays) {
    const end = microsOf(`${hour}:00:00.000000Z` as Instant) + MICROS_PER_HOUR;
    const until = end + (BigInt(latenessDays) + MARGIN_DAYS) * MICROS_PER_DAY;
    last = { hour, latenessDays, day: instantOfMicros(until + MICROS_PER_DAY - 1n).slice(0, 10) };
  }
  return last.day;
}
const HOUR = '2026-03-01T12'.length;
// Neighbours share their hour, and calendars cost more than comparing.
let last: { readonly hour: string; readonly latenessDays: number; readonly day: string } | undefined;
