import { base64url, canonicalJson } from '../canonical.ts';
import { type Amount, formatAmount, formatQuantity, type Quantity } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import type { LedgerOrigin, Sequence, TenantId } from '../ids.ts';
import { foldInvoice, type InvoiceDocument, invoiceDigest } from '../invoice/invoice.ts';
import { basePrice } from '../pricing/price.ts';
import type { PriceVersion } from '../pricing/version.ts';
import { type Instant, later } from '../time.ts';
import type { Aggregation } from '../usage/meter.ts';
import { type Books, type OpenPeriod, rate } from './books.ts';
import { genesisPrev } from './genesis.ts';
import { writeCharge, writeEntry } from './record.ts';
import { type CompactRange, hashOfPrefixed, leafHash, type TreeHash } from './tree.ts';

/** The build that rates; receipts name it. */
export const RATER = 'tallystick/0.1.0';

/** Where a log stands, with everything that appending to it needs. */
export interface LogPosition {
  readonly ledger: LedgerOrigin;
  readonly tenant: TenantId;
  readonly range: CompactRange;
  /** base64url leaf hash of the last entry; undefined for an empty log */
  readonly last: string | undefined;
  readonly recordedAt: Instant | undefined;
}

/** One accepted event, ready to be rated. */
export interface RatableEvent {
  readonly receiptId: string;
  readonly eventCommit: string;
  readonly occurredAt: Instant;
  readonly subscription: string;
  readonly meter: string;
  readonly aggregation: Aggregation;
  readonly quantity: Quantity;
  /** unique_count only */
  readonly valueCommit: string;
  readonly isNewValue: boolean;
  /** period the usage belongs to, as `start/end` */
  readonly period: string;
  readonly price: PriceVersion;
}

/** What stood before an `open` entry: whoever starts reading there starts from this. */
export interface Opening {
  readonly seq: Sequence;
  /** canonical balance brought forward */
  readonly carried: string;
  readonly peaks: readonly TreeHash[];
  /** base64url leaf hash of the entry before */
  readonly last: string;
}

/**
 * Writes the next entries of one tenant's log: gives sequence numbers, links, rates, posts to the books. Nothing is kept
 * until the store commits the texts together with the new head; a scribe whose commit failed is thrown away.
 */
export class Scribe {
  readonly texts: string[] = [];
  /** leaf hashes of `texts`, base64url */
  readonly hashes: string[] = [];
  readonly openings: Opening[] = [];
  readonly firstSeq: Sequence;
  readonly range: CompactRange;
  readonly books: Books;
  readonly #ledger: LedgerOrigin;
  readonly #tenant: TenantId;
  readonly #blind: () => Uint8Array;
  #last: string;
  #recordedAt: Instant;

  /**
   * @param now recorded_at of the new entries, unless the log is already ahead of it: it never goes back
   * @param blind gives 16 fresh bytes per entry, so that a leaf hash of a guessable entry cannot be guessed
   */
  constructor(position: LogPosition, books: Books, now: Instant, blind: () => Uint8Array) {
    this.#ledger = position.ledger;
    this.#tenant = position.tenant;
    this.range = position.range;
    this.firstSeq = position.range.size;
    this.books = books;
    this.#blind = blind;
    this.#last = position.last ?? genesisPrev(position.ledger, position.tenant);
    this.#recordedAt = position.recordedAt === undefined ? now : later(now, position.recordedAt);
  }

  get last(): string {
    return this.#last;
  }

  get recordedAt(): Instant {
    return this.#recordedAt;
  }

  genesis(): void {
    this.#append(writeEntry({ ...this.#common(), typ: 'genesis' }));
  }

  /** Opens a period, with the balance brought forward. @param books complete: every aggregate and open period of the tenant */
  open(subscription: string, period: string, currency: string): OpenPeriod {
    const carried = canonicalJson(this.books.carried(this.#recordedAt));
    const seq = this.range.size;
    this.openings.push({ seq, carried, peaks: [...this.range.peaks], last: this.#last });
    const digest = sha256Base64url(carried);
    this.#append(writeEntry({ ...this.#common(), typ: 'open', carried: digest, currency, period, subscription }));
    return this.books.openPeriod(subscription, period, currency, seq);
  }

  /** Rates one event and writes its receipt. @returns the receipt's sequence number */
  charge(event: RatableEvent, billedIn: OpenPeriod): Sequence {
    const { price } = event;
    const seq = this.range.size;
    const held = this.books.aggregate(
      { subscription: event.subscription, period: event.period, meter: event.meter, priceDigest: price.digest },
      event.aggregation,
    );
    const before = held.valueText;
    const eventsBefore = held.aggregate.events;
    if (event.isNewValue) held.seen?.append(leafHash(Buffer.from(event.valueCommit, 'latin1')));
    const amount = rate(held, price.document, event.quantity, event.occurredAt, event.isNewValue);
    const text = writeCharge({
      aggregate_after: held.valueText,
      aggregate_before: before,
      aggregation: event.aggregation,
      amount: formatAmount(amount),
      billed_in: billedIn.period,
      blind: base64url(this.#blind()),
      currency: billedIn.currency,
      event_commit: event.eventCommit,
      event_id: event.receiptId,
      events_before: String(eventsBefore),
      ledger: this.#ledger,
      meter: event.meter,
      occurred_at: event.occurredAt,
      period: event.period,
      prev: this.#last,
      price_digest: price.digest,
      price_ref: price.ref,
      quantity: formatQuantity(event.quantity),
      rater: RATER,
      recorded_at: this.#recordedAt,
      seq: String(seq),
      subscription: event.subscription,
      tenant: this.#tenant,
      typ: 'charge',
      v: '1',
      value_commit: event.valueCommit,
    });
    this.books.postCharge(
      billedIn,
      { meter: event.meter, period: event.period, priceDigest: price.digest, priceRef: price.ref },
      { before, after: held.valueText, amount, seq },
    );
    this.#append(text);
    return seq;
  }

  /** Bills what a price asks for at no usage at all: a flat fee, the first tier's flat amount. Nothing where it is zero. */
  baseFee(open: OpenPeriod, meter: string, price: PriceVersion): void {
    const amount: Amount = basePrice(price.document);
    if (amount === 0n) return;
    const seq = this.range.size;
    this.#append(
      writeEntry({
        ...this.#common(),
        typ: 'fee',
        amount: formatAmount(amount),
        billed_in: open.period,
        currency: open.currency,
        denominator: '1',
        fee: 'base',
        meter,
        numerator: '1',
        period: open.period,
        price_digest: price.digest,
        price_ref: price.ref,
        subscription: open.subscription,
      }),
    );
    const line = { meter, period: open.period, priceDigest: price.digest, priceRef: price.ref };
    this.books.postBaseFee(open, line, amount, seq);
  }

  /** Closes a period and issues its invoice, one entry after the other. @param number given in the same transaction */
  closeAndInvoice(
    open: OpenPeriod,
    number: string,
  ): { readonly closeSeq: Sequence; readonly invoice: InvoiceDocument } {
    const closeSeq = this.range.size;
    const { subscription, period, currency } = open;
    this.#append(
      writeEntry({
        ...this.#common(),
        typ: 'close',
        count: String(open.count),
        currency,
        first_seq: String(open.openSeq),
        last_seq: String(open.lastSeq),
        period,
        subscription,
        total: formatAmount(open.total),
      }),
    );
    const invoice = foldInvoice(open, {
      ledger: this.#ledger,
      tenant: this.#tenant,
      number,
      issuedAt: this.#recordedAt,
      closeSeq,
    });
    this.#append(
      writeEntry({
        ...this.#common(),
        typ: 'invoice',
        close_seq: String(closeSeq),
        currency,
        discount_total: invoice.discount_total,
        invoice_digest: invoiceDigest(invoice),
        number,
        period,
        subscription,
        subtotal: invoice.subtotal,
        tax_total: invoice.tax_total,
        total: invoice.total,
      }),
    );
    this.books.closePeriod(open);
    return { closeSeq, invoice };
  }

  #common() {
    return {
      blind: base64url(this.#blind()),
      ledger: this.#ledger,
      prev: this.#last,
      recorded_at: this.#recordedAt,
      seq: String(this.range.size),
      tenant: this.#tenant,
      v: '1',
    };
  }

  #append(text: string): void {
    const bytes = Buffer.from(`\0${text}`, 'latin1');
    const hash = hashOfPrefixed(bytes);
    // The text was put together from thirty pieces; what is kept is one piece, or every part would stay alive with it.
    this.texts.push(bytes.toString('latin1', 1));
    this.range.append(hash);
    this.#last = hash.toString('base64url');
    this.hashes.push(this.#last);
  }
}
