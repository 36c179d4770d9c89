import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CampaignResult, type DecisionLists, decisionsOf, type Failure, listsOf } from './campaign.ts';
import { type Lane, PlannedChooser } from './choosers.ts';
import { drawScenario } from './draw.ts';
import type { ExhaustiveResult } from './exhaustive.ts';
import type { MutantResult } from './mutants.ts';
import type { ScenarioOptions } from './scenario.ts';
import { runSchedule } from './schedule.ts';
import { shrink } from './shrink.ts';
import { missed, SOMETIMES } from './sometimes.ts';
import { AnsweredCrypto } from './web-crypto.ts';

type Say = (line: string) => void;

/** The end of a trace is what tells; the whole of it is printed by `--replay`. */
const LINES_SHOWN = 120;
/** From so many runs on, what never happened is a failure of the run. */
const RUNS_THAT_TRY_ALL = 4000;

/** @returns whether every promise was kept and everything was tried */
export function printCampaign(result: CampaignResult, lanes: readonly Lane[], say: Say): boolean {
  const { schedules, seconds, cpuSeconds, stepsPerSchedule, mirrorLagSeconds, counts, failures } = result;
  for (const part of result.parts) say(`lane ${part.lane}, ${part.limits} limits: ${part.schedules} schedules`);
  say(
    `${schedules} schedules of ${stepsPerSchedule} steps in ${seconds} s; ${cpuSeconds} s of CPU: ${Math.round(schedules / cpuSeconds)} a second and core`,
  );
  say(`the mirror was ${mirrorLagSeconds} virtual seconds behind at most once nothing failed any more`);
  const faults = Object.entries(counts).filter(([what]) => what.startsWith('fault: '));
  const injected = faults.reduce((sum, [, times]) => sum + times, 0);
  say(`${injected} failures were injected, at ${faults.length} different places and in different ways`);
  say('some time:');
  for (const { what } of SOMETIMES) if ((counts[what] ?? 0) > 0) say(`  ${String(counts[what]).padStart(8)}  ${what}`);
  const never = missed(counts, lanes);
  for (const what of never) say(`     never  ${what}`);
  for (const { rule, detail, seed, lane, limits } of failures)
    say(`BROKEN ${rule} in lane ${lane}, ${limits} limits, seed ${seed}: ${detail}`);
  const isTried = never.length === 0 || schedules < RUNS_THAT_TRY_ALL;
  say(failures.length > 0 ? 'a promise was broken' : isTried ? 'every promise was kept' : 'not everything was tried');
  return failures.length === 0 && isTried;
}

/** `runSchedule`, or what judges its runs by a promise of its own as well. */
type Runner = typeof runSchedule;

/** Makes failures small, prints them and writes them down for `--replay`. @returns the files */
export async function shrinkFailures(
  failures: readonly Failure[],
  say: Say,
  run: Runner = runSchedule,
): Promise<string[]> {
  const files: string[] = [];
  if (failures.length === 0) return files;
  const crypto = await AnsweredCrypto.install();
  for (const failure of failures.slice(0, 2)) {
    const { seed, lane, limits } = failure;
    const scenario = drawScenario({ seed, lane, limits });
    const small = await shrink(decisionsOf(failure.decisions), (chooser) =>
      run(scenario, crypto, { chooser, isTraced: true }),
    );
    const { picks, faults } = small.decisions;
    say('');
    say(
      `seed ${seed}, lane ${lane}, ${limits} limits, ${faults.size} failures and ${picks.size} odd turns are enough:`,
    );
    for (const line of small.trace.slice(-LINES_SHOWN)) say(`  ${line}`);
    say(`  ${small.violation?.message ?? 'shrunk, it no longer fails'}`);
    const file = join(tmpdir(), `tallystick-simulation-${lane}-${limits}-${seed}.json`);
    await writeFile(file, `${JSON.stringify({ seed, lane, limits, decisions: listsOf(small.decisions) })}\n`);
    say(`again: npm run simulate -- --replay ${file}`);
    files.push(file);
  }
  crypto.restore();
  return files;
}

/** Makes one run and prints it. @returns whether every promise was kept */
export async function replay(
  { seed, lane, limits, decisions }: ScenarioOptions & { readonly decisions?: DecisionLists },
  say: Say,
  run: Runner = runSchedule,
): Promise<boolean> {
  const crypto = await AnsweredCrypto.install();
  const chooser = decisions === undefined ? undefined : new PlannedChooser(decisionsOf(decisions));
  const result = await run(drawScenario({ seed, lane, limits }), crypto, {
    isTraced: true,
    ...(chooser !== undefined && { chooser }),
  });
  crypto.restore();
  for (const line of result.trace) say(line);
  say(`SHA-256 of the trace: ${result.traceHash}`);
  say(result.violation === undefined ? 'every promise was kept' : `BROKEN ${result.violation.message}`);
  return result.violation === undefined;
}

/** @returns whether every promise was kept */
export function printExhaustive(result: ExhaustiveResult, say: Say): boolean {
  const { pass, stride, seconds, cpuMilliseconds, runs, steps, points, sites, doubles, failures } = result;
  const name = {
    single: 'every single failure',
    pairs: 'pairs of failures',
    crashes: 'crashes, and crashes while recovering',
  };
  say(`${name[pass]} of the canonical story${stride === 1 ? '' : `, every ${stride}th second failure`}:`);
  say(
    `${points} points of failure, of ${sites} kinds; ${runs} runs of ${Math.round(steps / runs)} steps, ${doubles} with two failures`,
  );
  say(`${seconds} s, ${Math.round(cpuMilliseconds / 100) / 10} s of CPU`);
  for (const { rule, detail, decisions } of failures)
    say(
      `BROKEN ${rule} with ${decisions.faults.map(([step, outcome]) => `${outcome} at ${step}`).join(' and ')}: ${detail}`,
    );
  say(failures.length > 0 ? 'a promise was broken' : 'every promise was kept');
  return failures.length === 0;
}

/** One line per mutant: which lane found it after how many runs, and by which promise. */
export function printMutant({ mutant, hunts }: MutantResult, say: Say): void {
  const found = hunts.map(({ lane, schedules, rule }) =>
    rule === undefined ? `${lane} not in ${schedules}` : `${lane} after ${schedules} (${rule})`,
  );
  say(`${hunts.some(({ rule }) => rule !== undefined) ? 'found  ' : 'MISSED '} ${mutant.title}: ${found.join(', ')}`);
}
