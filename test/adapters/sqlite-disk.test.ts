import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { StoreUnusable } from '../../shared/adapters/local/lock.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const BLOBS = { name: 'blobs', columns: { id: 'int', bytes: 'bytes' }, key: ['id'], indexes: {} } as const;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the disk under a database', () => {
  let folder: TempFolder;
  let file: string;
  beforeEach(async () => {
    folder = await tempFolder();
    file = join(folder.path, 'store.db');
  });
  afterEach(() => folder.remove());

  it('when full: whoever shares the commit is told to try again, with the reason; readers read on; with room again it is ready', async () => {
    // A process of its own, as the limit is for all its files; it is lifted from inside.
    const script = `
      import { execFileSync } from 'node:child_process';
      import { SqliteDatabase } from './shared/adapters/database/sqlite.ts';
      const table = ${JSON.stringify(BLOBS)};
      const database = SqliteDatabase.open(${JSON.stringify(file)}, [table]);
      const write = (id, bytes) => database.transact(async (tx) => tx.insert(table, { id, bytes: Buffer.alloc(bytes) }));
      const limit = (bytes) => execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=' + bytes + ':unlimited']);
      const told = (work) => work.then(() => 'done', (error) => [error.name, error.retryAfterSeconds, error.cause?.code].join(' '));
      await write(0, 10);
      await database.ready();
      limit(65536);
      // Together they are more than there is room for; the last two would fit.
      console.log((await Promise.all([write(1, 10), write(2, 10_000_000), write(3, 10), write(4, 10_000_000)].map(told))).join(', '));
      console.log(await told(write(5, 1_000_000)), (await database.snapshot((view) => view.range(table, {}))).length);
      console.log(await told(database.ready()));
      limit('unlimited');
      console.log(await told(database.ready()), await told(write(6, 1_000_000)));
      console.log((await database.snapshot((view) => view.range(table, {}))).map(({ id }) => id).join(' '));
      await database.close();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
    });
    const [together, alone, ready, lifted, held] = stdout.trim().split('\n');
    const refused = 'TryAgain 5 ERR_SQLITE_ERROR';
    assert.deepEqual(new Set(together!.split(', ')), new Set([refused]));
    assert.equal(alone, `${refused} 1`);
    assert.ok(ready === 'done' || ready === refused, ready);
    assert.equal(lifted, 'done done');
    assert.equal(held, '0 6');
  });

  it('read-only or full is said with a code of its own and the folder; another trouble stays what it is', () => {
    const trouble = (facts: object) => StoreUnusable.from(Object.assign(new Error('no'), facts), '/data');
    for (const facts of [{ code: 'EROFS' }, { code: 'EACCES' }, { code: 'EPERM' }, { errcode: 8 }, { errcode: 1032 }]) {
      const error = trouble(facts);
      assert.ok(error instanceof StoreUnusable && error.code === 'store_read_only', JSON.stringify(facts));
      assert.match(error.message, /^store_read_only: the store in \/data cannot be written/);
    }
    for (const facts of [{ code: 'ENOSPC' }, { code: 'EDQUOT' }, { errcode: 13 }]) {
      const error = trouble(facts);
      assert.ok(error instanceof StoreUnusable && error.code === 'store_full', JSON.stringify(facts));
    }
    for (const facts of [{ code: 'ENOENT' }, { errcode: 11 }, {}]) {
      assert.ok(!(trouble(facts) instanceof StoreUnusable), JSON.stringify(facts));
    }
  });
});
