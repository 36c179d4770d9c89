import { type Amount, formatAmount, parseQuantity, type Quantity, readCanonicalDecimal } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import { type Currency, parseCurrency } from '../money/currency.ts';
import { roundToMinorUnit } from '../money/money.ts';
import { type Instant, type Period, parseInstant } from '../time.ts';

/** How answers and questions carry numbers and times. */

/** A decimal in any of its spellings, exact. @throws BadInput `invalid_amount` */
export function exact(text: string, param: string): Amount {
  const sign = text.startsWith('-') ? '-' : '';
  const plain = text.slice(sign.length).replace(/^0+(?=\d)/, '');
  const trimmed = plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain;
  const amount = readCanonicalDecimal(trimmed === '0' || trimmed === '' ? '0' : sign + trimmed, 24);
  if (amount === undefined) throw new BadInput('invalid_amount', 'a decimal has at most 24 places', param);
  return amount as Amount;
}

export const units = (text: string, param: string): Quantity => parseQuantity(text, param);

/** A day stands for its first instant in UTC. */
export const moment = (text: string, param: string): Instant =>
  parseInstant(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text, param);

export function stretch(json: { readonly start: string; readonly end: string }, param = 'period'): Period {
  const period = { start: moment(json.start, `${param}.start`), end: moment(json.end, `${param}.end`) };
  if (period.start >= period.end)
    throw new BadInput('invalid_parameter', 'a period ends after it starts', `${param}.end`);
  return period;
}

/** An exact amount, and what an invoice line makes of it. */
export function shown(amount: Amount, currency: string | undefined) {
  if (currency === undefined) return { amount: formatAmount(amount) };
  return { amount: formatAmount(amount), minor: String(roundToMinorUnit(amount, parseCurrency(currency)).minorUnits) };
}

export const currencyOf = (text: string): Currency => parseCurrency(text);
