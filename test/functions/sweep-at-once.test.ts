import assert from 'node:assert/strict';
import { sweep } from '../../functions/reconcile-chain/sweep.ts';
import type { LogStretch } from '../../shared/stores/log-reader.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const NOON = '2026-03-01T12:00:00Z';
const NAMES = ['acme', 'hooli', 'initech', 'umbrella'];

describe('a sweep that asks for all customers at once', () => {
  let suite: TestSuite;
  let clients: Client[];
  let sent = 0;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
    clients = [];
    for (const name of NAMES) {
      clients.push(await suite.organization(accountOf(name, { meters: { calls: { model: perUnit('0.5') } } })));
    }
  });
  afterEach(() => suite.close());

  /** Usage of some customers that becomes receipts, mirrored and shown as ever. */
  const use = async (...some: Client[]): Promise<void> => {
    for (const client of some) await client.send(usage(`key-${sent++}`, 'calls', '1', NOON));
    await suite.platform.bus.idle();
  };
  const pagesOf = async (tenant: string): Promise<number[]> => suite.platform.mirror.list(tenant);
  const complaints = (): string[] =>
    suite.lines
      .filter(({ event }) => event.endsWith('_failed') && event !== 'announcement_failed')
      .map(({ event, facts }) => `${event} ${facts['tenant'] ?? ''}`);

  /** What a sweep asks of the database. */
  async function asked(): Promise<string[]> {
    const { database } = suite.platform;
    const snapshot = database.snapshot.bind(database);
    const read = database.read.bind(database);
    const seen: string[] = [];
    const told = <R>(what: string, answer: R): R => {
      seen.push(what);
      return answer;
    };
    database.read = (table, key) => told(`read ${table.name}`, read(table, key));
    database.snapshot = (work) =>
      told(
        'snapshot',
        snapshot((view) =>
          work({
            read: (table, key) => told(`read ${table.name}`, view.read(table, key)),
            readMany: (table, keys) => told(`read many ${table.name}`, view.readMany(table, keys)),
            range: (table, range) => told(`range ${table.name}`, view.range(table, range)),
            ranges: (table, some, limit) => told(`ranges ${table.name}`, view.ranges(table, some, limit)),
          }),
        ),
      );
    try {
      await sweep(suite.platform);
    } finally {
      Object.assign(database, { snapshot, read });
    }
    return seen;
  }

  it('asks no more of the database where four customers have moved than where one has', async () => {
    await use(...clients);
    await suite.sweep();
    await use(clients[0]!);
    const one = await asked();
    await use(...clients);
    assert.deepEqual(await asked(), one);
    assert.ok(one.includes('ranges pages') && one.includes('ranges open_periods'));
  });

  it('asks a cold instance for what every customer was verified to, once', async () => {
    await use(...clients);
    await suite.deep();
    suite.platform.mirrored.clear();
    suite.platform.projected.clear();
    const cold = await asked();
    assert.equal(cold.filter((one) => one === 'read many verified').length, 2);
    assert.ok(!cold.includes('read verified') && !cold.includes('read retirements'));
    const warm = await asked();
    assert.ok(!warm.includes('read many verified') && !warm.includes('read many retirements'));
  });

  it('copies what the mirror lacks of each, more pages than one read gives', async () => {
    await use(...clients);
    await suite.sweep();
    await suite.silenceBus();
    const { ledger, mirror, mirrored, clock } = suite.platform;
    for (let i = 0; i < 3; i++) {
      for (const client of clients) {
        await client.send(usage(`more-${i}`, 'calls', '1', NOON));
        await ledger.appendWaiting(client.tenant, clock.now());
      }
    }
    const few = Object.assign(Object.create(ledger) as typeof ledger, {
      hotPages: (stretches: readonly LogStretch[]) => ledger.hotPages(stretches, 2),
    });
    const swept = await sweep({ ...suite.platform, ledger: few, bus: { publish: async () => undefined } });
    assert.equal(swept.pagesMirrored, 12);
    for (const { tenant } of clients) {
      const head = await ledger.head(tenant);
      assert.equal(mirrored.get(tenant), head?.size);
      const pages = await ledger.pages(tenant, 0, head!.size);
      assert.deepEqual(
        await mirror.list(tenant),
        pages.map(({ firstSeq }) => firstSeq),
      );
    }
  });

  it('of a customer whose rows nobody can read, that one is told of, and the others are healed', async () => {
    await use(...clients);
    await suite.sweep();
    await suite.silenceBus();
    const { ledger, projector, clock } = suite.platform;
    for (const client of clients) {
      await client.send(usage('one-more', 'calls', '1', NOON));
      await ledger.appendWaiting(client.tenant, clock.now());
    }
    const before = new Map(await Promise.all(NAMES.map(async (name) => [name, (await pagesOf(name)).length] as const)));
    const unlessHooli = (tenants: readonly string[]): void => {
      if (tenants.includes('hooli')) throw new Error('a row that is none');
    };
    const blind = Object.assign(Object.create(ledger) as typeof ledger, {
      hotPages: async (stretches: readonly LogStretch[], limit: number) => {
        unlessHooli(stretches.map(({ tenant }) => tenant));
        return ledger.hotPages(stretches, limit);
      },
    });
    const rowsOfAll: typeof projector.rowsOfAll = async (since) => {
      unlessHooli([...since.keys()]);
      return projector.rowsOfAll(since);
    };
    const dim = Object.assign(Object.create(projector) as typeof projector, {
      put: projector.put.bind(projector),
      make: projector.make.bind(projector),
      rows: projector.rows.bind(projector),
      rowsOfAll,
    });
    const room = { ...suite.platform, ledger: blind, projector: dim, bus: { publish: async () => undefined } };
    const swept = await sweep(room);
    assert.deepEqual([swept.pagesMirrored, swept.projectionsHealed], [3, 3]);
    assert.deepEqual(complaints(), ['mirror_failed hooli', 'projection_failed hooli']);
    for (const name of NAMES) {
      assert.equal((await pagesOf(name)).length, before.get(name)! + (name === 'hooli' ? 0 : 1), name);
    }
    assert.deepEqual(await suite.platform.reconciliation.allFrozen(), []);
    // Read again once its rows can be: what it missed it gets.
    const next = await sweep({ ...suite.platform, bus: { publish: async () => undefined } });
    assert.deepEqual([next.pagesMirrored, next.projectionsHealed], [1, 1]);
  });

  it('freezes the one whose mirror holds another page, and nobody else', async () => {
    await use(...clients);
    await suite.sweep();
    await suite.silenceBus();
    const { ledger, mirror, clock, reconciliation } = suite.platform;
    for (const client of clients) {
      await client.send(usage('one-more', 'calls', '1', NOON));
      if (client.tenant === 'initech') {
        const { size } = (await ledger.head(client.tenant))!;
        await mirror.create('initech', size, Buffer.from('somebody was here before'));
      }
      await ledger.appendWaiting(client.tenant, clock.now());
    }
    const swept = await sweep({ ...suite.platform, bus: { publish: async () => undefined } });
    assert.deepEqual([swept.pagesMirrored, swept.pagesDifferent], [3, 1]);
    assert.deepEqual(
      (await reconciliation.allFrozen()).map(({ tenant, kind }) => [tenant, kind]),
      [['initech', 'copy_differs']],
    );
  });
});
