/** Chance with a seed: the same seed plays the same attacks. Mulberry32, a public-domain generator of 32 bits. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  pick<T>(among: readonly T[]): T {
    if (among.length === 0) throw new RangeError('nothing to pick from');
    return among[this.below(among.length)]!;
  }

  /** The bytes with one bit of one byte turned over. */
  flipped(bytes: Uint8Array, from = 0, to = bytes.length): Buffer {
    const changed = Buffer.from(bytes);
    changed[this.between(from, to - 1)]! ^= 1 << this.below(8);
    return changed;
  }
}
