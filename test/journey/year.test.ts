import assert from 'node:assert/strict';
import { usage } from '../support/account.ts';
import { linesOf, Shop } from '../support/shop.ts';
import { at, TestSuite } from '../support/suite.ts';

/**
 * A year in the life of five organizations: 2028, a leap year. Everything comes and goes over HTTP, the scheduler's jobs run
 * by the clock, and every sum is worked out beside the story.
 */
describe('2028 in the life of five organizations', () => {
  let suite: TestSuite;
  let aurora: Shop;
  let borealis: Shop;
  let cygnus: Shop;
  let draco: Shop;
  let eridanus: Shop;
  let keys = 0;

  before(async () => {
    suite = await TestSuite.start({ at: '2027-12-31T22:00:00Z' });
    aurora = await Shop.open(suite, { organization_id: 'aurora' });
    borealis = await Shop.open(suite, { organization_id: 'borealis', zone: 'Europe/Berlin' });
    cygnus = await Shop.open(suite, { organization_id: 'cygnus', currency: 'JPY', zone: 'Asia/Tokyo' });
    draco = await Shop.open(suite, { organization_id: 'draco', currency: 'KWD' });
    eridanus = await Shop.open(suite, { organization_id: 'eridanus' });
    await aurora.metric({ metric_name: 'calls', aggregation: 'sum' });
    await aurora.metric({ metric_name: 'minutes', aggregation: 'sum' });
    const monthly = (plan_id: string, amount: string, metric: string, model: object) =>
      aurora.plan({
        plan_id,
        anchor: 'calendar',
        fees: [{ item_id: 'base', model: { type: 'flat', amount } }],
        usage: [{ metric_name: metric, model }],
      });
    const perCall = (unit_amount: string) => ({ type: 'per_unit', unit_amount });
    const tiers = {
      type: 'graduated',
      tiers: [
        { up_to: '100', unit_amount: '0.1' },
        { up_to: null, unit_amount: '0.05' },
      ],
    };
    await monthly('basic', '29', 'calls', perCall('0.01'));
    await monthly('plus', '58', 'calls', perCall('0.005'));
    await monthly('stream', '74.3', 'minutes', tiers);
    await monthly('stream-max', '148.6', 'minutes', tiers);
    await aurora.plan({
      plan_id: 'team',
      currency: 'JPY',
      fees: [{ item_id: 'seats', model: { type: 'per_unit', unit_amount: '1000' }, quantity: 'seats' }],
    });
    await aurora.plan({
      plan_id: 'dinar',
      currency: 'KWD',
      anchor: 'calendar',
      fees: [{ item_id: 'base', model: { type: 'flat', amount: '30' } }],
    });
    await aurora.plan({
      plan_id: 'yearly',
      interval: { unit: 'year', count: 1 },
      fees: [{ item_id: 'base', model: { type: 'flat', amount: '366' } }],
      usage: [{ metric_name: 'calls', model: perCall('0.01') }],
    });
  });
  after(() => suite.close());

  /** Time passes; the invoice run comes by after every boundary that anybody has in between. */
  const goTo = async (instant: string): Promise<void> => {
    const stops = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12'].flatMap((month) => [
      `2028-${month}-01T01:30:00Z`,
      `2028-${month}-28T16:30:00Z`,
    ]);
    for (const stop of stops) {
      if (at(stop) <= suite.clock.now() || at(stop) >= at(instant)) continue;
      suite.goTo(stop);
      await suite.runInvoices();
    }
    suite.goTo(instant);
    await suite.runInvoices();
  };
  const use = async (shop: Shop, metric: string, quantity: string, time: string): Promise<void> => {
    const { results } = await shop.customer.send(usage(`k${++keys}`, metric, quantity, time));
    assert.equal(results[0]?.status, 'accepted', JSON.stringify(results));
  };
  const totals = async (shop: Shop): Promise<string[]> => (await shop.invoices()).map(({ total }) => total);

  it('1 January: everybody begins, each at their own midnight; what is due in advance is invoiced at once', async () => {
    await goTo('2027-12-31T23:00:00Z');
    await borealis.subscribe({ plan_id: 'stream', subscription_id: 'main' });
    await goTo('2028-01-01T00:00:00Z');
    await aurora.subscribe({ plan_id: 'basic', subscription_id: 'main' });
    await draco.subscribe({ plan_id: 'dinar', subscription_id: 'main' });
    await eridanus.subscribe({ plan_id: 'yearly', subscription_id: 'main' });
    // EUR 74.30 and 29.00, KWD 30.000, EUR 366.00 for the 366 days of a leap year.
    assert.deepEqual(
      [await totals(borealis), await totals(aurora), await totals(draco), await totals(eridanus)],
      [['7430'], ['2900'], ['30000'], ['36600']],
    );
  });

  it('31 January, Tokyo: cygnus begins with 3 seats at JPY 1,000 on the last day of a month', async () => {
    await goTo('2028-01-10T12:00:00Z');
    await use(aurora, 'calls', '1000', '2028-01-10T11:00:00Z');
    await goTo('2028-01-30T15:00:00Z');
    await cygnus.subscribe({ plan_id: 'team', subscription_id: 'main', quantity: '3' });
    assert.deepEqual(await totals(cygnus), ['3000']);
  });

  it('15 February, a month of 29 days: aurora upgrades; 29.00 x 15/29 = 15.00 come back, 58.00 x 15/29 = 30.00 are charged', async () => {
    await goTo('2028-02-10T12:00:00Z');
    await use(aurora, 'calls', '1000', '2028-02-10T11:00:00Z');
    await goTo('2028-02-15T00:00:00Z');
    await aurora.act('main', 'change', { plan_id: 'plus' });
    await goTo('2028-03-01T01:00:00Z');
    const [, january, february] = await aurora.invoices();
    // 1,000 calls at 0.01 and February’s 29.00; then 1,000 calls at 0.01, the change, March’s 58.00.
    assert.deepEqual(linesOf(january!), ['advance base 29', 'usage calls 10']);
    assert.deepEqual(linesOf(february!), ['unused base -15', 'advance base 30', 'advance base 58', 'usage calls 10']);
    assert.deepEqual(await totals(aurora), ['2900', '3900', '8300']);
  });

  it('29 February: the anchor of 31 January is clamped to the leap day', async () => {
    const periods = (await cygnus.invoices()).map(({ period }) => period.slice(0, 10));
    // Midnight in Tokyo is 15:00 UTC of the day before.
    assert.deepEqual(periods, ['2028-01-30', '2028-01-30']);
  });

  it('26 March, Berlin loses an hour: of March’s 743 hours 141 are left at 03:00; 74.30 x 141/743 = 14.10 come back, 28.20 are charged', async () => {
    await goTo('2028-03-26T01:00:00Z');
    await use(borealis, 'minutes', '50', '2028-03-26T00:59:59.999999Z');
    await borealis.act('main', 'change', { plan_id: 'stream-max' });
    await use(borealis, 'minutes', '60', '2028-03-26T01:00:00Z');
    await goTo('2028-03-31T22:30:00Z');
    // The last microsecond of March in Berlin, and the first of April.
    await use(borealis, 'minutes', '40', '2028-03-31T21:59:59.999999Z');
    await use(borealis, 'minutes', '30', '2028-03-31T22:00:00Z');
    await goTo('2028-04-01T00:00:00Z');
    // 50 x 0.10 at the old plan; 60 + 40 at the new one, which starts to count anew: 100 x 0.10; April’s 148.60.
    assert.deepEqual(linesOf((await borealis.invoices()).at(-1)!), [
      'unused base -14.1',
      'advance base 28.2',
      'advance base 148.6',
      'usage minutes 10',
      'usage minutes 5',
    ]);
  });

  it('31 March, the anchor has returned; 15 April, two seats more for 15 of 30 days: JPY 1,500 come back, 2,500 are charged, 5,000 for the next period', async () => {
    const ends = (await cygnus.invoices()).slice(1).map(({ period }) => period.slice(28, 41));
    assert.deepEqual(ends, ['2028-02-28T15', '2028-03-30T15']);
    await goTo('2028-04-14T15:00:00Z');
    await cygnus.act('main', 'change', { quantity: '5' });
    await goTo('2028-04-29T16:30:00Z');
    assert.deepEqual(linesOf((await cygnus.invoices()).at(-1)!), [
      'unused seats -1500',
      'advance seats 2500',
      'advance seats 5000',
    ]);
  });

  it('30 April: the 30 minutes of the first microsecond of April are April’s: 3.00 and May’s 148.60', async () => {
    await goTo('2028-05-01T00:00:00Z');
    assert.deepEqual(linesOf((await borealis.invoices()).at(-1)!), ['advance base 148.6', 'usage minutes 3']);
  });

  it('June: draco pauses from the 11th to the 21st; 20.000 of 30.000 come back, 10.000 are charged again', async () => {
    await goTo('2028-05-20T00:00:00Z');
    await use(eridanus, 'calls', '2000', '2028-05-19T00:00:00Z');
    await goTo('2028-06-11T00:00:00Z');
    await draco.act('main', 'pause');
    await goTo('2028-06-21T00:00:00Z');
    await draco.act('main', 'resume');
    await goTo('2028-07-01T01:00:00Z');
    assert.deepEqual(linesOf((await draco.invoices()).at(-1)!), [
      'unused base -20',
      'advance base 10',
      'advance base 30',
    ]);
  });

  it('1 October: eridanus leaves; 2,000 calls cost 20.00, 92 of 366 days come back: 20.00 - 92.00 = -72.00, a credit', async () => {
    await goTo('2028-10-01T00:00:00Z');
    await eridanus.act('main', 'cancel');
    assert.deepEqual(linesOf((await eridanus.invoices()).at(-1)!), ['unused base -92', 'usage calls 20']);
    assert.deepEqual(
      (await suite.entriesOf('eridanus', 'credit_grant')).map(({ amount }) => amount),
      ['7200'],
    );
  });

  it('29 October, Berlin has an hour twice: usage of both is counted, once each', async () => {
    await goTo('2028-10-29T03:00:00Z');
    // 02:30 summer time and 02:30 winter time.
    await use(borealis, 'minutes', '60', '2028-10-29T00:30:00Z');
    await use(borealis, 'minutes', '60', '2028-10-29T01:30:00Z');
    await goTo('2028-11-01T01:00:00Z');
    // 100 x 0.10 + 20 x 0.05 = 11.00, and November’s 148.60.
    assert.deepEqual(linesOf((await borealis.invoices()).at(-1)!), ['advance base 148.6', 'usage minutes 11']);
  });

  it('31 December: the year’s sums', async () => {
    await goTo('2029-01-01T01:00:00Z');
    const sum = async (shop: Shop): Promise<string> => {
      const all = await totals(shop);
      return `${all.length} invoices ${all.reduce((whole, total) => whole + BigInt(total), 0n)}`;
    };
    // 29.00 + 39.00 + 83.00 + 10 x 58.00
    assert.equal(await sum(aurora), '13 invoices 73100');
    // 3 x 74.30 + (5 + 10 - 14.10 + 28.20) + 10 x 148.60 + 3.00 + 11.00 = 222.90 + 29.10 + 1,486.00 + 14.00
    assert.equal(await sum(borealis), '13 invoices 175200');
    // 3 x 3,000 + 6,000 + 8 x 5,000
    assert.equal(await sum(cygnus), '12 invoices 55000');
    // 12 x 30.000 + 20.000
    assert.equal(await sum(draco), '13 invoices 380000');
    // 366.00 - 72.00
    assert.equal(await sum(eridanus), '2 invoices 29400');
  });

  it('and every invoice is proven from its evidence, every ledger from its beginning', async () => {
    for (const shop of [aurora, borealis, cygnus, draco, eridanus]) await shop.prove();
  });
});
