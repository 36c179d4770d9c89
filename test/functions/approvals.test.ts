import assert from 'node:assert/strict';
import { Shop } from '../support/shop.ts';
import { type Client, DAY, TestSuite } from '../support/suite.ts';

interface Proposal {
  readonly approval_id: string;
  readonly kind: string;
  readonly subject: string;
  readonly state: string;
  readonly digest: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly proposed_by: string;
  readonly decided_by: string | null;
}
interface Credit {
  readonly credit_id: string;
  readonly balance: { readonly amount: string };
}
const FIRST = 'INV-2026-000001';

describe('what one proposes and another decides', () => {
  let suite: TestSuite;
  let shop: Shop;
  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
  });
  afterEach(() => suite.close());

  const grant = (amount: string, more: object = {}, key?: string) =>
    shop.do<Credit & Proposal>(shop.operator, 'POST', '/credits', { amount, currency: 'EUR', ...more }, key);
  const credits = async () => (await shop.do<{ data: Credit[] }>(shop.customer, 'GET', '/credits')).data;
  const approve = (id: string, by: Client = shop.approver, body?: object, key?: string) =>
    shop.do<Proposal>(by, 'POST', `/approvals/${id}/approve`, body, key);
  const list = async (state = 'proposed', by: Client = shop.approver) =>
    (await shop.do<{ data: Proposal[] }>(by, 'GET', `/approvals?state=${state}`)).data;

  it('a credit up to 1,000.00 is granted by one; above it is proposed, and granted when another approves', async () => {
    assert.equal((await grant('100000', { credit_id: 'small' })).balance.amount, '100000');
    const proposal = await grant('100001', { credit_id: 'large', reason: 'goodwill' });
    assert.deepEqual(
      [proposal.state, proposal.kind, proposal.subject, proposal.payload['amount']],
      ['proposed', 'credit.grant', 'large', '100001'],
    );
    assert.deepEqual(
      (await credits()).map(({ credit_id }) => credit_id),
      ['small'],
    );
    assert.equal((await approve(proposal.approval_id)).state, 'executed');
    assert.deepEqual(
      (await credits()).map(({ credit_id, balance }) => `${credit_id} ${balance.amount}`),
      ['large 100001', 'small 100000'],
    );
    // The audit log does not call granted what was proposed.
    const deeds = suite.sql("SELECT action, operation FROM audit_log WHERE tenant='acme' ORDER BY seq");
    assert.deepEqual(
      deeds.map(({ action, operation }) => `${String(operation)}: ${String(action)}`),
      ['grantCredit: credit.granted', 'grantCredit: approval.proposed', 'approveApproval: approval.approved'],
    );
    const [, entry] = await suite.entriesOf('acme', 'credit_grant');
    assert.deepEqual([entry?.grant_id, entry?.amount, entry?.reason], ['large', '100001', 'goodwill']);
  });

  it('is carried out once, however often it is approved', async () => {
    const { approval_id } = await grant('500000');
    const answers = await Promise.all(
      ['one', 'two', 'three'].map(async (key) => {
        const response = await shop.approver.call(
          'POST',
          `/api/v1/billing/approvals/${approval_id}/approve`,
          undefined,
          { 'Idempotency-Key': key },
        );
        return response.status;
      }),
    );
    assert.deepEqual(answers.sort(), [200, 409, 409]);
    assert.equal((await credits()).length, 1);
    // And under its own key the first answer comes again.
    const other = await grant('500000');
    const first = await approve(other.approval_id, shop.approver, undefined, 'again');
    assert.deepEqual(await approve(other.approval_id, shop.approver, undefined, 'again'), first);
    assert.equal((await credits()).length, 2);
  });

  it('is proposed once under one key', async () => {
    const first = await grant('500000', {}, 'k');
    assert.deepEqual(await grant('500000', {}, 'k'), first);
    assert.equal((await list()).length, 1);
  });

  it('is approved by nobody whose role proposes, sends usage or gives out keys', async () => {
    const { approval_id } = await grant('500000');
    for (const role of ['tenant_viewer', 'tenant_admin', 'billing_operator', 'compliance', 'platform_admin'] as const) {
      const client = await suite.client('acme', role);
      for (const verb of ['approve', 'reject'])
        assert.equal(
          await shop.refused(client, 'POST', `/approvals/${approval_id}/${verb}`),
          '403 insufficient_scope',
          role,
        );
    }
  });

  it('is not approved by its proposer with another credential: one person is one pair of hands', async () => {
    const admin = await suite.client('acme', 'platform_admin');
    const make = async (role: string, person: string) => {
      const response = await fetch(`${suite.url}/api/v1/billing/api-keys`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${admin.key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ role, person }),
      });
      return ((await response.json()) as { key: string }).key;
    };
    const ask = async (key: string, path: string, body: object = {}) => {
      const response = await fetch(`${suite.url}/api/v1/billing/${path}?organization_id=acme`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${key}`,
          'Content-Type': 'application/json',
          'Idempotency-Key': key.slice(-9),
        },
        body: JSON.stringify(body),
      });
      return (await response.json()) as Record<string, string>;
    };
    const proposer = await make('billing_operator', 'user-1');
    const { approval_id } = await ask(proposer, 'credits', { amount: '500000', currency: 'EUR' });
    const samePerson = await make('approver', 'user-1');
    const refused = await ask(samePerson, `approvals/${approval_id}/approve`);
    assert.equal(refused['code'], 'proposer_cannot_approve');
    assert.equal((await credits()).length, 0);
    const another = await make('approver', 'user-2');
    assert.equal((await ask(another, `approvals/${approval_id}/approve`))['state'], 'executed');
    // The attempt is in the organization's audit log.
    const rows = suite.sql("SELECT action, outcome, facts FROM audit_log WHERE tenant='acme' AND outcome='refused'");
    assert.equal(rows.length, 1);
    assert.match(String(rows[0]!['facts']), /proposer_cannot_approve/);
  });

  it('a plan is not published, nor a price approved, by its writer’s other credential', async () => {
    // Both keys are the same person's: what the rows say is who proposed, not with what.
    const { data } = await shop.do<{ data: unknown[] }>(shop.approver, 'GET', '/plans');
    assert.deepEqual(data, []);
    await shop.do(shop.operator, 'POST', '/plans', {
      ...{ plan_id: 'pro', name: 'Pro', currency: 'EUR', interval: { unit: 'month', count: 1 } },
    });
    suite.sql("UPDATE plans SET proposed_by=? WHERE plan_id='pro'", shop.approver.key.split('_')[3]!);
    assert.equal(
      await shop.refused(shop.approver, 'POST', '/plans/pro/versions/1/publish'),
      '403 proposer_cannot_approve',
    );
  });

  it('rejected is not carried out, nor approved afterwards', async () => {
    const { approval_id } = await grant('500000');
    const { state } = await shop.do<Proposal>(shop.approver, 'POST', `/approvals/${approval_id}/reject`);
    assert.equal(state, 'rejected');
    assert.equal(
      await shop.refused(shop.approver, 'POST', `/approvals/${approval_id}/approve`),
      '409 invalid_transition',
    );
    assert.deepEqual([(await credits()).length, (await list()).length, (await list('rejected')).length], [0, 0, 1]);
  });

  it('that nobody decided in 30 days is over', async () => {
    const { approval_id } = await grant('500000', { credit_id: 'large' });
    suite.clock.advance(30 * DAY - 1);
    assert.equal((await list()).length, 1);
    suite.clock.advance(1);
    assert.deepEqual([(await list()).length, (await list('expired')).length], [0, 1]);
    assert.equal(
      await shop.refused(shop.approver, 'POST', `/approvals/${approval_id}/approve`),
      '409 invalid_transition',
    );
    // The same may be proposed again.
    assert.equal((await grant('500000', { credit_id: 'large' })).state, 'proposed');
  });

  it('is decided on what was read', async () => {
    const { approval_id, digest } = await grant('500000');
    assert.equal(
      await shop.refused(shop.approver, 'POST', `/approvals/${approval_id}/approve`, { digest: 'A'.repeat(43) }),
      '409 invalid_transition',
    );
    assert.equal((await approve(approval_id, shop.approver, { digest })).state, 'executed');
  });

  it('that cannot be done any more stays proposed, and nothing is written', async () => {
    await shop.plan({ plan_id: 'pro', fees: [{ item_id: 'base', model: { type: 'flat', amount: '100' } }] });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    const { approval_id } = await shop.do<Proposal>(shop.operator, 'POST', `/invoices/${FIRST}/write-off`);
    await shop.do(shop.operator, 'POST', `/invoices/${FIRST}/payments`, { amount: '10000' });
    const before = suite.counts();
    assert.equal(await shop.refused(shop.approver, 'POST', `/approvals/${approval_id}/approve`), '409 money_refused');
    assert.deepEqual(suite.counts(), before);
    assert.equal((await list())[0]?.state, 'proposed');
  });

  it('a write-off is proposed and approved like the rest, about its invoice’s number, under its own id', async () => {
    await shop.plan({ plan_id: 'pro', fees: [{ item_id: 'base', model: { type: 'flat', amount: '100' } }] });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    const path = `/invoices/${FIRST}/write-off`;
    const proposal = await shop.do<Proposal>(shop.operator, 'POST', path, { reason: 'insolvent' });
    assert.deepEqual([proposal.kind, proposal.subject], ['invoice.write_off', FIRST]);
    assert.equal(await shop.refused(shop.operator, 'POST', path), '409 already_exists');
    await approve(proposal.approval_id);
    const [entry] = await suite.entriesOf('acme', 'write_off');
    assert.deepEqual([entry?.number, entry?.amount, entry?.reason], [FIRST, '10000', 'insolvent']);
    await shop.prove();
  });

  it('an adjustment counts by its size, whichever way: -1,000.01 takes two, 1,000.00 one', async () => {
    await shop.plan({ plan_id: 'pro', fees: [{ item_id: 'base', model: { type: 'flat', amount: '100' } }] });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    const adjust = (amount: string) =>
      shop.do<Proposal>(shop.operator, 'POST', '/adjustments', { subscription_id: 'main', amount, reason: 'goodwill' });
    assert.equal((await adjust('1000')).state, undefined);
    // A hundredth of a cent above it is above it.
    for (const amount of ['-1000.01', '1000.0001']) assert.equal((await adjust(amount)).kind, 'adjustment.make');
    assert.equal((await suite.entriesOf('acme', 'adjustment')).length, 1);
    for (const { approval_id } of await list()) await approve(approval_id);
    assert.deepEqual((await suite.entriesOf('acme', 'adjustment')).map(({ amount }) => amount).sort(), [
      '-1000.01',
      '1000',
      '1000.0001',
    ]);
    await shop.prove();
  });

  it('a refund counts by what had been paid: 2,000.00 of a credit note whose invoice was paid', async () => {
    await shop.plan({ plan_id: 'pro', fees: [{ item_id: 'base', model: { type: 'flat', amount: '2000' } }] });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    const note = { invoice_number: FIRST, refundable: 'refund' };
    await shop.do(shop.operator, 'POST', `/invoices/${FIRST}/payments`, { amount: '200000' });
    const before = suite.counts();
    const proposal = await shop.do<Proposal>(shop.operator, 'POST', '/credit-notes', note);
    assert.equal(proposal.kind, 'credit_note.refund');
    assert.equal(suite.counts()['credit_notes'], before['credit_notes']);
    await approve(proposal.approval_id);
    assert.deepEqual(
      (await suite.entriesOf('acme', 'refund')).map(({ amount }) => amount),
      ['200000'],
    );
    await shop.prove();
  });

  it('an organization may have a limit of its own: 0.50 for one, none for what is not above it', async () => {
    const small = await Shop.open(suite, { organization_id: 'tiny', approval_limit: '50' });
    const ask = (amount: string) => small.do<Proposal>(small.operator, 'POST', '/credits', { amount, currency: 'EUR' });
    assert.equal((await ask('50')).state, undefined);
    assert.equal((await ask('51')).state, 'proposed');
  });

  it('lists what waits of one organization, or of all where none is named, page by page', async () => {
    const other = await Shop.open(suite, { organization_id: 'umbrella' });
    for (let i = 0; i < 3; i++) {
      await grant('500000', { credit_id: `a${i}` });
      suite.clock.advance(1000);
      await other.do(other.operator, 'POST', '/credits', { amount: '500000', currency: 'EUR', credit_id: `u${i}` });
      suite.clock.advance(1000);
    }
    assert.deepEqual(
      (await list()).map(({ subject }) => subject),
      ['a0', 'a1', 'a2'],
    );
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const response = await fetch(`${suite.url}/api/v1/billing/approvals?limit=2${cursor}`, {
        headers: { Authorization: `Bearer ${shop.approver.key}` },
      });
      const { data, next_cursor } = (await response.json()) as { data: Proposal[]; next_cursor: string | null };
      seen.push(...data.map(({ subject }) => subject));
      if (next_cursor === null) break;
      cursor = `&cursor=${next_cursor}`;
    }
    assert.deepEqual(seen, ['a0', 'u0', 'a1', 'u1', 'a2', 'u2']);
    const [first] = await list();
    assert.deepEqual(await shop.do(shop.operator, 'GET', `/approvals/${first!.approval_id}`), first);
  });

  it('of another organization is as if it were not there', async () => {
    const other = await Shop.open(suite, { organization_id: 'umbrella' });
    const { approval_id } = await grant('500000');
    for (const verb of ['approve', 'reject'])
      assert.equal(await shop.refused(other.approver, 'POST', `/approvals/${approval_id}/${verb}`), '404 not_found');
    assert.equal((await list()).length, 1);
  });
});
