import assert from 'node:assert/strict';
import type { Database, Reader } from '../../shared/ports/database.ts';
import { LimitStore } from '../../shared/stores/limit-store.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { Shop } from '../support/shop.ts';
import { type Client, DAY, TestSuite } from '../support/suite.ts';

const API = '/api/v1/billing';

interface Entitlement {
  readonly subscription_id: string;
  readonly state: string;
  readonly plan_id: string | null;
  readonly addons: readonly string[];
  readonly in_trial: boolean;
  readonly trial_ends_at: string | null;
  readonly features: Readonly<Record<string, boolean | string>>;
  readonly limits: readonly {
    readonly limit_id: string;
    readonly use: { readonly used: string; readonly remaining: string };
  }[];
}
interface Verdict {
  readonly allowed: boolean;
  readonly reason: string | null;
  readonly remaining: string | null;
}

let keys = 0;
const key = () => `key-${++keys}`;

describe('what a subscription may use', () => {
  let suite: TestSuite;
  let shop: Shop;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.metric({ metric_name: 'calls', name: 'Calls', aggregation: 'count' });
    await shop.plan({
      plan_id: 'more-support',
      kind: 'addon',
      features: { support: 'phone', seats: '20' },
    });
    await shop.plan({
      plan_id: 'team',
      trial_days: 14,
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.01' } }],
      limits: [{ limit_id: 'calls', metric_name: 'calls', period: 'billing', quantity: '3', action: 'block' }],
      features: { export: true, seats: '5', sso: false, support: 'mail' },
      addons: ['more-support'],
    });
    await shop.plan({ plan_id: 'solo', features: { export: true } });
  });
  afterEach(() => suite.close());

  const entitlements = async (client = shop.customer): Promise<readonly Entitlement[]> =>
    (await client.read<{ data: Entitlement[] }>(`${API}/entitlements`)).data;

  it('plan, add-ons and trial: the add-on’s phone support takes the place of mail, 20 seats that of 5', async () => {
    const body = { subscription_id: 'main', plan_id: 'team', addons: ['more-support'] };
    await shop.do(shop.customer, 'POST', '/subscriptions', body);
    const [main] = await entitlements();
    assert.deepEqual(
      [main!.state, main!.plan_id, main!.addons, main!.in_trial, main!.trial_ends_at],
      ['trialing', 'team', ['more-support'], true, '2026-03-15T00:00:00.000000Z'],
    );
    assert.deepEqual(main!.features, { export: true, seats: '20', sso: false, support: 'phone' });
    assert.deepEqual(
      main!.limits.map(({ limit_id, use }) => [limit_id, use.used, use.remaining]),
      [['calls', '0', '3']],
    );
    suite.clock.advance(14 * DAY);
    const [after] = await entitlements();
    assert.deepEqual([after!.state, after!.in_trial], ['active', false]);
  });

  it('a plan chosen for the end of the period grants nothing before it, and takes nothing away', async () => {
    await shop.do(shop.customer, 'POST', '/subscriptions', { subscription_id: 'main', plan_id: 'team', trial_days: 0 });
    await shop.do(shop.customer, 'POST', '/subscriptions/main/change', { plan_id: 'solo', when: 'period_end' });
    const seats = async () => (await entitlements())[0]!.features['seats'];
    assert.equal(await seats(), '5');
    suite.goTo('2026-03-31T23:59:59.999999Z');
    assert.equal(await seats(), '5');
    suite.goTo('2026-04-01T00:00:00Z');
    const [main] = await entitlements();
    assert.deepEqual([main!.plan_id, main!.features, main!.limits], ['solo', { export: true }, []]);
  });

  it('what somebody decides beside the plan comes before it, until it is taken back', async () => {
    await shop.do(shop.customer, 'POST', '/subscriptions', { subscription_id: 'main', plan_id: 'team' });
    const set = (features: object) => shop.do(shop.operator, 'PUT', '/subscriptions/main/features', { features });
    await set({ sso: true, export: false, beta: 'yes' });
    assert.deepEqual((await entitlements())[0]!.features, {
      ...{ export: false, seats: '5', sso: true, support: 'mail', beta: 'yes' },
    });
    await set({});
    assert.deepEqual((await entitlements())[0]!.features, { export: true, seats: '5', sso: false, support: 'mail' });
    assert.equal(
      await shop.refused(shop.customer, 'PUT', '/subscriptions/main/features', { features: { sso: true } }),
      '403 insufficient_scope',
    );
    assert.equal(
      await shop.refused(shop.operator, 'PUT', '/subscriptions/none/features', { features: {} }),
      '404 not_found',
    );
  });

  it('nobody learns of another’s', async () => {
    await shop.do(shop.customer, 'POST', '/subscriptions', { subscription_id: 'main', plan_id: 'team' });
    const umbrella = await suite.organization(accountOf('umbrella', { meters: { calls: { model: perUnit('1') } } }));
    assert.deepEqual(
      (await entitlements(umbrella)).map(({ plan_id }) => plan_id),
      [null],
    );
    assert.equal((await umbrella.get(`${API}/entitlements?subscription_id=other`)).status, 404);
  });
});

describe('whether more would be accepted', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-10T12:00:00Z' });
    acme = await suite.organization(
      accountOf('acme', {
        meters: {
          calls: { aggregation: 'count', model: perUnit('1') },
          storage: { model: perUnit('1') },
          visitors: { aggregation: 'unique_count', valueProperty: 'user', model: perUnit('1') },
        },
        limits: [
          { id: 'calls-day', metric: 'calls', period: 'daily', quantity: '5', action: 'block' },
          { id: 'calls-all', metric: 'calls', period: 'total', quantity: '7', action: 'block' },
          { id: 'storage', metric: 'storage', period: 'monthly', quantity: '2.5', action: 'notify' },
          { id: 'visitors', metric: 'visitors', period: 'daily', quantity: '1', action: 'block' },
        ],
      }),
    );
  });
  afterEach(() => suite.close());

  const check = async (body: object): Promise<Verdict> => {
    const response = await acme.call('POST', `${API}/entitlements/check`, body);
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as Verdict;
  };
  const short = async (body: object): Promise<string> => {
    const { allowed, reason, remaining } = await check(body);
    return `${allowed ? 'yes' : reason} ${remaining ?? 'any'}`;
  };
  const send = (metric_name: string, more: object = {}) =>
    acme.send({ idempotency_key: key(), metric_name, timestamp: suite.clock.now(), ...more });

  it('up to what is left of the strictest limit: 2 of 5 are used, so 3 more are fine and 4 are not', async () => {
    await send('calls');
    await send('calls');
    assert.equal(await short({ metric_name: 'calls', quantity: '3' }), 'yes 3');
    assert.equal(await short({ metric_name: 'calls', quantity: '4' }), 'quota_exceeded 3');
    assert.equal(await short({ metric_name: 'calls' }), 'yes 3');
    for (let i = 0; i < 3; i++) await send('calls');
    assert.equal(await short({ metric_name: 'calls' }), 'quota_exceeded 0');
    // A new day has 5, but 7 in all leave 2.
    suite.clock.advance(DAY);
    assert.equal(await short({ metric_name: 'calls', quantity: '2' }), 'yes 2');
    assert.equal(await short({ metric_name: 'calls', quantity: '3' }), 'quota_exceeded 2');
  });

  it('a limit that only tells stops nothing', async () => {
    assert.equal(await short({ metric_name: 'storage', quantity: '99.5' }), 'yes any');
    assert.equal(await short({ metric_name: 'visitors', quantity: '1' }), 'yes 1');
    assert.equal(await short({ metric_name: 'visitors', quantity: '2' }), 'quota_exceeded 1');
  });

  it('says what the event would be refused with', async () => {
    assert.equal(await short({ metric_name: 'ghosts' }), 'unknown_metric any');
    assert.equal(await short({ metric_name: 'calls', subscription_id: 'none' }), 'unknown_subscription any');
    assert.equal(await short({ metric_name: 'storage', quantity: '0' }), 'invalid_quantity any');
    suite.goTo('2026-02-01T00:00:00Z');
    assert.equal(await short({ metric_name: 'calls' }), 'subscription_not_started any');
  });

  it('what it says is what the door does, for any order of questions and events', async () => {
    for (const quantity of ['1', '0.5', '2', '1.5', '3', '0.25', '2.5']) {
      await acme.call('PATCH', `${API}/limits/storage`, { action: 'block', quantity: '5' });
      const { allowed } = await check({ metric_name: 'storage', quantity });
      const { accepted } = await acme.send(usage(key(), 'storage', quantity, suite.clock.now()));
      assert.equal(accepted === 1, allowed, quantity);
    }
  });

  it('a question changes nothing', async () => {
    const before = suite.counts();
    await check({ metric_name: 'calls', quantity: '5' });
    await acme.read(`${API}/entitlements`);
    assert.deepEqual(suite.counts(), before);
  });

  it('costs one snapshot with two reads: the account, and every counter at once', async () => {
    const seen: string[] = [];
    const watched = (view: Reader): Reader => ({
      read: (table, one) => {
        seen.push(`read ${table.name}`);
        return view.read(table, one);
      },
      readMany: (table, many) => {
        seen.push(`read ${many.length} of ${table.name}`);
        return view.readMany(table, many);
      },
      range: (table, range) => {
        seen.push(`range of ${table.name}`);
        return view.range(table, range);
      },
      ranges: () => assert.fail('of many it asks by key'),
    });
    const { database } = suite.platform;
    const counting: Database = {
      snapshot: (work) => {
        seen.push('snapshot');
        return database.snapshot((view) => work(watched(view)));
      },
      read: () => assert.fail('what belongs together is seen at one instant'),
      transact: () => assert.fail('a question opens no transaction'),
      purgeExpired: () => assert.fail('nor does it purge'),
      close: () => assert.fail('nor close'),
    };
    await new LimitStore(counting).standing(acme.tenant, suite.clock.now());
    assert.deepEqual(seen, ['snapshot', 'read accounts', 'read 4 of limit_counters']);
  });
});
