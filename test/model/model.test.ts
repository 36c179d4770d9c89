import assert from 'node:assert/strict';
import { check, missingTools, readOutput } from '../../scripts/model/checker.ts';
import { CONFIGURATIONS, MUTANTS } from '../../scripts/model/configurations.ts';
import { neverReached } from '../../scripts/model/report.ts';
import { describeWhere } from '../support/emulators.ts';

const limits = { memoryMegabytes: 1000, limitSeconds: 300 };
const missing = missingTools();

describeWhere(
  'the protocol’s model, looked at in every order',
  missing.length === 0 ? undefined : `no ${missing.join(', no ')} (Debian: apt-get install spin gcc)`,
  function () {
    this.timeout(600_000);

    it('one of each step, one event, one fault: everything that must hold holds', async () => {
      const checked = await check({ flags: ['KEYS=1', 'FAULTS=1'], ...limits });
      assert.equal(checked.violated, undefined);
      assert.ok(checked.exhaustive && checked.states > 1000);
    });

    for (const name of ['head-unwatched', 'slower-sealer-gives-up']) {
      it(`the mistake ${name} is rejected, by the claim that it breaks`, async () => {
        const { flags, rejectedBy } = MUTANTS.find((one) => one.name === name)!;
        const { violated } = await check({ flags, ...limits });
        assert.ok(rejectedBy.includes(violated ?? ''), violated);
      });
    }

    it('a checker that had no room for all states does not say that it saw them', async () => {
      const { flags } = CONFIGURATIONS.find(({ name }) => name === 'two-signers-1-fault')!;
      const checked = await check({ flags, ...limits, memoryMegabytes: 64 });
      assert.equal(checked.exhaustive, false);
    });
  },
);

describe('the checker’s report', () => {
  const unreached = (type: string, ...statements: string[]) => ({
    violated: undefined,
    exhaustive: true,
    states: 1,
    depth: 1,
    seconds: 1,
    megabytes: 1,
    unreached: new Map([[type, statements]]),
  });

  it('names a statement that no run has reached, and none that one run has', () => {
    const one = { flags: ['FAULTS=1'], checked: unreached('Signer', 'sign.pml:1 a', 'sign.pml:2 b') };
    const two = { flags: ['FAULTS=2'], checked: unreached('Signer', 'sign.pml:2 b') };
    assert.deepEqual(neverReached([one, two]), ['Signer sign.pml:2 b']);
  });

  it('does not take a run without a part of the model for one that has reached it', () => {
    const one = { flags: ['PERIODS'], checked: unreached('Signer', 'sign.pml:1 a') };
    const two = { flags: ['FAULTS=2'], checked: unreached('Signer') };
    assert.deepEqual(neverReached([one, two]), ['Signer sign.pml:1 a']);
  });

  it('says nothing of an output that is none', () => {
    assert.throws(() => readOutput('Killed'), /nothing that can be read/);
  });
});
