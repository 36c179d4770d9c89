import { type Amount, formatAmount, formatQuantity, type Quantity, readCanonicalDecimal } from '../domain/decimals.ts';
import type { LedgerOrigin, TenantId } from '../domain/ids.ts';
import {
  type AggregateKey,
  aggregateKeyText,
  type Books,
  lineKeyText,
  type MeterAggregate,
  type OpenPeriod,
  periodKeyText,
  type SumKind,
  stillOpenToLateUsage,
} from '../domain/ledger/books.ts';
import type { LogPosition } from '../domain/ledger/scribe.ts';
import { CompactRange, type NodeListener } from '../domain/ledger/tree.ts';
import type { Instant } from '../domain/time.ts';
import type { Aggregation } from '../domain/usage/meter.ts';
import type { Reader, RowOf, Transaction } from '../ports/database.ts';
import { aggregates, type heads, line_sums, open_periods, subscription_states } from './tables.ts';

/** How the state of a ledger stands in rows, in both directions. */

/** A row holds what this code never writes: somebody else was at it, or the disk. */
export class RowDamaged extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'RowDamaged';
  }
}

/** Peaks of a compact range, one after the other. */
export const packPeaks = (range: CompactRange): Buffer => Buffer.concat(range.peaks);

export function unpackRange(size: number, peaks: Uint8Array, onNode?: NodeListener): CompactRange {
  const list = Array.from({ length: Math.floor(peaks.length / 32) }, (_, i) => peaks.subarray(i * 32, i * 32 + 32));
  try {
    return new CompactRange(size, list, onNode);
  } catch (error) {
    throw new RowDamaged(`a row holds the peaks of another tree than one of ${size} leaves`, { cause: error });
  }
}

export function toPosition(
  ledger: LedgerOrigin,
  tenant: TenantId,
  row: RowOf<typeof heads.columns> | undefined,
  onNode: NodeListener,
): LogPosition {
  if (row === undefined) {
    return { ledger, tenant, range: new CompactRange(0, [], onNode), last: undefined, recordedAt: undefined };
  }
  const range = unpackRange(row.size, row.peaks, onNode);
  return { ledger, tenant, range, last: row.last, recordedAt: row.recorded_at as Instant };
}

const amountOf = (text: string): Amount => {
  const units = readCanonicalDecimal(text, 24);
  if (units === undefined) throw new RowDamaged(`a row holds the amount ${text}`);
  return units as Amount;
};

/** Loads every open period of a tenant with its lines, and until when each subscription is closed. */
export async function loadPeriods(reader: Reader, tenant: TenantId, books: Books): Promise<void> {
  for (const row of await reader.range(subscription_states, { prefix: [tenant] })) {
    books.closed.set(row.subscription, row.closed.split(' '));
  }
  for (const row of await reader.range(open_periods, { prefix: [tenant] })) {
    const open = books.openPeriod(row.subscription, row.period, row.currency, row.open_seq);
    open.lastSeq = row.last_seq;
    open.count = row.count;
    open.total = amountOf(row.total);
  }
  for (const row of await reader.range(line_sums, { prefix: [tenant] })) {
    const open = books.periods.get(periodKeyText(row.subscription, row.billed_in));
    if (open === undefined) throw new RowDamaged(`sums of ${row.billed_in}, which is not open`);
    open.lines.set(row.line, {
      // Lines that stood before there were others are usage.
      kind: (row.kind ?? 'usage') as SumKind,
      meter: row.meter,
      period: row.period,
      taxCategory: row.tax_category ?? 'standard',
      quantity: row.quantity ?? '',
      numerator: row.numerator ?? '',
      denominator: row.denominator ?? '',
      priceRef: row.price_ref,
      priceDigest: row.price_digest,
      before: row.before,
      after: row.after,
      amount: amountOf(row.amount),
      base: amountOf(row.base),
      count: row.count,
      firstSeq: row.first_seq,
      lastSeq: row.last_seq,
    });
  }
}

export function toAggregate(row: RowOf<typeof aggregates.columns>): MeterAggregate {
  const value = readCanonicalDecimal(row.value, 12);
  if (value === undefined) throw new RowDamaged(`a row holds the aggregate ${row.value}`);
  return {
    subscription: row.subscription,
    period: row.period,
    meter: row.meter,
    priceDigest: row.price_digest,
    aggregation: row.aggregation as Aggregation,
    aggregate: { value: value as Quantity, events: row.events, latestAt: row.latest_at },
    valueText: row.value,
    seen: row.aggregation === 'unique_count' ? unpackRange(row.seen_size, row.seen_peaks) : undefined,
  };
}

/** Loads the aggregates that are named, or all of the tenant. @returns their salts by aggregate key */
export async function loadAggregates(
  reader: Reader,
  tenant: TenantId,
  books: Books,
  keys: readonly AggregateKey[] | 'all',
): Promise<Map<string, Uint8Array>> {
  const rows =
    keys === 'all'
      ? await reader.range(aggregates, { prefix: [tenant] })
      : await reader.readMany(
          aggregates,
          keys.map((key) => [tenant, aggregateKeyText(key)]),
        );
  const salts = new Map<string, Uint8Array>();
  for (const row of rows) {
    if (row === undefined) continue;
    books.aggregates.set(row.aggregate, toAggregate(row));
    salts.set(row.aggregate, row.value_salt);
  }
  return salts;
}

export function saveAggregate(tx: Transaction, tenant: TenantId, held: MeterAggregate, salt: Uint8Array): void {
  tx.upsert(aggregates, {
    tenant,
    aggregate: aggregateKeyText(held),
    subscription: held.subscription,
    period: held.period,
    meter: held.meter,
    price_digest: held.priceDigest,
    aggregation: held.aggregation,
    value: formatQuantity(held.aggregate.value),
    events: held.aggregate.events,
    latest_at: held.aggregate.latestAt,
    seen_size: held.seen?.size ?? 0,
    seen_peaks: held.seen === undefined ? new Uint8Array(0) : packPeaks(held.seen),
    value_salt: salt,
  });
}

/** Saves an open period and the lines that entries from `firstSeq` on have moved. */
export function savePeriod(tx: Transaction, tenant: TenantId, open: OpenPeriod, firstSeq: number): void {
  tx.upsert(open_periods, {
    tenant,
    subscription: open.subscription,
    period: open.period,
    currency: open.currency,
    open_seq: open.openSeq,
    last_seq: open.lastSeq,
    count: open.count,
    total: formatAmount(open.total),
  });
  for (const line of open.lines.values()) {
    if (line.lastSeq < firstSeq) continue;
    tx.upsert(line_sums, {
      tenant,
      subscription: open.subscription,
      billed_in: open.period,
      line: lineKeyText(line),
      kind: line.kind,
      meter: line.meter,
      period: line.period,
      tax_category: line.taxCategory,
      quantity: line.quantity,
      numerator: line.numerator,
      denominator: line.denominator,
      price_ref: line.priceRef,
      price_digest: line.priceDigest,
      before: line.before,
      after: line.after,
      amount: formatAmount(line.amount),
      base: formatAmount(line.base),
      count: line.count,
      first_seq: line.firstSeq,
      last_seq: line.lastSeq,
    });
  }
}

/** Removes the lines of a bucket that an invoice has emptied. */
export function dropLines(tx: Transaction, tenant: TenantId, open: OpenPeriod, lines: readonly string[]): void {
  for (const line of lines) tx.delete(line_sums, [tenant, open.subscription, open.period, line]);
}

/** Removes a closed period's rows; its sums live on in the invoice. */
export function dropPeriod(tx: Transaction, tenant: TenantId, open: OpenPeriod, books: Books, now: Instant): void {
  tx.delete(open_periods, [tenant, open.subscription, open.period]);
  for (const line of open.lines.keys()) tx.delete(line_sums, [tenant, open.subscription, open.period, line]);
  tx.upsert(subscription_states, {
    tenant,
    subscription: open.subscription,
    closed: stillOpenToLateUsage(books.closed.get(open.subscription) ?? [], now).join(' '),
  });
}
