import type { Account } from '../domain/account/account.ts';
import { priceAt } from '../domain/account/account.ts';
import { base64url, type Json } from '../domain/canonical.ts';
import { sha256 } from '../domain/digest.ts';
import type { LedgerOrigin, ReceiptId, Sequence, TenantId } from '../domain/ids.ts';
import { type AggregateKey, aggregateKeyText, Books, type OpenPeriod, periodKeyText } from '../domain/ledger/books.ts';
import { type Page, pagesOf, unpackPage } from '../domain/ledger/page.ts';
import { type RatableEvent, Scribe } from '../domain/ledger/scribe.ts';
import type { TenantHead } from '../domain/ledger/seal.ts';
import type { TreeHash } from '../domain/ledger/tree.ts';
import type { PriceVersion } from '../domain/pricing/version.ts';
import { type Instant, later, type Period } from '../domain/time.ts';
import { type AcceptedEvent, unpackEvents } from '../domain/usage/accepted.ts';
import { eventCommit, keyHashOfReceipt, valueCommit } from '../domain/usage/identity.ts';
import { billingPeriod } from '../domain/usage/metering.ts';
import type { Database, Reader, RowOf, Transaction } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { readAccount } from './account-store.ts';
import { numberInvoice, writeInvoice } from './invoice-rows.ts';
import {
  dropPeriod,
  loadAggregates,
  loadPeriods,
  packPeaks,
  saveAggregate,
  savePeriod,
  toAggregate,
  toPosition,
} from './ledger-rows.ts';
import { seenBefore } from './opening-store.ts';
import {
  aggregates,
  batches,
  dedupe,
  freezes,
  heads,
  openings,
  pages,
  seal_log,
  seen_values,
  tree_nodes,
  waiting,
} from './tables.ts';

/** Complete subtrees are kept from this level on: 2^8 = 256 leaves, one page. */
const KEPT_LEVEL = 8;
/** One commit takes at most this many waiting batches and, beyond the first, this many events. */
const APPEND_BATCHES = 16;
const APPEND_EVENTS = 2000;

export interface Appended {
  readonly outcome: 'appended' | 'idle' | 'frozen';
  readonly pages: readonly Page[];
  /** size of the log afterwards */
  readonly size: Sequence;
}

/** Where an accepted event stands. */
export type ReceiptState = { readonly state: 'waiting' } | { readonly state: 'billed'; readonly seq: Sequence };

/** Accepted usage that the account can no longer rate: its billing must stop until an operator has looked. */
export class Unratable extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'Unratable';
  }
}

/** The tenants' logs: the only place where sequence numbers are given. */
export class LedgerStore {
  readonly #database: Database;
  readonly #entropy: Entropy;
  readonly #ledger: LedgerOrigin;

  constructor(database: Database, entropy: Entropy, ledger: LedgerOrigin) {
    this.#database = database;
    this.#entropy = entropy;
    this.#ledger = ledger;
  }

  /**
   * Turns waiting batches of a tenant into receipts: rates, numbers, links, pages, moves the head, all in one transaction
   * on the tenant's head row. Two that run at once cannot both commit, so no number is given twice and none is skipped.
   * @throws Unratable when an event cannot be rated; nothing is written
   */
  async appendWaiting(tenant: TenantId, clockNow: Instant): Promise<Appended> {
    const now = await this.#notBeforeLastSeal(clockNow);
    return this.#database.transact(async (tx) => {
      if ((await tx.read(freezes, [tenant])) !== undefined) return { outcome: 'frozen', pages: [], size: 0 };
      const rows = await tx.range(waiting, { prefix: [tenant], limit: APPEND_BATCHES });
      if (rows.length === 0) return { outcome: 'idle', pages: [], size: (await tx.read(heads, [tenant]))?.size ?? 0 };
      const work = await this.#begin(tx, tenant, now);
      let events = 0;
      for (const row of rows) {
        if (events > 0 && events + row.count > APPEND_EVENTS) break;
        events += row.count;
        await this.#appendBatch(tx, work, row.batch_id);
      }
      return this.#finish(tx, work);
    });
  }

  /**
   * Closes a subscription's period and issues its invoice, with base fees before and the next invoice number.
   * @returns `waiting` where accepted usage is not receipts yet: it comes first, `closed` where the period was closed before
   */
  async closePeriod(
    tenant: TenantId,
    subscriptionId: string,
    period: Period & { readonly text: string },
    series: string,
    clockNow: Instant,
  ): Promise<(Appended & { readonly number: string }) | 'frozen' | 'waiting' | 'closed'> {
    const now = await this.#notBeforeLastSeal(clockNow);
    return this.#database.transact(async (tx) => {
      if ((await tx.read(freezes, [tenant])) !== undefined) return 'frozen';
      if ((await tx.range(waiting, { prefix: [tenant], limit: 1 })).length > 0) return 'waiting';
      const work = await this.#begin(tx, tenant, now);
      const closedUntil = work.books.closedUntil(subscriptionId);
      if (closedUntil !== undefined && period.start < closedUntil) return 'closed';
      const subscription = work.account.subscriptions.find(({ id }) => id === subscriptionId);
      if (subscription === undefined) throw new Unratable(`subscription ${subscriptionId} is gone`);
      const open = await this.#openPeriod(tx, work, subscriptionId, period.text);
      for (const meter of subscription.meters) {
        // Where the price only comes into force during the period (its first one, mostly), its base price is due in full.
        const price =
          priceAt(meter, period.start) ?? meter.prices.find(({ effectiveFrom }) => effectiveFrom < period.end)?.version;
        if (price !== undefined) work.scribe.baseFee(open, meter.name, price);
      }
      const number = await numberInvoice(tx, series);
      const { closeSeq, invoice } = work.scribe.closeAndInvoice(open, number);
      work.touchedPeriods.delete(periodKeyText(subscriptionId, period.text));
      dropPeriod(tx, tenant, open, work.books, work.scribe.recordedAt);
      writeInvoice(tx, invoice, open.openSeq, closeSeq);
      return { ...this.#finish(tx, work), number };
    });
  }

  /**
   * Entries are recorded after the last seal that does not hold them, whatever this instance's clock says. Read outside the
   * transaction: every append would otherwise contend with the sealer; the verifier's tolerance covers the difference.
   */
  async #notBeforeLastSeal(now: Instant): Promise<Instant> {
    const log = await this.#database.snapshot((view) => view.read(seal_log, ['seals']));
    return log === undefined ? now : later(now, log.last_seal_at as Instant);
  }

  /** Where a subscription's billing stands: until when it is closed, if it ever was. */
  async closedUntil(tenant: TenantId, subscriptionId: string): Promise<Instant | undefined> {
    const books = new Books();
    await this.#database.snapshot((view) => loadPeriods(view, tenant, books));
    return books.closedUntil(subscriptionId);
  }

  async head(tenant: TenantId): Promise<(TenantHead & { readonly recordedAt: string }) | undefined> {
    const row = await this.#database.snapshot((view) => view.read(heads, [tenant]));
    return row === undefined ? undefined : { ...toHead(row), recordedAt: row.recorded_at };
  }

  /** Pages that hold entries [from, to), ascending. */
  async pages(tenant: TenantId, from: Sequence, to: Sequence, limit?: number): Promise<Page[]> {
    return this.#database.snapshot((view) => readPages(view, tenant, from, to, limit));
  }

  /** Entries [from, to) as their canonical texts. @throws PageDamaged, or Error where one is missing */
  async entries(tenant: TenantId, from: Sequence, to: Sequence): Promise<string[]> {
    return entriesOf(await this.pages(tenant, from, to), from, to);
  }

  /** What became of an accepted event; undefined where the tenant has no such event. */
  async find(tenant: TenantId, id: ReceiptId): Promise<ReceiptState | undefined> {
    return this.#database.snapshot(async (view) => {
      const known = await view.read(dedupe, [tenant, keyHashOfReceipt(id)]);
      const batch = known === undefined ? undefined : await view.read(batches, [tenant, known.batch_id]);
      // Long after, the same key may name a later event: then the row is that one's, not this one's.
      if (batch !== undefined && unpackEvents(batch.payload)[known!.position]?.receiptId === id) {
        return batch.first_seq === null
          ? { state: 'waiting' }
          : { state: 'billed', seq: batch.first_seq + known!.position };
      }
      // Older than the deduplication window: the receipts themselves know. Slow, and rare.
      const head = await view.read(heads, [tenant]);
      for (let from = 0; from < (head?.size ?? 0); ) {
        const [page] = await readPages(view, tenant, from, head!.size, 1);
        if (page === undefined) return undefined;
        const at = unpackPage(page.bytes).findIndex((text) => text.includes(`"event_id":"${id}"`));
        if (at >= 0) return { state: 'billed', seq: page.firstSeq + at };
        from = page.firstSeq + page.count;
      }
      return undefined;
    });
  }

  /** Aggregates of a tenant's meters, as usage summaries show them. */
  async usage(tenant: TenantId): Promise<RowOf<typeof aggregates.columns>[]> {
    return this.#database.snapshot((view) => view.range(aggregates, { prefix: [tenant] }));
  }

  /** unique_count: for each aggregate of a balance the values it had seen, first seen first. */
  async seenBefore(tenant: TenantId, balance: unknown): Promise<Map<string, readonly string[]>> {
    return this.#database.snapshot((view) => seenBefore(view, tenant, balance as Json));
  }

  async #begin(tx: Transaction, tenant: TenantId, now: Instant): Promise<Work> {
    const account = await readAccount(tx, tenant);
    if (account === undefined) throw new Unratable('the organization is gone');
    const head = await tx.read(heads, [tenant]);
    const nodes: Work['nodes'] = [];
    const position = toPosition(this.#ledger, tenant, head, (level, index, hash) => {
      if (level >= KEPT_LEVEL) nodes.push({ level, index, hash });
    });
    const books = new Books();
    await loadPeriods(tx, tenant, books);
    const scribe = new Scribe(position, books, now, () => this.#entropy.bytes(16));
    if (head === undefined) scribe.genesis();
    const blind = head?.blind ?? base64url(this.#entropy.bytes(16));
    return {
      tenant,
      account,
      books,
      scribe,
      nodes,
      blind,
      salts: new Map(),
      touchedPeriods: new Map(),
      touchedAggregates: new Set(),
      complete: false,
    };
  }

  async #appendBatch(tx: Transaction, work: Work, batchId: string): Promise<void> {
    const row = await tx.read(batches, [work.tenant, batchId]);
    if (row === undefined) throw new Unratable(`batch ${batchId} is gone`);
    const events = unpackEvents(row.payload);
    const places = events.map((event) => placeOf(work, event));
    await this.#loadAggregates(tx, work, places);
    const news = await this.#newValues(tx, work, events, places);
    // Every period that the batch needs is opened first, so that its receipts are consecutive and position i of the
    // batch is entry first_seq + i.
    const opens: OpenPeriod[] = [];
    for (const place of places) opens.push(await this.#openPeriod(tx, work, place.key.subscription, place.billedIn));
    const firstSeq = work.scribe.range.size;
    for (const [i, event] of events.entries()) {
      const place = places[i]!;
      work.scribe.charge(ratable(event, place, news[i]!), opens[i]!);
      work.touchedAggregates.add(place.keyText);
      work.touchedPeriods.set(periodKeyText(place.key.subscription, place.billedIn), opens[i]!);
    }
    tx.delete(waiting, [work.tenant, batchId]);
    tx.update(batches, [work.tenant, batchId], { first_seq: firstSeq });
  }

  async #loadAggregates(tx: Reader, work: Work, places: readonly Place[]): Promise<void> {
    const missing = new Map<string, AggregateKey>();
    for (const { keyText, key } of places) if (!work.salts.has(keyText)) missing.set(keyText, key);
    const found = await loadAggregates(tx, work.tenant, work.books, [...missing.values()]);
    for (const keyText of missing.keys()) work.salts.set(keyText, found.get(keyText) ?? this.#entropy.bytes(32));
  }

  /** For each event: its value's commitment and whether it is new to its aggregate. New ones are written down. */
  async #newValues(
    tx: Transaction,
    work: Work,
    events: readonly AcceptedEvent[],
    places: readonly Place[],
  ): Promise<{ readonly commit: string; readonly isNew: boolean }[]> {
    const commits = places.map((place, i) =>
      place.aggregation === 'unique_count' ? valueCommit(work.salts.get(place.keyText)!, events[i]!.value) : '',
    );
    const counted = [...commits.keys()].filter((i) => commits[i] !== '');
    if (counted.length === 0) return commits.map((commit) => ({ commit, isNew: false }));
    const known = await tx.readMany(
      seen_values,
      counted.map((i) => [work.tenant, places[i]!.keyText, commits[i]!]),
    );
    const seen = new Set(
      counted.filter((_, at) => known[at] !== undefined).map((i) => `${places[i]!.keyText} ${commits[i]}`),
    );
    const positions = new Map<string, number>();
    return commits.map((commit, i) => {
      const { keyText } = places[i]!;
      // A batch of the same commit may have written the value a moment ago; reads do not see buffered writes.
      const name = `${keyText} ${commit}`;
      if (commit === '' || seen.has(name) || work.newValues?.has(name)) return { commit, isNew: false };
      seen.add(name);
      work.newValues ??= new Set();
      work.newValues.add(name);
      const position = positions.get(keyText) ?? work.books.aggregates.get(keyText)?.seen?.size ?? 0;
      positions.set(keyText, position + 1);
      tx.insert(seen_values, { tenant: work.tenant, aggregate: keyText, value_commit: commit, position });
      return { commit, isNew: true };
    });
  }

  async #openPeriod(tx: Reader, work: Work, subscription: string, period: string): Promise<OpenPeriod> {
    const found = work.books.periods.get(periodKeyText(subscription, period));
    if (found !== undefined) return found;
    if (!work.complete) {
      // The balance brought forward names every aggregate; those already loaded may have moved and stay as they are.
      for (const row of await tx.range(aggregates, { prefix: [work.tenant] })) {
        if (!work.books.aggregates.has(row.aggregate)) work.books.aggregates.set(row.aggregate, toAggregate(row));
      }
      work.complete = true;
    }
    const opened = work.scribe.open(subscription, period, work.account.currency);
    work.touchedPeriods.set(periodKeyText(subscription, period), opened);
    return opened;
  }

  #finish(tx: Transaction, work: Work): Appended {
    const { tenant, scribe } = work;
    const made = pagesOf(scribe.firstSeq, scribe.texts);
    for (const page of made) {
      tx.insert(pages, { tenant, first_seq: page.firstSeq, count: page.count, bytes: page.bytes });
    }
    for (const { level, index, hash } of work.nodes) {
      tx.insert(tree_nodes, { log: tenant, level, position: index, hash });
    }
    for (const { seq, carried, peaks, last } of scribe.openings) {
      tx.insert(openings, { tenant, seq, carried: Buffer.from(carried, 'utf8'), peaks: Buffer.concat(peaks), last });
    }
    for (const open of work.touchedPeriods.values()) savePeriod(tx, tenant, open, scribe.firstSeq);
    for (const key of work.touchedAggregates) {
      saveAggregate(tx, tenant, work.books.aggregates.get(key)!, work.salts.get(key)!);
    }
    tx.upsert(heads, {
      tenant,
      size: scribe.range.size,
      root: base64url(scribe.range.root()),
      last: scribe.last,
      peaks: packPeaks(scribe.range),
      recorded_at: scribe.recordedAt,
      blind: work.blind,
    });
    return { outcome: 'appended', pages: made, size: scribe.range.size };
  }
}

/** What one transaction on a tenant's head works with. */
interface Work {
  readonly tenant: TenantId;
  readonly account: Account;
  readonly books: Books;
  readonly scribe: Scribe;
  readonly blind: string;
  readonly nodes: { readonly level: number; readonly index: number; readonly hash: TreeHash }[];
  /** value salts of the aggregates loaded so far, by aggregate key */
  readonly salts: Map<string, Uint8Array>;
  readonly touchedPeriods: Map<string, OpenPeriod>;
  readonly touchedAggregates: Set<string>;
  newValues?: Set<string>;
  /** whether all aggregates of the tenant are loaded */
  complete: boolean;
}

/** Where an event goes: its own period, the period it is billed in, its price. */
interface Place {
  readonly key: AggregateKey;
  readonly keyText: string;
  readonly billedIn: string;
  readonly aggregation: RatableEvent['aggregation'];
  readonly price: PriceVersion;
}

function placeOf(work: Work, event: AcceptedEvent): Place {
  const subscription = work.account.subscriptions.find(({ id }) => id === event.subscription);
  const meter = subscription?.meters.find(({ name }) => name === event.meter);
  const price = meter === undefined ? undefined : priceAt(meter, event.occurredAt);
  if (subscription === undefined || meter === undefined || price === undefined) {
    throw new Unratable(`${event.subscription} has no meter ${event.meter} with a price at ${event.occurredAt}`);
  }
  const period = billingPeriod(subscription.calendar, event.occurredAt);
  const closedUntil = work.books.closedUntil(subscription.id);
  // Usage of a closed period is late: rated against its own period, billed in the one after the last closed.
  const late = closedUntil !== undefined && period.end <= closedUntil;
  if (late && !work.books.isLateFor(subscription.id, period.text, work.scribe.recordedAt)) {
    throw new Unratable(`${event.subscription} never closed ${period.text}, or too long ago`);
  }
  const billedIn = late ? billingPeriod(subscription.calendar, closedUntil).text : period.text;
  const key = { subscription: subscription.id, period: period.text, meter: meter.name, priceDigest: price.digest };
  return { key, keyText: aggregateKeyText(key), billedIn, aggregation: meter.aggregation, price };
}

const ratable = (
  event: AcceptedEvent,
  place: Place,
  value: { readonly commit: string; readonly isNew: boolean },
): RatableEvent => ({
  receiptId: event.receiptId,
  eventCommit: eventCommit(Buffer.from(event.salt, 'base64url'), sha256(event.event)),
  occurredAt: event.occurredAt,
  subscription: place.key.subscription,
  meter: place.key.meter,
  aggregation: place.aggregation,
  quantity: event.quantity,
  valueCommit: value.commit,
  isNewValue: value.isNew,
  period: place.key.period,
  price: place.price,
});

export const toHead = (row: RowOf<typeof heads.columns>): TenantHead => ({
  tenant: row.tenant,
  blind: row.blind,
  size: row.size,
  root: row.root,
  last: row.last,
});

export async function readPages(
  view: Reader,
  tenant: string,
  from: Sequence,
  to: Sequence,
  limit?: number,
): Promise<Page[]> {
  // The page that holds `from` is the last one that starts at or before it.
  const [first] = await view.range(pages, { prefix: [tenant], to: [from + 1], limit: 1, reverse: true });
  const start = first === undefined ? from : first.first_seq;
  const rows = await view.range(pages, {
    prefix: [tenant],
    from: [start],
    to: [to],
    ...(limit === undefined ? {} : { limit }),
  });
  return rows.map((row) => ({ firstSeq: row.first_seq, count: row.count, bytes: Buffer.from(row.bytes) }));
}

/** Entries [from, to) out of the pages that hold them. @throws Error where one is missing */
export function entriesOf(held: readonly Page[], from: Sequence, to: Sequence): string[] {
  const texts: string[] = [];
  let next = from;
  for (const page of held) {
    const all = unpackPage(page.bytes);
    if (page.firstSeq > next || page.firstSeq + all.length <= next) throw new Error(`no page holds entry ${next}`);
    const slice = all.slice(next - page.firstSeq, to - page.firstSeq);
    texts.push(...slice);
    next += slice.length;
  }
  if (next !== to) throw new Error(`no page holds entry ${next}`);
  return texts;
}
