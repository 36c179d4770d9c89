/** A copy of a page as the mirror holds it. */
export interface MirroredPage {
  readonly firstSeq: number;
  readonly bytes: Uint8Array;
}

/** Create-only copies of ledger pages, readable by the tenant they belong to. */
export interface Mirror {
  /** Writes a page once. Writing the same bytes again is `present`; other bytes under the same key are `different` and change nothing. */
  create(tenant: string, firstSeq: number, bytes: Uint8Array): Promise<'created' | 'present' | 'different'>;
  read(tenant: string, firstSeq: number): Promise<Uint8Array | undefined>;
  /** First sequence numbers of the pages held, ascending, at or after `from`. */
  list(tenant: string, from?: number): Promise<number[]>;
  /**
   * Pages with their bytes, ascending by first sequence number: those at or after `from`, and of them the first `limit`.
   * Fewer than `limit` means that there are no more. A page is some 18 kB, so 200 are a good lot.
   */
  pages(tenant: string, from: number, limit: number): Promise<MirroredPage[]>;
  /**
   * Removes the pages that start before a sequence number: they have left the hot window and stand in the vault, which the
   * caller has made sure of. Nothing remembers them afterwards; creating one again would succeed.
   * @returns how many went
   */
  retire(tenant: string, before: number): Promise<number>;
}
