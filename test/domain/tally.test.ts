import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseAccount, type Subscription } from '../../shared/domain/account/account.ts';
import { canonicalJson } from '../../shared/domain/canonical.ts';
import { formatDecimal } from '../../shared/domain/decimals.ts';
import { type Instant, microsOf, type Period, parseInstant, plusMicros } from '../../shared/domain/time.ts';
import type { Aggregation } from '../../shared/domain/usage/meter.ts';
import { addCell, type Cells, cellOf } from '../../shared/domain/usage/rollup.ts';
import { groupId } from '../../shared/domain/usage/rollup-draft.ts';
import { tally, type UsedCell, type UsedValue } from '../../shared/domain/usage/tally.ts';
import { areaOfLevel, fold, halfAway, type NaiveEvent } from '../support/naive-usage.ts';
import { accountJson, subscriptionJson } from '../support/sample-account.ts';

const ONE = 10n ** 12n;
const HOUR = 3_600_000_000n;
const QUARTER = 900_000_000n;
const at = (text: string): Instant => parseInstant(text.length === 10 ? `${text}T00:00:00Z` : `${text}:00Z`, 'test');
const subscriptions = ['one', 'two'].map((id) => subscriptionJson(id, []));
const [ONE_SUB, TWO_SUB] = parseAccount(accountJson({ zone: 'UTC', subscriptions })).subscriptions as [
  Subscription,
  Subscription,
];

interface Use {
  readonly aggregation: Aggregation;
  readonly at: Instant;
  readonly quantity?: bigint;
  readonly value?: string;
  readonly subscription?: Subscription;
  readonly dimensions?: Readonly<Record<string, string>>;
}

/** What the rows of a database would hold of some uses: cells of a quarter of an hour, and the minutes of each value. */
function kept(uses: readonly Use[]): { readonly cells: UsedCell[]; readonly values: UsedValue[] } {
  const series = new Map<string, { readonly use: Use; readonly dimensions: string; readonly cells: Cells }>();
  const values = new Map<string, UsedValue & { readonly minutes: Set<number> }>();
  for (const [order, use] of uses.entries()) {
    const { subscription = ONE_SUB, aggregation, quantity = 1n } = use;
    const dimensions = canonicalJson(use.dimensions ?? {});
    const key = `${subscription.id} ${aggregation} ${dimensions}`;
    const held = series.get(key) ?? { use, dimensions, cells: new Map() };
    series.set(key, held);
    const micros = microsOf(use.at);
    const start = micros - (micros % QUARTER);
    const stamp = `${use.at} ${String(order).padStart(6, '0')}`;
    const counted = aggregation === 'count' ? 1n : quantity;
    const event = { quantity: counted * ONE, offset: Number(micros - start), stamp };
    addCell(held.cells, aggregation, Number(start), cellOf(aggregation, event));
    if (aggregation !== 'unique_count') continue;
    const day = at(use.at.slice(0, 10));
    const seen = values.get(`${key} ${day} ${use.value}`) ?? {
      ...{ subscription, groupId: groupId(dimensions), day, value: use.value!, minutes: new Set<number>() },
    };
    seen.minutes.add(Number((micros - microsOf(day)) / 60_000_000n));
    values.set(`${key} ${day} ${use.value}`, seen);
  }
  const cells = [...series.values()].flatMap(({ use, dimensions, cells: own }) =>
    [...own].map(([start, cell]) => ({
      subscription: use.subscription ?? ONE_SUB,
      aggregation: use.aggregation,
      dimensions,
      at: start,
      cell,
    })),
  );
  return { cells, values: [...values.values()] };
}

const windowsOf = (from: string, hours: bigint, count: number): Period[] =>
  Array.from({ length: count }, (_, i) => {
    const start = plusMicros(at(from), BigInt(i) * hours * HOUR);
    return { start, end: plusMicros(start, hours * HOUR) };
  });
const rows = (uses: readonly Use[], windows: readonly Period[], groupBy: readonly string[] = []): string[] => {
  const { cells, values } = kept(uses);
  return tally(windows, cells, values, groupBy).map(
    ({ window, group, aggregation, value, events }) =>
      `${window.start.slice(5, 13)} ${groupBy.length === 0 ? '' : `${JSON.stringify(group)} `}${aggregation} ${formatDecimal(value, 12)} of ${events}`,
  );
};
const use = (aggregation: Aggregation, time: string, quantity = 1n, more: Partial<Use> = {}): Use => ({
  aggregation,
  at: at(time),
  quantity,
  ...more,
});
const seen = (time: string, value: string): Use => use('unique_count', time, 1n, { value });
const DAYS = windowsOf('2026-03-02', 24n, 2);

describe('a tally', () => {
  it('of 2 and 3 on one day and 4 on the next is 5 and 4', () => {
    const uses = [
      use('sum', '2026-03-02T05:00', 2n),
      use('sum', '2026-03-02T21:00', 3n),
      use('sum', '2026-03-03T00:10', 4n),
    ];
    assert.deepEqual(rows(uses, DAYS), ['03-02T00 sum 5 of 2', '03-03T00 sum 4 of 1']);
  });

  it('holds what begins with its first window, and nothing that begins with its end', () => {
    const uses = ['2026-03-01T23:45', '2026-03-02T00:00', '2026-03-03T23:45', '2026-03-04T00:00'].map((time) =>
      use('count', time),
    );
    assert.deepEqual(rows(uses, DAYS), ['03-02T00 count 1 of 1', '03-03T00 count 1 of 1']);
  });

  it('takes the largest of a day, and the latest', () => {
    const times = ['2026-03-02T05:00', '2026-03-02T06:00', '2026-03-02T07:00'];
    for (const [aggregation, value] of [
      ['max', '9'],
      ['last', '3'],
    ] as const) {
      const uses = times.map((time, i) => use(aggregation, time, [4n, 9n, 3n][i]!));
      assert.deepEqual(rows(uses, DAYS), [`03-02T00 ${aggregation} ${value} of 3`]);
    }
  });

  it('counts who came at nine and at ten once in each hour, and once in both', () => {
    const uses = [seen('2026-03-02T09:10', 'ann'), seen('2026-03-02T09:20', 'bob'), seen('2026-03-02T10:00', 'ann')];
    assert.deepEqual(rows(uses, windowsOf('2026-03-02T09:00', 1n, 2)), [
      '03-02T09 unique_count 2 of 2',
      '03-02T10 unique_count 1 of 1',
    ]);
    assert.deepEqual(rows(uses, windowsOf('2026-03-02T09:00', 2n, 1)), ['03-02T09 unique_count 2 of 3']);
  });

  it('does not count who came before the first window or after the last', () => {
    const uses = [seen('2026-03-02T08:59', 'ann'), seen('2026-03-02T09:30', 'bob'), seen('2026-03-02T10:00', 'eve')];
    assert.deepEqual(rows(uses, windowsOf('2026-03-02T09:00', 1n, 1)), ['03-02T09 unique_count 1 of 1']);
  });

  it('averages a level: 4 from six to six is 2 of a day; 4 that stays is 4 of the next', () => {
    const up = use('weighted_sum', '2026-03-02T06:00', 4n);
    assert.deepEqual(rows([up, use('weighted_sum', '2026-03-02T18:00', -4n)], DAYS), ['03-02T00 weighted_sum 2 of 2']);
    assert.deepEqual(rows([up], DAYS), ['03-02T00 weighted_sum 3 of 1', '03-03T00 weighted_sum 4 of 0']);
  });

  it('averages a level that was there before the first window', () => {
    assert.deepEqual(rows([use('weighted_sum', '2026-03-01T12:00', 5n)], DAYS), [
      ...['03-02T00 weighted_sum 5 of 0', '03-03T00 weighted_sum 5 of 0'],
    ]);
  });

  it('lets a level begin at nothing with each period: 6 in February are no 6 in March', () => {
    // Half of the two days is February: 6 x 24 h of 48 h are 3. 2 of March, from noon on: 2 x 12 h of 48 h are 0.5.
    const uses = [use('weighted_sum', '2026-02-10', 6n), use('weighted_sum', '2026-03-01T12:00', 2n)];
    assert.deepEqual(rows(uses, windowsOf('2026-02-28', 48n, 1)), ['02-28T00 weighted_sum 3.5 of 1']);
  });

  it('does not say a level that is nothing all day', () => {
    const uses = [use('weighted_sum', '2026-03-01T12:00', 5n), use('weighted_sum', '2026-03-01T13:00', -5n)];
    assert.deepEqual(rows(uses, DAYS), []);
  });

  it('takes subscriptions and groups together, or apart by what is asked', () => {
    const [eu, us] = ['eu', 'us'].map((region) => ({ dimensions: { region, size: 'l' } }));
    const uses = [
      use('sum', '2026-03-02T05:00', 1n, us),
      use('sum', '2026-03-02T05:00', 2n, eu),
      use('sum', '2026-03-02T06:00', 4n, { ...eu!, subscription: TWO_SUB }),
      use('sum', '2026-03-02T07:00', 8n),
      use('count', '2026-03-02T07:00', 1n, eu),
    ];
    assert.deepEqual(rows(uses, DAYS), ['03-02T00 count 1 of 1', '03-02T00 sum 15 of 4']);
    assert.deepEqual(rows(uses, DAYS, ['region']), [
      '03-02T00 {"region":"eu"} count 1 of 1',
      '03-02T00 {"region":"eu"} sum 6 of 2',
      '03-02T00 {"region":"us"} sum 1 of 1',
      '03-02T00 {"region":null} sum 8 of 1',
    ]);
    assert.deepEqual(rows(uses, DAYS, ['subscription_id']), [
      '03-02T00 {"subscription_id":"one"} count 1 of 1',
      '03-02T00 {"subscription_id":"one"} sum 11 of 3',
      '03-02T00 {"subscription_id":"two"} sum 4 of 1',
    ]);
  });

  it('names a row by group and aggregation, in every window the same', () => {
    const uses = ['2026-03-02T05:00', '2026-03-03T05:00'].flatMap((time) => [use('sum', time), use('count', time)]);
    const { cells, values } = kept(uses);
    const ids = tally(DAYS, cells, values, []).map(({ id }) => id);
    assert.equal(new Set(ids).size, 2);
    assert.deepEqual(ids.slice(0, 2), ids.slice(2));
  });

  it('of whatever is used whenever is what is counted by hand, window by window', () => {
    const event = fc.record({
      aggregation: fc.constantFrom<Aggregation>('count', 'sum', 'max', 'last', 'unique_count', 'weighted_sum'),
      minutes: fc.nat(4 * 1440),
      quantity: fc.bigInt(1n, 50n),
      value: fc.constantFrom('ann', 'bob', 'eve'),
    });
    const windows = windowsOf('2026-03-01', 8n, 9);
    const resets = ['2026-02-01', '2026-03-01'].map((text) => microsOf(at(text)));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const uses = events.map(({ minutes, ...rest }) => ({
          ...rest,
          at: plusMicros(at('2026-02-28'), BigInt(minutes) * 60_000_000n),
        }));
        const { cells, values } = kept(uses);
        const found = new Map(
          tally(windows, cells, values, []).map((row) => [`${row.window.start} ${row.aggregation}`, row]),
        );
        for (const aggregation of ['count', 'sum', 'max', 'last', 'unique_count', 'weighted_sum'] as const) {
          const own = uses.filter((one) => one.aggregation === aggregation);
          for (const { start, end } of windows) {
            const naive = own
              .filter((one) => one.at >= start && one.at < end)
              .map(
                (one): NaiveEvent => ({
                  subscription: 'one',
                  timestamp: one.at,
                  quantity: one.quantity * ONE,
                  value: one.value,
                  group: '',
                  order: uses.indexOf(one),
                }),
              );
            const changes = own.map((one) => ({ at: microsOf(one.at), by: one.quantity * ONE }));
            const expected =
              aggregation === 'weighted_sum'
                ? halfAway(
                    areaOfLevel(changes, resets, microsOf(start), microsOf(end)),
                    microsOf(end) - microsOf(start),
                  )
                : fold(aggregation, naive);
            const row = found.get(`${start} ${aggregation}`);
            assert.equal(row?.value ?? 0n, expected, `${aggregation} from ${start}`);
            assert.equal(row?.events ?? 0, naive.length);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
