import { parsePrice } from '../decimals.ts';
import type { Taxation } from '../invoice/assemble.ts';
import { taxationAt } from '../invoice/tax-rates.ts';

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

/** The same taxation that invoices have, with what a question may leave out. */
export function plainTaxation(tax: TaxJson | undefined): Taxation | undefined {
  if (tax === undefined) return undefined;
  const rates = tax.rates.map(({ rate, jurisdiction = 'asked', category = 'standard', treatment = 'taxed' }, i) => ({
    rate: parsePrice(rate, `tax.rates.${i}.rate`),
    jurisdiction,
    category,
    treatment,
  }));
  return taxationAt(tax.behavior ?? 'exclusive', rates);
}
