import { syncBuiltinESMExports } from 'node:module';
import zlib from 'node:zlib';

/** RFC 8878 section 3.1.1: magic number, then a single segment whose size takes four bytes, no checksum, no dictionary. */
const HEADER = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]);
const BLOCKS_AT = HEADER.length + 4;
const BLOCK_HEADER_BYTES = 3;
/** Section 3.1.1.2.4: no block is larger. */
const BLOCK_MAX_BYTES = 128 * 1024;

/** A zstd frame of raw blocks (section 3.1.1.2.2), which every decompressor reads. */
export function storedFrame(bytes: Uint8Array): Buffer {
  const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK_MAX_BYTES));
  const frame = Buffer.allocUnsafe(BLOCKS_AT + blocks * BLOCK_HEADER_BYTES + bytes.length);
  frame.set(HEADER, 0);
  frame.writeUInt32LE(bytes.length, HEADER.length);
  let at = BLOCKS_AT;
  for (let from = 0, block = 1; block <= blocks; block++, from += BLOCK_MAX_BYTES) {
    const part = bytes.subarray(from, from + BLOCK_MAX_BYTES);
    frame.writeUIntLE(part.length * 8 + (block === blocks ? 1 : 0), at, BLOCK_HEADER_BYTES);
    frame.set(part, at + BLOCK_HEADER_BYTES);
    at += BLOCK_HEADER_BYTES + part.length;
  }
  return frame;
}

/** Reads such a frame of one block. @returns undefined for any other */
export function readStored(frame: Uint8Array): Buffer | undefined {
  for (let i = 0; i < HEADER.length; i++) if (frame[i] !== HEADER[i]) return undefined;
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  const size = bytes.length - BLOCKS_AT - BLOCK_HEADER_BYTES;
  if (size < 0 || bytes.readUInt32LE(HEADER.length) !== size) return undefined;
  if (bytes.readUIntLE(BLOCKS_AT, BLOCK_HEADER_BYTES) !== size * 8 + 1) return undefined;
  return Buffer.from(bytes.subarray(BLOCKS_AT + BLOCK_HEADER_BYTES));
}

/**
 * Has the process write stored frames where it would compress, for as long as `isStored` says so: a compressor costs more than
 * all that a step does besides. What is no stored frame is decompressed as ever.
 * @returns a function that puts the library's own back
 */
export function storeInsteadOfCompress(isStored: () => boolean): () => void {
  const { zstdCompressSync, zstdDecompressSync } = zlib;
  zlib.zstdCompressSync = ((bytes: Uint8Array, options?: zlib.ZstdOptions) =>
    isStored() ? storedFrame(bytes) : zstdCompressSync(bytes, options)) as typeof zstdCompressSync;
  zlib.zstdDecompressSync = ((bytes: Uint8Array, options?: zlib.ZstdOptions) => {
    const stored = readStored(bytes);
    return stored !== undefined && stored.length <= (options?.maxOutputLength ?? Number.POSITIVE_INFINITY)
      ? stored
      : zstdDecompressSync(bytes, options);
  }) as typeof zstdDecompressSync;
  syncBuiltinESMExports();
  return () => {
    Object.assign(zlib, { zstdCompressSync, zstdDecompressSync });
    syncBuiltinESMExports();
  };
}
