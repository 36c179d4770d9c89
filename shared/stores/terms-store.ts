import { sha256Base64url } from '../domain/digest.ts';
import type { Database, Transaction } from '../ports/database.ts';
import { terms } from './tables.ts';

/** The digest of the discount or tax decision that an entry cites, if it does. */
export const citedTerms = (text: string): string | undefined =>
  /"(?:decision|discount_digest)":"([A-Za-z0-9_-]{43})"/.exec(text)?.[1];

/** Documents that entries cite beside prices: discounts and tax decisions, by digest. Immutable, kept for ever. */
export class TermsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Canonical bytes of the documents with those digests, as far as they are kept and are what their digest says. */
  async known(digests: Iterable<string>): Promise<Map<string, Uint8Array>> {
    const keys = [...new Set(digests)].map((digest) => [digest]);
    const rows = await this.#database.snapshot((view) => view.readMany(terms, keys));
    const known = new Map<string, Uint8Array>();
    for (const row of rows) {
      if (row !== undefined && sha256Base64url(row.bytes) === row.digest) known.set(row.digest, row.bytes);
    }
    return known;
  }

  /** Documents that entries cite, in the order of their digests. @throws Error where one is missing: they are never deleted */
  async cited(digests: ReadonlySet<string>): Promise<Map<string, Uint8Array>> {
    const known = await this.known(digests);
    for (const digest of digests) if (!known.has(digest)) throw new Error(`the document ${digest} is missing`);
    return new Map([...known].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Keeps a document in the transaction of the entry that cites it. */
export const keepTerms = (
  tx: Transaction,
  { digest, bytes }: { readonly digest: string; readonly bytes: Uint8Array },
): void => tx.upsert(terms, { digest, bytes });
