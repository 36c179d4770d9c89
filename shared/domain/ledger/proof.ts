import { EMPTY_ROOT, isPowerOfTwo, nodeHash, splitPoint, type TreeHash } from './tree.ts';

/**
 * Gives the root of the complete subtree of `2^level` leaves that starts at leaf `index * 2^level`.
 * Stored subtrees are looked up; the rest is worked out from leaves.
 */
export type NodeSource = (level: number, index: number) => Promise<TreeHash | undefined>;

/** Root of the leaves [from, to) as RFC 6962 splits them. @param source must know every leaf in the stretch */
export async function subtreeRoot(source: NodeSource, from: number, to: number): Promise<TreeHash> {
  const size = to - from;
  if (size === 0) return EMPTY_ROOT;
  if (isPowerOfTwo(size) && from % size === 0) {
    const node = await source(Math.log2(size), from / size);
    if (node !== undefined) return node;
    if (size === 1) throw new Error(`the tree has no leaf ${from}`);
  }
  const middle = from + splitPoint(size);
  return nodeHash(await subtreeRoot(source, from, middle), await subtreeRoot(source, middle, to));
}

/**
 * The audit path of RFC 6962 section 2.1.1, nearest sibling first.
 * @param index leaf, below `size`
 */
export async function inclusionProof(source: NodeSource, index: number, size: number): Promise<TreeHash[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const path: TreeHash[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + splitPoint(to - from);
    if (index < middle) {
      path.push(await subtreeRoot(source, middle, to));
      to = middle;
    } else {
      path.push(await subtreeRoot(source, from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** The consistency proof of RFC 6962 section 2.1.2 between the trees of `first` and `second` leaves, 0 < first <= second. */
export async function consistencyProof(source: NodeSource, first: number, second: number): Promise<TreeHash[]> {
  if (!(first > 0 && first <= second)) throw new RangeError(`no consistency proof from ${first} to ${second}`);
  const path: TreeHash[] = [];
  let from = 0;
  let to = second;
  let whole = true;
  while (to !== first && to - from > 1) {
    const middle = from + splitPoint(to - from);
    if (first <= middle) {
      path.push(await subtreeRoot(source, middle, to));
      to = middle;
    } else {
      path.push(await subtreeRoot(source, from, middle));
      from = middle;
      whole = false;
    }
  }
  // The old tree's own root is known to the verifier when the old tree is one complete subtree of the new.
  if (!whole) path.push(await subtreeRoot(source, from, to));
  return path.reverse();
}

/**
 * Root that a leaf and its audit path lead to (RFC 9162 section 2.1.3.2).
 * @returns undefined where the path is too long or too short for that leaf
 */
export function rootFromInclusion(
  leaf: TreeHash,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): TreeHash | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined;
  let fn = index;
  let sn = size - 1;
  let root = leaf;
  for (const sibling of path) {
    if (sn === 0 || sibling.length !== 32) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(sibling, root);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      root = nodeHash(root, sibling);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? root : undefined;
}

/** Whether the tree (second, secondRoot) extends the tree (first, firstRoot) (RFC 9162 section 2.1.4.2). */
export function isConsistent(
  first: number,
  firstRoot: TreeHash,
  second: number,
  secondRoot: TreeHash,
  path: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second) || first < 0 || first > second) return false;
  if (first === second) return path.length === 0 && firstRoot.equals(secondRoot);
  // Every tree extends the empty one; there is nothing to prove and so no path.
  if (first === 0) return path.length === 0 && firstRoot.equals(EMPTY_ROOT);
  const hashes = isPowerOfTwo(first) ? [firstRoot, ...path] : [...path];
  const start = hashes.shift();
  if (start === undefined || hashes.some((node) => node.length !== 32) || start.length !== 32) return false;
  let fn = first - 1;
  let sn = second - 1;
  while (fn % 2 === 1) {
    fn = (fn - 1) / 2;
    sn = Math.floor(sn / 2);
  }
  let fr: TreeHash = Buffer.from(start);
  let sr: TreeHash = Buffer.from(start);
  for (const node of hashes) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(node, fr);
      sr = nodeHash(node, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      sr = nodeHash(sr, node);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && fr.equals(firstRoot) && sr.equals(secondRoot);
}
