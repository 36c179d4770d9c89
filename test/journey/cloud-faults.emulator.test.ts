import assert from 'node:assert/strict';
import { type Emulator, startEmulator } from '../../scripts/emulators/emulators.ts';
import { CloudTestSuite } from '../support/cloud-suite.ts';
import { describeOnEmulators } from '../support/emulators.ts';
import { fourWeeksOfNorthwind } from './northwind.ts';

/*
 * The same four weeks, to the cent, while Spanner aborts commits at random and every third push is lost on its way back,
 * delivered twice at once, overtaken by the next one, or late.
 */
describeOnEmulators(
  'four weeks of Northwind Labs while everything goes wrong that may',
  ['spanner', 'firestore', 'pubsub'],
  function () {
    this.timeout(180_000);
    let spanner: Emulator;
    before(async () => {
      spanner = await startEmulator('spanner', ['--enable_fault_injection']);
    });

    let suite: CloudTestSuite;
    fourWeeksOfNorthwind(async (at) => {
      suite = await CloudTestSuite.start({
        at,
        name: 'faults',
        spannerHost: spanner.host,
        faults: { dropAnswer: 0.3, twice: 0.3, swap: 0.3, delay: 0.3 },
      });
      return suite;
    });

    // After the story's own: hooks run in the order in which they are written.
    after(() => spanner.stop());

    it('and it did go wrong: answers lost, pushes doubled, overtaken and late; nothing was acknowledged and then forgotten', () => {
      const { dropped, twice, swapped, delayed } = suite.relay.counters;
      for (const count of [dropped, twice, swapped, delayed])
        assert.ok(count > 0, JSON.stringify(suite.relay.counters));
      assert.deepEqual(suite.relay.lost, []);
    });
  },
);
