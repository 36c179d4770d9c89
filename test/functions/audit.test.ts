import assert from 'node:assert/strict';
import { Shop } from '../support/shop.ts';
import { type Client, TestSuite } from '../support/suite.ts';

interface Entry {
  readonly action: string;
  readonly actor: string;
  readonly role: string;
  readonly facts: Readonly<Record<string, string>>;
}

describe('the audit log', () => {
  let suite: TestSuite;
  let shop: Shop;
  let compliance: Client;
  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    compliance = await suite.client('acme', 'compliance');
    await shop.plan({ plan_id: 'pro', fees: [{ item_id: 'base', model: { type: 'flat', amount: '10' } }] });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
  });
  afterEach(() => suite.close());

  const entries = async (): Promise<Entry[]> => (await shop.do<{ data: Entry[] }>(compliance, 'GET', '/audit')).data;
  const digest = async () =>
    (await (await suite.call('reconcile-chain/audit-digest')).json()) as { outcome: string; entries: number };

  it('has every change with who did it, once, and every look at evidence', async () => {
    await shop.do(shop.operator, 'POST', '/credits', { amount: '5', currency: 'EUR' }, 'one-key');
    await shop.do(shop.operator, 'POST', '/credits', { amount: '5', currency: 'EUR' }, 'one-key');
    await shop.prove();
    const found = await entries();
    // What is done in one microsecond has no order.
    assert.deepEqual(found.map(({ action, role }) => `${action} ${role}`).sort(), [
      'credit.granted billing_operator',
      'evidence.downloaded tenant_admin',
      'plan.drafted billing_operator',
      'plan.published approver',
      'subscription.created tenant_admin',
    ]);
    const created = found.find(({ action }) => action === 'subscription.created');
    assert.equal(created?.facts['subscription_id'], 'main');
  });

  it('has nothing of what was refused, and is read by compliance alone', async () => {
    const before = (await entries()).length;
    await shop.refused(shop.operator, 'POST', '/credits', { amount: '5', currency: 'USD' });
    assert.equal((await entries()).length, before);
    for (const client of [shop.customer, shop.operator, shop.approver]) {
      assert.equal(await shop.refused(client, 'GET', '/audit'), '403 insufficient_scope');
    }
  });

  it('is put by each day as a signed digest; done again it is the same, and a changed row shows', async () => {
    suite.goTo('2026-03-02T00:30:00Z');
    assert.deepEqual(await digest(), { day: '2026-03-01', organizations: 1, entries: 3, outcome: 'created' });
    assert.equal((await digest()).outcome, 'present');
    suite.sql("UPDATE audit_log SET actor='somebody-else' WHERE action='subscription.created'");
    assert.equal((await digest()).outcome, 'different');
    assert.ok(suite.lines.some(({ event }) => event === 'audit_log_changed'));
  });

  it('shows a row that was taken out behind its back', async () => {
    suite.goTo('2026-03-02T00:30:00Z');
    await digest();
    suite.sql("DELETE FROM audit_log WHERE action='plan.published'");
    assert.equal((await digest()).outcome, 'different');
  });
});
