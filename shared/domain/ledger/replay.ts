import { base64url } from '../canonical.ts';
import { formatAmount, type Quantity, readCanonicalDecimal } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import type { Sequence } from '../ids.ts';
import { foldInvoice, type InvoiceDocument, invoiceDigest } from '../invoice/invoice.ts';
import { isCumulative } from '../pricing/document.ts';
import { basePrice } from '../pricing/price.ts';
import type { PriceVersion } from '../pricing/version.ts';
import { contains, type Instant, plusMicros, readPeriod } from '../time.ts';
import type { Aggregation } from '../usage/meter.ts';
import {
  aggregateKeyText,
  Books,
  carriedDigest,
  endOf,
  lineKeyText,
  type OpenPeriod,
  periodKeyText,
  rate,
  startOf,
} from './books.ts';
import { LedgerFault } from './faults.ts';
import { genesisPrev } from './genesis.ts';
import type { Entry, EntryOf } from './kinds.ts';
import { readEntry, Unreadable } from './record.ts';
import { CompactRange, leafHash, leafHashOfText } from './tree.ts';

const USE_AHEAD_MICROS = 10n * 60n * 1_000_000n;

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
  /** Charges replayed. */
  charges = 0;

  #last: string | undefined;
  #recordedAt: Instant | undefined;
  /** The open period that the last entry was billed in: mostly the next one's, too. */
  #recentOpen: OpenPeriod | undefined;
  #closed: { readonly seq: Sequence; readonly open: OpenPeriod } | undefined;
  readonly #prices: ReadonlyMap<string, PriceVersion>;
  readonly #eventIds = new Set<string>();
  /** Which document each price reference names: one, for the whole log. */
  readonly #refs = new Map<string, string>();
  #useBound: { readonly recordedAt: Instant; readonly latest: Instant } | undefined;
  readonly #values = new Map<string, Set<string>>();

  constructor(ledger: string, tenant: string, prices: ReadonlyMap<string, PriceVersion>, start: ReplayStart) {
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
  static fromGenesis(ledger: string, tenant: string, prices: ReadonlyMap<string, PriceVersion>): Replay {
    return new Replay(ledger, tenant, prices, { range: new CompactRange(), last: undefined, books: new Books() });
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
    // Between a close and its invoice nothing else may stand: the invoice is part of the same commit.
    if (this.#closed !== undefined && entry.typ !== 'invoice') {
      throw new LedgerFault('wrong_invoice', seq, 'a closed period must be followed by its invoice');
    }
    if ((entry.typ === 'genesis') !== (seq === 0)) {
      throw new LedgerFault('gap', seq, 'a log begins with its genesis entry, and nothing else is one');
    }
    switch (entry.typ) {
      case 'genesis':
        return;
      case 'open':
        return this.#open(entry, seq);
      case 'charge':
        return this.#charge(entry, seq);
      case 'fee':
        return this.#fee(entry, seq);
      case 'close':
        return this.#close(entry, seq);
      case 'invoice':
        return this.#invoice(entry, seq);
      default:
        throw new LedgerFault('reserved_kind', seq, `no rule of this version gives the amount of a ${entry.typ}`);
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

  #billedIn(entry: EntryOf<'charge'> | EntryOf<'fee'>, seq: Sequence): OpenPeriod {
    let open = this.#recentOpen;
    if (open === undefined || open.period !== entry.billed_in || open.subscription !== entry.subscription) {
      open = this.books.periods.get(periodKeyText(entry.subscription, entry.billed_in));
      if (open === undefined) throw new LedgerFault('wrong_period', seq, `no open period ${entry.billed_in}`);
      this.#recentOpen = open;
    }
    if (open.currency !== entry.currency) throw new LedgerFault('wrong_period', seq, `billed in ${open.currency}`);
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

  #price(entry: EntryOf<'charge'> | EntryOf<'fee'>, seq: Sequence): PriceVersion {
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
    this.books.postCharge(
      open,
      {
        meter: entry.meter,
        period: entry.period,
        priceDigest: entry.price_digest,
        priceRef: entry.price_ref,
      },
      { before: entry.aggregate_before, after: entry.aggregate_after, amount, seq },
    );
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
    const open = this.#billedIn(entry, seq);
    const price = this.#price(entry, seq);
    if (entry.fee !== 'base' || entry.numerator !== '1' || entry.denominator !== '1') {
      throw new LedgerFault('reserved_kind', seq, `no rule of this version gives a ${entry.fee} fee`);
    }
    if (entry.period !== entry.billed_in)
      throw new LedgerFault('wrong_period', seq, 'a base fee belongs to its period');
    const line = {
      meter: entry.meter,
      period: entry.period,
      priceDigest: entry.price_digest,
      priceRef: entry.price_ref,
    };
    if ((open.lines.get(lineKeyText(line))?.base ?? 0n) !== 0n) {
      throw new LedgerFault('duplicate_event', seq, `the base fee of ${entry.meter} was billed before`);
    }
    const amount = basePrice(price.document);
    if (amount === 0n || formatAmount(amount) !== entry.amount) {
      throw new LedgerFault('misrated', seq, `${price.ref} has a base price of ${formatAmount(amount)}`);
    }
    this.books.postBaseFee(open, line, amount, seq);
  }

  #close(entry: EntryOf<'close'>, seq: Sequence): void {
    const open = this.books.periods.get(periodKeyText(entry.subscription, entry.period));
    const closedUntil = this.books.closedUntil(entry.subscription);
    if (open === undefined) throw new LedgerFault('wrong_period', seq, `no open period ${entry.period}`);
    if (entry.recorded_at < endOf(entry.period)) {
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
    this.#closed = { seq, open };
  }

  #invoice(entry: EntryOf<'invoice'>, seq: Sequence): void {
    const closed = this.#closed;
    if (
      closed === undefined ||
      entry.close_seq !== String(closed.seq) ||
      entry.subscription !== closed.open.subscription ||
      entry.period !== closed.open.period
    ) {
      throw new LedgerFault('wrong_invoice', seq, 'an invoice follows the close of its period');
    }
    if (this.invoices.has(entry.number))
      throw new LedgerFault('wrong_invoice', seq, `${entry.number} was issued before`);
    const invoice = this.#fold(closed, entry, seq);
    for (const name of ['currency', 'subtotal', 'discount_total', 'tax_total', 'total'] as const) {
      if (invoice[name] !== entry[name]) {
        throw new LedgerFault('wrong_invoice', seq, `${name} is ${invoice[name]}, the entry says ${entry[name]}`);
      }
    }
    if (invoiceDigest(invoice) !== entry.invoice_digest) {
      throw new LedgerFault('wrong_invoice', seq, 'the invoice is not the fold of its period');
    }
    this.invoices.set(invoice.number, invoice);
    this.#closed = undefined;
  }

  #fold(closed: { readonly seq: Sequence; readonly open: OpenPeriod }, entry: EntryOf<'invoice'>, seq: Sequence) {
    const { ledger, tenant } = this;
    const frame = { ledger, tenant, number: entry.number, issuedAt: entry.recorded_at, closeSeq: closed.seq };
    try {
      return foldInvoice(closed.open, frame);
    } catch (error) {
      // A currency whose minor unit this version does not know cannot be rounded.
      if (error instanceof BadInput) throw new LedgerFault('reserved_kind', seq, error.message);
      throw error;
    }
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
