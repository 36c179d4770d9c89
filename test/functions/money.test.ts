import assert from 'node:assert/strict';
import { reconcileChain } from '../../functions/reconcile-chain/reconcile-chain.ts';
import { expireCredits } from '../../functions/run-invoices/expire-credits.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { usage } from '../support/account.ts';
import { linesOf, Shop } from '../support/shop.ts';
import { type Client, TestSuite } from '../support/suite.ts';

interface Money {
  readonly amount: string;
}
interface Balance {
  readonly state: string;
  readonly paid: Money;
  readonly credited: Money;
  readonly outstanding: Money;
}

describe('money that moves without usage', () => {
  let suite: TestSuite;
  let shop: Shop;
  let keys = 0;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
    await shop.metric({ metric_name: 'users', aggregation: 'max' });
    await shop.plan({
      plan_id: 'pro',
      anchor: 'calendar',
      fees: [{ item_id: 'base', model: { type: 'flat', amount: '100' } }],
      usage: [
        {
          metric_name: 'calls',
          model: {
            type: 'graduated',
            tiers: [
              { up_to: '10', unit_amount: '1' },
              { up_to: null, unit_amount: '0.5' },
            ],
          },
        },
        { metric_name: 'users', model: { type: 'per_unit', unit_amount: '2' } },
      ],
    });
  });
  afterEach(() => suite.close());

  const credit = (body: object) => shop.do(shop.operator, 'POST', '/credits', { currency: 'EUR', ...body });
  const subscribe = () => shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
  const balance = (number: string) => shop.do<Balance>(shop.customer, 'GET', `/invoices/${number}/balance`);
  const creditsLeft = async (): Promise<string[]> => {
    const { data } = await shop.do<{ data: { credit_id: string; balance: Money }[] }>(shop.customer, 'GET', '/credits');
    return data.map(({ credit_id, balance: left }) => `${credit_id} ${left.amount}`);
  };
  const send = async (metric: string, quantity: string, time: string): Promise<string> => {
    const { results } = await shop.customer.send(usage(`k${++keys}`, metric, quantity, time));
    await suite.platform.bus.idle();
    return results[0]!.receipt_id!;
  };
  const FIRST = 'INV-2026-000001';

  it('credits pay the first invoice: 100.00 - 30.00 (priority 0) - 70.00 of 90.00 (priority 1): nothing is due, 20.00 are left', async () => {
    await credit({ credit_id: 'gift', amount: '9000', priority: 1 });
    await credit({ credit_id: 'first', amount: '3000' });
    await subscribe();
    const [invoice] = await shop.invoices();
    assert.deepEqual(linesOf(invoice!), ['advance base 100', 'credit first -3000', 'credit gift -7000']);
    assert.deepEqual([invoice!.total, invoice!.credit_total, invoice!.amount_due], ['10000', '10000', '0']);
    assert.deepEqual(await creditsLeft(), ['first 0', 'gift 2000']);
    assert.equal((await balance(FIRST)).state, 'paid');
    await shop.prove();
  });

  it('a look for expired credits that finds none leaves the head as it was: the next full pass finds nothing wrong', async () => {
    await credit({ credit_id: 'gift', amount: '500' });
    const head = async () => {
      const { size, recordedAt } = (await suite.platform.ledger.head('acme' as TenantId))!;
      return `${size} ${recordedAt}`;
    };
    const before = await head();
    suite.goTo('2026-03-01T01:00:00Z');
    assert.equal(await expireCredits('acme' as TenantId, suite.clock.now(), suite.platform), 0);
    assert.equal(await head(), before);
    const { faults } = await reconcileChain(true, suite.platform);
    assert.deepEqual(faults, []);
  });

  it('a credit that expires is written off by an entry, once, and pays nothing afterwards', async () => {
    await credit({ credit_id: 'short', amount: '500', expires_at: '2026-03-02T00:00:00Z' });
    suite.goTo('2026-03-02T00:00:00Z');
    await suite.runInvoices();
    await suite.runInvoices();
    const expired = await suite.entriesOf('acme', 'credit_expiry');
    assert.deepEqual(
      expired.map(({ grant_id, amount, reason }) => `${grant_id} ${amount} ${reason}`),
      ['short 500 expired'],
    );
    await subscribe();
    assert.equal((await shop.invoices())[0]!.credit_total, '0');
    await shop.prove();
  });

  it('a credit is granted once under its id, and once under its key; what is left can be taken back', async () => {
    await credit({ credit_id: 'gift', amount: '500' });
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/credits', { credit_id: 'gift', amount: '500', currency: 'EUR' }),
      '409 money_refused',
    );
    const body = { amount: '700', currency: 'EUR' };
    const key = { 'Idempotency-Key': 'top-up' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => shop.operator.call('POST', '/api/v1/billing/credits', body, key)),
    );
    assert.ok(answers.every(({ status }) => status === 201 || status === 409));
    assert.equal((await suite.entriesOf('acme', 'credit_grant')).length, 2);
    await shop.do(shop.operator, 'POST', '/credits/gift/revoke');
    assert.equal(await shop.refused(shop.operator, 'POST', '/credits/gift/revoke'), '409 money_refused');
    assert.equal(await shop.refused(shop.customer, 'POST', '/credits', body), '403 insufficient_scope');
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/credits', { amount: '5', currency: 'USD' }),
      '422 currency_mismatch',
    );
    await shop.prove();
  });

  it('a void invoice gives its credits back, and nothing else moves it afterwards', async () => {
    await credit({ credit_id: 'gift', amount: '3000' });
    await subscribe();
    assert.deepEqual(await creditsLeft(), ['gift 0']);
    await shop.do(shop.operator, 'POST', `/invoices/${FIRST}/void`);
    assert.deepEqual(await creditsLeft(), ['gift 3000']);
    assert.equal((await balance(FIRST)).state, 'void');
    for (const [path, body] of [
      [`/invoices/${FIRST}/void`, undefined],
      [`/invoices/${FIRST}/payments`, { amount: '1' }],
      ['/credit-notes', { invoice_number: FIRST }],
    ] as const) {
      assert.match(
        await shop.refused(shop.operator, 'POST', path, body),
        /^4(?:09 money_refused|09 credit_exceeds_invoice)$/,
      );
    }
    await shop.prove();
  });

  it('is paid by what comes in, and never by more than is due: 60.00, 40.00, not a cent beyond', async () => {
    await subscribe();
    const pay = (amount: string) => shop.do<Balance>(shop.operator, 'POST', `/invoices/${FIRST}/payments`, { amount });
    assert.equal((await pay('6000')).outstanding.amount, '4000');
    assert.equal(
      await shop.refused(shop.operator, 'POST', `/invoices/${FIRST}/payments`, { amount: '4001' }),
      '409 money_refused',
    );
    assert.deepEqual([(await pay('4000')).state, (await balance(FIRST)).paid.amount], ['paid', '10000']);
    await shop.prove();
  });

  it('a payment that is told of twice counts once: 10.00 by wire-1 under two keys leave 90.00, and wire-1 may pay another invoice too', async () => {
    await subscribe();
    const pay = { payment_id: 'wire-1', amount: '1000' };
    await shop.do(shop.operator, 'POST', `/invoices/${FIRST}/payments`, pay);
    assert.equal(await shop.refused(shop.operator, 'POST', `/invoices/${FIRST}/payments`, pay), '409 already_exists');
    assert.equal((await balance(FIRST)).outstanding.amount, '9000');
    suite.goTo('2026-04-01T01:00:00Z');
    await suite.runInvoices();
    const second = 'INV-2026-000002';
    await shop.do(shop.operator, 'POST', `/invoices/${second}/payments`, { ...pay, amount: '10000' });
    assert.equal((await balance(second)).state, 'paid');
    await shop.prove();
  });

  it('credited after it was paid leaves money to give back: 30.00 to a credit, 20.00 as a refund that waits', async () => {
    await subscribe();
    await shop.do(shop.operator, 'POST', `/invoices/${FIRST}/payments`, { amount: '10000' });
    const note = (body: object) =>
      shop.do<{ number: string; refundable: Money }>(shop.operator, 'POST', '/credit-notes', {
        invoice_number: FIRST,
        ...body,
      });
    assert.deepEqual((await note({ amount: '3000', refundable: 'credit' })).refundable.amount, '3000');
    assert.deepEqual((await note({ amount: '2000', refundable: 'refund' })).number, 'CN-INV-2026-000002');
    assert.deepEqual(await creditsLeft(), ['note.cn-inv-2026-000001 3000']);
    assert.deepEqual(
      (await suite.entriesOf('acme', 'refund')).map(({ amount, payment_id }) => `${amount} ${payment_id}`),
      ['3000 credit', '2000 payment'],
    );
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/credit-notes', { invoice_number: FIRST, amount: '5001' }),
      '409 credit_exceeds_invoice',
    );
    await note({});
    assert.equal((await balance(FIRST)).credited.amount, '10000');
    const { data } = await shop.do<{ data: unknown[] }>(shop.customer, 'GET', '/credit-notes');
    assert.equal(data.length, 3);
    await shop.prove();
  });

  it('is written off by two: one proposes, another approves', async () => {
    await subscribe();
    const path = `/invoices/${FIRST}/write-off`;
    assert.equal(await shop.refused(shop.approver, 'POST', path), '403 insufficient_scope');
    const { approval_id } = await shop.do<{ approval_id: string }>(shop.operator, 'POST', path, {
      reason: 'insolvent',
    });
    const approval = `/approvals/${approval_id}/approve`;
    assert.equal(await shop.refused(shop.operator, 'POST', approval), '403 insufficient_scope');
    await shop.do(shop.approver, 'POST', approval);
    const { state } = await shop.do<{ state: string }>(shop.customer, 'GET', `/invoices/${FIRST}`);
    assert.equal(state, 'uncollectible');
    assert.deepEqual(
      (await suite.entriesOf('acme', 'write_off')).map(({ amount, reason }) => `${amount} ${reason}`),
      ['10000 insolvent'],
    );
    assert.equal(await shop.refused(shop.approver, 'POST', approval), '409 invalid_transition');
    // Nobody has paid it: a credit note would be money to give back that never came in.
    const note = { invoice_number: FIRST, amount: '10000', refundable: 'refund' };
    assert.equal(await shop.refused(shop.operator, 'POST', '/credit-notes', note), '409 money_refused');
    await shop.prove();
  });

  it('adjustments are lines of the next invoice: 100.00 + 5.50 - 2.00 = 103.50', async () => {
    await subscribe();
    const adjust = (client: Client, amount: string) =>
      shop.do(client, 'POST', '/adjustments', { subscription_id: 'main', amount, reason: 'goodwill' });
    await adjust(shop.operator, '5.50');
    await adjust(shop.operator, '-2');
    suite.goTo('2026-04-01T01:00:00Z');
    await suite.runInvoices();
    const [, invoice] = await shop.invoices();
    assert.equal(invoice!.total, '10350');
    assert.deepEqual(invoice!.lines.map(({ kind, exact }) => `${kind} ${exact}`).sort(), [
      'adjustment -2',
      'adjustment 5.5',
      'advance 100',
    ]);
    await shop.prove();
  });

  it('amounts of another currency are converted by a rate that the ledger holds: 10.00 USD at 0.9 are 9.00, 4.50 EUR back', async () => {
    await subscribe();
    const rate = {
      rate_id: 'ecb-1',
      base_currency: 'USD',
      quote_currency: 'EUR',
      rate: '0.90',
      rate_date: '2026-03-02',
      source: 'ecb',
    };
    const inDollars = { subscription_id: 'main', amount: '10', currency: 'USD', rate_id: 'ecb-1', reason: 'extra' };
    assert.equal(await shop.refused(shop.operator, 'POST', '/adjustments', inDollars), '404 not_found');
    await shop.do(shop.operator, 'POST', '/exchange-rates', rate);
    assert.equal(await shop.refused(shop.operator, 'POST', '/exchange-rates', rate), '409 already_exists');
    const { amount } = await shop.do<{ amount: string }>(shop.operator, 'POST', '/adjustments', inDollars);
    assert.equal(amount, '9');
    // One yen is 1/160 of a euro: the rate is told the other way round, and 720 / 160 = 4.5.
    await shop.do(shop.operator, 'POST', '/exchange-rates', {
      ...rate,
      rate_id: 'ecb-2',
      base_currency: 'EUR',
      quote_currency: 'JPY',
      rate: '160',
    });
    const inYen = { ...inDollars, amount: '-720', currency: 'JPY', rate_id: 'ecb-2' };
    assert.equal((await shop.do<{ amount: string }>(shop.operator, 'POST', '/adjustments', inYen)).amount, '-4.5');
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/adjustments', { ...inYen, rate_id: 'ecb-1' }),
      '422 currency_mismatch',
    );
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/adjustments', { ...inYen, rate_id: undefined }),
      '422 currency_mismatch',
    );
    suite.goTo('2026-04-01T01:00:00Z');
    await suite.runInvoices();
    const [, invoice] = await shop.invoices();
    // 100.00 + 9.00 - 4.50
    assert.equal(invoice!.total, '10450');
    assert.deepEqual(
      (await suite.entriesOf('acme', 'exchange_rate')).map(
        (entry) => `${entry.base_currency} ${entry.quote_currency} ${entry.rate} ${entry.source}`,
      ),
      ['USD EUR 0.9 ecb', 'EUR JPY 160 ecb'],
    );
    const { data } = await shop.do<{ data: { rate_id: string }[] }>(shop.customer, 'GET', '/exchange-rates');
    assert.deepEqual(
      data.map(({ rate_id }) => rate_id),
      ['ecb-1', 'ecb-2'],
    );
    await shop.prove();
  });

  it('an invoice asked for under a key is issued once, even if the process dies before it has said so', async () => {
    await subscribe();
    const adjustment = { subscription_id: 'main', amount: '5', reason: 'extra' };
    await shop.do(shop.operator, 'POST', '/adjustments', adjustment);
    const ask = () =>
      shop.operator.call('POST', '/api/v1/billing/invoices', { subscription_id: 'main' }, { 'Idempotency-Key': 'inv' });
    const { bus } = suite.platform;
    const publish = bus.publish.bind(bus);
    bus.publish = async () => {
      throw new Error('the process dies');
    };
    assert.equal((await ask()).status, 500);
    bus.publish = publish;
    const again = await ask();
    assert.deepEqual([again.status, again.headers.get('idempotent-replayed')], [201, 'true']);
    const { number } = (await again.json()) as { number: string };
    assert.deepEqual([number, (await shop.invoices()).length], ['INV-2026-000002', 2]);
    const { data } = await shop.do<{ data: { action: string; facts: { number?: string } }[] }>(
      await suite.client('acme', 'compliance'),
      'GET',
      '/audit?limit=100',
    );
    assert.deepEqual(
      data.filter(({ action }) => action === 'invoice.issued').map(({ facts }) => facts.number),
      [number],
    );
    await shop.prove();
  });

  it('a preview is the invoice: the same content before and after, usage that waits included', async () => {
    await subscribe();
    suite.goTo('2026-03-30T00:00:00Z');
    await send('calls', '12', '2026-03-29T00:00:00Z');
    suite.goTo('2026-04-01T01:00:00Z');
    const look = () => shop.do<InvoiceDocument>(shop.customer, 'GET', '/subscriptions/main/preview');
    const preview = await look();
    // 10 x 1 + 2 x 0.50 = 11.00; April 100.00.
    assert.equal(preview.total, '11100');
    const before = suite.counts();
    await look();
    assert.deepEqual(suite.counts(), before);
    await suite.runInvoices();
    const [, invoice] = await shop.invoices();
    assert.equal(invoice!.content, preview.content);
    assert.notEqual(invoice!.number, preview.number);
  });

  it('between two ends of periods can be invoiced, as often as something came together', async () => {
    await subscribe();
    await suite.runInvoices();
    suite.goTo('2026-03-10T00:00:00Z');
    await send('calls', '4', '2026-03-09T00:00:00Z');
    const issue = () =>
      shop.do<{ document: InvoiceDocument }>(shop.operator, 'POST', '/invoices', { subscription_id: 'main' });
    assert.deepEqual(linesOf((await issue()).document), ['usage calls 4']);
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/invoices', { subscription_id: 'main' }),
      '409 nothing_to_invoice',
    );
    await send('calls', '8', '2026-03-09T12:00:00Z');
    suite.goTo('2026-04-01T01:00:00Z');
    await suite.runInvoices();
    // Calls 5 to 12: 6 x 1 + 2 x 0.50 = 7.00: the aggregate goes on where it was.
    assert.deepEqual(linesOf((await shop.invoices()).at(-1)!), ['advance base 100', 'usage calls 7']);
    await shop.prove();
  });

  it('a billed event is corrected at its own price, in the open period: 15 calls were 12, then none', async () => {
    await subscribe();
    suite.goTo('2026-03-10T00:00:00Z');
    const receipt = await send('calls', '15', '2026-03-09T00:00:00Z');
    suite.goTo('2026-04-01T01:00:00Z');
    await suite.runInvoices();
    const correct = (quantity: string) =>
      shop.do(shop.operator, 'POST', '/corrections', { receipt_id: receipt, quantity });
    await correct('12');
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/corrections', { receipt_id: receipt, quantity: '12' }),
      '409 nothing_to_correct',
    );
    await correct('0');
    suite.goTo('2026-05-01T01:00:00Z');
    await suite.runInvoices();
    // 15 calls cost 10 + 2.50. Three less: -1.50. Twelve less: -(10 + 1) = -11.
    const entries = await suite.entriesOf('acme', 'correction');
    assert.deepEqual(
      entries.map(({ quantity, amount, period }) => `${quantity} ${amount} ${period.slice(0, 7)}`),
      ['-3 -1.5 2026-03', '-12 -11 2026-03'],
    );
    assert.deepEqual(linesOf((await shop.invoices()).at(-1)!), ['advance base 100', 'usage calls -12.5']);
    await shop.prove();
  });

  it('a highest value is not corrected event by event', async () => {
    await subscribe();
    suite.goTo('2026-03-10T00:00:00Z');
    const receipt = await send('users', '5', '2026-03-09T00:00:00Z');
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/corrections', { receipt_id: receipt, quantity: '4' }),
      '422 correction_unsupported',
    );
  });

  it('discounts: 10 % for two invoices, then none', async () => {
    await shop.subscribe({
      plan_id: 'pro',
      subscription_id: 'main',
      discount: { discount_id: 'welcome', percent: '0.1', duration: 'repeating', periods: 2 },
    });
    for (const month of ['04', '05', '06']) {
      suite.goTo(`2026-${month}-01T01:00:00Z`);
      await suite.runInvoices();
    }
    assert.deepEqual(
      (await shop.invoices()).map(({ total }) => total),
      ['9000', '9000', '10000', '10000'],
    );
    const given = await suite.entriesOf('acme', 'discount');
    assert.deepEqual(
      given.map(({ nth, base, amount }) => `${nth} ${base} ${amount}`),
      ['1 10000 1000', '2 10000 1000'],
    );
    await shop.prove();
  });

  it('a minimum commitment of 50.00 is topped up: 30 calls cost 20.00, a true-up bills 30.00', async () => {
    await shop.plan({
      plan_id: 'committed',
      anchor: 'calendar',
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.5' } }],
      commitment: { amount: '50', covers: ['calls'] },
    });
    await shop.subscribe({ plan_id: 'committed', subscription_id: 'low' });
    await shop.subscribe({ plan_id: 'committed', subscription_id: 'half', starts_at: '2026-03-16T12:00:00Z' });
    suite.goTo('2026-03-20T00:00:00Z');
    const event = usage('c1', 'calls', '40', '2026-03-19T00:00:00Z', { subscription_id: 'low' });
    await shop.customer.send([event]);
    suite.goTo('2026-04-01T01:00:00Z');
    await suite.runInvoices();
    // Half a month commits to half of it: 50 x 15.5/31 = 25.
    const lines = Object.fromEntries(
      (await shop.invoices()).map((invoice) => [invoice.subscription, linesOf(invoice)]),
    );
    assert.deepEqual(lines['low'], ['usage calls 20', 'true_up committed.commitment 30']);
    assert.deepEqual(lines['half'], ['true_up committed.commitment 25']);
    await shop.prove();
  });

  it('and what was invoiced in between counts: 20.00 on 20 March, 10.00 at the end, a true-up of 20.00', async () => {
    await shop.plan({
      plan_id: 'committed',
      anchor: 'calendar',
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.5' } }],
      commitment: { amount: '50', covers: ['calls'] },
    });
    await shop.subscribe({ plan_id: 'committed', subscription_id: 'low' });
    const use = (key: string, quantity: string, day: string) =>
      shop.customer.send([usage(key, 'calls', quantity, `2026-03-${day}T00:00:00Z`, { subscription_id: 'low' })]);
    suite.goTo('2026-03-20T00:00:00Z');
    await use('c1', '40', '19');
    await suite.settle();
    await shop.do(shop.operator, 'POST', '/invoices', { subscription_id: 'low' });
    assert.equal(
      await shop.refused(shop.operator, 'POST', '/invoices', { subscription_id: 'low' }),
      '409 nothing_to_invoice',
    );
    suite.goTo('2026-03-30T00:00:00Z');
    await use('c2', '20', '29');
    suite.goTo('2026-04-01T01:00:00Z');
    await suite.runInvoices();
    assert.deepEqual((await shop.invoices()).map(linesOf), [
      ['usage calls 20'],
      ['usage calls 10', 'true_up committed.commitment 20'],
    ]);
    await shop.prove();
  });
});
