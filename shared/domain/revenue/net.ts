import { divideRounded, ONE, parsePrice } from '../decimals.ts';
import type { TaxDecisionJson } from '../invoice/taxation.ts';
import { termsOf } from '../invoice/terms.ts';
import { roundParts, sumOf } from './rounding.ts';

/** The rates that lie within prices, of a tax decision: what a category's rates are, and what they add up to. */
export type RatesWithin = (category: string) => { readonly key: string; readonly rate: bigint };

/** Reads them from a decision's canonical bytes. @throws BadInput where they are no decision */
export function ratesWithin(decision: Uint8Array): RatesWithin {
  const { rates } = termsOf(decision) as unknown as TaxDecisionJson;
  return (category) => {
    const own = rates.filter((row) => row.category === category);
    const key = own.map((row) => `${row.jurisdiction} ${row.rate} ${row.treatment}`).join('|');
    return { key, rate: sumOf(own.map((row) => parsePrice(row.rate, 'rate'))) };
  };
}

/**
 * The tax that lies within each line, where prices contain it. Lines with the same rates are taken together, as the invoice
 * does: the tax in their sum g at rates that add up to r is g x r / (1 + r), rounded once; over the lines it goes by largest
 * remainder.
 * @param lines after discounts, in minor units
 */
export function taxWithin(
  lines: readonly { readonly amount: bigint; readonly category: string }[],
  ratesOf: RatesWithin,
): bigint[] {
  const tax = lines.map(() => 0n);
  const groups = new Map<string, { readonly rate: bigint; readonly members: number[] }>();
  for (const [i, { category }] of lines.entries()) {
    const { key, rate } = ratesOf(category);
    const group = groups.get(key) ?? { rate, members: [] };
    group.members.push(i);
    groups.set(key, group);
  }
  for (const { rate, members } of groups.values()) {
    const gross = sumOf(members.map((i) => lines[i]!.amount));
    const whole = divideRounded(gross * rate, ONE + rate);
    const parts = roundParts(
      whole,
      members.map((i) => lines[i]!.amount * rate),
      ONE + rate,
    );
    for (const [place, i] of members.entries()) tax[i] = parts[place]!;
  }
  return tax;
}
