import type { Sequence } from '../ids.ts';
import { COMPACT, packCompact, unpackCompact } from './page-compact.ts';
import { packPlain, unpackPlain } from './page-plain.ts';
import { leafHashTextOf } from './tree.ts';

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

/**
 * A page's bytes: compact, or plain where the entries are not such as follow from one another. Either gives back every
 * byte of every entry.
 * @param hashes leaf hashes of the entries as base64url, where whoever wrote them has them at hand
 */
export const packPage = (texts: readonly string[], hashes: readonly string[] = texts.map(leafHashTextOf)): Buffer =>
  packCompact(texts, hashes, PAGE_ENTRIES) ?? packPlain(texts);

/** Cuts new entries into pages. @param hashes their leaf hashes, base64url */
export function pagesOf(firstSeq: Sequence, texts: readonly string[], hashes?: readonly string[]): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < texts.length; at += PAGE_ENTRIES) {
    const end = at + PAGE_ENTRIES;
    const slice = texts.slice(at, end);
    pages.push({ firstSeq: firstSeq + at, count: slice.length, bytes: packPage(slice, hashes?.slice(at, end)) });
  }
  return pages;
}

/** The entries of a page, in order. @throws PageDamaged */
export function unpackPage(bytes: Uint8Array): string[] {
  const page = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let texts: string[] | undefined;
  try {
    texts = page[0] === COMPACT ? unpackCompact(page, PAGE_ENTRIES) : unpackPlain(page, PAGE_ENTRIES);
  } catch (error) {
    throw new PageDamaged('the page does not decompress', { cause: error });
  }
  if (texts === undefined) throw new PageDamaged('the page does not hold the entries that it vouches for');
  return texts;
}

/**
 * Whether a page may hold an event of a key. Compact pages keep the key's bytes as they are, so most pages need no unpacking
 * to be passed over.
 * @param key first 16 bytes of the event's id
 */
export const mayHoldEvent = (bytes: Buffer, key: Buffer): boolean => bytes[0] !== COMPACT || bytes.includes(key);
