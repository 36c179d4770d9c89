import type { Sequence, TenantId } from '../domain/ids.ts';
import { Books } from '../domain/ledger/books.ts';
import type { TenantHead } from '../domain/ledger/seal.ts';
import type { Instant } from '../domain/time.ts';
import type { Database, RowOf } from '../ports/database.ts';
import { loadAggregates, loadPeriods } from './ledger-rows.ts';
import { toHead } from './log-reader.ts';
import { loadMoney } from './money-rows.ts';
import { freezes, heads, openings, tree_nodes, verified } from './tables.ts';

export interface Freeze {
  readonly kind: string;
  readonly seq: number;
  readonly detail: string;
}

/** A head with what the next entry is built on. */
export interface HeadRow extends TenantHead {
  readonly peaks: Uint8Array;
  readonly recordedAt: string;
}

/** A complete subtree of a log's tree: `level` 0 is a leaf, `index` counts subtrees of that level from 0. */
export interface KeptNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** Row of `verified` that says when the tail was last gone over; no tenant id has a `~`. */
export const TAIL = '~tail';

export type VerifiedRow = RowOf<typeof verified.columns>;

/** How far the books were checked, and whose billing stands still. */
export class ReconciliationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Stops a tenant's billing. The first reason stays: later faults often follow from it. */
  async freeze(tenant: TenantId, fault: Freeze, now: Instant): Promise<void> {
    await this.#database.transact(async (tx) => {
      if ((await tx.read(freezes, [tenant])) !== undefined) return;
      tx.insert(freezes, {
        tenant,
        kind: fault.kind,
        seq: fault.seq,
        detail: fault.detail.slice(0, 500),
        frozen_at: now,
      });
    });
  }

  async thaw(tenant: TenantId): Promise<boolean> {
    return this.#database.transact(async (tx) => {
      if ((await tx.read(freezes, [tenant])) === undefined) return false;
      tx.delete(freezes, [tenant]);
      return true;
    });
  }

  async frozen(tenant: TenantId): Promise<RowOf<typeof freezes.columns> | undefined> {
    return this.#database.read(freezes, [tenant]);
  }

  async allFrozen(): Promise<RowOf<typeof freezes.columns>[]> {
    return this.#database.snapshot((view) => view.range(freezes, {}));
  }

  async verified(tenant: string): Promise<VerifiedRow | undefined> {
    return this.#database.read(verified, [tenant]);
  }

  /** How far each of many logs was verified, in one read; 0 where never. */
  async verifiedSizes(tenants: readonly string[]): Promise<Map<string, number>> {
    if (tenants.length === 0) return new Map();
    const keys = tenants.map((tenant) => [tenant]);
    const rows = await this.#database.snapshot((view) => view.readMany(verified, keys));
    return new Map(tenants.map((tenant, i) => [tenant, rows[i]?.size ?? 0]));
  }

  async keepVerified(row: VerifiedRow): Promise<void> {
    await this.#database.transact(async (tx) => tx.upsert(verified, row));
  }

  /** The balance brought forward to an `open` entry, as it is kept for evidence that starts there. */
  async opening(tenant: TenantId, seq: Sequence): Promise<RowOf<typeof openings.columns> | undefined> {
    return this.#database.read(openings, [tenant, seq]);
  }

  async keepOpening(row: RowOf<typeof openings.columns>): Promise<void> {
    await this.#database.transact(async (tx) => tx.upsert(openings, row));
  }

  /** Stored hashes of a log's subtrees, in the order asked for; undefined where there is none. */
  async treeNodes(tenant: TenantId, nodes: readonly KeptNode[]): Promise<(Uint8Array | undefined)[]> {
    const keys = nodes.map(({ level, index }) => [tenant, level, index] as const);
    const rows = await this.#database.snapshot((view) => view.readMany(tree_nodes, keys));
    return rows.map((row) => row?.hash);
  }

  async keepTreeNodes(tenant: TenantId, nodes: readonly KeptNode[]): Promise<void> {
    if (nodes.length === 0) return;
    await this.#database.transact(async (tx) => {
      for (const { level, index, hash } of nodes) tx.upsert(tree_nodes, { log: tenant, level, position: index, hash });
    });
  }

  /** Every tenant's head, as one snapshot shows them. */
  async heads(): Promise<TenantHead[]> {
    return (await this.#database.snapshot((view) => view.range(heads, {}))).map(toHead);
  }

  /** The same, with all that a head's row says. */
  async headRows(): Promise<HeadRow[]> {
    const rows = await this.#database.snapshot((view) => view.range(heads, {}));
    return rows.map((row) => ({ ...toHead(row), peaks: row.peaks, recordedAt: row.recorded_at }));
  }

  /** A tenant's head and books, all that the next entry is made from, as one snapshot shows them. */
  async headAndBooks(tenant: TenantId): Promise<
    | {
        readonly head: HeadRow;
        readonly books: Books;
      }
    | undefined
  > {
    return this.#database.snapshot(async (view) => {
      const head = await view.read(heads, [tenant]);
      if (head === undefined) return undefined;
      const books = new Books();
      await loadPeriods(view, tenant, books);
      await loadMoney(view, tenant, books.money);
      await loadAggregates(view, tenant, books, 'all');
      return { head: { ...toHead(head), peaks: head.peaks, recordedAt: head.recorded_at }, books };
    });
  }
}
