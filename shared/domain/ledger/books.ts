import { base64url, canonicalJson, type Json } from '../canonical.ts';
import type { Quantity } from '../decimals.ts';
import { type Amount, formatAmount, formatQuantity, ZERO_AMOUNT } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import type { Sequence } from '../ids.ts';
import type { PriceDocument } from '../pricing/document.ts';
import { chargeFor } from '../pricing/price.ts';
import { type Instant, MICROS_PER_DAY, type Period, plusMicros } from '../time.ts';
import { type Aggregate, type Aggregation, advance, EMPTY_AGGREGATE, weightedPart } from '../usage/meter.ts';
import { MoneyBooks } from './money-books.ts';
import { CompactRange } from './tree.ts';

/** Which aggregate an event moves: it restarts with a new period and with a new price version. */
export interface AggregateKey {
  readonly subscription: string;
  /** `start/end` of the period the usage belongs to */
  readonly period: string;
  readonly meter: string;
  readonly priceDigest: string;
}

/** A meter's aggregate in one period at one price version. */
export interface MeterAggregate extends AggregateKey {
  readonly aggregation: Aggregation;
  aggregate: Aggregate;
  /** `aggregate.value` as receipts write it, kept so that it is written once. */
  valueText: string;
  /** unique_count only: a tree over the value commitments in the order first seen. */
  readonly seen: CompactRange | undefined;
}

/** What a line bills: usage, a recurring fee (in advance, in arrears, or the unused part of one given back), a true-up, an adjustment. */
export const LINE_KINDS = ['usage', 'advance', 'arrears', 'unused', 'true_up', 'adjustment'] as const;
export type LineKind = (typeof LINE_KINDS)[number];
/** Sums that a bucket holds: its lines, and `invoiced`, what usage of its own period came to on the invoices before. */
export const SUM_KINDS = [...LINE_KINDS, 'invoiced'] as const;
export type SumKind = (typeof SUM_KINDS)[number];

/** What the entries of one price version add up to in one billed period: the material of one invoice line. */
export interface LineSum {
  readonly kind: SumKind;
  /** the meter; of a fee the item, of a true-up the commitment, of an adjustment its id */
  readonly meter: string;
  /** the period the usage belongs to (another than the billed one for late usage); of a fee the stretch it pays for */
  readonly period: string;
  readonly taxCategory: string;
  /** of a fee: how many are paid for; otherwise empty */
  readonly quantity: string;
  /** of a fee or true-up: the share of the full period; otherwise empty */
  readonly numerator: string;
  readonly denominator: string;
  readonly priceRef: string;
  readonly priceDigest: string;
  /** the aggregate before the first charge and after the last, as receipts write them */
  readonly before: string;
  after: string;
  amount: Amount;
  /**
   * the part of `amount` that is due at no usage; a base fee is billed once per line. Of a true-up: the charges it counted; of
   * `invoiced`, which comes to nothing itself, what was invoiced
   */
  base: Amount;
  count: number;
  readonly firstSeq: Sequence;
  lastSeq: Sequence;
}

/** What makes two usage entries parts of one invoice line. */
export type LineName = Pick<LineSum, 'meter' | 'period' | 'priceDigest' | 'priceRef' | 'taxCategory'>;
/** The same for entries that are no usage: those of one instant and one share. */
export type SingleLine = Pick<
  LineSum,
  'kind' | 'meter' | 'period' | 'priceDigest' | 'priceRef' | 'taxCategory' | 'quantity' | 'numerator' | 'denominator'
>;

/** A period that is open: entries may still be billed in it. */
export interface OpenPeriod {
  readonly subscription: string;
  readonly period: string;
  readonly currency: string;
  readonly openSeq: Sequence;
  lastSeq: Sequence;
  /** entries billed since the bucket's last invoice, and what they add up to */
  count: number;
  total: Amount;
  readonly lines: Map<string, LineSum>;
}

/** Aggregates are carried forward this long after their period ended: longer than any usage may be late. */
export const AGGREGATES_KEPT_DAYS = 400n;

export const aggregateKeyText = (key: AggregateKey): string =>
  `${key.subscription} ${key.period} ${key.meter} ${key.priceDigest}`;
export const periodKeyText = (subscription: string, period: string): string => `${subscription} ${period}`;
const usageKey = (line: Pick<LineSum, 'meter' | 'period' | 'priceDigest'>): string =>
  `${line.meter} ${line.period} ${line.priceDigest}`;
export const lineKeyText = (line: SingleLine): string =>
  line.kind === 'usage' ? usageKey(line) : `${usageKey(line)} ${line.kind} ${line.quantity}`;
/** The key of a meter's usage line. */
export const usageLineKey = usageKey;

/**
 * The running state of one tenant's ledger: what the next entry is computed from. Whoever writes entries and whoever
 * checks them hold the same books and move them by the same methods.
 */
export class Books {
  readonly aggregates = new Map<string, MeterAggregate>();
  readonly periods = new Map<string, OpenPeriod>();
  /** Credits, invoices that still move, discounts used, fees that stand. */
  readonly money = new MoneyBooks();
  /** Closed periods of each subscription, oldest first: all that usage may still be late for, and always the last. */
  readonly closed = new Map<string, readonly string[]>();

  // Neighbours move the same few aggregates and lines. Finding them again by comparing a few texts that are mostly the
  // same object costs a fraction of joining those texts into a key.
  readonly #recentAggregates = new Map<string, MeterAggregate>();
  readonly #recentLines = new Map<string, { readonly open: OpenPeriod; readonly line: LineSum }>();

  aggregate(key: AggregateKey, aggregation: Aggregation): MeterAggregate {
    const recent = this.#recentAggregates.get(key.priceDigest);
    if (
      recent !== undefined &&
      recent.meter === key.meter &&
      recent.period === key.period &&
      recent.subscription === key.subscription
    ) {
      return recent;
    }
    const held = this.#heldAggregate(key, aggregation);
    this.#recentAggregates.set(held.priceDigest, held);
    return held;
  }

  #heldAggregate(key: AggregateKey, aggregation: Aggregation): MeterAggregate {
    const text = aggregateKeyText(key);
    let found = this.aggregates.get(text);
    if (found === undefined) {
      found = {
        subscription: key.subscription,
        period: key.period,
        meter: key.meter,
        priceDigest: key.priceDigest,
        aggregation,
        aggregate: EMPTY_AGGREGATE,
        valueText: '0',
        seen: aggregation === 'unique_count' ? new CompactRange() : undefined,
      };
      this.aggregates.set(text, found);
    }
    return found;
  }

  openPeriod(subscription: string, period: string, currency: string, openSeq: Sequence): OpenPeriod {
    const opened = {
      subscription,
      period,
      currency,
      openSeq,
      lastSeq: openSeq,
      count: 0,
      total: ZERO_AMOUNT,
      lines: new Map<string, LineSum>(),
    };
    this.periods.set(periodKeyText(subscription, period), opened);
    return opened;
  }

  closePeriod(open: OpenPeriod): void {
    this.periods.delete(periodKeyText(open.subscription, open.period));
    this.closed.set(open.subscription, [...(this.closed.get(open.subscription) ?? []), open.period]);
  }

  /** End of the last closed period of a subscription. */
  closedUntil(subscription: string): Instant | undefined {
    const last = this.closed.get(subscription)?.at(-1);
    return last === undefined ? undefined : endOf(last);
  }

  /** Whether usage of a period can only be late: the period was closed, and not too long ago. @param recordedAt of the entry */
  isLateFor(subscription: string, period: string, recordedAt: Instant): boolean {
    return endOf(period) > keptSince(recordedAt) && this.closed.get(subscription)?.includes(period) === true;
  }

  /** Adds a charge's amount to its billed period and line. */
  postCharge(
    open: OpenPeriod,
    line: LineName,
    move: { readonly before: string; readonly after: string; readonly amount: Amount; readonly seq: Sequence },
  ): void {
    const sum = this.#move(open, line, move.amount, move.seq, move.before);
    sum.after = move.after;
  }

  /** Adds a base fee to its billed period and line. */
  postBaseFee(open: OpenPeriod, line: LineName, amount: Amount, seq: Sequence): void {
    const sum = this.#move(open, line, amount, seq, '0');
    sum.base = (sum.base + amount) as Amount;
  }

  /** Adds what is no usage: a fee, a true-up, an adjustment. @param base of a true-up: what counts towards the commitment */
  postSingle(open: OpenPeriod, line: SingleLine, amount: Amount, seq: Sequence, base: Amount = ZERO_AMOUNT): void {
    const key = lineKeyText(line);
    let sum = open.lines.get(key);
    if (sum === undefined) {
      sum = {
        ...line,
        before: '0',
        after: '0',
        amount: ZERO_AMOUNT,
        base: ZERO_AMOUNT,
        count: 0,
        firstSeq: seq,
        lastSeq: seq,
      };
      open.lines.set(key, sum);
    }
    count(open, sum, amount, seq);
    sum.base = (sum.base + base) as Amount;
  }

  /**
   * An invoice was issued over what the bucket held: it goes on empty, but for what minimum commitments still count of it.
   * @param seq of the invoice
   */
  emptyBucket(open: OpenPeriod, seq: Sequence): void {
    const billed = [...open.lines.values()].filter(({ kind, period }) => kind === 'usage' && period === open.period);
    const { lastSeq } = open;
    for (const [key, { kind }] of open.lines) if (kind !== 'invoiced') open.lines.delete(key);
    for (const { meter, period, priceDigest, priceRef, taxCategory, amount } of billed) {
      const share = { quantity: '', numerator: '', denominator: '' };
      const line = { kind: 'invoiced', meter, period, priceDigest, priceRef, taxCategory, ...share } as const;
      this.postSingle(open, line, ZERO_AMOUNT, seq, amount);
    }
    open.count = 0;
    open.total = ZERO_AMOUNT;
    open.lastSeq = lastSeq;
    this.#recentLines.clear();
  }

  #move(open: OpenPeriod, line: LineName, amount: Amount, seq: Sequence, before: string): LineSum {
    const sum = this.#line(open, line, seq, before);
    count(open, sum, amount, seq);
    return sum;
  }

  #line(open: OpenPeriod, line: LineName, seq: Sequence, before: string): LineSum {
    const recent = this.#recentLines.get(line.priceDigest);
    if (
      recent !== undefined &&
      recent.open === open &&
      recent.line.meter === line.meter &&
      recent.line.period === line.period
    ) {
      return recent.line;
    }
    const key = usageKey(line);
    let sum = open.lines.get(key);
    if (sum === undefined) {
      sum = {
        kind: 'usage',
        meter: line.meter,
        period: line.period,
        taxCategory: line.taxCategory,
        quantity: '',
        numerator: '',
        denominator: '',
        priceRef: line.priceRef,
        priceDigest: line.priceDigest,
        before,
        after: before,
        amount: ZERO_AMOUNT,
        base: ZERO_AMOUNT,
        count: 0,
        firstSeq: seq,
        lastSeq: seq,
      };
      open.lines.set(key, sum);
    }
    this.#recentLines.set(sum.priceDigest, { open, line: sum });
    return sum;
  }

  /**
   * The balance brought forward: everything that entries after an `open` entry build on, as one document whose SHA-256
   * that entry carries. Whoever holds the ledger from there on can re-rate it without what came before.
   * @param recordedAt of the `open` entry
   */
  carried(recordedAt: Instant): Json {
    const kept = keptSince(recordedAt);
    return {
      v: '1',
      typ: 'carried',
      aggregates: sortedValues(this.aggregates)
        .filter((held) => endOf(held.period) > kept)
        .map((held) => ({
          aggregation: held.aggregation,
          events: String(held.aggregate.events),
          latest_at: held.aggregate.latestAt,
          meter: held.meter,
          period: held.period,
          price_digest: held.priceDigest,
          seen_root: held.seen === undefined ? '' : base64url(held.seen.root()),
          subscription: held.subscription,
          value: held.valueText,
        })),
      closed: [...this.closed.keys()].sort().map((subscription) => ({
        periods: stillOpenToLateUsage(this.closed.get(subscription)!, recordedAt),
        subscription,
      })),
      periods: sortedValues(this.periods).map((open) => ({
        count: String(open.count),
        currency: open.currency,
        first_seq: String(open.openSeq),
        last_seq: String(open.lastSeq),
        lines: sortedValues(open.lines).map((line) => ({
          after: line.after,
          amount: formatAmount(line.amount),
          base: formatAmount(line.base),
          before: line.before,
          count: String(line.count),
          denominator: line.denominator,
          first_seq: String(line.firstSeq),
          kind: line.kind,
          last_seq: String(line.lastSeq),
          meter: line.meter,
          numerator: line.numerator,
          period: line.period,
          price_digest: line.priceDigest,
          price_ref: line.priceRef,
          quantity: line.quantity,
          tax_category: line.taxCategory,
        })),
        period: open.period,
        subscription: open.subscription,
        total: formatAmount(open.total),
      })),
      ...this.money.carried(kept),
    };
  }
}

function count(open: OpenPeriod, sum: LineSum, amount: Amount, seq: Sequence): void {
  open.count++;
  open.total = (open.total + amount) as Amount;
  open.lastSeq = seq;
  sum.amount = (sum.amount + amount) as Amount;
  sum.count++;
  sum.lastSeq = seq;
}

/** End of a `start/end`; both halves have a fixed width. */
export const endOf = (period: string): Instant => period.slice(28) as Instant;
export const startOf = (period: string): Instant => period.slice(0, 27) as Instant;

const periodOf = (period: string): Period => ({ start: startOf(period), end: endOf(period) });

const keptSince = (recordedAt: Instant): Instant => plusMicros(recordedAt, -AGGREGATES_KEPT_DAYS * MICROS_PER_DAY);

/** Closed periods that usage may still be late for; the last one stays for ever, as the next period begins where it ends. */
export const stillOpenToLateUsage = (periods: readonly string[], recordedAt: Instant): string[] =>
  periods.filter((period, i) => i === periods.length - 1 || endOf(period) > keptSince(recordedAt));

const sortedValues = <V>(map: ReadonlyMap<string, V>): V[] => [...map.keys()].sort().map((key) => map.get(key)!);

export const carriedDigest = (carried: Json): string => sha256Base64url(canonicalJson(carried));

/**
 * Rates one event against an aggregate and moves the aggregate: charge = price(after) - price(before).
 * @param quantity the event's own; of a weighted_sum the change of the level
 * @param isNewValue unique_count only: the value was not seen in this aggregate before
 * @returns the exact amount; `held` has moved on
 */
export function rate(
  held: MeterAggregate,
  price: PriceDocument,
  quantity: Quantity,
  occurredAt: Instant,
  isNewValue: boolean,
): Amount {
  const before = held.aggregate;
  const isLevel = held.aggregation === 'weighted_sum';
  const counted = isLevel ? weightedPart(quantity, occurredAt, periodOf(held.period)) : quantity;
  const after = advance(held.aggregation, before, { quantity: counted, occurredAt, isNewValue });
  held.aggregate = after;
  held.valueText = formatQuantity(after.value);
  return chargeFor(price, before, after, quantity);
}
