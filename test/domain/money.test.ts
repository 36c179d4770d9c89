import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Amount, readCanonicalDecimal } from '../../shared/domain/decimals.ts';
import { type Currency, minorUnitPlaces, parseCurrency } from '../../shared/domain/money/currency.ts';
import { type Money, moneyText, roundToMinorUnit, split, sum } from '../../shared/domain/money/money.ts';
import { refusalOf } from '../support/refusal.ts';

const [EUR, USD, JPY, KWD] = ['EUR', 'USD', 'JPY', 'KWD'].map((code) => parseCurrency(code)) as [
  Currency,
  Currency,
  Currency,
  Currency,
];
const exactly = (text: string): Amount => {
  const units = readCanonicalDecimal(text, 24);
  assert.ok(units !== undefined, text);
  return units as Amount;
};
const of = (minorUnits: bigint, currency = USD): Money => ({ currency, minorUnits });
const minor = (parts: readonly Money[]): bigint[] => parts.map(({ minorUnits }) => minorUnits);

describe('a currency', () => {
  it('has 0, 2 or 3 decimals', () => {
    for (const [places, codes] of [
      [0, ['JPY', 'KRW', 'CLP', 'ISK', 'UGX', 'VND']],
      [2, ['EUR', 'USD', 'GBP', 'CHF', 'HUF', 'IDR', 'INR', 'COP', 'TWD']],
      [3, ['BHD', 'JOD', 'KWD', 'OMR', 'TND']],
    ] as const) {
      for (const code of codes) assert.equal(minorUnitPlaces(parseCurrency(code)), places, code);
    }
  });

  it('has the decimals that the Unicode locale data give it, but where those leave out coins out of use', () => {
    // ISO 4217 gives these two decimals; the locale data follow what shops do and give none.
    const outOfUse = ['COP', 'HUF', 'IDR'];
    const differing = Intl.supportedValuesOf('currency').filter((code) => {
      if (refusalOf(() => parseCurrency(code)) !== undefined) return false;
      const format = new Intl.NumberFormat('en', { style: 'currency', currency: code });
      return minorUnitPlaces(parseCurrency(code)) !== format.resolvedOptions().maximumFractionDigits;
    });
    assert.deepEqual(differing, outOfUse);
  });

  for (const [says, value] of [
    ['a code nobody has', 'XXY'],
    ['small letters', 'eur'],
    ['a symbol', '€'],
    ['a numeric code', '978'],
    ['a blank around it', ' EUR'],
    ['nothing', ''],
    ['a name every object has', 'toString'],
    ['another such name', '__proto__'],
    ['a number', 978],
    ['null', null],
    ['a list of one', ['EUR']],
  ] as const) {
    it(`is not ${says}`, () =>
      assert.deepEqual(
        refusalOf(() => parseCurrency(value)),
        { code: 'invalid_currency', param: 'currency' },
      ));
  }
});

describe('an invoice line', () => {
  for (const [amount, currency, minorUnits] of [
    ['0.125', USD, 13n],
    ['-0.125', USD, -13n],
    ['0.135', USD, 14n],
    ['0.124999999999999999999999', USD, 12n],
    ['-0.124999999999999999999999', USD, -12n],
    ['0.005', USD, 1n],
    ['-0.005', USD, -1n],
    ['0.0049', USD, 0n],
    // 1.005 as a double is 1.00499999999999989...: a float would give 100.
    ['1.005', USD, 101n],
    ['2.675', USD, 268n],
    ['0', USD, 0n],
    ['1234.5', JPY, 1235n],
    ['-1234.5', JPY, -1235n],
    ['0.4', JPY, 0n],
    ['0.0005', KWD, 1n],
    ['1.2344', KWD, 1234n],
    ['1.2345', KWD, 1235n],
    ['-1.2345', KWD, -1235n],
    ['99999999999999999999.995', EUR, 10_000_000_000_000_000_000_000n],
  ] as const) {
    it(`of ${amount} ${currency} is ${minorUnits} minor units`, () =>
      assert.deepEqual(roundToMinorUnit(exactly(amount), currency), of(minorUnits, currency)));
  }
});

describe('money', () => {
  for (const [money, text] of [
    [of(1234n), 'USD 12.34'],
    [of(5n), 'USD 0.05'],
    [of(50n), 'USD 0.50'],
    [of(0n), 'USD 0.00'],
    [of(-5n), '-USD 0.05'],
    [of(-123_456n, EUR), '-EUR 1234.56'],
    [of(1235n, JPY), 'JPY 1235'],
    [of(0n, JPY), 'JPY 0'],
    [of(1n, KWD), 'KWD 0.001'],
    [of(12_345n, KWD), 'KWD 12.345'],
  ] as const) {
    it(`of ${money.minorUnits} minor units reads ${text}`, () => assert.equal(moneyText(money), text));
  }

  it('adds up: 12.34 - 0.04 + 0.70 = 13.00', () => {
    assert.deepEqual(sum(USD, [of(1234n), of(-4n), of(70n)]), of(1300n));
    assert.deepEqual(sum(USD, []), of(0n));
  });

  it('is never added to money of another currency', () => {
    assert.equal(refusalOf(() => sum(USD, [of(1n), of(1n, EUR)]))?.code, 'currency_mismatch');
  });
});

describe('a split', () => {
  for (const [says, total, weights, shares] of [
    ['of a dollar in three: the odd cent goes to the first', 100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    ['of two odd cents: to the first two', 101n, [1n, 1n, 1n], [34n, 34n, 33n]],
    ['of a credit is the same with its sign', -100n, [1n, 1n, 1n], [-34n, -33n, -33n]],
    // 10 x 5/9 = 5.56, 10 x 3/9 = 3.33, 10 x 1/9 = 1.11: the spare unit goes to the remainder of .56.
    ['goes by the largest remainder', 10n, [5n, 3n, 1n], [6n, 3n, 1n]],
    // 7 x 1/6 = 1.17, 7 x 2/6 = 2.33, 7 x 3/6 = 3.5
    ['whoever has it, also the last', 7n, [1n, 2n, 3n], [1n, 2n, 4n]],
    // 2 x 1/4 = 0.5 three times, 2 x 1/4 = 0.5: two spare units, four equal remainders.
    ['gives equal remainders to the earlier', 2n, [1n, 1n, 1n, 1n], [1n, 1n, 0n, 0n]],
    ['gives nothing to a weight of nothing', 100n, [0n, 3n, 0n], [0n, 100n, 0n]],
    ['of nothing is nothing', 0n, [1n, 2n], [0n, 0n]],
    ['to one is all of it', 77n, [5n], [77n]],
    ['of one unit over many', 1n, [1n, 1n, 1n], [1n, 0n, 0n]],
    ['of one unit by the heavier weight', 1n, [1n, 2n, 1n], [0n, 1n, 0n]],
  ] as const) {
    it(says, () => assert.deepEqual(minor(split(of(total), weights)), [...shares]));
  }

  it('needs a weight above zero, and none below', () => {
    assert.throws(() => split(of(1n), []), RangeError);
    assert.throws(() => split(of(1n), [0n, 0n]), RangeError);
    assert.throws(() => split(of(1n), [2n, -1n]), RangeError);
  });

  const totals = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
  const weights = fc
    .array(fc.oneof(fc.bigInt({ min: 0n, max: 5n }), fc.bigInt({ min: 0n, max: 10n ** 20n })), {
      minLength: 1,
      maxLength: 12,
    })
    .filter((list) => list.some((weight) => weight > 0n));

  it('adds up to what was split, to the last unit', () => {
    fc.assert(
      fc.property(totals, weights, (total, list) => {
        assert.deepEqual(sum(USD, split(of(total), list)), of(total));
      }),
    );
  });

  it('gives everybody the exact share but for less than one unit', () => {
    fc.assert(
      fc.property(totals, weights, (total, list) => {
        const whole = list.reduce((all, weight) => all + weight, 0n);
        for (const [at, share] of minor(split(of(total), list)).entries()) {
          const off = share * whole - total * list[at]!;
          assert.ok(-whole < off && off < whole, `share ${at} of ${total} over ${list}`);
        }
      }),
    );
  });

  it('gives a spare unit to nobody before someone with a larger remainder', () => {
    fc.assert(
      fc.property(totals, weights, (total, list) => {
        const size = total < 0n ? -total : total;
        const whole = list.reduce((all, weight) => all + weight, 0n);
        const shares = minor(split(of(size), list));
        for (let a = 0; a < list.length; a++) {
          for (let b = 0; b < list.length; b++) {
            const [remainderA, remainderB] = [(size * list[a]!) % whole, (size * list[b]!) % whole];
            const [spareA, spareB] = [shares[a]! - (size * list[a]!) / whole, shares[b]! - (size * list[b]!) / whole];
            if (remainderA > remainderB || (remainderA === remainderB && a < b)) assert.ok(spareA >= spareB);
          }
        }
        assert.deepEqual(
          minor(split(of(-size), list)),
          shares.map((share) => -share),
        );
      }),
    );
  });
});
