import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseAccount, priceAt } from '../../shared/domain/account/account.ts';
import { formatAmount, formatQuantity, parseChange, parseQuantity } from '../../shared/domain/decimals.ts';
import { parsePriceDocument } from '../../shared/domain/pricing/document.ts';
import { chargeFor, priceOf } from '../../shared/domain/pricing/price.ts';
import type { PriceModelJson } from '../../shared/domain/pricing/schema.ts';
import { parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import { type Instant, parseInstant } from '../../shared/domain/time.ts';
import { parseUsageEvent } from '../../shared/domain/usage/event.ts';
import { advance, EMPTY_AGGREGATE, weightedPart } from '../../shared/domain/usage/meter.ts';
import { acceptanceWindow, meterUsage } from '../../shared/domain/usage/metering.ts';
import { refusalOf } from '../support/refusal.ts';

const at = (text: string): Instant => parseInstant(text, 'test');
const MARCH = { start: at('2026-03-01T00:00:00Z'), end: at('2026-04-01T00:00:00Z') };
const document = (model: PriceModelJson, more: object = {}) => ({
  price_id: 'p',
  version: '1',
  currency: 'EUR',
  model,
  ...more,
});
const costOf = (model: PriceModelJson, units: string): string => {
  const price = parsePriceDocument(document(model));
  assert.ok(price.model.type !== 'percentage' && price.model.type !== 'minimum');
  return formatAmount(priceOf(price as Parameters<typeof priceOf>[0], parseQuantity(units)));
};

describe('a commitment with discount: 1,000 units at 0.08, what is beyond at 0.10', () => {
  const model = {
    type: 'commitment',
    committed_units: '1000',
    committed_unit_amount: '0.08',
    unit_amount: '0.1',
  } as const;
  for (const [units, cost, says] of [
    ['0', '0', 'nothing is due for what is not used'],
    ['400', '32', '400 x 0.08'],
    ['1000', '80', 'the last committed unit: 1,000 x 0.08'],
    ['1000.5', '80.05', 'half a unit beyond: 80 + 0.5 x 0.10'],
    ['1500', '130', '80 + 500 x 0.10'],
  ] as const) {
    it(`${units} units cost ${cost}: ${says}`, () => assert.equal(costOf(model, units), cost));
  }

  it('may say what the rate is lower by: 20 % off 0.10 is 0.08, the same price to the byte', () => {
    const { committed_unit_amount: _, ...rest } = model;
    const discounted = { ...rest, discount_rate: '0.2' };
    assert.equal(parsePriceVersion(document(discounted)).digest, parsePriceVersion(document(model)).digest);
    assert.equal(costOf(discounted, '1500'), '130');
    assert.equal(costOf({ ...rest, discount_rate: '1' }, '1500'), '50');
    assert.equal(costOf({ ...rest, discount_rate: '0' }, '1500'), '150');
  });

  it('rounds a discounted rate once, half away from zero: 0.000000000001 less half is 0.000000000001, less 0.6 nothing', () => {
    const tiny = { type: 'commitment', committed_units: '1', unit_amount: '0.000000000001' } as const;
    // 10^-12 x 0.5 = 0.5 x 10^-12, the half goes up; 10^-12 x 0.4 = 0.4 x 10^-12 goes down.
    assert.equal(costOf({ ...tiny, discount_rate: '0.5' }, '1'), '0.000000000001');
    assert.equal(costOf({ ...tiny, discount_rate: '0.6' }, '1'), '0');
  });

  it('has one rate, which is not above the list price nor below nothing', () => {
    const { committed_unit_amount: _, ...rest } = model;
    const paramOf = (more: object) => refusalOf(() => parsePriceDocument(document({ ...rest, ...more })));
    for (const [more, param] of [
      [{ committed_unit_amount: '0.11' }, 'model.committed_unit_amount'],
      [{ discount_rate: '1.1' }, 'model.discount_rate'],
      [{}, 'model.committed_unit_amount'],
      [{ committed_unit_amount: '0.08', discount_rate: '0.2' }, 'model.committed_unit_amount'],
    ] as const) {
      assert.deepEqual(paramOf(more), { code: 'invalid_price', param });
    }
  });
});

describe('a minimum', () => {
  const minimum = document({ type: 'minimum', amount: '100', covers: ['storage', 'calls'] });

  it('names the meters it covers in one order, whoever wrote them', () => {
    const other = document({ type: 'minimum', amount: '100.00', covers: ['calls', 'storage'] });
    assert.equal(parsePriceVersion(minimum).digest, parsePriceVersion(other).digest);
  });

  it('is no price of usage', () => {
    const meters = [
      { metric_name: 'calls', aggregation: 'count', prices: [{ effective_from: MARCH.start, document: minimum }] },
    ];
    const account = {
      organization_id: 'acme',
      zone: 'UTC',
      currency: 'EUR',
      subscriptions: [
        {
          subscription_id: 'main',
          started_at: MARCH.start,
          calendar: { unit: 'month', count: 1, anchor: MARCH.start },
          meters,
        },
      ],
    };
    assert.equal(refusalOf(() => parseAccount(account))?.code, 'invalid_price');
  });
});

describe('the tax category of a price', () => {
  it('is part of what the price is, and standard where nothing is said', () => {
    const model = { type: 'flat', amount: '1' } as const;
    const digestOf = (more: object): string => parsePriceVersion(document(model, more)).digest;
    assert.equal(digestOf({}), digestOf({ tax_category: 'standard' }));
    assert.notEqual(digestOf({}), digestOf({ tax_category: 'reduced' }));
    assert.equal(refusalOf(() => digestOf({ tax_category: 'Reduced rate' }))?.code, 'invalid_price');
  });
});

describe('a weighted sum', () => {
  const part = (change: string, when: string): string =>
    formatQuantity(weightedPart(parseChange(change), at(when), MARCH));
  const levelOf = (changes: readonly (readonly [string, string])[]): string =>
    formatQuantity(
      changes.reduce((aggregate, [change, when]) => {
        const quantity = weightedPart(parseChange(change), at(when), MARCH);
        return advance('weighted_sum', aggregate, { quantity, occurredAt: when, isNewValue: false });
      }, EMPTY_AGGREGATE).value,
    );

  it('of 10 GB for all of March is 10; from noon on the 16th, half of the 31 days, it is 5', () => {
    assert.equal(part('10', '2026-03-01T00:00:00Z'), '10');
    assert.equal(part('10', '2026-03-16T12:00:00Z'), '5');
  });

  it('of 31 GB from the 1st, 31 more from the 11th (21 days), 62 less from the 31st (1 day): 31 + 21 - 2 = 50', () => {
    const changes = [
      ['31', '2026-03-01T00:00:00Z'],
      ['31', '2026-03-11T00:00:00Z'],
      ['-62', '2026-03-31T00:00:00Z'],
    ] as const;
    assert.equal(levelOf(changes), '50');
    assert.equal(levelOf([...changes].reverse()), '50');
  });

  it('rounds each change once, half away from zero: 1 for a day of 31 is 0.032258064516, and -1 the same below zero', () => {
    // 1 / 31 = 0.03225806451612...
    assert.equal(part('1', '2026-03-31T00:00:00Z'), '0.032258064516');
    assert.equal(part('-1', '2026-03-31T00:00:00Z'), '-0.032258064516');
  });

  it('costs nothing while changes that came out of order leave it below zero', () => {
    const price = parsePriceDocument(document({ type: 'per_unit', unit_amount: '2' }));
    const aggregate = (value: string) => ({ ...EMPTY_AGGREGATE, value: parseChange(value) });
    assert.equal(formatAmount(chargeFor(price, aggregate('0'), aggregate('-5'), parseChange('-5'))), '0');
    assert.equal(formatAmount(chargeFor(price, aggregate('-5'), aggregate('3'), parseChange('8'))), '6');
  });

  it('takes a minus, which no other metric does, and no -0', () => {
    assert.equal(formatQuantity(parseChange('-2.5')), '-2.5');
    for (const text of ['-0', '--1', '- 1', '-', '+1', '-1e3']) {
      assert.equal(refusalOf(() => parseChange(text))?.code, 'invalid_quantity', text);
    }
    assert.equal(refusalOf(() => parseQuantity('-2.5'))?.code, 'invalid_quantity');
  });

  it('law: an average of levels between 0 and 10 lies between 0 and 10', () => {
    const level = fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 31 * 86_400 - 1 }));
    fc.assert(
      fc.property(fc.uniqueArray(level, { selector: ([, second]) => second, maxLength: 20 }), (levels) => {
        let before = 0;
        let sum = 0n;
        for (const [value, second] of [...levels].sort(([, a], [, b]) => a - b)) {
          const when = new Date(Date.UTC(2026, 2, 1) + second * 1000).toISOString();
          sum += weightedPart(parseChange(String(value - before)), at(when), MARCH);
          before = value;
        }
        // Each of at most 20 roundings is off by at most half of 10^-12.
        assert.ok(sum >= -10n && sum <= 10n * 10n ** 12n + 10n, String(sum));
      }),
    );
  });
});

describe('a price matrix', () => {
  const cell = (match: object, amount: string, id: string) => ({
    match,
    document: document({ type: 'per_unit', unit_amount: amount }, { price_id: id }),
  });
  const account = parseAccount({
    organization_id: 'acme',
    zone: 'UTC',
    currency: 'EUR',
    subscriptions: [
      {
        subscription_id: 'main',
        started_at: '2026-03-01T00:00:00Z',
        calendar: { unit: 'month', count: 1, anchor: '2026-03-01T00:00:00Z' },
        meters: [
          {
            metric_name: 'gpu_hours',
            aggregation: 'sum',
            prices: [
              {
                effective_from: '2026-03-01T00:00:00Z',
                document: null,
                cells: [
                  cell({ region: 'eu', size: 'l' }, '2', 'gpu.eu-l'),
                  cell({ region: 'us', size: 'l' }, '3', 'gpu.us-l'),
                ],
              },
              { effective_from: '2026-03-20T00:00:00Z', document: null },
            ],
          },
        ],
      },
    ],
  });
  const meter = account.subscriptions[0]!.meters[0]!;
  const refOf = (properties: Record<string, string>, when = '2026-03-05T00:00:00Z'): string | undefined =>
    priceAt(meter, at(when), properties)?.ref;

  it('prices an event by the one cell that fits its properties', () => {
    assert.equal(refOf({ region: 'eu', size: 'l' }), 'gpu.eu-l@1');
    assert.equal(refOf({ region: 'us', size: 'l', note: 'x' }), 'gpu.us-l@1');
    assert.equal(refOf({ region: 'us' }), undefined);
  });

  it('refuses an event that no cell fits, and any after its price ended', () => {
    const send = (properties: object, timestamp: string) => {
      const event = { metric_name: 'gpu_hours', quantity: '1', timestamp, idempotency_key: 'k', properties };
      const window = acceptanceWindow(account, at('2026-03-25T00:00:00Z'));
      return refusalOf(() => meterUsage(account, parseUsageEvent(event, account.tenant), window))?.code;
    };
    assert.equal(send({ region: 'eu', size: 'l' }, '2026-03-05T00:00:00Z'), undefined);
    assert.equal(send({ region: 'eu', size: 's' }, '2026-03-05T00:00:00Z'), 'no_price_cell');
    assert.equal(send({ region: 'eu', size: 'l' }, '2026-03-20T00:00:00Z'), 'unknown_metric');
  });
});
