import assert from 'node:assert/strict';
import {
  boundary,
  type CalendarUnit,
  dayContaining,
  type Instant,
  instantOfMicros,
  microsOf,
  monthContaining,
  type Period,
  type PeriodCalendar,
  parseInstant,
  parseZone,
  periodContaining,
  plusMicros,
} from '../../shared/domain/time.ts';
import { refusalOf } from '../support/refusal.ts';

const at = (text: string): Instant => parseInstant(text, 'time');
const hours = ({ start, end }: Period): number => Number(microsOf(end) - microsOf(start)) / 3_600_000_000;
const shown = ({ start, end }: Period): string => `${start.slice(0, 16)} ${end.slice(0, 16)}`;
const every = (unit: CalendarUnit, count: number, anchor: string, zone = 'UTC'): PeriodCalendar => ({
  unit,
  count,
  anchor: at(anchor),
  zone,
});
const days = (calendar: PeriodCalendar, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => boundary(calendar, from + n).slice(0, 10));

describe('a billing calendar', () => {
  it('clamps a month that is too short, and the anchor returns', () => {
    assert.deepEqual(days(every('month', 1, '2026-01-31T00:00:00Z'), 0, 7), [
      '2026-01-31',
      '2026-02-28',
      '2026-03-31',
      '2026-04-30',
      '2026-05-31',
      '2026-06-30',
      '2026-07-31',
    ]);
  });

  it('clamps backwards from its anchor as well', () => {
    const monthly = every('month', 1, '2026-03-31T00:00:00Z');
    assert.deepEqual(days(monthly, -4, 1), ['2025-11-30', '2025-12-31', '2026-01-31', '2026-02-28', '2026-03-31']);
    assert.equal(shown(periodContaining(monthly, at('2026-02-27T23:59:59Z'))), '2026-01-31T00:00 2026-02-28T00:00');
    assert.equal(shown(periodContaining(monthly, at('2026-02-28T00:00:00Z'))), '2026-02-28T00:00 2026-03-31T00:00');
  });

  it('renews a leap day on 28 February until the next leap year', () => {
    assert.deepEqual(days(every('year', 1, '2024-02-29T00:00:00Z'), 0, 5), [
      '2024-02-29',
      '2025-02-28',
      '2026-02-28',
      '2027-02-28',
      '2028-02-29',
    ]);
  });

  it('has no leap day in 2100: 28 February, and 29 February 2104 again', () => {
    assert.deepEqual(days(every('year', 4, '2096-02-29T00:00:00Z'), 0, 3), ['2096-02-29', '2100-02-28', '2104-02-29']);
  });

  it('counts quarters, weeks and days from its anchor', () => {
    assert.deepEqual(days(every('month', 3, '2025-11-30T00:00:00Z'), 0, 3), ['2025-11-30', '2026-02-28', '2026-05-30']);
    assert.deepEqual(days(every('week', 2, '2026-02-20T00:00:00Z'), -1, 2), ['2026-02-06', '2026-02-20', '2026-03-06']);
    assert.deepEqual(days(every('day', 30, '2026-01-31T00:00:00Z'), 0, 3), ['2026-01-31', '2026-03-02', '2026-04-01']);
  });

  it('agrees with arithmetic on dates alone, for every anchor day, unit and count, over 40 years of UTC', () => {
    const dayMs = 86_400_000;
    const lastOf = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    for (const anchor of [
      ...Array.from({ length: 31 }, (_, day) => Date.UTC(2000, 0, day + 1)),
      Date.UTC(2000, 1, 29),
    ]) {
      const start = new Date(anchor);
      for (let count = 1; count <= 4; count++) {
        for (const [unit, steps] of [
          ['day', 14_600],
          ['week', 2080],
          ['month', 480],
          ['year', 40],
        ] as const) {
          const calendar = every(unit, count, start.toISOString());
          for (const n of [-3, -1, 0, 1, 2, 13, 29, 59, 60, Math.floor(steps / count / 2), Math.floor(steps / count)]) {
            const months = start.getUTCMonth() + n * count * (unit === 'year' ? 12 : 1);
            const year = start.getUTCFullYear() + Math.floor(months / 12);
            const month = ((months % 12) + 12) % 12;
            const expected =
              unit === 'day' || unit === 'week'
                ? anchor + n * count * (unit === 'week' ? 7 : 1) * dayMs
                : Date.UTC(year, month, Math.min(start.getUTCDate(), lastOf(year, month)));
            const what = `${start.toISOString().slice(0, 10)} + ${n} x ${count} ${unit}`;
            assert.equal(Date.parse(boundary(calendar, n)), expected, what);
          }
        }
      }
    }
  });

  it('keeps the hour of its wall clock: March in Berlin is 743 hours long and starts at 23:00 UTC', () => {
    const monthly = every('month', 1, '2026-01-01T00:00:00+01:00', 'Europe/Berlin');
    const march = periodContaining(monthly, at('2026-03-15T00:00:00Z'));
    assert.equal(shown(march), '2026-02-28T23:00 2026-03-31T22:00');
    assert.equal(hours(march), 31 * 24 - 1);
    assert.equal(hours(periodContaining(monthly, at('2026-10-15T00:00:00Z'))), 31 * 24 + 1);
  });

  it('puts an hour that the clocks leave out an hour later, once', () => {
    // 02:30 in Berlin; on 29 March 2026 the clocks go from 02:00 to 03:00.
    const weekly = every('week', 1, '2026-03-22T02:30:00+01:00', 'Europe/Berlin');
    assert.equal(boundary(weekly, 0), '2026-03-22T01:30:00.000000Z');
    assert.equal(boundary(weekly, 1), '2026-03-29T01:30:00.000000Z'); // 03:30 summer time
    assert.equal(boundary(weekly, 2), '2026-04-05T00:30:00.000000Z'); // 02:30 summer time
  });

  it('takes the first of an hour that the clocks repeat', () => {
    const weekly = every('week', 1, '2026-10-18T02:30:00+02:00', 'Europe/Berlin');
    assert.equal(boundary(weekly, 1), '2026-10-25T00:30:00.000000Z');
    assert.equal(boundary(weekly, 2), '2026-11-01T01:30:00.000000Z');
  });

  it('gives a day that was left out no time: 30 December 2011 in Apia', () => {
    const daily = every('day', 1, '2011-12-28T00:00:00-10:00', 'Pacific/Apia');
    assert.deepEqual(
      [1, 2, 3, 4].map((n) => boundary(daily, n).slice(0, 16)),
      ['2011-12-29T10:00', '2011-12-30T10:00', '2011-12-30T10:00', '2011-12-31T10:00'],
    );
    assert.equal(shown(periodContaining(daily, at('2011-12-30T09:59:59Z'))), '2011-12-29T10:00 2011-12-30T10:00');
    assert.equal(shown(periodContaining(daily, at('2011-12-30T10:00:00Z'))), '2011-12-30T10:00 2011-12-31T10:00');
  });

  it('says at once that it has no period beyond the year 9999', () => {
    const monthly = every('month', 1, '2026-01-01T00:00:00Z');
    assert.equal(shown(periodContaining(monthly, at('9999-11-30T00:00:00Z'))), '9999-11-01T00:00 9999-12-01T00:00');
    assert.throws(() => periodContaining(monthly, at('9999-12-31T23:59:59.999999Z')), RangeError);
    assert.throws(() => dayContaining('UTC', at('9999-12-31T12:00:00Z')), RangeError);
  });
});

describe('a calendar day', () => {
  for (const [zone, time, period, length] of [
    ['Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-27T23:00 2026-03-28T23:00', 24],
    ['Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-28T23:00 2026-03-29T22:00', 23],
    ['Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-24T22:00 2026-10-25T23:00', 25],
    ['America/New_York', '2026-03-08T12:00:00Z', '2026-03-08T05:00 2026-03-09T04:00', 23],
    ['America/New_York', '2026-11-01T12:00:00Z', '2026-11-01T04:00 2026-11-02T05:00', 25],
    // Half an hour of summer time on Lord Howe: +10:30, then +11:00.
    ['Australia/Lord_Howe', '2026-10-04T00:00:00Z', '2026-10-03T13:30 2026-10-04T13:00', 23.5],
    // Clocks that go forward at midnight: the day starts at 01:00.
    ['America/Sao_Paulo', '2017-10-14T12:00:00Z', '2017-10-14T03:00 2017-10-15T03:00', 24],
    ['America/Sao_Paulo', '2017-10-15T12:00:00Z', '2017-10-15T03:00 2017-10-16T02:00', 23],
    ['America/Sao_Paulo', '2018-02-17T12:00:00Z', '2018-02-17T02:00 2018-02-18T03:00', 25],
    ['Africa/Cairo', '2026-04-24T12:00:00Z', '2026-04-23T22:00 2026-04-24T21:00', 23],
    ['Africa/Cairo', '2026-10-29T12:00:00Z', '2026-10-28T21:00 2026-10-29T22:00', 25],
    // Midnight twice in Havana: the clocks go from 01:00 back to 00:00.
    ['America/Havana', '2026-11-01T04:30:00Z', '2026-11-01T04:00 2026-11-02T05:00', 25],
    ['America/Havana', '2026-11-01T05:30:00Z', '2026-11-01T04:00 2026-11-02T05:00', 25],
    ['Pacific/Apia', '2011-12-30T09:00:00Z', '2011-12-29T10:00 2011-12-30T10:00', 24],
    ['Pacific/Apia', '2011-12-30T11:00:00Z', '2011-12-30T10:00 2011-12-31T10:00', 24],
    // Goose Bay went from 00:01 back to 23:01: that evening came after the new day had begun, and belongs to it.
    ['America/Goose_Bay', '2010-11-07T02:59:00Z', '2010-11-06T03:00 2010-11-07T03:00', 24],
    ['America/Goose_Bay', '2010-11-07T03:30:00Z', '2010-11-07T03:00 2010-11-08T04:00', 25],
    ['America/Goose_Bay', '2010-11-07T04:30:00Z', '2010-11-07T03:00 2010-11-08T04:00', 25],
  ] as const) {
    it(`in ${zone} with ${time} is ${length} hours long`, () => {
      const day = dayContaining(zone, at(time));
      assert.equal(shown(day), period);
      assert.equal(hours(day), length);
    });
  }
});

describe('a calendar month', () => {
  for (const [zone, time, period, length] of [
    ['UTC', '2026-02-28T23:59:59.999999Z', '2026-02-01T00:00 2026-03-01T00:00', 28 * 24],
    ['UTC', '2024-02-29T12:00:00Z', '2024-02-01T00:00 2024-03-01T00:00', 29 * 24],
    ['Europe/Berlin', '2026-02-28T23:00:00Z', '2026-02-28T23:00 2026-03-31T22:00', 31 * 24 - 1],
    ['Europe/Berlin', '2026-10-31T22:59:59Z', '2026-09-30T22:00 2026-10-31T23:00', 31 * 24 + 1],
    ['Pacific/Apia', '2011-12-15T00:00:00Z', '2011-12-01T10:00 2011-12-31T10:00', 30 * 24],
    // 1 November 2009, 00:01 back to 31 October, 23:01.
    ['America/St_Johns', '2009-11-01T02:45:00Z', '2009-11-01T02:30 2009-12-01T03:30', 30 * 24 + 1],
  ] as const) {
    it(`in ${zone} with ${time} is ${length} hours long`, () => {
      const month = monthContaining(zone, at(time));
      assert.equal(shown(month), period);
      assert.equal(hours(month), length);
    });
  }
});

describe('periods tile', () => {
  const LONG = process.env['TALLYSTICK_LONG'] === '1';
  const SAMPLE = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'America/Sao_Paulo',
    'Africa/Cairo',
    'Africa/Casablanca',
    'Asia/Kathmandu',
    'Asia/Tehran',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'America/St_Johns',
    'Antarctica/Troll',
    // 13 zones against 16 cuts: no common divisor, so that all of one meet all of the other.
    'Pacific/Auckland',
  ];
  const zones = LONG ? Intl.supportedValuesOf('timeZone') : SAMPLE;
  const FROM = microsOf(at('1990-01-01T00:00:00Z'));
  const SPAN = microsOf(at('2030-01-01T00:00:00Z')) - FROM;

  /** Instants over 40 years, the same in every run. */
  function* instants(count: number, seed: number): Generator<Instant> {
    let state = BigInt(seed) + 1n;
    for (let n = 0; n < count; n++) {
      // Knuth's MMIX congruential generator: its upper bits are even enough to pick dates with.
      state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
      yield instantOfMicros(FROM + (state * SPAN) / 2n ** 64n);
    }
  }

  /** The period contains its instant, the one before ends where it starts, the one after starts where it ends. */
  function assertTiles(periodOf: (instant: Instant) => Period, instant: Instant, what: string): void {
    const { start, end } = periodOf(instant);
    assert.ok(start <= instant && instant < end, `${instant} is in ${start} to ${end}: ${what}`);
    assert.equal(periodOf(end).start, end, `after ${end}: ${what}`);
    assert.equal(periodOf(plusMicros(start, -1n)).end, start, `before ${start}: ${what}`);
    assert.deepEqual(periodOf(start), { start, end }, `from ${start}: ${what}`);
  }

  // 31 days of a January and the leap day, at half past midnight, where clocks like to jump.
  const anchors = [
    ...Array.from({ length: 31 }, (_, day) => `2000-01-${String(day + 1).padStart(2, '0')}`),
    '2000-02-29',
  ];
  const cuts = (['day', 'week', 'month', 'year'] as const).flatMap((unit) =>
    [1, 2, 3, 4].map((count) => ({ unit, count })),
  );

  it(`for every anchor day, unit and count, in ${zones.length} zones over 40 years`, function () {
    if (LONG) this.timeout(120_000);
    let turn = 0;
    for (const day of anchors) {
      // The long run takes every zone with every anchor day and changes unit and count from one to the next.
      for (let n = 0; n < (LONG ? zones.length : cuts.length); n++) {
        const [{ unit, count }, zone] = [cuts[turn % cuts.length]!, zones[(LONG ? n : turn) % zones.length]!];
        const calendar = every(unit, count, `${day}T00:30:00Z`, zone);
        const what = `${count} ${unit} from ${day} in ${zone}`;
        for (const instant of instants(3, turn++)) {
          assertTiles((instantIn) => periodContaining(calendar, instantIn), instant, what);
        }
      }
    }
  });

  it('in order: a later boundary is never earlier, and differs unless its day was left out', function () {
    if (LONG) this.timeout(120_000);
    for (const zone of zones) {
      for (const unit of ['day', 'week', 'month', 'year'] as const) {
        const calendar = every(unit, 1, '2011-10-31T10:30:00Z', zone);
        let repeated = 0;
        for (let n = -20; n < 100; n++) {
          const [one, next] = [boundary(calendar, n), boundary(calendar, n + 1)];
          assert.ok(one <= next, `${unit} ${n} in ${zone}`);
          if (one === next) repeated++;
        }
        const isSkippingDay = ['Pacific/Apia', 'Pacific/Fakaofo'].includes(zone) && unit === 'day';
        assert.equal(repeated, isSkippingDay ? 1 : 0, `${unit} in ${zone}`);
      }
    }
  });

  it(`as days and months of ${zones.length} zones`, function () {
    if (LONG) this.timeout(120_000);
    for (const [seed, zone] of zones.entries()) {
      for (const instant of instants(12, seed)) {
        assertTiles((instantIn) => dayContaining(zone, instantIn), instant, `a day in ${zone}`);
        assertTiles((instantIn) => monthContaining(zone, instantIn), instant, `a month in ${zone}`);
      }
    }
  });
});

describe('a zone', () => {
  for (const [name, read] of [
    ['UTC', 'UTC'],
    ['Europe/Berlin', 'Europe/Berlin'],
    ['europe/berlin', 'Europe/Berlin'],
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
    ['GB', 'GB'],
  ] as const) {
    it(`is known by the name ${name}`, () => assert.equal(parseZone(name), read));
  }

  for (const [says, value] of [
    ['an offset, which has no rules', '+01:00'],
    ['an offset in words', 'UTC+1'],
    ['a place that does not exist', 'Europe/Atlantis'],
    ['a path', '../../etc/passwd'],
    ['an empty name', ''],
    ['a name with a blank', 'Europe/ Berlin'],
    ['a name with a newline', 'Europe/Berlin\n'],
    ['a number', 1],
    ['nothing', undefined],
    ['a very long name', 'a'.repeat(50_000)],
  ] as const) {
    it(`is not ${says}`, () =>
      assert.deepEqual(
        refusalOf(() => parseZone(value, 'zone')),
        { code: 'invalid_catalogue', param: 'zone' },
      ));
  }
});
