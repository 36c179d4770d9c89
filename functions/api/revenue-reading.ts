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
/** Longer logs are not gone through for an answer: it would take this function more than ten seconds. */
const ENTRIES_MAX = 1_000_000;
const DOCUMENTS_PER_READ = 100;
/** So many organizations' sums are kept for the next question. */
const ORGANIZATIONS_KEPT = 16;

/** How far an organization's log has been gone through. */
interface Reading {
  readonly history: RevenueHistory;
  /** text of the last entry taken in: the log that goes on from it is the same */
  last: string | undefined;
}

/**
 * Reads what revenue needs of organizations: their logs, part by part, and the documents that these were signed for. A log only
 * grows, so the next question goes on from where the last one ended: a list that is read in pages goes through it once.
 */
export class RevenueReader {
  /** one question at a time of each organization: sums must not grow while somebody reckons with them */
  readonly #turns = new Map<TenantId, Promise<Reading | undefined>>();

  /**
   * Answers one question about an organization's revenue.
   * @param work reckons with what was read, and keeps nothing of it
   * @throws BadInput `window_too_large` where the log is too long for an answer
   */
  async answer<T>(
    account: Account,
    now: Instant,
    room: ApiRoom,
    work: (history: RevenueHistory, documents: RevenueDocuments) => T,
  ): Promise<T> {
    const { tenant } = account;
    const before = this.#turns.get(tenant) ?? Promise.resolve(undefined);
    const turn = before.then(async (held) => {
      const reading = await caughtUp(held, account, room);
      return { reading, result: work(reading.history, await documentsOf(reading.history, account, now, room)) };
    });
    // Whoever comes next begins anew after a failure.
    const next = turn.then(
      ({ reading }) => reading,
      () => undefined,
    );
    this.#turns.delete(tenant);
    this.#turns.set(tenant, next);
    for (const oldest of this.#turns.keys()) {
      if (this.#turns.size <= ORGANIZATIONS_KEPT) break;
      this.#turns.delete(oldest);
    }
    return (await turn).result;
  }
}

/** Takes in what has come since, or all where the log is not the one that was read. */
async function caughtUp(held: Reading | undefined, account: Account, room: ApiRoom): Promise<Reading> {
  const { tenant, zone } = account;
  const size = (await room.ledger.head(tenant))?.size ?? 0;
  if (size > ENTRIES_MAX) throw new BadInput('window_too_large', `the ledger has more than ${ENTRIES_MAX} entries`);
  const goesOn = held !== undefined && (await isPrefix(held, zone, size, tenant, room));
  const reading: Reading = goesOn ? held : { history: new RevenueHistory(zone), last: undefined };
  while (reading.history.size < size) {
    const from = reading.history.size;
    const texts = await room.ledger.entries(tenant, from, Math.min(from + ENTRIES_PER_READ, size));
    for (const text of texts) reading.history.add(readEntry(text));
    reading.last = texts.at(-1);
  }
  return reading;
}

async function isPrefix(held: Reading, zone: string, size: number, tenant: TenantId, room: ApiRoom): Promise<boolean> {
  const { history, last } = held;
  if (history.calendar.zone !== zone || history.size > size || history.size === 0) return false;
  const [text] = await room.ledger.entries(tenant, history.size - 1, history.size);
  return text === last;
}

async function documentsOf(
  history: RevenueHistory,
  account: Account,
  now: Instant,
  room: ApiRoom,
): Promise<RevenueDocuments> {
  const decisions = history.issued.flatMap(({ taxes }) =>
    taxes.filter(({ behavior }) => behavior === 'inclusive').map(({ decision }) => decision),
  );
  return {
    invoices: await invoicesOf(account.tenant, room),
    creditNotes: await creditNotesOf(account.tenant, room),
    terms: await room.terms.cited(new Set(decisions)),
    toCome: await toCome(account, history, now, room),
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
