import assert from 'node:assert/strict';
import { type Meter, parseAccount, priceAt } from '../../shared/domain/account/account.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { refusalOf } from '../support/refusal.ts';
import { accountJson, meterJson, perUnit, subscriptionJson } from '../support/sample-account.ts';

const at = (text: string) => parseInstant(text, 'time');
const withMeters = (...meters: readonly unknown[]) =>
  accountJson({ subscriptions: [subscriptionJson('sub-1', meters)] });
const withSubscription = (more: Readonly<Record<string, unknown>>) =>
  accountJson({ subscriptions: [subscriptionJson('sub-1', [meterJson('m', 'sum')], more)] });
const withPrices = (...prices: readonly unknown[]) => withMeters(meterJson('m', 'sum', { prices }));
const price = (effective_from: string, document: unknown = perUnit('1', '0.01')) => ({ effective_from, document });
const withLimit = (more: Readonly<Record<string, unknown>>) =>
  accountJson({
    limits: [{ limit_id: 'l', metric_name: 'api.calls', period: 'daily', quantity: '5', action: 'block', ...more }],
  });
const withCalendar = (more: Readonly<Record<string, unknown>>) =>
  withSubscription({ calendar: { unit: 'month', count: 1, anchor: '2026-01-01T00:00:00Z', ...more } });
const without = (value: object, name: string): object =>
  Object.fromEntries(Object.entries(value).filter(([member]) => member !== name));
const answer = (value: unknown): string | undefined => {
  const refusal = refusalOf(() => parseAccount(value));
  return refusal && `${refusal.code} ${refusal.param ?? ''}`.trim();
};

describe('an account', () => {
  it('is read with 35 days of lateness, an hour of grace and no limits unless it says otherwise', () => {
    const { tenant, zone, currency, latenessDays, graceMinutes, limits } = parseAccount(accountJson());
    assert.deepEqual(
      { tenant, zone, currency, latenessDays, graceMinutes, limits },
      { tenant: 'acme', zone: 'Europe/Berlin', currency: 'EUR', latenessDays: 35, graceMinutes: 60, limits: [] },
    );
    const own = parseAccount(accountJson({ lateness_days: 7, grace_minutes: 0 }));
    assert.deepEqual([own.latenessDays, own.graceMinutes], [7, 0]);
  });

  it('counts its periods in its own zone, from an anchor in UTC', () => {
    const [subscription] = parseAccount(
      withCalendar({ unit: 'year', count: 2, anchor: '2026-01-31T01:00:00+01:00' }),
    ).subscriptions;
    assert.deepEqual(subscription?.calendar, {
      unit: 'year',
      count: 2,
      anchor: '2026-01-31T00:00:00.000000Z',
      zone: 'Europe/Berlin',
    });
  });

  it('reads the property "quantity" of events named like the meter, and zero for peaks and levels only', () => {
    const meters = ['count', 'sum', 'max', 'last'].map((aggregation) => meterJson(aggregation, aggregation));
    const unique = meterJson('users', 'unique_count', { value_property: 'user', event_type: 'com.example.login' });
    const [subscription] = parseAccount(withMeters(...meters, unique)).subscriptions;
    assert.deepEqual(
      subscription?.meters.map(({ name, eventType, valueProperty, allowZero }) => [
        name,
        eventType,
        valueProperty,
        allowZero,
      ]),
      [
        ['count', 'count', 'quantity', false],
        ['sum', 'sum', 'quantity', false],
        ['max', 'max', 'quantity', true],
        ['last', 'last', 'quantity', true],
        ['users', 'com.example.login', 'user', false],
      ],
    );
  });

  it('has its limits with exact quantities', () => {
    const [limit] = parseAccount(withLimit({ quantity: '0.1' })).limits;
    assert.deepEqual(limit, {
      id: 'l',
      metric: 'api.calls',
      period: 'daily',
      quantity: 100_000_000_000n,
      action: 'block',
    });
  });

  it('may be as large as its form says', () => {
    const many = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
    const priced = (count: number) =>
      withPrices(
        ...many(count, (at) => price(new Date(Date.UTC(2026, 0, 1 + at)).toISOString(), perUnit(`${at + 1}`, '0.01'))),
      );
    const metered = (count: number) => withMeters(...many(count, (at) => meterJson(`m${at}`, 'sum')));
    const subscribed = (count: number) =>
      accountJson({ subscriptions: many(count, (at) => subscriptionJson(`s${at}`, [meterJson('m', 'sum')])) });
    const limited = (count: number) =>
      accountJson({
        limits: many(count, (at) => ({
          limit_id: `l${at}`,
          metric_name: 'api.calls',
          period: 'total',
          quantity: '5',
          action: 'notify',
        })),
      });
    for (const [fits, tooLarge, param] of [
      [priced(1000), priced(1001), 'subscriptions.0.meters.0.prices'],
      [metered(200), metered(201), 'subscriptions.0.meters'],
      [subscribed(100), subscribed(101), 'subscriptions'],
      [limited(100), limited(101), 'limits'],
      [accountJson({ lateness_days: 1 }), accountJson({ lateness_days: 0 }), 'lateness_days'],
      [accountJson({ lateness_days: 365 }), accountJson({ lateness_days: 366 }), 'lateness_days'],
      [accountJson({ grace_minutes: 44_640 }), accountJson({ grace_minutes: 44_641 }), 'grace_minutes'],
      [withCalendar({ count: 366 }), withCalendar({ count: 367 }), 'subscriptions.0.calendar.count'],
      [withLimit({ limit_id: 'l'.repeat(64) }), withLimit({ limit_id: 'l'.repeat(65) }), 'limits.0.limit_id'],
      [
        withMeters(
          meterJson('m', 'sum', { value_property: 'p'.repeat(63) }),
          meterJson('n', 'sum', { value_property: 'p' }),
        ),
        withMeters(meterJson('m', 'sum', { value_property: 'p'.repeat(64) })),
        'subscriptions.0.meters.0.value_property',
      ],
      [
        withMeters(meterJson('m', 'sum', { event_type: 'e'.repeat(255) })),
        withMeters(meterJson('m', 'sum', { event_type: 'e'.repeat(256) })),
        'subscriptions.0.meters.0.event_type',
      ],
    ] as const) {
      assert.equal(answer(fits), undefined, param);
      assert.equal(answer(tooLarge), `invalid_catalogue ${param}`);
    }
  });

  describe('is refused', () => {
    for (const [says, value, expected] of [
      ['as no document', null, 'invalid_catalogue'],
      ['as a list', [accountJson()], 'invalid_catalogue'],
      ['without an organization', without(accountJson(), 'organization_id'), 'invalid_catalogue'],
      ['with a field nobody knows', accountJson({ plan: 'gold' }), 'invalid_catalogue'],
      ['with an organization in capitals', accountJson({ organization_id: 'ACME' }), 'invalid_id organization_id'],
      [
        'with an organization that is a path',
        accountJson({ organization_id: '../acme' }),
        'invalid_id organization_id',
      ],
      ['in a zone that is an offset', accountJson({ zone: '+01:00' }), 'invalid_catalogue zone'],
      ['in a zone that does not exist', accountJson({ zone: 'Europe/Atlantis' }), 'invalid_catalogue zone'],
      ['in a currency nobody bills in', accountJson({ currency: 'XXX' }), 'invalid_currency currency'],
      ['with no days of lateness', accountJson({ lateness_days: 0 }), 'invalid_catalogue lateness_days'],
      ['with more than a year of lateness', accountJson({ lateness_days: 366 }), 'invalid_catalogue lateness_days'],
      ['with half a day of lateness', accountJson({ lateness_days: 1.5 }), 'invalid_catalogue lateness_days'],
      ['with lateness in a text', accountJson({ lateness_days: '35' }), 'invalid_catalogue lateness_days'],
      ['with negative grace', accountJson({ grace_minutes: -1 }), 'invalid_catalogue grace_minutes'],
      ['with more than 31 days of grace', accountJson({ grace_minutes: 44_641 }), 'invalid_catalogue grace_minutes'],
      [
        'with two subscriptions of one name',
        accountJson({
          subscriptions: [
            subscriptionJson('s', [meterJson('m', 'sum')]),
            subscriptionJson('s', [meterJson('m', 'sum')]),
          ],
        }),
        'invalid_catalogue subscriptions',
      ],
      [
        'with a subscription that has a bad name',
        withSubscription({ subscription_id: 'Sub' }),
        'invalid_id subscriptions.0.subscription_id',
      ],
      [
        'with a subscription from 30 February',
        withSubscription({ started_at: '2026-02-30T00:00:00Z' }),
        'invalid_instant subscriptions.0.started_at',
      ],
      ['with a calendar of hours', withCalendar({ unit: 'hour' }), 'invalid_catalogue subscriptions.0.calendar.unit'],
      ['with a calendar of 0 months', withCalendar({ count: 0 }), 'invalid_catalogue subscriptions.0.calendar.count'],
      [
        'with a calendar of 367 days',
        withCalendar({ unit: 'day', count: 367 }),
        'invalid_catalogue subscriptions.0.calendar.count',
      ],
      [
        'with an anchor without a zone',
        withCalendar({ anchor: '2026-01-31T00:00:00' }),
        'invalid_instant subscriptions.0.calendar.anchor',
      ],
      [
        'with a zone of its own in a calendar',
        withCalendar({ zone: 'UTC' }),
        'invalid_catalogue subscriptions.0.calendar',
      ],
      [
        'with a field nobody knows in a subscription',
        withSubscription({ status: 'active' }),
        'invalid_catalogue subscriptions.0',
      ],
      [
        'with a field nobody knows in a meter',
        withMeters(meterJson('m', 'sum', { unit: 'GB' })),
        'invalid_catalogue subscriptions.0.meters.0',
      ],
      [
        'with a field nobody knows in a dated price',
        withPrices({ ...price('2026-01-01T00:00:00Z'), until: '' }),
        'invalid_catalogue subscriptions.0.meters.0.prices.0',
      ],
      ['with a field nobody knows in a limit', withLimit({ reset: true }), 'invalid_catalogue limits.0'],
      [
        'with a meter that has a bad name',
        withMeters(meterJson('a b', 'sum')),
        'invalid_id subscriptions.0.meters.0.metric_name',
      ],
      [
        'with two meters of one name',
        withMeters(meterJson('m', 'sum'), meterJson('m', 'max', { event_type: 'e' })),
        'invalid_catalogue subscriptions.0.meters',
      ],
      [
        'with two meters that read one event type',
        withMeters(meterJson('a', 'sum'), meterJson('b', 'sum', { event_type: 'a' })),
        'invalid_catalogue subscriptions.0.meters.event_type',
      ],
      [
        'with an aggregation nobody knows',
        withMeters(meterJson('m', 'avg')),
        'invalid_catalogue subscriptions.0.meters.0.aggregation',
      ],
      [
        'with a unique count of nothing',
        withMeters(meterJson('m', 'unique_count')),
        'invalid_catalogue subscriptions.0.meters.0.value_property',
      ],
      [
        'with a value property that is no name',
        withMeters(meterJson('m', 'sum', { value_property: '__proto__' })),
        'invalid_catalogue subscriptions.0.meters.0.value_property',
      ],
      ['without a price', withPrices(), 'invalid_catalogue subscriptions.0.meters.0.prices'],
      [
        'with a price from no day',
        withPrices(price('2026-13-01T00:00:00Z')),
        'invalid_instant subscriptions.0.meters.0.prices.0.effective_from',
      ],
      [
        'with a price in another currency',
        withPrices(price('2026-01-01T00:00:00Z', perUnit('1', '0.01', 'calls', 'USD'))),
        'currency_mismatch subscriptions.0.meters.0.prices.0',
      ],
      [
        'with a price that is a number',
        withPrices(
          price('2026-01-01T00:00:00Z', { ...perUnit('1', ''), model: { type: 'per_unit', unit_amount: 0.01 } }),
        ),
        'invalid_price model.unit_amount',
      ],
      [
        'with a negative price',
        withPrices(price('2026-01-01T00:00:00Z', perUnit('1', '-0.01'))),
        'invalid_price model.unit_amount',
      ],
      ['with a price document that is none', withPrices(price('2026-01-01T00:00:00Z', {})), 'invalid_price price_id'],
      [
        'with two prices from one instant, however it is written',
        withPrices(price('2026-01-01T00:00:00Z'), price('2026-01-01T01:00:00+01:00', perUnit('2', '0.02'))),
        'invalid_catalogue subscriptions.0.meters.0.prices.effective_from',
      ],
      [
        'with a percentage of a maximum',
        withMeters(
          meterJson('m', 'max', {
            prices: [
              price('2026-01-01T00:00:00Z', { ...perUnit('1', ''), model: { type: 'percentage', rate: '0.029' } }),
            ],
          }),
        ),
        'invalid_price model.type',
      ],
      [
        'with one price version that says two things',
        withPrices(
          price('2026-01-01T00:00:00Z', perUnit('1', '0.01')),
          price('2026-02-01T00:00:00Z', perUnit('1', '0.02')),
        ),
        'invalid_catalogue subscriptions',
      ],
      ['with a limit without a name', withLimit({ limit_id: '' }), 'invalid_catalogue limits.0.limit_id'],
      ['with a limit that is a path', withLimit({ limit_id: 'a/b' }), 'invalid_catalogue limits.0.limit_id'],
      ['with a limit on a bad name', withLimit({ metric_name: 'a b' }), 'invalid_id limits.0.metric_name'],
      [
        'with a limit on what nothing measures',
        withLimit({ metric_name: 'api.call' }),
        'invalid_catalogue limits.0.metric_name',
      ],
      ['with a limit per hour', withLimit({ period: 'hourly' }), 'invalid_catalogue limits.0.period'],
      ['with a limit of -1', withLimit({ quantity: '-1' }), 'invalid_quantity limits.0.quantity'],
      ['with a limit that is a number', withLimit({ quantity: 5 }), 'invalid_catalogue limits.0.quantity'],
      ['with a limit that does what nobody knows', withLimit({ action: 'shout' }), 'invalid_catalogue limits.0.action'],
      [
        'with two limits of one name',
        accountJson({
          limits: ['daily', 'monthly'].map((period) => ({
            limit_id: 'l',
            metric_name: 'api.calls',
            period,
            quantity: '5',
            action: 'block',
          })),
        }),
        'invalid_catalogue limits',
      ],
    ] as const) {
      it(`${says}: ${expected}`, () => assert.equal(answer(value), expected));
    }
  });

  it('may have no subscription yet, and a subscription of fees alone no meter', () => {
    assert.equal(answer(accountJson({ subscriptions: [] })), undefined);
    assert.equal(answer(withMeters()), undefined);
  });

  it('may say one price version twice where it says the same thing', () => {
    assert.equal(answer(withMeters(meterJson('a', 'sum'), meterJson('b', 'sum'))), undefined);
    // Written another way it is the same document: 0.010 is 0.01.
    const same = [
      price('2026-01-01T00:00:00Z', perUnit('1', '0.01')),
      price('2026-02-01T00:00:00Z', perUnit('1', '0.010')),
    ];
    assert.equal(answer(withPrices(...same)), undefined);
  });
});

describe('the price of a meter', () => {
  // Out of order on purpose.
  const [subscription] = parseAccount(
    withPrices(
      price('2026-03-01T00:00:00Z', perUnit('3', '0.03')),
      price('2026-01-01T00:00:00Z', perUnit('1', '0.01')),
      price('2026-02-01T01:00:00+01:00', perUnit('2', '0.02')),
    ),
  ).subscriptions;
  const meter = subscription?.meters[0] as Meter;

  for (const [time, ref] of [
    ['2025-12-31T23:59:59.999999Z', undefined],
    ['2026-01-01T00:00:00Z', 'calls@1'],
    ['2026-01-31T23:59:59.999999Z', 'calls@1'],
    ['2026-02-01T00:00:00Z', 'calls@2'],
    ['2026-02-28T23:59:59.999999Z', 'calls@2'],
    ['2026-03-01T00:00:00Z', 'calls@3'],
    ['9999-12-31T23:59:59.999999Z', 'calls@3'],
  ] as const) {
    it(`at ${time} is ${ref ?? 'none'}`, () => assert.equal(priceAt(meter, at(time))?.ref, ref));
  }
});
