import { rounded, shown, tableOf } from '../figures.ts';
import { Histogram, type Latency, latencyOf } from '../load/histogram.ts';
import { type LoadResult, type OpenPace, type StreamPlan, type StreamResult, wallMilliseconds } from '../load/plan.ts';
import { makeLoad } from '../load/spawn.ts';
import { inFolder } from '../peers/folder.ts';
import { type Audit, auditStore } from '../suite/audit.ts';
import { SuiteProcess } from '../suite/process.ts';
import { type BenchStore, copyStore } from '../suite/store.ts';
import { entriesFor, StoreWatch } from '../suite/watch.ts';
import { settledOrSwept } from './ours.ts';

export interface SinglesOptions {
  readonly template: BenchStore;
  readonly tenants: number;
  readonly connections: number;
  readonly arrival: OpenPace['arrival'];
  readonly pin: number | undefined;
  /** the first rate that is tried, and by what the next ones grow */
  readonly from: number;
  readonly factor: number;
  readonly stepSeconds: number;
  readonly bisections: number;
  /** how often a rate that failed is tried once more: a shared machine stalls now and then for reasons of its own */
  readonly secondChances: number;
  readonly latencySeconds: number;
  readonly overloadSeconds: number;
  /** measured before; undefined to search for it */
  readonly knee: number | undefined;
  readonly parts: { readonly latency: boolean; readonly overload: boolean; readonly noisy: boolean };
  readonly say: (line: string) => void;
}

const P99_MILLISECONDS = 100;
const WINDOW_MILLISECONDS = 100;
const GRACE_SECONDS = 30;
const OVERLOAD = 3;
/** Where nothing is sustained, the other parts run at shares of this: so little that something is wrong with the machine. */
const LEAST_PER_SECOND = 10;
const QUIET_PER_SECOND = 50;
const QUIET_CONNECTIONS = 16;
/**
 * Receipts of so many seconds may wait, or grow by no more than this share of the rate: then nothing piles up. A doorbell rests up to
 * three seconds after the last, and what came meanwhile is billed together; more than that is a pile.
 */
const BACKLOG_SECONDS = 3;
const BACKLOG_GROWTH = 0.05;

/** How one rate went. */
export interface Step {
  readonly perSecond: number;
  readonly seconds: number;
  /** requests accepted per second while it lasted */
  readonly goodput: number;
  readonly latency: Latency;
  readonly refusals: Latency;
  readonly statuses: Readonly<Record<string, number>>;
  readonly withoutRetryAfter: number;
  readonly unanswered: number;
  readonly leftAtEnd: number;
  /** accepted events that were not receipts yet: at the end, and how many more each second in the second half */
  readonly backlog: { readonly atEnd: number; readonly perSecond: number; readonly settledSeconds: number };
  readonly peakRssBytes: number;
  readonly suiteMicrosPerRequest: number;
  readonly generatorMicrosPerRequest: number;
  readonly sustained: boolean;
}

export interface Noisy {
  readonly flood: Step;
  readonly quiet: { readonly latency: Latency; readonly statuses: Readonly<Record<string, number>> };
  /** the quiet one's requests that were not accepted */
  readonly refused: number;
}

export interface Singles {
  readonly search: readonly Step[];
  /** requests a second; 0 where not even the least rate is sustained */
  readonly knee: number;
  readonly latencies: readonly { readonly share: number; readonly step: Step }[];
  readonly overload: { readonly step: Step; readonly goodputShare: number; readonly after: Step } | undefined;
  readonly noisy: Noisy | undefined;
  readonly audit: Audit;
}

/** Requests of one event each, at instants that do not wait for answers. */
export async function singles(options: SinglesOptions): Promise<Singles> {
  return inFolder(async (folder) => {
    const store = await copyStore(options.template, folder);
    const suite = await SuiteProcess.launch(store);
    const desk = new Desk(suite, store, options);
    let ended: number | undefined;
    try {
      const figures = await measure(desk, options);
      const complaints = await desk.settle();
      ended = await suite.stop();
      const audit = await auditStore(store, desk.sent);
      complaints.push(...audit.complaints);
      if (ended !== 0) complaints.push(`the suite stopped with ${ended}`);
      return { ...figures, audit: { ...audit, complaints } };
    } finally {
      desk.close();
      if (ended === undefined) await suite.stop();
    }
  });
}

async function measure(desk: Desk, options: SinglesOptions): Promise<Omit<Singles, 'audit'>> {
  const { stepSeconds, latencySeconds, overloadSeconds, parts, say } = options;
  await desk.step(200, Math.min(2, stepSeconds));
  await desk.step(options.from, stepSeconds);
  const search: Step[] = [];
  const found = options.knee ?? (await findKnee(desk, options, search));
  const knee = Math.max(found, LEAST_PER_SECOND);
  const latencies: { share: number; step: Step }[] = [];
  for (const share of parts.latency ? [0.25, 0.5, 0.75] : []) {
    const step = await desk.step(share * knee, latencySeconds);
    say(`singles at ${share * 100} %: ${told(step)}`);
    latencies.push({ share, step });
  }
  let overload: Singles['overload'];
  if (parts.overload) {
    const step = await desk.step(OVERLOAD * knee, overloadSeconds);
    say(`singles at ${OVERLOAD} times the knee: ${told(step)}`);
    const after = await desk.step(0.5 * knee, latencySeconds);
    say(`singles at half the knee after it: ${told(after)}`);
    overload = { step, goodputShare: step.goodput / knee, after };
  }
  const noisy = parts.noisy ? await desk.noisy(OVERLOAD * knee, overloadSeconds) : undefined;
  if (noisy !== undefined) say(`beside a flood: p99 ${rounded(noisy.quiet.latency.p99)} ms, ${noisy.refused} refused`);
  return { search, knee: found, latencies, overload, noisy };
}

/**
 * The highest rate that is sustained: up by steps (or down, where the first is too much), then halfway between the best and the
 * one that failed.
 * @returns 0 where not even a few requests a second are
 */
async function findKnee(desk: Desk, options: SinglesOptions, search: Step[]): Promise<number> {
  const { stepSeconds, factor, bisections, secondChances, say } = options;
  const holds = async (perSecond: number): Promise<boolean> => {
    for (let chance = 0; chance <= secondChances; chance++) {
      const step = await desk.step(perSecond, stepSeconds);
      search.push(step);
      say(`singles: ${told(step)}${step.sustained ? '' : ', not sustained'}`);
      if (step.sustained) return true;
    }
    return false;
  };
  let best = 0;
  let failed = Math.round(options.from);
  while (await holds(failed)) {
    best = failed;
    failed = Math.round(failed * factor);
  }
  for (let lower = failed / factor; best === 0 && lower >= LEAST_PER_SECOND; lower /= factor) {
    if (await holds(Math.round(lower))) best = Math.round(lower);
    else failed = Math.round(lower);
  }
  for (let i = 0; best > 0 && i < bisections; i++) {
    const middle = Math.round((best + failed) / 2);
    if (await holds(middle)) best = middle;
    else failed = middle;
  }
  return best;
}

const told = ({ perSecond, goodput, latency, backlog }: Step): string =>
  `${shown(perSecond)}/s, accepted ${shown(goodput)}/s, p50 ${rounded(latency.p50)} p99 ${rounded(latency.p99)} ms, backlog ${shown(backlog.atEnd)}`;

/** Sends to one suite and keeps account of what was sent. */
class Desk {
  readonly sent: StreamResult[] = [];
  readonly #suite: SuiteProcess;
  readonly #watch: StoreWatch;
  readonly #store: BenchStore;
  readonly #options: SinglesOptions;
  /** each organization's next event */
  #next = 0;
  #accepted = 0;

  constructor(suite: SuiteProcess, store: BenchStore, options: SinglesOptions) {
    this.#suite = suite;
    this.#store = store;
    this.#options = options;
    this.#watch = new StoreWatch(store.folder);
  }

  async step(perSecond: number, seconds: number): Promise<Step> {
    const { tenants } = this.#options;
    return (await this.#offer([this.#stream('singles', 0, tenants, perSecond, seconds)])).step;
  }

  /** One organization floods while another goes on at its usual rate. */
  async noisy(perSecond: number, seconds: number): Promise<Noisy> {
    const flood = this.#stream('flood', 0, 1, perSecond, seconds);
    const other = this.#stream('quiet', 1, 1, QUIET_PER_SECOND, seconds);
    const pace = { ...other.pace, connections: QUIET_CONNECTIONS };
    const { step, results } = await this.#offer([flood, { ...other, pace }]);
    const { latency, statuses, requests, accepted } = results.streams[1]!;
    return {
      flood: step,
      quiet: { latency: latencyOf(Histogram.from(latency)), statuses },
      refused: requests - accepted,
    };
  }

  /** @returns what is wrong: that accepted events did not become receipts */
  async settle(): Promise<string[]> {
    await this.#receipted();
    try {
      await settledOrSwept(this.#watch, this.#watch.entries(), this.#suite);
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  }

  close(): void {
    this.#watch.close();
  }

  #stream(name: string, firstTenant: number, tenants: number, perSecond: number, seconds: number): StreamPlan {
    const { connections, arrival } = this.#options;
    const keys = this.#store.keys.slice(firstTenant, firstTenant + tenants);
    const pace = { kind: 'open', perSecond, seconds, arrival, connections } as const;
    return { name, firstTenant, keys, size: 1, firstBatch: this.#next, pace };
  }

  async #offer(streams: StreamPlan[]): Promise<{ readonly step: Step; readonly results: LoadResult }> {
    const [{ pace, keys }] = streams as [StreamPlan];
    if (pace.kind !== 'open') throw new Error('singles have an open pace');
    const before = this.#accepted;
    const backlog: [at: number, events: number][] = [];
    this.#suite.forgetPeak();
    const cpu = this.#suite.cpuMicros();
    const plan = {
      port: this.#suite.port,
      streams,
      windowMilliseconds: WINDOW_MILLISECONDS,
      graceSeconds: GRACE_SECONDS,
    };
    const results = await makeLoad(plan, { core: this.#options.pin }, ({ at, streams: each }) => {
      const events = before + each.reduce((sum, { acceptedEvents }) => sum + acceptedEvents, 0);
      if (at <= pace.seconds) backlog.push([at, Math.max(0, events - this.#receipts())]);
    });
    const micros = this.#suite.cpuMicros() - cpu;
    if (!this.#suite.isRunning) throw new Error('the suite ended under load');
    for (const stream of results.streams) {
      this.sent.push(stream);
      this.#accepted += stream.accepted;
    }
    // Rates differ, so that streams end at different places; the next begins after the furthest.
    this.#next += Math.max(...results.streams.map(({ requests, tenants }) => Math.ceil(requests / tenants)));
    const settledSeconds = await this.#receipted();
    const result = results.streams[0]!;
    const latency = latencyOf(Histogram.from(result.latency));
    const half = backlog.filter(([at]) => at >= pace.seconds / 2);
    const growth = slopeOf(half);
    const atEnd = half.at(-1)?.[1] ?? 0;
    const piles = atEnd > BACKLOG_SECONDS * pace.perSecond && growth > BACKLOG_GROWTH * pace.perSecond;
    const goodput = result.acceptedInTime / pace.seconds;
    return {
      results,
      step: {
        ...{ perSecond: pace.perSecond, seconds: pace.seconds, goodput, latency },
        refusals: latencyOf(Histogram.from(result.refusals)),
        statuses: result.statuses,
        withoutRetryAfter: result.withoutRetryAfter,
        unanswered: result.unanswered.length,
        leftAtEnd: result.leftAtEnd,
        backlog: { atEnd, perSecond: growth, settledSeconds },
        peakRssBytes: this.#suite.memory().peak,
        suiteMicrosPerRequest: micros / results.requests,
        generatorMicrosPerRequest: results.cpuMicros / results.requests,
        sustained:
          result.accepted === result.requests &&
          latency.p99 < P99_MILLISECONDS &&
          result.leftAtEnd <= (pace.perSecond * P99_MILLISECONDS) / 1000 + keys.length &&
          !piles,
      },
    };
  }

  #receipts(): number {
    return this.#watch.entries() - entriesFor(0, this.#options.tenants);
  }

  /** Waits until everything accepted is a receipt, or nothing moves. @returns how long that took */
  async #receipted(): Promise<number> {
    const begun = wallMilliseconds();
    let last = -1;
    let moved = begun;
    for (;;) {
      const receipts = this.#receipts();
      const now = wallMilliseconds();
      if (receipts !== last) moved = now;
      // What was not answered may have been taken as well: quiet for a moment means that there is no more.
      if (receipts >= this.#accepted && now - moved >= 200) return (moved - begun) / 1000;
      if (now - moved > 30_000) return (moved - begun) / 1000;
      last = receipts;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** By how much y grows with each x: least squares. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const n = points.length;
  if (n < 2) return 0;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const square = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const product = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return square === 0 ? 0 : product / square;
}

export function singlesReport({ knee, latencies, overload, noisy, audit }: Singles): string[] {
  const row = (name: string, step: Step): string[] => [
    name,
    shown(step.perSecond),
    shown(step.goodput),
    ...[step.latency.p50, step.latency.p99, step.latency.p999].map(rounded),
    rounded(step.suiteMicrosPerRequest),
    rounded(step.generatorMicrosPerRequest),
    rounded(step.peakRssBytes / 1e6),
  ];
  const lines = [
    `single events, open loop; the knee is ${shown(knee)} requests/s (p99 under ${P99_MILLISECONDS} ms, no backlog that grows)`,
    ...tableOf(
      ['', 'due/s', 'accepted/s', 'p50, ms', 'p99, ms', 'p99.9, ms', 'CPU µs', 'generator µs', 'peak RSS, MB'],
      [
        ...latencies.map(({ share, step }) => row(`at ${share * 100} % of the knee`, step)),
        ...(overload === undefined
          ? []
          : [row(`at ${OVERLOAD} times the knee`, overload.step), row('at 50 % after that', overload.after)]),
        ...(noisy === undefined ? [] : [row('one organization floods', noisy.flood)]),
      ],
    ),
  ];
  if (overload !== undefined) {
    const { step, goodputShare } = overload;
    lines.push(
      `overload: goodput ${shown(goodputShare * 100)} % of the knee (target >= 80), answers ${JSON.stringify(step.statuses)}, ` +
        `${step.unanswered} unanswered, ${step.withoutRetryAfter} refusals without Retry-After, ` +
        `refusals p50 ${rounded(step.refusals.p50)} p99 ${rounded(step.refusals.p99)} ms`,
    );
  }
  if (noisy !== undefined) {
    const { latency, statuses } = noisy.quiet;
    lines.push(
      `beside the flood, ${QUIET_PER_SECOND}/s of another: p50 ${rounded(latency.p50)} p99 ${rounded(latency.p99)} ms, ` +
        `${noisy.refused} not accepted, answers ${JSON.stringify(statuses)}`,
    );
  }
  lines.push(
    `audited: ${shown(audit.charges)} receipts, ${audit.complaints.length} complaints; ` +
      `${shown(audit.billedUnacknowledged)} events billed once though their answer was a refusal or never came`,
  );
  return lines;
}
