import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatAmount, formatDecimal, parsePrice } from '../../shared/domain/decimals.ts';
import { convert, type ExchangeRate } from '../../shared/domain/money/conversion.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { moneyJson } from '../../shared/domain/money/money.ts';
import { refusalOf } from '../support/refusal.ts';

const [EUR, USD, GBP] = ['EUR', 'USD', 'GBP'].map((code) => parseCurrency(code)) as [
  ReturnType<typeof parseCurrency>,
  ReturnType<typeof parseCurrency>,
  ReturnType<typeof parseCurrency>,
];
const at = (rate: string): ExchangeRate => ({
  id: 'ecb.2026-03-31',
  base: EUR,
  quote: USD,
  rate: parsePrice(rate, 'rate'),
});
const dollars = (euros: string, rate = '1.0837'): string => formatAmount(convert(euros, EUR, USD, at(rate)));
const euros = (of: string, rate = '1.0837'): string => formatAmount(convert(of, USD, EUR, at(rate)));

describe('an amount in another currency, at 1.0837 dollars for a euro', () => {
  it('is the product, exact: 12.34 euros are 13.372858 dollars', () => assert.equal(dollars('12.34'), '13.372858'));
  it('and below zero: -12.34 are -13.372858', () => assert.equal(dollars('-12.34'), '-13.372858'));
  it('is the quotient the other way round, rounded once to 12 places: 10 / 1.0837 = 9.2276460274983…', () => {
    assert.equal(euros('10'), '9.227646027498');
    assert.equal(euros('-10'), '-9.227646027498');
  });
  it('rounds half away from zero: 0.000000000001 / 2 is 0.000000000001, and so below zero', () => {
    assert.equal(euros('0.000000000001', '2'), '0.000000000001');
    assert.equal(euros('-0.000000000001', '2'), '-0.000000000001');
  });

  it('comes back as it went, where the rate is a power of two', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.constantFrom('0.5', '2', '4'), (cents, rate) => {
        const text = formatDecimal(cents, 2);
        assert.equal(euros(dollars(text, rate), rate), text);
      }),
      { numRuns: 50 },
    );
  });

  it('is refused where the rate is between other currencies', () => {
    for (const [from, to] of [
      [EUR, GBP],
      [GBP, USD],
      [USD, GBP],
      [GBP, EUR],
      [EUR, EUR],
      [USD, USD],
    ] as const) {
      assert.deepEqual(
        refusalOf(() => convert('1', from, to, at('2'))),
        { code: 'currency_mismatch', param: 'rate_id' },
      );
    }
  });

  it('is refused where the amount is none', () => {
    for (const amount of ['', '-', '--1', '1e3', '01', '1.0000000000001', '123456789012345678901', '+1', '1-']) {
      assert.deepEqual(
        refusalOf(() => dollars(amount)),
        { code: 'invalid_amount', param: 'amount' },
        amount,
      );
    }
    assert.equal(dollars('12345678901234567890.000000000001', '1'), '12345678901234567890.000000000001');
  });
});

describe('money in JSON', () => {
  it('is its minor units as a string, and its currency', () => {
    assert.deepEqual(moneyJson({ currency: EUR, minorUnits: -1234n }), { amount: '-1234', currency: 'EUR' });
  });
});
