import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compareHeld, type HeldComparison } from '../../shared/domain/evidence/held.ts';
import { type Pinned, readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { accountOf, perUnit, usage } from '../../test/support/account.ts';
import { TestSuite } from '../../test/support/suite.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { Chance } from './chance.ts';
import { NOW } from './world.ts';

/*
 * Somebody has the database, the mirror, a vault that is not locked and the signing keys, and writes everything again from some
 * entry on: receipts, sums, invoices, heads, seals, signatures. Nobody can do that better than the suite itself, so it is played
 * twice with the same keys, the same chance and one event that differs.
 */
const SENT = ['2026-03-01T12:00:00Z', '2026-03-01T13:30:00Z', '2026-03-01T15:30:00Z', '2026-03-02T12:00:00Z'] as const;
const EVENTS = 5;
/** After the first day is closed and before the second day's usage: when the customer keeps something. */
const KEPT = 3;

interface Kept {
  readonly bundle: Buffer;
  readonly checkpoint: Buffer;
  readonly head: Buffer;
  /** the latest seal that the locked bucket got by then */
  readonly lockedSeal: Buffer;
}

interface Story {
  readonly suite: TestSuite;
  readonly kept: Kept;
  readonly bundle: Buffer;
  readonly pinned: Pinned;
}

async function tell(seed: string, forged: number | undefined): Promise<Story> {
  const suite = await TestSuite.start({ at: SENT[0], seed });
  const plan = (tenant: string) => accountOf(tenant, { unit: 'day', meters: { calls: { model: perUnit('0.5') } } });
  const acme = await suite.organization(plan('acme'));
  const umbrella = await suite.organization(plan('umbrella'));
  const { vault, keys, ledgerOrigin } = suite.platform;
  const bundle = async (nth: number): Promise<Buffer> => {
    const names = suite.sql("SELECT bundle_name FROM invoices WHERE tenant='acme' ORDER BY close_seq");
    return Buffer.from((await vault.read(String(names[nth]!['bundle_name'])))!);
  };
  let kept: Kept | undefined;
  for (const [batch, time] of SENT.entries()) {
    if (batch === KEPT) {
      suite.goTo('2026-03-02T02:00:00Z');
      await suite.runInvoices();
      await suite.settle();
      const answer = async (path: string) => Buffer.from(await (await acme.get(path)).arrayBuffer());
      kept = {
        bundle: await bundle(0),
        checkpoint: await answer('/.well-known/tallystick/checkpoint'),
        head: await answer('/api/v1/billing/ledger/head'),
        lockedSeal: Buffer.from((await vault.read((await vault.list('seals/')).at(-1)!))!),
      };
    }
    suite.goTo(time);
    for (const client of [acme, umbrella]) {
      const isForged = (i: number): boolean => client === acme && batch * EVENTS + i === forged;
      await client.send(
        Array.from({ length: EVENTS }, (_, i) =>
          usage(`${batch}-${i}`, 'calls', isForged(i) ? '900' : String(i + 1), time),
        ),
      );
      await suite.settle();
    }
  }
  suite.goTo('2026-03-03T02:00:00Z');
  await suite.runInvoices();
  await suite.settle();
  const pinned = await readPinned({ ledger: ledgerOrigin, tenant: 'acme' as TenantId, jwks: await keys.keyset() });
  return { suite, kept: kept!, bundle: await bundle(1), pinned };
}

/** What came of one rewrite. */
export interface Rewrite {
  /** the event that was changed, and whether the customer had kept anything by then */
  readonly event: number;
  readonly isBeforeKept: boolean;
  /** what a full pass of the rewritten suite says of itself: how many faults */
  readonly inside: number;
  readonly alone: string;
  readonly held: Readonly<Record<keyof Kept, HeldComparison['result']>>;
  /** the first fault that a full pass finds where the vault was locked */
  readonly locked: string;
}

/** Plays a rewrite from an event on, a random one unless it is given. */
export async function playStolenKey(seed: number, chosen?: number): Promise<Rewrite> {
  const chance = new Chance(seed);
  const event = chosen ?? chance.below(SENT.length * EVENTS);
  const truth = await tell(`stolen ${seed}`, undefined);
  let lie: Story | undefined;
  try {
    lie = await tell(`stolen ${seed}`, event);
    const inside = (await lie.suite.deep(true)).faults.length;
    const alone = (await verifyBundle(lie.bundle, truth.pinned)).verdict;
    const results: Partial<Record<keyof Kept, HeldComparison['result']>> = {};
    for (const name of ['bundle', 'checkpoint', 'head', 'lockedSeal'] as const) {
      results[name] = (await compareHeld(lie.bundle, truth.kept[name], truth.pinned)).result;
    }
    const locked = await withLockedVault(lie.suite, truth.suite);
    const isBeforeKept = event < KEPT * EVENTS;
    return { event, isBeforeKept, inside, alone, held: results as Rewrite['held'], locked };
  } finally {
    await truth.suite.close();
    await lie?.suite.close();
  }
}

/** The rewritten database and mirror beside the vault that nobody could write to again. */
async function withLockedVault(lie: TestSuite, truth: TestSuite): Promise<string> {
  const folder = await tempFolder();
  await cp(lie.folder.path, folder.path, { recursive: true });
  await rm(join(folder.path, 'vault'), { recursive: true });
  await cp(join(truth.folder.path, 'vault'), join(folder.path, 'vault'), { recursive: true });
  const suite = await TestSuite.start({ at: NOW.replace('2026-03-02', '2026-03-03'), from: folder.path });
  try {
    const [first] = (await suite.deep(true)).faults;
    return first === undefined ? '' : `${first.tenant} ${first.kind} ${first.seq}`;
  } finally {
    await suite.close();
    await folder.remove();
  }
}

/** What is wrong with how a rewrite was caught; empty where all is as it must be. */
export function complaintsOf({ event, isBeforeKept, inside, alone, held, locked }: Rewrite): string[] {
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => void (holds || wrong.push(`event ${event}: ${what}`));
  // From inside, and by the bundle alone, nobody can know: the lie is consistent and signed with the real keys.
  must(inside === 0 && alone === 'verified', `a perfect lie was refuted by itself (${inside} faults, ${alone})`);
  must(locked !== '', 'the locked vault knows better');
  if (isBeforeKept) {
    must(held.bundle === 'contradicts', `the bundle that was kept says ${held.bundle}`);
    must(held.head === 'contradicts' || held.head === 'apart', `the head that was kept says ${held.head}`);
    for (const name of ['checkpoint', 'lockedSeal'] as const)
      must(held[name] !== 'agrees', `the ${name} says ${held[name]}`);
  } else {
    // After the last thing that was kept, nothing but the locked vault knows.
    must(!Object.values(held).includes('contradicts'), 'what was kept is contradicted, though it was true');
  }
  return wrong;
}
