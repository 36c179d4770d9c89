import { base64url, canonicalJson } from '../../shared/domain/canonical.ts';
import { parseQuantity } from '../../shared/domain/decimals.ts';
import { sha256, sha256Base64url } from '../../shared/domain/digest.ts';
import { parseLedgerOrigin, parseTenantId } from '../../shared/domain/ids.ts';
import type { Bill } from '../../shared/domain/ledger/bill-rules.ts';
import { aggregateKeyText, Books, endOf, type OpenPeriod, periodKeyText } from '../../shared/domain/ledger/books.ts';
import { booksOf } from '../../shared/domain/ledger/carried.ts';
import { Scribe } from '../../shared/domain/ledger/scribe.ts';
import { CompactRange } from '../../shared/domain/ledger/tree.ts';
import { parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import { type Instant, instantOfMicros, MICROS_PER_DAY, microsOf } from '../../shared/domain/time.ts';

export const LEDGER = parseLedgerOrigin('ledger.example/small');
export const TENANT = parseTenantId('small-tenant');
const START = microsOf('2026-03-01T00:00:00.000000Z' as Instant);
const MICROS_PER_MINUTE = 60_000_000n;

const tiers = (...rows: readonly (readonly [string | null, string, string])[]) =>
  rows.map(([up_to, unit_amount, flat_amount]) => ({ up_to, unit_amount, flat_amount }));

/** Every aggregation and every price model; each in two versions, one for even days and one for odd. */
const METERS = [
  { aggregation: 'count', models: [{ type: 'graduated', tiers: tiers(['2', '0.1', '1.5'], [null, '0.05', '0.25']) }] },
  { aggregation: 'sum', models: [{ type: 'volume', tiers: tiers(['5', '2', '0'], [null, '1', '0.5']) }] },
  { aggregation: 'max', models: [{ type: 'package', size: '3', amount: '0.7', free_units: '1' }] },
  { aggregation: 'last', models: [{ type: 'per_unit', unit_amount: '0.333333' }] },
  {
    aggregation: 'unique_count',
    models: [
      { type: 'per_unit', unit_amount: '4' },
      { type: 'flat', amount: '9.9' },
    ],
  },
  { aggregation: 'sum', models: [{ type: 'percentage', rate: '0.029', fixed_fee: '0.3', free_events: '1' }] },
] as const;

const VERSIONS = METERS.map(({ models }, meter) =>
  [1, 2].map((version) =>
    parsePriceVersion({
      price_id: `meter-${meter}`,
      version: String(version),
      currency: 'EUR',
      model: models[(version - 1) % models.length],
    }),
  ),
);
export const PRICES = new Map(VERSIONS.flat().map((version) => [version.digest, version]));
export const METER_COUNT = METERS.length;

/** What happens next: time passes, then an event arrives, or a day is closed. */
export interface Happening {
  readonly minutes: number;
  readonly event:
    | {
        readonly meter: number;
        readonly quantity: string;
        readonly value: number;
        /** minutes between the use and its arrival */
        readonly lag: number;
      }
    | undefined;
  /** starts a new commit even where no time has passed */
  readonly commit: boolean;
}

const dayOf = (instant: bigint): bigint => (instant - START) / MICROS_PER_DAY;
const periodOfDay = (day: bigint): string => {
  const start = START + day * MICROS_PER_DAY;
  return `${instantOfMicros(start)}/${instantOfMicros(start + MICROS_PER_DAY)}`;
};

/** A ledger as the suite would write it, commit by commit. What is between two commits is only what rows would hold. */
export class SmallLedger {
  readonly texts: string[] = [];
  range = new CompactRange();
  last: string | undefined;
  books = new Books();
  #recordedAt: Instant | undefined;
  readonly #seen = new Map<string, string[]>();
  #now = START;
  #closedDays = 0n;
  #events = 0;
  #scribe: Scribe | undefined;

  constructor(happenings: readonly Happening[]) {
    for (const happening of happenings) this.#take(happening);
    this.#commit();
  }

  get recordedAt(): Instant {
    return this.#recordedAt!;
  }

  get seen(): ReadonlyMap<string, readonly string[]> {
    return this.#seen;
  }

  #take({ minutes, event, commit }: Happening): void {
    if (commit || minutes > 0) this.#commit();
    this.#now += BigInt(minutes) * MICROS_PER_MINUTE;
    const scribe = this.#begin();
    if (event !== undefined) this.#charge(scribe, event);
    else if (this.#closedDays < dayOf(this.#now)) this.#close(scribe);
  }

  /** The blind of an entry follows from its number, so that the same happenings make the same entries in any commits. */
  #begin(): Scribe {
    if (this.#scribe !== undefined) return this.#scribe;
    let seq = this.range.size;
    const blind = () => sha256(`blind ${seq++}`).subarray(0, 16);
    const position = {
      ledger: LEDGER,
      tenant: TENANT,
      range: this.range.clone(),
      last: this.last,
      recordedAt: this.#recordedAt,
    };
    this.#scribe = new Scribe(position, this.books, instantOfMicros(this.#now), blind);
    if (this.range.size === 0) this.#scribe.genesis();
    return this.#scribe;
  }

  #commit(): void {
    const scribe = this.#scribe;
    if (scribe === undefined) return;
    this.#scribe = undefined;
    this.texts.push(...scribe.texts);
    this.range = scribe.range;
    this.last = scribe.last;
    this.#recordedAt = scribe.recordedAt;
    // Everything the next commit builds on goes through its written form, as through a database.
    const carried: unknown = JSON.parse(canonicalJson(this.books.carried(scribe.recordedAt)));
    this.books = booksOf(carried, this.#seen);
  }

  #charge(scribe: Scribe, event: NonNullable<Happening['event']>): void {
    const earliest = this.#now - BigInt(event.lag) * MICROS_PER_MINUTE;
    const used = earliest < START ? START : earliest;
    const day = dayOf(used);
    const { aggregation } = METERS[event.meter]!;
    const meter = `meter-${event.meter}`;
    const price = VERSIONS[event.meter]![Number(day % 2n)]!;
    const period = periodOfDay(day);
    const counts = aggregation === 'count' || aggregation === 'unique_count';
    const key = aggregateKeyText({ subscription: 'main', period, meter, priceDigest: price.digest });
    const valueCommit = aggregation === 'unique_count' ? sha256Base64url(`${key} ${event.value}`) : '';
    const seen = this.#seen.get(key) ?? [];
    const isNewValue = valueCommit !== '' && !seen.includes(valueCommit);
    const late = day < this.#closedDays;
    const open = this.#open(scribe, late ? this.#closedDays : day);
    if (isNewValue) this.#seen.set(key, [...seen, valueCommit]);
    scribe.charge(
      {
        receiptId: sha256Base64url(`event ${++this.#events}`),
        eventCommit: sha256Base64url(`commitment ${this.#events}`),
        occurredAt: instantOfMicros(used),
        subscription: 'main',
        meter,
        aggregation,
        quantity: parseQuantity(counts ? '1' : event.quantity),
        valueCommit,
        isNewValue,
        period,
        price,
      },
      open,
    );
  }

  #open(scribe: Scribe, day: bigint): OpenPeriod {
    const period = periodOfDay(day);
    return this.books.periods.get(periodKeyText('main', period)) ?? scribe.open('main', period, 'EUR');
  }

  /** Closes the earliest day that is not closed, with the base fees of its prices. */
  #close(scribe: Scribe): void {
    const open = this.#open(scribe, this.#closedDays);
    for (const [meter, versions] of VERSIONS.entries()) {
      scribe.baseFee(open, `meter-${meter}`, versions[Number(this.#closedDays % 2n)]!);
    }
    this.#closedDays++;
    scribe.invoice(open, billOf(open, `INV-${String(this.#closedDays).padStart(6, '0')}`));
  }

  head(): { readonly size: number; readonly root: string; readonly last: string } {
    return { size: this.range.size, root: base64url(this.range.root()), last: this.last! };
  }
}

/** What is asked of the scribe when a period is over: its invoice, without discounts and taxes. */
export const billOf = (open: OpenPeriod, number: string): Bill => ({
  number,
  kind: 'period',
  until: endOf(open.period),
  discounts: [],
  taxation: undefined,
});
