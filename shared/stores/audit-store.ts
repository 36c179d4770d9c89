import { canonicalJson } from '../domain/canonical.ts';
import { sha256Hex } from '../domain/digest.ts';
import type { TenantId } from '../domain/ids.ts';
import type { Instant } from '../domain/time.ts';
import type { Database, Reader, RowOf, Transaction } from '../ports/database.ts';
import type { Principal } from './account-store.ts';
import { audit_log } from './tables.ts';

export type AuditRow = RowOf<typeof audit_log.columns>;

/** Something that was done, by whom, to what. No personal data: ids, codes and amounts. */
export interface AuditedDeed {
  readonly action: string;
  readonly operationId: string;
  readonly principal: Principal;
  /** undefined where it was about the platform alone */
  readonly tenant: TenantId | undefined;
  readonly requestId: string;
  readonly at: Instant;
  readonly facts: Readonly<Record<string, string>>;
}

/** What one organization's deeds of a day come to. */
export interface DayDigest {
  readonly tenant: string;
  readonly count: number;
  /** hex SHA-256 over the rows' canonical texts in order, each with a newline */
  readonly sha256: string;
}

/** Where deeds about the platform stand: no organization has that id. */
const PLATFORM = '*';

/**
 * The audit log: rows are added and read, and there is no way to change or remove one. Each day's digest goes into the vault,
 * so what somebody does to the rows behind this code's back shows.
 */
export class AuditStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds an entry in a transaction of its own. */
  async record(deed: AuditedDeed): Promise<void> {
    await this.#database.transact((tx) => this.write(tx, deed));
  }

  /** Adds an entry in the transaction of the deed itself. */
  async write(
    tx: Transaction,
    { action, operationId, principal, tenant, requestId, at, facts }: AuditedDeed,
  ): Promise<void> {
    tx.upsert(audit_log, {
      tenant: tenant ?? PLATFORM,
      // One request does one thing: its id makes the entry's, so that a transaction that runs twice writes it once.
      entry_id: `${at}~${requestId}`,
      at,
      action,
      operation: operationId,
      actor: principal.keyId,
      role: principal.role,
      request_id: requestId,
      facts: canonicalJson(facts),
    });
  }

  /** Entries of one organization (or of the platform), the oldest first. */
  list(tenant: TenantId | undefined, limit: number, after?: string): Promise<AuditRow[]> {
    const from = after === undefined ? {} : { from: [`${after}\0`] };
    return this.#database.snapshot((view) => view.range(audit_log, { prefix: [tenant ?? PLATFORM], limit, ...from }));
  }

  /** Digests of a day, by organization: those that did something on it. @param day `2026-03-01`, in UTC */
  async digests(day: string, tenants: readonly string[]): Promise<DayDigest[]> {
    const found: DayDigest[] = [];
    for (const tenant of [PLATFORM, ...tenants]) {
      const rows = await this.#database.snapshot((view) => rowsOf(view, tenant, day));
      if (rows.length === 0) continue;
      found.push({
        tenant,
        count: rows.length,
        sha256: sha256Hex(rows.map((row) => `${canonicalJson({ ...row })}\n`).join('')),
      });
    }
    return found;
  }
}

// `~` sorts after everything that an instant holds.
const rowsOf = (view: Reader, tenant: string, day: string): Promise<AuditRow[]> =>
  view.range(audit_log, { prefix: [tenant], from: [day], to: [`${day}~`] });
