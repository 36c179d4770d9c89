import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readCanonicalDecimal } from '../../shared/domain/decimals.ts';
import { usage } from '../support/account.ts';
import { Shop } from '../support/shop.ts';
import { TestSuite } from '../support/suite.ts';
import { runs } from './runs.ts';

type Act = readonly [what: (typeof ACTS)[number], hours: number, amount: number];
const ACTS = [
  'use',
  'change',
  'seats',
  'pause',
  'resume',
  'cancel',
  'keep',
  'correct',
  'adjust',
  'credit',
  'note',
  'pay',
  'void',
  'invoice',
  'run',
] as const;
const START = Date.UTC(2026, 2, 1);
/** What a request may be answered that the state of things does not allow. */
const REFUSED = new Set([400, 404, 409, 422]);
const exact = (text: string): bigint => readCanonicalDecimal(text, 24)!;

describe('conservation', function () {
  this.timeout(300_000);

  it('whatever is done in whatever order: each event is billed once, entries add up to invoices and open sums, every bundle verifies', async () => {
    const history = fc.array(
      fc.tuple(fc.constantFrom(...ACTS), fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 5000 })),
      { minLength: 6, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(history, async (acts) => {
        const suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
        try {
          await live(suite, acts);
        } finally {
          await suite.close();
        }
      }),
      runs(4),
    );
  });
});

async function live(suite: TestSuite, acts: readonly Act[]): Promise<void> {
  const shop = await Shop.open(suite, { organization_id: 'acme', zone: 'Europe/Berlin' });
  await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
  for (const [plan_id, base, call] of [
    ['pro', '31', '0.10'],
    ['max', '62.5', '0.05'],
  ] as const) {
    await shop.plan({
      plan_id,
      fees: [
        { item_id: 'base', model: { type: 'flat', amount: base } },
        { item_id: 'seats', quantity: 'seats', model: { type: 'per_unit', unit_amount: '7' } },
      ],
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: call } }],
    });
  }
  await shop.subscribe({ plan_id: 'pro', subscription_id: 'main', quantity: '2' });
  let accepted = 0;
  let now = START;
  const receipts: string[] = [];
  for (const [n, [what, hours, amount]] of acts.entries()) {
    now += hours * 3_600_000;
    suite.goTo(new Date(now).toISOString());
    const ask = async (path: string, body: object): Promise<void> => {
      const { status } = await shop.operator.call('POST', `/api/v1/billing${path}`, body, {
        'Idempotency-Key': `k${n}`,
      });
      assert.ok(status < 300 || REFUSED.has(status), `${path} answered ${status}`);
    };
    const { data } = await shop.do<{ data: { number: string }[] }>(shop.customer, 'GET', '/invoices');
    const number = data[amount % Math.max(data.length, 1)]?.number ?? 'INV-2026-000001';
    switch (what) {
      case 'use': {
        const time = new Date(now - (amount % 40) * 86_400_000).toISOString();
        const { results } = await shop.customer.send(usage(`e${n}`, 'calls', String(amount), time));
        const [result] = results;
        if (result?.status === 'accepted') {
          accepted++;
          receipts.push(result.receipt_id!);
        }
        break;
      }
      case 'change':
        await ask('/subscriptions/main/change', {
          plan_id: amount % 2 === 0 ? 'pro' : 'max',
          when: amount % 3 === 0 ? 'period_end' : 'now',
          ...(amount % 5 === 0 && { invoice_now: true }),
        });
        break;
      case 'seats':
        await ask('/subscriptions/main/change', { quantity: String(amount % 9) });
        break;
      case 'pause':
      case 'resume':
        await ask(`/subscriptions/main/${what}`, {});
        break;
      case 'cancel':
        await ask('/subscriptions/main/cancel', { when: amount % 3 === 0 ? 'now' : 'period_end' });
        break;
      case 'keep':
        await ask('/subscriptions/main/reactivate', {});
        break;
      case 'correct':
        if (receipts.length > 0)
          await ask('/corrections', { receipt_id: receipts[amount % receipts.length], quantity: String(amount % 7) });
        break;
      case 'adjust':
        await ask('/adjustments', {
          subscription_id: 'main',
          amount: `${amount % 2 === 0 ? '-' : ''}${amount / 100}`,
          reason: 'extra',
        });
        break;
      case 'credit':
        await ask('/credits', { amount: String(amount), currency: 'EUR' });
        break;
      case 'note':
        await ask('/credit-notes', {
          invoice_number: number,
          amount: String(amount),
          refundable: (['none', 'credit', 'refund'] as const)[amount % 3]!,
        });
        break;
      case 'pay':
        await ask(`/invoices/${number}/payments`, { amount: String(amount) });
        break;
      case 'void':
        await ask(`/invoices/${number}/void`, {});
        break;
      case 'invoice':
        await ask('/invoices', { subscription_id: 'main' });
        break;
      case 'run':
        await suite.runInvoices();
    }
  }
  await suite.settle();
  const run = await suite.runInvoices();
  assert.deepEqual(run.skipped, []);
  const entries = await suite.entries('acme');
  const charges = entries.filter((entry) => entry.typ === 'charge');
  assert.equal(charges.length, accepted);
  assert.equal(new Set(charges.map(({ event_id }) => event_id)).size, accepted);
  // Every entry that bills is in exactly one place: on an invoice, or in a sum that is open.
  const billed = entries
    .filter(({ typ }) => ['charge', 'fee', 'true_up', 'adjustment', 'correction'].includes(typ))
    .reduce((sum, entry) => sum + exact((entry as { amount: string }).amount), 0n);
  const invoices = await shop.invoices();
  const invoiced = invoices
    .flatMap(({ lines }) => lines)
    .reduce((sum, one) => sum + exact(one.exact) - exact(one.base), 0n);
  const { periods } = await suite.platform.ledger.books(shop.tenant as never);
  const open = [...periods.values()]
    .flatMap(({ lines }) => [...lines.values()])
    .reduce((sum, one) => sum + one.amount - one.base, 0n);
  assert.equal(invoiced + open, billed);
  const years = Map.groupBy(invoices, ({ number }) => number.slice(0, 8));
  for (const some of years.values()) {
    assert.deepEqual(
      some.map(({ number }) => Number(number.slice(9))).sort((a, b) => a - b),
      some.map((_, i) => i + 1),
    );
  }
  await shop.prove();
}
