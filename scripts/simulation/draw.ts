import { type Instant, instantOfMicros, microsOf } from '../../shared/domain/time.ts';
import { FUNCTIONS, type FunctionName, type Job } from './instances.ts';
import { Random } from './random.ts';
import { NOON, type Scenario, type ScenarioOptions, type Sending } from './scenario.ts';
import { SECOND, type Size, sizeOf } from './sizes.ts';

const SECOND_TENANTS_QUANTITY = 10;
const OTHER_QUANTITIES = 30;

/** Whose calls fail most, in half of the seeds: at noon whoever has something to do then, in the evening mostly those who close and archive. */
const AT_NOON: readonly FunctionName[] = ['ingest', 'sign-receipts', 'seal-ledger', 'reconcile-chain'];
const IN_THE_EVENING: readonly FunctionName[] = [...FUNCTIONS, 'archive-period', 'archive-period', 'run-invoices'];

type JobAt = Scenario['jobs'][number];

/** Draws a story: some customers who send, often around midnight, some of it twice and some of it otherwise; jobs that are missed, doubled and late. */
export function drawScenario({ seed, lane, limits }: ScenarioOptions): Scenario {
  const chance = new Random(seed, 'scenario');
  const size = sizeOf(seed);
  const tenants = chance.chance(size.secondPerMille) ? ['acme', 'beta'] : ['acme'];
  const form = chance.chance(10) ? 'rsa' : 'keyed';
  const isNoon = chance.chance(size.noonPerMille);
  const begin = isNoon ? NOON : size.evening;
  const sendings = drawSendings(chance, size, begin, tenants);
  const hasCredit = chance.chance(size.creditPerMille);
  // At noon nothing but a credit that has expired is any business of a run of invoices.
  const pace = chance.pick([1_000, 30_000, 200_000]);
  // A credit is written off beside usage that is being billed: nobody would meet where a doorbell comes seconds later.
  const delayMicros = chance.pick(hasCredit ? [0, SECOND / 10] : [0, SECOND / 10, 3 * SECOND]);
  const early = { sendings, within: chance.pick([15, 30]) * pace + delayMicros, perMille: hasCredit ? 900 : 500 };
  const runs = isNoon && !hasCredit ? [] : [...invoiceRuns(chance, size), ...earlyRun(chance, early)];
  return {
    seed,
    lane,
    limits,
    size: size.name,
    order: chance.chance(500) ? 'uniform' : 'pct',
    changesWithin: size.changesWithin,
    form,
    begin,
    tenants,
    hasCredit,
    sendings,
    jobs: lane === 'A' ? [...drawJobs(chance, size, isNoon), ...runs] : runs,
    upsets: drawUpsets(chance, size),
    instances: drawInstances(chance),
    faultsPerMille: chance.pick(size.faultsPerMille),
    focus: chance.chance(500) ? chance.pick(isNoon ? AT_NOON : IN_THE_EVENING) : undefined,
    crashesPerMille: chance.pick([100, 300, 600]),
    pace,
    skewMicros: chance.pick([0, SECOND / 2, 2 * SECOND]),
    delayMicros,
    deliveriesMax: lane === 'A' ? 5 : Number.POSITIVE_INFINITY,
    sealIntervalSeconds: lane === 'A' ? chance.pick(size.sealIntervals) : 0,
    isSecondDayClosed: !isNoon && chance.chance(size.secondDayPerMille),
    isEvidenceVerified: form === 'rsa' || chance.chance(125),
    isReconciled: lane === 'A' && chance.chance(size.reconciledPerMille),
    troubledSeconds: size.troubledSeconds,
    steps: size.steps,
  };
}

function drawSendings(chance: Random, size: Size, begin: Instant, tenants: readonly string[]): Sending[] {
  const sendings: Sending[] = [];
  const moment = chance.pick(size.moments);
  for (const [number, tenant] of tenants.entries()) {
    const count = number === 0 ? chance.pick(size.events) : 1;
    const quantities = number === 0 ? [...size.quantities] : [SECOND_TENANTS_QUANTITY];
    for (let i = 0; i < count; i++) {
      const quantity = quantities.splice(chance.below(quantities.length), 1)[0]!;
      // Mostly at once with others: a lone request meets nobody.
      const at = chance.chance(700) ? moment + chance.below(SECOND / 50) : chance.below(size.sentUntil);
      // Before midnight or after, and some of it long before it is sent.
      const used = Number(microsOf(begin)) + at - chance.pick([0, 5, 60]) * SECOND;
      const time = instantOfMicros(BigInt(used));
      const event = { tenant, key: `key-${i}`, quantity, day: time.slice(0, 10) };
      sendings.push({ at, events: [event], time });
      const again = at + chance.pick([0, 0, 5_000, 8 * SECOND]);
      if (chance.chance(350)) sendings.push({ at: again, events: [event], time });
      if (chance.chance(150)) {
        sendings.push({ at: again, events: [{ ...event, quantity: OTHER_QUANTITIES + 10 * number + i }], time });
      }
    }
  }
  return sendings;
}

/** Each on time, late, twice at once, or not at all. */
function fire(chance: Random, at: number, job: Job): JobAt[] {
  switch (chance.below(8)) {
    case 0:
      return [];
    case 1:
      return [
        { at, job },
        { at, job },
      ];
    case 2:
      return [{ at: at + chance.below(5 * SECOND), job }];
    default:
      return [{ at, job }];
  }
}

const invoiceRuns = (chance: Random, { midnight, runs }: Size): JobAt[] =>
  runs.flatMap((seconds) => fire(chance, midnight + seconds * SECOND, 'run-invoices'));

/** A run of invoices while something that somebody has sent is being billed, which takes some tens of steps. */
function earlyRun(
  chance: Random,
  {
    sendings,
    within,
    perMille,
  }: { readonly sendings: readonly Sending[]; readonly within: number; readonly perMille: number },
): JobAt[] {
  return chance.chance(perMille) ? fire(chance, chance.pick(sendings).at + chance.below(within), 'run-invoices') : [];
}

function drawJobs(chance: Random, size: Size, isNoon: boolean): JobAt[] {
  const { sweptPerMille, deepPerMille, sealPerMille, calledUntil } = size;
  const swept = size.sweeps.filter(() => !isNoon || chance.chance(sweptPerMille));
  const sweeps = swept.flatMap((at) => fire(chance, at + chance.below(10 * SECOND), 'sweep'));
  const sometime = (job: Job): JobAt[] => fire(chance, chance.below(calledUntil), job);
  const deep = chance.chance(deepPerMille) ? sometime(chance.chance(300) ? 'full' : 'deep') : [];
  const seals = chance.chance(sealPerMille) ? sometime('seal') : [];
  return [...sweeps, ...deep, ...seals];
}

const drawUpsets = (chance: Random, { upsetsBelow, calledUntil }: Size): Scenario['upsets'] =>
  Array.from({ length: chance.below(upsetsBelow) }, () => ({
    at: chance.below(calledUntil),
    kind: chance.chance(600) ? ('recycle' as const) : ('jump' as const),
    micros: chance.between(-3 * SECOND, 3 * SECOND),
  }));

function drawInstances(chance: Random): Record<FunctionName, number> {
  const counts = FUNCTIONS.map((name) => [name, chance.between(1, 2)] as const);
  return Object.fromEntries(counts) as Record<FunctionName, number>;
}
