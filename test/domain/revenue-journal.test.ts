import assert from 'node:assert/strict';
import fc from 'fast-check';
import { journalCsv } from '../../shared/documents/journal-csv.ts';
import { parseTaxDecision } from '../../shared/domain/invoice/taxation.ts';
import { ACCOUNTS, parseChart } from '../../shared/domain/revenue/chart.ts';
import { journalOf } from '../../shared/domain/revenue/journal.ts';
import type { Month } from '../../shared/domain/revenue/months.ts';
import type { Posting } from '../../shared/domain/revenue/posting.ts';
import { refusalOf } from '../support/refusal.ts';
import { at, between, RevenueBooks } from '../support/revenue-books.ts';

/** Each posting as `date kind reference: account debit | account -credit`. */
const written = (postings: readonly Posting[]): string[] =>
  postings.map(({ date, kind, reference, lines }) => {
    const sides = lines.map(({ account, jurisdiction, debit, credit }) => {
      const name = jurisdiction === '' ? account : `${account} ${jurisdiction}`;
      return `${name} ${debit > 0n ? debit : -credit}`;
    });
    return `${date} ${kind} ${reference}: ${sides.join(' | ')}`;
  });

const journal = (books: RevenueBooks, from = '2026-01', to = '2026-12', now = '2027-01-01'): string[] =>
  written(journalOf(books.history(), books.documents, { from: from as Month, to: to as Month, at: at(now) }));

const MID = between('2026-01-15', '2026-02-15');
const JANUARY = between('2026-01-01', '2026-02-01');
const rate = (jurisdiction: string, fraction: string) => ({
  category: 'standard',
  jurisdiction,
  rate: fraction,
  treatment: 'taxed',
});
const quebec = parseTaxDecision({ behavior: 'exclusive', rates: [rate('ca', '0.05'), rate('ca-qc', '0.09975')] });

describe('the journal', () => {
  it('defers a fee, owes its taxes to each of two jurisdictions, and earns it month by month', () => {
    const books = new RevenueBooks({ taxation: quebec });
    books.fee('2026-01-15', 'advance', MID, MID, '100');
    books.invoice('2026-01-15', MID);
    books.pay('2026-01-20', 'INV-0001', '11498');
    // 100.00 x 5 % = 5.00, x 9.975 % = 9.975, rounded 9.98.
    assert.deepEqual(journal(books), [
      '2026-01-15 invoice INV-0001: accounts_receivable 11498 | tax_payable ca -500 | tax_payable ca-qc -998 | deferred_revenue -10000',
      '2026-01-20 payment INV-0001: cash 11498 | accounts_receivable -11498',
      '2026-01-31 recognition INV-0001: deferred_revenue 5484 | revenue_fees -5484',
      '2026-02-28 recognition INV-0001: deferred_revenue 4516 | revenue_fees -4516',
    ]);
  });

  it('accrues usage that is not billed yet, and clears that when it is', () => {
    const books = new RevenueBooks();
    books.use(MID, '2026-01-20', '10', '1');
    books.use(MID, '2026-02-03', '5', '1');
    books.close('2026-02-15', MID);
    assert.deepEqual(journal(books), [
      '2026-01-31 accrual calls: contract_asset 1000 | revenue_usage -1000',
      '2026-02-15 invoice INV-0001: accounts_receivable 1500 | contract_asset -1000 | deferred_revenue -500',
      '2026-02-28 recognition INV-0001: deferred_revenue 500 | revenue_usage -500',
    ]);
  });

  it('does not post what a month earns before it is over, nor what lies outside of its months', () => {
    const books = new RevenueBooks();
    books.fee('2026-01-15', 'advance', MID, MID, '100');
    books.invoice('2026-01-15', MID);
    assert.equal(journal(books, '2026-01', '2026-12', '2026-02-10').length, 2);
    assert.deepEqual(journal(books, '2026-02', '2026-02'), [
      '2026-02-28 recognition INV-0001: deferred_revenue 4516 | revenue_fees -4516',
    ]);
  });

  it('takes a paid invoice back: what was earned, what was not, its tax; owes the money and gives it back', () => {
    const books = new RevenueBooks({ taxation: quebec });
    books.fee('2026-01-15', 'advance', MID, MID, '100');
    books.invoice('2026-01-15', MID);
    books.pay('2026-01-16', 'INV-0001', '11498');
    books.creditNote('2026-01-20', 'INV-0001', { kind: 'full' });
    books.refund('2026-01-21', 'INV-0001', '10000', 'pay', 'back');
    books.refund('2026-01-22', 'INV-0001', '1498', 'credit', 'kept');
    books.grant('2026-01-22', 'kept', '1498', '1498', 'credit_note');
    assert.deepEqual(journal(books).slice(2), [
      '2026-01-20 credit_note CN-0001: tax_payable ca 500 | tax_payable ca-qc 998 | revenue_fees 5484 | deferred_revenue 4516 | refunds_payable -11498',
      '2026-01-21 refund INV-0001: refunds_payable 10000 | cash -10000',
      '2026-01-22 refund INV-0001: refunds_payable 1498 | customer_credits -1498',
      '2026-01-31 recognition INV-0001: deferred_revenue 5484 | revenue_fees -5484',
    ]);
  });

  it('undoes an invoice that nobody paid, and the credit it used', () => {
    const books = new RevenueBooks();
    books.grant('2026-01-01', 'bought', '4000', '3000');
    books.adjust('2026-01-15', JANUARY, '100');
    books.invoice('2026-01-15', JANUARY);
    books.undo('2026-01-16', 'void', 'INV-0001');
    books.returnCredit('2026-01-16', 'bought', 'INV-0001', '4000');
    books.credit('2026-01-17', 'credit_expiry', 'bought', '4000');
    // 40.00 of credit had cost 30.00: its use pays 30.00 of the debt and lowers revenue by 10.00.
    assert.deepEqual(journal(books), [
      '2026-01-01 credit_grant bought: cash 3000 | customer_credits -3000',
      '2026-01-15 credit_use INV-0001: customer_credits 3000 | promotional_credits 1000 | accounts_receivable -4000',
      '2026-01-15 invoice INV-0001: accounts_receivable 10000 | deferred_revenue -10000',
      '2026-01-16 void INV-0001: revenue_adjustments 10000 | accounts_receivable -10000',
      '2026-01-16 credit_return INV-0001: customer_credits -3000 | promotional_credits -1000 | accounts_receivable 4000',
      '2026-01-17 credit_expiry bought: customer_credits 3000 | credit_breakage -3000',
      '2026-01-31 recognition INV-0001: deferred_revenue 10000 | revenue_adjustments -10000',
    ]);
  });

  it('leaves an invoice below zero with the customer, whose next one it pays; a credit given away costs nothing until used', () => {
    const books = new RevenueBooks();
    books.adjust('2026-01-10', JANUARY, '-20', 'first');
    books.invoice('2026-01-10', JANUARY);
    books.grant('2026-01-11', 'gift', '500', '0');
    books.adjust('2026-01-12', JANUARY, '30', 'second');
    books.close('2026-02-01', JANUARY);
    books.undo('2026-02-02', 'write_off', 'INV-0002');
    // The older credit first: 20.00, then 5.00 of the gift; 5.00 are never paid.
    assert.deepEqual(journal(books), [
      '2026-01-10 invoice INV-0001: accounts_receivable -2000 | deferred_revenue 2000',
      '2026-01-10 credit_grant invoice.inv-0001: accounts_receivable 2000 | customer_credits -2000',
      '2026-01-31 accrual second: contract_asset 3000 | revenue_adjustments -3000',
      '2026-01-31 recognition INV-0001: deferred_revenue -2000 | revenue_adjustments 2000',
      '2026-02-01 credit_use INV-0002: customer_credits 2000 | accounts_receivable -2000',
      '2026-02-01 credit_use INV-0002: promotional_credits 500 | accounts_receivable -500',
      '2026-02-01 invoice INV-0002: accounts_receivable 3000 | contract_asset -3000',
      '2026-02-02 write_off INV-0002: bad_debt 500 | accounts_receivable -500',
    ]);
  });

  it('is dated by the day of the organization’s zone: 23:30 in London is the next day in Berlin, and month', () => {
    const books = new RevenueBooks();
    books.adjust('2026-01-31T23:30:00Z', JANUARY, '10');
    books.invoice('2026-01-31T23:30:00Z', JANUARY);
    const range = { from: '2026-02' as Month, to: '2026-02' as Month, at: at('2026-03-01') };
    assert.deepEqual(written(journalOf(books.history('Europe/Berlin'), books.documents, range)), [
      '2026-02-01 invoice INV-0001: accounts_receivable 1000 | deferred_revenue -1000',
      '2026-02-28 recognition INV-0001: deferred_revenue 1000 | revenue_adjustments -1000',
    ]);
  });
});

describe('the chart of accounts', () => {
  it('takes codes of one’s own for some accounts', () => {
    const chart = parseChart('cash:1800,tax_payable:3806.1');
    assert.deepEqual([chart.cash, chart.tax_payable, chart.bad_debt], ['1800', '3806.1', ACCOUNTS.bad_debt.code]);
    const codes = Object.values(parseChart(''));
    assert.equal(new Set(codes).size, codes.length);
  });

  for (const wrong of ['cash', 'cash:', 'till:1', 'cash:1,cash:2', 'cash:1:2', 'cash:=1', 'toString:1', ',']) {
    it(`refuses ${wrong}`, () => assert.equal(refusalOf(() => parseChart(wrong))?.code, 'invalid_parameter'));
  }
});

describe('the journal as CSV', () => {
  const posting = (reference: string, currency: string, amount: bigint): Posting => ({
    ...{ date: '2026-01-20', seq: 7, kind: 'payment', reference, currency },
    lines: [
      { account: 'cash', jurisdiction: '', debit: amount, credit: 0n },
      { account: 'accounts_receivable', jurisdiction: '', debit: 0n, credit: amount },
    ],
  });
  const csv = (...postings: Posting[]): string => journalCsv(postings, parseChart('')).toString('utf8');
  const HEAD = 'posting,date,seq,kind,reference,account,account_name,jurisdiction,currency,debit,credit\r\n';

  it('has a header, CRLF, and amounts with all the places of their currency', () => {
    assert.equal(
      csv(posting('INV-1', 'EUR', 5n), posting('INV-2', 'JPY', 1200n), posting('INV-3', 'KWD', 1234567n)),
      `${HEAD}1,2026-01-20,7,payment,INV-1,1000,Cash,,EUR,0.05,\r\n` +
        '1,2026-01-20,7,payment,INV-1,1200,Accounts receivable,,EUR,,0.05\r\n' +
        '2,2026-01-20,7,payment,INV-2,1000,Cash,,JPY,1200,\r\n' +
        '2,2026-01-20,7,payment,INV-2,1200,Accounts receivable,,JPY,,1200\r\n' +
        '3,2026-01-20,7,payment,INV-3,1000,Cash,,KWD,1234.567,\r\n' +
        '3,2026-01-20,7,payment,INV-3,1200,Accounts receivable,,KWD,,1234.567\r\n',
    );
  });

  for (const { cell, is } of [
    { cell: '=1+1', is: `"'=1+1"` },
    { cell: '+1', is: `"'+1"` },
    { cell: '-1', is: `"'-1"` },
    { cell: '@sum', is: `"'@sum"` },
    { cell: '\t=1', is: `"'\t=1"` },
    { cell: '\r=1', is: `"'\r=1"` },
    { cell: '\n=1', is: `"'\n=1"` },
    { cell: '\uff1d1', is: `"'\uff1d1"` },
    { cell: '\uff0b1', is: `"'\uff0b1"` },
    { cell: '\uff0d1', is: `"'\uff0d1"` },
    { cell: '\uff20x', is: `"'\uff20x"` },
    // An apostrophe that was there does not stand for ours.
    { cell: "'=1", is: `"''=1"` },
    { cell: "''=1", is: `"'''=1"` },
    { cell: "'tis", is: `"'tis"` },
    { cell: '"=1"', is: '"""=1"""' },
    { cell: 'a\r\n=1', is: '"a\r\n=1"' },
    { cell: 'a\n', is: '"a\n"' },
    { cell: 'a\rb', is: '"a\rb"' },
    { cell: 'a,b', is: '"a,b"' },
    { cell: 'say "so"', is: '"say ""so"""' },
    { cell: '=a,"b"', is: '"\'=a,""b"""' },
    { cell: 'a=b', is: 'a=b' },
  ]) {
    it(`writes ${JSON.stringify(cell)} as ${JSON.stringify(is)}`, () =>
      assert.ok(csv(posting(cell, 'EUR', 100n)).includes(`,payment,${is},1000,`), csv(posting(cell, 'EUR', 100n))));
  }

  /** Reads RFC 4180 as its grammar says: cells in quotes, two quotes for one, CRLF behind each line. */
  function cellsOf(text: string): string[][] {
    const rows: string[][] = [[]];
    for (const [, quoted, bare = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
      rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? bare);
      if (end !== ',') rows.push([]);
    }
    return rows.slice(0, -1);
  }

  it('can be read back, whatever a reference is, and no cell begins like a formula', () => {
    const piece = fc.constantFrom(
      ...['=', '+', '-', '@', '\t', '\r', '\n', '\uff1d', '\uff20', "'", '"', ',', 'a', '1', ' '],
    );
    const texts = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(texts, (reference) => {
        const [, first, second] = cellsOf(csv(posting(reference, 'EUR', 100n)));
        assert.equal(first?.length, 11);
        for (const row of [first, second]) {
          const cell = row![4]!;
          assert.doesNotMatch(cell, /^[=+\-@\t\r\n\uff1d\uff20]/);
          assert.equal(cell.replace(/^'(?='*[=+\-@\t\r\n\uff1d\uff20])/, ''), reference);
        }
      }),
    );
  });

  it('of nothing is its header', () => assert.equal(csv(), HEAD));
});
