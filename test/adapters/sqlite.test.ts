import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteDatabase } from '../../shared/adapters/database/sqlite.ts';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { StoreInUse, StoreLock } from '../../shared/adapters/local/lock.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { AnyTable, Table } from '../../shared/ports/database.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import { TestSuite } from '../support/suite.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { CONTRACT_TABLES, databaseContract } from './contracts/database.ts';

databaseContract('SQLite', async () => {
  const folder = await tempFolder();
  return {
    purgesItself: false,
    rangesTried: 300,
    open: async () => SqliteDatabase.open(join(folder.path, 'store.db'), CONTRACT_TABLES),
    dispose: folder.remove,
  };
});

const NOTES = { name: 'notes', columns: { id: 'text', text: 'text', size: 'int' }, key: ['id'], indexes: {} } as const;
const notes: Table<typeof NOTES.columns> = NOTES;

describe('a database in a SQLite file', () => {
  let folder: TempFolder;
  let file: string;

  beforeEach(async () => {
    folder = await tempFolder();
    file = join(folder.path, 'deep', 'down', 'store.db');
  });
  afterEach(() => folder.remove());

  it('makes its folder, and is in write-ahead mode, so readers do not wait for the writer', async () => {
    const database = SqliteDatabase.open(file, [NOTES]);
    const other = new DatabaseSync(file);
    assert.deepEqual({ ...other.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' });
    other.close();
    await database.close();
  });

  it('what a transaction returned is in the file for whoever opens it, before anything was closed', async () => {
    const database = SqliteDatabase.open(file, [NOTES]);
    await database.transact(async (tx) => tx.insert(notes, { id: 'a', text: 'kept', size: 4 }));
    const other = new DatabaseSync(file, { readOnly: true });
    assert.equal(other.prepare('SELECT text FROM notes').get()?.['text'], 'kept');
    other.close();
    await database.close();
  });

  it('a row read by itself is not what shares a commit that is not made yet', async () => {
    const database = SqliteDatabase.open(file, [NOTES]);
    await database.transact(async (tx) => tx.insert(notes, { id: 'a', text: 'before', size: 6 }));
    const [, seen] = await Promise.all([
      database.transact(async (tx) => tx.update(notes, ['a'], { text: 'after' })),
      // In the same turn, when the other's rows are written and not committed.
      database.transact(async () => (await database.read(notes, ['a']))?.text),
    ]);
    assert.deepEqual([seen, (await database.read(notes, ['a']))?.text], ['before', 'after']);
    await database.close();
    await assert.rejects(database.read(notes, ['a']), { name: 'TryAgain' });
  });

  it('small commits rest between one another: who comes alone is kept at once, the next wait for the rest to end, 32 for nothing', async () => {
    const clock = new ManualClock('2026-03-01T12:00:00.000000Z' as Instant);
    const database = SqliteDatabase.open(file, [NOTES], { rest: { clock, milliseconds: 5 } });
    let kept = 0;
    const note = async (): Promise<void> => {
      await database.transact(async (tx) => tx.insert(notes, { id: randomUUID(), text: '', size: 0 }));
      kept++;
    };
    const someTurns = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    await note();
    const two = [note(), note()];
    await someTurns();
    assert.equal(kept, 1);
    clock.advance(4);
    await someTurns();
    assert.equal(kept, 1);
    clock.advance(1);
    await Promise.all(two);
    assert.equal(kept, 3);
    await Promise.all(Array.from({ length: 32 }, note));
    assert.equal(kept, 35);
    // Closing ends the rest: whoever still waits is kept.
    const last = note();
    await database.close();
    await last;
    assert.equal(kept, 36);
  });

  it('whoever tries again in the very moment of its failure gets its turn', async () => {
    const database = SqliteDatabase.open(file, [NOTES]);
    const tried = await database
      .transact(async () => Promise.reject(new Error('the first time')))
      .catch(() => database.transact(async () => 'the second time'));
    assert.equal(tried, 'the second time');
    await database.close();
  });

  it('refuses what is of another type than its column: no text where a number stands, no half number', async () => {
    const database = SqliteDatabase.open(file, [NOTES]);
    const insert = (row: object) =>
      database.transact(async (tx) => tx.insert(notes, { id: 'a', text: 'x', size: 1, ...row }));
    for (const row of [{ size: 'many' }, { size: 1.5 }, { text: null }, { id: null }, { text: undefined }]) {
      await assert.rejects(insert(row), JSON.stringify(row));
    }
    assert.deepEqual(await database.snapshot((view) => view.range(notes, {})), []);
    await database.close();
  });

  it('asks for whole keys and for indexes that exist', async () => {
    const database = SqliteDatabase.open(file, [NOTES]);
    await assert.rejects(
      database.snapshot((view) => view.read(notes, [])),
      /a key of notes is \(id\)/,
    );
    await assert.rejects(
      database.snapshot((view) => view.range(notes, { index: 'by_size' })),
      /no index by_size/,
    );
    await database.close();
  });

  it('a file that is no database, or one of another version, is refused when it is opened, not when it is used', async () => {
    const strange = join(folder.path, 'strange.db');
    await writeFile(strange, 'this is a letter to a friend, quite long enough to be mistaken for a page of a database');
    assert.throws(() => SqliteDatabase.open(strange, [NOTES]), /not a database/);

    await SqliteDatabase.open(file, [NOTES]).close();
    const wider: AnyTable = { ...NOTES, columns: { ...NOTES.columns, author: 'text' } };
    const keyed: AnyTable = { ...NOTES, key: ['id', 'text'] };
    for (const table of [wider, keyed]) assert.throws(() => SqliteDatabase.open(file, [table]), /notes/);
    // A table more is made; the same again is fine.
    await SqliteDatabase.open(file, [NOTES, { ...NOTES, name: 'more_notes' }]).close();
    await SqliteDatabase.open(file, [NOTES]).close();
  });

  it('the catalogue of tables is one that SQLite takes, index by index, twice over', async () => {
    await SqliteDatabase.open(file, TABLES).close();
    await SqliteDatabase.open(file, TABLES).close();
    const other = new DatabaseSync(file, { readOnly: true });
    const names = other
      .prepare("SELECT name FROM sqlite_schema WHERE type='table'")
      .all()
      .map(({ name }) => name);
    assert.deepEqual(names.sort(), TABLES.map(({ name }) => name).sort());
    other.close();
  });

  it('a folder belongs to one suite: a second one is told so, and has it once the first is gone', async () => {
    const suite = await TestSuite.start();
    assert.throws(() => StoreLock.take(suite.folder.path), StoreInUse);
    await assert.rejects(TestSuite.start({ config: { dataFolder: suite.folder.path } }), StoreInUse);
    // The first has not noticed.
    assert.equal((await fetch(`${suite.url}/healthz`)).status, 200);
    await suite.stop();
    StoreLock.take(suite.folder.path).release();
    await suite.folder.remove();
  });
});
