import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { SqliteDatabase } from '../../shared/adapters/database/sqlite.ts';
import type { AnyTable, RowOf, Table } from '../../shared/ports/database.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const KEYS = {
  name: 'keys',
  columns: { tenant: 'text', hash: 'bytes', content: 'bytes', batch: 'text', position: 'int', good_until: 'text' },
  key: ['tenant', 'hash'],
  indexes: {},
  expires: 'good_until',
  scattered: 'hash',
} as const satisfies AnyTable;
const keys: Table<typeof KEYS.columns> = KEYS;
const NOTES = { name: 'notes', columns: { id: 'text' }, key: ['id'], indexes: {} } as const satisfies AnyTable;
const notes: Table<typeof NOTES.columns> = NOTES;
type Row = RowOf<typeof KEYS.columns>;

const SOON = '2026-04-01T00:00:00.000000Z';
const LATER = '2026-05-01T00:00:00.000000Z';
/** Runs of four rows, three of a size: what takes a million rows in a store takes some dozen here. */
const SMALL = { youngMax: 4, runsPerLevel: 3 };

const hashOf = (n: number): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`key ${n}`).digest().subarray(0, 16));
const row = (n: number, more: Partial<Row> = {}): Row => ({
  tenant: `tenant-${n % 3}`,
  hash: hashOf(n),
  content: new Uint8Array(createHash('sha256').update(`content ${n}`).digest()),
  batch: `${String(n).padStart(16, '0')}-00000000000000ff`,
  position: n,
  good_until: LATER,
  ...more,
});

describe('a table of hashes in a SQLite file', () => {
  let folder: TempFolder;
  let database: SqliteDatabase;
  const open = (): SqliteDatabase => SqliteDatabase.open(join(folder.path, 'store.db'), [KEYS, NOTES], SMALL);
  const put = (...rows: Row[]): Promise<void> =>
    database.transact(async (tx) => {
      for (const one of rows) tx.upsert(keys, one);
    });
  const find = (n: number, tenant = `tenant-${n % 3}`): Promise<Row | undefined> =>
    database.snapshot((view) => view.read(keys, [tenant, hashOf(n)]));
  const reopen = async (): Promise<void> => {
    await database.close();
    database = open();
  };
  /** How many rows of SQLite stand for the table: of rows that are not sorted yet, of runs, of blocks. */
  const kept = () => {
    const file = new DatabaseSync(join(folder.path, 'store.db'), { readOnly: true });
    const all = file.prepare('SELECT run, length(first) AS key FROM keys').all();
    file.close();
    return {
      logs: all.filter(({ run }) => run === 0).length,
      runs: all.filter(({ run, key }) => run !== 0 && key === 0).length,
      blocks: all.filter(({ run, key }) => run !== 0 && key !== 0).length,
    };
  };

  beforeEach(async () => {
    folder = await tempFolder();
    database = open();
  });
  afterEach(async () => {
    await database.close();
    await folder.remove();
  });

  it('gives back every row as it was, sorted or not, before and after a restart', async () => {
    for (let n = 0; n < 100; n++) await put(row(n));
    for (const when of ['before', 'after']) {
      for (let n = 0; n < 100; n++) assert.deepEqual({ ...(await find(n)) }, row(n), `${when} ${n}`);
      assert.equal(await find(100), undefined);
      await reopen();
    }
    assert.ok(kept().runs >= 2, JSON.stringify(kept()));
  });

  it('knows a row by its whole key: another tenant has none under the same hash', async () => {
    await put(row(1));
    assert.equal(await find(1, 'tenant-2'), undefined);
  });

  it('the last of several rows of one key is the row, whichever runs they lie in', async () => {
    for (let n = 0; n < 40; n++) await put(row(n));
    for (let n = 0; n < 40; n += 7) await put(row(n, { position: 1000 + n }));
    for (let n = 40; n < 90; n++) await put(row(n));
    await reopen();
    for (let n = 0; n < 90; n++) {
      assert.equal((await find(n))?.position, n < 40 && n % 7 === 0 ? 1000 + n : n, String(n));
    }
  });

  it('whatever is written in whatever commits, a Map would say the same', async () => {
    const commits = fc.array(fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 9 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(commits, async (all) => {
        await database.close();
        await folder.remove();
        folder = await tempFolder();
        database = open();
        const model = new Map<number, Row>();
        for (const [at, some] of all.entries()) {
          const rows = some.map((n, i) => row(n, { position: at * 100 + i }));
          await put(...rows);
          for (const [i, n] of some.entries()) model.set(n, rows[i]!);
          if (at % 11 === 10) await reopen();
        }
        for (let n = 0; n <= 60; n++) assert.deepEqual({ ...(await find(n)) }, { ...model.get(n) });
        const listed = await database.snapshot((view) => view.range(keys, {}));
        assert.equal(listed.length, model.size);
      }),
      { numRuns: 25 },
    );
  });

  it('a transaction that fails leaves none of its rows, whoever shares its commit', async () => {
    await put(row(1));
    const outcomes = await Promise.allSettled([
      put(row(2)),
      database.transact(async (tx) => {
        tx.upsert(keys, row(3));
        tx.insert(notes, { id: 'a' });
        tx.insert(notes, { id: 'a' });
      }),
      database.transact(async (tx) => {
        tx.insert(keys, row(4));
        tx.insert(keys, row(1));
      }),
      put(row(5)),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    );
    const found = await Promise.all([1, 2, 3, 4, 5].map(async (n) => (await find(n)) !== undefined));
    assert.deepEqual(found, [true, true, false, false, true]);
  });

  it('a snapshot sees the rows of its instant, however many are sorted meanwhile', async () => {
    for (let n = 0; n < 10; n++) await put(row(n));
    await database.snapshot(async (view) => {
      for (let n = 0; n < 60; n++) await put(row(n, { position: 5000 + n }));
      for (let n = 0; n < 20; n++) {
        const held = await view.read(keys, [`tenant-${n % 3}`, hashOf(n)]);
        assert.equal(held?.position, n < 10 ? n : undefined, String(n));
      }
    });
    assert.equal((await find(3))?.position, 5003);
  });

  it('what has expired goes: at once among the last rows, with its run where all of it has, else with the next merge', async () => {
    for (let n = 0; n < 4; n++) await put(row(n, { good_until: SOON }));
    await put(row(4));
    await put(row(5, { good_until: SOON }), row(6));
    assert.equal(await database.purgeExpired(keys, SOON, 1000), 0);
    assert.equal(await database.purgeExpired(keys, '2026-04-01T00:00:00.000001Z', 1000), 5);
    const left = async () =>
      (await database.snapshot((view) => view.range(keys, {}))).map(({ position }) => position).sort();
    assert.deepEqual(await left(), [4, 6]);
    await reopen();
    assert.deepEqual(await left(), [4, 6]);
    assert.equal(await find(0), undefined);
  });

  it('nothing grows for ever: runs that became another are gone after some more commits', async () => {
    for (let n = 0; n < 400; n++) await put(row(n % 50, { position: n }));
    const { logs, runs, blocks } = kept();
    // At most two runs of each of four sizes, and three that are being merged.
    assert.ok(logs <= 5 && runs <= 11 && blocks <= 40, JSON.stringify({ logs, runs, blocks }));
  });

  it('hashes that begin alike are told apart, in whichever of some blocks they lie', async () => {
    const alike = (n: number): Row => {
      const hash = hashOf(n);
      hash.set([7, 7, 7, 7]);
      return row(n, { hash, batch: 'x'.repeat(700) });
    };
    const many = Array.from({ length: 64 }, (_, n) => alike(n));
    await put(...many.slice(0, 32));
    for (const one of many.slice(32)) await put(one);
    for (const when of ['before', 'after']) {
      for (const { tenant, hash, position } of many) {
        const held = await database.snapshot((view) => view.read(keys, [tenant, hash]));
        assert.equal(held?.position, position, when);
      }
      await reopen();
    }
  });

  it('sorting and merging a little with each commit, a Map would say the same, and so would who opens the file at any moment', async () => {
    // A run of 16 rows takes some five commits to sort, and one of 48 some twenty to merge.
    const slow = { youngMax: 16, runsPerLevel: 3, movedAtLeast: 1, movedPerRow: 2 };
    const openSlowly = (): SqliteDatabase => SqliteDatabase.open(join(folder.path, 'store.db'), [KEYS, NOTES], slow);
    const keysSent = fc.array(fc.nat({ max: 150 }), { minLength: 100, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(keysSent, fc.nat({ max: 40 }), async (all, often) => {
        await database.close();
        await folder.remove();
        folder = await tempFolder();
        database = openSlowly();
        const model = new Map<number, Row>();
        for (const [at, n] of all.entries()) {
          const one = row(n, { position: at });
          await put(one);
          model.set(n, one);
          if (at % 50 === 10 + often) {
            await database.close();
            database = openSlowly();
          }
          assert.equal((await find(n))?.position, at);
        }
        for (let n = 0; n <= 150; n++) assert.equal((await find(n))?.position, model.get(n)?.position, String(n));
        const listed = await database.snapshot((view) => view.range(keys, {}));
        assert.deepEqual(
          listed.map(({ position }) => position).sort(),
          [...model.values()].map(({ position }) => position).sort(),
        );
      }),
      { numRuns: 12 },
    );
  });

  it('rows that come while runs are merged are sorted all the same, and do not pile up', async () => {
    const slow = { youngMax: 8, runsPerLevel: 3, movedAtLeast: 0, movedPerRow: 4 };
    await database.close();
    database = SqliteDatabase.open(join(folder.path, 'store.db'), [KEYS, NOTES], slow);
    let most = 0;
    for (let n = 0; n < 600; n++) {
      await put(row(n));
      if (n % 10 === 9) most = Math.max(most, kept().logs);
    }
    // Eight that wait, as many that are being sorted, and as many again that are sorted and about to go; a merge of 216 rows takes 54 commits.
    assert.ok(most <= 32, String(most));
    for (let n = 0; n < 600; n++) assert.equal((await find(n))?.position, n);
  });

  it('a crash in the middle of a merge leaves blocks that nobody sees, and the next run removes them', async () => {
    for (let n = 0; n < 30; n++) await put(row(n));
    await database.close();
    const file = new DatabaseSync(join(folder.path, 'store.db'));
    file.prepare('INSERT INTO keys (run, first, bytes) VALUES (999, ?, ?)').run(hashOf(1), new Uint8Array(40));
    file.close();
    database = open();
    for (let n = 0; n < 30; n++) assert.equal((await find(n))?.position, n);
    for (let n = 30; n < 60; n++) await put(row(n));
    await database.close();
    const again = new DatabaseSync(join(folder.path, 'store.db'), { readOnly: true });
    assert.equal(again.prepare('SELECT count(*) AS n FROM keys WHERE run=999').get()?.['n'], 0);
    again.close();
    database = open();
  });

  it('refuses what is of another form: a hash that is none, a cell of another type', async () => {
    for (const wrong of [
      { hash: new Uint8Array(15) },
      { position: -1 },
      { position: 1.5 },
      { content: 'text' },
      { batch: 7 },
      { good_until: null },
    ]) {
      await assert.rejects(put(row(1, wrong as unknown as Partial<Row>)), TypeError, JSON.stringify(wrong));
    }
    assert.equal(await find(1), undefined);
    await assert.rejects(
      database.transact(async (tx) => tx.delete(keys, ['tenant-1', hashOf(1)])),
      /written once/,
    );
  });

  it('texts of every kind come back: instants, pairs of hex, anything in UTF-8, nothing', async () => {
    const texts = [
      '',
      'ä€😀',
      '2026-02-31T00:00:00.000000Z',
      '0123456789abcdef-0123456789ABCDEF',
      LATER,
      'x'.repeat(3000),
    ];
    for (const [n, batch] of texts.entries()) await put(row(n, { batch }));
    await reopen();
    for (const [n, batch] of texts.entries()) assert.equal((await find(n))?.batch, batch);
  });
});
