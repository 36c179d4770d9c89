import assert from 'node:assert/strict';
import { usage } from '../support/account.ts';
import { Shop } from '../support/shop.ts';
import { TestSuite } from '../support/suite.ts';

interface Money {
  readonly amount: string;
  readonly currency: string;
}
interface Line {
  readonly invoice_number: string | null;
  readonly kind: string;
  readonly name: string;
  readonly billed_in: string | null;
  readonly net: Money;
  readonly reversed: Money;
  readonly earned_before: Money;
  readonly months: readonly { readonly month: string; readonly earned: Money }[];
  readonly earned_after: Money;
}
interface Row {
  readonly month: string;
  readonly contract_asset: Record<'opening' | 'accrued' | 'closing', Money>;
  readonly [column: string]: unknown;
}
interface Posting {
  readonly date: string;
  readonly seq: number;
  readonly kind: string;
  readonly reference: string;
  readonly lines: readonly {
    readonly account: string;
    readonly code: string;
    readonly debit: Money;
    readonly credit: Money;
  }[];
}
interface Page<T> {
  readonly data: readonly T[];
  readonly next_cursor: string | null;
}

const CALLS = { metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.1' } };
const monthly = (plan_id: string, amount: string) => ({
  plan_id,
  anchor: 'anniversary',
  fees: [{ item_id: 'seat', model: { type: 'flat', amount } }],
  usage: [CALLS],
});

/** Reads CSV back as RFC 4180 has it. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let cells: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    cells.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(cells);
    cells = [];
  }
  return rows;
}

describe('revenue over the API', function () {
  this.timeout(60_000);
  let suite: TestSuite;
  let shop: Shop;

  /**
   * 15 January: 1,200.00 for a year, paid the next day, and 31.00 for a month. 20 January: 100 calls. 25 January: the monthly
   * plan goes from 1.00 to 2.00 a day. 3 February: 50 calls. 15 February: the month is invoiced, with the next one's 62.00.
   * 20 February: 365.00 of the year are credited, 1.00 a day.
   */
  before(async () => {
    suite = await TestSuite.start({ at: '2026-01-15T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
    await shop.plan({
      plan_id: 'year',
      anchor: 'anniversary',
      interval: { unit: 'year', count: 1 },
      fees: [{ item_id: 'license', model: { type: 'flat', amount: '1200' } }],
    });
    await shop.plan(monthly('pro', '31'));
    await shop.plan(monthly('max', '62'));
    await shop.subscribe({ plan_id: 'year', subscription_id: 'yearly' });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
    suite.goTo('2026-01-16T09:00:00Z');
    await shop.do(shop.operator, 'POST', '/invoices/INV-2026-000001/payments', {
      payment_id: 'wire',
      amount: '120000',
    });
    suite.goTo('2026-01-20T12:00:00Z');
    await send('k1', '100', '2026-01-20T11:00:00Z');
    suite.goTo('2026-01-25T00:00:00Z');
    await shop.act('main', 'change', { plan_id: 'max' });
    suite.goTo('2026-02-03T12:00:00Z');
    await send('k2', '50', '2026-02-03T11:00:00Z');
    suite.goTo('2026-02-15T02:00:00Z');
    await suite.runInvoices();
    suite.goTo('2026-02-20T00:00:00Z');
    await shop.do(shop.operator, 'POST', '/credit-notes', {
      invoice_number: 'INV-2026-000001',
      lines: [{ line: 0, amount: '36500' }],
    });
    suite.goTo('2026-03-05T00:00:00Z');
    await send('k3', '20', '2026-03-04T00:00:00Z');
  });
  after(() => suite.close());

  const send = async (key: string, quantity: string, time: string): Promise<void> => {
    await shop.customer.send(usage(key, 'calls', quantity, time, { subscription_id: 'main' }));
    await suite.platform.bus.idle();
  };
  const get = <T>(path: string): Promise<T> => shop.do<T>(shop.customer, 'GET', path);
  const refused = (path: string): Promise<string> => shop.refused(shop.customer, 'GET', path);
  const csv = async (query: string): Promise<Response> =>
    shop.customer.get(`/api/v1/billing/journal?${query}`, { Accept: 'text/csv' });

  it('says line by line what is earned when', async () => {
    const { data } = await get<Page<Line>>('/revenue/schedule?from=2026-01&to=2026-03&limit=100');
    const written = data.map((line) => {
      const months = line.months.map(({ earned }) => earned.amount).join(' ');
      const head = `${line.invoice_number?.slice(-1) ?? '-'} ${line.kind} ${line.name} ${line.net.amount} -${line.reversed.amount}`;
      return `${head}: ${line.earned_before.amount} | ${months} | ${line.earned_after.amount}`;
    });
    // The year: 17/365, 28/365 and 31/365 of 1,200.00 are 55.89, 92.05 and 101.92; of these 147.94 by February 365/1200 are
    // taken back at once, 45.00; 31.00 in March, and 365.00 - 76.00 = 289.00 of the later 950.14.
    assert.deepEqual(written, [
      '1 advance license 120000 -36500: 0 | 5589 4705 7092 | 66114',
      '2 advance seat 3100 -0: 0 | 1700 1400 0 | 0',
      '3 unused seat -2100 -0: 0 | -700 -1400 0 | 0',
      '3 advance seat 4200 -0: 0 | 1400 2800 0 | 0',
      '3 advance seat 6200 -0: 0 | 0 3100 3100 | 0',
      // Lines stand as on the invoice, by the name of their price: `max` comes before `pro`.
      ...['3 usage calls 500 -0: 0 | 0 500 0 | 0', '3 usage calls 1000 -0: 0 | 1000 0 0 | 0'],
      '- usage calls 200 -0: 0 | 0 0 200 | 0',
    ]);
  });

  it('gives the same in pages', async () => {
    const all = await get<Page<Line>>('/revenue/schedule?from=2026-01&to=2026-03&limit=100');
    const found: Line[] = [];
    for (let cursor = ''; ; ) {
      const page = await get<Page<Line>>(`/revenue/schedule?from=2026-01&to=2026-03&limit=3${cursor}`);
      assert.ok(page.data.length <= 3);
      found.push(...page.data);
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    assert.deepEqual(found, all.data);
    const { next_cursor } = await get<Page<Line>>('/revenue/schedule?from=2026-01&to=2026-03&limit=3');
    assert.equal(
      await refused(`/revenue/schedule?from=2026-02&to=2026-03&cursor=${next_cursor}`),
      '400 invalid_cursor',
    );
  });

  it('rolls deferred revenue forward: what opens a month closed the one before', async () => {
    const { data } = await get<{ data: Row[] }>('/revenue/deferred?from=2026-01&to=2026-03');
    const written = data.map((row) => {
      const columns = ['opening', 'billed', 'billed_before', 'reversed', 'recognised', 'closing', 'revenue'];
      const { opening, accrued, closing } = row.contract_asset;
      const amounts = columns.map((column) => (row[column] as Money).amount).join(' ');
      return `${row.month} ${amounts} | ${opening.amount} ${accrued.amount} ${closing.amount}`;
    });
    assert.deepEqual(written, [
      // 1,200.00 + 31.00 billed; 55.89 + 17.00 recognised; 14.00 - 7.00 + 10.00 earned and billed in February.
      '2026-01 0 123100 0 0 7289 115811 8989 | 0 1700 1700',
      // -21.00 + 42.00 + 62.00 + 10.00 + 5.00 billed; 47.05 + 14.00 - 14.00 + 28.00 + 31.00 + 5.00 recognised.
      '2026-02 115811 9800 1700 36500 11105 76306 11105 | 1700 0 0',
      // 70.92 + 31.00, and 20 calls that are not billed yet.
      '2026-03 76306 0 0 0 10192 66114 10392 | 0 200 200',
    ]);
  });

  it('answers about the current month unless asked for others', async () => {
    const { data } = await get<{ data: Row[] }>('/revenue/deferred');
    assert.deepEqual(
      data.map(({ month }) => month),
      ['2026-03'],
    );
  });

  it('posts in double entry; the accounts stand where the months closed', async () => {
    const { data } = await get<Page<Posting>>('/journal?from=2026-01&to=2026-03&limit=100');
    const balances = new Map<string, bigint>();
    for (const { lines } of data) {
      let balance = 0n;
      for (const { account, debit, credit } of lines) {
        const side = BigInt(debit.amount) - BigInt(credit.amount);
        balances.set(account, (balances.get(account) ?? 0n) + side);
        balance += side;
      }
      assert.equal(balance, 0n);
    }
    assert.deepEqual(
      data.map(({ date, kind, reference }) => `${date} ${kind} ${reference}`),
      [
        '2026-01-15 invoice INV-2026-000001',
        '2026-01-15 invoice INV-2026-000002',
        '2026-01-16 payment INV-2026-000001',
        // The three lines that February bills: what was unused, what took its place, and calls.
        ...['calls', 'seat', 'seat'].map((name) => `2026-01-31 accrual ${name}`),
        '2026-01-31 recognition INV-2026-000001',
        '2026-01-31 recognition INV-2026-000002',
        '2026-02-15 invoice INV-2026-000003',
        '2026-02-20 credit_note CN-INV-2026-000001',
        ...[1, 2, 3].map((n) => `2026-02-28 recognition INV-2026-00000${n}`),
      ],
    );
    assert.deepEqual(Object.fromEntries(balances), {
      // 31.00 and 98.00 are unpaid.
      accounts_receivable: 12900n,
      cash: 120000n,
      contract_asset: 0n,
      deferred_revenue: -76306n,
      refunds_payable: -36500n,
      // 55.89 + 47.05 + 17.00 + 14.00 - 21.00 + 42.00 + 31.00
      revenue_fees: -18594n,
      revenue_usage: -1500n,
    });
    const entries = await suite.entries('acme');
    for (const { seq, kind } of data) {
      const { typ } = entries[seq]!;
      if (kind === 'recognition') assert.equal(typ, 'invoice');
      else if (kind === 'accrual') assert.ok(typ === 'charge' || typ === 'fee');
      else assert.equal(typ, kind);
    }
  });

  it('gives the journal as CSV, whose debits are its credits and whose accounts are one’s own', async () => {
    const response = await csv('from=2026-01&to=2026-02&codes=cash:1800');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/csv; charset=utf-8');
    assert.equal(response.headers.get('content-disposition'), 'attachment; filename="journal-2026-01-2026-02.csv"');
    const text = await response.text();
    const [head, ...rows] = csvRows(text);
    const cell = (row: readonly string[], name: string): string => row[head!.indexOf(name)]!;
    // Cents, by dropping the point: all amounts are in euros.
    const total = (side: string): bigint =>
      rows.reduce((sum, row) => sum + BigInt(cell(row, side).replace('.', '') || '0'), 0n);
    const { data } = await get<Page<Posting>>('/journal?from=2026-01&to=2026-02&limit=100');
    const debits = data.flatMap(({ lines }) => lines).reduce((sum, { debit }) => sum + BigInt(debit.amount), 0n);
    assert.deepEqual([total('debit'), total('credit')], [debits, debits]);
    const paid = rows.find((row) => cell(row, 'account') === '1800')!;
    assert.deepEqual(
      ['date', 'kind', 'reference', 'account_name', 'currency', 'debit', 'credit'].map((name) => cell(paid, name)),
      ['2026-01-16', 'payment', 'INV-2026-000001', 'Cash', 'EUR', '1200.00', ''],
    );
    assert.ok(rows.some((row) => cell(row, 'account_name') === 'Contract assets: earned, not billed'));
    assert.equal(await (await csv('from=2026-01&to=2026-02&codes=cash:1800')).text(), text);
  });

  it('refuses months that are none, too many of them, accounts that are none, and pages of a file', async () => {
    assert.equal(await refused('/revenue/schedule?from=2026-13'), '400 invalid_parameter');
    assert.equal(await refused('/revenue/deferred?from=2026-03&to=2026-02'), '400 invalid_parameter');
    assert.equal(await refused('/revenue/deferred?from=2026-01&to=2028-01'), '400 window_too_large');
    const { data } = await get<{ data: Row[] }>('/revenue/deferred?from=2026-02&to=2028-01');
    assert.equal(data.length, 24);
    assert.equal(data.at(-1)!.month, '2028-01');
    assert.equal((data.at(-1)!['closing'] as Money).amount, '0');
    assert.equal(await refused('/journal?codes=till:1'), '400 invalid_parameter');
    const paged = await csv('limit=3');
    assert.deepEqual([paged.status, ((await paged.json()) as { code: string }).code], [400, 'invalid_parameter']);
    const xml = await shop.customer.get('/api/v1/billing/journal', { Accept: 'application/xml' });
    assert.equal(xml.status, 406);
  });

  it('has nothing to say of an organization that has done nothing', async () => {
    const other = await Shop.open(suite, { organization_id: 'umbrella' });
    const read = (path: string): Promise<Page<unknown>> => other.do(other.customer, 'GET', path);
    assert.deepEqual((await read('/revenue/schedule')).data, []);
    assert.deepEqual((await read('/journal')).data, []);
    assert.deepEqual(await read('/revenue/deferred'), { zone: 'UTC', as_of_seq: null, data: [] });
  });

  it('goes on from where it stood, for several who ask at once: 10 more calls in March, then the month is invoiced', async () => {
    const march = async (): Promise<string> => {
      const { data } = await get<{ data: Row[] }>('/revenue/deferred?from=2026-03&to=2026-03');
      const [row] = data;
      return `${(row!['billed'] as Money).amount} ${(row!['revenue'] as Money).amount} ${row!.contract_asset.closing.amount}`;
    };
    assert.equal(await march(), '0 10392 200');
    await send('k4', '10', '2026-03-04T12:00:00Z');
    assert.deepEqual(await Promise.all([march(), march(), march()]), Array(3).fill('0 10492 300'));
    suite.goTo('2026-03-15T02:00:00Z');
    await suite.runInvoices();
    // 62.00 for 31 days from 15 March, 34.00 of it in March, and 3.00 for calls.
    assert.deepEqual(await Promise.all([march(), march()]), Array(2).fill('6500 13892 0'));
  });
});
