import {
  type Account,
  isMatrix,
  type Meter,
  priceAt,
  priceStretch,
  type Subscription,
} from '../domain/account/account.ts';
import { base64url } from '../domain/canonical.ts';
import type { LedgerOrigin, Sequence, TenantId } from '../domain/ids.ts';
import type { DiscountTerms } from '../domain/invoice/discount.ts';
import type { InvoiceDocument, InvoiceTerms } from '../domain/invoice/invoice.ts';
import {
  type AggregateKey,
  aggregateKeyText,
  Books,
  endOf,
  type OpenPeriod,
  periodKeyText,
  startOf,
} from '../domain/ledger/books.ts';
import { countedByTrueUps, reckonTrueUp } from '../domain/ledger/line-rules.ts';
import { feeKey } from '../domain/ledger/money-books.ts';
import { type Page, pagesOf } from '../domain/ledger/page.ts';
import { type RatableEvent, Scribe } from '../domain/ledger/scribe.ts';
import type { TreeHash } from '../domain/ledger/tree.ts';
import type { PriceVersion } from '../domain/pricing/version.ts';
import { dueFees } from '../domain/subscription/fees.ts';
import { basesDue, commitmentsDue } from '../domain/subscription/settlement.ts';
import { type Instant, later, type Period } from '../domain/time.ts';
import { type AcceptedEvent, commitmentOf } from '../domain/usage/accepted.ts';
import { valueCommit } from '../domain/usage/identity.ts';
import { billingPeriod } from '../domain/usage/metering.ts';
import type { Transaction } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { readAccount } from './account-store.ts';
import {
  loadAggregates,
  loadPeriods,
  packPeaks,
  saveAggregate,
  savePeriod,
  toAggregate,
  toPosition,
} from './ledger-rows.ts';
import { loadMoney, moneyRows, saveMoney } from './money-rows.ts';
import type { TenantKeys } from './personal-data.ts';
import { aggregates, batches, heads, openings, pages, seen_values, tree_nodes, waiting } from './tables.ts';
import { keepTerms } from './terms-store.ts';
import { Unratable } from './unratable.ts';
import { newValueSalt } from './value-salts.ts';
import { waitingEventsOf } from './waiting-batch.ts';

/** Complete subtrees are kept from this level on: 2^8 = 256 leaves, one page. */
export const KEPT_LEVEL = 8;

export interface Appended {
  readonly outcome: 'appended' | 'idle' | 'frozen';
  readonly pages: readonly Page[];
  /** size of the log afterwards */
  readonly size: Sequence;
  /** usage: whether more was waiting than one commit takes, and how many events were billed */
  readonly isMore?: boolean;
  readonly events?: number;
  /** and whether it is in the sums of usage, too */
  readonly isSummedUp?: boolean;
}

/** One transaction on a tenant's head: what it has loaded, and the entries that it writes. */
export class LedgerWork {
  readonly tenant: TenantId;
  readonly account: Account;
  readonly books: Books;
  readonly scribe: Scribe;
  readonly touchedPeriods = new Map<string, OpenPeriod>();
  readonly #tx: Transaction;
  readonly #entropy: Entropy;
  readonly #blind: string;
  readonly #nodes: { readonly level: number; readonly index: number; readonly hash: TreeHash }[];
  /** value salts of the aggregates loaded so far, by aggregate key */
  readonly #salts = new Map<string, Uint8Array>();
  readonly #touchedAggregates = new Set<string>();
  readonly #newValues = new Set<string>();
  /** by meter and subscription: from when to when usage goes to one place */
  readonly #stretches = new Map<string, Map<string, { from: Instant; to: Instant; place: Place }>>();
  /** whether all aggregates of the tenant are loaded */
  #complete = false;
  /** rows of credits, invoices, discounts and standing fees as they were loaded; undefined while they are not */
  #moneyBefore: ReadonlyMap<string, string> | undefined;

  private constructor(
    tx: Transaction,
    entropy: Entropy,
    account: Account,
    scribe: Scribe,
    blind: string,
    nodes: { readonly level: number; readonly index: number; readonly hash: TreeHash }[],
  ) {
    this.#tx = tx;
    this.#entropy = entropy;
    this.tenant = account.tenant;
    this.account = account;
    this.books = scribe.books;
    this.scribe = scribe;
    this.#blind = blind;
    this.#nodes = nodes;
  }

  /**
   * Goes on where the tenant's log stands; a log that has no entry yet begins with its genesis.
   * @param changed the account as this transaction leaves it, where it changes it
   */
  static async begin(
    tx: Transaction,
    tenant: TenantId,
    now: Instant,
    { ledger, entropy }: { readonly ledger: LedgerOrigin; readonly entropy: Entropy },
    changed?: Account,
  ): Promise<LedgerWork> {
    const account = changed ?? (await readAccount(tx, tenant));
    if (account === undefined) throw new Unratable('the organization is gone');
    const head = await tx.read(heads, [tenant]);
    const nodes: { level: number; index: number; hash: TreeHash }[] = [];
    const position = toPosition(ledger, tenant, head, (level, index, hash) => {
      if (level >= KEPT_LEVEL) nodes.push({ level, index, hash });
    });
    const books = new Books();
    await loadPeriods(tx, tenant, books);
    const scribe = new Scribe(position, books, now, () => entropy.bytes(16));
    if (head === undefined) scribe.genesis();
    const blind = head?.blind ?? base64url(entropy.bytes(16));
    return new LedgerWork(tx, entropy, account, scribe, blind, nodes);
  }

  /** @returns the events that it billed @throws Unratable */
  async appendBatch(batchId: string, keys: TenantKeys): Promise<readonly AcceptedEvent[]> {
    const row = await this.#tx.read(batches, [this.tenant, batchId]);
    if (row === undefined) throw new Unratable(`batch ${batchId} is gone`);
    const events = waitingEventsOf(row, keys);
    const places = events.map((event) => this.#placeOf(event));
    await this.#loadAggregates(places);
    const values = await this.#commitValues(events, places);
    // Every period that the batch needs is opened first, so that its receipts are consecutive and position i of the
    // batch is entry first_seq + i.
    const opens = new Map<Place, OpenPeriod>();
    for (const place of new Set(places)) {
      const open = await this.openPeriod(place.key.subscription, place.billedIn);
      opens.set(place, open);
      this.#touchedAggregates.add(place.keyText);
      this.touchedPeriods.set(periodKeyText(place.key.subscription, place.billedIn), open);
    }
    const firstSeq = this.scribe.range.size;
    for (let i = 0; i < events.length; i++) {
      const place = places[i]!;
      this.scribe.charge(ratable(events[i]!, place, values?.[i] ?? NO_VALUE), opens.get(place)!);
    }
    this.#tx.delete(waiting, [this.tenant, batchId]);
    this.#tx.update(batches, [this.tenant, batchId], { first_seq: firstSeq });
    return events;
  }

  /** Where an event goes; the very same place for neighbours, so that what holds for a place is worked out once. */
  #placeOf(event: AcceptedEvent): Place {
    const last = this.#stretches.get(event.meter)?.get(event.subscription);
    if (last !== undefined && last.from <= event.occurredAt && event.occurredAt < last.to) return last.place;
    const place = this.#findPlace(event);
    const { meter, period } = place;
    const stretch = priceStretch(meter, event.occurredAt);
    if (stretch === undefined) return place;
    let bySubscription = this.#stretches.get(event.meter);
    if (bySubscription === undefined) {
      bySubscription = new Map();
      this.#stretches.set(event.meter, bySubscription);
    }
    const from = later(period.start, stretch.from);
    const to = stretch.to === undefined || stretch.to > period.end ? period.end : stretch.to;
    bySubscription.set(event.subscription, { from, to, place });
    return place;
  }

  #findPlace(event: AcceptedEvent): Place {
    const subscription = this.account.subscriptions.find(({ id }) => id === event.subscription);
    const meter = subscription?.meters.find(({ name }) => name === event.meter);
    const price = meter === undefined ? undefined : priceAt(meter, event.occurredAt, propertiesOf(event, meter));
    if (subscription === undefined || meter === undefined || price === undefined) {
      throw new Unratable(`${event.subscription} has no meter ${event.meter} with a price at ${event.occurredAt}`);
    }
    const period = billingPeriod(subscription.calendar, event.occurredAt);
    const closedUntil = this.books.closedUntil(subscription.id);
    // Usage of a closed period is late: rated against its own period, billed in the one after the last closed.
    const late = closedUntil !== undefined && period.end <= closedUntil;
    if (late && !this.books.isLateFor(subscription.id, period.text, this.scribe.recordedAt)) {
      throw new Unratable(`${event.subscription} never closed ${period.text}, or too long ago`);
    }
    const billedIn = late ? billingPeriod(subscription.calendar, closedUntil).text : period.text;
    const key = { subscription: subscription.id, period: period.text, meter: meter.name, priceDigest: price.digest };
    return { key, keyText: aggregateKeyText(key), billedIn, aggregation: meter.aggregation, price, meter, period };
  }

  async #loadAggregates(places: readonly Place[]): Promise<void> {
    const missing = new Map<string, AggregateKey>();
    for (const { keyText, key } of places) if (!this.#salts.has(keyText)) missing.set(keyText, key);
    const found = await loadAggregates(this.#tx, this.tenant, this.books, [...missing.values()]);
    for (const keyText of missing.keys()) {
      this.#salts.set(
        keyText,
        found.get(keyText) ?? (await newValueSalt(this.#tx, this.tenant, keyText, this.#entropy)),
      );
    }
  }

  /** For each event: its value's commitment and whether it is new to its aggregate. New ones are written down. Undefined where none counts values. */
  async #commitValues(
    events: readonly AcceptedEvent[],
    places: readonly Place[],
  ): Promise<readonly CountedValue[] | undefined> {
    if (!places.some(({ aggregation }) => aggregation === 'unique_count')) return undefined;
    const commits = places.map((place, i) =>
      place.aggregation === 'unique_count' ? valueCommit(this.#salts.get(place.keyText)!, events[i]!.value) : '',
    );
    const counted = [...commits.keys()].filter((i) => commits[i] !== '');
    const known = await this.#tx.readMany(
      seen_values,
      counted.map((i) => [this.tenant, places[i]!.keyText, commits[i]!]),
    );
    const seen = new Set(
      counted.filter((_, at) => known[at] !== undefined).map((i) => `${places[i]!.keyText} ${commits[i]}`),
    );
    const positions = new Map<string, number>();
    return commits.map((commit, i) => {
      const { keyText } = places[i]!;
      // A batch of the same commit may have written the value a moment ago; reads do not see buffered writes.
      const name = `${keyText} ${commit}`;
      if (commit === '' || seen.has(name) || this.#newValues.has(name)) return { commit, isNew: false };
      seen.add(name);
      this.#newValues.add(name);
      const position = positions.get(keyText) ?? this.books.aggregates.get(keyText)?.seen?.size ?? 0;
      positions.set(keyText, position + 1);
      this.#tx.insert(seen_values, { tenant: this.tenant, aggregate: keyText, value_commit: commit, position });
      return { commit, isNew: true };
    });
  }

  async openPeriod(subscription: string, period: string): Promise<OpenPeriod> {
    const found = this.books.periods.get(periodKeyText(subscription, period));
    if (found !== undefined) return found;
    if (!this.#complete) {
      // The balance brought forward names every aggregate; those already loaded may have moved and stay as they are.
      for (const row of await this.#tx.range(aggregates, { prefix: [this.tenant] })) {
        if (!this.books.aggregates.has(row.aggregate)) this.books.aggregates.set(row.aggregate, toAggregate(row));
      }
      await this.loadMoney();
      this.#complete = true;
    }
    const opened = this.scribe.open(subscription, period, this.account.currency);
    this.touchedPeriods.set(periodKeyText(subscription, period), opened);
    return opened;
  }

  /** Loads what outlives periods. Usage alone never needs it. */
  async loadMoney(): Promise<void> {
    if (this.#moneyBefore !== undefined) return;
    await loadMoney(this.#tx, this.tenant, this.books.money);
    this.#moneyBefore = moneyRows(this.tenant, this.books.money).texts;
  }

  /** The bucket that takes what becomes due at an instant: its period's, or the first one that is not closed. */
  async bucketAt(subscription: Subscription, at: Instant): Promise<OpenPeriod> {
    const closedUntil = this.books.closedUntil(subscription.id);
    const from = closedUntil !== undefined && at < closedUntil ? closedUntil : at;
    const period = billingPeriod(subscription.calendar, from).text;
    const open = await this.openPeriod(subscription.id, period);
    this.touchedPeriods.set(periodKeyText(subscription.id, period), open);
    return open;
  }

  /** The bucket that usage of a period is billed in: its own, or the next one where that is closed. */
  async bucketFor(subscriptionId: string, period: string): Promise<OpenPeriod> {
    const subscription = this.account.subscriptions.find(({ id }) => id === subscriptionId);
    if (subscription === undefined) throw new Unratable(`subscription ${subscriptionId} is gone`);
    return this.bucketAt(subscription, startOf(period));
  }

  /** Loads one aggregate. @returns whether there is one */
  async loadAggregate(key: AggregateKey): Promise<boolean> {
    const keyText = aggregateKeyText(key);
    const found = await loadAggregates(this.#tx, this.tenant, this.books, [key]);
    const salt = found.get(keyText);
    if (salt !== undefined) this.#salts.set(keyText, salt);
    return salt !== undefined;
  }

  /** An aggregate has moved: it is written down at the end. */
  touchAggregate(key: AggregateKey): void {
    this.#touchedAggregates.add(aggregateKeyText(key));
  }

  /**
   * Charges recurring items for everything that has become due up to an instant. The fee of a period that begins goes on
   * the invoice of the one that ends, as long as that is open.
   */
  async postDueFees(subscription: Subscription, upTo: Instant): Promise<void> {
    if (subscription.items.length === 0) return;
    await this.loadMoney();
    const due = subscription.items.flatMap((item) =>
      dueFees(subscription, item, this.books.money.fees.get(feeKey(subscription.id, item.id)), upTo),
    );
    due.sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1));
    for (const { at, fee } of due) {
      const isRenewal = at === startOf(fee.period) && at > subscription.startedAt;
      const before = isRenewal ? this.#openBefore(subscription, at) : undefined;
      const isOver = fee.kind === 'arrears' && at === endOf(fee.period);
      this.scribe.fee(before ?? (await this.bucketAt(subscription, isOver ? fee.from : at)), fee);
    }
  }

  /** The bucket of the period that ends at an instant, unless it is closed. */
  #openBefore(subscription: Subscription, at: Instant): OpenPeriod | undefined {
    for (const open of this.books.periods.values()) {
      if (open.subscription === subscription.id && endOf(open.period) === at) {
        this.touchedPeriods.set(periodKeyText(subscription.id, open.period), open);
        return open;
      }
    }
    return undefined;
  }

  /** Base prices of the meters, and what minimum commitments are short of: what a period owes when it is over. */
  settle(subscription: Subscription, open: OpenPeriod, until: Instant): void {
    const period = { start: startOf(open.period), end: endOf(open.period) };
    for (const { meter, price } of basesDue(subscription, period)) this.scribe.baseFee(open, meter, price);
    for (const stretch of commitmentsDue(subscription, period, until)) {
      const due = reckonTrueUp(open, countedByTrueUps(open), stretch);
      if (due.amount > 0n || stretch.isPart) this.scribe.trueUp(open, due);
    }
  }

  /** The number of the entry that issued an invoice just now. */
  seqOfInvoice({ total }: InvoiceDocument): Sequence {
    // What an invoice below zero leaves to the customer stands right after it.
    return this.scribe.range.size - (BigInt(total) < 0n ? 2 : 1);
  }

  /** Keeps the documents that an invoice's entries cite. */
  keepTerms(invoice: InvoiceDocument, discounts: readonly DiscountTerms[], taxation: InvoiceTerms['taxation']): void {
    for (const { discount_digest } of invoice.discounts) {
      keepTerms(this.#tx, discounts.find(({ digest }) => digest === discount_digest)!);
    }
    if (invoice.tax_decision !== '' && taxation !== undefined) keepTerms(this.#tx, taxation);
  }

  /** Writes down everything that has moved. */
  finish(): Appended {
    const { tenant, scribe } = this;
    const tx = this.#tx;
    const made = pagesOf(scribe.firstSeq, scribe.texts, scribe.hashes);
    for (const page of made) {
      tx.insert(pages, { tenant, first_seq: page.firstSeq, count: page.count, bytes: page.bytes });
    }
    for (const { level, index, hash } of this.#nodes) {
      tx.insert(tree_nodes, { log: tenant, level, position: index, hash });
    }
    for (const { seq, carried, peaks, last } of scribe.openings) {
      tx.insert(openings, { tenant, seq, carried: Buffer.from(carried, 'utf8'), peaks: Buffer.concat(peaks), last });
    }
    for (const open of this.touchedPeriods.values()) savePeriod(tx, tenant, open, scribe.firstSeq);
    if (this.#moneyBefore !== undefined) saveMoney(tx, tenant, this.#moneyBefore, this.books.money);
    for (const key of this.#touchedAggregates) {
      saveAggregate(tx, tenant, this.books.aggregates.get(key)!, this.#salts.get(key)!);
    }
    tx.upsert(heads, {
      tenant,
      size: scribe.range.size,
      root: base64url(scribe.range.root()),
      last: scribe.last,
      peaks: packPeaks(scribe.range),
      recorded_at: scribe.recordedAt,
      blind: this.#blind,
    });
    return { outcome: 'appended', pages: made, size: scribe.range.size };
  }
}

/** Where an event goes: its own period, the period it is billed in, its price. */
interface Place {
  readonly meter: Meter;
  readonly period: Period;
  readonly key: AggregateKey;
  readonly keyText: string;
  readonly billedIn: string;
  readonly aggregation: RatableEvent['aggregation'];
  readonly price: PriceVersion;
}

/** The properties that choose a cell of a price matrix; read only where there is one. */
function propertiesOf(event: AcceptedEvent, meter: Meter): Readonly<Record<string, string>> {
  if (!isMatrix(meter, event.occurredAt)) return {};
  return (JSON.parse(event.event) as { readonly data: Readonly<Record<string, string>> }).data;
}

interface CountedValue {
  readonly commit: string;
  readonly isNew: boolean;
}
const NO_VALUE: CountedValue = { commit: '', isNew: false };

const ratable = (event: AcceptedEvent, place: Place, value: CountedValue): RatableEvent => ({
  receiptId: event.receiptId,
  eventCommit: commitmentOf(event),
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
