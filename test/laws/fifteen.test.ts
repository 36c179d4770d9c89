import assert from 'node:assert/strict';
import fc from 'fast-check';
import { makeCreditNote } from '../../shared/domain/invoice/credit-note.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { usage } from '../support/account.ts';
import { INVOICE, line } from '../support/sample-invoice.ts';
import { Shop } from '../support/shop.ts';
import { type Client, TestSuite } from '../support/suite.ts';
import { runs } from './runs.ts';

/**
 * Fifteen ways in which billing systems failed people, repeatedly and in public, each as a law of this one. Numbers as in their list; 4
 * and 5 are in periods.test.ts, and each is tried more often by TALLYSTICK_RUNS.
 */
const FIRST = 'INV-2026-000001';
const minute = (n: number): string => new Date(Date.UTC(2026, 2, 1) + n * 60_000).toISOString();
const quantityOf = (entries: readonly { readonly quantity: string }[]): number =>
  entries.reduce((sum, { quantity }) => sum + Number(quantity), 0);

describe('what others got wrong', function () {
  this.timeout(120_000);
  let suite: TestSuite;
  let shop: Shop;
  let shops = 0;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
  });
  afterEach(() => suite.close());

  /** A new organization with a plan of 31.00 a month and calls at 0.10. */
  async function open(more: object = {}, organization: object = {}): Promise<Shop> {
    const tenant = `law-${shops++}`;
    shop = await Shop.open(suite, { organization_id: tenant, ...organization });
    if (suite.sql('SELECT metric_name FROM metrics').length === 0) {
      await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
      for (const [plan_id, base, call] of [
        ['pro', '31', '0.10'],
        ['max', '62', '0.05'],
      ] as const) {
        await shop.plan({
          plan_id,
          anchor: 'calendar',
          fees: [{ item_id: 'base', model: { type: 'flat', amount: base } }],
          usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: call } }],
        });
      }
    }
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main', ...more });
    return shop;
  }
  const send = async (customer: Client, key: string, quantity: number, time: string) =>
    (await customer.send(usage(key, 'calls', String(quantity), time))).results[0]!;
  const closeMarch = async (): Promise<InvoiceDocument> => {
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    return (await shop.invoices()).at(-1)!;
  };
  const charges = () => suite.entriesOf(shop.tenant, 'charge');
  /** Each run of a law has a suite of its own: time goes forward only. */
  async function again(): Promise<void> {
    await suite.close();
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
  }

  it('1: an event is billed once, however often and in whatever order it is sent again, up to 400 days later', async () => {
    const sendings = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b', 'c'), day: fc.integer({ min: 0, max: 400 }) }),
      { minLength: 4, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(sendings, async (sent) => {
        await again();
        await open();
        const first = new Map<string, string>();
        for (const { key, day } of sent.toSorted((a, b) => a.day - b.day)) {
          suite.goTo(minute(day * 1440 + 5));
          const answer = await send(shop.customer, key, 3, minute(0));
          if (answer.status === 'refused') assert.equal(answer.code, 'timestamp_out_of_window');
          else assert.equal(answer.receipt_id, first.get(key) ?? answer.receipt_id);
          if (answer.status === 'accepted') first.set(key, answer.receipt_id!);
          // The same key with another content changes nothing.
          const other = await send(shop.customer, key, 4, minute(0));
          assert.ok(
            ['idempotency_conflict', 'timestamp_out_of_window'].includes(other.code ?? ''),
            other.code ?? other.status,
          );
          await suite.platform.bus.idle();
        }
        assert.equal((await charges()).length, first.size);
      }),
      runs(3),
    );
  });

  it('2: a late event is billed in its period, or as late in the open one, or refused with the reason: nothing vanishes', async () => {
    const hours = fc.array(fc.integer({ min: 0, max: 24 * 50 }), { minLength: 3, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(hours, async (delays) => {
        await again();
        await open();
        let accepted = 0;
        for (const [i, delay] of delays.toSorted((a, b) => a - b).entries()) {
          suite.goTo(minute(delay * 60 + 10));
          await suite.runInvoices();
          const { status, code, receipt_id } = await send(shop.customer, `k${i}`, 1, minute(1));
          if (status === 'refused') assert.deepEqual([code, delay >= 35 * 24], ['timestamp_out_of_window', true]);
          else {
            accepted++;
            await suite.platform.bus.idle();
            const { state } = await shop.do<{ state: string }>(shop.customer, 'GET', `/receipts/${receipt_id}`);
            assert.equal(state, 'billed');
          }
        }
        suite.goTo('2026-06-01T02:00:00Z');
        await suite.runInvoices();
        const billed = (await shop.invoices()).flatMap(({ lines }) => lines.filter(({ kind }) => kind === 'usage'));
        assert.equal(
          billed.reduce((sum, { count }) => sum + Number(count), 0),
          accepted,
        );
        await shop.prove();
      }),
      runs(2),
    );
  });

  it('3: a cancellation at whatever minute, also that of an event, loses no usage: billed and refused are what was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40_000 }), fc.boolean(), async (at, isTogether) => {
        await again();
        await open();
        suite.goTo(minute(at));
        await send(shop.customer, 'before', 5, minute(at - 1));
        const [, last] = await Promise.all([
          shop.act('main', 'cancel', { when: 'now' }),
          isTogether ? send(shop.customer, 'same', 7, minute(at)) : undefined,
        ]);
        suite.goTo('2026-04-01T02:00:00Z');
        await suite.settle();
        await suite.runInvoices();
        const billed = (await shop.invoices()).flatMap(({ lines }) => lines).filter(({ kind }) => kind === 'usage');
        const units = billed.reduce((sum, { exact }) => sum + Math.round(Number(exact) * 10), 0);
        assert.equal(units, 5 + (last?.status === 'accepted' ? 7 : 0));
        await shop.prove();
      }),
      runs(3),
    );
  });

  it('6: changing to the same price any number of times costs nothing, and to another and back at one instant neither', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 43_000 }), { minLength: 1, maxLength: 4 }),
        async (minutes) => {
          await again();
          await open();
          for (const at of minutes.toSorted((a, b) => a - b)) {
            suite.goTo(minute(at));
            await shop.act('main', 'change', { plan_id: 'max' });
            await shop.act('main', 'change', { plan_id: 'pro' });
          }
          const { lines } = await closeMarch();
          const sum = lines.reduce((all, { exact }) => all + Math.round(Number(exact) * 1e6), 0);
          // April in advance, and not a millionth for March.
          assert.equal(sum, 31_000_000);
          await shop.prove();
        },
      ),
      runs(2),
    );
  });

  it('7: a bill run fired eight times at once, and again, issues each invoice once, with numbers that leave none out', async () => {
    for (let i = 0; i < 3; i++) await open();
    suite.goTo('2026-05-01T02:00:00Z');
    for (let round = 0; round < 2; round++) await Promise.all(Array.from({ length: 8 }, () => suite.runInvoices()));
    const numbers = suite.sql('SELECT number, tenant, period, subscription FROM invoices ORDER BY number');
    // Three began, and each closed March and April.
    assert.equal(numbers.length, 9);
    assert.deepEqual(
      numbers.map(({ number }) => String(number)),
      Array.from({ length: 9 }, (_, i) => `INV-2026-${String(i + 1).padStart(6, '0')}`),
    );
    const closes = (
      await Promise.all(['law-0', 'law-1', 'law-2'].map((_, i) => suite.entriesOf(`law-${shops - 3 + i}`, 'close')))
    ).flat();
    assert.equal(new Set(closes.map(({ tenant, period }) => `${tenant} ${period}`)).size, 6);
  });

  it('8: a payment counts once under its id, and never more is taken than is due', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 2000 })), {
          minLength: 2,
          maxLength: 10,
        }),
        async (payments) => {
          await again();
          await open();
          await Promise.all(
            payments.map(([id, amount]) =>
              shop.operator.call(
                'POST',
                `/api/v1/billing/invoices/${FIRST}/payments`,
                { payment_id: `p${id}`, amount: String(amount) },
                { 'Idempotency-Key': `p${id}` },
              ),
            ),
          );
          const paid = await suite.entriesOf(shop.tenant, 'payment');
          assert.equal(new Set(paid.map(({ payment_id }) => payment_id)).size, paid.length);
          assert.ok(paid.reduce((sum, { amount }) => sum + Number(amount), 0) <= 3100);
        },
      ),
      runs(3),
    );
  });

  it('9: credit granted is credit burned, returned, expired or left, whatever happens at once, and never below nothing', async () => {
    const acts = fc.array(
      fc.tuple(fc.constantFrom('grant', 'invoice', 'void', 'note'), fc.integer({ min: 1, max: 4000 })),
      { minLength: 4, maxLength: 10 },
    );
    await fc.assert(
      fc.asyncProperty(acts, async (all) => {
        await again();
        await open();
        let n = 0;
        for (const [what, amount] of all) {
          const number = (await shop.invoices()).at(-1)!.number;
          const post = (path: string, body: object) =>
            shop.operator.call('POST', `/api/v1/billing${path}`, body, { 'Idempotency-Key': `x${n++}` });
          if (what === 'grant')
            await Promise.all(
              [1, 2].map(() => post('/credits', { amount: String(amount), currency: 'EUR', credit_id: `g${amount}` })),
            );
          if (what === 'note')
            await post('/credit-notes', { invoice_number: number, amount: String(amount), refundable: 'credit' });
          if (what === 'void') await post(`/invoices/${number}/void`, {});
          if (what === 'invoice') {
            await post('/adjustments', { subscription_id: 'main', amount: String(amount / 100), reason: 'extra' });
            await post('/invoices', { subscription_id: 'main' });
          }
        }
        const entries = await suite.entries(shop.tenant);
        const sumOf = (typ: string): number =>
          entries
            .filter((entry) => entry.typ === typ)
            .reduce((sum, entry) => sum + Number((entry as { amount: string }).amount), 0);
        const books = await suite.platform.ledger.books(shop.tenant as never);
        const left = [...books.money.grants.values()].map(({ balance }) => Number(balance));
        assert.equal(
          left.reduce((sum, balance) => sum + balance, 0),
          sumOf('credit_grant') - sumOf('credit_use') - sumOf('credit_expiry') + sumOf('credit_return'),
        );
        for (const balance of left) assert.ok(balance >= 0);
        await shop.prove();
      }),
      runs(2),
    );
  });

  it('10: lines and taxes are the total to the last unit, and credit notes in whatever parts are the invoice', () => {
    const taxation = {
      behavior: 'exclusive',
      taxesOn: () => INVOICE.taxes.map((row) => ({ ...row, base: 3300n, amount: 627n })),
    } as const;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3927 }), { minLength: 1, maxLength: 20 }),
        fc.constantFrom('EUR', 'JPY', 'KWD'),
        (parts, currency) => {
          const invoice = { ...INVOICE, currency, lines: [line('a', '3100'), line('b', '200')] };
          assert.equal(BigInt(invoice.subtotal) + BigInt(invoice.tax_total), BigInt(invoice.total));
          const notes: ReturnType<typeof makeCreditNote>[] = [];
          const note = (request: Parameters<typeof makeCreditNote>[2]): void => {
            const frame = { number: `CN-${notes.length}`, issuedAt: INVOICE.issued_at, reason: 'x' };
            notes.push(makeCreditNote(invoice, notes, request, taxation, frame));
          };
          let left = 3927;
          for (const part of parts) {
            if (part >= left) continue;
            note({ kind: 'amount', amount: BigInt(part) });
            left -= part;
          }
          note({ kind: 'full' });
          const sum = (of: (one: (typeof notes)[number]) => string): bigint =>
            notes.reduce((all, one) => all + BigInt(of(one)), 0n);
          assert.deepEqual(
            [sum((one) => one.total), sum((one) => one.subtotal), sum((one) => one.tax_total)],
            [3927n, 3300n, 627n],
          );
        },
      ),
      runs(100),
    );
  });

  it('11: an event a microsecond before the end of a period is in it, one at the end is in the next, however the time is written', async () => {
    await open();
    suite.goTo('2026-04-01T00:00:30Z');
    await send(shop.customer, 'last', 1, '2026-03-31T23:59:59.999999Z');
    await send(shop.customer, 'first', 2, '2026-04-01T00:00:00Z');
    await send(shop.customer, 'east', 4, '2026-04-01T02:00:00.000000+02:00');
    await send(shop.customer, 'milli', 8, '2026-03-31T23:59:59.999Z');
    await suite.settle();
    const byPeriod = Map.groupBy(await charges(), ({ period }) => period.slice(0, 10));
    assert.deepEqual([...byPeriod].map(([start, some]) => `${start} ${quantityOf(some)}`).sort(), [
      '2026-03-01 9',
      '2026-04-01 6',
    ]);
  });

  it('12: events one by one, in any order and any batches, cost what their sum costs, and each is in one price cell', async () => {
    const model = {
      type: 'graduated',
      tiers: [
        { up_to: '10', unit_amount: '1', flat_amount: '2' },
        { up_to: null, unit_amount: '0.5' },
      ],
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 9 }),
        fc.integer({ min: 1, max: 4 }),
        async (quantities, batch) => {
          await again();
          await open();
          await shop.metric({ metric_name: 'steps', aggregation: 'sum' });
          await shop.plan({ plan_id: 'tiers', anchor: 'calendar', usage: [{ metric_name: 'steps', model }] });
          await shop.subscribe({ plan_id: 'tiers', subscription_id: 'tiers' });
          for (let i = 0; i < quantities.length; i += batch) {
            await shop.customer.send(
              quantities
                .slice(i, i + batch)
                .map((quantity, j) =>
                  usage(`s${i + j}`, 'steps', String(quantity), minute(0), { subscription_id: 'tiers' }),
                ),
            );
          }
          suite.goTo('2026-04-01T02:00:00Z');
          await suite.runInvoices();
          const total = quantities.reduce((sum, quantity) => sum + quantity, 0);
          const expected = 2 + Math.min(total, 10) + Math.max(total - 10, 0) * 0.5;
          const invoice = (await shop.invoices()).find(({ subscription }) => subscription === 'tiers')!;
          assert.equal(invoice.total, String(Math.round(expected * 100)));
          assert.equal((await charges()).length, quantities.length);
        },
      ),
      runs(3),
    );
  });

  it('13: an event costs what was in force when it happened, whatever plan is in force when it is rated or invoiced', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 100, max: 40_000 }),
        fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 6 }),
        async (change, times) => {
          await again();
          await open();
          suite.goTo(minute(change));
          await shop.act('main', 'change', { plan_id: 'max' });
          suite.goTo(minute(40_001));
          await shop.customer.send(times.map((time, i) => usage(`e${i}`, 'calls', '1', minute(time))));
          await suite.settle();
          for (const charge of await charges()) {
            const isBefore = charge.occurred_at < minute(change).replace('.000Z', '.000000Z');
            assert.equal(charge.amount, isBefore ? '0.1' : '0.05');
          }
          assert.equal((await charges()).length, times.length);
        },
      ),
      runs(3),
    );
  });

  it('14: an edit of the catalogue changes no invoice and no receipt of the past, and a price below zero is refused', async () => {
    await open();
    await send(shop.customer, 'k', 30, minute(0));
    await closeMarch();
    const before = JSON.stringify(await shop.invoices());
    await shop.plan({
      plan_id: 'pro',
      anchor: 'calendar',
      fees: [],
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '9' } }],
    });
    await suite.runInvoices();
    assert.equal(JSON.stringify(await shop.invoices()), before);
    for (const unit_amount of ['-1', 'NaN', '1e9', '1'.repeat(40)]) {
      const refused = await shop.refused(shop.operator, 'POST', '/plans', {
        ...{ plan_id: 'bad', name: 'bad', currency: 'EUR', interval: { unit: 'month', count: 1 }, fees: [] },
        usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount } }],
      });
      assert.match(refused, /^4/);
    }
    await shop.prove();
  });

  it('15: from an invoice’s line to every receipt and back: they add up to it, and each is found by its id', async () => {
    await open();
    for (let i = 0; i < 7; i++) await send(shop.customer, `k${i}`, i + 1, minute(Math.floor(i / 2)));
    const { lines } = await closeMarch();
    const [calls] = lines.filter(({ kind }) => kind === 'usage');
    const entries = await suite.entries(shop.tenant);
    const own = entries
      .slice(Number(calls!.first_seq), Number(calls!.last_seq) + 1)
      .filter((entry) => entry.typ === 'charge');
    assert.equal(String(own.length), calls!.count);
    // 1 + 2 + … + 7 = 28 at 0.10
    assert.equal(
      own.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 10), 0),
      28,
    );
    assert.equal(calls!.exact, '2.8');
    for (const { event_id, seq } of own) {
      const found = await shop.do<{ state: string; seq?: number }>(shop.customer, 'GET', `/receipts/${event_id}`);
      assert.equal(found.state, 'billed', JSON.stringify(found));
      assert.ok(JSON.stringify(found).includes(seq));
    }
  });
});
