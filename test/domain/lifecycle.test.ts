import assert from 'node:assert/strict';
import {
  cancel,
  keepOn,
  pause,
  resume,
  type SubscriptionJson,
  stateAt,
} from '../../shared/domain/subscription/lifecycle.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { refusalOf } from '../support/refusal.ts';

const day = (text: string): Instant => `2026-${text}T00:00:00.000000Z` as Instant;
const SEATS = { price_id: 'seats', version: '1', currency: 'EUR', model: { type: 'per_unit', unit_amount: '31' } };
const FLOOR = { price_id: 'floor', version: '1', currency: 'EUR', model: { type: 'minimum', amount: '50' } };
/** Began on 1 March with 2 seats and a minimum. */
const MAIN = {
  subscription_id: 'main',
  started_at: day('03-01'),
  calendar: { unit: 'month', count: 1, anchor: day('03-01') },
  meters: [],
  items: [
    {
      item_id: 'seats',
      timing: 'advance',
      proration: 'second',
      phases: [{ from: day('03-01'), quantity: '2', document: SEATS }],
    },
  ],
  commitments: [{ commitment_id: 'floor', proration: 'second', phases: [{ from: day('03-01'), document: FLOOR }] }],
} as unknown as SubscriptionJson;
const BARE = {
  subscription_id: 'bare',
  started_at: day('03-01'),
  calendar: MAIN.calendar,
  meters: [],
} as unknown as SubscriptionJson;

/** Phases as `day quantity`, or `day -` where nothing is charged from there. */
const seats = ({ items }: SubscriptionJson): string[] =>
  items![0]!.phases.map(({ from, quantity, document }) => `${from.slice(5, 10)} ${document === null ? '-' : quantity}`);
const floor = ({ commitments }: SubscriptionJson): string[] =>
  commitments![0]!.phases.map(({ from, document }) => `${from.slice(5, 10)} ${document === null ? '-' : 'floor'}`);
const refused = (action: () => unknown): void => assert.equal(refusalOf(action)?.code, 'invalid_transition');

describe('a subscription stands', () => {
  const TABLE: readonly [says: string, more: object, at: string, state: string][] = [
    ['scheduled the day before it begins', {}, '02-28', 'scheduled'],
    ['active on the instant it begins', {}, '03-01', 'active'],
    ['trialing before its trial ends', { trial_ends_at: day('03-15') }, '03-14', 'trialing'],
    ['active on the instant its trial ends', { trial_ends_at: day('03-15') }, '03-15', 'active'],
    [
      'past due where payment says so, also in its trial',
      { trial_ends_at: day('03-15'), standing: 'past_due' },
      '03-10',
      'past_due',
    ],
    ['suspended where payment says so', { standing: 'suspended' }, '03-10', 'suspended'],
    ['paused from the instant a pause begins', { pauses: [{ from: day('03-10'), to: null }] }, '03-10', 'paused'],
    ['active on the instant a pause ends', { pauses: [{ from: day('03-10'), to: day('03-12') }] }, '03-12', 'active'],
    [
      'paused though payment is past due',
      { pauses: [{ from: day('03-10'), to: null }], standing: 'past_due' },
      '03-11',
      'paused',
    ],
    ['active before its end', { ended_at: day('03-20') }, '03-19', 'active'],
    [
      'canceled on the instant it ends, whatever else',
      { ended_at: day('03-20'), standing: 'past_due' },
      '03-20',
      'canceled',
    ],
  ];
  for (const [says, more, at, state] of TABLE)
    it(says, () => assert.equal(stateAt({ ...MAIN, ...more }, day(at)), state));
});

describe('a pause', () => {
  const paused = pause(MAIN, day('03-10'));

  it('charges nothing from then on, neither items nor commitments', () => {
    assert.deepEqual(
      [seats(paused), floor(paused)],
      [
        ['03-01 2', '03-10 -'],
        ['03-01 floor', '03-10 -'],
      ],
    );
    assert.deepEqual(paused.pauses, [{ from: day('03-10'), to: null }]);
  });
  it('takes the place of what was planned for later, not of what begins that instant', () => {
    const phases = ['03-01', '03-10', '03-20'].map((from, i) => ({
      from: day(from),
      quantity: String(i + 1),
      document: SEATS,
    }));
    const planned = { ...MAIN, items: [{ ...MAIN.items![0]!, phases }] } as unknown as SubscriptionJson;
    assert.deepEqual(seats(pause(planned, day('03-10'))), ['03-01 1', '03-10 2', '03-10 -']);
  });
  it('ends where it is resumed, with the quantity and the minimum of before', () => {
    const again = resume(paused, day('03-20'));
    assert.deepEqual(
      [seats(again), floor(again)],
      [
        ['03-01 2', '03-10 -', '03-20 2'],
        ['03-01 floor', '03-10 -', '03-20 floor'],
      ],
    );
    assert.deepEqual(again.pauses, [{ from: day('03-10'), to: day('03-20') }]);
  });
  it('can come again; the first stays as it was', () => {
    const twice = resume(pause(resume(paused, day('03-12')), day('03-14')), day('03-16'));
    assert.deepEqual(twice.pauses, [
      { from: day('03-10'), to: day('03-12') },
      { from: day('03-14'), to: day('03-16') },
    ]);
    assert.deepEqual(seats(twice), ['03-01 2', '03-10 -', '03-12 2', '03-14 -', '03-16 2']);
  });
  it('is of what is active, trialing or past due', () => {
    for (const more of [{}, { trial_ends_at: day('04-01') }, { standing: 'past_due' }] as const)
      assert.equal(
        refusalOf(() => pause({ ...MAIN, ...more }, day('03-10'))),
        undefined,
      );
    refused(() => pause({ ...MAIN, standing: 'suspended' }, day('03-10')));
    refused(() => pause(paused, day('03-11')));
    refused(() => pause(MAIN, day('02-01')));
    refused(() => pause({ ...MAIN, ended_at: day('03-05') }, day('03-10')));
  });
  it('is resumed once, and while it lasts', () => {
    refused(() => resume(MAIN, day('03-10')));
    refused(() => resume(resume(paused, day('03-20')), day('03-21')));
    refused(() => resume({ ...MAIN, pauses: [{ from: day('03-10'), to: day('03-20') }] }, day('03-15')));
  });
  it('of what has neither items nor commitments adds none', () => {
    const bare = pause(BARE, day('03-10'));
    assert.deepEqual(Object.keys(bare).sort(), [...Object.keys(BARE), 'pauses'].sort());
    assert.deepEqual(Object.keys(resume(bare, day('03-20'))).sort(), Object.keys(bare).sort());
  });
  it('gives an item nothing back that was not there when it began', () => {
    const later = {
      ...paused,
      items: [{ ...paused.items![0]!, phases: [{ from: day('03-10'), quantity: '0', document: null }] }],
    };
    assert.deepEqual(seats(resume(later as SubscriptionJson, day('03-20'))), ['03-10 -']);
  });
});

describe('an end', () => {
  const ending = cancel(MAIN, day('03-31'), day('03-10'));

  it('stops items and commitments then', () => {
    assert.deepEqual(
      [seats(ending), floor(ending), ending.ended_at],
      [['03-01 2', '03-31 -'], ['03-01 floor', '03-31 -'], day('03-31')],
    );
  });
  it('that is planned can be moved, both ways', () => {
    for (const at of ['03-20', '04-10']) {
      const moved = cancel(ending, day(at), day('03-11'));
      assert.deepEqual(
        [seats(moved), floor(moved), moved.ended_at],
        [['03-01 2', `${at} -`], ['03-01 floor', `${at} -`], day(at)],
      );
    }
  });
  it('that is planned can be taken back, and leaves no trace', () => {
    assert.deepEqual(keepOn(ending, day('03-30')), MAIN);
    assert.deepEqual(keepOn(cancel(BARE, day('03-31'), day('03-10')), day('03-30')), BARE);
  });
  it('that has come cannot be taken back, nor one that nobody planned', () => {
    refused(() => keepOn(ending, day('03-31')));
    refused(() => keepOn(MAIN, day('03-10')));
  });
  it('does not come twice, nor before the beginning; on the very instant of it, it may', () => {
    refused(() => cancel(ending, day('04-10'), day('03-31')));
    refused(() => cancel(MAIN, day('02-28'), day('02-01')));
    assert.equal(cancel(MAIN, day('03-01'), day('02-01')).ended_at, day('03-01'));
  });
  it('taken back leaves a stop that somebody else made, and a phase that charges', () => {
    const phases = [
      { from: day('03-01'), quantity: '2', document: SEATS },
      { from: day('03-20'), quantity: '0', document: null },
    ];
    const stopped = {
      ...MAIN,
      ended_at: day('03-31'),
      items: [{ ...MAIN.items![0]!, phases }],
    } as unknown as SubscriptionJson;
    assert.deepEqual(seats(keepOn(stopped, day('03-10'))), ['03-01 2', '03-20 -']);
    const charging = { ...MAIN, ended_at: day('03-01') } as unknown as SubscriptionJson;
    assert.deepEqual(seats(keepOn(charging, day('02-10'))), ['03-01 2']);
  });
});
