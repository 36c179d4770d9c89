import type { Page } from '../../shared/domain/ledger/page.ts';

/**
 * Each page of a lot with the one after it, which says which of two entries was changed. The last page is left for the next lot, where it
 * is the first, unless the log ends with it or it is all there is.
 * @param end how many entries the log has
 */
export function* withFollowing(
  lot: readonly Page[],
  end: number,
): Generator<readonly [page: Page, following: Page | undefined]> {
  for (const [i, page] of lot.entries()) {
    const following = lot[i + 1];
    if (following === undefined && i > 0 && page.firstSeq + page.count < end) return;
    yield [page, following];
  }
}
