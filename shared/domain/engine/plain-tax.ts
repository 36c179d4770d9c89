import { divideRounded, formatPrice, ONE, type Price, parsePrice } from '../decimals.ts';
import type { Taxation, TaxRow } from '../invoice/assemble.ts';
import type { Currency } from '../money/currency.ts';
import { split } from '../money/money.ts';

/** Taxes as a question gives them: rates on categories, without asking where anybody is. */
export interface TaxJson {
  readonly behavior?: 'exclusive' | 'inclusive';
  readonly rates: readonly {
    readonly rate: string;
    readonly jurisdiction?: string;
    readonly category?: string;
    readonly treatment?: string;
  }[];
}

interface Rate {
  readonly rate: Price;
  readonly jurisdiction: string;
  readonly category: string;
  readonly treatment: string;
}

/**
 * Tax per rate on the sum of the lines it is for, rounded once per rate, half away from zero. Prices that contain the tax
 * are taken apart by all rates of their category together, the parts by largest remainder.
 */
export function plainTaxation(tax: TaxJson | undefined, currency: Currency): Taxation | undefined {
  if (tax === undefined) return undefined;
  const rates = tax.rates.map(({ rate, jurisdiction = 'asked', category = 'standard', treatment = 'taxed' }, i) => ({
    rate: parsePrice(rate, `tax.rates.${i}.rate`),
    jurisdiction,
    category,
    treatment,
  }));
  const behavior = tax.behavior ?? 'exclusive';
  return {
    behavior,
    taxesOn: (lines) => (behavior === 'exclusive' ? exclusive(rates, lines) : inclusive(rates, lines, currency)),
  };
}

type Lines = Parameters<Taxation['taxesOn']>[0];

const baseOf = (lines: Lines, category: string): bigint =>
  lines.reduce((sum, line) => (line.category === category ? sum + line.amount : sum), 0n);

function exclusive(rates: readonly Rate[], lines: Lines): TaxRow[] {
  const rows = new Map<string, { readonly row: Rate; base: bigint }>();
  for (const row of rates) {
    if (!lines.some(({ category }) => category === row.category)) continue;
    const key = `${row.jurisdiction} ${row.rate} ${row.treatment}`;
    const held = rows.get(key) ?? { row, base: 0n };
    held.base += baseOf(lines, row.category);
    rows.set(key, held);
  }
  return [...rows.values()].map(({ row, base }) => rowOf(row, base, divideRounded(base * row.rate, ONE)));
}

function inclusive(rates: readonly Rate[], lines: Lines, currency: Currency): TaxRow[] {
  return [...new Set(rates.map(({ category }) => category))].flatMap((category) => {
    if (!lines.some((line) => line.category === category)) return [];
    const own = rates.filter((row) => row.category === category);
    const gross = baseOf(lines, category);
    const all = own.reduce((sum, { rate }) => sum + rate, 0n);
    const tax = divideRounded(gross * all, ONE + all);
    const parts =
      all === 0n
        ? own.map(() => 0n)
        : split(
            { currency, minorUnits: tax },
            own.map(({ rate }) => rate),
          ).map(({ minorUnits }) => minorUnits);
    return own.map((row, i) => rowOf(row, gross - tax, parts[i]!));
  });
}

const rowOf = ({ jurisdiction, rate, treatment }: Rate, base: bigint, amount: bigint): TaxRow => ({
  jurisdiction,
  rate: formatPrice(rate),
  treatment,
  base,
  amount,
});
