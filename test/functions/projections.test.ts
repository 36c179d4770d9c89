import assert from 'node:assert/strict';
import { archivePeriod } from '../../functions/archive-period/archive-period.ts';
import { sweep } from '../../functions/reconcile-chain/sweep.ts';
import { runInvoices } from '../../functions/run-invoices/run-invoices.ts';
import { sealLedger } from '../../functions/seal-ledger/seal-ledger.ts';
import { signReceipts } from '../../functions/sign-receipts/sign-receipts.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import type { Bus } from '../../shared/ports/bus.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { Projection, ProjectionKind, Projections } from '../../shared/ports/projections.ts';
import { Projector } from '../../shared/stores/projector.ts';
import { accountOf, flat, perUnit, tiered, usage } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const API = '/api/v1/billing';
const DAY_1 = '2026-03-01T12:00:00Z';
const DAY_2 = '2026-03-02T12:00:00Z';
const [START_1, START_2, START_3] = ['01', '02', '03'].map((day) => `2026-03-${day}T00:00:00.000000Z`);
const ID_1 = 'main~2026-03-01T000000.000000Z~2026-03-02T000000.000000Z';
const ID_2 = 'main~2026-03-02T000000.000000Z~2026-03-03T000000.000000Z';
const INVOICE = 'INV-2026-000001';

/** Billed by the day: calls at 0.5 up to 100 and 0.25 above, 5 a day for the platform itself. */
const plan = (tenant: string) =>
  accountOf(tenant, {
    unit: 'day',
    meters: {
      api_calls: { model: tiered('graduated', ['100', '0.5'], [null, '0.25']) },
      platform: { model: flat('5') },
    },
  });
const calls = (key: string, quantity: string, time = DAY_1) => usage(key, 'api_calls', quantity, time);

describe('what a tenant sees at a glance', () => {
  let suite: TestSuite;
  let acme: Client;
  let umbrella: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: DAY_1 });
    acme = await suite.organization(plan('acme'));
    umbrella = await suite.organization(plan('umbrella'));
  });
  afterEach(() => suite.close());

  const shown = async (
    kind: ProjectionKind,
    id: string,
    tenant = 'acme',
  ): Promise<Projection['document'] | undefined> => (await suite.platform.projections.read(tenant, kind, id))?.document;
  const total = async (id: string): Promise<unknown> => (await shown('usage_summaries', id))?.['total'];
  const evidenceState = async (): Promise<unknown> => (await shown('invoices', INVOICE))?.['evidence_state'];
  /** Digests by which receipts name the prices of a meter; the first is the only one. */
  const priceDigest = async (meter: string): Promise<string> => {
    const priced = [...(await suite.entriesOf('acme', 'charge')), ...(await suite.entriesOf('acme', 'fee'))];
    return priced.find((entry) => entry.meter === meter)!.price_digest;
  };
  const failures = (): number => suite.lines.filter(({ event }) => event === 'projection_failed').length;

  /** Projections that count and may be away; writes and reads go through to the suite's own. */
  function watched(state: { away?: boolean; beforePut?: () => Promise<void> } = {}) {
    const seen = { puts: 0, reads: 0 };
    const inner = suite.platform.projections;
    const outer: Projections = {
      put: async (...what) => {
        seen.puts++;
        if (state.away === true) throw new TryAgain('the projections are away');
        const { beforePut } = state;
        delete state.beforePut;
        await beforePut?.();
        return inner.put(...what);
      },
      read: (...what) => {
        seen.reads++;
        return inner.read(...what);
      },
      list: (...what) => inner.list(...what),
    };
    return { seen, projections: outer, projector: new Projector(suite.platform.database, outer) };
  }
  const nobodyHears: Bus = { publish: async () => undefined };
  /** The sweep, with doorbells that nobody answers. */
  const sweepQuietly = async (): Promise<number> =>
    (await sweep({ ...suite.platform, bus: nobodyHears })).projectionsHealed;

  /** 1 March used, closed and archived while all is well. */
  const closeFirstDay = async (): Promise<void> => {
    await acme.send([calls('a', '40'), calls('b', '50'), calls('c', '20')]);
    await suite.settle();
    suite.goTo('2026-03-02T01:00:00Z');
    await suite.runInvoices();
  };

  /** The same, but nobody has heard of the invoice: its close is not sealed, its evidence not archived. */
  const closeFirstDayQuietly = async (): Promise<void> => {
    await acme.send([calls('a', '40'), calls('b', '50'), calls('c', '20')]);
    await suite.settle();
    await suite.silenceBus();
    suite.goTo('2026-03-02T01:00:00Z');
    await runInvoices({ ...suite.platform, bus: nobodyHears });
  };

  it('before anything was used there is nothing to see', async () => {
    await suite.settle();
    assert.deepEqual(await suite.platform.projections.list('acme', 'usage_summaries'), []);
    assert.deepEqual(await suite.platform.projections.list('acme', 'invoices'), []);
  });

  it('1 March, noon: 40 + 50 + 20 calls are 110, at 100 x 0.5 + 10 x 0.25 = 52.5', async () => {
    await acme.send([calls('a', '40'), calls('b', '50'), calls('c', '20')]);
    await suite.platform.bus.idle();
    // Entries: 0 genesis, 1 opening, 2 to 4 charges.
    assert.deepEqual(await shown('usage_summaries', ID_1), {
      ...{ subscription_id: 'main', period_start: START_1, period_end: START_2, currency: 'USD' },
      ...{ state: 'open', invoice_number: null },
      meters: [
        {
          ...{ metric_name: 'api_calls', aggregation: 'sum', price_digest: await priceDigest('api_calls') },
          ...{ value: '110', events: 3, amount: '52.5' },
        },
      ],
      fees: [],
      late: [],
      total: '52.5',
      as_of_seq: 4,
    });
    assert.deepEqual(await suite.platform.projections.list('acme', 'usage_summaries'), [ID_1]);
    assert.deepEqual(await suite.platform.projections.list('acme', 'invoices'), []);
  });

  it('2 March, 01:00: the day is closed with a fee of 5, 57.5 in all; its invoice over 57.50 has no evidence yet', async () => {
    await closeFirstDayQuietly();
    // Entries: 5 fee, 6 close, 7 invoice.
    assert.deepEqual(await shown('usage_summaries', ID_1), {
      ...{ subscription_id: 'main', period_start: START_1, period_end: START_2, currency: 'USD' },
      ...{ state: 'closed', invoice_number: INVOICE },
      meters: [
        {
          ...{ metric_name: 'api_calls', aggregation: 'sum', price_digest: await priceDigest('api_calls') },
          ...{ value: '110', events: 3, amount: '52.5' },
        },
      ],
      fees: [{ metric_name: 'platform', price_digest: await priceDigest('platform'), amount: '5' }],
      late: [],
      total: '57.5',
      as_of_seq: 7,
    });
    assert.deepEqual(await shown('invoices', INVOICE), {
      ...{ number: INVOICE, subscription_id: 'main', period_start: START_1, period_end: START_2 },
      ...{ state: 'open', issued_at: '2026-03-02T01:00:00.000000Z', total: { amount: '5750', currency: 'USD' } },
      ...{ evidence: null, evidence_state: 'pending' },
    });
  });

  it('a seal later the evidence is there: its digest, its size, its seal; all of it as the API shows it', async () => {
    await closeFirstDay();
    await suite.settle();
    const bundle = (await suite.platform.vault.read(`evidence/acme/${INVOICE}.tar`))!;
    const document = (await shown('invoices', INVOICE))!;
    assert.equal(document['evidence_state'], 'archived');
    assert.equal((document['evidence'] as { bytes: number }).bytes, bundle.length);
    const { data } = await acme.read<{ data: unknown[] }>(`${API}/invoices`);
    const { evidence_state: _, ...rest } = document;
    assert.deepEqual(data, [rest]);
  });

  it('2 March, noon: 10 calls of 1 March come late: its value is 120, its bill stays; 10 x 0.25 = 2.5 is billed on 2 March', async () => {
    await closeFirstDay();
    await suite.settle();
    suite.goTo(DAY_2);
    await acme.send([calls('late', '10'), calls('today', '4', DAY_2)]);
    await suite.settle();
    const first = (await shown('usage_summaries', ID_1))!;
    const [meter] = first['meters'] as { value: string; events: number; amount: string }[];
    assert.deepEqual([meter?.value, meter?.events, meter?.amount, first['total']], ['120', 4, '52.5', '57.5']);
    assert.deepEqual([first['state'], first['invoice_number']], ['closed', INVOICE]);
    // Entries: 8 opening, 9 the late charge, 10 today's 4 x 0.5 = 2.
    assert.deepEqual(await shown('usage_summaries', ID_2), {
      ...{ subscription_id: 'main', period_start: START_2, period_end: START_3, currency: 'USD' },
      ...{ state: 'open', invoice_number: null },
      meters: [
        {
          ...{ metric_name: 'api_calls', aggregation: 'sum', price_digest: await priceDigest('api_calls') },
          ...{ value: '4', events: 1, amount: '2' },
        },
      ],
      fees: [],
      late: [
        {
          ...{ metric_name: 'api_calls', period_start: START_1, period_end: START_2 },
          ...{ price_digest: await priceDigest('api_calls'), amount: '2.5' },
        },
      ],
      total: '4.5',
      as_of_seq: 10,
    });
  });

  it('two subscriptions and two prices of one meter: a summary each, a meter for each price', async () => {
    const twice = accountOf('initech', {
      subscriptions: ['east', 'west'],
      meters: { api_calls: { model: perUnit('1'), later: { '2026-03-01T06:00:00Z': perUnit('10') } } },
    });
    const initech = await suite.organization(twice);
    const east = { subscription_id: 'east' };
    await initech.send([
      usage('a', 'api_calls', '3', '2026-03-01T05:00:00Z', east),
      usage('b', 'api_calls', '4', '2026-03-01T07:00:00Z', east),
      usage('c', 'api_calls', '5', '2026-03-01T07:00:00Z', { subscription_id: 'west' }),
    ]);
    await suite.platform.bus.idle();
    const [eastId, westId] = await suite.platform.projections.list('initech', 'usage_summaries');
    const east1 = (await shown('usage_summaries', eastId!, 'initech'))!;
    const amounts = (east1['meters'] as { value: string; amount: string }[]).map(({ value, amount }) => [
      value,
      amount,
    ]);
    assert.deepEqual(amounts.sort(), [
      ['3', '3'],
      ['4', '40'],
    ]);
    assert.equal(east1['total'], '43');
    assert.equal((await shown('usage_summaries', westId!, 'initech'))?.['total'], '50');
  });

  it('a first tier of 5 and 3 calls at 1: 3 for usage while the day lasts, 5 as a fee when it is closed, 8 in all', async () => {
    const initech = await suite.organization(
      accountOf('initech', { unit: 'day', meters: { api_calls: { model: tiered('graduated', [null, '1', '5']) } } }),
    );
    await initech.send(calls('a', '3'));
    await suite.settle();
    const sums = async (): Promise<unknown> => {
      const document = (await shown('usage_summaries', ID_1, 'initech'))!;
      const amounts = (list: unknown) => (list as { amount: string }[]).map(({ amount }) => amount);
      return [amounts(document['meters']), amounts(document['fees']), document['total']];
    };
    assert.deepEqual(await sums(), [['3'], [], '3']);
    suite.goTo('2026-03-02T01:00:00Z');
    await suite.runInvoices();
    assert.deepEqual(await sums(), [['3'], ['5'], '8']);
  });

  it('one tenant’s usage moves nothing of another, and nobody’s summary is under another’s name', async () => {
    await acme.send(calls('a', '1'));
    await suite.platform.bus.idle();
    assert.deepEqual(await suite.platform.projections.list('umbrella', 'usage_summaries'), []);
    await umbrella.send(calls('a', '8'));
    await suite.platform.bus.idle();
    assert.equal(await total(ID_1), '0.5');
    assert.equal((await shown('usage_summaries', ID_1, 'umbrella'))?.['total'], '4');
    suite.goTo('2026-03-02T01:00:00Z');
    await suite.runInvoices();
    for (const [mine, theirs] of [
      ['acme', 'umbrella'],
      ['umbrella', 'acme'],
    ] as const) {
      const numbers = await suite.platform.projections.list(mine, 'invoices');
      assert.equal(numbers.length, 1);
      assert.equal((await shown('invoices', numbers[0]!, mine))?.['number'], numbers[0]);
      assert.equal(await shown('invoices', numbers[0]!, theirs), undefined);
    }
  });

  describe('is never in the way of billing', () => {
    const away = () => Promise.reject(new TryAgain('the mirror does not answer'));
    const silentMirror: Mirror = { create: away, read: away, list: away, pages: away, retire: away };
    const inTheDark = async (mirror: Mirror = suite.platform.mirror): Promise<number> => {
      const { projector } = watched({ away: true });
      return signReceipts(acme.tenant, { ...suite.platform, bus: nobodyHears, mirror, projector });
    };

    it('receipts are made while it is away, once, and the next sweep shows them', async () => {
      await suite.silenceBus();
      await acme.send([calls('a', '40'), calls('b', '2')]);
      assert.equal(await inTheDark(), 1);
      assert.equal(failures(), 1);
      assert.equal((await suite.entriesOf('acme', 'charge')).length, 2);
      assert.equal(await total(ID_1), undefined);
      assert.equal(await sweepQuietly(), 1);
      assert.equal(await total(ID_1), '21');
      assert.equal(await sweepQuietly(), 0);
      assert.equal((await suite.entriesOf('acme', 'charge')).length, 2);
    });

    it('what is shown already but behind is brought up to date by the sweep: 0.5, then 20.5', async () => {
      await acme.send(calls('a', '1'));
      await suite.settle();
      await suite.silenceBus();
      await acme.send(calls('b', '40'));
      await inTheDark();
      assert.equal(await total(ID_1), '0.5');
      assert.equal(await sweepQuietly(), 1);
      assert.equal(await total(ID_1), '20.5');
    });

    it('a sweep that cannot write logs it, goes on, and tries again in the next pass', async () => {
      await suite.silenceBus();
      await acme.send(calls('a', '1'));
      await umbrella.send(calls('a', '1'));
      for (const { tenant } of [acme, umbrella]) {
        const { projector } = watched({ away: true });
        await signReceipts(tenant, { ...suite.platform, bus: nobodyHears, projector });
      }
      const away = watched({ away: true });
      assert.equal((await sweep({ ...suite.platform, ...away, bus: nobodyHears })).projectionsHealed, 0);
      // The second tenant is not tried: whoever does not answer now does not answer it either.
      assert.equal(failures(), 3);
      assert.equal(await sweepQuietly(), 2);
    });

    it('a sweep while mirror and read models are away rings every doorbell all the same', async () => {
      await suite.silenceBus();
      await acme.send(calls('a', '1'));
      await signReceipts(acme.tenant, {
        ...suite.platform,
        bus: nobodyHears,
        mirror: silentMirror,
        ...watched({ away: true }),
      });
      await umbrella.send(calls('a', '1'));
      const rung: string[] = [];
      const bus: Bus = { publish: async ({ topic }) => void rung.push(topic) };
      const swept = await sweep({ ...suite.platform, bus, mirror: silentMirror, ...watched({ away: true }) });
      assert.deepEqual(rung, ['usage-accepted', 'receipts-appended']);
      assert.deepEqual([swept.rung, swept.pagesMirrored, swept.projectionsHealed], [1, 0, 0]);
      assert.deepEqual(await suite.platform.mirror.list('acme'), []);
      assert.equal((await sweep({ ...suite.platform, bus })).pagesMirrored, 1);
    });

    it('an invoice whose evidence was archived while it was away is shown as archived after a sweep', async () => {
      await closeFirstDayQuietly();
      // The sweep has seen the invoice pending, and what it waits for happens behind its back.
      await sweepQuietly();
      assert.equal(await evidenceState(), 'pending');
      assert.equal((await sealLedger({ ...suite.platform, bus: nobodyHears })).length, 1);
      const { projector } = watched({ away: true });
      const named = { tenant: 'acme', number: INVOICE };
      assert.deepEqual(await archivePeriod({ ...suite.platform, projector }, named), [INVOICE]);
      assert.equal(failures(), 1);
      assert.equal(await evidenceState(), 'pending');
      assert.equal(await sweepQuietly(), 1);
      assert.equal(await evidenceState(), 'archived');
      assert.equal(await sweepQuietly(), 0);
    });

    it('a mirror that does not answer costs one wait for each doorbell, not one for each of its pages', async () => {
      await suite.silenceBus();
      for (let request = 0; request < 3; request++) {
        await acme.send(Array.from({ length: 900 }, (_, i) => calls(`many-${request}-${i}`, '1')));
      }
      // Eleven pages: eight are tried at once, and the others are left to the sweep.
      assert.equal(await inTheDark(silentMirror), 11);
      assert.equal(suite.lines.filter(({ event }) => event === 'mirror_failed').length, 8);
    });
  });

  describe('shows the newest, whoever writes last', () => {
    it('a summary made before the last 40 calls and written after them is stale: 20.5 stays', async () => {
      const { projections, projector } = suite.platform;
      await acme.send(calls('a', '1'));
      await suite.platform.bus.idle();
      const model = { kind: 'usage_summaries', subscription: 'main', period: `${START_1}/${START_2}` } as const;
      const old = (await projector.make(acme.tenant, model))!;
      await acme.send(calls('b', '40'));
      await suite.platform.bus.idle();
      assert.equal(await projections.put('acme', 'usage_summaries', ID_1, old), 'stale');
      assert.equal(await total(ID_1), '20.5');
    });

    it('evidence that is archived between the look at an invoice and its writing is shown: evidence moves no entry', async () => {
      await closeFirstDayQuietly();
      const place = { name: 'evidence/acme/x.tar', sha256: '00', bytes: 1, seal: 3 };
      const { projector, seen } = watched({
        beforePut: async () => {
          await suite.platform.invoices.markArchived(acme.tenant, INVOICE, place);
          await suite.platform.projector.put(acme.tenant, { kind: 'invoices', number: INVOICE });
        },
      });
      await projector.put(acme.tenant, { kind: 'invoices', number: INVOICE });
      assert.equal(await evidenceState(), 'archived');
      assert.equal(seen.puts, 2);
    });
  });

  describe('costs no more than what has changed', () => {
    it('a sweep reads nothing of tenants that stood still, and one summary of a tenant that did not', async () => {
      await acme.send(calls('a', '1'));
      await umbrella.send(calls('a', '1'));
      await suite.settle();
      await suite.sweep();
      const { seen, ...others } = watched();
      const room = { ...suite.platform, ...others, bus: nobodyHears };
      await sweep(room);
      assert.deepEqual(seen, { puts: 0, reads: 0 });
      await acme.send(calls('b', '1'));
      await suite.platform.bus.idle();
      await sweep(room);
      assert.deepEqual(seen, { puts: 0, reads: 1 });
    });

    it('a cold instance begins where the last deep pass ended', async () => {
      await acme.send(calls('a', '1'));
      await suite.settle();
      await suite.deep();
      const { seen, ...others } = watched();
      await sweep({ ...suite.platform, ...others, bus: nobodyHears, projected: new Map() });
      assert.deepEqual(seen, { puts: 0, reads: 0 });
    });
  });

  describe('is compared by the deep pass', () => {
    const wrong = { version: 5, document: { total: '0.01' } };

    it('a summary that somebody changed says 0.5 again, and the report names it; then nothing is left to heal', async () => {
      await acme.send([calls('a', '1')]);
      await suite.settle();
      await suite.platform.projections.put('acme', 'usage_summaries', ID_1, { ...wrong, version: 3 });
      const found = await suite.deep();
      assert.deepEqual([found.healed, found.faults], [[`acme projection usage_summaries/${ID_1}`], []]);
      assert.equal(await total(ID_1), '0.5');
      assert.deepEqual((await suite.deep(true)).healed, []);
    });

    it('a full pass compares all of them, the old ones too; an ordinary one those that have moved', async () => {
      await closeFirstDay();
      await suite.settle();
      suite.goTo('2026-03-20T12:00:00Z');
      assert.deepEqual((await suite.deep()).healed, []);
      const { version } = (await suite.platform.projections.read('acme', 'invoices', INVOICE))!;
      for (const [kind, id] of [
        ['invoices', INVOICE],
        ['usage_summaries', ID_1],
      ] as const) {
        await suite.platform.projections.put('acme', kind, id, { ...wrong, version });
      }
      assert.deepEqual((await suite.deep()).healed, []);
      const found = await suite.deep(true);
      assert.deepEqual(found.healed, [
        `acme projection invoices/${INVOICE}`,
        `acme projection usage_summaries/${ID_1}`,
      ]);
      assert.deepEqual(found.faults, []);
      assert.deepEqual([await evidenceState(), await total(ID_1)], ['archived', '57.5']);
    });

    it('one that claims to be made from more entries than there are is named in the log and left for somebody to remove', async () => {
      await acme.send([calls('a', '1')]);
      await suite.settle();
      await suite.platform.projections.put('acme', 'usage_summaries', ID_1, { ...wrong, version: 1000 });
      const found = await suite.deep();
      assert.deepEqual([found.healed, found.faults], [[], []]);
      const [line] = suite.lines.filter(({ event }) => event === 'projection_ahead');
      assert.deepEqual(line?.facts, { tenant: 'acme', kind: 'usage_summaries', id: ID_1, version: 1000, size: 3 });
    });

    it('summaries of periods that no late usage can reach any more, 400 days after their end, are not made again', async () => {
      await closeFirstDay();
      await suite.settle();
      const { expiresAt } = (await suite.platform.projections.read('acme', 'usage_summaries', ID_1))!;
      // 2 March 2026 and 400 days: 365 to 2 March 2027, 29 more to the end of March, 6 into April.
      assert.equal(expiresAt, '2027-04-06T00:00:00.000000Z');
      const { projector } = suite.platform;
      const kinds = async (now: string) =>
        (await projector.changed(acme.tenant, { from: 0, now: now as never })).map(({ kind }) => kind);
      assert.deepEqual(await kinds('2027-04-05T23:59:59.999999Z'), ['invoices', 'usage_summaries']);
      assert.deepEqual(await kinds('2027-04-06T00:00:00.000000Z'), ['invoices']);
    });
  });
});
