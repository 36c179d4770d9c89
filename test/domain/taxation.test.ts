import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readDiscountTerms } from '../../shared/domain/invoice/discount.ts';
import { parseTaxDecision, taxationOf } from '../../shared/domain/invoice/taxation.ts';
import { refusalOf } from '../support/refusal.ts';

const rate = (category: string, fraction: string, jurisdiction = 'eu-de') => ({
  category,
  jurisdiction,
  rate: fraction,
  treatment: 'taxed',
});
const taxes = (behavior: 'exclusive' | 'inclusive', rates: object[], lines: [string, bigint][]): string[] =>
  parseTaxDecision({ behavior, rates })
    .taxesOn(lines.map(([category, amount]) => ({ category, amount })))
    .map(({ jurisdiction, rate: at, base, amount }) => `${jurisdiction} ${at} of ${base}: ${amount}`);

describe('a tax decision', () => {
  it('rounds once per rate: 3 lines of 0.05 at 10 % are 0.15 and owe 0.02 (0.015), not 3 x 0.01', () => {
    const lines: [string, bigint][] = [1, 2, 3].map(() => ['standard', 5n]);
    assert.deepEqual(taxes('exclusive', [rate('standard', '0.1')], lines), ['eu-de 0.1 of 15: 2']);
  });

  it('puts categories of one rate on one row, whichever way prices are', () => {
    const rates = [rate('standard', '0.19'), rate('saas', '0.19')];
    // 1.00 + 1.00: 0.38. Within 2.38 they are 0.38; taken apart line by line they would be 0.19 + 0.19.
    assert.deepEqual(
      taxes('exclusive', rates, [
        ['standard', 100n],
        ['saas', 100n],
      ]),
      ['eu-de 0.19 of 200: 38'],
    );
    assert.deepEqual(
      taxes('inclusive', rates, [
        ['standard', 120n],
        ['saas', 118n],
      ]),
      ['eu-de 0.19 of 200: 38'],
    );
  });

  it('takes two jurisdictions out of one price together: 110.00 at 6 % and 4 % hold 6.00 and 4.00', () => {
    const rates = [rate('standard', '0.06', 'us-tx'), rate('standard', '0.04', 'us-tx-houston')];
    assert.deepEqual(taxes('inclusive', rates, [['standard', 11_000n]]), [
      'us-tx 0.06 of 10000: 600',
      'us-tx-houston 0.04 of 10000: 400',
    ]);
  });

  it('says nothing of a category that has no rate', () => {
    assert.deepEqual(taxes('exclusive', [rate('reduced', '0.07')], [['standard', 100n]]), []);
  });

  it('has one normal form, and is read from no other', () => {
    const decision = parseTaxDecision({ rates: [rate('standard', '0.190')], behavior: 'exclusive' });
    const bytes =
      '{"behavior":"exclusive","rates":[{"category":"standard","jurisdiction":"eu-de","rate":"0.19","treatment":"taxed"}],"typ":"tax_decision","v":"1"}';
    assert.equal(decision.bytes.toString(), bytes);
    assert.equal(taxationOf(Buffer.from(bytes)).digest, decision.digest);
    assert.equal(refusalOf(() => taxationOf(Buffer.from(bytes.replace('0.19', '0.190'))))?.code, 'invalid_catalogue');
  });

  it('is refused, not stumbled over, where its bytes are no decision', () => {
    for (const bytes of ['', '{', '[]', 'null', '"x"', '{"behavior":"exclusive"}', '[['.repeat(50_000)]) {
      assert.equal(refusalOf(() => taxationOf(Buffer.from(bytes)))?.code, 'invalid_catalogue', bytes.slice(0, 30));
      assert.ok(refusalOf(() => readDiscountTerms(Buffer.from(bytes))) !== undefined, bytes.slice(0, 30));
    }
  });

  for (const [what, value] of Object.entries({
    'a rate above one': { behavior: 'exclusive', rates: [rate('standard', '19')] },
    'a category that one jurisdiction taxes twice': {
      behavior: 'exclusive',
      rates: [rate('standard', '0.19'), rate('standard', '0.07')],
    },
    'no rates': { behavior: 'exclusive', rates: [] },
    'a behavior nobody knows': { behavior: 'added', rates: [rate('standard', '0.19')] },
    'a member too many': { behavior: 'exclusive', rates: [rate('standard', '0.19')], note: 'x' },
  })) {
    it(`is refused with ${what}`, () => {
      assert.equal(refusalOf(() => parseTaxDecision(value))?.code, 'invalid_catalogue');
    });
  }

  it('within prices leaves every price whole: net and tax of all rates add up to it, and mirror its sign', () => {
    const fraction = fc.integer({ min: 0, max: 999 }).map((n) => `0.${String(n).padStart(3, '0')}`);
    fc.assert(
      fc.property(fraction, fraction, fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), (a, b, gross) => {
        const decision = parseTaxDecision({
          behavior: 'inclusive',
          rates: [rate('standard', a, 'us-aa'), rate('standard', b, 'us-bb')],
        });
        const of = (amount: bigint) => decision.taxesOn([{ category: 'standard', amount }]);
        const sum = of(gross).reduce((all, { amount }) => all + amount, 0n);
        for (const { base } of of(gross)) assert.equal(base + sum, gross);
        assert.deepEqual(
          of(-gross).map(({ amount }) => amount),
          of(gross).map(({ amount }) => -amount),
        );
      }),
    );
  });
});
