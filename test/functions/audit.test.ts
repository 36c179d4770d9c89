import assert from 'node:assert/strict';
import { AUDIT_GENESIS, type AuditEntry, auditDigestAfter } from '../../shared/domain/audit.ts';
import { Shop } from '../support/shop.ts';
import { type Client, DAY, TestSuite } from '../support/suite.ts';

interface Entry {
  readonly seq: number;
  readonly action: string;
  readonly actor: { readonly kind: string; readonly id: string; readonly role: string };
  readonly outcome: string;
  readonly facts: Readonly<Record<string, string>>;
}
interface Digest {
  readonly day: string;
  readonly outcome: string;
  readonly logs: number;
  readonly entries: number;
  readonly days_verified: number;
  readonly faults: readonly { readonly day: string; readonly log: string; readonly kind: string }[];
}

const keyId = (client: Client): string => client.key.split('_')[3]!;

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

  const entries = async (by = compliance): Promise<Entry[]> =>
    (await shop.do<{ data: Entry[] }>(by, 'GET', '/audit')).data;
  const digest = async (full = false): Promise<Digest> =>
    (await (await suite.call(`reconcile-chain/audit-digest?full=${full}`)).json()) as Digest;

  it('has every change with who did it, once, and every look at evidence, numbered from 0', async () => {
    await shop.do(shop.operator, 'POST', '/credits', { amount: '5', currency: 'EUR' }, 'one-key');
    await shop.do(shop.operator, 'POST', '/credits', { amount: '5', currency: 'EUR' }, 'one-key');
    await shop.prove();
    const found = await entries();
    assert.deepEqual(
      found.map(({ seq, action, actor, outcome }) => `${seq} ${action} ${actor.role} ${outcome}`),
      [
        '0 plan.drafted billing_operator done',
        '1 plan.published approver done',
        '2 subscription.created tenant_admin done',
        '3 credit.granted billing_operator done',
        '4 evidence.downloaded tenant_admin done',
      ],
    );
    assert.equal(found[2]!.facts['subscription_id'], 'main');
    assert.deepEqual(found[0]!.actor, { kind: 'key', id: keyId(shop.operator), role: 'billing_operator' });
  });

  it('has what somebody tried who may not, with the code, and nothing of what could not be done', async () => {
    const before = (await entries()).length;
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/credits', { amount: '5', currency: 'USD' }),
      '422 currency_mismatch',
    );
    assert.equal((await entries()).length, before);
    assert.equal(await shop.refused(shop.customer, 'POST', '/credits', {}), '403 insufficient_scope');
    assert.equal(await shop.refused(shop.approver, 'POST', '/subscriptions/main/cancel'), '403 insufficient_scope');
    const [tenants] = (await entries()).slice(before);
    assert.deepEqual(
      [tenants?.action, tenants?.outcome, tenants?.facts['code'], tenants?.actor.id],
      ['credit.granted', 'refused', 'insufficient_scope', keyId(shop.customer)],
    );
    // What a role of the platform was refused is in the platform's own log.
    const admin = await suite.client('acme', 'platform_admin');
    const response = await fetch(`${suite.url}/api/v1/billing/audit`, {
      headers: { Authorization: `Bearer ${admin.key}` },
    });
    const { data } = (await response.json()) as { data: Entry[] };
    assert.deepEqual(
      data.map(({ action, outcome, actor }) => `${action} ${outcome} ${actor.role}`),
      ['subscription.cancel refused approver'],
    );
  });

  it('has an attempt at another organization’s things in the log of whoever tried', async () => {
    await suite.organization({ organization_id: 'umbrella', ...{ zone: 'UTC', currency: 'EUR', subscriptions: [] } });
    const before = (await entries()).length;
    const path = '/subscriptions/main/cancel?organization_id=umbrella';
    assert.equal(await shop.refused(shop.customer, 'POST', path), '404 not_found');
    const [tried] = (await entries()).slice(before);
    assert.deepEqual([tried?.outcome, tried?.facts['code']], ['refused', 'not_found']);
    const theirs = await suite.client('umbrella', 'tenant_admin');
    assert.deepEqual(await entries(theirs), []);
  });

  it('is read by compliance and platform_admin for every organization, by tenant_admin for their own', async () => {
    const everything = await entries();
    assert.deepEqual(await entries(shop.customer), everything);
    assert.deepEqual(await entries(await suite.client('acme', 'platform_admin')), everything);
    const viewer = await suite.client('acme', 'tenant_viewer');
    for (const client of [viewer, shop.operator, shop.approver])
      assert.equal(await shop.refused(client, 'GET', '/audit'), '403 insufficient_scope');
  });

  it('goes page by page through all of it', async () => {
    const all = await entries();
    const seen: Entry[] = [];
    for (let cursor = ''; ; ) {
      const page = await shop.do<{ data: Entry[]; next_cursor: string | null }>(
        compliance,
        'GET',
        `/audit?limit=1${cursor}`,
      );
      seen.push(...page.data);
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    assert.deepEqual(seen, all);
  });

  it('holds no personal data, no secret and nothing of a body that was refused', async () => {
    const secret = shop.customer.key.split('_')[4]!;
    await shop.refused(shop.customer, 'POST', '/credits', { amount: 'jane.doe@example.com' });
    const text = JSON.stringify(suite.sql('SELECT * FROM audit_log'));
    assert.ok(!text.includes(secret) && !text.includes('jane.doe'));
  });

  describe('of a day', () => {
    beforeEach(async () => {
      suite.goTo('2026-03-02T00:30:00Z');
    });

    it('is put by as a signed digest; fired again it is the same', async () => {
      const { purged, ...first } = (await digest()) as Digest & { readonly purged: number };
      assert.deepEqual(first, {
        ...{ day: '2026-03-01', outcome: 'created', logs: 1, entries: 3 },
        ...{ days_verified: 1, faults: [] },
      });
      assert.equal(purged, 0);
      assert.deepEqual([(await digest()).outcome, (await digest()).entries], ['present', 3]);
    });

    for (const [says, statement] of [
      ['an actor was exchanged', "UPDATE audit_log SET actor='somebody' WHERE action='subscription.created'"],
      ['a refusal was made a deed', "UPDATE audit_log SET outcome='refused' WHERE action='plan.published'"],
      ['a row was taken out', "DELETE FROM audit_log WHERE action='plan.published'"],
      ['the last row was taken out', "DELETE FROM audit_log WHERE seq=2 AND tenant='acme'"],
      ['rows changed places', "UPDATE audit_log SET seq=9-seq WHERE tenant='acme'"],
    ] as const) {
      it(`shows that ${says}`, async () => {
        await digest();
        suite.sql(statement);
        const { faults } = await digest();
        assert.deepEqual(faults, [{ day: '2026-03-01', log: 'acme', kind: 'rows_changed' }]);
        assert.ok(suite.lines.some(({ event }) => event === 'audit_log_changed'));
      });
    }

    it('shows a history that was written anew with every digest in it right', async () => {
      await digest();
      const rows = suite.sql("SELECT * FROM audit_log WHERE tenant='acme' ORDER BY seq") as unknown as AuditEntry[];
      let last = AUDIT_GENESIS;
      for (const row of rows) {
        last = auditDigestAfter(last, { ...row, actor: 'nobody' });
        suite.sql("UPDATE audit_log SET actor='nobody', digest=? WHERE tenant='acme' AND seq=?", last, row.seq);
      }
      suite.sql("UPDATE audit_heads SET digest=?, covered_digest=? WHERE tenant='acme'", last, last);
      assert.equal((await digest()).faults[0]?.kind, 'rows_changed');
    });

    it('follows the day before without a gap: a day on which nothing ran is in the next one’s', async () => {
      await digest();
      await shop.do(shop.operator, 'POST', '/credits', { amount: '5', currency: 'EUR' });
      suite.clock.advance(DAY);
      suite.clock.advance(DAY);
      await shop.do(shop.operator, 'POST', '/credits', { amount: '6', currency: 'EUR' });
      suite.clock.advance(DAY);
      // 2 March's entry and 4 March's, in the digest of 4 March.
      const { day, entries: covered, faults } = await digest(true);
      assert.deepEqual([day, covered, faults], ['2026-03-04', 2, []]);
      assert.equal((await digest(true)).days_verified, 2);
    });

    it('is verified from the first on by a full pass: an old row shows, days later', async () => {
      for (let day = 0; day < 4; day++) {
        await digest();
        await shop.do(shop.operator, 'POST', '/credits', { amount: '5', currency: 'EUR' });
        suite.clock.advance(DAY);
      }
      await digest();
      suite.sql("UPDATE audit_log SET at='2026-03-01T00:00:00.000001Z' WHERE tenant='acme' AND seq=0");
      assert.deepEqual((await digest()).faults, []);
      assert.deepEqual((await digest(true)).faults, [{ day: '2026-03-01', log: 'acme', kind: 'rows_changed' }]);
    });

    it('goes after seven years, and only then', async () => {
      await digest();
      suite.goTo('2033-02-28T00:30:00Z');
      assert.deepEqual((await digest(true)).faults, []);
      assert.equal(suite.counts()['audit_log'], 3);
      // 2,557 days after 1 March 2026.
      suite.goTo('2033-03-02T00:30:00Z');
      await digest();
      assert.equal(suite.counts()['audit_log'], 0);
      assert.deepEqual((await digest(true)).faults, []);
    });
  });
});
