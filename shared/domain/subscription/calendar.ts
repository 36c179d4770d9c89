import { Temporal } from 'temporal-polyfill';
import { type CalendarUnit, type Instant, type PeriodCalendar, parseInstant } from '../time.ts';

/** How often something recurs: every `count` units. */
export interface Interval {
  readonly unit: CalendarUnit;
  readonly count: number;
}

/**
 * The calendar of a subscription. By `anniversary` its periods begin where it began. By `calendar` they begin where the
 * calendar's do in its zone: on 1 January for years, on the first of the month for months (quarters and other multiples are
 * counted from January), on Mondays for weeks, at midnight for days.
 */
export function calendarOf(
  interval: Interval,
  anchor: 'anniversary' | 'calendar',
  startedAt: Instant,
  zone: string,
): PeriodCalendar {
  return {
    ...interval,
    zone,
    anchor: anchor === 'anniversary' ? startedAt : beginningOf(interval.unit, startedAt, zone),
  };
}

function beginningOf(unit: CalendarUnit, at: Instant, zone: string): Instant {
  const local = Temporal.Instant.from(at).toZonedDateTimeISO(zone).toPlainDate();
  const date =
    unit === 'week'
      ? local.subtract({ days: local.dayOfWeek - 1 })
      : unit === 'day'
        ? local
        : local.with({ month: 1, day: 1 });
  const start = date.toZonedDateTime({ timeZone: zone });
  return parseInstant(start.toInstant().toString({ smallestUnit: 'microsecond' }), 'anchor');
}
