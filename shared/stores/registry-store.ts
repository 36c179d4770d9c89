import type { Database, RowOf } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { accounts, aggregates, api_keys, credit_notes, prices, secrets, terms } from './tables.ts';
import { VALUE_SALTS, valueSaltOf } from './value-salts.ts';

/** Rows that no entry of a log tells of. */
export interface RegistryRows {
  readonly accounts: readonly RowOf<typeof accounts.columns>[];
  readonly apiKeys: readonly RowOf<typeof api_keys.columns>[];
  readonly prices: readonly RowOf<typeof prices.columns>[];
  /** canonical bytes of the documents that entries cite */
  readonly cited: readonly Uint8Array[];
}

/** Salts of value commitments: the secret they follow from, and those that were made by chance before there was one. */
export interface ValueSalts {
  readonly root: Uint8Array;
  readonly others: readonly { readonly tenant: string; readonly aggregate: string; readonly salt: Uint8Array }[];
}

/** What must be kept outside the database for a day on which it is lost. */
export class RegistryStore {
  readonly #database: Database;
  readonly #entropy: Entropy;

  constructor(database: Database, entropy: Entropy) {
    this.#database = database;
    this.#entropy = entropy;
  }

  async rows(): Promise<RegistryRows> {
    return this.#database.snapshot(async (view) => ({
      accounts: await view.range(accounts, {}),
      apiKeys: await view.range(api_keys, {}),
      prices: await view.range(prices, {}),
      cited: [
        ...(await view.range(terms, {})).map(({ bytes }) => bytes),
        ...(await view.range(credit_notes, {})).map(({ document }) => document),
      ],
    }));
  }

  /** The salts of all unique_count aggregates. The secret is made when first asked for: salts made after that follow from it. */
  async valueSalts(): Promise<ValueSalts> {
    const fresh = this.#entropy.bytes(32);
    const root = await this.#database.transact(async (tx) => {
      const row = await tx.read(secrets, [VALUE_SALTS]);
      if (row !== undefined) return row.value;
      tx.insert(secrets, { name: VALUE_SALTS, value: fresh });
      return fresh;
    });
    const rows = await this.#database.snapshot((view) => view.range(aggregates, {}));
    const others = rows
      .filter(({ aggregation }) => aggregation === 'unique_count')
      .filter(({ tenant, aggregate, value_salt }) => !valueSaltOf(root, tenant, aggregate).equals(value_salt))
      .map(({ tenant, aggregate, value_salt }) => ({ tenant, aggregate, salt: value_salt }));
    return { root, others };
  }
}
