import assert from 'node:assert/strict';
import { Watch } from '../../shared/wiring/watch.ts';
import { accountOf, flat, usage } from '../support/account.ts';
import { HOUR, SECOND, TestSuite } from '../support/suite.ts';

describe('the watch says when those that look at the ledger are silent', () => {
  let suite: TestSuite;
  let watch: Watch;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T12:00:00Z' });
    watch = new Watch(suite.platform);
  });
  afterEach(() => suite.close());

  it('nothing at first; four minutes without the tail check, three hours without a deep pass', async () => {
    suite.clock.advance(240 * SECOND);
    assert.deepEqual(await watch.look(), []);
    suite.clock.advance(SECOND);
    assert.deepEqual(await watch.look(), ['tail']);
    await suite.tail();
    assert.deepEqual(await watch.look(), []);
    suite.clock.advance(3 * HOUR - 241 * SECOND);
    await suite.tail();
    assert.deepEqual(await watch.look(), []);
    suite.clock.advance(SECOND);
    assert.deepEqual(await watch.look(), ['deep']);
    await suite.deep();
    assert.deepEqual(await watch.look(), []);
    const said = suite.lines.filter(({ event }) => event === 'verdict_absent');
    assert.deepEqual(
      said.map(({ facts }) => facts['verdict']),
      ['tail', 'deep'],
    );
  });

  it('a seal that is due for more than a minute, but not an idle ledger', async () => {
    const acme = await suite.organization(accountOf('acme', { meters: { calls: { model: flat('5') } } }));
    await acme.send([usage('a', 'calls', '1', '2026-03-01T12:00:00Z')]);
    await suite.settle();
    suite.clock.advance(HOUR);
    await suite.tail();
    assert.deepEqual(await watch.look(), []);

    // From now on nobody can sign.
    Object.assign(suite.platform.notary, { signCheckpoint: () => Promise.reject(new Error('away')) });
    await acme.send([usage('b', 'calls', '1', '2026-03-01T12:00:00Z')]);
    await suite.platform.bus.idle();
    assert.deepEqual(await watch.look(), []);
    suite.clock.advance(60 * SECOND);
    assert.deepEqual(await watch.look(), []);
    suite.clock.advance(SECOND);
    assert.deepEqual(await watch.look(), ['seal']);
  });
});

describe('a sweep of six passes', () => {
  it('goes on after a pass that failed, and tells the scheduler', async () => {
    const suite = await TestSuite.start({ at: '2026-03-01T12:00:00Z' });
    try {
      const { invoices } = suite.platform;
      const unarchived = invoices.unarchived.bind(invoices);
      let passes = 0;
      Object.assign(invoices, {
        unarchived: (limit: number) => (++passes === 1 ? Promise.reject(new Error('away')) : unarchived(limit)),
      });
      const answer = suite.call('reconcile-chain/sweep');
      for (let turn = 0; turn < 200 && passes < 6; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        suite.clock.advance(10 * SECOND);
      }
      assert.equal((await answer).status, 500);
      assert.equal(passes, 6);
      assert.equal(suite.lines.filter(({ event }) => event === 'sweep_failed').length, 1);
    } finally {
      await suite.close();
    }
  });
});
