import { type Amount, formatQuantity, type Quantity, ZERO_AMOUNT } from '../decimals.ts';
import { isCumulative } from '../pricing/document.ts';
import { priceOf } from '../pricing/price.ts';
import { taxCategoryOf } from '../pricing/tax-category.ts';
import type { PriceVersion } from '../pricing/version.ts';
import { feeAmount, type Proration, shareOf } from '../subscription/proration.ts';
import type { Instant } from '../time.ts';
import type { Aggregation } from '../usage/meter.ts';
import {
  type AggregateKey,
  endOf,
  type LineName,
  type MeterAggregate,
  type OpenPeriod,
  type SingleLine,
  startOf,
} from './books.ts';
import type { FeeStretch } from './fee-rules.ts';
import type { StandingFee } from './money-books.ts';

/** A correction of a billed event. */
export interface Correction {
  readonly id: string;
  readonly reason: string;
  /** the charge that is corrected */
  readonly refSeq: number;
  readonly refHash: string;
  readonly key: AggregateKey;
  readonly aggregation: Aggregation;
  readonly change: Quantity;
  readonly price: PriceVersion;
}

/** Aggregations that one event's part can be taken out of. The others would have to be counted again. */
export const CORRECTABLE: ReadonlySet<Aggregation> = new Set<Aggregation>(['count', 'sum', 'weighted_sum']);

/**
 * Moves an aggregate by a correction and prices the difference, as a charge would.
 * @throws RangeError where the price or the aggregation does not allow it
 */
export function correctAggregate(held: MeterAggregate, price: PriceVersion, change: Quantity): Amount {
  if (!isCumulative(price.document) || !CORRECTABLE.has(held.aggregation)) {
    throw new RangeError(`a ${held.aggregation} at ${price.ref} is not corrected event by event`);
  }
  const before = held.aggregate;
  const value = (before.value + change) as Quantity;
  if (value < 0n && held.aggregation !== 'weighted_sum') throw new RangeError('nothing is used less than not at all');
  held.aggregate = { ...before, value };
  held.valueText = formatQuantity(value);
  return (priceAtLeastZero(price, value) - priceAtLeastZero(price, before.value)) as Amount;
}

function priceAtLeastZero(price: PriceVersion, value: Quantity): Amount {
  if (!isCumulative(price.document)) throw new RangeError('a percentage has no price of an aggregate');
  return priceOf(price.document, value < 0n ? (0n as Quantity) : value);
}

/** What a minimum commitment is short of, before it is an entry. */
export interface TrueUp {
  readonly commitment: string;
  readonly price: PriceVersion;
  readonly from: Instant;
  readonly to: Instant;
  readonly numerator: string;
  readonly denominator: string;
  readonly proration: Proration;
  readonly zone: string;
  /** the share of the commitment, what covered charges count towards it, and the rest */
  readonly committed: Amount;
  readonly billed: Amount;
  readonly amount: Amount;
}

/**
 * What of a period's charges counts towards a commitment: its own usage on the meters it covers, whether invoiced before or not,
 * as far as commitments before it in the same close have not taken it.
 */
export function coveredCharges(open: OpenPeriod, covers: readonly string[], taken: Amount): Amount {
  let sum = 0n;
  for (const line of open.lines.values()) {
    if (line.period !== open.period || !(covers.length === 0 || covers.includes(line.meter))) continue;
    if (line.kind === 'usage') sum += line.amount;
    if (line.kind === 'invoiced') sum += line.base;
  }
  const left = sum - taken;
  return (left > 0n ? left : ZERO_AMOUNT) as Amount;
}

/** What true-ups of this bucket have counted already: commitments of one period follow one another. */
export function countedByTrueUps(open: OpenPeriod): Amount {
  let sum = 0n;
  for (const line of open.lines.values()) if (line.kind === 'true_up') sum += line.base;
  return sum as Amount;
}

export const usageLine = (meter: string, period: string, price: PriceVersion): LineName => ({
  meter,
  period,
  priceDigest: price.digest,
  priceRef: price.ref,
  taxCategory: taxCategoryOf(price.document),
});

export const feeLine = (fee: FeeStretch, numerator: string, denominator: string): SingleLine => ({
  ...usageLine(fee.item, `${fee.from}/${fee.to}`, fee.price),
  kind: fee.kind,
  quantity: fee.quantityText,
  numerator,
  denominator,
});

export const trueUpLine = (due: TrueUp): SingleLine => ({
  ...usageLine(due.commitment, `${due.from}/${due.to}`, due.price),
  kind: 'true_up',
  quantity: '',
  numerator: due.numerator,
  denominator: due.denominator,
});

export const adjustmentLine = (id: string, period: string, taxCategory: string): SingleLine => ({
  kind: 'adjustment',
  meter: id,
  period,
  priceDigest: '',
  priceRef: '',
  taxCategory,
  quantity: '',
  numerator: '',
  denominator: '',
});

export const standingOf = (fee: FeeStretch): StandingFee => ({
  subscription: fee.subscription,
  item: fee.item,
  kind: fee.kind,
  period: fee.period,
  from: fee.from,
  to: fee.to,
  quantity: fee.quantityText,
  priceDigest: fee.price.digest,
});

/**
 * What a minimum commitment is short of in a bucket that is about to be closed.
 * @param taken what commitments before it in this close count already
 */
export function reckonTrueUp(
  open: OpenPeriod,
  taken: Amount,
  due: Pick<TrueUp, 'commitment' | 'price' | 'from' | 'to' | 'proration' | 'zone'>,
): TrueUp {
  const { model } = due.price.document;
  if (model.type !== 'minimum') throw new RangeError('only a minimum is a commitment');
  const period = { start: startOf(open.period), end: endOf(open.period) };
  const part = { period, from: due.from, to: due.to, proration: due.proration, zone: due.zone };
  const { numerator, denominator } = shareOf(part);
  const committed = feeAmount(model.amount, part);
  const covered = coveredCharges(open, model.covers, taken);
  const billed = covered < committed ? covered : committed;
  return {
    ...due,
    numerator: String(numerator),
    denominator: String(denominator),
    committed,
    billed,
    amount: (committed - billed) as Amount,
  };
}
