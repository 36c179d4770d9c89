import assert from 'node:assert/strict';
import { canonicalJson } from '../../shared/domain/canonical.ts';
import { formatAmount, parseQuantity } from '../../shared/domain/decimals.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import {
  type CumulativePrice,
  isCumulative,
  normalisedPriceJson,
  type PriceDocument,
  parsePriceDocument,
  priceRef,
  requireAggregation,
} from '../../shared/domain/pricing/document.ts';
import { basePrice, chargeFor, priceOf } from '../../shared/domain/pricing/price.ts';
import { AGGREGATIONS, type Aggregate, advance, EMPTY_AGGREGATE } from '../../shared/domain/usage/meter.ts';

const written = <Model>(model: Model) => ({ price_id: 'api-calls', version: '3', currency: 'EUR', model });
const priced = (model: unknown): PriceDocument => parsePriceDocument(written(model));
function pricedWhole(model: unknown): CumulativePrice {
  const document = priced(model);
  assert.ok(isCumulative(document));
  return document;
}
const reading = (value: string, events = 0): Aggregate => ({ value: parseQuantity(value), events, latestAt: '' });

// 2 for the month, then 5 each up to 10; 7 more and 4 each up to 100; 3 each from there.
const TIERS = [
  { up_to: '10', unit_amount: '5', flat_amount: '2' },
  { up_to: '100', unit_amount: '4', flat_amount: '7' },
  { up_to: null, unit_amount: '3' },
];
const FLAT = { type: 'flat', amount: '99.95' };
const PER_UNIT = { type: 'per_unit', unit_amount: '0.002' };
const GRADUATED = { type: 'graduated', tiers: TIERS };
const VOLUME = { type: 'volume', tiers: TIERS };
const PACKAGE = { type: 'package', size: '1000', amount: '3.50', free_units: '500' };
const ODD_PACKAGE = { type: 'package', size: '0.3', amount: '1' };
const SMALLEST = '0.000000000001';
const LARGEST = '99999999999999999999.999999999999';

describe('the price of a period', () => {
  for (const { says, model, used, costs } of [
    { says: 'flat: 99.95 for nothing', model: FLAT, used: '0', costs: '99.95' },
    { says: 'flat: 99.95 for a million', model: FLAT, used: '1000000', costs: '99.95' },

    { says: 'per unit: 1,234.5 x 0.002 = 2.469', model: PER_UNIT, used: '1234.5', costs: '2.469' },
    {
      says: 'per unit: the smallest quantity at the smallest price is 10^-24, not nothing',
      model: { type: 'per_unit', unit_amount: SMALLEST },
      used: SMALLEST,
      costs: '0.000000000000000000000001',
    },
    {
      says: 'per unit: the largest at the largest, (10^20 - 10^-12)^2 = 10^40 - 2 x 10^8 + 10^-24, keeps every digit',
      model: { type: 'per_unit', unit_amount: LARGEST },
      used: LARGEST,
      costs: `${'9'.repeat(31)}800000000.000000000000000000000001`,
    },
    {
      says: 'per unit: 0.1 x 3 is 0.3, as no float would have it',
      model: { type: 'per_unit', unit_amount: '0.1' },
      used: '3',
      costs: '0.3',
    },

    { says: 'graduated: nothing used, 2 for the first tier', model: GRADUATED, used: '0', costs: '2' },
    { says: 'graduated: the end of a tier is in it, 2 + 10 x 5 = 52', model: GRADUATED, used: '10', costs: '52' },
    { says: 'graduated: 10.5 are past it, 52 + 7 + 0.5 x 4 = 61', model: GRADUATED, used: '10.5', costs: '61' },
    {
      says: 'graduated: so is a trillionth more, 52 + 7 + 0.000000000004',
      model: GRADUATED,
      used: '10.000000000001',
      costs: '59.000000000004',
    },
    { says: 'graduated: 52 + 7 + 90 x 4 = 419 at the second end', model: GRADUATED, used: '100', costs: '419' },
    { says: 'graduated: 419 + 1 x 3 = 422 in the open tier', model: GRADUATED, used: '101', costs: '422' },

    { says: 'volume: nothing used, 2 for the first tier', model: VOLUME, used: '0', costs: '2' },
    { says: 'volume: the end of a tier is in it, 2 + 10 x 5 = 52', model: VOLUME, used: '10', costs: '52' },
    { says: 'volume: 10.5 all at the next price, 7 + 10.5 x 4 = 49', model: VOLUME, used: '10.5', costs: '49' },
    { says: 'volume: 7 + 100 x 4 = 407 at the second end', model: VOLUME, used: '100', costs: '407' },
    { says: 'volume: 101 x 3 = 303 in the open tier', model: VOLUME, used: '101', costs: '303' },

    { says: 'package: nothing used, nothing due', model: PACKAGE, used: '0', costs: '0' },
    { says: 'package: 500 are free', model: PACKAGE, used: '500', costs: '0' },
    { says: 'package: a trillionth more opens one', model: PACKAGE, used: '500.000000000001', costs: '3.5' },
    { says: 'package: 1,500 fill it', model: PACKAGE, used: '1500', costs: '3.5' },
    { says: 'package: a trillionth more opens another', model: PACKAGE, used: '1500.000000000001', costs: '7' },
    { says: 'package: 2,501 - 500 = 2,001 are three, 10.50', model: PACKAGE, used: '2501', costs: '10.5' },
    { says: 'package: 0.9 are three of 0.3, not four', model: ODD_PACKAGE, used: '0.9', costs: '3' },
  ]) {
    it(says, () => assert.equal(formatAmount(priceOf(pricedWhole(model), parseQuantity(used))), costs));
  }
});

describe('the base price of a period', () => {
  for (const { says, model, costs } of [
    { says: 'flat: all of it', model: FLAT, costs: '99.95' },
    { says: 'per unit: nothing', model: PER_UNIT, costs: '0' },
    { says: 'graduated: the flat amount of the first tier only', model: GRADUATED, costs: '2' },
    { says: 'volume: the flat amount of the first tier only', model: VOLUME, costs: '2' },
    { says: 'package: nothing', model: PACKAGE, costs: '0' },
    {
      says: 'percentage: nothing, not even the minimum of a charge',
      model: { type: 'percentage', rate: '0.01', fixed_fee: '0.3', minimum: '0.5' },
      costs: '0',
    },
  ]) {
    it(says, () => assert.equal(formatAmount(basePrice(priced(model))), costs));
  }
});

describe('the charge of one event on a running aggregate', () => {
  for (const { says, model, from, to, charge } of [
    { says: 'flat: nothing, the fee is the base price', model: FLAT, from: '0', to: '5', charge: '0' },
    { says: 'per unit: 3 more at 0.002', model: PER_UNIT, from: '10', to: '13', charge: '0.006' },
    { says: 'graduated: 8 to 12 is 2 x 5 + 7 + 2 x 4 = 25', model: GRADUATED, from: '8', to: '12', charge: '25' },
    { says: 'graduated: 10 to 10.5 is 7 + 0.5 x 4 = 9', model: GRADUATED, from: '10', to: '10.5', charge: '9' },
    {
      says: 'graduated: one event past two ends, 422 - 2 = 420',
      model: GRADUATED,
      from: '0',
      to: '101',
      charge: '420',
    },
    { says: 'graduated: no flat amount twice', model: GRADUATED, from: '10.5', to: '11.5', charge: '4' },
    { says: 'volume: a cheaper tier gives back, 49 - 52 = -3', model: VOLUME, from: '10', to: '10.5', charge: '-3' },
    { says: 'volume: 10.5 to 11 is 0.5 x 4 = 2', model: VOLUME, from: '10.5', to: '11', charge: '2' },
    { says: 'package: nothing while one is open', model: PACKAGE, from: '600', to: '1500', charge: '0' },
    { says: 'package: 3.50 for the next', model: PACKAGE, from: '1500', to: '1501', charge: '3.5' },
    { says: 'a last value that fell gives back, 5 x 0.002', model: PER_UNIT, from: '12', to: '7', charge: '-0.01' },
    { says: 'a maximum that did not move costs nothing', model: GRADUATED, from: '12', to: '12', charge: '0' },
  ]) {
    it(says, () => {
      // The event's own quantity plays no part: only the aggregate it moved does.
      const amount = chargeFor(priced(model), reading(from), reading(to), parseQuantity('1'));
      assert.equal(formatAmount(amount), charge);
    });
  }
});

/** Charges one event after the other on a sum. */
function chargesOf(document: PriceDocument, quantities: readonly string[]): string[] {
  let before = EMPTY_AGGREGATE;
  return quantities.map((text) => {
    const quantity = parseQuantity(text);
    const after = advance('sum', before, { quantity, occurredAt: '', isNewValue: false });
    const charge = chargeFor(document, before, after, quantity);
    before = after;
    return formatAmount(charge);
  });
}

describe('a percentage of each event', () => {
  const ONE_PERCENT = { type: 'percentage', rate: '0.01' };
  const CARD = { type: 'percentage', rate: '0.029', fixed_fee: '0.30' };
  for (const { says, model, events, charges } of [
    {
      says: '2.9 % and 30 cents: 100 x 0.029 + 0.30 = 3.20; 0.01 x 0.029 + 0.30 = 0.30029',
      model: CARD,
      events: ['100', '0.01'],
      charges: ['3.2', '0.30029'],
    },
    { says: 'an event of zero still pays the fixed fee', model: CARD, events: ['0'], charges: ['0.3'] },
    {
      says: 'not under 0.50 and not over 10: 0.10 is raised, 1 stays, 50 is cut',
      model: { ...ONE_PERCENT, minimum: '0.5', maximum: '10' },
      events: ['10', '100', '5000'],
      charges: ['0.5', '1', '10'],
    },
    {
      says: 'limits hold for rate and fixed fee together: 0.10 + 0.45 = 0.55 stays, 9.90 + 0.45 is cut to 10',
      model: { ...ONE_PERCENT, fixed_fee: '0.45', minimum: '0.5', maximum: '10' },
      events: ['10', '990'],
      charges: ['0.55', '10'],
    },
    {
      says: 'minimum and maximum alike make a price per event',
      model: { ...ONE_PERCENT, minimum: '0.25', maximum: '0.25' },
      events: ['1', '1000'],
      charges: ['0.25', '0.25'],
    },
    {
      says: 'a maximum of null is no maximum',
      model: { ...ONE_PERCENT, maximum: null },
      events: ['1000000'],
      charges: ['10000'],
    },
    {
      says: 'two free events are wholly free, the third is not',
      model: { ...CARD, minimum: '1', free_events: '2' },
      events: ['100', '5000', '100'],
      charges: ['0', '0', '3.2'],
    },
    {
      says: '150 free: 100 free, 50 up to the very edge free, then 30 x 0.01 = 0.30',
      model: { ...ONE_PERCENT, free_amount: '150' },
      events: ['100', '50', '30'],
      charges: ['0', '0', '0.3'],
    },
    {
      says: 'the event that crosses is rated on what lies above: 100 + 80 - 150 = 30, and pays its fixed fee',
      model: { ...ONE_PERCENT, fixed_fee: '0.05', free_amount: '150' },
      events: ['100', '80', '30'],
      charges: ['0', '0.35', '0.35'],
    },
    {
      says: 'no minimum below the free amount, the minimum above it: 151 - 150 = 1, 0.01 is raised to 0.50',
      model: { ...ONE_PERCENT, minimum: '0.5', free_amount: '150' },
      events: ['150', '1'],
      charges: ['0', '0.5'],
    },
    {
      says: 'a free event uses up the free amount too: 100, then 160 - 150 = 10, then 10',
      model: { ...ONE_PERCENT, free_events: '1', free_amount: '150' },
      events: ['100', '60', '10'],
      charges: ['0', '0.1', '0.1'],
    },
    {
      says: 'rate and amount to the twelfth place keep 24',
      model: { type: 'percentage', rate: SMALLEST },
      events: [SMALLEST],
      charges: ['0.000000000000000000000001'],
    },
  ]) {
    it(says, () => assert.deepEqual(chargesOf(priced(model), events), charges));
  }

  it('is for sums: a meter of any other kind is refused when the price is put on it', () => {
    requireAggregation(priced(CARD), 'sum');
    for (const aggregation of AGGREGATIONS.filter((each) => each !== 'sum')) {
      assert.throws(() => requireAggregation(priced(CARD), aggregation), refusedAt('model.type'), aggregation);
      requireAggregation(priced(GRADUATED), aggregation);
    }
  });

  it('does not charge an aggregate that moved by anything but the quantity', () => {
    assert.throws(() => chargeFor(priced(CARD), reading('10'), reading('11'), parseQuantity('5')), RangeError);
  });
});

const refusedAt = (param: string | undefined) => (error: unknown) => {
  assert.ok(error instanceof BadInput, String(error));
  assert.deepEqual({ code: error.code, param: error.param }, { code: 'invalid_price', param });
  return true;
};

describe('a price document', () => {
  it('is named by price and version', () => {
    assert.equal(priceRef(priced(FLAT)), 'api-calls@3');
  });

  for (const { says, model, normal } of [
    { says: 'flat', model: { type: 'flat', amount: '99.950' }, normal: { amount: '99.95', type: 'flat' } },
    {
      says: 'per unit',
      model: { type: 'per_unit', unit_amount: '0.0' },
      normal: { type: 'per_unit', unit_amount: '0' },
    },
    {
      says: 'graduated',
      model: { type: 'graduated', tiers: [{ up_to: '10.50', unit_amount: '1.0' }, TIERS[2]] },
      normal: {
        type: 'graduated',
        tiers: [
          { up_to: '10.5', unit_amount: '1', flat_amount: '0' },
          { up_to: null, unit_amount: '3', flat_amount: '0' },
        ],
      },
    },
    {
      says: 'volume',
      model: { type: 'volume', tiers: [{ up_to: null, unit_amount: '3', flat_amount: '0.10' }] },
      normal: { type: 'volume', tiers: [{ up_to: null, unit_amount: '3', flat_amount: '0.1' }] },
    },
    {
      says: 'package, in full',
      model: { type: 'package', size: '1000.0', amount: '3.50', free_units: '500.50' },
      normal: { type: 'package', size: '1000', amount: '3.5', free_units: '500.5' },
    },
    {
      says: 'package, bare',
      model: { type: 'package', size: '1000', amount: '3.50' },
      normal: { type: 'package', size: '1000', amount: '3.5', free_units: '0' },
    },
    {
      says: 'percentage, bare',
      model: { type: 'percentage', rate: '0.0290' },
      normal: {
        type: 'percentage',
        rate: '0.029',
        fixed_fee: '0',
        free_events: '0',
        free_amount: '0',
        minimum: '0',
        maximum: null,
      },
    },
    {
      says: 'percentage, in full',
      model: {
        type: 'percentage',
        rate: '1000',
        fixed_fee: '0.30',
        free_events: '10',
        free_amount: '5.0',
        minimum: '0.50',
        maximum: '2.00',
      },
      normal: {
        type: 'percentage',
        rate: '1000',
        fixed_fee: '0.3',
        free_events: '10',
        free_amount: '5',
        minimum: '0.5',
        maximum: '2',
      },
    },
  ]) {
    it(`has one normal form, every field filled and every number canonical: ${says}`, () => {
      const document = priced(model);
      assert.deepEqual(normalisedPriceJson(document), written(normal));
      assert.deepEqual(parsePriceDocument(normalisedPriceJson(document)), document);
    });
  }

  it('writes the same bytes however its fields were ordered', () => {
    const { model, currency, version, price_id } = written(FLAT);
    const other = { model: { amount: model.amount, type: model.type }, currency, version, price_id };
    assert.equal(
      canonicalJson(normalisedPriceJson(parsePriceDocument(other))),
      '{"currency":"EUR","model":{"amount":"99.95","type":"flat"},"price_id":"api-calls","version":"3"}',
    );
  });

  it('does not change when the object it was read from does', () => {
    const tiers = [{ up_to: null as string | null, unit_amount: '3' }];
    const document = pricedWhole({ type: 'volume', tiers });
    tiers[0]!.unit_amount = '4';
    tiers.unshift({ up_to: '1000', unit_amount: '5' });
    assert.equal(formatAmount(priceOf(document, parseQuantity('2'))), '6');
  });

  it('may have 200 tiers and prices in each', () => {
    // Tier n ends at n and costs n per unit: 200 units cost 1 + 2 + ... + 200 = 200 x 201 / 2 = 20100.
    const many = Array.from({ length: 200 }, (_, n) => ({
      up_to: n === 199 ? null : String(n + 1),
      unit_amount: String(n + 1),
    }));
    const document = pricedWhole({ type: 'graduated', tiers: many });
    assert.equal(formatAmount(priceOf(document, parseQuantity('200'))), '20100');
    assert.equal(formatAmount(priceOf(document, parseQuantity('99.5'))), '5000'); // 98 x 99 / 2 = 4851, + 99, + 0.5 x 100
  });
});

describe('a price document is refused', () => {
  const open = { up_to: null, unit_amount: '1' };
  const to = (up_to: unknown) => ({ up_to, unit_amount: '1' });
  const tiered = (...tiers: unknown[]) => written({ type: 'graduated', tiers });
  const percentage = (fields: object) => written({ type: 'percentage', rate: '0.01', ...fields });

  for (const { says, document, param } of [
    { says: 'that is null', document: null, param: undefined },
    { says: 'that is a list', document: [written(FLAT)], param: undefined },
    { says: 'that is text', document: JSON.stringify(written(FLAT)), param: undefined },
    { says: 'without a name', document: { version: '1', currency: 'EUR', model: FLAT }, param: 'price_id' },
    { says: 'whose name holds an @', document: { ...written(FLAT), price_id: 'a@1' }, param: 'price_id' },
    { says: 'of version 0', document: { ...written(FLAT), version: '0' }, param: 'version' },
    { says: 'of version 1 as a number', document: { ...written(FLAT), version: 1 }, param: 'version' },
    { says: 'of version 1.5', document: { ...written(FLAT), version: '1.5' }, param: 'version' },
    { says: 'of version 01', document: { ...written(FLAT), version: '01' }, param: 'version' },
    { says: 'in eur', document: { ...written(FLAT), currency: 'eur' }, param: 'currency' },
    { says: 'in EURO', document: { ...written(FLAT), currency: 'EURO' }, param: 'currency' },
    { says: 'with an unknown field', document: { ...written(FLAT), discount: '1' }, param: 'discount' },
    {
      says: 'with an own __proto__',
      document: JSON.parse(`{"__proto__":{},${JSON.stringify(written(FLAT)).slice(1)}`),
      param: '__proto__',
    },

    { says: 'without a model', document: { price_id: 'a', version: '1', currency: 'EUR' }, param: 'model' },
    { says: 'whose model is a list', document: written([FLAT]), param: 'model' },
    { says: 'whose model has no type', document: written({ amount: '1' }), param: 'model.type' },
    { says: 'of an unknown model', document: written({ type: 'guess', amount: '1' }), param: 'model.type' },
    { says: 'of a model named like a method', document: written({ type: 'constructor' }), param: 'model.type' },
    { says: "with another model's field", document: written({ ...FLAT, rate: '1' }), param: 'model.rate' },

    { says: 'without an amount', document: written({ type: 'flat' }), param: 'model.amount' },
    { says: 'with a number', document: written({ type: 'flat', amount: 5 }), param: 'model.amount' },
    { says: 'below zero', document: written({ type: 'flat', amount: '-1' }), param: 'model.amount' },
    { says: 'at minus zero', document: written({ type: 'flat', amount: '-0' }), param: 'model.amount' },
    { says: 'with an exponent', document: written({ type: 'flat', amount: '1e3' }), param: 'model.amount' },
    { says: 'with a comma', document: written({ type: 'flat', amount: '1,50' }), param: 'model.amount' },
    { says: 'with an empty number', document: written({ type: 'flat', amount: '' }), param: 'model.amount' },
    { says: 'with a line end', document: written({ type: 'flat', amount: '1\n' }), param: 'model.amount' },
    { says: 'with a leading zero', document: written({ type: 'flat', amount: '01' }), param: 'model.amount' },
    { says: "in another script's digits", document: written({ type: 'flat', amount: '٣' }), param: 'model.amount' },
    { says: 'that is infinite', document: written({ type: 'flat', amount: 'Infinity' }), param: 'model.amount' },
    { says: 'that is not a number', document: written({ type: 'flat', amount: 'NaN' }), param: 'model.amount' },
    { says: 'with 13 places', document: written({ type: 'flat', amount: '0.0000000000001' }), param: 'model.amount' },
    { says: 'with 21 digits', document: written({ type: 'flat', amount: '1'.padEnd(21, '0') }), param: 'model.amount' },

    { says: 'without tiers', document: written({ type: 'volume' }), param: 'model.tiers' },
    { says: 'with no tier', document: tiered(), param: 'model.tiers' },
    {
      says: 'with 201 tiers',
      document: tiered(...Array.from({ length: 200 }, (_, n) => to(`${n + 1}`)), open),
      param: 'model.tiers',
    },
    { says: 'whose tier is text', document: tiered('1'), param: 'model.tiers.0' },
    {
      says: 'whose tier does not say where it ends',
      document: tiered({ unit_amount: '1' }),
      param: 'model.tiers.0.up_to',
    },
    { says: 'whose tier has no price', document: tiered({ up_to: null }), param: 'model.tiers.0.unit_amount' },
    { says: 'whose tier has an unknown field', document: tiered({ ...open, from: '0' }), param: 'model.tiers.0.from' },
    {
      says: 'whose tier pays back',
      document: tiered(to('5'), { ...open, unit_amount: '-1' }),
      param: 'model.tiers.1.unit_amount',
    },
    { says: 'whose last tier ends', document: tiered(to('10'), to('20')), param: 'model.tiers.1.up_to' },
    { says: 'whose last tier ends at infinity', document: tiered(to('10'), to('inf')), param: 'model.tiers.1.up_to' },
    { says: 'whose open tier is not the last', document: tiered(to('10'), open, open), param: 'model.tiers.1.up_to' },
    { says: 'whose tiers fall', document: tiered(to('10'), to('5'), open), param: 'model.tiers.1.up_to' },
    { says: 'whose tier is empty', document: tiered(to('10'), to('10.0'), open), param: 'model.tiers.1.up_to' },
    { says: 'whose first tier is empty', document: tiered(to('0'), open), param: 'model.tiers.0.up_to' },

    { says: 'with packages of nothing', document: written({ ...PACKAGE, size: '0.000' }), param: 'model.size' },
    { says: 'with packages without a size', document: written({ type: 'package', amount: '1' }), param: 'model.size' },

    {
      says: 'of more than 1000 times the amount',
      document: percentage({ rate: '1000.000000000001' }),
      param: 'model.rate',
    },
    { says: 'of 2.9 with a sign', document: percentage({ rate: '2.9%' }), param: 'model.rate' },
    { says: 'with half a free event', document: percentage({ free_events: '0.5' }), param: 'model.free_events' },
    {
      says: 'with 16 digits of free events',
      document: percentage({ free_events: '1'.padEnd(16, '0') }),
      param: 'model.free_events',
    },
    {
      says: 'whose minimum is above its maximum',
      document: percentage({ minimum: '1.01', maximum: '1' }),
      param: 'model.minimum',
    },
    { says: 'whose minimum is null', document: percentage({ minimum: null }), param: 'model.minimum' },
  ]) {
    it(says, () => assert.throws(() => parsePriceDocument(document), refusedAt(param)));
  }
});
