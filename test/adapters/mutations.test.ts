import assert from 'node:assert/strict';
import { join } from 'node:path';
import { MUTATIONS_MAX, mutationsOf } from '../../shared/adapters/database/mutations.ts';
import { SqliteDatabase } from '../../shared/adapters/database/sqlite.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { parseLedgerOrigin, parseTenantId } from '../../shared/domain/ids.ts';
import { parseInstant, readPeriod } from '../../shared/domain/time.ts';
import { parseUsageEvent } from '../../shared/domain/usage/event.ts';
import type { AnyTable } from '../../shared/ports/database.ts';
import { Draftsman } from '../../shared/stores/draftsman.ts';
import { LedgerStore } from '../../shared/stores/ledger-store.ts';
import { accounts, TABLES } from '../../shared/stores/tables.ts';
import { UsageRollups } from '../../shared/stores/usage-rollups.ts';
import { UsageStore } from '../../shared/stores/usage-store.ts';
import { type AccountPlan, accountOf, flat, type MeterPlan, perUnit } from '../support/account.ts';
import { bareKeys } from '../support/bare-keys.ts';
import { type RecordedCommit, RecordingDatabase } from '../support/recording-database.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

/** Four columns, two of them the key; an index by one column and an index by two. */
const BOOKS: AnyTable = {
  name: 'books',
  columns: { shelf: 'text', place: 'int', title: 'text', author: 'text?' },
  key: ['shelf', 'place'],
  indexes: { books_by_title: ['title'], books_by_author: ['author', 'shelf'] },
};
const ORDER = { series: 'INV-2026', taxation: undefined };
const PLAIN: AnyTable = { ...BOOKS, indexes: {} };
const TICKETS: AnyTable = {
  name: 'tickets',
  columns: { id: 'text', good_until: 'text', note: 'text' },
  key: ['id'],
  indexes: {},
  expires: 'good_until',
};

describe('mutations, counted as Spanner counts them', () => {
  const row = { shelf: 'a', place: 1, title: 't', author: null };
  const key = ['a', 1];

  it('a new row is one per column: 4', () => {
    assert.equal(mutationsOf(PLAIN, { kind: 'insert', row }), 4);
    assert.equal(mutationsOf(PLAIN, { kind: 'upsert', row }), 4);
  });

  it('an index entry is its columns and those of the key that it lacks: 4 + (title, shelf, place) + (author, shelf, place)', () => {
    assert.equal(mutationsOf(BOOKS, { kind: 'insert', row }), 4 + 3 + 3);
  });

  it('a row that may be there already may have to leave its two entries: 10 + 2', () => {
    assert.equal(mutationsOf(BOOKS, { kind: 'upsert', row }), 12);
  });

  it('a change is the key and the columns it names; of a key column it names, only once', () => {
    assert.equal(mutationsOf(PLAIN, { kind: 'update', key, changes: { title: 'u' } }), 2 + 1);
    assert.equal(mutationsOf(PLAIN, { kind: 'update', key, changes: { title: 'u', author: 'v' } }), 2 + 2);
    assert.equal(mutationsOf(PLAIN, { kind: 'update', key, changes: {} }), 2);
  });

  it('a change of an indexed column moves that index’s entry and no other: 3 + one entry gone + 3', () => {
    assert.equal(mutationsOf(BOOKS, { kind: 'update', key, changes: { title: 'u' } }), 3 + 1 + 3);
  });

  it('a row that goes is 1, and 1 for each index', () => {
    assert.equal(mutationsOf(PLAIN, { kind: 'delete', key }), 1);
    assert.equal(mutationsOf(BOOKS, { kind: 'delete', key }), 3);
  });

  it('a row that expires has a generated column more, which is written when its source is', () => {
    const ticket = { id: 'a', good_until: 'x', note: 'n' };
    assert.equal(mutationsOf(TICKETS, { kind: 'insert', row: ticket }), 4);
    assert.equal(mutationsOf(TICKETS, { kind: 'update', key: ['a'], changes: { note: 'm' } }), 2);
    assert.equal(mutationsOf(TICKETS, { kind: 'update', key: ['a'], changes: { good_until: 'y' } }), 3);
  });

  it('the budget leaves a quarter of what Spanner takes', () => {
    assert.equal(MUTATIONS_MAX, (80_000 * 3) / 4);
  });
});

const LEDGER = parseLedgerOrigin('ledger.example/mutations');
const TENANT = parseTenantId('acme');
const NOW = parseInstant('2026-03-10T12:00:00Z', 'test');
const unique: MeterPlan = { aggregation: 'unique_count', model: perUnit('0.01'), valueProperty: 'user' };

describe('the largest commits that the stores make', () => {
  let folder: TempFolder;
  let database: RecordingDatabase;
  let usageStore: UsageStore;
  let ledger: LedgerStore;

  beforeEach(async () => {
    folder = await tempFolder();
    database = new RecordingDatabase(SqliteDatabase.open(join(folder.path, 'store.db'), TABLES));
    const entropy = new SeededEntropy('mutations');
    const keys = bareKeys(database);
    usageStore = new UsageStore(database, entropy, keys);
    ledger = new LedgerStore(database, entropy, LEDGER, keys);
  });
  afterEach(async () => {
    await database.close();
    await folder.remove();
  });

  const organization = (plan: AccountPlan): Promise<void> =>
    database.transact(async (tx) => {
      const document = JSON.stringify(accountOf(TENANT, plan));
      tx.upsert(accounts, { tenant: TENANT, document, updated_at: NOW });
    });
  /** Accepts events of consecutive seconds, each of another user unless said. @returns the commit */
  const accept = async (
    count: number,
    event: (i: number) => { metric_name: string; properties?: Record<string, string>; subscription_id?: string },
  ): Promise<RecordedCommit> => {
    const events = Array.from({ length: count }, (_, i) => {
      const timestamp = new Date(Date.parse('2026-03-10T10:00:00Z') + i * 1000).toISOString();
      const idempotency_key = `${database.commits.length}-${i}`;
      return parseUsageEvent({ idempotency_key, timestamp, properties: { user: `user-${i}` }, ...event(i) }, TENANT);
    });
    const outcomes = await usageStore.accept(TENANT, events, NOW);
    assert.ok(outcomes.every(({ status }) => status === 'accepted'));
    return database.commits.at(-1)!;
  };

  it('1,000 events are accepted with about 7,000: a known key has 6 columns and its expiry', async () => {
    await organization({
      meters: { visitors: unique },
      limits: (['daily', 'monthly', 'total'] as const).map((period) => ({
        ...{ id: `${period}-visitors`, metric: 'visitors', period, quantity: '1000000', action: 'block' as const },
      })),
    });
    const { mutations, byTable } = await accept(1000, () => ({ metric_name: 'visitors' }));
    assert.equal(byTable['dedupe'], 7 * 1000);
    // Three limits, one period each: 3 counters of 4 columns. The batch has 6, its waiting row 4, its unrolled row 3.
    assert.equal(byTable['limit_counters'], 12);
    assert.equal(mutations, 7000 + 12 + 6 + 4 + 3);
  });

  it('1,000 events of 1,000 hours and users are summed up with 29,000: an hour, a day and a value have 9 columns and their expiry', async () => {
    await organization({ meters: { visitors: { ...unique, dimensions: ['user'] } } });
    await accept(1000, () => ({ metric_name: 'visitors' }));
    const rollups = new UsageRollups(
      database,
      new SeededEntropy('rollups'),
      { minutes: 40, quarters: 400 },
      bareKeys(database),
    );
    assert.equal(await rollups.fold(TENANT), 1);
    const { mutations, byTable } = database.commits.at(-2)!;
    // Each event is of another group, so each has an hour's and a day's row of its own: 2 x 10 columns, and 9 for its value.
    assert.deepEqual([byTable['usage_rollups'], byTable['usage_values']], [20_000, 9000]);
    // The salt has 2 columns; the batch is no longer noted.
    assert.equal(mutations, 29_000 + 2 + 1);
    assert.ok(mutations < MUTATIONS_MAX);
  });

  it('16 batches with 2,000 new values become receipts with about 16,200: a value is 4 columns, and 4 in its index', async () => {
    await organization({ meters: { visitors: unique } });
    for (let batch = 0; batch < 16; batch++) {
      await accept(125, (i) => ({ metric_name: 'visitors', properties: { user: `user-${batch}-${i}` } }));
    }
    let appended = await ledger.appendWaiting(TENANT, NOW);
    const { byTable } = database.commits.at(-1)!;
    const events = (byTable['seen_values'] ?? 0) / 8;
    const batches = byTable['waiting']!;
    assert.equal(events, batches * 125);
    // One aggregate, one line, one open period with its balance, the head.
    assert.deepEqual(
      [byTable['aggregates'], byTable['line_sums'], byTable['open_periods'], byTable['openings'], byTable['heads']],
      [13, 20, 8, 5, 7],
    );
    // Genesis, open and at most 2,000 receipts: 8 pages of 4 columns; of 2,002 leaves 7 + 3 + 1 complete subtrees, 4 each.
    assert.ok(byTable['pages']! + byTable['tree_nodes']! <= 8 * 4 + 11 * 4);
    // 16,000 + 53 + (waiting rows 16, batches 16 x 3) + 76
    for (const { mutations } of database.commits) assert.ok(mutations <= 16_193, String(mutations));
    while (appended.outcome === 'appended') appended = await ledger.appendWaiting(TENANT, NOW);
    assert.equal(appended.size, 2002);
  });

  it('1,000 events that share nothing but their tenant stay below 42,000: 41 each for value, aggregate and line', async () => {
    const meters = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`visitors-${i}`, unique]));
    const subscriptions = ['one', 'two', 'three', 'four', 'five'];
    await organization({ meters, subscriptions });
    await accept(1000, (i) => ({
      metric_name: `visitors-${i % 200}`,
      subscription_id: subscriptions[Math.floor(i / 200)]!,
    }));
    await ledger.appendWaiting(TENANT, NOW);
    const { mutations, byTable } = database.commits.at(-1)!;
    assert.deepEqual(
      [byTable['seen_values'], byTable['aggregates'], byTable['line_sums']],
      [8 * 1000, 13 * 1000, 20 * 1000],
    );
    // Five periods opened: 5 x (8 + 5). Head 7, the batch 1 + 3. Genesis, 5 opens and 1,000 receipts: 4 pages of 4, 3 + 1 nodes of 4.
    assert.equal(mutations, 41_000 + 65 + 7 + 4 + 16 + 16);
    assert.ok(mutations < MUTATIONS_MAX);
  });

  it('receipts and their sums share a commit as long as it has room: 4 x 1,000 groups and 1,000 values are summed up apart', async () => {
    await organization({ meters: { visitors: { ...unique, dimensions: ['user'] } } });
    for (let batch = 0; batch < 4; batch++) {
      await accept(1000, (i) => ({ metric_name: 'visitors', properties: { user: `user-${batch}-${i}` } }));
    }
    const entropy = new SeededEntropy('rollups');
    const personal = bareKeys(database);
    const rollups = new UsageRollups(database, entropy, { minutes: 40, quarters: 400 }, personal);
    const drafting = new Draftsman(database, { ledger: LEDGER, entropy }, personal, rollups);
    const summing = new LedgerStore(database, entropy, LEDGER, personal, undefined, drafting);
    const before = database.commits.length;
    for (let isMore = true; isMore; ) isMore = (await summing.appendWaiting(TENANT, NOW)).isMore === true;
    const commits = database.commits.slice(before);
    for (const { mutations } of commits) assert.ok(mutations < MUTATIONS_MAX, String(mutations));
    assert.ok(commits.every(({ byTable }) => byTable['usage_rollups'] === undefined));
    assert.equal(await rollups.fold(TENANT), 4);

    await accept(100, (i) => ({ metric_name: 'visitors', properties: { user: `more-${i}` } }));
    await summing.appendWaiting(TENANT, NOW);
    const { byTable } = database.commits.at(-1)!;
    assert.deepEqual([byTable['usage_rollups'], byTable['usage_values'], byTable['unrolled']], [2000, 900, 1]);
  });

  it('a period of 200 meters closes with some hundreds: its lines go with 1 each', async () => {
    const meters = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`seats-${i}`, { aggregation: 'count', model: flat('5') } as const]),
    );
    await organization({ meters });
    await accept(200, (i) => ({ metric_name: `seats-${i}` }));
    await ledger.appendWaiting(TENANT, NOW);
    const text = '2026-03-01T00:00:00.000000Z/2026-04-01T00:00:00.000000Z';
    const closing = parseInstant('2026-04-02T00:00:00Z', 'test');
    const closed = await ledger.closePeriod(TENANT, 'main', { ...readPeriod(text)!, text }, ORDER, closing);
    assert.ok(typeof closed === 'object');
    const { mutations, byTable } = database.commits.at(-1)!;
    assert.equal(byTable['line_sums'], 200);
    // Invoice 17 and where it stands 17, its number 2, unarchived 3, the period's row 1, where the subscription stands 3, the head 7: 50. With 200
    // lines, at most 202 entries more (a fee for each meter, close, invoice): 1 or 2 pages, and a subtree or two.
    assert.ok(mutations <= 200 + 50 + 8 + 8, String(mutations));
  });
});
