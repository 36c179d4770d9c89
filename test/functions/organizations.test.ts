import assert from 'node:assert/strict';
import { usage } from '../support/account.ts';
import { checkedFetch } from '../support/contract.ts';
import { Shop } from '../support/shop.ts';
import { type Client, TestSuite } from '../support/suite.ts';

interface Organization {
  readonly organization_id: string;
  readonly zone: string;
  readonly currency: string;
  readonly grace_minutes: number;
  readonly subscriptions: number;
}

describe('organizations', () => {
  let suite: TestSuite;
  let shop: Shop;
  let admin: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    admin = await suite.client('acme', 'platform_admin');
  });
  afterEach(() => suite.close());

  const call = async (method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown, organization?: string) => {
    const query = organization === undefined ? '' : `?organization_id=${organization}`;
    const response = await checkedFetch(`${suite.url}/api/v1/billing${path}${query}`, {
      method,
      headers: { Authorization: `Bearer ${admin.key}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      json: (await response.json()) as Organization & { code: string; data: Organization[] },
    };
  };

  it('are taken in by an administrator, once, and can be billed from then on', async () => {
    const umbrella = { organization_id: 'umbrella', zone: 'Europe/Berlin', currency: 'EUR' };
    const made = await call('POST', '/organizations', umbrella);
    assert.deepEqual([made.status, made.json.grace_minutes, made.json.subscriptions], [201, 60, 0]);
    const again = await call('POST', '/organizations', umbrella);
    assert.deepEqual([again.status, again.json.code], [409, 'already_exists']);
    const listed = await call('GET', '/organizations');
    assert.deepEqual(
      listed.json.data.map(({ organization_id }) => organization_id),
      ['acme', 'umbrella'],
    );
    await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
    await shop.plan({
      plan_id: 'pro',
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '1' } }],
    });
    const customer = await suite.client('umbrella');
    await shop.do(customer, 'POST', '/subscriptions', { plan_id: 'pro', subscription_id: 'main' });
    const { results } = await customer.send(usage('a', 'calls', '1', '2026-03-01T00:00:00Z'));
    assert.deepEqual(
      results.map(({ status }) => status),
      ['accepted'],
    );
  });

  it('have a zone and a currency that exist', async () => {
    const nowhere = await call('POST', '/organizations', {
      organization_id: 'moon',
      zone: 'Moon/Tycho',
      currency: 'EUR',
    });
    assert.deepEqual([nowhere.status >= 400, nowhere.json.code], [true, 'invalid_catalogue']);
    const nothing = await call('POST', '/organizations', { organization_id: 'moon', zone: 'UTC', currency: 'XXX' });
    assert.deepEqual([nothing.status, nothing.json.code], [422, 'invalid_currency']);
    assert.equal((await call('GET', '/organizations')).json.data.length, 1);
  });

  it('change what may be changed: a grace of two hours closes the period at two, not at one', async () => {
    await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
    await shop.plan({
      plan_id: 'pro',
      anchor: 'calendar',
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '1' } }],
    });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    await shop.customer.send(usage('a', 'calls', '1', '2026-03-01T00:00:00Z'));
    const changed = await call('PATCH', '/organization', { grace_minutes: 120 }, 'acme');
    assert.deepEqual([changed.status, changed.json.grace_minutes], [200, 120]);
    suite.goTo('2026-04-01T01:30:00Z');
    assert.equal((await suite.runInvoices()).issued.length, 0);
    suite.goTo('2026-04-01T02:00:00Z');
    assert.equal((await suite.runInvoices()).issued.length, 1);
    const kept = await shop.do<Organization>(shop.customer, 'GET', '/organization');
    assert.deepEqual([kept.organization_id, kept.grace_minutes, kept.subscriptions], ['acme', 120, 1]);
  });
});
