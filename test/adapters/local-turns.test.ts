import assert from 'node:assert/strict';
import { inTurn } from '../../shared/adapters/local/turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('taking turns on a path', () => {
  it('one works while the others wait, in the order they came', async () => {
    const told: string[] = [];
    const work = (name: string) => async () => {
      told.push(`${name} begins`);
      await turn();
      told.push(`${name} ends`);
      return name;
    };
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => inTurn('/one', work(name))));
    assert.deepEqual(answers, ['a', 'b', 'c']);
    assert.deepEqual(told, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('who fails is told so, and the next one still gets the turn', async () => {
    const failing = inTurn('/one', () => Promise.reject(new Error('failed')));
    const next = inTurn('/one', async () => 'next');
    await assert.rejects(failing, /failed/);
    assert.equal(await next, 'next');
  });

  it('nobody waits for another path', async () => {
    let release = (): void => undefined;
    const held = inTurn('/one', () => new Promise<void>((resolve) => (release = resolve)));
    assert.equal(await inTurn('/two', async () => 'free'), 'free');
    release();
    await held;
  });
});
