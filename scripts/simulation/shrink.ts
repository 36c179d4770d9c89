import type { Decisions } from './choosers.ts';
import type { Outcome } from './gate.ts';
import type { ScheduleResult } from './schedule.ts';

type Decision =
  | { readonly kind: 'fault'; readonly step: number; readonly outcome: Outcome }
  | { readonly kind: 'pick'; readonly step: number; readonly index: number };

const planOf = (decisions: readonly Decision[]): Decisions => ({
  picks: new Map(decisions.flatMap((one) => (one.kind === 'pick' ? [[one.step, one.index]] : []))),
  faults: new Map(decisions.flatMap((one) => (one.kind === 'fault' ? [[one.step, one.outcome]] : []))),
});

/**
 * Leaves out decisions as long as the run still breaks the same promise (delta debugging, Zeller and Hildebrandt 2002): first
 * failures, then odd turns.
 * @param made makes the run that a list of decisions is
 * @param runsMax how many runs that may take
 */
export async function shrink(
  failing: Decisions,
  made: (decisions: Decisions) => Promise<ScheduleResult>,
  runsMax = 400,
): Promise<ScheduleResult> {
  let runs = 0;
  const run = (decisions: readonly Decision[]): Promise<ScheduleResult> => {
    runs++;
    return made(planOf(decisions));
  };
  const faults: Decision[] = [...failing.faults].map(([step, outcome]) => ({ kind: 'fault', step, outcome }));
  const picks: Decision[] = [...failing.picks].map(([step, index]) => ({ kind: 'pick', step, index }));
  let best = await run([...faults, ...picks]);
  const rule = best.violation?.rule;
  if (rule === undefined) return best;
  const reduce = async (decisions: readonly Decision[], others: readonly Decision[]): Promise<readonly Decision[]> => {
    let kept = decisions;
    for (let parts = 2; kept.length > 0 && runs < runsMax; ) {
      const size = Math.ceil(kept.length / parts);
      let isLess = false;
      for (let from = 0; from < kept.length && runs < runsMax; from += size) {
        const fewer = [...kept.slice(0, from), ...kept.slice(from + size)];
        const result = await run([...fewer, ...others]);
        if (result.violation?.rule !== rule) continue;
        best = result;
        kept = fewer;
        isLess = true;
        break;
      }
      if (isLess) parts = Math.max(2, parts - 1);
      else if (size === 1) break;
      else parts = Math.min(kept.length, parts * 2);
    }
    return kept;
  };
  // Without a failure the order alone may do it, and without odd turns the failures.
  const fewFaults = await reduce(faults, picks);
  await reduce(picks, fewFaults);
  return best;
}
