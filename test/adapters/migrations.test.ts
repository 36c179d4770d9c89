import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalogueDigest, catalogueOf } from '../../shared/adapters/database/catalogue.ts';
import { ChangeRefused, stepsBetween } from '../../shared/adapters/database/catalogue-changes.ts';
import { differences, type KeptTable, wantedTable } from '../../shared/adapters/database/kept-schema.ts';
import {
  type Migration,
  MigrationRefused,
  migrationDigest,
  nextMigration,
  readMigrations,
  writeMigration,
} from '../../shared/adapters/database/migrations.ts';
import { createTableDdl } from '../../shared/adapters/database/spanner-schema.ts';
import type { AnyTable } from '../../shared/ports/database.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const SHOPS: AnyTable = {
  name: 'shops',
  columns: { shop: 'text', opened_at: 'text' },
  key: ['shop'],
  indexes: {},
};
const TILLS: AnyTable = {
  name: 'tills',
  columns: { shop: 'text', till: 'int', seal: 'bytes', note: 'text?' },
  key: ['shop', 'till'],
  indexes: { tills_by_note: ['note', 'shop'] },
  parent: 'shops',
};
const VOUCHERS: AnyTable = {
  name: 'vouchers',
  columns: { id: 'text', good_until: 'text' },
  key: ['id'],
  indexes: {},
  expires: 'good_until',
};

const sqlOf = (before: readonly AnyTable[], after: readonly AnyTable[]): string[] =>
  stepsBetween(catalogueOf(before), after).map(({ sql }) => sql);

describe('the schema of a catalogue', () => {
  it('a table has its columns, required unless they end in ?, and its key', () => {
    assert.deepEqual(sqlOf([], [SHOPS]), [
      'CREATE TABLE IF NOT EXISTS `shops` (`shop` STRING(MAX) NOT NULL, `opened_at` STRING(MAX) NOT NULL) PRIMARY KEY (`shop`)',
    ]);
  });

  it('a child lies with its parent’s row and keeps it; an index is a statement of its own', () => {
    assert.deepEqual(sqlOf([SHOPS], [SHOPS, TILLS]), [
      'CREATE TABLE IF NOT EXISTS `tills` (`shop` STRING(MAX) NOT NULL, `till` INT64 NOT NULL, `seal` BYTES(MAX) NOT NULL, `note` STRING(MAX)) PRIMARY KEY (`shop`, `till`), INTERLEAVE IN PARENT `shops` ON DELETE NO ACTION',
      'CREATE INDEX IF NOT EXISTS `tills_by_note` ON `tills` (`note`, `shop`)',
    ]);
  });

  it('rows that expire get a column that Spanner can read as a time, and its policy', () => {
    assert.deepEqual(sqlOf([], [VOUCHERS]), [
      'CREATE TABLE IF NOT EXISTS `vouchers` (`id` STRING(MAX) NOT NULL, `good_until` STRING(MAX) NOT NULL, `expires_on` TIMESTAMP AS (TIMESTAMP(`good_until`)) STORED) PRIMARY KEY (`id`), ROW DELETION POLICY (OLDER_THAN(`expires_on`, INTERVAL 0 DAY))',
    ]);
  });

  it('what Spanner would not take is refused before it is asked', () => {
    assert.throws(() => createTableDdl(TILLS), /tills comes before its parent shops/);
    assert.throws(
      () => createTableDdl({ ...TILLS, key: ['till', 'shop'] }, SHOPS),
      /does not begin with the key of shops/,
    );
    assert.throws(() => createTableDdl(TILLS, { ...SHOPS, expires: 'opened_at' }), /rows of shops expire/);
    const clash = { ...VOUCHERS, columns: { ...VOUCHERS.columns, expires_on: 'text' } } as const;
    assert.throws(() => createTableDdl(clash), /vouchers\.expires_on is the name of a generated column/);
  });
});

describe('a change of the catalogue', () => {
  it('nothing changed: nothing to do, in whatever order tables stand', () => {
    assert.deepEqual(sqlOf([SHOPS, TILLS, VOUCHERS], [VOUCHERS, SHOPS, TILLS]), []);
    assert.equal(catalogueDigest([SHOPS, TILLS]), catalogueDigest([TILLS, SHOPS]));
    assert.notEqual(
      catalogueDigest([SHOPS]),
      catalogueDigest([{ ...SHOPS, columns: { ...SHOPS.columns, x: 'int?' } }]),
    );
  });

  it('new columns, indexes and expiry are added to what is there', () => {
    const grown: AnyTable = {
      ...SHOPS,
      columns: { ...SHOPS.columns, area: 'int?', closes_at: 'text?' },
      indexes: { shops_by_area: ['area'] },
      expires: 'closes_at',
    };
    assert.deepEqual(sqlOf([SHOPS], [grown]), [
      'ALTER TABLE `shops` ADD COLUMN IF NOT EXISTS `area` INT64',
      'ALTER TABLE `shops` ADD COLUMN IF NOT EXISTS `closes_at` STRING(MAX)',
      'ALTER TABLE `shops` ADD COLUMN IF NOT EXISTS `expires_on` TIMESTAMP AS (TIMESTAMP(`closes_at`)) STORED',
      'ALTER TABLE `shops` ADD ROW DELETION POLICY (OLDER_THAN(`expires_on`, INTERVAL 0 DAY))',
      'CREATE INDEX IF NOT EXISTS `shops_by_area` ON `shops` (`area`)',
    ]);
    // The way back, what leans on something first.
    assert.deepEqual(sqlOf([grown], [SHOPS]), [
      'DROP INDEX IF EXISTS `shops_by_area`',
      'ALTER TABLE `shops` DROP ROW DELETION POLICY',
      'ALTER TABLE `shops` DROP COLUMN `expires_on`',
      'ALTER TABLE `shops` DROP COLUMN `area`',
      'ALTER TABLE `shops` DROP COLUMN `closes_at`',
    ]);
  });

  it('a column may begin to be empty, and cease to be', () => {
    const loose: AnyTable = { ...SHOPS, columns: { shop: 'text', opened_at: 'text?' } };
    assert.deepEqual(sqlOf([SHOPS], [loose]), ['ALTER TABLE `shops` ALTER COLUMN `opened_at` STRING(MAX)']);
    assert.deepEqual(sqlOf([loose], [SHOPS]), ['ALTER TABLE `shops` ALTER COLUMN `opened_at` STRING(MAX) NOT NULL']);
  });

  it('tables go children first, each after its indexes', () => {
    assert.deepEqual(sqlOf([SHOPS, TILLS, VOUCHERS], [VOUCHERS]), [
      'DROP INDEX IF EXISTS `tills_by_note`',
      'DROP TABLE IF EXISTS `tills`',
      'DROP TABLE IF EXISTS `shops`',
    ]);
  });

  for (const { says, after, way } of [
    {
      says: 'a new column that must be filled',
      after: { ...SHOPS, columns: { ...SHOPS.columns, area: 'int' } },
      way: /rows of shops that are there have no area: add it as int\?, write it everywhere/,
    },
    {
      says: 'another type',
      after: { ...SHOPS, columns: { shop: 'text', opened_at: 'int' } },
      way: /the type of shops\.opened_at cannot change: make a column of another name/,
    },
    {
      says: 'another key',
      after: { ...SHOPS, key: ['shop', 'opened_at'] },
      way: /the key of shops cannot change: make a table of another name/,
    },
    { says: 'another parent', after: { ...SHOPS, parent: 'vouchers' }, way: /the parent of shops cannot change/ },
  ] as readonly { says: string; after: AnyTable; way: RegExp }[]) {
    it(`${says} is refused, with the way to go instead`, () => {
      assert.throws(
        () => sqlOf([SHOPS], [after]),
        (error: Error) => error instanceof ChangeRefused && way.test(error.message),
      );
    });
  }

  it('an index of other columns, an expiry by another column, an indexed column that may be empty: the same', () => {
    const indexed = { ...TILLS, indexes: { tills_by_note: ['note'] } };
    assert.throws(() => sqlOf([SHOPS, TILLS], [SHOPS, indexed]), /the columns of index tills_by_note cannot change/);
    const required: AnyTable = { ...TILLS, columns: { ...TILLS.columns, note: 'text' } };
    assert.throws(() => sqlOf([SHOPS, TILLS], [SHOPS, required]), /tills\.note, which is indexed, may be null/);
    const other: AnyTable = { ...VOUCHERS, columns: { ...VOUCHERS.columns, ends: 'text?' }, expires: 'ends' };
    assert.throws(() => sqlOf([VOUCHERS], [other]), /the column by which rows of vouchers expire cannot change/);
  });
});

describe('the next migration', () => {
  const first = nextMigration([], [SHOPS, TILLS], { name: 'first', contract: false })!;
  const wider: AnyTable = { ...SHOPS, columns: { ...SHOPS.columns, area: 'int?' } };

  it('is numbered on, says what it is, and leaves the catalogue', () => {
    const next = nextMigration([first], [wider, TILLS], { name: 'shops-have-areas', contract: false })!;
    assert.deepEqual(
      [next.number, next.kind, next.steps.length, next.catalogue_digest],
      [2, 'expand', 1, catalogueDigest([wider, TILLS])],
    );
    assert.deepEqual(next.steps[0], {
      does: 'add-column',
      table: 'shops',
      name: 'area',
      sql: 'ALTER TABLE `shops` ADD COLUMN IF NOT EXISTS `area` INT64',
    });
  });

  it('is none where nothing changed', () => {
    assert.equal(nextMigration([first], [SHOPS, TILLS], { name: 'again', contract: false }), undefined);
  });

  it('takes nothing away unless it is told that nothing needs it any more', () => {
    assert.throws(
      () => nextMigration([first], [SHOPS], { name: 'no-tills', contract: false }),
      /takes something away, while functions that use it may still run[\s\S]*--contract[\s\S]*DROP TABLE IF EXISTS `tills`/,
    );
    const next = nextMigration([first], [SHOPS], { name: 'no-tills', contract: true })!;
    assert.equal(next.kind, 'contract');
  });

  it('never gives and takes at once, not even when told', () => {
    for (const contract of [false, true]) {
      assert.throws(
        () => nextMigration([first], [wider], { name: 'both', contract }),
        /gives and takes at once\. Make it two/,
      );
    }
  });

  it('is no contract when it only gives, and has a name that is one for a file', () => {
    assert.throws(
      () => nextMigration([first], [wider, TILLS], { name: 'areas', contract: true }),
      /nothing is taken away/,
    );
    for (const name of ['', 'Areas', 'a b', '../a', 'a--b', '-a', '1a']) {
      assert.throws(() => nextMigration([first], [wider, TILLS], { name, contract: false }), MigrationRefused);
    }
  });
});

describe('the folder of migrations', () => {
  let folder: TempFolder;
  const first = nextMigration([], [SHOPS, TILLS], { name: 'first', contract: false })!;
  const second = nextMigration([first], [SHOPS], { name: 'no-tills', contract: true })!;

  beforeEach(async () => {
    folder = await tempFolder();
    for (const migration of [first, second]) writeMigration(migration, folder.path);
  });
  afterEach(() => folder.remove());

  const change = async (file: string, change: (migration: Migration) => object): Promise<void> => {
    const path = join(folder.path, file);
    const held = JSON.parse(await readFile(path, 'utf8')) as Migration;
    await writeFile(path, JSON.stringify(change(held)));
  };

  it('gives back what was written, whatever its white space', async () => {
    const read = readMigrations(folder.path);
    assert.deepEqual(read, [first, second]);
    await change('0001-first.json', (held) => held);
    assert.equal(migrationDigest(readMigrations(folder.path)[0]!), migrationDigest(first));
  });

  it('a file is written once', () => {
    assert.throws(() => writeMigration(first, folder.path), /EEXIST/);
  });

  it('a statement more is another digest, so that a database would know', () => {
    const longer = { ...first, steps: [...first.steps, { ...first.steps[0]!, sql: 'DROP TABLE `shops`' }] };
    assert.notEqual(migrationDigest(longer), migrationDigest(first));
  });

  for (const { says, edit, complaint } of [
    {
      says: 'a number that is left out',
      edit: (held) => ({ ...held, number: 3 }),
      complaint: /0002-no-tills\.json: migrations are numbered from 1 without gaps, so this one is 2/,
    },
    {
      says: 'another name inside than outside',
      edit: (held) => ({ ...held, name: 'tills-gone' }),
      complaint: /its name would be 0002-tills-gone\.json/,
    },
    {
      says: 'a catalogue that was touched',
      edit: (held) => ({ ...held, catalogue: [] }),
      complaint: /its catalogue was changed/,
    },
    {
      says: 'a contract that calls itself an expansion',
      edit: (held) => ({ ...held, kind: 'expand' }),
      complaint: /takes something away, which only a migration marked "contract" may/,
    },
  ] as readonly { says: string; edit: (held: Migration) => object; complaint: RegExp }[]) {
    it(`${says} is refused when the folder is read`, async () => {
      await change('0002-no-tills.json', edit);
      assert.throws(
        () => readMigrations(folder.path),
        (error: Error) => error instanceof MigrationRefused && complaint.test(error.message),
      );
    });
  }

  it('of this project leaves exactly the present catalogue: a change of tables.ts comes with `npm run migrate -- --generate <name>`', () => {
    const last = readMigrations().at(-1)!;
    assert.deepEqual(sqlOf(last.catalogue, TABLES), []);
    assert.equal(last.catalogue_digest, catalogueDigest(TABLES));
  });

  it('of this project is what its generator writes, step by step', () => {
    const migrations = readMigrations();
    for (const [at, migration] of migrations.entries()) {
      const byName = new Map(migration.catalogue.map((table) => [table.name, table]));
      // Parents before their children, as the catalogue itself has them.
      const tables = [...byName.values()].sort(
        (a, b) => Number(a.parent !== undefined) - Number(b.parent !== undefined),
      );
      const steps = stepsBetween(migrations[at - 1]?.catalogue ?? [], tables);
      const bySql = (a: { sql: string }, b: { sql: string }) => (a.sql < b.sql ? -1 : 1);
      assert.deepEqual([...migration.steps].sort(bySql), steps.sort(bySql));
    }
  });
});

describe('a database that is not what its migrations make', () => {
  const has = (table: AnyTable, more: Partial<KeptTable> = {}) =>
    new Map([[table.name, { ...wantedTable(table), ...more }]]);

  it('is told apart table by table, column by column', () => {
    assert.deepEqual(differences(has(TILLS), [TILLS]), []);
    assert.deepEqual(differences(new Map(), [SHOPS]), ['table shops is missing']);
    assert.deepEqual(differences(has(SHOPS), []), ['table shops is in no catalogue']);
    const columns = new Map([
      ...wantedTable(VOUCHERS).columns,
      ['good_until', 'INT64'],
      ['extra', 'BYTES(MAX)'],
    ] as const);
    assert.deepEqual(differences(has(VOUCHERS, { columns, deletionPolicy: undefined }), [VOUCHERS]), [
      'column vouchers.good_until is INT64, not STRING(MAX) NOT NULL',
      'column vouchers.extra is in no catalogue',
      'the deletion policy of vouchers is missing',
    ]);
    const half = new Map([['tills_by_note', ['note (WRITE_ONLY)', 'shop (WRITE_ONLY)']]]);
    assert.deepEqual(differences(has(TILLS, { indexes: half, parent: undefined, key: ['shop'] }), [TILLS]), [
      'index tills_by_note of tills is note (WRITE_ONLY), shop (WRITE_ONLY), not note, shop',
      'the key of tills is shop, not shop, till',
      'the parent of tills is missing',
    ]);
  });
});
