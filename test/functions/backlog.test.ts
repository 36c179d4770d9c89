import assert from 'node:assert/strict';
import { waiting } from '../../shared/stores/tables.ts';
import { TestSuite } from '../support/suite.ts';

describe('a backlog', () => {
  let suite: TestSuite;
  before(async () => {
    suite = await TestSuite.start();
  });
  after(() => suite.close());

  it('of one organization hides no other from the sweep: 1,200 batches of aaa, 600 of mmm, one of zzz are three to ring', async () => {
    const { database, usage } = suite.platform;
    const accepted_at = suite.clock.now();
    await database.transact(async (tx) => {
      for (const [tenant, batches] of [
        ['aaa', 1200],
        ['mmm', 600],
        ['zzz', 1],
      ] as const)
        for (let i = 0; i < batches; i++)
          tx.insert(waiting, { tenant, batch_id: String(i).padStart(5, '0'), count: 1, accepted_at });
    });
    assert.deepEqual(await usage.waitingTenants(10_000), ['aaa', 'mmm', 'zzz']);
    assert.deepEqual(await usage.waitingTenants(2), ['aaa', 'mmm']);
  });
});
