import assert from 'node:assert/strict';
import fc from 'fast-check';
import { burnCredits, type Grant, inBurnOrder } from '../../shared/domain/credit/burn.ts';
import { reckon, type Taxation } from '../../shared/domain/invoice/assemble.ts';
import { type DiscountJson, parseDiscount, readDiscountTerms } from '../../shared/domain/invoice/discount.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { refusalOf } from '../support/refusal.ts';

const EUR = parseCurrency('EUR');
const AT = '2026-04-01T00:00:00.000000Z';
const line = (name: string, amount: bigint, taxCategory = 'standard') => ({ name, amount, taxCategory });
const grant = (id: string, balance: bigint, more: Partial<Grant> = {}): Grant => ({
  id,
  balance,
  priority: 0,
  expiresAt: '',
  seq: 1,
  ...more,
});
const terms = (json: Omit<DiscountJson, 'discount_id'>, id = 'd') => parseDiscount({ discount_id: id, ...json });
/** One rate on everything, by the naive sum. */
const flatTax = (percent: bigint, behavior: Taxation['behavior'] = 'exclusive'): Taxation => ({
  behavior,
  taxesOn: (lines) => {
    const base = lines.reduce((sum, { amount }) => sum + amount, 0n);
    return [
      { jurisdiction: 'eu-de', rate: `0.${percent}`, treatment: 'taxed', base, amount: (base * percent + 50n) / 100n },
    ];
  },
});

describe('a discount', () => {
  it('of 10 % on 99.99 takes 10.00: 9.999 rounded half away from zero', () => {
    const { discountTotal, total } = reckon(EUR, [line('base', 9999n)], [terms({ percent: '0.1' })], undefined, [], AT);
    assert.deepEqual([discountTotal, total], [1000n, 8999n]);
  });

  it('of 10.00 over three lines of 33.33 takes 3.34, 3.33 and 3.33: the spare cent from the first', () => {
    const lines = [line('a', 3333n), line('b', 3333n), line('c', 3333n)];
    const { discounted } = reckon(EUR, lines, [terms({ amount: '1000', currency: 'EUR' })], undefined, [], AT);
    assert.deepEqual(discounted, [334n, 333n, 333n]);
  });

  it('comes after another on what that one left: 100.00 - 20 % = 80.00, - 15.00 = 65.00; the other way round 68.00', () => {
    const percent = terms({ percent: '0.2' }, 'percent');
    const amount = terms({ amount: '1500', currency: 'EUR' }, 'amount');
    const totalOf = (order: readonly ReturnType<typeof terms>[]) =>
      reckon(EUR, [line('base', 10000n)], order, undefined, [], AT).total;
    assert.equal(totalOf([percent, amount]), 6500n);
    assert.equal(totalOf([amount, percent]), 6800n);
  });

  it('on a meter leaves other lines alone', () => {
    const lines = [line('base', 5000n), line('api_calls', 2000n)];
    const { discounted } = reckon(EUR, lines, [terms({ percent: '0.5', covers: ['api_calls'] })], undefined, [], AT);
    assert.deepEqual(discounted, [0n, 1000n]);
  });

  it('is never more than there is: 50.00 off 30.00 is 30.00, and off a credit it is nothing', () => {
    const fifty = terms({ amount: '5000', currency: 'EUR' });
    assert.equal(reckon(EUR, [line('base', 3000n)], [fifty], undefined, [], AT).total, 0n);
    assert.equal(reckon(EUR, [line('unused', -3000n)], [fifty], undefined, [], AT).total, -3000n);
  });

  it('lowers the tax: 19 % of 100.00 less 10.00 is 17.10', () => {
    const { taxTotal, total } = reckon(EUR, [line('base', 10000n)], [terms({ percent: '0.1' })], flatTax(19n), [], AT);
    assert.deepEqual([taxTotal, total], [1710n, 10710n]);
  });

  it('is refused when it is both or neither, above 100 %, without its currency, or repeating without an end', () => {
    for (const json of [
      {},
      { percent: '0.1', amount: '5', currency: 'EUR' },
      { percent: '1.01' },
      { percent: '0' },
      { percent: '-0.1' },
      { amount: '5' },
      { amount: '0', currency: 'EUR' },
      { percent: '0.1', duration: 'repeating' },
      { percent: '0.1', duration: 'forever', periods: 3 },
    ] as Omit<DiscountJson, 'discount_id'>[]) {
      assert.match(
        refusalOf(() => terms(json))?.code ?? 'accepted',
        /^invalid_(?:discount|price)$/,
        JSON.stringify(json),
      );
    }
  });

  it('is known by the digest of its one normal form, and read back from it', () => {
    const json = { percent: '0.10', covers: ['b', 'a'], duration: 'repeating', periods: 3 } as const;
    const same = { percent: '0.1', covers: ['a', 'b'], duration: 'repeating', periods: 3 } as const;
    assert.equal(terms(json).digest, terms(same).digest);
    assert.deepEqual(readDiscountTerms(terms(json).bytes), terms(json));
    assert.equal(refusalOf(() => readDiscountTerms(Buffer.from(`${terms(json).bytes} `)))?.code, 'invalid_discount');
  });

  it('law: whatever the discounts, lines less discounts are the subtotal less the discount total', () => {
    const discount = fc.oneof(
      fc.integer({ min: 1, max: 100 }).map((p) => ({ percent: p === 100 ? '1' : `0.${String(p).padStart(2, '0')}` })),
      fc.integer({ min: 1, max: 100_000 }).map((a) => ({ amount: String(a), currency: 'EUR' })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(-5000n, 50_000n), { minLength: 1 }),
        fc.array(discount, { maxLength: 4 }),
        (amounts, jsons) => {
          const lines = amounts.map((amount, i) => line(`m${i}`, amount));
          const given = jsons.map((json, i) => terms(json, `d${i}`));
          const { discounted, subtotal, discountTotal, total } = reckon(EUR, lines, given, undefined, [], AT);
          const sum = (parts: readonly bigint[]) => parts.reduce((all, part) => all + part, 0n);
          assert.equal(sum(discounted), discountTotal);
          assert.equal(sum(amounts), subtotal);
          assert.equal(total, subtotal - discountTotal);
          assert.ok(discounted.every((part, i) => part >= 0n && (part === 0n || part <= amounts[i]!)));
        },
      ),
    );
  });
});

describe('credits', () => {
  it('burn by priority, then the one that expires first, then the older one', () => {
    const grants = [
      grant('never', 1n, { seq: 1 }),
      grant('june', 1n, { seq: 4, expiresAt: '2026-06-01T00:00:00.000000Z' }),
      grant('may', 1n, { seq: 5, expiresAt: '2026-05-01T00:00:00.000000Z' }),
      grant('first', 1n, { seq: 9, priority: 0, expiresAt: '2026-05-01T00:00:00.000000Z' }),
      grant('last', 1n, { seq: 0, priority: 1 }),
    ];
    assert.deepEqual(
      inBurnOrder(grants).map(({ id }) => id),
      ['may', 'first', 'june', 'never', 'last'],
    );
  });

  it('pay 70.00 of 50.00 + 30.00 by 50.00 and 20.00, and leave 10.00', () => {
    const burns = burnCredits([grant('a', 5000n, { seq: 1 }), grant('b', 3000n, { seq: 2 })], 7000n, AT);
    assert.deepEqual(burns, [
      { grantId: 'a', amount: 5000n },
      { grantId: 'b', amount: 2000n },
    ]);
  });

  it('that expire in this very microsecond pay nothing', () => {
    assert.deepEqual(burnCredits([grant('a', 5000n, { expiresAt: AT })], 100n, AT), []);
  });

  it('pay the total with its tax, and change neither: 100.00 + 19.00 - 119.00 = 0 due', () => {
    const { taxTotal, total, creditTotal, amountDue } = reckon(
      EUR,
      [line('base', 10000n)],
      [],
      flatTax(19n),
      [grant('a', 20000n)],
      AT,
    );
    assert.deepEqual([taxTotal, total, creditTotal, amountDue], [1900n, 11900n, 11900n, 0n]);
  });

  it('pay nothing of an invoice below zero', () => {
    const { creditTotal, amountDue, total } = reckon(
      EUR,
      [line('unused', -500n)],
      [],
      undefined,
      [grant('a', 100n)],
      AT,
    );
    assert.deepEqual([creditTotal, amountDue, total], [0n, 0n, -500n]);
  });

  it('law: no credit pays more than it has, and all together the least of what is due and what there is', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, 1000n)), fc.bigInt(-10n, 5000n), (balances, due) => {
        const grants = balances.map((balance, i) => grant(`g${i}`, balance, { seq: i }));
        const burns = burnCredits(grants, due, AT);
        const paid = burns.reduce((sum, { amount }) => sum + amount, 0n);
        const held = balances.reduce((sum, balance) => sum + balance, 0n);
        assert.equal(paid, due <= 0n ? 0n : due < held ? due : held);
        for (const { grantId, amount } of burns)
          assert.ok(amount > 0n && amount <= grants.find(({ id }) => id === grantId)!.balance);
      }),
    );
  });
});
