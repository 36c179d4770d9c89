import type { Operations } from '../../scripts/bench/operations/counts.ts';
import type { Stored } from '../../scripts/bench/operations/stored.ts';
import { Fraction } from '../../scripts/capacity/fraction.ts';
import {
  type Assumptions,
  type Measured,
  type OperationRun,
  type Prices,
  readAssumptions,
  readPrices,
} from '../../scripts/capacity/inputs.ts';
import type { Inputs } from '../../scripts/capacity/report.ts';

/** Nothing was asked of anybody. */
export const NOTHING: Operations = {
  spanner: {
    ...{
      snapshots: 0,
      transactions: 0,
      reads: 0,
      queries: 0,
      read_keys: 0,
      read_ranges: 0,
      read_rows: 0,
      read_bytes: 0,
    },
    ...{ commits: 0, empty_commits: 0, aborted: 0, rollbacks: 0, written_rows: 0, mutations: 0, mutation_bytes: 0 },
  },
  pubsub: { publishes: 0, messages: 0, bytes: 0, deliveries: 0 },
  firestore: { reads: 0, writes: 0, deletes: 0, bytes: 0 },
  kms: { signs: 0, encrypts: 0, decrypts: 0 },
  storage: { creates: 0, reads: 0, lists: 0, deletes: 0, bytes: 0 },
};
const NOWHERE = { for_ever: {}, expiring: {}, hot_window: {} };

/** A run of one event in which everything happens once and nothing is stored; a seal is one signature, a pass nothing. */
export const ONE_OF_EACH: OperationRun = {
  batch: 1,
  events: 1,
  tenants: 1,
  together: 1,
  phases: {
    usage: {
      spanner: {
        ...NOTHING.spanner,
        ...{
          snapshots: 1,
          transactions: 1,
          reads: 1,
          read_keys: 1,
          read_rows: 1,
          commits: 1,
          written_rows: 1,
          mutations: 5,
        },
      },
      pubsub: { publishes: 1, messages: 1, bytes: 1, deliveries: 1 },
      firestore: { reads: 1, writes: 1, deletes: 1, bytes: 1 },
      kms: { signs: 0, encrypts: 1, decrypts: 1 },
      storage: NOTHING.storage,
    },
    seal: { ...NOTHING, kms: { signs: 1, encrypts: 0, decrypts: 0 } },
    sweep: NOTHING,
    deep: NOTHING,
  },
  stored_bytes: { spanner: NOWHERE, firestore: NOWHERE, storage: NOWHERE },
};

/** The same run with other counts of what usage asked of Spanner. */
export const asking = (run: OperationRun, spanner: Partial<Operations['spanner']>): OperationRun => ({
  ...run,
  phases: { ...run.phases, usage: { ...run.phases.usage, spanner: { ...run.phases.usage.spanner, ...spanner } } },
});

/** The same run with other bytes left behind. */
export const leaving = (
  run: OperationRun,
  spanner: Partial<Stored['spanner']>,
  pages = 0,
  segments = 0,
): OperationRun => ({
  ...run,
  stored_bytes: {
    spanner: { ...NOWHERE, ...spanner },
    firestore: { ...NOWHERE, hot_window: { pages } },
    storage: { ...NOWHERE, for_ever: { segments } },
  },
});

/** Runs of one customer, and as many passes however many customers there are. */
export const measuredAs = (...runs: OperationRun[]): Measured => ({
  runs,
  one: runs[0]!,
  many: { ...runs[0]!, tenants: 10 },
});

/** Every price made another, its unit one. */
export const everyPrice = (usd: string, prices: Prices = readPrices()): Prices =>
  Object.fromEntries(Object.entries(prices).map(([name, price]) => [name, { ...price, usd, units: 1 }]));

export const timesPrice = (factor: string, prices: Prices = readPrices()): Prices =>
  Object.fromEntries(
    Object.entries(prices).map(([name, price]) => [
      name,
      { ...price, usd: Fraction.of(price.usd).times(Fraction.of(factor)).toDecimal(12) },
    ]),
  );

export const assuming = (...settings: string[]): Assumptions => readAssumptions(undefined, settings);

export const inputs = (some: Partial<Inputs>): Inputs => ({
  measured: measuredAs(ONE_OF_EACH),
  cpuMicros: Fraction.of(25),
  prices: readPrices(),
  assumptions: readAssumptions(undefined, [`batch=${some.measured?.runs.at(-1)?.batch ?? 1}`]),
  ...some,
});
