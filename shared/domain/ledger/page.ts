import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Sequence } from '../ids.ts';
import { RECORD_MAX_BYTES } from './record.ts';

/** A page holds up to this many consecutive entries: at most 512 KiB of text, under every store's limit for one value. */
export const PAGE_ENTRIES = 256;

/** Consecutive entries as they are stored: the same bytes in database, mirror and vault. */
export interface Page {
  readonly firstSeq: Sequence;
  readonly count: number;
  readonly bytes: Buffer;
}

/** The bytes are no page: damaged, cut, or somebody else's. */
export class PageDamaged extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'PageDamaged';
  }
}

/** A page's bytes: its entries, each with a newline, in one zstd frame (RFC 8878) with its content checksum. */
export const packPage = (texts: readonly string[]): Buffer =>
  zstdCompressSync(Buffer.from(`${texts.join('\n')}\n`, 'latin1'), {
    params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
  });

/** Cuts new entries into pages. */
export function pagesOf(firstSeq: Sequence, texts: readonly string[]): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < texts.length; at += PAGE_ENTRIES) {
    const slice = texts.slice(at, at + PAGE_ENTRIES);
    pages.push({ firstSeq: firstSeq + at, count: slice.length, bytes: packPage(slice) });
  }
  return pages;
}

/** The entries of a page, in order. @throws PageDamaged */
export function unpackPage(bytes: Uint8Array): string[] {
  let text: string;
  try {
    text = zstdDecompressSync(bytes, { maxOutputLength: PAGE_ENTRIES * (RECORD_MAX_BYTES + 1) }).toString('latin1');
  } catch (error) {
    throw new PageDamaged('the page does not decompress', { cause: error });
  }
  if (!text.endsWith('\n')) throw new PageDamaged('the page does not end with an entry');
  return text.slice(0, -1).split('\n');
}
