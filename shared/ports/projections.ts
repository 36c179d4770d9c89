import type { Json } from '../domain/canonical.ts';
import type { Instant } from '../domain/time.ts';

/** What a tenant sees at a glance. Every one of them can be made again from the database at any time. */
export type ProjectionKind = 'invoices' | 'usage_summaries';

/** One read model as it stands. */
export interface Projection {
  /** Size of the tenant's log that it was made from, or a later count of the same kind; never goes back. */
  readonly version: number;
  /** What the tenant reads. No list directly inside a list: Firestore cannot hold one. */
  readonly document: { readonly [name: string]: Json };
  /** From then on it may vanish by itself, at any time or never. */
  readonly expiresAt?: Instant;
}

/** Overwritable read models, readable by the tenant they belong to. Never the book of record. */
export interface Projections {
  /**
   * Writes a read model unless a newer one stands there: two writers that cross leave the newer, whoever comes last. Of two
   * with the same version the later write stays.
   * @param id of `A-Z a-z 0-9 . _ ~ -`, 1 to 200 characters; not `.`, `..` or `__…__`
   */
  put(tenant: string, kind: ProjectionKind, id: string, projection: Projection): Promise<'written' | 'stale'>;
  read(tenant: string, kind: ProjectionKind, id: string): Promise<Projection | undefined>;
  /** Ids that stand there, ascending. */
  list(tenant: string, kind: ProjectionKind): Promise<string[]>;
}
