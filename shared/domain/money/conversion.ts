import { type Amount, divideRounded, ONE, type Price, readDecimal } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import type { Currency } from './currency.ts';

/** So many units of `quote` for one of `base`, as somebody published it for a day. */
export interface ExchangeRate {
  readonly id: string;
  readonly base: Currency;
  readonly quote: Currency;
  /** 10^-12 */
  readonly rate: Price;
}

const TWELVE = 10n ** 12n;

/**
 * An amount in another currency, by a recorded rate: times the rate, or divided by it the other way round. A product is exact; a
 * quotient is rounded once, half away from zero, to 12 places.
 * @param amount in main units, at most 12 places
 * @throws BadInput `currency_mismatch` where the rate is between other currencies, `invalid_amount`
 */
export function convert(amount: string, from: Currency, to: Currency, { base, quote, rate, id }: ExchangeRate): Amount {
  const sign = amount.startsWith('-') ? -1n : 1n;
  const units = readDecimal(amount.replace(/^-/, ''), { whole: 20, places: 12 });
  if (units === undefined)
    throw new BadInput('invalid_amount', 'an amount is a decimal number of 12 places at most', 'amount');
  if (base === from && quote === to) return (sign * units * rate) as Amount;
  if (base === to && quote === from) return (sign * divideRounded(units * ONE, rate) * TWELVE) as Amount;
  throw new BadInput('currency_mismatch', `${id} is a rate of ${base} in ${quote}, not of ${from} in ${to}`, 'rate_id');
}
