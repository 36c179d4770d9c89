import assert from 'node:assert/strict';
import { join } from 'node:path';
import { differencesBetween } from '../../scripts/rebuild/compare.ts';
import { rebuild } from '../../scripts/rebuild/rebuild.ts';
import { SpannerDatabase } from '../../shared/adapters/database/spanner.ts';
import { SqliteDatabase } from '../../shared/adapters/database/sqlite.ts';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import { describeOnEmulators } from '../support/emulators.ts';
import { keepBooks } from '../support/lost-books.ts';
import { spannerDatabase } from '../support/spanner.ts';

describeOnEmulators('a lost database, made again on Spanner', ['spanner'], function () {
  this.timeout(60_000);

  it('has every row that money rests on as it was', async () => {
    const { suite } = await keepBooks();
    const place = await spannerDatabase();
    const entropy = new SystemEntropy();
    const spanner = await SpannerDatabase.open({
      ...{ project: place.project, instance: place.instance, database: place.database },
      ...{ emulatorHost: place.host, transactionsMax: 4, clock: new SystemClock(), entropy },
    });
    try {
      const { mirror, vault, signer, clock, ledgerOrigin, keys } = suite.platform;
      const pinned = await readPinned({ ledger: ledgerOrigin, jwks: await keys.keyset() });
      const room = { database: spanner, mirror, vault, signer, clock, entropy, ledgerOrigin, hotWindowDays: 100 };
      const { tenants } = await rebuild(room, { pinned, accounts: [], newSalts: false, say: () => undefined });
      assert.equal(tenants.length, 3);
      const lost = SqliteDatabase.open(join(suite.folder.path, 'store.db'), TABLES);
      assert.deepEqual(await differencesBetween(spanner, lost), []);
      await lost.close();
    } finally {
      await spanner.close();
      await place.drop();
      await suite.close();
    }
  });
});
