import { divideRounded, ONE, parsePrice } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import { reckon } from '../invoice/assemble.ts';
import { type CreditNoteDocument, type CreditRequest, leftOf, makeCreditNote } from '../invoice/credit-note.ts';
import type { InvoiceDocument } from '../invoice/invoice.ts';
import { minorUnitPlaces } from '../money/currency.ts';
import { split } from '../money/money.ts';
import { taxJson } from './invoices.ts';
import { currencyOf } from './numbers.ts';
import { plainTaxation, type TaxJson } from './plain-tax.ts';

/** Questions about what follows an invoice: credit notes, splits, conversions. */

interface NotesQuestion {
  readonly currency: string;
  readonly lines: readonly { readonly amount: string; readonly tax_category?: string }[];
  readonly tax?: TaxJson;
  readonly notes: readonly {
    readonly amount?: string;
    readonly lines?: readonly { readonly line: number; readonly amount?: string }[];
  }[];
}
/** Credit notes over an invoice of these lines (net minor units), one after the other. */
export function answerCreditNotes(asked: NotesQuestion) {
  const currency = currencyOf(asked.currency);
  const taxation = plainTaxation(asked.tax);
  const lines = asked.lines.map(({ amount, tax_category }, i) => ({
    name: `line-${i}`,
    amount: BigInt(amount),
    taxCategory: tax_category ?? 'standard',
  }));
  const reckoned = reckon(currency, lines, [], taxation, [], '');
  const invoice = {
    ...{
      ledger: 'asked',
      tenant: 'asked',
      number: 'asked',
      currency,
      tax_decision: '',
      tax_behavior: taxation?.behavior ?? '',
    },
    lines: lines.map(({ name, amount, taxCategory }) => ({
      meter: name,
      amount: String(amount),
      discount: '0',
      tax_category: taxCategory,
    })),
    taxes: reckoned.taxes.map(taxJson),
    total: String(reckoned.total),
  } as unknown as InvoiceDocument;
  const notes: CreditNoteDocument[] = [];
  for (const note of asked.notes) {
    notes.push(
      makeCreditNote(invoice, notes, requestOf(note), taxation, { number: 'asked', issuedAt: '', reason: 'asked' }),
    );
  }
  return {
    invoice: { total: String(reckoned.total), tax_total: String(reckoned.taxTotal) },
    notes: notes.map(({ lines: credited, subtotal, taxes, tax_total, total }) => ({
      lines: credited.map(({ line, amount }) => ({ line: Number(line), amount })),
      subtotal,
      taxes,
      tax_total,
      total,
    })),
    left: String(leftOf(invoice, notes).total),
  };
}

function requestOf({ amount, lines }: NotesQuestion['notes'][number]): CreditRequest {
  if (amount !== undefined) return { kind: 'amount', amount: BigInt(amount) };
  if (lines === undefined) return { kind: 'full' };
  return {
    kind: 'lines',
    lines: lines.map((one) => ({
      line: one.line,
      ...(one.amount === undefined ? {} : { amount: BigInt(one.amount) }),
    })),
  };
}

export function splitBy(amount: string, currency: string, weights: readonly string[]): string[] {
  const whole = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  if (whole <= 0n || weights.some((weight) => weight.startsWith('-'))) {
    throw new BadInput('invalid_parameter', 'weights are not negative, and one is above zero', 'weights');
  }
  return split({ currency: currencyOf(currency), minorUnits: BigInt(amount) }, weights.map(BigInt)).map(
    ({ minorUnits }) => String(minorUnits),
  );
}

/** An amount of one currency in another, at a rate (units of `to` for one of `from`): rounded once, half away from zero. */
export function convert(amount: string, from: string, to: string, rate: string) {
  const places = BigInt(minorUnitPlaces(currencyOf(to)) - minorUnitPlaces(currencyOf(from)));
  const scaled = BigInt(amount) * parsePrice(rate, 'rate') * (places > 0n ? 10n ** places : 1n);
  return { amount: String(divideRounded(scaled, ONE * (places < 0n ? 10n ** -places : 1n))), currency: to };
}
