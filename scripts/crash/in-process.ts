import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import type { Config } from '../../shared/edge/config.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import { Suite } from '../../shared/wiring/suite.ts';
import { type Audit, auditStore } from './audit.ts';
import { Client, type ClientOptions } from './client.ts';
import { crashConfig, prepare } from './store.ts';

/** What a run has in hand while the suite works. */
export interface Stage {
  readonly suite: Suite;
  readonly client: Client;
  readonly config: Config;
}

export interface StageOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly client?: Pick<ClientOptions, 'time' | 'forgivable'>;
  /** told of each thread that the suite starts */
  readonly onWorker?: (worker: Worker) => void;
}

/** Jobs and doorbells fail while the suite is harmed, and are done again; only the process must not end. */
const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Runs the suite in this process, with its own wiring, has it harmed, stops it and audits what it left. */
export async function onStage(work: (stage: Stage) => Promise<void>, options: StageOptions = {}): Promise<Audit> {
  const { settings, clock = new SystemClock(), onWorker } = options;
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-crash-'));
  if (onWorker !== undefined) process.on('worker', onWorker);
  try {
    const config = await crashConfig(folder, settings);
    const keys = await prepare(config, clock);
    const suite = await Suite.start({ config, clock, entropy: new SystemEntropy(), log: SILENT });
    const client = new Client({ url: suite.url, keys, ...options.client });
    try {
      suite.schedule();
      await work({ suite, client, config });
    } finally {
      client.halt();
      await suite.close();
    }
    return await auditStore(config, client, clock);
  } finally {
    if (onWorker !== undefined) process.off('worker', onWorker);
    await rm(folder, { recursive: true, force: true });
  }
}
