import assert from 'node:assert/strict';
import { ACCEPT, movedCounts, readGolden } from '../../scripts/bench/operations/golden.ts';
import { run } from '../../scripts/bench/operations/run.ts';
import { nameOf, SHORT_LOADS } from '../../scripts/bench/operations/workload.ts';
import { describeOnEmulators } from '../support/emulators.ts';

describeOnEmulators('what usage asks of each cloud service', ['spanner', 'firestore', 'pubsub'], function () {
  this.timeout(120_000);

  for (const load of SHORT_LOADS) {
    it(`is what docs/measurements/operations.json says: ${nameOf(load)}`, async () => {
      const moved = movedCounts(await readGolden(), await run(load));
      assert.ok(
        moved.length === 0,
        `${moved.join('\n')}\nIf that is meant, \`${ACCEPT}\` accepts it, and the commit says why.`,
      );
    });
  }
});
