import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { type Instant, instantOfMicros, microsOf, parseInstant } from '../../shared/domain/time.ts';
import { type Config, readConfig } from '../../shared/edge/config.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { AccountStore } from '../../shared/stores/account-store.ts';
import { KeyStore } from '../../shared/stores/key-store.ts';
import { LedgerStore } from '../../shared/stores/ledger-store.ts';
import { grantCredit } from '../../shared/stores/money-desk.ts';
import { PersonalData } from '../../shared/stores/personal-data.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import type { Lane } from './choosers.ts';
import { openGate } from './gate.ts';
import { FUNCTIONS, type FunctionName, type Job } from './instances.ts';
import type { SentEvent, Tier } from './model.ts';
import { Committed, SimulatedDatabase } from './ports/database.ts';
import { HeldKeys, type SignatureForm } from './ports/signer.ts';
import { emptyState, type State } from './ports/tables.ts';
import { Random } from './random.ts';

/** How much of a day may be used: so little that some are refused, more than anybody sends, or nobody has set a limit. */
export const LIMITS = ['tight', 'loose', 'none'] as const;
export type Limits = (typeof LIMITS)[number];

export const BEGIN = parseInstant('2026-03-01T23:59:30Z', 'simulation');
export const NOON = parseInstant('2026-03-01T12:00:00Z', 'simulation');
const MORNING = parseInstant('2026-03-01T09:00:00Z', 'simulation');
const EXPIRY = parseInstant('2026-03-01T12:00:02Z', 'simulation');
export const SECOND = 1_000_000;
export const DAY = 86_400 * SECOND;

export const TIERS: readonly Tier[] = [
  { upTo: 20, cents: 10 },
  { upTo: Number.POSITIVE_INFINITY, cents: 7 },
];
export const LIMIT: Readonly<Record<Limits, number>> = { tight: 21, loose: 100_000, none: Number.POSITIVE_INFINITY };

/** What one customer sends, again and again until it is answered. */
export interface Sending {
  readonly at: number;
  readonly events: readonly SentEvent[];
  readonly time: Instant;
}

/** What a seed decides before anything happens. */
export interface Scenario {
  readonly seed: number;
  readonly lane: Lane;
  readonly limits: Limits;
  readonly order: 'uniform' | 'pct';
  readonly form: SignatureForm;
  /** noon, or just before a period ends */
  readonly begin: Instant;
  readonly tenants: readonly string[];
  /** whether each has a credit that has expired: writing it off moves the log beside whatever waits */
  readonly hasCredit: boolean;
  readonly sendings: readonly Sending[];
  readonly jobs: readonly { readonly at: number; readonly job: Job }[];
  /** when idle instances are stopped, and clocks jump */
  readonly upsets: readonly { readonly at: number; readonly kind: 'recycle' | 'jump'; readonly micros: number }[];
  readonly instances: Readonly<Record<FunctionName, number>>;
  readonly faultsPerMille: number;
  readonly focus: FunctionName | undefined;
  readonly crashesPerMille: number;
  readonly pace: number;
  readonly skewMicros: number;
  readonly delayMicros: number;
  readonly deliveriesMax: number;
  readonly sealIntervalSeconds: number;
  /** whether the day after is closed as well: what came late is on its invoice */
  readonly isSecondDayClosed: boolean;
  /** what is checked at the end besides the books */
  readonly isEvidenceVerified: boolean;
  readonly isReconciled: boolean;
  readonly steps: number;
}

const QUANTITIES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13];
const SECOND_TENANTS_QUANTITY = 10;
const OTHER_QUANTITIES = 30;
/** When many come at once. */
const MOMENTS = [5 * SECOND, 20 * SECOND, 33 * SECOND];

export interface ScenarioOptions {
  readonly seed: number;
  readonly lane: Lane;
  readonly limits: Limits;
}

/** Draws a small story: some customers who send, often around midnight, some of it twice and some of it otherwise; jobs that are missed, doubled and late. */
export function drawScenario({ seed, lane, limits }: ScenarioOptions): Scenario {
  const chance = new Random(seed, 'scenario');
  const tenants = chance.chance(200) ? ['acme', 'beta'] : ['acme'];
  const form = chance.chance(10) ? 'rsa' : 'keyed';
  const begin = chance.chance(400) ? NOON : BEGIN;
  const sendings = drawSendings(chance, begin, tenants);
  return {
    seed,
    lane,
    limits,
    order: chance.chance(500) ? 'uniform' : 'pct',
    form,
    begin,
    tenants,
    hasCredit: chance.chance(500),
    sendings,
    jobs: [...(lane === 'A' ? drawJobs(chance) : invoiceRuns(chance)), ...earlyRun(seed, sendings)],
    upsets: drawUpsets(chance),
    instances: drawInstances(chance),
    faultsPerMille: chance.pick([0, 10, 30, 80]),
    focus: chance.chance(500) ? chance.pick(FUNCTIONS) : undefined,
    crashesPerMille: chance.pick([100, 300, 600]),
    pace: chance.pick([1_000, 30_000, 200_000]),
    skewMicros: chance.pick([0, SECOND / 2, 2 * SECOND]),
    delayMicros: chance.pick([0, SECOND / 10, 3 * SECOND]),
    deliveriesMax: lane === 'A' ? 5 : Number.POSITIVE_INFINITY,
    sealIntervalSeconds: lane === 'A' ? chance.pick([0, 10, 10]) : 0,
    isSecondDayClosed: begin === BEGIN && chance.chance(80),
    isEvidenceVerified: form === 'rsa' || chance.chance(125),
    isReconciled: lane === 'A' && chance.chance(60),
    steps: 900,
  };
}

function drawSendings(chance: Random, begin: Instant, tenants: readonly string[]): Sending[] {
  const sendings: Sending[] = [];
  const moment = chance.pick(MOMENTS);
  for (const [number, tenant] of tenants.entries()) {
    const count = number === 0 ? chance.between(2, 4) : 1;
    const quantities = number === 0 ? [...QUANTITIES] : [SECOND_TENANTS_QUANTITY];
    for (let i = 0; i < count; i++) {
      const quantity = quantities.splice(chance.below(quantities.length), 1)[0]!;
      // Mostly at once with others: a lone request meets nobody.
      const at = chance.chance(700) ? moment + chance.below(SECOND / 50) : chance.below(40 * SECOND);
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
function fire(chance: Random, at: number, job: Job): { readonly at: number; readonly job: Job }[] {
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

const SINCE_MIDNIGHT = 30 * SECOND;

const invoiceRuns = (chance: Random) =>
  [2, 12].flatMap((seconds) => fire(chance, SINCE_MIDNIGHT + seconds * SECOND, 'run-invoices'));

/** A run of invoices while something that somebody has sent is being billed. */
function earlyRun(seed: number, sendings: readonly Sending[]): { readonly at: number; readonly job: Job }[] {
  const chance = new Random(seed, 'early run');
  const later = chance.pick([SECOND / 100, SECOND / 3, 3 * SECOND]);
  return chance.chance(500) ? fire(chance, chance.pick(sendings).at + chance.below(later), 'run-invoices') : [];
}

function drawJobs(chance: Random): { readonly at: number; readonly job: Job }[] {
  const sweeps = [10, 25, 40].flatMap((seconds) => fire(chance, (seconds + chance.below(10)) * SECOND, 'sweep'));
  const deep = chance.chance(100) ? fire(chance, chance.below(50 * SECOND), chance.chance(300) ? 'full' : 'deep') : [];
  const seals = chance.chance(200) ? fire(chance, chance.below(50 * SECOND), 'seal') : [];
  return [...sweeps, ...invoiceRuns(chance), ...deep, ...seals];
}

function drawUpsets(
  chance: Random,
): { readonly at: number; readonly kind: 'recycle' | 'jump'; readonly micros: number }[] {
  return Array.from({ length: chance.below(3) }, () => ({
    at: chance.below(50 * SECOND),
    kind: chance.chance(600) ? ('recycle' as const) : ('jump' as const),
    micros: chance.between(-3 * SECOND, 3 * SECOND),
  }));
}

function drawInstances(chance: Random): Record<FunctionName, number> {
  const counts = FUNCTIONS.map((name) => [name, chance.between(1, 2)] as const);
  return Object.fromEntries(counts) as Record<FunctionName, number>;
}

/** What a customer sends on the wire. */
export const wireOf = ({ key, quantity }: SentEvent, time: Instant) => ({
  metric_name: 'units',
  quantity: String(quantity),
  timestamp: time,
  idempotency_key: key,
});

const limitOf = (units: number) => ({
  limit_id: 'daily',
  metric_name: 'units',
  period: 'daily',
  quantity: String(units),
  action: 'block',
});

const accountOf = (tenant: string, limits: Limits) => ({
  organization_id: tenant,
  zone: 'UTC',
  currency: 'EUR',
  grace_minutes: 0,
  limits: limits === 'none' ? [] : [limitOf(LIMIT[limits])],
  subscriptions: [
    {
      subscription_id: 'main',
      started_at: '2026-03-01T00:00:00Z',
      calendar: { unit: 'day', count: 1, anchor: '2026-03-01T00:00:00Z' },
      meters: [
        {
          metric_name: 'units',
          aggregation: 'sum',
          prices: [
            {
              effective_from: '2026-03-01T00:00:00Z',
              document: {
                price_id: 'units',
                version: '1',
                currency: 'EUR',
                model: {
                  type: 'graduated',
                  tiers: [
                    { up_to: '20', unit_amount: '0.1', flat_amount: '0' },
                    { up_to: null, unit_amount: '0.07', flat_amount: '0' },
                  ],
                },
              },
            },
          ],
        },
      ],
    },
  ],
});

const CONFIG = readConfig({});

export const configOf = (sealIntervalSeconds: number): Config => ({
  ...CONFIG,
  platform: 'cloud',
  sealIntervalSeconds,
  ratePerSecond: 0,
  usageRatePerSecond: 0,
});

/** A database as an operator has prepared it. */
export interface Prepared {
  readonly state: State;
  readonly keys: HeldKeys;
}

const prepared = new Map<string, Promise<Prepared>>();

/** The same for every run that begins alike: states never change. */
export function prepare({
  tenants,
  limits,
  hasCredit,
}: Pick<Scenario, 'tenants' | 'limits' | 'hasCredit'>): Promise<Prepared> {
  const name = `${tenants.join()} ${limits} ${hasCredit}`;
  let made = prepared.get(name);
  if (made === undefined) {
    made = makePrepared(tenants, limits, hasCredit);
    prepared.set(name, made);
  }
  return made;
}

async function makePrepared(tenants: readonly string[], limits: Limits, hasCredit: boolean): Promise<Prepared> {
  const committed = new Committed(emptyState(TABLES));
  const database = new SimulatedDatabase(committed, openGate, { rerunsMax: 0, later: (work) => work() });
  const accounts = new AccountStore(database, configOf(0).region);
  for (const tenant of tenants) await accounts.put(accountOf(tenant, limits), BEGIN);
  const keys = new HeldKeys();
  const store = new KeyStore(database);
  for (const purpose of ['checkpoint', 'evidence'] as const) await store.adopt(keys.make(purpose));
  if (hasCredit) for (const tenant of tenants) await grant(database, tenant as TenantId);
  return { state: committed.state, keys };
}

/** A credit that expires just after noon: before it is used, on the next run of invoices it is written off. */
async function grant(database: SimulatedDatabase, tenant: TenantId): Promise<void> {
  const entropy = new SeededEntropy(`grants of ${tenant}`);
  const nowhere = (): never => {
    throw new Error('a grant has no personal data');
  };
  const clock: Clock = { now: () => MORNING, after: nowhere };
  const personal = new PersonalData(database, { wrap: nowhere, unwrap: nowhere }, entropy, clock);
  const ledger = new LedgerStore(database, entropy, CONFIG.ledgerOrigin, personal);
  const request = { id: 'welcome', amount: 500n, costBasis: 0n, currency: 'EUR', priority: 1, reason: 'promotional' };
  await ledger.append(tenant, MORNING, async (work) => grantCredit(work, { ...request, expiresAt: EXPIRY }));
}
