import { type Account, versionsOf } from '../domain/account/account.ts';
import { type DecidedTaxation, parseTaxDecision } from '../domain/invoice/taxation.ts';
import type { Seller } from '../domain/organization/party.ts';
import { taxCategoryOf } from '../domain/pricing/tax-category.ts';
import { type Determined, determineTax } from '../domain/tax/determine.ts';
import { TAX_CATEGORIES } from '../domain/tax/rates.ts';
import type { Instant } from '../domain/time.ts';
import type { TaxEngine } from '../ports/tax-engine.ts';
import type { ProfileStore } from './profile-store.ts';

/** Our own tables as an engine. */
export const OWN_TABLES: TaxEngine = { decide: async (question) => determineTax(question) };

/** How organizations are taxed: by what stands in their document, else by who sells to whom. */
export class Taxes {
  readonly #profiles: ProfileStore;
  readonly #seller: Seller | undefined;
  readonly #engine: TaxEngine;

  constructor(profiles: ProfileStore, seller: Seller | undefined, engine: TaxEngine) {
    this.#profiles = profiles;
    this.#seller = seller;
    this.#engine = engine;
  }

  /** @param at the tax point. @returns undefined where nothing can be decided: no seller or no customer is known. @throws TryAgain */
  async of(account: Account, at: Instant): Promise<DecidedTaxation | undefined> {
    if (account.tax !== undefined) return account.tax;
    const determined = await this.determine(account, at);
    return determined === undefined ? undefined : parseTaxDecision(determined.decision);
  }

  /** The same for organizations without rates in their document, with the reasons. */
  async determine(account: Account, at: Instant): Promise<Determined | undefined> {
    if (this.#seller === undefined) return undefined;
    // A customer is taxed by what is known of it now: an address that was corrected is right for the period before, too.
    const kept = await this.#profiles.newest(account.tenant);
    if (kept === undefined) return undefined;
    return this.#engine.decide({
      seller: this.#seller,
      customer: kept.profile,
      categories: taxCategoriesOf(account),
      at,
    });
  }
}

/** Every category that a line of the organization may have. */
export const taxCategoriesOf = (account: Account): string[] => [
  ...new Set([
    ...TAX_CATEGORIES,
    ...(account.tax?.categories ?? []),
    ...account.subscriptions.flatMap(versionsOf).map(({ document }) => taxCategoryOf(document)),
  ]),
];
