import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Fraction, sumOf } from '../../scripts/capacity/fraction.ts';

describe('an exact number', () => {
  for (const { says, number, places, text } of [
    {
      says: 'a tenth ten times is one',
      number: sumOf(Array.from({ length: 10 }, () => Fraction.of('0.1'))),
      places: 0,
      text: '1',
    },
    {
      says: 'a third has no end, and is rounded where it is printed',
      number: Fraction.ONE.over(Fraction.of(3)),
      places: 4,
      text: '0.3333',
    },
    { says: 'half a cent goes away from zero', number: Fraction.of('0.005'), places: 2, text: '0.01' },
    { says: 'so does half a cent owed', number: Fraction.of('-0.005'), places: 2, text: '-0.01' },
    { says: 'nothing is not owed', number: Fraction.of('-0.001'), places: 2, text: '0.00' },
    { says: 'JSON writes small numbers with an exponent', number: Fraction.of(2.5e-7), places: 8, text: '0.00000025' },
  ]) {
    it(says, () => assert.equal(number.toDecimal(places), text));
  }

  it('that is no whole number has the next one above it as its ceiling', () => {
    assert.deepEqual([Fraction.of('2.01').ceiling(), Fraction.of(2).ceiling(), Fraction.ZERO.ceiling()], [3n, 2n, 0n]);
  });

  it('is what it was after it was divided and multiplied', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        (a, b) => {
          const number = Fraction.of(a);
          assert.ok(number.over(Fraction.of(b)).times(Fraction.of(b)).equals(number));
        },
      ),
    );
  });

  it('is not read out of what is no decimal', () => {
    for (const text of ['', '1,5', 'NaN', '0x1f', '1e999']) assert.throws(() => Fraction.of(text), RangeError, text);
  });
});
