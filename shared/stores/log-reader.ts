import type { ReceiptId, Sequence, TenantId } from '../domain/ids.ts';
import { mayHoldEvent, PAGE_ENTRIES, type Page, unpackPage } from '../domain/ledger/page.ts';
import type { TenantHead } from '../domain/ledger/seal.ts';
import { keyHashOfReceipt } from '../domain/usage/identity.ts';
import type { Database, Reader, RowOf } from '../ports/database.ts';
import { eventsOf } from './accepted-events.ts';
import { type Archive, retiredBefore } from './archive.ts';
import { batchOf } from './known-keys.ts';
import type { PersonalData } from './personal-data.ts';
import { batches, dedupe, heads, pages } from './tables.ts';

/** Where an accepted event stands. */
export type ReceiptState = { readonly state: 'waiting' } | { readonly state: 'billed'; readonly seq: Sequence };

/** Entries [from, to) of a tenant's log. */
export interface LogStretch {
  readonly tenant: TenantId;
  readonly from: Sequence;
  readonly to: Sequence;
}

/** Pages that are looked through at once for an id that no batch knows any more. */
const SEARCH_PAGES = 64;

/** Reads the tenants' logs, wherever their entries lie: in the database's hot window or, before it, in the vault. */
export class LogReader {
  readonly #database: Database;
  readonly #archive: Archive;
  readonly #personal: PersonalData | undefined;

  /** @param personal opens accepted events, for who asks what became of one */
  constructor(database: Database, archive: Archive, personal?: PersonalData) {
    this.#database = database;
    this.#archive = archive;
    this.#personal = personal;
  }

  async head(tenant: TenantId): Promise<(TenantHead & { readonly recordedAt: string }) | undefined> {
    const row = await this.#database.read(heads, [tenant]);
    return row === undefined ? undefined : { ...toHead(row), recordedAt: row.recorded_at };
  }

  /** Pages that hold entries [from, to), ascending. @throws SegmentLost */
  async pages(tenant: TenantId, from: Sequence, to: Sequence, limit?: number): Promise<Page[]> {
    return this.#database.snapshot((view) => readPages(view, this.#archive, tenant, from, to, limit));
  }

  /**
   * Pages of the hot window that begin within stretches of many logs, in one read.
   * @param stretches by tenant, ascending, one of each
   * @returns of each log that the read came to, in order, its pages; those of the last one may go on where `limit` cut them off
   */
  async hotPages(stretches: readonly LogStretch[], limit: number): Promise<Map<TenantId, Page[]>> {
    const wanted = stretches.map(({ tenant, from, to }) => ({ prefix: [tenant], from: [from], to: [to] }));
    const rows = await this.#database.snapshot((view) => view.ranges(pages, wanted, limit));
    const last = rows.length < limit ? undefined : rows.at(-1)?.tenant;
    const end = last === undefined ? stretches.length : stretches.findIndex(({ tenant }) => tenant === last) + 1;
    const found = new Map<TenantId, Page[]>(stretches.slice(0, end).map(({ tenant }) => [tenant, []]));
    for (const row of rows) found.get(row.tenant as TenantId)!.push(toPage(row));
    return found;
  }

  /** Entries [from, to) as their canonical texts. @throws PageDamaged, SegmentLost, EntryMissing */
  async entries(tenant: TenantId, from: Sequence, to: Sequence): Promise<string[]> {
    return entriesOf(await this.pages(tenant, from, to), from, to);
  }

  /** What became of an accepted event; undefined where the tenant has no such event. */
  async find(tenant: TenantId, id: ReceiptId): Promise<ReceiptState | undefined> {
    const key = keyHashOfReceipt(id);
    const { batch, position, size } = await this.#database.snapshot(async (view) => {
      const known = await view.read(dedupe, [tenant, key]);
      return {
        batch: known === undefined ? undefined : await view.read(batches, [tenant, batchOf(known)]),
        position: known?.position ?? 0,
        size: (await view.read(heads, [tenant]))?.size ?? 0,
      };
    });
    if (batch?.first_seq === null) {
      const keys = await this.#personal?.keysOf(tenant);
      if (keys === undefined) throw new Error('accepted events cannot be opened here');
      if (eventsOf(batch, keys)[position]?.receiptId === id) return { state: 'waiting' };
    } else if (batch !== undefined) {
      // Long after, the same key may name a later event: then the batch is that one's, not this one's.
      const seq = batch.first_seq + position;
      const [text] = await this.entries(tenant, seq, seq + 1);
      if (bills(text!, id)) return { state: 'billed', seq };
    }
    return this.#search(tenant, id, key, size);
  }

  /**
   * Older than the deduplication window: only the receipts themselves know. Slow, and rare: it reads the whole log, as far
   * as it must the vault's segments, but unpacks only pages that hold the key.
   */
  async #search(tenant: TenantId, id: ReceiptId, key: Buffer, size: Sequence): Promise<ReceiptState | undefined> {
    let from = 0;
    while (from < size) {
      const found = await this.pages(tenant, from, size, SEARCH_PAGES);
      if (found.length === 0) return undefined;
      for (const page of found) {
        const at = mayHoldEvent(page.bytes, key) ? unpackPage(page.bytes).findIndex((text) => bills(text, id)) : -1;
        if (at >= 0) return { state: 'billed', seq: page.firstSeq + at };
        from = page.firstSeq + page.count;
      }
    }
    return undefined;
  }
}

const bills = (text: string, id: ReceiptId): boolean => text.includes(`"event_id":"${id}"`);

export const toHead = (row: RowOf<typeof heads.columns>): TenantHead => ({
  tenant: row.tenant,
  blind: row.blind,
  size: row.size,
  root: row.root,
  last: row.last,
});

/** Pages that hold entries [from, to), ascending; of those that left the hot window the vault's copies. */
export async function readPages(
  view: Reader,
  archive: Archive,
  tenant: string,
  from: Sequence,
  to: Sequence,
  limit?: number,
): Promise<Page[]> {
  const hotFrom = await retiredBefore(view, tenant);
  const old = from < hotFrom ? await archive.pages(view, tenant, { from, to: Math.min(to, hotFrom) }, limit) : [];
  // Where an old page is missing, those behind the gap are no answer.
  const next = from < hotFrom ? endOf(old, from) : from;
  if (next < Math.min(to, hotFrom) || next >= to || old.length === limit) return old;
  const rest = limit === undefined ? undefined : limit - old.length;
  return [...old, ...(await hotPages(view, tenant, Math.max(from, hotFrom), to, rest))];
}

const endOf = (held: readonly Page[], from: Sequence): Sequence => {
  const last = held.at(-1);
  return last === undefined ? from : last.firstSeq + last.count;
};

async function hotPages(
  view: Reader,
  tenant: string,
  from: Sequence,
  to: Sequence,
  limit: number | undefined,
): Promise<Page[]> {
  // The page that holds `from` is the last one that starts at or before it. Bounded below: Spanner reads a backwards range whole.
  const [first] = await view.range(pages, {
    prefix: [tenant],
    from: [Math.max(0, from - PAGE_ENTRIES + 1)],
    to: [from + 1],
    limit: 1,
    reverse: true,
  });
  const rows = await view.range(pages, {
    prefix: [tenant],
    from: [first === undefined ? from : first.first_seq],
    to: [to],
    ...(limit === undefined ? {} : { limit }),
  });
  return rows.map(toPage);
}

const toPage = ({ first_seq, count, bytes }: RowOf<typeof pages.columns>): Page => ({
  firstSeq: first_seq,
  count,
  bytes: Buffer.from(bytes),
});

/** No page holds an entry that must be there. */
export class EntryMissing extends Error {
  readonly seq: Sequence;

  constructor(seq: Sequence) {
    super(`no page holds entry ${seq}`);
    this.name = 'EntryMissing';
    this.seq = seq;
  }
}

/** Entries [from, to) out of the pages that hold them. @throws EntryMissing, PageDamaged */
export function entriesOf(held: readonly Page[], from: Sequence, to: Sequence): string[] {
  const texts: string[] = [];
  let next = from;
  for (const page of held) {
    const all = unpackPage(page.bytes);
    if (page.firstSeq > next || page.firstSeq + all.length <= next) throw new EntryMissing(next);
    const slice = all.slice(next - page.firstSeq, to - page.firstSeq);
    texts.push(...slice);
    next += slice.length;
  }
  if (next !== to) throw new EntryMissing(next);
  return texts;
}
