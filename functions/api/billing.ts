import { parseMetricName, parseSubscriptionId } from '../../shared/domain/ids.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { moneyJson } from '../../shared/domain/money/money.ts';
import { limitOf } from '../../shared/edge/cursor.ts';
import type { ApiAnswer, ApiRoute } from '../../shared/edge/http/handler.ts';
import type { RowOf } from '../../shared/ports/database.ts';
import type { InvoiceRow } from '../../shared/stores/invoice-store.ts';
import type { aggregates } from '../../shared/stores/tables.ts';
import { type ApiRoom, absent, page, reader } from './room.ts';

const NUMBER = /^[A-Z][A-Z0-9-]{1,60}$/;
/** Long enough to begin a download; one that is under way when the link expires goes on. */
const LINK_SECONDS = 300;

/** Usage so far, invoices, and the evidence behind them. */
export const billingRoutes = (room: ApiRoom): ApiRoute[] => [
  {
    method: 'GET',
    path: '/api/v1/billing/usage/summary',
    query: ['metric_name', 'subscription_id'],
    handle: async (request) => {
      const { tenant } = await reader(request, room);
      const metric = request.query.get('metric_name');
      const subscription = request.query.get('subscription_id');
      if (metric !== null) parseMetricName(metric);
      if (subscription !== null) parseSubscriptionId(subscription);
      const rows = (await room.ledger.usage(tenant)).filter(
        (row) =>
          (metric === null || row.meter === metric) && (subscription === null || row.subscription === subscription),
      );
      const head = await room.ledger.head(tenant);
      return { status: 200, json: { as_of_seq: head === undefined ? null : head.size - 1, data: rows.map(summaryOf) } };
    },
  },
  {
    method: 'GET',
    path: '/api/v1/billing/invoices',
    query: ['limit', 'cursor'],
    handle: async (request) => {
      const { tenant } = await reader(request, room);
      const limit = limitOf(request.query);
      const cursor = request.query.get('cursor');
      const after = cursor === null ? undefined : room.cursors.read(tenant, 'invoices', cursor);
      const rows = await room.invoices.list(tenant, limit + 1, after);
      return {
        status: 200,
        json: page(rows.map(invoiceSummary), limit, (last) => room.cursors.write(tenant, 'invoices', last.number)),
      };
    },
  },
  {
    method: 'GET',
    path: '/api/v1/billing/invoices/:number',
    handle: async (request) => {
      const { tenant } = await reader(request, room);
      const row = await invoiceRow(tenant, request.params['number']!, room);
      const document = JSON.parse(Buffer.from(row.document).toString('utf8')) as InvoiceDocument;
      return { status: 200, json: { ...invoiceSummary(row), lines: document.lines, document } };
    },
  },
  {
    method: 'GET',
    path: '/api/v1/billing/evidence',
    query: ['limit', 'cursor'],
    handle: async (request) => {
      const { tenant } = await reader(request, room);
      const limit = limitOf(request.query);
      const cursor = request.query.get('cursor');
      const after = cursor === null ? undefined : room.cursors.read(tenant, 'evidence', cursor);
      const rows = await room.invoices.list(tenant, limit + 1, after);
      return {
        status: 200,
        json: page(rows.map(evidenceSummary), limit, (last) => room.cursors.write(tenant, 'evidence', last.number)),
      };
    },
  },
  {
    method: 'GET',
    path: '/api/v1/billing/evidence/:number',
    produces: ['application/x-tar'],
    handle: async (request) => {
      const principal = await reader(request, room);
      const row = await invoiceRow(principal.tenant, request.params['number']!, room);
      const answer = await evidenceOf(row, room);
      room.log.info('evidence_downloaded', { tenant: principal.tenant, number: row.number, key_id: principal.keyId });
      return answer;
    },
  },
];

async function invoiceRow(
  tenant: Parameters<ApiRoom['invoices']['get']>[0],
  number: string,
  room: ApiRoom,
): Promise<InvoiceRow> {
  const row = NUMBER.test(number) ? await room.invoices.get(tenant, number) : undefined;
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

const summaryOf = (row: RowOf<typeof aggregates.columns>) => ({
  subscription_id: row.subscription,
  metric_name: row.meter,
  aggregation: row.aggregation,
  period_start: row.period.slice(0, 27),
  period_end: row.period.slice(28),
  value: row.value,
  events: row.events,
});

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
