import { canonicalJson, type Json } from '../domain/canonical.ts';
import { sha256Base64url } from '../domain/digest.ts';
import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../domain/time.ts';
import type { Database, Range, Reader, RowOf, Transaction } from '../ports/database.ts';
import { requireRead } from './catalogue-store.ts';
import { approvals } from './tables.ts';

/** What one person proposes and another decides. Who carries a kind out is in `functions/api/executors.ts`. */
export const APPROVAL_KINDS = [
  'credit.grant',
  'adjustment.make',
  'credit_note.refund',
  'invoice.write_off',
  'erasure.carry_out',
] as const;
export type ApprovalKind = (typeof APPROVAL_KINDS)[number];

export const APPROVAL_STATES = ['proposed', 'executed', 'rejected', 'expired'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

export type ApprovalRow = RowOf<typeof approvals.columns>;

/** A proposal nobody has decided for so long is not carried out any more: what it was about has changed since. */
const DAYS_TO_DECIDE = 30n;

export interface Proposal {
  readonly id: string;
  readonly tenant: TenantId;
  readonly kind: ApprovalKind;
  /** what it is about, e.g. the invoice's number: one proposal of a kind is open about it at a time */
  readonly subject: string;
  /** all that is needed to carry it out; no personal data */
  readonly payload: Json;
  /** the proposer's `Principal.person` */
  readonly by: string;
  readonly now: Instant;
}

/** Who decides, when, and about what exactly. */
export interface Decision {
  /** the decider's `Principal.person` */
  readonly by: string;
  readonly now: Instant;
  /** digest of the proposal that was read, where the decider says it */
  readonly read: string | undefined;
}

/**
 * Proposals that wait for a second person. A proposal never changes: who wants another takes it back and proposes again.
 * It is carried out in the transaction that approves it, so it is never approved and not done, nor done twice.
 */
export class ApprovalStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws BadInput `already_exists` where the same is proposed and open */
  async propose(tx: Transaction, { id, tenant, kind, subject, payload, by, now }: Proposal): Promise<ApprovalRow> {
    if ((await openOne(tx, tenant, kind, subject, now)) !== undefined)
      throw new BadInput('already_exists', `a proposal about ${subject} waits already`);
    const text = canonicalJson(payload);
    const row: ApprovalRow = {
      tenant,
      approval_id: id,
      kind,
      subject,
      payload: text,
      digest: sha256Base64url(`${tenant}\n${kind}\n${subject}\n${text}`),
      state: 'proposed',
      proposed_by: by,
      proposed_at: now,
      expires_at: plusMicros(now, DAYS_TO_DECIDE * MICROS_PER_DAY),
      decided_by: null,
      decided_at: null,
    };
    tx.insert(approvals, row);
    return row;
  }

  get(tenant: TenantId, id: string): Promise<ApprovalRow | undefined> {
    return this.#database.read(approvals, [tenant, id]);
  }

  /**
   * Approves a proposal, in the transaction that carries it out.
   * @throws BadInput `not_found`, `invalid_transition`, `proposer_cannot_approve`
   */
  async approve(tx: Transaction, tenant: TenantId, id: string, decision: Decision): Promise<ApprovalRow> {
    const row = await readOpen(tx, tenant, id, decision);
    if (row.proposed_by === decision.by)
      throw new BadInput('proposer_cannot_approve', 'somebody else than its proposer approves a proposal');
    return decide(tx, row, 'executed', decision);
  }

  /** Rejects a proposal; its proposer takes it back so. @throws BadInput `not_found`, `invalid_transition` */
  async reject(tx: Transaction, tenant: TenantId, id: string, decision: Decision): Promise<ApprovalRow> {
    return decide(tx, await readOpen(tx, tenant, id, decision), 'rejected', decision);
  }

  /** Proposals of one organization, or of all, the oldest first. @param after the last one of the page before */
  async list(
    tenant: TenantId | undefined,
    state: ApprovalState,
    now: Instant,
    limit: number,
    after?: Pick<ApprovalRow, 'tenant' | 'approval_id' | 'proposed_at'>,
  ): Promise<ApprovalRow[]> {
    const found: ApprovalRow[] = [];
    // Nothing runs when a proposal expires: its row still says proposed.
    const kept = state === 'expired' ? 'proposed' : state;
    for (let last = after; ; ) {
      const rows = await this.#database.snapshot((view) => view.range(approvals, rangeOf(tenant, kept, limit, last)));
      found.push(...rows.filter((row) => stateOf(row, now) === state));
      if (rows.length < limit || found.length >= limit) return found.slice(0, limit);
      last = rows.at(-1)!;
    }
  }
}

/** What has become of a proposal. */
export const stateOf = ({ state, expires_at }: ApprovalRow, now: Instant): ApprovalState =>
  state === 'proposed' && expires_at <= now ? 'expired' : (state as ApprovalState);

function rangeOf(
  tenant: TenantId | undefined,
  state: string,
  limit: number,
  last: Pick<ApprovalRow, 'tenant' | 'approval_id' | 'proposed_at'> | undefined,
): Range {
  if (tenant === undefined) {
    const from = last === undefined ? {} : { from: [last.proposed_at, last.tenant, `${last.approval_id}\0`] };
    return { index: 'approvals_by_state', prefix: [state], limit, ...from };
  }
  const from = last === undefined ? {} : { from: [last.proposed_at, `${last.approval_id}\0`] };
  return { index: 'approvals_of_tenant', prefix: [tenant, state], limit, ...from };
}

async function openOne(
  reader: Reader,
  tenant: TenantId,
  kind: ApprovalKind,
  subject: string,
  now: Instant,
): Promise<ApprovalRow | undefined> {
  const rows = await reader.range(approvals, { index: 'approvals_of_tenant', prefix: [tenant, 'proposed'] });
  return rows.find((row) => row.kind === kind && row.subject === subject && stateOf(row, now) === 'proposed');
}

async function readOpen(reader: Reader, tenant: TenantId, id: string, { now, read }: Decision): Promise<ApprovalRow> {
  const row = await reader.read(approvals, [tenant, id]);
  if (row === undefined) throw new BadInput('not_found', 'no such proposal');
  const state = stateOf(row, now);
  if (state !== 'proposed') throw new BadInput('invalid_transition', `the proposal is ${state}`);
  requireRead(read, row.digest);
  return row;
}

function decide(tx: Transaction, row: ApprovalRow, state: 'executed' | 'rejected', { by, now }: Decision): ApprovalRow {
  const changes = { state, decided_by: by, decided_at: now };
  tx.update(approvals, [row.tenant, row.approval_id], changes);
  return { ...row, ...changes };
}
