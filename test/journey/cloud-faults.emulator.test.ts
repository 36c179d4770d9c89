import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { type Emulator, startEmulator } from '../../scripts/emulators/emulators.ts';
import { CloudTestSuite } from '../support/cloud-suite.ts';
import { describeOnEmulators } from '../support/emulators.ts';
import { SpannerRelay } from '../support/spanner-relay.ts';
import { fourWeeksOfNorthwind } from './northwind.ts';

/*
 * The same four weeks, to the cent, while every tenth commit is aborted on its way to Spanner, Spanner aborts others at random, and
 * every third push is lost on its way back, delivered twice at once, overtaken by the next one, or late. The emulator aborts so
 * few, and by chance, that a story may go by without one: those on the way are what is counted on.
 */
describeOnEmulators(
  'four weeks of Northwind Labs while everything goes wrong that may',
  ['spanner', 'firestore', 'pubsub'],
  function () {
    this.timeout(180_000);
    let spanner: Emulator;
    let wire: SpannerRelay;
    before(async () => {
      spanner = await startEmulator('spanner', ['--enable_fault_injection']);
      wire = await SpannerRelay.start(spanner.host);
      wire.happen('Commit', { code: status.ABORTED, every: 10 });
    });

    let suite: CloudTestSuite;
    fourWeeksOfNorthwind(async (at) => {
      suite = await CloudTestSuite.start({
        at,
        name: 'faults',
        spannerHost: spanner.host,
        relays: { spanner: wire.host },
        faults: { dropAnswer: 0.3, twice: 0.3, swap: 0.3, delay: 0.3 },
      });
      return suite;
    });

    // After the story's own: hooks run in the order in which they are written.
    after(async () => {
      wire.stop();
      await spanner.stop();
    });

    it('and it did go wrong: commits aborted, answers lost, pushes doubled, overtaken and late; nothing was acknowledged and then forgotten', () => {
      const { dropped, twice, swapped, delayed } = suite.relay.counters;
      for (const count of [dropped, twice, swapped, delayed])
        assert.ok(count > 0, JSON.stringify(suite.relay.counters));
      assert.deepEqual(suite.relay.lost, []);
      const commits = wire.calls.filter((name) => name === 'Commit').length;
      const { here, there } = wire.commitsAborted;
      assert.ok(here > 0, `of ${commits} commits ${here} were aborted on the way, ${there} by the emulator`);
      assert.equal(here, Math.floor(commits / 10));
    });
  },
);
