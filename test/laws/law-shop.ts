import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import type { EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { usage } from '../support/account.ts';
import { Shop } from '../support/shop.ts';
import { TestSuite, type UsageAnswer } from '../support/suite.ts';

export const FIRST = 'INV-2026-000001';
/** So many minutes after the beginning of March. */
export const minute = (n: number): string => new Date(Date.UTC(2026, 2, 1) + n * 60_000).toISOString();

/** A shop that laws are tried in: one plan of 31.00 a month with calls at 0.10, one of 62.00 with calls at 0.05. */
export class LawShop {
  #suite: TestSuite | undefined;
  #shop: Shop | undefined;
  #shops = 0;

  get suite(): TestSuite {
    if (this.#suite === undefined) throw new Error('nothing has begun');
    return this.#suite;
  }

  get shop(): Shop {
    if (this.#shop === undefined) throw new Error('nothing has been opened');
    return this.#shop;
  }

  /** Each run of a law has a suite of its own: time goes forward only. */
  async again(): Promise<void> {
    await this.#suite?.close();
    this.#suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
  }

  /** A new organization that subscribes to the first plan. */
  async open(more: object = {}, organization: object = {}): Promise<Shop> {
    const shop = await Shop.open(this.suite, { organization_id: `law-${this.#shops++}`, ...organization });
    this.#shop = shop;
    if (this.suite.sql('SELECT metric_name FROM metrics').length === 0) {
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

  async send(key: string, quantity: number, time: string): Promise<UsageAnswer['results'][number]> {
    return (await this.shop.customer.send(usage(key, 'calls', String(quantity), time))).results[0]!;
  }

  async closeMarch(): Promise<InvoiceDocument> {
    this.suite.goTo('2026-04-01T02:00:00Z');
    await this.suite.runInvoices();
    return (await this.shop.invoices()).at(-1)!;
  }

  charges(): Promise<EntryOf<'charge'>[]> {
    return this.suite.entriesOf(this.shop.tenant, 'charge');
  }
}
