import { type Amount, formatAmount, readCanonicalDecimal, ZERO_AMOUNT } from '../domain/decimals.ts';
import type { InvoiceLine } from '../domain/invoice/invoice.ts';
import { AGGREGATES_KEPT_DAYS, endOf, startOf } from '../domain/ledger/books.ts';
import { parseCurrency } from '../domain/money/currency.ts';
import { moneyJson } from '../domain/money/money.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../domain/time.ts';
import type { RowOf } from '../ports/database.ts';
import { RowDamaged } from './ledger-rows.ts';
import type { aggregates, invoices, line_sums } from './tables.ts';

/** What tenants see of usage and invoices, made from rows. Ids of things and sums over them; nothing about people. */

type AggregateRow = RowOf<typeof aggregates.columns>;

/** What one price version gave in one billed period, from a running sum or from an invoice's line. */
export interface Line {
  readonly meter: string;
  readonly period: string;
  readonly priceDigest: string;
  /** exact, in the currency's main unit, the base price included */
  readonly amount: Amount;
  /** the part that is due at no usage */
  readonly base: Amount;
}

export const lineOfRow = (row: RowOf<typeof line_sums.columns>): Line => lineOf(row, row.amount);
export const lineOfInvoice = (line: InvoiceLine): Line => lineOf(line, line.exact);

const lineOf = (
  from: { readonly meter: string; readonly period: string; readonly price_digest: string; readonly base: string },
  amount: string,
): Line => ({
  meter: from.meter,
  period: from.period,
  priceDigest: from.price_digest,
  amount: amountOf(amount),
  base: amountOf(from.base),
});

/** All that a usage summary is made from. */
export interface BilledPeriod {
  readonly subscription: string;
  readonly period: string;
  readonly currency: string;
  /** the invoice that closed it; undefined while it is open */
  readonly invoice: string | undefined;
  /** aggregates of usage that took place in it */
  readonly aggregates: readonly AggregateRow[];
  /** everything billed in it */
  readonly lines: readonly Line[];
  readonly asOfSeq: number;
}

/** Names a summary: periods of a subscription tile, so start and end tell them apart. Fewer than 200 characters. */
export const summaryId = (subscription: string, period: string): string =>
  `${subscription}~${period.replaceAll(':', '').replace('/', '~')}`;

/** Until then usage may still be late for a period and move its summary; after it the summary is history. */
export const summaryExpiresAt = (period: string): Instant =>
  plusMicros(endOf(period), AGGREGATES_KEPT_DAYS * MICROS_PER_DAY);

/**
 * What was used in a billing period and what is billed in it so far. Amounts are exact decimal strings: they are rounded once,
 * on the invoice. `total` is the sum of the amounts of `meters`, `fees` and `late`.
 *
 * A meter's value counts all usage of the period. Usage that came after the period was closed is in its value, but is billed,
 * and shown under `late`, in the period after.
 */
export function usageSummary(billed: BilledPeriod) {
  const own = billed.lines.filter(({ period }) => period === billed.period);
  const usageAmount = (meter: string, priceDigest: string): Amount => {
    const line = own.find((one) => one.meter === meter && one.priceDigest === priceDigest);
    return line === undefined ? ZERO_AMOUNT : ((line.amount - line.base) as Amount);
  };
  return {
    subscription_id: billed.subscription,
    period_start: startOf(billed.period),
    period_end: endOf(billed.period),
    currency: billed.currency,
    state: billed.invoice === undefined ? 'open' : 'closed',
    invoice_number: billed.invoice ?? null,
    meters: billed.aggregates.map((row) => ({
      metric_name: row.meter,
      aggregation: row.aggregation,
      price_digest: row.price_digest,
      value: row.value,
      events: row.events,
      amount: formatAmount(usageAmount(row.meter, row.price_digest)),
    })),
    fees: own
      .filter(({ base }) => base !== 0n)
      .map(({ meter, priceDigest, base }) => ({
        metric_name: meter,
        price_digest: priceDigest,
        amount: formatAmount(base),
      })),
    late: billed.lines
      .filter(({ period }) => period !== billed.period)
      .map(({ meter, period, priceDigest, amount }) => ({
        metric_name: meter,
        period_start: startOf(period),
        period_end: endOf(period),
        price_digest: priceDigest,
        amount: formatAmount(amount),
      })),
    total: formatAmount(billed.lines.reduce((sum, { amount }) => (sum + amount) as Amount, ZERO_AMOUNT)),
    as_of_seq: billed.asOfSeq,
  };
}

/** An invoice as `GET /api/v1/billing/invoices` shows it, and whether its evidence is in the vault. */
export const invoiceSummary = (row: RowOf<typeof invoices.columns>) => ({
  number: row.number,
  subscription_id: row.subscription,
  period_start: startOf(row.period),
  period_end: endOf(row.period),
  state: row.state,
  issued_at: row.issued_at,
  total: { ...moneyJson({ minorUnits: BigInt(row.total), currency: parseCurrency(row.currency) }) },
  evidence: row.bundle_name === null ? null : { sha256: row.bundle_sha256, bytes: row.bundle_bytes, seal: row.seal },
  evidence_state: row.bundle_name === null ? 'pending' : 'archived',
});

function amountOf(text: string): Amount {
  const units = readCanonicalDecimal(text, 24);
  if (units === undefined) throw new RowDamaged(`a row holds the amount ${text}`);
  return units as Amount;
}
