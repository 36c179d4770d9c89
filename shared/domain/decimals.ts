import { BadInput } from './errors.ts';
import type { Brand } from './ids.ts';

/** A quantity or an aggregate, counted in 10^-12 units. */
export type Quantity = Brand<bigint, 'Quantity'>;
/** A price per unit, a flat price or a rate, counted in 10^-12. */
export type Price = Brand<bigint, 'Price'>;
/** An exact amount of money before its one rounding, counted in 10^-24 of the currency's main unit. */
export type Amount = Brand<bigint, 'Amount'>;

/** Places after the point of quantities and prices. A quantity times a price then has exactly 24. */
export const QUANTITY_PLACES = 12;
export const PRICE_PLACES = 12;
export const AMOUNT_PLACES = 24;

export const ZERO_QUANTITY = 0n as Quantity;
export const ZERO_AMOUNT = 0n as Amount;
export const ONE = 10n ** 12n;

const POWERS = Array.from({ length: AMOUNT_PLACES + 1 }, (_, power) => 10n ** BigInt(power));
// Leading zeros, exponents, signs, blanks and other alphabets' digits are refused: BigInt('') is 0n and
// BigInt('0x1f') is 31n, so nothing reaches BigInt before this grammar.
const UNSIGNED = /^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
const CANONICAL = /^(?:0|-?(?:[1-9][0-9]*|[1-9][0-9]*\.[0-9]*[1-9]|0\.[0-9]*[1-9]))$/;

/** How many digits a decimal string may have on either side of the point. */
export interface DecimalBounds {
  readonly whole: number;
  readonly places: number;
}

/**
 * Reads an unsigned decimal string exactly.
 * @returns the value counted in 10^-places, or undefined where the text is not a decimal within the bounds
 */
export function readDecimal(text: unknown, { whole, places }: DecimalBounds): bigint | undefined {
  if (typeof text !== 'string' || text.length > whole + places + 1 || !UNSIGNED.test(text)) return undefined;
  const point = text.indexOf('.');
  if (point < 0) return text.length > whole ? undefined : BigInt(text) * POWERS[places]!;
  const fraction = text.length - point - 1;
  if (point > whole || fraction > places) return undefined;
  return BigInt(text.slice(0, point) + text.slice(point + 1)) * POWERS[places - fraction]!;
}

/**
 * Reads a canonical decimal as receipts carry it: no leading or trailing zeros, no `-0`, no exponent.
 * @returns the value counted in 10^-places, or undefined where the text is not canonical or finer than `places`
 */
export function readCanonicalDecimal(text: string, places: number): bigint | undefined {
  if (!CANONICAL.test(text)) return undefined;
  const point = text.indexOf('.');
  if (point < 0) return BigInt(text) * POWERS[places]!;
  const fraction = text.length - point - 1;
  if (fraction > places) return undefined;
  return BigInt(text.slice(0, point) + text.slice(point + 1)) * POWERS[places - fraction]!;
}

/** Writes a count of 10^-places as a canonical decimal string: `1500000000000n` at 12 places is `1.5`. */
export function formatDecimal(units: bigint, places: number): string {
  if (units === 0n) return '0';
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString();
  const whole = digits.length > places ? digits.slice(0, digits.length - places) : '0';
  let fraction = digits.length > places ? digits.slice(digits.length - places) : digits.padStart(places, '0');
  let end = fraction.length;
  while (end > 0 && fraction.charCodeAt(end - 1) === 48) end--;
  fraction = fraction.slice(0, end);
  return `${negative ? '-' : ''}${whole}${end > 0 ? `.${fraction}` : ''}`;
}

/** Reads a usage quantity: up to 20 digits before and 12 after the point. @throws BadInput `invalid_quantity` */
export function parseQuantity(value: unknown, param = 'quantity'): Quantity {
  const units = readDecimal(value, { whole: 20, places: QUANTITY_PLACES });
  if (units !== undefined) return units as Quantity;
  throw new BadInput(
    'invalid_quantity',
    'a quantity is a decimal string such as "12.5": up to 20 digits before and 12 after the point, no sign, no exponent',
    param,
  );
}

/** Reads a change of a level: a quantity, or one with a minus before it. @throws BadInput `invalid_quantity` */
export function parseChange(value: unknown, param = 'quantity'): Quantity {
  const isLess = typeof value === 'string' && value.startsWith('-');
  const size = parseQuantity(isLess ? value.slice(1) : value, param);
  if (isLess && size === 0n) throw new BadInput('invalid_quantity', 'there is no -0', param);
  return (isLess ? -size : size) as Quantity;
}

/** Reads a price or rate: a decimal string of up to 20 digits before and 12 after the point. @throws BadInput `invalid_price` */
export function parsePrice(value: unknown, param: string): Price {
  const units = readDecimal(value, { whole: 20, places: PRICE_PLACES });
  if (units !== undefined) return units as Price;
  throw new BadInput('invalid_price', 'a price is a decimal string with up to 12 places, not negative', param);
}

export const formatQuantity = (quantity: Quantity): string => formatDecimal(quantity, QUANTITY_PLACES);
export const formatPrice = (price: Price): string => formatDecimal(price, PRICE_PLACES);
export const formatAmount = (amount: Amount): string => formatDecimal(amount, AMOUNT_PLACES);

/** A quantity at a price, exact: 12 places and 12 places make 24. */
export const times = (quantity: Quantity, price: Price): Amount => (quantity * price) as Amount;
/** A flat price as an amount. */
export const flat = (price: Price): Amount => (price * ONE) as Amount;

/**
 * Divides with one rounding, half away from zero.
 * @param denominator above zero
 */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n;
  const size = negative ? -numerator : numerator;
  const rounded = (size * 2n + denominator) / (denominator * 2n);
  return negative ? -rounded : rounded;
}
