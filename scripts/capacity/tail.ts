import type { Load, Model } from './bill.ts';
import { Fraction, larger, lesser, sumOf } from './fraction.ts';
import type { OperationRun } from './inputs.ts';
import type { Supposed } from './supposed.ts';

/** What the tail check asks for in a time, over all stacks. */
export interface TailAsked {
  /** Firestore documents */
  readonly reads: Fraction;
  /** calls to Firestore and Spanner, each with a line in the trail */
  readonly calls: Fraction;
}

/** A commit's receipts are cut into pages, and the next commit begins another. */
const pagesPerReceipt = ({ batch, together }: OperationRun, supposed: Supposed): Fraction => {
  const receipts = Fraction.of(batch).times(Fraction.of(together));
  return Fraction.of(receipts.over(supposed('page_receipts')).ceiling()).over(receipts);
};

/**
 * Each check follows every page of the last hours in Spanner; at each third one the mirror's copies are gone over, too. What a
 * check asks once for all customers, some twenty calls, is left out.
 * @param days of the load
 */
export function tailAsked({ customers, events }: Load, { run, supposed }: Model, days: Fraction): TailAsked {
  const hours = days.times(Fraction.of(24));
  const pages = events.over(hours).times(supposed('tail_hours')).times(pagesPerReceipt(run, supposed));
  const checks = days.times(supposed('tail_checks_per_day'));
  const comparisons = hours.times(Fraction.of(60)).over(supposed('tail_compare_minutes'));
  // A query that finds nothing is billed as one document.
  const reads = larger(pages, customers).times(comparisons);
  // The last lot of each customer is not a full one.
  const queries = customers.plus(pages.over(supposed('mirror_lot_pages')));
  const lots = lesser(customers, pages).plus(pages.over(supposed('tail_lot_pages')));
  const ofLots = lots.times(supposed('tail_lot_calls')).times(checks);
  // The tree before the tail is looked at once for each anchor: a warm instance knows it from then on.
  const ofBases = customers.times(supposed('tail_base_calls')).times(supposed('anchors_per_day')).times(days);
  return { reads, calls: sumOf([queries.times(comparisons), ofLots, ofBases]) };
}
