import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Amount,
  divideRounded,
  flat,
  formatAmount,
  formatDecimal,
  formatPrice,
  formatQuantity,
  ONE,
  parseChange,
  parsePrice,
  parseQuantity,
  readCanonicalDecimal,
  readDecimal,
  times,
} from '../../shared/domain/decimals.ts';
import { refusalOf } from '../support/refusal.ts';

const TRILLION = 1_000_000_000_000n;

describe('a decimal string', () => {
  describe('is read exactly, counted in the last of its places:', () => {
    for (const [text, places, units] of [
      ['0', 12, 0n],
      ['0.0', 12, 0n],
      ['0.000000000000', 12, 0n],
      ['1', 12, TRILLION],
      ['1.5', 12, 1_500_000_000_000n],
      ['1.50', 12, 1_500_000_000_000n],
      ['0.000000000001', 12, 1n],
      ['10.000000000010', 12, 10n * TRILLION + 10n],
      // 2^53 + 1, which a double rounds to 2^53.
      ['9007199254740993', 0, 9_007_199_254_740_993n],
      ['99999999999999999999.999999999999', 12, 10n ** 32n - 1n],
      ['99999999999999999999', 0, 10n ** 20n - 1n],
      ['12.34', 2, 1234n],
    ] as const) {
      it(`${text} at ${places} places is ${units}`, () =>
        assert.equal(readDecimal(text, { whole: 20, places }), units));
    }
  });

  describe('is refused as', () => {
    for (const [says, text] of [
      ['negative', '-1'],
      ['negative zero', '-0'],
      ['signed', '+1'],
      ['an exponent', '1e3'],
      ['a capital exponent', '1E3'],
      ['hexadecimal, which BigInt reads as 16', '0x10'],
      ['binary', '0b1'],
      ['nothing, which BigInt reads as 0', ''],
      ['a blank, which Number reads as 0', ' '],
      ['padded', ' 1 '],
      ['followed by a newline', '1\n'],
      ['grouped with an underscore', '1_000'],
      ['grouped with a comma', '1,000'],
      ['grouped with a blank', '1 000'],
      ['with a decimal comma', '1,5'],
      ['with a leading zero', '01'],
      ['of zeros', '00'],
      ['with a leading zero before the point', '00.5'],
      ['without a digit before the point', '.5'],
      ['without a digit after the point', '5.'],
      ['a point', '.'],
      ['two points', '1.2.3'],
      ['in Arabic-Indic digits', '١٢'],
      ['in full-width digits', '１２'],
      ['infinite', 'Infinity'],
      ['no number', 'NaN'],
      ['a bigint literal', '1n'],
      ['a fraction', '1/3'],
      ['a percentage', '5%'],
      ['finer than 12 places', '0.0000000000001'],
      ['finer than 12 places, if only by a zero', '1.0000000000000'],
      ['longer than 20 digits', '100000000000000000000'],
      ['longer than 20 digits before a point', '100000000000000000000.5'],
      ['very long', '1'.repeat(100_000)],
      ['a long row of digits and an exclamation mark', `${'1'.repeat(30)}!`],
    ] as const) {
      it(says, () => assert.equal(readDecimal(text, { whole: 20, places: 12 }), undefined));
    }

    for (const value of [1, 1.5, 0, 1n, true, null, undefined, ['1'], { toString: () => '1' }]) {
      it(`${JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part))}, which is no string`, () =>
        assert.equal(readDecimal(value, { whole: 20, places: 12 }), undefined));
    }
  });

  it('is a quantity or a price with 20 digits before and 12 after the point, and says so otherwise', () => {
    assert.equal(parseQuantity('12.5'), 12_500_000_000_000n);
    assert.equal(parsePrice('0.029', 'rate'), 29_000_000_000n);
    const [longest, longer, finer] = [
      '9'.repeat(20) + '.' + '9'.repeat(12),
      '1' + '0'.repeat(20),
      '0.' + '0'.repeat(12) + '1',
    ];
    assert.equal(parseQuantity(longest), 10n ** 32n - 1n);
    assert.equal(parsePrice(longest, 'rate'), 10n ** 32n - 1n);
    for (const text of [longer, finer]) {
      assert.equal(refusalOf(() => parseQuantity(text))?.code, 'invalid_quantity');
      assert.equal(refusalOf(() => parsePrice(text, 'rate'))?.code, 'invalid_price');
    }
    assert.deepEqual(
      refusalOf(() => parseQuantity('-1')),
      { code: 'invalid_quantity', param: 'quantity' },
    );
    assert.deepEqual(
      refusalOf(() => parseQuantity(12.5, 'limits.0.quantity')),
      { code: 'invalid_quantity', param: 'limits.0.quantity' },
    );
    assert.deepEqual(
      refusalOf(() => parsePrice('1e3', 'model.amount')),
      { code: 'invalid_price', param: 'model.amount' },
    );
  });
});

describe('a canonical decimal', () => {
  for (const [text, places, units] of [
    ['0', 24, 0n],
    ['1', 2, 100n],
    ['-1', 2, -100n],
    ['1.5', 2, 150n],
    ['-0.05', 2, -5n],
    ['10', 0, 10n],
    ['100.01', 2, 10_001n],
    ['0.000000000000000000000001', 24, 1n],
    ['-0.000000000000000000000001', 24, -1n],
  ] as const) {
    it(`${text} at ${places} places is ${units}, and is written the same`, () => {
      assert.equal(readCanonicalDecimal(text, places), units);
      assert.equal(formatDecimal(units, places), text);
    });
  }

  for (const [says, text] of [
    ['minus zero', '-0'],
    ['minus zero with places', '-0.0'],
    ['a trailing zero', '1.50'],
    ['a fraction of zeros', '1.0'],
    ['zero with places', '0.0'],
    ['a leading zero', '05'],
    ['a leading zero behind a sign', '-05'],
    ['a plus', '+1'],
    ['an exponent', '1e3'],
    ['a point without digits', '1.'],
    ['a point first', '.5'],
    ['two signs', '--1'],
    ['nothing', ''],
    ['a sign alone', '-'],
    ['a blank', ' 1'],
    ['a newline', '1\n'],
    ['a third place of two', '0.001'],
  ] as const) {
    it(`has never ${says}`, () => assert.equal(readCanonicalDecimal(text, 2), undefined));
  }

  const anyUnits = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  const anyPlaces = fc.constantFrom(0, 1, 2, 3, 12, 24);

  it('comes back from its text, whatever its sign and places', () => {
    fc.assert(
      fc.property(anyUnits, anyPlaces, (units, places) => {
        assert.equal(readCanonicalDecimal(formatDecimal(units, places), places), units);
      }),
    );
  });

  it('has one text only: what is read is written again letter by letter', () => {
    const text = fc.string({ unit: fc.constantFrom(...'-.0123456789'), maxLength: 8 });
    fc.assert(
      fc.property(text, (candidate) => {
        const units = readCanonicalDecimal(candidate, 12);
        if (units !== undefined) assert.equal(formatDecimal(units, 12), candidate);
      }),
      { numRuns: 2000 },
    );
  });

  it('is the canonical form of every way to write a quantity: trailing zeros go', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }),
        fc.stringMatching(/^[0-9]{1,12}$/),
        (whole, fraction) => {
          const quantity = parseQuantity(`${whole}.${fraction}`);
          const trimmed = fraction.replace(/0+$/, '');
          assert.equal(formatQuantity(quantity), trimmed === '' ? `${whole}` : `${whole}.${trimmed}`);
        },
      ),
    );
  });
});

describe('a product of a quantity and a price', () => {
  it('is exact to 24 places: 0.000000000001 x 0.000000000001', () => {
    const smallest = parseQuantity('0.000000000001');
    assert.equal(formatAmount(times(smallest, parsePrice('0.000000000001', 'p'))), '0.000000000000000000000001');
  });

  it('has no error of doubles: 1.005 x 100 is 100.5, and 0.1 + 0.2 is 0.3', () => {
    assert.equal(formatAmount(times(parseQuantity('100'), parsePrice('1.005', 'p'))), '100.5');
    const sum = flat(parsePrice('0.1', 'p')) + flat(parsePrice('0.2', 'p'));
    assert.equal(formatAmount(sum as Amount), '0.3');
  });

  it('of one unit is the price, as a flat amount is', () => {
    const price = parsePrice('12.345678901234'.slice(0, 15), 'p');
    assert.equal(formatAmount(times(parseQuantity('1'), price)), formatPrice(price));
    assert.equal(flat(price), times(parseQuantity('1'), price));
    assert.equal(ONE, parseQuantity('1'));
  });
});

describe('a rounded division', () => {
  for (const [numerator, denominator, quotient] of [
    [7n, 2n, 4n], // 3.5
    [-7n, 2n, -4n],
    [5n, 2n, 3n], // 2.5, where half to even would give 2
    [-5n, 2n, -3n],
    [1n, 2n, 1n],
    [-1n, 2n, -1n],
    [1n, 3n, 0n],
    [-1n, 3n, 0n],
    [2n, 3n, 1n],
    [-2n, 3n, -1n],
    [0n, 7n, 0n],
    [10n, 5n, 2n],
    [-10n, 5n, -2n],
    [149n, 100n, 1n],
    [150n, 100n, 2n],
    [151n, 100n, 2n],
    // An odd denominator has no half: 7 / 5 = 1.4 and 8 / 5 = 1.6.
    [7n, 5n, 1n],
    [8n, 5n, 2n],
    [49_999_999_999_999_999_999n, 100_000_000_000_000_000_000n, 0n],
    [50_000_000_000_000_000_000n, 100_000_000_000_000_000_000n, 1n],
  ] as const) {
    it(`of ${numerator} by ${denominator} is ${quotient}`, () =>
      assert.equal(divideRounded(numerator, denominator), quotient));
  }

  const numerators = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
  const denominators = fc.oneof(fc.bigInt({ min: 1n, max: 20n }), fc.bigInt({ min: 1n, max: 10n ** 24n }));

  it('is never further than half a unit off, and at exactly a half goes away from zero', () => {
    fc.assert(
      fc.property(numerators, denominators, (numerator, denominator) => {
        const quotient = divideRounded(numerator, denominator);
        const off = 2n * (quotient * denominator - numerator);
        assert.ok(-denominator <= off && off <= denominator, `${numerator}/${denominator} = ${quotient}`);
        if (off === denominator) assert.ok(numerator > 0n);
        if (off === -denominator) assert.ok(numerator < 0n);
      }),
    );
  });

  it('of the negative is the negative: a credit rounds like the charge it takes back', () => {
    fc.assert(
      fc.property(numerators, denominators, (numerator, denominator) => {
        assert.equal(divideRounded(-numerator, denominator), -divideRounded(numerator, denominator));
      }),
    );
  });
});

describe('a change of a level', () => {
  it('is a quantity, or one with a minus before it', () => {
    for (const [text, units] of [
      ['2.5', 2_500_000_000_000n],
      ['-2.5', -2_500_000_000_000n],
      ['0', 0n],
      ['-0.000000000001', -1n],
    ] as const)
      assert.equal(parseChange(text), units, text);
  });

  it('is refused where it is none: no -0, no other sign, no minus elsewhere; the field is named', () => {
    for (const text of ['-0', '-0.0', '--1', '+1', '1-', '-', '', '-01', 5, null]) {
      assert.deepEqual(
        refusalOf(() => parseChange(text)),
        { code: 'invalid_quantity', param: 'quantity' },
        String(text),
      );
      assert.equal(refusalOf(() => parseChange(text, 'change'))?.param, 'change');
    }
  });
});
