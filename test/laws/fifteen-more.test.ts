import assert from 'node:assert/strict';
import fc from 'fast-check';
import { usage } from '../support/account.ts';
import { History, place, step } from '../support/history.ts';
import { FIRST, LawShop, minute } from './law-shop.ts';
import { patience, runs } from './runs.ts';

/** The second half of the fifteen: money, prices, evidence. The first half is fifteen.test.ts. */
describe('what others got wrong with money and prices', function () {
  this.timeout(patience(120_000));
  const law = new LawShop();
  beforeEach(() => law.again());
  afterEach(() => law.suite.close());

  it('8: a payment that is told of again counts once, by whatever request, and never more is taken than is due: 31.00, however many pay at once', async () => {
    const payment = fc.record({ id: fc.nat(4), key: fc.nat(2), amount: fc.integer({ min: 1, max: 2000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(payment, { minLength: 2, maxLength: 10 }), fc.boolean(), async (payments, isAtOnce) => {
        await law.again();
        await law.open();
        const pay = async ({ id, key: request, amount }: (typeof payments)[number]) => {
          const body = { payment_id: `p${id}`, amount: String(amount) };
          const key = { 'Idempotency-Key': `p${id} ${request}` };
          const answer = await law.shop.operator.call('POST', `/api/v1/billing/invoices/${FIRST}/payments`, body, key);
          assert.ok(answer.status === 200 || answer.status === 409 || answer.status === 422, String(answer.status));
          const isNew = answer.status === 200 && answer.headers.get('idempotent-replayed') === null;
          return isNew ? [`p${id} ${amount}`] : [];
        };
        const taken: string[] = [];
        if (isAtOnce) taken.push(...(await Promise.all(payments.map(pay))).flat());
        else for (const one of payments) taken.push(...(await pay(one)));
        const paid = await law.suite.entriesOf(law.shop.tenant, 'payment');
        assert.deepEqual(paid.map(({ payment_id, amount }) => `${payment_id} ${amount}`).sort(), taken.sort());
        assert.equal(new Set(paid.map(({ payment_id }) => payment_id)).size, paid.length);
        const sum = paid.reduce((all, { amount }) => all + Number(amount), 0);
        assert.ok(sum <= 3100);
        const balance = await law.shop.do<{ outstanding: { amount: string } }>(
          law.shop.customer,
          'GET',
          `/invoices/${FIRST}/balance`,
        );
        assert.equal(balance.outstanding.amount, String(3100 - sum));
      }),
      runs(4),
    );
  });

  it('9: credit granted is credit burned, returned, expired or left, whatever happens at once, and never below nothing', async () => {
    const acts = fc.array(
      fc.tuple(fc.constantFrom('grant', 'invoice', 'void', 'note'), fc.integer({ min: 1, max: 4000 })),
      { minLength: 4, maxLength: 10 },
    );
    await fc.assert(
      fc.asyncProperty(acts, async (all) => {
        await law.again();
        await law.open();
        let n = 0;
        for (const [what, amount] of all) {
          const number = (await law.shop.invoices()).at(-1)!.number;
          const post = (path: string, body: object) =>
            law.shop.operator.call('POST', `/api/v1/billing${path}`, body, { 'Idempotency-Key': `x${n++}` });
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
        const entries = await law.suite.entries(law.shop.tenant);
        const sumOf = (typ: string): number =>
          entries
            .filter((entry) => entry.typ === typ)
            .reduce((sum, entry) => sum + Number((entry as { amount: string }).amount), 0);
        const books = await law.suite.platform.ledger.books(law.shop.tenant as never);
        const left = [...books.money.grants.values()].map(({ balance }) => Number(balance));
        assert.equal(
          left.reduce((sum, balance) => sum + balance, 0),
          sumOf('credit_grant') - sumOf('credit_use') - sumOf('credit_expiry') + sumOf('credit_return'),
        );
        for (const balance of left) assert.ok(balance >= 0);
        await law.shop.prove();
      }),
      runs(2),
    );
  });

  it('11: an event a microsecond before the end of a period is in it, one at the end is in the next, however the time is written', async () => {
    // The first instant of April where the organization is, and when it is that in UTC.
    const places = [
      { zone: 'UTC', end: Date.UTC(2026, 3, 1) },
      { zone: 'Europe/Berlin', end: Date.UTC(2026, 2, 31, 22) },
      { zone: 'America/New_York', end: Date.UTC(2026, 3, 1, 4) },
      { zone: 'Asia/Kathmandu', end: Date.UTC(2026, 2, 31, 18, 15) },
    ];
    const event = fc.record({
      micros: fc.constantFrom(-1_000_000, -1000, -1, 0, 1, 999, 1_000_000),
      offset: fc.constantFrom('Z', '+00:00', '+02:00', '-09:30', '+14:00'),
      // Billionths of a second, which receipts do not carry: cut, never rounded into the next period.
      finer: fc.constantFrom('', '000', '001', '999'),
    });
    /** The instant as a clock so far from UTC shows it, with no more digits than it needs. */
    const written = (end: number, micros: number, offset: string, finer = ''): string => {
      const minutes = offset === 'Z' ? 0 : Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4));
      const shift = (offset.startsWith('-') ? -minutes : minutes) * 60_000;
      const seconds = Math.floor(micros / 1_000_000);
      const rest = String(micros - seconds * 1_000_000).padStart(6, '0');
      const text = new Date(end + shift + seconds * 1000).toISOString().slice(0, 19);
      const digits = finer === '' ? rest.replace(/0+$/, '') : `${rest}${finer}`;
      return `${text}${digits === '' ? '' : `.${digits}`}${offset}`;
    };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        fc.array(event, { minLength: 3, maxLength: 8 }),
        async ({ zone, end }, events) => {
          await law.again();
          await law.open({}, { zone });
          law.suite.goTo(new Date(end + 30_000).toISOString());
          for (const [i, { micros, offset, finer }] of events.entries()) {
            const { status } = await law.send(`k${i}`, 1, written(end, micros, offset, finer));
            assert.equal(status, 'accepted');
          }
          await law.suite.settle();
          const april = new Date(end).toISOString().slice(0, 23);
          const got = (await law.charges()).map(({ occurred_at, period }) =>
            period.startsWith(april) ? `${occurred_at} April` : `${occurred_at} March`,
          );
          const expected = events.map(({ micros }) => {
            const canonical = written(end, micros, 'Z').slice(0, -1).split('.');
            const time = `${canonical[0]}.${(canonical[1] ?? '').padEnd(6, '0')}Z`;
            return `${time} ${micros < 0 ? 'March' : 'April'}`;
          });
          assert.deepEqual(got.sort(), expected.sort());
        },
      ),
      runs(4),
    );
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
          await law.again();
          await law.open();
          await law.shop.metric({ metric_name: 'steps', aggregation: 'sum' });
          await law.shop.plan({ plan_id: 'tiers', anchor: 'calendar', usage: [{ metric_name: 'steps', model }] });
          await law.shop.subscribe({ plan_id: 'tiers', subscription_id: 'tiers' });
          for (let i = 0; i < quantities.length; i += batch) {
            await law.shop.customer.send(
              quantities
                .slice(i, i + batch)
                .map((quantity, j) =>
                  usage(`s${i + j}`, 'steps', String(quantity), minute(0), { subscription_id: 'tiers' }),
                ),
            );
          }
          law.suite.goTo('2026-04-01T02:00:00Z');
          await law.suite.runInvoices();
          const total = quantities.reduce((sum, quantity) => sum + quantity, 0);
          const expected = 2 + Math.min(total, 10) + Math.max(total - 10, 0) * 0.5;
          const invoice = (await law.shop.invoices()).find(({ subscription }) => subscription === 'tiers')!;
          assert.equal(invoice.total, String(Math.round(expected * 100)));
          assert.equal((await law.charges()).length, quantities.length);
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
          await law.again();
          await law.open();
          law.suite.goTo(minute(change));
          await law.shop.act('main', 'change', { plan_id: 'max' });
          law.suite.goTo(minute(40_001));
          await law.shop.customer.send(times.map((time, i) => usage(`e${i}`, 'calls', '1', minute(time))));
          await law.suite.settle();
          for (const charge of await law.charges()) {
            const isBefore = charge.occurred_at < minute(change).replace('.000Z', '.000000Z');
            assert.equal(charge.amount, isBefore ? '0.1' : '0.05');
          }
          assert.equal((await law.charges()).length, times.length);
        },
      ),
      runs(3),
    );
  });

  it('14: an edit of the catalogue changes no invoice and no receipt of the past, and a price below zero is refused', async () => {
    const price = fc
      .integer({ min: 0, max: 99_999 })
      .map((cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`);
    const edits = fc.array(fc.record({ fee: price, call: price, isOwn: fc.boolean() }), { minLength: 1, maxLength: 3 });
    const bad = fc.oneof(
      fc.constantFrom('-1', '-0.000001', 'NaN', '1e9', 'Infinity', '', '1'.repeat(40), '0.1234567890123'),
      fc.integer({ min: -1000, max: -1 }).map(String),
    );
    await fc.assert(
      fc.asyncProperty(edits, bad, fc.integer({ min: 1, max: 99 }), async (all, unit_amount, calls) => {
        await law.again();
        await law.open();
        await law.send('k', calls, minute(0));
        await law.closeMarch();
        const before = JSON.stringify([await law.shop.invoices(), await law.suite.entries(law.shop.tenant)]);
        for (const { fee, call, isOwn } of all) {
          const model = { type: 'per_unit', unit_amount: call };
          await law.shop.plan({
            ...{ plan_id: 'pro', anchor: 'calendar', usage: [{ metric_name: 'calls', model }] },
            fees: [{ item_id: 'base', model: { type: 'flat', amount: fee } }],
          });
          if (!isOwn) continue;
          const own = { price_id: `own.${call}`, version: '1', currency: 'EUR', model };
          await law.shop.do(law.shop.operator, 'PUT', '/plans/pro/prices/calls', own);
        }
        await law.suite.runInvoices();
        assert.equal(JSON.stringify([await law.shop.invoices(), await law.suite.entries(law.shop.tenant)]), before);
        // Usage of March that comes after the edits costs what March cost: one call at 0.10.
        await law.send('late', 1, minute(1));
        await law.suite.settle();
        assert.equal((await law.charges()).at(-1)!.amount, '0.1');
        const refused = await law.shop.refused(law.shop.operator, 'POST', '/plans', {
          ...{ plan_id: 'bad', name: 'bad', currency: 'EUR', interval: { unit: 'month', count: 1 }, fees: [] },
          usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount } }],
        });
        assert.match(refused, /^4/);
        await law.shop.prove();
      }),
      runs(2),
    );
  });

  it('15: from every line of every invoice to its receipts and back, and from every event to its receipt and its proof', async () => {
    const usual = step.filter(({ does }) => ['send', 'resend', 'change', 'correct', 'wait', 'adjust'].includes(does));
    await fc.assert(
      fc.asyncProperty(place, fc.array(usual, { minLength: 8, maxLength: 14 }), async (where, steps) => {
        const history = await History.begin(where);
        try {
          for (const one of steps) await history.do(one);
          await history.do({ does: 'wait', afterHours: 24 * 32, pick: 0, size: 1 });
          // The audit goes from each line to its receipts and back.
          const { entries } = await history.prove();
          for (const { id } of history.receipts) {
            const found = await history.shop.do<{ state: string; entry: { typ: string; seq: string }; proof: unknown }>(
              ...([history.shop.customer, 'GET', `/receipts/${id}`] as const),
            );
            const entry = entries[Number(found.entry.seq)]!;
            assert.deepEqual([found.state, found.entry.typ], ['billed', 'charge']);
            assert.deepEqual(found.entry, entry);
            assert.notEqual(found.proof, null);
          }
        } finally {
          await history.close();
        }
      }),
      { ...runs(2), endOnFailure: true },
    );
  });
});
