import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  consistencyProof,
  inclusionProof,
  isConsistent,
  type NodeSource,
  rootFromInclusion,
  subtreeRoot,
} from '../../shared/domain/ledger/proof.ts';
import { CompactRange, EMPTY_ROOT, leafHash, type TreeHash } from '../../shared/domain/ledger/tree.ts';
import { naiveConsistency, naivePath, naiveRoot } from '../support/naive-merkle.ts';
import { published } from '../support/published.ts';

type Path = readonly string[];
const vectors = published<{
  readonly leaves: readonly string[];
  readonly roots: readonly string[];
  readonly inclusion: readonly { readonly index: number; readonly size: number; readonly path: Path }[];
  readonly consistency: readonly { readonly first: number; readonly second: number; readonly path: Path }[];
}>('rfc6962');

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const publishedLeaves = vectors.leaves.map(bytes);
const publishedRoot = (size: number): TreeHash => bytes(vectors.roots[size - 1]!);
const other = createHash('sha256').update('some other node').digest();
const entries = (count: number): Buffer[] => Array.from({ length: count }, (_, at) => Buffer.from(`entry ${at}`));

/** Every complete subtree of a log, as the ledger stores them. */
function nodesOf(leaves: readonly Uint8Array[]): NodeSource {
  const nodes = new Map<string, TreeHash>();
  const range = new CompactRange(0, [], (level, index, node) => nodes.set(`${level}/${index}`, node));
  for (const leaf of leaves) range.append(leafHash(leaf));
  return async (level, index) => nodes.get(`${level}/${index}`);
}

/** Leaves and nothing else: everything above them has to be worked out. */
const leavesOnly =
  (leaves: readonly Uint8Array[]): NodeSource =>
  async (level, index) =>
    level === 0 && index < leaves.length ? leafHash(leaves[index]!) : undefined;

const includes = (root: TreeHash, leaf: TreeHash, index: number, size: number, path: readonly Uint8Array[]): boolean =>
  rootFromInclusion(leaf, index, size, path)?.equals(root) === true;

/** Ways to get a path wrong that keep it a list of byte strings. */
function* spoiled(path: readonly Buffer[]): Generator<readonly [says: string, path: readonly Buffer[]]> {
  for (const extra of [other, EMPTY_ROOT, Buffer.alloc(0), Buffer.alloc(32), ...path]) {
    yield ['one more at the end', [...path, extra]];
    yield ['one more at the front', [extra, ...path]];
  }
  for (const [at, node] of path.entries()) {
    yield [`without element ${at}`, path.toSpliced(at, 1)];
    yield [`element ${at} doubled`, path.toSpliced(at, 0, node)];
    yield [`element ${at} of 31 bytes`, path.with(at, node.subarray(0, 31))];
    yield [`element ${at} of 33 bytes`, path.with(at, Buffer.concat([node, Buffer.of(0)]))];
    yield [`element ${at} empty`, path.with(at, Buffer.alloc(0))];
    for (const bit of [0, 100, 255]) {
      const flipped = Buffer.from(node);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      yield [`element ${at}, bit ${bit} flipped`, path.with(at, flipped)];
    }
    const next = path[at + 1];
    if (next !== undefined) yield [`elements ${at} and ${at + 1} swapped`, path.with(at, next).with(at + 1, node)];
  }
}

describe('an inclusion proof', () => {
  for (const { index, size, path } of vectors.inclusion) {
    it(`is the published one for leaf ${index} of ${size}, and holds`, async () => {
      const proof = await inclusionProof(nodesOf(publishedLeaves), index, size);
      assert.deepEqual(
        proof.map((node) => node.toString('hex')),
        path,
      );
      const leaf = leafHash(publishedLeaves[index]!);
      assert.deepEqual(rootFromInclusion(leaf, index, size, path.map(bytes)), publishedRoot(size));
    });
  }

  it('is what the text of RFC 6962 gives, for every leaf of every size up to 70, and leads to the root', async () => {
    const leaves = entries(70);
    const [stored, worked] = [nodesOf(leaves), leavesOnly(leaves)];
    for (let size = 1; size <= 70; size++) {
      const root = naiveRoot(leaves.slice(0, size));
      for (let index = 0; index < size; index++) {
        const expected = naivePath(index, leaves.slice(0, size));
        assert.deepEqual(await inclusionProof(stored, index, size), expected, `leaf ${index} of ${size}`);
        assert.ok(includes(root, leafHash(leaves[index]!), index, size, expected), `leaf ${index} of ${size}`);
      }
      assert.deepEqual(await inclusionProof(worked, size >> 1, size), naivePath(size >> 1, leaves.slice(0, size)));
      assert.deepEqual(await subtreeRoot(worked, 0, size), root);
    }
  });

  it('does not hold with any element missing, added, doubled, swapped, cut, lengthened or changed', () => {
    for (const size of [1, 2, 3, 5, 7, 8, 11, 16, 21]) {
      const leaves = entries(size);
      const root = naiveRoot(leaves);
      for (let index = 0; index < size; index++) {
        for (const [says, path] of spoiled(naivePath(index, leaves))) {
          assert.ok(!includes(root, leafHash(leaves[index]!), index, size, path), `leaf ${index} of ${size}: ${says}`);
        }
      }
    }
  });

  it('holds for one place only, and for one leaf only', () => {
    for (const size of [2, 3, 8, 13]) {
      const leaves = entries(size);
      const root = naiveRoot(leaves);
      for (let index = 0; index < size; index++) {
        const path = naivePath(index, leaves);
        for (let claimed = 0; claimed <= 2 * size; claimed++) {
          const holds = includes(root, leafHash(leaves[index]!), claimed, size, path);
          assert.equal(holds, claimed === index, `leaf ${index} of ${size} shown as ${claimed}`);
        }
        assert.ok(!includes(root, other, index, size, path));
        assert.ok(!includes(other, leafHash(leaves[index]!), index, size, path));
        assert.ok(!includes(root, leafHash(leaves[index]!), index, size * 2, path));
        assert.ok(!includes(root, leafHash(leaves[index]!), index, Math.floor(size / 2), path));
      }
    }
  });

  it('cannot show an interior node as a leaf of the tree that was signed', () => {
    const leaves = entries(8);
    const root = naiveRoot(leaves);
    const node = naiveRoot(leaves.slice(2, 4));
    const upper = naivePath(2, leaves).slice(1);
    // Two levels instead of three: right for a tree of 4, and the checkpoint says 8.
    for (let index = 0; index < 8; index++) assert.ok(!includes(root, node, index, 8, upper), `shown as leaf ${index}`);
    // The bytes under the node hash to something else when they are shown as a leaf.
    const asLeaf = leafHash(Buffer.concat([leafHash(leaves[2]!), leafHash(leaves[3]!)]));
    assert.ok(!includes(root, asLeaf, 1, 4, upper));
  });

  it('does not exist for a leaf outside the tree, in an empty tree or in one that cannot be counted', async () => {
    const leaf = leafHash(Buffer.from('entry 0'));
    for (const [index, size] of [
      [0, 0],
      [1, 1],
      [2, 1],
      [-1, 1],
      [-1, 0],
      [0.5, 1],
      [0, 1.5],
      [Number.NaN, 1],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
      [0, 2 ** 53],
      [2 ** 53, 2 ** 53 + 2],
    ] as const) {
      assert.equal(rootFromInclusion(leaf, index, size, []), undefined, `leaf ${index} of ${size}`);
    }
    for (const [index, size] of [
      [0, 0],
      [3, 3],
      [-1, 3],
      [Number.NaN, 3],
    ] as const) {
      await assert.rejects(inclusionProof(nodesOf(entries(3)), index, size), RangeError);
    }
    await assert.rejects(inclusionProof(nodesOf(entries(2)), 0, 3), /no leaf 2/);
  });
});

describe('a consistency proof', () => {
  for (const { first, second, path } of vectors.consistency) {
    it(`is the published one from ${first} to ${second}, and holds`, async () => {
      const proof = await consistencyProof(nodesOf(publishedLeaves), first, second);
      assert.deepEqual(
        proof.map((node) => node.toString('hex')),
        path,
      );
      assert.ok(isConsistent(first, publishedRoot(first), second, publishedRoot(second), path.map(bytes)));
    });
  }

  it('is what the text of RFC 6962 gives, between any two sizes up to 70, and holds', async () => {
    const leaves = entries(70);
    const stored = nodesOf(leaves);
    const roots = Array.from({ length: 71 }, (_, size) => naiveRoot(leaves.slice(0, size)));
    for (let second = 1; second <= 70; second++) {
      for (let first = 1; first <= second; first++) {
        const expected = naiveConsistency(first, leaves.slice(0, second));
        assert.deepEqual(await consistencyProof(stored, first, second), expected, `${first} to ${second}`);
        assert.ok(isConsistent(first, roots[first]!, second, roots[second]!, expected), `${first} to ${second}`);
      }
    }
  });

  it('does not hold with any element missing, added, doubled, swapped, cut, lengthened or changed', () => {
    for (const second of [2, 3, 7, 8, 12, 16]) {
      const leaves = entries(second);
      const root = naiveRoot(leaves);
      for (let first = 1; first <= second; first++) {
        const before = naiveRoot(leaves.slice(0, first));
        for (const [says, path] of spoiled(naiveConsistency(first, leaves))) {
          assert.ok(!isConsistent(first, before, second, root, path), `${first} to ${second}: ${says}`);
        }
      }
    }
  });

  it('does not hold for other roots, swapped roots or other sizes', () => {
    const leaves = entries(13);
    const root = naiveRoot(leaves);
    for (let first = 1; first < 13; first++) {
      const before = naiveRoot(leaves.slice(0, first));
      const path = naiveConsistency(first, leaves);
      assert.ok(!isConsistent(first, other, 13, root, path), `${first}: another first root`);
      assert.ok(!isConsistent(first, before, 13, other, path), `${first}: another second root`);
      assert.ok(!isConsistent(first, root, 13, before, path), `${first}: swapped`);
      assert.ok(!isConsistent(first, before.subarray(0, 31), 13, root, path), `${first}: 31 bytes`);
      for (const [claimed, second] of [
        [first - 1, 13],
        [first + 1, 13],
        [first, 26],
        [first, 6],
      ] as const) {
        assert.ok(!isConsistent(claimed, before, second, root, path), `${claimed} to ${second} with that of ${first}`);
      }
    }
  });

  it('does not hold over a log that was rewritten', () => {
    const leaves = entries(9);
    const rewritten = leaves.with(4, Buffer.from('another entry 4'));
    for (let first = 5; first < 9; first++) {
      const path = naiveConsistency(first, rewritten);
      assert.ok(!isConsistent(first, naiveRoot(leaves.slice(0, first)), 9, naiveRoot(rewritten), path), `${first}`);
    }
  });

  it('is empty between a tree and itself, and from the empty tree, which every tree extends', () => {
    const root = naiveRoot(entries(5));
    assert.ok(isConsistent(5, root, 5, root, []));
    assert.ok(isConsistent(0, EMPTY_ROOT, 5, root, []));
    assert.ok(isConsistent(0, EMPTY_ROOT, 0, EMPTY_ROOT, []));
    assert.ok(!isConsistent(5, root, 5, other, []));
    assert.ok(!isConsistent(5, root, 5, root, [other]));
    assert.ok(!isConsistent(0, EMPTY_ROOT, 5, root, [other]));
    assert.ok(!isConsistent(0, other, 5, root, []));
    assert.ok(!isConsistent(0, EMPTY_ROOT, 0, root, []));
  });

  it('never leads back in time, nor between sizes that cannot be counted', async () => {
    const root = naiveRoot(entries(5));
    for (const [first, second] of [
      [5, 4],
      [1, 0],
      [-1, 5],
      [0.5, 5],
      [2, 5.5],
      [Number.NaN, 5],
      [2, Number.NaN],
      [2, Number.POSITIVE_INFINITY],
      [2, 2 ** 53],
      [2 ** 53, 2 ** 53],
    ] as const) {
      for (const path of [[], [root], [root, other]]) {
        assert.ok(!isConsistent(first, root, second, root, path), `${first} to ${second}`);
      }
    }
    for (const [first, second] of [
      [0, 3],
      [4, 3],
      [-1, 3],
      [Number.NaN, 3],
    ] as const) {
      await assert.rejects(consistencyProof(nodesOf(entries(3)), first, second), RangeError);
    }
  });
});

describe('proofs in the largest trees', () => {
  // Nobody has 2^53 leaves, so the nodes are made up: each is the hash of its own name.
  const named = (name: string): Buffer => createHash('sha256').update(name).digest();
  const invented: NodeSource = async (level, index) => named(`${level}/${index}`);
  const node = (left: Uint8Array, right: Uint8Array): Buffer =>
    createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();

  it('reach the first of 2^53 - 1 leaves over 53 nodes, every sibling on the right', () => {
    const path = Array.from({ length: 53 }, (_, at) => named(`right ${at}`));
    const root = path.reduce((left, right) => node(left, right), named('leaf'));
    assert.deepEqual(rootFromInclusion(named('leaf'), 0, 2 ** 53 - 1, path), root);
    assert.equal(rootFromInclusion(named('leaf'), 0, 2 ** 53 - 1, path.slice(1)), undefined);
    assert.equal(rootFromInclusion(named('leaf'), 0, 2 ** 53 - 1, [...path, named('more')]), undefined);
  });

  it('reach the last of 2^53 - 1 leaves over the 52 peaks before it', async () => {
    // 2^53 - 1 = 2^52 + ... + 2 + 1, so the last leaf is a peak itself and its siblings are all the others.
    const path = Array.from({ length: 52 }, (_, at) => named(`${at + 1}/${2 ** (52 - at) - 2}`));
    const root = path.reduce((right, left) => node(left, right), named('leaf'));
    assert.deepEqual(await inclusionProof(invented, 2 ** 53 - 2, 2 ** 53 - 1), path);
    assert.deepEqual(rootFromInclusion(named('leaf'), 2 ** 53 - 2, 2 ** 53 - 1, path), root);
  });

  it('show that 2^50 leaves extend 2^50 - 1, which a logarithm takes for a power of two', async () => {
    // From the lowest peak of the old tree, the new leaf and the other 49 peaks, both roots can be worked out.
    const peaks = Array.from({ length: 50 }, (_, level) => named(`${level}/${2 ** (50 - level) - 2}`));
    const newest = named(`0/${2 ** 50 - 1}`);
    const [lowest, ...others] = peaks as [Buffer, ...Buffer[]];
    const before = others.reduce((right, left) => node(left, right), lowest);
    const after = others.reduce((right, left) => node(left, right), node(lowest, newest));
    const path = await consistencyProof(invented, 2 ** 50 - 1, 2 ** 50);
    assert.deepEqual(path, [lowest, newest, ...others]);
    assert.ok(isConsistent(2 ** 50 - 1, before, 2 ** 50, after, path));
    assert.ok(!isConsistent(2 ** 50 - 1, before, 2 ** 50, after, path.slice(1)));
    assert.deepEqual(await subtreeRoot(invented, 0, 2 ** 50 - 1), before);
  });
});
