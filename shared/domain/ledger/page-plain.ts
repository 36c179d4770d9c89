import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { RECORD_MAX_BYTES } from './record.ts';

/** A plain page: its entries, each with a newline, in one zstd frame (RFC 8878) with its content checksum. */
export const packPlain = (texts: readonly string[]): Buffer =>
  zstdCompressSync(Buffer.from(`${texts.join('\n')}\n`, 'latin1'), {
    params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
  });

/** @returns undefined where the page does not end with an entry. @throws Error where it does not decompress */
export function unpackPlain(bytes: Uint8Array, maxEntries: number): string[] | undefined {
  const maxOutputLength = maxEntries * (RECORD_MAX_BYTES + 1);
  const text = zstdDecompressSync(bytes, { maxOutputLength }).toString('latin1');
  return text.endsWith('\n') ? text.slice(0, -1).split('\n') : undefined;
}
