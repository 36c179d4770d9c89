import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LogSync } from '../../shared/adapters/sqlite-log.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

describe('the syncing of a log of commits', () => {
  let folder: TempFolder;
  let database: DatabaseSync;
  let log: LogSync;

  const open = (logMaxBytes?: number): void => {
    const file = join(folder.path, 'some.db');
    database = new DatabaseSync(file);
    database.exec(
      'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE some (a BLOB)',
    );
    log = new LogSync(file, { isCopied: true, ...(logMaxBytes !== undefined && { logMaxBytes }) });
  };
  const commit = (bytes = 1): void => {
    database.prepare('INSERT INTO some VALUES (zeroblob(?))').run(bytes);
    log.committed();
  };

  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(async () => {
    await log.close();
    database.close();
    await folder.remove();
  });

  it('knows which commits a power cut leaves: none that came after the sync began', async () => {
    open();
    assert.equal(log.keeps(0), true);
    commit();
    assert.equal(log.keeps(1), false);
    await log.kept();
    assert.equal(log.keeps(1), true);
    commit();
    const second = log.kept();
    assert.notEqual(log.underWay, undefined);
    commit();
    await second;
    assert.deepEqual([log.keeps(2), log.keeps(3)], [true, false]);
    await log.kept();
    assert.deepEqual([log.keeps(3), log.underWay], [true, undefined]);
  });

  it('where the disk does not take it nothing is kept, then and later, and whoever asks is told to try again', async () => {
    open();
    commit();
    await log.kept();
    await log.close();
    // No such file, so that there is nothing to sync.
    log = new LogSync(join(folder.path, 'missing.db'), { isCopied: false });
    log.committed();
    await assert.rejects(log.kept(), { name: 'TryAgain' });
    assert.deepEqual([log.keeps(1), log.underWay], [false, undefined]);
    await assert.rejects(log.kept(), { name: 'TryAgain' });
  });

  it('a log that has grown is copied into the database by a thread, and cut short; both files stay readable', async () => {
    open(1_000_000);
    const size = (): number => Number(database.prepare('SELECT sum(length(a)) AS bytes FROM some').get()!['bytes']);
    commit(3_000_000);
    commit();
    // Closing waits for the copying that this began.
    await log.close();
    const [row] = database.prepare('PRAGMA wal_checkpoint(PASSIVE)').all();
    assert.deepEqual([row!['busy'], row!['log'], size()], [0, 0, 3_000_001]);
  });
});
