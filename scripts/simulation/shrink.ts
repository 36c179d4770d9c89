import { type Decisions, PlacedChooser, type PlacedFault, PlannedChooser, placesOf } from './choosers.ts';
import type { ScheduleResult } from './schedule.ts';

type Decision =
  | ({ readonly kind: 'fault' } & PlacedFault)
  | { readonly kind: 'pick'; readonly step: number; readonly index: number };

const chooserOf = (decisions: readonly Decision[]): PlacedChooser =>
  new PlacedChooser(
    new Map(decisions.flatMap((one) => (one.kind === 'pick' ? [[one.step, one.index]] : []))),
    decisions.filter((one) => one.kind === 'fault'),
  );

/**
 * Leaves out decisions as long as the run still breaks the same promise (delta debugging, Zeller and Hildebrandt 2002): failures, odd
 * turns, and failures again, for one that is left out moves what others meet. None that is left can be left out alone.
 * @param made makes a run
 * @param runsMax how many runs that may take
 * @returns the smallest run, with its decisions by their steps
 */
export async function shrink(
  failing: Decisions,
  made: (chooser: PlannedChooser | PlacedChooser) => Promise<ScheduleResult>,
  runsMax = 400,
): Promise<ScheduleResult> {
  const first = new PlannedChooser(failing);
  let best = await made(first);
  let runs = 1;
  const rule = best.violation?.rule;
  if (rule === undefined) return best;
  const reduce = async (decisions: readonly Decision[], others: readonly Decision[]): Promise<readonly Decision[]> => {
    let kept = decisions;
    for (let parts = 2; kept.length > 0 && runs < runsMax; ) {
      const size = Math.ceil(kept.length / parts);
      let isLess = false;
      for (let from = 0; from < kept.length && runs < runsMax; from += size) {
        const fewer = [...kept.slice(0, from), ...kept.slice(from + size)];
        runs++;
        const result = await made(chooserOf([...fewer, ...others]));
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
  let faults: readonly Decision[] = placesOf(first).map((place) => ({ kind: 'fault', ...place }));
  let picks: readonly Decision[] = [...failing.picks].map(([step, index]) => ({ kind: 'pick', step, index }));
  for (let had = Number.POSITIVE_INFINITY; faults.length + picks.length < had && runs < runsMax; ) {
    had = faults.length + picks.length;
    faults = await reduce(faults, picks);
    picks = await reduce(picks, faults);
  }
  return best;
}
