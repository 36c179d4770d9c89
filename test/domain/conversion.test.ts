import assert from 'node:assert/strict';
import {
  type Conversion,
  countConversion,
  type LimitReached,
  noConversion,
} from '../../shared/domain/subscription/conversion.ts';
import type { SubscriptionJson } from '../../shared/domain/subscription/lifecycle.ts';
import type { Instant } from '../../shared/domain/time.ts';

const day = (text: string): Instant => `2026-${text}T00:00:00.000000Z` as Instant;
const NOW = day('03-15');
const chosen = (...plans: readonly (readonly [from: string, plan: string])[]) =>
  plans.map(([from, plan_id]) => ({ from: day(from), plan_id }));
/** Began on 1 March with `team`. */
const BEGAN = { subscription_id: 'main', started_at: day('03-01'), chosen: chosen(['03-01', 'team']) };

/** What one subscription counts for, of all that can be counted. */
function counted(more: object, reached: readonly LimitReached[] = []): Partial<Conversion> {
  const count = noConversion();
  countConversion(count, 'team', { ...BEGAN, ...more } as unknown as SubscriptionJson, reached, NOW);
  return Object.fromEntries(Object.entries(count).filter(([, n]) => n !== 0));
}

describe('one subscription counts, of those that began with a plan,', () => {
  it('nothing where nobody has begun', () => {
    assert.deepEqual(Object.values(noConversion()), [0, 0, 0, 0, 0, 0, 0, 0]);
  });

  const trial = { begun: 1, trialsStarted: 1 };
  const TABLE: readonly [says: string, more: object, expected: Partial<Conversion>][] = [
    ['once', {}, { begun: 1 }],
    ['once on the very instant it begins', { started_at: NOW }, { begun: 1 }],
    ['not at all before', { started_at: day('03-16') }, {}],
    [
      'not at all where it began with another, though it is on this one now',
      { chosen: chosen(['03-01', 'free'], ['03-02', 'team']) },
      {},
    ],
    ['not at all where it chose no plan', { chosen: undefined }, {}],
    ['a trial that runs', { trial_ends_at: day('03-16') }, { ...trial, trialsRunning: 1 }],
    ['a trial that is over this instant as converted', { trial_ends_at: NOW }, { ...trial, trialsConverted: 1 }],
    [
      'a trial that ended with its subscription as lapsed',
      { trial_ends_at: day('03-10'), ended_at: day('03-10') },
      { ...trial, trialsLapsed: 1, ended: 1 },
    ],
    [
      'a trial given up before its end as lapsed',
      { trial_ends_at: day('03-20'), ended_at: day('03-10') },
      { ...trial, trialsLapsed: 1, ended: 1 },
    ],
    [
      'a trial that is to end with its subscription as running',
      { trial_ends_at: day('03-20'), ended_at: day('03-20') },
      { ...trial, trialsRunning: 1 },
    ],
    [
      'a trial whose subscription went on for a day as converted',
      { trial_ends_at: day('03-10'), ended_at: day('03-11') },
      { ...trial, trialsConverted: 1, ended: 1 },
    ],
    ['one that ends this instant as ended', { ended_at: NOW }, { begun: 1, ended: 1 }],
    ['one that is to end later as running', { ended_at: day('03-16') }, { begun: 1 }],
    [
      'one that moved to another plan this instant as moved on',
      { chosen: chosen(['03-01', 'team'], ['03-15', 'max']) },
      { begun: 1, movedOn: 1 },
    ],
    ['one that is to move later as still there', { chosen: chosen(['03-01', 'team'], ['03-16', 'max']) }, { begun: 1 }],
    [
      'one that came back as still there',
      { chosen: chosen(['03-01', 'team'], ['03-05', 'max'], ['03-10', 'team']) },
      { begun: 1 },
    ],
  ];
  for (const [says, more, expected] of TABLE) it(says, () => assert.deepEqual(counted(more), expected));

  it('a limit that it used up once, while it was on the plan, and no other’s', () => {
    const moved = { chosen: chosen(['03-01', 'team'], ['03-10', 'max']) };
    const reached = (at: string, subscription = 'main') => ({ subscription, at: day(at) });
    assert.equal(counted(moved, [reached('03-05'), reached('03-06')]).limitReached, 1);
    assert.equal(counted(moved, [reached('03-01')]).limitReached, 1);
    assert.equal(counted(moved, [reached('03-10')]).limitReached, undefined);
    assert.equal(counted(moved, [reached('02-28')]).limitReached, undefined);
    assert.equal(counted(moved, [reached('03-05', 'other')]).limitReached, undefined);
  });
});
