import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  CompactRange,
  EMPTY_ROOT,
  hashOfPrefixed,
  isPowerOfTwo,
  leafHash,
  leafHashOfText,
  nodeHash,
  rootOf,
  splitPoint,
  type TreeHash,
} from '../../shared/domain/ledger/tree.ts';
import { naiveRoot } from '../support/naive-merkle.ts';
import { published } from '../support/published.ts';

const vectors = published<{
  readonly empty_root: string;
  readonly leaves: readonly string[];
  readonly roots: readonly string[];
}>('rfc6962');

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const sha256 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const entries = (count: number): Buffer[] => Array.from({ length: count }, (_, at) => Buffer.from(`entry ${at}`));
const rootOver = (leaves: readonly Uint8Array[]): TreeHash => rootOf(leaves.map(leafHash));
const rangeOver = (count: number): CompactRange => {
  const range = new CompactRange();
  for (const entry of entries(count)) range.append(leafHash(entry));
  return range;
};

describe('a Merkle tree', () => {
  it('is SHA-256 of nothing while it is empty', () => {
    assert.equal(EMPTY_ROOT.toString('hex'), vectors.empty_root);
    assert.equal(rootOf([]).toString('hex'), vectors.empty_root);
    assert.equal(new CompactRange().root().toString('hex'), vectors.empty_root);
  });

  it('has the published roots over the first 1 to 8 published leaves', () => {
    assert.equal(vectors.roots.length, 8);
    for (const [at, root] of vectors.roots.entries()) {
      assert.equal(rootOver(vectors.leaves.slice(0, at + 1).map(bytes)).toString('hex'), root, `${at + 1} leaves`);
    }
  });

  it('has the root that the text of RFC 6962 gives, in every size up to 130', () => {
    for (let size = 0; size <= 130; size++) {
      assert.deepEqual(rootOver(entries(size)), naiveRoot(entries(size)), `${size} leaves`);
    }
  });

  it('hashes a leaf after a 0 byte and a node after a 1 byte', () => {
    const [left, right] = [sha256(bytes('aa')), sha256(bytes('bb'))];
    assert.deepEqual(leafHash(bytes('cafe')), sha256(bytes('00cafe')));
    assert.deepEqual(leafHash(bytes('')), sha256(bytes('00')));
    assert.deepEqual(nodeHash(left, right), sha256(bytes('01'), left, right));
  });

  it('hashes a leaf the same from its bytes, from its text and from both together, whatever came before', () => {
    // Long before short: nothing of a longer text may stay behind.
    for (const length of [5000, 4097, 4096, 4095, 4094, 2048, 9, 1, 0, 4095, 1]) {
      const text = '~'.repeat(length);
      const expected = sha256(bytes('00'), Buffer.from(text));
      assert.deepEqual(leafHash(Buffer.from(text)), expected, `${length} bytes`);
      assert.deepEqual(leafHashOfText(text), expected, `${length} characters`);
      assert.deepEqual(hashOfPrefixed(Buffer.from(`\0${text}`)), expected, `${length} after a 0 byte`);
    }
  });

  it('does not take an interior node for a leaf: the leaf made of both children has another hash', () => {
    const [a, b, c, d] = entries(4).map(leafHash) as [Buffer, Buffer, Buffer, Buffer];
    const four = rootOf([a, b, c, d]);
    // Without the prefixes both trees of two leaves would have the root of the four.
    assert.notDeepEqual(rootOver([Buffer.concat([a, b]), Buffer.concat([c, d])]), four);
    assert.notDeepEqual(rootOver([Buffer.concat([bytes('01'), a, b]), Buffer.concat([bytes('01'), c, d])]), four);
    assert.notDeepEqual(leafHash(Buffer.concat([a, b])), nodeHash(a, b));
  });

  it('tells three leaves from four of which the last is doubled (CVE-2012-2459)', () => {
    const [a, b, c] = entries(3) as [Buffer, Buffer, Buffer];
    assert.notDeepEqual(rootOver([a, b, c]), rootOver([a, b, c, c]));
    for (let size = 1; size <= 64; size++) {
      const leaves = entries(size);
      assert.notDeepEqual(rootOver(leaves), rootOver([...leaves, leaves.at(-1)!]), `${size} leaves`);
    }
  });

  it('changes its root with every leaf that is changed, left out, doubled or swapped with its neighbour', () => {
    const leaves = entries(11);
    const roots = new Set([rootOver(leaves).toString('hex')]);
    for (let at = 0; at < 11; at++) {
      const others = [
        leaves.with(at, Buffer.from('other')),
        leaves.toSpliced(at, 1),
        leaves.toSpliced(at, 0, leaves[at]!),
        ...(at < 10 ? [leaves.with(at, leaves[at + 1]!).with(at + 1, leaves[at]!)] : []),
      ];
      for (const other of others) roots.add(rootOver(other).toString('hex'));
    }
    // 1 as it is, 11 changed, 11 left out, 11 doubled, 10 swapped.
    assert.equal(roots.size, 44);
  });

  it('splits at the largest power of two below its size', () => {
    const table = [
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 4],
      [8, 4],
      [9, 8],
      [1000, 512],
      [2 ** 50 - 1, 2 ** 49],
      [2 ** 50, 2 ** 49],
      [2 ** 53 - 1, 2 ** 52],
      [2 ** 53, 2 ** 52],
    ] as const;
    for (const [size, split] of table) assert.equal(splitPoint(size), split, `${size}`);
  });

  it('knows powers of two from their neighbours up to 2^53', () => {
    for (let power = 0; power <= 53; power++) {
      assert.ok(isPowerOfTwo(2 ** power), `2^${power}`);
      if (power >= 2) assert.ok(!isPowerOfTwo(2 ** power - 1), `2^${power} - 1`);
      if (power >= 1 && power < 53) assert.ok(!isPowerOfTwo(2 ** power + 1), `2^${power} + 1`);
    }
    assert.ok(!isPowerOfTwo(0));
  });
});

describe('a compact range', () => {
  it('keeps one hash per complete subtree, largest first: 13 leaves are 8 + 4 + 1', () => {
    const leaves = entries(13);
    const { peaks, size } = rangeOver(13);
    assert.equal(size, 13);
    assert.deepEqual(peaks, [
      naiveRoot(leaves.slice(0, 8)),
      naiveRoot(leaves.slice(8, 12)),
      naiveRoot(leaves.slice(12)),
    ]);
  });

  it('goes on from its peaks as if it had never stopped, from every size to every other', () => {
    for (let size = 0; size <= 20; size++) {
      const before = rangeOver(size);
      const resumed = new CompactRange(before.size, before.peaks);
      for (let to = size; to <= 20; to++) {
        assert.deepEqual(resumed.root(), naiveRoot(entries(to)), `${size} then ${to}`);
        resumed.append(leafHash(Buffer.from(`entry ${to}`)));
      }
    }
  });

  it('tells of every complete subtree once, when it closes', () => {
    const told: string[] = [];
    const range = new CompactRange(0, [], (level, index, node) => {
      const from = index * 2 ** level;
      assert.deepEqual(node, naiveRoot(entries(6).slice(from, from + 2 ** level)));
      told.push(`${level}/${index}`);
    });
    for (const entry of entries(6)) range.append(leafHash(entry));
    assert.deepEqual(told, ['0/0', '0/1', '1/0', '0/2', '0/3', '1/1', '2/0', '0/4', '0/5', '1/2']);
  });

  it('is not moved by its copy, nor by a change to the peaks it was given', () => {
    const before = rangeOver(5);
    const root = Buffer.from(before.root());
    before.clone().append(leafHash(Buffer.from('more')));
    const given = before.peaks.map((peak) => Buffer.from(peak));
    const copy = new CompactRange(5, given);
    given[0]!.fill(0);
    assert.deepEqual([before.size, before.root(), copy.root()], [5, root, root]);
  });

  it('holds 2^53 - 1 leaves in 53 peaks', () => {
    const peaks = Array.from({ length: 53 }, (_, at) => sha256(Buffer.from(`peak ${at}`)));
    const folded = peaks.toReversed().reduce((right, left) => sha256(bytes('01'), left, right));
    assert.deepEqual(new CompactRange(2 ** 53 - 1, peaks).root(), folded);
  });

  for (const [says, size, peaks] of [
    ['fewer peaks than subtrees', 3, [EMPTY_ROOT]],
    ['more peaks than subtrees', 4, [EMPTY_ROOT, EMPTY_ROOT]],
    ['peaks of no leaves', 0, [EMPTY_ROOT]],
    ['a peak of 31 bytes', 4, [EMPTY_ROOT.subarray(1)]],
    ['a peak of 33 bytes', 4, [Buffer.concat([EMPTY_ROOT, Buffer.of(0)])]],
    ['a negative size', -1, []],
    ['half a leaf', 0.5, []],
    ['a size that is no number', Number.NaN, []],
    ['infinitely many leaves', Number.POSITIVE_INFINITY, []],
    ['2^53 leaves, beyond which counting is not exact', 2 ** 53, [EMPTY_ROOT]],
  ] as const) {
    it(`refuses ${says}`, () => assert.throws(() => new CompactRange(size, peaks), RangeError));
  }

  it('a range holds its hashes in memory of its own: of 7 leaves three, 96 bytes, not the 64 KiB that they were cut from', () => {
    const range = new CompactRange();
    for (const entry of entries(7)) range.append(leafHash(entry));
    const pool = Buffer.concat([Buffer.alloc(64 * 1024), ...range.peaks]);
    const pieces = range.peaks.map((_, at) => pool.subarray(64 * 1024 + 32 * at, 64 * 1024 + 32 * (at + 1)));
    const kept = new CompactRange(7, pieces).clone();
    assert.deepEqual(kept.peaks, range.peaks);
    assert.deepEqual(new Set(kept.peaks.map((peak) => peak.buffer.byteLength)), new Set([96]));
  });
});
