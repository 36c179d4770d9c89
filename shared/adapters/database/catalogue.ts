import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { sha256Base64url } from '../../domain/digest.ts';
import type { AnyTable } from '../../ports/database.ts';

/** The catalogue of tables as a migration keeps it: what the database holds after it. */
export type Catalogue = readonly AnyTable[];

/** Exactly what counts of each table, by name: the order in which a catalogue lists its tables means nothing to a database. */
export const catalogueOf = (tables: readonly AnyTable[]): Catalogue =>
  tables
    .map(({ name, columns, key, indexes, parent, expires }) => ({
      name,
      columns,
      key,
      indexes,
      ...(parent === undefined ? {} : { parent }),
      ...(expires === undefined ? {} : { expires }),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** SHA-256 of the canonical JSON (RFC 8785) of the catalogue, base64url. */
export const catalogueDigest = (tables: readonly AnyTable[]): string =>
  sha256Base64url(canonicalJson(catalogueOf(tables) as unknown as Json));
