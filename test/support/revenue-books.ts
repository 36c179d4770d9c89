import { type Amount, parseQuantity, readCanonicalDecimal } from '../../shared/domain/decimals.ts';
import { sha256, sha256Base64url } from '../../shared/domain/digest.ts';
import { parseLedgerOrigin, parseTenantId } from '../../shared/domain/ids.ts';
import {
  type CreditNoteDocument,
  type CreditRequest,
  creditNoteDigest,
  makeCreditNote,
} from '../../shared/domain/invoice/credit-note.ts';
import type { DiscountTerms } from '../../shared/domain/invoice/discount.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import type { DecidedTaxation } from '../../shared/domain/invoice/taxation.ts';
import { Books, endOf, type OpenPeriod, periodKeyText } from '../../shared/domain/ledger/books.ts';
import type { Correction } from '../../shared/domain/ledger/line-rules.ts';
import { outstanding } from '../../shared/domain/ledger/money-books.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { Scribe } from '../../shared/domain/ledger/scribe.ts';
import { CompactRange } from '../../shared/domain/ledger/tree.ts';
import { type PriceVersion, parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import type { RevenueDocuments } from '../../shared/domain/revenue/documents.ts';
import { RevenueHistory } from '../../shared/domain/revenue/history.ts';
import { type Instant, parseInstant } from '../../shared/domain/time.ts';
import type { Aggregation } from '../../shared/domain/usage/meter.ts';

/** `2026-01-15` is its midnight in UTC. */
export const at = (text: string): Instant => parseInstant(text.length === 10 ? `${text}T00:00:00Z` : text, 'test');
export const between = (from: string, to: string): string => `${at(from)}/${at(to)}`;

/** One subscription's ledger, written by the scribe as the suite writes it, with the documents it was signed for. */
export class RevenueBooks {
  readonly texts: string[] = [];
  readonly books = new Books();
  readonly invoices = new Map<string, InvoiceDocument>();
  readonly creditNotes = new Map<string, CreditNoteDocument>();
  readonly terms = new Map<string, Uint8Array>();
  readonly currency: string;
  readonly #taxation: DecidedTaxation | undefined;
  readonly #range = new CompactRange();
  #last: string | undefined;
  #recordedAt: Instant | undefined;
  #events = 0;

  constructor({ currency = 'EUR', taxation }: { currency?: string; taxation?: DecidedTaxation } = {}) {
    this.currency = currency;
    this.#taxation = taxation;
    if (taxation !== undefined) this.terms.set(taxation.digest, taxation.bytes);
  }

  get documents(): RevenueDocuments {
    return { invoices: this.invoices, creditNotes: this.creditNotes, terms: this.terms };
  }

  history(zone = 'UTC'): RevenueHistory {
    const history = new RevenueHistory(zone);
    for (const text of this.texts) history.add(readEntry(text));
    return history;
  }

  /** A price of so much a unit; another amount is another price. */
  price(unit_amount: string): PriceVersion {
    const model = { type: 'per_unit', unit_amount };
    const price_id = `p-${unit_amount.replace('.', '-')}`;
    return parsePriceVersion({ price_id, version: '1', currency: this.currency, model });
  }

  flat(amount: string): PriceVersion {
    const model = { type: 'flat', amount };
    return parsePriceVersion({
      price_id: `f-${amount.replace('.', '-')}`,
      version: '1',
      currency: this.currency,
      model,
    });
  }

  minimum(amount: string): PriceVersion {
    const model = { type: 'minimum', amount, covers: [] };
    return parsePriceVersion({ price_id: `m-${amount}`, version: '1', currency: this.currency, model });
  }

  /** One entry or more at an instant. */
  write<T>(now: string, work: (scribe: Scribe) => T): T {
    const seq = this.texts.length;
    let blinds = seq;
    const ledger = parseLedgerOrigin('ledger.example/revenue');
    const tenant = parseTenantId('acme');
    const position = { ledger, tenant, range: this.#range, last: this.#last, recordedAt: this.#recordedAt };
    const scribe = new Scribe(position, this.books, at(now), () => sha256(`blind ${blinds++}`).subarray(0, 16));
    if (seq === 0) scribe.genesis();
    const result = work(scribe);
    this.texts.push(...scribe.texts);
    this.#last = scribe.last;
    this.#recordedAt = scribe.recordedAt;
    return result;
  }

  #open(scribe: Scribe, period: string): OpenPeriod {
    return this.books.periods.get(periodKeyText('main', period)) ?? scribe.open('main', period, this.currency);
  }

  /** Usage of a meter at a price per unit; received when it happened unless said. */
  use(
    period: string,
    occurred: string,
    quantity: string,
    unit: string,
    more: { readonly received?: string; readonly billedIn?: string; readonly aggregation?: Aggregation } = {},
  ): number {
    return this.write(more.received ?? occurred, (scribe) =>
      scribe.charge(
        {
          receiptId: sha256Base64url(`event ${++this.#events}`),
          eventCommit: sha256Base64url(`commitment ${this.#events}`),
          occurredAt: at(occurred),
          subscription: 'main',
          meter: 'calls',
          aggregation: more.aggregation ?? 'sum',
          quantity: parseQuantity(quantity),
          valueCommit: '',
          isNewValue: false,
          period,
          price: this.price(unit),
        },
        this.#open(scribe, more.billedIn ?? period),
      ),
    );
  }

  /** A recurring fee for a stretch of its period. */
  fee(
    now: string,
    kind: 'advance' | 'arrears' | 'unused',
    period: string,
    stretch: string,
    amount: string,
    item = 'seat',
  ): void {
    const [from, to] = stretch.split('/') as [Instant, Instant];
    const price = this.flat(amount);
    this.write(now, (scribe) =>
      scribe.fee(this.#open(scribe, period), {
        ...{ subscription: 'main', item, kind, period, from, to, price },
        ...{ quantity: parseQuantity('1'), quantityText: '1', proration: 'second', zone: 'UTC' },
      }),
    );
  }

  baseFee(now: string, period: string, amount: string): void {
    this.write(now, (scribe) => scribe.baseFee(this.#open(scribe, period), 'calls', this.flat(amount)));
  }

  trueUp(now: string, period: string, committed: string, billed: string): void {
    const units = (text: string): bigint => readCanonicalDecimal(text, 24)!;
    const [from, to] = period.split('/') as [Instant, Instant];
    this.write(now, (scribe) =>
      scribe.trueUp(this.#open(scribe, period), {
        ...{ commitment: 'floor', price: this.minimum(committed), from, to, numerator: '1', denominator: '1' },
        ...{ proration: 'none', zone: 'UTC', committed: units(committed) as Amount, billed: units(billed) as Amount },
        amount: (units(committed) - units(billed)) as Amount,
      }),
    );
  }

  adjust(now: string, period: string, amount: string, id = 'adj'): void {
    const exact = readCanonicalDecimal(amount, 24) as Amount;
    this.write(now, (scribe) => scribe.adjustment(this.#open(scribe, period), id, exact, 'goodwill', 'standard'));
  }

  /** Takes units of a billed event back, or adds some. */
  correct(now: string, billedIn: string, change: string, unit: string, of: { period: string; seq: number }): void {
    const isLess = change.startsWith('-');
    const size = parseQuantity(isLess ? change.slice(1) : change);
    const price = this.price(unit);
    const correction: Correction = {
      ...{
        id: 'cor',
        reason: 'correction',
        refSeq: of.seq,
        refHash: sha256Base64url('ref'),
        aggregation: 'sum',
        price,
      },
      key: { subscription: 'main', period: of.period, meter: 'calls', priceDigest: price.digest },
      change: (isLess ? -size : size) as Correction['change'],
    };
    this.write(now, (scribe) => scribe.correction(this.#open(scribe, billedIn), correction));
  }

  /** Issues an invoice; closes its period where `until` says that it is over. */
  invoice(
    now: string,
    period: string,
    { until, discounts = [] }: { readonly until?: string; readonly discounts?: readonly DiscountTerms[] } = {},
  ): InvoiceDocument {
    const number = `INV-${String(this.invoices.size + 1).padStart(4, '0')}`;
    const bill = {
      number,
      kind: until === undefined ? 'interim' : 'period',
      discounts,
      taxation: this.#taxation,
    } as const;
    const end = until === undefined ? undefined : at(until);
    const { invoice } = this.write(now, (scribe) =>
      scribe.invoice(this.#open(scribe, period), { ...bill, until: end }),
    );
    this.invoices.set(number, invoice);
    return invoice;
  }

  /** Issues an invoice at the end of its period. */
  close(now: string, period: string, discounts: readonly DiscountTerms[] = []): InvoiceDocument {
    return this.invoice(now, period, { until: endOf(period), discounts });
  }

  creditNote(now: string, invoice: string, request: CreditRequest): CreditNoteDocument {
    const number = `CN-${String(this.creditNotes.size + 1).padStart(4, '0')}`;
    const earlier = [...this.creditNotes.values()].filter((note) => note.invoice === invoice);
    return this.write(now, (scribe) => {
      const frame = { number, issuedAt: scribe.recordedAt, reason: 'goodwill' };
      const note = makeCreditNote(this.invoices.get(invoice)!, earlier, request, this.#taxation, frame);
      const open = outstanding(this.books.money.invoices.get(invoice)!);
      const total = BigInt(note.total);
      scribe.money('credit_note', {
        ...{ amount: note.total, credit_note: number, currency: this.currency, note_digest: creditNoteDigest(note) },
        ...{ number: invoice, reason: 'goodwill', refundable: String(total > open ? total - open : 0n) },
        tax_total: note.tax_total,
      });
      this.creditNotes.set(number, note);
      return note;
    });
  }

  pay(now: string, number: string, amount: string, id = 'pay'): void {
    const { currency } = this;
    this.write(now, (scribe) => scribe.money('payment', { amount, currency, number, payment_id: id }));
  }

  refund(now: string, number: string, amount: string, payment: string, id: string): void {
    const fields = { amount, currency: this.currency, number, payment_id: payment, refund_id: id };
    this.write(now, (scribe) => scribe.money('refund', fields));
  }

  /** Voids an invoice or writes it off: for its total, or for what is outstanding. */
  undo(now: string, kind: 'void' | 'write_off', number: string): void {
    const held = this.books.money.invoices.get(number)!;
    const amount = String(kind === 'void' ? held.total : outstanding(held));
    this.write(now, (scribe) => scribe.money(kind, { amount, currency: this.currency, number, reason: 'given_up' }));
  }

  grant(now: string, id: string, amount: string, cost: string, reason = 'grant'): void {
    const fields = {
      amount,
      cost_basis: cost,
      currency: this.currency,
      expires_at: '',
      grant_id: id,
      priority: '0',
      reason,
    };
    this.write(now, (scribe) => scribe.money('credit_grant', fields));
  }

  credit(now: string, kind: 'credit_expiry', id: string, amount: string): void {
    const fields = { amount, currency: this.currency, grant_id: id, reason: 'revoked' };
    this.write(now, (scribe) => scribe.money(kind, fields));
  }

  returnCredit(now: string, id: string, number: string, amount: string): void {
    const fields = { amount, currency: this.currency, grant_id: id, number };
    this.write(now, (scribe) => scribe.money('credit_return', fields));
  }
}
