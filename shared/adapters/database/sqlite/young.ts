import { KEY_BYTES } from './records.ts';

/** Slots that are a power of two, at most two thirds full. */
const FIRST_SLOTS = 1024;
const FIRST_BYTES = 64 * 1024;
const PLACES_MAX = 2 ** 20;

/** Compares 16 bytes at two places. */
export function sameKey(a: Uint8Array, at: number, b: Uint8Array, from: number): boolean {
  for (let i = 0; i < KEY_BYTES; i++) if (a[at + i] !== b[from + i]) return false;
  return true;
}

/** Compares the keys of two records. */
export function compareKeys(a: Buffer, at: number, b: Buffer, from: number): number {
  return a.compare(b, from + 2, from + 2 + KEY_BYTES, at + 2, at + 2 + KEY_BYTES);
}

/**
 * The rows of a scattered table that are in no run yet: records one after the other, and a hash table of where each key's last one is.
 * Whoever remembers its end at an instant sees it as it was then.
 */
export class Young {
  /** records, as they came */
  bytes: Buffer;
  /** where the next record goes */
  end = 0;
  /** keys */
  count = 0;
  #slots: Int32Array;
  /** of a record that took another's place: where that one is */
  readonly #before = new Map<number, number>();

  /** @param before what came to be as large as this will probably be */
  constructor(before?: Young) {
    this.bytes = Buffer.allocUnsafe(before?.bytes.length ?? FIRST_BYTES);
    this.#slots = new Int32Array(before === undefined ? FIRST_SLOTS : before.#slots.length);
  }

  /** @param key 16 bytes at `from` @param end sees only what stands before it @returns where the record is, -1 where there is none */
  find(key: Uint8Array, from: number, end: number): number {
    let at: number | undefined = this.#slots[this.#slotOf(key, from)]! - 1;
    while (at !== undefined && at >= end) at = this.#before.get(at);
    return at ?? -1;
  }

  /** Takes in the record that was written at the end. */
  take(to: number): void {
    const at = this.end;
    this.end = to;
    const slot = this.#slotOf(this.bytes, at + 2);
    const held = this.#slots[slot]!;
    this.#slots[slot] = at + 1;
    if (held !== 0) {
      this.#before.set(at, held - 1);
      return;
    }
    this.count++;
    if (this.count * 3 > this.#slots.length * 2) this.#widen();
  }

  /** Makes room for more records. */
  grow(): void {
    const wider = Buffer.allocUnsafe(this.bytes.length * 2);
    this.bytes.copy(wider, 0, 0, this.end);
    this.bytes = wider;
  }

  /** Where each key's last record is, in the order of the keys. At most 2^20 of them. */
  sorted(): number[] {
    const { bytes } = this;
    const places = new Int32Array(this.count);
    // Sorting numbers is native: four bytes of the key and, below them, which place it is, make one of 52 bits.
    const order = new Float64Array(this.count);
    const slots = this.#slots;
    for (let slot = 0, i = 0; slot < slots.length; slot++) {
      if (slots[slot] === 0) continue;
      const at = slots[slot]! - 1;
      places[i] = at;
      order[i] = bytes.readUInt32BE(at + 2) * PLACES_MAX + i;
      i++;
    }
    order.sort();
    const sorted = new Array<number>(this.count);
    for (let i = 0; i < sorted.length; i++) sorted[i] = places[order[i]! % PLACES_MAX]!;
    // Hashes that begin with the same four bytes are rare, and neighbours by now.
    for (let i = 1; i < sorted.length; i++) {
      if (Math.floor(order[i - 1]! / PLACES_MAX) !== Math.floor(order[i]! / PLACES_MAX)) continue;
      for (let j = i; j > 0 && compareKeys(bytes, sorted[j - 1]!, bytes, sorted[j]!) > 0; j--) {
        [sorted[j - 1], sorted[j]] = [sorted[j]!, sorted[j - 1]!];
      }
    }
    return sorted;
  }

  #slotOf(key: Uint8Array, from: number): number {
    const mask = this.#slots.length - 1;
    // The key is a hash, so four of its bytes are one.
    let slot = (key[from]! | (key[from + 1]! << 8) | (key[from + 2]! << 16) | (key[from + 3]! << 24)) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const held = this.#slots[slot]!;
      if (held === 0 || sameKey(this.bytes, held + 1, key, from)) return slot;
    }
  }

  #widen(): void {
    const held = this.#slots.filter((slot) => slot !== 0);
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (const place of held) this.#slots[this.#slotOf(this.bytes, place + 1)] = place;
  }
}
