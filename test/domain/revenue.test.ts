import assert from 'node:assert/strict';
import { parseDiscount } from '../../shared/domain/invoice/discount.ts';
import { parseTaxDecision } from '../../shared/domain/invoice/taxation.ts';
import { CreditCosts } from '../../shared/domain/revenue/credit-costs.ts';
import { type Month, MonthCalendar, monthsFrom, parseMonth } from '../../shared/domain/revenue/months.ts';
import { ratesWithin, taxWithin } from '../../shared/domain/revenue/net.ts';
import { rollForward } from '../../shared/domain/revenue/roll-forward.ts';
import { roundParts } from '../../shared/domain/revenue/rounding.ts';
import { earnedIn, revenueLines } from '../../shared/domain/revenue/schedule.ts';
import { refusalOf } from '../support/refusal.ts';
import { at, between, RevenueBooks } from '../support/revenue-books.ts';

/** Each line as `name net: month amount, …`, in minor units, after what was taken back. */
function earned(books: RevenueBooks, zone = 'UTC', documents = books.documents): string[] {
  return revenueLines(books.history(zone), documents).map((line) => {
    const months = [...earnedIn(line)].filter(([, amount]) => amount !== 0n).sort(([a], [b]) => (a < b ? -1 : 1));
    return `${line.kind} ${line.name} ${line.net}: ${months.map(([month, amount]) => `${month} ${amount}`).join(', ')}`;
  });
}

/** The anniversary period that most stories lie in: 17 days of January and 14 of February. */
const MID = between('2026-01-15', '2026-02-15');
const JANUARY = between('2026-01-01', '2026-02-01');
const FEBRUARY = between('2026-02-01', '2026-03-01');
const inclusive = parseTaxDecision({
  behavior: 'inclusive',
  rates: [{ category: 'standard', jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed' }],
});

describe('a fee in advance is earned evenly over its stretch', () => {
  it('1,200.00 for the year from 15 January: 17/365 in January are 55.89, the last 14/365 are 46.02', () => {
    const books = new RevenueBooks();
    const year = between('2026-01-15', '2027-01-15');
    books.fee('2026-01-15', 'advance', year, year, '1200');
    books.invoice('2026-01-15', year);
    // Per day 3.2876712…: 28 days 92.0547…, 30 days 98.6301…, 31 days 101.9178…; the months are cut to
    // 55.89 + 92.05 + 6 x 101.91 + 4 x 98.63 + 46.02 = 1,199.94, and six of them, those of 31 days, lack most of a cent.
    assert.deepEqual(earned(books), [
      'advance seat 120000: 2026-01 5589, 2026-02 9205, 2026-03 10192, 2026-04 9863, 2026-05 10192, 2026-06 9863, ' +
        '2026-07 10192, 2026-08 10192, 2026-09 9863, 2026-10 10192, 2026-11 9863, 2026-12 10192, 2027-01 4602',
    ]);
  });

  it('100.00 for 31 days from 15 January: 17/31 are 54.84 (54.838…), 14/31 are 45.16 (45.161…)', () => {
    const books = new RevenueBooks();
    books.fee('2026-01-15', 'advance', MID, MID, '100');
    books.invoice('2026-01-15', MID);
    assert.deepEqual(earned(books), ['advance seat 10000: 2026-01 5484, 2026-02 4516']);
  });

  it('by the second: noon of 31 January to noon of 1 February is half and half', () => {
    const books = new RevenueBooks();
    const day = between('2026-01-31T12:00:00Z', '2026-02-01T12:00:00Z');
    books.fee('2026-01-31T12:00:00Z', 'advance', day, day, '10');
    books.invoice('2026-01-31T12:00:00Z', day);
    assert.deepEqual(earned(books), ['advance seat 1000: 2026-01 500, 2026-02 500']);
  });

  it('in months of the organization’s zone: in Berlin, March 2026 has 743 hours and April 720', () => {
    const books = new RevenueBooks();
    const two = between('2026-02-28T23:00:00Z', '2026-04-30T22:00:00Z');
    books.fee('2026-02-28T23:00:00Z', 'advance', two, two, '146.3');
    books.invoice('2026-02-28T23:00:00Z', two);
    assert.deepEqual(earned(books, 'Europe/Berlin'), ['advance seat 14630: 2026-03 7430, 2026-04 7200']);
  });

  it('what is unused of it is earned no more: an upgrade on 25 January from 1.00 to 2.00 a day', () => {
    const books = new RevenueBooks();
    const rest = between('2026-01-25', '2026-02-15');
    books.fee('2026-01-15', 'advance', MID, MID, '31');
    books.invoice('2026-01-15', MID);
    books.fee('2026-01-25', 'unused', MID, rest, '31');
    books.fee('2026-01-25', 'advance', MID, rest, '62');
    books.close('2026-02-15', MID);
    // January: 17 days at 1.00, 7 of them given back and charged at 2.00: 10 + 14 = 24. February: 14 at 2.00.
    assert.deepEqual(earned(books), [
      'advance seat 3100: 2026-01 1700, 2026-02 1400',
      'unused seat -2100: 2026-01 -700, 2026-02 -1400',
      'advance seat 4200: 2026-01 1400, 2026-02 2800',
    ]);
  });

  it('at a tenth off, on what is left: 100.00 less 10.00', () => {
    const books = new RevenueBooks();
    books.fee('2026-01-15', 'advance', MID, MID, '100');
    const tenth = parseDiscount({ discount_id: 'tenth', percent: '0.1' });
    books.invoice('2026-01-15', MID, { discounts: [tenth] });
    // 90.00 x 17/31 = 49.354…, x 14/31 = 40.645…
    assert.deepEqual(earned(books), ['advance seat 9000: 2026-01 4935, 2026-02 4065']);
  });

  it('without the tax that its price contains: of 119.00 at 19 % it is 100.00', () => {
    const books = new RevenueBooks({ taxation: inclusive });
    books.fee('2026-01-15', 'advance', MID, MID, '119');
    books.invoice('2026-01-15', MID);
    assert.deepEqual(earned(books), ['advance seat 10000: 2026-01 5484, 2026-02 4516']);
  });
});

describe('usage is earned when it happens', () => {
  it('10.00 in January and 5.00 in February of one period, on one line', () => {
    const books = new RevenueBooks();
    books.use(MID, '2026-01-20', '10', '1');
    books.use(MID, '2026-02-03', '5', '1');
    books.close('2026-02-15', MID);
    assert.deepEqual(earned(books), ['usage calls 1500: 2026-01 1000, 2026-02 500']);
  });

  it('rounded as its line is: 0.333 and 0.333 are 0.67 on the invoice, 0.34 and 0.33 in the months', () => {
    const books = new RevenueBooks();
    books.use(MID, '2026-01-20', '1', '0.333');
    books.use(MID, '2026-02-03', '1', '0.333');
    books.close('2026-02-15', MID);
    assert.deepEqual(earned(books), ['usage calls 67: 2026-01 34, 2026-02 33']);
  });

  it('less its part of a discount: 3.00 off 10.00 and 5.00 are 2.00 and 1.00', () => {
    const books = new RevenueBooks();
    books.use(MID, '2026-01-20', '10', '1');
    books.use(MID, '2026-02-03', '5', '1');
    books.close('2026-02-15', MID, [parseDiscount({ discount_id: 'three', amount: '300', currency: 'EUR' })]);
    assert.deepEqual(earned(books), ['usage calls 1200: 2026-01 800, 2026-02 400']);
  });

  it('also before it is invoiced, and then without the tax that its price will contain', () => {
    const books = new RevenueBooks();
    books.use(MID, '2026-01-20', '11.9', '1');
    assert.deepEqual(earned(books), ['usage calls 1190: 2026-01 1190']);
    const categories = new Map([[books.price('1').digest, 'standard']]);
    const toCome = { decision: inclusive.bytes, categories };
    assert.deepEqual(earned(books, 'UTC', { ...books.documents, toCome }), ['usage calls 1000: 2026-01 1000']);
  });

  it('in February where it comes in February and January was closed', () => {
    const books = new RevenueBooks();
    books.use(JANUARY, '2026-01-20', '10', '1');
    books.close('2026-02-01T01:00:00Z', JANUARY);
    books.use(JANUARY, '2026-01-30', '4', '1', { received: '2026-02-10', billedIn: FEBRUARY });
    books.close('2026-03-01T01:00:00Z', FEBRUARY);
    assert.deepEqual(earned(books), ['usage calls 1000: 2026-01 1000', 'usage calls 400: 2026-02 400']);
  });

  it('a level evenly from its change on: 31 units for 21 of 31 days are 21.00, of which 7 days are January’s', () => {
    const books = new RevenueBooks();
    books.use(MID, '2026-01-25', '31', '1', { aggregation: 'weighted_sum' });
    books.close('2026-02-15', MID);
    assert.deepEqual(earned(books), ['usage calls 2100: 2026-01 700, 2026-02 1400']);
  });

  it('a base price evenly over its period: 31.00 are 17.00 and 14.00', () => {
    const books = new RevenueBooks();
    books.baseFee('2026-02-15', MID, '31');
    books.close('2026-02-15', MID);
    assert.deepEqual(earned(books), ['usage calls 3100: 2026-01 1700, 2026-02 1400']);
  });

  it('a base price by the end of the subscription, where that comes first', () => {
    const books = new RevenueBooks();
    books.baseFee('2026-01-25', MID, '31');
    books.invoice('2026-01-25', MID, { until: '2026-01-25' });
    assert.deepEqual(earned(books), ['usage calls 3100: 2026-01 3100']);
  });

  it('a correction when it is made: 4 of 10 taken back in February', () => {
    const books = new RevenueBooks();
    const seq = books.use(MID, '2026-01-20', '10', '1');
    books.correct('2026-02-03', MID, '-4', '1', { period: MID, seq });
    books.close('2026-02-15', MID);
    assert.deepEqual(earned(books), ['usage calls 600: 2026-01 1000, 2026-02 -400']);
  });

  it('what a commitment is short of when it lapses: until 1 February it is January’s', () => {
    const books = new RevenueBooks();
    books.trueUp('2026-02-01T01:00:00Z', JANUARY, '100', '60');
    books.close('2026-02-01T01:00:00Z', JANUARY);
    assert.deepEqual(earned(books), ['true_up floor 4000: 2026-01 4000']);
  });

  it('an adjustment at once', () => {
    const books = new RevenueBooks();
    books.adjust('2026-02-03', MID, '-2.5');
    books.close('2026-02-15', MID);
    assert.deepEqual(earned(books), ['adjustment adj -250: 2026-02 -250']);
  });
});

describe('what is taken back', () => {
  const QUARTER = between('2026-04-01', '2026-07-01');
  let books: RevenueBooks;
  // 91 days at 1.00: April 30.00, May 31.00, June 30.00.
  beforeEach(() => {
    books = new RevenueBooks();
    books.fee('2026-04-01', 'advance', QUARTER, QUARTER, '91');
    books.invoice('2026-04-01', QUARTER);
  });

  it('half of it on 20 May: 30.50 of April’s and May’s 61.00 at once, 15.00 of June’s 30.00', () => {
    books.creditNote('2026-05-20', 'INV-0001', { kind: 'lines', lines: [{ line: 0, amount: 4550n }] });
    assert.deepEqual(earned(books), ['advance seat 9100: 2026-04 3000, 2026-05 50, 2026-06 1500']);
  });

  it('in full by two notes: nothing is left in any month to come, and nothing in sum', () => {
    books.creditNote('2026-05-20', 'INV-0001', { kind: 'amount', amount: 3333n });
    books.creditNote('2026-05-21', 'INV-0001', { kind: 'full' });
    assert.deepEqual(earned(books), ['advance seat 9100: 2026-04 3000, 2026-05 -3000']);
  });

  it('a void invoice earns nothing more: May takes back April, and has nothing of its own', () => {
    books.undo('2026-05-20', 'void', 'INV-0001');
    assert.deepEqual(earned(books), ['advance seat 9100: 2026-04 3000, 2026-05 -3000']);
  });

  it('a write-off takes nothing back: that it is not paid is an expense', () => {
    books.undo('2026-05-20', 'write_off', 'INV-0001');
    assert.deepEqual(earned(books), ['advance seat 9100: 2026-04 3000, 2026-05 3100, 2026-06 3000']);
  });

  it('with its tax, where prices contain it: of 59.50 credited, 50.00 were revenue', () => {
    const taxed = new RevenueBooks({ taxation: inclusive });
    taxed.use(JANUARY, '2026-01-20', '119', '1');
    taxed.close('2026-02-01', JANUARY);
    taxed.creditNote('2026-02-10', 'INV-0001', { kind: 'lines', lines: [{ line: 0, amount: 5950n }] });
    assert.deepEqual(earned(taxed), ['usage calls 10000: 2026-01 10000, 2026-02 -5000']);
  });
});

describe('deferred revenue from month to month', () => {
  const months = (books: RevenueBooks, from: string, to: string): string[] =>
    rollForward(revenueLines(books.history(), books.documents), from as Month, to as Month).map(
      (row) =>
        `${row.month} ${row.opening} +${row.billed} -${row.billedBefore} -${row.reversed} -${row.recognised} = ${row.closing}; ` +
        `asset ${row.assetOpening} +${row.accrued} = ${row.assetClosing}; revenue ${row.revenue}`,
    );

  it('usage that is earned before it is billed is a contract asset until it is', () => {
    const books = new RevenueBooks();
    books.use(MID, '2026-01-20', '10', '1');
    books.use(MID, '2026-02-03', '5', '1');
    books.close('2026-02-15', MID);
    assert.deepEqual(months(books, '2026-01', '2026-02'), [
      '2026-01 0 +0 -0 -0 -0 = 0; asset 0 +1000 = 1000; revenue 1000',
      '2026-02 0 +1500 -1000 -0 -500 = 0; asset 1000 +0 = 0; revenue 500',
    ]);
  });

  it('a fee in advance is a liability that its months use up, and a credit note lowers it', () => {
    const books = new RevenueBooks();
    const quarter = between('2026-04-01', '2026-07-01');
    books.fee('2026-04-01', 'advance', quarter, quarter, '91');
    books.invoice('2026-04-01', quarter);
    books.creditNote('2026-05-20', 'INV-0001', { kind: 'lines', lines: [{ line: 0, amount: 4550n }] });
    assert.deepEqual(months(books, '2026-04', '2026-07'), [
      '2026-04 0 +9100 -0 -0 -3000 = 6100; asset 0 +0 = 0; revenue 3000',
      '2026-05 6100 +0 -0 -4550 -50 = 1500; asset 0 +0 = 0; revenue 50',
      '2026-06 1500 +0 -0 -0 -1500 = 0; asset 0 +0 = 0; revenue 1500',
      '2026-07 0 +0 -0 -0 -0 = 0; asset 0 +0 = 0; revenue 0',
    ]);
    assert.deepEqual(months(books, '2026-06', '2026-06'), months(books, '2026-04', '2026-07').slice(2, 3));
  });
});

describe('revenue’s small parts', () => {
  it('months: read strictly, tile, and name the days that begin them in their zone', () => {
    assert.equal(parseMonth('2026-12', 'to'), '2026-12');
    for (const wrong of ['2026-13', '2026-1', '0000-01', '26-01', 7, '2026-01-01']) {
      assert.equal(refusalOf(() => parseMonth(wrong, 'to'))?.code, 'invalid_parameter');
    }
    assert.deepEqual(monthsFrom('2025-11' as Month, '2026-02' as Month), ['2025-11', '2025-12', '2026-01', '2026-02']);
    const berlin = new MonthCalendar('Europe/Berlin');
    assert.deepEqual(berlin.periodOf('2026-03' as Month), {
      start: at('2026-02-28T23:00:00Z'),
      end: at('2026-03-31T22:00:00Z'),
    });
    assert.equal(berlin.monthOf(at('2026-03-31T22:00:00Z')), '2026-04');
    assert.equal(berlin.monthOf(at('2026-03-31T21:59:59.999999Z')), '2026-03');
  });

  for (const { says, total, parts, over, rounded } of [
    {
      says: 'thirds of a euro: the spare cent goes first',
      total: 100n,
      parts: [100n, 100n, 100n],
      over: 3n,
      rounded: [34n, 33n, 33n],
    },
    {
      says: 'what is given back mirrors it',
      total: -100n,
      parts: [-100n, -100n, -100n],
      over: 3n,
      rounded: [-34n, -33n, -33n],
    },
    { says: '2/3 comes before 1/3', total: 1n, parts: [1n, 2n], over: 3n, rounded: [0n, 1n] },
    { says: 'parts of both signs: 10.5 and -3.5 make 7', total: 7n, parts: [21n, -7n], over: 2n, rounded: [11n, -4n] },
    { says: 'a total further off is shared', total: 5n, parts: [0n, 0n], over: 1n, rounded: [3n, 2n] },
  ]) {
    it(`rounds parts: ${says}`, () => assert.deepEqual(roundParts(total, parts, over), rounded));
  }

  it('tax within prices: 19 % of 119.00, 7 % of 107.00 and nothing of 10.00; of three times 1.00 it is 0.48, 0.16 each', () => {
    const rates = ratesWithin(
      parseTaxDecision({
        behavior: 'inclusive',
        rates: [
          { category: 'standard', jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed' },
          { category: 'reduced', jurisdiction: 'eu-de', rate: '0.07', treatment: 'taxed' },
        ],
      }).bytes,
    );
    const line = (amount: bigint, category = 'standard') => ({ amount, category });
    const mixed = [line(11900n), line(10700n, 'reduced'), line(1000n, 'exempt')];
    assert.deepEqual(taxWithin(mixed, rates), [1900n, 700n, 0n]);
    assert.deepEqual(taxWithin([line(100n), line(100n), line(100n)], rates), [16n, 16n, 16n]);
    // 4 x 0.15966… are 0.6386…, 0.64: nobody loses more than a cent to the others.
    assert.deepEqual(taxWithin([line(200n), line(-100n), line(300n)], rates), [32n, -16n, 48n]);
    assert.deepEqual(taxWithin([line(-100n), line(-100n)], rates), [-16n, -16n]);
  });

  it('what a credit cost is used up with it: 3 cents for 1, one by one, and one given back', () => {
    const costs = new CreditCosts();
    costs.grant('c', 3n, 1n);
    // Of 1/3, 2/3 and 3/3 of a cent, the second rounds up.
    assert.deepEqual(
      [1n, 1n, 1n, -1n, -1n, 2n].map((amount) => costs.use('c', amount)),
      [0n, 1n, 0n, 0n, -1n, 1n],
    );
    assert.throws(() => costs.use('d', 1n), /no credit d/);
  });

  it('refuse a document that is not the one an entry was signed for', () => {
    const books = new RevenueBooks();
    books.use(JANUARY, '2026-01-20', '10', '1');
    const invoice = books.close('2026-02-01', JANUARY);
    const others = new Map([[invoice.number, { ...invoice, subtotal: '1001' }]]);
    assert.throws(() => earned(books, 'UTC', { ...books.documents, invoices: others }), /not the one that was issued/);
    assert.throws(() => earned(books, 'UTC', { ...books.documents, invoices: new Map() }), /INV-0001 is missing/);
  });
});
