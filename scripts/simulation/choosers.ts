import type { Crash, Fault, Outcome } from './gate.ts';
import type { CallPoint, Chooser } from './kernel.ts';
import { Random } from './random.ts';

export const LANES = ['A', 'B'] as const;
export type Lane = (typeof LANES)[number];

/** What was decided otherwise than by default: who went on instead of whoever had waited longest, and what failed. */
export interface Decisions {
  readonly picks: ReadonlyMap<number, number>;
  readonly faults: ReadonlyMap<number, Outcome>;
}

/**
 * Faults that lane B knows: those after which whoever asked comes again by itself, and nothing was done or everything is seen to
 * by its doorbell. What only a sweep mends is left out, for lane B has none.
 */
export function isKnownInB({ kind, op }: CallPoint, fault: Fault | Crash): boolean {
  if (fault === 'aborted') return true;
  if (op === 'client.answer' || op === 'bus.acknowledge') return true;
  switch (kind) {
    case 'ingest':
    case 'sign-receipts':
    case 'run-invoices':
      return fault === 'before' && (op.startsWith('database.') || op.startsWith('wrapper.'));
    case 'seal-ledger':
      return (fault === 'before' || fault === 'refused' || fault === 'wrong') && !op.startsWith('bus.');
    default:
      return false;
  }
}

export interface RandomOptions {
  readonly seed: number;
  readonly lane: Lane;
  /** `pct`: actors have priorities, which change at a few steps (Burckhardt et al. 2010); finds what needs an odd order */
  readonly order: 'uniform' | 'pct';
  /** steps within which priorities change */
  readonly changesWithin: number;
  /** of a thousand calls so many fail */
  readonly faultsPerMille: number;
  /** the function whose calls fail most, if there is one */
  readonly focus: string | undefined;
  /** of a thousand failures so many are crashes */
  readonly crashesPerMille: number;
}

/**
 * So many calls of the function in focus fail, of a thousand: more of those that do something than of those that look. A bundle takes twenty
 * looks before it is written, and a failure there is only one more attempt.
 */
const FOCUSED_PER_MILLE = { look: 20, effect: 350 };
const isLook = (op: string): boolean => /\.(?:snapshot|begin|end|read|list|publicKeys)$/.test(op);
const PCT_CHANGES = 3;

/** Decides by chance, and remembers what was not the default. */
export class RandomChooser implements Chooser {
  readonly picks = new Map<number, number>();
  readonly faults = new Map<number, Outcome>();
  /** Nothing fails any more. */
  isHealed = false;
  readonly #options: RandomOptions;
  readonly #order: Random;
  readonly #failing: Random;
  readonly #priorities = new Map<string, number>();
  readonly #changes = new Set<number>();
  #lowest = 0;

  constructor(options: RandomOptions) {
    this.#options = options;
    this.#order = new Random(options.seed, 'order');
    this.#failing = new Random(options.seed, 'faults');
    for (let i = 0; i < PCT_CHANGES; i++) this.#changes.add(this.#order.below(options.changesWithin));
  }

  pick(step: number, count: number, actorOf: (index: number) => string): number {
    const picked = this.#options.order === 'uniform' ? this.#order.below(count) : this.#highest(step, count, actorOf);
    if (picked !== 0) this.picks.set(step, picked);
    return picked;
  }

  #highest(step: number, count: number, actorOf: (index: number) => string): number {
    let best = 0;
    let bestPriority = -Infinity;
    for (let i = 0; i < count; i++) {
      const actor = actorOf(i);
      let priority = this.#priorities.get(actor);
      if (priority === undefined) {
        priority = this.#order.next();
        this.#priorities.set(actor, priority);
      }
      if (priority > bestPriority) {
        best = i;
        bestPriority = priority;
      }
    }
    if (this.#changes.has(step)) this.#priorities.set(actorOf(best), --this.#lowest);
    return best;
  }

  outcomeOf(step: number, point: CallPoint): Outcome {
    const { lane, focus, faultsPerMille, crashesPerMille } = this.#options;
    if (this.isHealed) return 'ok';
    const perMille = point.kind !== focus ? faultsPerMille : FOCUSED_PER_MILLE[isLook(point.op) ? 'look' : 'effect'];
    if (!this.#failing.chance(perMille)) return 'ok';
    const known = lane === 'A' ? point.faults : point.faults.filter((fault) => isKnownInB(point, fault));
    const isCrash = this.#failing.chance(crashesPerMille);
    const some = known.filter((fault) => fault.startsWith('crash') === isCrash);
    if (some.length === 0) return 'ok';
    const outcome = this.#failing.pick(some);
    this.faults.set(step, outcome);
    return outcome;
  }
}

/** Decides as it was told, and by default otherwise. */
export class PlannedChooser implements Chooser {
  readonly picks: ReadonlyMap<number, number>;
  readonly faults: ReadonlyMap<number, Outcome>;
  isHealed = false;
  /** every call that passed before the healing, by its step */
  readonly points = new Map<number, CallPoint>();

  constructor({ picks, faults }: Decisions) {
    this.picks = picks;
    this.faults = faults;
  }

  pick(step: number, count: number): number {
    return Math.min(this.picks.get(step) ?? 0, count - 1);
  }

  outcomeOf(step: number, point: CallPoint): Outcome {
    if (this.isHealed) return 'ok';
    this.points.set(step, point);
    const planned = this.faults.get(step);
    // Where other decisions led elsewhere, the call at this step may be one that cannot fail like this.
    return planned !== undefined && point.faults.some((fault) => fault === planned) ? planned : 'ok';
  }
}

/** A failure by the call that it strikes: the so-manieth of an operation of a function. What went before moves a call's step more than its number. */
export interface PlacedFault {
  /** function and operation */
  readonly site: string;
  readonly nth: number;
  readonly outcome: Outcome;
}

const siteOf = ({ kind, op }: CallPoint): string => `${kind} ${op}`;

/** The failures that have struck in a run, by their calls. */
export function placesOf({ faults, points }: PlannedChooser): PlacedFault[] {
  const calls = new Map<string, number>();
  const placed: PlacedFault[] = [];
  for (const [step, point] of points) {
    const site = siteOf(point);
    const nth = calls.get(site) ?? 0;
    calls.set(site, nth + 1);
    const outcome = faults.get(step);
    if (outcome !== undefined && point.faults.some((fault) => fault === outcome)) placed.push({ site, nth, outcome });
  }
  return placed;
}

/** Decides turns by their steps and failures by their calls, and remembers at which steps they have struck. */
export class PlacedChooser implements Chooser {
  readonly picks: ReadonlyMap<number, number>;
  readonly faults = new Map<number, Outcome>();
  isHealed = false;
  readonly #planned: ReadonlyMap<string, Outcome>;
  readonly #calls = new Map<string, number>();

  constructor(picks: ReadonlyMap<number, number>, faults: readonly PlacedFault[]) {
    this.picks = picks;
    this.#planned = new Map(faults.map(({ site, nth, outcome }) => [`${site} ${nth}`, outcome]));
  }

  pick(step: number, count: number): number {
    return Math.min(this.picks.get(step) ?? 0, count - 1);
  }

  outcomeOf(step: number, point: CallPoint): Outcome {
    if (this.isHealed) return 'ok';
    const site = siteOf(point);
    const nth = this.#calls.get(site) ?? 0;
    this.#calls.set(site, nth + 1);
    const planned = this.#planned.get(`${site} ${nth}`);
    if (planned === undefined || !point.faults.some((fault) => fault === planned)) return 'ok';
    this.faults.set(step, planned);
    return planned;
  }
}
