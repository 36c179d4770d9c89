import { BadInput } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { CreditNoteDocument } from '../../shared/domain/invoice/credit-note.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { taxDecisionSchema } from '../../shared/domain/invoice/taxation.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { TREATMENTS } from '../../shared/domain/tax/determine.ts';
import { type TaxedDocument, taxReport } from '../../shared/domain/tax/report.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import {
  countSchema,
  currencySchema,
  instantInputSchema,
  instantSchema,
  minorUnitsSchema,
} from '../../shared/edge/http/schemas.ts';
import { type ApiRoom, absent, accountOf } from './room.ts';

const API = '/api/v1/billing/tax';
const word = { type: 'string', maxLength: 64 } as const;
const PER_READ = 500;

const determinedSchema = {
  $id: 'urn:tallystick:schema:determined-tax',
  type: 'object',
  required: ['at', 'decision', 'reasons'],
  additionalProperties: false,
  properties: {
    at: instantSchema,
    decision: taxDecisionSchema,
    reasons: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        required: ['jurisdiction', 'treatment', 'rule'],
        additionalProperties: false,
        properties: {
          jurisdiction: word,
          treatment: { type: 'string', enum: TREATMENTS },
          rule: { type: 'string', maxLength: 400, description: 'the law it follows from' },
        },
      },
    },
  },
} as const;

const reportSchema = {
  $id: 'urn:tallystick:schema:tax-report',
  type: 'object',
  required: ['from', 'to', 'rows'],
  additionalProperties: false,
  properties: {
    from: instantSchema,
    to: { ...instantSchema, description: 'exclusive' },
    rows: {
      type: 'array',
      maxItems: 10_000,
      items: {
        type: 'object',
        required: ['jurisdiction', 'rate', 'treatment', 'currency', 'base', 'amount', 'documents'],
        additionalProperties: false,
        properties: {
          jurisdiction: word,
          rate: { type: 'string', maxLength: 14, description: 'a fraction: "0.19" is 19 %' },
          treatment: word,
          currency: currencySchema,
          base: minorUnitsSchema,
          amount: minorUnitsSchema,
          documents: { ...countSchema, description: 'invoices, credit notes and voids that it is made of' },
        },
      },
    },
  },
} as const;

/** Which taxes there are, and what came together. */
export const taxOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'determineTax',
    method: 'GET',
    path: `${API}/decision`,
    tag: 'Taxes',
    summary: 'How the organization is taxed, and by which law',
    description: 'From seller, customer and dated rates, where its own settings name no rates.',
    scope: 'billing:read',
    query: { at: instantInputSchema },
    answers: { 200: determinedSchema },
    handle: async (call) => {
      const account = await accountOf(call, room);
      const at = call.query['at'] === undefined ? call.now : parseInstant(call.query['at'], 'at');
      const determined = await room.taxes.determine(account, at);
      if (determined === undefined) throw absent('tax decision: seller or billing profile are not known');
      return { status: 200, json: { at, ...determined } };
    },
  },
  {
    operationId: 'getTaxReport',
    method: 'GET',
    path: `${API}/report`,
    tag: 'Taxes',
    summary: 'Taxes by jurisdiction, rate and treatment over documents issued in a time',
    description: 'Of one organization, or of all where none is named: what a return states.',
    scope: 'billing:read',
    about: 'platform',
    query: { from: instantInputSchema, to: instantInputSchema },
    answers: { 200: reportSchema },
    handle: async ({ organization, query, now }) => {
      const to = query['to'] === undefined ? now : parseInstant(query['to'], 'to');
      const from =
        query['from'] === undefined
          ? parseInstant(`${to.slice(0, 7)}-01T00:00:00Z`, 'from')
          : parseInstant(query['from'], 'from');
      if (from > to) throw new BadInput('invalid_parameter', 'from is before to', 'from');
      const documents: TaxedDocument[] = [];
      for await (const tenant of organization === undefined ? everybody(room) : [organization]) {
        for await (const document of taxedDocuments(tenant, from, to, room)) documents.push(document);
      }
      const rows = taxReport(documents, from, to).map((row) => ({
        ...row,
        base: String(row.base),
        amount: String(row.amount),
      }));
      return { status: 200, json: { from, to, rows } };
    },
  },
];

async function* everybody({ accounts }: ApiRoom): AsyncGenerator<TenantId> {
  for (let after: string | undefined; ; ) {
    const tenants = await accounts.list(after, PER_READ);
    yield* tenants;
    after = tenants.at(-1);
    if (after === undefined) return;
  }
}

/** Documents of a tenant with taxes on them that were issued, or made void, in a time. */
async function* taxedDocuments(
  tenant: TenantId,
  from: string,
  to: string,
  room: ApiRoom,
): AsyncGenerator<TaxedDocument> {
  const read = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString('utf8')) as T;
  for (let after: string | undefined; ; ) {
    const rows = await room.invoices.list(tenant, PER_READ, after);
    for (const row of rows) {
      if (row.issued_at >= to) continue;
      const { taxes, currency } = read<InvoiceDocument>(row.document);
      if (taxes.length === 0) continue;
      if (row.issued_at >= from) yield { at: row.issued_at, kind: 'invoice', currency, taxes };
      if (row.state === 'void') yield { at: await voidedAt(tenant, row.number, room), kind: 'void', currency, taxes };
    }
    after = rows.at(-1)?.number;
    if (rows.length < PER_READ) break;
  }
  for (let after: string | undefined; ; ) {
    const rows = await room.invoices.creditNotes(tenant, PER_READ, after);
    for (const row of rows) {
      if (row.issued_at < from || row.issued_at >= to) continue;
      const { taxes, currency } = read<CreditNoteDocument>(row.document);
      yield { at: row.issued_at, kind: 'credit_note', currency, taxes };
    }
    after = rows.at(-1)?.number;
    if (rows.length < PER_READ) return;
  }
}

/** When an invoice was made void: only its entry in the ledger says so. Rare, so the log is searched from its end. */
async function voidedAt(tenant: TenantId, number: string, { ledger }: ApiRoom): Promise<string> {
  for (let to = (await ledger.head(tenant))?.size ?? 0; to > 0; ) {
    const from = Math.max(0, to - PER_READ);
    for (const text of (await ledger.entries(tenant, from, to)).reverse()) {
      if (!text.includes('"typ":"void"')) continue;
      const entry = readEntry(text);
      if (entry.typ === 'void' && entry.number === number) return entry.recorded_at;
    }
    to = from;
  }
  throw new Error(`${number} is void and no entry says so`);
}
