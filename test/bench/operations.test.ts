import assert from 'node:assert/strict';
import { forgottenLoads, movedCounts, readGolden } from '../../scripts/bench/operations/golden.ts';
import { LOADS } from '../../scripts/bench/operations/workload.ts';

describe('the golden file of operations', () => {
  it('holds every load, and no other', async () => {
    const golden = await readGolden();
    assert.deepEqual(forgottenLoads(golden, LOADS), []);
    assert.equal(golden.runs.length, LOADS.length);
  });

  it('names the count that moved, what it was and what it is', async () => {
    const golden = await readGolden();
    const [short] = golden.runs;
    const { spanner } = short!;
    assert.deepEqual(movedCounts(golden, short!), []);
    assert.deepEqual(movedCounts(golden, { ...short!, spanner: { ...spanner, commits: spanner.commits + 1 } }), [
      `20 events by 1: spanner.commits was ${spanner.commits} and is ${spanner.commits + 1}`,
    ]);
    assert.deepEqual(movedCounts(golden, { ...short!, batch: 7 }), ['20 events by 7: not in the golden file']);
  });

  it('covers usage with one seal and no commit that others were faster than', async () => {
    for (const { phases, spanner } of (await readGolden()).runs) {
      assert.equal(phases.usage.kms.signs, 0);
      assert.equal(phases.seal.kms.signs, 1);
      assert.equal(spanner.aborted, 0);
    }
  });
});
