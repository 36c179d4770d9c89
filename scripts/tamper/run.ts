import { BUNDLE_ATTACKS, playBits, playOnBundles, specimens } from './bundles.ts';
import { Chance } from './chance.ts';
import { HEALED_WITHIN_SECONDS, playInTime, playLag, RUNNERS, TAIL_CLASSES, TOLD_WITHIN_SECONDS } from './in-time.ts';
import { complaintsOf, playStolenKey } from './stolen-key.ts';
import { type ClassResult, STATE_ATTACKS, StateBench } from './stored-state.ts';

export interface Laboratory {
  /** of each class */
  readonly cases: number;
  readonly seed: number;
  /** one class or group; all where undefined */
  readonly only?: string | undefined;
  readonly say: (line: string) => void;
}

/** What takes longer than one attack on a copy: of these a fraction of the cases is played. */
const GROUPS = ['in-time', 'lag', 'stolen-key', 'bits'] as const;
export const CLASSES: readonly string[] = [...Object.keys(STATE_ATTACKS), ...Object.keys(BUNDLE_ATTACKS), ...GROUPS];

/** Plays every class and says what came of each. */
export async function laboratory({ cases, seed, only, say }: Laboratory): Promise<ClassResult[]> {
  const results: ClassResult[] = [];
  const wanted = (name: string): boolean => only === undefined || name === only;
  const keep = (result: ClassResult): void => {
    results.push(result);
    say(lineOf(result));
    for (const complaint of result.complaints.slice(0, 5)) say(`    ${complaint}`);
  };
  const ofState = Object.keys(STATE_ATTACKS).filter(wanted);
  if (ofState.length > 0 || wanted('in-time') || wanted('lag')) {
    const bench = await StateBench.open();
    try {
      for (const [i, name] of ofState.entries()) keep(await bench.play(name, cases, seed + i));
      if (wanted('in-time')) keep(await inTime(bench, cases, seed));
      if (wanted('lag')) keep(await lag(bench, Math.ceil(cases / 2), seed));
    } finally {
      await bench.close();
    }
  }
  const ofBundles = Object.keys(BUNDLE_ATTACKS).filter(wanted);
  if (ofBundles.length > 0 || wanted('bits')) {
    const among = await specimens(Math.max(1, Math.min(20, Math.ceil(cases / 5))), seed);
    for (const [i, name] of ofBundles.entries())
      keep(await playOnBundles(name, cases * 5, new Chance(seed + i), among));
    if (wanted('bits')) {
      // Every bit of one bundle from 300 cases on; below, every so many.
      const step = cases >= 300 ? 1 : Math.ceil(3001 / cases);
      const { tried, verified } = await playBits(among[0]!, seed % step, step);
      const complaints = verified.map((bit) => `bits: bit ${bit} was turned over and the bundle is verified`);
      keep({ name: 'bits', cases: tried, complaints, kinds: { 'not verified': tried - verified.length } });
    }
  }
  if (wanted('stolen-key')) keep(await stolenKey(Math.max(2, Math.ceil(cases / 5)), seed));
  return results;
}

async function inTime(bench: StateBench, cases: number, seed: number): Promise<ClassResult> {
  const complaints: string[] = [];
  const kinds: Record<string, number> = {};
  let longest = 0;
  // One case is each way to run once.
  const turns = cases === 1 ? RUNNERS.length : cases * TAIL_CLASSES.length;
  for (let turn = 0; turn < turns; turn++) {
    const attack = TAIL_CLASSES[turn % TAIL_CLASSES.length]!;
    const runner = RUNNERS[(turn + Math.floor(turn / TAIL_CLASSES.length)) % RUNNERS.length]!;
    const { seconds, by } = await playInTime(bench, attack, runner, seed + turn);
    if (seconds === undefined || seconds > TOLD_WITHIN_SECONDS)
      complaints.push(`${attack}, ${runner}, seed ${seed + turn}: not told`);
    longest = Math.max(longest, seconds ?? 0);
    kinds[by] = (kinds[by] ?? 0) + 1;
  }
  return { name: 'in-time', cases: turns, complaints, kinds: { ...kinds, 'longest, seconds': longest } };
}

async function lag(bench: StateBench, cases: number, seed: number): Promise<ClassResult> {
  const complaints: string[] = [];
  let [longest, failed] = [0, 0];
  for (let turn = 0; turn < cases; turn++) {
    const found = await playLag(bench, seed + turn);
    failed += found.failed;
    longest = Math.max(longest, found.seconds ?? 0);
    if (found.seconds === undefined)
      complaints.push(`lag, seed ${seed + turn}: the mirror is behind after ${HEALED_WITHIN_SECONDS} s`);
    if (found.failed === 0) complaints.push(`lag, seed ${seed + turn}: nothing failed, so nothing was shown`);
  }
  return { name: 'lag', cases, complaints, kinds: { 'calls failed': failed, 'longest, seconds': longest } };
}

async function stolenKey(cases: number, seed: number): Promise<ClassResult> {
  const complaints: string[] = [];
  const kinds: Record<string, number> = {};
  for (let turn = 0; turn < cases; turn++) {
    // By turns an event from before the customer kept something, and one from after.
    const chance = new Chance(seed + turn * 7919);
    const rewrite = await playStolenKey(seed + turn, turn % 2 === 0 ? chance.below(15) : chance.between(15, 19));
    complaints.push(...complaintsOf(rewrite).map((what) => `stolen-key, seed ${seed + turn}: ${what}`));
    const { held, isBeforeKept, locked } = rewrite;
    for (const [what, result] of Object.entries(held)) {
      const kind = `${isBeforeKept ? 'before' : 'after'} what was kept: ${what} ${result}`;
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    if (locked !== '') kinds['locked vault knows'] = (kinds['locked vault knows'] ?? 0) + 1;
  }
  return { name: 'stolen-key', cases, complaints, kinds };
}

function lineOf({ name, cases, complaints, kinds }: ClassResult): string {
  const found = Object.entries(kinds).map(([kind, count]) => `${kind} ${count}`);
  const verdict = complaints.length === 0 ? 'ok  ' : `${complaints.length} WRONG`;
  return `${verdict} ${name.padEnd(28)} ${String(cases).padStart(6)}  ${found.join(', ')}`;
}
