import assert from 'node:assert/strict';
import { sealLedger } from '../../functions/seal-ledger/seal-ledger.ts';
import { signReceipts } from '../../functions/sign-receipts/sign-receipts.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { Backlog } from '../../shared/stores/backlog.ts';
import { commitDraft } from '../../shared/stores/draft.ts';
import { type Drafter, Draftsman } from '../../shared/stores/draftsman.ts';
import { LedgerStore } from '../../shared/stores/ledger-store.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const ACME = accountOf('acme', { meters: { api_calls: { model: perUnit('0.25') } } });
const calls = (key: string) => usage(key, 'api_calls', '1', '2026-03-01T00:00:00Z');
const NOW = '2026-03-01T00:00:00.000000Z' as Instant;

describe('a draft of receipts', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start();
    acme = await suite.organization(ACME);
    await suite.silenceBus();
    await acme.send([calls('a'), calls('b')]);
  });
  afterEach(() => suite.close());

  const draftsman = () => {
    const { database, entropy, personal, rollups, ledgerOrigin } = suite.platform;
    return new Draftsman(database, { ledger: ledgerOrigin, entropy }, personal, rollups);
  };
  const draft = () => draftsman().draft(acme.tenant, NOW);
  const commit = (made: Awaited<ReturnType<typeof draft>>) => commitDraft(suite.platform.database, made);
  const size = async () => (await suite.platform.ledger.head(acme.tenant))?.size ?? 0;

  it('writes nothing; committed, it is the receipts, the sums and nothing left to do', async () => {
    const made = await draft();
    assert.deepEqual([await size(), made.appended.events, made.appended.isMore], [0, 2, false]);
    assert.equal(await commit(made), true);
    // Genesis, the opening of the period, two charges.
    assert.deepEqual([await size(), suite.counts()['waiting'], suite.counts()['unrolled']], [4, 0, 0]);
    const summary = await acme.read<{ data: { value: string; events: number }[] }>(
      '/api/v1/billing/usage/summary?metric_name=api_calls&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&window=day',
    );
    assert.deepEqual(
      summary.data.map(({ value, events }) => [value, events]),
      [['2', 2]],
    );
  });

  it('is worth nothing once the head has moved, and what was drafted twice is billed once', async () => {
    const [one, other] = [await draft(), await draft()];
    assert.deepEqual([await commit(one), await commit(other), await size()], [true, false, 4]);
  });

  it('is made anew where the clock has leapt ahead meanwhile: no entry is of an hour that was sealed without it', async () => {
    const { clock, database, entropy, personal, archive, ledgerOrigin } = suite.platform;
    const globex = await suite.organization(accountOf('globex', { meters: { api_calls: { model: perUnit('0.25') } } }));
    await globex.send(calls('c'));
    await signReceipts(globex.tenant, { ...suite.platform, bus: { publish: async () => undefined } });
    const asked: Instant[] = [];
    const drafter: Drafter = {
      draft: async (tenant, now) => {
        asked.push(now);
        const made = await draftsman().draft(tenant, now);
        if (asked.length === 1) {
          suite.goTo('2026-03-01T01:00:00Z');
          await sealLedger({ ...suite.platform, bus: { publish: async () => undefined } });
        }
        return made;
      },
    };
    const ledger = new LedgerStore(database, entropy, ledgerOrigin, personal, archive, drafter, undefined, clock);
    await ledger.appendWaiting(acme.tenant, NOW);
    assert.deepEqual(asked, [NOW, '2026-03-01T01:00:00.000000Z']);
    assert.equal((await suite.platform.ledger.head(acme.tenant))?.recordedAt, '2026-03-01T01:00:00.000000Z');
  });

  it('is worth nothing once the document is another, the ledger is frozen, or the usage was summed up', async () => {
    const before = await draft();
    suite.sql("UPDATE accounts SET document=document || ' ' WHERE tenant='acme'");
    assert.equal(await commit(before), false);

    const beforeFreeze = await draft();
    await suite.platform.reconciliation.freeze(acme.tenant, { kind: 'unratable', seq: -1, detail: 'a test' }, NOW);
    assert.equal(await commit(beforeFreeze), false);
    assert.equal((await draft()).appended.outcome, 'frozen');
    suite.sql("DELETE FROM freezes WHERE tenant='acme'");
    // Nobody but the suite changes its file: who reads in the same turn would be shown what it knows.
    await new Promise((resolve) => setImmediate(resolve));

    const beforeSums = await draft();
    await suite.platform.rollups.fold(acme.tenant);
    assert.equal(await commit(beforeSums), false);
    assert.equal(await size(), 0);
    assert.equal(await commit(await draft()), true);
  });

  it('does not mind usage that comes meanwhile: that is left for the next', async () => {
    const made = await draft();
    await acme.send([calls('c')]);
    assert.equal(await commit(made), true);
    assert.deepEqual([await size(), suite.counts()['waiting']], [4, 1]);
    assert.equal(await commit(await draft()), true);
    assert.equal(await size(), 5);
  });

  it('takes so many events and no more: of five requests of 1,000 the first four, then the fifth', async () => {
    for (let i = 0; i < 5; i++) {
      // Batches of one microsecond have no order.
      suite.clock.advance(1);
      await acme.send(Array.from({ length: 1000 }, (_, n) => calls(`${i}-${n}`)));
    }
    const made = await draft();
    // Two of the first request, three thousand of the next three.
    assert.deepEqual([made.appended.events, made.appended.isMore], [3002, true]);
    assert.equal(
      await signReceipts(acme.tenant, { ...suite.platform, bus: { publish: async () => undefined } }),
      12 + 8,
    );
    // 3,004 entries are twelve pages, 2,000 eight.
    assert.equal(await size(), 2 + 5002);
  });
});

describe('drafts made by a thread of their own', () => {
  it('are the same receipts; a meter that is gone freezes the organization as it does without', async () => {
    const suite = await TestSuite.start({ config: { draftThreads: 1 } });
    try {
      const acme = await suite.organization(ACME);
      await acme.send([calls('a'), calls('b'), calls('a')]);
      await suite.settle();
      const charges = await suite.entriesOf('acme', 'charge');
      assert.deepEqual(
        charges.map(({ amount, aggregate_after }) => [amount, aggregate_after]),
        [
          ['0.25', '1'],
          ['0.25', '2'],
        ],
      );
      await suite.platform.bus.stop();
      await acme.send([calls('c')]);
      const gone = accountOf('acme', { meters: { other: { model: perUnit('1') } } });
      suite.sql('UPDATE accounts SET document=? WHERE tenant=?', JSON.stringify(gone), 'acme');
      await signReceipts(acme.tenant, { ...suite.platform, bus: { publish: async () => undefined } });
      assert.equal((await suite.platform.reconciliation.frozen(acme.tenant))?.kind, 'unratable');
    } finally {
      await suite.close();
    }
  });
});

describe('what is accepted and not billed', () => {
  it('has an end: beyond it senders are told to come again, until receipts are made; a restart counts what is left', async () => {
    const suite = await TestSuite.start({ config: { backlogEvents: 3 } });
    try {
      const acme = await suite.organization(ACME);
      await suite.silenceBus();
      await acme.send([calls('a'), calls('b')]);
      await acme.send([calls('c'), calls('d')]);
      const refused = await acme.post(JSON.stringify(calls('e')));
      assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
      await suite.restart();
      await suite.settle();
      await acme.send([calls('e')]);
      await suite.settle();
      assert.equal((await suite.entriesOf('acme', 'charge')).length, 5);
    } finally {
      await suite.close();
    }
  });

  it('counts rows by the thousand', async () => {
    const backlog = new Backlog(10);
    const rows = Array.from({ length: 2500 }, (_, i) => ({
      tenant: 't',
      batch_id: String(i).padStart(5, '0'),
      count: 2,
    }));
    const view = {
      range: async (_: unknown, { from, limit }: { from?: readonly string[]; limit: number }) =>
        rows.filter(({ batch_id }) => from === undefined || batch_id >= from[1]!).slice(0, limit),
    };
    await backlog.recount({ snapshot: async (work: (reader: never) => Promise<never>) => work(view as never) });
    assert.equal(backlog.eventsOf('t'), 5000);
    assert.throws(() => backlog.requireRoom('t'), /more is accepted/);
    backlog.requireRoom('another');
    backlog.billed('t', 4991);
    backlog.requireRoom('t');
  });

  it('is even in the end where a receipt was made before its sender was answered', () => {
    const backlog = new Backlog(3);
    for (let i = 0; i < 10; i++) {
      backlog.billed('t', 2);
      backlog.accepted('t', 2);
    }
    assert.equal(backlog.eventsOf('t'), 0);
  });
});
