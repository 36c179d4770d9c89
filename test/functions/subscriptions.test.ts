import assert from 'node:assert/strict';
import { usage } from '../support/account.ts';
import { linesOf, Shop } from '../support/shop.ts';
import { TestSuite } from '../support/suite.ts';

const CALLS = { metric_name: 'calls', aggregation: 'sum' };
const PRO = {
  plan_id: 'pro',
  anchor: 'calendar',
  fees: [
    { item_id: 'base', model: { type: 'flat', amount: '31' } },
    { item_id: 'seats', model: { type: 'per_unit', unit_amount: '6.2' }, quantity: 'seats' },
  ],
  usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.1' } }],
};
const MAX = { ...PRO, plan_id: 'max', fees: [{ item_id: 'base', model: { type: 'flat', amount: '62' } }] };
let keys = 0;
const calls = (quantity: string, time: string, subscription_id = 'main') =>
  usage(`k${++keys}`, 'calls', quantity, time, { subscription_id });

describe('a subscription', () => {
  let suite: TestSuite;
  let shop: Shop;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.metric(CALLS);
    await shop.plan(PRO);
    await shop.plan(MAX);
  });
  afterEach(() => suite.close());

  const month = async (instant: string): Promise<string[][]> => {
    suite.goTo(instant);
    await suite.runInvoices();
    return (await shop.invoices()).map((invoice) => [`${invoice.kind} ${invoice.total}`, ...linesOf(invoice)]);
  };

  it('begins with an invoice over what is due in advance: 31.00 and 2 seats at 6.20, 43.40', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main', quantity: '2' });
    assert.deepEqual(await month('2026-03-01T00:00:00Z'), [['start 4340', 'advance base 31', 'advance seats 12.4']]);
    await shop.prove();
  });

  it('bills March’s usage and April’s fees when March is over: 20 calls 2.00 + 31.00 + 12.40 = 45.40', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main', quantity: '2' });
    suite.goTo('2026-03-20T00:00:00Z');
    await shop.customer.send([calls('12', '2026-03-05T00:00:00Z'), calls('8', '2026-03-19T00:00:00Z')]);
    const [, second] = await month('2026-04-01T01:00:00Z');
    assert.deepEqual(second, ['period 4540', 'advance base 31', 'advance seats 12.4', 'usage calls 2']);
    await shop.prove();
  });

  it('changed on 17 March gives 15/31 back and charges 15/31 of the new plan, with the next invoice', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main', quantity: '2' });
    suite.goTo('2026-03-10T00:00:00Z');
    await shop.customer.send([calls('10', '2026-03-09T00:00:00Z')]);
    suite.goTo('2026-03-17T00:00:00Z');
    await shop.act('main', 'change', { plan_id: 'max' });
    suite.goTo('2026-03-20T00:00:00Z');
    await shop.customer.send([calls('30', '2026-03-18T00:00:00Z')]);
    // 31 x 15/31 = 15 and 12.40 x 15/31 = 6 come back; 62 x 15/31 = 30; April at 62; 10 calls and 30 calls at 0.10.
    const [, second] = await month('2026-04-01T01:00:00Z');
    assert.deepEqual(second, [
      'period 7500',
      'unused base -15',
      'unused seats -6',
      'advance base 30',
      'advance base 62',
      'usage calls 3',
      'usage calls 1',
    ]);
    await shop.prove();
  });

  it('invoices a change at once where that is asked for, and only what it costs', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    suite.goTo('2026-03-17T00:00:00Z');
    await shop.act('main', 'change', { quantity: '6', invoice_now: true });
    // 6.20 x 15/31 = 3 come back, 37.20 x 15/31 = 18 are charged.
    assert.deepEqual((await month('2026-03-17T00:00:00Z')).at(-1), [
      'interim 1500',
      'unused seats -3',
      'advance seats 18',
    ]);
    assert.deepEqual((await month('2026-04-01T01:00:00Z')).at(-1), [
      'period 6820',
      'advance base 31',
      'advance seats 37.2',
    ]);
    await shop.prove();
  });

  it('changed for the end of the period costs nothing before', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    suite.goTo('2026-03-17T00:00:00Z');
    await shop.act('main', 'change', { plan_id: 'max', when: 'period_end' });
    assert.deepEqual((await month('2026-04-01T01:00:00Z')).at(-1), ['period 6200', 'advance base 62']);
    await shop.prove();
  });

  it('cancelled on 21 March closes at once: usage is billed, 11/31 of what was paid comes back as credit', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main', quantity: '2' });
    suite.goTo('2026-03-20T23:00:00Z');
    await shop.customer.send([calls('50', '2026-03-20T22:00:00Z')]);
    suite.goTo('2026-03-21T00:00:00Z');
    await shop.act('main', 'cancel');
    // 31 x 11/31 = 11, 12.40 x 11/31 = 4.40; 50 calls 5.00: 5.00 - 15.40 = -10.40, a credit of 10.40.
    assert.deepEqual((await month('2026-03-21T00:00:00Z')).at(-1), [
      'final -1040',
      'unused base -11',
      'unused seats -4.4',
      'usage calls 5',
    ]);
    const [grant] = await suite.entriesOf('acme', 'credit_grant');
    assert.deepEqual([grant?.amount, grant?.reason], ['1040', 'negative_invoice']);
    const late = await shop.customer.send([calls('1', '2026-03-21T00:00:00Z')]);
    assert.equal(late.results[0]?.code, 'subscription_ended');
    // Usage from before the end that comes after it is billed once, in a bucket of its own, when that is over.
    await shop.customer.send([calls('7', '2026-03-20T12:00:00Z')]);
    assert.deepEqual((await month('2026-05-01T01:00:00Z')).at(-1), [
      'final 70',
      'usage calls 0.7',
      'credit invoice.inv-2026-000002 -70',
    ]);
    assert.equal((await month('2026-07-01T01:00:00Z')).length, 3);
    await shop.prove();
  });

  it('cancelled the very instant it begins is closed at that instant, and all of it comes back', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main', quantity: '2' });
    await suite.runInvoices();
    await shop.act('main', 'cancel');
    await suite.runInvoices();
    const [close] = await suite.entriesOf('acme', 'close');
    assert.deepEqual([close!.until, close!.recorded_at], Array(2).fill('2026-03-01T00:00:00.000000Z'));
    const invoices = await shop.invoices();
    assert.equal(
      invoices.reduce((sum, { total }) => sum + BigInt(total), 0n),
      0n,
    );
    await shop.prove();
  });

  it('cancelled for the end of the period runs until then, and can be kept on', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    suite.goTo('2026-03-10T00:00:00Z');
    await shop.act('main', 'cancel', { when: 'period_end' });
    await shop.act('main', 'reactivate');
    await shop.act('main', 'cancel', { when: 'period_end' });
    assert.deepEqual((await month('2026-04-01T01:00:00Z')).slice(1), [['final 0']]);
    assert.equal((await month('2026-06-01T01:00:00Z')).length, 2);
    assert.equal(await shop.refused(shop.customer, 'POST', '/subscriptions/main/reactivate'), '409 invalid_transition');
    await shop.prove();
  });

  it('paused from the 11th to the 21st costs 10/31 less, and takes no usage meanwhile', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    suite.goTo('2026-03-11T00:00:00Z');
    await shop.act('main', 'pause');
    suite.goTo('2026-03-15T00:00:00Z');
    assert.equal(
      (await shop.customer.send([calls('1', '2026-03-14T00:00:00Z')])).results[0]?.code,
      'subscription_paused',
    );
    suite.goTo('2026-03-21T00:00:00Z');
    await shop.act('main', 'resume');
    // 21/31 of 37.20 come back: 21 + 4.20; 11/31 are charged again: 11 + 2.20; April 37.20.
    assert.deepEqual((await month('2026-04-01T01:00:00Z')).at(-1), [
      'period 2520',
      'unused base -21',
      'unused seats -4.2',
      'advance base 11',
      'advance seats 2.2',
      'advance base 31',
      'advance seats 6.2',
    ]);
    await shop.prove();
  });

  it('on trial costs nothing until the trial ends; then its first period begins', async () => {
    await shop.plan({ ...PRO, plan_id: 'try', anchor: 'anniversary', trial_days: 14 });
    await shop.subscribe({ plan_id: 'try', subscription_id: 'main' });
    suite.goTo('2026-03-10T00:00:00Z');
    await shop.customer.send([calls('100', '2026-03-09T00:00:00Z')]);
    const { state } = await shop.do<{ state: string }>(shop.customer, 'GET', '/subscriptions/main');
    assert.equal(state, 'trialing');
    assert.deepEqual(await month('2026-03-15T01:00:00Z'), [
      ['period 3720', 'advance base 31', 'advance seats 6.2', 'usage calls 0'],
    ]);
    suite.goTo('2026-03-20T00:00:00Z');
    await shop.customer.send([calls('10', '2026-03-16T00:00:00Z')]);
    assert.deepEqual((await month('2026-04-15T01:00:00Z')).at(-1), [
      'period 3820',
      'advance base 31',
      'advance seats 6.2',
      'usage calls 1',
    ]);
    await shop.prove();
  });

  it('is made once, whatever is retried: 20 requests with one key at once leave one subscription and one invoice', async () => {
    const body = { plan_id: 'pro' };
    const key = { 'Idempotency-Key': 'sign-up-1' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => shop.customer.call('POST', '/api/v1/billing/subscriptions', body, key)),
    );
    assert.ok(
      answers.every(({ status }) => status === 201 || status === 409),
      answers.map(({ status }) => status).join(),
    );
    const again = await shop.customer.call('POST', '/api/v1/billing/subscriptions', body, key);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    const { data } = await shop.do<{ data: unknown[] }>(shop.customer, 'GET', '/subscriptions');
    assert.equal(data.length, 1);
    assert.equal((await shop.invoices()).length, 1);
  });

  it('that began ahead of its first run and was invoiced by hand is not begun again: 30/31 of 31.00 and of 6.20 once', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main', starts_at: '2026-03-02T00:00:00Z' });
    suite.goTo('2026-03-02T00:10:00Z');
    await shop.do(shop.operator, 'POST', '/invoices', { subscription_id: 'main' });
    assert.deepEqual(await month('2026-03-02T00:11:00Z'), [['interim 3600', 'advance base 30', 'advance seats 6']]);
    await shop.prove();
  });

  it('is invoiced by the next run where the process died before its first invoice', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'later', starts_at: '2026-03-10T00:00:00Z' });
    assert.equal((await shop.invoices()).length, 0);
    // 22/31 of 31.00 and of 6.20.
    assert.deepEqual(await month('2026-03-10T00:01:00Z'), [['start 2640', 'advance base 22', 'advance seats 4.4']]);
    assert.equal((await month('2026-03-10T00:02:00Z')).length, 1);
    await shop.prove();
  });
});

describe('the catalogue', () => {
  let suite: TestSuite;
  let shop: Shop;
  before(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.metric(CALLS);
    await shop.plan(PRO);
  });
  after(() => suite.close());
  const draft = (plan: object) => ({ name: 'x', currency: 'EUR', interval: { unit: 'month', count: 1 }, ...plan });

  it('lets nobody publish what they wrote, nor with the role of a writer', async () => {
    await shop.do(shop.operator, 'POST', '/plans', draft({ plan_id: 'own' }));
    assert.equal(await shop.refused(shop.operator, 'POST', '/plans/own/versions/1/publish'), '403 insufficient_scope');
    assert.equal(
      await shop.refused(shop.customer, 'POST', '/plans', draft({ plan_id: 'mine' })),
      '403 insufficient_scope',
    );
    assert.equal(
      await shop.refused(shop.approver, 'POST', '/plans', draft({ plan_id: 'mine' })),
      '403 insufficient_scope',
    );
  });

  it('keeps a published version for ever: an edit is the next version, and who subscribed has the old one', async () => {
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'old' });
    await shop.plan({ ...PRO, fees: [{ item_id: 'base', model: { type: 'flat', amount: '99' } }] });
    const { data } = await shop.do<{ data: { version: number; state: string }[] }>(shop.customer, 'GET', '/plans/pro');
    assert.deepEqual(
      data.map(({ version, state }) => `${version} ${state}`),
      ['1 published', '2 published'],
    );
    const old = await shop.do<{ plan_version: number }>(shop.customer, 'GET', '/subscriptions/old');
    assert.equal(old.plan_version, 1);
    assert.equal(await shop.refused(shop.approver, 'POST', '/plans/pro/versions/1/publish'), '409 invalid_transition');
  });

  it('refuses a price below zero, a metric nobody knows, cells that overlap', async () => {
    const usageOf = (more: object) => draft({ plan_id: 'bad', usage: [{ metric_name: 'calls', ...more }] });
    for (const plan of [
      draft({ plan_id: 'bad', fees: [{ item_id: 'base', model: { type: 'flat', amount: '-1' } }] }),
      draft({ plan_id: 'bad', fees: [{ item_id: 'base', model: { type: 'flat', amount: 'NaN' } }] }),
      draft({ plan_id: 'bad', fees: [{ item_id: 'base', model: { type: 'percentage', rate: '0.1' } }] }),
      draft({ plan_id: 'bad', usage: [{ metric_name: 'nothing', model: { type: 'flat', amount: '1' } }] }),
      usageOf({}),
      usageOf({ matrix: { cells: [{ cell_id: 'a', match: { region: 'eu' }, model: { type: 'flat', amount: '1' } }] } }),
    ]) {
      assert.match(await shop.refused(shop.operator, 'POST', '/plans', plan), /^4(?:00|22) /);
    }
    await shop.metric({ metric_name: 'gpu', aggregation: 'sum', dimensions: ['region', 'size'] });
    const cell = (cell_id: string, match: object) => ({
      cell_id,
      match,
      model: { type: 'per_unit', unit_amount: '1' },
    });
    const matrix = (...cells: object[]) =>
      draft({ plan_id: 'bad', usage: [{ metric_name: 'gpu', matrix: { cells } }] });
    assert.equal(
      await shop.refused(
        shop.operator,
        'POST',
        '/plans',
        matrix(cell('a', { region: 'eu' }), cell('b', { size: 'l' })),
      ),
      '422 invalid_catalogue',
    );
  });

  it('lets an organization have its own price, once somebody else has approved it', async () => {
    const own = {
      price_id: 'acme.calls',
      version: '1',
      currency: 'EUR',
      model: { type: 'per_unit', unit_amount: '0.05' },
    };
    await shop.do(shop.operator, 'PUT', '/plans/pro/prices/calls', own);
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'list' });
    await shop.do(shop.approver, 'POST', '/plans/pro/prices/calls/approve');
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'own' });
    await shop.customer.send([
      calls('100', '2026-03-01T00:00:00Z', 'list'),
      calls('100', '2026-03-01T00:00:00Z', 'own'),
    ]);
    await suite.platform.bus.idle();
    const charges = await suite.entriesOf('acme', 'charge');
    assert.deepEqual(
      charges.map(({ subscription, amount }) => `${subscription} ${amount}`),
      ['list 10', 'own 5'],
    );
  });
});
