import type { TenantId } from '../../shared/domain/ids.ts';
import type { Call } from '../../shared/edge/http/operation.ts';
import type { Transaction } from '../../shared/ports/database.ts';
import type { ApprovalKind, ApprovalRow } from '../../shared/stores/approval-store.ts';
import type { ErasureScope } from '../../shared/stores/erasure-store.ts';
import type { LedgerWork } from '../../shared/stores/ledger-work.ts';
import { writeOff } from '../../shared/stores/money-desk.ts';
import { carryOut } from '../reconcile-chain/erase.ts';
import { followUp, unfrozen } from './follow-up.ts';
import {
  type AdjustmentBody,
  adjust,
  type CreditBody,
  type CreditNoteBody,
  credit,
  creditNote,
} from './money-orders.ts';
import type { ApiRoom } from './room.ts';

/**
 * Carries an approved proposal out: opens the transaction of the effect, and calls `approve` inside it, whose writes belong
 * to the same commit.
 */
export type Executor = (
  proposal: ApprovalRow,
  approve: (tx: Transaction) => Promise<void>,
  call: Call,
) => Promise<void>;

/** Who carries out which kind of proposal. A new kind is one line here and one in `APPROVAL_KINDS`. */
export const executorsOf = (room: ApiRoom): Readonly<Record<ApprovalKind, Executor>> => ({
  'credit.grant': onLedger(room, async (work, _tx, payload) => {
    credit(work, payload as CreditBody & { readonly credit_id: string });
  }),
  'adjustment.make': onLedger(room, async (work, tx, payload) => {
    await adjust(work, tx, payload as AdjustmentBody & { readonly adjustment_id: string });
  }),
  'credit_note.refund': onLedger(room, async (work, tx, payload) => {
    await creditNote(work, tx, payload as CreditNoteBody, room);
  }),
  'invoice.write_off': onLedger(room, async (work, _tx, payload) => {
    const { number, reason } = payload as { readonly number: string; readonly reason: string };
    writeOff(work, number, reason);
  }),
  'erasure.carry_out': async (proposal, approve, call) => {
    const { erasure_id: id, scope } = JSON.parse(proposal.payload) as { erasure_id: string; scope: ErasureScope };
    if (scope === 'organization') {
      const erase = onLedger(room, (work, tx) => room.erasures.eraseOrganization(work, tx, id, call.now));
      return erase(proposal, approve, call);
    }
    const tenant = proposal.tenant as TenantId;
    await room.database.transact(async (tx) => {
      await approve(tx);
      await room.erasures.start(tx, tenant, id);
    });
    // What is left is done by the next passes of the sweep.
    await carryOut(tenant, id, room).catch((error) => room.log.error('erasure_failed', error, { tenant, erasure: id }));
  },
});

/** On the organization's head: entries, approval, answer and audit entry in one commit; then the copies. */
const onLedger =
  (room: ApiRoom, write: (work: LedgerWork, tx: Transaction, payload: unknown) => Promise<void>): Executor =>
  async ({ tenant, payload }, approve, { now }) => {
    const done = unfrozen(
      await room.ledger.append(tenant as TenantId, now, async (work, tx) => {
        await approve(tx);
        await write(work, tx, JSON.parse(payload) as unknown);
      }),
    );
    await followUp(tenant as TenantId, done.appended, room);
  };
