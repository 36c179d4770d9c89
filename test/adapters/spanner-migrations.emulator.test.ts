import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { differences } from '../../shared/adapters/database/kept-schema.ts';
import {
  BOOKKEEPING,
  type MigrationRoom,
  migrate,
  missingMigrations,
  type SchemaEngine,
} from '../../shared/adapters/database/migration-runner.ts';
import {
  fileName,
  type Migration,
  MigrationRefused,
  nextMigration,
  readMigrations,
} from '../../shared/adapters/database/migrations.ts';
import { SpannerDatabase } from '../../shared/adapters/database/spanner.ts';
import { SpannerAdmin } from '../../shared/adapters/database/spanner-admin.ts';
import { ManualClock, SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import type { AnyTable, Table } from '../../shared/ports/database.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import { describeOnEmulators } from '../support/emulators.ts';
import { type SpannerTestDatabase, spannerDatabase } from '../support/spanner.ts';

const SECOND = 1000;

const SHOPS_COLUMNS = { shop: 'text', name: 'text' } as const;
const SHOPS: AnyTable = { name: 'shops', columns: SHOPS_COLUMNS, key: ['shop'], indexes: {} };
const TILLS: AnyTable = {
  name: 'tills',
  columns: { shop: 'text', till: 'int' },
  key: ['shop', 'till'],
  indexes: {},
  parent: 'shops',
};
const VOUCHERS: AnyTable = { name: 'vouchers', columns: { id: 'text', ends: 'text?' }, key: ['id'], indexes: {} };

/** What the shops' database looked like, from one year to the next. */
const YEARS: readonly { readonly name: string; readonly contract: boolean; readonly tables: readonly AnyTable[] }[] = [
  { name: 'shops', contract: false, tables: [SHOPS, TILLS, VOUCHERS] },
  {
    name: 'areas-and-expiry',
    contract: false,
    tables: [
      { ...SHOPS, columns: { ...SHOPS_COLUMNS, area: 'int?' }, indexes: { shops_by_area: ['area', 'name'] } },
      { ...TILLS, columns: { ...TILLS.columns, note: 'text?', hash: 'bytes?' } },
      { ...VOUCHERS, expires: 'ends' },
    ],
  },
  {
    name: 'no-areas-no-tills',
    contract: true,
    tables: [SHOPS, { ...VOUCHERS, columns: { id: 'text', ends: 'text' } }],
  },
];
const MIGRATIONS: Migration[] = [];
for (const { tables, ...more } of YEARS) MIGRATIONS.push(nextMigration(MIGRATIONS, tables, more)!);

describeOnEmulators('migrations of a Spanner database', ['spanner'], () => {
  let place: SpannerTestDatabase;
  let engine: SpannerAdmin;
  let database: SpannerDatabase;
  let clock: ManualClock;

  beforeEach(async () => {
    place = await spannerDatabase([]);
    const where = { ...place, emulatorHost: place.host };
    engine = SpannerAdmin.open(where);
    const own = { clock: new SystemClock(), entropy: new SystemEntropy() };
    database = await SpannerDatabase.open({ ...where, transactionsMax: 1, ...own });
    clock = new ManualClock(parseInstant('2026-03-01T12:00:00Z', 'test'));
  });
  afterEach(async () => {
    await database.close();
    await engine.close();
    await place.drop();
  });

  const room = (holder = 'anna', more: Partial<MigrationRoom> = {}): MigrationRoom => ({
    ...{ database, engine, clock, holder },
    ...more,
  });
  const differs = async (tables: readonly AnyTable[]): Promise<string[]> =>
    differences(await engine.schema(), [...tables, ...BOOKKEEPING]);

  it('of this project make exactly its catalogue, and applying them again does nothing', async () => {
    const migrations = readMigrations();
    assert.deepEqual(await migrate(room(), migrations), migrations.map(fileName));
    assert.deepEqual(await differs(TABLES), []);
    assert.deepEqual(await migrate(room(), migrations), []);
  });

  it('lead a database with rows from year to year, and each year is exactly its own', async () => {
    const shops: Table<typeof SHOPS_COLUMNS> = { ...SHOPS, columns: SHOPS_COLUMNS };
    for (const [at, { tables }] of YEARS.entries()) {
      assert.deepEqual(await migrate(room(), MIGRATIONS.slice(0, at + 1)), [fileName(MIGRATIONS[at]!)]);
      assert.deepEqual(await differs(tables), []);
      await database.transact(async (tx) => tx.upsert(shops, { shop: `shop-${at}`, name: `opened in year ${at + 1}` }));
    }
    const names = (await database.snapshot((view) => view.range(shops, {}))).map(({ name }) => name);
    assert.deepEqual(names, ['opened in year 1', 'opened in year 2', 'opened in year 3']);
  });

  it('two runs at once: one migrates, the other is told who is at it, and comes again', async () => {
    const results = await Promise.allSettled(['anna', 'ben'].map((holder) => migrate(room(holder), MIGRATIONS)));
    const [failed] = results.filter((result) => result.status === 'rejected');
    // One of them may have been through before the other began; then both are content.
    if (failed !== undefined) {
      assert.ok(failed.reason instanceof TryAgain, String(failed.reason));
      assert.match(
        failed.reason.message,
        /(anna|ben) is migrating this database; its lease ends at 2026-03-01T12:01:00|another run is changing the tables now/,
      );
    }
    assert.deepEqual(await migrate(room('carla'), MIGRATIONS), []);
    assert.deepEqual(await differs(YEARS.at(-1)!.tables), []);
  });

  /** An engine that stands still after it has applied the statements of one migration, as a process that was killed. */
  const stuckAfter = (sql: RegExp) => {
    let reached = (): void => undefined;
    const standing = new Promise<void>((resolve) => (reached = resolve));
    let goOn = (): void => undefined;
    const stuck: SchemaEngine = {
      schema: () => engine.schema(),
      apply: async (statements) => {
        await engine.apply(statements);
        if (!statements.some((statement) => sql.test(statement))) return;
        reached();
        await new Promise<void>((resolve) => (goOn = resolve));
      },
    };
    return { stuck, standing, goOn: () => goOn() };
  };

  for (const [year, sql] of [
    ['first', /CREATE TABLE IF NOT EXISTS `shops`/],
    ['second', /ADD ROW DELETION POLICY/],
    ['third', /DROP COLUMN/],
  ] as const) {
    it(`a run that was killed between the ${year} migration and its record is carried on by the next, a minute later`, async () => {
      const dead = new ManualClock(clock.now());
      const { stuck, standing, goOn } = stuckAfter(sql);
      const killed = migrate(room('anna', { engine: stuck, clock: dead }), MIGRATIONS);
      await standing;
      clock.advance(59 * SECOND);
      await assert.rejects(migrate(room('ben'), MIGRATIONS), /anna is migrating this database/);
      clock.advance(1 * SECOND);
      assert.ok((await migrate(room('ben'), MIGRATIONS)).length > 0);
      assert.deepEqual(await missingMigrations(room(), MIGRATIONS), []);
      assert.deepEqual(await differs(YEARS.at(-1)!.tables), []);
      // It was not dead after all: it finds that somebody else went on, and writes nothing down.
      goOn();
      await assert.rejects(
        killed,
        (error: Error) => error instanceof TryAgain && /another run took over/.test(error.message),
      );
      assert.deepEqual(await missingMigrations(room(), MIGRATIONS), []);
    });
  }

  it('a run that takes long keeps its lease for as long as it lives', async () => {
    const { stuck, standing, goOn } = stuckAfter(/`shops`/);
    const long = migrate(room('anna', { engine: stuck }), MIGRATIONS.slice(0, 1));
    await standing;
    for (let minute = 0; minute < 3; minute++) {
      for (let third = 0; third < 3; third++) {
        clock.advance(20 * SECOND);
        // A renewal is a transaction; this one comes after it.
        await database.transact(async () => undefined);
      }
      await assert.rejects(migrate(room('ben'), MIGRATIONS), /anna is migrating this database/);
    }
    goOn();
    assert.deepEqual(await long, [fileName(MIGRATIONS[0]!)]);
    assert.equal((await migrate(room('ben'), MIGRATIONS)).length, 2);
  });

  it('a migration that fails leaves no lease, and nothing recorded that is not there', async () => {
    const [first] = MIGRATIONS;
    const wrong: Migration = {
      ...MIGRATIONS[1]!,
      steps: [{ does: 'add-column', table: 'shops', name: 'area', sql: 'ALTER TABLE `shops` ADD COLUMN area FLOAT' }],
    };
    await assert.rejects(migrate(room('anna'), [first!, wrong]));
    assert.deepEqual(
      (await missingMigrations(room('ben'), MIGRATIONS)).map(fileName),
      MIGRATIONS.slice(1).map(fileName),
    );
    assert.equal((await migrate(room('ben'), MIGRATIONS)).length, 2);
  });

  it('a file that was changed after it was applied is refused, and so is a database that is ahead', async () => {
    await migrate(room(), MIGRATIONS);
    const [first, ...others] = MIGRATIONS;
    const edited: Migration = { ...first!, steps: first!.steps.slice(1) };
    const refused = (complaint: RegExp) => (error: Error) =>
      error instanceof MigrationRefused && complaint.test(error.message);
    await assert.rejects(
      migrate(room(), [edited, ...others]),
      refused(/0001-shops\.json was changed after it was applied at 2026-03-01T12:00:00\.000000Z/),
    );
    await assert.rejects(
      migrate(room(), MIGRATIONS.slice(0, 2)),
      refused(/the database has migration 3 \(no-areas-no-tills\), which is not known here/),
    );
    // The refusal left no lease behind.
    assert.deepEqual(await migrate(room('ben'), MIGRATIONS), []);
  });

  it('what somebody did to the schema by hand is found', async () => {
    await migrate(room(), MIGRATIONS);
    await engine.apply([
      'ALTER TABLE `shops` ADD COLUMN `colour` STRING(MAX)',
      'CREATE INDEX `by_name` ON `shops` (`name`)',
    ]);
    await assert.rejects(migrate(room(), MIGRATIONS), (error: Error) => {
      assert.ok(error instanceof MigrationRefused);
      assert.equal(
        error.message,
        'the database is not what its migrations make:\n  column shops.colour is in no catalogue\n  index by_name of shops is in no catalogue',
      );
      return true;
    });
  });

  describe('as an errand', () => {
    const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      promisify(execFile)(process.execPath, ['scripts/migrate.ts', ...args], {
        env: { PATH: process.env['PATH'] ?? '', ...env },
      });
    const variables = () => ({
      ...{ GOOGLE_CLOUD_PROJECT: place.project, SPANNER_INSTANCE: place.instance, SPANNER_EMULATOR_HOST: place.host },
      SPANNER_DATABASE: `${place.database}-e`,
    });
    const where = () => `projects/${place.project}/instances/${place.instance}/databases/${place.database}-e`;

    it('says what it would do, does it, and then has nothing to do', async () => {
      const planned = await run(['--create', '--dry-run'], variables());
      assert.match(
        planned.stdout,
        /^0001-first-tables\.json would be applied:\n {2}CREATE TABLE IF NOT EXISTS `accounts`/,
      );
      assert.equal((await run([], variables())).stdout.split('\n').at(-2), `${where()} is up to date`);
      const again = await run(['--dry-run', '--database', `${place.database}-e`], variables());
      assert.equal(again.stdout, `${where()} needs no migration\n`);
      const made = SpannerAdmin.open({ ...place, database: `${place.database}-e`, emulatorHost: place.host });
      assert.deepEqual(differences(await made.schema(), [...TABLES, ...BOOKKEEPING]), []);
      await made.drop();
      await made.close();
    });

    it('names what it is not told, and needs no other variable of the platform', async () => {
      await assert.rejects(run([]), { code: 2, stderr: /GOOGLE_CLOUD_PROJECT: .*\n {2}SPANNER_INSTANCE: / });
    });
  });
});
