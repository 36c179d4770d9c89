import assert from 'node:assert/strict';
import { described } from '../../functions/api/operations.ts';
import { isPlatformRole, ROLES, type Role } from '../../shared/domain/access.ts';
import { statusFor } from '../../shared/domain/errors.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import { ROLE_SCOPES, type Scope } from '../../shared/edge/roles.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import { usage } from '../support/account.ts';
import { Contract, checkedFetch } from '../support/contract.ts';
import { countedReads } from '../support/counted-reads.ts';
import { sampleOf } from '../support/schema-samples.ts';
import { Shop } from '../support/shop.ts';
import { type Client, TestSuite } from '../support/suite.ts';

/** Everybody's own organization here, another one that has the same things, and one that nobody has heard of. */
const [OWN, OTHER, ABSENT] = ['acme', 'umbrella', 'phantom'] as const;
const hash = (letter: string): string => letter.repeat(43);

/**
 * What path parameters and members of bodies name that belongs to an organization: one's own, another's, and one that does
 * not exist. An operation with a parameter that is neither here nor in `EVERYBODYS` fails below until somebody says which it is.
 */
type Thing = Record<typeof OWN | typeof OTHER | typeof ABSENT, string>;
const things = new Map<string, Thing>();
/** What is the platform's and the same for all. */
const EVERYBODYS: Readonly<Record<string, string>> = { plan_id: 'pro', version: '1', target: 'calls' };

interface Asked {
  readonly role: Role;
  readonly key: string;
  readonly operation: Operation;
  /** the organization that is named; undefined for none */
  readonly named?: string | undefined;
  /** whose things path and body name */
  readonly whose: keyof Thing;
}

let keys = 0;

/** Members of a body that name a thing of an organization and may be left out; those that name what is to be made are not among them. */
const NAMES_NEW: ReadonlySet<string> = new Set([
  'credit_id',
  'limit_id',
  'subscription_id',
  'payment_method_id',
  'number',
]);
const optionalNames = (body: Operation['body']): string[] =>
  Object.keys((body?.['properties'] ?? {}) as object).filter((name) => things.has(name) && !NAMES_NEW.has(name));
const withOptional = (body: Operation['body'], sample: unknown, mine: Readonly<Record<string, string>>): unknown =>
  typeof sample !== 'object' || sample === null
    ? sample
    : { ...sample, ...Object.fromEntries(optionalNames(body).map((name) => [name, mine[name]])) };

describe('who may do what', () => {
  // Its own: what succeeds here does so by chance.
  const contract = new Contract();
  const operations = described();
  let suite: TestSuite;
  const clients = new Map<Role, Client>();
  let reads: () => readonly string[];

  before(async function () {
    this.timeout(60_000);
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    const found = await Promise.all([OWN, OTHER].map((tenant) => Shop.open(suite, { organization_id: tenant })));
    const [first] = found as [Shop, Shop];
    await first.metric({ metric_name: 'calls', aggregation: 'sum' });
    const usagePrice = { metric_name: 'calls', model: { type: 'per_unit', unit_amount: '1' } };
    const base = { item_id: 'base', model: { type: 'flat', amount: '10' } };
    await first.plan({ plan_id: 'pro', usage: [usagePrice], fees: [base] });
    const held = [await furnish(found[0]!), await furnish(found[1]!)];
    await suite.settle();
    await suite.settle();
    const absent: Record<string, string> = {
      ...{ subscription_id: 'absent', credit_id: 'absent', payment_method_id: 'absent', limit_id: 'absent' },
      ...{ number: 'INV-1999-000001', invoice_number: 'INV-1999-000001', receipt_id: hash('A') },
      ...{ approval_id: `apr_${'0'.repeat(32)}`, key_id: '0'.repeat(16) },
      ...{ erasure_id: `ers_${'0'.repeat(32)}` },
    };
    for (const name of Object.keys(absent)) {
      things.set(name, { [OWN]: held[0]![name]!, [OTHER]: held[1]![name]!, [ABSENT]: absent[name]! });
    }
    for (const role of ROLES) clients.set(role, await suite.client(OWN, role));
    reads = countedReads(suite.platform.database);
  });
  after(() => suite.close());

  /** Gives an organization one of everything. */
  async function furnish(shop: Shop): Promise<Record<string, string>> {
    const id = (what: string) => `${shop.tenant}-${what}`;
    await shop.subscribe({ plan_id: 'pro', subscription_id: id('main') });
    const { results } = await shop.customer.send([usage('k1', 'calls', '3', '2026-03-01T00:00:00Z')]);
    const { data } = await shop.do<{ data: { number: string }[] }>(shop.customer, 'GET', '/invoices');
    await shop.do(shop.operator, 'POST', '/credits', { amount: '5', currency: 'EUR', credit_id: id('credit') });
    await shop.do(shop.customer, 'POST', '/payment-methods', {
      ...{ payment_method_id: id('card'), provider: 'stripe', type: 'card', token: 'pm_1234' },
    });
    await shop.do(shop.customer, 'POST', '/limits', {
      ...{ limit_id: id('limit'), metric_name: 'calls', period: 'daily', quantity: '1000', action: 'notify' },
    });
    const approval = await shop.do<{ approval_id: string }>(shop.operator, 'POST', '/credits', {
      ...{ amount: '500000', currency: 'EUR', credit_id: id('large') },
    });
    const { key_id } = await shop.do<{ key_id: string }>(shop.customer, 'POST', '/api-keys', { role: 'tenant_viewer' });
    await shop.do(shop.operator, 'PUT', '/plans/pro/prices/calls', {
      ...{ price_id: `${shop.tenant}.calls`, version: '1', currency: 'EUR' },
      model: { type: 'per_unit', unit_amount: '0.5' },
    });
    const compliance = await suite.client(shop.tenant, 'compliance');
    const erasure = await shop.do<{ subject: string }>(compliance, 'POST', '/erasures', {
      ...{ scope: 'events', property: 'user', value: 'somebody' },
    });
    const [invoice] = data;
    return {
      ...{ subscription_id: id('main'), credit_id: id('credit'), payment_method_id: id('card'), limit_id: id('limit') },
      ...{ number: invoice!.number, invoice_number: invoice!.number, receipt_id: results[0]!.receipt_id! },
      ...{ approval_id: approval.approval_id, key_id, erasure_id: erasure.subject },
    };
  }

  const nameOf = (parameter: string, whose: keyof Thing): string => {
    const value = things.get(parameter)?.[whose] ?? EVERYBODYS[parameter];
    assert.ok(value !== undefined, `say in this file whose ${parameter} is`);
    return value;
  };
  const mayDo = (role: Role, { scope }: Operation): boolean => ROLE_SCOPES[role].includes(scope as Scope);

  /** The plainest request that the operation's schemas admit, about whoever's things. */
  async function ask({ key, operation, named, whose }: Asked): Promise<{ status: number; code: string; all: string }> {
    const { method, path, body, idempotencyKey } = operation;
    const place = path.replaceAll(/:([a-z_]+)/g, (_, name: string) => nameOf(name, whose));
    const mine = Object.fromEntries([...things].map(([name, thing]) => [name, thing[whose]]));
    const asks = Object.keys(operation.query ?? {}).filter((name) => name in mine);
    const pairs = [
      ...(named === undefined ? [] : [['organization_id', named]]),
      ...asks.map((name) => [name, mine[name]!]),
    ];
    const query = pairs.length === 0 ? '' : `?${new URLSearchParams(pairs as [string, string][])}`;
    const given =
      body === undefined
        ? undefined
        : withOptional(
            body,
            sampleOf(body, {
              ...mine,
              ...EVERYBODYS,
              currency: 'EUR',
              metric_name: 'calls',
              credit_id: `new-${++keys}`,
            }),
            mine,
          );
    const response = await checkedFetch(
      `${suite.url}${place}${query}`,
      {
        method,
        redirect: 'manual',
        headers: {
          Accept: '*/*',
          ...(key === '' ? {} : { Authorization: `Bearer ${key}` }),
          ...(given === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': `matrix-${++keys}` }),
        },
        ...(given === undefined ? {} : { body: JSON.stringify(given) }),
      },
      contract,
    );
    const text = await response.text();
    const isProblem = response.headers.get('content-type') === 'application/problem+json';
    const problem = isProblem ? (JSON.parse(text) as { code: string; request_id: string }) : undefined;
    const headers = [...response.headers].filter(([name]) => name !== 'x-request-id' && name !== 'date').sort();
    // Byte for byte, but for the request's own id and the name that was asked for.
    let all = JSON.stringify([response.status, headers, text]);
    if (problem !== undefined) all = all.replaceAll(problem.request_id, 'req');
    for (const thing of things.values()) all = all.replaceAll(thing[whose], 'it');
    return { status: response.status, code: problem?.code ?? '', all };
  }

  /** Everything that the other organization has, as its rows. */
  const othersRows = (): string =>
    JSON.stringify(
      // A scattered table is no rows of SQLite; its keys are in the others' batches as well.
      TABLES.filter(({ columns, scattered }) => 'tenant' in columns && scattered === undefined).map(({ name }) =>
        suite.sql(`SELECT * FROM ${name} WHERE tenant=?`, OTHER),
      ),
    );
  const namedBy = (role: Role, tenant: string): string | undefined => (isPlatformRole(role) ? tenant : undefined);
  /** Whether it names a thing of an organization: in path, query or body. */
  const namesThings = ({ path, query = {}, body }: Operation): boolean => {
    const members = [...((body?.['required'] ?? []) as readonly string[]), ...optionalNames(body)];
    return [...things.keys()].some((name) => path.includes(`:${name}`) || name in query || members.includes(name));
  };

  it('every operation has a scope that somebody has, or is for anybody', () => {
    for (const operation of operations) {
      if (operation.scope === 'public') continue;
      assert.ok(
        ROLES.some((role) => mayDo(role, operation)),
        operation.operationId,
      );
    }
  });

  for (const operation of operations) {
    const { operationId, scope, about = 'organization' } = operation;

    it(`${operationId}: without a key, with a revoked, expired or unknown one it is 401 and says no more`, async () => {
      if (scope === 'public') return;
      const answers = new Set<string>();
      const expired = await suite.client(OWN, 'tenant_admin', suite.clock.now());
      const revoked = await suite.client(OWN, 'tenant_admin');
      suite.sql('UPDATE api_keys SET revoked_at=? WHERE key_id=?', suite.clock.now(), revoked.key.split('_')[3]!);
      const unknown = revoked.key.replace(/_[a-z0-9]{16}_/, `_${'0'.repeat(16)}_`);
      for (const whose of [OWN, OTHER, ABSENT] as const) {
        const nobody = await ask({ role: 'tenant_admin', key: '', operation, whose });
        assert.equal(`${nobody.status} ${nobody.code}`, '401 missing_credentials');
        for (const key of [expired.key, revoked.key, unknown]) {
          const { status, code, all } = await ask({ role: 'tenant_admin', key, operation, whose });
          assert.equal(`${status} ${code}`, '401 invalid_credentials');
          answers.add(all);
        }
      }
      assert.equal(answers.size, 1);
    });

    it(`${operationId}: an organization that is not one’s own is one that is not there`, async () => {
      if (scope === 'public') return;
      const before = othersRows();
      // Tenants' roles first: what somebody of the platform then does there, they may.
      for (const role of [...ROLES].sort((a, b) => Number(isPlatformRole(a)) - Number(isPlatformRole(b)))) {
        const { key } = clients.get(role)!;
        const other = await ask({ role, key, operation, named: OTHER, whose: ABSENT });
        const absent = await ask({ role, key, operation, named: ABSENT, whose: ABSENT });
        if (!mayDo(role, operation)) {
          assert.equal(`${other.status} ${other.code}`, '403 insufficient_scope', role);
          assert.equal(other.all, absent.all, role);
        } else {
          assert.equal(`${absent.status} ${absent.code}`, '404 not_found', role);
          if (!isPlatformRole(role)) assert.equal(other.all, absent.all, role);
        }
        if (!isPlatformRole(role)) assert.equal(othersRows(), before, `${role} has changed something there`);
      }
    });

    it(`${operationId}: what belongs to another organization is what does not exist`, async () => {
      if (scope === 'public') return;
      const before = othersRows();
      for (const role of ROLES) {
        const { key } = clients.get(role)!;
        const named = namedBy(role, OWN);
        const other = await ask({ role, key, operation, named, whose: OTHER });
        if (!mayDo(role, operation)) {
          assert.equal(`${other.status} ${other.code}`, '403 insufficient_scope', role);
          continue;
        }
        if (!namesThings(operation)) continue;
        const askedOf = async (whose: keyof Thing) => {
          reads();
          const answer = await ask({ role, key, operation, named, whose });
          return { answer, reads: reads() };
        };
        const absent = await askedOf(ABSENT);
        assert.equal(other.all, absent.answer.all, role);
        // A list of what belongs to nobody is empty; whatever else is about another’s is refused.
        const isList = other.status === 200 && Object.keys(operation.query ?? {}).some((name) => things.has(name));
        assert.ok(other.status >= 400 || isList, `${role} was answered ${other.status} about another’s`);
        assert.notEqual(absent.reads.length, 0, 'nothing was counted');
        // Nor does the time tell: as much is asked of the store, in the same order.
        assert.deepEqual((await askedOf(OTHER)).reads, absent.reads, `${role}: what is read tells them apart`);
      }
      assert.equal(othersRows(), before, 'something of the other organization has changed');
    });

    it(`${operationId}: each role may do what its scopes say, and nothing else`, async () => {
      for (const role of ROLES) {
        const { key } = clients.get(role)!;
        const named = namedBy(role, OWN);
        const { status, code, all } = await ask({ role, key, operation, named, whose: OWN });
        if (scope === 'public') {
          assert.ok(status !== 401 && status !== 403, `${role}: ${all}`);
        } else if (mayDo(role, operation)) {
          assert.ok(status < 500 && status !== 401 && code !== 'insufficient_scope', `${role}: ${all}`);
          assert.ok(code !== 'validation_failed' && code !== 'malformed_json', `the sample is no request: ${all}`);
        } else {
          assert.equal(`${status} ${code}`, '403 insufficient_scope', role);
        }
        // A role of the platform has to say whom it means, unless it is about the platform.
        if (scope === 'public' || !isPlatformRole(role) || about === 'platform' || !mayDo(role, operation)) continue;
        const unnamed = await ask({ role, key, operation, whose: OWN });
        assert.equal(`${unnamed.status} ${unnamed.code}`, '400 invalid_parameter', role);
      }
    });
  }

  it('every refusal of a change is in an audit log, and no other refusal', async () => {
    const rows = suite.sql("SELECT action, facts FROM audit_log WHERE outcome='refused'");
    const actions = new Set(rows.map(({ action }) => String(action)));
    const mutations = operations.flatMap(({ mutation }) => (mutation === undefined ? [] : [mutation]));
    assert.deepEqual([...actions].sort(), [...new Set(mutations)].sort());
    const codes = new Set(
      rows.map(({ facts }) => (JSON.parse(String(facts)) as { code: keyof typeof statusFor }).code),
    );
    for (const code of codes) assert.ok(statusFor[code] === 403 || code === 'not_found', code);
  });
});
