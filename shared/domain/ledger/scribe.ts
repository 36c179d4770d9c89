import { base64url, canonicalJson } from '../canonical.ts';
import { type Amount, formatAmount, formatQuantity, type Quantity } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import type { LedgerOrigin, Sequence, TenantId } from '../ids.ts';
import { foldInvoice, type InvoiceDocument } from '../invoice/invoice.ts';
import { basePrice } from '../pricing/price.ts';
import type { PriceVersion } from '../pricing/version.ts';
import { type Instant, later } from '../time.ts';
import type { Aggregation } from '../usage/meter.ts';
import { type Bill, creditOf, invoiceFields, invoiceTerms, postInvoice } from './bill-rules.ts';
import { type Books, endOf, type OpenPeriod, rate, startOf } from './books.ts';
import { type FeeStretch, feeConflict, reckonFee } from './fee-rules.ts';
import { genesisPrev } from './genesis.ts';
import type { EntryOf } from './kinds.ts';
import {
  adjustmentLine,
  type Correction,
  correctAggregate,
  feeLine,
  standingOf,
  type TrueUp,
  trueUpLine,
  usageLine,
} from './line-rules.ts';
import { type MoneyEntry, type MoneyKind, MoneyRefused, moveMoney } from './money-moves.ts';
import { writeCharge, writeEntry } from './record.ts';
import { type CompactRange, leafHash, leafHashOfText, type TreeHash } from './tree.ts';

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
    this.books.postCharge(billedIn, usageLine(event.meter, event.period, price), {
      before,
      after: held.valueText,
      amount,
      seq,
    });
    this.#append(text);
    return seq;
  }

  /** Bills what a price asks for at no usage at all: a flat fee, the first tier's flat amount. Nothing where it is zero. */
  baseFee(open: OpenPeriod, meter: string, price: PriceVersion): void {
    const amount = basePrice(price.document);
    if (amount === 0n) return;
    const seq = this.range.size;
    this.#append(
      writeEntry({
        ...this.#common(),
        ...billed(open, amount),
        ...priced(meter, open.period, price),
        typ: 'fee',
        denominator: '1',
        fee: 'base',
        from: startOf(open.period),
        numerator: '1',
        proration: 'full',
        quantity: '0',
        to: endOf(open.period),
        zone: 'UTC',
      }),
    );
    this.books.postBaseFee(open, usageLine(meter, open.period, price), amount, seq);
  }

  /** Bills a recurring fee for a stretch of time, or gives back what of one is unused. Nothing where it is zero. */
  fee(open: OpenPeriod, fee: FeeStretch): void {
    const { amount, numerator, denominator } = reckonFee(fee);
    const standing = standingOf(fee);
    const conflict = feeConflict(this.books.money, standing);
    if (conflict !== undefined) throw new MoneyRefused(conflict);
    const seq = this.range.size;
    this.#append(
      writeEntry({
        ...this.#common(),
        ...billed(open, amount),
        ...priced(fee.item, fee.period, fee.price),
        typ: 'fee',
        denominator,
        fee: fee.kind,
        from: fee.from,
        numerator,
        proration: fee.proration,
        quantity: fee.quantityText,
        to: fee.to,
        zone: fee.zone,
      }),
    );
    this.books.money.stand(standing);
    this.books.postSingle(open, feeLine(fee, numerator, denominator), amount, seq);
  }

  /** Bills what a minimum commitment is short of; one that is reached bills nothing, and says what it counted. */
  trueUp(open: OpenPeriod, due: TrueUp): void {
    const seq = this.range.size;
    this.#append(
      writeEntry({
        ...this.#common(),
        ...billed(open, due.amount),
        ...priced(due.commitment, open.period, due.price),
        typ: 'true_up',
        billed: formatAmount(due.billed),
        commitment: formatAmount(due.committed),
        denominator: due.denominator,
        from: due.from,
        numerator: due.numerator,
        proration: due.proration,
        to: due.to,
        zone: due.zone,
      }),
    );
    this.books.postSingle(open, trueUpLine(due), due.amount, seq, due.billed);
  }

  /** Adds an amount that somebody decided on: below zero in the customer's favour. */
  adjustment(open: OpenPeriod, id: string, amount: Amount, reason: string, taxCategory: string): Sequence {
    const seq = this.range.size;
    this.#append(
      writeEntry({
        ...this.#common(),
        ...billed(open, amount),
        typ: 'adjustment',
        adjustment_id: id,
        reason,
        tax_category: taxCategory,
      }),
    );
    this.books.postSingle(open, adjustmentLine(id, open.period, taxCategory), amount, seq);
    return seq;
  }

  /**
   * Corrects a billed event: moves its aggregate by the difference, at the price version that billed it.
   * @param change what the aggregate moves by: below zero where less was used than billed
   */
  correction(open: OpenPeriod, correct: Correction): Sequence {
    const { price, key, change } = correct;
    const held = this.books.aggregate(key, correct.aggregation);
    const before = held.valueText;
    const amount = correctAggregate(held, price, change);
    const seq = this.range.size;
    this.#append(
      writeEntry({
        ...this.#common(),
        ...billed(open, amount),
        ...priced(key.meter, key.period, price),
        typ: 'correction',
        aggregate_after: held.valueText,
        aggregate_before: before,
        correction_id: correct.id,
        quantity: formatQuantity(change),
        reason: correct.reason,
        ref_hash: correct.refHash,
        ref_seq: String(correct.refSeq),
      }),
    );
    const line = usageLine(key.meter, key.period, price);
    this.books.postCharge(open, line, { before, after: held.valueText, amount, seq });
    return seq;
  }

  /** Records a movement of credits or of an issued invoice. @throws MoneyRefused where the books do not allow it */
  money<K extends MoneyKind>(kind: K, fields: Omit<EntryOf<K>, keyof EntryOf<'genesis'>>): Sequence {
    const seq = this.range.size;
    const entry = { ...this.#common(), ...fields, typ: kind } as unknown as EntryOf<K>;
    const text = writeEntry(entry);
    moveMoney(this.books.money, entry as unknown as MoneyEntry);
    this.#append(text);
    return seq;
  }

  /** Records the rate by which amounts of one currency become another's. */
  exchangeRate(fields: Omit<EntryOf<'exchange_rate'>, keyof EntryOf<'genesis'>>): Sequence {
    const seq = this.range.size;
    this.#append(writeEntry({ ...this.#common(), ...fields, typ: 'exchange_rate' }));
    return seq;
  }

  /** Records that a person's data was erased. */
  erasure(fields: Omit<EntryOf<'erasure'>, keyof EntryOf<'genesis'>>): Sequence {
    const seq = this.range.size;
    this.#append(writeEntry({ ...this.#common(), ...fields, typ: 'erasure' }));
    return seq;
  }

  /**
   * Issues an invoice over what a bucket holds, closing its period first where it is over; all in one go.
   * @param bill.number given in the same transaction
   * @param bill.until where the period is closed: its end, or the subscription's if that comes before
   */
  invoice(
    open: OpenPeriod,
    bill: Bill,
  ): { readonly closeSeq: Sequence | undefined; readonly invoice: InvoiceDocument } {
    const { subscription, period, currency } = open;
    const { money } = this.books;
    const closeSeq = bill.until === undefined ? undefined : this.range.size;
    if (bill.until !== undefined) {
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
          until: bill.until,
        }),
      );
    }
    const { number, kind } = bill;
    const frame = { ledger: this.#ledger, tenant: this.#tenant, number, kind, issuedAt: this.#recordedAt, closeSeq };
    const invoice = foldInvoice(open, frame, invoiceTerms(money, open, bill.discounts, bill.taxation));
    this.#reckoning(invoice);
    this.#append(writeEntry({ ...this.#common(), ...invoiceFields(invoice), typ: 'invoice' }));
    postInvoice(money, invoice);
    if (closeSeq === undefined) this.books.emptyBucket(open, this.range.size - 1);
    else this.books.closePeriod(open);
    if (BigInt(invoice.total) < 0n) this.money('credit_grant', creditOf(invoice));
    return { closeSeq, invoice };
  }

  /** Discounts, taxes and credits of an invoice, as entries before it. */
  #reckoning(invoice: InvoiceDocument): void {
    const common = { billed_in: invoice.period, currency: invoice.currency, subscription: invoice.subscription };
    for (const { discount_id, discount_digest, nth, base, amount } of invoice.discounts) {
      const given = { amount, base, discount_digest, discount_id, nth };
      this.#append(writeEntry({ ...this.#common(), ...common, ...given, typ: 'discount' }));
    }
    for (const { jurisdiction, rate, treatment, base, amount } of invoice.taxes) {
      const decided = { behavior: invoice.tax_behavior, decision: invoice.tax_decision };
      const row = { amount, base, jurisdiction, rate, treatment };
      this.#append(writeEntry({ ...this.#common(), ...common, ...decided, ...row, typ: 'tax' }));
    }
    for (const { grant_id, amount } of invoice.credits) {
      const { currency, number } = invoice;
      this.#append(writeEntry({ ...this.#common(), typ: 'credit_use', amount, currency, grant_id, number }));
    }
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
    // Hashing writes the text into one buffer, and with that the thirty pieces it was put together from become one.
    const hash = leafHashOfText(text);
    this.texts.push(text);
    this.range.append(hash);
    this.#last = hash.toString('base64url');
    this.hashes.push(this.#last);
  }
}

const billed = (open: OpenPeriod, amount: Amount) => ({
  amount: formatAmount(amount),
  billed_in: open.period,
  currency: open.currency,
  subscription: open.subscription,
});

const priced = (meter: string, period: string, price: PriceVersion) => ({
  meter,
  period,
  price_digest: price.digest,
  price_ref: price.ref,
});
