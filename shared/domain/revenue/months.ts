import { Temporal } from 'temporal-polyfill';
import { BadInput } from '../errors.ts';
import type { Brand } from '../ids.ts';
import { contains, type Instant, isInstant, microsOf, monthContaining, type Period } from '../time.ts';

/** A calendar month, `YYYY-MM`. The order of the text is the order of time. */
export type Month = Brand<string, 'Month'>;

/** Reads a month from a query. @throws BadInput `invalid_parameter` */
export function parseMonth(value: unknown, param: string): Month {
  if (typeof value === 'string' && /^(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])$/.test(value)) return value as Month;
  throw new BadInput('invalid_parameter', 'a month looks like 2026-03', param);
}

export function monthAfter(month: Month): Month {
  const [year, number] = month.split('-').map(Number) as [number, number];
  const next = number === 12 ? [year + 1, 1] : [year, number + 1];
  return `${String(next[0]).padStart(4, '0')}-${String(next[1]).padStart(2, '0')}` as Month;
}

/** Months from one up to another, both included; none where the first comes after. */
export function monthsFrom(from: Month, to: Month): Month[] {
  const months: Month[] = [];
  for (let month = from; month <= to; month = monthAfter(month)) months.push(month);
  return months;
}

interface Named {
  readonly month: Month;
  readonly period: Period;
}

/** The months of an organization's zone: they begin at midnight there, and tile. */
export class MonthCalendar {
  readonly zone: string;
  /** months met before, by the month of UTC that an instant of them begins with: one or two each */
  readonly #known = new Map<string, Named[]>();
  /** Neighbours mostly fall into the same month. */
  #recent: Named | undefined;

  /** @param zone an IANA name */
  constructor(zone: string) {
    this.zone = zone;
  }

  monthOf(instant: Instant): Month {
    return this.#at(instant).month;
  }

  /** The month as a stretch of time, [start, end). */
  periodOf(month: Month): Period {
    const start = Temporal.PlainDate.from(`${month}-01`).toZonedDateTime({ timeZone: this.zone });
    const text = start.toInstant().toString({ smallestUnit: 'microsecond' });
    if (!isInstant(text)) throw new RangeError(`${text} is not within the years 1 to 9999`);
    return monthContaining(this.zone, text);
  }

  /** How much of a stretch each month holds, in microseconds, in order; adds up to the stretch. */
  partsOf({ start, end }: Period): { readonly month: Month; readonly micros: bigint }[] {
    const parts: { month: Month; micros: bigint }[] = [];
    for (let from = start; from < end; ) {
      const { month, period } = this.#at(from);
      const to = period.end < end ? period.end : end;
      parts.push({ month, micros: microsOf(to) - microsOf(from) });
      from = to;
    }
    return parts;
  }

  /** The day of the wall clock that contains an instant, `YYYY-MM-DD`. */
  dayOf(instant: Instant): string {
    return Temporal.Instant.from(instant).toZonedDateTimeISO(this.zone).toPlainDate().toString();
  }

  #at(instant: Instant): Named {
    if (this.#recent !== undefined && contains(this.#recent.period, instant)) return this.#recent;
    const key = instant.slice(0, 7);
    const near = this.#known.get(key) ?? [];
    let found = near.find(({ period }) => contains(period, instant));
    if (found === undefined) {
      const period = monthContaining(this.zone, instant);
      found = { month: this.dayOf(period.start).slice(0, 7) as Month, period };
      this.#known.set(key, [...near, found]);
    }
    this.#recent = found;
    return found;
  }
}

/** The last day of a month, `YYYY-MM-DD`: what is earned in it is booked then. */
export const lastDayOf = (month: Month): string =>
  Temporal.PlainYearMonth.from(month).toPlainDate({ day: 31 }).toString();
