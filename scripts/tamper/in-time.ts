import { Watch } from '../../shared/wiring/watch.ts';
import type { TestSuite } from '../../test/support/suite.ts';
import { SECOND } from '../../test/support/suite.ts';
import { Chance } from './chance.ts';
import { STATE_ATTACKS, type StateBench } from './stored-state.ts';
import { someEvents, type World } from './world.ts';

/** Attacks on what was written in the last hours; each must be told within this many seconds of virtual time. */
export const TOLD_WITHIN_SECONDS = 300;
export const HEALED_WITHIN_SECONDS = 30;

/** How the tail check runs: as scheduled, or as whoever runs it may fail to. */
export const RUNNERS = ['as scheduled', 'misses runs', 'runs late', 'twice at once', 'not at all'] as const;
export type Runner = (typeof RUNNERS)[number];

export interface Told {
  readonly attack: string;
  readonly runner: Runner;
  /** seconds from the change to the first `ledger_fault`, `copy_differs`, healing or `verdict_absent`; undefined where nothing was said */
  readonly seconds: number | undefined;
  readonly by: string;
}

/** What is written within the hour lies in the tail; these change something of that. */
const TAIL_ATTACKS: Readonly<Record<string, (world: World) => Promise<void> | void>> = {
  'page-bit': (world) => world.setPage(hot(world), world.chance.flipped(world.page(hot(world)))),
  'page-deleted': (world) => world.change('pages', 'DELETE', `AND first_seq=${hot(world)}`),
  'entry-blind': (world) =>
    world.repack(hot(world), (texts) => {
      texts[0] = texts[0]!.replace(/"blind":"./, (start) => (start.endsWith('A') ? '"blind":"B' : '"blind":"A'));
    }),
  'entries-swapped': (world) => world.repack(hot(world), (texts) => texts.reverse()),
  'entry-deleted': (world) => world.repack(hot(world), (texts) => texts.splice(1, 1)),
  'page-of-another': (world) => world.setPage(hot(world), world.page(hot(world), world.other)),
  'tail-cut-head-too': (world) => {
    const at = hot(world);
    world.change('pages', 'DELETE', `AND first_seq>=${at}`);
    world.change('heads', `size=${at}`);
  },
  'head-changed': (world) => world.change('heads', 'root=last'),
  'mirror-bit': (world) => world.flip(world.mirrorPage(hot(world))),
  'mirror-ahead': (world) => world.mirrorPage(world.size() + 3).write(world.page(0)),
};
/** The first of the two pages of the last hour. */
const hot = (world: World): number => world.pages().at(-2)!.firstSeq;

export const TAIL_CLASSES = Object.keys(TAIL_ATTACKS);

/** Whether the tail check is called in this minute, and how many seconds late. */
function planOf(
  runner: Runner,
  chance: Chance,
  missedBefore: boolean,
): { readonly times: number; readonly late: number } {
  if (runner === 'not at all') return { times: 0, late: 0 };
  if (runner === 'misses runs') return { times: !missedBefore && chance.below(2) === 0 ? 0 : 1, late: 0 };
  if (runner === 'runs late') return { times: 1, late: chance.between(0, 4) * 10 };
  return { times: runner === 'twice at once' ? 2 : 1, late: 0 };
}

/** A corruption at a random moment, and how long it takes until somebody says so. */
export async function playInTime(bench: StateBench, attack: string, runner: Runner, seed: number): Promise<Told> {
  const world = await bench.world(new Chance(seed * 7919));
  const { suite, chance } = world;
  try {
    const watch = new Watch(suite.platform);
    const moment = chance.between(1, 18) * 10;
    let changedAt: number | undefined;
    let [missed, tailDue] = [false, 0];
    let plan = planOf(runner, chance, false);
    for (let second = 0; second <= moment + TOLD_WITHIN_SECONDS; second += 10) {
      if (second === moment) {
        await TAIL_ATTACKS[attack]!(world);
        changedAt = second;
        // What was found to be whole by then says nothing of afterwards.
        suite.lines.splice(0);
      }
      if (second % 60 === 0) {
        plan = planOf(runner, chance, missed);
        missed = plan.times === 0;
        tailDue = second + plan.late;
      }
      await suite.sweep();
      if (second === tailDue && plan.times > 0)
        await Promise.all(Array.from({ length: plan.times }, () => suite.tail()));
      if (second % 30 === 0) await watch.look();
      const said = changedAt === undefined ? undefined : suite.lines.find(isTold);
      if (said !== undefined) return { attack, runner, seconds: second - changedAt!, by: said.event };
      suite.clock.advance(10 * SECOND);
    }
    return { attack, runner, seconds: undefined, by: 'nothing' };
  } finally {
    await suite.close();
  }
}

const isTold = ({ event, facts }: TestSuite['lines'][number]): boolean =>
  event === 'ledger_fault' ||
  event === 'mirror_differs' ||
  event === 'verdict_absent' ||
  (event === 'tail_verified' && Number(facts['faults']) > 0);

export interface Lag {
  /** sweep passes that failed, and pages that the mirror refused, before the faults stopped */
  readonly failed: number;
  /** seconds from the end of the faults until the mirror had every page; undefined where it was longer than allowed */
  readonly seconds: number | undefined;
}

/** Usage while the mirror fails at random, as seen by the scheduler's own sweep; then the faults stop. */
export async function playLag(bench: StateBench, seed: number): Promise<Lag> {
  const chance = new Chance(seed * 7919);
  const world = await bench.world(chance);
  const { suite } = world;
  const { mirror, invoices } = suite.platform;
  const [create, unarchived] = [mirror.create.bind(mirror), invoices.unarchived.bind(invoices)];
  let isFaulty = true;
  let failed = 0;
  const failing =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>, oneIn: number) =>
    async (...args: A): Promise<R> => {
      if (isFaulty && chance.below(oneIn) === 0) {
        failed++;
        throw new Error('away');
      }
      return work(...args);
    };
  Object.assign(mirror, { create: failing(create, 1) });
  // A database that fails in the middle of a pass must not cost the passes that follow.
  Object.assign(invoices, { unarchived: failing(unarchived, 2) });
  try {
    const client = await suite.client(world.victim);
    const isWhole = async (): Promise<boolean> => {
      const shown = await mirror.list(world.victim);
      return world.pages().every(({ firstSeq }) => shown.includes(firstSeq));
    };
    suite.schedule();
    for (let turn = 0; turn < chance.between(3, 8); turn++) {
      await client.send(someEvents(`lag-${turn}`, chance.between(1, 9), '2026-03-02T12:55:00Z'));
      await quiet(suite);
      suite.clock.advance(chance.between(1, 5) * 10 * SECOND);
      await quiet(suite);
    }
    isFaulty = false;
    for (let second = 0; second <= HEALED_WITHIN_SECONDS; second += 5) {
      if (await isWhole()) return { failed, seconds: second };
      suite.clock.advance(5 * SECOND);
      await quiet(suite);
    }
    return { failed, seconds: undefined };
  } finally {
    await suite.close();
  }
}

/** Lets what the clock has woken do its work: jobs that wait for the clock again say nothing, so a while without a line ends it. */
async function quiet(suite: TestSuite): Promise<void> {
  await suite.platform.bus.idle();
  for (let [still, seen] = [0, suite.lines.length]; still < 4; still++) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    if (suite.lines.length !== seen) [still, seen] = [0, suite.lines.length];
  }
  await suite.platform.bus.idle();
}

/** Every class here is one of the laboratory's. */
export const unknownClasses = (): string[] => TAIL_CLASSES.filter((name) => STATE_ATTACKS[name] === undefined);
