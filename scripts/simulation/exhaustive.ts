import { type Failure, listsOf } from './campaign.ts';
import { canonicalScenario } from './canonical.ts';
import { PlannedChooser } from './choosers.ts';
import type { Crash, Fault, Outcome } from './gate.ts';
import { runSchedule } from './schedule.ts';
import { startWorker } from './start-worker.ts';
import type { AnsweredCrypto } from './web-crypto.ts';

/** One call of the canonical story, and one way in which it can end. */
export interface FaultPoint {
  readonly step: number;
  /** function and operation, e.g. `seal-ledger database.commit` */
  readonly site: string;
  readonly outcome: Fault | Crash;
}

/** `single`: every failure at every call; `pairs`: each with every later one; `crashes`: each crash with every later one. */
export const PASSES = ['single', 'pairs', 'crashes'] as const;
export type Pass = (typeof PASSES)[number];

export const isCrash = ({ outcome }: FaultPoint): boolean => outcome === 'crash-before' || outcome === 'crash-after';

/** Part `part` of `parts` of the firsts: every so-manieth. */
export interface Share {
  readonly pass: Pass;
  readonly part: number;
  readonly parts: number;
  /** only every so-manieth of the later failures; 1 is all of them */
  readonly stride: number;
}

export interface ShareResult {
  readonly runs: number;
  readonly steps: number;
  readonly cpuMilliseconds: number;
  /** failures that were injected first, and the sites they are at */
  readonly points: number;
  readonly sites: readonly string[];
  /** runs in which the second failure struck, too */
  readonly doubles: number;
  readonly failures: readonly Failure[];
}

/** Every failure that can strike after a step of a run with those failures. */
async function pointsAfter(faults: ReadonlyMap<number, Outcome>, crypto: AnsweredCrypto, after: number) {
  const chooser = new PlannedChooser({ picks: new Map(), faults });
  const result = await runSchedule(canonicalScenario(), crypto, { chooser });
  const points: FaultPoint[] = [];
  for (const [step, { kind, op, faults: known }] of chooser.points) {
    if (step > after) for (const outcome of known) points.push({ step, site: `${kind} ${op}`, outcome });
  }
  return { result, points };
}

/** Failures of a share that are worth looking at; after them it ends. */
const FAILURES_MAX = 5;

/** Makes every run of a share. */
export async function runShare({ pass, part, parts, stride }: Share, crypto: AnsweredCrypto): Promise<ShareResult> {
  const begun = process.threadCpuUsage();
  const failures: Failure[] = [];
  const sites = new Set<string>();
  let [runs, steps, firsts, doubles, nth] = [0, 0, 0, 0, 0];
  const judge = (result: Awaited<ReturnType<typeof runSchedule>>): void => {
    runs++;
    steps += result.steps;
    const { violation, decisions } = result;
    if (violation === undefined) return;
    const where = { seed: 1, lane: 'A', limits: 'tight' } as const;
    failures.push({ ...where, rule: violation.rule, detail: violation.message, decisions: listsOf(decisions) });
  };
  const { points } = await pointsAfter(new Map(), crypto, -1);
  const wanted = pass === 'crashes' ? points.filter(isCrash) : points;
  for (const [i, first] of wanted.entries()) {
    if (i % parts !== part || failures.length >= FAILURES_MAX) continue;
    firsts++;
    sites.add(`${first.site} ${first.outcome}`);
    const alone = await pointsAfter(new Map([[first.step, first.outcome]]), crypto, first.step);
    judge(alone.result);
    const seconds = pass === 'single' ? [] : pass === 'crashes' ? alone.points.filter(isCrash) : alone.points;
    for (const second of seconds) {
      if (nth++ % stride !== 0 || failures.length >= FAILURES_MAX) continue;
      const faults = new Map<number, Outcome>([
        [first.step, first.outcome],
        [second.step, second.outcome],
      ]);
      judge(
        await runSchedule(canonicalScenario(), crypto, { chooser: new PlannedChooser({ picks: new Map(), faults }) }),
      );
      doubles++;
    }
    if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.threadCpuUsage(begun);
  const cpuMilliseconds = (user + system) / 1000;
  return { runs, steps, cpuMilliseconds, points: firsts, sites: [...sites], doubles, failures };
}

export interface ExhaustiveResult extends Omit<ShareResult, 'sites'> {
  readonly pass: Pass;
  readonly stride: number;
  readonly seconds: number;
  readonly sites: number;
}

/** The whole pass, shared out among workers. */
export async function runExhaustive(pass: Pass, stride: number, workers: number): Promise<ExhaustiveResult> {
  const started = performance.now();
  const shares = await Promise.all(
    Array.from({ length: workers }, (_, part) => inWorker({ pass, part, parts: workers, stride })),
  );
  const total = (value: (share: ShareResult) => number): number => shares.reduce((sum, one) => sum + value(one), 0);
  return {
    pass,
    stride,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    runs: total((share) => share.runs),
    steps: total((share) => share.steps),
    cpuMilliseconds: total((share) => share.cpuMilliseconds),
    points: total((share) => share.points),
    doubles: total((share) => share.doubles),
    sites: new Set(shares.flatMap((share) => share.sites)).size,
    failures: shares.flatMap((share) => share.failures),
  };
}

function inWorker(share: Share): Promise<ShareResult> {
  const worker = startWorker(share);
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}
