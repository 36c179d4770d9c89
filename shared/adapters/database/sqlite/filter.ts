/** Bits for each key, and bits that each key sets: about one key in a hundred that is not there seems to be (Bloom, 1970). */
const BITS_PER_KEY = 10;
const PROBES = 7;

/** Says of most keys that are not in a run that they are not, without looking. Keys are hashes: their own bytes choose the bits. */
export class Filter {
  readonly bytes: Uint8Array;
  readonly #bits: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#bits = bytes.length * 8;
  }

  static forKeys(count: number): Filter {
    return new Filter(new Uint8Array(Math.ceil((Math.max(1, count) * BITS_PER_KEY) / 8)));
  }

  add(key: Uint8Array, from: number): void {
    let bit = first(key, from) % this.#bits;
    const step = second(key, from) % this.#bits;
    for (let i = 0; i < PROBES; i++) {
      this.bytes[bit >>> 3]! |= 1 << (bit & 7);
      bit += step;
      if (bit >= this.#bits) bit -= this.#bits;
    }
  }

  mayHold(key: Uint8Array, from: number): boolean {
    let bit = first(key, from) % this.#bits;
    const step = second(key, from) % this.#bits;
    for (let i = 0; i < PROBES; i++) {
      if ((this.bytes[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
      bit += step;
      if (bit >= this.#bits) bit -= this.#bits;
    }
    return true;
  }
}

// Bytes 4 to 11: the first four choose slots elsewhere.
const first = (key: Uint8Array, from: number): number =>
  (key[from + 4]! | (key[from + 5]! << 8) | (key[from + 6]! << 16) | (key[from + 7]! << 24)) >>> 0;
const second = (key: Uint8Array, from: number): number =>
  (key[from + 8]! | (key[from + 9]! << 8) | (key[from + 10]! << 16) | (key[from + 11]! << 24) | 1) >>> 0;
