import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { SqliteDatabase } from '../../shared/adapters/database/sqlite.ts';
import type { Table } from '../../shared/ports/database.ts';
import { storesFolder } from '../support/suite.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const BLOBS = { name: 'blobs', columns: { id: 'int', bytes: 'bytes' }, key: ['id'], indexes: {} } as const;
const blobs: Table<typeof BLOBS.columns> = BLOBS;
const BLOB_BYTES = 4 * 1024 * 1024;
/** So many of them are a log that is cut short, and so many more one that is tried again where it could not be. */
const COPIED_FROM = 16;

describe('the thread that copies the log of commits', () => {
  let folder: TempFolder;
  let file: string;
  let workers: Worker[];
  let database: SqliteDatabase;
  let next: number;
  const note = (worker: Worker): void => void workers.push(worker);

  beforeEach(async () => {
    folder = await tempFolder(await storesFolder());
    file = join(folder.path, 'store.db');
    workers = [];
    next = 0;
    process.on('worker', note);
    database = SqliteDatabase.open(file, [BLOBS]);
  });
  afterEach(async () => {
    process.off('worker', note);
    await database.close();
    await folder.remove();
  });

  async function write(count: number, bytes = BLOB_BYTES): Promise<void> {
    for (let i = 0; i < count; i++) {
      const id = next++;
      await database.transact(async (tx) => tx.insert(blobs, { id, bytes: Buffer.alloc(bytes, id) }));
    }
  }

  /** Commits go on while it copies; at its end the log begins anew. */
  async function copied(): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (statSync(`${file}-wal`).size >= COPIED_FROM * BLOB_BYTES) {
      assert.ok(Date.now() < deadline, 'the log stays as long as it is');
      await new Promise((resolve) => setTimeout(resolve, 5));
      await write(1, 1);
    }
  }

  it('is started once the log is long; where it ends afterwards, another one is at the next time', async () => {
    await write(COPIED_FROM);
    assert.equal(workers.length, 1);
    await copied();
    const exit = once(workers[0]!, 'exit');
    await workers[0]!.terminate();
    await exit;
    await write(COPIED_FROM);
    assert.equal(workers.length, 2);
    await copied();
  });

  it('holds no commit up where it ends in the middle of its work, and nothing is lost: another one does it', async () => {
    await write(COPIED_FROM - 1);
    const one = write(1);
    while (workers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await workers[0]!.terminate();
    await one;
    await write(COPIED_FROM + 1);
    assert.equal(workers.length, 2);
    await copied();
    const kept = await database.snapshot((view) => view.range(blobs, {}));
    assert.deepEqual(
      kept.map(({ id, bytes }) => [id, bytes[0]]),
      Array.from({ length: next }, (_, id) => [id, id]),
    );
  });
});
