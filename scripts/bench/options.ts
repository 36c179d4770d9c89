import { InvalidArgumentError } from 'commander';

/** What one run of the bench measures, by the names that `--only` takes. */
export const PARTS = [
  'throughput',
  'singles',
  'overload',
  'noisy',
  'verify',
  'invoices',
  'reconcile',
  'imports',
] as const;
export type Part = (typeof PARTS)[number];

/** How much of everything. */
export interface Amounts {
  readonly only: readonly Part[];
  readonly rounds: number;
  readonly tenants: number;
  readonly events: number;
  readonly warmup: number;
  readonly signedEvents: number;
  readonly connections: number;
  readonly sealSeconds: number;
  readonly from: number;
  readonly factor: number;
  readonly stepSeconds: number;
  readonly bisections: number;
  readonly secondChances: number;
  readonly singleConnections: number;
  readonly singleSealSeconds: number;
  readonly latencySeconds: number;
  readonly overloadSeconds: number;
  readonly receipts: number;
  readonly invoiceReceipts: number;
  readonly subscriptions: number;
  readonly evidenceReceipts: number;
}

export const FULL: Amounts = {
  only: PARTS,
  rounds: 5,
  tenants: 50,
  events: 200_000,
  warmup: 50_000,
  signedEvents: 10_000,
  connections: 16,
  sealSeconds: 0,
  from: 500,
  factor: 1.5,
  stepSeconds: 4,
  bisections: 3,
  secondChances: 1,
  singleConnections: 512,
  singleSealSeconds: 10,
  latencySeconds: 15,
  overloadSeconds: 10,
  receipts: 100_000,
  invoiceReceipts: 1_000_000,
  subscriptions: 1000,
  evidenceReceipts: 200_000,
};

/** Everything but the imports, which are installed for it, in less than a minute: that it works, not how fast. */
export const SMALL: Amounts = {
  ...FULL,
  only: PARTS.filter((part) => part !== 'imports'),
  rounds: 1,
  tenants: 5,
  events: 5000,
  warmup: 1000,
  signedEvents: 500,
  from: 100,
  factor: 2,
  stepSeconds: 1,
  bisections: 0,
  secondChances: 0,
  singleConnections: 128,
  singleSealSeconds: 1,
  latencySeconds: 1,
  overloadSeconds: 1.5,
  receipts: 5000,
  invoiceReceipts: 2000,
  subscriptions: 20,
  evidenceReceipts: 5000,
};

export function partsOf(text: string): Part[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0) throw new InvalidArgumentError(`${unknown.join(', ')}: the parts are ${PARTS.join(', ')}.`);
  return PARTS.filter((part) => names.includes(part));
}

export const numberOf = (text: string): number => {
  const value = Number(text);
  if (/^[0-9]+(\.[0-9]+)?$/.test(text) && value > 0 && value < 1e9) return value;
  throw new InvalidArgumentError('a number above 0, below 1,000,000,000.');
};

export const wholeOf = (text: string): number => {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number below 1,000,000,000.');
};
