import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hourContaining, type Instant, parseInstant } from '../../shared/domain/time.ts';
import { packCells, packMinutes, unpackCells, unpackMinutes } from '../../shared/domain/usage/rollup.ts';
import { requireSpan, WINDOW_UNITS, windowContaining, windowsBetween } from '../../shared/domain/usage/windows.ts';
import { refusalOf } from '../support/refusal.ts';

const at = (text: string): Instant => parseInstant(text, 'test');
/** Windows as the minutes they last, with the start of the first. */
const lengths = (unit: (typeof WINDOW_UNITS)[number], zone: string, from: string, to: string) =>
  [...windowsBetween(unit, zone, at(from), at(to))].map(
    ({ start, end }) => `${start.slice(5, 16)} ${(Date.parse(end) - Date.parse(start)) / 60_000}`,
  );

describe('windows', () => {
  it('an hour of Lord Howe is 30 minutes where its clocks go back by 30: 01:00, 01:30 once more, 02:00', () => {
    // Summer time is UTC+11. At 15:00 UTC, 02:00 becomes 01:30 of UTC+10:30.
    assert.deepEqual(lengths('hour', 'Australia/Lord_Howe', '2026-04-04T14:00:00Z', '2026-04-04T16:30:00Z'), [
      ...['04-04T14:00 60', '04-04T15:00 30', '04-04T15:30 60'],
    ]);
  });

  it('and where they go forward: 02:30 to 03:00 is all there is of the hour of two', () => {
    // At 15:30 UTC, 02:00 of UTC+10:30 becomes 02:30 of UTC+11.
    assert.deepEqual(lengths('hour', 'Australia/Lord_Howe', '2026-10-03T14:30:00Z', '2026-10-03T17:00:00Z'), [
      ...['10-03T14:30 60', '10-03T15:30 30', '10-03T16:00 60'],
    ]);
  });

  it('the hour that New York has twice is two hours', () => {
    // 05:00 UTC is 01:00 in summer, 06:00 UTC is 01:00 in winter.
    assert.deepEqual(lengths('hour', 'America/New_York', '2026-11-01T05:00:00Z', '2026-11-01T07:00:00Z'), [
      ...['11-01T05:00 60', '11-01T06:00 60'],
    ]);
  });

  it('days of 23 and 25 hours, weeks of 167 and 169: Berlin, 29 March and 25 October 2026', () => {
    const days = lengths('day', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z');
    assert.deepEqual(days, ['03-27T23:00 1440', '03-28T23:00 1380', '03-29T22:00 1440']);
    const [back] = lengths('day', 'Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-25T13:00:00Z');
    assert.equal(back, '10-24T22:00 1500');
    const weeks = ['2026-03-25', '2026-10-25'].flatMap((day) =>
      lengths('week', 'Europe/Berlin', `${day}T12:00:00Z`, `${day}T13:00:00Z`),
    );
    assert.deepEqual(weeks, [`03-22T23:00 ${167 * 60}`, `10-18T22:00 ${169 * 60}`]);
  });

  it('weeks begin on Monday, months on the first, in Kathmandu at 18:15 UTC of the day before', () => {
    assert.deepEqual(lengths('week', 'Asia/Kathmandu', '2026-03-04T00:00:00Z', '2026-03-04T01:00:00Z'), [
      '03-01T18:15 10080',
    ]);
    assert.deepEqual(lengths('month', 'Asia/Kathmandu', '2026-02-10T00:00:00Z', '2026-03-01T00:00:00Z'), [
      ...['01-31T18:15 40320', '02-28T18:15 44640'],
    ]);
  });

  it('tile and contain the instant they are asked for, in any zone', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    const instant = fc
      .date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
      .map((date) => at(date.toISOString()));
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.constantFrom(...WINDOW_UNITS), instant, (zone, unit, time) => {
        const window = windowContaining(unit, zone, time);
        assert.ok(window.start <= time && time < window.end);
        assert.deepEqual(windowContaining(unit, zone, window.start), window);
        assert.equal(windowContaining(unit, zone, window.end).start, window.end);
        // Nobody's clock stands at anything but whole quarters of an hour from UTC.
        if (unit !== 'minute') assert.match(window.start, /:(?:00|15|30|45):00\.000000Z$/);
      }),
      { numRuns: 300 },
    );
  });

  it('an instant in the last microsecond of an hour is in that hour', () => {
    const { start, end } = hourContaining('Europe/Berlin', at('2026-03-29T00:59:59.999999Z'));
    assert.deepEqual([start, end], ['2026-03-29T00:00:00.000000Z', '2026-03-29T01:00:00.000000Z']);
  });

  it('a question spans 1,500 windows at most: 62 days and a half of hours', () => {
    const from = at('2026-01-01T00:00:00Z');
    requireSpan('hour', from, at('2026-03-04T12:00:00Z'));
    const tooMany = refusalOf(() => requireSpan('hour', from, at('2026-03-04T12:00:01Z')));
    assert.deepEqual(tooMany, { code: 'window_too_large', param: 'to' });
    assert.deepEqual(
      refusalOf(() => requireSpan('hour', from, from)),
      { code: 'invalid_parameter', param: 'to' },
    );
  });
});

describe('sums in rows', () => {
  it('cells come back as they were written', () => {
    const cell = fc.record(
      {
        events: fc.nat(1e6),
        value: fc.bigInt(-(10n ** 30n), 10n ** 30n),
        moment: fc.bigInt(-(10n ** 40n), 10n ** 40n),
        stamp: fc.constant(''),
      },
      { noNullPrototype: true },
    );
    const cells = fc.array(fc.tuple(fc.nat(86_400_000_000), cell), { maxLength: 20 }).map((list) => new Map(list));
    fc.assert(
      fc.property(cells, (some) => assert.deepEqual(unpackCells('weighted_sum', packCells(some)), sorted(some))),
    );
    const last = new Map([[60_000_000, { events: 3, value: 5n * 10n ** 12n, moment: 0n, stamp: '2026-03-01 x 0001' }]]);
    assert.equal(packCells(last), '[[60000000,3,"5","2026-03-01 x 0001"]]');
    assert.deepEqual(unpackCells('last', packCells(last)), last);
  });

  it('minutes of a day come back, few as a list of two bytes each, many as a bit of 180 bytes each', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1439), { maxLength: 1440 }), (minutes) => {
        const packed = packMinutes(new Set(minutes));
        assert.ok(packed.length <= 180);
        assert.deepEqual([...unpackMinutes(packed)].sort(), [...minutes].sort());
      }),
    );
    assert.deepEqual(
      [89, 90, 1440].map((count) => packMinutes(new Set(Array(count).keys())).length),
      [178, 180, 180],
    );
  });

  const sorted = <V>(map: ReadonlyMap<number, V>): Map<number, V> => new Map([...map].sort(([a], [b]) => a - b));
});
