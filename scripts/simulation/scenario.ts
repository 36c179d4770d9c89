import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { type Instant, parseInstant } from '../../shared/domain/time.ts';
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
import type { FunctionName, Job } from './instances.ts';
import type { SentEvent, Tier } from './model.ts';
import { Committed, SimulatedDatabase } from './ports/database.ts';
import { HeldKeys, type SignatureForm } from './ports/signer.ts';
import { emptyState, type State } from './ports/tables.ts';
import { BEGIN, type SizeName } from './sizes.ts';

/** How much of a day may be used: so little that some are refused, more than anybody sends, or nobody has set a limit. */
export const LIMITS = ['tight', 'loose', 'none'] as const;
export type Limits = (typeof LIMITS)[number];

export const NOON = parseInstant('2026-03-01T12:00:00Z', 'simulation');
const MORNING = parseInstant('2026-03-01T09:00:00Z', 'simulation');
const EXPIRY = parseInstant('2026-03-01T12:00:02Z', 'simulation');

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
  /** steps within which priorities change, where they do */
  readonly changesWithin: number;
  readonly form: SignatureForm;
  readonly size: SizeName;
  /** noon, or before a period ends */
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
  /** virtual seconds in which things fail, and steps at most */
  readonly troubledSeconds: number;
  readonly steps: number;
}

export interface ScenarioOptions {
  readonly seed: number;
  readonly lane: Lane;
  readonly limits: Limits;
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

const configs = new Map<number, Config>();

/** The same for every run that asks for the same. */
export function configOf(sealIntervalSeconds: number): Config {
  let made = configs.get(sealIntervalSeconds);
  if (made === undefined) {
    made = { ...CONFIG, platform: 'cloud', sealIntervalSeconds, ratePerSecond: 0, usageRatePerSecond: 0 };
    configs.set(sealIntervalSeconds, made);
  }
  return made;
}

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
