import assert from 'node:assert/strict';
import { ROLES } from '../../shared/domain/access.ts';
import { ROLE_SCOPES, SCOPES } from '../../shared/edge/roles.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { checkedFetch } from '../support/contract.ts';
import { type Client, DAY, HOUR, TestSuite } from '../support/suite.ts';

const API = '/api/v1/billing';
const NOON = '2026-03-01T12:00:00Z';
const plan = { meters: { calls: { model: perUnit('1') } } };

interface Key {
  readonly key_id: string;
  readonly key: string;
  readonly organization_id: string | null;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly state: string;
  readonly last_used_on: string | null;
  readonly previous_secret_until: string | null;
}

describe('API keys', () => {
  let suite: TestSuite;
  let acme: Client;
  let admin: Client;
  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
    acme = await suite.organization(accountOf('acme', plan));
    await suite.organization(accountOf('umbrella', plan));
    admin = await suite.client('acme', 'platform_admin');
  });
  afterEach(() => suite.close());

  /** As whoever holds a key; `organization` is named as it is given. */
  const as = async (key: string, method: string, path: string, body?: unknown) => {
    const response = await checkedFetch(`${suite.url}${API}/${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = (await response.json()) as Record<string, unknown>;
    return { status: response.status, json, code: json['code'] as string | undefined };
  };
  const make = async (body: unknown, by = acme.key, query = ''): Promise<Key> => {
    const { status, json } = await as(by, 'POST', `api-keys${query}`, body);
    assert.equal(status, 201, JSON.stringify(json));
    return json as unknown as Key;
  };
  const refused = async (body: unknown, by = acme.key, query = ''): Promise<string> => {
    const { status, code } = await as(by, 'POST', `api-keys${query}`, body);
    return `${status} ${code}`;
  };
  const opens = async (key: string, path = 'invoices'): Promise<number> => (await as(key, 'GET', path)).status;

  it('are shown once: the answer has the key, no list and no row ever again', async () => {
    const made = await make({ role: 'tenant_viewer', name: 'dashboard' });
    assert.match(made.key, /^tsk_dev_eu_[a-z0-9]{16}_[A-Za-z0-9_-]{43}$/);
    assert.equal(await opens(made.key), 200);
    const secret = made.key.split('_').slice(4).join('_');
    const list = await as(acme.key, 'GET', 'api-keys');
    const rows = JSON.stringify(suite.sql('SELECT * FROM api_keys, audit_log'));
    for (const text of [JSON.stringify(list.json), rows, JSON.stringify(suite.lines)])
      assert.ok(!text.includes(secret));
    assert.equal((list.json['data'] as Key[]).length, 2);
  });

  it('may do less than their role: a sensor sends usage and sees nothing', async () => {
    const sensor = await make({ role: 'tenant_admin', scopes: ['usage:write'] });
    const event = usage('k1', 'calls', '1', NOON);
    assert.equal((await as(sensor.key, 'POST', 'usage', event)).status, 202);
    assert.equal(await opens(sensor.key), 403);
    assert.equal(await opens(sensor.key, 'api-keys'), 403);
    assert.deepEqual(sensor.scopes, ['usage:write']);
  });

  it('give nobody more than who makes them has', async () => {
    // A key that may only make keys cannot make one that opens the rest.
    const clerk = await make({ role: 'tenant_admin', scopes: ['keys:write', 'usage:read'] });
    assert.equal(await refused({ role: 'tenant_admin' }, clerk.key), '403 insufficient_scope');
    assert.equal(await refused({ role: 'tenant_viewer' }, clerk.key), '403 insufficient_scope');
    assert.equal((await make({ role: 'tenant_viewer', scopes: ['usage:read'] }, clerk.key)).role, 'tenant_viewer');
    const full = await make({ role: 'tenant_admin' });
    assert.equal((await as(clerk.key, 'POST', `api-keys/${full.key_id}/rotate`, {})).code, 'insufficient_scope');
    for (const role of ROLES.filter((one) => !one.startsWith('tenant_')))
      assert.equal(await refused({ role }), '403 insufficient_scope', role);
    assert.equal(await refused({ role: 'tenant_viewer', scopes: ['usage:write'] }), '400 invalid_parameter');
    assert.equal(await refused({ role: 'tenant_admin', scopes: [] }), '400 validation_failed');
    assert.equal(await refused({ role: 'tenant_admin', scopes: ['everything'] }), '400 validation_failed');
  });

  it('for roles of the platform are made by its administrators, for no organization', async () => {
    const operator = await make({ role: 'billing_operator' }, admin.key);
    assert.equal(operator.organization_id, null);
    assert.equal(await opens(operator.key, 'invoices?organization_id=umbrella'), 200);
    assert.equal(await opens(operator.key), 400);
    assert.equal(await refused({ role: 'approver' }, admin.key, '?organization_id=acme'), '400 invalid_parameter');
    assert.equal(await refused({ role: 'tenant_admin' }, admin.key), '400 invalid_parameter');
    const theirs = await make({ role: 'tenant_admin' }, admin.key, '?organization_id=umbrella');
    assert.equal(theirs.organization_id, 'umbrella');
    for (const role of ['billing_operator', 'approver', 'compliance'] as const) {
      const client = await suite.client('acme', role);
      assert.equal(
        await refused({ role: 'tenant_viewer' }, client.key, '?organization_id=acme'),
        '403 insufficient_scope',
      );
    }
  });

  it('expire at the microsecond they say', async () => {
    const made = await make({ role: 'tenant_viewer', expires_at: '2026-03-01T13:00:00Z' });
    suite.goTo('2026-03-01T12:59:59.999999Z');
    assert.equal(await opens(made.key), 200);
    suite.goTo('2026-03-01T13:00:00Z');
    assert.equal(await opens(made.key), 401);
    assert.equal(await refused({ role: 'tenant_viewer', expires_at: '2026-03-01T13:00:00Z' }), '400 invalid_parameter');
    assert.equal((await as(acme.key, 'POST', `api-keys/${made.key_id}/rotate`)).code, 'invalid_transition');
  });

  it('are rotated: both secrets are good for 24 hours, then the new one alone', async () => {
    const made = await make({ role: 'tenant_viewer' });
    const { json } = await as(acme.key, 'POST', `api-keys/${made.key_id}/rotate`);
    const next = json as unknown as Key;
    assert.equal(next.previous_secret_until, '2026-03-02T12:00:00.000000Z');
    assert.deepEqual([await opens(made.key), await opens(next.key)], [200, 200]);
    suite.clock.advance(24 * HOUR - 1);
    assert.deepEqual([await opens(made.key), await opens(next.key)], [200, 200]);
    suite.clock.advance(1);
    assert.deepEqual([await opens(made.key), await opens(next.key)], [401, 200]);
  });

  it('rotated twice leave one old secret; with no overlap none', async () => {
    const first = await make({ role: 'tenant_viewer' });
    const rotate = async (body: unknown) =>
      (await as(acme.key, 'POST', `api-keys/${first.key_id}/rotate`, body)).json as unknown as Key;
    const second = await rotate({ overlap_hours: 48 });
    const third = await rotate({ overlap_hours: 48 });
    assert.deepEqual(await Promise.all([first, second, third].map(({ key }) => opens(key))), [401, 200, 200]);
    const fourth = await rotate({ overlap_hours: 0 });
    assert.deepEqual(await Promise.all([second, third, fourth].map(({ key }) => opens(key))), [401, 401, 200]);
    assert.equal((await as(acme.key, 'POST', `api-keys/${first.key_id}/rotate`, { overlap_hours: 169 })).status, 400);
  });

  it('revoked are gone at once, old secret and all', async () => {
    const made = await make({ role: 'tenant_viewer' });
    const next = (await as(acme.key, 'POST', `api-keys/${made.key_id}/rotate`)).json as unknown as Key;
    assert.equal((await as(acme.key, 'POST', `api-keys/${made.key_id}/revoke`)).json['state'], 'revoked');
    assert.deepEqual([await opens(made.key), await opens(next.key)], [401, 401]);
    assert.equal((await as(acme.key, 'POST', `api-keys/${made.key_id}/revoke`)).code, 'invalid_transition');
  });

  it('of another organization are as if they were not there', async () => {
    const theirs = await make({ role: 'tenant_viewer' }, admin.key, '?organization_id=umbrella');
    const absent = '0'.repeat(16);
    for (const verb of ['rotate', 'revoke']) {
      const [other, none] = await Promise.all(
        [theirs.key_id, absent].map(async (id) => {
          const { status, json } = await as(acme.key, 'POST', `api-keys/${id}/${verb}`);
          return JSON.stringify([status, { ...json, request_id: '' }]);
        }),
      );
      assert.equal(other, none);
    }
    assert.equal(await opens(theirs.key), 200);
    // Nor does an organization's own administrator touch keys of the platform.
    const operator = await make({ role: 'billing_operator' }, admin.key);
    assert.equal((await as(acme.key, 'POST', `api-keys/${operator.key_id}/revoke`)).status, 404);
  });

  it('say on which day they were last used, and are written once a day for it', async () => {
    const made = await make({ role: 'tenant_viewer' });
    const used = async () =>
      ((await as(acme.key, 'GET', 'api-keys')).json['data'] as Key[]).find((one) => one.key_id === made.key_id)!
        .last_used_on;
    assert.equal(await used(), null);
    await opens(made.key);
    assert.equal(await used(), '2026-03-01');
    suite.sql("UPDATE api_keys SET last_used_on='2026-03-01', name='untouched' WHERE key_id=?", made.key_id);
    await opens(made.key);
    suite.clock.advance(DAY);
    await opens(made.key);
    assert.equal(await used(), '2026-03-02');
  });

  it('that are not good are not written to', async () => {
    const made = await make({ role: 'tenant_viewer' });
    await as(`${made.key.slice(0, -1)}${made.key.endsWith('A') ? 'B' : 'A'}`, 'GET', 'invoices');
    const [row] = suite.sql('SELECT last_used_on FROM api_keys WHERE key_id=?', made.key_id);
    assert.equal(row?.['last_used_on'], null);
  });

  it('are a hundred at most of one organization, revoked ones not counted', async () => {
    // One is there already.
    for (let i = 1; i < 100; i++) await make({ role: 'tenant_viewer' });
    assert.equal(await refused({ role: 'tenant_viewer' }), '400 too_many_items');
    const { json } = await as(acme.key, 'GET', 'api-keys?limit=100');
    const spare = (json['data'] as Key[]).find(({ role }) => role === 'tenant_viewer')!;
    await as(acme.key, 'POST', `api-keys/${spare.key_id}/revoke`);
    await make({ role: 'tenant_viewer' });
  });
});

describe('the table of roles', () => {
  it('gives every scope to somebody, and names no scope twice', () => {
    const given = new Set(Object.values(ROLE_SCOPES).flat());
    assert.deepEqual([...given].sort(), [...SCOPES].sort());
    for (const [role, scopes] of Object.entries(ROLE_SCOPES)) assert.equal(new Set(scopes).size, scopes.length, role);
  });

  it('keeps proposing and approving apart, and giving out keys from both', () => {
    const [proposing, approving] = [
      ['catalogue:write', 'credits:write', 'invoices:write', 'writeoffs:propose'],
      ['catalogue:approve', 'approvals:decide'],
    ] as const;
    for (const [role, scopes] of Object.entries(ROLE_SCOPES)) {
      const duties = [
        proposing.some((scope) => scopes.includes(scope)),
        approving.some((scope) => scopes.includes(scope)),
        scopes.includes('keys:write') && !role.startsWith('tenant_'),
      ];
      assert.ok(duties.filter(Boolean).length <= 1, role);
    }
  });

  it('lets nobody of an organization do what is the platform’s', () => {
    for (const role of ['tenant_viewer', 'tenant_admin'] as const) {
      for (const scope of ROLE_SCOPES[role]) {
        assert.doesNotMatch(scope, /^(?:catalogue:write|credits|invoices|writeoffs|approvals|organizations)/);
        assert.notEqual(scope, 'catalogue:approve');
      }
    }
  });
});
