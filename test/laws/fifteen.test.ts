import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LawShop, minute } from './law-shop.ts';
import { patience, runs } from './runs.ts';

/**
 * Fifteen ways in which billing systems failed people, repeatedly and in public, each as a law of this one. Numbers as in their list; 4
 * and 5 are in periods.test.ts, 8 to 15 in fifteen-more.test.ts, 10 and the arithmetic of 6 and 12 in arithmetic.test.ts. Each is tried
 * more often by TALLYSTICK_RUNS.
 */
describe('what others got wrong with time and retries', function () {
  this.timeout(patience(120_000));
  const law = new LawShop();
  beforeEach(() => law.again());
  afterEach(() => law.suite.close());

  it('1: an event is billed once, however often and in whatever order it is sent again, up to 400 days later', async () => {
    const sendings = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b', 'c'), day: fc.integer({ min: 0, max: 400 }) }),
      { minLength: 4, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(sendings, async (sent) => {
        await law.again();
        await law.open();
        const first = new Map<string, string>();
        for (const { key, day } of sent.toSorted((a, b) => a.day - b.day)) {
          law.suite.goTo(minute(day * 1440 + 5));
          const answer = await law.send(key, 3, minute(0));
          if (answer.status === 'refused') assert.equal(answer.code, 'timestamp_out_of_window');
          else assert.equal(answer.receipt_id, first.get(key) ?? answer.receipt_id);
          if (answer.status === 'accepted') first.set(key, answer.receipt_id!);
          // The same key with another content changes nothing.
          const other = await law.send(key, 4, minute(0));
          assert.ok(
            ['idempotency_conflict', 'timestamp_out_of_window'].includes(other.code ?? ''),
            other.code ?? other.status,
          );
          await law.suite.platform.bus.idle();
        }
        assert.equal((await law.charges()).length, first.size);
      }),
      runs(3),
    );
  });

  it('2: a late event is billed in its period, or as late in the open one, or refused with the reason: nothing vanishes', async () => {
    const hours = fc.array(fc.integer({ min: 0, max: 24 * 50 }), { minLength: 3, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(hours, async (delays) => {
        await law.again();
        await law.open();
        let accepted = 0;
        for (const [i, delay] of delays.toSorted((a, b) => a - b).entries()) {
          law.suite.goTo(minute(delay * 60 + 10));
          await law.suite.runInvoices();
          const { status, code, receipt_id } = await law.send(`k${i}`, 1, minute(1));
          if (status === 'refused') assert.deepEqual([code, delay >= 35 * 24], ['timestamp_out_of_window', true]);
          else {
            accepted++;
            await law.suite.platform.bus.idle();
            const { state } = await law.shop.do<{ state: string }>(law.shop.customer, 'GET', `/receipts/${receipt_id}`);
            assert.equal(state, 'billed');
          }
        }
        law.suite.goTo('2026-06-01T02:00:00Z');
        await law.suite.runInvoices();
        const billed = (await law.shop.invoices()).flatMap(({ lines }) => lines.filter(({ kind }) => kind === 'usage'));
        assert.equal(
          billed.reduce((sum, { count }) => sum + Number(count), 0),
          accepted,
        );
        await law.shop.prove();
      }),
      runs(2),
    );
  });

  it('3: a cancellation at whatever minute, also that of an event, loses no usage: billed and refused are what was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40_000 }), fc.boolean(), async (at, isTogether) => {
        await law.again();
        await law.open();
        law.suite.goTo(minute(at));
        await law.send('before', 5, minute(at - 1));
        const [, last] = await Promise.all([
          law.shop.act('main', 'cancel', { when: 'now' }),
          isTogether ? law.send('same', 7, minute(at)) : undefined,
        ]);
        law.suite.goTo('2026-04-01T02:00:00Z');
        await law.suite.settle();
        await law.suite.runInvoices();
        const billed = (await law.shop.invoices()).flatMap(({ lines }) => lines).filter(({ kind }) => kind === 'usage');
        const units = billed.reduce((sum, { exact }) => sum + Math.round(Number(exact) * 10), 0);
        assert.equal(units, 5 + (last?.status === 'accepted' ? 7 : 0));
        await law.shop.prove();
      }),
      runs(3),
    );
  });

  it('6: changing to the same price any number of times costs nothing, and to another and back at one instant neither', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 43_000 }), { minLength: 1, maxLength: 4 }),
        async (minutes) => {
          await law.again();
          await law.open();
          for (const at of minutes.toSorted((a, b) => a - b)) {
            law.suite.goTo(minute(at));
            await law.shop.act('main', 'change', { plan_id: 'max' });
            await law.shop.act('main', 'change', { plan_id: 'pro' });
          }
          const { lines } = await law.closeMarch();
          const sum = lines.reduce((all, { exact }) => all + Math.round(Number(exact) * 1e6), 0);
          // April in advance, and not a millionth for March.
          assert.equal(sum, 31_000_000);
          await law.shop.prove();
        },
      ),
      runs(2),
    );
  });

  it('7: a bill run fired by many at once, rung twice over, dying half way: each period is invoiced once, and numbers leave none out', async () => {
    const round = fc.record({
      atOnce: fc.integer({ min: 1, max: 6 }),
      rings: fc.nat(3),
      diesAfter: fc.option(fc.nat(5), { nil: undefined }),
      isNextMonth: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 2, maxLength: 4 }), async (rounds) => {
        await law.again();
        const tenants: string[] = [];
        for (let i = 0; i < 3; i++) tenants.push((await law.open()).tenant);
        let month = 3;
        for (const { atOnce, rings, diesAfter, isNextMonth } of rounds) {
          if (isNextMonth) law.suite.goTo(new Date(Date.UTC(2026, month++, 1, 2)).toISOString());
          const { bus } = law.suite.platform;
          const publish = bus.publish.bind(bus);
          let said = 0;
          bus.publish = (message) => {
            // What is announced comes after the commit: here the process is gone.
            if (diesAfter !== undefined && said++ >= diesAfter) return Promise.reject(new Error('the process dies'));
            return publish(message);
          };
          await Promise.all([
            ...Array.from({ length: atOnce }, () => law.suite.runInvoices()),
            ...Array.from({ length: rings }, (_, i) => law.suite.ring('run-invoices', { tenant: tenants[i % 3]! })),
          ]);
          bus.publish = publish;
          await bus.idle();
        }
        await law.suite.runInvoices();
        const rows = law.suite.sql('SELECT number, tenant, period, kind FROM invoices ORDER BY number');
        // Each of the three has an invoice of its beginning, and one of every month that is over.
        const expected = 3 * (month - 3 + 1);
        assert.deepEqual(
          rows.map(({ number }) => String(number)),
          Array.from({ length: expected }, (_, i) => `INV-2026-${String(i + 1).padStart(6, '0')}`),
        );
        assert.equal(new Set(rows.map(({ tenant, period, kind }) => `${tenant} ${period} ${kind}`)).size, expected);
        for (const tenant of tenants) assert.equal((await law.suite.entriesOf(tenant, 'close')).length, month - 3);
        await law.shop.prove();
      }),
      runs(3),
    );
  });
});
