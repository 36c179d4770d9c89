import { BadInput } from '../errors.ts';
import type { Brand } from '../ids.ts';

/** An ISO 4217 alphabetic code that this system bills in. */
export type Currency = Brand<string, 'Currency'>;

/**
 * Decimals of each currency's minor unit (ISO 4217, list one, column "Minor unit").
 * Currencies are added here when somebody bills in them; an unknown one is refused, never guessed.
 */
const MINOR_UNIT_PLACES: Readonly<Record<string, 0 | 2 | 3>> = {
  AED: 2, AUD: 2, BGN: 2, BHD: 3, BRL: 2, CAD: 2, CHF: 2, CLP: 0, CNY: 2, COP: 2, CZK: 2, DKK: 2, EUR: 2, GBP: 2,
  HKD: 2, HUF: 2, IDR: 2, ILS: 2, INR: 2, ISK: 0, JOD: 3, JPY: 0, KRW: 0, KWD: 3, MXN: 2, MYR: 2, NOK: 2, NZD: 2,
  OMR: 3, PHP: 2, PLN: 2, RON: 2, SAR: 2, SEK: 2, SGD: 2, THB: 2, TND: 3, TRY: 2, TWD: 2, UGX: 0, USD: 2, VND: 0,
  ZAR: 2,
}; // biome-ignore format: a table reads better in rows

/** Reads a currency code. @throws BadInput `invalid_currency` */
export function parseCurrency(value: unknown, param = 'currency'): Currency {
  if (typeof value === 'string' && Object.hasOwn(MINOR_UNIT_PLACES, value)) return value as Currency;
  throw new BadInput('invalid_currency', 'not an ISO 4217 currency that is billed here', param);
}

/** 0, 2 or 3. */
export const minorUnitPlaces = (currency: Currency): number => MINOR_UNIT_PLACES[currency]!;
