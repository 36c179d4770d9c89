import assert from 'node:assert/strict';
import { runStretch } from '../../scripts/simulation/campaign.ts';
import { PlannedChooser } from '../../scripts/simulation/choosers.ts';
import { drawScenario } from '../../scripts/simulation/scenario.ts';
import { runSchedule } from '../../scripts/simulation/schedule.ts';
import { AnsweredCrypto } from '../../scripts/simulation/web-crypto.ts';

describe('the stories over simulated ports', () => {
  let crypto: AnsweredCrypto;
  before(async () => {
    crypto = await AnsweredCrypto.install();
  });
  after(() => crypto.restore());

  const run = (seed: number, lane: 'A' | 'B' = 'A') =>
    runSchedule(drawScenario({ seed, lane, limits: 'tight' }), crypto, { isTraced: true });

  it('the same seed gives the same run: every step, every commit, every answer', async () => {
    for (const seed of [3, 11, 12]) {
      const [first, second] = [await run(seed), await run(seed)];
      assert.equal(second.traceHash, first.traceHash);
      assert.ok(first.trace.length > 100);
    }
  });

  it('another seed gives another run', async () => {
    const hashes = new Set<string>();
    for (let seed = 1; seed <= 8; seed++) hashes.add((await run(seed)).traceHash);
    assert.equal(hashes.size, 8);
  });

  it('a run is its decisions: made again from the list of them it is the same, step by step', async () => {
    for (const seed of [5, 6]) {
      const first = await run(seed);
      const again = await runSchedule(drawScenario({ seed, lane: 'A', limits: 'tight' }), crypto, {
        isTraced: true,
        chooser: new PlannedChooser(first.decisions),
      });
      assert.equal(again.traceHash, first.traceHash);
    }
  });

  for (const lane of ['A', 'B'] as const) {
    for (const limits of ['tight', 'loose'] as const) {
      it(`60 runs in lane ${lane} under ${limits} limits keep every promise`, async () => {
        const { failures, schedules } = await runStretch({ seed: 1, schedules: 60, lane, limits }, crypto);
        assert.deepEqual(failures, []);
        assert.equal(schedules, 60);
      });
    }
  }
});
