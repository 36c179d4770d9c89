import type { Quantity } from '../decimals.ts';
import { formatQuantity, readCanonicalDecimal } from '../decimals.ts';
import type { Instant } from '../time.ts';

/** An event between acceptance and its receipt, as its batch keeps it. */
export interface AcceptedEvent {
  readonly receiptId: string;
  readonly subscription: string;
  readonly meter: string;
  readonly quantity: Quantity;
  readonly occurredAt: Instant;
  /** unique_count only */
  readonly value: string;
  /** base64url of 32 bytes: opens the receipt's commitment to the event */
  readonly salt: string;
  /** canonical text of the event */
  readonly event: string;
}

/** A batch's payload: one JSON list per event and line. */
export const packEvents = (events: readonly AcceptedEvent[]): Buffer =>
  Buffer.from(
    events
      .map((e) =>
        JSON.stringify([
          e.receiptId,
          e.subscription,
          e.meter,
          formatQuantity(e.quantity),
          e.occurredAt,
          e.value,
          e.salt,
          e.event,
        ]),
      )
      .join('\n'),
    'utf8',
  );

/** Reads a batch's payload back. It was written by `packEvents`, so its shape is taken as given. */
export function unpackEvents(payload: Uint8Array): AcceptedEvent[] {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
  return text.split('\n').map((line) => {
    const [receiptId, subscription, meter, quantity, occurredAt, value, salt, event] = JSON.parse(line) as [
      string,
      string,
      string,
      string,
      Instant,
      string,
      string,
      string,
    ];
    const units = readCanonicalDecimal(quantity, 12);
    if (units === undefined) throw new Error(`a batch holds the quantity ${quantity}`);
    return { receiptId, subscription, meter, quantity: units as Quantity, occurredAt, value, salt, event };
  });
}
