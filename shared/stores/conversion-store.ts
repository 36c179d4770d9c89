import type { AccountJson } from '../domain/account/account.ts';
import {
  type Conversion,
  countConversion,
  type LimitReached,
  noConversion,
} from '../domain/subscription/conversion.ts';
import type { Instant } from '../domain/time.ts';
import type { Database } from '../ports/database.ts';
import { accounts, limit_notices } from './tables.ts';

const ACCOUNTS_PER_READ = 200;

/** Reports over all organizations, made from their documents when somebody asks: nothing is counted along, so nothing can drift. */
export class ConversionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** What became of the subscriptions that began with a plan within [from, to). */
  async ofPlan(
    planId: string,
    began: { readonly from?: Instant; readonly to?: Instant },
    now: Instant,
  ): Promise<Conversion> {
    const count = noConversion();
    for (let from: readonly [string] | undefined; ; ) {
      const range = { limit: ACCOUNTS_PER_READ, ...(from === undefined ? {} : { from }) };
      const rows = await this.#database.snapshot((view) => view.range(accounts, range));
      for (const { tenant, document } of rows) {
        // Most organizations have nothing to do with most plans.
        if (!document.includes(`"${planId}"`)) continue;
        const { subscriptions } = JSON.parse(document) as AccountJson;
        const wanted = subscriptions.filter(
          ({ started_at: at }) =>
            (began.from === undefined || at >= began.from) && (began.to === undefined || at < began.to),
        );
        if (wanted.length === 0) continue;
        const reached = await this.#limitsReached(tenant);
        for (const json of wanted) countConversion(count, planId, json, reached, now);
      }
      if (rows.length < ACCOUNTS_PER_READ) return count;
      from = [`${rows.at(-1)!.tenant}\0`];
    }
  }

  async #limitsReached(tenant: string): Promise<LimitReached[]> {
    const rows = await this.#database.snapshot((view) => view.range(limit_notices, { prefix: [tenant] }));
    return (
      rows
        .map(({ period, percent, at }) => ({ words: period.split(' '), percent, at }))
        // A plan's limit is counted under `subscription metric period`.
        .filter(({ words, percent }) => percent === 100 && words.length === 3)
        .map(({ words, at }) => ({ subscription: words[0]!, at }))
    );
  }
}
