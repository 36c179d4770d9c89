import assert from 'node:assert/strict';
import type { InvoiceDocument, InvoiceLine } from '../../shared/domain/invoice/invoice.ts';
import type { Entry, EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { naiveSum } from './naive-pricing.ts';

/** What one organization shows an auditor: its whole ledger, its invoices, and what it says is still open. */
export interface Shown {
  readonly entries: readonly Entry[];
  readonly invoices: readonly InvoiceDocument[];
  /** exact sums of what is billed and not yet invoiced, by subscription and period; nothing where nothing is */
  readonly open: ReadonlyMap<string, string>;
  /** what is left of each credit, minor units */
  readonly credits: ReadonlyMap<string, string>;
  readonly balances: ReadonlyMap<string, ShownBalance>;
}
export interface ShownBalance {
  readonly state: string;
  readonly paid: string;
  readonly credited: string;
  readonly outstanding: string;
}

type Billed = Extract<Entry, { readonly typ: 'charge' | 'fee' | 'true_up' | 'adjustment' | 'correction' }>;
const BILLED = new Set(['charge', 'fee', 'true_up', 'adjustment', 'correction']);
const RECKONED = new Set(['discount', 'tax', 'credit_use']);
const OF_A_CREDIT = new Set(['credit_grant', 'credit_expiry']);
const OF_AN_INVOICE = new Set(['credit_return', 'credit_note', 'void', 'write_off', 'payment', 'refund']);
const FRAME = new Set(['genesis', 'open', 'close', 'exchange_rate', 'erasure']);

const PLACES: Readonly<Record<string, number>> = { JPY: 0, EUR: 2, USD: 2, KWD: 3 };

/** Rounds a decimal string to minor units, half away from zero, digit by digit. */
export function roundedOnPaper(exact: string, currency: string): bigint {
  const isBelow = exact.startsWith('-');
  const [whole = '', rest = ''] = exact.replace('-', '').split('.');
  const digits = rest.padEnd(PLACES[currency]! + 1, '0');
  const kept = BigInt(whole + digits.slice(0, PLACES[currency]));
  const size = digits.charAt(PLACES[currency]!) >= '5' ? kept + 1n : kept;
  return isBelow ? -size : size;
}

/**
 * Goes through the ledger entry by entry with pencil and paper. Every entry has its one place: an invoice, a bucket that is
 * open, a credit, or the frame of a period, which moves nothing; and what is in the places adds up to what the documents say.
 */
export function audit(shown: Shown): void {
  const invoices = new Map(shown.invoices.map((one) => [one.number, one]));
  const buckets = new Map<string, Billed[]>();
  const reckoned = new Map<string, Entry[]>();
  const issued = new Map<string, EntryOf<'invoice'>>();
  const of = new Map<string, Entry[]>();
  const credits = new Map<string, Entry[]>();
  let placed = 0;
  for (const entry of shown.entries) {
    if (isBilled(entry)) put(buckets, `${entry.subscription} ${entry.billed_in}`, entry);
    else if (RECKONED.has(entry.typ)) put(reckoned, 'next', entry);
    else if (OF_A_CREDIT.has(entry.typ)) put(credits, (entry as EntryOf<'credit_grant'>).grant_id, entry);
    else if (OF_AN_INVOICE.has(entry.typ)) put(of, (entry as EntryOf<'void'>).number, entry);
    else if (entry.typ === 'invoice') {
      const document = invoices.get(entry.number);
      assert.ok(document, `invoice ${entry.number} has a document`);
      assert.ok(!issued.has(entry.number), `${entry.number} is issued once`);
      issued.set(entry.number, entry);
      const key = `${entry.subscription} ${entry.period}`;
      checkLines(document, buckets.get(key) ?? []);
      buckets.delete(key);
      checkSums(document, entry, reckoned.get('next') ?? []);
      reckoned.delete('next');
    } else assert.ok(FRAME.has(entry.typ), `${entry.typ} has a place`);
    placed++;
  }
  assert.equal(placed, shown.entries.length);
  assert.deepEqual([...issued.keys()].sort(), [...invoices.keys()].sort());
  assert.deepEqual([...reckoned.keys()], [], 'every discount, tax and use of credit is an invoice’s');
  assert.deepEqual(
    [...buckets]
      .map(([key, some]) => [key, sumOf(some)])
      .filter(([, sum]) => sum !== '0')
      .sort(),
    [...shown.open].filter(([, sum]) => sum !== '0').sort(),
    'what is billed and not invoiced is what the buckets hold',
  );
  // The same once more over everything: nothing is made, nothing is lost between entries and documents.
  const billed = naiveSum(...shown.entries.filter(isBilled).map(({ amount }) => amount));
  const lines = shown.invoices.flatMap((one) => one.lines.map(({ exact }) => exact));
  assert.equal(billed, naiveSum(...lines, ...shown.open.values()), 'entries are invoices and what is open');
  for (const key of of.keys()) assert.ok(issued.has(key), `${key} was issued`);
  checkCredits(shown, credits);
  for (const [number, document] of invoices) {
    checkBalance(document, of.get(number) ?? [], shown.balances.get(number)!);
  }
}

const isBilled = (entry: Entry): entry is Billed => BILLED.has(entry.typ);
const sumOf = (entries: readonly { readonly amount: string }[]): string =>
  naiveSum(...entries.map(({ amount }) => amount));

function put<V>(map: Map<string, V[]>, key: string, value: V): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

/** The name of the line that an entry belongs to, from the entry alone. */
function lineOfEntry(entry: Billed): string {
  switch (entry.typ) {
    case 'adjustment':
      return `adjustment ${entry.adjustment_id} ${entry.billed_in}  `;
    case 'true_up':
      return `true_up ${entry.meter} ${entry.from}/${entry.to} ${entry.price_digest} `;
    case 'fee':
      if (entry.fee !== 'base')
        return `${entry.fee} ${entry.meter} ${entry.from}/${entry.to} ${entry.price_digest} ${entry.quantity}`;
      return `usage ${entry.meter} ${entry.period} ${entry.price_digest} `;
    default:
      return `usage ${entry.meter} ${entry.period} ${entry.price_digest} `;
  }
}
const lineOf = (line: InvoiceLine): string =>
  `${line.kind} ${line.meter} ${line.period} ${line.price_digest} ${line.quantity}`;

/** From each line to its receipts and back: no receipt without a line, none in two, and each line is their sum. */
function checkLines(invoice: InvoiceDocument, entries: readonly Billed[]): void {
  const byLine = new Map<string, Billed[]>();
  for (const entry of entries) put(byLine, lineOfEntry(entry), entry);
  assert.deepEqual(invoice.lines.map(lineOf).sort(), [...byLine.keys()].sort(), `lines of ${invoice.number}`);
  for (const line of invoice.lines) {
    const own = byLine.get(lineOf(line))!;
    const says = `${invoice.number} ${line.kind} ${line.meter}`;
    assert.deepEqual(
      [line.exact, line.count, line.first_seq, line.last_seq],
      [sumOf(own), String(own.length), own[0]!.seq, own.at(-1)!.seq],
      says,
    );
    assert.equal(line.amount, String(roundedOnPaper(line.exact, invoice.currency)), says);
  }
}

const whole = (amounts: readonly string[]): bigint => amounts.reduce((sum, amount) => sum + BigInt(amount), 0n);
const amountsOf = (entries: readonly Entry[], typ: string): string[] =>
  entries.flatMap((entry) => (entry.typ === typ ? [(entry as { readonly amount: string }).amount] : []));

function checkSums(invoice: InvoiceDocument, entry: EntryOf<'invoice'>, reckoned: readonly Entry[]): void {
  const says = invoice.number;
  const [discounts, taxes, used] = ['discount', 'tax', 'credit_use'].map((typ) => whole(amountsOf(reckoned, typ)));
  const subtotal = whole(invoice.lines.map(({ amount }) => amount));
  const total = subtotal - discounts! + (invoice.tax_behavior === 'inclusive' ? 0n : taxes!);
  assert.deepEqual(
    [invoice.subtotal, invoice.discount_total, invoice.tax_total, invoice.total, invoice.credit_total],
    [subtotal, discounts, taxes, total, used].map(String),
    says,
  );
  assert.equal(whole(invoice.lines.map(({ discount }) => discount)), discounts, `${says}: discounts are their lines’`);
  assert.equal(invoice.amount_due, String(total > used! ? total - used! : 0n), says);
  assert.deepEqual(
    [entry.subtotal, entry.discount_total, entry.tax_total, entry.total, entry.credit_total, entry.amount_due],
    [...[invoice.subtotal, invoice.discount_total, invoice.tax_total, invoice.total, invoice.credit_total]].concat(
      invoice.amount_due,
    ),
    says,
  );
}

/** Of each credit: granted once, used and written off, given back; never below nothing, and what is left is what it says. */
function checkCredits({ entries, credits }: Shown, own: ReadonlyMap<string, readonly Entry[]>): void {
  const left = new Map<string, bigint>();
  const granted = new Map<string, bigint>();
  for (const entry of entries) {
    if (entry.typ === 'credit_grant') {
      assert.ok(!left.has(entry.grant_id), `${entry.grant_id} is granted once`);
      left.set(entry.grant_id, BigInt(entry.amount));
      granted.set(entry.grant_id, BigInt(entry.amount));
    } else if (entry.typ === 'credit_use' || entry.typ === 'credit_expiry' || entry.typ === 'credit_return') {
      const sign = entry.typ === 'credit_return' ? 1n : -1n;
      const now = left.get(entry.grant_id)! + sign * BigInt(entry.amount);
      assert.ok(now >= 0n && now <= granted.get(entry.grant_id)!, `${entry.grant_id} has ${now} left`);
      left.set(entry.grant_id, now);
    }
  }
  assert.deepEqual([...own.keys()].sort(), [...left.keys()].sort(), 'nothing moves a credit that was not granted');
  assert.deepEqual(
    new Map([...left].sort().map(([id, balance]) => [id, String(balance)])),
    new Map([...credits].sort()),
    'credits have left what their entries leave',
  );
}

/**
 * An invoice's total is used credit, payments, what credit notes took back before it was paid, what was given up, and what
 * is outstanding. Nobody gets back what nobody paid.
 */
function checkBalance(invoice: InvoiceDocument, moves: readonly Entry[], balance: ShownBalance): void {
  const says = `${invoice.number}, ${balance.state}`;
  const [paid, noted, refunded, voided, returned, given] = [
    ...['payment', 'credit_note', 'refund', 'void', 'credit_return', 'write_off'],
  ].map((typ) => whole(amountsOf(moves, typ))) as [bigint, bigint, bigint, bigint, bigint, bigint];
  const refundable = whole(moves.flatMap((entry) => (entry.typ === 'credit_note' ? [entry.refundable] : [])));
  const [total, used] = [BigInt(invoice.total), BigInt(invoice.credit_total)];
  assert.deepEqual([balance.paid, balance.credited], [paid, noted].map(String), says);
  assert.ok(paid <= BigInt(invoice.amount_due), `${says}: paid ${paid} of ${invoice.amount_due}`);
  assert.ok(noted <= (total > 0n ? total : 0n), `${says}: credited ${noted} of ${total}`);
  assert.ok(refundable <= paid + used, `${says}: ${refundable} comes back of ${paid + used} paid`);
  assert.ok(refunded <= refundable, `${says}: ${refunded} refunded of ${refundable}`);
  if (balance.state === 'void') {
    assert.deepEqual([voided, returned, paid, noted, balance.outstanding], [total, used, 0n, 0n, '0'], says);
  } else if (total > 0n) {
    assert.deepEqual([voided, returned], [0n, 0n], says);
    const settled = used + paid + (noted - refundable);
    if (balance.state === 'uncollectible') {
      assert.ok(given > 0n && settled + given >= total && balance.outstanding === '0', says);
    } else assert.equal(settled + BigInt(balance.outstanding), total, says);
  } else assert.deepEqual([moves.length, balance.outstanding], [0, '0'], says);
}
