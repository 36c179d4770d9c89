import { Temporal } from 'temporal-polyfill';
import { BadInput } from './errors.ts';
import type { Brand } from './ids.ts';

/**
 * A point in time, UTC, as `YYYY-MM-DDTHH:MM:SS.ffffffZ` with exactly six digits: receipts carry this very text.
 * Fixed width makes the order of the text the order of time.
 */
export type Instant = Brand<string, 'Instant'>;

const INSTANT = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/;
// RFC 3339 section 5.6. A zone is mandatory: a time without one is a guess.
const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const MICROS_PER_MINUTE = 60_000_000n;
const PLAIN_UTC = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z$/;
const SECONDS = 'YYYY-MM-DDTHH:MM:SS'.length;

/** @param text of `PLAIN_UTC` */
const asInstant = (text: string): Instant =>
  (text.length === SECONDS + 1
    ? `${text.slice(0, SECONDS)}.000000Z`
    : `${text.slice(0, -1).padEnd(SECONDS + 7, '0')}Z`) as Instant;

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const daysIn = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;

/**
 * Reads an RFC 3339 timestamp strictly: real calendar days, a zone, no leap second, no 24:00.
 * Digits finer than a microsecond are cut (floored), never rounded into the next period.
 * @returns undefined where the text is anything else
 */
export function readInstant(text: unknown): Instant | undefined {
  if (typeof text !== 'string' || text.length > 35) return undefined;
  // Nearly every sender writes UTC, and every month has 28 days: no calendar is needed then.
  if (PLAIN_UTC.test(text) && !text.startsWith('0000')) return asInstant(text);
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours, offsetMinutes] = match;
  const monthNumber = Number(month);
  if (year === '0000' || monthNumber < 1 || monthNumber > 12) return undefined;
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), monthNumber)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const local =
    `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 6).padEnd(6, '0')}Z` as Instant;
  if (sign === undefined || (offsetHours === '00' && offsetMinutes === '00')) return local;
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  const offset = BigInt(Number(offsetHours) * 60 + Number(offsetMinutes)) * MICROS_PER_MINUTE;
  const micros = microsOf(local) + (sign === '+' ? -offset : offset);
  return micros < MICROS_OF_YEAR_1 || micros >= MICROS_OF_YEAR_10000 ? undefined : instantOfMicros(micros);
}

/** Reads an RFC 3339 timestamp from a document. @throws BadInput `invalid_instant` */
export function parseInstant(value: unknown, param: string): Instant {
  const instant = readInstant(value);
  if (instant !== undefined) return instant;
  throw new BadInput('invalid_instant', 'a time looks like 2026-03-01T00:00:00Z (RFC 3339, with its zone)', param);
}

/** Whether a text is the canonical form that receipts carry, naming a day that exists. */
export function isInstant(text: string): text is Instant {
  if (!INSTANT.test(text) || text.startsWith('0000')) return false;
  // Every month has 28 days; only the days after it need the calendar.
  const day = Number(text.slice(8, 10));
  return day <= 28 || day <= daysIn(Number(text.slice(0, 4)), Number(text.slice(5, 7)));
}

/** Microseconds since 1970-01-01T00:00:00Z. */
export function microsOf(instant: Instant): bigint {
  return BigInt(Date.parse(`${instant.slice(0, 23)}Z`)) * 1000n + BigInt(instant.slice(23, 26));
}

/** The instant that many microseconds after 1970-01-01T00:00:00Z. @param micros within the years 1 to 9999 */
export function instantOfMicros(micros: bigint): Instant {
  const below = ((micros % 1000n) + 1000n) % 1000n;
  const millis = Number((micros - below) / 1000n);
  return `${new Date(millis).toISOString().slice(0, 23)}${below.toString().padStart(3, '0')}Z` as Instant;
}

const MICROS_OF_YEAR_1 = microsOf('0001-01-01T00:00:00.000000Z' as Instant);
const MICROS_OF_YEAR_10000 = microsOf('9999-12-31T23:59:59.999999Z' as Instant) + 1n;

export const MICROS_PER_SECOND = 1_000_000n;
export const MICROS_PER_HOUR = 3_600n * MICROS_PER_SECOND;
export const MICROS_PER_DAY = 24n * MICROS_PER_HOUR;

/** The instant that many microseconds later (or earlier). */
export const plusMicros = (instant: Instant, micros: bigint): Instant => instantOfMicros(microsOf(instant) + micros);
export const later = (a: Instant, b: Instant): Instant => (a > b ? a : b);

/** A half-open stretch of time, [start, end): the end belongs to the next. */
export interface Period {
  readonly start: Instant;
  readonly end: Instant;
}

export const contains = (period: Period, instant: Instant): boolean => period.start <= instant && instant < period.end;

/** A period as receipts carry it: `start/end` (ISO 8601 interval). */
export const periodText = (period: Period): string => `${period.start}/${period.end}`;

/** Reads `start/end`. @returns undefined where it is no interval with start before end */
export function readPeriod(text: string): Period | undefined {
  const [start, end, more] = text.split('/');
  if (start === undefined || end === undefined || more !== undefined) return undefined;
  return isInstant(start) && isInstant(end) && start < end ? { start, end } : undefined;
}

export type CalendarUnit = 'day' | 'week' | 'month' | 'year';

/**
 * How a subscription's time is cut: every `count` units from `anchor`, counted on the wall clock of an IANA zone.
 * Quarterly is 3 months. Boundaries are always counted from the anchor, so 31 January, 28 February, 31 March: a short
 * month clamps one boundary and the anchor returns.
 */
export interface PeriodCalendar {
  readonly unit: CalendarUnit;
  /** a whole number from 1 */
  readonly count: number;
  readonly anchor: Instant;
  readonly zone: string;
}

/** Checks an IANA zone name (`Europe/Berlin`, `UTC`); offsets such as `+01:00` have no rules and are refused. @throws BadInput `invalid_catalogue` */
export function parseZone(value: unknown, param = 'zone'): string {
  if (typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_+/-]{1,49}$/.test(value)) {
    try {
      return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(value).timeZoneId;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new BadInput('invalid_catalogue', 'a zone is an IANA name such as Europe/Berlin', param);
}

const zoned = (instant: Instant, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.from(instant).toZonedDateTimeISO(zone);

/** @throws RangeError outside of the years 1 to 9999: a longer year would break the order of the texts */
function instantOf(moment: Temporal.ZonedDateTime): Instant {
  // Temporal writes no trailing zeros; the canonical text always has six digits.
  const text = moment.toInstant().toString({ smallestUnit: 'microsecond' });
  if (!isInstant(text)) throw new RangeError(`${text} is not within the years 1 to 9999`);
  return text;
}

const plural = { day: 'days', week: 'weeks', month: 'months', year: 'years' } as const;

/**
 * The boundary number `index` of a calendar; 0 is the anchor.
 * A wall-clock time that a DST change skips moves forward by the gap, one that occurs twice means the first
 * (RFC 5545 section 3.3.5, Temporal's `compatible`).
 */
export function boundary(calendar: PeriodCalendar, index: number): Instant {
  return instantOf(zoned(calendar.anchor, calendar.zone).add({ [plural[calendar.unit]]: index * calendar.count }));
}

/** The calendar's period that contains an instant. Periods tile: the end of one is the start of the next. */
export function periodContaining(calendar: PeriodCalendar, instant: Instant): Period {
  const anchor = zoned(calendar.anchor, calendar.zone);
  const elapsed = anchor.until(zoned(instant, calendar.zone), { largestUnit: plural[calendar.unit] });
  // The estimate may be off by one where a boundary was clamped or moved by DST; the loops settle it exactly.
  let index = Math.floor(elapsed[plural[calendar.unit]] / calendar.count);
  let start = boundary(calendar, index);
  while (start > instant) start = boundary(calendar, --index);
  let end = boundary(calendar, index + 1);
  while (end <= instant) {
    start = end;
    end = boundary(calendar, ++index + 1);
  }
  return { start, end };
}

/** The same time of day so many calendar days later (or earlier), in a zone. */
export const daysLater = (instant: Instant, days: number, zone: string): Instant =>
  instantOf(zoned(instant, zone).add({ days }));

/** The calendar day that contains an instant, in a zone: 23, 24 or 25 hours long. */
export const dayContaining = (zone: string, instant: Instant): Period =>
  startingAt(zoned(instant, zone).startOfDay(), { days: 1 }, instant);

/** The calendar month that contains an instant, in a zone. */
export const monthContaining = (zone: string, instant: Instant): Period =>
  startingAt(zoned(instant, zone).with({ day: 1 }).startOfDay(), { months: 1 }, instant);

function startingAt(start: Temporal.ZonedDateTime, length: Temporal.DurationLike, instant: Instant): Period {
  const end = start.add(length).startOfDay();
  const period = { start: instantOf(start), end: instantOf(end) };
  // Where clocks go back across midnight (Goose Bay until 2011), the evening comes again after the new day has begun.
  return instant < period.end ? period : startingAt(end, length, instant);
}

/** The calendar week that contains an instant, in a zone; weeks begin on Monday (ISO 8601). */
export function weekContaining(zone: string, instant: Instant): Period {
  const day = zoned(instant, zone);
  return startingAt(day.subtract({ days: day.dayOfWeek - 1 }).startOfDay(), { days: 7 }, instant);
}

/**
 * The hour of the wall clock that contains an instant, in a zone. Where clocks change in the middle of an hour it is cut there:
 * the half hour that Lord Howe's clocks skip or show again makes an hour of 30 minutes.
 */
export function hourContaining(zone: string, instant: Instant): Period {
  const at = zoned(instant, zone);
  const { minute, second, millisecond, microsecond } = at;
  // Elapsed time, not wall time: Temporal adds units below a day exactly.
  const full = at.subtract({ minutes: minute, seconds: second, milliseconds: millisecond, microseconds: microsecond });
  const next = full.add({ hours: 1 });
  // A change at the instant itself comes before it: a nanosecond later it is the previous one.
  const changed = full.offset === at.offset ? null : at.add({ nanoseconds: 1 }).getTimeZoneTransition('previous');
  const changes = next.offset === at.offset ? null : at.getTimeZoneTransition('next');
  const start = changed !== null && Temporal.ZonedDateTime.compare(changed, full) > 0 ? changed : full;
  const end = changes !== null && Temporal.ZonedDateTime.compare(changes, next) < 0 ? changes : next;
  return { start: instantOf(start), end: instantOf(end) };
}
