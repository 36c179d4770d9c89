import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { SqliteDatabase } from '../shared/adapters/database/sqlite.ts';
import { SystemClock } from '../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../shared/adapters/local/entropy.ts';
import { FileKeyWrapper } from '../shared/adapters/local/key-wrapper.ts';
import { parseTenantId } from '../shared/domain/ids.ts';
import { type Instant, instantOfMicros, microsOf, parseInstant } from '../shared/domain/time.ts';
import { judge, meterIntended } from '../shared/domain/usage/entitlement.ts';
import { parseUsageEvent, type UsageEvent } from '../shared/domain/usage/event.ts';
import type { Database } from '../shared/ports/database.ts';
import { LimitStore } from '../shared/stores/limit-store.ts';
import { PersonalData } from '../shared/stores/personal-data.ts';
import { accounts, TABLES, unrolled } from '../shared/stores/tables.ts';
import { UsageRollups } from '../shared/stores/usage-rollups.ts';
import { UsageStore } from '../shared/stores/usage-store.ts';
import { UsageWindows } from '../shared/stores/usage-windows.ts';

const countOf = (text: string): number => {
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('between 1 and 999,999.');
};

const { batches, size, rounds } = new Command('bench-usage')
  .description(
    'Measures what usage summaries and entitlement checks cost on the embedded store, beside taking usage in.',
  )
  .option('--batches <count>', 'batches per round', countOf, 100)
  .option('--size <events>', 'events of a batch', countOf, 100)
  .option('--rounds <count>', 'counted rounds, after one warm-up', countOf, 5)
  .parse()
  .opts<{ batches: number; size: number; rounds: number }>();

const TENANT = parseTenantId('tenant-bench');
const START = parseInstant('2026-03-01T00:00:00Z', 'bench');
const RETENTION = { minutes: 40, quarters: 400 };
const REGIONS = ['eu', 'us', 'apac', 'sa'];

const ACCOUNT = {
  organization_id: TENANT,
  zone: 'Europe/Berlin',
  currency: 'EUR',
  subscriptions: [
    {
      subscription_id: 'main',
      started_at: START,
      calendar: { unit: 'month', count: 1, anchor: START },
      meters: [
        {
          metric_name: 'calls',
          aggregation: 'sum',
          dimensions: ['region'],
          prices: [
            {
              effective_from: START,
              document: {
                price_id: 'calls',
                version: '1',
                currency: 'EUR',
                model: { type: 'per_unit', unit_amount: '0.01' },
              },
            },
          ],
        },
      ],
    },
  ],
  limits: [
    { limit_id: 'day', metric_name: 'calls', period: 'daily', quantity: '1000000000', action: 'block' },
    { limit_id: 'all', metric_name: 'calls', period: 'total', quantity: '1000000000', action: 'notify' },
  ],
};

let sent = 0;
/** A batch of events that nobody has sent before, 50 milliseconds apart. */
function batch(): { readonly events: UsageEvent[]; readonly now: Instant } {
  const events = Array.from({ length: size }, () => {
    const timestamp = instantOfMicros(microsOf(START) + BigInt(sent) * 50_000n);
    const properties = { region: REGIONS[sent % 4]!, path: '/v1/things' };
    const event = { metric_name: 'calls', quantity: '1.5', timestamp, idempotency_key: `key-${sent++}`, properties };
    return parseUsageEvent(event, TENANT);
  });
  return { events, now: events.at(-1)!.time };
}

/** The same database, but batches are not noted for the sums: what accepting cost without them. */
const withoutNotes = (database: Database): Database => ({
  transact: (work) =>
    database.transact((tx) =>
      work({
        read: (table, key) => tx.read(table, key),
        readMany: (table, keys) => tx.readMany(table, keys),
        range: (table, range) => tx.range(table, range),
        ranges: (table, stretches, limit) => tx.ranges(table, stretches, limit),
        insert: (table, row) => {
          if (table.name !== unrolled.name) tx.insert(table, row);
        },
        upsert: (table, row) => tx.upsert(table, row),
        update: (table, key, changes) => tx.update(table, key, changes),
        delete: (table, key) => tx.delete(table, key),
      }),
    ),
  read: (table, key) => database.read(table, key),
  snapshot: (work) => database.snapshot(work),
  purgeExpired: (table, now, limit) => database.purgeExpired(table, now, limit),
  close: () => database.close(),
});

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const rate = (perSecond: number): string => Math.round(perSecond).toLocaleString('en-US').padStart(9);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

const folder = await mkdtemp(join(tmpdir(), 'bench-usage-'));
const database = SqliteDatabase.open(join(folder, 'store.db'), TABLES);
try {
  const entropy = new SeededEntropy('bench-usage');
  await database.transact(async (tx) => {
    tx.upsert(accounts, { tenant: TENANT, document: JSON.stringify(ACCOUNT), updated_at: START });
  });
  const wrapper = await FileKeyWrapper.open({ folder: join(folder, 'wrapping-keys'), entropy });
  const personal = new PersonalData(database, wrapper, entropy, new SystemClock());
  const rollups = new UsageRollups(database, entropy, RETENTION, personal);
  const windows = new UsageWindows(database, entropy, rollups, RETENTION, personal);
  const plain = new UsageStore(withoutNotes(database), entropy, personal);
  const noting = new UsageStore(database, entropy, personal);
  const accept = (store: UsageStore): Promise<number> => {
    const ready = Array.from({ length: batches }, batch);
    return seconds(async () => {
      for (const { events, now } of ready) await store.accept(TENANT, events, now);
    });
  };
  const before: number[] = [];
  const after: number[] = [];
  const folding: number[] = [];
  const events = batches * size;
  for (let round = 0; round <= rounds; round++) {
    // Side by side and in turn, so that neither has the warmer cache.
    const pair = round % 2 === 0 ? [plain, noting] : [noting, plain];
    for (const store of pair) {
      const rated = events / (await accept(store));
      if (round > 0) (store === plain ? before : after).push(rated);
    }
    const folded = await seconds(() => rollups.fold(TENANT));
    if (round > 0) folding.push(events / folded);
  }
  console.log(`${batches} batches of ${size} events, ${rounds} rounds, embedded store on ${folder}`);
  console.log(`accepting, without sums            ${rate(median(before))} events/s`);
  console.log(`accepting, noting what to sum up   ${rate(median(after))} events/s`);
  console.log(`ratio                              ${(median(after) / median(before)).toFixed(3).padStart(9)}`);
  console.log(`summing up, after the answer       ${rate(median(folding))} events/s`);

  const now = instantOfMicros(microsOf(START) + BigInt(sent) * 50_000n);
  const times = async (what: string, count: number, work: () => Promise<unknown>): Promise<void> => {
    const each: number[] = [];
    for (let i = 0; i < count; i++) each.push((await seconds(work)) * 1e6);
    each.sort((a, b) => a - b);
    const at = (share: number): string => each[Math.floor((count - 1) * share)]!.toFixed(0).padStart(7);
    console.log(`${what.padEnd(34)} p50 ${at(0.5)} µs, p99 ${at(0.99)} µs`);
  };
  const limits = new LimitStore(database);
  await times('an entitlement check', 2000, async () => {
    const standing = (await limits.standing(TENANT, now, { metric: 'calls' }))!;
    const intended = { metric: 'calls', quantity: '3', subscription: undefined, properties: {} };
    const usage = meterIntended(standing.account, intended, now);
    return judge(usage, standing.uses.get(usage.subscription.id)!);
  });
  const query = { metric: 'calls', subscription: undefined, from: START, to: now, limit: 100, after: undefined };
  await times('100 minutes, by region', 20, () =>
    windows.page(TENANT, { ...query, unit: 'minute', groupBy: ['region'] }, now),
  );
  await times('the day, by region', 20, () =>
    windows.page(TENANT, { ...query, unit: 'day', groupBy: ['region'] }, now),
  );
} finally {
  await database.close();
  await rm(folder, { recursive: true, force: true });
}
