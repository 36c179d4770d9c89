import type { Filter } from './filter.ts';
import { sameKey } from './young.ts';

/** Rows that came, in no order yet. */
export const YOUNG_RUN = 0;
/** What fits a leaf of SQLite's beside the rowid. */
export const BLOCK_BYTES = 3900;

/** Sorted rows in blocks. */
export interface Run {
  readonly id: number;
  /** how often its rows went through a merge, and one more */
  readonly level: number;
  /** the first of the runs that it is made of: which of two was before the other */
  readonly since: number;
  readonly count: number;
  /** microseconds since 1970 from which on none of its rows is good; 0 where rows do not expire */
  readonly goodUntil: number;
  readonly filter: Filter;
}

/** @param visit given where each record begins and ends */
export function forEachRecord(bytes: Buffer, visit: (at: number, to: number) => void): void {
  for (let at = 0; at < bytes.length; ) {
    const to = at + bytes.readUInt16BE(at);
    visit(at, to);
    at = to;
  }
}

/** @returns where the record of that key is, -1 where there is none */
export function findInBlock(bytes: Buffer, key: Uint8Array): number {
  for (let at = 0; at < bytes.length; at += bytes.readUInt16BE(at)) {
    if (sameKey(bytes, at + 2, key, 0)) return at;
  }
  return -1;
}
