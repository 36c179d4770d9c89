import assert from 'node:assert/strict';
import fc from 'fast-check';
import { usage } from '../support/account.ts';
import { linesOf, Shop } from '../support/shop.ts';
import { TestSuite } from '../support/suite.ts';

const perUnit = (unit_amount: string) => ({ type: 'per_unit', unit_amount });
const CALLS = { metric_name: 'calls', aggregation: 'sum' };
const PRO = {
  plan_id: 'pro',
  anchor: 'calendar',
  fees: [{ item_id: 'base', model: { type: 'flat', amount: '31' } }],
  usage: [{ metric_name: 'calls', model: perUnit('0.1') }],
  addons: ['extra'],
};
const EXTRA = { plan_id: 'extra', kind: 'addon', fees: [{ item_id: 'help', model: { type: 'flat', amount: '10' } }] };
const own = (price_id: string, version: string, model: object) => ({ price_id, version, currency: 'EUR', model });
let keys = 0;
const calls = (quantity: string, time: string) => usage(`c${++keys}`, 'calls', quantity, time);

describe('the catalogue, over the months', () => {
  let suite: TestSuite;
  let shop: Shop;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.metric(CALLS);
    await shop.plan(EXTRA);
    await shop.plan(PRO);
  });
  afterEach(() => suite.close());

  const lastInvoice = async (instant: string): Promise<string[]> => {
    suite.goTo(instant);
    await suite.runInvoices();
    const invoice = (await shop.invoices()).at(-1)!;
    return [invoice.total, ...linesOf(invoice)];
  };
  const propose = (target: string, document: object, query = '') =>
    shop.do(shop.operator, 'PUT', `/plans/pro/prices/${target}${query}`, document);
  const approve = (target: string) => shop.do(shop.approver, 'POST', `/plans/pro/prices/${target}/approve`);

  it('is listed in a stable order, page by page: products, metrics, and every version of a plan', async () => {
    for (const product_id of ['letters', 'archive']) {
      await shop.do(shop.operator, 'POST', '/products', { product_id, name: `The ${product_id}` });
    }
    await shop.metric({ metric_name: 'pages', aggregation: 'max' });
    type Page = { data: Record<string, unknown>[]; has_more: boolean; next_cursor: string | null };
    const walk = async (list: string, say: (row: Record<string, unknown>) => string): Promise<string[]> => {
      const said: string[] = [];
      for (let cursor = ''; ; ) {
        const page = await shop.do<Page>(shop.operator, 'GET', `/${list}?limit=1${cursor}`);
        assert.ok(page.data.length <= 1);
        said.push(...page.data.map(say));
        if (!page.has_more) return said;
        cursor = `&cursor=${page.next_cursor}`;
      }
    };
    assert.deepEqual(await walk('products', (row) => `${row['product_id']}: ${row['name']}`), [
      'archive: The archive',
      'letters: The letters',
    ]);
    assert.deepEqual(await walk('metrics', (row) => `${row['metric_name']} ${row['aggregation']}`), [
      'calls sum',
      'pages max',
    ]);
    assert.deepEqual(await walk('plans', (row) => `${row['plan_id']} ${row['version']}`), ['extra 1', 'pro 1']);
  });

  it('leaves a discount to whoever grants credit: 10 % off 31.00 and 10 calls is 3.20 off 32.00', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    const tenth = { discount_id: 'tenth', percent: '0.1', duration: 'once' };
    assert.equal(
      await shop.refused(shop.customer, 'POST', '/subscriptions/main/discounts', tenth),
      '403 insufficient_scope',
    );
    suite.goTo('2026-03-20T00:00:00Z');
    await shop.do(shop.operator, 'POST', '/subscriptions/main/discounts', tenth);
    await shop.customer.send([calls('10', '2026-03-19T00:00:00Z')]);
    assert.deepEqual(await lastInvoice('2026-04-01T01:00:00Z'), [
      '2880',
      'advance base 31',
      'usage calls 1',
      'discount tenth -320',
    ]);
    assert.deepEqual(await lastInvoice('2026-05-01T01:00:00Z'), ['3100', 'advance base 31']);
    await shop.prove();
  });

  it('gives a running subscription the organization’s own prices from its next period on', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    suite.goTo('2026-03-10T00:00:00Z');
    await propose('calls', own('acme.calls', '1', perUnit('0.05')));
    await propose('fee.base', own('acme.base', '1', { type: 'flat', amount: '20' }));
    await approve('calls');
    await approve('fee.base');
    suite.goTo('2026-03-20T00:00:00Z');
    await shop.customer.send([calls('10', '2026-03-19T00:00:00Z')]);
    // March: 10 calls at 0.10; April’s fee is the organization's own already.
    assert.deepEqual(await lastInvoice('2026-04-01T01:00:00Z'), ['2100', 'advance base 20', 'usage calls 1']);
    suite.goTo('2026-04-20T00:00:00Z');
    await shop.customer.send([calls('10', '2026-04-19T00:00:00Z')]);
    // April: 10 calls at 0.05.
    assert.deepEqual(await lastInvoice('2026-05-01T01:00:00Z'), ['2050', 'advance base 20', 'usage calls 0.5']);
    await shop.prove();
  });

  it('gives them from an instant where one is named: 15/31 of 31.00 back, 15/31 of 20.15 charged', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    await propose(
      'fee.base',
      own('acme.base', '1', { type: 'flat', amount: '20.15' }),
      '?effective_from=2026-03-17T00:00:00Z',
    );
    await approve('fee.base');
    // 31 x 15/31 = 15; 20.15 x 15/31 = 9.75; April 20.15: 9.75 + 20.15 - 15 = 14.90.
    assert.deepEqual(await lastInvoice('2026-04-01T01:00:00Z'), [
      '1490',
      'unused base -15',
      'advance base 9.75',
      'advance base 20.15',
    ]);
    await shop.prove();
  });

  it('keeps what is approved while something else is proposed, and lists both', async () => {
    await propose('calls', own('acme.calls', '1', perUnit('0.05')));
    await approve('calls');
    suite.goTo('2026-03-02T00:00:00Z');
    await propose('calls', own('acme.calls', '2', perUnit('0.01')));
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    await shop.customer.send([calls('100', '2026-03-02T00:00:00Z')]);
    await suite.platform.bus.idle();
    const [charge] = await suite.entriesOf('acme', 'charge');
    assert.equal(`${charge?.price_ref} ${charge?.amount}`, 'acme.calls@1 5');
    const { data } = await shop.do<{ data: { effective_from: string | null; state: string }[] }>(
      shop.customer,
      'GET',
      '/prices',
    );
    assert.deepEqual(
      data.map(({ state, effective_from }) => `${state} ${effective_from}`),
      ['proposed null', 'approved 2026-03-01T00:00:00.000000Z'],
    );
  });

  it('refuses an own price that could not take the place of the plan’s', async () => {
    const refused = (target: string, document: object) =>
      shop.refused(shop.operator, 'PUT', `/plans/pro/prices/${target}`, document);
    const good = own('acme.calls', '1', perUnit('0.05'));
    assert.equal(await refused('storage', good), '404 not_found');
    assert.equal(await refused('base', good), '404 not_found');
    assert.equal(await refused('calls', { ...good, currency: 'USD' }), '422 currency_mismatch');
    assert.equal(await refused('fee.base', own('x', '1', { type: 'percentage', rate: '0.1' })), '422 invalid_price');
    assert.equal(await refused('calls', own('pro.calls', '7', perUnit('0.05'))), '422 invalid_price');
    await propose('calls', good);
    await approve('calls');
    assert.equal(await refused('fee.base', own('acme.calls', '1', perUnit('1'))), '422 invalid_price');
    assert.equal(await shop.refused(shop.approver, 'POST', '/plans/pro/prices/calls/approve'), '404 not_found');
  });

  it('offers a version from its date on: who subscribes before gets the one before', async () => {
    const dearer = [{ item_id: 'base', model: { type: 'flat', amount: '62' } }];
    await shop.plan({ ...PRO, fees: dearer, effective_from: '2026-04-01T00:00:00Z' });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'early' });
    suite.goTo('2026-04-01T00:00:00Z');
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'late' });
    const { data } = await shop.do<{ data: { subscription_id: string; plan_version: number }[] }>(
      shop.customer,
      'GET',
      '/subscriptions',
    );
    assert.deepEqual(
      data.map(({ subscription_id, plan_version }) => `${subscription_id} ${plan_version}`),
      ['early 1', 'late 2'],
    );
    await shop.plan({ ...PRO, plan_id: 'next', effective_from: '2027-01-01T00:00:00Z' });
    assert.equal(await shop.refused(shop.customer, 'POST', '/subscriptions', { plan_id: 'next' }), '404 not_found');
  });

  it('publishes and approves what was read: a draft or price that was replaced in between is refused', async () => {
    const draft = (amount: string) =>
      shop.do<{ version: number; digest: string }>(shop.operator, 'POST', '/plans', {
        ...{ name: 'x', currency: 'EUR', interval: { unit: 'month', count: 1 } },
        ...PRO,
        fees: [{ item_id: 'base', model: { type: 'flat', amount } }],
      });
    const read = await draft('30');
    const replaced = await draft('300');
    const publish = `/plans/pro/versions/${read.version}/publish`;
    const { digest } = read;
    assert.equal(await shop.refused(shop.approver, 'POST', publish, { digest }), '409 invalid_transition');
    await shop.do(shop.approver, 'POST', publish, { digest: replaced.digest });
    await propose('calls', own('acme.calls', '1', perUnit('0.05')));
    const { data } = await shop.do<{ data: { digest: string }[] }>(shop.customer, 'GET', '/prices');
    await propose('calls', own('acme.calls', '1', perUnit('0.01')));
    assert.equal(
      await shop.refused(shop.approver, 'POST', '/plans/pro/prices/calls/approve', { digest: data[0]!.digest }),
      '409 invalid_transition',
    );
    await approve('calls');
  });

  it('law: whatever is drafted, published and retired, what was published once is the same for ever', async () => {
    const published = new Map<number, string>();
    const steps = fc.sample(fc.constantFrom('draft', 'publish', 'retire', 'publish own'), { numRuns: 60, seed: 4 });
    for (const [i, step] of steps.entries()) {
      const body = { name: `name ${i}`, currency: 'EUR', interval: { unit: 'month', count: 1 }, plan_id: 'law' };
      const rows = (await suite.platform.catalogue.versionsOf('law')).map(({ version, state }) => ({ version, state }));
      const last = rows.at(-1);
      if (step === 'draft') await shop.do(shop.operator, 'POST', '/plans', body);
      else if (last !== undefined) {
        const verb = step === 'retire' ? 'retire' : 'publish';
        const who = step === 'publish own' ? shop.operator : shop.approver;
        await who.call('POST', `/api/v1/billing/plans/law/versions/${last.version}/${verb}`);
      }
      const now = await suite.platform.catalogue.versionsOf('law');
      assert.deepEqual(
        now.map(({ version }) => version),
        now.map((_, at) => at + 1),
      );
      assert.ok(now.slice(0, -1).every(({ state }) => state !== 'draft'));
      for (const { version, state, digest, document } of now) {
        if (state === 'draft') continue;
        assert.equal(published.get(version) ?? `${digest} ${document}`, `${digest} ${document}`);
        published.set(version, `${digest} ${document}`);
      }
    }
    assert.ok(published.size > 3, 'the law was tried');
  });

  it('leaves an add-on to those who have it: 10.00 a month, though another version costs 99.00 and the first is retired', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main', addons: ['extra'] });
    await shop.plan({ ...EXTRA, fees: [{ item_id: 'help', model: { type: 'flat', amount: '99' } }] });
    await shop.do(shop.approver, 'POST', '/plans/extra/versions/1/retire');
    suite.goTo('2026-03-10T00:00:00Z');
    await shop.act('main', 'change', { quantity: '2' });
    assert.deepEqual(await lastInvoice('2026-04-01T01:00:00Z'), ['4100', 'advance base 31', 'advance extra.help 10']);
    const { addons } = await shop.do<{ addons: string[] }>(shop.customer, 'GET', '/subscriptions/main');
    assert.deepEqual(addons, ['extra']);
  });
});

describe('an organization’s document that is loaded again', () => {
  let suite: TestSuite;
  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
  });
  afterEach(() => suite.close());

  const START = '2026-03-01T00:00:00Z';
  const cell = (region: string, id: string) => ({
    match: { region },
    document: { price_id: id, version: '1', currency: 'EUR', model: perUnit('1') },
  });
  const documentWith = (...cells: object[]) => ({
    organization_id: 'acme',
    zone: 'UTC',
    currency: 'EUR',
    subscriptions: [
      {
        subscription_id: 'main',
        started_at: START,
        calendar: { unit: 'month', count: 1, anchor: START },
        meters: [
          {
            metric_name: 'calls',
            aggregation: 'sum',
            dimensions: ['region'],
            prices: [{ effective_from: START, document: null, cells }],
          },
        ],
      },
    ],
  });

  it('cannot give a price of the past to other events: what eu costs was not what us cost', async () => {
    const client = await suite.organization(documentWith(cell('eu', 'gpu.eu'), cell('us', 'gpu.us')));
    const sent = await client.send([usage('k', 'calls', '1', START, { properties: { region: 'eu' } })]);
    assert.equal(sent.results[0]?.status, 'accepted');
    await suite.platform.bus.idle();
    const put = (...cells: object[]) => suite.platform.accounts.put(documentWith(...cells), suite.clock.now());
    await put(cell('eu', 'gpu.eu'), cell('us', 'gpu.us'));
    await assert.rejects(put(cell('us', 'gpu.eu'), cell('eu', 'gpu.us')), { code: 'invalid_catalogue' });
  });
});
