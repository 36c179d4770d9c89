import { BundleUnreadable, readTar, writeTar } from '../evidence/tar.ts';
import type { Sequence } from '../ids.ts';
import { type Page, PageDamaged } from './page.ts';

/** A segment holds up to this many pages: some 5 MB, which is what reading one old receipt fetches. */
export const SEGMENT_PAGES = 256;

/** Entries [from, to) of one log. */
export interface Stretch {
  readonly from: Sequence;
  readonly to: Sequence;
}

const DIGITS = 16;
const digits = (seq: Sequence): string => String(seq).padStart(DIGITS, '0');
const SEGMENT = /\/([0-9]{16})-([0-9]{16})\.tar$/;
const PAGE = /^pages\/([0-9]{16})\.zst$/;

/** Where the vault keeps segments of a tenant's log; their names sort by what they hold. */
export const segmentPrefix = (tenant: string): string => `segments/${tenant}/`;

export const segmentName = (tenant: string, { from, to }: Stretch): string =>
  `${segmentPrefix(tenant)}${digits(from)}-${digits(to)}.tar`;

/** What a segment of that name holds; undefined for the name of something else. */
export function stretchOf(name: string): Stretch | undefined {
  const [, from, to] = SEGMENT.exec(name) ?? [];
  return from === undefined || !(Number(from) < Number(to)) ? undefined : { from: Number(from), to: Number(to) };
}

/** A stretch of a log as the vault keeps it: its pages, byte for byte, in one deterministic tar. */
export const packSegment = (pages: readonly Page[]): Buffer =>
  writeTar(pages.map(({ firstSeq, bytes }) => ({ path: `pages/${digits(firstSeq)}.zst`, bytes })));

/** The pages of a segment. @throws PageDamaged where they do not begin and end as its name says, or it is no segment */
export function unpackSegment(bytes: Buffer, { from, to }: Stretch): Page[] {
  let files: Map<string, Buffer>;
  try {
    files = readTar(bytes);
  } catch (error) {
    if (error instanceof BundleUnreadable) throw new PageDamaged(error.message, { cause: error });
    throw error;
  }
  const starts = [...files.keys()].map((path) => Number(PAGE.exec(path)?.[1] ?? Number.NaN));
  if (starts[0] !== from || starts.some((start) => !(start < to))) {
    throw new PageDamaged(`the segment does not hold entries ${from} to ${to - 1}`);
  }
  // The next page begins where one ends; how many entries it really holds is found out where they are read.
  return [...files.values()].map((page, i) => ({
    firstSeq: starts[i]!,
    count: (starts[i + 1] ?? to) - starts[i]!,
    bytes: page,
  }));
}
