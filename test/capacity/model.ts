import { Fraction } from '../../scripts/capacity/fraction.ts';
import {
  type Assumptions,
  type OperationRun,
  type Prices,
  readAssumptions,
  readPrices,
} from '../../scripts/capacity/inputs.ts';
import type { Inputs } from '../../scripts/capacity/report.ts';

/** A run of one event in which everything happens once and nothing is stored. */
export const ONE_OF_EACH: OperationRun = {
  batch: 1,
  events: 1,
  tenants: 1,
  spanner: { read_rows: 1, reads: 1, snapshots: 1, transactions: 1, commits: 1, mutations: 1, mutation_bytes: 1 },
  pubsub: { publishes: 1, messages: 1, bytes: 1, deliveries: 1 },
  firestore: { reads: 1, writes: 1, deletes: 1, bytes: 1 },
  kms: { signs: 1, encrypts: 1, decrypts: 1 },
  storage: { creates: 1, reads: 1, lists: 1, bytes: 1 },
  stored_bytes: { spanner: {}, firestore: 0, storage: 0 },
};

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
  runs: [ONE_OF_EACH],
  cpuMicros: Fraction.of(25),
  prices: readPrices(),
  assumptions: readAssumptions(undefined, [`batch=${some.runs?.at(-1)?.batch ?? 1}`]),
  ...some,
});
