import type { Account } from '../../shared/domain/account/account.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { CreditNoteDocument } from '../../shared/domain/invoice/credit-note.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { taxCategoryOf } from '../../shared/domain/pricing/tax-category.ts';
import type { RevenueDocuments } from '../../shared/domain/revenue/documents.ts';
import { RevenueHistory } from '../../shared/domain/revenue/history.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { ApiRoom } from './room.ts';

/** Entries read at a time: 16 pages. What they add up to is kept, they are not. */
const ENTRIES_PER_READ = 4096;
/** Longer logs are not gone through for one answer. */
const ENTRIES_MAX = 2_000_000;
const DOCUMENTS_PER_READ = 100;

export interface RevenueRead {
  readonly history: RevenueHistory;
  readonly documents: RevenueDocuments;
}

/**
 * Reads what revenue needs of an organization: its log, part by part, and the documents that the log was signed for.
 * @throws BadInput `window_too_large` where the log is too long for an answer
 */
export async function readRevenue(account: Account, now: Instant, room: ApiRoom): Promise<RevenueRead> {
  const { tenant, zone } = account;
  const history = new RevenueHistory(zone);
  const size = (await room.ledger.head(tenant))?.size ?? 0;
  if (size > ENTRIES_MAX) throw new BadInput('window_too_large', `the ledger has more than ${ENTRIES_MAX} entries`);
  for (let from = 0; from < size; from += ENTRIES_PER_READ) {
    const texts = await room.ledger.entries(tenant, from, Math.min(from + ENTRIES_PER_READ, size));
    for (const text of texts) history.add(readEntry(text));
  }
  const decisions = history.issued.flatMap(({ taxes }) =>
    taxes.filter(({ behavior }) => behavior === 'inclusive').map(({ decision }) => decision),
  );
  return {
    history,
    documents: {
      invoices: await invoicesOf(tenant, room),
      creditNotes: await creditNotesOf(tenant, room),
      terms: await room.terms.cited(new Set(decisions)),
      toCome: await toCome(account, history, now, room),
    },
  };
}

async function invoicesOf(tenant: TenantId, room: ApiRoom): Promise<Map<string, InvoiceDocument>> {
  const found = new Map<string, InvoiceDocument>();
  for (let after: string | undefined; ; ) {
    const rows = await room.invoices.list(tenant, DOCUMENTS_PER_READ, after);
    for (const { number, document } of rows) found.set(number, documentIn(document) as InvoiceDocument);
    if (rows.length < DOCUMENTS_PER_READ) return found;
    after = rows.at(-1)!.number;
  }
}

async function creditNotesOf(tenant: TenantId, room: ApiRoom): Promise<Map<string, CreditNoteDocument>> {
  const found = new Map<string, CreditNoteDocument>();
  for (let after: string | undefined; ; ) {
    const rows = await room.invoices.creditNotes(tenant, DOCUMENTS_PER_READ, after);
    for (const { number, document } of rows) found.set(number, documentIn(document) as CreditNoteDocument);
    if (rows.length < DOCUMENTS_PER_READ) return found;
    after = rows.at(-1)!.number;
  }
}

const documentIn = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'));

/** How the tax within prices is taken out of what is not invoiced yet: by today's decision. */
async function toCome(
  account: Account,
  history: RevenueHistory,
  now: Instant,
  room: ApiRoom,
): Promise<RevenueDocuments['toCome']> {
  const taxation = await room.taxationOf(account, now);
  if (taxation?.behavior !== 'inclusive') return undefined;
  const digests = [...history.open.values()].flatMap(({ sums }) => [...sums.values()].map((sum) => sum.priceDigest));
  const prices = await room.accounts.prices(digests.filter((digest) => digest !== ''));
  const categories = new Map([...prices].map(([digest, { document }]) => [digest, taxCategoryOf(document)]));
  return { decision: taxation.bytes, categories };
}
