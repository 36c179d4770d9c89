import assert from 'node:assert/strict';
import { canonicalScenario } from '../../scripts/simulation/canonical.ts';
import { PlannedChooser } from '../../scripts/simulation/choosers.ts';
import { runShare } from '../../scripts/simulation/exhaustive.ts';
import { runSchedule } from '../../scripts/simulation/schedule.ts';
import { AnsweredCrypto } from '../../scripts/simulation/web-crypto.ts';

/** Every so-manieth failure; all of them with TALLYSTICK_LONG=1, and by `npm run simulate -- --exhaustive single`. */
const PARTS = process.env['TALLYSTICK_LONG'] === '1' ? 1 : 7;
/** Other work may run beside this. */
const PATIENCE_MILLISECONDS = 300_000;

describe('the canonical story: three events, one twice, a period that closes, its invoice, its evidence', () => {
  let crypto: AnsweredCrypto;
  before(async () => {
    crypto = await AnsweredCrypto.install();
  });
  after(() => crypto.restore());

  it('comes out right where nothing fails: 5 + 7 + 9 units, 20 at 0.10 and one at 0.07, one bundle that verifies', async () => {
    const chooser = new PlannedChooser({ picks: new Map(), faults: new Map() });
    const { violation, counts } = await runSchedule(canonicalScenario(), crypto, { chooser });
    assert.equal(violation, undefined);
    assert.deepEqual([counts.of('an invoice was issued'), counts.of('a bundle was verified (keyed)')], [1, 1]);
    assert.equal(counts.of('a duplicate was told so'), 1);
  });

  it('keeps every promise whatever single call fails, in whatever way', async () => {
    const { failures, runs, sites } = await runShare({ pass: 'single', part: 0, parts: PARTS, stride: 1 }, crypto);
    assert.deepEqual(failures, []);
    assert.ok(runs >= Math.floor(400 / PARTS), `${runs} runs`);
    for (const site of ['ingest database.commit after', 'seal-ledger vault.create crash-before'])
      assert.ok(PARTS > 1 || sites.includes(site), site);
  }).timeout(PATIENCE_MILLISECONDS);

  it('keeps every promise where a process dies, and another while it recovers', async () => {
    const { failures, doubles } = await runShare({ pass: 'crashes', part: 7, parts: 60, stride: 20 }, crypto);
    assert.deepEqual(failures, []);
    assert.ok(doubles > 10, `${doubles} runs with two crashes`);
  }).timeout(PATIENCE_MILLISECONDS);
});
