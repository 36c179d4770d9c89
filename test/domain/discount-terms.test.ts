import assert from 'node:assert/strict';
import { canonicalJson } from '../../shared/domain/canonical.ts';
import { inBurnOrder } from '../../shared/domain/credit/burn.ts';
import { parseDiscount, readDiscountTerms } from '../../shared/domain/invoice/discount.ts';
import { parseTaxDecision, taxationOf } from '../../shared/domain/invoice/taxation.ts';
import { refusalOf } from '../support/refusal.ts';

const TENTH = { discount_id: 'tenth', percent: '0.1' };
const FIVE = { discount_id: 'five', amount: '500', currency: 'EUR' };

describe('the terms of a discount', () => {
  const TABLE = [
    ['once, unless it says more', TENTH, { percent: '0.1', periods: '1' }],
    ['once', { ...TENTH, duration: 'once' }, { percent: '0.1', periods: '1' }],
    ['on three invoices', { ...TENTH, duration: 'repeating', periods: 3 }, { percent: '0.1', periods: '3' }],
    ['for ever', { ...TENTH, duration: 'forever' }, { percent: '0.1', periods: '' }],
    ['of everything', { ...TENTH, percent: '1' }, { percent: '1', periods: '1' }],
    ['of 5.00', FIVE, { discount_id: 'five', amount: '500', currency: 'EUR', periods: '1' }],
    [
      'of 5.00 for ever on two meters',
      { ...FIVE, duration: 'forever', covers: ['b', 'a'] },
      { discount_id: 'five', amount: '500', currency: 'EUR', covers: ['a', 'b'], periods: '' },
    ],
  ] as const;
  for (const [says, json, written] of TABLE) {
    it(`${says} are written in one way, and read back from it`, () => {
      const whole = {
        v: '1',
        typ: 'discount',
        discount_id: 'tenth',
        amount: '',
        currency: '',
        percent: '',
        covers: [],
        ...written,
      };
      const terms = parseDiscount(json);
      assert.equal(terms.bytes.toString(), canonicalJson(whole));
      assert.deepEqual(readDiscountTerms(terms.bytes), terms);
      assert.equal(terms.periods, written.periods === '' ? undefined : Number(written.periods));
    });
  }

  const REFUSED = [
    ['a percent and an amount', { ...TENTH, amount: '5', currency: 'EUR' }, 'percent'],
    ['neither', { discount_id: 'tenth' }, 'percent'],
    ['a percent in a currency', { ...TENTH, currency: 'EUR' }, 'currency'],
    ['an amount in none', { discount_id: 'five', amount: '5' }, 'currency'],
    ['an amount in a currency nobody bills in', { ...FIVE, currency: 'XXX' }, 'currency', 'invalid_currency'],
    ['an end, though once', { ...TENTH, periods: 2 }, 'periods'],
    ['an end, though for ever', { ...TENTH, duration: 'forever', periods: 2 }, 'periods'],
    ['no end, though repeating', { ...TENTH, duration: 'repeating' }, 'periods'],
    ['nothing to take', { ...TENTH, percent: '0' }, 'percent'],
    ['more than everything', { ...TENTH, percent: '1.000000000001' }, 'percent'],
    ['a percent that is no number', { ...TENTH, percent: '.1' }, 'percent', 'invalid_price'],
    ['a meter of no name', { ...TENTH, covers: ['a', ''] }, 'covers.1'],
  ] as const;
  for (const [says, json, field, code = 'invalid_discount'] of REFUSED) {
    it(`are refused with ${says}, and ${field} is named`, () => {
      assert.deepEqual(
        refusalOf(() => parseDiscount(json)),
        { code, param: `discount.${field}` },
      );
      assert.deepEqual(
        refusalOf(() => parseDiscount(json, 'coupon')),
        { code, param: `coupon.${field}` },
      );
    });
  }

  it('are read back from nothing else: not with a member too many, another version, a number for a text', () => {
    const { bytes } = parseDiscount(FIVE);
    const held = JSON.parse(bytes.toString()) as Record<string, string>;
    for (const more of [
      { note: '' },
      { v: '2' },
      { typ: 'coupon' },
      { amount: 500 },
      { percent: 7 },
      { periods: 1 },
      { covers: ['b', 'a'] },
    ]) {
      const changed = Buffer.from(canonicalJson({ ...held, ...more }));
      assert.equal(refusalOf(() => readDiscountTerms(changed))?.code, 'invalid_discount', JSON.stringify(more));
    }
  });
});

describe('a tax decision', () => {
  const row = (more: object = {}) => ({
    category: 'standard',
    jurisdiction: 'eu-de',
    rate: '0.19',
    treatment: 'taxed',
    ...more,
  });
  const refused = (value: unknown) => refusalOf(() => parseTaxDecision(value))?.param;

  it('names what is wrong with it', () => {
    assert.equal(refused([]), 'tax');
    assert.equal(refused({ behavior: 'added', rates: [row()] }), 'tax.behavior');
    assert.equal(refused({ behavior: 'exclusive', rates: [] }), 'tax.rates');
    assert.equal(
      refused({ behavior: 'exclusive', rates: [row(), row({ category: 'STANDARD' })] }),
      'tax.rates.1.category',
    );
    assert.equal(refused({ behavior: 'exclusive', rates: [row({ rate: 'much' })] }), 'tax.rates.0.rate');
    assert.equal(refused({ behavior: 'exclusive', rates: [row({ rate: '1.0000000001' })] }), 'tax.rates.0.rate');
    assert.equal(refused({ behavior: 'exclusive', rates: [row(), row({ rate: '0.07' })] }), 'tax.rates.1');
    assert.equal(refusalOf(() => parseTaxDecision([], 'own'))?.param, 'own');
  });

  it('may take all of a price on top of it, and names the categories it has rates for', () => {
    const rates = [row({ rate: '1' }), row({ jurisdiction: 'eu-at' }), row({ category: 'reduced' })];
    assert.deepEqual(parseTaxDecision({ behavior: 'exclusive', rates }).categories, ['standard', 'reduced']);
  });

  it('of rates of nothing within prices leaves them whole: 1.00 holds 0 and 0', () => {
    const rates = [row({ rate: '0' }), row({ rate: '0', jurisdiction: 'eu-at' })];
    const taxes = parseTaxDecision({ behavior: 'inclusive', rates }).taxesOn([{ category: 'standard', amount: 100n }]);
    assert.deepEqual(
      taxes.map(({ base, amount }) => [base, amount]),
      [
        [100n, 0n],
        [100n, 0n],
      ],
    );
  });

  it('takes categories whose rates differ apart one by one: 1.19 at 19 % and 1.07 at 7 %', () => {
    const rates = [row(), row({ category: 'reduced', rate: '0.07' })];
    const lines = [
      { category: 'standard', amount: 119n },
      { category: 'reduced', amount: 107n },
    ];
    const taxes = parseTaxDecision({ behavior: 'inclusive', rates }).taxesOn(lines);
    assert.deepEqual(
      taxes.map(({ base, amount }) => [base, amount]),
      [
        [100n, 19n],
        [100n, 7n],
      ],
    );
  });

  it('whose bytes are no object is none', () => {
    for (const bytes of ['5', 'true', '"{}"', '']) {
      assert.equal(refusalOf(() => taxationOf(Buffer.from(bytes)))?.code, 'invalid_catalogue', bytes);
    }
  });
});

describe('the order in which credits burn', () => {
  it('is their age where nothing else tells them apart, whichever way they come', () => {
    const grants = [3, 1, 2].map((seq) => ({ id: `g${seq}`, balance: 1n, priority: 0, expiresAt: '', seq }));
    for (const given of [grants, grants.toReversed()]) {
      assert.deepEqual(
        inBurnOrder(given).map(({ seq }) => seq),
        [1, 2, 3],
      );
    }
  });

  it('is the expiry, the sooner first, whichever way they come', () => {
    const grants = ['2026-06', '2026-05', '', '2026-07'].map((month, seq) => ({
      id: month,
      balance: 1n,
      priority: 0,
      expiresAt: month && `${month}-01T00:00:00.000000Z`,
      seq,
    }));
    for (const given of [grants, grants.toReversed()]) {
      assert.deepEqual(
        inBurnOrder(given).map(({ id }) => id),
        ['2026-05', '2026-06', '2026-07', ''],
      );
    }
  });
});
