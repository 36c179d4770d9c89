import type { Checked } from './checker.ts';
import { partsOf } from './configurations.ts';

const WIDTH = 36;
const row = (name: string, ...[states, depth, seconds, megabytes]: string[]): string =>
  [name.padEnd(WIDTH), states!.padStart(12), depth!.padStart(7), seconds!.padStart(9), megabytes!.padStart(8)].join(
    ' ',
  );

export const TITLES = `${row('', 'states', 'depth', 'seconds', 'MB')}  seen        outcome`;

/** One line about one run. */
export function lineOf(name: string, checked: Checked, outcome: string): string {
  const { states, depth, seconds, megabytes, exhaustive, violated } = checked;
  const seen = violated !== undefined ? 'to error' : exhaustive ? 'exhaustive' : 'truncated';
  const figures = [states.toLocaleString('en'), String(depth), seconds.toFixed(2), megabytes.toFixed(0)];
  return `${row(name, ...figures)}  ${seen.padEnd(10)}  ${outcome}`;
}

interface Run {
  readonly flags: readonly string[];
  readonly checked: Checked;
}

/**
 * Statements of the model that no run has reached. A run that holds all the parts of another, and does not name a statement
 * that the other did not reach, has reached it.
 */
export function neverReached(runs: readonly Run[]): string[] {
  const never = new Set<string>();
  for (const { flags, checked } of runs) {
    const parts = partsOf(flags);
    for (const [type, statements] of checked.unreached) {
      const others = runs.filter(
        (run) => parts.every((part) => run.flags.includes(part)) && run.checked.unreached.has(type),
      );
      for (const statement of statements) {
        const isReached = others.some((run) => !run.checked.unreached.get(type)!.includes(statement));
        if (!isReached) never.add(`${type} ${statement}`);
      }
    }
  }
  return [...never].sort();
}
