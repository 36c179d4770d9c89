import { BadInput, unhandled } from '../errors.ts';
import {
  dayContaining,
  hourContaining,
  type Instant,
  instantOfMicros,
  microsOf,
  monthContaining,
  type Period,
  weekContaining,
} from '../time.ts';

/** Stretches in which usage is summed up for whoever asks. All but the minute follow the wall clock of a zone. */
export const WINDOW_UNITS = ['minute', 'hour', 'day', 'week', 'month'] as const;
export type WindowUnit = (typeof WINDOW_UNITS)[number];

/** How many windows one question may span: a day of minutes, two months of hours, four years of days. */
export const WINDOWS_MAX = 1500;

const MINUTE_MICROS = 60_000_000n;
/** The usual length of a window, to count them without cutting them. */
const LENGTH_MICROS: Readonly<Record<WindowUnit, bigint>> = {
  minute: MINUTE_MICROS,
  hour: 60n * MINUTE_MICROS,
  day: 1440n * MINUTE_MICROS,
  week: 10_080n * MINUTE_MICROS,
  month: 43_200n * MINUTE_MICROS,
};

/** The window that contains an instant. Windows of one zone tile: the end of one is the start of the next. */
export function windowContaining(unit: WindowUnit, zone: string, instant: Instant): Period {
  switch (unit) {
    case 'minute': {
      // Every offset from UTC that is in use is whole minutes.
      const start = `${instant.slice(0, 17)}00.000000Z` as Instant;
      return { start, end: instantOfMicros(microsOf(start) + MINUTE_MICROS) };
    }
    case 'hour':
      return hourContaining(zone, instant);
    case 'day':
      return dayContaining(zone, instant);
    case 'week':
      return weekContaining(zone, instant);
    case 'month':
      return monthContaining(zone, instant);
    default:
      return unhandled(unit);
  }
}

/** Every window that has a part of [from, to), whole, in order; cut as they are asked for. */
export function* windowsBetween(unit: WindowUnit, zone: string, from: Instant, to: Instant): Generator<Period> {
  for (let at = from; at < to; ) {
    const window = windowContaining(unit, zone, at);
    yield window;
    at = window.end;
  }
}

/** @throws BadInput `window_too_large` where [from, to) is more than `WINDOWS_MAX` windows, `invalid_parameter` where it is none */
export function requireSpan(unit: WindowUnit, from: Instant, to: Instant): void {
  if (from >= to) throw new BadInput('invalid_parameter', 'from comes before to', 'to');
  if (microsOf(to) - microsOf(from) <= LENGTH_MICROS[unit] * BigInt(WINDOWS_MAX)) return;
  throw new BadInput(
    'window_too_large',
    `from and to span more than ${WINDOWS_MAX} windows of a ${unit}: ask for less time, or for larger windows`,
    'to',
  );
}
