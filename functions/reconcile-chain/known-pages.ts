import type { CompactRange } from '../../shared/domain/ledger/tree.ts';

const HASH_BYTES = 32;
/** Where a page ends (48 bits), SHA-256 of its bytes, the root of the log and the hash of its last entry. */
const FACTS_BYTES = 6 + 3 * HASH_BYTES;
/** So many pages lie together, and the last of them has its place kept. */
const PAGES_A_CHUNK = 64;

/** Where a walk stands after a page. */
export interface Place {
  readonly range: CompactRange;
  readonly recordedAt: string;
}

interface Chunk {
  readonly bytes: Buffer;
  readonly after: Place;
}

/**
 * Pages that were hashed into the tree, and where each led. A warm instance keeps a hundred thousand of them, so a page is a hundred
 * bytes and no object, and pages that are still the same share memory with what an earlier walk left.
 *
 * Chunks never change once they are full: two walks may go on from the same pages.
 */
export class KnownPages {
  readonly #chunks: Chunk[] = [];
  /** the pages after those: as long as it must be, for most organizations have few pages or none */
  #open = Buffer.alloc(0);
  #inOpen = 0;
  /** after the last page, where that one fills no chunk */
  #last: Place | undefined;

  get length(): number {
    return this.#chunks.length * PAGES_A_CHUNK + this.#inOpen;
  }

  /** Whether the page there is known to have these bytes. @param digest SHA-256 of them */
  isAt(index: number, digest: Uint8Array): boolean {
    return index < this.length && this.#facts(index, 0).equals(digest);
  }

  /** Where a page ends: the number of the entry after it. */
  endOf(index: number): number {
    const [bytes, at] = this.#find(index);
    return bytes.readUIntBE(at, 6);
  }

  /** The root of the log after a page, and the hash of its last entry, as 64 bytes. */
  headOf(index: number): Buffer {
    return this.#facts(index, 1, 2);
  }

  /** The hash of a page's last entry. */
  lastOf(index: number): Buffer {
    return this.#facts(index, 2);
  }

  /** Where a walk stands after a page, of those for which it is kept: each that fills a chunk, and the last. */
  placeAfter(index: number): Place | undefined {
    if (index % PAGES_A_CHUNK === PAGES_A_CHUNK - 1) return this.#chunks[Math.floor(index / PAGES_A_CHUNK)]?.after;
    return index === this.length - 1 ? this.#last : undefined;
  }

  /** Takes in a page that was gone through. @param head root and last hash @param place asked for where it is to be kept */
  push(end: number, digest: Uint8Array, head: Uint8Array, place: () => Place): void {
    const at = this.#place();
    this.#open.writeUIntBE(end, at, 6);
    this.#open.set(digest, at + 6);
    this.#open.set(head, at + 6 + HASH_BYTES);
    this.#taken();
    if (this.#inOpen === PAGES_A_CHUNK) this.#close({ bytes: this.#open, after: place() });
  }

  /** Takes in the next page of another list, whose pages up to it are the same as here. */
  adopt(from: KnownPages): void {
    const index = this.length;
    const [bytes, at] = from.#find(index);
    const to = this.#place();
    bytes.copy(this.#open, to, at, at + FACTS_BYTES);
    this.#taken();
    if (this.#inOpen === PAGES_A_CHUNK) this.#close(from.#chunks[this.#chunks.length]!);
  }

  /** Keeps where the walk stands at the end. */
  keepPlace(place: Place): void {
    this.#last = place;
  }

  /** Room for one more page. @returns where it goes */
  #place(): number {
    const at = this.#inOpen * FACTS_BYTES;
    if (at < this.#open.length) return at;
    const wider = Buffer.alloc(this.#inOpen === 0 ? FACTS_BYTES : 4 * at);
    this.#open.copy(wider);
    this.#open = wider;
    return at;
  }

  #taken(): void {
    this.#inOpen++;
    this.#last = undefined;
  }

  #close(chunk: Chunk): void {
    this.#chunks.push(chunk);
    this.#inOpen = 0;
    // Of a chunk that is another's the bytes here were a copy, and serve for the next pages.
    if (chunk.bytes === this.#open) this.#open = Buffer.alloc(0);
  }

  #find(index: number): readonly [bytes: Buffer, at: number] {
    const chunk = Math.floor(index / PAGES_A_CHUNK);
    return [this.#chunks[chunk]?.bytes ?? this.#open, (index % PAGES_A_CHUNK) * FACTS_BYTES];
  }

  /** @param nth hash of a page's facts, and how many from there on */
  #facts(index: number, nth: number, count = 1): Buffer {
    const [bytes, at] = this.#find(index);
    const from = at + 6 + nth * HASH_BYTES;
    return bytes.subarray(from, from + count * HASH_BYTES);
  }
}
