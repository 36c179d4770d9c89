import { burnCredits, type Grant } from '../credit/burn.ts';
import { type Amount, divideRounded, formatAmount, ONE } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import { reckon, type Taxation } from '../invoice/assemble.ts';
import { type DiscountJson, parseDiscount } from '../invoice/discount.ts';
import { roundToMinorUnit } from '../money/money.ts';
import type { PriceModelJson } from '../pricing/schema.ts';
import type { Instant } from '../time.ts';
import { currencyOf, exact, moment } from './numbers.ts';
import { plainTaxation, type TaxJson } from './plain-tax.ts';
import { answerRate } from './rating.ts';

/** Questions about invoices: lines, discounts, taxes, credits. */

interface LineJson {
  readonly name?: string;
  readonly amount?: string;
  readonly quantity?: string;
  readonly unit_amount?: string;
  readonly model?: PriceModelJson;
  readonly units?: string;
  readonly tax_category?: string;
}
interface CreditJson {
  readonly id: string;
  readonly amount: string;
  readonly priority?: number;
  readonly expires_at?: string | null;
}
interface InvoiceQuestion {
  readonly currency: string;
  readonly lines: readonly LineJson[];
  readonly discounts?: readonly DiscountJson[];
  readonly tax?: TaxJson;
  readonly credits?: readonly CreditJson[];
  readonly at?: string;
}

function lineAmount(line: LineJson, currency: string, i: number): Amount {
  if (line.amount !== undefined) return exact(line.amount, `lines.${i}.amount`);
  if (line.model !== undefined && line.units !== undefined) {
    const { total } = answerRate({ model: line.model, units: line.units, currency }) as { total: { amount: string } };
    return exact(total.amount, `lines.${i}`);
  }
  if (line.quantity !== undefined && line.unit_amount !== undefined) {
    const quantity = exact(line.quantity, `lines.${i}.quantity`);
    const unit = exact(line.unit_amount, `lines.${i}.unit_amount`);
    return divideRounded(quantity * unit, ONE * ONE) as Amount;
  }
  throw new BadInput(
    'invalid_parameter',
    'a line has an amount, a quantity and a unit_amount, or a model and units',
    `lines.${i}`,
  );
}

/** An invoice over these lines: rounded once each, then discounts, taxes, credits. Minor units. */
export function answerInvoice(asked: InvoiceQuestion) {
  const currency = currencyOf(asked.currency);
  const lines = asked.lines.map((line, i) => {
    const amount = lineAmount(line, currency, i);
    const name = line.name ?? `line-${i}`;
    return {
      name,
      exact: amount,
      taxCategory: line.tax_category ?? 'standard',
      amount: roundToMinorUnit(amount, currency).minorUnits,
    };
  });
  const discounts = (asked.discounts ?? []).map((json, i) => parseDiscount(json, `discounts.${i}`));
  const at = asked.at === undefined ? ('2026-01-01T00:00:00.000000Z' as Instant) : moment(asked.at, 'at');
  const reckoned = reckon(currency, lines, discounts, plainTaxation(asked.tax), grantsOf(asked.credits ?? []), at);
  return {
    lines: lines.map(({ name, exact: amount, amount: minorUnits }, i) => ({
      name,
      exact: formatAmount(amount),
      amount: String(minorUnits),
      discount: String(reckoned.discounted[i]),
    })),
    subtotal: String(reckoned.subtotal),
    discounts: reckoned.discounts.map(({ terms, base, amount }) => ({
      discount_id: terms.discountId,
      base: String(base),
      amount: String(amount),
    })),
    discount_total: String(reckoned.discountTotal),
    taxes: reckoned.taxes.map(taxJson),
    tax_total: String(reckoned.taxTotal),
    total: String(reckoned.total),
    credits: reckoned.credits.map(({ grantId, amount }) => ({ id: grantId, amount: String(amount) })),
    credit_total: String(reckoned.creditTotal),
    amount_due: String(reckoned.amountDue),
  };
}

export const taxJson = (row: ReturnType<Taxation['taxesOn']>[number]) => ({
  jurisdiction: row.jurisdiction,
  rate: row.rate,
  treatment: row.treatment,
  base: String(row.base),
  amount: String(row.amount),
});

export function answerTax(asked: {
  readonly currency: string;
  readonly lines: readonly { readonly amount: string; readonly tax_category?: string }[];
  readonly tax: TaxJson;
}) {
  const rows = plainTaxation(asked.tax)!.taxesOn(
    asked.lines.map(({ amount, tax_category }) => ({ amount: BigInt(amount), category: tax_category ?? 'standard' })),
  );
  return { taxes: rows.map(taxJson), tax_total: String(rows.reduce((sum, { amount }) => sum + amount, 0n)) };
}

const grantsOf = (credits: readonly CreditJson[]): Grant[] =>
  credits.map(({ id, amount, priority = 0, expires_at }, seq) => ({
    id,
    balance: BigInt(amount),
    priority,
    expiresAt: expires_at == null ? '' : moment(expires_at, `credits.${seq}.expires_at`),
    seq,
  }));

/** Which credits pay an amount, in burn order; older ones stand first in the list. */
export function answerCredits(asked: {
  readonly credits: readonly CreditJson[];
  readonly due: string;
  readonly at?: string;
}) {
  const due = BigInt(asked.due);
  const at = asked.at === undefined ? '2026-01-01T00:00:00.000000Z' : moment(asked.at, 'at');
  const burns = burnCredits(grantsOf(asked.credits), due, at);
  const used = new Map(burns.map(({ grantId, amount }) => [grantId, amount]));
  return {
    burns: burns.map(({ grantId, amount }) => ({ id: grantId, amount: String(amount) })),
    left: asked.credits.map(({ id, amount }) => ({ id, amount: String(BigInt(amount) - (used.get(id) ?? 0n)) })),
    due: String(due - burns.reduce((sum, { amount }) => sum + amount, 0n)),
  };
}
