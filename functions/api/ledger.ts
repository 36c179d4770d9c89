import { base64url } from '../../shared/domain/canonical.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { parseReceiptId, type TenantId } from '../../shared/domain/ids.ts';
import { readEntry, readHead, readSeal } from '../../shared/domain/ledger/record.ts';
import { leafHashOfText, type TreeHash } from '../../shared/domain/ledger/tree.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import { pageOf, pageQuery, queryTextSchema } from '../../shared/edge/http/schemas.ts';
import { entrySchema } from './entry-schema.ts';
import { ledgerHeadSchema, receiptSchema } from './ledger-schema.ts';
import { type ApiRoom, absent, listing } from './room.ts';

const hashes = (path: readonly TreeHash[]): string[] => path.map(base64url);

/** Receipts, their proofs, and where the tenant's ledger stands. */
export const ledgerOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'listReceipts',
    method: 'GET',
    path: '/api/v1/billing/receipts',
    tag: 'Ledger',
    summary: 'Ledger entries, in their order',
    scope: 'billing:read',
    query: pageQuery,
    answers: { 200: pageOf('receipt-list', entrySchema) },
    handle: async ({ tenant, query }) => {
      const { limit, after, answer } = listing(room, tenant, 'receipts', query);
      const from = after === undefined ? 0 : Number(after) + 1;
      const head = await room.ledger.head(tenant);
      const to = Math.min(from + limit + 1, head?.size ?? 0);
      const entries = from >= to ? [] : (await room.ledger.entries(tenant, from, to)).map(readEntry);
      return answer(entries, (last) => last.seq);
    },
  },
  {
    operationId: 'getReceipt',
    method: 'GET',
    path: '/api/v1/billing/receipts/:receipt_id',
    tag: 'Ledger',
    summary: 'What became of an accepted event, with its proof',
    scope: 'billing:read',
    params: { receipt_id: { ...queryTextSchema, description: 'from the answer that accepted the event' } },
    answers: { 200: receiptSchema },
    handle: async ({ tenant, params }) => {
      const id = parseReceiptId(params['receipt_id']);
      const found = await room.ledger.find(tenant, id);
      if (found === undefined) throw absent('receipt');
      if (found.state === 'waiting') return { status: 200, json: { receipt_id: id, state: 'accepted' } };
      return {
        status: 200,
        json: { receipt_id: id, state: 'billed', ...(await receiptWithProof(tenant, found.seq, room)) },
      };
    },
  },
  {
    operationId: 'getLedgerHead',
    method: 'GET',
    path: '/api/v1/billing/ledger/head',
    tag: 'Ledger',
    summary: 'Where the ledger stands',
    scope: 'billing:read',
    query: {
      since: { ...queryTextSchema, description: 'a size seen before: adds the proof of consistency' },
    },
    answers: { 200: ledgerHeadSchema },
    handle: async ({ tenant, query }) => {
      const head = await room.ledger.head(tenant);
      const proof = await consistency(tenant, head?.size ?? 0, query['since'], room);
      if (head === undefined) return { status: 200, json: { ledger: room.ledgerOrigin, tenant, size: 0 } };
      const frozen = await room.reconciliation.frozen(tenant);
      return {
        status: 200,
        json: {
          ledger: room.ledgerOrigin,
          tenant,
          size: head.size,
          root: head.root,
          last: head.last,
          blind: head.blind,
          recorded_at: head.recordedAt,
          frozen: frozen === undefined ? null : { since: frozen.frozen_at },
          sealed: await sealedHead(tenant, room),
          ...proof,
        },
      };
    },
  },
];

/** An entry with the path from its bytes to the latest signed checkpoint; `proof` is null until a seal covers it. */
async function receiptWithProof(tenant: TenantId, seq: number, room: ApiRoom) {
  const [text] = await room.ledger.entries(tenant, seq, seq + 1);
  const entry = { entry: readEntry(text!), text: text!, leaf_hash: base64url(leafHashOfText(text!)) };
  const { signed: seal } = await room.seals.latest();
  const head = seal === undefined ? undefined : await room.proofs.headPath(tenant, seal.heads);
  if (seal === undefined || head === undefined) return { ...entry, proof: null };
  const size = Number(readHead(head.line).size);
  if (seq >= size) return { ...entry, proof: null };
  return {
    ...entry,
    proof: {
      log: { index: seq, size, path: hashes(await room.proofs.entryPath(tenant, seq, size)) },
      head: { line: head.line, index: head.index, size: seal.heads.length, path: hashes(head.path) },
      seal: { record: seal.record, path: hashes(await room.proofs.sealPath(seal.n, seal.n + 1)) },
      checkpoint: seal.jws,
    },
  };
}

async function sealedHead(tenant: TenantId, room: ApiRoom) {
  const { signed: seal } = await room.seals.latest();
  const head = seal === undefined ? undefined : await room.proofs.headPath(tenant, seal.heads);
  if (seal === undefined || head === undefined) return null;
  const { size, root } = readHead(head.line);
  const { n, at } = readSeal(seal.record);
  return { seal: Number(n), at, size: Number(size), root };
}

/** Proof that the log extends an earlier one the caller has seen. */
async function consistency(tenant: TenantId, size: number, since: string | undefined, room: ApiRoom) {
  if (since === undefined) return {};
  const first = /^[1-9][0-9]{0,14}$/.test(since) ? Number(since) : Number.NaN;
  if (!(first <= size)) {
    throw new BadInput('invalid_parameter', `since is a size the log has had, 1 to ${size}`, 'since');
  }
  return { consistency: { first, second: size, path: hashes(await room.proofs.logConsistency(tenant, first, size)) } };
}
