import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatQuantity, parseQuantity } from '../../shared/domain/decimals.ts';
import {
  AGGREGATIONS,
  type Aggregate,
  type Aggregation,
  advance,
  EMPTY_AGGREGATE,
} from '../../shared/domain/usage/meter.ts';
import { type NaiveEvent, naiveMeter } from '../support/naive-pricing.ts';

const at = (minute: number): string => `2026-03-01T00:${String(minute).padStart(2, '0')}:00.000000Z`;
const used = (quantity: string, minute = 0, isNewValue = false) => ({
  quantity: parseQuantity(quantity),
  occurredAt: at(minute),
  isNewValue,
});
const counted = (aggregation: Aggregation, events: readonly ReturnType<typeof used>[]): Aggregate =>
  events.reduce<Aggregate>((before, event) => advance(aggregation, before, event), EMPTY_AGGREGATE);
const shown = ({ value, events, latestAt }: Aggregate) => ({ value: formatQuantity(value), events, latestAt });

describe('a meter', () => {
  it('shows nothing before the first event', () => {
    assert.deepEqual(shown(EMPTY_AGGREGATE), { value: '0', events: 0, latestAt: '' });
  });

  it('counts one per event, whatever its quantity', () => {
    assert.deepEqual(shown(counted('count', [used('7.5'), used('0'), used('100')])), {
      value: '3',
      events: 3,
      latestAt: '',
    });
  });

  it('sums quantities to the twelfth place: 0.1 + 0.2 + 0.000000000001 = 0.300000000001', () => {
    const total = counted('sum', [used('0.1'), used('0.2'), used('0.000000000001')]);
    assert.deepEqual(shown(total), { value: '0.300000000001', events: 3, latestAt: '' });
  });

  it('keeps the largest quantity, and counts the smaller ones as events only', () => {
    assert.deepEqual(shown(counted('max', [used('3'), used('8.25'), used('8.2')])), {
      value: '8.25',
      events: 3,
      latestAt: '',
    });
  });

  it('keeps the quantity of the event that occurred last, not of the one that arrived last', () => {
    const total = counted('last', [used('10', 5), used('4', 9), used('99', 7)]);
    assert.deepEqual(shown(total), { value: '4', events: 3, latestAt: at(9) });
  });

  it('gives a tie in time to the later in the ledger', () => {
    const total = counted('last', [used('10', 9), used('4', 9), used('99', 7)]);
    assert.deepEqual(shown(total), { value: '4', events: 3, latestAt: at(9) });
  });

  it('takes a last value of zero as a value', () => {
    assert.equal(formatQuantity(counted('last', [used('10', 5), used('0', 6)]).value), '0');
  });

  it('counts a value once, the first time the period sees it', () => {
    const total = counted('unique_count', [used('1', 0, true), used('1', 1, false), used('1', 2, true)]);
    assert.deepEqual(shown(total), { value: '2', events: 3, latestAt: '' });
  });

  it('leaves the aggregate it started from alone', () => {
    const before = counted('last', [used('10', 5)]);
    advance('last', before, used('4', 9));
    assert.deepEqual(shown(before), { value: '10', events: 1, latestAt: at(5) });
  });
});

describe('a meter read event by event', () => {
  // Few instants and few values, so that ties and repeats are common.
  const event: fc.Arbitrary<NaiveEvent> = fc.record({
    quantity: fc.tuple(fc.nat(999), fc.nat(999)).map(([whole, thousandths]) => `${whole}.${thousandths}`),
    occurredAt: fc.nat(5).map(at),
    value: fc.constantFrom('ada', 'ben', 'eve'),
  });

  for (const aggregation of AGGREGATIONS) {
    it(`ends where the whole period read at once ends: ${aggregation}`, () => {
      fc.assert(
        fc.property(fc.array(event, { maxLength: 30 }), (events) => {
          const seen = new Set<string>();
          const total = events.reduce<Aggregate>((before, { quantity, occurredAt, value }) => {
            const isNewValue = !seen.has(value);
            seen.add(value);
            return advance(aggregation, before, { quantity: parseQuantity(quantity), occurredAt, isNewValue });
          }, EMPTY_AGGREGATE);
          assert.equal(formatQuantity(total.value), naiveMeter(aggregation, events));
          assert.equal(total.events, events.length);
        }),
        { numRuns: 200 },
      );
    });
  }
});
