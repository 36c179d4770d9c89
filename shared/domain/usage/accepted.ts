import { createCipheriv } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { base64url } from '../canonical.ts';
import type { Quantity } from '../decimals.ts';
import { formatQuantity, readCanonicalDecimal } from '../decimals.ts';
import type { Instant } from '../time.ts';
import { commitToEvent, KEY_HASH_BYTES, receiptId } from './identity.ts';

/** An event between acceptance and its receipt, as its batch keeps it. */
export interface AcceptedEvent {
  readonly receiptId: string;
  readonly subscription: string;
  readonly meter: string;
  readonly quantity: Quantity;
  readonly occurredAt: Instant;
  /** unique_count only */
  readonly value: string;
  /** base64url of 32 bytes: opens the receipt's commitment to the event; empty once the event was erased */
  readonly salt: string;
  /** canonical text of the event; empty once it was erased */
  readonly event: string;
}

/** What acceptance knows of an event; its salt follows from the batch's seed, its receipt id from key and time. */
export interface FreshEvent extends Omit<AcceptedEvent, 'receiptId' | 'salt' | 'event'> {
  /** canonical text, as a string or as its bytes */
  readonly event: string | Uint8Array;
  /** the first half of the receipt id */
  readonly keyHash: Uint8Array;
}

export const SALT_BYTES = 32;
/** First byte of a payload: whether salts follow from one seed, or stand there, since an event of the batch was erased. */
const SEEDED = 0x02;
const SALTED = 0x03;
/** First byte, number of events (4), lengths of the facts and of the texts as they are compressed (4 each). */
const HEADER_BYTES = 13;
/** No payload holds more: a batch is at most some thousand events of at most some ten thousand bytes. */
const UNPACKED_MAX_BYTES = 512 * 1024 * 1024;

/**
 * A batch's payload: keys' hashes, then the seed of the salts, then two parts, each a zstd frame where it is long. The first holds what rating reads, column by
 * column; the second the canonical texts, which it seldom does. Neighbours are alike, so what is left is mostly what is random.
 * @param seed 32 random bytes
 */
export const packEvents = (events: readonly FreshEvent[], seed: Uint8Array): Buffer =>
  pack(SEEDED, events, (i) => events[i]!.keyHash, seed);

/** The same for events that were accepted before, some of which may be erased by now: nothing leads to their salts any more. */
export function repackEvents(events: readonly AcceptedEvent[]): Buffer {
  const salts = Buffer.alloc(events.length * SALT_BYTES);
  for (const [i, { salt }] of events.entries()) salts.write(salt, i * SALT_BYTES, SALT_BYTES, 'base64url');
  return pack(SALTED, events, (i) => Buffer.from(events[i]!.receiptId, 'base64url').subarray(0, KEY_HASH_BYTES), salts);
}

type Facts = Pick<FreshEvent, 'subscription' | 'meter' | 'quantity' | 'occurredAt' | 'value' | 'event'>;

function pack(form: number, events: readonly Facts[], keyOf: (i: number) => Uint8Array, salts: Uint8Array): Buffer {
  const series: string[] = [];
  const numbers = new Map<string, number>();
  const which: string[] = [];
  const quantities: string[] = [];
  const times: string[] = [];
  const values: string[] = [];
  let last: Facts | undefined;
  for (const one of events) {
    const { subscription, meter, quantity, occurredAt, value } = one;
    if (subscription === last?.subscription && meter === last.meter) which.push(which.at(-1)!);
    else {
      const name = `${subscription}\n${meter}`;
      let number = numbers.get(name);
      if (number === undefined) {
        number = series.push(subscription, meter) / 2 - 1;
        numbers.set(name, number);
      }
      which.push(String(number));
    }
    quantities.push(quantity === last?.quantity ? quantities.at(-1)! : formatQuantity(quantity));
    times.push(occurredAt === last?.occurredAt ? '' : occurredAt);
    values.push(value);
    last = one;
  }
  const isCounted = values.some((value) => value !== '');
  const facts = compressed(
    Buffer.from(
      [JSON.stringify(series), which, quantities, times, isCounted ? JSON.stringify(values) : ''].join('\n'),
      'utf8',
    ),
  );
  // Canonical JSON escapes every control character, so a line is a text.
  const sent = compressed(textsOf(events));
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = form;
  header.writeUInt32BE(events.length, 1);
  header.writeUInt32BE(facts.length, 5);
  header.writeUInt32BE(sent.length, 9);
  const keys = Buffer.allocUnsafe(events.length * KEY_HASH_BYTES);
  for (let i = 0; i < events.length; i++) keys.set(keyOf(i), i * KEY_HASH_BYTES);
  return Buffer.concat([header, keys, salts, facts, sent]);
}

/** All texts, with a line feed between two. Those that were read together lie together already, and stay in one piece. */
function textsOf(events: readonly Facts[]): Buffer {
  const parts: Uint8Array[] = [];
  let piece: { readonly bytes: Uint8Array; end: number } | undefined;
  for (const { event } of events) {
    const bytes = typeof event === 'string' ? Buffer.from(event, 'utf8') : event;
    if (piece !== undefined) {
      const { buffer } = piece.bytes;
      if (
        buffer === bytes.buffer &&
        piece.end + 1 === bytes.byteOffset &&
        new Uint8Array(buffer, piece.end, 1)[0] === LINE_FEED
      ) {
        piece.end = bytes.byteOffset + bytes.length;
        continue;
      }
      parts.push(pieceOf(piece), Buffer.of(LINE_FEED));
    }
    piece = { bytes, end: bytes.byteOffset + bytes.length };
  }
  if (piece !== undefined) parts.push(pieceOf(piece));
  return Buffer.concat(parts);
}

const LINE_FEED = 0x0a;
const pieceOf = ({ bytes, end }: { readonly bytes: Uint8Array; readonly end: number }): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, end - bytes.byteOffset);

/** Below it the frame and the making of it cost more than they save. */
const COMPRESSED_FROM_BYTES = 1024;
/** How a zstd frame begins (RFC 8878 section 3.1.1); facts begin with `[` and texts with `{` or nothing. */
const ZSTD = 0x28;

// The texts of a batch differ in little; beyond level 1 there is not much to find.
function compressed(bytes: Buffer): Buffer {
  if (bytes.length < COMPRESSED_FROM_BYTES) return bytes;
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

const decompressed = (bytes: Buffer): string =>
  (bytes[0] === ZSTD ? zstdDecompressSync(bytes, { maxOutputLength: UNPACKED_MAX_BYTES }) : bytes).toString('utf8');

/** Reads a batch's payload back. It was written by `packEvents` and its seal has held, so its shape is taken as given. */
export function unpackEvents(payload: Uint8Array): AcceptedEvent[] {
  const packed = new PackedBatch(Buffer.from(payload.buffer, payload.byteOffset, payload.length));
  return packed.events();
}

/** The commitment to an accepted event that its receipt carries. */
export const commitmentOf = (event: AcceptedEvent): string =>
  event instanceof PackedEvent ? event.commitment : commitToEvent(Buffer.from(event.salt, 'base64url'), event.event);

/** A payload of which only what is asked for is read. */
class PackedBatch {
  readonly keys: Buffer;
  readonly #bytes: Buffer;
  readonly #count: number;
  readonly #factsAt: number;
  readonly #factsEnd: number;
  #texts: readonly string[] | undefined;
  #salts: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#count = bytes.readUInt32BE(1);
    const saltsAt = HEADER_BYTES + this.#count * KEY_HASH_BYTES;
    this.keys = bytes.subarray(HEADER_BYTES, saltsAt);
    this.#factsAt = saltsAt + SALT_BYTES * (bytes[0] === SEEDED ? 1 : this.#count);
    this.#factsEnd = this.#factsAt + bytes.readUInt32BE(5);
  }

  get texts(): readonly string[] {
    this.#texts ??= decompressed(this.#bytes.subarray(this.#factsEnd)).split('\n');
    return this.#texts;
  }

  get salts(): Buffer {
    this.#salts ??= this.#readSalts();
    return this.#salts;
  }

  /** One seed makes as many salts as there are events: the key stream of AES-256 in counter mode. */
  #readSalts(): Buffer {
    const kept = this.#bytes.subarray(HEADER_BYTES + this.#count * KEY_HASH_BYTES, this.#factsAt);
    if (this.#bytes[0] !== SEEDED) return kept;
    return createCipheriv('aes-256-ctr', kept, NO_NONCE).update(Buffer.alloc(this.#count * SALT_BYTES));
  }

  events(): AcceptedEvent[] {
    const [names = '', which = '', quantities = '', times = '', values = ''] = decompressed(
      this.#bytes.subarray(this.#factsAt, this.#factsEnd),
    ).split('\n');
    const series = JSON.parse(names) as readonly string[];
    const numbers = which.split(',');
    const sizes = quantities.split(',');
    const instants = times.split(',');
    const counted = values === '' ? undefined : (JSON.parse(values) as readonly string[]);
    const events: AcceptedEvent[] = [];
    let occurredAt = '' as Instant;
    let text = '';
    let quantity: Quantity | undefined;
    for (let i = 0; i < this.#count; i++) {
      if (sizes[i] !== text || quantity === undefined) {
        text = sizes[i]!;
        quantity = readCanonicalDecimal(text, 12) as Quantity | undefined;
        if (quantity === undefined) throw new Error(`a batch holds the quantity ${text}`);
      }
      if (instants[i] !== '') occurredAt = instants[i] as Instant;
      const at = Number(numbers[i]) * 2;
      events.push(new PackedEvent(this, i, series[at]!, series[at + 1]!, quantity, occurredAt, counted?.[i] ?? ''));
    }
    return events;
  }
}

const NO_NONCE = Buffer.alloc(16);

class PackedEvent implements AcceptedEvent {
  readonly subscription: string;
  readonly meter: string;
  readonly quantity: Quantity;
  readonly occurredAt: Instant;
  readonly value: string;
  readonly #batch: PackedBatch;
  readonly #at: number;

  constructor(
    batch: PackedBatch,
    at: number,
    subscription: string,
    meter: string,
    quantity: Quantity,
    occurredAt: Instant,
    value: string,
  ) {
    this.#batch = batch;
    this.#at = at;
    this.subscription = subscription;
    this.meter = meter;
    this.quantity = quantity;
    this.occurredAt = occurredAt;
    this.value = value;
  }

  get receiptId(): string {
    const from = this.#at * KEY_HASH_BYTES;
    return receiptId(this.#batch.keys.subarray(from, from + KEY_HASH_BYTES), this.occurredAt);
  }

  get event(): string {
    return this.#batch.texts[this.#at]!;
  }

  get commitment(): string {
    return commitToEvent(this.#batch.salts.subarray(this.#at * SALT_BYTES, (this.#at + 1) * SALT_BYTES), this.event);
  }

  get salt(): string {
    return this.event === ''
      ? ''
      : base64url(this.#batch.salts.subarray(this.#at * SALT_BYTES, (this.#at + 1) * SALT_BYTES));
  }
}
