import assert from 'node:assert/strict';
import { Turnstile } from '../../shared/adapters/database/turnstile.ts';
import { TryAgain } from '../../shared/domain/errors.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Somebody inside, who leaves when told. */
function guest(turnstile: Turnstile, name: string, told: string[]) {
  let leave = (): void => undefined;
  const passed = turnstile.pass(async () => {
    told.push(`${name} in`);
    await new Promise<void>((resolve) => (leave = resolve));
    return name;
  });
  return { passed, leave: () => leave() };
}

describe('a turnstile', () => {
  it('lets two in, and the third when one is out, in the order they came', async () => {
    const told: string[] = [];
    const turnstile = new Turnstile(2);
    const guests = ['a', 'b', 'c', 'd'].map((name) => guest(turnstile, name, told));
    await turn();
    assert.deepEqual(told, ['a in', 'b in']);
    guests[1]!.leave();
    assert.equal(await guests[1]!.passed, 'b');
    await turn();
    assert.deepEqual(told, ['a in', 'b in', 'c in']);
    guests[0]!.leave();
    await turn();
    assert.deepEqual(told, ['a in', 'b in', 'c in', 'd in']);
  });

  it('whoever comes just when one leaves does not go before those who wait', async () => {
    const told: string[] = [];
    const turnstile = new Turnstile(1);
    const [first, waiting] = [guest(turnstile, 'first', told), guest(turnstile, 'waiting', told)];
    await turn();
    first.leave();
    await first.passed;
    const late = guest(turnstile, 'late', told);
    await turn();
    assert.deepEqual(told, ['first in', 'waiting in']);
    waiting.leave();
    await turn();
    assert.deepEqual(told, ['first in', 'waiting in', 'late in']);
    late.leave();
  });

  it('who fails inside leaves like everybody else', async () => {
    const turnstile = new Turnstile(1);
    await assert.rejects(
      turnstile.pass(() => Promise.reject(new Error('fell'))),
      /fell/,
    );
    assert.equal(await turnstile.pass(async () => 'next'), 'next');
  });

  it('closing sends away who waits and who comes, and waits for who is inside', async () => {
    const told: string[] = [];
    const turnstile = new Turnstile(1);
    const [inside, waiting] = [guest(turnstile, 'inside', told), guest(turnstile, 'waiting', told)];
    let closed = false;
    const closing = turnstile.close().then(() => {
      closed = true;
    });
    await assert.rejects(waiting.passed, TryAgain);
    await assert.rejects(
      turnstile.pass(async () => 'late'),
      TryAgain,
    );
    await turn();
    assert.equal(closed, false);
    inside.leave();
    assert.equal(await inside.passed, 'inside');
    await closing;
    assert.deepEqual(told, ['inside in']);
  });
});
