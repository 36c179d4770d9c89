import assert from 'node:assert/strict';
import { parseTenantId } from '../../shared/domain/ids.ts';
import { usage } from '../support/account.ts';
import { linesOf, Shop } from '../support/shop.ts';
import { TestSuite } from '../support/suite.ts';

const rate = (jurisdiction: string, category: string, fraction: string, treatment = 'taxed') => ({
  jurisdiction,
  category,
  rate: fraction,
  treatment,
});
const GERMAN = [rate('eu-de', 'standard', '0.19'), rate('eu-de', 'reduced', '0.07')];

describe('taxes on invoices', () => {
  let suite: TestSuite;
  let shop: Shop;
  const FIRST = 'INV-2026-000001';

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
  });
  afterEach(() => suite.close());

  const open = async (tax: object | undefined): Promise<void> => {
    shop = await Shop.open(suite, { organization_id: 'acme', ...(tax === undefined ? {} : { tax }) });
    await shop.metric({ metric_name: 'books', aggregation: 'sum' });
    await shop.plan({
      plan_id: 'shelf',
      anchor: 'calendar',
      fees: [{ item_id: 'base', model: { type: 'flat', amount: '100' } }],
      usage: [{ metric_name: 'books', tax_category: 'reduced', model: { type: 'per_unit', unit_amount: '0.75' } }],
    });
    await shop.subscribe({ plan_id: 'shelf', subscription_id: 'main' });
  };
  const march = async (books: string): Promise<void> => {
    suite.goTo('2026-03-10T12:00:00Z');
    await shop.customer.send(usage('b-1', 'books', books, '2026-03-10T11:00:00Z'));
    await suite.platform.bus.idle();
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
  };
  const totals = async (index: number) => {
    const { subtotal, tax_total, total, amount_due } = (await shop.invoices())[index]!;
    return [subtotal, tax_total, total, amount_due];
  };

  it('are added per rate: 100.00 at 19 % and 11 x 0.75 = 8.25 at 7 % make 19.00 and 0.58 (0.5775)', async () => {
    await open({ behavior: 'exclusive', rates: GERMAN });
    assert.deepEqual(await totals(0), ['10000', '1900', '11900', '11900']);
    await march('11');
    const [, second] = (await shop.invoices()).sort((a, b) => a.number.localeCompare(b.number));
    assert.deepEqual(
      linesOf(second!).filter((line) => line.startsWith('tax')),
      ['tax eu-de 0.19 1900', 'tax eu-de 0.07 58'],
    );
    assert.deepEqual([second!.subtotal, second!.tax_total, second!.total], ['10825', '1958', '12783']);
    await shop.prove();
  });

  it('lie within prices that contain them: of 100.00 at 19 % they are 15.97 (15.966), and 100.00 are due', async () => {
    await open({ behavior: 'inclusive', rates: GERMAN });
    assert.deepEqual(await totals(0), ['10000', '1597', '10000', '10000']);
    await shop.prove();
  });

  it('come before credit: 100.00 + 19.00 - 30.00 leave 89.00 to pay', async () => {
    shop = await Shop.open(suite, { organization_id: 'acme', tax: { behavior: 'exclusive', rates: GERMAN } });
    await shop.do(shop.operator, 'POST', '/credits', { credit_id: 'gift', amount: '3000', currency: 'EUR' });
    await shop.plan({
      plan_id: 'shelf',
      anchor: 'calendar',
      fees: [{ item_id: 'base', model: { type: 'flat', amount: '100' } }],
    });
    await shop.subscribe({ plan_id: 'shelf', subscription_id: 'main' });
    assert.deepEqual(await totals(0), ['10000', '1900', '11900', '8900']);
    await shop.prove();
  });

  it('of nothing are said too: a reverse charge is a row of 100.00 at 0 % that owes nothing', async () => {
    await open({ behavior: 'exclusive', rates: [rate('eu-fr', 'standard', '0', 'reverse_charge')] });
    const [invoice] = await shop.invoices();
    assert.deepEqual(invoice!.taxes, [
      { jurisdiction: 'eu-fr', rate: '0', treatment: 'reverse_charge', base: '10000', amount: '0' },
    ]);
    assert.deepEqual(await totals(0), ['10000', '0', '10000', '10000']);
    await shop.prove();
  });

  it('go back with a credit note at the rate they were charged at, whatever the rate is by then', async () => {
    await open({ behavior: 'exclusive', rates: GERMAN });
    const tax = { behavior: 'exclusive' as const, rates: [rate('eu-de', 'standard', '0.16')] };
    await suite.platform.accounts.change(parseTenantId('acme'), suite.clock.now(), async (document) => ({
      document: { ...document, tax },
      result: undefined,
    }));
    const credit = (body: object) =>
      shop.do<{ number: string }>(shop.operator, 'POST', '/credit-notes', {
        invoice_number: FIRST,
        reason: 'goodwill',
        ...body,
      });
    await credit({ amount: '1190' });
    await credit({});
    const notes = await suite.entriesOf('acme', 'credit_note');
    assert.deepEqual(
      notes.map(({ amount, tax_total }) => `${amount} ${tax_total}`),
      ['1190 190', '10710 1710'],
    );
    await march('4');
    const second = (await shop.invoices()).find(({ number }) => number !== FIRST)!;
    // Books of 3.00 have no rate any more; 100.00 at 16 %.
    assert.deepEqual([second.subtotal, second.tax_total, second.total], ['10300', '1600', '11900']);
    await shop.prove();
  });

  it('were not decided: an invoice has none, and says of no decision', async () => {
    await open(undefined);
    const [invoice] = await shop.invoices();
    assert.deepEqual([invoice!.taxes, invoice!.tax_behavior, invoice!.tax_decision], [[], '', '']);
    await shop.prove();
  });
});
