import { AMOUNT_PLACES, type Amount, divideRounded } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import { type Currency, minorUnitPlaces } from './currency.ts';

/** An exact amount: `minorUnits` counts the currency's smallest unit (EUR 12.34 is 1234n). May be negative. */
export interface Money {
  readonly currency: Currency;
  readonly minorUnits: bigint;
}

/** Money as JSON carries it: minor units as a string. */
export interface MoneyJson {
  readonly amount: string;
  readonly currency: string;
}

export const moneyJson = (money: Money): MoneyJson => ({
  amount: money.minorUnits.toString(),
  currency: money.currency,
});

/**
 * The one rounding step of an invoice line: an exact amount to the currency's minor unit, half away from zero
 * (0.125 USD is 13 cents, -0.125 USD is -13 cents).
 */
export function roundToMinorUnit(amount: Amount, currency: Currency): Money {
  const divisor = 10n ** BigInt(AMOUNT_PLACES - minorUnitPlaces(currency));
  return { currency, minorUnits: divideRounded(amount, divisor) };
}

/** @throws BadInput `currency_mismatch` where the currencies differ */
export function sum(currency: Currency, parts: readonly Money[]): Money {
  let minorUnits = 0n;
  for (const part of parts) {
    if (part.currency !== currency) throw new BadInput('currency_mismatch', `${part.currency} in a sum of ${currency}`);
    minorUnits += part.minorUnits;
  }
  return { currency, minorUnits };
}

/** An amount for people: `USD 12.34`, `JPY 1235`, `-USD 0.05`. */
export function moneyText({ currency, minorUnits }: Money): string {
  const places = minorUnitPlaces(currency);
  const digits = (minorUnits < 0n ? -minorUnits : minorUnits).toString().padStart(places + 1, '0');
  const point = digits.length - places;
  const text = places === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return `${minorUnits < 0n ? '-' : ''}${currency} ${text}`;
}

/**
 * Splits `total` in proportion to `weights` without losing or inventing a minor unit.
 * Largest remainder first; equal remainders go to the earlier weight, so the result never depends on a sort's whim.
 * @param weights non-negative, at least one above zero
 * @returns one share per weight, in order; the shares add up to `total` exactly
 */
export const split = (total: Money, weights: readonly bigint[]): Money[] =>
  splitUnits(total.minorUnits, weights).map((minorUnits) => ({ currency: total.currency, minorUnits }));

/** The same on a number of minor units. */
export function splitUnits(total: bigint, weights: readonly bigint[]): bigint[] {
  const whole = weights.reduce((all, weight) => all + weight, 0n);
  if (weights.some((weight) => weight < 0n) || whole <= 0n) {
    throw new RangeError('a split needs weights that are not negative, with one above zero');
  }
  const size = total < 0n ? -total : total;
  const shares = weights.map((weight) => (size * weight) / whole);
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (size * weight) % whole }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  const spare = Number(size - shares.reduce((all, share) => all + share, 0n));
  for (const { index } of byRemainder.slice(0, spare)) shares[index]! += 1n;
  return shares.map((share) => (total < 0n ? -share : share));
}
