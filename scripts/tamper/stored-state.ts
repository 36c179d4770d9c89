import type { TenantId } from '../../shared/domain/ids.ts';
import { TestSuite } from '../../test/support/suite.ts';
import { Chance } from './chance.ts';
import { ALL, type Expected, type StateAttack } from './expected.ts';
import { ON_COPIES } from './on-copies.ts';
import { ON_DATABASE } from './on-database.ts';
import { ON_SEALS } from './on-seals.ts';
import { ON_WAITING } from './on-waiting.ts';
import { keepBooks, NOW, someEvents, World } from './world.ts';

export const STATE_ATTACKS: Readonly<Record<string, StateAttack>> = {
  ...ON_DATABASE,
  ...ON_WAITING,
  ...ON_COPIES,
  ...ON_SEALS,
};

export interface ClassResult {
  readonly name: string;
  readonly cases: number;
  /** what was said otherwise than it had to be */
  readonly complaints: readonly string[];
  /** kinds of faults that were named, and how often */
  readonly kinds: Readonly<Record<string, number>>;
}

/** Plays attacks on copies of one set of books. */
export class StateBench {
  readonly #books: TestSuite;

  private constructor(books: TestSuite) {
    this.#books = books;
  }

  static async open(): Promise<StateBench> {
    const books = await keepBooks();
    await books.stop();
    return new StateBench(books);
  }

  close(): Promise<void> {
    return this.#books.folder.remove();
  }

  world(chance: Chance): Promise<World> {
    return TestSuite.start({ at: NOW, from: this.#books.folder.path }).then((suite) => new World(suite, chance));
  }

  async play(name: string, cases: number, seed: number): Promise<ClassResult> {
    const complaints: string[] = [];
    const kinds: Record<string, number> = {};
    for (let turn = 0; turn < cases; turn++) {
      const world = await this.world(new Chance(seed + turn * 7919));
      try {
        const expected = await STATE_ATTACKS[name]!.play(world);
        const { wrong, kind } = await judge(world, expected);
        kinds[kind] = (kinds[kind] ?? 0) + 1;
        complaints.push(...wrong.map((what) => `${name}, seed ${seed}, case ${turn}: ${what}`));
      } catch (error) {
        complaints.push(`${name}, seed ${seed}, case ${turn}: ${error instanceof Error ? error.stack : error}`);
      } finally {
        await world.suite.close();
      }
    }
    return { name, cases, complaints, kinds };
  }
}

/** Holds what a full pass says against what it must say, and sees that the other organization goes on. */
async function judge(world: World, expected: Expected): Promise<{ readonly wrong: string[]; readonly kind: string }> {
  const { suite, other } = world;
  const { faults, healed } = await suite.deep(true);
  const wrong: string[] = [];
  const said = faults.map(({ tenant, kind, seq, detail }) => `${tenant} ${kind} ${seq}: ${detail}`).join('; ');
  const frozen = (await suite.platform.reconciliation.allFrozen()).map(({ tenant }) => tenant);
  const must = (holds: boolean, what: string): void => {
    if (!holds)
      wrong.push(`${what} (${said === '' ? 'nothing was said' : said}; healed ${healed.join(', ') || 'nothing'})`);
  };

  if (expected.says === 'fault') {
    const { tenant, at } = expected;
    const [first] = faults;
    const isPlaced = first !== undefined && first.tenant === tenant && first.seq >= at[0] && first.seq <= at[1];
    const isAlone = expected.also === true || faults.every((one) => one.tenant === tenant);
    if (expected.also === true)
      must(
        faults.some((one) => one.tenant === tenant && one.seq >= at[0] && one.seq <= at[1]),
        'a fault of the victim',
      );
    else must(isPlaced, `a fault of ${tenant} at ${at.join(' to ')}`);
    must(isAlone, 'nobody else has a fault');
    must(
      tenant === ALL ? frozen.length === 0 : expected.also === true || frozen.join() === tenant,
      `billing of ${tenant} alone stands still, not of ${frozen}`,
    );
  } else {
    must(faults.length === 0, 'no fault of a log');
    if (expected.says !== 'stopped') must(frozen.length === 0, 'nobody’s billing stands still');
  }
  if (expected.says === 'healed') {
    must(healed.includes(expected.what), `${expected.what} is made good`);
    await suite.settle();
    const now = await expected.copy?.read().catch(() => undefined);
    if (expected.copy !== undefined)
      must(now?.equals(expected.before!) === true, 'it stands there again, byte for byte');
    must((await suite.deep(true)).faults.length === 0, 'and then nothing is wrong');
  }
  if (expected.says === 'stopped') {
    const { tenant, over, size } = expected;
    must(frozen.join() === tenant, `billing of ${tenant} alone stands still, not of ${frozen}`);
    const freeze = await suite.platform.reconciliation.frozen(tenant as TenantId);
    must(freeze?.kind === 'unratable' && freeze.detail.includes(over), `${freeze?.detail} names ${over}`);
    const told = suite.lines.some(({ event, facts }) => event === 'usage_unratable' && facts['tenant'] === tenant);
    must(told, 'the log says so');
    must(world.size(tenant) === size, `nothing of ${tenant} is billed`);
  }
  if (expected.says === 'alarm')
    must(
      suite.lines.some(({ event }) => event === expected.event),
      `the log says ${expected.event}`,
    );
  if (!(expected.says === 'fault' && expected.also === true)) {
    const size = world.size(other);
    await (await suite.client(other)).send(someEvents('afterwards', 1, '2026-03-02T12:50:00Z'));
    await suite.platform.bus.idle();
    must(world.size(other) === size + 1, `${other} is billed`);
  }
  return { wrong, kind: faults[0]?.kind ?? expected.says };
}
