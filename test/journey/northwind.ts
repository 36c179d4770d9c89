import assert from 'node:assert/strict';
import type { Pinned } from '../../shared/domain/evidence/pinned.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { isConsistent } from '../../shared/domain/ledger/proof.ts';
import type { Database } from '../../shared/ports/database.ts';
import type { Signer } from '../../shared/ports/signer.ts';
import { open_periods } from '../../shared/stores/tables.ts';
import { type AccountPlan, accountOf, flat, perUnit, tiered, usage } from '../support/account.ts';
import type { Client, TestSuite } from '../support/suite.ts';

/*
 * Northwind Labs of Berlin is billed every two weeks, in euro:
 *   calls     0.01 each up to 1,000, 0.004 each above; at most 1,500 a day
 *   seats     12.50 for each of the most that were taken at any time
 *   users     0.75 for each that showed up
 *   platform  49 whatever happens
 */
const PLAN: AccountPlan = {
  currency: 'EUR',
  zone: 'Europe/Berlin',
  // Monday, 2 March 2026, 00:00 in Berlin
  start: '2026-03-01T23:00:00Z',
  unit: 'week',
  meters: {
    calls: { model: tiered('graduated', ['1000', '0.01'], [null, '0.004']) },
    seats: { aggregation: 'max', model: perUnit('12.5') },
    users: { aggregation: 'unique_count', valueProperty: 'user', model: perUnit('0.75') },
    platform: { model: flat('49') },
  },
  limits: [{ id: 'calls-a-day', metric: 'calls', period: 'daily', quantity: '1500', action: 'block' }],
};
const everyTwoWeeks = (plan: AccountPlan) => {
  const document = accountOf('northwind', plan);
  const [subscription] = document.subscriptions;
  return { ...document, subscriptions: [{ ...subscription!, calendar: { ...subscription!.calendar, count: 2 } }] };
};
const calls = (key: string, quantity: string, time: string) => usage(key, 'calls', quantity, time);
const user = (key: string, name: string, time: string) =>
  usage(key, 'users', '1', time, { properties: { user: name } });

/** The suite as this story needs it, on whichever platform. */
export interface JourneySuite
  extends Pick<TestSuite, 'clock' | 'url' | 'goTo' | 'settle' | 'organization' | 'entriesOf' | 'deep' | 'runInvoices'> {
  readonly platform: Pick<TestSuite['platform'], 'accounts' | 'usage' | 'reconciliation' | 'keys' | 'config'> & {
    readonly database: Database;
    readonly signer: Signer;
  };
  /** From now on no doorbell is heard, until the restart. */
  silenceBus(): Promise<void>;
  /** Ends the process and starts the next one on the same stores. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

interface Head {
  readonly size: number;
  readonly root: string;
  readonly consistency: { readonly path: readonly string[] };
}

/** @param start the suite at an instant, empty */
export const fourWeeksOfNorthwind = (start: (at: string) => Promise<JourneySuite>): void => {
  let suite: JourneySuite;
  let northwind: Client;
  let noted: Head;
  let pinned: Pinned;
  const bundles = new Map<string, Buffer>();

  before(async () => {
    suite = await start('2026-03-02T08:00:00Z');
  });
  after(() => suite.close());

  const statuses = async (events: unknown): Promise<string[]> =>
    (await northwind.send(events)).results.map(({ status, code }) => code ?? status);
  /** What the period has come to so far, meter by meter. */
  const soFar = async (): Promise<string[]> => {
    await suite.settle();
    const { data } = await northwind.read<{ data: { metric_name: string; value: string; period_start: string }[] }>(
      '/api/v1/billing/usage/summary',
    );
    return data.map(({ metric_name, value }) => `${metric_name} ${value}`);
  };
  const lastAmounts = async (count: number): Promise<string[]> => {
    await suite.settle();
    return (await suite.entriesOf('northwind', 'charge')).slice(-count).map(({ amount }) => amount);
  };
  const invoice = async (number: string): Promise<InvoiceDocument> =>
    (await northwind.read<{ document: InvoiceDocument }>(`/api/v1/billing/invoices/${number}`)).document;
  const linesOf = ({ lines }: InvoiceDocument): string[] =>
    lines.map(({ price_ref, period, amount }) => `${price_ref} ${period.slice(0, 10)} ${amount}`);
  /** Goes behind the suite's back, straight to the row. @returns what stood there */
  const changeTotal = (total: string): Promise<string> =>
    suite.platform.database.transact(async (tx) => {
      const [row] = await tx.range(open_periods, { prefix: ['northwind'] });
      tx.update(open_periods, ['northwind', row!.subscription, row!.period], { total });
      return row!.total;
    });
  const download = async (number: string): Promise<Buffer> => {
    const response = await northwind.get(`/api/v1/billing/evidence/${number}`, { Accept: 'application/x-tar' });
    assert.equal(response.status, 200);
    return Buffer.from(await response.arrayBuffer());
  };

  it('2 March, 08:00 - the organization is set up; its ledger is empty', async () => {
    northwind = await suite.organization(everyTwoWeeks(PLAN));
    // The hourly pass: from here on the registry in the vault knows who they are and which limit they have.
    assert.deepEqual((await suite.deep()).faults, []);
    assert.equal((await northwind.read<Head>('/api/v1/billing/ledger/head')).size, 0);
  });

  it('3 March, 14:00 - the first usage: 600 calls, 3 seats, anna and ben', async () => {
    suite.goTo('2026-03-03T14:00:00Z');
    const now = '2026-03-03T14:00:00Z';
    assert.deepEqual(
      await statuses([
        calls('c1', '600', now),
        usage('s1', 'seats', '3', now),
        user('u1', 'anna', now),
        user('u2', 'ben', now),
      ]),
      ['accepted', 'accepted', 'accepted', 'accepted'],
    );
    // 600 x 0.01, 3 x 12.50, 0.75, 0.75
    assert.deepEqual(await lastAmounts(4), ['6', '37.5', '0.75', '0.75']);
    noted = await northwind.read<Head>('/api/v1/billing/ledger/head');
  });

  it('3 March, 14:00 - a duplicate arrives, five times at once; nothing changes', async () => {
    const again = calls('c1', '600', '2026-03-03T14:00:00Z');
    const answers = await Promise.all(Array.from({ length: 5 }, () => statuses(again)));
    assert.deepEqual(answers.flat(), Array<string>(5).fill('duplicate'));
    assert.deepEqual(await soFar(), ['calls 600', 'seats 3', 'users 2']);
  });

  it('4 March, 09:00 - 700 more calls pass the thousand: 400 x 0.01 + 300 x 0.004 = 5.20', async () => {
    suite.goTo('2026-03-04T09:00:00Z');
    await statuses(calls('c2', '700', '2026-03-04T09:00:00Z'));
    assert.deepEqual(await lastAmounts(1), ['5.2']);
  });

  it('5 March, 10:00 - 1,400 calls, then 200 that do not fit into the day, then 100 that do', async () => {
    suite.goTo('2026-03-05T10:00:00Z');
    const now = '2026-03-05T10:00:00Z';
    assert.deepEqual(await statuses([calls('c3', '1400', now), calls('c4', '200', now), calls('c5', '100', now)]), [
      ...['accepted', 'quota_exceeded', 'accepted'],
    ]);
    // 1,400 x 0.004 and 100 x 0.004
    assert.deepEqual(await lastAmounts(2), ['5.6', '0.4']);
    const notices = await suite.platform.usage.limitNotices(northwind.tenant);
    assert.deepEqual(
      notices.map(({ percent }) => percent),
      [80, 100],
    );
  });

  it('6 March, 11:00 - an old key for another number of calls is a conflict; the 600 of 3 March stand', async () => {
    suite.goTo('2026-03-06T11:00:00Z');
    assert.deepEqual(await statuses(calls('c1', '60', '2026-03-03T14:00:00Z')), ['idempotency_conflict']);
    assert.deepEqual(await soFar(), ['calls 2800', 'seats 3', 'users 2']);
  });

  it('9 March, 16:00 - the process dies between answer and receipt; after the restart the receipts are there', async () => {
    suite.goTo('2026-03-09T16:00:00Z');
    await suite.silenceBus();
    const now = '2026-03-09T16:00:00Z';
    assert.deepEqual(await statuses([usage('s2', 'seats', '5', now), user('u3', 'anna', now)]), [
      'accepted',
      'accepted',
    ]);
    await suite.restart();
    // Two seats more at 12.50; anna is known.
    assert.deepEqual(await lastAmounts(2), ['25', '0']);
  });

  it('16 March, 00:30 in Berlin - the period is over, its books are not: 50 calls of 15 March still belong to it', async () => {
    suite.goTo('2026-03-15T23:30:00Z');
    await statuses(calls('c6', '50', '2026-03-15T22:59:59.999999Z'));
    assert.deepEqual((await suite.runInvoices()).issued, []);
    assert.deepEqual(await soFar(), ['calls 2850', 'seats 5', 'users 2']);
  });

  it('16 March, 01:00 in Berlin - the first invoice: 17.40 + 49.00 + 62.50 + 1.50 = EUR 130.40', async () => {
    suite.goTo('2026-03-16T00:00:00Z');
    assert.deepEqual((await suite.runInvoices()).issued, [{ tenant: 'northwind', number: 'INV-2026-000001' }]);
    await suite.settle();
    const first = await invoice('INV-2026-000001');
    assert.equal(first.period, '2026-03-01T23:00:00.000000Z/2026-03-15T23:00:00.000000Z');
    assert.deepEqual(linesOf(first), [
      'calls@1 2026-03-01 1740', // 1,000 x 0.01 + 1,850 x 0.004
      'platform@1 2026-03-01 4900',
      'seats@1 2026-03-01 6250', // 5 x 12.50
      'users@1 2026-03-01 150', // anna, ben
    ]);
    assert.deepEqual([first.total, first.currency], ['13040', 'EUR']);
  });

  it('16 March, 09:00 - compliance downloads the evidence, pins the keys and checks it offline', async () => {
    suite.goTo('2026-03-16T09:00:00Z');
    const jwks: unknown = await (await fetch(`${suite.url}/.well-known/jwks.json`)).json();
    pinned = await readPinned({ ledger: suite.platform.config.ledgerOrigin, tenant: 'northwind', jwks });
    bundles.set('INV-2026-000001', await download('INV-2026-000001'));
    const verdict = await verifyBundle(bundles.get('INV-2026-000001')!, pinned);
    assert.equal(verdict.verdict, 'verified', JSON.stringify(verdict.claims));
  });

  it('18 March, 12:00 - 10 calls of 14 March come late: 10 x 0.004 = 0.04, for the first period, in the second', async () => {
    suite.goTo('2026-03-18T12:00:00Z');
    await statuses(calls('c7', '10', '2026-03-14T10:00:00Z'));
    assert.deepEqual(await lastAmounts(1), ['0.04']);
    const [charge] = (await suite.entriesOf('northwind', 'charge')).slice(-1);
    assert.deepEqual([charge!.aggregate_before, charge!.aggregate_after], ['2850', '2860']);
    assert.equal((await invoice('INV-2026-000001')).total, '13040');
  });

  it('19 March, 10:00 - a new period counts from nothing: 200 calls are 2.00, 4 seats 50.00, cleo 0.75', async () => {
    suite.goTo('2026-03-19T10:00:00Z');
    const now = '2026-03-19T10:00:00Z';
    await statuses([calls('c8', '200', now), usage('s3', 'seats', '4', now), user('u4', 'cleo', now)]);
    assert.deepEqual(await lastAmounts(3), ['2', '50', '0.75']);
  });

  it('20 March, 15:00 - from 23 March on a call costs 0.006; what was used before keeps its price', async () => {
    suite.goTo('2026-03-20T15:00:00Z');
    const dearer = { ...PLAN.meters['calls']!, later: { '2026-03-22T23:00:00Z': perUnit('0.006') } };
    const changed = everyTwoWeeks({ ...PLAN, meters: { ...PLAN.meters, calls: dearer } });
    await suite.platform.accounts.put(changed, suite.clock.now());
    suite.goTo('2026-03-24T10:00:00Z');
    await statuses([calls('c9', '500', '2026-03-24T10:00:00Z'), calls('c10', '100', '2026-03-22T22:59:59Z')]);
    // 500 x 0.006 at the new price; the 201st to 300th call at 0.01
    assert.deepEqual(await lastAmounts(2), ['3', '1']);
  });

  it('25 March, 03:00 - somebody changes a sum in the database; within the hour billing of Northwind stands still', async () => {
    suite.goTo('2026-03-25T03:00:00Z');
    const before = await changeTotal('0.01');
    const { faults } = await suite.deep();
    assert.deepEqual(
      faults.map(({ tenant, kind }) => [tenant, kind]),
      [['northwind', 'wrong_sum']],
    );
    assert.deepEqual(await statuses(calls('c11', '100', '2026-03-25T03:00:00Z')), ['accepted']);
    await suite.settle();
    assert.equal((await suite.entriesOf('northwind', 'charge')).at(-1)!.quantity, '100');
    assert.equal((await suite.entriesOf('northwind', 'charge')).at(-1)!.occurred_at, '2026-03-22T22:59:59.000000Z');

    // A person puts it right, a full pass finds nothing wrong, billing goes on with what waited: 100 x 0.006.
    await changeTotal(before);
    assert.deepEqual((await suite.deep(true)).faults, []);
    await suite.platform.reconciliation.thaw(northwind.tenant);
    await suite.settle();
    assert.deepEqual(await lastAmounts(1), ['0.6']);
  });

  it('26 March, 08:00 - the signing keys are changed; the old ones stay in the key set', async () => {
    suite.goTo('2026-03-26T08:00:00Z');
    const { signer, keys } = suite.platform;
    for (const purpose of ['checkpoint', 'evidence'] as const) await keys.adopt(await signer.createKey(purpose));
    assert.equal((await keys.keyset()).keys.length, 4);
  });

  it('30 March, 01:00 in Berlin, which is an hour earlier in UTC than last time - the second invoice: EUR 106.39', async () => {
    suite.goTo('2026-03-29T22:59:59Z');
    assert.deepEqual((await suite.runInvoices()).issued, []);
    suite.goTo('2026-03-29T23:00:00Z');
    assert.deepEqual((await suite.runInvoices()).issued, [{ tenant: 'northwind', number: 'INV-2026-000002' }]);
    await suite.settle();
    const second = await invoice('INV-2026-000002');
    // Two weeks less the hour that the clocks went forward.
    assert.equal(second.period, '2026-03-15T23:00:00.000000Z/2026-03-29T22:00:00.000000Z');
    assert.deepEqual(linesOf(second), [
      'calls@1 2026-03-15 300', // 300 x 0.01
      'calls@2 2026-03-15 360', // 600 x 0.006
      'platform@1 2026-03-15 4900',
      'seats@1 2026-03-15 5000', // 4 x 12.50
      'users@1 2026-03-15 75', // cleo
      'calls@1 2026-03-01 4', // 10 x 0.004, late
    ]);
    assert.equal(second.total, '10639');
  });

  it('30 March, 09:00 - both bundles hold against the keys as they are now, the first also against those of 16 March', async () => {
    suite.goTo('2026-03-30T09:00:00Z');
    const jwks: unknown = await (await fetch(`${suite.url}/.well-known/jwks.json`)).json();
    const now = await readPinned({ ledger: suite.platform.config.ledgerOrigin, tenant: 'northwind', jwks });
    bundles.set('INV-2026-000002', await download('INV-2026-000002'));
    assert.ok(bundles.get('INV-2026-000001')!.equals(await download('INV-2026-000001')));
    for (const [number, bytes] of bundles) {
      const verdict = await verifyBundle(bytes, now);
      assert.equal(verdict.verdict, 'verified', `${number} ${JSON.stringify(verdict.claims)}`);
    }
    assert.equal((await verifyBundle(bundles.get('INV-2026-000001')!, pinned)).verdict, 'verified');
    // Whoever pinned the keys of 16 March has never heard of the new ones.
    assert.equal((await verifyBundle(bundles.get('INV-2026-000002')!, pinned)).verdict, 'refuted');
  });

  it('30 March, 09:30 - a cent more on the invoice, or a receipt less, and the evidence does not hold', async () => {
    const good = bundles.get('INV-2026-000001')!;
    for (const [from, to] of [
      ['"total":"13040"', '"total":"13041"'],
      ['"amount":"5.2"', '"amount":"5.3"'],
    ] as const) {
      const bytes = Buffer.from(good);
      const place = bytes.indexOf(from);
      assert.ok(place > 0, from);
      bytes.write(to, place, 'latin1');
      assert.equal((await verifyBundle(bytes, pinned)).verdict, 'refuted', from);
    }
  });

  it('30 March, 10:00 - the ledger of today is the one noted on 3 March, only longer; a full pass finds nothing wrong', async () => {
    const head = await northwind.read<Head>(`/api/v1/billing/ledger/head?since=${noted.size}`);
    const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');
    const path = head.consistency.path.map(bytes);
    assert.ok(head.size > noted.size);
    assert.ok(isConsistent(noted.size, bytes(noted.root), head.size, bytes(head.root), path));
    const { faults, entries } = await suite.deep(true);
    assert.deepEqual([faults, entries], [[], head.size]);
  });
};
