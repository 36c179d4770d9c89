import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OutsideTaxEngine } from '../../shared/adapters/tax/outside-engine.ts';
import { Vies } from '../../shared/adapters/tax/vies.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import { parseBillingProfile, parseSeller } from '../../shared/domain/organization/party-schema.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { usage } from '../support/account.ts';
import { linesOf, Shop } from '../support/shop.ts';
import { TestSuite } from '../support/suite.ts';

const BERLIN = { line1: 'Lindenallee 7', postal_code: '10407', city: 'Berlin', country: 'DE' };
const SELLER = parseSeller({
  legal_name: 'Northwind Metering GmbH',
  address: BERLIN,
  tax_ids: [{ type: 'eu_vat', value: 'DE136695976' }],
  registrations: [
    { jurisdiction: 'eu-de', tax_id: 'DE136695976', from: '2020-01-01T00:00:00Z' },
    { jurisdiction: 'eu-oss', tax_id: 'DE136695976', from: '2021-07-01T00:00:00Z' },
  ],
});
const GERMAN = { legal_name: 'Acme GmbH', customer_type: 'business', address: BERLIN };
const FRENCH = {
  legal_name: 'Acme SARL',
  customer_type: 'business',
  address: { line1: 'Rue 1', postal_code: '75001', city: 'Paris', country: 'FR' },
  tax_ids: [{ type: 'eu_vat', value: 'FR 40 303 265 045' }],
};

interface Report {
  readonly rows: readonly {
    readonly jurisdiction: string;
    readonly rate: string;
    readonly treatment: string;
    readonly base: string;
    readonly amount: string;
  }[];
}

/** What somebody else's service answers, and what it was asked. */
async function service(answer: () => { readonly status: number; readonly json: unknown }) {
  const asked: string[] = [];
  const server: Server = createServer((req, res) => {
    let text = '';
    req.on('data', (chunk: Buffer) => (text += chunk.toString()));
    req.on('end', () => {
      asked.push(text);
      const { status, json } = answer();
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, close: () => new Promise((closed) => server.close(closed)) };
}

describe('taxes that follow from seller and customer', () => {
  let suite: TestSuite;
  let shop: Shop;
  const FIRST = 'INV-2026-000001';

  const open = async (config: object = {}): Promise<void> => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z', config: { seller: SELLER, ...config } });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.plan({
      plan_id: 'shelf',
      anchor: 'calendar',
      fees: [{ item_id: 'base', model: { type: 'flat', amount: '100' } }],
      usage: [],
    });
  };
  afterEach(() => suite.close());
  const profile = (body: object) => shop.do(shop.customer, 'PUT', '/billing-profile', body);
  const subscribe = () => shop.subscribe({ plan_id: 'shelf', subscription_id: 'main' });
  const taxLines = async (index = 0) =>
    linesOf((await shop.invoices())[index]!).filter((line) => line.startsWith('tax'));

  it('are 19 % at home: 100.00 + 19.00 = 119.00, and the law is said', async () => {
    await open();
    await profile(GERMAN);
    await subscribe();
    const [invoice] = await shop.invoices();
    assert.deepEqual([await taxLines(), invoice?.total], [['tax eu-de 0.19 1900'], '11900']);
    const { reasons } = await shop.do<{ reasons: { rule: string }[] }>(shop.customer, 'GET', '/tax/decision');
    assert.ok(reasons.some(({ rule }) => rule.includes('UStG, § 12')));
    await shop.prove();
  });

  it('are the customer’s in another member state, and the invoice says so with a row of nothing', async () => {
    await open();
    await profile(FRENCH);
    await subscribe();
    const [invoice] = await shop.invoices();
    assert.deepEqual([await taxLines(), invoice?.total], [['tax eu-fr 0 0'], '10000']);
    await shop.prove();
  });

  it('of nothing are credited with their base: 20.00 of a reverse charge of 100.00 leave 80.00 in the report', async () => {
    await open();
    await profile(FRENCH);
    await subscribe();
    await shop.do(shop.operator, 'POST', '/credit-notes', { invoice_number: FIRST, amount: '2000' });
    suite.goTo('2026-03-31T00:00:00Z');
    const { rows } = await shop.do<Report>(shop.operator, 'GET', '/tax/report');
    assert.deepEqual(
      rows.map(({ jurisdiction, base, amount }) => [jurisdiction, base, amount]),
      [['eu-fr', '8000', '0']],
    );
    await shop.prove();
  });

  it('change with the profile, not with the past: 20 % of France for a consumer from the next invoice on', async () => {
    await open();
    await profile(FRENCH);
    await subscribe();
    await profile({ ...FRENCH, customer_type: 'consumer', tax_ids: [] });
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    assert.deepEqual([await taxLines(0), await taxLines(1)], [['tax eu-fr 0 0'], ['tax eu-fr 0.2 2000']]);
    await shop.prove();
  });

  it('are the same in the preview: its content is that of the invoice', async () => {
    await open();
    await profile(GERMAN);
    await subscribe();
    suite.goTo('2026-03-31T23:00:00Z');
    const preview = await shop.do<{ content: string }>(shop.customer, 'GET', '/subscriptions/main/preview');
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    assert.equal((await shop.invoices())[1]?.content, preview.content);
  });

  it('come together in a report: 100.00 at 19 % in March, less 20.00 credited, and nothing of a void invoice', async () => {
    await open();
    await profile(GERMAN);
    await subscribe();
    await shop.do(shop.operator, 'POST', '/credit-notes', {
      invoice_number: FIRST,
      lines: [{ line: 0, amount: '2000' }],
    });
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    await shop.do(shop.operator, 'POST', '/invoices/INV-2026-000002/void', {});
    const report = async (query: string) =>
      (await shop.do<Report>(shop.operator, 'GET', `/tax/report?${query}`)).rows.map(({ base, amount }) => [
        base,
        amount,
      ]);
    assert.deepEqual(await report('from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z'), [['8000', '1520']]);
    assert.deepEqual(await report('from=2026-04-01T00:00:00Z&to=2026-05-01T00:00:00Z'), [['0', '0']]);
  });

  it('are reported for all organizations together where none is named, and to a tenant of its own alone', async () => {
    await open();
    await profile(GERMAN);
    await subscribe();
    const other = await Shop.open(suite, { organization_id: 'umbrella' });
    await other.do(other.customer, 'PUT', '/billing-profile', GERMAN);
    await other.subscribe({ plan_id: 'shelf', subscription_id: 'main' });
    const query = '/api/v1/billing/tax/report?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z';
    const whole = await fetch(`${suite.url}${query}`, { headers: { Authorization: `Bearer ${shop.operator.key}` } });
    const [row] = ((await whole.json()) as Report).rows;
    assert.deepEqual([row?.base, row?.amount], ['20000', '3800']);
    const own = await fetch(`${suite.url}${query}`, { headers: { Authorization: `Bearer ${shop.customer.key}` } });
    assert.equal(((await own.json()) as Report).rows[0]?.amount, '1900');
  });

  it('are not guessed: an adjustment of a category that nobody has a rate for is refused', async () => {
    await open();
    await profile(GERMAN);
    await subscribe();
    const adjustment = { subscription_id: 'main', amount: '5', reason: 'extra', tax_category: 'caviar' };
    assert.equal(await shop.refused(shop.operator, 'POST', '/adjustments', adjustment), '400 invalid_parameter');
  });

  describe('with somebody else’s services', () => {
    it('a VAT id that the authority does not know is refused; an authority that is away stops nobody', async () => {
      let valid: unknown = { valid: false, userError: 'INVALID' };
      const vies = await service(() => ({ status: 200, json: valid }));
      await open({ viesUrl: vies.url });
      assert.equal(await shop.refused(shop.customer, 'PUT', '/billing-profile', FRENCH), '422 invalid_tax_id');
      assert.deepEqual(JSON.parse(vies.asked[0]!), { countryCode: 'FR', vatNumber: '40303265045' });
      valid = { valid: false, userError: 'MS_UNAVAILABLE' };
      await profile(FRENCH);
      await vies.close();
      await profile(FRENCH);
      assert.equal(await new Vies(vies.url).check('FR40303265045'), 'unknown');
    });

    it('an outside engine decides in place of our tables: 8.875 % in New York City of 100.00 are 8.88', async () => {
      const rates = [{ category: 'standard', jurisdiction: 'us-ny-nyc', rate: '0.08875', treatment: 'taxed' }];
      const engine = await service(() => ({ status: 200, json: { decision: { behavior: 'exclusive', rates } } }));
      await open({ taxEngineUrl: engine.url });
      await profile(GERMAN);
      await subscribe();
      assert.deepEqual(await taxLines(), ['tax us-ny-nyc 0.08875 888']);
      for (const asked of engine.asked) assert.doesNotMatch(asked, /Acme|Lindenallee|Berlin|DE136695976/);
      await shop.prove();
      await engine.close();
    });

    it('an engine that is away or talks nonsense keeps the invoice waiting, and nothing is billed wrong', async () => {
      let answer = { status: 200, json: { decision: { behavior: 'exclusive', rates: [{ rate: '7' }] } } as unknown };
      const service_ = await service(() => answer);
      const engine = new OutsideTaxEngine({ url: service_.url, token: 't', milliseconds: 500 });
      const question = {
        seller: SELLER,
        customer: parseBillingProfile(GERMAN),
        categories: ['standard'],
        at: parseInstant('2026-03-01T00:00:00Z', 'test'),
      };
      await assert.rejects(engine.decide(question), TryAgain);
      answer = { status: 500, json: {} };
      await assert.rejects(engine.decide(question), TryAgain);
      await service_.close();
      await assert.rejects(engine.decide(question), TryAgain);
    });
  });

  it('leave usage as it is: what is used without a profile is billed without a tax', async () => {
    await open();
    await shop.metric({ metric_name: 'books', aggregation: 'sum' });
    await shop.plan({
      plan_id: 'pay',
      anchor: 'calendar',
      usage: [{ metric_name: 'books', model: { type: 'per_unit', unit_amount: '1' } }],
    });
    await shop.subscribe({ plan_id: 'pay', subscription_id: 'main' });
    await shop.customer.send(usage('b', 'books', '3', '2026-03-01T00:00:00Z'));
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    const [invoice] = await shop.invoices();
    assert.deepEqual([invoice?.total, invoice?.tax_decision], ['300', '']);
  });
});
