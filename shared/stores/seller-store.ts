import { canonicalJson, type Json } from '../domain/canonical.ts';
import { sha256Base64url } from '../domain/digest.ts';
import type { Seller } from '../domain/organization/party.ts';
import { parseSeller } from '../domain/organization/party-schema.ts';
import type { Instant } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Database } from '../ports/database.ts';
import { sellers } from './tables.ts';

/** Who issues invoices, and who issued them before: a document shows the seller of its day, whatever is configured later. */
export class SellerStore {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #issuer: string;
  readonly #configured: Seller | undefined;
  #noted: Promise<void> | undefined;

  /** @param issuer the series of invoice numbers: one legal entity */
  constructor(database: Database, clock: Clock, issuer: string, configured: Seller | undefined) {
    this.#database = database;
    this.#clock = clock;
    this.#issuer = issuer;
    this.#configured = configured;
  }

  /** Remembers who is configured, if that is news; before an invoice is issued. Once per process. @returns who it is */
  async current(): Promise<Seller | undefined> {
    const seller = this.#configured;
    if (seller === undefined) return undefined;
    this.#noted ??= this.#note(seller).catch((error) => {
      this.#noted = undefined;
      throw error;
    });
    await this.#noted;
    return seller;
  }

  /** Who issued invoices at an instant, or the first who did. */
  async at(instant: Instant): Promise<Seller | undefined> {
    await this.current();
    const rows = await this.#database.snapshot((view) => view.range(sellers, { prefix: [this.#issuer] }));
    const row = rows.filter(({ since }) => since <= instant).at(-1) ?? rows[0];
    return row === undefined ? undefined : parseSeller(JSON.parse(row.document));
  }

  async #note(seller: Seller): Promise<void> {
    const document = canonicalJson(seller as unknown as Json);
    const digest = sha256Base64url(document);
    await this.#database.transact(async (tx) => {
      const [last] = await tx.range(sellers, { prefix: [this.#issuer], limit: 1, reverse: true });
      if (last?.digest === digest) return;
      tx.insert(sellers, { issuer: this.#issuer, since: this.#clock.now(), digest, document });
    });
  }
}
