import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { totalOf } from '../../scripts/capacity/bill.ts';
import { chartOf, undrawn } from '../../scripts/capacity/chart.ts';
import { isAsPrinted, withPrinted } from '../../scripts/capacity/document.ts';
import { Fraction } from '../../scripts/capacity/fraction.ts';
import {
  InputWrong,
  readAssumptions,
  readCpuMicros,
  readOperations,
  readPrices,
} from '../../scripts/capacity/inputs.ts';
import { levelOf, MILESTONES, report } from '../../scripts/capacity/report.ts';
import { steadily } from '../../scripts/capacity/stored.ts';
import { textOf } from '../../scripts/capacity/text.ts';
import { assuming, inputs } from './model.ts';

const FIXTURE = 'test/capacity/operations.fixture.json';
const MEASURED = { operations: 'docs/measurements/operations.json', throughput: 'docs/measurements/bench.json' };
const measured = readOperations(FIXTURE);
const made = report(inputs({ measured }));

describe('the report', () => {
  it('has no batch that costs more than a smaller one', () => {
    assert.deepEqual(
      made.batches.map(({ batch }) => batch),
      [1, 10, 100, 500],
    );
    for (const [index, { year }] of made.batches.entries()) {
      const smaller = made.batches[index - 1];
      if (smaller !== undefined) assert.ok(!totalOf(year).isMoreThan(totalOf(smaller.year)), String(index));
    }
  });

  it('needs no fewer units for more customers, and costs each of them no more but for a node that has just come', () => {
    assert.deepEqual(
      made.milestones.map(({ customers }) => customers),
      [...MILESTONES],
    );
    for (const [index, one] of made.milestones.entries()) {
      const before = made.milestones[index - 1];
      if (before === undefined) continue;
      assert.ok(!before.unitsPaid.isMoreThan(one.unitsPaid));
      assert.ok(!before.unitsAtPeak.isMoreThan(one.unitsAtPeak));
      const ofEach = ({ customers, bill }: typeof one) =>
        totalOf(bill).minus(bill['Spanner compute']).over(Fraction.of(customers));
      assert.ok(!ofEach(one).isMoreThan(ofEach(before)), String(one.customers));
    }
  });

  it('is asked for no batch size that nobody has measured', () =>
    assert.throws(
      () => report(inputs({ measured, assumptions: assuming('batch=50') })),
      /no run has batches of 50, only of 1, 10, 100, 500/,
    ));

  it('finds no lever that makes it dearer', () => {
    for (const { says, year } of made.levers) assert.ok(totalOf(made.year).isMoreThan(year), says);
  });

  it('without a year’s commitment pays a quarter more for nodes: what a fifth was taken off', () => {
    const more = made.year['Spanner compute'].over(Fraction.of(4));
    assert.ok(made.uncommitted.equals(totalOf(made.year).plus(more)));
    const [assumptions, prices] = [readAssumptions(), readPrices()];
    assert.match(
      textOf(made, { assumptions, prices, from: '' }),
      /^and dearer: without a year’s commitment to Spanner’s nodes [0-9,]+, [0-9.]+ % more$/m,
    );
  });

  for (const { used, level } of [
    { used: '0.4999', level: 'green' },
    { used: '0.5', level: 'yellow' },
    { used: '0.79', level: 'orange' },
    { used: '0.8', level: 'red' },
    { used: '1.2', level: 'critical' },
  ]) {
    it(`calls ${used} of a limit ${level}`, () => assert.equal(levelOf(Fraction.of(used)), level));
  }

  it('breaks even at the first customer where a customer pays for everybody’s month', () => {
    const month = totalOf(made.year).over(Fraction.of(12)).ceiling();
    assert.equal(
      report(inputs({ measured, assumptions: assuming(`price_per_customer_month=${month}`) })).breakEven.withoutStaff,
      1,
    );
  });

  it('breaks even never where customers pay nothing', () => {
    const { breakEven } = report(inputs({ measured, assumptions: assuming('price_per_customer_month=0') }));
    assert.deepEqual(breakEven, { withoutStaff: undefined, withStaff: undefined });
  });

  it('of five years counts the events of customers who come evenly: 600 a month at first are 50 x 6.5 x 12 / 12', () => {
    const [first] = report(
      inputs({ measured, assumptions: assuming('events_per_customer_year=12', 'customers_year_1=600') }),
    ).fiveYears;
    // 50 customers more each month: 50 + 100 + ... + 600 = 3,900 customer months, an event each.
    assert.equal(first!.events.toDecimal(0), '3900');
    assert.equal(first!.revenue.toDecimal(0), String(3900 * 500));
  });

  it('of an even flow holds what is young enough, and nothing older than the flow', () => {
    const held = steadily(Fraction.of(10), Fraction.of(30));
    assert.deepEqual([held(Fraction.of(7)).toDecimal(0), held(Fraction.of(100)).toDecimal(0)], ['70', '300']);
  });
});

describe('the chart', () => {
  const svg = chartOf(made);

  it('is well-formed and says in words what it shows', () => {
    assert.equal(XMLValidator.validate(svg), true);
    const { svg: root } = new XMLParser({ ignoreAttributes: false }).parse(svg);
    assert.equal(root['@_role'], 'img');
    assert.equal(root['@_aria-labelledby'], 'title desc');
    assert.equal(root.title['#text'], 'Cost of a year by batch size');
    assert.match(root.desc['#text'], /^batches of 1: [0-9,]+k USD;.*The line is the aim of 189k USD\.$/);
  });

  it('draws every item, and for dark pages, too', () => {
    assert.deepEqual(undrawn(), []);
    assert.match(svg, /prefers-color-scheme: dark/);
  });
});

describe('docs/capacity.md', () => {
  it('has in its marks and its picture what the command makes', () => {
    // Until the throughput is measured, a told figure, as the printed text says.
    const isMeasured = existsSync(MEASURED.throughput);
    const cpuMicros = isMeasured ? readCpuMicros(MEASURED.throughput) : Fraction.of(25);
    const by = isMeasured ? `of ${MEASURED.throughput}` : 'as told';
    const from = `Operations of ${MEASURED.operations}; CPU per event ${by}: ${cpuMicros.toDecimal(2)} microseconds.`;
    const [assumptions, prices] = [readAssumptions(), readPrices()];
    const now = report({ measured: readOperations(MEASURED.operations), cpuMicros, prices, assumptions });
    const text = textOf(now, { assumptions, prices, from });
    assert.ok(isAsPrinted('docs/capacity.md', text), 'npm run capacity -- --renew renews it');
    assert.equal(readFileSync('docs/pictures/capacity.svg', 'utf8'), chartOf(now), 'the picture, too');
  });

  it('is not written into without its marks', () => assert.throws(() => withPrinted('# Capacity', 'text'), InputWrong));
});
