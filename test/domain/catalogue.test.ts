import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsePlan, planDigest } from '../../shared/domain/catalogue/plan.ts';
import type { MetricJson } from '../../shared/domain/catalogue/schema.ts';
import { refusalOf } from '../support/refusal.ts';

const METRICS = new Map<string, MetricJson>(
  [
    { metric_name: 'calls', aggregation: 'sum' as const },
    { metric_name: 'users', aggregation: 'unique_count' as const, value_property: 'user' },
    { metric_name: 'gpu', aggregation: 'sum' as const, dimensions: ['region', 'size'] },
    { metric_name: 'gpu.trial', aggregation: 'sum' as const },
    { metric_name: 'calls_by_bytes', aggregation: 'sum' as const, event_type: 'calls' },
  ].map((metric) => [metric.metric_name, metric]),
);
const FEE = { item_id: 'base', model: { type: 'flat', amount: '31' } };
const CALLS = { metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.1' } };
const written = (more: object = {}) => ({
  plan_id: 'pro',
  name: 'Pro',
  currency: 'EUR',
  interval: { unit: 'month', count: 1 },
  ...more,
});
const plan = (more: object) => parsePlan(written(more), METRICS);
const refused = (more: object): string => {
  const refusal = refusalOf(() => plan(more));
  return refusal === undefined ? 'taken' : `${refusal.code} ${refusal.param ?? ''}`.trim();
};
const matrix = (...matches: readonly object[]) => ({
  usage: [
    {
      metric_name: 'gpu',
      matrix: {
        cells: matches.map((match, i) => ({ cell_id: `c${i}`, match, model: { type: 'per_unit', unit_amount: '1' } })),
      },
    },
  ],
});

describe('a plan', () => {
  it('is one document however it was written: what is left out is filled in, 31.00 is 31', () => {
    const brief = plan({ fees: [FEE], usage: [CALLS] });
    const full = plan({
      kind: 'plan',
      anchor: 'anniversary',
      timing: 'advance',
      proration: 'second',
      trial_days: 0,
      fees: [{ ...FEE, quantity: 'fixed', model: { amount: '31.00', type: 'flat' } }],
      usage: [{ ...CALLS, model: { type: 'per_unit', unit_amount: '0.100' } }],
      limits: [],
      features: {},
      addons: [],
      metadata: {},
    });
    assert.deepEqual(brief, full);
    assert.equal(planDigest(brief), planDigest(full));
    assert.deepEqual(parsePlan(brief, METRICS), brief);
  });

  it('is another document as soon as one price differs', () => {
    const dearer = plan({ fees: [{ ...FEE, model: { type: 'flat', amount: '31.01' } }] });
    assert.notEqual(planDigest(dearer), planDigest(plan({ fees: [FEE] })));
  });

  it('has dates, limits and numbers in one form', () => {
    const { effective_from, limits, commitment } = plan({
      effective_from: '2026-05-01T00:00:00+02:00',
      usage: [CALLS],
      limits: [{ limit_id: 'free', metric_name: 'calls', period: 'monthly', quantity: '1000.0', action: 'block' }],
      commitment: { amount: '100.50', covers: ['calls'] },
    });
    assert.equal(effective_from, '2026-04-30T22:00:00.000000Z');
    assert.equal(limits?.[0]?.quantity, '1000');
    assert.deepEqual(commitment, { amount: '100.5', covers: ['calls'] });
  });

  // What a catalogue takes, it bills: a value that makes no sense is refused when it is written.
  const fee = (amount: unknown) => ({ fees: [{ item_id: 'base', model: { type: 'flat', amount } }] });
  for (const [says, more, answer] of [
    ['a price below zero', fee('-1'), 'invalid_catalogue fees.0.model.amount'],
    ['a price that is no number', fee('NaN'), 'invalid_catalogue fees.0.model.amount'],
    ['a price that never ends', fee('Infinity'), 'invalid_catalogue fees.0.model.amount'],
    ['a price as a float', fee(31), 'invalid_catalogue fees.0.model.amount'],
    ['a price of 21 digits', fee('100000000000000000000'), 'invalid_catalogue fees.0.model.amount'],
    ['a price of 13 places', fee('0.0000000000001'), 'invalid_catalogue fees.0.model.amount'],
    ['a commitment below zero', { commitment: { amount: '-1' } }, 'invalid_catalogue commitment.amount'],
    [
      'a limit below zero',
      {
        usage: [CALLS],
        limits: [{ limit_id: 'l', metric_name: 'calls', period: 'daily', quantity: '-1', action: 'block' }],
      },
      'invalid_catalogue limits.0.quantity',
    ],
    [
      'tiers out of order, with their place in the plan',
      {
        usage: [
          CALLS,
          {
            metric_name: 'users',
            model: {
              type: 'graduated',
              tiers: [
                { up_to: '10', unit_amount: '1' },
                { up_to: '10', unit_amount: '1' },
                { up_to: null, unit_amount: '1' },
              ],
            },
          },
        ],
      },
      'invalid_price usage.1.model.tiers.1.up_to',
    ],
    ['a currency nobody has', { currency: 'XXQ' }, 'invalid_currency currency'],
    ['a trial of less than nothing', { trial_days: -1 }, 'invalid_catalogue trial_days'],
    ['a period of no length', { interval: { unit: 'month', count: 0 } }, 'invalid_catalogue interval.count'],
    [
      'a percentage of heads',
      { usage: [{ metric_name: 'users', model: { type: 'percentage', rate: '0.1' } }] },
      'invalid_price model.type',
    ],
    [
      'a minimum as the price of usage',
      { usage: [{ metric_name: 'calls', model: { type: 'minimum', amount: '1' } }] },
      'invalid_price model.type',
    ],
    [
      'a percentage of a fee',
      { fees: [{ item_id: 'base', model: { type: 'percentage', rate: '0.1' } }] },
      'invalid_price fees.0.model',
    ],
    ['one fee twice', { fees: [FEE, FEE] }, 'invalid_catalogue fees'],
    ['one metric twice', { usage: [CALLS, CALLS] }, 'invalid_catalogue usage'],
    [
      'two metrics of the same events: each is billed once',
      { usage: [CALLS, { ...CALLS, metric_name: 'calls_by_bytes' }] },
      'invalid_catalogue usage',
    ],
    ['usage without a price', { usage: [{ metric_name: 'calls' }] }, 'invalid_catalogue usage.0'],
    ['a metric nobody knows', { usage: [{ ...CALLS, metric_name: 'x' }] }, 'invalid_catalogue usage.0.metric_name'],
    [
      'a commitment that covers what the plan does not price',
      { commitment: { amount: '1', covers: ['calls'] } },
      'invalid_catalogue commitment.covers',
    ],
    [
      'two prices that receipts would name alike: usage of gpu on trial and of the metric gpu.trial',
      {
        usage: [
          { ...CALLS, metric_name: 'gpu' },
          { ...CALLS, metric_name: 'gpu.trial' },
        ],
      },
      'invalid_catalogue usage',
    ],
    [
      'an id with a point: the prices of plan a.b could be called like those of plan a',
      { plan_id: 'a.b' },
      'invalid_catalogue plan_id',
    ],
    ['a date without a zone', { effective_from: '2026-05-01T00:00:00' }, 'invalid_instant effective_from'],
  ] as const) {
    it(`is refused with ${says}`, () => assert.equal(refused(more), answer));
  }
});

describe('the cells of a price matrix', () => {
  it('are taken where no event can fit two: one property, two values', () => {
    assert.equal(refused(matrix({ region: 'eu' }, { region: 'us' })), 'taken');
    assert.equal(refused(matrix({ region: 'eu', size: 'l' }, { region: 'eu', size: 's' }, { region: 'us' })), 'taken');
  });

  // getlago/lago-api#5861: a cell and one inside it both counted the same event.
  for (const [says, ...matches] of [
    ['a cell inside another', { region: 'eu' }, { region: 'eu', size: 'l' }],
    ['one inside another, the other way round', { region: 'eu', size: 'l' }, { region: 'eu' }],
    ['cells that meet in eu and l', { region: 'eu' }, { size: 'l' }],
    ['the same cell twice', { region: 'eu' }, { region: 'eu' }],
    ['the third over the first', { region: 'eu' }, { region: 'us' }, { region: 'eu', size: 's' }],
  ] as const) {
    const last = matches.length - 1;
    it(`are refused: ${says}`, () =>
      assert.equal(refused(matrix(...matches)), `invalid_catalogue usage.0.matrix.cells.${last}.match`));
  }

  it('law: are taken if and only if none of all possible events fits two of them', () => {
    const some = (...values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const match = fc
      .record({ region: some('eu', 'us'), size: some('s', 'l') })
      .map((asked) => JSON.parse(JSON.stringify(asked)) as Record<string, string>)
      .filter((asked) => Object.keys(asked).length > 0);
    const possible = ['eu', 'us', undefined].flatMap((region) =>
      ['s', 'l', undefined].map((size) => ({ region, size })),
    );
    fc.assert(
      fc.property(fc.array(match, { minLength: 1, maxLength: 5 }), (cells) => {
        const fitting = possible.map(
          (event) =>
            cells.filter((cell) => Object.entries(cell).every(([name, value]) => event[name as 'region'] === value))
              .length,
        );
        assert.equal(refused(matrix(...cells)) === 'taken', Math.max(...fitting) <= 1);
      }),
      { numRuns: 500 },
    );
  });

  it('look at dimensions of the metric only', () => {
    assert.equal(refused(matrix({ colour: 'red' })), 'invalid_catalogue usage.0.matrix.cells.0.match');
  });
});
