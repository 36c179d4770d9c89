import { AMOUNT_PLACES } from '../decimals.ts';
import type { Sequence } from '../ids.ts';
import type { InvoiceLine } from '../invoice/invoice.ts';
import type { LineKind } from '../ledger/books.ts';
import { minorUnitPlaces, parseCurrency } from '../money/currency.ts';
import { roundToMinorUnit } from '../money/money.ts';
import { type Instant, microsOf, type Period } from '../time.ts';
import { decisionOf, documentOf, type RevenueDocuments } from './documents.ts';
import {
  type EarnedSum,
  type IssuedSums,
  isStretched,
  keyOf,
  type OpenSums,
  type RevenueHistory,
  stretchOf,
} from './history.ts';
import type { Month, MonthCalendar } from './months.ts';
import { ratesWithin, taxWithin } from './net.ts';
import { type Reversal, reversalsOf } from './reversals.ts';
import { roundParts, sumOf } from './rounding.ts';

/** What a line of an invoice, or of what will be one, earns and when. Minor units of `currency`, net of tax and discounts. */
export interface RevenueLine {
  /** the entry of the invoice; of what is not invoiced yet, the line's last entry */
  readonly seq: Sequence;
  /** the line's own entries */
  readonly firstSeq: Sequence;
  readonly lastSeq: Sequence;
  /** undefined until it is invoiced */
  readonly invoice: string | undefined;
  /** place among the invoice's lines, from 0; among those of its open period where there is no invoice yet */
  readonly line: number;
  readonly subscription: string;
  readonly kind: LineKind;
  /** the meter, item, commitment or adjustment */
  readonly name: string;
  readonly currency: string;
  /** the period that the usage belongs to, the stretch that the fee pays for */
  readonly stretch: Period;
  /** the month in which the invoice was issued */
  readonly billedIn: Month | undefined;
  readonly net: bigint;
  /** what is earned in each month, ascending, without months of nothing; adds up to `net` */
  readonly earned: ReadonlyMap<Month, bigint>;
  /** what credit notes and a void took back, in the order of the ledger */
  readonly reversals: readonly Reversal[];
}

/**
 * The revenue of one organization: every line of every invoice, and what has come together for the next, with the months it
 * is earned in (see `RevenueHistory` for when). Taxes are no revenue (IFRS 15.47; ASC 606-10-32-2): of prices that contain them
 * they are taken out. A line's discount is spread as the line is, and so is what its one rounding gave or took. A write-off
 * changes nothing here: that somebody does not pay is an impairment of the receivable, an expense, and takes nothing back of
 * what was earned (IFRS 15.108 with IFRS 9.5.5; ASC 606-10-45-4 with ASC 326-20).
 *
 * Amounts of what is not invoiced yet are before discounts: only the invoice decides which are given. Once it stands, the
 * months before it are told with what it decided.
 *
 * @throws RangeError where a document is missing or is not the one that its entry was signed for
 */
export function revenueLines(history: RevenueHistory, documents: RevenueDocuments): RevenueLine[] {
  const lines = history.issued.flatMap((issued) => invoiced(issued, history.calendar, documents));
  const taken = reversalsOf(lines, history, documents);
  const open = [...history.open.values()].flatMap((one) => notInvoiced(one, history, documents));
  return [...lines.map((line) => ({ ...line, reversals: taken.get(line) ?? [] })), ...open];
}

function invoiced({ entry, sums }: IssuedSums, calendar: MonthCalendar, documents: RevenueDocuments): RevenueLine[] {
  const document = documentOf(entry.number, entry.invoice_digest, documents);
  const left = document.lines.map(({ amount, discount, tax_category }) => ({
    amount: BigInt(amount) - BigInt(discount),
    category: tax_category,
  }));
  const isInclusive = document.tax_behavior === 'inclusive';
  const taxes = isInclusive ? taxWithin(left, decisionOf(document.tax_decision, documents)) : left.map(() => 0n);
  const billedIn = calendar.monthOf(entry.recorded_at as Instant);
  return document.lines.map((line, i) => {
    const sum = sums.get(keyOf(nameOf(line)));
    if (sum === undefined) throw new RangeError(`no entries make line ${i} of ${entry.number}`);
    const amounts = { whole: BigInt(line.amount), discount: BigInt(line.discount), tax: taxes[i]! };
    const { subscription, currency, number, seq } = entry;
    return lineOf(sum, amounts, calendar, {
      seq: Number(seq),
      invoice: number,
      line: i,
      subscription,
      currency,
      billedIn,
    });
  });
}

const nameOf = ({ kind, meter, period, price_digest, quantity }: InvoiceLine) => ({
  kind,
  meter,
  period,
  priceDigest: price_digest,
  quantity,
});

function notInvoiced(open: OpenSums, history: RevenueHistory, { toCome }: RevenueDocuments): RevenueLine[] {
  const sums = [...history.sumsOf(open).values()];
  const currency = parseCurrency(open.currency);
  const amounts = sums.map((sum) => roundToMinorUnit(sum.exact, currency).minorUnits);
  const categorized = sums.map(({ taxCategory, priceDigest }, i) => ({
    amount: amounts[i]!,
    category: taxCategory ?? toCome?.categories.get(priceDigest) ?? '',
  }));
  const taxes = toCome === undefined ? sums.map(() => 0n) : taxWithin(categorized, ratesWithin(toCome.decision));
  return sums.map((sum, i) =>
    lineOf(sum, { whole: amounts[i]!, discount: 0n, tax: taxes[i]! }, history.calendar, {
      seq: sum.lastSeq,
      invoice: undefined,
      line: i,
      subscription: open.subscription,
      currency,
      billedIn: undefined,
    }),
  );
}

interface Amounts {
  /** the line rounded, what discounts took of it, and the tax within what they left */
  readonly whole: bigint;
  readonly discount: bigint;
  readonly tax: bigint;
}

function lineOf(
  sum: EarnedSum,
  amounts: Amounts,
  calendar: MonthCalendar,
  place: Pick<RevenueLine, 'seq' | 'invoice' | 'line' | 'subscription' | 'currency' | 'billedIn'>,
): RevenueLine {
  const { kind, meter, period, firstSeq, lastSeq } = sum;
  const stretch = stretchOf(period);
  const net = amounts.whole - amounts.discount - amounts.tax;
  const earned = isStretched(kind)
    ? evenly(net, stretch, calendar)
    : byMonth(sum, amounts, minorUnitPlaces(parseCurrency(place.currency)));
  return { ...place, firstSeq, lastSeq, kind, name: meter, stretch, net, earned, reversals: [] };
}

/** A fee over the months of its stretch, by the share of its microseconds that each holds. */
function evenly(net: bigint, stretch: Period, calendar: MonthCalendar): Map<Month, bigint> {
  const parts = calendar.partsOf(stretch);
  const length = microsOf(stretch.end) - microsOf(stretch.start);
  const rounded = roundParts(
    net,
    parts.map(({ micros }) => net * micros),
    length,
  );
  return monthly(
    parts.map(({ month }) => month),
    rounded,
  );
}

/** What was used in each month: rounded as the line was, less each month's part of discount and tax. */
function byMonth(sum: EarnedSum, { whole, discount, tax }: Amounts, places: number): Map<Month, bigint> {
  const months = [...sum.months.keys()].sort();
  const exact = months.map((month) => sum.months.get(month)!);
  const rounded = roundParts(whole, exact, 10n ** BigInt(AMOUNT_PLACES - places));
  const discounted = less(rounded, discount);
  return monthly(months, less(discounted, tax));
}

/** Takes an amount from parts, in proportion to them. */
function less(parts: readonly bigint[], amount: bigint): bigint[] {
  if (amount === 0n) return [...parts];
  const whole = sumOf(parts);
  // What is below zero is turned around: a denominator is above zero.
  const sign = whole < 0n ? -1n : 1n;
  const taken = roundParts(
    amount,
    parts.map((part) => part * amount * sign),
    whole * sign,
  );
  return parts.map((part, i) => part - taken[i]!);
}

const monthly = (months: readonly Month[], amounts: readonly bigint[]): Map<Month, bigint> =>
  new Map(months.map((month, i) => [month, amounts[i]!] as const).filter(([, amount]) => amount !== 0n));

/** What a line earns in each month after what was taken back of it: adds up to `net` less the reversals'. */
export function earnedIn({ earned, reversals }: RevenueLine): Map<Month, bigint> {
  const left = new Map(earned);
  for (const { parts } of reversals) {
    for (const [month, part] of parts) left.set(month, (left.get(month) ?? 0n) - part);
  }
  return left;
}
