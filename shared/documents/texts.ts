import { minorUnitPlaces, parseCurrency } from '../domain/money/currency.ts';
import { type Labels, labelsOf } from './labels.ts';

/** Writes amounts, numbers, rates and days in a customer's language and zone. Amounts are decimal strings all the way. */
export class Texts {
  readonly labels: Labels;
  readonly locale: string;
  readonly #money: Intl.NumberFormat;
  readonly #numbers: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #places: number;
  readonly #zone: string;

  constructor(locale: string, zone: string, currency: string) {
    this.locale = locale;
    this.labels = labelsOf(locale);
    this.#zone = zone;
    this.#places = minorUnitPlaces(parseCurrency(currency));
    const digits = { minimumFractionDigits: this.#places, maximumFractionDigits: this.#places };
    this.#money = new Intl.NumberFormat(locale, { style: 'currency', currency, currencyDisplay: 'code', ...digits });
    this.#numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 24 });
    this.#percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 4 });
    this.#day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: zone });
  }

  /** @param minorUnits `-1234` */
  money(minorUnits: string): string {
    return this.#money.format(majorUnits(minorUnits, this.#places) as Intl.StringNumericLiteral);
  }

  /** A quantity or exact amount. @param decimal as it stands in the ledger */
  number(decimal: string): string {
    return this.#numbers.format(decimal as Intl.StringNumericLiteral);
  }

  /** @param fraction `0.19` */
  percent(fraction: string): string {
    return this.#percent.format(fraction as Intl.StringNumericLiteral);
  }

  /** The day of an instant in the customer's zone. @param instant RFC 3339 in UTC */
  day(instant: string): string {
    return this.#day.format(Date.parse(instant));
  }

  /** The same as ISO 8601, for programs: 2026-03-01. */
  isoDay(instant: string): string {
    return isoDay(instant, this.#zone);
  }
}

/** `-12.34` of `-1234` with two places. */
export function majorUnits(minorUnits: string, places: number): string {
  const sign = minorUnits.startsWith('-') ? '-' : '';
  const digits = minorUnits.replace('-', '').padStart(places + 1, '0');
  if (places === 0) return `${sign}${digits}`;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** The day of an instant in a zone, as ISO 8601. */
export const isoDay = (instant: string, zone: string): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    Date.parse(instant),
  );
