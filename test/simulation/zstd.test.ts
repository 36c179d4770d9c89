import assert from 'node:assert/strict';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { readStored, storedFrame, storeInsteadOfCompress } from '../../scripts/simulation/zstd.ts';

describe('stored frames in place of compressed ones', () => {
  it('any decompressor reads them, and so does the simulation', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        const frame = storedFrame(bytes);
        assert.deepEqual(new Uint8Array(zstdDecompressSync(frame)), bytes);
        assert.deepEqual(new Uint8Array(readStored(frame)!), bytes);
      }),
    );
  });

  it('more than a block of 128 KiB is several, which the library reads', () => {
    const bytes = Buffer.alloc(300_001, 'usage');
    assert.ok(zstdDecompressSync(storedFrame(bytes)).equals(bytes));
  });

  it('a frame that was cut, lengthened or compressed is none of them', () => {
    const frame = storedFrame(Buffer.from('entry'));
    assert.equal(readStored(frame.subarray(0, -1)), undefined);
    assert.equal(readStored(Buffer.concat([frame, Buffer.from([0])])), undefined);
    assert.equal(readStored(zstdCompressSync(Buffer.from('entry'))), undefined);
  });

  it('while they are asked for the library writes them, reads both kinds, keeps to a limit, and is itself again afterwards', () => {
    const text = Buffer.alloc(1000, 'a');
    const compressed = zstdCompressSync(text);
    let isStored = true;
    const restore = storeInsteadOfCompress(() => isStored);
    try {
      const stored = zstdCompressSync(text);
      assert.ok(stored.length > text.length);
      assert.ok(zstdDecompressSync(stored).equals(text));
      assert.ok(zstdDecompressSync(compressed).equals(text));
      assert.throws(() => zstdDecompressSync(stored, { maxOutputLength: 999 }), { code: 'ERR_BUFFER_TOO_LARGE' });
      isStored = false;
      assert.ok(zstdCompressSync(text).equals(compressed));
    } finally {
      restore();
    }
    isStored = true;
    assert.ok(zstdCompressSync(text).equals(compressed));
  });
});
