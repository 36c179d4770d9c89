import assert from 'node:assert/strict';
import {
  boundary,
  type Instant,
  microsOf,
  type PeriodCalendar,
  parseInstant,
  periodContaining,
  plusMicros,
} from '../../shared/domain/time.ts';
import { WallClock, wallBoundary } from '../support/wall-clock.ts';

/**
 * Forty years of periods in every zone against a second reckoning: a table of what the zone's clocks showed, and dates
 * counted on it by hand. `TALLYSTICK_ALL_ZONES=1` takes every zone that there is; otherwise those whose clocks have done
 * strange things.
 */
const ALL = process.env['TALLYSTICK_ALL_ZONES'] === '1';
const STRANGE = [
  'Pacific/Apia', // left out 30 December 2011
  'Australia/Lord_Howe', // half an hour of summer time
  'Africa/Casablanca', // four changes in some years
  'Africa/Cairo', // at midnight
  'America/Havana', // midnight twice
  'America/St_Johns', // at 00:01 until 2011
  'America/Sao_Paulo',
  'Antarctica/Troll', // two hours
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Asia/Pyongyang', // half an hour back in 2015, forward in 2018
  'America/Caracas',
  'Europe/Berlin',
  'UTC',
];
const zones = ALL ? Intl.supportedValuesOf('timeZone') : STRANGE;
const [FIRST, YEARS] = [1996, 40];
const MINUTE = 60_000;
/** Where clocks like to jump, and where days begin and end. */
const TIMES_OF_DAY = [0, 30, 150, 23 * 60 + 30].map((minutes) => minutes * MINUTE);
/** 31 days of a January and the leap day. */
const ANCHOR_DAYS = [...Array.from({ length: 31 }, (_, day) => Date.UTC(FIRST, 0, day + 1)), Date.UTC(FIRST, 1, 29)];
/** The first of them is a Monday. */
const WEEKDAYS = ANCHOR_DAYS.slice(0, 7);

const clocks = new Map<string, WallClock>();
function clockOf(zone: string): WallClock {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new WallClock(zone, FIRST - 1, FIRST + YEARS + 3);
    clocks.set(zone, clock);
  }
  return clock;
}

const instantAt = (milliseconds: number): Instant => parseInstant(new Date(milliseconds).toISOString(), 'test');

let walked = { calendars: 0, periods: 0 };

/** Follows one calendar for forty years: each period begins where the one before ended, and where the wall says. */
function walk(zone: string, day: number, time: number, unit: 'week' | 'month' | 'year', count: number): void {
  const clock = clockOf(zone);
  const anchor = clock.instantOf(day + time);
  const local = clock.localOf(anchor);
  const calendar: PeriodCalendar = { unit, count, anchor: instantAt(anchor), zone };
  const what = `${count} ${unit} from ${calendar.anchor} in ${zone}`;
  const periods = Math.ceil((YEARS * { week: 52.2, month: 12, year: 1 }[unit]) / count);
  let start = calendar.anchor;
  for (let n = 0; n < periods; n++) {
    const end = boundary(calendar, n + 1);
    const expected = clock.instantOf(wallBoundary(local, unit, (n + 1) * count));
    if (microsOf(end) !== BigInt(expected) * 1000n) {
      assert.fail(`${what}: period ${n} ends at ${end}, the clock on the wall says ${instantAt(expected)}`);
    }
    assert.ok(start < end, `${what}: period ${n} takes no time`);
    // The period of an instant, asked for now and then at both of its ends and in it, in a stride that meets every month.
    if (n % 89 === 5) {
      for (const inside of [start, plusMicros(start, (microsOf(end) - microsOf(start)) / 2n), plusMicros(end, -1n)]) {
        assert.deepEqual(periodContaining(calendar, inside), { start, end }, `${what}: the period of ${inside}`);
      }
      assert.equal(periodContaining(calendar, end).start, end, `${what}: after ${end}`);
    }
    start = end;
  }
  walked = { calendars: walked.calendars + 1, periods: walked.periods + periods };
}

describe('periods tile forty years without a gap or an overlap, as the clock on the wall says', () => {
  before(function () {
    if (ALL) this.timeout(300_000);
    for (const zone of zones) clockOf(zone);
  });
  after(() => {
    if (ALL) console.log(`    ${zones.length} zones, ${walked.calendars} calendars, ${walked.periods} periods`);
  });

  let turn = 0;
  const timeOfDay = (): number => TIMES_OF_DAY[turn++ % TIMES_OF_DAY.length]!;
  /** Every zone with every day; or, in the sample, every day and every zone at least once. */
  const pairs = (days: readonly number[]): (readonly [string, number])[] =>
    ALL
      ? zones.flatMap((zone) => days.map((day) => [zone, day] as const))
      : Array.from({ length: Math.max(days.length, zones.length) }, (_, n) => [
          ...([zones[n % zones.length]!, days[n % days.length]!] as const),
        ]);

  for (const [says, unit, more, days] of [
    ['every month, quarter and other number of months', 'month', [3, 2, 3, 5, 3, 7, 6], ANCHOR_DAYS],
    ['every year and number of years, 29 February included', 'year', [2, 3, 4], ANCHOR_DAYS],
    ['every week and number of weeks, from each day of the week', 'week', [2, 3, 4, 13], WEEKDAYS],
  ] as const) {
    it(`${says}, in ${zones.length} zones`, function () {
      if (ALL) this.timeout(3_600_000);
      for (const [zone, day] of pairs(days)) {
        const time = timeOfDay();
        walk(zone, day, time, unit, 1);
        walk(zone, day, time, unit, more[turn % more.length]!);
      }
    });
  }

  it('the day of the anchor comes back after a short month: 31, 28 or 29, 31, 30 …, in every zone', () => {
    for (const zone of zones) {
      const clock = clockOf(zone);
      const anchor = clock.instantOf(Date.UTC(1999, 0, 31, 12));
      const calendar: PeriodCalendar = { unit: 'month', count: 1, anchor: instantAt(anchor), zone };
      const shown = Array.from({ length: 14 }, (_, n) => {
        const local = clock.localOf(Number(microsOf(boundary(calendar, n)) / 1000n));
        return new Date(local).getUTCDate();
      });
      assert.deepEqual(shown, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29], zone);
    }
  });
});
