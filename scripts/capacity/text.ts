import { type Bill, ITEMS, totalOf } from './bill.ts';
import { Fraction } from './fraction.ts';
import type { Assumptions, Prices } from './inputs.ts';
import type { PassCost } from './passes.ts';
import { LEVELS, type Report } from './report.ts';
import type { Stored } from './stored.ts';

/** The last column's texts may be long; every other is as wide as its widest cell, numbers to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const isNumber = head.map((_, column) => rows.every((row) => /^(?:-?[0-9][0-9,.]*( %)?|-|)$/.test(row[column]!)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const grouped = (digits: string): string => digits.replace(/\B(?=(?:[0-9]{3})+(?![0-9]))/g, ',');
const shown = (number: Fraction, places = 0): string => {
  const [whole = '', rest] = number.toDecimal(places).split('.');
  return rest === undefined ? grouped(whole) : `${grouped(whole)}.${rest}`;
};
const count = (value: number | bigint): string => grouped(String(value));
const ofWhole = (part: Fraction, whole: Fraction): string =>
  `${part.over(whole).times(Fraction.of(100)).toDecimal(1)} %`;
const TIB = Fraction.of(2 ** 40);
const HUNDRED = Fraction.of(100);

/** The whole report as text. @param from what it was worked out from, in a line */
export function textOf(
  report: Report,
  { assumptions, prices, from }: { assumptions: Assumptions; prices: Prices; from: string },
): string {
  const customers = Fraction.of(assumptions['original_estimate_customers']!.value);
  const events = customers.times(Fraction.of(assumptions['events_per_customer_year']!.value));
  return [
    from,
    `${provenance(prices)} Amounts in USD.`,
    `${shown(customers)} customers send ${shown(events)} events a year in batches of ${report.batch}:`,
    verdict(report, assumptions),
    table(
      ['cost', 'USD'],
      [
        ['of a million events', shown(report.perMillion, 4)],
        ['of an invoice, with all the receipts it sums up', shown(report.perInvoice, 4)],
        ['of an invoice by itself', shown(report.ownPerInvoice, 6)],
        ['of a customer and month', shown(report.perCustomer, 2)],
      ],
    ),
    heading('What the year consists of', billTable(report.year)),
    heading('Bytes per receipt, by store', storedTable(report, assumptions)),
    heading('What would make it cheaper, each alone', leverTable(report)),
    heading('By batch size and requests answered at once, the same events', batchTable(report)),
    heading(
      'Milestones (events a second; processing units per stack; a month on a ledger as old as supposed)',
      milestoneTable(report),
    ),
    heading(
      'What must be allowed at peak (calls a second, all stacks), and what comes to its limit first',
      quotaTable(report),
    ),
    heading(
      'When to scale: events a second of one stack, on average for storage, at peak for the others',
      triggerTable(report),
    ),
    heading('A day at 100,000 events a second', peakTable(report)),
    heading('Five years, from nothing', yearTable(report)),
    breakEven(report, assumptions),
  ].join('\n\n');
}

const heading = (title: string, body: string): string => `${title}\n${'-'.repeat(title.length)}\n${body}`;

/** How many prices were read, and where. */
export function provenance(prices: Prices): string {
  const of = (read: string): number => Object.values(prices).filter((price) => price.read === read).length;
  return `${Object.keys(prices).length} list prices: ${of('source')} read at the source, ${of('transcribed')} in a dated transcript of it, ${of('recalled')} from memory.`;
}

function verdict({ year, target, oneStack, fromMemory }: Report, assumptions: Assumptions): string {
  const total = totalOf(year);
  const estimate = Fraction.of(assumptions['original_estimate_year']!.value);
  const reached = total.isMoreThan(target) ? 'missed' : 'reached';
  return [
    `${shown(total)} a year, ${ofWhole(total, estimate)} of the original ${shown(estimate)}; the aim of ${shown(target)} is ${reached}.`,
    `That is ${assumptions['stacks']!.value} residency regions with a ledger of their own each. The estimate does not say its own; all customers in one: ${shown(oneStack)}.`,
    `${ofWhole(fromMemory, total)} of it rests on prices from memory.`,
  ].join('\n');
}

const billTable = (bill: Bill): string =>
  table(
    ['item', 'USD a year', 'share'],
    [
      ...ITEMS.toSorted((a, b) => (bill[b].isMoreThan(bill[a]) ? 1 : -1)).map((item) => [
        item,
        shown(bill[item]),
        ofWhole(bill[item], totalOf(bill)),
      ]),
      ['total', shown(totalOf(bill)), ofWhole(totalOf(bill), totalOf(bill))],
    ],
  );

function storedTable(
  { stored, bytesHot, bytesAfter, perSeal, sealedBytes, bytesUncounted }: Report,
  assumptions: Assumptions,
): string {
  const floorOf = (store: string, what: string): string => {
    const floor = assumptions[`floor_${store}_${what}`];
    return floor === undefined ? '-' : shown(Fraction.of(floor.value), 1);
  };
  const row = ({ store, what, bytes, days, after }: Stored): string[] => [
    store,
    what,
    shown(bytes, 1),
    floorOf(store, what),
    shown(days),
    shown(after, 1),
  ];
  const aim = Fraction.of(assumptions['hot_bytes_target']!.value);
  const head = ['store', 'table or objects', 'while hot', 'floor', 'days', 'afterwards'];
  return [
    table(head, stored.map(row)),
    `database and mirror: ${shown(bytesHot, 1)} while hot, aim ${shown(aim)}: ${bytesHot.isMoreThan(aim) ? 'missed' : 'reached'}; all stores afterwards: ${shown(bytesAfter, 1)}`,
    floors(assumptions),
    `each seal adds: database ${sealLine(perSeal.database)}, vault ${sealLine(perSeal.vault)}; the latter leave the database with the hot window, but for anchors; after ${assumptions['ledger_years']!.value} years ${shown(sealedBytes.over(TIB), 2)} TiB of the databases`,
    `not counted: ${shown(bytesUncounted, 1)} in tables that grow with customers, not with events or seals`,
  ].join('\n');
}

const sealLine = ({ fixed, perCustomer }: PassCost): string =>
  `${shown(fixed)} bytes and ${shown(perCustomer)} per customer`;

/** What a receipt cannot be without in database and mirror, as the format is. */
function floors(assumptions: Assumptions): string {
  const hot = Object.entries(assumptions).filter(([name]) => /^floor_(database|mirror)_/.test(name));
  const sum = hot.reduce((total, [, { value }]) => total.plus(Fraction.of(value)), Fraction.ZERO);
  return `their floor: ${shown(sum, 1)} (${hot.map(([name, { value }]) => `${name.slice('floor_'.length).replace('_', ' ')} ${value}`).join(', ')}); what each is made of stands in assumptions.json`;
}

const leverTable = ({ levers, year, uncommitted }: Report): string =>
  [
    table(
      ['what', 'USD a year', 'saved'],
      levers.map(({ says, year: then }) => [says, shown(then), ofWhole(totalOf(year).minus(then), totalOf(year))]),
    ),
    `and dearer: without a year’s commitment to Spanner’s nodes ${shown(uncommitted)}, ${ofWhole(uncommitted.minus(totalOf(year)), totalOf(year))} more`,
  ].join('\n');

const batchTable = ({ batches }: Report): string =>
  table(
    ['batch', 'at once', 'commits per 1,000', 'rows per 1,000', 'events/s and node', 'USD a year', 'dearest item'],
    batches.map(({ batch, together, commitsPerThousand, rowsPerThousand, perNode, year }) => {
      const [dearest = ITEMS[0]] = ITEMS.toSorted((a, b) => (year[b].isMoreThan(year[a]) ? 1 : -1));
      return [
        count(batch),
        count(together),
        shown(commitsPerThousand),
        shown(rowsPerThousand),
        shown(perNode),
        shown(totalOf(year)),
        dearest,
      ];
    }),
  );

const milestoneTable = ({ milestones }: Report): string =>
  table(
    ['customers', 'average', 'peak', 'units paid', 'at peak', 'busy vCPU at peak', 'USD a month', 'per customer'],
    milestones.map((one) => [
      count(one.customers),
      shown(one.average),
      shown(one.peak),
      shown(one.unitsPaid),
      shown(one.unitsAtPeak),
      count(one.instances),
      shown(totalOf(one.bill)),
      shown(one.perCustomer, 2),
    ]),
  );

const quotaTable = ({ milestones }: Report): string =>
  table(
    ['customers', 'Spanner commits', 'Firestore writes', 'Pub/Sub messages', 'first at its limit', 'used', 'level'],
    milestones.map(({ customers, commits, mirrorWrites, messages, tightest }) => [
      count(customers),
      shown(commits),
      shown(mirrorWrites),
      shown(messages),
      tightest.quantity,
      ofWhole(tightest.used, Fraction.ONE),
      tightest.level,
    ]),
  );

const triggerTable = ({ ceilings }: Report): string =>
  [
    table(
      ['quantity', 'metric', 'limit', ...LEVELS.map(({ level, percent }) => `${level} ${percent} %`)],
      ceilings.map(({ quantity, watch, limit, rate }) => [
        quantity,
        watch,
        limit,
        ...LEVELS.map(({ percent }) => shown(rate.times(Fraction.of(percent)).over(HUNDRED))),
      ]),
    ),
    ...LEVELS.map(({ level, meaning }) => `${level}: ${meaning}`),
  ].join('\n');

const peakTable = ({ peakDay: day }: Report): string =>
  table(
    ['need', 'figure'],
    [
      ['events of the day', shown(day.events)],
      ['processing units per stack', shown(day.units)],
      ['busy vCPU, all functions and stacks', count(day.instances)],
      ['Firestore writes a second (ask for the quota)', shown(day.mirrorWrites)],
      ['Pub/Sub messages a second (ask for the quota)', shown(day.messages)],
      ['TiB that the day leaves in the database', shown(day.databaseBytes.over(TIB), 2)],
      ['USD that the day costs more', shown(day.cost)],
    ],
  );

const yearTable = ({ fiveYears }: Report): string =>
  table(
    ['year', 'customers', 'million events', 'revenue', 'cost', 'left', 'left after staff'],
    fiveYears.map(({ year, customers, events, revenue, cost, staff }) => [
      String(year),
      shown(customers),
      shown(events.over(Fraction.of(1_000_000))),
      shown(revenue),
      shown(cost),
      shown(revenue.minus(cost)),
      shown(revenue.minus(cost).minus(staff)),
    ]),
  );

function breakEven({ breakEven: { withoutStaff, withStaff } }: Report, assumptions: Assumptions): string {
  const at = (customers: number | undefined): string =>
    customers === undefined ? 'at no number of customers' : `at ${count(customers)} customers`;
  const price = assumptions['price_per_customer_month']!.value;
  return `At ${price} a customer and month a month pays for itself ${at(withoutStaff)}, with staff ${at(withStaff)}.`;
}
