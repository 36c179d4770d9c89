import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Run } from './run.ts';
import { isSameLoad, type Load, nameOf } from './workload.ts';

export const GOLDEN = fileURLToPath(new URL('../../../docs/measurements/operations.json', import.meta.url));
/** The same for people. */
export const GOLDEN_TABLE = GOLDEN.replace(/json$/, 'txt');
export const ACCEPT = 'npm run bench:operations -- --golden';

export interface Measured {
  readonly runs: readonly Run[];
}

export async function readGolden(): Promise<Measured> {
  return JSON.parse(await readFile(GOLDEN, 'utf8')) as Measured;
}

/** Every count that is another than the golden file's, as a sentence that names the load. */
export function movedCounts(golden: Measured, run: Run): string[] {
  const kept = golden.runs.find((each) => isSameLoad(each, run));
  if (kept === undefined) return [`${nameOf(run)}: not in the golden file`];
  const then = flat(kept);
  const now = flat(run);
  return [...new Set([...then.keys(), ...now.keys()])]
    .filter((path) => then.get(path) !== now.get(path))
    .map((path) => `${nameOf(run)}: ${path} was ${then.get(path) ?? 'nothing'} and is ${now.get(path) ?? 'nothing'}`);
}

/** Loads of the golden file that no run measures any more. */
export const forgottenLoads = (golden: Measured, loads: readonly Load[]): string[] =>
  golden.runs
    .filter((each) => !loads.some((load) => isSameLoad(each, load)))
    .map((each) => `${nameOf(each)}: in the golden file only`);

/** Numbers by their path: `spanner.commits`. */
function flat(value: object, path: readonly string[] = []): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'number') found.set([...path, name].join('.'), inner);
    else for (const [deeper, number] of flat(inner as object, [...path, name])) found.set(deeper, number);
  }
  return found;
}
