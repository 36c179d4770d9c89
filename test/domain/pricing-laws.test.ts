import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Amount, formatAmount, parseQuantity } from '../../shared/domain/decimals.ts';
import { type CumulativePrice, normalisedPriceJson, parsePriceDocument } from '../../shared/domain/pricing/document.ts';
import { basePrice, chargeFor, priceOf } from '../../shared/domain/pricing/price.ts';
import type { PriceDocumentJson, PriceModelJson, TierJson } from '../../shared/domain/pricing/schema.ts';
import {
  AGGREGATIONS,
  type Aggregate,
  type Aggregation,
  advance,
  EMPTY_AGGREGATE,
} from '../../shared/domain/usage/meter.ts';
import {
  graduatedByThousandths,
  type NaiveEvent,
  naiveDifference,
  naiveMeter,
  naivePercentage,
  naivePrice,
  naiveProduct,
  naiveSum,
} from '../support/naive-pricing.ts';

type ModelOf<Type extends PriceModelJson['type']> = PriceModelJson & { readonly type: Type };
type Cumulative = Exclude<PriceModelJson, { readonly type: 'percentage' | 'minimum' }>;

const TRILLION = 10n ** 12n;
/** A decimal string of a count of trillionths, all twelve places written: not canonical, as callers' numbers are not. */
const text = (trillionths: bigint): string =>
  `${trillionths / TRILLION}.${(trillionths % TRILLION).toString().padStart(12, '0')}`;
const between = (min: bigint, max: bigint) => fc.bigInt({ min, max });

// Whole numbers, cents and trillionths, so that edges are met as often as the space between them.
const decimal = (max: bigint): fc.Arbitrary<string> =>
  fc.oneof(
    between(0n, max).map(String),
    between(0n, max * 100n).map((cents) => text((cents * TRILLION) / 100n)),
    between(0n, max * TRILLION).map(text),
  );
const money = decimal(50n);
const maybe = fc.option(money, { nil: undefined });
/** Leaves out what is undefined, as JSON does. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const tiers: fc.Arbitrary<TierJson[]> = fc
  .array(fc.tuple(between(1n, 40n * TRILLION), fc.boolean(), money, maybe), { minLength: 1, maxLength: 6 })
  .map((steps) => {
    let end = 0n;
    return steps.map(([step, isWhole, unit_amount, flat_amount], index) => {
      end += isWhole ? (step / TRILLION + 1n) * TRILLION : step;
      return plain({ up_to: index === steps.length - 1 ? null : text(end), unit_amount, flat_amount }) as TierJson;
    });
  });
const graduated = tiers.map((steps): ModelOf<'graduated'> => ({ type: 'graduated', tiers: steps }));
const volume = tiers.map((steps): ModelOf<'volume'> => ({ type: 'volume', tiers: steps }));
const packaged = fc
  .record({ size: between(TRILLION / 2n, 30n * TRILLION).map(text), amount: money, free_units: maybe })
  .map((fields) => plain({ type: 'package', ...fields }) as ModelOf<'package'>);
const committed = fc
  .tuple(decimal(60n), money, money)
  .map(([committed_units, committed_unit_amount, more]): ModelOf<'commitment'> => {
    const unit_amount = naiveSum(committed_unit_amount, more);
    return { type: 'commitment', committed_units, committed_unit_amount, unit_amount };
  });
const cumulative: fc.Arbitrary<Cumulative> = fc.oneof(
  committed,
  money.map((amount): Cumulative => ({ type: 'flat', amount })),
  money.map((unit_amount): Cumulative => ({ type: 'per_unit', unit_amount })),
  packaged,
  graduated,
  volume,
);
const percentage = fc
  .record({
    rate: decimal(2n),
    fixed_fee: maybe,
    free_events: fc.option(fc.nat(4).map(String), { nil: undefined }),
    free_amount: fc.option(decimal(60n), { nil: undefined }),
    minimum: maybe,
    width: fc.option(money, { nil: null }),
  })
  .map(({ width, ...fields }) => {
    const maximum = width === null ? null : naiveSum(fields.minimum ?? '0', width);
    return plain({ type: 'percentage', ...fields, maximum }) as ModelOf<'percentage'>;
  });

// Few instants, few values: ties and repeats are common.
const event = fc.record({
  quantity: decimal(30n),
  occurredAt: fc.nat(9).map((second) => `2026-03-01T00:00:0${second}.000000Z`),
  value: fc.constantFrom('ada', 'ben', 'eve', 'joe'),
});
const events = fc.array(event, { maxLength: 12 });
const aggregation = fc.constantFrom(...AGGREGATIONS);

const written = (model: PriceModelJson): PriceDocumentJson => ({ price_id: 'p', version: '1', currency: 'EUR', model });
const priced = (model: PriceModelJson) => parsePriceDocument(written(model));
const pricedWhole = (model: Cumulative) => parsePriceDocument(written(model)) as CumulativePrice;
const costs = (model: Cumulative, total: string) => formatAmount(priceOf(pricedWhole(model), parseQuantity(total)));

/** Rates events in the order given: every charge, and the aggregate after each. */
function rate(model: PriceModelJson, kind: Aggregation, period: readonly NaiveEvent[]) {
  const document = priced(model);
  const readings: Aggregate[] = [EMPTY_AGGREGATE];
  const seen = new Set<string>();
  const charges = period.map(({ quantity: said, occurredAt, value }): Amount => {
    const quantity = parseQuantity(said);
    const before = readings.at(-1)!;
    const after = advance(kind, before, { quantity, occurredAt, isNewValue: !seen.has(value) });
    seen.add(value);
    readings.push(after);
    return chargeFor(document, before, after, quantity);
  });
  return { charges, readings, document };
}
const total = (charges: readonly Amount[]): Amount =>
  charges.reduce((sum, each) => (sum + each) as Amount, 0n as Amount);
const check = (property: fc.IRawProperty<unknown>, numRuns = 400) => fc.assert(property, { numRuns });

describe('prices agree with a second, naive implementation', () => {
  it('on any total, at the end of every tier, and a trillionth to either side of it', () => {
    check(
      fc.property(cumulative, fc.array(decimal(150n), { maxLength: 4 }), (model, totals) => {
        const ends = 'tiers' in model ? model.tiers.flatMap(({ up_to }) => up_to ?? []) : [];
        if (model.type === 'commitment') ends.push(model.committed_units);
        const around = ends
          .filter((end) => !/^[0.]*$/.test(end))
          .flatMap((end) => [end, naiveSum(end, text(1n)), naiveDifference(end, text(1n))]);
        for (const each of ['0', ...around, ...totals]) assert.equal(costs(model, each), naivePrice(model, each), each);
      }),
      1500,
    );
  });

  it('on packages filled to the edge, and a trillionth beyond it', () => {
    check(
      fc.property(packaged, fc.nat(40), (model, count) => {
        const full = naiveSum(model.free_units ?? '0', naiveProduct(model.size, String(count)));
        const over = naiveSum(full, text(1n));
        assert.equal(costs(model, full), naiveProduct(model.amount, String(count)));
        assert.equal(costs(model, over), naiveProduct(model.amount, String(count + 1)));
        assert.equal(costs(model, over), naivePrice(model, over));
      }),
    );
  });

  it('on graduated tiers counted out one thousandth of a unit at a time', () => {
    const thousandths = (max: number) => fc.nat(max).map((count) => text(BigInt(count) * 10n ** 9n));
    const step = fc.tuple(fc.integer({ min: 1, max: 900 }), thousandths(9999), maybe);
    const model = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => {
      let end = 0n;
      const table = steps.map(([width, unit_amount, flat_amount], index) => {
        end += BigInt(width) * 10n ** 9n;
        return plain({ up_to: index === steps.length - 1 ? null : text(end), unit_amount, flat_amount }) as TierJson;
      });
      return { type: 'graduated', tiers: table } as const;
    });
    check(
      fc.property(model, fc.nat(3000), (prices, count) => {
        const used = text(BigInt(count) * 10n ** 9n);
        assert.equal(costs(prices, used), graduatedByThousandths(prices.tiers, count));
      }),
      100,
    );
  });

  it('on every event charged a percentage', () => {
    check(
      fc.property(percentage, events, (model, period) => {
        const { charges } = rate(model, 'sum', period);
        const quantities = period.map(({ quantity }) => quantity);
        assert.deepEqual(charges.map(formatAmount), naivePercentage(model, quantities));
      }),
      1500,
    );
  });
});

describe('the receipts of a period', () => {
  it('add up to the price of its final aggregate, with the base price, on every kind of meter', () => {
    check(
      fc.property(cumulative, aggregation, events, (model, kind, period) => {
        const { charges, document } = rate(model, kind, period);
        const whole = naivePrice(model, naiveMeter(kind, period));
        assert.equal(formatAmount((basePrice(document) + total(charges)) as Amount), whole);
        assert.equal(formatAmount(total(charges)), naiveDifference(whole, naivePrice(model, '0')));
      }),
      1500,
    );
  });

  it('add up to the same in any batching: a batch charged as one step costs what its events cost', () => {
    check(
      fc.property(cumulative, aggregation, events, fc.array(fc.nat(12)), (model, kind, period, cuts) => {
        const { charges, readings, document } = rate(model, kind, period);
        const ends = [...cuts.filter((cut) => cut < period.length), period.length].sort((a, b) => a - b);
        const batches = ends.map((end, index) => {
          const start = index === 0 ? 0 : ends[index - 1]!;
          const amount = chargeFor(document, readings[start]!, readings[end]!, parseQuantity('0'));
          assert.equal(formatAmount(amount), formatAmount(total(charges.slice(start, end))));
          return amount;
        });
        assert.equal(total(batches), total(charges));
      }),
    );
  });

  it('add up to the same in any order, where no two last values tie', () => {
    const distinct = fc.uniqueArray(fc.tuple(event, fc.nat(999_999), fc.nat()), {
      maxLength: 12,
      selector: ([, micros]) => micros,
    });
    check(
      fc.property(cumulative, aggregation, distinct, (model, kind, rows) => {
        const timed = rows.map(([each, micros, place]) => ({
          place,
          ...each,
          occurredAt: `2026-03-01T00:00:00.${String(micros).padStart(6, '0')}Z`,
        }));
        const shuffled = timed.toSorted((a, b) => a.place - b.place);
        const [one, other] = [rate(model, kind, timed), rate(model, kind, shuffled)];
        assert.deepEqual(other.readings.at(-1), one.readings.at(-1));
        assert.equal(total(other.charges), total(one.charges));
      }),
    );
  });

  it('at a bare percentage add up to the rate of what lies above the free amount, in any order', () => {
    check(
      fc.property(decimal(2n), decimal(60n), events, (share, free_amount, period) => {
        const model = { type: 'percentage', rate: share, free_amount } as const;
        const above = naiveDifference(naiveMeter('sum', period), free_amount);
        const expected = naiveProduct(share, above.startsWith('-') ? '0' : above);
        assert.equal(formatAmount(total(rate(model, 'sum', period).charges)), expected);
        assert.equal(formatAmount(total(rate(model, 'sum', period.toReversed()).charges)), expected);
      }),
    );
  });
});

describe('a price table', () => {
  it('costs the same when a tier is cut in two at the same price', () => {
    check(
      fc.property(fc.oneof(graduated, volume), fc.nat(5), decimal(150n), (model, pick, used) => {
        const index = pick % model.tiers.length;
        const tier = model.tiers[index]!;
        const from = index === 0 ? '0' : model.tiers[index - 1]!.up_to!;
        const middle = naiveProduct(naiveSum(from, tier.up_to ?? naiveSum(from, '10')), '0.5');
        fc.pre((middle.split('.')[1] ?? '').length <= 12);
        // Entering the second half costs nothing when graduated; by volume the whole total is at its price.
        const flat_amount = model.type === 'graduated' ? '0' : (tier.flat_amount ?? '0');
        const halves = [
          { ...tier, up_to: middle },
          { ...tier, flat_amount },
        ];
        const cut = { ...model, tiers: model.tiers.toSpliced(index, 1, ...halves) };
        for (const each of [used, middle, naiveSum(middle, text(1n))])
          assert.equal(costs(cut, each), costs(model, each));
      }),
    );
  });

  it('never gets cheaper with use when graduated, flat, per unit, committed or in packages', () => {
    check(
      fc.property(cumulative, decimal(150n), decimal(50n), (model, used, more) => {
        fc.pre(model.type !== 'volume');
        const document = pricedWhole(model);
        const sum = parseQuantity(naiveSum(used, more));
        assert.ok(priceOf(document, sum) >= priceOf(document, parseQuantity(used)));
      }),
    );
  });

  it('read from its normal form is the same price document, and costs what its own words said', () => {
    check(
      fc.property(fc.oneof(cumulative, percentage), events, (model, period) => {
        const normal = normalisedPriceJson(priced(model));
        const again = parsePriceDocument(normal);
        assert.deepEqual(again, priced(model));
        assert.deepEqual(normalisedPriceJson(again), normal);
        assert.deepEqual(rate(normal.model, 'sum', period).charges, rate(model, 'sum', period).charges);
      }),
    );
  });
});
