import type { InvoiceTax } from '../invoice/invoice.ts';

/** A document with the taxes that it charges or takes back. */
export interface TaxedDocument {
  /** when it was issued; of a void, when the invoice was made void */
  readonly at: string;
  readonly kind: 'invoice' | 'credit_note' | 'void';
  readonly currency: string;
  readonly taxes: readonly InvoiceTax[];
}

/** What was charged of one tax, less what was taken back; minor units. */
export interface TaxReportRow {
  readonly jurisdiction: string;
  /** a fraction as a decimal string */
  readonly rate: string;
  readonly treatment: string;
  readonly currency: string;
  readonly base: bigint;
  readonly amount: bigint;
  readonly documents: number;
}

/**
 * Sums up taxes by jurisdiction, rate, treatment and currency over documents issued in [from, to): what a return states. Credit
 * notes and voids count in the period they are issued in, not the invoice's (Directive 2006/112/EC, art. 90 and 185).
 */
export function taxReport(documents: Iterable<TaxedDocument>, from: string, to: string): TaxReportRow[] {
  const rows = new Map<
    string,
    { row: InvoiceTax; currency: string; base: bigint; amount: bigint; documents: number }
  >();
  for (const { at, kind, currency, taxes } of documents) {
    if (at < from || at >= to) continue;
    const sign = kind === 'invoice' ? 1n : -1n;
    for (const row of taxes) {
      const key = JSON.stringify([row.jurisdiction, row.rate, row.treatment, currency]);
      const sum = rows.get(key) ?? { row, currency, base: 0n, amount: 0n, documents: 0 };
      sum.base += sign * BigInt(row.base);
      sum.amount += sign * BigInt(row.amount);
      sum.documents++;
      rows.set(key, sum);
    }
  }
  return [...rows.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { row, ...sums }]) => ({
      jurisdiction: row.jurisdiction,
      rate: row.rate,
      treatment: row.treatment,
      ...sums,
    }));
}
