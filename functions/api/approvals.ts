import type { Json } from '../../shared/domain/canonical.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import {
  hashSchema,
  instantSchema,
  nameSchema,
  nullable,
  pageOf,
  pageQuery,
  tenantSchema,
} from '../../shared/edge/http/schemas.ts';
import {
  APPROVAL_KINDS,
  APPROVAL_STATES,
  type ApprovalKind,
  type ApprovalRow,
  type ApprovalState,
  type Decision,
  stateOf,
} from '../../shared/stores/approval-store.ts';
import { decisionSchema, digestRead } from './catalogue.ts';
import { executorsOf } from './executors.ts';
import { type ApiRoom, absent, accountOf, listing } from './room.ts';

const API = '/api/v1/billing/approvals';
const who = { type: 'string', maxLength: 64, description: 'a key, or a person under a pseudonym' } as const;

export const approvalSchema = {
  $id: 'urn:tallystick:schema:approval',
  type: 'object',
  required: [
    ...['approval_id', 'organization_id', 'kind', 'subject', 'state', 'payload', 'digest'],
    ...['proposed_by', 'proposed_at', 'expires_at', 'decided_by', 'decided_at'],
  ],
  additionalProperties: false,
  properties: {
    approval_id: nameSchema,
    organization_id: tenantSchema,
    kind: { type: 'string', enum: APPROVAL_KINDS },
    subject: { type: 'string', maxLength: 200, description: 'what it is about: a credit, an invoice’s number, …' },
    state: { type: 'string', enum: APPROVAL_STATES },
    payload: { type: 'object', description: 'what will be done', additionalProperties: true },
    digest: { ...hashSchema, description: 'of all this: whoever decides may say what was read' },
    proposed_by: who,
    proposed_at: instantSchema,
    expires_at: instantSchema,
    decided_by: nullable(who),
    decided_at: nullable(instantSchema),
  },
} as const;

/** What one proposes and another decides. */
export const approvalOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'listApprovals',
    method: 'GET',
    path: API,
    tag: 'Approvals',
    summary: 'Proposals, the oldest first',
    description: 'Of one organization, or of all where none is named. Those that wait, unless `state` says otherwise.',
    scope: 'approvals:read',
    about: 'platform',
    query: { ...pageQuery, state: { type: 'string', enum: APPROVAL_STATES, default: 'proposed' } },
    answers: { 200: pageOf('approval-list', approvalSchema) },
    handle: async ({ organization, query, now }) => {
      const state = (query['state'] ?? 'proposed') as ApprovalState;
      const { limit, after: place, answer } = listing(room, organization ?? '*', `approvals.${state}`, query);
      const [proposed_at = '', tenant = '', approval_id = ''] = place?.split(' ') ?? [];
      const after = place === undefined ? undefined : { proposed_at, tenant, approval_id };
      const rows = await room.approvals.list(organization, state, now, limit + 1, after);
      return answer(
        rows.map((row) => approvalJson(row, now)),
        (last) => `${last.proposed_at} ${last.organization_id} ${last.approval_id}`,
      );
    },
  },
  {
    operationId: 'getApproval',
    method: 'GET',
    path: `${API}/:approval_id`,
    tag: 'Approvals',
    summary: 'A proposal',
    scope: 'approvals:read',
    params: { approval_id: nameSchema },
    answers: { 200: approvalSchema },
    handle: async (call) => ({ status: 200, json: approvalJson(await proposalOf(call, room), call.now) }),
  },
  {
    operationId: 'approveApproval',
    method: 'POST',
    path: `${API}/:approval_id/approve`,
    tag: 'Approvals',
    summary: 'Approve a proposal and carry it out',
    description:
      'Somebody else than its proposer does it, and not the same person with another credential. What was proposed is done in the same transaction.',
    scope: 'approvals:decide',
    params: { approval_id: nameSchema },
    body: decisionSchema,
    bodyOptional: true,
    answers: { 200: approvalSchema },
    idempotencyKey: 'required',
    mutation: 'approval.approved',
    handle: async (call) => {
      const proposal = await proposalOf(call, room);
      let answer: ApiAnswer | undefined;
      const approve = async (tx: Parameters<Call['settle']>[0]): Promise<void> => {
        const row = await room.approvals.approve(tx, call.tenant, proposal.approval_id, decisionOf(call));
        call.note({ kind: row.kind, subject: row.subject });
        answer = { status: 200, json: approvalJson(row, call.now) };
        await call.settle(tx, answer);
      };
      await executorsOf(room)[proposal.kind as ApprovalKind](proposal, approve, call);
      if (answer === undefined) throw new Error(`${proposal.kind} was carried out without being approved`);
      return answer;
    },
  },
  {
    operationId: 'rejectApproval',
    method: 'POST',
    path: `${API}/:approval_id/reject`,
    tag: 'Approvals',
    summary: 'Reject a proposal',
    scope: 'approvals:decide',
    params: { approval_id: nameSchema },
    body: decisionSchema,
    bodyOptional: true,
    answers: { 200: approvalSchema },
    mutation: 'approval.rejected',
    handle: (call) =>
      room.database.transact(async (tx) => {
        const row = await room.approvals.reject(tx, call.tenant, call.params['approval_id']!, decisionOf(call));
        call.note({ kind: row.kind, subject: row.subject });
        const answer: ApiAnswer = { status: 200, json: approvalJson(row, call.now) };
        await call.settle(tx, answer);
        return answer;
      }),
  },
];

/** What is too much for one person's word; thrown in a transaction, so that nothing of it is kept. */
export class NeedsTwo extends Error {}

/** Minor units above which money is given away by two. */
export async function limitOn(call: Call, room: ApiRoom): Promise<bigint> {
  return (await accountOf(call, room)).approvalLimit ?? room.approvalLimit;
}

export const needsTwo = async (call: Call, minorUnits: bigint, room: ApiRoom): Promise<boolean> =>
  minorUnits > (await limitOn(call, room));

/** Proposes in place of doing: 202, with the proposal. */
export function propose(
  call: Call,
  room: ApiRoom,
  proposal: { readonly kind: ApprovalKind; readonly subject: string; readonly payload: object },
): Promise<ApiAnswer> {
  const id = call.newId('apr');
  return room.database.transact(async (tx) => {
    const { kind, subject } = proposal;
    const row = await room.approvals.propose(tx, {
      ...{ id, kind, subject, tenant: call.tenant },
      payload: proposal.payload as Json,
      ...{ by: call.principal.person, now: call.now },
    });
    call.did('approval.proposed');
    call.note({ approval_id: id, kind, subject });
    const answer: ApiAnswer = { status: 202, json: approvalJson(row, call.now) };
    await call.settle(tx, answer);
    return answer;
  });
}

export const decisionOf = (call: Call): Decision => ({
  by: call.principal.person,
  now: call.now,
  read: digestRead(call),
});

async function proposalOf({ tenant, params }: Call, room: ApiRoom): Promise<ApprovalRow> {
  const row = await room.approvals.get(tenant as TenantId, params['approval_id']!);
  if (row === undefined) throw absent('proposal');
  return row;
}

export const approvalJson = (row: ApprovalRow, now: Instant) => ({
  approval_id: row.approval_id,
  organization_id: row.tenant,
  kind: row.kind,
  subject: row.subject,
  state: stateOf(row, now),
  payload: JSON.parse(row.payload) as Json,
  digest: row.digest,
  proposed_by: row.proposed_by,
  proposed_at: row.proposed_at,
  expires_at: row.expires_at,
  decided_by: row.decided_by,
  decided_at: row.decided_at,
});
