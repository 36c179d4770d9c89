import assert from 'node:assert/strict';
import { differencesBetween } from '../../scripts/rebuild/compare.ts';
import { rebuild } from '../../scripts/rebuild/rebuild.ts';
import { SpannerDatabase } from '../../shared/adapters/database/spanner.ts';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { CloudTestSuite } from '../support/cloud-suite.ts';
import { describeOnEmulators } from '../support/emulators.ts';
import { spannerDatabase } from '../support/spanner.ts';
import { fourWeeksOfNorthwind } from './northwind.ts';

describeOnEmulators(
  'four weeks of Northwind Labs on Google’s clients',
  ['spanner', 'firestore', 'pubsub'],
  function () {
    this.timeout(120_000);
    let suite: CloudTestSuite;
    fourWeeksOfNorthwind(async (at) => {
      suite = await CloudTestSuite.start({ at, name: 'northwind' });
      return suite;
    });

    it('30 March, 11:00 - the database is lost; an empty one is restored from Firestore and Cloud Storage, row by row', async () => {
      const { platform } = suite;
      const { entropy, ledgerOrigin, hotWindowDays } = platform;
      const pinned = await readPinned({ ledger: ledgerOrigin, jwks: await platform.keys.keyset() });
      const { project, instance, database, host, drop } = await spannerDatabase();
      const transactionsMax = 1;
      const clock = new SystemClock();
      const empty = await SpannerDatabase.open({
        ...{ project, instance, database, transactionsMax, emulatorHost: host },
        ...{ clock, entropy },
      });
      try {
        const room = { ...platform, database: empty, clock: suite.clock, ledgerOrigin, hotWindowDays };
        const { tenants } = await rebuild(room, { pinned, accounts: [], newSalts: false, say: () => undefined });
        // EUR 130.40 and 106.39
        assert.deepEqual(
          tenants.map(({ tenant, invoiced, invoices }) => [tenant, invoiced, invoices]),
          [['northwind', '23679', 2]],
        );
        assert.deepEqual(await differencesBetween(empty, platform.database), []);
      } finally {
        await empty.close();
        await drop();
      }
    });
  },
);
