import assert from 'node:assert/strict';
import { parseQuantity, type Quantity } from '../../shared/domain/decimals.ts';
import { normalisedPriceJson, parsePriceDocument, requireAggregation } from '../../shared/domain/pricing/document.ts';
import { chargeFor } from '../../shared/domain/pricing/price.ts';
import { taxCategoryOf } from '../../shared/domain/pricing/tax-category.ts';
import { priceVersion } from '../../shared/domain/pricing/version.ts';
import { EMPTY_AGGREGATE } from '../../shared/domain/usage/meter.ts';
import { refusalOf } from '../support/refusal.ts';

const documentOf = (model: object, more: object = {}) =>
  parsePriceDocument({ price_id: 'calls', version: '1', currency: 'EUR', model, ...more });
const refusal = (model: object): string => {
  const refused = refusalOf(() => documentOf(model));
  return refused === undefined ? 'accepted' : `${refused.code} ${refused.param}`;
};
const MODELS = {
  flat: { type: 'flat', amount: '1' },
  per_unit: { type: 'per_unit', unit_amount: '1' },
  package: { type: 'package', size: '2', amount: '1', free_units: '3' },
  commitment: { type: 'commitment', committed_units: '10', committed_unit_amount: '0.5', unit_amount: '1' },
  minimum: { type: 'minimum', amount: '1' },
  percentage: {
    ...{ type: 'percentage', rate: '0.1', fixed_fee: '1', free_events: '1', free_amount: '1' },
    ...{ minimum: '1', maximum: '2' },
  },
} as const;
const NUMBERS = [
  'amount',
  'unit_amount',
  'committed_units',
  'committed_unit_amount',
  'size',
  'free_units',
  'rate',
  'fixed_fee',
  'free_amount',
  'minimum',
  'maximum',
];

describe('a price whose number is none', () => {
  for (const [type, model] of Object.entries(MODELS)) {
    for (const field of Object.keys(model).filter((name) => NUMBERS.includes(name))) {
      it(`is refused, and names model.${field} of ${type}`, () => {
        assert.equal(refusal({ ...model, [field]: '01' }), `invalid_price model.${field}`);
      });
    }
  }

  for (const type of ['graduated', 'volume']) {
    it(`is refused, and names the tier of ${type} and its field`, () => {
      const last = { up_to: null, unit_amount: '1', flat_amount: '1' };
      const tiers = (first: object) => ({ type, tiers: [{ ...last, up_to: '5', ...first }, last] });
      assert.equal(refusal(tiers({ up_to: '01' })), 'invalid_price model.tiers.0.up_to');
      assert.equal(refusal(tiers({ unit_amount: '01' })), 'invalid_price model.tiers.0.unit_amount');
      assert.equal(refusal(tiers({ flat_amount: '01' })), 'invalid_price model.tiers.0.flat_amount');
    });
  }
});

describe('a commitment', () => {
  const of = (more: object) => refusal({ type: 'commitment', committed_units: '10', unit_amount: '2', ...more });

  it('costs the list price at most: 2 of 2 is accepted, a billionth more is not', () => {
    assert.equal(of({ committed_unit_amount: '2' }), 'accepted');
    assert.equal(of({ committed_unit_amount: '2.000000001' }), 'invalid_price model.committed_unit_amount');
  });

  it('is discounted by everything at most: 1 is for nothing, more is refused', () => {
    assert.equal(of({ discount_rate: '1' }), 'accepted');
    assert.equal(of({ discount_rate: '1.000000001' }), 'invalid_price model.discount_rate');
  });

  it('of what is for nothing may be discounted all the same, though never by more than everything', () => {
    const free = { type: 'commitment', committed_units: '10', unit_amount: '0' };
    assert.equal(refusal({ ...free, discount_rate: '0.5' }), 'accepted');
    assert.equal(refusal({ ...free, discount_rate: '2' }), 'invalid_price model.discount_rate');
  });
});

describe('a minimum', () => {
  it('covers all meters where it names none, those it names in their order otherwise', () => {
    const covers = (more: object) => {
      const { model } = documentOf({ ...MODELS.minimum, ...more });
      return model.type === 'minimum' ? model.covers : undefined;
    };
    assert.deepEqual(covers({}), []);
    assert.deepEqual(covers({ covers: ['b', 'a'] }), ['a', 'b']);
  });

  it('is written with its amount and what it covers, and read back', () => {
    const read = documentOf({ ...MODELS.minimum, covers: ['b', 'a'] });
    assert.deepEqual(normalisedPriceJson(read).model, { type: 'minimum', amount: '1', covers: ['a', 'b'] });
    assert.deepEqual(parsePriceDocument(normalisedPriceJson(read)), read);
  });

  it('is the price of no meter, whatever that counts', () => {
    const refused = refusalOf(() => requireAggregation(documentOf(MODELS.minimum), 'sum'));
    assert.deepEqual(refused, { code: 'invalid_price', param: 'model.type' });
  });

  it('is charged on no event', () => {
    const after = { ...EMPTY_AGGREGATE, value: parseQuantity('1') };
    assert.throws(() => chargeFor(documentOf(MODELS.minimum), EMPTY_AGGREGATE, after, 1n as Quantity), RangeError);
  });
});

describe('a price’s tax category', () => {
  it('is standard unless it says another', () => {
    assert.equal(taxCategoryOf(documentOf(MODELS.flat)), 'standard');
    assert.equal(taxCategoryOf(documentOf(MODELS.flat, { tax_category: 'reduced' })), 'reduced');
  });

  it('written as standard or not at all is one document', () => {
    const written = documentOf(MODELS.flat, { tax_category: 'standard' });
    assert.equal(priceVersion(written).digest, priceVersion(documentOf(MODELS.flat)).digest);
    assert.notEqual(
      priceVersion(documentOf(MODELS.flat, { tax_category: 'reduced' })).digest,
      priceVersion(written).digest,
    );
  });
});
