import assert from 'node:assert/strict';
import { parseTenantId } from '../../shared/domain/ids.ts';
import { eventsOf } from '../../shared/stores/accepted-events.ts';
import { usage } from '../support/account.ts';
import { Shop } from '../support/shop.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const ACME = parseTenantId('acme');
const ROSALIND = 'rosalind@lab.example';

interface Approval {
  readonly approval_id: string;
  readonly subject: string;
  readonly payload: object;
}
interface Erasure {
  readonly state: string;
  readonly count: number;
  readonly ref_digest: string;
}

describe('erasures', () => {
  let suite: TestSuite;
  let shop: Shop;
  let compliance: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: ACME });
    compliance = await suite.client(ACME, 'compliance');
    await shop.metric({ metric_name: 'calls', aggregation: 'sum', dimensions: ['region'] });
    await shop.plan({
      plan_id: 'pro',
      anchor: 'calendar',
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.10' } }],
    });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
  });
  afterEach(() => suite.close());

  const event = (key: string, quantity: string, user: string) =>
    usage(key, 'calls', quantity, '2026-03-01T00:00:00Z', { properties: { user, region: 'eu' } });
  const ask = (body: object) => shop.do<Approval>(compliance, 'POST', '/erasures', body);
  const approve = ({ approval_id }: Approval) =>
    shop.do(shop.approver, 'POST', `/approvals/${approval_id}/approve`, undefined);
  const state = ({ subject }: Approval) => shop.do<Erasure>(compliance, 'GET', `/erasures/${subject}`);
  /** Who stands in what was accepted, by the events' keys. */
  async function users(): Promise<Record<string, string>> {
    const keys = await suite.platform.personal.keysOf(ACME);
    const rows = suite.sql('SELECT tenant, batch_id, payload FROM batches ORDER BY batch_id');
    const events = rows.flatMap((row) => eventsOf(row as unknown as Parameters<typeof eventsOf>[0], keys));
    return Object.fromEntries(
      events.map(({ event: text, quantity }) => [
        String(quantity / 10n ** 12n),
        text === '' ? 'nobody' : (JSON.parse(text) as { data: { user: string } }).data.user,
      ]),
    );
  }

  it('take a person out of what was sent: of 3, 4 and 5 calls two were hers, all twelve stay billed and proven', async () => {
    await shop.customer.send([event('a', '3', ROSALIND), event('b', '4', 'max'), event('c', '5', ROSALIND)]);
    await suite.settle();
    const proposal = await ask({ scope: 'events', property: 'user', value: ROSALIND });
    assert.doesNotMatch(JSON.stringify(proposal), /rosalind/);
    assert.deepEqual(await users(), { 3: ROSALIND, 4: 'max', 5: ROSALIND });
    assert.equal((await state(proposal)).state, 'proposed');
    await approve(proposal);
    const done = await state(proposal);
    assert.deepEqual([done.state, done.count], ['done', 2]);
    const { data } = await shop.do<{ data: Erasure[] }>(compliance, 'GET', '/erasures?organization_id=acme');
    assert.deepEqual(data, [done]);
    assert.deepEqual(await users(), { 3: 'nobody', 4: 'max', 5: 'nobody' });
    const [entry] = await suite.entriesOf(ACME, 'erasure');
    assert.deepEqual([entry?.count, entry?.erasure_id, entry?.ref_digest], ['2', proposal.subject, done.ref_digest]);
    // Nothing is left that the digest could be opened with.
    assert.equal(suite.sql('SELECT length(sealed) AS bytes FROM erasures')[0]?.['bytes'], 0);
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    assert.equal((await shop.invoices())[0]?.total, '120');
    await shop.prove();
  });

  it('wait for usage that is not billed yet, and are finished by the sweep', async () => {
    const proposal = await ask({ scope: 'events', property: 'user', value: ROSALIND });
    await suite.silenceBus();
    await shop.customer.send(event('a', '3', ROSALIND));
    await approve(proposal);
    assert.deepEqual([(await state(proposal)).state, await users()], ['running', { 3: ROSALIND }]);
    await suite.restart();
    await suite.sweep();
    await suite.settle();
    await suite.sweep();
    assert.deepEqual([(await state(proposal)).state, await users()], ['done', { 3: 'nobody' }]);
    await suite.sweep();
    assert.equal((await suite.entriesOf(ACME, 'erasure')).length, 1);
  });

  it('take two: who asks cannot approve, with whatever credential', async () => {
    const { approval_id } = await ask({ scope: 'events', property: 'user', value: ROSALIND });
    assert.equal(await shop.refused(compliance, 'POST', `/approvals/${approval_id}/approve`), '403 insufficient_scope');
    assert.deepEqual(await suite.entriesOf(ACME, 'erasure'), []);
  });

  it('correct no bill: an event that was erased can still be taken back', async () => {
    const { results } = await shop.customer.send(event('a', '3', ROSALIND));
    await suite.settle();
    await approve(await ask({ scope: 'events', property: 'user', value: ROSALIND }));
    await shop.do(shop.operator, 'POST', '/corrections', { receipt_id: results[0]!.receipt_id, quantity: '1' });
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    assert.equal((await shop.invoices())[0]?.total, '10');
    await shop.prove();
  });

  it('of an organization wait until it is billed to the end, then destroy all that was said of it', async () => {
    await shop.do(shop.customer, 'PUT', '/billing-profile', {
      legal_name: 'Acme GmbH',
      customer_type: 'business',
      address: { line1: 'Weg 1', postal_code: '1010', city: 'Wien', country: 'AT' },
    });
    await shop.do(shop.customer, 'POST', '/payment-methods', {
      ...{ provider: 'stripe', type: 'card', token: 'pm_1234', display: { brand: 'visa', last4: '4242' } },
    });
    await shop.customer.send(event('a', '3', ROSALIND));
    await suite.settle();
    const proposal = await ask({ scope: 'organization' });
    const path = `/approvals/${proposal.approval_id}/approve`;
    assert.equal(await shop.refused(shop.approver, 'POST', path), '409 invalid_transition');
    await shop.do(shop.customer, 'POST', '/subscriptions/main/cancel', { when: 'now' });
    await suite.settle();
    await shop.do(shop.approver, 'POST', path, undefined);
    // One profile, one payment method, one key.
    const done = await state(proposal);
    assert.deepEqual([done.state, done.count, suite.counts()['payment_methods']], ['done', 3, 0]);
    assert.equal(await shop.refused(shop.customer, 'GET', '/billing-profile'), '404 not_found');
    assert.deepEqual(await users(), {});
    assert.equal((await shop.invoices())[0]?.total, '30');
    await shop.prove();
  });

  it('that nobody decides for 30 days are forgotten with the person, and counted', async () => {
    const proposal = await ask({ scope: 'events', property: 'user', value: ROSALIND });
    suite.goTo('2026-03-31T00:00:00Z');
    await suite.sweep();
    assert.equal((await state(proposal)).state, 'proposed');
    suite.goTo('2026-03-31T00:00:00.000001Z');
    await suite.sweep();
    assert.equal(await shop.refused(compliance, 'GET', `/erasures/${proposal.subject}`), '404 not_found');
    const { personal, purges } = suite.platform;
    assert.equal((await personal.list(ACME)).length, 1);
    assert.deepEqual(
      (await purges.report('*', '2026-03-01', '2026-05-01')).map(({ day, kind, count }) => `${day} ${kind} ${count}`),
      ['2026-03-31 erasure_proposals 1'],
    );
  });

  it('name a person by one property that usage is not summed up by', async () => {
    assert.equal(await shop.refused(compliance, 'POST', '/erasures', { scope: 'events' }), '400 invalid_parameter');
    const region = { scope: 'events', property: 'region', value: 'eu' };
    assert.equal(await shop.refused(compliance, 'POST', '/erasures', region), '400 invalid_parameter');
    const both = { scope: 'organization', property: 'user', value: 'max' };
    assert.equal(await shop.refused(compliance, 'POST', '/erasures', both), '400 invalid_parameter');
  });
});

describe('what has had its time', () => {
  it('is purged on schedule, and the report says how much: payloads after the hot window, keys after lateness', async () => {
    const suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z', config: { hotWindowDays: 40 } });
    const shop = await Shop.open(suite, { organization_id: ACME });
    const compliance = await suite.client(ACME, 'compliance');
    await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
    await shop.plan({
      plan_id: 'pro',
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '1' } }],
    });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    for (const key of ['a', 'b']) {
      await shop.customer.send(usage(key, 'calls', '1', '2026-03-01T00:00:00Z'));
      await suite.settle();
    }
    suite.goTo('2026-04-12T00:00:00Z');
    await suite.sweep();
    assert.equal((await suite.call('reconcile-chain/retire')).status, 200);
    const report = (organization: string) =>
      shop.do<{ hot_window_days: number; purged: object[] }>(
        compliance,
        'GET',
        `/retention-report?from=2026-04-01&to=2026-05-01${organization}`,
      );
    const own = await report(`&organization_id=${ACME}`);
    assert.equal(own.hot_window_days, 40);
    assert.deepEqual(own.purged, [{ day: '2026-04-12', kind: 'payloads', count: 2 }]);
    assert.equal(suite.sql('SELECT count(*) AS held FROM batches WHERE length(payload) > 0')[0]?.['held'], 0);
    await suite.close();
  });
});
