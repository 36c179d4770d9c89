import { hash } from 'node:crypto';

/**
 * The Merkle tree of RFC 6962 section 2.1 (the same in RFC 9162): leaf = SHA-256(0x00 ‖ bytes),
 * node = SHA-256(0x01 ‖ left ‖ right), the empty tree = SHA-256(""). One module serves the tenants' logs, the heads of a
 * seal and the seal log.
 */
export type TreeHash = Buffer;

export const EMPTY_ROOT: TreeHash = hash('sha256', '', 'buffer');

/** Hash of one leaf. @param bytes the leaf's exact bytes, without the prefix */
export function leafHash(bytes: Uint8Array): TreeHash {
  const prefixed = Buffer.allocUnsafe(bytes.length + 1);
  prefixed[0] = 0;
  prefixed.set(bytes, 1);
  return hash('sha256', prefixed, 'buffer');
}

// Records are at most 2,048 bytes; their leaves are hashed out of one scratch buffer. Hashing copies its input at once.
const leaf = Buffer.alloc(4096);

/** Hash of a leaf whose bytes are ASCII text; saves a copy in the hot loop. */
export function leafHashOfText(ascii: string): TreeHash {
  if (ascii.length >= leaf.length) return leafHash(Buffer.from(ascii, 'latin1'));
  return hash('sha256', leaf.subarray(0, 1 + leaf.write(ascii, 1, 'latin1')), 'buffer');
}

/** The same as base64url: a third cheaper than a Buffer, where only the text is wanted. */
export function leafHashTextOf(ascii: string): string {
  if (ascii.length >= leaf.length) return leafHash(Buffer.from(ascii, 'latin1')).toString('base64url');
  return hash('sha256', leaf.subarray(0, 1 + leaf.write(ascii, 1, 'latin1')), 'base64url');
}

/** Hash of one leaf whose bytes already stand behind their 0x00. */
export const hashOfPrefixed = (prefixed: Uint8Array): TreeHash => hash('sha256', prefixed, 'buffer');

// One scratch buffer for all nodes: hashing copies its input at once and nothing awaits in between.
const pair = Buffer.alloc(65);
pair[0] = 1;

export function nodeHash(left: Uint8Array, right: Uint8Array): TreeHash {
  pair.set(left, 1);
  pair.set(right, 33);
  return hash('sha256', pair, 'buffer');
}

/** The largest power of two below `size`: where RFC 6962 splits a tree. @param size at least 2, at most 2^53 */
export function splitPoint(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** Whether a size is a power of two. Exact up to 2^53, where a logarithm takes 2^50 - 1 for 2^50. */
export const isPowerOfTwo = (size: number): boolean => size === 1 || splitPoint(size) * 2 === size;

/** Root over a list of leaf hashes, for the small trees that are rebuilt whole. */
export function rootOf(leaves: readonly TreeHash[]): TreeHash {
  const range = new CompactRange();
  for (const leaf of leaves) range.append(leaf);
  return range.root();
}

/** Told of every complete subtree as it closes: `level` 0 is a leaf, `index` counts subtrees of that level from 0. */
export type NodeListener = (level: number, index: number, node: TreeHash) => void;

/**
 * All that appending needs to know of a tree: its size and the roots of its complete subtrees, largest first (at most 53).
 */
export class CompactRange {
  #size: number;
  readonly #peaks: TreeHash[];
  readonly #onNode: NodeListener | undefined;

  /** @throws RangeError when the number of peaks is not the number of one bits in `size` */
  constructor(size = 0, peaks: readonly Uint8Array[] = [], onNode?: NodeListener) {
    if (
      !Number.isSafeInteger(size) ||
      size < 0 ||
      peaks.length !== onesIn(size) ||
      peaks.some((p) => p.length !== 32)
    ) {
      throw new RangeError(`a tree of ${size} leaves has ${onesIn(size)} complete subtrees of 32 bytes each`);
    }
    this.#size = size;
    // In memory of their own: a piece of Node's pool would keep 64 KiB alive for as long as this range is kept.
    const own = Buffer.alloc(peaks.length * 32);
    this.#peaks = peaks.map((peak, i) => {
      own.set(peak, i * 32);
      return own.subarray(i * 32, i * 32 + 32);
    });
    this.#onNode = onNode;
  }

  get size(): number {
    return this.#size;
  }

  get peaks(): readonly TreeHash[] {
    return this.#peaks;
  }

  append(leaf: TreeHash): void {
    let node = leaf;
    let level = 0;
    let index = this.#size;
    this.#onNode?.(level, index, node);
    // Each trailing one bit of the size is a complete subtree that the new leaf joins.
    while (index % 2 === 1) {
      node = nodeHash(this.#peaks.pop()!, node);
      index = (index - 1) / 2;
      level++;
      this.#onNode?.(level, index, node);
    }
    this.#peaks.push(node);
    this.#size++;
  }

  root(): TreeHash {
    if (this.#size === 0) return EMPTY_ROOT;
    let at = this.#peaks.length - 1;
    let root = this.#peaks[at]!;
    while (at > 0) root = nodeHash(this.#peaks[--at]!, root);
    return root;
  }

  clone(onNode?: NodeListener): CompactRange {
    return new CompactRange(this.#size, this.#peaks, onNode);
  }
}

/** One bits of a whole number; 0 for what is none, so that a size of infinity is refused and not counted for ever. */
function onesIn(size: number): number {
  if (!Number.isSafeInteger(size)) return 0;
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
