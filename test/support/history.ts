import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { instantOfMicros, microsOf, plusMicros } from '../../shared/domain/time.ts';
import { usage } from './account.ts';
import { audit, type Shown, type ShownBalance } from './auditor.ts';
import { Shop } from './shop.ts';
import { TestSuite } from './suite.ts';

const API = '/api/v1/billing';
const HOUR_MICROS = 3_600_000_000n;

/** Something that somebody does, some hours after what was done before. Numbers are picks: which one, of how many there are. */
export interface Step {
  readonly does:
    | 'wait'
    | 'send'
    | 'resend'
    | 'change'
    | 'seats'
    | 'pause'
    | 'resume'
    | 'cancel'
    | 'reactivate'
    | 'correct'
    | 'adjust'
    | 'credit'
    | 'revoke'
    | 'note'
    | 'pay'
    | 'void'
    | 'write_off'
    | 'invoice'
    | 'discount'
    | 'subscribe';
  readonly afterHours: number;
  readonly pick: number;
  readonly size: number;
}

const often: readonly Step['does'][] = ['wait', 'send', 'send', 'send', 'change', 'correct', 'note', 'pay'];
const seldom: readonly Step['does'][] = [
  ...(['resend', 'seats', 'pause', 'resume', 'cancel', 'reactivate', 'adjust', 'credit', 'revoke'] as const),
  ...(['void', 'write_off', 'invoice', 'discount', 'subscribe'] as const),
];

export const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom(...often, ...seldom),
  // Mostly within days, sometimes beyond the end of the month; often within the same instant.
  afterHours: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 80 }), fc.integer({ min: 200, max: 800 })),
  pick: fc.nat(1000),
  size: fc.integer({ min: 1, max: 9999 }),
});

/** What differs from one history to the next beside its steps. */
export const place = fc.record({
  currency: fc.constantFrom('EUR', 'JPY', 'KWD'),
  zone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Apia'),
  behavior: fc.constantFrom('exclusive', 'inclusive', undefined),
  anchor: fc.constantFrom('calendar', 'anniversary'),
});
export type HistoryPlace = typeof place extends fc.Arbitrary<infer P> ? P : never;

interface Row {
  readonly number: string;
}
interface Receipt {
  readonly id: string;
  readonly quantity: string;
}

/** An organization to which things happen over HTTP, one after the other. What is refused changes no entry. */
export class History {
  readonly shop: Shop;
  readonly suite: TestSuite;
  readonly currency: string;
  /** receipts promised to whoever sent the events */
  readonly receipts: Receipt[] = [];
  readonly done: string[] = [];
  readonly #subscriptions: string[] = [];
  readonly #sent: object[] = [];
  #notes = 0;

  private constructor(shop: Shop, currency: string) {
    this.shop = shop;
    this.suite = shop.suite;
    this.currency = currency;
  }

  static async begin({ currency, zone, behavior, anchor }: HistoryPlace): Promise<History> {
    const suite = await TestSuite.start({ at: '2026-02-20T09:30:00Z' });
    try {
      const rates = [
        { jurisdiction: 'home', category: 'standard', rate: '0.19', treatment: 'taxed' },
        { jurisdiction: 'home', category: 'reduced', rate: '0.07', treatment: 'taxed' },
      ];
      const tax = behavior === undefined ? {} : { tax: { behavior, rates } };
      const shop = await Shop.open(suite, { organization_id: 'acme', currency, zone, ...tax });
      const history = new History(shop, currency);
      await history.#catalogue(anchor);
      await history.do({ does: 'subscribe', afterHours: 0, pick: 0, size: 3 });
      return history;
    } catch (error) {
      await suite.close();
      throw error;
    }
  }

  async #catalogue(anchor: string): Promise<void> {
    const { shop, currency } = this;
    await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
    await shop.metric({ metric_name: 'books', aggregation: 'count' });
    const tiers = (first: string, then: string) => ({
      type: 'graduated',
      tiers: [
        { up_to: '20', unit_amount: first, flat_amount: '1.5' },
        { up_to: null, unit_amount: then },
      ],
    });
    const fee = (amount: string) => [
      { item_id: 'base', model: { type: 'flat', amount } },
      { item_id: 'seats', model: { type: 'per_unit', unit_amount: '3.33' }, quantity: 'seats' },
    ];
    const books = {
      metric_name: 'books',
      tax_category: 'reduced',
      model: { type: 'package', size: '3', amount: '2.49' },
    };
    const plans = [
      { plan_id: 'pro', fees: fee('29.9'), usage: [{ metric_name: 'calls', model: tiers('0.7', '0.31') }, books] },
      { plan_id: 'max', fees: fee('71'), usage: [{ metric_name: 'calls', model: tiers('0.5', '0.0125') }, books] },
      {
        plan_id: 'later',
        timing: 'arrears',
        fees: fee('47.77'),
        usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.333' } }, books],
        commitment: { amount: '25', covers: ['calls'] },
      },
    ];
    for (const plan of plans) await shop.plan({ anchor, currency, ...plan });
  }

  /** Does one thing, or is told why not. */
  async do({ does, afterHours, pick, size }: Step): Promise<void> {
    const { suite } = this;
    if (afterHours > 0) {
      suite.clock.set(plusMicros(suite.clock.now(), BigInt(afterHours) * HOUR_MICROS));
      await suite.runInvoices();
      await suite.platform.bus.idle();
    }
    const before = await this.#size();
    const status = await this.#call(does, pick, size);
    await suite.platform.bus.idle();
    this.done.push(`${suite.clock.now()} ${does} ${pick} ${size}: ${status}`);
    assert.ok(status < 500, this.done.at(-1));
    if (status >= 400) assert.equal(await this.#size(), before, `what is refused is no entry: ${this.done.at(-1)}`);
  }

  async #size(): Promise<number> {
    return (await this.suite.platform.ledger.head(this.shop.customer.tenant))?.size ?? 0;
  }

  async #call(does: Step['does'], pick: number, size: number): Promise<number> {
    const main = this.#subscriptions[pick % Math.max(1, this.#subscriptions.length)] ?? 'none';
    const plan = ['pro', 'max', 'later'][size % 3]!;
    switch (does) {
      case 'wait':
        return 200;
      case 'send':
        return this.#send(main, pick, size);
      case 'resend':
        return this.#resend(pick);
      case 'subscribe':
        return this.#subscribe(plan, size);
      case 'change':
        return this.#post(`/subscriptions/${main}/change`, {
          plan_id: plan,
          ...(pick % 3 === 0 ? { when: 'period_end' } : { invoice_now: pick % 3 === 1 }),
        });
      case 'seats':
        return this.#post(`/subscriptions/${main}/change`, { quantity: String(size % 9) });
      case 'pause':
      case 'resume':
      case 'reactivate':
        return this.#post(`/subscriptions/${main}/${does}`);
      case 'cancel':
        return this.#post(`/subscriptions/${main}/cancel`, { when: pick % 2 === 0 ? 'now' : 'period_end' });
      case 'correct':
        return this.#correct(pick, size);
      default:
        return this.#money(does, main, pick, size);
    }
  }

  async #money(does: Step['does'], main: string, pick: number, size: number): Promise<number> {
    const amount = String(size);
    const number = await this.#invoice(pick);
    switch (does) {
      case 'adjust': {
        const exact = `${pick % 2 === 0 ? '-' : ''}${size}.${String(pick).padStart(4, '0')}5`;
        return this.#post('/adjustments', { subscription_id: main, amount: exact, reason: 'goodwill' }, 'operator');
      }
      case 'credit': {
        const expires = pick % 3 === 0 ? { expires_at: this.#in(BigInt(size % 2000)) } : {};
        return this.#post('/credits', { amount, currency: this.currency, priority: pick % 3, ...expires }, 'operator');
      }
      case 'revoke': {
        const ids = [...(await this.#credits()).keys()];
        return this.#post(`/credits/${ids[pick % Math.max(1, ids.length)] ?? 'none'}/revoke`, undefined, 'operator');
      }
      case 'note': {
        const part = pick % 4 === 0 ? {} : { amount };
        const refundable = ['none', 'credit', 'refund'][this.#notes++ % 3];
        return this.#post('/credit-notes', { invoice_number: number, refundable, ...part }, 'operator');
      }
      case 'pay': {
        const { outstanding } = await this.#balance(number);
        const all = pick % 2 === 0 && outstanding !== '0' ? outstanding : amount;
        return this.#post(`/invoices/${number}/payments`, { amount: all }, 'operator');
      }
      case 'void':
        return this.#post(`/invoices/${number}/void`, undefined, 'operator');
      case 'write_off': {
        const key = { 'Idempotency-Key': `step-${this.done.length}` };
        const response = await this.shop.operator.call('POST', `${API}/invoices/${number}/write-off`, undefined, key);
        const { approval_id } = (await response.json()) as { approval_id?: string };
        if (approval_id === undefined) return response.status;
        return this.#post(`/approvals/${approval_id}/approve`, undefined, 'approver');
      }
      case 'invoice':
        return this.#post('/invoices', { subscription_id: main }, 'operator');
      default: {
        const terms =
          pick % 2 === 0
            ? { percent: '0.125', duration: 'repeating', periods: 2 }
            : { amount, currency: this.currency, duration: 'once' };
        return this.#post(
          `/subscriptions/${main}/discounts`,
          { discount_id: `d-${this.done.length}`, ...terms },
          'operator',
        );
      }
    }
  }

  #in(hours: bigint): string {
    return plusMicros(this.suite.clock.now(), (hours + 1n) * HOUR_MICROS);
  }

  async #post(path: string, body?: object, who: 'customer' | 'operator' | 'approver' = 'customer'): Promise<number> {
    const key = { 'Idempotency-Key': `step-${this.done.length}-${path}` };
    const response = await this.shop[who].call('POST', `${API}${path}`, body, key);
    await response.arrayBuffer();
    return response.status;
  }

  async #subscribe(plan_id: string, size: number): Promise<number> {
    const id = `sub-${this.#subscriptions.length}`;
    if (this.#subscriptions.length === 3) return 409;
    const status = await this.#post('/subscriptions', { plan_id, subscription_id: id, quantity: String(size % 5) });
    if (status < 300) this.#subscriptions.push(id);
    return status;
  }

  /** Usage of now, of some days ago, or of the last instant of a day. */
  async #send(subscription_id: string, pick: number, size: number): Promise<number> {
    const now = microsOf(this.suite.clock.now());
    const back = [0n, 1n, 24n, 24n * 9n, 24n * 34n][pick % 5]! * HOUR_MICROS;
    const day = 24n * HOUR_MICROS;
    const time = pick % 7 === 0 ? ((now - back) / day) * day - 1n : now - back;
    const metric = pick % 4 === 0 ? 'books' : 'calls';
    const quantity = metric === 'books' ? '1' : `${size % 60}.${String(pick).padStart(3, '0')}`;
    const event = usage(`e-${this.#sent.length}`, metric, quantity, instantOfMicros(time), { subscription_id });
    const { results } = await this.shop.customer.send([event]);
    const [result] = results;
    if (result!.status !== 'accepted') return 422;
    this.#sent.push(event);
    this.receipts.push({ id: result!.receipt_id!, quantity });
    return 202;
  }

  /** The same event again: answered with the receipt of the first, or, when its time is long gone, refused. */
  async #resend(pick: number): Promise<number> {
    if (this.#sent.length === 0) return 404;
    const at = pick % this.#sent.length;
    const { results } = await this.shop.customer.send([this.#sent[at]]);
    const [result] = results;
    assert.notEqual(result!.status, 'accepted', 'an event is accepted once');
    if (result!.status === 'duplicate') assert.equal(result!.receipt_id, this.receipts[at]!.id);
    return 409;
  }

  async #correct(pick: number, size: number): Promise<number> {
    const receipt = this.receipts[pick % Math.max(1, this.receipts.length)];
    if (receipt === undefined) return 404;
    const quantity = size % 3 === 0 ? '0' : `${size % 40}.5`;
    return this.#post('/corrections', { receipt_id: receipt.id, quantity }, 'operator');
  }

  async #invoice(pick: number): Promise<string> {
    const { data } = await this.shop.customer.read<{ data: Row[] }>(`${API}/invoices?limit=100`);
    return data[pick % Math.max(1, data.length)]?.number ?? 'INV-2026-999999';
  }

  async #balance(number: string): Promise<ShownBalance> {
    const response = await this.shop.customer.get(`${API}/invoices/${number}/balance`);
    if (response.status !== 200) return { state: 'none', paid: '0', credited: '0', outstanding: '0' };
    type Answer = Readonly<Record<'paid' | 'credited' | 'outstanding', { amount: string }>> & { state: string };
    const { state, paid, credited, outstanding } = (await response.json()) as Answer;
    return { state, paid: paid.amount, credited: credited.amount, outstanding: outstanding.amount };
  }

  async #credits(): Promise<Map<string, string>> {
    const { data } = await this.shop.customer.read<{ data: { credit_id: string; balance: { amount: string } }[] }>(
      `${API}/credits?limit=100`,
    );
    return new Map(data.map(({ credit_id, balance }) => [credit_id, balance.amount]));
  }

  /** Waits for the end of what is under way, bills it, and shows everything. */
  async show(): Promise<Shown> {
    const { shop, suite } = this;
    const { data } = await shop.customer.read<{ data: Row[] }>(`${API}/invoices?limit=100`);
    const invoices: InvoiceDocument[] = [];
    const balances = new Map<string, ShownBalance>();
    for (const { number } of data) {
      const { document } = await shop.customer.read<{ document: InvoiceDocument }>(`${API}/invoices/${number}`);
      invoices.push(document);
      balances.set(number, await this.#balance(number));
    }
    const { periods } = await suite.platform.ledger.books(shop.customer.tenant);
    const open = new Map(
      [...periods.values()].map(({ subscription, period, total }) => [
        `${subscription} ${period}`,
        exactText(total as bigint),
      ]),
    );
    return { entries: await suite.entries(shop.tenant), invoices, open, credits: await this.#credits(), balances };
  }

  /** The whole audit: on paper, and offline with nothing but the published keys. */
  async prove(): Promise<Shown> {
    const shown = await this.show();
    const charged = shown.entries.flatMap((entry) => (entry.typ === 'charge' ? [entry.event_id] : []));
    assert.deepEqual(
      [...charged].sort(),
      this.receipts.map(({ id }) => id).sort(),
      'every event accepted is billed once',
    );
    audit(shown);
    // The only organization there is: its invoices' numbers leave none out, year by year.
    for (const some of Map.groupBy(shown.invoices, ({ number }) => number.slice(0, -6)).values()) {
      assert.deepEqual(
        some.map(({ number }) => Number(number.slice(-6))).sort((a, b) => a - b),
        some.map((_, i) => i + 1),
      );
    }
    await this.shop.prove();
    return shown;
  }

  close(): Promise<void> {
    return this.suite.close();
  }
}

/** 24 places, as the ledger keeps them, without the zeros at the end. */
function exactText(amount: bigint): string {
  const [sign, size] = amount < 0n ? ['-', -amount] : ['', amount];
  const digits = size.toString().padStart(25, '0');
  const places = digits.slice(-24).replace(/0+$/, '');
  return `${sign}${digits.slice(0, -24)}${places === '' ? '' : `.${places}`}`;
}

/** Lives a history through; what happened is told with whatever goes wrong. */
export async function live(where: HistoryPlace, steps: readonly Step[]): Promise<void> {
  const history = await History.begin(where);
  try {
    for (const one of steps) await history.do(one);
    await history.prove();
    // Everything that runs on is billed once more; nothing is left behind by the end of it.
    await history.do({ does: 'wait', afterHours: 24 * 40, pick: 0, size: 1 });
    await history.prove();
  } catch (error) {
    throw new Error(`${history.done.join('\n')}\n${(error as Error).message}`, { cause: error });
  } finally {
    await history.close();
  }
}
