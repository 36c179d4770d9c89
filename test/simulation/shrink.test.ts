import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { decisionsOf, type Failure, listsOf } from '../../scripts/simulation/campaign.ts';
import { PlannedChooser } from '../../scripts/simulation/choosers.ts';
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

  const failing = { picks: new Map([[4, 1]]), faults: new Map([[7, 'before'] as const, [9, 'after'] as const]) };
  const resultOf = (decisions: ScheduleResult['decisions'], rule: string | undefined) =>
    ({ decisions, violation: rule === undefined ? undefined : new Violation(rule, 'x') }) as ScheduleResult;

  it('what breaks whatever is decided is left with nothing', async () => {
    const { decisions } = await shrink(failing, async (made) => resultOf(made, 'planted'));
    assert.deepEqual(listsOf(decisions), { picks: [], faults: [] });
  });

  it('what breaks another promise with less is not the same failure', async () => {
    const isWhole = ({ faults, picks }: ScheduleResult['decisions']): boolean => faults.size + picks.size === 3;
    const small = await shrink(failing, async (made) => resultOf(made, isWhole(made) ? 'planted' : 'another'));
    assert.deepEqual(listsOf(small.decisions), listsOf(failing));
  });

  it('what no longer fails comes back as it is, after one run', async () => {
    let runs = 0;
    const small = await shrink(failing, async (made) => {
      runs++;
      return resultOf(made, undefined);
    });
    assert.equal(runs, 1);
    assert.equal(small.violation, undefined);
  });

  it('no more runs are made than may be', async () => {
    let runs = 0;
    const faults = new Map(Array.from({ length: 50 }, (_, step) => [step, 'before'] as const));
    await shrink(
      { picks: new Map(), faults },
      async (made) => {
        runs++;
        return resultOf(made, made.faults.has(7) && made.faults.has(31) ? 'planted' : undefined);
      },
      20,
    );
    assert.equal(runs, 20);
  });
});
