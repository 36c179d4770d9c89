import assert from 'node:assert/strict';
import { runInvoices } from '../../functions/run-invoices/run-invoices.ts';
import type { InvoiceDocument, InvoiceLine } from '../../shared/domain/invoice/invoice.ts';
import type { EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { type AccountPlan, accountOf, flat, perUnit, tiered, usage } from '../support/account.ts';
import { naiveSum } from '../support/naive-pricing.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const MARCH = '2026-03-01T00:00:00.000000Z/2026-04-01T00:00:00.000000Z';
const APRIL = '2026-04-01T00:00:00.000000Z/2026-05-01T00:00:00.000000Z';
const ONE_METER: AccountPlan = { meters: { api_calls: { model: perUnit('1') } } };
let keys = 0;
const calls = (quantity: string, time: string, more = {}) => usage(`key-${++keys}`, 'api_calls', quantity, time, more);

describe('run-invoices closes what is over', () => {
  let suite: TestSuite;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-15T12:00:00Z' });
  });
  afterEach(() => suite.close());

  const invoicesOf = async (client: Client): Promise<InvoiceDocument[]> => {
    const { data } = await client.read<{ data: { number: string }[] }>('/api/v1/billing/invoices?limit=100');
    return Promise.all(
      data.map(async ({ number }) => {
        const { document } = await client.read<{ document: InvoiceDocument }>(`/api/v1/billing/invoices/${number}`);
        return document;
      }),
    );
  };
  const lineOf = ({ meter, period, exact, amount }: InvoiceLine): string =>
    `${meter} of ${period.slice(0, 10)}: ${exact} -> ${amount}`;
  const numbersOf = (run: { issued: readonly { number: string }[] }): string[] =>
    run.issued.map(({ number }) => number);

  describe('once, and not before its time', () => {
    it('a month that ends on 1 April is closed after an hour of grace: not at 00:59:59.999999, but at 01:00', async () => {
      await suite.organization(accountOf('acme', ONE_METER));
      suite.goTo('2026-04-01T00:59:59.999999Z');
      assert.deepEqual(await suite.runInvoices(), { issued: [], rung: [], skipped: [] });
      suite.goTo('2026-04-01T01:00:00Z');
      assert.deepEqual(numbersOf(await suite.runInvoices()), ['INV-2026-000001']);
    });

    it('three days of grace are three days', async () => {
      await suite.organization(accountOf('acme', { ...ONE_METER, graceMinutes: 3 * 24 * 60 }));
      suite.goTo('2026-04-03T23:59:59Z');
      assert.deepEqual(numbersOf(await suite.runInvoices()), []);
      suite.goTo('2026-04-04T00:00:00Z');
      assert.equal((await suite.runInvoices()).issued.length, 1);
    });

    it('a month in Berlin ends when it ends in Berlin: 31 March 22:00 UTC, in summer time', async () => {
      // March begins there on 28 February at 23:00 UTC, in winter time.
      const berlin = { ...ONE_METER, zone: 'Europe/Berlin', start: '2026-02-28T23:00:00Z', graceMinutes: 0 };
      const acme = await suite.organization(accountOf('acme', berlin));
      suite.goTo('2026-03-31T21:59:59.999999Z');
      assert.deepEqual(numbersOf(await suite.runInvoices()), []);
      suite.goTo('2026-03-31T22:00:00Z');
      assert.equal((await suite.runInvoices()).issued.length, 1);
      assert.equal((await invoicesOf(acme))[0]!.period, '2026-02-28T23:00:00.000000Z/2026-03-31T22:00:00.000000Z');
    });

    it('run again and again, and eight times at once: one invoice per organization and period, numbers without a gap', async () => {
      const tenants = ['acme', 'globex', 'hooli', 'initech', 'umbrella'];
      for (const tenant of tenants) await suite.organization(accountOf(tenant, ONE_METER));
      suite.goTo('2026-04-01T01:00:00Z');
      const bus = { publish: async () => undefined };
      const runs = await Promise.all(Array.from({ length: 8 }, () => runInvoices({ ...suite.platform, bus })));
      assert.deepEqual((await suite.runInvoices()).issued, []);
      const issued = runs.flatMap((run) => run.issued);
      assert.deepEqual(issued.map(({ tenant }) => tenant).sort(), tenants);
      assert.deepEqual(
        numbersOf({ issued }).sort(),
        [1, 2, 3, 4, 5].map((n) => `INV-2026-00000${n}`),
      );
      assert.deepEqual([suite.counts()['invoices'], suite.counts()['freezes']], [5, 0]);
      for (const tenant of tenants) assert.equal((await suite.entriesOf(tenant, 'close')).length, 1, tenant);
    });

    it('a doorbell that is lost costs a minute: the next run does the 5 that nobody has answered for', async () => {
      for (let n = 0; n < 25; n++) await suite.organization(accountOf(`org-${10 + n}`, ONE_METER));
      suite.goTo('2026-04-01T01:00:00Z');
      const first = await runInvoices({ ...suite.platform, bus: { publish: async () => undefined } });
      suite.goTo('2026-04-01T01:01:00Z');
      const second = await suite.runInvoices();
      assert.deepEqual(second.rung, []);
      assert.deepEqual(second.issued.map(({ tenant }) => tenant).sort(), [...first.rung].sort());
      assert.deepEqual([first.rung.length, suite.counts()['invoices']], [5, 25]);
    });

    it('runs that were missed are made up for period by period: four days off, four invoices, no hour in between', async () => {
      const acme = await suite.organization(
        accountOf('acme', { ...ONE_METER, unit: 'day', start: '2026-03-15T00:00:00Z' }),
      );
      await acme.send(calls('3', '2026-03-15T11:00:00Z'));
      await suite.settle();
      suite.goTo('2026-03-17T06:00:00Z');
      await acme.send(calls('4', '2026-03-16T06:00:00Z'));
      await suite.settle();
      suite.goTo('2026-03-19T06:00:00Z');
      assert.equal((await suite.runInvoices()).issued.length, 4);
      const invoices = await invoicesOf(acme);
      assert.deepEqual(
        invoices.map(({ period, total }) => [period.slice(0, 10), total]),
        [
          ['2026-03-15', '300'],
          ['2026-03-16', '400'],
          ['2026-03-17', '0'],
          ['2026-03-18', '0'],
        ],
      );
      for (const [i, { period }] of invoices.entries()) {
        if (i > 0) assert.equal(period.slice(0, 27), invoices[i - 1]!.period.slice(28));
      }
    });

    it('numbers begin again with the year, and begin with what the issuer is called', async () => {
      await suite.close();
      suite = await TestSuite.start({ at: '2026-12-15T00:00:00Z', config: { invoicePrefix: 'ACME-DE' } });
      await suite.organization(accountOf('acme', { ...ONE_METER, start: '2026-11-01T00:00:00Z' }));
      assert.deepEqual(numbersOf(await suite.runInvoices()), ['ACME-DE-2026-000001']);
      suite.goTo('2027-01-02T00:00:00Z');
      assert.deepEqual(numbersOf(await suite.runInvoices()), ['ACME-DE-2027-000001']);
      suite.goTo('2027-02-02T00:00:00Z');
      assert.deepEqual(numbersOf(await suite.runInvoices()), ['ACME-DE-2027-000002']);
    });

    it('two subscriptions are two invoices, each with its own usage', async () => {
      const acme = await suite.organization(accountOf('acme', { ...ONE_METER, subscriptions: ['left', 'right'] }));
      await acme.send(
        ['left', 'right', 'right'].map((subscription_id) => calls('2', '2026-03-15T00:00:00Z', { subscription_id })),
      );
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      assert.deepEqual(
        (await invoicesOf(acme)).map(({ subscription, total }) => [subscription, total]),
        [
          ['left', '200'],
          ['right', '400'],
        ],
      );
    });

    it('25 organizations due at once: the call does 20, five get a doorbell, and each has one invoice', async () => {
      const tenants = Array.from({ length: 25 }, (_, i) => `org-${String(i).padStart(2, '0')}`);
      for (const tenant of tenants) await suite.organization(accountOf(tenant, ONE_METER));
      suite.goTo('2026-04-01T01:00:00Z');
      const { issued, rung, skipped } = await suite.runInvoices();
      assert.deepEqual([issued.length, rung.length, skipped.length], [20, 5, 0]);
      assert.deepEqual([...issued.map(({ tenant }) => tenant), ...rung].sort(), tenants);
      await suite.platform.bus.idle();
      const rows = suite.sql('SELECT tenant, number FROM invoices ORDER BY number');
      assert.deepEqual(rows.map(({ tenant }) => String(tenant)).sort(), tenants);
      assert.equal(rows.at(-1)?.['number'], 'INV-2026-000025');
    });

    it('one organization whose document cannot be read is passed over and reported; everybody else gets an invoice', async () => {
      for (const tenant of ['acme', 'broken', 'umbrella']) await suite.organization(accountOf(tenant, ONE_METER));
      suite.sql("UPDATE accounts SET document='{}' WHERE tenant='broken'");
      suite.goTo('2026-04-01T01:00:00Z');
      const run = await suite.runInvoices();
      assert.deepEqual(run.issued.map(({ tenant }) => tenant).sort(), ['acme', 'umbrella']);
      assert.deepEqual(run.skipped, [{ tenant: 'broken', reason: 'failed' }]);
      assert.ok(suite.lines.some(({ event, facts }) => event === 'invoice_run_failed' && facts['tenant'] === 'broken'));
    });
  });

  describe('with everything that was accepted in it', () => {
    it('usage that still waits becomes receipts first: 20 events nobody had signed are on the invoice', async () => {
      const acme = await suite.organization(accountOf('acme', ONE_METER));
      await suite.platform.bus.stop();
      for (let i = 0; i < 20; i++) await acme.send(calls('1', '2026-03-15T10:00:00Z'));
      suite.goTo('2026-04-01T01:00:00Z');
      await runInvoices({ ...suite.platform, bus: { publish: async () => undefined } });
      const [invoice] = await invoicesOf(acme);
      assert.deepEqual([invoice?.total, invoice?.lines[0]?.count], ['2000', '20']);
    });

    it('usage that streams in while the period closes is billed once, in one of the two periods', async () => {
      const acme = await suite.organization(accountOf('acme', ONE_METER));
      suite.goTo('2026-04-01T01:00:00Z');
      const sending = Array.from({ length: 30 }, () =>
        acme.send([calls('1', '2026-03-31T23:59:59.999999Z'), calls('1', '2026-04-01T00:00:00Z')]),
      );
      const running = Array.from({ length: 3 }, () => suite.runInvoices());
      await Promise.all([...sending, ...running]);
      await suite.settle();
      suite.goTo('2026-05-01T01:00:00Z');
      await suite.runInvoices();
      const invoices = await invoicesOf(acme);
      assert.deepEqual(
        invoices.map(({ period }) => period),
        [MARCH, APRIL],
      );
      const counts = invoices.flatMap(({ lines }) =>
        lines.map(({ period, count }) => [period, Number(count)] as const),
      );
      const billed = (period: string) => counts.filter(([own]) => own === period).reduce((sum, [, n]) => sum + n, 0);
      assert.deepEqual([billed(MARCH), billed(APRIL)], [30, 30]);
      assert.equal(new Set((await suite.entriesOf('acme', 'charge')).map(({ event_id }) => event_id)).size, 60);
      assert.deepEqual((await suite.deep(true)).faults, []);
    });

    it('a line’s range of the ledger leads to exactly its receipts, and they add up to it', async () => {
      const acme = await suite.organization(
        accountOf('acme', {
          meters: {
            api_calls: {
              model: tiered('graduated', ['50', '0.1'], [null, '0.07']),
              later: { '2026-03-10T00:00:00Z': perUnit('0.033') },
            },
            storage: { model: tiered('volume', ['5', '2', '1'], [null, '1.5']) },
          },
        }),
      );
      for (let i = 0; i < 12; i++) {
        const day = String(1 + ((i * 5) % 15)).padStart(2, '0');
        const time = `2026-03-${day}T08:00:00Z`;
        await acme.send([
          ...Array.from({ length: 10 }, (_, at) => calls(`${at}.${i + 1}`, time)),
          usage(`s-${i}`, 'storage', '0.7', time),
        ]);
      }
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      const [invoice] = await invoicesOf(acme);
      const entries = await suite.entries('acme');
      assert.equal(invoice!.lines.length, 3);
      let summed = 0;
      for (const line of invoice!.lines) {
        const own = entries
          .slice(Number(line.first_seq), Number(line.last_seq) + 1)
          .filter(
            (entry): entry is EntryOf<'charge'> | EntryOf<'fee'> =>
              (entry.typ === 'charge' || entry.typ === 'fee') &&
              entry.meter === line.meter &&
              entry.price_digest === line.price_digest,
          );
        assert.equal(String(own.length), line.count, line.meter);
        assert.equal(own[0]!.seq, line.first_seq);
        assert.equal(own.at(-1)!.seq, line.last_seq);
        assert.equal(naiveSum(...own.map(({ amount }) => amount)), line.exact);
        summed += own.length;
      }
      // 120 calls, 12 of storage, the base fee of storage
      assert.equal(summed, 133);
    });
  });

  describe('late usage belongs to its own period and is billed in the next', () => {
    const tiers = tiered('graduated', ['10', '1'], [null, '0.5']);

    it('8 calls in March, 5 in April, and 4 more of March that come in April: March 8.00, April 5.00 and 3.00 for March', async () => {
      // March: 8 x 1 = 8. The late 4 take March from 8 to 12: 2 x 1 + 2 x 0.5 = 3. April counts from 0: 5 x 1 = 5.
      const acme = await suite.organization(accountOf('acme', { meters: { api_calls: { model: tiers } } }));
      await acme.send(calls('8', '2026-03-15T00:00:00Z'));
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      const [march] = await invoicesOf(acme);
      suite.goTo('2026-04-10T00:00:00Z');
      await acme.send(calls('5', '2026-04-09T00:00:00Z'));
      await acme.send(calls('4', '2026-03-20T00:00:00Z'));
      suite.goTo('2026-05-01T01:00:00Z');
      await suite.runInvoices();
      const [again, april] = await invoicesOf(acme);
      assert.deepEqual(again, march);
      assert.deepEqual([march!.total, march!.lines.map(lineOf)], ['800', ['api_calls of 2026-03-01: 8 -> 800']]);
      assert.equal(april!.total, '800');
      assert.deepEqual(april!.lines.map(lineOf), [
        'api_calls of 2026-04-01: 5 -> 500',
        'api_calls of 2026-03-01: 3 -> 300',
      ]);
      const late = april!.lines[1]!;
      assert.deepEqual([late.before, late.after], ['8', '12']);
      // Two requests of one instant: which of them is numbered first is chance.
      const charge = (await suite.entriesOf('acme', 'charge')).find(({ quantity }) => quantity === '4')!;
      assert.deepEqual([charge.period, charge.billed_in], [MARCH, APRIL]);
      assert.deepEqual((await suite.deep(true)).faults, []);
    });

    it('what cost 1 in March and 2 from April on: late usage of March is billed at 1', async () => {
      const model = { model: perUnit('1'), later: { '2026-04-01T00:00:00Z': perUnit('2') } };
      const acme = await suite.organization(accountOf('acme', { meters: { api_calls: model } }));
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      await acme.send([calls('7', '2026-03-31T23:59:59.999999Z'), calls('7', '2026-04-01T00:00:00Z')]);
      suite.goTo('2026-05-01T01:00:00Z');
      await suite.runInvoices();
      assert.deepEqual((await invoicesOf(acme))[1]!.lines.map(lineOf), [
        'api_calls of 2026-04-01: 14 -> 1400',
        'api_calls of 2026-03-01: 7 -> 700',
      ]);
    });

    it('late twice: in April 4 of March, in May one more, which finds March at 12 and costs 0.50', async () => {
      const acme = await suite.organization(
        accountOf('acme', { latenessDays: 90, meters: { api_calls: { model: tiers } } }),
      );
      await acme.send(calls('8', '2026-03-15T00:00:00Z'));
      for (const [close, quantity] of [
        ['2026-04-01', '4'],
        ['2026-05-01', '1'],
      ] as const) {
        suite.goTo(`${close}T01:00:00Z`);
        await suite.runInvoices();
        await acme.send(calls(quantity, '2026-03-20T00:00:00Z'));
      }
      suite.goTo('2026-06-01T01:00:00Z');
      await suite.runInvoices();
      assert.deepEqual(
        (await invoicesOf(acme)).map(({ total }) => total),
        ['800', '300', '50'],
      );
      assert.deepEqual((await suite.deep(true)).faults, []);
    });

    it('usage that comes after the end but within the grace is not late at all', async () => {
      const acme = await suite.organization(accountOf('acme', ONE_METER));
      suite.goTo('2026-04-01T00:59:00Z');
      await acme.send(calls('6', '2026-03-31T12:00:00Z'));
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      assert.deepEqual(
        (await invoicesOf(acme)).map(({ total }) => total),
        ['600'],
      );
    });
  });

  describe('what is due at no usage', () => {
    it('a subscription that begins on 10 March has no price on the 1st: its first price’s base of 9.90 is due all the same', async () => {
      const document = accountOf('acme', {
        start: '2026-03-10T00:00:00Z',
        meters: { platform: { model: flat('9.9') } },
      });
      const subscriptions = document.subscriptions.map((one) => ({
        ...one,
        calendar: { ...one.calendar, anchor: '2026-03-01T00:00:00Z' },
      }));
      const fromTheTenth = { ...document, subscriptions };
      const acme = await suite.organization(fromTheTenth);
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      const [invoice] = await invoicesOf(acme);
      assert.deepEqual([invoice!.period, invoice!.total], [MARCH, '990']);
    });

    it('a flat 9.90 and a first tier of 5 are due in a month in which nothing happened: 14.90', async () => {
      const acme = await suite.organization(
        accountOf('acme', {
          meters: {
            api_calls: { model: tiered('graduated', ['100', '1', '5'], [null, '0.5', '7']) },
            platform: { model: flat('9.9') },
          },
        }),
      );
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      const [invoice] = await invoicesOf(acme);
      assert.equal(invoice!.total, '1490');
      assert.deepEqual(
        invoice!.lines.map((line) => [line.meter, line.base, line.exact, line.count]),
        [
          ['api_calls', '5', '5', '1'],
          ['platform', '9.9', '9.9', '1'],
        ],
      );
      assert.deepEqual((await suite.deep(true)).faults, []);
    });

    it('with 102 calls the first tier’s 5 is billed once: 5 + 100 x 1 + 7 + 2 x 0.5 = 113', async () => {
      const acme = await suite.organization(
        accountOf('acme', {
          meters: { api_calls: { model: tiered('graduated', ['100', '1', '5'], [null, '0.5', '7']) } },
        }),
      );
      await acme.send([calls('60', '2026-03-15T00:00:00Z'), calls('42', '2026-03-15T00:00:00Z')]);
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      assert.deepEqual((await invoicesOf(acme))[0]!.lines.map(lineOf), ['api_calls of 2026-03-01: 113 -> 11300']);
    });

    it('a month of nothing at all still has its invoice, over 0, with no line', async () => {
      const acme = await suite.organization(accountOf('acme', ONE_METER));
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      assert.deepEqual(
        (await invoicesOf(acme)).map(({ total, lines }) => [total, lines]),
        [['0', []]],
      );
    });
  });

  describe('each line is rounded once, half away from zero, to what the currency can pay', () => {
    const meters = (a: string, b: string, c: string): AccountPlan['meters'] => ({
      a: { model: perUnit(a) },
      b: { model: perUnit(b) },
      c: { model: perUnit(c) },
    });
    const invoiceIn = async (currency: string, plan: AccountPlan['meters'], quantities: readonly string[]) => {
      const acme = await suite.organization(accountOf('acme', { currency, meters: plan }));
      await acme.send(['a', 'b', 'c'].map((meter, i) => usage(meter, meter, quantities[i]!, '2026-03-15T00:00:00Z')));
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      const [invoice] = await invoicesOf(acme);
      return [invoice!.currency, invoice!.lines.map(({ exact, amount }) => `${exact} -> ${amount}`), invoice!.total];
    };

    it('USD: 0.125 is 13 cents, 0.1249 is 12, 0.005 is 1: together 26 cents, though 0.2549 is only 25', async () => {
      // 25 x 0.005 = 0.125;  12.49 x 0.01 = 0.1249;  0.5 x 0.01 = 0.005
      assert.deepEqual(await invoiceIn('USD', meters('0.005', '0.01', '0.01'), ['25', '12.49', '0.5']), [
        ...(['USD', ['0.125 -> 13', '0.1249 -> 12', '0.005 -> 1'], '26'] as const),
      ]);
    });

    it('JPY has no decimals: 0.5 is 1 yen, 1.499999 is 1, 1234.5 is 1235: together 1237', async () => {
      assert.deepEqual(await invoiceIn('JPY', meters('0.5', '1', '2469'), ['1', '1.499999', '0.5']), [
        ...(['JPY', ['0.5 -> 1', '1.499999 -> 1', '1234.5 -> 1235'], '1237'] as const),
      ]);
    });

    it('KWD has three: 0.0005 is 1 fils, 0.00049 is none, 2.0625 is 2063: together 2.064', async () => {
      assert.deepEqual(await invoiceIn('KWD', meters('0.0005', '0.00049', '0.125'), ['1', '1', '16.5']), [
        ...(['KWD', ['0.0005 -> 1', '0.00049 -> 0', '2.0625 -> 2063'], '2064'] as const),
      ]);
    });

    it('a thousand small events are not rounded one by one: 1,000 x 0.001 is 1.00, not 0', async () => {
      const acme = await suite.organization(accountOf('acme', { meters: { api_calls: { model: perUnit('0.001') } } }));
      await acme.send(Array.from({ length: 1000 }, () => calls('1', '2026-03-15T00:00:00Z')));
      suite.goTo('2026-04-01T01:00:00Z');
      await suite.runInvoices();
      assert.deepEqual(
        (await invoicesOf(acme)).map(({ total }) => total),
        ['100'],
      );
    });
  });
});
