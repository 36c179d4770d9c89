import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { decisionsOf, type Failure, listsOf } from '../../scripts/simulation/campaign.ts';
import { type Decisions, PlannedChooser } from '../../scripts/simulation/choosers.ts';
import { drawScenario } from '../../scripts/simulation/draw.ts';
import { Violation } from '../../scripts/simulation/kernel.ts';
import { replay, shrinkFailures } from '../../scripts/simulation/report.ts';
import { runSchedule, type ScheduleResult } from '../../scripts/simulation/schedule.ts';
import { shrink } from '../../scripts/simulation/shrink.ts';
import { AnsweredCrypto } from '../../scripts/simulation/web-crypto.ts';

/** Other work may run beside this. */
const PATIENCE_MILLISECONDS = 300_000;

const LOST_ANSWER = / ingest-\d database\.commit .* after$/;
const ABSENT_DATABASE = / sign-receipts-\d database\.[a-z]+ .*before$/;

/** A promise that nobody keeps: that these two never fail in one run. One of them alone breaks nothing. */
const isPlanted = (trace: readonly string[]): boolean =>
  [LOST_ANSWER, ABSENT_DATABASE].every((place) => trace.some((line) => place.test(line)));

/** The stories as they are, judged by the planted promise besides their own. */
const planted: typeof runSchedule = async (scenario, crypto, options) => {
  const result = await runSchedule(scenario, crypto, { ...options, isTraced: true });
  if (!isPlanted(result.trace)) return result;
  return { ...result, violation: new Violation('planted', 'an answer was lost and the database was away') };
};

/** A run among the first seeds in which both fail, and much else besides. */
async function findFailure(): Promise<Failure> {
  const crypto = await AnsweredCrypto.install();
  try {
    for (let seed = 1; seed <= 2000; seed++) {
      const where = { seed, lane: 'A', limits: 'loose' } as const;
      const { violation, decisions } = await planted(drawScenario(where), crypto);
      if (violation === undefined || decisions.faults.size < 6 || decisions.picks.size < 6) continue;
      return { ...where, rule: violation.rule, detail: violation.message, decisions: listsOf(decisions) };
    }
  } finally {
    crypto.restore();
  }
  throw new Error('no seed has both failures');
}

describe('a run that breaks a promise is made small before anybody reads it', () => {
  it('a promise that takes two failures to break is left with those two, and the file of it breaks it again', async () => {
    const failure = await findFailure();
    const said: string[] = [];
    const [file, ...others] = await shrinkFailures([failure], (line) => said.push(line), planted);
    try {
      assert.deepEqual(others, []);
      const written = JSON.parse(await readFile(file!, 'utf8')) as Failure;
      const { faults, picks } = written.decisions;
      assert.deepEqual(faults.map(([, outcome]) => outcome).toSorted(), ['after', 'before']);
      assert.ok(picks.length < failure.decisions.picks.length, `${picks.length} odd turns are left`);
      assert.ok(said.some((line) => line.startsWith(`seed ${failure.seed}, lane A, loose limits, 2 failures and `)));
      assert.ok(said.some((line) => line.endsWith(`--replay ${file}`)));

      const again: string[] = [];
      assert.equal(await replay(written, (line) => again.push(line), planted), false);
      assert.equal(again.at(-1), 'BROKEN planted: an answer was lost and the database was away');
      const shown = said.filter((line) => /^ {2}\d+ \d+ /.test(line)).map((line) => line.trimStart());
      assert.deepEqual(again.filter((line) => /^\d+ \d+ /.test(line)).slice(-shown.length), shown);
      assert.ok(shown.length > 20, `${shown.length} lines are shown`);

      // None of what is left can be left out.
      const crypto = await AnsweredCrypto.install();
      const without = async (fewer: Failure['decisions']) =>
        (await planted(drawScenario(failure), crypto, { chooser: new PlannedChooser(decisionsOf(fewer)) })).violation;
      for (const left of faults)
        assert.notEqual((await without({ picks, faults: faults.filter((one) => one !== left) }))?.rule, 'planted');
      for (const left of picks)
        assert.notEqual((await without({ faults, picks: picks.filter((one) => one !== left) }))?.rule, 'planted');
      crypto.restore();
    } finally {
      if (file !== undefined) await rm(file);
    }
  }).timeout(PATIENCE_MILLISECONDS);

  const failing: Decisions = {
    picks: new Map([[4, 1]]),
    faults: new Map([[7, 'before'] as const, [9, 'after'] as const]),
  };
  type Asked = Parameters<Parameters<typeof shrink>[1]>[0];
  /** A run of sixty calls, no two alike, that breaks the promise that it is told. */
  const runOf = async (
    chooser: Asked,
    ruleOf: (decisions: Decisions) => string | undefined,
  ): Promise<ScheduleResult> => {
    for (let step = 0; step < 60; step++)
      chooser.outcomeOf(step, { kind: 'ingest', op: `bus.${step}`, about: '', faults: ['before', 'after'] });
    const decisions: Decisions = { picks: chooser.picks, faults: chooser.faults };
    const rule = ruleOf(decisions);
    return { decisions, violation: rule === undefined ? undefined : new Violation(rule, 'x') } as ScheduleResult;
  };

  it('what breaks whatever is decided is left with nothing', async () => {
    const { decisions } = await shrink(failing, (chooser) => runOf(chooser, () => 'planted'));
    assert.deepEqual(listsOf(decisions), { picks: [], faults: [] });
  });

  it('what breaks another promise with less is not the same failure', async () => {
    const ruleOf = ({ faults, picks }: Decisions): string => (faults.size + picks.size === 3 ? 'planted' : 'another');
    const small = await shrink(failing, (chooser) => runOf(chooser, ruleOf));
    assert.deepEqual(listsOf(small.decisions), listsOf(failing));
  });

  it('what no longer fails comes back as it is, after one run', async () => {
    let runs = 0;
    const small = await shrink(failing, (chooser) => runOf(chooser, () => void runs++));
    assert.equal(runs, 1);
    assert.equal(small.violation, undefined);
  });

  it('two of fifty failures are found, in no more runs than may be made', async () => {
    const faults = new Map(Array.from({ length: 50 }, (_, step) => [step, 'before'] as const));
    const ruleOf = (runs: { made: number }) => (decisions: Decisions) => {
      runs.made++;
      return decisions.faults.has(7) && decisions.faults.has(31) ? 'planted' : undefined;
    };
    const [few, many] = [{ made: 0 }, { made: 0 }];
    await shrink({ picks: new Map(), faults }, (chooser) => runOf(chooser, ruleOf(few)), 20);
    assert.equal(few.made, 20);
    const small = await shrink({ picks: new Map(), faults }, (chooser) => runOf(chooser, ruleOf(many)));
    assert.deepEqual([...small.decisions.faults.keys()], [7, 31]);
    assert.ok(many.made < 100, `${many.made} runs`);
  });
});
