import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runStretch } from '../../scripts/simulation/campaign.ts';
import { LANES, PlannedChooser } from '../../scripts/simulation/choosers.ts';
import { drawScenario } from '../../scripts/simulation/draw.ts';
import { LIMITS } from '../../scripts/simulation/scenario.ts';
import { runSchedule } from '../../scripts/simulation/schedule.ts';
import { AnsweredCrypto } from '../../scripts/simulation/web-crypto.ts';

/** Of each lane and limit, the twentieth large; thousands of them by `npm run simulate`. */
const RUNS = 30;
/** Other work may run beside this. */
const PATIENCE_MILLISECONDS = 300_000;

describe('the stories over simulated ports', () => {
  let crypto: AnsweredCrypto;
  before(async () => {
    crypto = await AnsweredCrypto.install();
  });
  after(() => crypto.restore());

  const run = (seed: number, lane: 'A' | 'B' = 'A') =>
    runSchedule(drawScenario({ seed, lane, limits: 'tight' }), crypto, { isTraced: true });

  it('the same seed gives the same run: every step, every commit, every answer', async () => {
    // The last one is large.
    for (const seed of [3, 11, 20]) {
      const [first, second] = [await run(seed), await run(seed)];
      assert.equal(second.traceHash, first.traceHash);
      assert.ok(first.trace.length > (seed === 20 ? 150 : 50), `${first.trace.length} lines`);
    }
  }).timeout(PATIENCE_MILLISECONDS);

  it('so does another process, which has made no run before', async () => {
    const args = ['scripts/simulate.ts', '--trace', '20', '--lane', 'A', '--limits', 'tight'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 10_000_000 });
    const { trace, traceHash } = await run(20);
    assert.deepEqual(stdout.split('\n').slice(0, trace.length), trace);
    assert.ok(stdout.includes(`SHA-256 of the trace: ${traceHash}`));
  }).timeout(PATIENCE_MILLISECONDS);

  it('another seed gives another run', async () => {
    const hashes = new Set<string>();
    for (let seed = 1; seed <= 8; seed++) hashes.add((await run(seed)).traceHash);
    assert.equal(hashes.size, 8);
  }).timeout(PATIENCE_MILLISECONDS);

  it('a run is its decisions: made again from the list of them it is the same, step by step', async () => {
    for (const seed of [5, 6, 40]) {
      const first = await run(seed);
      const again = await runSchedule(drawScenario({ seed, lane: 'A', limits: 'tight' }), crypto, {
        isTraced: true,
        chooser: new PlannedChooser(first.decisions),
      });
      assert.equal(again.traceHash, first.traceHash);
    }
  }).timeout(PATIENCE_MILLISECONDS);

  for (const lane of LANES) {
    for (const limits of LIMITS) {
      it(`${RUNS} runs in lane ${lane}, limits ${limits}, keep every promise`, async () => {
        const { failures, schedules } = await runStretch({ seed: 1, schedules: RUNS, lane, limits }, crypto);
        assert.deepEqual(failures, []);
        assert.equal(schedules, RUNS);
      }).timeout(PATIENCE_MILLISECONDS);
    }
  }
});
