import assert from 'node:assert/strict';
import { Together } from '../../shared/stores/together.ts';

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Adds numbers up, and remembers which were asked together. */
function adder(weightMax = 10) {
  const runs: string[] = [];
  const together = new Together<string, number, string>({
    run: async (key, asked) => {
      runs.push(`${key}: ${asked.join(' ')}`);
      await pause();
      if (asked.includes(13)) throw new Error('unlucky');
      return asked.map((n) => `${key}${n}`);
    },
    weightOf: (n) => n,
    weightMax,
  });
  return { runs, together };
}

describe('requests that come together', () => {
  it('a lone one runs at once; those that come meanwhile run together, each with its own answer', async () => {
    const { runs, together } = adder();
    const answers = Promise.all([1, 2, 3].map((n) => together.join('a', n)));
    assert.deepEqual(runs, ['a: 1']);
    assert.deepEqual(await answers, ['a1', 'a2', 'a3']);
    assert.deepEqual(runs, ['a: 1', 'a: 2 3']);
    assert.equal(await together.join('a', 4), 'a4');
  });

  it('keys do not wait for one another', async () => {
    const { runs, together } = adder();
    await Promise.all([together.join('a', 1), together.join('b', 1), together.join('a', 2)]);
    assert.deepEqual(runs, ['a: 1', 'b: 1', 'a: 2']);
  });

  it('a run takes as much as it may, and whatever comes first', async () => {
    const { runs, together } = adder();
    await Promise.all([1, 6, 4, 5, 30, 2].map((n) => together.join('a', n)));
    assert.deepEqual(runs, ['a: 1', 'a: 6 4', 'a: 5', 'a: 30', 'a: 2']);
  });

  it('what fails fails for those who ran together, and the next run goes on', async () => {
    const { runs, together } = adder(100);
    const outcomes = await Promise.allSettled([together.join('a', 1), together.join('a', 13), together.join('a', 2)]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected'],
    );
    assert.equal(await together.join('a', 2), 'a2');
    assert.deepEqual(runs, ['a: 1', 'a: 13 2', 'a: 2']);
  });
});
