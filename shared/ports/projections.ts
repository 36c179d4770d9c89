import type { Json } from '../domain/canonical.ts';

/** What a tenant sees at a glance. Every one of them can be made again from the database at any time. */
export type ProjectionKind = 'invoices' | 'usage_summaries';

/** One read model as it stands. */
export interface Projection {
  /** Size of the tenant's log that it was made from, or a later count of the same kind; never goes back. */
  readonly version: number;
  readonly document: { readonly [name: string]: Json };
}

/** Overwritable read models, readable by the tenant they belong to. Never the book of record. */
export interface Projections {
  /**
   * Writes a read model unless a newer one stands there: two writers that cross leave the newer, whoever comes last.
   * @param id of `A-Z a-z 0-9 . _ ~ -`, 1 to 200 characters
   */
  put(tenant: string, kind: ProjectionKind, id: string, projection: Projection): Promise<'written' | 'stale'>;
  read(tenant: string, kind: ProjectionKind, id: string): Promise<Projection | undefined>;
  /** Ids that stand there, ascending. */
  list(tenant: string, kind: ProjectionKind): Promise<string[]>;
}
