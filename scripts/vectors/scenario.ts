/** The small world of the golden bundles: three customers, two days, every price model and every aggregation once. */

const tiers = (...rows: readonly (readonly [string | null, string, string])[]) =>
  rows.map(([up_to, unit_amount, flat_amount]) => ({ up_to, unit_amount, flat_amount }));

/** Days are cut in Berlin: the second one, 2026-03-29, has 23 hours. */
const FIRST_DAY = '2026-03-27T23:00:00Z';
const NOON = '2026-03-28T12:00:00Z';
const SECOND_DAY = '2026-03-28T23:00:00Z';

type Model = Readonly<Record<string, unknown>>;

const meter = (
  metric_name: string,
  aggregation: string,
  versions: readonly (readonly [string, Model])[],
  more: Readonly<Record<string, unknown>> = {},
) => ({
  metric_name,
  aggregation,
  prices: versions.map(([effective_from, model], index) => ({
    effective_from,
    document: { price_id: metric_name, version: String(index + 1), currency: 'EUR', model },
  })),
  ...more,
});

const account = (
  organization_id: string,
  unit: 'day' | 'month',
  grace_minutes: number,
  meters: readonly unknown[],
) => ({
  organization_id,
  zone: 'Europe/Berlin',
  currency: 'EUR',
  grace_minutes,
  lateness_days: 35,
  subscriptions: [
    { subscription_id: 'main', started_at: FIRST_DAY, calendar: { unit, count: 1, anchor: FIRST_DAY }, meters },
  ],
});

/** `aurora` is whose bundles are golden; `borealis` existed before it; `cirrus` makes the number of heads odd. */
export const ACCOUNTS = [
  account('aurora', 'day', 60, [
    // The first tier's flat amount is due at no usage: a base fee. The price changes at noon of the first day.
    meter('requests', 'count', [
      [FIRST_DAY, { type: 'graduated', tiers: tiers(['3', '0.1', '1.5'], [null, '0.05', '0.25']) }],
      [NOON, { type: 'graduated', tiers: tiers(['2', '0.08', '0'], [null, '0.04', '0.2']) }],
    ]),
    // Beyond 1000 the whole quantity is cheaper, so the charge that crosses is negative.
    meter('tokens', 'sum', [
      [FIRST_DAY, { type: 'volume', tiers: tiers(['1000', '0.002', '0'], [null, '0.001', '0']) }],
    ]),
    meter('connections', 'max', [[FIRST_DAY, { type: 'package', size: '10', amount: '2', free_units: '5' }]]),
    meter('storage', 'last', [[FIRST_DAY, { type: 'per_unit', unit_amount: '0.0333333' }]]),
    meter('users', 'unique_count', [[FIRST_DAY, { type: 'per_unit', unit_amount: '4' }]], { value_property: 'user' }),
    meter('platform', 'count', [[FIRST_DAY, { type: 'flat', amount: '19.9' }]]),
    meter('payments', 'sum', [
      [FIRST_DAY, { type: 'percentage', rate: '0.029', fixed_fee: '0.3', free_events: '1', maximum: '12' }],
      [SECOND_DAY, { type: 'percentage', rate: '0.031', fixed_fee: '0.3', free_amount: '100' }],
    ]),
  ]),
  account('borealis', 'day', 90, [meter('requests', 'count', [[FIRST_DAY, { type: 'per_unit', unit_amount: '0.1' }]])]),
  account('cirrus', 'month', 60, [meter('requests', 'count', [[FIRST_DAY, { type: 'per_unit', unit_amount: '0.2' }]])]),
];

export type TenantName = 'aurora' | 'borealis' | 'cirrus';

/** One thing that happens at one moment, and only after the one before has been answered everywhere. */
export type Step =
  | { readonly at: string; readonly send: TenantName; readonly events: readonly SentEvent[] }
  | { readonly at: string; readonly run: 'invoices' | 'rotate-keys' };

/** metric, what was measured (a name for `users`), when it was used */
export type SentEvent = readonly [metric: string, value: string, time: string];

/** Each batch is sealed at once; the first seal of each UTC hour is an anchor. */
export const STEPS: readonly Step[] = [
  // Seal 0: aurora does not exist yet.
  { at: '2026-03-28T06:00:00Z', send: 'borealis', events: [['requests', '1', '2026-03-28T05:59:58Z']] },
  {
    at: '2026-03-28T08:05:00Z',
    send: 'aurora',
    events: [
      ['requests', '1', '2026-03-28T08:01:00Z'],
      ['tokens', '900', '2026-03-28T08:01:00Z'],
      ['users', 'ada', '2026-03-28T08:01:00Z'],
      ['connections', '3', '2026-03-28T08:02:00Z'],
    ],
  },
  { at: '2026-03-28T08:20:00Z', send: 'cirrus', events: [['requests', '1', '2026-03-28T08:19:00Z']] },
  {
    at: '2026-03-28T10:40:00Z',
    send: 'aurora',
    events: [
      ['requests', '1', '2026-03-28T10:30:00Z'],
      ['tokens', '200.5', '2026-03-28T10:30:00Z'],
      ['connections', '17', '2026-03-28T10:31:00Z'],
      ['storage', '12.75', '2026-03-28T10:32:00Z'],
      ['users', 'grace', '2026-03-28T10:33:00Z'],
      ['payments', '80', '2026-03-28T10:34:00.5Z'],
    ],
  },
  { at: '2026-03-28T10:50:00Z', send: 'borealis', events: [['requests', '1', '2026-03-28T10:49:00Z']] },
  {
    at: '2026-03-28T14:10:00Z',
    send: 'aurora',
    events: [
      ['requests', '1', '2026-03-28T14:00:00Z'],
      ['payments', '25.99', '2026-03-28T14:01:00Z'],
      ['platform', '1', '2026-03-28T14:02:00Z'],
    ],
  },
  {
    // Not the first seal of its hour, so no anchor: the second day's bundle begins behind the last anchor before it.
    at: '2026-03-28T14:30:00Z',
    send: 'aurora',
    events: [
      ['storage', '11', '2026-03-28T14:03:00Z'],
      // A value of before: counted by nobody, charged nothing.
      ['users', 'ada', '2026-03-28T14:04:00Z'],
      ['payments', '700', '2026-03-28T14:05:00Z'],
    ],
  },
  {
    // The second day has begun, the first is not closed: entries of both stand between one another.
    at: '2026-03-28T23:10:00Z',
    send: 'aurora',
    events: [
      ['requests', '1', '2026-03-28T23:05:00Z'],
      ['requests', '1', '2026-03-28T22:50:00Z'],
      ['users', 'ada', '2026-03-28T23:06:00Z'],
    ],
  },
  { at: '2026-03-29T00:05:00Z', run: 'invoices' },
  { at: '2026-03-29T00:35:00Z', run: 'invoices' },
  { at: '2026-03-29T00:40:00Z', run: 'rotate-keys' },
  {
    at: '2026-03-29T09:00:00Z',
    send: 'aurora',
    events: [
      ['tokens', '1200', '2026-03-29T08:50:00Z'],
      // Late: its day is closed. Rated on where that day stood, billed today.
      ['requests', '1', '2026-03-28T09:15:00Z'],
      ['users', 'grace', '2026-03-28T16:00:00Z'],
      ['users', 'edsger', '2026-03-28T16:30:00Z'],
      ['payments', '60', '2026-03-29T08:55:00Z'],
    ],
  },
  { at: '2026-03-29T09:30:00Z', send: 'cirrus', events: [['requests', '1', '2026-03-29T09:29:00Z']] },
  {
    at: '2026-03-29T15:45:00Z',
    send: 'aurora',
    events: [
      ['requests', '1', '2026-03-29T15:30:00Z'],
      ['payments', '90', '2026-03-29T15:31:00Z'],
      ['connections', '26', '2026-03-29T15:32:00Z'],
      ['storage', '9.5', '2026-03-29T15:33:00Z'],
      ['storage', '40', '2026-03-29T15:20:00Z'],
      ['users', 'barbara', '2026-03-29T15:34:00Z'],
      ['requests', '1', '2026-03-29T15:35:00Z'],
    ],
  },
  { at: '2026-03-29T23:20:00Z', run: 'invoices' },
];
