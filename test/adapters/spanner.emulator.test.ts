import assert from 'node:assert/strict';
import { protos, Spanner } from '@google-cloud/spanner';
import { status } from '@grpc/grpc-js';
import { freePort, startEmulator } from '../../scripts/emulators/emulators.ts';
import { MUTATIONS_MAX } from '../../shared/adapters/database/mutations.ts';
import { SpannerDatabase } from '../../shared/adapters/database/spanner.ts';
import { openSpannerClient } from '../../shared/adapters/database/spanner-client.ts';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { AnyTable, Database, Table, Transaction } from '../../shared/ports/database.ts';
import { describeOnEmulators } from '../support/emulators.ts';
import { type SpannerTestDatabase, spannerDatabase } from '../support/spanner.ts';
import { SpannerRelay } from '../support/spanner-relay.ts';
import { CONTRACT_TABLES, databaseContract } from './contracts/database.ts';

const clock = new SystemClock();
const entropy = new SystemEntropy();
/** Time goes by forty times as fast, with its pauses of seconds and its patience of 25 seconds. */
const hurried: Clock = {
  now: () => clock.now(),
  after: (milliseconds, wake) => clock.after(milliseconds / 40, wake),
};

const TILLS = {
  name: 'tills',
  columns: { id: 'text', cents: 'int' },
  key: ['id'],
  indexes: {},
} as const satisfies AnyTable;
const tills: Table<typeof TILLS.columns> = TILLS;

const openOn = (place: SpannerTestDatabase, more: { readonly host?: string; readonly clock?: Clock } = {}) =>
  SpannerDatabase.open({
    ...{ project: place.project, instance: place.instance, database: place.database },
    ...{ emulatorHost: more.host ?? place.host, transactionsMax: 8, clock: more.clock ?? clock, entropy },
  });
const put = (database: Database, id: string, cents: number): Promise<void> =>
  database.transact(async (tx) => tx.upsert(tills, { id, cents }));
const centsIn = async (database: Database, id: string): Promise<number | undefined> =>
  (await database.snapshot((view) => view.read(tills, [id])))?.cents;
const addOne = async (tx: Transaction, id: string): Promise<void> => {
  const till = await tx.read(tills, [id]);
  tx.update(tills, [id], { cents: till!.cents + 1 });
};

describeOnEmulators('Spanner', ['spanner'], () => {
  let place: SpannerTestDatabase;
  let janitor: SpannerDatabase;

  before(async () => {
    place = await spannerDatabase(CONTRACT_TABLES);
    janitor = await openOn(place);
  });
  after(async () => {
    await janitor.close();
    await place.drop();
  });

  databaseContract('Spanner', async () => ({
    purgesItself: true,
    rangesTried: 100,
    open: () => openOn(place),
    // Rows go, the database stays: making one takes longer than most sentences.
    dispose: () =>
      janitor.transact(async (tx) => {
        for (const table of CONTRACT_TABLES) {
          const rows = (await tx.range(table, {})) as Readonly<Record<string, string>>[];
          for (const row of rows)
            tx.delete(
              table,
              table.key.map((name) => row[name]!),
            );
        }
      }),
  }));
});

describeOnEmulators('Spanner, when the wire is not a wire', ['spanner'], () => {
  let place: SpannerTestDatabase;
  let relay: SpannerRelay;
  let database: SpannerDatabase;

  before(async () => {
    place = await spannerDatabase([TILLS]);
  });
  after(() => place.drop());
  beforeEach(async () => {
    relay = await SpannerRelay.start(place.host);
    database = await openOn(place, { host: relay.host, clock: hurried });
    await put(database, 'till', 100);
    relay.calls.length = 0;
  });
  afterEach(async () => {
    await database.close();
    relay.stop();
  });

  it('work that others aborted three times is run a fourth time, and counts once', async () => {
    relay.happen('StreamingRead', { code: status.ABORTED, times: 3 });
    let runs = 0;
    await database.transact((tx) => {
      runs += 1;
      return addOne(tx, 'till');
    });
    assert.equal(runs, 4);
    assert.equal(await centsIn(database, 'till'), 101);
  });

  it('work that is aborted again and again is given up after 13 runs: try again, says the caller', async () => {
    relay.happen('StreamingRead', { code: status.ABORTED });
    let runs = 0;
    const given = database.transact((tx) => {
      runs += 1;
      return addOne(tx, 'till');
    });
    await assert.rejects(given, TryAgain);
    assert.equal(runs, 13);
  });

  it('work that aborts while it catches what it reads is run again all the same', async () => {
    relay.happen('StreamingRead', { code: status.ABORTED, times: 1 });
    const seen = await database.transact(async (tx) => {
      const till = await tx.read(tills, ['till']).catch(() => undefined);
      tx.upsert(tills, { id: 'seen', cents: till?.cents ?? 0 });
      return till?.cents;
    });
    assert.equal(seen, 100);
    assert.equal(await centsIn(database, 'seen'), 100);
  });

  it('where the first of two reads side by side is aborted, both are read again', async () => {
    await put(database, 'other', 7);
    relay.happen('StreamingRead', { code: status.ABORTED, times: 1 });
    let runs = 0;
    const cents = await database.transact(async (tx) => {
      runs += 1;
      const found = await Promise.all([tx.read(tills, ['till']), tx.read(tills, ['other'])]);
      return found.map((till) => till?.cents);
    });
    assert.deepEqual([runs, cents], [2, [100, 7]]);
  });

  it('where the first of three reads side by side is refused, the error comes at once and the next transaction goes through', async () => {
    relay.happen('StreamingRead', { code: status.PERMISSION_DENIED, times: 1 });
    const refused = database.transact((tx) =>
      Promise.all([tx.read(tills, ['till']), tx.range(tills, {}), tx.range(tills, { reverse: true })]),
    );
    await assert.rejects(refused, { code: status.PERMISSION_DENIED });
    // Nothing began, so nothing else was asked and there is nothing to roll back.
    assert.deepEqual(relay.calls, ['StreamingRead']);
    await database.transact((tx) => addOne(tx, 'till'));
    assert.equal(await centsIn(database, 'till'), 101);
  });

  it('work that swallows the failure of its first read and reads on gets that failure again, and no more', async () => {
    relay.happen('StreamingRead', { code: status.PERMISSION_DENIED, times: 1 });
    const refused = database.transact(async (tx) => {
      await tx.read(tills, ['till']).catch(() => undefined);
      return tx.read(tills, ['till']);
    });
    await assert.rejects(refused, { code: status.PERMISSION_DENIED });
    assert.equal(await centsIn(database, 'till'), 100);
  });

  it('where the second of two reads side by side is refused, the locks of the first are given back', async () => {
    relay.happen('ExecuteStreamingSql', { code: status.PERMISSION_DENIED, times: 1 });
    const refused = database.transact((tx) =>
      Promise.all([tx.read(tills, ['till']), tx.range(tills, { reverse: true })]),
    );
    await assert.rejects(refused, { code: status.PERMISSION_DENIED });
    assert.deepEqual(relay.calls, ['StreamingRead', 'ExecuteStreamingSql', 'Rollback']);
  });

  it('a snapshot whose first of two reads is refused says so at once', async () => {
    relay.happen('StreamingRead', { code: status.PERMISSION_DENIED, times: 1 });
    const refused = database.snapshot((view) => Promise.all([view.read(tills, ['till']), view.read(tills, ['till'])]));
    await assert.rejects(refused, { code: status.PERMISSION_DENIED });
    assert.equal(await centsIn(database, 'till'), 100);
  });

  for (const code of [status.DEADLINE_EXCEEDED, status.INTERNAL, status.UNKNOWN]) {
    it(`a commit whose answer is lost (${status[code]}) may have happened: the work is not done twice, its caller tries again`, async () => {
      relay.happen('Commit', { code, times: 1, applied: true });
      let runs = 0;
      const lost = database.transact((tx) => {
        runs += 1;
        return addOne(tx, 'till');
      });
      await assert.rejects(lost, TryAgain);
      assert.equal(runs, 1);
      assert.equal(await centsIn(database, 'till'), 101);
    });
  }

  it('a commit whose connection broke is sent again by itself, and applied once', async () => {
    relay.happen('Commit', { code: status.UNAVAILABLE, times: 1, applied: true });
    let runs = 0;
    await database.transact((tx) => {
      runs += 1;
      return addOne(tx, 'till');
    });
    assert.deepEqual([runs, relay.calls], [1, ['StreamingRead', 'Commit', 'Commit']]);
    assert.equal(await centsIn(database, 'till'), 101);
  });

  it('work whose session is gone is run again with another one', async () => {
    relay.happen('StreamingRead', { code: status.NOT_FOUND, details: 'Session not found: sessions/1', times: 1 });
    await database.transact((tx) => addOne(tx, 'till'));
    assert.equal(await centsIn(database, 'till'), 101);
  });

  it('a commit that nobody answers is not waited for without end', async () => {
    relay.happen('Commit', { code: status.OK, silent: true, times: 1 });
    await assert.rejects(
      database.transact((tx) => addOne(tx, 'till')),
      TryAgain,
    );
  });

  it('an instance that has too much to do is asked again later, for reads and for snapshots', async () => {
    relay.happen('StreamingRead', { code: status.RESOURCE_EXHAUSTED });
    await assert.rejects(
      database.transact((tx) => addOne(tx, 'till')),
      TryAgain,
    );
    await assert.rejects(centsIn(database, 'till'), TryAgain);
  });

  it('a short interruption is nobody’s business: the client reads again', async () => {
    relay.happen('StreamingRead', { code: status.UNAVAILABLE, times: 2 });
    assert.equal(await centsIn(database, 'till'), 100);
  });

  it('one that lasts is waited out with pauses, each longer than the one before may be', async () => {
    const pauses: number[] = [];
    const counted: Clock = {
      now: () => clock.now(),
      after: (milliseconds, wake) => {
        if (milliseconds < 5_000) pauses.push(milliseconds);
        return hurried.after(milliseconds, wake);
      },
    };
    const patient = await openOn(place, { host: relay.host, clock: counted });
    relay.happen('StreamingRead', { code: status.UNAVAILABLE, times: 5 });
    assert.equal(await centsIn(patient, 'till'), 100);
    await patient.close();
    assert.equal(pauses.length, 5);
    // At most 20, 40, 80, 160, 320 milliseconds.
    for (const [at, pause] of pauses.entries()) assert.ok(pause > 0 && pause <= 20 * 2 ** at, String(pauses));
  });

  it('opening a client leaves the environment as it was', async () => {
    const before = { ...process.env };
    const other = await openOn(place);
    assert.deepEqual({ ...process.env }, before);
    await other.close();
  });

  it('what work throws comes out as it is, and its locks are given back at once', async () => {
    const reason = new Error('not today');
    const failed = database.transact(async (tx) => {
      await addOne(tx, 'till');
      throw reason;
    });
    await assert.rejects(failed, (error) => error === reason);
    assert.deepEqual(relay.calls, ['StreamingRead', 'Rollback']);
  });

  it('locks are given back even by work that threw before its first read had answered', async () => {
    const failed = database.transact(async (tx) => {
      await Promise.all([tx.read(tills, ['till']), Promise.reject(new Error('at once'))]);
    });
    await assert.rejects(failed, /at once/);
    assert.deepEqual(relay.calls, ['StreamingRead', 'Rollback']);
  });

  it('a row that exists is no reason to try again: the error is a bug’s', async () => {
    let runs = 0;
    const twice = database.transact(async (tx) => {
      runs += 1;
      tx.insert(tills, { id: 'till', cents: 1 });
    });
    await assert.rejects(twice, (error) => !(error instanceof TryAgain));
    assert.equal(runs, 1);
  });

  it('writes without reads begin a transaction too, so that a repeated commit is applied once', async () => {
    await put(database, 'other', 1);
    assert.deepEqual(relay.calls, ['BeginTransaction', 'Commit']);
  });

  it('on an emulator, which runs one transaction per database, they come one after the other', async () => {
    await Promise.all([1, 2].map(() => database.transact((tx) => addOne(tx, 'till'))));
    assert.deepEqual(relay.calls, ['StreamingRead', 'Commit', 'StreamingRead', 'Commit']);
  });

  it('work without reads and writes asks Spanner nothing', async () => {
    await database.transact(async () => undefined);
    assert.deepEqual(relay.calls, []);
  });

  it('a thousand keys are one request, and so is a page of a range', async () => {
    await database.snapshot(async (view) => {
      await view.readMany(
        tills,
        Array.from({ length: 1000 }, (_, i) => [`till-${i}`]),
      );
      await view.range(tills, { limit: 100 });
    });
    assert.deepEqual(relay.calls, ['BeginTransaction', 'StreamingRead', 'StreamingRead']);
  });

  it('more keys than fit one request are asked for in several', async () => {
    const keys = [...Array.from({ length: 5000 }, (_, i) => [`till-${i}`]), ['till']];
    const found = await database.snapshot((view) => view.readMany(tills, keys));
    assert.deepEqual([found.length, found.at(-1)?.cents, found[0]], [5001, 100, undefined]);
    assert.equal(relay.calls.filter((name) => name === 'StreamingRead').length, 2);
  });

  it('a commit above the budget is refused before it is sent, with its size', async () => {
    // A till has 2 columns: 30,000 of them are 60,000 mutations, one more is too many.
    const fill = (rows: number) =>
      database.transact(async (tx) => {
        for (let i = 0; i < rows; i++) tx.upsert(tills, { id: `till-${i}`, cents: i });
      });
    assert.equal(MUTATIONS_MAX, 60_000);
    await assert.rejects(fill(30_001), /a commit of 60002 mutations to tills; at most 60000 may go together/);
    assert.deepEqual(relay.calls, []);
  });

  it('a value that its column cannot hold is refused where it is given, and never shown', async () => {
    const put = (row: object) => database.transact(async (tx) => tx.upsert(tills, { id: 'a', cents: 1, ...row }));
    const refusals = [
      { row: { cents: 1.5 }, says: /tills\.cents is int, which cannot hold this number/ },
      { row: { cents: 2 ** 53 }, says: /tills\.cents is int, which cannot hold this number/ },
      { row: { cents: '7' }, says: /tills\.cents is int, which cannot hold this string/ },
      { row: { id: null }, says: /tills\.id is text, which cannot hold null/ },
      { row: { id: 'half \ud83d a face' }, says: /tills\.id is text, which cannot hold this string/ },
      { row: { id: undefined }, says: /tills\.id is text, which cannot hold this undefined/ },
    ];
    for (const { row, says } of refusals) await assert.rejects(put(row), says);
    assert.deepEqual(relay.calls, []);
  });

  it('a whole number too large for this language is an error, not the number beside it', async () => {
    const { spanner, database: raw } = openSpannerClient({ ...place, emulatorHost: place.host });
    await raw.table('tills').upsert({ id: 'large', cents: Spanner.int('9007199254740993') });
    await raw.close();
    spanner.close();
    await assert.rejects(centsIn(database, 'large'), /9007199254740993 is out of bounds/);
  });

  it('where nobody listens the caller is told to try again, and closing does not wait either', async () => {
    const nowhere = await openOn(place, { host: `127.0.0.1:${await freePort()}`, clock: hurried });
    await assert.rejects(centsIn(nowhere, 'till'), TryAgain);
    await assert.rejects(put(nowhere, 'till', 1), TryAgain);
    await nowhere.close();
  });

  it('asks for whole keys and for indexes that exist', async () => {
    await assert.rejects(
      database.snapshot((view) => view.read(tills, [])),
      /a key of tills is \(id\)/,
    );
    await assert.rejects(
      database.snapshot((view) => view.range(tills, { index: 'by_cents' })),
      /tills has no index by_cents/,
    );
  });
});

describeOnEmulators('Spanner, with the one session of Google Cloud', ['spanner'], () => {
  let place: SpannerTestDatabase;
  let relay: SpannerRelay;
  let database: SpannerDatabase;

  before(async () => {
    place = await spannerDatabase([TILLS]);
    relay = await SpannerRelay.start(place.host, true);
    const { project, instance, database: name } = place;
    // As in Google Cloud, but for the address: nothing of the client is switched off.
    const variables = { SPANNER_EMULATOR_HOST: relay.host, METADATA_SERVER_DETECTION: 'none' };
    const kept = Object.keys(variables).map((variable) => [variable, process.env[variable]] as const);
    Object.assign(process.env, variables);
    try {
      database = await SpannerDatabase.open({ project, instance, database: name, transactionsMax: 1, clock, entropy });
      await put(database, 'till', 0);
    } finally {
      for (const [variable, value] of kept) {
        if (value === undefined) delete process.env[variable];
        else process.env[variable] = value;
      }
    }
  });
  after(async () => {
    await database.close();
    relay.stop();
    await place.drop();
  });

  it('reads, writes, snapshots and failures go as they do with many', async () => {
    for (let i = 0; i < 3; i++) await database.transact((tx) => addOne(tx, 'till'));
    const failed = database.transact(async (tx) => {
      await addOne(tx, 'till');
      throw new Error('never mind');
    });
    await assert.rejects(failed, /never mind/);
    await database.transact(async (tx) => {
      await Promise.all([tx.read(tills, ['till']), tx.range(tills, {}), tx.range(tills, { reverse: true })]);
    });
    assert.equal(await centsIn(database, 'till'), 3);
  });

  it('no more transactions run at once than it was told to', async () => {
    relay.calls.length = 0;
    await Promise.all([1, 2].map(() => database.transact((tx) => addOne(tx, 'till'))));
    assert.deepEqual(relay.calls, ['StreamingRead', 'Commit', 'StreamingRead', 'Commit']);
  });

  it('a rerun names the attempt before it, so that it does not begin as the youngest again', async () => {
    relay.calls.length = 0;
    relay.requests.length = 0;
    relay.happen('Commit', { code: status.ABORTED, times: 1 });
    await database.transact((tx) => addOne(tx, 'till'));
    assert.deepEqual(relay.calls, ['StreamingRead', 'Commit', 'StreamingRead', 'Commit']);
    const { CommitRequest, ReadRequest } = protos.google.spanner.v1;
    const [, first, again] = relay.requests;
    const begin = ReadRequest.decode(again!).transaction?.begin?.readWrite;
    const before = CommitRequest.decode(first!).transactionId as Uint8Array;
    assert.ok(before.length > 0);
    assert.deepEqual(begin?.multiplexedSessionPreviousTransactionId, before);
  });
});

describeOnEmulators('Spanner, with others at the same rows', ['spanner'], () => {
  it('commits that are aborted by chance are repeated, and the till has every cent', async () => {
    const emulator = await startEmulator('spanner', ['--enable_fault_injection']);
    const place = await spannerDatabase([TILLS], emulator.host);
    const clients = [await openOn(place), await openOn(place)] as const;
    await put(clients[0], 'till', 0);
    let runs = 0;
    let added = 0;
    // About 3 commits in 100 are aborted; three aborted ones are enough to see.
    while (runs - added < 3 && added < 5000) {
      await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          clients[i % 2]!.transact((tx) => {
            runs += 1;
            return addOne(tx, 'till');
          }),
        ),
      );
      added += 20;
    }
    assert.ok(runs - added >= 3, `${runs} runs for ${added} cents`);
    assert.equal(await centsIn(clients[1], 'till'), added);
    for (const client of clients) await client.close();
    await place.drop();
    await emulator.stop();
  });

  it('work that throws leaves no lock: where nobody is ever pushed aside, the next one goes through at once', async () => {
    const emulator = await startEmulator('spanner', ['--abort_current_transaction_probability=0']);
    const place = await spannerDatabase([TILLS], emulator.host);
    const [one, other] = [await openOn(place), await openOn(place)];
    await put(one, 'till', 0);
    for (let i = 0; i < 5; i++) {
      const failed = one.transact(async (tx) => {
        await addOne(tx, 'till');
        throw new Error('never mind');
      });
      await assert.rejects(failed, /never mind/);
      let runs = 0;
      await other.transact((tx) => {
        runs += 1;
        return addOne(tx, 'till');
      });
      assert.equal(runs, 1);
    }
    assert.equal(await centsIn(one, 'till'), 5);
    await one.close();
    await other.close();
    await place.drop();
    await emulator.stop();
  });
});
