import { base64url } from '../canonical.ts';
import { type Amount, formatAmount, type Quantity, readCanonicalDecimal } from '../decimals.ts';
import { BadInput, unhandled } from '../errors.ts';
import type { Sequence } from '../ids.ts';
import type { InvoiceDocument } from '../invoice/invoice.ts';
import { isCumulative } from '../pricing/document.ts';
import { basePrice } from '../pricing/price.ts';
import type { PriceVersion } from '../pricing/version.ts';
import { PRORATIONS } from '../subscription/proration.ts';
import { contains, type Instant, parseZone, plusMicros, readPeriod } from '../time.ts';
import type { Aggregation } from '../usage/meter.ts';
import { BillCheck } from './bill-check.ts';
import { postInvoice } from './bill-rules.ts';
import {
  aggregateKeyText,
  Books,
  carriedDigest,
  endOf,
  type LineSum,
  type MeterAggregate,
  type OpenPeriod,
  periodKeyText,
  rate,
  startOf,
  usageLineKey,
} from './books.ts';
import { CorrectionCheck } from './correction-check.ts';
import { LedgerFault } from './faults.ts';
import { type FeeStretch, feeConflict, reckonFee } from './fee-rules.ts';
import { genesisPrev } from './genesis.ts';
import type { Entry, EntryOf } from './kinds.ts';
import {
  adjustmentLine,
  correctAggregate,
  countedByTrueUps,
  feeLine,
  reckonTrueUp,
  standingOf,
  trueUpLine,
  usageLine,
} from './line-rules.ts';
import { type MoneyEntry, MoneyRefused, moveMoney } from './money-moves.ts';
import { readEntry, Unreadable } from './record.ts';
import { CompactRange, leafHash, leafHashOfText } from './tree.ts';

const USE_AHEAD_MICROS = 10n * 60n * 1_000_000n;

/** Canonical bytes of discounts and tax decisions by digest. */
export type CitedTerms = ReadonlyMap<string, Uint8Array>;

/** Where a replay starts: nothing yet, or an `open` entry with the balance brought forward. */
export interface ReplayStart {
  readonly range: CompactRange;
  /** base64url leaf hash of the entry before the first; undefined at the very start */
  readonly last: string | undefined;
  readonly books: Books;
  /** recorded_at of the entry before, where it is known */
  readonly recordedAt?: Instant;
  /** unique_count: value commitments seen before, by aggregate key */
  readonly seenValues?: ReadonlyMap<string, readonly string[]>;
}

/** Whether a position in the log satisfies what somebody else knows of it (an anchor, a head). */
export interface ReplayedHead {
  readonly size: number;
  readonly root: string;
  readonly last: string;
}

/**
 * Reads one tenant's ledger entry by entry and checks every promise: canonical bytes, gapless numbers, links, the tree,
 * and that every amount follows from the entries before it and from the price version it names.
 *
 * One loop computes chain and tree from the same bytes, so the two can never tell different stories.
 */
export class Replay {
  readonly ledger: string;
  readonly tenant: string;
  readonly books: Books;
  readonly range: CompactRange;
  /** Invoices issued by the replayed entries, by number. */
  readonly invoices = new Map<string, InvoiceDocument>();
  /** Corrections among the replayed entries; whoever has the charges that they name holds them against each other. */
  readonly corrections = new CorrectionCheck();
  /** Charges replayed. */
  charges = 0;

  #last: string | undefined;
  #recordedAt: Instant | undefined;
  /** The open period that the last entry was billed in: mostly the next one's, too. */
  #recentOpen: OpenPeriod | undefined;
  readonly #bills: BillCheck;
  readonly #prices: ReadonlyMap<string, PriceVersion>;
  readonly #eventIds = new Set<string>();
  /** Which document each price reference names: one, for the whole log. */
  readonly #refs = new Map<string, string>();
  #useBound: { readonly recordedAt: Instant; readonly latest: Instant } | undefined;
  readonly #values = new Map<string, Set<string>>();

  /** @param terms canonical bytes of the discounts and tax decisions that entries cite, by digest */
  constructor(
    ledger: string,
    tenant: string,
    prices: ReadonlyMap<string, PriceVersion>,
    start: ReplayStart,
    terms: CitedTerms = new Map(),
  ) {
    this.#bills = new BillCheck(terms);
    this.ledger = ledger;
    this.tenant = tenant;
    this.#prices = prices;
    this.books = start.books;
    this.range = start.range;
    this.#last = start.last;
    this.#recordedAt = start.recordedAt;
    for (const { lines } of start.books.periods.values()) {
      for (const { priceRef, priceDigest } of lines.values()) this.#refs.set(priceRef, priceDigest);
    }
    for (const [key, values] of start.seenValues ?? []) this.#values.set(key, new Set(values));
  }

  /** A replay of the whole ledger from its genesis. */
  static fromGenesis(
    ledger: string,
    tenant: string,
    prices: ReadonlyMap<string, PriceVersion>,
    terms: CitedTerms = new Map(),
  ): Replay {
    const start = { range: new CompactRange(), last: undefined, books: new Books() };
    return new Replay(ledger, tenant, prices, start, terms);
  }

  get size(): Sequence {
    return this.range.size;
  }

  /** base64url leaf hash of the last entry. */
  get last(): string | undefined {
    return this.#last;
  }

  get recordedAt(): Instant | undefined {
    return this.#recordedAt;
  }

  head(): ReplayedHead {
    return { size: this.range.size, root: base64url(this.range.root()), last: this.#last ?? '' };
  }

  /**
   * Checks one entry and moves on.
   * @param text canonical text, without the newline
   * @param successorPrev the `prev` that the next entry (or the head) claims; settles which side of a broken link is wrong
   * @throws LedgerFault at the first entry that breaks a promise
   */
  apply(text: string, successorPrev?: () => string | undefined): Entry {
    const seq = this.range.size;
    const entry = this.#read(text, seq);
    if (entry.ledger !== this.ledger) throw new LedgerFault('foreign_ledger', seq, `entry of ledger ${entry.ledger}`);
    if (entry.tenant !== this.tenant) throw new LedgerFault('foreign_tenant', seq, 'entry of another tenant');
    if (entry.seq !== String(seq)) throw new LedgerFault('gap', seq, `expected ${seq}, found ${entry.seq}`);
    this.#checkLink(entry, text, seq, successorPrev);
    if (this.#recordedAt !== undefined && entry.recorded_at < this.#recordedAt) {
      throw new LedgerFault('clock_back', seq, `recorded at ${entry.recorded_at}, before the entry it follows`);
    }
    this.#move(entry, seq);
    const hash = leafHashOfText(text);
    this.range.append(hash);
    this.#last = hash.toString('base64url');
    this.#recordedAt = entry.recorded_at as Instant;
    return entry;
  }

  #read(text: string, seq: Sequence): Entry {
    try {
      return readEntry(text);
    } catch (error) {
      if (error instanceof Unreadable) throw new LedgerFault('unreadable', seq, error.message);
      throw error;
    }
  }

  #checkLink(entry: Entry, text: string, seq: Sequence, successorPrev?: () => string | undefined): void {
    const expected = this.#last ?? genesisPrev(this.ledger, this.tenant);
    if (entry.prev === expected) return;
    // Either the entry before was altered, or this one was. If the successor still names this entry, this one is whole.
    const thisIsWhole = successorPrev?.() === leafHashOfText(text).toString('base64url');
    if (thisIsWhole && seq > 0)
      throw new LedgerFault('altered', seq - 1, `entry ${seq} names another entry ${seq - 1}`);
    throw new LedgerFault('altered', seq, 'it does not name the entry before it');
  }

  #move(entry: Entry, seq: Sequence): void {
    if ((entry.typ === 'genesis') !== (seq === 0)) {
      throw new LedgerFault('gap', seq, 'a log begins with its genesis entry, and nothing else is one');
    }
    // From a close to its invoice nothing but the invoice's own reckoning may stand: it is one commit.
    this.#bills.requirePlace(entry, seq);
    switch (entry.typ) {
      case 'genesis':
      case 'exchange_rate':
      case 'erasure':
        return;
      case 'open':
        return this.#open(entry, seq);
      case 'charge':
        return this.#charge(entry, seq);
      case 'fee':
        return this.#fee(entry, seq);
      case 'true_up':
        return this.#trueUp(entry, seq);
      case 'adjustment':
        return this.#adjustment(entry, seq);
      case 'correction':
        return this.#correction(entry, seq);
      case 'close':
        return this.#close(entry, seq);
      case 'discount':
      case 'tax':
      case 'credit_use':
        return this.#bills.add(entry);
      case 'invoice':
        return this.#invoice(entry, seq);
      case 'credit_grant':
      case 'credit_expiry':
      case 'credit_return':
      case 'credit_note':
      case 'void':
      case 'write_off':
      case 'payment':
      case 'refund':
        return this.#money(entry, seq);
      case 'chargeback':
        throw new LedgerFault('reserved_kind', seq, `no rule of this version gives the amount of a ${entry.typ}`);
      default:
        return unhandled(entry);
    }
  }

  #open(entry: EntryOf<'open'>, seq: Sequence): void {
    const closedUntil = this.books.closedUntil(entry.subscription);
    if (this.books.periods.has(periodKeyText(entry.subscription, entry.period))) {
      throw new LedgerFault('wrong_period', seq, 'the period is open already');
    }
    if (closedUntil !== undefined && startOf(entry.period) < closedUntil) {
      throw new LedgerFault('wrong_period', seq, 'the period was closed before');
    }
    if (carriedDigest(this.books.carried(entry.recorded_at as Instant)) !== entry.carried) {
      throw new LedgerFault('wrong_sum', seq, 'the balance brought forward is not the sum of the entries before');
    }
    this.books.openPeriod(entry.subscription, entry.period, entry.currency, seq);
  }

  #bucketOf(
    entry: { readonly subscription: string; readonly billed_in: string; readonly currency: string },
    seq: Sequence,
  ): OpenPeriod {
    let open = this.#recentOpen;
    if (open === undefined || open.period !== entry.billed_in || open.subscription !== entry.subscription) {
      open = this.books.periods.get(periodKeyText(entry.subscription, entry.billed_in));
      if (open === undefined) throw new LedgerFault('wrong_period', seq, `no open period ${entry.billed_in}`);
      this.#recentOpen = open;
    }
    if (open.currency !== entry.currency) throw new LedgerFault('wrong_period', seq, `billed in ${open.currency}`);
    return open;
  }

  /** The bucket of an entry that is about usage of a period: its own, or the next where that one is closed. */
  #billedIn(entry: EntryOf<'charge'> | EntryOf<'correction'>, seq: Sequence): OpenPeriod {
    const open = this.#bucketOf(entry, seq);
    if (entry.period !== entry.billed_in) {
      // Late usage: its own period must have been closed, and it lands in the period that follows the last closed one.
      if (!this.books.isLateFor(entry.subscription, entry.period, entry.recorded_at as Instant)) {
        throw new LedgerFault(
          'wrong_period',
          seq,
          'billed in another period, though its own was never closed, or too long ago',
        );
      }
      if (startOf(entry.billed_in) !== this.books.closedUntil(entry.subscription)) {
        throw new LedgerFault('wrong_period', seq, 'late usage is billed in the period after the last closed one');
      }
    }
    return open;
  }

  #price(entry: PricedEntry, seq: Sequence): PriceVersion {
    const price = this.#prices.get(entry.price_digest);
    if (price === undefined) throw new LedgerFault('unknown_price', seq, `no price document ${entry.price_digest}`);
    if (price.ref !== entry.price_ref) {
      throw new LedgerFault('unknown_price', seq, `the document is ${price.ref}, the entry says ${entry.price_ref}`);
    }
    const known = this.#refs.get(price.ref);
    if (known === undefined) this.#refs.set(price.ref, price.digest);
    else if (known !== price.digest) {
      throw new LedgerFault('unknown_price', seq, `${price.ref} names two documents in one ledger`);
    }
    if (price.document.currency !== entry.currency) {
      throw new LedgerFault('misrated', seq, `the price is in ${price.document.currency}`);
    }
    return price;
  }

  #charge(entry: EntryOf<'charge'>, seq: Sequence): void {
    const open = this.#billedIn(entry, seq);
    const period = readPeriodCached(entry.period);
    if (!contains(period, entry.occurred_at as Instant)) {
      throw new LedgerFault('wrong_period', seq, `used at ${entry.occurred_at}, outside the period ${entry.period}`);
    }
    if (entry.occurred_at > this.#latestUse(entry.recorded_at as Instant)) {
      throw new LedgerFault('wrong_period', seq, `used at ${entry.occurred_at}, after it was recorded`);
    }
    if (this.#eventIds.has(entry.event_id)) throw new LedgerFault('duplicate_event', seq, `event ${entry.event_id}`);
    const price = this.#price(entry, seq);
    const aggregation = entry.aggregation as Aggregation;
    if (aggregation !== 'sum' && !isCumulative(price.document)) {
      throw new LedgerFault('misrated', seq, 'a percentage is charged on a sum');
    }
    const held = this.books.aggregate(
      { subscription: entry.subscription, period: entry.period, meter: entry.meter, priceDigest: entry.price_digest },
      aggregation,
    );
    if (
      held.aggregation !== aggregation ||
      held.valueText !== entry.aggregate_before ||
      String(held.aggregate.events) !== entry.events_before
    ) {
      throw new LedgerFault(
        'wrong_aggregate',
        seq,
        `${held.aggregation} stood at ${held.valueText} after ${held.aggregate.events} events`,
      );
    }
    const quantity = readCanonicalDecimal(entry.quantity, 12) as Quantity;
    if (quantity < 0n && aggregation !== 'weighted_sum') {
      throw new LedgerFault('misrated', seq, 'only a level changes by less than nothing');
    }
    if ((aggregation === 'count' || aggregation === 'unique_count') && entry.quantity !== '1') {
      throw new LedgerFault('wrong_aggregate', seq, `${aggregation} counts one event at a time`);
    }
    if ((aggregation === 'unique_count') !== (entry.value_commit !== '')) {
      throw new LedgerFault('wrong_aggregate', seq, 'a unique_count, and nothing else, commits to a value');
    }
    const isNewValue =
      aggregation === 'unique_count' && this.#see(aggregateKeyText(held), entry.value_commit, held.seen);
    const amount = rate(held, price.document, quantity, entry.occurred_at as Instant, isNewValue);
    if (held.valueText !== entry.aggregate_after) {
      throw new LedgerFault('wrong_aggregate', seq, `${aggregation} is ${held.valueText} after this event`);
    }
    if (formatAmount(amount) !== entry.amount) {
      throw new LedgerFault(
        'misrated',
        seq,
        `${price.ref} gives ${formatAmount(amount)}, the entry says ${entry.amount}`,
      );
    }
    this.books.postCharge(open, usageLine(entry.meter, entry.period, price), {
      before: entry.aggregate_before,
      after: entry.aggregate_after,
      amount,
      seq,
    });
    // A copy: a piece cut out of the entry would keep the whole entry in memory.
    this.#eventIds.add(`.${entry.event_id}`.slice(1));
    this.charges++;
  }

  /** Usage is accepted 5 minutes ahead at most; as much again is left to the difference of two clocks. */
  #latestUse(recordedAt: Instant): Instant {
    if (this.#useBound?.recordedAt !== recordedAt) {
      this.#useBound = { recordedAt, latest: plusMicros(recordedAt, USE_AHEAD_MICROS) };
    }
    return this.#useBound.latest;
  }

  #see(key: string, valueCommit: string, seen: CompactRange | undefined): boolean {
    let values = this.#values.get(key);
    if (values === undefined) {
      values = new Set();
      this.#values.set(key, values);
    }
    if (values.has(valueCommit)) return false;
    values.add(valueCommit);
    seen?.append(leafHash(Buffer.from(valueCommit, 'latin1')));
    return true;
  }

  #fee(entry: EntryOf<'fee'>, seq: Sequence): void {
    const open = this.#bucketOf(entry, seq);
    const price = this.#price(entry, seq);
    if (entry.fee === 'base') return this.#baseFee(entry, open, price, seq);
    const kind = STANDING.find((one) => one === entry.fee);
    const proration = PRORATIONS.find((one) => one === entry.proration);
    if (kind === undefined || proration === undefined || !isCumulative(price.document)) {
      throw new LedgerFault('reserved_kind', seq, `no rule gives a ${entry.fee} fee by ${entry.proration}`);
    }
    const fee: FeeStretch = {
      subscription: entry.subscription,
      item: entry.meter,
      kind,
      period: entry.period,
      from: entry.from as Instant,
      to: entry.to as Instant,
      quantity: readCanonicalDecimal(entry.quantity, 12) as Quantity,
      quantityText: entry.quantity,
      proration,
      zone: zoneOf(entry.zone, seq),
      price,
    };
    const standing = standingOf(fee);
    const conflict = feeConflict(this.books.money, standing);
    if (conflict !== undefined) throw new LedgerFault('wrong_fee', seq, conflict);
    const { amount, numerator, denominator } = reckonFee(fee);
    if (numerator !== entry.numerator || denominator !== entry.denominator) {
      throw new LedgerFault('misrated', seq, `the share of the period is ${numerator}/${denominator}`);
    }
    requireAmount(entry, amount, price.ref, seq);
    this.books.money.stand(standing);
    this.books.postSingle(open, feeLine(fee, numerator, denominator), amount, seq);
  }

  #baseFee(entry: EntryOf<'fee'>, open: OpenPeriod, price: PriceVersion, seq: Sequence): void {
    if (entry.period !== entry.billed_in)
      throw new LedgerFault('wrong_period', seq, 'a base fee belongs to its period');
    const share = [entry.quantity, entry.proration, entry.zone, entry.numerator, entry.denominator].join(' ');
    const isWhole = entry.from === startOf(entry.period) && entry.to === endOf(entry.period);
    if (share !== '0 full UTC 1 1' || !isWhole) {
      throw new LedgerFault('misrated', seq, 'a base fee is for its period as a whole');
    }
    const line = usageLine(entry.meter, entry.period, price);
    if ((open.lines.get(usageLineKey(line))?.base ?? 0n) !== 0n) {
      throw new LedgerFault('duplicate_event', seq, `the base fee of ${entry.meter} was billed before`);
    }
    const amount = basePrice(price.document);
    if (amount === 0n) throw new LedgerFault('misrated', seq, `${price.ref} has no base price`);
    requireAmount(entry, amount, price.ref, seq);
    this.books.postBaseFee(open, line, amount, seq);
  }

  #trueUp(entry: EntryOf<'true_up'>, seq: Sequence): void {
    const open = this.#bucketOf(entry, seq);
    const price = this.#price(entry, seq);
    const proration = PRORATIONS.find((one) => one === entry.proration);
    const { model } = price.document;
    if (model.type !== 'minimum' || proration === undefined || entry.period !== entry.billed_in) {
      throw new LedgerFault('misrated', seq, 'a true-up is of a minimum commitment for its own period');
    }
    const due = reckonTrueUp(open, countedByTrueUps(open), {
      commitment: entry.meter,
      price,
      from: entry.from as Instant,
      to: entry.to as Instant,
      proration,
      zone: zoneOf(entry.zone, seq),
    });
    const expected = [due.numerator, due.denominator, formatAmount(due.billed), formatAmount(due.committed)].join(' ');
    if (expected !== [entry.numerator, entry.denominator, entry.billed, entry.commitment].join(' ')) {
      throw new LedgerFault('misrated', seq, `the commitment stands at ${expected} (share, billed, commitment)`);
    }
    requireAmount(entry, due.amount, price.ref, seq);
    const before = trueUpsOf(open, entry.meter).find(
      ({ period }) => entry.from < endOf(period) && startOf(period) < entry.to,
    );
    if (before !== undefined) {
      throw new LedgerFault(
        'duplicate_event',
        seq,
        `the commitment ${entry.meter} was made up for in ${before.period}`,
      );
    }
    this.books.postSingle(open, trueUpLine(due), due.amount, seq, due.billed);
  }

  #adjustment(entry: EntryOf<'adjustment'>, seq: Sequence): void {
    const open = this.#bucketOf(entry, seq);
    const amount = readCanonicalDecimal(entry.amount, 24) as Amount;
    this.books.postSingle(open, adjustmentLine(entry.adjustment_id, open.period, entry.tax_category), amount, seq);
  }

  #correction(entry: EntryOf<'correction'>, seq: Sequence): void {
    const open = this.#billedIn(entry, seq);
    const price = this.#price(entry, seq);
    const { subscription, period, meter } = entry;
    const held = this.books.aggregates.get(
      aggregateKeyText({ subscription, period, meter, priceDigest: entry.price_digest }),
    );
    if (held === undefined || Number(entry.ref_seq) >= seq) {
      throw new LedgerFault('wrong_aggregate', seq, 'what is corrected was never counted');
    }
    if (held.valueText !== entry.aggregate_before) {
      throw new LedgerFault('wrong_aggregate', seq, `${held.aggregation} stood at ${held.valueText}`);
    }
    const change = readCanonicalDecimal(entry.quantity, 12) as Quantity;
    const amount = this.#corrected(held, price, change, seq);
    if (held.valueText !== entry.aggregate_after) {
      throw new LedgerFault('wrong_aggregate', seq, `${held.aggregation} is ${held.valueText} after this correction`);
    }
    requireAmount(entry, amount, price.ref, seq);
    this.corrections.note(entry, seq);
    const line = usageLine(meter, period, price);
    this.books.postCharge(open, line, { before: entry.aggregate_before, after: held.valueText, amount, seq });
  }

  #corrected(held: MeterAggregate, price: PriceVersion, change: Quantity, seq: Sequence): Amount {
    try {
      return correctAggregate(held, price, change);
    } catch (error) {
      if (error instanceof RangeError) throw new LedgerFault('wrong_aggregate', seq, error.message);
      throw error;
    }
  }

  #close(entry: EntryOf<'close'>, seq: Sequence): void {
    const open = this.books.periods.get(periodKeyText(entry.subscription, entry.period));
    const closedUntil = this.books.closedUntil(entry.subscription);
    if (open === undefined) throw new LedgerFault('wrong_period', seq, `no open period ${entry.period}`);
    if (entry.until > endOf(entry.period) || entry.until < startOf(entry.period)) {
      throw new LedgerFault('wrong_period', seq, 'a period is over at its end, or where its subscription ends before');
    }
    if (entry.recorded_at < entry.until) {
      throw new LedgerFault('wrong_period', seq, 'a period is closed when it is over, not before');
    }
    if (closedUntil !== undefined && startOf(entry.period) !== closedUntil) {
      throw new LedgerFault('wrong_period', seq, 'periods close in order, each at the end of the one before');
    }
    const expected = [open.openSeq, open.lastSeq, open.count, formatAmount(open.total), open.currency].join(' ');
    const claimed = [entry.first_seq, entry.last_seq, entry.count, entry.total, entry.currency].join(' ');
    if (expected !== claimed) {
      throw new LedgerFault(
        'wrong_sum',
        seq,
        `the period holds ${expected} (first, last, count, total), it says ${claimed}`,
      );
    }
    this.books.closePeriod(open);
    this.#recentOpen = undefined;
    this.#bills.close(seq, open);
  }

  #invoice(entry: EntryOf<'invoice'>, seq: Sequence): void {
    if (this.invoices.has(entry.number))
      throw new LedgerFault('wrong_invoice', seq, `${entry.number} was issued before`);
    const bucket = this.#bills.closed?.open ?? this.books.periods.get(periodKeyText(entry.subscription, entry.period));
    if (bucket === undefined) throw new LedgerFault('wrong_invoice', seq, `no open period ${entry.period}`);
    const invoice = this.#bills.invoice(
      entry,
      bucket,
      this.books.money,
      { ledger: this.ledger, tenant: this.tenant },
      seq,
    );
    this.invoices.set(invoice.number, invoice);
    if (entry.close_seq === '') {
      requireNotSettled(bucket, seq);
      this.books.emptyBucket(bucket, seq);
    }
    postInvoice(this.books.money, invoice);
  }

  #money(entry: MoneyEntry, seq: Sequence): void {
    try {
      moveMoney(this.books.money, entry);
    } catch (error) {
      if (error instanceof MoneyRefused) throw new LedgerFault('wrong_balance', seq, error.message);
      throw error;
    }
  }
}

const trueUpsOf = (open: OpenPeriod, commitment: string): LineSum[] =>
  [...open.lines.values()].filter(({ kind, meter }) => kind === 'true_up' && meter === commitment);

/**
 * What a period owes when it is over, base fees and true-ups, is billed by its close alone. An invoice before would take it out of
 * the bucket, and nothing there would tell that it was billed.
 * @throws LedgerFault `wrong_fee`
 */
function requireNotSettled(open: OpenPeriod, seq: Sequence): void {
  for (const { kind, meter, base } of open.lines.values()) {
    if (kind === 'true_up' || (kind === 'usage' && base !== 0n))
      throw new LedgerFault('wrong_fee', seq, `${meter} owes what it does when the period is over, not before`);
  }
}

type PricedEntry = EntryOf<'charge'> | EntryOf<'fee'> | EntryOf<'true_up'> | EntryOf<'correction'>;

const STANDING = ['advance', 'arrears', 'unused'] as const;

/** @throws LedgerFault `misrated` */
function requireAmount(entry: { readonly amount: string }, amount: Amount, ref: string, seq: Sequence): void {
  const text = formatAmount(amount);
  if (text !== entry.amount)
    throw new LedgerFault('misrated', seq, `${ref} gives ${text}, the entry says ${entry.amount}`);
}

/** @throws LedgerFault where the zone is none */
function zoneOf(text: string, seq: Sequence): string {
  try {
    return parseZone(text);
  } catch (error) {
    if (error instanceof BadInput) throw new LedgerFault('misrated', seq, `${text} is no time zone`);
    throw error;
  }
}

// Nearly all neighbours share their period: the last one read is the next one asked for.
let cachedText = '';
let cachedPeriod = { start: '' as Instant, end: '' as Instant };
function readPeriodCached(text: string): { readonly start: Instant; readonly end: Instant } {
  if (text !== cachedText) {
    const period = readPeriod(text);
    if (period === undefined) throw new RangeError(`${text} is no period`);
    cachedPeriod = period;
    cachedText = text;
  }
  return cachedPeriod;
}
