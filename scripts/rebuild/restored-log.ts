import { prevOf, requireMark } from '../../functions/reconcile-chain/log-check.ts';
import { packState } from '../../functions/reconcile-chain/resume.ts';
import type { SealedHead } from '../../functions/reconcile-chain/seal-walk.ts';
import { canonicalJson } from '../../shared/domain/canonical.ts';
import { type Amount, formatAmount, readCanonicalDecimal, ZERO_AMOUNT } from '../../shared/domain/decimals.ts';
import type { Sequence, TenantId } from '../../shared/domain/ids.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { aggregateKeyText, Books, periodKeyText, stillOpenToLateUsage } from '../../shared/domain/ledger/books.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import type { Entry, EntryOf } from '../../shared/domain/ledger/kinds.ts';
import type { InvoiceState } from '../../shared/domain/ledger/money-books.ts';
import { readEntry, Unreadable } from '../../shared/domain/ledger/record.ts';
import { type CitedTerms, Replay } from '../../shared/domain/ledger/replay.ts';
import { CompactRange } from '../../shared/domain/ledger/tree.ts';
import type { PriceVersion } from '../../shared/domain/pricing/version.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../../shared/domain/time.ts';
import { packPeaks, saveAggregate, savePeriod } from '../../shared/stores/ledger-rows.ts';
import { KEPT_LEVEL } from '../../shared/stores/ledger-work.ts';
import { moneyRows } from '../../shared/stores/money-rows.ts';
import {
  corrections,
  credit_notes,
  heads,
  openings,
  pages,
  payments,
  retirements,
  seen_values,
  segments,
  subscription_states,
  terms,
  tree_nodes,
  verified,
} from '../../shared/stores/tables.ts';
import type { RestoredAccount } from './kept-registry.ts';
import { type FoundPage, LogSource } from './log-source.ts';
import type { RestoredSalts } from './restored-salts.ts';
import { RebuildRefused, type RebuildRoom } from './room.ts';
import type { RowWriter } from './row-writer.ts';
import { UsageLeft } from './usage-left.ts';
import { UsageSums } from './usage-sums.ts';

/** What a log's own rebuild starts from. */
export interface LogFrame {
  readonly tenant: TenantId;
  readonly blind: string;
  readonly restored: RestoredAccount;
  readonly prices: ReadonlyMap<string, PriceVersion>;
  /** documents that entries cite, by digest */
  readonly cited: CitedTerms;
  /** heads of this log that seals have signed, in order */
  readonly sealed: readonly SealedHead[];
  readonly seals: number;
  readonly salts: RestoredSalts;
}

/** Where an invoice stands in the log. */
export interface InvoicePlace {
  readonly openSeq: Sequence;
  readonly entrySeq: Sequence;
}

export interface RestoredInvoice {
  readonly invoice: InvoiceDocument;
  readonly place: InvoicePlace;
  readonly state: InvoiceState;
}

/** What a log came to. */
export interface RestoredLog {
  readonly size: Sequence;
  /** entries that no seal covers yet: what the chain and the rules say of them is all there is */
  readonly unsealed: number;
  /** exact sum of all charges and fees */
  readonly billed: string;
  readonly invoices: readonly RestoredInvoice[];
}

/**
 * Restores one log: reads its pages, replays every entry with the rules that the writer and the verifier share, holds it
 * against every head that was sealed, and writes down all that follows from it.
 */
export async function restoreLog(frame: LogFrame, room: RebuildRoom, writer: RowWriter): Promise<RestoredLog> {
  const restorer = new LogRestorer(frame, room, writer);
  const source = await LogSource.open(frame.tenant, room);
  for await (const page of source.pages()) {
    await restorer.take(page);
    if (restorer.size === source.vaultEnd) restorer.keepState();
  }
  return restorer.finish(source);
}

class LogRestorer {
  readonly #frame: LogFrame;
  readonly #writer: RowWriter;
  readonly #replay: Replay;
  readonly #usage: UsageLeft;
  readonly #sums: UsageSums;
  readonly #marks: ReadonlyMap<number, SealedHead>;
  readonly #now: Instant;
  readonly #hotSince: Instant;
  readonly #nodes: { readonly level: number; readonly position: number; readonly hash: Buffer }[] = [];
  readonly #places = new Map<string, InvoicePlace>();
  /** when each subscription's last period was closed */
  readonly #closedAt = new Map<string, Instant>();
  #state: { readonly size: Sequence; readonly root: string; readonly last: string; readonly state: Buffer } | undefined;
  #retiredBefore: Sequence = 0;
  #billed: Amount = ZERO_AMOUNT;
  #openSeq: Sequence = 0;

  constructor(frame: LogFrame, room: RebuildRoom, writer: RowWriter) {
    this.#frame = frame;
    this.#writer = writer;
    this.#now = room.clock.now();
    this.#hotSince = plusMicros(this.#now, -BigInt(room.hotWindowDays) * MICROS_PER_DAY);
    this.#usage = new UsageLeft(frame.restored, this.#now);
    this.#sums = new UsageSums(frame.restored.account, room, this.#now);
    this.#marks = new Map(frame.sealed.map((mark) => [mark.size, mark]));
    const range = new CompactRange(0, [], (level, position, hash) => {
      if (level >= KEPT_LEVEL) this.#nodes.push({ level, position, hash });
    });
    const start = { range, last: undefined, books: new Books() };
    this.#replay = new Replay(room.ledgerOrigin, frame.tenant, frame.prices, start, frame.cited);
  }

  get size(): Sequence {
    return this.#replay.size;
  }

  async take(page: FoundPage): Promise<void> {
    const { tenant } = this.#frame;
    let entry: Entry | undefined;
    for (const [i, text] of page.texts.entries()) {
      try {
        entry = await this.#apply(text, page.texts[i + 1]);
      } catch (error) {
        if (!(error instanceof LedgerFault)) throw error;
        const detail = `${tenant} entry ${error.seq}, ${error.kind}: ${error.message}`;
        throw new RebuildRefused(page.place, detail, { cause: error });
      }
    }
    for (const node of this.#nodes.splice(0)) await this.#writer.put(tree_nodes, { log: tenant, ...node });
    // What the hot window has left behind stays where it is; after that every page has its place in the database.
    const isOld = page.inVault && (entry?.recorded_at ?? '') < this.#hotSince;
    if (isOld && this.#retiredBefore === page.firstSeq) this.#retiredBefore = page.firstSeq + page.count;
    else await this.#writer.put(pages, { tenant, first_seq: page.firstSeq, count: page.count, bytes: page.bytes });
  }

  async #apply(text: string, following: string | undefined): Promise<Entry> {
    const replay = this.#replay;
    const seq = replay.size;
    const opening = text.includes('"typ":"open"') ? this.#openingBefore(text) : undefined;
    const seenBefore = text.includes('"aggregation":"unique_count"') ? this.#seenBefore(text) : 0;
    const entry = replay.apply(text, following === undefined ? undefined : () => prevOf(following));
    requireMark(replay, this.#marks.get(replay.size));
    if (entry.typ === 'open' && opening !== undefined) {
      await this.#writer.put(openings, { tenant: this.#frame.tenant, seq, ...opening });
    }
    if (entry.typ === 'charge') await this.#charge(entry, seq, seenBefore);
    if ('billed_in' in entry && !('base' in entry)) {
      this.#billed = (this.#billed + readCanonicalDecimal(entry.amount, 24)!) as Amount;
    }
    if (entry.typ === 'close') {
      this.#openSeq = Number(entry.first_seq);
      this.#closedAt.set(entry.subscription, entry.recorded_at as Instant);
    }
    if (entry.typ === 'invoice') this.#placeOf(entry, seq);
    await this.#restoreCited(entry, seq);
    return entry;
  }

  /** The rows of documents that an entry cites: its terms, the credit note that it books. */
  async #restoreCited(entry: Entry, seq: Sequence): Promise<void> {
    const { tenant, cited } = this.#frame;
    const digest = entry.typ === 'tax' ? entry.decision : entry.typ === 'discount' ? entry.discount_digest : undefined;
    if (digest !== undefined) await this.#writer.put(terms, { digest, bytes: cited.get(digest)! });
    if (entry.typ === 'correction') {
      const { correction_id, quantity, ref_seq } = entry;
      this.#sums.correct(entry);
      await this.#writer.put(corrections, {
        tenant,
        ref_seq: Number(ref_seq),
        correction_id,
        quantity,
        entry_seq: seq,
      });
    }
    if (entry.typ === 'payment') {
      const { payment_id, number } = entry;
      await this.#writer.put(payments, { tenant, payment_id, invoice: number, entry_seq: seq });
    }
    if (entry.typ !== 'credit_note') return;
    const document = cited.get(entry.note_digest);
    if (document === undefined) throw new RebuildRefused(entry.credit_note, 'the vault has lost the credit note');
    await this.#writer.put(credit_notes, {
      ...{ tenant, number: entry.credit_note, invoice: entry.number, currency: entry.currency, total: entry.amount },
      ...{ issued_at: entry.recorded_at, entry_seq: seq, document },
    });
  }

  /** An invoice that ends no period lies in one that is open. */
  #placeOf(entry: EntryOf<'invoice'>, seq: Sequence): void {
    const open = this.#replay.books.periods.get(periodKeyText(entry.subscription, entry.period));
    const openSeq = entry.close_seq === '' ? open!.openSeq : this.#openSeq;
    this.#places.set(entry.number, { openSeq, entrySeq: seq });
  }

  /** The balance that the entry finds; whether it is one is for the replay to say. */
  #openingBefore(text: string) {
    const { books, range, last } = this.#replay;
    const entry = peek(text);
    if (entry === undefined) return undefined;
    const carried = canonicalJson(books.carried(entry.recorded_at as Instant));
    return { carried: Buffer.from(carried, 'utf8'), peaks: packPeaks(range), last: last ?? '' };
  }

  #seenBefore(text: string): number {
    const entry = peek(text);
    return entry?.typ === 'charge' ? (this.#replay.books.aggregates.get(keyOf(entry))?.seen?.size ?? 0) : 0;
  }

  async #charge(entry: EntryOf<'charge'>, seq: Sequence, seenBefore: number): Promise<void> {
    const { tenant } = this.#frame;
    await this.#usage.take(entry, seq, this.#writer);
    await this.#sums.take(entry);
    if (entry.aggregation !== 'unique_count') return;
    const aggregate = keyOf(entry);
    if (this.#replay.books.aggregates.get(aggregate)?.seen?.size === seenBefore) return;
    await this.#writer.put(seen_values, {
      tenant,
      aggregate,
      value_commit: entry.value_commit,
      position: seenBefore,
    });
  }

  /** Up to here the vault has the log: from here on the next deep pass goes on. */
  keepState(): void {
    const { size, root, last } = this.#replay.head();
    this.#state = { size, root, last, state: packState(this.#replay) };
  }

  async finish(source: LogSource): Promise<RestoredLog> {
    const { tenant, sealed, seals } = this.#frame;
    const replay = this.#replay;
    const longest = sealed.at(-1);
    if (longest !== undefined && longest.size > replay.size) {
      const detail = `seal ${longest.seal} signed ${longest.size} entries, vault and mirror have ${replay.size}`;
      throw new RebuildRefused(`${tenant} entry ${replay.size}`, detail);
    }
    if (replay.size === 0) return { size: 0, unsealed: 0, billed: '0', invoices: [] };
    await this.#writeBooks();
    const writer = this.#writer;
    for (const { from, to, sha256 } of source.segments) {
      await writer.put(segments, { tenant, first_seq: from, end_seq: to, sha256 });
    }
    if (this.#retiredBefore > 0) {
      await writer.put(retirements, { tenant, before: this.#retiredBefore, retired_at: this.#now });
    }
    if (this.#state !== undefined) await writer.put(verified, { tenant, ...this.#state, seal: seals, at: this.#now });
    await this.#usage.finish(replay.size, writer);
    await writer.flush();
    await this.#sums.finish();
    const invoices = [...replay.invoices.values()].map((invoice) => ({
      invoice,
      place: this.#places.get(invoice.number)!,
      state: replay.books.money.invoices.get(invoice.number)!.state,
    }));
    const unsealed = replay.size - (longest?.size ?? 0);
    return { size: replay.size, unsealed, billed: formatAmount(this.#billed), invoices };
  }

  async #writeBooks(): Promise<void> {
    const { tenant, blind, salts, restored } = this.#frame;
    const { books, range, recordedAt } = this.#replay;
    const { size, root, last } = this.#replay.head();
    const writer = this.#writer;
    await writer.put(heads, { tenant, size, root, last, peaks: packPeaks(range), recorded_at: recordedAt!, blind });
    for (const held of books.aggregates.values()) {
      const salt = salts.saltOf(tenant, held, restored.account.latenessDays);
      await writer.write((tx) => saveAggregate(tx, tenant, held, salt));
    }
    for (const open of books.periods.values()) await writer.write((tx) => savePeriod(tx, tenant, open, 0), 50_000);
    for (const write of moneyRows(tenant, books.money).writes.values()) await writer.write(write);
    for (const [subscription, periods] of books.closed) {
      const closed = stillOpenToLateUsage(periods, this.#closedAt.get(subscription)!).join(' ');
      await writer.put(subscription_states, { tenant, subscription, closed });
    }
  }
}

function peek(text: string): Entry | undefined {
  try {
    return readEntry(text);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

const keyOf = (charge: EntryOf<'charge'>): string => aggregateKeyText({ ...charge, priceDigest: charge.price_digest });
