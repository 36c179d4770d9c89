import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import type { Instant } from '../domain/time.ts';
import type { Transaction } from '../ports/database.ts';
import { proposals } from './tables.ts';

/** Write-offs that were proposed and wait for somebody else's word. */
export class ProposalStore {
  /** Proposes a write-off; a second proposal takes the place of the first. */
  async propose(
    tx: Transaction,
    proposal: {
      readonly tenant: TenantId;
      readonly number: string;
      readonly reason: string;
      readonly by: string;
      readonly now: Instant;
    },
  ): Promise<void> {
    const { tenant, number, reason, by, now } = proposal;
    tx.upsert(proposals, { tenant, number, reason, proposed_by: by, proposed_at: now });
  }

  /**
   * Takes a proposal in the transaction that carries it out.
   * @returns its reason
   * @throws BadInput `not_found`, `proposer_cannot_approve`
   */
  async take(tx: Transaction, tenant: TenantId, number: string, by: string): Promise<string> {
    const row = await tx.read(proposals, [tenant, number]);
    if (row === undefined) throw new BadInput('not_found', 'no such proposal');
    if (row.proposed_by === by)
      throw new BadInput('proposer_cannot_approve', 'somebody else than its proposer approves a write-off');
    tx.delete(proposals, [tenant, number]);
    return row.reason;
  }
}
