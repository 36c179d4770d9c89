import assert from 'node:assert/strict';
import { canonicalJson } from '../../shared/domain/canonical.ts';
import { creditable, MoneyBooks, outstanding } from '../../shared/domain/ledger/money-books.ts';
import {
  MONEY_KINDS,
  type MoneyEntry,
  type MoneyKind,
  MoneyRefused,
  moveMoney,
} from '../../shared/domain/ledger/money-moves.ts';
import type { Instant } from '../../shared/domain/time.ts';

const APRIL = '2026-04-01T00:00:00.000000Z' as Instant;
const JUNE = '2026-06-01T00:00:00.000000Z' as Instant;
const LONG_AGO = '2020-01-01T00:00:00.000000Z' as Instant;

/** A movement of INV-1 or of the credit `gift`, in cents; `more` says what is otherwise. */
type Move = readonly [kind: MoneyKind, amount: number, more?: Readonly<Record<string, string>>];

/**
 * INV-1 is over 119.00, of which 19.00 are tax; 20.00 of it were paid by `gift`, a credit of 50.00 until June. INV-2, 10.00, was
 * paid by credits as a whole: by `small`, all that it had. `gold` is 5.00 that never expire.
 */
function books(): MoneyBooks {
  const money = new MoneyBooks();
  const credit = { costBasis: 0n, currency: 'EUR', priority: 0, seq: 1, touchedAt: APRIL };
  money.grant({ ...credit, id: 'gift', amount: 5000n, balance: 3000n, expiresAt: JUNE });
  money.grant({ ...credit, id: 'small', amount: 1000n, balance: 0n, expiresAt: '' });
  money.grant({ ...credit, id: 'gold', amount: 500n, balance: 500n, expiresAt: '' });
  const untouched = { creditReturned: 0n, credited: 0n, creditedTax: 0n, paid: 0n, refundable: 0n, refunded: 0n };
  const common = { subscription: 'main', kind: 'period', currency: 'EUR', issuedAt: APRIL, ...untouched };
  const first = { total: 11900n, taxTotal: 1900n, amountDue: 9900n, creditTotal: 2000n, state: 'open' as const };
  const second = { total: 1000n, taxTotal: 0n, amountDue: 0n, creditTotal: 1000n, state: 'paid' as const };
  money.invoices.set('INV-1', { ...common, ...first, number: 'INV-1' });
  money.invoices.set('INV-2', { ...common, ...second, number: 'INV-2' });
  return money;
}

const entryOf = ([typ, amount, more]: Move): MoneyEntry =>
  ({
    ...{ typ, amount: String(amount), currency: 'EUR', number: 'INV-1', recorded_at: APRIL, seq: '7' },
    ...{ grant_id: typ === 'credit_grant' ? 'new' : 'gift', reason: 'asked', expires_at: '', cost_basis: '0' },
    ...{ priority: '0', refundable: '0', tax_total: '0', ...more },
  }) as unknown as MoneyEntry;

const booksAfter = (...moves: readonly Move[]): MoneyBooks => {
  const money = books();
  for (const move of moves) moveMoney(money, entryOf(move));
  return money;
};
const standing = (money: MoneyBooks, number = 'INV-1'): readonly [string, number, number] => {
  const held = money.invoices.get(number)!;
  return [held.state, Number(outstanding(held)), Number(creditable(held))];
};
const note = (amount: number, tax_total: number, refundable: number): Move => [
  'credit_note',
  amount,
  { tax_total: String(tax_total), refundable: String(refundable) },
];

describe('an invoice of 119.00 of which credits paid 20.00', () => {
  const TABLE: readonly [
    says: string,
    moves: readonly Move[],
    state: string,
    outstanding: number,
    creditable: number,
  ][] = [
    ['has 99.00 outstanding', [], 'open', 9900, 11900],
    ['of which 40.00 were paid has 59.00 outstanding', [['payment', 4000]], 'open', 5900, 11900],
    [
      'is paid by 40.00 and 59.00',
      [
        ['payment', 4000],
        ['payment', 5900],
      ],
      'paid',
      0,
      11900,
    ],
    ['less a credit note of 23.80 has 75.20 outstanding', [note(2380, 380, 0)], 'open', 7520, 9520],
    ['less two of them has 51.40', [note(2380, 380, 0), note(2380, 380, 0)], 'open', 5140, 7140],
    ['less one and what is left then, 75.20, is paid', [note(2380, 380, 0), ['payment', 7520]], 'paid', 0, 9520],
    ['less one over all that is outstanding is paid', [note(9900, 1500, 0)], 'paid', 0, 2000],
    ['less one over all of it gives back the 20.00 that credits paid', [note(11900, 1900, 2000)], 'paid', 0, 0],
    ['paid, less 23.80, gives 23.80 back', [['payment', 9900], note(2380, 380, 2380)], 'paid', 0, 9520],
    [
      'of which 9.00 are open, less 23.80, gives 14.80 back',
      [['payment', 9000], note(2380, 380, 1480)],
      'paid',
      0,
      9520,
    ],
    ['less a note that is all tax still is the rest', [note(1900, 1900, 0)], 'open', 8000, 10000],
    ['that is void has nothing outstanding, and nothing to credit', [['void', 11900]], 'void', 0, 0],
    ['that is written off has nothing outstanding', [['write_off', 9900]], 'uncollectible', 0, 11900],
    [
      'half paid is written off by the rest',
      [
        ['payment', 4000],
        ['write_off', 5900],
      ],
      'uncollectible',
      0,
      11900,
    ],
  ];
  for (const [says, moves, ...expected] of TABLE)
    it(says, () => assert.deepEqual(standing(booksAfter(...moves)), expected));

  it('that credits paid as a whole can be void', () => {
    assert.deepEqual(standing(booksAfter(['void', 1000, { number: 'INV-2' }]), 'INV-2'), ['void', 0, 0]);
  });

  it('gives back 14.80 in parts, never more', () => {
    const money = booksAfter(['payment', 9000], note(2380, 380, 1480), ['refund', 1000], ['refund', 480]);
    assert.equal(money.invoices.get('INV-1')!.refunded, 1480n);
    assert.throws(() => moveMoney(money, entryOf(['refund', 1])), MoneyRefused);
  });
});

describe('a credit', () => {
  const balanceOf = (money: MoneyBooks, id = 'gift') => money.grants.get(id)!.balance;

  it('is held as it was granted, whole', () => {
    const money = booksAfter(['credit_grant', 700, { expires_at: JUNE, cost_basis: '650', priority: '2' }]);
    assert.deepEqual(money.grants.get('new'), {
      ...{ id: 'new', amount: 700n, balance: 700n, costBasis: 650n, currency: 'EUR' },
      ...{ expiresAt: JUNE, priority: 2, seq: 7, touchedAt: APRIL },
    });
  });

  it('of 30.00 expires with its last microsecond, or is taken back in parts before', () => {
    const expired = booksAfter(['credit_expiry', 3000, { reason: 'expired', recorded_at: JUNE }]);
    assert.equal(balanceOf(expired), 0n);
    assert.equal(expired.grants.get('gift')!.touchedAt, JUNE);
    assert.equal(balanceOf(booksAfter(['credit_expiry', 1000], ['credit_expiry', 2000])), 0n);
  });

  it('gets 20.00 back from an invoice that is void, in parts: 30.00 + 15.00 + 5.00 = 50.00', () => {
    const money = booksAfter(['void', 11900], ['credit_return', 1500], ['credit_return', 500]);
    assert.equal(balanceOf(money), 5000n);
    assert.equal(money.invoices.get('INV-1')!.creditReturned, 2000n);
  });
});

describe('the books refuse', () => {
  const VOID: Move = ['void', 11900];
  const TABLE: readonly [says: string, ...moves: Move[]][] = [
    ['to grant a credit twice', ['credit_grant', 1], ['credit_grant', 1]],
    ['to grant a credit that expires that very microsecond', ['credit_grant', 1, { expires_at: APRIL }]],
    ['a cost basis below zero', ['credit_grant', 1, { cost_basis: '-1' }]],
    ['to let 30.01 of 30.00 expire', ['credit_expiry', 3001]],
    [
      'to let a credit expire a microsecond early',
      ['credit_expiry', 1, { reason: 'expired', recorded_at: '2026-05-31T23:59:59.999999Z' }],
    ],
    [
      'to let one expire that never does',
      ['credit_expiry', 1, { reason: 'expired', grant_id: 'gold', recorded_at: JUNE }],
    ],
    ['a credit that nobody granted', ['credit_expiry', 1, { grant_id: 'other' }]],
    ['a credit in another currency', ['credit_expiry', 1, { currency: 'USD' }]],
    ['to return credits of an invoice that stands', ['credit_return', 1]],
    ['to return 20.01 of 20.00', VOID, ['credit_expiry', 1000], ['credit_return', 2001]],
    ['to return 20.00 and a cent', VOID, ['credit_expiry', 1000], ['credit_return', 2000], ['credit_return', 1]],
    ['to return more than a credit ever was', VOID, ['credit_return', 1001, { grant_id: 'small' }]],
    ['to return credits to one that nobody granted', VOID, ['credit_return', 1, { grant_id: 'other' }]],
    ['to credit what is void', VOID, note(1, 0, 0)],
    ['to credit what was written off', ['write_off', 9900], note(1, 0, 1)],
    ['to credit 119.01 of 119.00', note(11901, 1900, 2001)],
    ['to credit 23.80 and then 95.21', note(2380, 380, 0), note(9521, 1520, 2001)],
    ['tax below zero', note(2380, -1, 0)],
    ['19.01 of 19.00 tax', note(5000, 1901, 0)],
    ['19.01 of 19.00 tax, in two notes', note(5000, 1900, 0), note(5000, 1, 100)],
    ['more tax than the note is over', note(100, 101, 0)],
    ['a last note that leaves tax behind', note(11900, 1899, 2000)],
    ['to give back what nobody paid', note(2380, 380, 1)],
    ['to keep what is to be given back', ['payment', 9900], note(2380, 380, 2379)],
    ['to void twice', VOID, VOID],
    ['to void what was written off', ['write_off', 9900], VOID],
    ['to void what was paid in part', ['payment', 1], VOID],
    ['to void what was credited in part', note(1, 0, 0), VOID],
    ['to void less than the total', ['void', 11899]],
    ['to void more than the total', ['void', 11901]],
    ['to write off less than is outstanding', ['write_off', 9899]],
    ['to write off more than is outstanding', ['write_off', 9901]],
    ['to write off what is paid', ['payment', 9900], ['write_off', 1]],
    ['99.01 for 99.00', ['payment', 9901]],
    ['a payment of what is paid', ['payment', 9900], ['payment', 1]],
    ['a payment of what is void', VOID, ['payment', 1]],
    ['a payment of what was written off', ['write_off', 9900], ['payment', 9900]],
    ['a payment of an invoice that nobody issued', ['payment', 1, { number: 'INV-9' }]],
    ['a payment in another currency', ['payment', 1, { currency: 'USD' }]],
    ['to give back where nothing was paid too much', ['refund', 1]],
    [
      'to give money back in another currency',
      ['payment', 9900],
      note(2380, 380, 2380),
      ['refund', 1, { currency: 'USD' }],
    ],
  ];
  for (const [says, ...moves] of TABLE) {
    it(`${says}, and stay as they were`, () => {
      const money = booksAfter(...moves.slice(0, -1));
      const before = canonicalJson(money.carried(LONG_AGO));
      assert.throws(() => moveMoney(money, entryOf(moves.at(-1)!)), MoneyRefused);
      assert.equal(canonicalJson(money.carried(LONG_AGO)), before);
    });
  }

  it('any movement that is not above zero', () => {
    for (const kind of MONEY_KINDS as ReadonlySet<MoneyKind>) {
      for (const amount of [0, -1]) assert.throws(() => booksAfter([kind, amount]), MoneyRefused, `${kind} ${amount}`);
    }
  });
});
