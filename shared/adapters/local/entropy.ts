import { randomFillSync } from 'node:crypto';
import { sha256 } from '../../domain/digest.ts';
import type { Entropy } from '../../ports/entropy.ts';

// One call into the operating system's generator costs about a microsecond whatever its size, so small asks share one.
const POOL_BYTES = 8192;
const LARGEST_POOLED_BYTES = 256;

const checkedLength = (length: number): number => {
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError('a length is a whole number of bytes');
  return length;
};

/** The operating system's generator. */
export class SystemEntropy implements Entropy {
  readonly #pool = new Uint8Array(POOL_BYTES);
  #used = POOL_BYTES;

  bytes(length: number): Uint8Array {
    if (checkedLength(length) > LARGEST_POOLED_BYTES) return randomFillSync(new Uint8Array(length));
    if (this.#used + length > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    // slice copies; a view would change under its owner at the next refill.
    const bytes = this.#pool.slice(start, this.#used);
    // What was handed out is somebody's secret now: the pool keeps no second copy of it.
    this.#pool.fill(0, start, this.#used);
    return bytes;
  }
}

/**
 * The same bytes for the same seed, for replays and vectors. Never for secrets.
 *
 * stream = SHA-256( SHA-256(seed) ‖ 0 ) ‖ SHA-256( SHA-256(seed) ‖ 1 ) ‖ …, counters as 8 bytes big-endian
 */
export class SeededEntropy implements Entropy {
  readonly #input = Buffer.alloc(40);
  #block: Uint8Array = new Uint8Array(0);
  #used = 0;
  #counter = 0n;

  constructor(seed: string) {
    this.#input.set(sha256(seed));
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(checkedLength(length));
    for (let filled = 0; filled < length; ) {
      if (this.#used === this.#block.length) this.#nextBlock();
      const part = this.#block.subarray(this.#used, this.#used + length - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#used += part.length;
    }
    return bytes;
  }

  #nextBlock(): void {
    this.#input.writeBigUInt64BE(this.#counter++, 32);
    this.#block = sha256(this.#input);
    this.#used = 0;
  }
}
