import assert from 'node:assert/strict';
import { huntMutants, isFound, requireFit } from '../../scripts/simulation/mutants.ts';
import { MUTANTS } from '../../scripts/simulation/mutations.ts';

describe('mistakes in the protocol, made on purpose in a copy of the sources', () => {
  it('every mistake still fits the sources, and no two are the same', async () => {
    await requireFit(MUTANTS);
    assert.equal(new Set(MUTANTS.map(({ title }) => title)).size, MUTANTS.length);
  });

  it('a mistake that no longer fits is an error and not a mistake that nobody found', async () => {
    const [mutant] = MUTANTS as readonly [(typeof MUTANTS)[number]];
    const gone = { ...mutant, changes: [{ ...mutant.changes[0]!, from: 'a line that nobody has written' }] };
    await assert.rejects(requireFit([gone]), /no longer fits/);
  });

  it('three of them are found within a few runs each; all of them by `npm run simulate -- --mutants`', async () => {
    const results = await huntMutants({
      seed: 1,
      schedules: 60,
      workers: 1,
      only: ['closed without looking', 'doorbell rings before', 'goes on waiting'],
      onResult: () => undefined,
    });
    assert.equal(results.length, 3);
    for (const result of results) assert.ok(isFound(result), result.mutant.title);
  }).timeout(300_000);
});
