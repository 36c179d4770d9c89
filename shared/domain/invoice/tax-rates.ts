import { divideRounded, formatPrice, ONE, type Price } from '../decimals.ts';
import { splitUnits } from '../money/money.ts';
import type { Taxation, TaxRow } from './assemble.ts';

/** A rate that a jurisdiction levies on lines of a tax category. */
export interface RateOnCategory {
  readonly category: string;
  readonly jurisdiction: string;
  /** a fraction: 0.19 is 19 % */
  readonly rate: Price;
  readonly treatment: string;
}

/**
 * Tax per rate on the sum of the lines it is for, rounded once per rate, half away from zero. Prices that contain the tax
 * are taken apart by all rates on them together, the parts by largest remainder.
 */
export const taxationAt = (behavior: 'exclusive' | 'inclusive', rates: readonly RateOnCategory[]): Taxation => ({
  behavior,
  taxesOn: (lines) => (behavior === 'exclusive' ? exclusive(rates, lines) : inclusive(rates, lines)),
});

type Lines = Parameters<Taxation['taxesOn']>[0];

const sumOf = (lines: Lines, categories: readonly string[]): bigint =>
  lines.reduce((sum, line) => (categories.includes(line.category) ? sum + line.amount : sum), 0n);

const keyOf = ({ jurisdiction, rate, treatment }: RateOnCategory): string => `${jurisdiction} ${rate} ${treatment}`;

function exclusive(rates: readonly RateOnCategory[], lines: Lines): TaxRow[] {
  const rows = new Map<string, { readonly row: RateOnCategory; base: bigint }>();
  for (const row of rates) {
    if (!lines.some(({ category }) => category === row.category)) continue;
    const held = rows.get(keyOf(row)) ?? { row, base: 0n };
    held.base += sumOf(lines, [row.category]);
    rows.set(keyOf(row), held);
  }
  return [...rows.values()].map(({ row, base }) => rowOf(row, base, divideRounded(base * row.rate, ONE)));
}

function inclusive(rates: readonly RateOnCategory[], lines: Lines): TaxRow[] {
  const rows = new Map<string, TaxRow>();
  for (const { categories, own } of alike(rates, lines)) {
    const gross = sumOf(lines, categories);
    const all = own.reduce((sum, { rate }) => sum + rate, 0n);
    const tax = divideRounded(gross * all, ONE + all);
    const weights = own.map(({ rate }) => rate);
    const parts = all === 0n ? own.map(() => 0n) : splitUnits(tax, weights);
    for (const [i, row] of own.entries()) {
      const held = rows.get(keyOf(row));
      rows.set(keyOf(row), rowOf(row, (held?.base ?? 0n) + gross - tax, (held?.amount ?? 0n) + parts[i]!));
    }
  }
  return [...rows.values()];
}

/** Categories that stand on the lines, those with the same rates together: what is rounded is rounded once. */
function alike(
  rates: readonly RateOnCategory[],
  lines: Lines,
): { readonly categories: readonly string[]; readonly own: readonly RateOnCategory[] }[] {
  const groups = new Map<string, { categories: string[]; own: readonly RateOnCategory[] }>();
  for (const category of new Set(rates.map((row) => row.category))) {
    if (!lines.some((line) => line.category === category)) continue;
    const own = rates.filter((row) => row.category === category);
    const key = own.map(keyOf).join('|');
    const group = groups.get(key) ?? { categories: [], own };
    group.categories.push(category);
    groups.set(key, group);
  }
  return [...groups.values()];
}

const rowOf = ({ jurisdiction, rate, treatment }: RateOnCategory, base: bigint, amount: bigint): TaxRow => ({
  jurisdiction,
  rate: formatPrice(rate),
  treatment,
  base,
  amount,
});
