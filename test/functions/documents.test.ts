import assert from 'node:assert/strict';
import { parseSeller } from '../../shared/domain/organization/party-schema.ts';
import { usage } from '../support/account.ts';
import { Shop } from '../support/shop.ts';
import { TestSuite } from '../support/suite.ts';

const SELLER = parseSeller({
  legal_name: 'Northwind Metering GmbH',
  address: { line1: 'Lindenallee 7', postal_code: '10407', city: 'Berlin', country: 'DE' },
  tax_ids: [{ type: 'eu_vat', value: 'DE136695976' }],
  registrations: [{ jurisdiction: 'eu-de', tax_id: 'DE136695976', from: '2020-01-01T00:00:00Z' }],
});
const PROFILE = {
  legal_name: 'Acme GmbH',
  customer_type: 'business',
  address: { line1: 'Weg 1', postal_code: '80331', city: 'München', country: 'DE' },
  locale: 'de-DE',
};
const FIRST = 'INV-2026-000001';
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

interface Statement {
  readonly opening: string;
  readonly closing: string;
  readonly movements: readonly { readonly kind: string; readonly change: string; readonly balance: string }[];
  readonly ageing: Readonly<Record<string, string>>;
}

describe('documents', () => {
  let suite: TestSuite;
  let shop: Shop;

  const open = async (seller: typeof SELLER | null = SELLER): Promise<void> => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z', config: { seller } });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
    await shop.plan({
      plan_id: 'pro',
      anchor: 'calendar',
      fees: [{ item_id: 'base', model: { type: 'flat', amount: '100' } }],
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.10' } }],
    });
  };
  const subscribe = async (): Promise<void> => {
    await shop.do(shop.customer, 'PUT', '/billing-profile', PROFILE);
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
  };
  afterEach(() => suite.close());
  const fetched = async (path: string) => {
    const response = await shop.customer.get(`/api/v1/billing${path}`, { Accept: '*/*' });
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(response.status, 200, `${path}: ${bytes.toString().slice(0, 300)}`);
    return { bytes, text: plain(bytes.toString('utf8')), type: response.headers.get('content-type') ?? '' };
  };

  it('of an invoice are HTML, PDF and an electronic invoice over the same 100.00 + 19.00', async () => {
    await open();
    await subscribe();
    const html = await fetched(`/invoices/${FIRST}/html`);
    assert.equal(html.type, 'text/html; charset=utf-8');
    for (const text of ['Rechnung', FIRST, 'Acme GmbH', 'Northwind Metering GmbH', '119,00 EUR', 'RF'])
      assert.ok(html.text.includes(text), text);
    const pdf = await fetched(`/invoices/${FIRST}/pdf`);
    assert.deepEqual([pdf.type, pdf.bytes.subarray(0, 5).toString()], ['application/pdf', '%PDF-']);
    const ubl = await fetched(`/invoices/${FIRST}/ubl`);
    assert.match(ubl.text, /<cbc:PayableAmount currencyID="EUR">119\.00</);
    // Asked again, or after a restart, they are the same.
    await suite.restart();
    for (const [format, { bytes }] of Object.entries({ html, pdf, ubl })) {
      assert.ok((await fetched(`/invoices/${FIRST}/${format}`)).bytes.equals(bytes), format);
    }
  });

  it('show the customer as it was when they were issued', async () => {
    await open();
    await subscribe();
    suite.goTo('2026-03-15T00:00:00Z');
    await shop.do(shop.customer, 'PUT', '/billing-profile', { ...PROFILE, legal_name: 'Acme Nachfolger GmbH' });
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    const names = [];
    for (const number of [FIRST, 'INV-2026-000002']) {
      names.push(/Acme[^<]*GmbH/.exec((await fetched(`/invoices/${number}/html`)).text)?.[0]);
    }
    assert.deepEqual(names, ['Acme GmbH', 'Acme Nachfolger GmbH']);
  });

  it('of a credit note are the same three: 20.00 + 3.80', async () => {
    await open();
    await subscribe();
    const { number } = await shop.do<{ number: string }>(shop.operator, 'POST', '/credit-notes', {
      invoice_number: FIRST,
      lines: [{ line: 0, amount: '2000' }],
    });
    assert.ok((await fetched(`/credit-notes/${number}/html`)).text.includes('23,80 EUR'));
    assert.equal((await fetched(`/credit-notes/${number}/pdf`)).bytes.subarray(0, 5).toString(), '%PDF-');
    assert.match(
      (await fetched(`/credit-notes/${number}/ubl`)).text,
      /<cbc:TaxInclusiveAmount currencyID="EUR">23\.80</,
    );
  });

  it('of what is to come are a draft without a number to pay to', async () => {
    await open();
    await subscribe();
    await shop.customer.send(usage('a', 'calls', '30', '2026-03-01T00:00:00Z'));
    const { text } = await fetched('/subscriptions/main/preview/html');
    for (const part of ['Rechnung (Vorschau)', '3,00 EUR']) assert.ok(text.includes(part), part);
    assert.doesNotMatch(text, /RF[0-9]{2}/);
  });

  it('account for what was owed: 119.00 less 50.00 paid, less 23.80 credited, leaves 45.20', async () => {
    await open();
    await subscribe();
    suite.goTo('2026-03-05T00:00:00Z');
    await shop.do(shop.operator, 'POST', `/invoices/${FIRST}/payments`, { payment_id: 'p-1', amount: '5000' });
    await shop.do(shop.operator, 'POST', '/credit-notes', {
      invoice_number: FIRST,
      lines: [{ line: 0, amount: '2000' }],
    });
    suite.goTo('2026-03-20T00:00:00Z');
    const statement = await shop.do<Statement>(shop.customer, 'GET', '/statement');
    assert.deepEqual(
      statement.movements.map(({ kind, change, balance }) => `${kind} ${change} ${balance}`),
      ['invoice 11900 11900', 'payment -5000 6900', 'credit_note -2380 4520'],
    );
    assert.deepEqual([statement.opening, statement.closing, statement.ageing['1-30']], ['0', '4520', '4520']);
    const later = await shop.do<Statement>(
      shop.customer,
      'GET',
      '/statement?from=2026-03-04T00:00:00Z&to=2026-03-06T00:00:00Z',
    );
    assert.deepEqual([later.opening, later.closing, later.ageing['not_due']], ['11900', '4520', '4520']);
    assert.ok((await fetched('/statement/html')).text.includes('45,20 EUR'));
    assert.equal((await fetched('/statement/pdf')).bytes.subarray(0, 5).toString(), '%PDF-');
  });

  it('are not made up: without a seller or a customer it is said who is missing', async () => {
    await open(null);
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    assert.equal(await shop.refused(shop.customer, 'GET', `/invoices/${FIRST}/html`), '404 seller_unknown');
    await suite.close();
    await open();
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    assert.equal(await shop.refused(shop.customer, 'GET', `/invoices/${FIRST}/pdf`), '404 buyer_unknown');
    assert.equal(await shop.refused(shop.customer, 'GET', '/invoices/INV-2026-000099/pdf'), '404 not_found');
  });
});
