import assert from 'node:assert/strict';
import { parseAccount, type Subscription } from '../../shared/domain/account/account.ts';
import { calendarOf } from '../../shared/domain/subscription/calendar.ts';
import { beginsWithFee } from '../../shared/domain/subscription/fees.ts';
import { basesDue, commitmentsDue } from '../../shared/domain/subscription/settlement.ts';
import { type Instant, parseInstant, plusMicros } from '../../shared/domain/time.ts';
import { accountJson, meterJson, perUnit, subscriptionJson } from '../support/sample-account.ts';

const day = (text: string): Instant => parseInstant(text.length === 5 ? `2026-${text}T00:00:00Z` : text, 'test');
const MARCH = { start: day('03-01'), end: day('04-01') };
const subscriptionOf = (meters: readonly unknown[], more: object = {}): Subscription =>
  parseAccount(accountJson({ zone: 'UTC', subscriptions: [subscriptionJson('main', meters, { ...more })] }))
    .subscriptions[0]!;

describe('the base prices that March owes', () => {
  const due = (...from: string[]): string[] => {
    const prices = from.map((text, i) => ({ effective_from: day(text), document: perUnit(String(i + 1), '1') }));
    return basesDue(subscriptionOf([meterJson('calls', 'sum', { prices })]), MARCH).map(
      ({ meter, price }) => `${meter} ${price.ref}`,
    );
  };

  it('are of the price in force at its beginning, not of one that comes later', () => {
    assert.deepEqual(due('01-01', '03-10'), ['calls calls@1']);
    assert.deepEqual(due('01-01', '02-01'), ['calls calls@2']);
    assert.deepEqual(due('01-01', '03-01'), ['calls calls@2']);
  });
  it('are of the first that comes into force during it, where none was before', () => {
    assert.deepEqual(due('03-10', '03-20'), ['calls calls@1']);
  });
  it('are none where the first comes into force with April', () => assert.deepEqual(due('04-01'), []));
  it('are one for each meter', () => {
    const subscription = subscriptionOf([meterJson('calls', 'sum'), meterJson('storage', 'max')]);
    assert.deepEqual(
      basesDue(subscription, MARCH).map(({ meter }) => meter),
      ['calls', 'storage'],
    );
  });
});

describe('the commitments that March owes', () => {
  const FLOOR = { price_id: 'floor', version: '1', currency: 'EUR', model: { type: 'minimum', amount: '50' } };
  /** Phases from days on; `null` commits to nothing from there. */
  const due = (
    phases: readonly (readonly [from: string, commits: boolean])[],
    until = '04-01',
    started = '01-01',
  ): string[] => {
    const commitment = {
      commitment_id: 'floor',
      proration: 'day',
      phases: phases.map(([from, commits]) => ({ from: day(from), document: commits ? FLOOR : null })),
    };
    const subscription = subscriptionOf([], { commitments: [commitment], started_at: day(started) });
    return commitmentsDue(subscription, MARCH, day(until)).map(
      ({ commitment: id, price, from, to, proration, zone, isPart }) =>
        `${id} ${price.ref} ${from.slice(5, 10)}..${to.slice(5, 10)} ${proration} ${zone}${isPart ? ' part' : ''}`,
    );
  };

  it('are the whole of it where one was in force before', () =>
    assert.deepEqual(due([['01-01', true]]), ['floor floor@1 03-01..04-01 day UTC']));
  it('begin where the subscription begins', () =>
    assert.deepEqual(due([['03-10', true]], '04-01', '03-10'), ['floor floor@1 03-10..04-01 day UTC']));
  it('end where the subscription ends', () =>
    assert.deepEqual(due([['01-01', true]], '03-20'), ['floor floor@1 03-01..03-20 day UTC']));
  it('are two parts where another takes its place', () => {
    assert.deepEqual(
      due([
        ['01-01', true],
        ['03-16', true],
      ]),
      ['floor floor@1 03-01..03-16 day UTC part', 'floor floor@1 03-16..04-01 day UTC part'],
    );
  });
  it('leave out a pause', () => {
    assert.deepEqual(
      due([
        ['01-01', true],
        ['03-05', false],
        ['03-20', true],
      ]),
      ['floor floor@1 03-01..03-05 day UTC part', 'floor floor@1 03-20..04-01 day UTC part'],
    );
    assert.deepEqual(
      due([
        ['01-01', true],
        ['03-05', false],
      ]),
      ['floor floor@1 03-01..03-05 day UTC'],
    );
  });
  it('are none of what begins with April, or ended with February', () => {
    assert.deepEqual(due([['04-01', true]]), []);
    assert.deepEqual(
      due([
        ['01-01', true],
        ['03-01', false],
      ]),
      [],
    );
    assert.deepEqual(
      due([
        ['01-01', true],
        ['04-01', true],
      ]),
      ['floor floor@1 03-01..04-01 day UTC'],
    );
  });
});

describe('a calendar', () => {
  const anchor = (unit: 'day' | 'week' | 'month' | 'year', at: string, zone = 'Europe/Berlin') =>
    calendarOf({ unit, count: 3 }, 'calendar', day(at), zone).anchor.slice(0, 16);

  it('by anniversary begins where the subscription does', () => {
    const at = plusMicros(day('05-13'), 7n);
    assert.deepEqual(calendarOf({ unit: 'week', count: 2 }, 'anniversary', at, 'Europe/Berlin'), {
      unit: 'week',
      count: 2,
      zone: 'Europe/Berlin',
      anchor: at,
    });
  });
  it('by calendar begins at the midnight of its zone: 22:00 UTC in Berlin’s summer', () => {
    assert.equal(anchor('day', '2026-05-13T12:00:00Z'), '2026-05-12T22:00');
    assert.equal(anchor('day', '2026-05-12T21:59:59Z'), '2026-05-11T22:00');
  });
  it('of weeks begins on Monday: of Wednesday 13 May and of Sunday 17 May on the 11th, of Monday on itself', () => {
    for (const at of ['05-13', '05-17', '05-11'])
      assert.equal(anchor('week', `2026-${at}T12:00:00Z`), '2026-05-10T22:00', at);
  });
  it('of months and of years begins with the year, in winter: 23:00 UTC', () => {
    for (const unit of ['month', 'year'] as const)
      assert.equal(anchor(unit, '2026-05-13T12:00:00Z'), '2025-12-31T23:00', unit);
  });
});

describe('a subscription begins with a fee', () => {
  const begins = (...items: readonly (readonly [timing: string, from: string, amount: string])[]): boolean =>
    beginsWithFee(
      subscriptionOf([], {
        items: items.map(([timing, from, amount], i) => ({
          item_id: `item-${i}`,
          timing,
          proration: 'second',
          phases: [{ from: day(from), quantity: '1', document: perUnit('1', amount, `p${i}`) }],
        })),
      }),
    );
  it('where something is paid for in advance from the first day', () => assert.ok(begins(['advance', '01-01', '31'])));
  it('also beside what is not', () => assert.ok(begins(['arrears', '01-01', '31'], ['advance', '01-01', '31'])));
  it('not where it is paid for afterwards, begins later or is free', () => {
    for (const item of [
      ['arrears', '01-01', '31'],
      ['advance', '01-02', '31'],
      ['advance', '01-01', '0'],
    ] as const)
      assert.ok(!begins(item), item.join(' '));
    assert.ok(!begins());
  });
});
