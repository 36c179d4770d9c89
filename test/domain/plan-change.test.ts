import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Meter, parseAccount, priceAt } from '../../shared/domain/account/account.ts';
import { changeSubscription } from '../../shared/domain/catalogue/change.ts';
import { beginSubscription, type Choice, type OwnPrice, ownKey } from '../../shared/domain/catalogue/compile.ts';
import { reprice } from '../../shared/domain/catalogue/own-price.ts';
import { type PlanVersion, parsePlan } from '../../shared/domain/catalogue/plan.ts';
import type { MetricJson } from '../../shared/domain/catalogue/schema.ts';
import type { SubscriptionJson } from '../../shared/domain/subscription/lifecycle.ts';
import { type Instant, parseInstant } from '../../shared/domain/time.ts';
import { refusalOf } from '../support/refusal.ts';

const METRICS = new Map<string, MetricJson>(
  ['calls', 'storage', 'gpu'].map((metric_name) => [
    metric_name,
    { metric_name, aggregation: 'sum' as const, dimensions: ['region'] },
  ]),
);
const at = (text: string): Instant => parseInstant(text, 'test');
const START = at('2026-03-01T00:00:00Z');
const MID = at('2026-03-17T00:00:00Z');
const LATE = at('2026-03-25T00:00:00Z');
const perUnit = (unit_amount: string) => ({ type: 'per_unit', unit_amount });
const plan = (plan_id: string, version: number, more: object): PlanVersion => ({
  planId: plan_id,
  version,
  plan: parsePlan({ plan_id, name: plan_id, currency: 'EUR', interval: { unit: 'month', count: 1 }, ...more }, METRICS),
});
const choice = (chosen: PlanVersion, more: Partial<Choice> = {}): Choice => ({
  plan: chosen,
  addons: [],
  quantity: '1',
  metrics: METRICS,
  own: new Map(),
  ...more,
});
const begin = (chosen: Choice, trialEndsAt?: Instant): SubscriptionJson =>
  beginSubscription(chosen, { subscriptionId: 'main', startedAt: START, trialEndsAt, zone: 'UTC' });

const read = (json: SubscriptionJson) =>
  parseAccount({ organization_id: 'acme', zone: 'UTC', currency: 'EUR', subscriptions: [json] }).subscriptions[0]!;
const meterOf = (json: SubscriptionJson, name: string): Meter => read(json).meters.find((one) => one.name === name)!;
const refAt = (json: SubscriptionJson, name: string, when: Instant, region?: string): string | undefined =>
  priceAt(meterOf(json, name), when, region === undefined ? {} : { region })?.ref;
/** An item's phases, as `day-of-March quantity price`. */
const phasesOf = (json: SubscriptionJson, id: string): string[] =>
  read(json)
    .items.find((item) => item.id === id)!
    .phases.map(({ from, quantity, price }) => `${from.slice(8, 10)} ${quantity / 10n ** 12n} ${price?.ref ?? '-'}`);

const FEES = [
  { item_id: 'base', model: { type: 'flat', amount: '31' } },
  { item_id: 'seats', model: perUnit('6.2'), quantity: 'seats' },
];
const USAGE = [
  { metric_name: 'calls', model: perUnit('0.1') },
  {
    metric_name: 'gpu',
    matrix: {
      cells: [
        { cell_id: 'eu', match: { region: 'eu' }, model: perUnit('2') },
        { cell_id: 'us', match: { region: 'us' }, model: perUnit('3') },
      ],
      otherwise: perUnit('4'),
    },
  },
];
const PRO = plan('pro', 1, { fees: FEES, usage: USAGE });
const MAX = plan('max', 1, {
  fees: [{ item_id: 'base', model: { type: 'flat', amount: '62' } }],
  usage: [
    { metric_name: 'calls', model: perUnit('0.05') },
    { metric_name: 'storage', model: perUnit('0.2') },
  ],
  features: { sso: true },
});

describe('a subscription made from a plan', () => {
  it('has a price document per part, called after plan, part and version', () => {
    const json = begin(choice(PRO, { quantity: '5' }));
    assert.equal(refAt(json, 'calls', START), 'pro.calls@1');
    assert.deepEqual(
      ['eu', 'us', 'apac'].map((region) => refAt(json, 'gpu', START, region)),
      ['pro.gpu.eu@1', 'pro.gpu.us@1', 'pro.gpu.other@1'],
    );
    assert.deepEqual(phasesOf(json, 'base'), ['01 1 pro.fee.base@1']);
    assert.deepEqual(phasesOf(json, 'seats'), ['01 5 pro.fee.seats@1']);
  });

  it('on trial is free until the trial ends, and no item has a phase before', () => {
    const json = begin(choice(PRO), MID);
    assert.equal(refAt(json, 'gpu', START, 'eu'), 'pro.gpu.trial@1');
    assert.equal(refAt(json, 'gpu', MID, 'eu'), 'pro.gpu.eu@1');
    assert.deepEqual(phasesOf(json, 'base'), ['17 1 pro.fee.base@1']);
  });

  it('keeps names apart and within 64 characters, however long the ids of plan, add-on and item are', () => {
    const long = 'x'.repeat(47);
    const fees = [1, 2].map((n) => ({ item_id: `${long}${n}`, model: { type: 'flat', amount: '1' } }));
    const addon = plan(`${long}a`, 1, { kind: 'addon', fees });
    const json = begin(choice(plan(`${long}b`, 1, { fees }), { addons: [addon] }));
    const items = read(json).items;
    assert.equal(new Set(items.map(({ id }) => id)).size, 4);
    assert.equal(new Set(items.map(({ phases }) => phases[0]!.price!.ref)).size, 4);
  });

  it('takes no add-on of another interval: 10 a month are not 10 a year', () => {
    const yearly = plan('extra', 1, { kind: 'addon', interval: { unit: 'year', count: 1 } });
    assert.equal(refusalOf(() => begin(choice(PRO, { addons: [yearly] })))?.code, 'interval_differs');
  });
});

describe('a change of plan', () => {
  it('prices from its instant what the new plan has, and nothing that it lacks', () => {
    const json = changeSubscription(begin(choice(PRO, { quantity: '5' })), choice(MAX), MID);
    assert.equal(refAt(json, 'calls', at('2026-03-16T23:59:59.999999Z')), 'pro.calls@1');
    assert.equal(refAt(json, 'calls', MID), 'max.calls@1');
    assert.equal(refAt(json, 'storage', START), undefined);
    assert.equal(refAt(json, 'storage', MID), 'max.storage@1');
    assert.equal(refAt(json, 'gpu', MID, 'eu'), undefined);
    assert.deepEqual(phasesOf(json, 'base'), ['01 1 pro.fee.base@1', '17 1 max.fee.base@1']);
    assert.deepEqual(phasesOf(json, 'seats'), ['01 5 pro.fee.seats@1', '17 0 -']);
  });

  it('to a version that costs the same changes no price: usage goes on being counted', () => {
    const dearer = [{ ...FEES[0]!, model: { type: 'flat', amount: '40' } }, FEES[1]!];
    const json = changeSubscription(begin(choice(PRO)), choice(plan('pro', 2, { fees: dearer, usage: USAGE })), MID);
    assert.equal(meterOf(json, 'calls').prices.length, 1);
    assert.equal(meterOf(json, 'gpu').prices.length, 1);
    assert.deepEqual(phasesOf(json, 'base'), ['01 1 pro.fee.base@1', '17 1 pro.fee.base@2']);
    assert.deepEqual(phasesOf(json, 'seats'), ['01 1 pro.fee.seats@1']);
  });

  it('to a version with one other cell leaves the other cells as they are', () => {
    const [calls, gpu] = USAGE;
    const cells = gpu!.matrix!.cells.map((cell) => (cell.cell_id === 'us' ? { ...cell, model: perUnit('5') } : cell));
    const usage = [calls, { ...gpu, matrix: { ...gpu!.matrix, cells } }];
    const json = changeSubscription(begin(choice(PRO)), choice(plan('pro', 2, { fees: FEES, usage })), MID);
    assert.deepEqual(
      ['eu', 'us', 'apac'].map((region) => refAt(json, 'gpu', MID, region)),
      ['pro.gpu.eu@1', 'pro.gpu.us@2', 'pro.gpu.other@1'],
    );
  });

  it('in a trial leaves the trial alone: the new plan costs from its end, the new metrics are free until then', () => {
    const json = changeSubscription(begin(choice(PRO), MID), choice(MAX), at('2026-03-05T00:00:00Z'));
    assert.equal(refAt(json, 'calls', at('2026-03-16T00:00:00Z')), 'pro.calls.trial@1');
    assert.equal(refAt(json, 'storage', at('2026-03-16T00:00:00Z')), 'max.storage.trial@1');
    assert.equal(refAt(json, 'calls', MID), 'max.calls@1');
    assert.equal(refAt(json, 'storage', MID), 'max.storage@1');
    const charged = read(json).items.filter(({ phases }) => phases.some(({ from, price }) => price && from < MID));
    assert.deepEqual(charged, []);
    assert.deepEqual(json.entitlements?.at(-1)?.features, { sso: true });
  });

  it('to a plan that charges an item in arrears is an item beside it, and back again the first one', () => {
    const later = plan('later', 1, { timing: 'arrears', fees: [FEES[0]] });
    const there = changeSubscription(begin(choice(PRO)), choice(later), MID);
    assert.deepEqual(phasesOf(there, 'base'), ['01 1 pro.fee.base@1', '17 0 -']);
    assert.deepEqual(phasesOf(there, 'base.arrears-second'), ['17 1 later.fee.base@1']);
    const back = changeSubscription(there, choice(PRO), LATE);
    assert.deepEqual(phasesOf(back, 'base'), ['01 1 pro.fee.base@1', '17 0 -', '25 1 pro.fee.base@1']);
    assert.deepEqual(phasesOf(back, 'base.arrears-second'), ['17 1 later.fee.base@1', '25 0 -']);
  });

  it('drops what was planned for later', () => {
    const planned = changeSubscription(begin(choice(PRO)), choice(MAX), LATE);
    const stays = changeSubscription(planned, choice(PRO, { quantity: '2' }), MID);
    assert.equal(refAt(stays, 'calls', LATE), 'pro.calls@1');
    assert.deepEqual(
      stays.chosen?.map(({ from, quantity }) => `${from.slice(8, 10)} ${quantity}`),
      ['01 1', '17 2'],
    );
  });

  it('law: whatever is changed, prices before the last change never move, and the same choice again is no change', () => {
    const choices = [
      choice(PRO),
      choice(MAX),
      choice(PRO, { quantity: '3' }),
      choice(plan('pro', 2, { usage: USAGE })),
    ];
    const steps = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 2, max: 28 })), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(steps, (drawn) => {
        const days = [...drawn].sort(([, a], [, b]) => a - b);
        let json = begin(choices[0]!);
        for (const [pick, day] of days) {
          const instant = at(`2026-03-${String(day).padStart(2, '0')}T00:00:00Z`);
          const before = json;
          json = changeSubscription(json, choices[pick]!, instant);
          for (const { metric_name, prices } of before.meters) {
            const now = json.meters.find((meter) => meter.metric_name === metric_name)!.prices;
            const past = prices.filter(({ effective_from }) => effective_from < instant);
            assert.deepEqual(now.slice(0, past.length), past);
          }
          const again = changeSubscription(json, choices[pick]!, instant);
          assert.deepEqual([again.meters, again.items, again.commitments], [json.meters, json.items, json.commitments]);
          read(json);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('an organization’s own price', () => {
  const own = (price_id: string, unit_amount: string, from: Instant): OwnPrice => ({
    from,
    document: { price_id, version: '1', currency: 'EUR', model: { type: 'per_unit', unit_amount } },
  });
  const cheap = own('acme.calls', '0.05', MID);
  const part = { planId: 'pro', part: 'calls', prices: [cheap] };

  it('that comes later is in force from then on, whatever is chosen before', () => {
    const json = begin(choice(PRO, { own: new Map([[ownKey('pro', 'calls'), [cheap]]]) }));
    assert.equal(refAt(json, 'calls', at('2026-03-16T00:00:00Z')), 'pro.calls@1');
    assert.equal(refAt(json, 'calls', MID), 'acme.calls@1');
  });

  it('takes the place of the plan’s in a running subscription, from its instant on', () => {
    const json = reprice(begin(choice(PRO)), part, MID);
    assert.equal(refAt(json, 'calls', at('2026-03-16T00:00:00Z')), 'pro.calls@1');
    assert.equal(refAt(json, 'calls', LATE), 'acme.calls@1');
    assert.equal(refAt(json, 'gpu', LATE, 'eu'), 'pro.gpu.eu@1');
  });

  it('ends where another plan is planned, and leaves another plan alone', () => {
    const planned = reprice(changeSubscription(begin(choice(PRO)), choice(MAX), LATE), part, MID);
    assert.equal(refAt(planned, 'calls', MID), 'acme.calls@1');
    assert.equal(refAt(planned, 'calls', LATE), 'max.calls@1');
    const other = begin(choice(MAX));
    assert.deepEqual(reprice(other, part, MID).meters, other.meters);
  });

  it('goes on through planned changes of the same plan', () => {
    const two = plan('pro', 2, { fees: FEES, usage: [{ metric_name: 'calls', model: perUnit('0.3') }] });
    const json = reprice(changeSubscription(begin(choice(PRO)), choice(two), LATE), part, MID);
    assert.equal(refAt(json, 'calls', LATE), 'acme.calls@1');
  });

  it('of a fee keeps the seats: 3 at 6.20, then 3 at 5.00', () => {
    const seats = { planId: 'pro', part: 'fee.seats', prices: [own('acme.seats', '5', MID)] };
    const json = reprice(begin(choice(PRO, { quantity: '3' })), seats, MID);
    assert.deepEqual(phasesOf(json, 'seats'), ['01 3 pro.fee.seats@1', '17 3 acme.seats@1']);
    assert.deepEqual(phasesOf(json, 'base'), ['01 1 pro.fee.base@1']);
  });

  it('waits for the end of a trial', () => {
    const json = reprice(begin(choice(PRO), LATE), part, MID);
    assert.equal(refAt(json, 'calls', MID), 'pro.calls.trial@1');
    assert.equal(refAt(json, 'calls', LATE), 'acme.calls@1');
  });
});
