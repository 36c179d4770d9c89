import { AMOUNT_PLACES, type Amount, divideRounded, readCanonicalDecimal } from '../decimals.ts';
import type { Sequence } from '../ids.ts';
import { endOf, type LineKind, periodKeyText, startOf } from '../ledger/books.ts';
import type { Entry, EntryOf } from '../ledger/kinds.ts';
import type { MoneyKind } from '../ledger/money-moves.ts';
import type { Instant, Period } from '../time.ts';
import { type Month, MonthCalendar } from './months.ts';

/** What the entries of one invoice line were earned by, before the line is rounded. */
export interface EarnedSum {
  readonly kind: LineKind;
  readonly meter: string;
  /** `start/end`; of a fee or true-up the stretch it pays for */
  readonly period: string;
  readonly priceDigest: string;
  readonly priceRef: string;
  readonly quantity: string;
  /** of an adjustment; of what has a price its document says */
  readonly taxCategory: string | undefined;
  readonly firstSeq: Sequence;
  lastSeq: Sequence;
  exact: Amount;
  /** exact amounts by the month they were earned in; empty for fees by the stretch, see `isStretched` */
  readonly months: Map<Month, Amount>;
}

/** Fees of a stretch are earned evenly over it, so their lines need no months of their own. */
export const isStretched = (kind: LineKind): boolean => kind === 'advance' || kind === 'arrears' || kind === 'unused';

/** An invoice and what its lines were made of. */
export interface IssuedSums {
  readonly entry: EntryOf<'invoice'>;
  readonly sums: ReadonlyMap<string, EarnedSum>;
  /** its rows of tax, as they stand before it */
  readonly taxes: readonly EntryOf<'tax'>[];
}

/** What has come together in an open period since its last invoice. */
export interface OpenSums {
  readonly subscription: string;
  readonly period: string;
  readonly currency: string;
  readonly sums: Map<string, EarnedSum>;
  /** what a meter costs at no usage is earned over its period, as far as the subscription lasts */
  readonly bases: { readonly key: string; readonly from: Instant; readonly to: Instant; readonly amount: Amount }[];
}

/** Entries that move money beside usage and fees. */
export type MoneyMove = Extract<Entry, { readonly typ: MoneyKind | 'invoice' | 'credit_use' }>;

/**
 * What revenue needs to know of one organization's log, gathered entry by entry: charges are added up by line and month as
 * they pass, so a log of any length leaves no more than its invoices and its movements of money.
 *
 * When something is earned:
 * - usage in the month it happened in, as the service is provided then (IFRS 15.31 and B16; ASC 606-10-25-23, 55-18). A
 *   change of a level is earned evenly from its instant to the end of its period. Usage that comes after its period was closed
 *   is earned when it is recorded: a closed month is not opened again for an estimate that has changed (IAS 8.36; ASC 250-10-45-17);
 * - what a meter costs at no usage, and fees, evenly over their stretch (IFRS 15.B18; ASC 606-10-55-20);
 * - a true-up at the end of its stretch: until then the customer may still use what it has committed to (IFRS 15.B46; ASC
 *   606-10-55-48);
 * - corrections and adjustments when they are recorded (IFRS 15.88; ASC 606-10-32-43).
 */
export class RevenueHistory {
  readonly calendar: MonthCalendar;
  readonly issued: IssuedSums[] = [];
  readonly moves: MoneyMove[] = [];
  readonly open = new Map<string, OpenSums>();
  /** entries taken in */
  size = 0;
  #taxes: EntryOf<'tax'>[] = [];

  /** @param zone the organization's; its months are reported */
  constructor(zone: string) {
    this.calendar = new MonthCalendar(zone);
  }

  /** Takes in the next entry. @throws RangeError where it is not the next */
  add(entry: Entry): void {
    if (entry.seq !== String(this.size)) throw new RangeError(`entry ${this.size} is due, not ${entry.seq}`);
    this.size++;
    switch (entry.typ) {
      case 'open':
        this.#bucket(entry.subscription, entry.period, entry.currency);
        return;
      case 'charge':
        return this.#charge(entry);
      case 'fee':
        return entry.fee === 'base' ? this.#base(entry) : this.#fee(entry);
      case 'true_up':
        return this.#trueUp(entry);
      case 'adjustment':
        return this.#adjustment(entry);
      case 'correction':
        return this.#earn(this.#sumOf(entry, 'usage', entry.period, ''), entry, this.#recorded(entry));
      case 'close':
        return this.#close(entry);
      case 'tax':
        this.#taxes.push(entry);
        return;
      case 'invoice':
        return this.#invoice(entry);
      case 'credit_use':
      case 'credit_grant':
      case 'credit_expiry':
      case 'credit_return':
      case 'credit_note':
      case 'void':
      case 'write_off':
      case 'payment':
      case 'refund':
        this.moves.push(entry);
        return;
      default:
        // What is left moves no money of this organization by itself.
        return;
    }
  }

  #charge(entry: EntryOf<'charge'>): void {
    const sum = this.#sumOf(entry, 'usage', entry.period, '');
    const occurredAt = entry.occurred_at as Instant;
    if (entry.period !== entry.billed_in) return this.#earn(sum, entry, this.#recorded(entry));
    if (entry.aggregation !== 'weighted_sum') return this.#earn(sum, entry, this.calendar.monthOf(occurredAt));
    const amount = count(sum, entry);
    this.#spread(sum, amount, { start: occurredAt, end: endOf(entry.period) });
  }

  #base(entry: EntryOf<'fee'>): void {
    const sum = this.#sumOf(entry, 'usage', entry.period, '');
    const amount = count(sum, entry);
    const { bases } = this.#of(entry);
    bases.push({ key: keyOf(sum), from: entry.from as Instant, to: entry.to as Instant, amount });
  }

  #fee(entry: EntryOf<'fee'>): void {
    count(this.#sumOf(entry, entry.fee as LineKind, `${entry.from}/${entry.to}`, entry.quantity), entry);
  }

  #trueUp(entry: EntryOf<'true_up'>): void {
    const sum = this.#sumOf(entry, 'true_up', `${entry.from}/${entry.to}`, '');
    this.#earn(sum, entry, this.#lastMonthOf({ start: entry.from as Instant, end: entry.to as Instant }));
  }

  #adjustment(entry: EntryOf<'adjustment'>): void {
    const named = { ...entry, meter: entry.adjustment_id, price_digest: '', price_ref: '' };
    this.#earn(this.#sumOf(named, 'adjustment', entry.billed_in, '', entry.tax_category), entry, this.#recorded(entry));
  }

  /** A period that ends before its time earns until then what a meter costs at no usage. */
  #close(entry: EntryOf<'close'>): void {
    const open = this.#bucket(entry.subscription, entry.period, entry.currency);
    const until = entry.until as Instant;
    const bases = open.bases.map((base) => (until < base.to ? { ...base, to: until } : base));
    open.bases.splice(0, open.bases.length, ...bases);
  }

  #invoice(entry: EntryOf<'invoice'>): void {
    const open = this.#bucket(entry.subscription, entry.period, entry.currency);
    this.issued.push({ entry, sums: this.sumsOf(open), taxes: this.#taxes });
    this.moves.push(entry);
    this.#taxes = [];
    this.open.delete(periodKeyText(entry.subscription, entry.period));
  }

  /** What an open period holds, with what its meters cost at no usage spread over the months. */
  sumsOf(open: OpenSums): ReadonlyMap<string, EarnedSum> {
    const sums = new Map([...open.sums].map(([key, sum]) => [key, { ...sum, months: new Map(sum.months) }]));
    for (const { key, from, to, amount } of open.bases) {
      // A subscription that ended as its period began had no time to earn anything in.
      if (from < to) this.#spread(sums.get(key)!, amount, { start: from, end: to });
      else add(sums.get(key)!, this.calendar.monthOf(from), amount);
    }
    return sums;
  }

  /** Over the months of a stretch by its microseconds; to 24 places, the last of which go where the sum needs them. */
  #spread(sum: EarnedSum, amount: Amount, stretch: Period): void {
    const parts = this.calendar.partsOf(stretch);
    const length = parts.reduce((all, { micros }) => all + micros, 0n);
    let passed = 0n;
    let given = 0n;
    for (const { month, micros } of parts) {
      passed += micros;
      const upTo = divideRounded(amount * passed, length);
      add(sum, month, (upTo - given) as Amount);
      given = upTo;
    }
  }

  #earn(sum: EarnedSum, entry: Billed, month: Month): void {
    add(sum, month, count(sum, entry));
  }

  #recorded(entry: Billed): Month {
    return this.calendar.monthOf(entry.recorded_at as Instant);
  }

  /** The month that a stretch ends in; the end itself does not belong to it. */
  #lastMonthOf(stretch: Period): Month {
    return this.calendar.partsOf(stretch).at(-1)?.month ?? this.calendar.monthOf(stretch.start);
  }

  #of(entry: Billed): OpenSums {
    return this.#bucket(entry.subscription, entry.billed_in, entry.currency);
  }

  #bucket(subscription: string, period: string, currency: string): OpenSums {
    const key = periodKeyText(subscription, period);
    let found = this.open.get(key);
    if (found === undefined) {
      found = { subscription, period, currency, sums: new Map(), bases: [] };
      this.open.set(key, found);
    }
    return found;
  }

  #sumOf(
    entry: Billed & { readonly meter: string; readonly price_digest: string; readonly price_ref: string },
    kind: LineKind,
    period: string,
    quantity: string,
    taxCategory?: string,
  ): EarnedSum {
    const { sums } = this.#of(entry);
    const name = { kind, meter: entry.meter, period, priceDigest: entry.price_digest, quantity };
    const key = keyOf(name);
    let sum = sums.get(key);
    if (sum === undefined) {
      const seq = Number(entry.seq);
      sum = {
        ...name,
        priceRef: entry.price_ref,
        taxCategory,
        firstSeq: seq,
        lastSeq: seq,
        exact: 0n as Amount,
        months: new Map(),
      };
      sums.set(key, sum);
    }
    return sum;
  }
}

interface Billed {
  readonly seq: string;
  readonly recorded_at: string;
  readonly subscription: string;
  readonly billed_in: string;
  readonly currency: string;
  readonly amount: string;
}

/** Counts an entry to its line. @returns its amount */
function count(sum: EarnedSum, { amount, seq }: Billed): Amount {
  const exact = readCanonicalDecimal(amount, AMOUNT_PLACES);
  if (exact === undefined) throw new RangeError(`${amount} of entry ${seq} is no amount`);
  sum.exact = (sum.exact + exact) as Amount;
  sum.lastSeq = Number(seq);
  return exact as Amount;
}

const add = (sum: EarnedSum, month: Month, amount: Amount): void => {
  sum.months.set(month, ((sum.months.get(month) ?? 0n) + amount) as Amount);
};

/** What makes entries parts of one invoice line; the invoice's own lines are found by the same. */
export const keyOf = (line: Pick<EarnedSum, 'kind' | 'meter' | 'period' | 'priceDigest' | 'quantity'>): string =>
  `${line.kind} ${line.meter} ${line.period} ${line.priceDigest} ${line.quantity}`;

export const stretchOf = (period: string): Period => ({ start: startOf(period), end: endOf(period) });
