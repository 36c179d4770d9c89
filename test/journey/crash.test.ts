import assert from 'node:assert/strict';
import { crashRun } from '../../scripts/crash/harness.ts';

describe('the suite, killed at random moments under load', function () {
  this.timeout(120_000);

  it('bills everything it acknowledged exactly once, with no gap and with evidence for every closed day', async () => {
    const result = await crashRun({ kills: 4, say: () => undefined });
    assert.deepEqual(result.complaints, []);
    assert.ok(result.acknowledged > 0, 'nothing was acknowledged, so nothing was shown');
    assert.equal(result.billed, result.acknowledged);
    // Twelve past days of three tenants.
    assert.equal(result.invoices, 36);
    assert.equal(result.bundlesVerified, 36);
  });
});
