import { type Burn, burnCredits, type Grant } from '../credit/burn.ts';
import type { Currency } from '../money/currency.ts';
import { type DiscountTerms, giveDiscount } from './discount.ts';

/** A line as it enters the reckoning: rounded once, in minor units. */
export interface RoundedLine {
  readonly name: string;
  readonly taxCategory: string;
  readonly amount: bigint;
}

/** Tax of one rate. */
export interface TaxRow {
  readonly jurisdiction: string;
  /** a fraction as a decimal string */
  readonly rate: string;
  readonly treatment: string;
  readonly base: bigint;
  readonly amount: bigint;
}

/** How an invoice is taxed: which taxes are due on discounted lines, and whether prices contain them. */
export interface Taxation {
  readonly behavior: 'exclusive' | 'inclusive';
  readonly taxesOn: (lines: readonly { readonly amount: bigint; readonly category: string }[]) => readonly TaxRow[];
}

export interface Reckoning {
  readonly discounts: readonly { readonly terms: DiscountTerms; readonly base: bigint; readonly amount: bigint }[];
  readonly taxes: readonly TaxRow[];
  readonly credits: readonly Burn[];
  /** what discounts took from each line */
  readonly discounted: readonly bigint[];
  readonly subtotal: bigint;
  readonly discountTotal: bigint;
  readonly taxTotal: bigint;
  readonly total: bigint;
  readonly creditTotal: bigint;
  /** never below zero */
  readonly amountDue: bigint;
}

/**
 * Reckons an invoice over its rounded lines: discounts in the order granted, each on what remains; tax per rate on the sum
 * of the discounted lines at that rate; total = subtotal - discounts + tax that the prices do not contain; credits pay
 * what they can of a total above zero. The one place where this order stands: preview, invoice and verification use it.
 *
 * A discount that comes to nothing is left out: it is not used up by it.
 * @param at when the invoice is made: credits that expired by then pay nothing
 */
export function reckon(
  currency: Currency,
  lines: readonly RoundedLine[],
  discounts: readonly DiscountTerms[],
  taxation: Taxation | undefined,
  grants: Iterable<Grant>,
  at: string,
): Reckoning {
  const left = lines.map(({ name, amount }) => ({ name, remaining: amount }));
  const given: { terms: DiscountTerms; base: bigint; amount: bigint }[] = [];
  for (const terms of discounts) {
    const { base, amount, shares } = giveDiscount(terms, left, currency);
    if (amount === 0n) continue;
    for (const [i, share] of shares.entries()) left[i]!.remaining -= share;
    given.push({ terms, base, amount });
  }
  const taxes =
    taxation?.taxesOn(left.map(({ remaining }, i) => ({ amount: remaining, category: lines[i]!.taxCategory }))) ?? [];
  const subtotal = total(lines.map(({ amount }) => amount));
  const discountTotal = total(given.map(({ amount }) => amount));
  const taxTotal = total(taxes.map(({ amount }) => amount));
  const whole = subtotal - discountTotal + (taxation?.behavior === 'inclusive' ? 0n : taxTotal);
  const credits = burnCredits(grants, whole, at);
  const creditTotal = total(credits.map(({ amount }) => amount));
  const due = whole - creditTotal;
  return {
    discounts: given,
    taxes,
    credits,
    discounted: lines.map(({ amount }, i) => amount - left[i]!.remaining),
    subtotal,
    discountTotal,
    taxTotal,
    total: whole,
    creditTotal,
    amountDue: due > 0n ? due : 0n,
  };
}

const total = (parts: readonly bigint[]): bigint => parts.reduce((sum, part) => sum + part, 0n);
