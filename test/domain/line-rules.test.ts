import assert from 'node:assert/strict';
import { type Amount, formatAmount, parseQuantity, type Quantity } from '../../shared/domain/decimals.ts';
import { Books } from '../../shared/domain/ledger/books.ts';
import {
  correctAggregate,
  countedByTrueUps,
  coveredCharges,
  reckonTrueUp,
  trueUpLine,
  usageLine,
} from '../../shared/domain/ledger/line-rules.ts';
import { type PriceVersion, parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { Aggregation } from '../../shared/domain/usage/meter.ts';

const priced = (price_id: string, model: object): PriceVersion =>
  parsePriceVersion({ price_id, version: '1', currency: 'EUR', model });
const CALLS = priced('calls', { type: 'per_unit', unit_amount: '0.1' });
const SHARE = priced('share', { type: 'percentage', rate: '0.5' });
const day = (text: string): Instant => `2026-${text}T00:00:00.000000Z` as Instant;
const MARCH = `${day('03-01')}/${day('04-01')}`;
const FEBRUARY = `${day('02-01')}/${day('03-01')}`;
const euros = (amount: bigint): Amount => (amount * 10n ** 24n) as Amount;

/** An aggregate that stands at 5. */
const held = (aggregation: Aggregation) => ({
  ...{
    subscription: 'main',
    period: MARCH,
    meter: 'calls',
    priceDigest: CALLS.digest,
    aggregation,
    valueText: '5',
    seen: undefined,
  },
  aggregate: { value: parseQuantity('5'), events: 2, latestAt: '' },
});
const change = (text: string): Quantity =>
  (text.startsWith('-') ? -parseQuantity(text.slice(1)) : parseQuantity(text)) as Quantity;

describe('a correction of 5 calls at 0.10', () => {
  it('by -2 gives 0.20 back and leaves 3, of as many events', () => {
    const calls = held('sum');
    assert.equal(formatAmount(correctAggregate(calls, CALLS, change('-2'))), '-0.2');
    assert.deepEqual([calls.valueText, calls.aggregate], ['3', { value: parseQuantity('3'), events: 2, latestAt: '' }]);
  });

  it('by 2 charges 0.20', () => assert.equal(formatAmount(correctAggregate(held('count'), CALLS, change('2'))), '0.2'));
  it('may leave nothing', () => assert.equal(formatAmount(correctAggregate(held('sum'), CALLS, change('-5'))), '-0.5'));
  it('never leaves less than nothing', () => {
    for (const aggregation of ['sum', 'count'] as const)
      assert.throws(() => correctAggregate(held(aggregation), CALLS, change('-6')), RangeError);
  });

  it('of a level may: what is below zero costs nothing, so 0.50 come back, and raising it to 1 costs 0.10', () => {
    const level = held('weighted_sum');
    assert.equal(formatAmount(correctAggregate(level, CALLS, change('-7'))), '-0.5');
    assert.equal(level.valueText, '-2');
    assert.equal(formatAmount(correctAggregate(level, CALLS, change('3'))), '0.1');
  });

  it('is not made where other events have the say, or each is priced by itself', () => {
    for (const aggregation of ['max', 'last', 'unique_count'] as const)
      assert.throws(() => correctAggregate(held(aggregation), CALLS, change('-1')), RangeError);
    assert.throws(() => correctAggregate(held('sum'), SHARE, change('-1')), RangeError);
  });
});

describe('a commitment to 100.00 in March', () => {
  const floor = (covers: readonly string[] = []) => priced('floor', { type: 'minimum', amount: '100', covers });
  const whole = {
    commitment: 'floor',
    from: day('03-01'),
    to: day('04-01'),
    proration: 'second',
    zone: 'UTC',
  } as const;

  /** 30.00 of calls and 20.00 of storage in March, 7.00 of February that came late, a fee of 31.00. */
  function bucket() {
    const books = new Books();
    const open = books.openPeriod('main', MARCH, 'EUR', 1);
    for (const [meter, period, amount] of [
      ['calls', MARCH, 30n],
      ['storage', MARCH, 20n],
      ['calls', FEBRUARY, 7n],
    ] as const)
      books.postCharge(open, usageLine(meter, period, CALLS), {
        before: '0',
        after: '1',
        amount: euros(amount),
        seq: 2,
      });
    const fee = {
      ...usageLine('seats', MARCH, CALLS),
      kind: 'advance',
      quantity: '1',
      numerator: '1',
      denominator: '1',
    } as const;
    books.postSingle(open, fee, euros(31n), 3);
    return { books, open };
  }
  const reckoned = (covers: readonly string[], taken = 0n, stretch: Partial<typeof whole> = {}): string => {
    const due = reckonTrueUp(bucket().open, euros(taken), { ...whole, ...stretch, price: floor(covers) });
    return `${formatAmount(due.committed)} - ${formatAmount(due.billed)} = ${formatAmount(due.amount)}`;
  };

  it('is short of 50.00: usage of March counts, neither late usage nor fees', () =>
    assert.equal(reckoned([]), '100 - 50 = 50'));
  it('on calls is short of 70.00', () => assert.equal(reckoned(['calls']), '100 - 30 = 70'));
  it('on what was not used is short of all', () => assert.equal(reckoned(['emails']), '100 - 0 = 100'));
  it('of which another took 45.00 has 5.00 left to count', () => assert.equal(reckoned([], 45n), '100 - 5 = 95'));
  it('of which another took more than there is has nothing', () => {
    assert.equal(reckoned([], 50n), '100 - 0 = 100');
    assert.equal(reckoned([], 51n), '100 - 0 = 100');
  });
  it('for the last 3.1 days is one to 10.00, and reached', () => {
    const due = reckonTrueUp(bucket().open, euros(0n), {
      ...whole,
      from: '2026-03-28T21:36:00.000000Z' as Instant,
      price: floor(),
    });
    assert.deepEqual([formatAmount(due.committed), formatAmount(due.billed), due.amount], ['10', '10', 0n]);
    // 3.1 days of 31, in microseconds.
    assert.deepEqual([due.numerator, due.denominator], ['267840000000', '2678400000000']);
  });

  it('says on its line what it counted, for the next one', () => {
    const { books, open } = bucket();
    const first = reckonTrueUp(open, countedByTrueUps(open), { ...whole, price: floor(['calls']) });
    books.postSingle(open, trueUpLine(first), first.amount, 4, first.billed);
    assert.equal(countedByTrueUps(open), euros(30n));
    assert.equal(coveredCharges(open, [], countedByTrueUps(open)), euros(20n));
    assert.deepEqual(
      { ...trueUpLine(first), priceDigest: '' },
      {
        ...{
          kind: 'true_up',
          meter: 'floor',
          period: MARCH,
          priceDigest: '',
          priceRef: 'floor@1',
          taxCategory: 'standard',
        },
        ...{ quantity: '', numerator: first.numerator, denominator: first.denominator },
      },
    );
  });

  it('counts what was invoiced in between: 50.00 then, 20.00 since, are 30.00 short', () => {
    const { books, open } = bucket();
    books.emptyBucket(open, 4);
    assert.deepEqual([open.count, open.total, open.lastSeq], [0, 0n, 3]);
    books.emptyBucket(open, 5);
    books.postCharge(open, usageLine('calls', MARCH, CALLS), { before: '1', after: '2', amount: euros(20n), seq: 6 });
    const short = (covers: readonly string[]) =>
      formatAmount(reckonTrueUp(open, euros(0n), { ...whole, price: floor(covers) }).amount);
    assert.deepEqual([short([]), short(['calls']), short(['storage'])], ['30', '50', '80']);
    books.emptyBucket(open, 7);
    assert.deepEqual([short([]), short(['calls']), short(['storage'])], ['30', '50', '80']);
  });

  it('is none where the price is no minimum', () => {
    assert.throws(() => reckonTrueUp(bucket().open, euros(0n), { ...whole, price: CALLS }), RangeError);
  });
});
