import {
  type Bill,
  billOf,
  busyVcpuSeconds,
  DAYS_A_MONTH,
  databaseBytes,
  ITEMS,
  type Load,
  type Model,
  ownCostOfInvoice,
  SECONDS_A_DAY,
  sealsInDatabase,
  totalOf,
  unitsPaid,
} from './bill.ts';
import { Fraction, larger, sumOf } from './fraction.ts';
import { type Assumptions, changed, InputWrong, type Measured, type OperationRun, type Prices } from './inputs.ts';
import { eventsPerSecond, unitsNeeded } from './nodes.ts';
import { type PassCost, sealedBytes } from './passes.ts';
import { type Held, SEALED, type Stored, steadily, storedPlaces, uncounted } from './stored.ts';
import { pricing, supposing } from './supposed.ts';

export interface Inputs {
  readonly measured: Measured;
  readonly cpuMicros: Fraction;
  readonly prices: Prices;
  readonly assumptions: Assumptions;
}

export const MILESTONES = [50, 150, 400, 800, 1_200, 10_000] as const;
/** Shares of a limit. Below the first nothing has to be done. */
export const LEVELS = [
  { level: 'yellow', percent: 50, meaning: 'look at it this week' },
  { level: 'orange', percent: 65, meaning: 'order what it takes now: quotas take days' },
  { level: 'red', percent: 80, meaning: 'scale today' },
  { level: 'critical', percent: 90, meaning: 'page somebody; refuse load before it is refused for you' },
] as const;
const PEAK_RATE = Fraction.of(100_000);
const TWELVE = Fraction.of(12);
const YEAR = Fraction.of(365);
const NODE = Fraction.of(1000);

export interface Batch {
  readonly batch: number;
  /** requests that are answered at once */
  readonly together: number;
  readonly commitsPerThousand: Fraction;
  readonly rowsPerThousand: Fraction;
  /** events a second that one node carries */
  readonly perNode: Fraction;
  /** of a year at the estimate's customers */
  readonly year: Bill;
}

export interface Milestone {
  readonly customers: number;
  /** events a second */
  readonly average: Fraction;
  readonly peak: Fraction;
  /** processing units of one stack: paid, and at peak */
  readonly unitsPaid: Fraction;
  readonly unitsAtPeak: Fraction;
  /** busy instances of one vCPU at peak, all stacks */
  readonly instances: bigint;
  /** calls a second at peak, all stacks */
  readonly commits: Fraction;
  readonly mirrorWrites: Fraction;
  readonly messages: Fraction;
  /** what comes to its limit first, and how much of the limit is used at peak */
  readonly tightest: { readonly quantity: string; readonly used: Fraction; readonly level: string };
  readonly bill: Bill;
  readonly perCustomer: Fraction;
}

export interface Ceiling {
  readonly quantity: string;
  readonly watch: string;
  /** what the limit is, in its own words */
  readonly limit: string;
  /** what fills it: the load of the peak's seconds, or what comes together on average */
  readonly filledBy: 'peak' | 'average';
  /** events a second of one stack at which it is reached */
  readonly rate: Fraction;
}

export interface Year {
  readonly year: number;
  readonly customers: Fraction;
  readonly events: Fraction;
  readonly revenue: Fraction;
  readonly cost: Fraction;
  readonly staff: Fraction;
}

export interface Report {
  readonly batch: number;
  readonly stored: readonly Stored[];
  readonly bytesHot: Fraction;
  readonly bytesAfter: Fraction;
  /** what each seal leaves, of each stack and of each of its customers */
  readonly perSeal: { readonly database: PassCost; readonly vault: PassCost };
  /** what all seals have left in the databases by now */
  readonly sealedBytes: Fraction;
  /** in tables that grow neither with usage nor with seals: in no bill */
  readonly bytesUncounted: Fraction;
  /** of a year at the estimate's customers */
  readonly year: Bill;
  readonly target: Fraction;
  /** the same year with all customers in one residency region */
  readonly oneStack: Fraction;
  /** of the year, what rests on prices from memory */
  readonly fromMemory: Fraction;
  readonly perMillion: Fraction;
  readonly perInvoice: Fraction;
  readonly ownPerInvoice: Fraction;
  readonly perCustomer: Fraction;
  /** the same year where nodes are paid by the hour, without a year's commitment */
  readonly uncommitted: Fraction;
  readonly levers: readonly { readonly says: string; readonly year: Fraction }[];
  readonly batches: readonly Batch[];
  readonly milestones: readonly Milestone[];
  readonly ceilings: readonly Ceiling[];
  readonly peakDay: PeakDay;
  readonly breakEven: { readonly withoutStaff: number | undefined; readonly withStaff: number | undefined };
  readonly fiveYears: readonly Year[];
}

export interface PeakDay {
  readonly events: Fraction;
  readonly units: Fraction;
  readonly instances: bigint;
  readonly mirrorWrites: Fraction;
  readonly messages: Fraction;
  readonly databaseBytes: Fraction;
  /** of the day itself: what its load adds to a month, and its nodes in place of the floor */
  readonly cost: Fraction;
}

/** What would make it cheaper, each alone and then all together. */
const LEVERS: readonly {
  readonly says: string;
  readonly set?: Record<string, string>;
  readonly shrink?: Record<string, string>;
}[] = [
  { says: 'rows of dedupe of 60 bytes in place of 83, in a table of another form', shrink: { dedupe: '0.723' } },
  { says: 'Spanner: a backup each second day', set: { spanner_backup_interval_hours: '48' } },
];

export function report({ measured, cpuMicros, prices, assumptions }: Inputs): Report {
  const { runs } = measured;
  const supposed = supposing(assumptions);
  const costOf = pricing(prices);
  const wanted = Number(supposed('batch').toDecimal(0));
  const single = runs.filter(({ together }) => together === 1);
  const run = single.find(({ batch }) => batch === wanted);
  if (run === undefined) {
    throw new InputWrong(`no run has batches of ${wanted}, only of ${single.map(({ batch }) => batch).join(', ')}`);
  }
  const model: Model = { run, measured, cpuMicros, supposed, costOf };
  const thousand = Fraction.of(1000);
  const estimated = supposed('original_estimate_customers');

  const year = yearOf(estimated, model);
  const invoices = estimated.times(supposed('invoices_per_customer_month')).times(TWELVE);
  const stored = storedPlaces(run, supposed);
  const hot = stored.filter(({ store }) => store !== 'vault');

  return {
    batch: run.batch,
    stored,
    bytesHot: sumOf(hot.map(({ bytes }) => bytes)),
    perSeal: {
      database: sealedBytes(measured, 'spanner', SEALED.spanner),
      vault: sealedBytes(measured, 'storage', SEALED.storage),
    },
    sealedBytes: sealsInDatabase(steadyLoad(estimated, model), model, supposed('version_days')),
    bytesUncounted: uncounted(run),
    bytesAfter: sumOf(stored.map(({ after }) => after)),
    year,
    target: supposed('original_estimate_year').times(supposed('target_share')),
    oneStack: totalOf(yearOf(estimated, { ...model, supposed: supposing(changed(assumptions, [['stacks', '1']])) })),
    uncommitted: totalOf(
      yearOf(estimated, {
        ...model,
        supposed: supposing(changed(assumptions, [['spanner_compute_discount', '0']])),
      }),
    ),
    fromMemory: totalOf(year).minus(totalOf(yearOf(estimated, { ...model, costOf: pricing(withoutRecalled(prices)) }))),
    perMillion: totalOf(year)
      .over(estimated.times(supposed('events_per_customer_year')))
      .times(Fraction.of(1_000_000)),
    perInvoice: totalOf(year).over(invoices),
    ownPerInvoice: ownCostOfInvoice(model),
    perCustomer: totalOf(year).over(TWELVE).over(estimated),
    levers: leversOf(estimated, { measured, cpuMicros, prices, assumptions }, run),
    batches: runs.map((one) => ({
      batch: one.batch,
      together: one.together,
      commitsPerThousand: Fraction.of(one.phases.usage.spanner.commits).times(thousand).over(Fraction.of(one.events)),
      rowsPerThousand: Fraction.of(one.phases.usage.spanner.written_rows).times(thousand).over(Fraction.of(one.events)),
      perNode: eventsPerSecond(NODE, one, supposed),
      year: yearOf(estimated, { ...model, run: one }),
    })),
    milestones: MILESTONES.map((customers) => milestoneOf(customers, model)),
    ceilings: ceilingsOf(model),
    peakDay: peakDayOf(model),
    breakEven: {
      withoutStaff: breakEvenOf(Fraction.ZERO, model),
      withStaff: breakEvenOf(staffMonth(model), model),
    },
    fiveYears: fiveYearsOf(model),
  };
}

/** Costs are linear in prices: what is missing from the bill without them is what they make up. */
const withoutRecalled = (prices: Prices): Prices =>
  Object.fromEntries(
    Object.entries(prices).map(([name, price]) => [name, price.read === 'recalled' ? { ...price, usd: '0' } : price]),
  );

const staffMonth = ({ supposed }: Model): Fraction =>
  supposed('staff_people').times(supposed('staff_cost_year')).over(TWELVE);

/** An even load of so many customers that has lasted as long as is supposed. */
function steadyLoad(customers: Fraction, { supposed }: Model): Load {
  const perYear = customers.times(supposed('events_per_customer_year'));
  return {
    customers,
    events: perYear.over(TWELVE),
    held: steadily(perYear.over(YEAR), supposed('ledger_years').times(YEAR)),
    age: supposed('ledger_years').times(YEAR),
  };
}

const yearOf = (customers: Fraction, model: Model): Bill => twelveOf(billOf(steadyLoad(customers, model), model));

const twelveOf = (bill: Bill): Bill =>
  Object.fromEntries(ITEMS.map((item) => [item, bill[item].times(TWELVE)])) as Record<(typeof ITEMS)[number], Fraction>;

/** What a lever makes of a run's bytes in the database. */
function shrunk(run: OperationRun, shrink: Readonly<Record<string, string>>): OperationRun {
  const less = (tables: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(
      Object.entries(tables).map(([table, bytes]) => {
        const factor = shrink[table];
        return [
          table,
          factor === undefined ? bytes : Number(Fraction.of(bytes).times(Fraction.of(factor)).toDecimal(6)),
        ];
      }),
    );
  const { spanner } = run.stored_bytes;
  const stays = {
    for_ever: less(spanner.for_ever),
    expiring: less(spanner.expiring),
    hot_window: less(spanner.hot_window),
  };
  return { ...run, stored_bytes: { ...run.stored_bytes, spanner: stays } };
}

function leversOf(customers: Fraction, inputs: Inputs, run: OperationRun): { says: string; year: Fraction }[] {
  const costOf = pricing(inputs.prices);
  const withLevers = (set: Readonly<Record<string, string>>, shrink: Readonly<Record<string, string>>): Fraction => {
    const supposed = supposing(changed(inputs.assumptions, Object.entries(set)));
    const { runs, one, many } = inputs.measured;
    const measured = { runs, one: shrunk(one, shrink), many: shrunk(many, shrink) };
    const { cpuMicros } = inputs;
    return totalOf(yearOf(customers, { run: shrunk(run, shrink), measured, cpuMicros, supposed, costOf }));
  };
  const alone = LEVERS.map(({ says, set = {}, shrink = {} }) => ({ says, year: withLevers(set, shrink) }));
  const set = Object.assign({}, ...LEVERS.map((lever) => lever.set ?? {}));
  const shrink = Object.assign({}, ...LEVERS.map((lever) => lever.shrink ?? {}));
  return [...alone, { says: 'all of these together', year: withLevers(set, shrink) }];
}

function milestoneOf(customers: number, model: Model): Milestone {
  const { run, supposed } = model;
  const load = steadyLoad(Fraction.of(customers), model);
  const stacks = supposed('stacks');
  const average = load.events.over(DAYS_A_MONTH).over(SECONDS_A_DAY);
  const peak = average.times(supposed('peak_to_average'));
  const bytes = databaseBytes(load, model).over(stacks);
  const bill = billOf(load, model);
  return {
    customers,
    average,
    peak,
    unitsPaid: unitsPaid(load, model),
    unitsAtPeak: larger(supposed('spanner_floor_units'), unitsNeeded(peak.over(stacks), bytes, run, supposed)),
    instances: busyVcpuSeconds(peak, model).ceiling(),
    commits: perEvent(run.phases.usage.spanner.commits, run).times(peak),
    mirrorWrites: perEvent(run.phases.usage.firestore.writes, run).times(peak),
    messages: perEvent(run.phases.usage.pubsub.messages, run).times(peak),
    tightest: tightestOf({ peak: peak.over(stacks), average: average.over(stacks) }, model),
    bill,
    perCustomer: totalOf(bill).over(Fraction.of(customers)),
  };
}

const perEvent = (count: number, { events }: OperationRun): Fraction => Fraction.of(count).over(Fraction.of(events));

/** @param rates of one stack */
function tightestOf(rates: Readonly<Record<Ceiling['filledBy'], Fraction>>, model: Model): Milestone['tightest'] {
  const [first, ...others] = ceilingsOf(model).map(({ quantity, filledBy, rate }) => ({
    quantity,
    used: rates[filledBy].over(rate),
  }));
  const tightest = others.reduce((most, one) => (one.used.isMoreThan(most.used) ? one : most), first!);
  return { ...tightest, level: levelOf(tightest.used) };
}

/** The highest level that a share of a limit has come to. */
export const levelOf = (used: Fraction): string =>
  LEVELS.findLast(({ percent }) => !new Fraction(BigInt(percent), 100n).isMoreThan(used))?.level ?? 'green';

/** At how many events a second a stack comes to what it may take. */
function ceilingsOf(model: Model): Ceiling[] {
  const { run, supposed, cpuMicros } = model;
  const ceiling = supposed('spanner_ceiling_units');
  const nodes = ceiling.over(NODE);
  // An event a second, and no seals: these grow with time, whatever the load is.
  const age = supposed('ledger_years').times(YEAR);
  const aSecond: Load = {
    customers: Fraction.ZERO,
    events: Fraction.ZERO,
    held: steadily(SECONDS_A_DAY, age),
    age: Fraction.ZERO,
  };
  const bytesPerEventRate = databaseBytes(aSecond, model);
  // Node runs one event on one thread, whatever the instance has.
  const byCpu = supposed('cpu_utilization').times(Fraction.of(1_000_000)).over(cpuMicros);
  const byWaiting = supposed('request_concurrency').over(supposed('request_seconds')).times(Fraction.of(run.batch));
  const perInstance = byWaiting.isMoreThan(byCpu) ? byCpu : byWaiting;
  const ingests = supposed('ingest_instances_max').times(supposed('locations'));
  const signers = supposed('sign_instances_max');
  return [
    {
      quantity: 'Spanner, high-priority CPU',
      filledBy: 'peak',
      watch: 'instance/cpu/utilization_by_priority',
      limit: `${percent(supposed('spanner_cpu_target'))} of ${nodes.toDecimal(0)} nodes`,
      rate: eventsPerSecond(ceiling, run, supposed),
    },
    {
      quantity: 'Spanner, storage',
      filledBy: 'average',
      watch: 'instance/storage/utilization',
      limit: `${percent(supposed('spanner_storage_target'))} of 10 TiB a node, ${nodes.toDecimal(0)} nodes`,
      rate: nodes
        .times(supposed('spanner_node_bytes'))
        .times(supposed('spanner_storage_target'))
        .over(bytesPerEventRate),
    },
    {
      quantity: 'ingest, instances',
      filledBy: 'peak',
      watch: 'run container/instance_count',
      limit: `${ingests.toDecimal(0)} instances`,
      rate: ingests.times(perInstance),
    },
    {
      quantity: 'sign-receipts, instances',
      filledBy: 'peak',
      watch: 'run container/instance_count',
      limit: `${signers.toDecimal(0)} instances`,
      rate: signers.times(perInstance),
    },
  ];
}

const percent = (share: Fraction): string => `${share.times(Fraction.of(100)).toDecimal(0)} %`;

function peakDayOf(model: Model): PeakDay {
  const { run, supposed, costOf } = model;
  const stacks = supposed('stacks');
  const events = PEAK_RATE.times(SECONDS_A_DAY);
  const rateOf = (count: number): Fraction => perEvent(count, run).times(PEAK_RATE);
  const written = sumOf(
    storedPlaces(run, supposed)
      .filter(({ store }) => store === 'database')
      .map(({ bytes }) => bytes),
  ).times(events);
  const units = unitsNeeded(PEAK_RATE.over(stacks), written.over(stacks), run, supposed);
  const extra = larger(units.minus(supposed('spanner_floor_units')), Fraction.ZERO);
  const nodes = costOf('spanner_node', extra.over(NODE).times(stacks).times(Fraction.of(24)));
  // The events' own part of a month that has this day and no other, without what is paid anyhow.
  const idle: Load = { customers: Fraction.ZERO, events: Fraction.ZERO, held: () => Fraction.ZERO, age: Fraction.ZERO };
  const busy: Load = { customers: Fraction.ZERO, events, held: () => Fraction.ZERO, age: Fraction.ZERO };
  const [without, withDay] = [billOf(idle, model), billOf(busy, model)];
  const flow = ITEMS.filter((item) => item !== 'Spanner compute' && item !== 'Spanner backups');
  return {
    events,
    units,
    instances: busyVcpuSeconds(PEAK_RATE, model).ceiling(),
    mirrorWrites: rateOf(run.phases.usage.firestore.writes),
    messages: rateOf(run.phases.usage.pubsub.messages),
    databaseBytes: written,
    cost: nodes.plus(sumOf(flow.map((item) => withDay[item].minus(without[item])))),
  };
}

const MANY = 1_000_000;

/** The least number of customers at which a month brings in what it costs; undefined where no number does. */
function breakEvenOf(staff: Fraction, model: Model): number | undefined {
  const pays = (customers: number): boolean => {
    const revenue = Fraction.of(customers).times(model.supposed('price_per_customer_month'));
    const cost = totalOf(billOf(steadyLoad(Fraction.of(customers), model), model)).plus(staff);
    return !cost.isMoreThan(revenue);
  };
  if (!pays(MANY)) return undefined;
  let [below, enough] = [0, MANY];
  while (enough - below > 1) {
    const middle = Math.floor((below + enough) / 2);
    if (pays(middle)) enough = middle;
    else below = middle;
  }
  return enough;
}

/** Sixty months, each billed for what has come together by its end. */
function fiveYearsOf(model: Model): Year[] {
  const { supposed } = model;
  const months: Fraction[] = [];
  const years: Year[] = [];
  let before = Fraction.ZERO;
  for (let year = 1; year <= 5; year++) {
    const after = supposed(`customers_year_${year}`);
    const bills: Fraction[] = [];
    let [events, paying] = [Fraction.ZERO, Fraction.ZERO];
    for (let month = 1; month <= 12; month++) {
      const customers = before.plus(after.minus(before).times(new Fraction(BigInt(month), 12n)));
      const load = { customers, events: customers.times(supposed('events_per_customer_year')).over(TWELVE) };
      months.push(load.events);
      bills.push(
        totalOf(billOf({ ...load, held: heldOf(months), age: DAYS_A_MONTH.times(Fraction.of(months.length)) }, model)),
      );
      events = events.plus(load.events);
      paying = paying.plus(customers);
    }
    years.push({
      year,
      customers: after,
      events,
      revenue: paying.times(supposed('price_per_customer_month')),
      cost: sumOf(bills),
      staff: staffMonth(model).times(TWELVE),
    });
    before = after;
  }
  return years;
}

/** Of months that went before, the last of them last. */
const heldOf = (months: readonly Fraction[]): Held => {
  const past = [...months];
  return (days) => {
    let left = days.over(DAYS_A_MONTH);
    let held = Fraction.ZERO;
    for (let at = past.length - 1; at >= 0 && left.isMoreThan(Fraction.ZERO); at--) {
      held = held.plus(past[at]!.times(left.isMoreThan(Fraction.ONE) ? Fraction.ONE : left));
      left = left.minus(Fraction.ONE);
    }
    return held;
  };
};
