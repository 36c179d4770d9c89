import type { Instant } from '../../shared/domain/time.ts';

/**
 * The usage that every throughput measurement takes in: the same records, byte for byte, for ours and for every peer.
 *
 * Whoever makes load must not be what is measured, so a batch is a template whose variable digits are overwritten in
 * place: some hundred nanoseconds an event. What varies is what varies between real events (key, time, quantity, request);
 * meter and dimensions follow from the place in the batch.
 */

/** Meters the events are for, each with what a quantity of it means to a rater. */
export const METRICS = ['input_tokens', 'output_tokens', 'requests', 'cached_tokens'] as const;
/** The dimensions that every event carries beside its request. */
export const DIMENSIONS = {
  model: ['large-3', 'small-3', 'embed-2', 'large-3', 'vision-1'],
  region: ['eu-west', 'us-east', 'ap-south'],
} as const;
export const SUBSCRIPTION = 'main';
/** Events of one request, where nothing else is said. */
export const BATCH_EVENTS = 500;

export const tenantName = (index: number): string => `tenant-${String(index).padStart(4, '0')}`;

// Digits that are overwritten. Random keys, as clients make them: keys that grow would spare every B-tree its work.
const KEY = 'evt_0000000000000000';
const SECOND = '2026-03-01T12:00:00';
const TIME = `${SECOND}.000000Z`;
const QUANTITY = '1000';
const REQUEST = '0000000000000000';

const eventText = (place: number): string =>
  JSON.stringify({
    idempotency_key: KEY,
    metric_name: METRICS[place % METRICS.length],
    timestamp: TIME,
    quantity: QUANTITY,
    subscription_id: SUBSCRIPTION,
    properties: {
      model: DIMENSIONS.model[place % DIMENSIONS.model.length],
      region: DIMENSIONS.region[place % DIMENSIONS.region.length],
      request: REQUEST,
    },
  });

/** Where the digits of one event are in the body of its batch. */
interface Slots {
  readonly start: number;
  readonly end: number;
  readonly key: number;
  readonly time: number;
  readonly quantity: number;
  readonly request: number;
}

interface Layout {
  readonly template: Buffer;
  readonly slots: readonly Slots[];
}

const layouts = new Map<number, Layout>();

function layoutOf(size: number): Layout {
  const known = layouts.get(size);
  if (known !== undefined) return known;
  const texts = Array.from({ length: size }, (_, place) => eventText(place));
  let at = 1;
  const slots = texts.map((text): Slots => {
    const start = at;
    at += text.length + 1;
    return {
      start,
      end: start + text.length,
      key: start + text.indexOf(KEY) + 'evt_'.length,
      time: start + text.indexOf(TIME),
      quantity: start + text.indexOf(`"${QUANTITY}"`) + 1,
      request: start + text.indexOf(`"${REQUEST}"`) + 1,
    };
  });
  const layout = { template: Buffer.from(`[${texts.join(',')}]`, 'latin1'), slots };
  layouts.set(size, layout);
  return layout;
}

/** A bijection of 32 bits that leaves no pattern (MurmurHash3's finalizer): as good as chance, the same in every run. */
function mix(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const HEX = Buffer.from('0123456789abcdef', 'latin1');
const ZERO = 0x30;

function putHex(body: Buffer, at: number, word: number): void {
  for (let i = 7, rest = word; i >= 0; i--, rest >>>= 4) body[at + i] = HEX[rest & 15]!;
}

function putDecimal(body: Buffer, at: number, digits: number, value: number): void {
  for (let i = digits - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 10)) body[at + i] = ZERO + (rest % 10);
}

/**
 * The body of one request: a JSON list of plain usage events, about 250 bytes each.
 *
 * No two events of a tenant have the same key as long as it has fewer than 2^32 of them and all its batches one size.
 *
 * @param now the events are of the whole second before this one's, each at its own microsecond
 */
export function batchBody(tenantIndex: number, batchIndex: number, size: number, now: Instant): Buffer {
  const { template, slots } = layoutOf(size);
  const body = Buffer.from(template);
  const second = new Date(Date.parse(now) - 1000).toISOString().slice(0, SECOND.length);
  const tenantSeed = mix(tenantIndex + 1);
  for (let place = 0; place < size; place++) {
    const { key, time, quantity, request } = slots[place]!;
    // The first word alone tells all events of a tenant apart: `mix` never maps two ordinals to one.
    const first = mix((batchIndex * size + place) ^ tenantSeed);
    const next = mix(first ^ 0x9e3779b9 ^ tenantIndex);
    const third = mix(next + 1);
    putHex(body, key, first);
    putHex(body, key + 8, next);
    body.write(second, time, 'latin1');
    putDecimal(body, time + SECOND.length + 1, 6, third % 1_000_000);
    putDecimal(body, quantity, QUANTITY.length, 1000 + (next % 9000));
    putHex(body, request, third);
    putHex(body, request + 8, mix(third + 1));
  }
  return body;
}

/** The events of such a body as bytes, without parsing or copying it: views into it. */
export const recordsIn = (body: Buffer, size: number): Buffer[] =>
  layoutOf(size).slots.map(({ start, end }) => body.subarray(start, end));

/** The idempotency keys of such a body, in order. */
export const keysIn = (body: Buffer, size: number): string[] =>
  layoutOf(size).slots.map(({ key }) => body.toString('latin1', key - 'evt_'.length, key + 16));
