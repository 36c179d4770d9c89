import { join } from 'node:path';
import { rounded, shown } from '../figures.ts';
import { Histogram, type Latency, latencyOf } from '../load/histogram.ts';
import type { LoadPlan, LoadWindow, StreamPlan } from '../load/plan.ts';
import { makeLoad } from '../load/spawn.ts';
import { inFolder } from '../peers/folder.ts';
import { type Audit, auditStore } from '../suite/audit.ts';
import { SuiteProcess } from '../suite/process.ts';
import { prepareStore } from '../suite/store.ts';
import { entriesFor, StoreWatch } from '../suite/watch.ts';
import { complaintsOf, settledOrSwept } from './ours.ts';
import { slopeOf } from './singles.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly warmupSeconds: number;
  /** single requests a second */
  readonly rate: number;
  /** batches a second, and events of one */
  readonly batchRate: number;
  readonly batchEvents: number;
  readonly windowSeconds: number;
  readonly tenants: number;
  readonly connections: number;
  readonly pin: number | undefined;
  readonly say: (line: string) => void;
}

/** One line of the soak. */
export interface SoakLine {
  /** seconds since the load began */
  readonly at: number;
  /** mean of the window */
  readonly rssBytes: number;
  /** after the last collection of each isolate, all together */
  readonly heapBytes: number;
  readonly accepted: number;
  readonly refused: number;
  readonly singles: Latency;
  readonly batches: Latency;
  /** accepted events that are not receipts yet */
  readonly backlog: number;
}

export interface Soak {
  readonly lines: readonly SoakLine[];
  /** megabytes a minute, least squares */
  readonly rssSlope: { readonly all: number; readonly secondHalf: number };
  /** p99 of single requests in the first and the last third, in ms, and by how many per cent the last is higher */
  readonly p99: { readonly first: number; readonly last: number; readonly driftPercent: number };
  readonly peakRssBytes: number;
  readonly suiteMicrosPerEvent: number;
  readonly audit: Audit;
}

/** One organization in five sends batches, the others single requests. */
const BATCH_SHARE = 5;

/** A constant rate for a long time: does memory grow, do answers get slower? */
export async function soak(options: SoakOptions): Promise<Soak> {
  return inFolder(async (folder) => {
    const store = await prepareStore(join(folder, 'store'), options.tenants, {});
    const heaps = new Heaps();
    const suite = await SuiteProcess.launch(store, (line) => heaps.hear(line));
    const watch = new StoreWatch(store.folder);
    let ended: number | undefined;
    try {
      const senders = Math.max(1, Math.floor(options.tenants / BATCH_SHARE));
      const stream = (
        name: string,
        firstTenant: number,
        keys: readonly string[],
        size: number,
        perSecond: number,
      ): StreamPlan => ({
        ...{ name, firstTenant, keys, size, firstBatch: 0 },
        pace: {
          ...({ kind: 'open', perSecond, arrival: 'poisson', connections: options.connections } as const),
          seconds: options.warmupSeconds + options.minutes * 60,
        },
      });
      const plan: LoadPlan = {
        port: suite.port,
        streams: [
          stream('singles', senders, store.keys.slice(senders), 1, options.rate),
          stream('batches', 0, store.keys.slice(0, senders), options.batchEvents, options.batchRate),
        ],
        windowMilliseconds: options.windowSeconds * 1000,
        graceSeconds: 30,
      };
      const lines: SoakLine[] = [];
      const windows: LoadWindow[] = [];
      const rss: number[] = [];
      const sampling = setInterval(() => rss.push(suite.memory().now), 1000);
      const cpu = suite.cpuMicros();
      const telling = (window: LoadWindow): void => {
        if (window.at > options.warmupSeconds) windows.push(window);
        const line = lineOf(window, rss.splice(0), heaps.bytes, watch.entries());
        if (window.at > options.warmupSeconds) lines.push(line);
        options.say(told(line));
      };
      const load = makeLoad(plan, { core: options.pin }, telling);
      const made = await load.finally(() => clearInterval(sampling));
      const suiteMicrosPerEvent = (suite.cpuMicros() - cpu) / made.events;
      const complaints = complaintsOf(made.streams);
      const begun = made.streams.reduce((sum, { requests, tenants }) => sum + Math.min(requests, tenants), 0);
      await settledOrSwept(watch, entriesFor(0, begun) + acceptedIn(made.streams), suite);
      const peakRssBytes = suite.memory().peak;
      ended = await suite.stop();
      const audit = await auditStore(store, made.streams);
      complaints.push(...audit.complaints);
      if (ended !== 0) complaints.push(`the suite stopped with ${ended}`);
      return { lines, ...trendOf(lines, windows), peakRssBytes, suiteMicrosPerEvent, audit: { ...audit, complaints } };
    } finally {
      watch.close();
      if (ended === undefined) await suite.stop();
    }
  });
}

const acceptedIn = (streams: readonly { readonly accepted: number; readonly size: number }[]): number =>
  streams.reduce((sum, { accepted, size }) => sum + accepted * size, 0);

function lineOf({ at, streams }: LoadWindow, rss: readonly number[], heapBytes: number, entries: number): SoakLine {
  const [singles, batches] = streams.map(({ latency }) => latencyOf(Histogram.from(latency)));
  const accepted = streams.reduce((sum, { acceptedEvents }) => sum + acceptedEvents, 0);
  return {
    at,
    rssBytes: rss.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, rss.length),
    heapBytes,
    accepted: streams.reduce((sum, stream) => sum + stream.accepted, 0),
    refused: streams.reduce((sum, stream) => sum + stream.refused, 0),
    singles: singles!,
    batches: batches!,
    // A log's genesis and open entries are a few beside all others.
    backlog: Math.max(0, accepted - entries),
  };
}

const told = ({ at, rssBytes, heapBytes, singles, batches, backlog, accepted, refused }: SoakLine): string =>
  `${shown(at).padStart(6)} s  RSS ${rounded(rssBytes / 1e6)} MB, heap ${rounded(heapBytes / 1e6)} MB, ` +
  `singles p50 ${rounded(singles.p50)} p99 ${rounded(singles.p99)} ms, batches p99 ${rounded(batches.p99)} ms, ` +
  `${shown(accepted)} accepted, ${shown(refused)} refused, backlog ${shown(backlog)}`;

/** How memory and answers moved: lines and the windows they were made of. */
export function trendOf(lines: readonly SoakLine[], windows: readonly LoadWindow[]): Pick<Soak, 'rssSlope' | 'p99'> {
  const points = lines.map(({ at, rssBytes }) => [at / 60, rssBytes / 1e6] as const);
  const third = Math.max(1, Math.floor(windows.length / 3));
  const p99 = (some: readonly LoadWindow[]): number => {
    const all = new Histogram();
    for (const { streams } of some) all.add(Histogram.from(streams[0]!.latency));
    return latencyOf(all).p99;
  };
  const first = p99(windows.slice(0, third));
  const last = p99(windows.slice(-third));
  return {
    rssSlope: { all: slopeOf(points), secondHalf: slopeOf(points.slice(Math.floor(points.length / 2))) },
    p99: { first, last, driftPercent: first === 0 ? 0 : (last / first - 1) * 100 },
  };
}

/** What V8 says after each collection (`--trace-gc`): the one way to see a heap from outside without stopping it. */
export class Heaps {
  readonly #bytes = new Map<string, number>();

  hear(line: string): void {
    const said = /^\[\d+:(0x[0-9a-f]+)(?::\d+)?\].*-> ([\d.]+) \([\d.]+\) MB/.exec(line);
    if (said !== null) this.#bytes.set(said[1]!, Number(said[2]) * 1024 * 1024);
  }

  get bytes(): number {
    return [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}
