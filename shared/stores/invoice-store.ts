import type { TenantId } from '../domain/ids.ts';
import type { Database, RowOf } from '../ports/database.ts';
import { credit_notes, invoices, unarchived } from './tables.ts';

export type InvoiceRow = RowOf<typeof invoices.columns>;

/** Where an invoice's evidence lies. */
export interface BundlePlace {
  readonly name: string;
  /** hex SHA-256 of the bundle */
  readonly sha256: string;
  readonly bytes: number;
  /** the seal it proves itself by */
  readonly seal: number;
}

/** Invoices and what is still to be archived. They are made by the ledger store, with their entries. */
export class InvoiceStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(tenant: TenantId, number: string): Promise<InvoiceRow | undefined> {
    return this.#database.read(invoices, [tenant, number]);
  }

  /** A tenant's invoices by number, after one of them. */
  async list(tenant: TenantId, limit: number, after?: string): Promise<InvoiceRow[]> {
    const rows = await this.#database.snapshot((view) =>
      view.range(invoices, { prefix: [tenant], limit: limit + 1, ...(after === undefined ? {} : { from: [after] }) }),
    );
    return rows.filter(({ number }) => number !== after).slice(0, limit);
  }

  /** A tenant's credit notes by number, after one of them. */
  async creditNotes(tenant: TenantId, limit: number, after?: string): Promise<RowOf<typeof credit_notes.columns>[]> {
    const from = after === undefined ? {} : { from: [`${after}\0`] };
    return this.#database.snapshot((view) => view.range(credit_notes, { prefix: [tenant], limit, ...from }));
  }

  async creditNote(tenant: TenantId, number: string): Promise<RowOf<typeof credit_notes.columns> | undefined> {
    return this.#database.read(credit_notes, [tenant, number]);
  }

  /** Invoices without evidence in the vault. */
  async unarchived(limit: number): Promise<RowOf<typeof unarchived.columns>[]> {
    return this.#database.snapshot((view) => view.range(unarchived, { limit }));
  }

  /** That one invoice, if it has no evidence in the vault. */
  async isUnarchived(name: {
    readonly tenant: string;
    readonly number: string;
  }): Promise<RowOf<typeof unarchived.columns>[]> {
    const row = await this.#database.read(unarchived, [name.tenant, name.number]);
    return row === undefined ? [] : [row];
  }

  /** The vault has lost an invoice's evidence: it is made again, from the same entries to the same bytes. */
  async markLost(tenant: TenantId, number: string, closeSeq: number): Promise<void> {
    await this.#database.transact(async (tx) => {
      tx.update(invoices, [tenant, number], { bundle_name: null, bundle_sha256: null, bundle_bytes: null, seal: null });
      tx.upsert(unarchived, { tenant, number, close_seq: closeSeq });
    });
  }

  async markArchived(tenant: TenantId, number: string, place: BundlePlace): Promise<void> {
    await this.#database.transact(async (tx) => {
      tx.update(invoices, [tenant, number], {
        bundle_name: place.name,
        bundle_sha256: place.sha256,
        bundle_bytes: place.bytes,
        seal: place.seal,
      });
      tx.delete(unarchived, [tenant, number]);
    });
  }
}
