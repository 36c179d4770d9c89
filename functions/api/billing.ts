import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { moneyJson } from '../../shared/domain/money/money.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { pageQuery } from '../../shared/edge/http/schemas.ts';
import type { InvoiceRow } from '../../shared/stores/invoice-store.ts';
import { evidenceListSchema, invoiceListSchema, invoiceNumberSchema, invoiceSchema } from './invoice-schema.ts';
import { type ApiRoom, absent, listing } from './room.ts';

/** Long enough to begin a download; one that is under way when the link expires goes on. */
const LINK_SECONDS = 300;

/** Invoices, and the evidence behind them. */
export const billingOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'listInvoices',
    method: 'GET',
    path: '/api/v1/billing/invoices',
    tag: 'Invoices',
    summary: 'Invoices, by number',
    scope: 'billing:read',
    query: pageQuery,
    answers: { 200: invoiceListSchema },
    handle: (call) => invoicePage(call, 'invoices', invoiceSummary, room),
  },
  {
    operationId: 'getInvoice',
    method: 'GET',
    path: '/api/v1/billing/invoices/:number',
    tag: 'Invoices',
    summary: 'An invoice with its lines',
    scope: 'billing:read',
    params: { number: invoiceNumberSchema },
    answers: { 200: invoiceSchema },
    handle: async ({ tenant, params }) => {
      const row = await invoiceRow(tenant, params['number']!, room);
      const document = JSON.parse(Buffer.from(row.document).toString('utf8')) as InvoiceDocument;
      return { status: 200, json: { ...invoiceSummary(row), lines: document.lines, document } };
    },
  },
  {
    operationId: 'listEvidence',
    method: 'GET',
    path: '/api/v1/billing/evidence',
    tag: 'Evidence',
    summary: 'Evidence bundles, by invoice number',
    scope: 'evidence:read',
    query: pageQuery,
    answers: { 200: evidenceListSchema },
    handle: (call) => invoicePage(call, 'evidence', evidenceSummary, room),
  },
  {
    operationId: 'downloadEvidence',
    method: 'GET',
    path: '/api/v1/billing/evidence/:number',
    tag: 'Evidence',
    summary: 'The evidence bundle of an invoice',
    description:
      'Either the file itself or, with 303, an address of it that anybody can use for 300 seconds; the bytes are the same.',
    scope: 'evidence:read',
    params: { number: invoiceNumberSchema },
    answers: { 200: 'bytes', 303: 'empty' },
    produces: ['application/x-tar'],
    mutation: 'evidence.downloaded',
    handle: async ({ tenant, params, principal }) => {
      const row = await invoiceRow(tenant, params['number']!, room);
      const answer = await evidenceOf(row, room);
      room.log.info('evidence_downloaded', { tenant, number: row.number, key_id: principal.id });
      return answer;
    },
  },
];

async function invoicePage(
  { tenant, query }: Call,
  list: 'invoices' | 'evidence',
  itemOf: (row: InvoiceRow) => { readonly number: string },
  room: ApiRoom,
): Promise<ApiAnswer> {
  const { limit, after, answer } = listing(room, tenant, list, query);
  const rows = await room.invoices.list(tenant, limit + 1, after);
  return answer(rows.map(itemOf), (last) => last.number);
}

async function invoiceRow(
  tenant: Parameters<ApiRoom['invoices']['get']>[0],
  number: string,
  room: ApiRoom,
): Promise<InvoiceRow> {
  const row = await room.invoices.get(tenant, number);
  if (row === undefined) throw absent('invoice');
  return row;
}

/** The address of an invoice's evidence where the vault hands out such, its bytes where not. */
async function evidenceOf({ bundle_name, number }: InvoiceRow, { vault }: ApiRoom): Promise<ApiAnswer> {
  if (bundle_name === null) throw absent('evidence');
  const fileName = `${number}.tar`;
  const link = await vault.link(bundle_name, LINK_SECONDS, fileName);
  // Whoever has the address has the evidence until it expires, so nothing on the way may keep it; our log does not see it.
  if (link !== undefined) return { status: 303, headers: { Location: link, 'Cache-Control': 'no-store' } };
  const bytes = await vault.read(bundle_name);
  if (bytes === undefined) throw absent('evidence');
  return { status: 200, bytes, headers: { 'Content-Disposition': `attachment; filename="${fileName}"` } };
}

const invoiceSummary = (row: InvoiceRow) => ({
  number: row.number,
  subscription_id: row.subscription,
  period_start: row.period.slice(0, 27),
  period_end: row.period.slice(28),
  state: row.state,
  issued_at: row.issued_at,
  total: moneyJson({ minorUnits: BigInt(row.total), currency: parseCurrency(row.currency) }),
  evidence: row.bundle_name === null ? null : { sha256: row.bundle_sha256, bytes: row.bundle_bytes, seal: row.seal },
});

const evidenceSummary = (row: InvoiceRow) => ({
  number: row.number,
  state: row.bundle_name === null ? 'pending' : 'archived',
  sha256: row.bundle_sha256,
  bytes: row.bundle_bytes,
  seal: row.seal,
});
