import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  contains,
  type Instant,
  instantOfMicros,
  isInstant,
  later,
  microsOf,
  parseInstant,
  periodText,
  plusMicros,
  readInstant,
  readPeriod,
} from '../../shared/domain/time.ts';
import { refusalOf } from '../support/refusal.ts';

const instant = (text: string): Instant => {
  assert.ok(isInstant(text), text);
  return text;
};

describe('a timestamp', () => {
  describe('is read, whatever its zone, as UTC with six digits:', () => {
    for (const [text, read] of [
      ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000000Z'],
      ['2026-03-01t12:00:00z', '2026-03-01T12:00:00.000000Z'],
      ['2026-03-01T12:00:00+00:00', '2026-03-01T12:00:00.000000Z'],
      ['2026-03-01T12:00:00-00:00', '2026-03-01T12:00:00.000000Z'],
      // 01:30 in Berlin in winter is 00:30 UTC.
      ['2026-03-01T01:30:00+01:00', '2026-03-01T00:30:00.000000Z'],
      ['2026-03-01T00:30:00+01:00', '2026-02-28T23:30:00.000000Z'],
      ['2025-12-31T20:00:00-05:00', '2026-01-01T01:00:00.000000Z'],
      ['2026-03-01T00:00:00+05:45', '2026-02-28T18:15:00.000000Z'],
      ['2026-03-01T00:00:00+23:59', '2026-02-28T00:01:00.000000Z'],
      ['2026-03-01T00:00:00-23:59', '2026-03-01T23:59:00.000000Z'],
      ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000000Z'],
      ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000000Z'],
      ['1969-12-31T23:59:59.5Z', '1969-12-31T23:59:59.500000Z'],
      ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
      ['9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59.999999Z'],
      ['9999-12-31T22:59:59.999999-01:00', '9999-12-31T23:59:59.999999Z'],
      ['0001-01-01T01:00:00+01:00', '0001-01-01T00:00:00.000000Z'],
      ['2026-03-01T12:00:00.1Z', '2026-03-01T12:00:00.100000Z'],
      ['2026-03-01T12:00:00.12Z', '2026-03-01T12:00:00.120000Z'],
      ['2026-03-01T12:00:00.123Z', '2026-03-01T12:00:00.123000Z'],
      ['2026-03-01T12:00:00.1234Z', '2026-03-01T12:00:00.123400Z'],
      ['2026-03-01T12:00:00.12345Z', '2026-03-01T12:00:00.123450Z'],
      ['2026-03-01T12:00:00.123456Z', '2026-03-01T12:00:00.123456Z'],
      ['2026-03-01T12:00:00.1234567Z', '2026-03-01T12:00:00.123456Z'],
      ['2026-03-01T12:00:00.12345678Z', '2026-03-01T12:00:00.123456Z'],
      ['2026-03-01T12:00:00.123456789Z', '2026-03-01T12:00:00.123456Z'],
    ] as const) {
      it(`${text} is ${read}`, () => assert.equal(readInstant(text), read));
    }
  });

  it('falls a nanosecond before midnight into the old day and at midnight into the new one, never rounded over', () => {
    assert.equal(readInstant('2026-02-28T23:59:59.999999999Z'), '2026-02-28T23:59:59.999999Z');
    assert.equal(readInstant('2026-03-01T00:00:00.000000000Z'), '2026-03-01T00:00:00.000000Z');
    assert.equal(readInstant('2026-03-01T00:00:00.000000001Z'), '2026-03-01T00:00:00.000000Z');
    // The same three seen from a zone ahead: the cut is made before the zone is taken off, and comes to the same.
    assert.equal(readInstant('2026-03-01T00:59:59.999999999+01:00'), '2026-02-28T23:59:59.999999Z');
    assert.equal(readInstant('2026-03-01T01:00:00.000000001+01:00'), '2026-03-01T00:00:00.000000Z');
    assert.equal(readInstant('1969-12-31T23:59:59.999999999Z'), '1969-12-31T23:59:59.999999Z');
  });

  describe('is refused', () => {
    for (const [says, text] of [
      ['on 30 February', '2026-02-30T00:00:00Z'],
      ['on 29 February of a common year', '2026-02-29T00:00:00Z'],
      ['on 29 February 1900, which was no leap year', '1900-02-29T00:00:00Z'],
      ['on 31 April', '2026-04-31T00:00:00Z'],
      ['on 31 June', '2026-06-31T00:00:00Z'],
      ['on 31 September', '2026-09-31T00:00:00Z'],
      ['on 31 November', '2026-11-31T00:00:00Z'],
      ['on 32 January', '2026-01-32T00:00:00Z'],
      ['on day 0', '2026-01-00T00:00:00Z'],
      ['in month 0', '2026-00-01T00:00:00Z'],
      ['in month 13', '2026-13-01T00:00:00Z'],
      ['in the year 0', '0000-01-01T00:00:00Z'],
      ['in a year of five digits', '12026-03-01T00:00:00Z'],
      ['in a year with a sign', '+002026-03-01T00:00:00Z'],
      ['at 24:00', '2026-03-01T24:00:00Z'],
      ['at minute 60', '2026-03-01T12:60:00Z'],
      ['at second 60, a leap second that clocks here do not have', '2016-12-31T23:59:60Z'],
      ['at second 61', '2026-03-01T12:00:61Z'],
      ['without a zone', '2026-03-01T12:00:00'],
      ['without a time', '2026-03-01'],
      ['without seconds', '2026-03-01T12:00Z'],
      ['at +99:99', '2026-03-01T12:00:00+99:99'],
      ['at +24:00', '2026-03-01T12:00:00+24:00'],
      ['at +01:60', '2026-03-01T12:00:00+01:60'],
      ['at +0100, an offset without its colon', '2026-03-01T12:00:00+0100'],
      ['at +1', '2026-03-01T12:00:00+1'],
      ['with a zone in words', '2026-03-01T12:00:00 Europe/Berlin'],
      ['with a zone in brackets', '2026-03-01T12:00:00Z[UTC]'],
      ['with a point and no digits', '2026-03-01T12:00:00.Z'],
      ['with a decimal comma', '2026-03-01T12:00:00,5Z'],
      ['with ten digits', '2026-03-01T12:00:00.1234567890Z'],
      ['with a blank for the T', '2026-03-01 12:00:00Z'],
      ['with a blank before', ' 2026-03-01T12:00:00Z'],
      ['with a newline after', '2026-03-01T12:00:00Z\n'],
      ['without separators', '20260301T120000Z'],
      ['as a week date', '2026-W09-7T12:00:00Z'],
      ['with one digit for the month', '2026-3-01T12:00:00Z'],
      ['in digits of another alphabet', '٢٠٢٦-03-01T12:00:00Z'],
      ['before the year 1 once its zone is taken off', '0001-01-01T00:00:00+00:01'],
      ['after the year 9999 once its zone is taken off', '9999-12-31T23:59:00-00:01'],
      ['as "1", which Date.parse takes for 2001', '1'],
      ['as an empty text', ''],
      ['as a number', 1_772_366_400_000],
      ['as a text of a number', '1772366400'],
      ['as null', null],
      ['as a Date', new Date(0)],
      ['as a very long text', `2026-03-01T12:00:00.${'0'.repeat(50_000)}Z`],
    ] as const) {
      it(says, () => assert.equal(readInstant(text), undefined));
    }
  });

  it('in a document is refused with its field', () => {
    assert.equal(parseInstant('2026-03-01T01:00:00+01:00', 'started_at'), '2026-03-01T00:00:00.000000Z');
    assert.deepEqual(
      refusalOf(() => parseInstant('2026-02-30T00:00:00Z', 'started_at')),
      { code: 'invalid_instant', param: 'started_at' },
    );
  });
});

describe('an instant as receipts carry it', () => {
  for (const [says, text, is] of [
    ['six digits and a capital Z', '2026-03-01T12:00:00.000000Z', true],
    ['29 February of a leap year', '2024-02-29T23:59:59.999999Z', true],
    ['29 February of a common year', '2026-02-29T00:00:00.000000Z', false],
    ['31 April', '2026-04-31T00:00:00.000000Z', false],
    ['31 March', '2026-03-31T00:00:00.000000Z', true],
    ['three digits', '2026-03-01T12:00:00.000Z', false],
    ['nine digits', '2026-03-01T12:00:00.000000000Z', false],
    ['no digits', '2026-03-01T12:00:00Z', false],
    ['a small z', '2026-03-01T12:00:00.000000z', false],
    ['a small t', '2026-03-01t12:00:00.000000Z', false],
    ['an offset', '2026-03-01T12:00:00.000000+00:00', false],
    ['a leap second', '2016-12-31T23:59:60.000000Z', false],
    ['24:00', '2026-03-01T24:00:00.000000Z', false],
    ['the year 0', '0000-03-01T12:00:00.000000Z', false],
    ['a newline after it', '2026-03-01T12:00:00.000000Z\n', false],
  ] as const) {
    it(`${is ? 'has' : 'never has'} ${says}`, () => assert.equal(isInstant(text), is));
  }

  it('counts microseconds from 1970, also before it', () => {
    for (const [text, micros] of [
      ['1970-01-01T00:00:00.000000Z', 0n],
      ['1970-01-01T00:00:00.000001Z', 1n],
      ['1969-12-31T23:59:59.999999Z', -1n],
      ['1969-12-31T23:59:59.999000Z', -1000n],
      ['1969-12-31T23:59:59.998999Z', -1001n],
      ['1970-01-02T00:00:00.000000Z', 86_400_000_000n],
      // 20,513 days from 1970-01-01 to 2026-03-01: 56 years of 365 days, 14 leap days, 31 + 28 days.
      ['2026-03-01T00:00:00.000000Z', (56n * 365n + 14n + 31n + 28n) * 86_400_000_000n],
    ] as const) {
      assert.equal(microsOf(instant(text)), micros, text);
      assert.equal(instantOfMicros(micros), text);
    }
  });

  const FIRST = microsOf(instant('0001-01-01T00:00:00.000000Z'));
  const LAST = microsOf(instant('9999-12-31T23:59:59.999999Z'));
  const anyMicros = fc.bigInt({ min: FIRST, max: LAST });

  it('comes back from its microseconds, from the year 1 to the year 9999', () => {
    fc.assert(
      fc.property(anyMicros, (micros) => {
        const text = instantOfMicros(micros);
        assert.ok(isInstant(text), text);
        assert.equal(microsOf(text), micros);
        assert.equal(readInstant(text), text);
      }),
    );
  });

  it('is in order as text when it is in order in time', () => {
    fc.assert(
      fc.property(anyMicros, anyMicros, (a, b) => {
        const [first, second] = [instantOfMicros(a), instantOfMicros(b)];
        assert.equal(first < second, a < b);
        assert.equal(later(first, second), [first, second].sort()[1]);
      }),
    );
  });

  it('is the same instant whatever offset it was sent with', () => {
    fc.assert(
      fc.property(anyMicros, fc.integer({ min: -1439, max: 1439 }), (micros, minutes) => {
        const local = micros + BigInt(minutes) * 60_000_000n;
        fc.pre(local >= FIRST && local <= LAST);
        const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
        const offset = `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
        assert.equal(readInstant(instantOfMicros(local).replace('Z', offset)), instantOfMicros(micros));
      }),
    );
  });

  it('moves by microseconds across a month, a leap day and 1970', () => {
    assert.equal(plusMicros(instant('2026-02-28T23:59:59.999999Z'), 1n), '2026-03-01T00:00:00.000000Z');
    assert.equal(plusMicros(instant('2024-03-01T00:00:00.000000Z'), -1n), '2024-02-29T23:59:59.999999Z');
    assert.equal(plusMicros(instant('1970-01-01T00:00:00.000000Z'), -1n), '1969-12-31T23:59:59.999999Z');
  });
});

describe('a period of time', () => {
  const march = {
    start: instant('2026-03-01T00:00:00.000000Z'),
    end: instant('2026-04-01T00:00:00.000000Z'),
  };

  it('has its start and not its end', () => {
    assert.ok(!contains(march, instant('2026-02-28T23:59:59.999999Z')));
    assert.ok(contains(march, instant('2026-03-01T00:00:00.000000Z')));
    assert.ok(contains(march, instant('2026-03-31T23:59:59.999999Z')));
    assert.ok(!contains(march, instant('2026-04-01T00:00:00.000000Z')));
  });

  it('is written start/end and read back', () => {
    assert.equal(periodText(march), '2026-03-01T00:00:00.000000Z/2026-04-01T00:00:00.000000Z');
    assert.deepEqual(readPeriod(periodText(march)), march);
  });

  for (const [says, text] of [
    ['that ends when it starts', '2026-03-01T00:00:00.000000Z/2026-03-01T00:00:00.000000Z'],
    ['that ends before it starts', '2026-04-01T00:00:00.000000Z/2026-03-01T00:00:00.000000Z'],
    ['without an end', '2026-03-01T00:00:00.000000Z/'],
    ['of one instant', '2026-03-01T00:00:00.000000Z'],
    ['of three instants', '2026-03-01T00:00:00.000000Z/2026-04-01T00:00:00.000000Z/2026-05-01T00:00:00.000000Z'],
    ['with a duration', '2026-03-01T00:00:00.000000Z/P1M'],
    ['with an end that is no day', '2026-02-01T00:00:00.000000Z/2026-02-30T00:00:00.000000Z'],
    ['with a short form', '2026-03-01T00:00:00Z/2026-04-01T00:00:00Z'],
    ['with blanks around the slash', '2026-03-01T00:00:00.000000Z / 2026-04-01T00:00:00.000000Z'],
  ] as const) {
    it(`is not read ${says}`, () => assert.equal(readPeriod(text), undefined));
  }
});
