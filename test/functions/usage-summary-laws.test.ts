import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { SqliteDatabase } from '../../shared/adapters/database/sqlite.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { parseAccount } from '../../shared/domain/account/account.ts';
import { canonicalJson } from '../../shared/domain/canonical.ts';
import { formatDecimal } from '../../shared/domain/decimals.ts';
import { parseTenantId, type TenantId } from '../../shared/domain/ids.ts';
import { type Instant, microsOf, parseInstant } from '../../shared/domain/time.ts';
import { parseUsageEvent } from '../../shared/domain/usage/event.ts';
import { AGGREGATIONS, type Aggregation } from '../../shared/domain/usage/meter.ts';
import { billingPeriod } from '../../shared/domain/usage/metering.ts';
import { WINDOW_UNITS } from '../../shared/domain/usage/windows.ts';
import { accounts, TABLES } from '../../shared/stores/tables.ts';
import { UsageRollups } from '../../shared/stores/usage-rollups.ts';
import { UsageStore } from '../../shared/stores/usage-store.ts';
import { type Place, UsageWindows, type WindowQuery } from '../../shared/stores/usage-windows.ts';
import { bareKeys } from '../support/bare-keys.ts';
import {
  areaOfLevel,
  fold,
  halfAway,
  labelOf,
  microsOfText,
  type NaiveEvent,
  windowsByLabel,
} from '../support/naive-usage.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

/** Zones, each with an instant at which its clocks change, or nearly midnight where they never do. */
const PLACES = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['Asia/Kathmandu', '2026-05-31T18:15:00Z'],
  ['America/Santiago', '2026-09-06T04:00:00Z'],
  ['Pacific/Kiritimati', '2026-02-28T10:00:00Z'],
  ['UTC', '2026-03-01T00:00:00Z'],
] as const;
const GROUPS = [undefined, 'eu', 'us'] as const;
const RETENTION = { minutes: 60, quarters: 400 };
const DAY_MICROS = 86_400_000_000n;
const textOf = (micros: bigint): string =>
  `${new Date(Number(micros / 1000n)).toISOString().slice(0, 23)}${String(micros % 1000n).padStart(3, '0')}Z`;

describe('usage summed up by windows is what a naive count of the accepted events gives', () => {
  let folder: TempFolder;
  let database: SqliteDatabase;
  let usage: UsageStore;
  let rollups: UsageRollups;
  let windows: UsageWindows;
  let organizations = 0;

  before(async () => {
    folder = await tempFolder();
    database = SqliteDatabase.open(join(folder.path, 'store.db'), TABLES);
    const entropy = new SeededEntropy('usage-laws');
    const keys = bareKeys(database);
    usage = new UsageStore(database, entropy, keys);
    rollups = new UsageRollups(database, entropy, RETENTION, keys);
    windows = new UsageWindows(database, entropy, rollups, RETENTION, keys);
  });
  after(async () => {
    await database.close();
    await folder.remove();
  });

  /** An organization with two subscriptions of one metric: one by calendar weeks, one whose months begin within a minute. */
  async function organization(aggregation: Aggregation, zone: string, around: bigint): Promise<TenantId> {
    const tenant = parseTenantId(`laws-${organizations++}`);
    const start = textOf(around - 20n * DAY_MICROS);
    const odd = textOf(around - 20n * DAY_MICROS + 34_567_891n);
    const meters = [
      {
        metric_name: 'used',
        aggregation,
        value_property: aggregation === 'unique_count' ? 'user' : 'quantity',
        allow_zero: true,
        dimensions: ['area'],
        prices: [
          {
            effective_from: start,
            document: { price_id: 'used', version: '1', currency: 'EUR', model: { type: 'flat', amount: '1' } },
          },
        ],
      },
    ];
    const document = {
      organization_id: tenant,
      zone,
      currency: 'EUR',
      subscriptions: [
        { subscription_id: 'weekly', started_at: start, calendar: { unit: 'week', count: 1, anchor: start }, meters },
        { subscription_id: 'odd', started_at: odd, calendar: { unit: 'day', count: 3, anchor: odd }, meters },
      ],
    };
    await database.transact(async (tx) => {
      tx.upsert(accounts, { tenant, document: JSON.stringify(document), updated_at: start });
    });
    return tenant;
  }

  const isSigned = (aggregation: Aggregation): boolean => aggregation === 'weighted_sum';

  /** Sends events in batches; now and then somebody folds. @returns them as a naive observer noted them */
  async function send(
    tenant: TenantId,
    aggregation: Aggregation,
    around: bigint,
    sent: readonly Sent[],
  ): Promise<NaiveEvent[]> {
    const noted: NaiveEvent[] = [];
    const now = around + 10n * DAY_MICROS;
    for (let first = 0; first < sent.length; first += 7) {
      const batch = sent.slice(first, first + 7).map((one, i) => {
        const timestamp = textOf(around + one.at);
        const quantity = isSigned(aggregation) && one.isLess ? -one.quantity : one.quantity;
        const isCounted = aggregation === 'count' || aggregation === 'unique_count';
        const group = one.group === undefined ? {} : { area: one.group };
        noted.push({
          ...{ subscription: one.subscription, timestamp, value: one.user, order: first + i },
          quantity: isCounted ? 10n ** 12n : quantity,
          group: canonicalJson({ area: one.group ?? null }),
        });
        const counted = isCounted ? {} : { quantity: formatDecimal(quantity, 12) };
        return parseUsageEvent(
          {
            ...{ metric_name: 'used', timestamp, idempotency_key: `${first + i}`, subscription_id: one.subscription },
            ...counted,
            properties: { user: one.user, ...group },
          },
          tenant,
        );
      });
      const outcomes = await usage.accept(tenant, batch, textOf(now + BigInt(first)) as Instant);
      assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(['accepted']));
      if (sent[first]!.isFoldedNow) await rollups.fold(tenant);
    }
    return noted;
  }

  /** Every page of an answer. */
  async function all(tenant: TenantId, query: Omit<WindowQuery, 'after'>, now: Instant) {
    const rows = [];
    for (let after: Place | undefined; ; ) {
      const page = await windows.page(tenant, { ...query, after }, now);
      rows.push(...page.rows);
      if (page.next === undefined) return rows;
      assert.ok(page.rows.length > 0);
      after = page.next;
    }
  }

  /** What the rows should be, by window label and group. */
  function naive(
    account: ReturnType<typeof parseAccount>,
    aggregation: Aggregation,
    noted: readonly NaiveEvent[],
    query: Omit<WindowQuery, 'after'>,
  ): Map<string, string> {
    const groupOf = (event: NaiveEvent): string =>
      canonicalJson({
        ...(query.groupBy.includes('area') ? (JSON.parse(event.group) as { area: string | null }) : {}),
        ...(query.groupBy.includes('subscription_id') ? { subscription_id: event.subscription } : {}),
      });
    const mine = noted.filter((one) => query.subscription === undefined || one.subscription === query.subscription);
    const expected = new Map<string, string>();
    for (const { label, from, to } of windowsByLabel(query.unit, account.zone, query.from, query.to)) {
      for (const group of new Set(mine.map(groupOf))) {
        const some = mine.filter((event) => groupOf(event) === group);
        const within = some.filter(({ timestamp }) => from <= microsOfText(timestamp) && microsOfText(timestamp) < to);
        const value = aggregation === 'weighted_sum' ? level(account, some, from, to) : fold(aggregation, within);
        if (within.length > 0 || value !== 0n) expected.set(`${label} ${group}`, `${value} of ${within.length}`);
      }
    }
    return expected;
  }

  /** The average of the subscriptions' levels, added up before it is rounded. */
  function level(
    account: ReturnType<typeof parseAccount>,
    events: readonly NaiveEvent[],
    from: bigint,
    to: bigint,
  ): bigint {
    let area = 0n;
    for (const { id, startedAt, calendar } of account.subscriptions) {
      const resets = [];
      for (let at = startedAt; microsOf(at) < to; at = billingPeriod(calendar, at).end) resets.push(microsOf(at));
      const changes = events
        .filter(({ subscription }) => subscription === id)
        .map(({ timestamp, quantity }) => ({ at: microsOfText(timestamp), by: quantity }));
      area += areaOfLevel(changes, resets, from, to);
    }
    return halfAway(area, to - from);
  }

  interface Sent {
    readonly at: bigint;
    readonly quantity: bigint;
    readonly isLess: boolean;
    readonly user: string;
    readonly group: 'eu' | 'us' | undefined;
    readonly subscription: string;
    readonly isFoldedNow: boolean;
  }
  /** Microseconds before or after the change of clocks: mostly hours, sometimes days, often exactly on a boundary. */
  const moment = fc.oneof(
    fc.bigInt(-3n * 3_600_000_000n, 3n * 3_600_000_000n),
    fc.bigInt(-8n * DAY_MICROS, 8n * DAY_MICROS),
    fc.integer({ min: -200, max: 200 }).map((quarters) => BigInt(quarters) * 900_000_000n),
    fc.integer({ min: -200, max: 200 }).map((quarters) => BigInt(quarters) * 900_000_000n - 1n),
    // The odd subscription's periods begin at that microsecond of a minute.
    fc.integer({ min: -2, max: 2 }).map((periods) => BigInt(periods * 3 - 2) * DAY_MICROS + 34_567_891n),
  );
  const sent: fc.Arbitrary<Sent> = fc.record({
    at: moment,
    quantity: fc.bigInt(0n, 5n * 10n ** 12n),
    isLess: fc.boolean(),
    user: fc.constantFrom('ada', 'bob', 'cyd', 'dan'),
    group: fc.constantFrom(...GROUPS),
    subscription: fc.constantFrom('weekly', 'odd'),
    isFoldedNow: fc.boolean(),
  });
  const question = fc.record({
    place: fc.constantFrom(...PLACES),
    unit: fc.constantFrom(...WINDOW_UNITS),
    groupBy: fc.constantFrom([], ['area'], ['subscription_id'], ['area', 'subscription_id']),
    subscription: fc.constantFrom(undefined, 'weekly', 'odd'),
    limit: fc.constantFrom(1, 3, 100),
  });

  /** A level of 10^-12 that ends 34 s into an hour: an average of 10^-14, which is nothing. */
  const LESS_THAN_ANY_MEASURE: [
    Parameters<typeof send>[3][number][],
    typeof question extends fc.Arbitrary<infer Q> ? Q : never,
  ] = [
    [{ at: 0n, quantity: 1n, isLess: false, user: 'ada', group: undefined, subscription: 'odd', isFoldedNow: false }],
    { place: ['Europe/Berlin', '2026-03-29T01:00:00Z'], unit: 'hour', groupBy: [], subscription: undefined, limit: 1 },
  ];

  for (const aggregation of AGGREGATIONS) {
    it(`${aggregation}, for whatever events, in every zone across its change of clocks, by any window and group, folded or not`, async () => {
      const property = fc.asyncProperty(
        fc.array(sent, { minLength: 1, maxLength: 30 }),
        question,
        async (events, { place: [zone, change], unit, groupBy, subscription, limit }) => {
          const around = microsOf(parseInstant(change, 'test'));
          const tenant = await organization(aggregation, zone, around);
          const noted = await send(tenant, aggregation, around, events);
          const now = textOf(around + 11n * DAY_MICROS) as Instant;
          // Minutes are asked for around the change alone: a day of them is about the most one may ask for.
          const reach = unit === 'minute' ? DAY_MICROS / 12n : 9n * DAY_MICROS;
          const [from, to] = [textOf(around - reach), textOf(around + reach)] as [Instant, Instant];
          // A level is there in every minute.
          const query = {
            metric: 'used',
            subscription,
            unit,
            from,
            to,
            groupBy,
            limit: unit === 'minute' ? 100 : limit,
          };
          const rows = await all(tenant, query, now);
          const account = parseAccount(
            JSON.parse((await database.snapshot((view) => view.read(accounts, [tenant])))!.document),
          );
          const expected = naive(account, aggregation, noted, query);
          const got = new Map(
            rows.map((row) => [
              `${labelOf(unit, zone, Date.parse(row.window.start))} ${canonicalJson(row.group)}`,
              `${row.value} of ${row.events}`,
            ]),
          );
          assert.equal(got.size, rows.length, 'no window and group comes twice');
          assert.deepEqual(new Map([...got].sort()), new Map([...expected].sort()));
          for (const { window } of rows) {
            const label = labelOf(unit, zone, Date.parse(window.start));
            assert.equal(labelOf(unit, zone, Date.parse(window.end) - 1), label);
            assert.notEqual(labelOf(unit, zone, Date.parse(window.start) - 1), label);
            assert.notEqual(labelOf(unit, zone, Date.parse(window.end)), label);
          }
        },
      );
      if (aggregation === 'weighted_sum') await fc.assert(property, { numRuns: 1, examples: [LESS_THAN_ANY_MEASURE] });
      await fc.assert(property, { numRuns: aggregation === 'weighted_sum' ? 6 : 30 });
    });
  }
});
