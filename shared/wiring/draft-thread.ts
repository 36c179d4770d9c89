import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteSnapshots } from '../adapters/database/sqlite.ts';
import { SystemClock } from '../adapters/local/clock.ts';
import { SystemEntropy } from '../adapters/local/entropy.ts';
import { FileKeyWrapper } from '../adapters/local/key-wrapper.ts';
import type { Config } from '../edge/config.ts';
import type { Database } from '../ports/database.ts';
import { Draftsman } from '../stores/draftsman.ts';
import { PersonalData } from '../stores/personal-data.ts';
import { UsageRollups } from '../stores/usage-rollups.ts';
import type { DraftAnswer, DraftQuestion } from './draft-threads.ts';

// A thread that makes drafts on snapshots of a store which another thread owns.
const config = workerData as Config;
const entropy = new SystemEntropy();
const snapshots = SqliteSnapshots.open(join(config.dataFolder, 'store.db'));
const readOnly = (): Promise<never> => Promise.reject(new Error('this thread only reads'));
const database: Database = {
  read: (table, key) => snapshots.snapshot((view) => view.read(table, key)),
  snapshot: (work) => snapshots.snapshot(work),
  transact: readOnly,
  purgeExpired: readOnly,
  close: () => snapshots.close(),
};
const wrapper = await FileKeyWrapper.open({ folder: join(config.dataFolder, 'wrapping-keys'), entropy });
const personal = new PersonalData(database, wrapper, entropy, new SystemClock());
const retention = { minutes: config.usageMinutesDays, quarters: config.usageSummaryDays };
const rollups = new UsageRollups(database, entropy, retention, personal);
const draftsman = new Draftsman(database, { ledger: config.ledgerOrigin, entropy }, personal, rollups);

parentPort?.on('message', ({ id, tenant, now }: DraftQuestion) => {
  const answer = (what: DraftAnswer): void => parentPort?.postMessage(what);
  draftsman.draft(tenant, now).then(
    (draft) => answer({ id, draft }),
    (error: unknown) => {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      answer({ id, failure: { name, message } });
    },
  );
});
