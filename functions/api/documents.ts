import { documentHtml } from '../../shared/documents/html.ts';
import { documentPdf } from '../../shared/documents/pdf.ts';
import {
  AGE_CLASSES,
  changeOf,
  type Movement,
  type Statement,
  statementOf,
  statementView,
} from '../../shared/documents/statement.ts';
import { creditNoteUbl, invoiceUbl } from '../../shared/documents/ubl.ts';
import { creditNoteView, type DocumentFrame, type DocumentView, invoiceView } from '../../shared/documents/view.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { CreditNoteDocument } from '../../shared/domain/invoice/credit-note.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import type { TaxDecisionJson } from '../../shared/domain/invoice/taxation.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { type Instant, parseInstant } from '../../shared/domain/time.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import {
  currencySchema,
  instantInputSchema,
  instantSchema,
  minorUnitsSchema,
  nameSchema,
} from '../../shared/edge/http/schemas.ts';
import { invoiceNumberSchema } from './invoice-schema.ts';
import { type ApiRoom, absent, accountOf } from './room.ts';

const API = '/api/v1/billing';
const ENTRIES_PER_READ = 4096;
/** Longer logs are not gone through for one answer. */
const ENTRIES_MAX = 2_000_000;

const MEDIA = { html: 'text/html; charset=utf-8', pdf: 'application/pdf', ubl: 'application/xml' } as const;
type Format = keyof typeof MEDIA;
const WHAT: Readonly<Record<Format, string>> = {
  html: 'to read and to print',
  pdf: 'as PDF',
  ubl: 'as an electronic invoice: EN 16931 in UBL 2.1',
};

const statementSchema = {
  $id: 'urn:tallystick:schema:statement',
  type: 'object',
  required: ['currency', 'from', 'to', 'opening', 'movements', 'closing', 'ageing'],
  additionalProperties: false,
  properties: {
    currency: currencySchema,
    from: instantSchema,
    to: { ...instantSchema, description: 'exclusive' },
    opening: minorUnitsSchema,
    movements: {
      type: 'array',
      maxItems: 1_000_000,
      items: {
        type: 'object',
        required: ['at', 'kind', 'invoice_number', 'name', 'change', 'balance'],
        additionalProperties: false,
        properties: {
          at: instantSchema,
          kind: { type: 'string', enum: ['invoice', 'credit_note', 'payment', 'refund', 'void', 'write_off'] },
          invoice_number: invoiceNumberSchema,
          name: { type: 'string', maxLength: 100 },
          change: { ...minorUnitsSchema, description: 'above zero: the customer owes more' },
          balance: minorUnitsSchema,
        },
      },
    },
    closing: minorUnitsSchema,
    ageing: {
      type: 'object',
      description: 'what is open by days past due; adds up to the closing balance',
      required: AGE_CLASSES,
      additionalProperties: false,
      properties: Object.fromEntries(AGE_CLASSES.map((name) => [name, minorUnitsSchema])),
    },
  },
} as const;

/** Invoices, credit notes and statements as companies book them. The same document has the same bytes whenever it is asked for. */
export const documentOperations = (room: ApiRoom): Operation[] => [
  ...(['html', 'pdf', 'ubl'] as const).flatMap((format) => [
    document(
      `getInvoice${named(format)}`,
      `/invoices/:number/${format}`,
      `The invoice ${WHAT[format]}`,
      format,
      (call) => invoiceFile(call, format, room),
    ),
    document(
      `getCreditNote${named(format)}`,
      `/credit-notes/:number/${format}`,
      `The credit note ${WHAT[format]}`,
      format,
      (call) => creditNoteFile(call, format, room),
    ),
  ]),
  {
    operationId: 'getPreviewHtml',
    method: 'GET',
    path: `${API}/subscriptions/:subscription_id/preview/html`,
    tag: 'Documents',
    summary: 'The invoice to come, to read and to print',
    description: 'A draft: it has no number, and nobody has to pay it.',
    scope: 'billing:read',
    params: { subscription_id: nameSchema },
    answers: { 200: 'bytes' },
    produces: ['text/html'],
    handle: async (call) => {
      const account = await accountOf(call, room);
      const id = call.params['subscription_id']!;
      if (!account.subscriptions.some((one) => one.id === id)) throw absent('subscription');
      const taxation = await room.taxationOf(account, await room.ledger.nextTaxPoint(account, id, call.now));
      const invoice = await room.ledger.preview(call.tenant, id, { taxation }, call.now);
      const frame = await frameOf(call.tenant, call.now, `/subscriptions/${id}/preview`, true, room);
      return file(documentHtml(invoiceView(invoice, frame)), 'html', `${id}-preview`);
    },
  },
  {
    operationId: 'getStatement',
    method: 'GET',
    path: `${API}/statement`,
    tag: 'Documents',
    summary: 'Statement of account',
    description: 'Opening balance, movements, closing balance, and what is open by age. The last 90 days unless said.',
    scope: 'billing:read',
    query: { from: instantInputSchema, to: instantInputSchema },
    answers: { 200: statementSchema },
    handle: async (call) => ({ status: 200, json: statementJson(await statement(call, room)) }),
  },
  ...(['html', 'pdf'] as const).map(
    (format): Operation => ({
      operationId: `getStatement${named(format)}`,
      method: 'GET',
      path: `${API}/statement/${format}`,
      tag: 'Documents',
      summary: `Statement of account ${WHAT[format]}`,
      scope: 'billing:read',
      query: { from: instantInputSchema, to: instantInputSchema },
      answers: { 200: 'bytes' },
      produces: [MEDIA[format].split(';')[0]!],
      handle: async (call) => {
        const made = await statement(call, room);
        const frame = await frameOf(call.tenant, made.to as Instant, '/statement', false, room);
        return rendered(statementView(made, frame), format, `statement-${made.to.slice(0, 10)}`);
      },
    }),
  ),
];

const named = (format: Format): string => format[0]!.toUpperCase() + format.slice(1);

const document = (
  operationId: string,
  path: string,
  summary: string,
  format: Format,
  handle: (call: Call) => Promise<ApiAnswer>,
): Operation => ({
  operationId,
  method: 'GET',
  path: `${API}${path}`,
  tag: 'Documents',
  summary,
  scope: 'billing:read',
  params: { number: invoiceNumberSchema },
  answers: { 200: 'bytes' },
  produces: [MEDIA[format].split(';')[0]!],
  handle,
});

async function invoiceFile({ tenant, params }: Call, format: Format, room: ApiRoom): Promise<ApiAnswer> {
  const number = params['number']!;
  const invoice = await issued(tenant, number, room);
  const frame = await frameOf(tenant, invoice.issued_at as Instant, `/evidence/${number}`, false, room);
  if (format === 'ubl')
    return file(invoiceUbl(invoice, await ratesOf(invoice.tax_decision, room), frame), format, number);
  return rendered(invoiceView(invoice, frame), format, number);
}

async function creditNoteFile({ tenant, params }: Call, format: Format, room: ApiRoom): Promise<ApiAnswer> {
  const number = params['number']!;
  const note = await room.invoices.creditNote(tenant, number);
  if (note === undefined) throw absent('credit note');
  const document = read<CreditNoteDocument>(note.document);
  const frame = await frameOf(tenant, document.issued_at as Instant, `/credit-notes/${number}`, false, room);
  if (format !== 'ubl') return rendered(creditNoteView(document, frame), format, number);
  const invoice = await issued(tenant, document.invoice, room);
  const rates = await ratesOf(document.tax_decision, room);
  return file(creditNoteUbl(document, invoice, rates, frame), format, number);
}

const read = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString('utf8')) as T;

async function issued(tenant: TenantId, number: string, room: ApiRoom): Promise<InvoiceDocument> {
  const row = await room.invoices.get(tenant, number);
  if (row === undefined) throw absent('invoice');
  return read<InvoiceDocument>(row.document);
}

async function ratesOf(decision: string, { terms }: ApiRoom): Promise<TaxDecisionJson['rates']> {
  if (decision === '') return [];
  const bytes = (await terms.cited(new Set([decision]))).get(decision)!;
  return read<TaxDecisionJson>(bytes).rates;
}

/** Who stands on a document: seller and customer as they were when it was issued. @throws BadInput `seller_unknown`, `buyer_unknown` */
async function frameOf(
  tenant: TenantId,
  at: Instant,
  proof: string,
  isDraft: boolean,
  room: ApiRoom,
): Promise<DocumentFrame> {
  const { publicUrl } = room.config;
  const seller = await room.sellers.at(at);
  if (seller === undefined) throw new BadInput('seller_unknown', 'nobody has said who issues the invoices (SELLER)');
  const [account, kept] = await Promise.all([room.accounts.get(tenant), room.profiles.at(tenant, at)]);
  if (account === undefined) throw absent('organization');
  if (kept === undefined) throw new BadInput('buyer_unknown', 'the organization has no billing profile');
  return { seller, buyer: kept.profile, zone: account.zone, verifyUrl: `${publicUrl}${API}${proof}`, isDraft };
}

async function rendered(view: DocumentView, format: Exclude<Format, 'ubl'>, name: string): Promise<ApiAnswer> {
  return file(format === 'html' ? documentHtml(view) : await documentPdf(view), format, name);
}

/** Nothing in a document runs or loads anything. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const file = (content: string | Buffer, format: Format, name: string): ApiAnswer => ({
  status: 200,
  bytes: typeof content === 'string' ? Buffer.from(content, 'utf8') : content,
  headers: {
    'Content-Type': MEDIA[format],
    'Content-Disposition': `inline; filename="${name}.${format === 'ubl' ? 'xml' : format}"`,
    ...(format === 'html' ? { 'Content-Security-Policy': PAGE_POLICY } : {}),
  },
});

const QUARTER_MILLISECONDS = 90 * 86_400_000;

async function statement(call: Call, room: ApiRoom): Promise<Statement> {
  const { currency, tenant } = await accountOf(call, room);
  const to = call.query['to'] === undefined ? call.now : parseInstant(call.query['to'], 'to');
  const from =
    call.query['from'] === undefined
      ? parseInstant(new Date(Date.parse(to) - QUARTER_MILLISECONDS).toISOString(), 'from')
      : parseInstant(call.query['from'], 'from');
  if (from >= to) throw new BadInput('invalid_parameter', 'from is before to', 'from');
  const profile = (await room.profiles.at(tenant, to))?.profile;
  const termsDays = profile?.payment_terms_days ?? 14;
  return statementOf(await movementsOf(tenant, room), { currency, from, to, termsDays });
}

/** @throws BadInput `window_too_large` */
async function movementsOf(tenant: TenantId, room: ApiRoom): Promise<Movement[]> {
  const size = (await room.ledger.head(tenant))?.size ?? 0;
  if (size > ENTRIES_MAX) throw new BadInput('window_too_large', `the ledger has more than ${ENTRIES_MAX} entries`);
  const left = new Map<string, bigint>();
  const movements: Movement[] = [];
  for (let from = 0; from < size; from += ENTRIES_PER_READ) {
    for (const text of await room.ledger.entries(tenant, from, Math.min(from + ENTRIES_PER_READ, size))) {
      if (!MOVES.test(text)) continue;
      const movement = movementOf(text, left);
      if (movement === undefined) continue;
      movements.push(movement);
      left.set(movement.invoice, (left.get(movement.invoice) ?? 0n) + changeOf(movement));
    }
  }
  return movements;
}

// Most entries are usage: they are told by their text alone.
const MOVES = /"typ":"(?:invoice|payment|refund|credit_note|void|write_off)"/;

function movementOf(text: string, left: ReadonlyMap<string, bigint>): Movement | undefined {
  const entry = readEntry(text);
  const at = entry.recorded_at;
  switch (entry.typ) {
    case 'invoice':
      return { at, kind: 'invoice', invoice: entry.number, name: entry.number, amount: BigInt(entry.amount_due) };
    case 'payment':
      return { at, kind: 'payment', invoice: entry.number, name: entry.payment_id, amount: BigInt(entry.amount) };
    case 'refund':
      return { at, kind: 'refund', invoice: entry.number, name: entry.refund_id, amount: BigInt(entry.amount) };
    case 'credit_note':
      return { at, kind: 'credit_note', invoice: entry.number, name: entry.credit_note, amount: BigInt(entry.amount) };
    // What was outstanding is not owed any more.
    case 'void':
    case 'write_off':
      return { at, kind: entry.typ, invoice: entry.number, name: entry.number, amount: left.get(entry.number) ?? 0n };
    default:
      return undefined;
  }
}

const statementJson = ({ currency, from, to, opening, movements, closing, ageing }: Statement) => ({
  currency,
  from,
  to,
  opening: String(opening),
  movements: movements.map(({ movement, change, balance }) => ({
    at: movement.at,
    kind: movement.kind,
    invoice_number: movement.invoice,
    name: movement.name,
    change: String(change),
    balance: String(balance),
  })),
  closing: String(closing),
  ageing: Object.fromEntries(AGE_CLASSES.map((name) => [name, String(ageing[name])])),
});
