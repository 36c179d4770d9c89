import { Command, InvalidArgumentError } from 'commander';
import { SystemClock } from '../../../shared/adapters/local/clock.ts';
import { BATCH_EVENTS, batchBody } from '../events.ts';

/** What every peer is told: how many events, of how many tenants, and how many before the clock runs. */
export interface PeerOptions {
  readonly events: number;
  readonly tenants: number;
  readonly warmup: number;
}

export const countOf = (text: string): number => {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number below 1,000,000,000.');
};

/** The command line that all peers share; a peer adds its own options. */
export const peerCommand = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .option('--events <count>', `measured events, rounded up to whole batches of ${BATCH_EVENTS}`, countOf, 100_000)
    .option('--tenants <count>', 'organizations they are of, in turn', countOf, 50)
    .option('--warmup <count>', 'events taken in before the clock runs', countOf, 10_000);

export interface Batch {
  readonly tenantIndex: number;
  readonly body: Buffer;
}

/** The batches of a run, warm-up first: the tenants in turn, every peer the same ones. */
export class Feed {
  readonly warmupBatches: number;
  readonly measuredBatches: number;
  readonly #tenants: number;
  readonly #now = new SystemClock().now();

  constructor({ events, tenants, warmup }: PeerOptions) {
    this.warmupBatches = Math.ceil(warmup / BATCH_EVENTS);
    this.measuredBatches = Math.ceil(events / BATCH_EVENTS);
    this.#tenants = Math.max(1, tenants);
  }

  get measuredEvents(): number {
    return this.measuredBatches * BATCH_EVENTS;
  }

  get allEvents(): number {
    return (this.warmupBatches + this.measuredBatches) * BATCH_EVENTS;
  }

  batch(index: number): Batch {
    const tenantIndex = index % this.#tenants;
    const body = batchBody(tenantIndex, Math.floor(index / this.#tenants), BATCH_EVENTS, this.#now);
    return { tenantIndex, body };
  }
}

/** The one line a peer prints: figures that all have, and what is particular to it. */
export interface PeerResult {
  readonly peer: string;
  readonly events: number;
  readonly seconds: number;
  /** of every process that worked on it, the database's too */
  readonly cpuMicrosPerEvent: number;
  readonly bytesOnDiskPerEvent: number;
  /** what is durable when an append has been answered */
  readonly durability: string;
}

const tidy = (_name: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(6)) : value;

export function print<Result extends PeerResult>(result: Result): void {
  const eventsPerSecond = Math.round(result.events / result.seconds);
  process.stdout.write(`${JSON.stringify({ ...result, eventsPerSecond }, tidy)}\n`);
}
