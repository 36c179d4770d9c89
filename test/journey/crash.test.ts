import assert from 'node:assert/strict';
import type { Audit } from '../../scripts/crash/audit.ts';
import { clockJumpsRun } from '../../scripts/crash/clock-jumps.ts';
import { diskFullRun } from '../../scripts/crash/disk-full.ts';
import { killsRun } from '../../scripts/crash/kills.ts';
import { readOnlyRun } from '../../scripts/crash/read-only.ts';
import { workersRun } from '../../scripts/crash/workers.ts';

const say = (): void => undefined;

/** The past days of three organizations, and nothing acknowledged that is not billed once. */
function assertWhole(result: Audit, days = 4): void {
  assert.deepEqual(result.complaints, []);
  assert.ok(result.acknowledged > 0, 'nothing was acknowledged, so nothing was shown');
  assert.equal(result.billed, result.acknowledged);
  assert.equal(result.invoices, days * 3);
  assert.equal(result.bundlesVerified, days * 3);
}

describe('the suite, harmed under load, bills everything it acknowledged exactly once, with no gap and with evidence for every closed day', function () {
  this.timeout(180_000);

  it('killed at random moments, early and late', async () => {
    assertWhole(await killsRun({ times: 4, say }), 12);
  });

  it('its threads ended at random moments: others take their place', async () => {
    const result = await workersRun({ times: 12, say });
    assertWhole(result);
    assert.equal(result.ended, 12);
    assert.ok(result.started > result.ended, `${result.started} threads were started`);
  });

  it('its disk full, twice: senders are put off with a code and a time, health says so, and with room again all goes on', async () => {
    const result = await diskFullRun({ say });
    assertWhole(result);
    assert.deepEqual(Object.keys(result.put_off), ['503 temporarily_unavailable']);
    assert.deepEqual(result.health, ['503 temporarily_unavailable', '200 ok', '503 temporarily_unavailable', '200 ok']);
  });

  it('started on a store that cannot be written: one line with a code, a status that is not 0, and nothing written', async () => {
    const result = await readOnlyRun();
    assert.deepEqual(result.complaints, []);
    assert.equal(result.status, 2);
  });

  it('its clock set forwards by hours and back by one, over midnight twice: numbers are dense, times do not go back, the day closes once', async () => {
    assertWhole(await clockJumpsRun({ say }), 5);
  });
});
