import { withField } from '../../scripts/vectors/workpiece.ts';
import { base64url } from '../../shared/domain/canonical.ts';
import { type Amount, parseQuantity, type Quantity } from '../../shared/domain/decimals.ts';
import { sha256, sha256Base64url } from '../../shared/domain/digest.ts';
import { parseLedgerOrigin, parseTenantId } from '../../shared/domain/ids.ts';
import { parseDiscount } from '../../shared/domain/invoice/discount.ts';
import { parseTaxDecision } from '../../shared/domain/invoice/taxation.ts';
import type { Bill } from '../../shared/domain/ledger/bill-rules.ts';
import { Books, type OpenPeriod } from '../../shared/domain/ledger/books.ts';
import { type FaultKind, LedgerFault } from '../../shared/domain/ledger/faults.ts';
import type { FeeStretch } from '../../shared/domain/ledger/fee-rules.ts';
import { countedByTrueUps, reckonTrueUp } from '../../shared/domain/ledger/line-rules.ts';
import { Replay } from '../../shared/domain/ledger/replay.ts';
import { Scribe } from '../../shared/domain/ledger/scribe.ts';
import { CompactRange, leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import { parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { Aggregation } from '../../shared/domain/usage/meter.ts';

export const LEDGER = parseLedgerOrigin('ledger.example/whole');
export const TENANT = parseTenantId('whole-tenant');
const day = (text: string): Instant => `2026-${text}T00:00:00.000000Z` as Instant;
export const MARCH = `${day('03-01')}/${day('04-01')}`;
const APRIL = `${day('04-01')}/${day('05-01')}`;

const priced = (price_id: string, model: Readonly<Record<string, unknown>>) =>
  parsePriceVersion({ price_id, version: '1', currency: 'EUR', model });
const tiers = [
  { up_to: '10', unit_amount: '0.1', flat_amount: '1' },
  { up_to: null, unit_amount: '0.05', flat_amount: '0.5' },
];
const CALLS = priced('calls', { type: 'graduated', tiers });
const SEATS = priced('seats', { type: 'per_unit', unit_amount: '31' });
const LEVEL = priced('level', { type: 'per_unit', unit_amount: '2' });
const USERS = priced('users', { type: 'per_unit', unit_amount: '4' });
const SHARE = priced('share', { type: 'percentage', rate: '0.5' });
const FLOOR = priced('floor', { type: 'minimum', amount: '310', covers: ['calls', 'users'] });
export const PRICES = new Map([CALLS, SEATS, LEVEL, USERS, SHARE, FLOOR].map((price) => [price.digest, price]));

const TENTH = parseDiscount({ discount_id: 'tenth', percent: '0.1', duration: 'repeating', periods: 2 });
const VAT = parseTaxDecision({
  behavior: 'exclusive',
  rates: [{ category: 'standard', jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed' }],
});
export const TERMS: ReadonlyMap<string, Uint8Array> = new Map([TENTH, VAT].map(({ digest, bytes }) => [digest, bytes]));

/** A ledger in which an entry of every kind stands, as two customers’ spring would make it. */
export class WholeLedger {
  readonly texts: string[] = [];
  #range = new CompactRange();
  #last: string | undefined;
  #recordedAt: Instant | undefined;
  readonly #books = new Books();
  #events = 0;

  constructor() {
    this.#begin();
    this.#march();
    this.#closeMarch();
    this.#april();
  }

  #at(at: Instant, write: (scribe: Scribe) => void): void {
    const position = {
      ledger: LEDGER,
      tenant: TENANT,
      range: this.#range,
      last: this.#last,
      recordedAt: this.#recordedAt,
    };
    const scribe = new Scribe(position, this.#books, at, () => sha256(`blind ${this.#range.size}`).subarray(0, 16));
    write(scribe);
    this.texts.push(...scribe.texts);
    this.#range = scribe.range;
    this.#last = scribe.last;
    this.#recordedAt = scribe.recordedAt;
  }

  #bucket(subscription: string, period = MARCH): OpenPeriod {
    return this.#books.periods.get(`${subscription} ${period}`)!;
  }

  #use(
    scribe: Scribe,
    price: typeof CALLS,
    aggregation: Aggregation,
    quantity: string,
    more: Partial<{ user: string; at: Instant; open: OpenPeriod; isNew: boolean; subscription: string }> = {},
  ): void {
    const meter = price.document.priceId;
    const subscription = more.subscription ?? 'main';
    scribe.charge(
      {
        receiptId: sha256Base64url(`event ${++this.#events}`),
        eventCommit: sha256Base64url(`commitment ${this.#events}`),
        occurredAt: more.at ?? day('03-10'),
        subscription,
        meter,
        aggregation,
        quantity: (quantity.startsWith('-') ? -parseQuantity(quantity.slice(1)) : parseQuantity(quantity)) as Quantity,
        valueCommit: more.user === undefined ? '' : sha256Base64url(more.user),
        isNewValue: more.isNew === true,
        period: MARCH,
        price,
      },
      more.open ?? this.#bucket(subscription),
    );
  }

  #stretch(kind: FeeStretch['kind'], item: string, quantityText: string, from: Instant): FeeStretch {
    return {
      ...{ subscription: 'main', item, kind, period: MARCH, from, to: day('04-01'), quantityText, price: SEATS },
      ...{ quantity: parseQuantity(quantityText), proration: 'second', zone: 'Europe/Berlin' },
    };
  }

  #begin(): void {
    this.#at(day('03-01'), (scribe) => {
      scribe.genesis();
      const rate = { base_currency: 'EUR', quote_currency: 'USD', rate: '1.1', rate_date: '2026-02-28' };
      scribe.exchangeRate({ ...rate, rate_id: 'ecb.2026-02-28', source: 'ecb' });
      scribe.erasure({ count: '3', erasure_id: 'erasure-1', ref_digest: sha256Base64url('a request') });
      const credit = { currency: 'EUR', expires_at: day('06-01'), cost_basis: '1500', reason: 'promotion' };
      scribe.money('credit_grant', { ...credit, amount: '2000', grant_id: 'gift', priority: '1' });
      scribe.money('credit_grant', { ...credit, amount: '500', grant_id: 'later', priority: '9' });
      scribe.fee(scribe.open('main', MARCH, 'EUR'), this.#stretch('advance', 'seats', '2', day('03-01')));
      scribe.open('other', MARCH, 'EUR');
      scribe.open('third', MARCH, 'EUR');
    });
  }

  #march(): void {
    this.#at(day('03-12'), (scribe) => {
      for (const quantity of ['6', '7']) this.#use(scribe, CALLS, 'sum', quantity);
      for (const quantity of ['4', '-1']) this.#use(scribe, LEVEL, 'weighted_sum', quantity);
      for (const [user, isNew] of [
        ['ann', true],
        ['bob', true],
        ['ann', false],
      ] as const)
        this.#use(scribe, USERS, 'unique_count', '1', { user, isNew });
      for (const quantity of ['10', '20']) this.#use(scribe, SHARE, 'sum', quantity);
      for (const subscription of ['other', 'third']) this.#use(scribe, LEVEL, 'sum', '5', { subscription });
    });
    this.#at(day('03-17'), (scribe) => {
      const main = this.#bucket('main');
      scribe.fee(main, this.#stretch('unused', 'seats', '2', day('03-17')));
      scribe.fee(main, this.#stretch('advance', 'seats', '3', day('03-17')));
      scribe.adjustment(main, 'goodwill', (-15n * 10n ** 23n) as Amount, 'asked', 'standard');
      const key = { subscription: 'main', period: MARCH, meter: 'calls', priceDigest: CALLS.digest };
      const ref = { refSeq: 8, refHash: sha256Base64url('the charge'), reason: 'counted-twice' };
      const change = -parseQuantity('2') as Quantity;
      scribe.correction(main, { ...ref, id: 'correction-1', key, aggregation: 'sum', change, price: CALLS });
      scribe.fee(main, this.#stretch('arrears', 'support', '1', day('03-01')));
      scribe.invoice(main, { number: 'INV-1', kind: 'interim', until: undefined, discounts: [], taxation: VAT });
    });
  }

  #closeMarch(): void {
    this.#at(day('04-01'), (scribe) => {
      const main = this.#bucket('main');
      this.#use(scribe, CALLS, 'sum', '2', { at: day('03-31') });
      scribe.baseFee(main, 'calls', CALLS);
      const stretch = { from: day('03-11'), to: day('04-01'), proration: 'second', zone: 'UTC' } as const;
      for (const commitment of ['floor', 'second-floor'])
        scribe.trueUp(main, reckonTrueUp(main, countedByTrueUps(main), { ...stretch, commitment, price: FLOOR }));
      const bill = { kind: 'period', until: day('04-01'), discounts: [TENTH], taxation: VAT } satisfies Partial<Bill>;
      scribe.invoice(main, { ...bill, number: 'INV-2' });
      for (const [subscription, number] of [
        ['other', 'INV-3'],
        ['third', 'INV-4'],
      ] as const)
        scribe.invoice(this.#bucket(subscription), { ...bill, number, discounts: [] });
      scribe.open('main', APRIL, 'EUR');
    });
  }

  #april(): void {
    this.#at(day('04-02'), (scribe) => {
      const april = this.#bucket('main', APRIL);
      this.#use(scribe, CALLS, 'sum', '3', { at: day('03-31'), open: april });
      const of = (number: string) => ({ currency: 'EUR', number });
      const invoice = (number: string) => this.#books.money.invoices.get(number)!;
      scribe.money('payment', { ...of('INV-2'), amount: String(invoice('INV-2').amountDue), payment_id: 'payment-1' });
      const noted = { credit_note: 'CN-1', note_digest: sha256Base64url('CN-1'), reason: 'goodwill' };
      scribe.money('credit_note', { ...of('INV-2'), ...noted, amount: '1190', refundable: '1190', tax_total: '190' });
      scribe.money('refund', { ...of('INV-2'), amount: '700', payment_id: 'payment-1', refund_id: 'refund-1' });
      scribe.money('write_off', { ...of('INV-3'), amount: String(invoice('INV-3').amountDue), reason: 'bankrupt' });
      scribe.money('void', { ...of('INV-1'), amount: String(invoice('INV-1').total), reason: 'mistake' });
      scribe.money('credit_return', { ...of('INV-1'), amount: '2000', grant_id: 'gift' });
      scribe.money('credit_expiry', { amount: '300', currency: 'EUR', grant_id: 'gift', reason: 'revoked' });
      scribe.adjustment(april, 'settled', (-5n * 10n ** 24n) as Amount, 'agreed', 'standard');
      scribe.invoice(april, { number: 'INV-5', kind: 'interim', until: undefined, discounts: [], taxation: VAT });
      scribe.open('other', APRIL, 'EUR');
    });
  }
}

/** Entries linked anew from the first on, and numbered: what an operator would sign who holds the keys. */
export function* linkedAnew(texts: Iterable<string>): Iterable<string> {
  let seq = 0;
  let prev: string | undefined;
  for (const text of texts) {
    const numbered = withField(text, 'seq', String(seq++));
    const linked = prev === undefined ? numbered : withField(numbered, 'prev', prev);
    prev = base64url(leafHashOfText(linked));
    yield linked;
  }
}

/** The first fault that a replay of a log finds. */
export function faultIn(texts: Iterable<string>): { readonly kind: FaultKind; readonly seq: number } | undefined {
  const replay = Replay.fromGenesis(LEDGER, TENANT, PRICES, TERMS);
  try {
    for (const text of texts) replay.apply(text);
    return undefined;
  } catch (error) {
    if (error instanceof LedgerFault) return { kind: error.kind, seq: error.seq };
    throw error;
  }
}
