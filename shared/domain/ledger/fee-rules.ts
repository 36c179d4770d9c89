import type { Amount, Quantity } from '../decimals.ts';
import { isCumulative } from '../pricing/document.ts';
import { priceOf } from '../pricing/price.ts';
import type { PriceVersion } from '../pricing/version.ts';
import { feeAmount, type Proration, shareOf } from '../subscription/proration.ts';
import type { Instant, Period } from '../time.ts';
import { endOf, startOf } from './books.ts';
import { feeKey, type MoneyBooks, type StandingFee } from './money-books.ts';

/** A recurring fee for a stretch of a period, before it is an entry. */
export interface FeeStretch {
  readonly subscription: string;
  readonly item: string;
  readonly kind: StandingFee['kind'];
  /** `start/end` of the billing period that the stretch lies in */
  readonly period: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly quantity: Quantity;
  readonly quantityText: string;
  readonly proration: Proration;
  readonly zone: string;
  readonly price: PriceVersion;
}

/** What the stretch costs and which share of the period it is. What is unused is given back: below zero. */
export function reckonFee(fee: FeeStretch): {
  readonly amount: Amount;
  readonly numerator: string;
  readonly denominator: string;
} {
  if (!isCumulative(fee.price.document)) throw new RangeError('a recurring fee is priced by its quantity');
  const whole = priceOf(fee.price.document, fee.quantity);
  const period: Period = { start: startOf(fee.period), end: endOf(fee.period) };
  const part = { period, from: fee.from, to: fee.to, proration: fee.proration, zone: fee.zone };
  const { numerator, denominator } = shareOf(part);
  const amount = feeAmount(whole, part);
  return {
    amount: (fee.kind === 'unused' ? -amount : amount) as Amount,
    numerator: String(numerator),
    denominator: String(denominator),
  };
}

/**
 * Whether a fee may follow what its item was charged last: no stretch is charged twice, and only what was charged is
 * given back.
 * @returns what is wrong; undefined where nothing is
 */
export function feeConflict(money: MoneyBooks, fee: StandingFee): string | undefined {
  if (fee.from >= fee.to) return 'a fee pays for a stretch of time';
  if (fee.from < startOf(fee.period) || fee.to > endOf(fee.period)) return 'the stretch is not within its period';
  const standing = money.fees.get(feeKey(fee.subscription, fee.item));
  if (fee.kind === 'unused') {
    if (standing === undefined || standing.kind !== 'advance') return 'nothing was charged that could be given back';
    const same =
      standing.period === fee.period &&
      standing.to === fee.to &&
      standing.quantity === fee.quantity &&
      standing.priceDigest === fee.priceDigest;
    if (!same || fee.from < standing.from) return 'what is given back is not what was charged';
    return undefined;
  }
  if (standing === undefined) return undefined;
  const free = standing.kind === 'unused' ? standing.from : standing.to;
  return fee.from < free ? `${fee.item} is charged until ${free} already` : undefined;
}
