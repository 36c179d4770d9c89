import type { Decisions, Lane } from './choosers.ts';
import { Counts } from './counts.ts';
import { drawScenario } from './draw.ts';
import type { Outcome } from './gate.ts';
import type { Limits, ScenarioOptions } from './scenario.ts';
import { runSchedule } from './schedule.ts';
import { startWorker } from './start-worker.ts';
import type { AnsweredCrypto } from './web-crypto.ts';

/** A run that broke a promise, and all that is needed to make it again. */
export interface Failure extends ScenarioOptions {
  readonly rule: string;
  readonly detail: string;
  readonly decisions: DecisionLists;
}

/** Decisions as they are written down: step and what was decided, where it was not the default. */
export interface DecisionLists {
  readonly picks: readonly (readonly [step: number, index: number])[];
  readonly faults: readonly (readonly [step: number, outcome: Outcome])[];
}

export const listsOf = ({ picks, faults }: Decisions): DecisionLists => ({ picks: [...picks], faults: [...faults] });
export const decisionsOf = ({ picks, faults }: DecisionLists): Decisions => ({
  picks: new Map(picks),
  faults: new Map(faults),
});

/** Seeds from `seed` on, all in one lane and under one limit. */
export interface Stretch {
  readonly seed: number;
  readonly schedules: number;
  readonly lane: Lane;
  readonly limits: Limits;
}

export interface StretchResult {
  readonly lane: Lane;
  readonly limits: Limits;
  readonly schedules: number;
  readonly steps: number;
  readonly cpuMilliseconds: number;
  /** virtual microseconds */
  readonly mirrorLag: number;
  readonly counts: readonly (readonly [string, number])[];
  readonly failures: readonly Failure[];
}

/** Failures of one stretch that are worth looking at; after them it ends. */
const FAILURES_MAX = 3;

/** Makes one stretch's runs. @param onRun called after each; true ends the stretch */
export async function runStretch(
  { seed, schedules, lane, limits }: Stretch,
  crypto: AnsweredCrypto,
  failuresMax = FAILURES_MAX,
): Promise<StretchResult> {
  const counts = new Counts();
  const failures: Failure[] = [];
  const begun = process.threadCpuUsage();
  let done = 0;
  let steps = 0;
  let mirrorLag = 0;
  for (; done < schedules && failures.length < failuresMax; done++) {
    const options = { seed: seed + done, lane, limits };
    const result = await runSchedule(drawScenario(options), crypto);
    steps += result.steps;
    mirrorLag = Math.max(mirrorLag, result.mirrorLag);
    counts.add(result.counts.counts);
    const { violation, decisions } = result;
    if (violation !== undefined) {
      failures.push({ ...options, rule: violation.rule, detail: violation.message, decisions: listsOf(decisions) });
    }
    // Others of this process come to their turn.
    if (done % 16 === 15) await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.threadCpuUsage(begun);
  const cpuMilliseconds = (user + system) / 1000;
  return { lane, limits, schedules: done, steps, cpuMilliseconds, mirrorLag, counts: [...counts.counts], failures };
}

export interface Campaign {
  readonly seed: number;
  readonly schedules: number;
  readonly lanes: readonly Lane[];
  readonly limits: readonly Limits[];
  readonly workers: number;
  readonly say: (line: string) => void;
}

export interface CampaignResult {
  readonly seed: number;
  readonly schedules: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly stepsPerSchedule: number;
  readonly mirrorLagSeconds: number;
  readonly parts: readonly { readonly lane: Lane; readonly limits: Limits; readonly schedules: number }[];
  readonly counts: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
}

/** Runs of one worker's turn. */
const STRETCH = 250;

/** Shares the runs out among workers; the same seeds and so the same runs, however many there are. */
export async function runCampaign({ seed, schedules, lanes, limits, workers, say }: Campaign): Promise<CampaignResult> {
  const started = performance.now();
  const parts = lanes.flatMap((lane) => limits.map((limit) => ({ lane, limits: limit })));
  const each = Math.ceil(schedules / parts.length);
  const stretches: Stretch[] = [];
  for (let from = 0; from < each; from += STRETCH) {
    for (const part of parts) stretches.push({ ...part, seed: seed + from, schedules: Math.min(STRETCH, each - from) });
  }
  const results: StretchResult[] = [];
  let next = 0;
  let said = 0;
  const take = (): Stretch | undefined => (tooMany(results) ? undefined : stretches[next++]);
  await Promise.all(
    Array.from({ length: workers }, () =>
      inWorker(take, (result) => {
        results.push(result);
        const done = results.reduce((sum, one) => sum + one.schedules, 0);
        if (done - said < 5000) return;
        said = done;
        say(`${done} of ${each * parts.length} schedules`);
      }),
    ),
  );
  const total = (value: (result: StretchResult) => number): number => results.reduce((sum, one) => sum + value(one), 0);
  const counts = new Counts();
  for (const result of results) counts.add(result.counts);
  const done = total((result) => result.schedules);
  return {
    seed,
    schedules: done,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    cpuSeconds: Math.round(total((result) => result.cpuMilliseconds) / 100) / 10,
    stepsPerSchedule: Math.round(total((result) => result.steps) / Math.max(1, done)),
    mirrorLagSeconds: Math.max(0, ...results.map(({ mirrorLag }) => mirrorLag)) / 1_000_000,
    parts: parts.map((part) => ({
      ...part,
      schedules: results
        .filter((result) => result.lane === part.lane && result.limits === part.limits)
        .reduce((sum, result) => sum + result.schedules, 0),
    })),
    counts: Object.fromEntries([...counts.counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    failures: results.flatMap((result) => result.failures).sort((a, b) => a.seed - b.seed),
  };
}

const tooMany = (results: readonly StretchResult[]): boolean =>
  results.reduce((sum, { failures }) => sum + failures.length, 0) >= FAILURES_MAX;

function inWorker(take: () => Stretch | undefined, onResult: (result: StretchResult) => void): Promise<void> {
  const worker = startWorker();
  return new Promise<void>((resolve, reject) => {
    const give = (): void => {
      const stretch = take();
      worker.postMessage(stretch ?? null);
    };
    worker.on('message', (result: StretchResult) => {
      onResult(result);
      give();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
    give();
  });
}
