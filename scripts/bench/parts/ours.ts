import { BATCH_EVENTS } from '../events.ts';
import { Histogram, type Latency, latencyOf } from '../load/histogram.ts';
import { type LoadPlan, type StreamPlan, type StreamResult, wallMilliseconds } from '../load/plan.ts';
import { makeLoad } from '../load/spawn.ts';
import { inFolder } from '../peers/folder.ts';
import { type Audit, auditStore } from '../suite/audit.ts';
import { type DiskUse, diskUse, perEvent, totalOf } from '../suite/disk.ts';
import { SuiteProcess } from '../suite/process.ts';
import { type BenchStore, copyStore } from '../suite/store.ts';
import { entriesFor, type Progress, StoreWatch } from '../suite/watch.ts';

/** What one round of taking usage in end to end came to. */
export interface OursRound {
  readonly tenants: number;
  readonly events: number;
  /** from the first request until everything is receipted, mirrored and in a published seal */
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** until the last answer alone */
  readonly acceptedSeconds: number;
  readonly cpuMicrosPerEvent: number;
  readonly generatorMicrosPerEvent: number;
  readonly peakRssBytes: number;
  readonly latency: Latency;
  readonly statuses: Readonly<Record<string, number>>;
  /** with the suite still running, and after it has stopped */
  readonly diskPerEvent: { readonly running: DiskUse; readonly stopped: DiskUse; readonly total: number };
  readonly progress: Progress;
  readonly audit: Audit;
}

export interface OursOptions {
  readonly tenants: number;
  readonly events: number;
  readonly warmup: number;
  readonly connections: number;
  readonly pin: number | undefined;
}

/** A sweep is asked for where the sealing interval has let the last doorbells pass. */
const SWEEP = 'reconcile-chain/sweep?passes=1';

/** Batches over the first organizations of a copy of a store, through the suite as a process of its own. */
export async function oursRound(template: BenchStore, options: OursOptions): Promise<OursRound> {
  return inFolder(async (folder) => {
    const store = await copyStore(template, folder);
    const fresh = await diskUse(store.folder);
    const suite = await SuiteProcess.launch(store);
    let ended: number | undefined;
    try {
      const measured = await measure(suite, store, options);
      const running = await diskUse(store.folder);
      ended = await suite.stop();
      const stopped = await diskUse(store.folder);
      const { sent, ...figures } = measured;
      const all = sent.reduce((sum, { requests, size }) => sum + requests * size, 0);
      const audit = await auditStore(store, sent);
      const complaints = [...complaintsOf(sent), ...audit.complaints];
      if (ended !== 0) complaints.push(`the suite stopped with ${ended}`);
      return {
        ...figures,
        diskPerEvent: {
          running: perEvent(fresh, running, all),
          stopped: perEvent(fresh, stopped, all),
          total: (totalOf(stopped) - totalOf(fresh)) / all,
        },
        audit: { ...audit, complaints },
      };
    } finally {
      if (ended === undefined) await suite.stop();
    }
  });
}

/** What answers alone tell: every event was accepted in the end. */
export const complaintsOf = (sent: readonly StreamResult[]): string[] =>
  sent.flatMap(({ name, refused, unanswered, refusedEvents, statuses }) =>
    refused.length + unanswered.length + refusedEvents === 0
      ? []
      : [
          `${name}: ${refused.length} requests refused, ${unanswered.length} unanswered, ${refusedEvents} events refused: ${JSON.stringify(statuses)}`,
        ],
  );

async function measure(suite: SuiteProcess, store: BenchStore, options: OursOptions) {
  const { tenants, connections, pin } = options;
  const watch = new StoreWatch(store.folder);
  try {
    const stream = (name: string, events: number, firstBatch: number): StreamPlan => ({
      ...{ name, firstTenant: 0, keys: store.keys.slice(0, tenants), size: BATCH_EVENTS, firstBatch },
      pace: { kind: 'closed', connections, requests: Math.ceil(events / BATCH_EVENTS) },
    });
    const plan = (one: StreamPlan): LoadPlan => ({
      ...{ port: suite.port, streams: [one], windowMilliseconds: 0, graceSeconds: 60 },
    });
    // At least one batch of each, so that every log has begun and every key is known.
    const warmup = stream('warm-up', Math.max(options.warmup, tenants * BATCH_EVENTS), 0);
    const warmed = (await makeLoad(plan(warmup), { core: pin })).streams[0]!;
    const entries = entriesFor(warmed.requests * BATCH_EVENTS, tenants);
    await settledOrSwept(watch, entries, suite);

    const measured = stream('measured', options.events, Math.ceil(warmed.requests / tenants));
    suite.forgetPeak();
    const cpu = suite.cpuMicros();
    const made = await makeLoad(plan(measured), { core: pin });
    const progress = await settledOrSwept(watch, entries + made.events, suite);
    const seconds = (wallMilliseconds() - made.begunAt) / 1000;
    const result = made.streams[0]!;
    return {
      sent: [warmed, result],
      tenants,
      events: made.events,
      seconds,
      eventsPerSecond: made.events / seconds,
      acceptedSeconds: result.seconds,
      cpuMicrosPerEvent: (suite.cpuMicros() - cpu) / made.events,
      generatorMicrosPerEvent: made.cpuMicros / made.events,
      peakRssBytes: suite.memory().peak,
      latency: latencyOf(Histogram.from(result.latency)),
      statuses: result.statuses,
      progress,
    };
  } finally {
    watch.close();
  }
}

/** Waits until everything is settled; where seals have an interval, asks for the last one as the scheduler would. */
export async function settledOrSwept(watch: StoreWatch, entries: number, suite: SuiteProcess): Promise<Progress> {
  const sweep = setInterval(() => {
    const now = watch.entries();
    if (now >= entries && watch.sealed() < now) suite.job(SWEEP).catch(() => undefined);
  }, 1000);
  try {
    return await watch.settled(entries);
  } finally {
    clearInterval(sweep);
  }
}
