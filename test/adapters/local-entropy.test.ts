import assert from 'node:assert/strict';
import { SeededEntropy, SystemEntropy } from '../../shared/adapters/local/entropy.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('chance from the machine (system entropy)', () => {
  it('gives as many bytes as were asked for, small and large', () => {
    const entropy = new SystemEntropy();
    for (const length of [0, 1, 16, 32, 255, 256, 257, 8192, 100_000]) {
      const bytes = entropy.bytes(length);
      assert.equal(bytes.length, length);
      assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    }
  });

  it('never gives the same 16 bytes twice in 100,000 times', () => {
    const entropy = new SystemEntropy();
    const seen = new Set<string>();
    for (let time = 0; time < 100_000; time++) seen.add(hex(entropy.bytes(16)));
    assert.equal(seen.size, 100_000);
  });

  it('what was given stays as it was, however much is asked for later, and shares memory with nothing', () => {
    const entropy = new SystemEntropy();
    const given = Array.from({ length: 2_000 }, () => entropy.bytes(24));
    const then = given.map(hex);
    for (let time = 0; time < 2_000; time++) entropy.bytes(24);
    assert.deepEqual(given.map(hex), then);
    for (const bytes of given) assert.equal(bytes.buffer.byteLength, 24);
  });

  it('sets every bit about half of the time: of 20,000 asks, 10,000 give or take 500', () => {
    // A fair bit strays from 10,000 by more than 500 (seven standard deviations of 70.7) once in 4 × 10^11 bits.
    const entropy = new SystemEntropy();
    const ones = new Array<number>(128).fill(0);
    for (let time = 0; time < 20_000; time++) {
      const bytes = entropy.bytes(16);
      for (let bit = 0; bit < 128; bit++) ones[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1;
    }
    for (const count of ones) assert.ok(Math.abs(count - 10_000) <= 500, `${count} of 20,000`);
  });

  it('a length that is none is a mistake', () => {
    for (const length of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => new SystemEntropy().bytes(length), RangeError);
      assert.throws(() => new SeededEntropy('x').bytes(length), RangeError);
    }
  });
});

describe('chance for a replay (seeded entropy)', () => {
  // Made with sha256sum: S = SHA-256 of the text `a replay`, then SHA-256 of S and an 8-byte counter 0, 1, 2.
  const STREAM = [
    '4f9821ab455d3ad08553f985051fe8aeb93d8272e962fb75ef92c9fd856a8dfe',
    'b278570ebe953678bd60a3fab4a9fb6c060a8d8c5597fe2052bd3b4d2a103968',
    '9446ff257a43b79f5d4dfbb42d2ce97a92559bc265a934c59c4022ecfebdc717',
  ].join('');

  it('is the SHA-256 counter stream of its seed', () => {
    assert.equal(hex(new SeededEntropy('a replay').bytes(96)), STREAM);
  });

  it('is the same stream however it is cut', () => {
    const entropy = new SeededEntropy('a replay');
    const parts = [1, 0, 31, 5, 40, 19].map((length) => hex(entropy.bytes(length)));
    assert.equal(parts.join(''), STREAM);
  });

  it('another seed is another stream', () => {
    assert.notEqual(hex(new SeededEntropy('b replay').bytes(32)), STREAM.slice(0, 64));
  });
});
