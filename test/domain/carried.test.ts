import assert from 'node:assert/strict';
import { fieldOf } from '../../scripts/vectors/workpiece.ts';
import { canonicalJson } from '../../shared/domain/canonical.ts';
import { sha256Base64url } from '../../shared/domain/digest.ts';
import { Books } from '../../shared/domain/ledger/books.ts';
import { booksOf } from '../../shared/domain/ledger/carried.ts';
import { MoneyBooks } from '../../shared/domain/ledger/money-books.ts';
import { Unreadable } from '../../shared/domain/ledger/record.ts';
import { Replay } from '../../shared/domain/ledger/replay.ts';
import { type Instant, plusMicros } from '../../shared/domain/time.ts';
import { LEDGER, MARCH, PRICES, TENANT, TERMS, WholeLedger } from '../support/whole-ledger.ts';

type Row = Record<string, unknown>;
type Balance = Record<string, unknown> &
  Readonly<Record<'aggregates' | 'closed' | 'credits' | 'discounts' | 'fees' | 'invoices' | 'periods', Row[]>>;

/** The books right before the last entry: usage of every kind, credits, fees that stand, invoices in every state, a closed period. */
function stand() {
  const lines = new WholeLedger().texts;
  const replay = Replay.fromGenesis(LEDGER, TENANT, PRICES, TERMS);
  // unique_count: the values seen, in order, by the aggregate that saw them.
  const values = new Map<string, string[]>();
  for (const line of lines) {
    replay.apply(line);
    if (fieldOf(line, 'typ') !== 'charge' || fieldOf(line, 'value_commit') === '') continue;
    const key = ['subscription', 'period', 'meter', 'price_digest'].map((name) => fieldOf(line, name)).join(' ');
    const seen = values.get(key) ?? [];
    if (!seen.includes(fieldOf(line, 'value_commit'))) values.set(key, [...seen, fieldOf(line, 'value_commit')]);
  }
  return { books: replay.books, values };
}
const AT = '2026-04-02T00:00:00.000000Z' as Instant;
const written = (books: Books): string => canonicalJson(books.carried(AT));
const balance = (): Balance => JSON.parse(written(stand().books)) as Balance;
const read = (carried: unknown, values: ReadonlyMap<string, readonly string[]> = stand().values): Books =>
  booksOf(carried, values);
const LISTS = ['aggregates', 'closed', 'credits', 'discounts', 'fees', 'invoices', 'periods'] as const;

describe('a balance brought forward', () => {
  it('is read back to books that write the same', () => {
    assert.equal(written(read(balance())), written(stand().books));
    for (const [name, rows] of Object.entries(balance())) if (Array.isArray(rows)) assert.ok(rows.length > 0, name);
  });

  it('is read back to the very books: every aggregate, bucket, credit, invoice and fee', () => {
    const books = read(balance());
    assert.deepEqual(books.money, stand().books.money);
    assert.deepEqual(books.closed, stand().books.closed);
    assert.deepEqual(books.periods, stand().books.periods);
    const plain = (held: Books) =>
      new Map([...held.aggregates].map(([key, { seen, ...rest }]) => [key, { ...rest, seen: seen?.root() }]));
    assert.deepEqual(plain(books), plain(stand().books));
  });

  it('holds a unique_count to the values it has seen: in that order, all of them, no other', () => {
    const [[key, seen]] = [...stand().values] as [[string, string[]]];
    for (const others of [[], seen.slice(1), [...seen].reverse(), [...seen, sha256Base64url('eve')]])
      assert.throws(() => read(balance(), new Map([[key, others]])), Unreadable);
    assert.throws(() => read(balance(), new Map()), Unreadable);
  });

  it('is no object, or has a list that is none: refused', () => {
    for (const none of [null, 'x', 5, undefined]) assert.throws(() => read(none), Unreadable);
    for (const name of LISTS) assert.throws(() => read({ ...balance(), [name]: {} }), Unreadable, name);
  });

  for (const name of LISTS) {
    it(`has rows of ${name} of exactly their members, each of its form`, () => {
      const { values } = stand();
      const whole = balance();
      const rows = whole[name];
      const row = rows[0]!;
      const withRow = (one: unknown): Balance => ({ ...whole, [name]: [one, ...rows.slice(1)] });
      assert.throws(() => read(withRow({ ...row, more: '1' }), values), Unreadable);
      for (const none of ['none', null, 7, []])
        assert.throws(() => read(withRow(none), values), Unreadable, String(none));
      for (const member of Object.keys(row)) {
        const { [member]: _, ...less } = row;
        assert.throws(() => read(withRow(less), values), Unreadable, member);
        assert.throws(() => read(withRow({ ...row, [member]: 7 }), values), Unreadable, member);
        const isFree = ['latest_at'].includes(member);
        if (!isFree) assert.throws(() => read(withRow({ ...row, [member]: '"' }), values), Unreadable, member);
      }
    });
  }

  it('has lines of a bucket that are of a kind there is, and whole', () => {
    const withLine = (line: unknown): Balance => ({
      ...balance(),
      periods: [{ ...balance().periods[0], lines: [line] }],
    });
    const REST = {
      after: '0',
      amount: '1',
      base: '0',
      before: '0',
      count: '1',
      denominator: '',
      first_seq: '1',
      last_seq: '1',
      meter: 'calls',
    };
    const line: Row = {
      ...REST,
      kind: 'usage',
      numerator: '',
      period: MARCH,
      price_digest: '',
      price_ref: '',
      quantity: '',
      tax_category: 'standard',
    };
    assert.equal([...read(withLine(line)).periods.values()][0]!.lines.size, 1);
    assert.throws(() => read(withLine({ ...line, kind: 'gift' })), Unreadable);
    for (const member of Object.keys(line)) {
      const { [member]: _, ...less } = line;
      assert.throws(() => read(withLine(less)), Unreadable, member);
      const isFree = ['denominator', 'numerator', 'price_ref', 'quantity'].includes(member);
      if (!isFree) assert.throws(() => read(withLine({ ...line, [member]: '"' })), Unreadable, member);
    }
  });

  it('has closed periods that follow one another, at least one', () => {
    const [FEBRUARY, APRIL] = [
      '2026-02-01T00:00:00.000000Z/2026-03-01T00:00:00.000000Z',
      '2026-04-01T00:00:00.000000Z/2026-05-01T00:00:00.000000Z',
    ];
    const closed = (...periods: unknown[]) =>
      read({ ...balance(), closed: [{ periods, subscription: 'main' }] }).closed.get('main');
    assert.deepEqual(closed(FEBRUARY, MARCH, APRIL), [FEBRUARY, MARCH, APRIL]);
    for (const periods of [
      [],
      [FEBRUARY, APRIL],
      [MARCH, FEBRUARY],
      [MARCH, MARCH],
      [7],
      ['March'],
      [FEBRUARY, 'March'],
    ])
      assert.throws(() => closed(...periods), Unreadable, JSON.stringify(periods));
  });
});

describe('what is still carried, 400 days on', () => {
  const DAY = 86_400_000_000n;
  const END = '2026-04-01T00:00:00.000000Z' as Instant;
  const [still, over] = [plusMicros(END, 400n * DAY - 1n), plusMicros(END, 400n * DAY)];
  const carried = (books: Books, at: Instant): Balance => JSON.parse(canonicalJson(books.carried(at))) as Balance;

  it('is an aggregate that usage may still be late for, and not a microsecond longer', () => {
    const books = new Books();
    books.aggregate({ subscription: 'main', period: MARCH, meter: 'calls', priceDigest: 'd' }, 'sum');
    assert.equal(carried(books, still).aggregates.length, 1);
    assert.equal(carried(books, over).aggregates.length, 0);
  });

  it('is the last closed period for ever, and those before it as long as usage may be late for them', () => {
    const books = new Books();
    const next = `${END}/2026-05-01T00:00:00.000000Z`;
    for (const period of [MARCH, next]) books.closePeriod(books.openPeriod('main', period, 'EUR', 1));
    const periods = (at: Instant) => carried(books, at).closed[0]!['periods'];
    assert.deepEqual(periods(still), [MARCH, next]);
    assert.deepEqual(periods(over), [next]);
    assert.deepEqual(periods(plusMicros(over, 4000n * DAY)), [next]);
    assert.deepEqual([books.isLateFor('main', MARCH, still), books.isLateFor('main', MARCH, over)], [true, false]);
    assert.deepEqual(
      [books.isLateFor('main', 'x'.repeat(28) + END, still), books.isLateFor('other', MARCH, still)],
      [false, false],
    );
  });

  it('is an empty credit or a settled invoice as long, what has a balance or is open for ever', () => {
    const money = new MoneyBooks();
    const credit = { amount: 5n, costBasis: 0n, currency: 'EUR', expiresAt: '', priority: 0, seq: 1, touchedAt: END };
    money.grant({ ...credit, id: 'empty', balance: 0n });
    money.grant({ ...credit, id: 'held', balance: 1n });
    const zero = {
      creditTotal: 0n,
      creditReturned: 0n,
      credited: 0n,
      creditedTax: 0n,
      paid: 0n,
      refundable: 0n,
      refunded: 0n,
    };
    const invoice = {
      subscription: 'main',
      kind: 'period',
      currency: 'EUR',
      issuedAt: END,
      total: 5n,
      taxTotal: 0n,
      amountDue: 5n,
      ...zero,
    };
    for (const state of ['paid', 'open', 'void', 'uncollectible'] as const)
      money.invoices.set(state, { ...invoice, number: state, state });
    const names = (kept: Instant) => {
      const { credits, invoices } = JSON.parse(canonicalJson(money.carried(kept))) as Balance;
      return [...credits.map((row) => row['grant_id']), ...invoices.map((row) => row['number'])];
    };
    assert.deepEqual(names(plusMicros(END, -1n)), ['empty', 'held', 'open', 'paid', 'uncollectible', 'void']);
    assert.deepEqual(names(END), ['held', 'open']);
  });
});
