import type { Principal } from '../domain/access.ts';
import { AUDIT_GENESIS, type AuditStretch, auditDigestAfter } from '../domain/audit.ts';
import { canonicalJson } from '../domain/canonical.ts';
import type { TenantId } from '../domain/ids.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../domain/time.ts';
import type { Database, RowOf, Transaction } from '../ports/database.ts';
import { audit_heads, audit_log } from './tables.ts';

export type AuditRow = RowOf<typeof audit_log.columns>;

/** Something that was done or refused, by whom, to what. No personal data: ids, codes and amounts. */
export interface AuditedDeed {
  readonly action: string;
  readonly operationId: string;
  readonly principal: Pick<Principal, 'kind' | 'id' | 'role'>;
  /** undefined where it was about the platform alone */
  readonly tenant: TenantId | undefined;
  readonly requestId: string;
  readonly at: Instant;
  /** `refused`: whoever asked may not do it */
  readonly outcome: 'done' | 'refused';
  readonly facts: Readonly<Record<string, string>>;
}

/** Where deeds about the platform stand: no organization has that id. */
const PLATFORM = '*';
/** Seven years; after that rows go by themselves, which is the only way that any goes. */
export const AUDIT_KEPT_DAYS = 2557n;
const HEADS_PER_READ = 1000;

/**
 * The audit log: rows are added and read, and there is no way to change or remove one before its seven years are over.
 *
 * Each organization has a log of its own, and the platform has one. Numbers are given, and each row is chained to the one
 * before, in the transaction that adds it. Logs of different organizations never wait for each other; one organization's
 * changes wait for each other at its ledger's head anyway. Each day's digests go into the vault, so what somebody does to
 * rows behind this code's back shows.
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

  /** Adds an entry in the transaction of the deed itself: one per organization and transaction, or the commit fails. */
  async write(tx: Transaction, deed: AuditedDeed): Promise<void> {
    const { principal, tenant = PLATFORM, at, outcome } = deed;
    const head = await tx.read(audit_heads, [tenant]);
    const seq = head?.size ?? 0;
    const entry = {
      tenant,
      seq,
      at,
      action: deed.action,
      operation: deed.operationId,
      actor_kind: principal.kind,
      actor: principal.id,
      role: principal.role,
      outcome,
      request_id: deed.requestId,
      facts: canonicalJson(deed.facts),
    };
    const digest = auditDigestAfter(head?.digest ?? AUDIT_GENESIS, entry);
    tx.insert(audit_log, { ...entry, digest, expires_at: plusMicros(at, AUDIT_KEPT_DAYS * MICROS_PER_DAY) });
    tx.upsert(audit_heads, {
      tenant,
      size: seq + 1,
      digest,
      covered: head?.covered ?? 0,
      covered_digest: head?.covered_digest ?? AUDIT_GENESIS,
    });
  }

  /** Entries of one organization (or of the platform), the oldest first. @param from number of the first one */
  list(tenant: TenantId | undefined, limit: number, from: number): Promise<AuditRow[]> {
    return this.rows(tenant ?? PLATFORM, from, from + limit);
  }

  /** Entries [first, size) of a log, as far as they are there. */
  rows(tenant: string, first: number, size: number): Promise<AuditRow[]> {
    return this.#database.snapshot((view) => view.range(audit_log, { prefix: [tenant], from: [first], to: [size] }));
  }

  /** What no digest in the vault covers yet: of every log that has grown, the stretch since. */
  async uncovered(): Promise<AuditStretch[]> {
    const found: AuditStretch[] = [];
    for (let after = ''; ; ) {
      const heads = await this.#database.snapshot((view) =>
        view.range(audit_heads, { from: [`${after}\0`], limit: HEADS_PER_READ }),
      );
      for (const { tenant, size, digest, covered, covered_digest } of heads) {
        if (size > covered) found.push({ tenant, first: covered, size, before: covered_digest, digest });
      }
      if (heads.length < HEADS_PER_READ) return found;
      after = heads.at(-1)!.tenant;
    }
  }

  /** The vault has a stretch's digest: the next one begins behind it. Once more changes nothing. */
  async cover({ tenant, size, digest }: AuditStretch): Promise<void> {
    await this.#database.transact(async (tx) => {
      const head = await tx.read(audit_heads, [tenant]);
      if (head === undefined || head.covered >= size) return;
      tx.update(audit_heads, [tenant], { covered: size, covered_digest: digest });
    });
  }

  /** Lets rows go whose seven years are over. @returns how many went */
  purgeExpired(now: Instant, limit: number): Promise<number> {
    return this.#database.purgeExpired(audit_log, now, limit);
  }
}
