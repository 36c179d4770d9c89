import assert from 'node:assert/strict';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { Shop } from '../support/shop.ts';
import { type Client, DAY, TestSuite } from '../support/suite.ts';

const API = '/api/v1/billing';
const NOON = '2026-03-10T12:00:00Z';

interface Use {
  readonly subscription_id: string | null;
  readonly period_start: string | null;
  readonly resets_at: string | null;
  readonly used: string;
  readonly remaining: string;
  readonly percent: number;
}
interface Limit {
  readonly limit_id: string;
  readonly quantity: string;
  readonly action: string;
  readonly source: string;
  readonly subscription_id: string | null;
  readonly uses: readonly Use[];
}
interface Page<T> {
  readonly data: readonly T[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

let keys = 0;
const calls = (quantity: string, subscription_id = 'main', timestamp = NOON) =>
  usage(`key-${++keys}`, 'calls', quantity, timestamp, { subscription_id });
const document = (tenant: string) =>
  accountOf(tenant, {
    start: '2026-01-15T00:00:00Z',
    meters: {
      calls: { model: perUnit('1') },
      seats: { aggregation: 'max', model: perUnit('1') },
      disk: { aggregation: 'last', model: perUnit('1') },
      level: { aggregation: 'weighted_sum', model: perUnit('1') },
    },
    subscriptions: ['main', 'side'],
  });

describe('an organization sets its own limits', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
    acme = await suite.organization(document('acme'));
  });
  afterEach(() => suite.close());

  const limit = async (body: object, client = acme): Promise<Limit> => {
    const response = await client.call('POST', `${API}/limits`, body);
    assert.equal(response.status, 201, await response.clone().text());
    return (await response.json()) as Limit;
  };
  const daily = { limit_id: 'daily', metric_name: 'calls', period: 'daily', quantity: '10', action: 'block' };
  const codes = async (...events: unknown[]): Promise<string[]> =>
    (await acme.send(events)).results.map(({ status, code }) => code ?? status);
  const codeOf = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, client = acme) => {
    const response = await client.call(method, `${API}${path}`, body);
    const { code, param } = (await response.json()) as { code: string; param?: string };
    return `${response.status} ${code}${param === undefined ? '' : ` ${param}`}`;
  };

  it('a limit holds from the next event on, and says what is used of it: 4 of 10 are 40 %', async () => {
    assert.deepEqual(await codes(calls('100')), ['accepted']);
    const made = await limit(daily);
    const midnight = { period_start: '2026-03-10T00:00:00.000000Z', resets_at: '2026-03-11T00:00:00.000000Z' };
    assert.deepEqual(made, {
      ...{ limit_id: 'daily', metric_name: 'calls', period: 'daily', quantity: '10', action: 'block' },
      ...{ source: 'organization', subscription_id: null },
      uses: [{ subscription_id: null, ...midnight, used: '0', remaining: '10', percent: 0 }],
    });
    assert.deepEqual(await codes(calls('4'), calls('7'), calls('6', 'side')), [
      'accepted',
      'quota_exceeded',
      'accepted',
    ]);
    const { uses } = await acme.read<Limit>(`${API}/limits/daily`);
    assert.deepEqual(uses, [{ subscription_id: null, ...midnight, used: '10', remaining: '0', percent: 100 }]);
    suite.clock.advance(DAY);
    const [tomorrow] = (await acme.read<Limit>(`${API}/limits/daily`)).uses;
    assert.deepEqual([tomorrow!.used, tomorrow!.period_start], ['0', '2026-03-11T00:00:00.000000Z']);
  });

  it('by billing period each subscription is counted by itself: their months begin on the 15th', async () => {
    await limit({ ...daily, limit_id: 'monthly', period: 'billing' });
    await acme.send([calls('3'), calls('9', 'side')]);
    const { uses } = await acme.read<Limit>(`${API}/limits/monthly`);
    assert.deepEqual(
      uses.map(({ subscription_id, used, resets_at }) => [subscription_id, used, resets_at?.slice(0, 10)]),
      [
        ['main', '3', '2026-03-15'],
        ['side', '9', '2026-03-15'],
      ],
    );
  });

  it('another quantity and another action hold at once; what was used stays counted', async () => {
    await limit(daily);
    assert.deepEqual(await codes(calls('8'), calls('8')), ['accepted', 'quota_exceeded']);
    const change = async (body: object): Promise<Limit> =>
      (await (await acme.call('PATCH', `${API}/limits/daily`, body)).json()) as Limit;
    const raised = await change({ quantity: '20' });
    assert.deepEqual([raised.quantity, raised.uses[0]!.percent], ['20', 40]);
    assert.deepEqual(await codes(calls('8')), ['accepted']);
    await change({ quantity: '5' });
    assert.deepEqual(await codes(calls('1')), ['quota_exceeded']);
    const told = await change({ action: 'notify' });
    assert.deepEqual([told.action, told.uses[0]!.remaining, told.uses[0]!.percent], ['notify', '0', 320]);
    assert.deepEqual(await codes(calls('1')), ['accepted']);
  });

  it('a limit that is deleted holds no longer, and one of its name begins at nothing', async () => {
    await limit(daily);
    await acme.send(calls('10'));
    assert.equal((await acme.call('DELETE', `${API}/limits/daily`)).status, 204);
    assert.deepEqual(await codes(calls('50')), ['accepted']);
    assert.equal(await codeOf('GET', '/limits/daily'), '404 not_found');
    assert.equal(await codeOf('DELETE', '/limits/daily'), '404 not_found');
    assert.equal((await limit(daily)).uses[0]!.used, '0');
  });

  it('what is used of a maximum is the maximum; of the latest value, that; of a level, the level', async () => {
    for (const metric_name of ['seats', 'disk', 'level']) {
      await limit({ limit_id: metric_name, metric_name, period: 'total', quantity: '10', action: 'block' });
    }
    const send = (metric: string, quantity: string) =>
      codes(usage(`key-${++keys}`, metric, quantity, NOON, { subscription_id: 'main' }));
    const used = async (id: string) => (await acme.read<Limit>(`${API}/limits/${id}`)).uses[0]!.used;
    // Seven seats, told three times, are seven seats.
    for (const quantity of ['7', '7', '5']) assert.deepEqual(await send('seats', quantity), ['accepted']);
    assert.deepEqual(await send('seats', '11'), ['quota_exceeded']);
    assert.equal(await used('seats'), '7');
    for (const quantity of ['9', '4']) assert.deepEqual(await send('disk', quantity), ['accepted']);
    assert.deepEqual(await send('disk', '10.5'), ['quota_exceeded']);
    assert.equal(await used('disk'), '4');
    // 6 + 3 - 5 = 4; 7 more would be 11.
    for (const change of ['6', '3', '-5']) assert.deepEqual(await send('level', change), ['accepted']);
    assert.deepEqual(await send('level', '7'), ['quota_exceeded']);
    assert.equal(await used('level'), '4');
  });

  it('notices at 80 % and 100 %, page by page', async () => {
    await limit({ ...daily, action: 'allow_overage' });
    await limit({ ...daily, limit_id: 'period', period: 'billing', action: 'notify' });
    await limit({ ...daily, limit_id: 'total', period: 'total', quantity: '100', action: 'notify' });
    await acme.send([calls('8'), calls('2', 'side'), calls('80', 'side')]);
    interface Notice {
      readonly limit_id: string;
      readonly subscription_id: string | null;
      readonly period_end: string | null;
      readonly percent: number;
    }
    const first = await acme.read<Page<Notice>>(`${API}/limit-notices?limit=3`);
    const rest = await acme.read<Page<Notice>>(`${API}/limit-notices?limit=3&cursor=${first.next_cursor}`);
    const said = [...first.data, ...rest.data].map(({ limit_id, subscription_id, period_end, percent }) =>
      [limit_id, subscription_id, period_end?.slice(0, 10) ?? 'never', percent].join(' '),
    );
    assert.deepEqual(said, [
      // The day: 8, 10 and 90 of 10. The billing periods: main 8 of 10, side 82. In total 90 of 100.
      'daily  2026-03-11 80',
      'daily  2026-03-11 100',
      'period main 2026-03-15 80',
      'period side 2026-03-15 80',
      'period side 2026-03-15 100',
      'total  never 80',
    ]);
    assert.deepEqual([first.has_more, rest.has_more], [true, false]);
  });

  it('a repeated request under one Idempotency-Key makes one limit', async () => {
    const { limit_id: _, ...nameless } = daily;
    const send = () => acme.call('POST', `${API}/limits`, nameless, { 'Idempotency-Key': 'once' });
    const [first, second] = [(await (await send()).json()) as Limit, await send()];
    assert.equal(second.headers.get('idempotent-replayed'), 'true');
    assert.equal(((await second.json()) as Limit).limit_id, first.limit_id);
    assert.equal((await acme.read<Page<Limit>>(`${API}/limits`)).data.length, 1);
  });

  it('refuses what would limit nothing, what is there already, and who may not', async () => {
    await limit(daily);
    assert.equal(await codeOf('POST', '/limits', daily), '409 already_exists limit_id');
    assert.equal(
      await codeOf('POST', '/limits', { ...daily, limit_id: 'x', metric_name: 'ghosts' }),
      '422 unknown_metric metric_name',
    );
    for (const wrong of [
      { quantity: '-1' },
      { quantity: 10 },
      { period: 'hourly' },
      { action: 'shrug' },
      { colour: 'red' },
    ]) {
      const code = await codeOf('POST', '/limits', { ...daily, limit_id: 'y', ...wrong });
      assert.match(code, /^400 (?:validation_failed|unknown_field)/, JSON.stringify(wrong));
    }
    assert.match(await codeOf('PATCH', '/limits/daily', {}), /^400 validation_failed/);
    assert.match(await codeOf('PATCH', '/limits/daily', { period: 'total' }), /^400/);
    assert.equal(await codeOf('PATCH', '/limits/none', { quantity: '1' }), '404 not_found');
    const viewer = await suite.client('acme', 'tenant_viewer');
    assert.equal(await codeOf('POST', '/limits', daily, viewer), '403 insufficient_scope');
    const umbrella = await suite.organization(document('umbrella'));
    assert.equal(await codeOf('GET', '/limits/daily', undefined, umbrella), '404 not_found');
    assert.equal(await codeOf('DELETE', '/limits/daily', undefined, umbrella), '404 not_found');
    assert.deepEqual(await codes(calls('11')), ['quota_exceeded']);
  });

  it('two who change limits at once lose neither’s change', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, i) => limit({ ...daily, limit_id: `limit-${i}` })));
    const first = await acme.read<Page<Limit>>(`${API}/limits?limit=5`);
    const second = await acme.read<Page<Limit>>(`${API}/limits?limit=5&cursor=${first.next_cursor}`);
    const third = await acme.read<Page<Limit>>(`${API}/limits?limit=5&cursor=${second.next_cursor}`);
    const ids = [first, second, third].flatMap(({ data }) => data.map(({ limit_id }) => limit_id));
    assert.deepEqual([ids.length, new Set(ids).size, third.has_more], [12, 12, false]);
  });
});

describe('limits that plans bring', () => {
  let suite: TestSuite;
  let shop: Shop;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.metric({ metric_name: 'calls', name: 'Calls', aggregation: 'sum' });
    const bring = (plan_id: string, quantity: string) =>
      shop.plan({
        plan_id,
        usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0' } }],
        limits: [{ limit_id: 'calls', metric_name: 'calls', period: 'billing', quantity, action: 'block' }],
      });
    await bring('free', '10');
    await bring('team', '100');
  });
  afterEach(() => suite.close());

  const subscribe = (subscription_id: string, plan_id: string) =>
    shop.do(shop.customer, 'POST', '/subscriptions', { subscription_id, plan_id });
  const send = async (subscription_id: string, quantity: string): Promise<string> => {
    const { results } = await shop.customer.send(calls(quantity, subscription_id, suite.clock.now()));
    return results[0]!.code ?? results[0]!.status;
  };
  const limits = async () =>
    (await shop.customer.read<Page<Limit>>(`${API}/limits`)).data.map(
      ({ source, subscription_id, quantity, uses }) => `${source} ${subscription_id} ${uses[0]!.used}/${quantity}`,
    );

  it('count each subscription alone', async () => {
    await subscribe('one', 'free');
    await subscribe('two', 'free');
    assert.deepEqual(
      [await send('one', '9'), await send('two', '9'), await send('one', '2')],
      [...['accepted', 'accepted', 'quota_exceeded']],
    );
    assert.deepEqual(await limits(), ['plan one 9/10', 'plan two 9/10']);
  });

  it('change with the plan, at the instant of the change, and go on from what was used', async () => {
    await subscribe('one', 'free');
    await subscribe('two', 'free');
    await send('one', '10');
    await shop.do(shop.customer, 'POST', '/subscriptions/one/change', { plan_id: 'team' });
    assert.deepEqual(await limits(), ['plan one 10/100', 'plan two 0/10']);
    assert.deepEqual(
      [await send('one', '90'), await send('one', '1'), await send('two', '11')],
      [...['accepted', 'quota_exceeded', 'quota_exceeded']],
    );
    // Back to free at the end of the period: until then it is 100.
    await shop.do(shop.customer, 'POST', '/subscriptions/one/change', { plan_id: 'free', when: 'period_end' });
    assert.deepEqual(await limits(), ['plan one 100/100', 'plan two 0/10']);
    suite.goTo('2026-04-01T00:00:00Z');
    assert.deepEqual(await limits(), ['plan one 0/10', 'plan two 0/10']);
    assert.deepEqual([await send('one', '10'), await send('one', '1')], ['accepted', 'quota_exceeded']);
  });

  it('hold beside the organization’s own: the strictest is reached first, and no call changes a plan’s', async () => {
    await subscribe('one', 'team');
    const own = { limit_id: 'mine', metric_name: 'calls', period: 'total', quantity: '30', action: 'block' };
    await shop.customer.call('POST', `${API}/limits`, own);
    assert.deepEqual([await send('one', '31'), await send('one', '30')], ['quota_exceeded', 'accepted']);
    assert.deepEqual(await limits(), ['organization null 30/30', 'plan one 30/100']);
    assert.equal((await shop.customer.call('DELETE', `${API}/limits/calls`)).status, 404);
  });
});
