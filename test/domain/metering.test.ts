import assert from 'node:assert/strict';
import type { Account } from '../../shared/domain/account/account.ts';
import { formatQuantity } from '../../shared/domain/decimals.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import type { UsageEvent } from '../../shared/domain/usage/event.ts';
import { limitsInForce } from '../../shared/domain/usage/limits.ts';
import { acceptanceWindow, billingPeriod, meterUsage } from '../../shared/domain/usage/metering.ts';
import { refusalOf } from '../support/refusal.ts';
import { accountWith, meterJson, subscriptionJson } from '../support/sample-account.ts';

const at = (text: string) => parseInstant(text, 'time');
const NOW = at('2026-03-15T12:00:00Z');
const event = (type: string, data: Readonly<Record<string, string>>, more: Partial<UsageEvent> = {}): UsageEvent => ({
  source: 'urn:a',
  key: 'k',
  type,
  subject: undefined,
  time: NOW,
  data,
  ...more,
});
const METERS = [
  meterJson('requests', 'count'),
  meterJson('bytes', 'sum', { value_property: 'bytes', event_type: 'com.example.transfer' }),
  meterJson('peak', 'max'),
  meterJson('level', 'last'),
  meterJson('users', 'unique_count', { value_property: 'user' }),
  meterJson('free-samples', 'sum', { allow_zero: true }),
  meterJson('odd', 'sum', { value_property: 'toString' }),
];
const account = accountWith(METERS);
const metered = (usage: UsageEvent, of: Account = account) => {
  const { subscription, meter, quantity, value } = meterUsage(of, usage, acceptanceWindow(of, NOW));
  return { subscription: subscription.id, meter: meter.name, quantity: formatQuantity(quantity), value };
};
const answer = (usage: UsageEvent, of: Account = account): string | undefined => {
  const refusal = refusalOf(() => metered(usage, of));
  return refusal && `${refusal.code} ${refusal.param ?? ''}`.trim();
};

describe('metering', () => {
  describe('measures', () => {
    for (const [says, type, data, meter, quantity, value] of [
      ['1 per event for a count', 'requests', {}, 'requests', '1', ''],
      ['1 per event for a count, whatever the quantity', 'requests', { quantity: '12.5' }, 'requests', '1', ''],
      [
        'the quantity for a sum, from the property the meter names',
        'com.example.transfer',
        { bytes: '0.5' },
        'bytes',
        '0.5',
        '',
      ],
      ['the quantity for a maximum', 'peak', { quantity: '7' }, 'peak', '7', ''],
      ['zero for a maximum', 'peak', { quantity: '0' }, 'peak', '0', ''],
      ['zero for the last value', 'level', { quantity: '0' }, 'level', '0', ''],
      ['zero for a sum that allows it', 'free-samples', { quantity: '0.0' }, 'free-samples', '0', ''],
      ['the value itself for a count of unique values', 'users', { user: 'ada' }, 'users', '1', 'ada'],
    ] as const) {
      it(says, () => {
        assert.deepEqual(metered(event(type, data)), { subscription: 'sub-1', meter, quantity, value });
      });
    }
  });

  describe('answers', () => {
    const sum = (bytes: string) => event('com.example.transfer', { bytes });
    for (const [says, usage, expected] of [
      ['a metric that nobody measures', event('unknown', {}), 'unknown_metric metric_name'],
      [
        'a meter called by its name where it reads another event type',
        event('bytes', { bytes: '1' }),
        'unknown_metric metric_name',
      ],
      ['another subscription', event('requests', {}, { subject: 'sub-2' }), 'unknown_subscription subscription_id'],
      ['a sum of nothing', event('com.example.transfer', {}), 'invalid_quantity bytes'],
      ['a sum of another property', event('com.example.transfer', { quantity: '1' }), 'invalid_quantity bytes'],
      ['a property that every object inherits', event('odd', {}), 'invalid_quantity toString'],
      ['-1', sum('-1'), 'invalid_quantity bytes'],
      ['-0', sum('-0'), 'invalid_quantity bytes'],
      ['0 where it is no usage', sum('0'), 'invalid_quantity bytes'],
      ['0.000000000000', sum('0.000000000000'), 'invalid_quantity bytes'],
      ['1e3', sum('1e3'), 'invalid_quantity bytes'],
      ['0x10', sum('0x10'), 'invalid_quantity bytes'],
      ['+1', sum('+1'), 'invalid_quantity bytes'],
      ['" 1 "', sum(' 1 '), 'invalid_quantity bytes'],
      ['nothing between the quotes', sum(''), 'invalid_quantity bytes'],
      ['1_0', sum('1_0'), 'invalid_quantity bytes'],
      ['Arabic-Indic digits', sum('١٢'), 'invalid_quantity bytes'],
      ['a decimal comma', sum('1,5'), 'invalid_quantity bytes'],
      ['13 places', sum('0.0000000000001'), 'invalid_quantity bytes'],
      ['21 digits', sum('100000000000000000000'), 'invalid_quantity bytes'],
      [
        'an unsound quantity, also where events are counted',
        event('requests', { quantity: '-1' }),
        'invalid_quantity quantity',
      ],
      ['no value to count once', event('users', {}), 'invalid_property user'],
      ['an empty value to count once', event('users', { user: '' }), 'invalid_property user'],
    ] as const) {
      it(`${says}: ${expected}`, () => assert.equal(answer(usage), expected));
    }

    it('an event that names no subscription where there are two: unknown_subscription', () => {
      const two = accountWith([], {
        subscriptions: [
          subscriptionJson('sub-1', [meterJson('requests', 'count')]),
          subscriptionJson('sub-2', [meterJson('requests', 'count')]),
        ],
      });
      assert.equal(answer(event('requests', {}), two), 'unknown_subscription subscription_id');
      assert.equal(metered(event('requests', {}, { subject: 'sub-2' }), two).subscription, 'sub-2');
    });

    it('an event from before the subscription or before its first price, to the microsecond', () => {
      const later = accountWith([], {
        subscriptions: [
          subscriptionJson(
            'sub-1',
            [
              meterJson('requests', 'count'),
              meterJson('peak', 'max', {
                prices: [{ effective_from: '2026-03-12T00:00:00Z', document: meterJson('', '').prices[0]!.document }],
              }),
            ],
            { started_at: '2026-03-10T00:00:00Z' },
          ),
        ],
      });
      const on = (type: string, time: string) => answer(event(type, { quantity: '1' }, { time: at(time) }), later);
      assert.equal(on('requests', '2026-03-09T23:59:59.999999Z'), 'subscription_not_started timestamp');
      assert.equal(on('requests', '2026-03-10T00:00:00Z'), undefined);
      assert.equal(on('peak', '2026-03-11T23:59:59.999999Z'), 'unknown_metric metric_name');
      assert.equal(on('peak', '2026-03-12T00:00:00Z'), undefined);
    });
  });

  it('takes usage from 35 days ago to 5 minutes ahead, both ends included', () => {
    assert.deepEqual(acceptanceWindow(account, NOW), {
      from: '2026-02-08T12:00:00.000000Z', // 15 days of March and 20 of February back from 15 March
      to: '2026-03-15T12:05:00.000000Z',
    });
    for (const [time, expected] of [
      ['2026-02-08T11:59:59.999999Z', 'timestamp_out_of_window timestamp'],
      ['2026-02-08T12:00:00Z', undefined],
      ['2026-03-15T12:05:00Z', undefined],
      ['2026-03-15T12:05:00.000001Z', 'timestamp_out_of_window timestamp'],
      ['1970-01-01T00:00:00Z', 'timestamp_out_of_window timestamp'],
      ['9999-12-31T23:59:59Z', 'timestamp_out_of_window timestamp'],
    ] as const) {
      assert.equal(answer(event('requests', {}, { time: at(time) })), expected, time);
    }
  });

  it('takes usage from as long ago as the organization allows', () => {
    const strict = accountWith(METERS, { lateness_days: 1 });
    assert.equal(acceptanceWindow(strict, NOW).from, '2026-03-14T12:00:00.000000Z');
    assert.equal(
      answer(event('requests', {}, { time: at('2026-03-14T11:59:59Z') }), strict),
      'timestamp_out_of_window timestamp',
    );
  });
});

describe('the period of an event', () => {
  const [subscription] = account.subscriptions;
  const calendar = subscription!.calendar; // from 1 January 2026, 00:00 UTC: 01:00 in Berlin
  const MARCH = '2026-03-01T00:00:00.000000Z/2026-03-31T23:00:00.000000Z'; // 1 April, 01:00 summer time

  it('is the one that contains its time, however the events come', () => {
    for (const [time, text] of [
      ['2026-03-15T12:00:00Z', MARCH],
      ['2026-03-31T22:59:59.999999Z', MARCH],
      ['2026-03-31T23:00:00Z', '2026-03-31T23:00:00.000000Z/2026-04-30T23:00:00.000000Z'],
      ['2026-03-01T00:00:00Z', MARCH],
      ['2026-02-28T23:59:59.999999Z', '2026-02-01T00:00:00.000000Z/2026-03-01T00:00:00.000000Z'],
      ['2026-03-02T00:00:00Z', MARCH],
    ] as const) {
      assert.equal(billingPeriod(calendar, at(time)).text, text, time);
    }
  });

  it('is not remembered for another calendar', () => {
    const yearly = { ...calendar, unit: 'year' as const };
    assert.equal(billingPeriod(calendar, NOW).text, MARCH);
    assert.equal(billingPeriod(yearly, NOW).text, '2026-01-01T00:00:00.000000Z/2027-01-01T00:00:00.000000Z');
    assert.equal(billingPeriod(calendar, NOW).text, MARCH);
  });

  it('gives a limit its key: days and months of the organization’s zone, the billing period, or for ever', () => {
    const usage = meterUsage(account, event('requests', {}), acceptanceWindow(account, NOW));
    const key = (period: 'daily' | 'monthly' | 'billing' | 'total', time: string): string => {
      const limited = accountWith(METERS, {
        limits: [{ limit_id: 'l', metric_name: 'requests', period, quantity: '5', action: 'block' }],
      });
      return limitsInForce(limited, usage.subscription, 'requests', at(time))[0]!.key;
    };
    // Berlin's 29 March 2026 has 23 hours.
    assert.equal(key('daily', '2026-03-29T12:00:00Z'), '2026-03-28T23:00:00.000000Z/2026-03-29T22:00:00.000000Z');
    assert.equal(key('monthly', '2026-03-31T21:59:59Z'), '2026-02-28T23:00:00.000000Z/2026-03-31T22:00:00.000000Z');
    assert.equal(key('monthly', '2026-03-31T22:00:00Z'), '2026-03-31T22:00:00.000000Z/2026-04-30T22:00:00.000000Z');
    assert.equal(key('billing', '2026-03-31T22:00:00Z'), `sub-1 ${MARCH}`);
    assert.equal(key('total', '2026-03-31T22:00:00Z'), 'total');
  });
});
