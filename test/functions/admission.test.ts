import assert from 'node:assert/strict';
import { Admission, type Crowded } from '../../shared/edge/http/admission.ts';

const MIB = 1024 * 1024;

/** Sends requests and remembers which have begun. */
function door(requestsMax: number, bytesMax = 100 * MIB) {
  const admission = new Admission({ requestsMax, bytesMax });
  const begun: string[] = [];
  const leaves = new Map<string, () => void>();
  const send = (name: string, caller: string, bytes = 100): 'in' | Crowded => {
    const outcome = admission.enter(caller, bytes, () => begun.push(name));
    if (typeof outcome === 'string') return outcome;
    leaves.set(name, outcome);
    return 'in';
  };
  return { admission, begun, send, answer: (name: string) => leaves.get(name)!() };
}

describe('what an instance has in hand', () => {
  it('of 16 requests one caller has a quarter, 4, and is told that it is greedy beyond; others come in', () => {
    const { send, answer } = door(16);
    const outcomes = Array.from({ length: 6 }, (_, i) => send(`a${i}`, 'a'));
    assert.deepEqual(outcomes, ['in', 'in', 'in', 'in', 'greedy', 'greedy']);
    assert.equal(send('b0', 'b'), 'in');
    answer('a0');
    assert.equal(send('a6', 'a'), 'in');
  });

  it('while three quarters are taken, 24 of 32, only callers with less than 4 come in, up to all 32; then nobody', () => {
    const { admission, send } = door(32);
    for (const caller of ['a', 'b', 'c']) for (let i = 0; i < 8; i++) assert.equal(send(`${caller}${i}`, caller), 'in');
    assert.equal(send('d0', 'd'), 'in');
    for (let i = 1; i < 4; i++) assert.equal(send(`d${i}`, 'd'), 'in');
    assert.equal(send('d4', 'd'), 'greedy');
    for (let i = 0; i < 4; i++) assert.equal(send(`e${i}`, 'e'), 'in');
    assert.equal(admission.inHand, 32);
    assert.equal(send('f0', 'f'), 'busy');
  });

  it('bodies count too: of 8 MiB a caller has 2, and one that is larger than all is taken where it is alone', () => {
    const { send, answer } = door(1000, 8 * MIB);
    assert.equal(send('a0', 'a', MIB), 'in');
    assert.equal(send('a1', 'a', MIB), 'in');
    assert.equal(send('a2', 'a', 1), 'greedy');
    answer('a0');
    answer('a1');
    assert.equal(send('b0', 'b', 9 * MIB), 'in');
    assert.equal(send('c0', 'c', 1), 'busy');
  });

  it('four MiB of bodies are worked on at once; the others begin in the order in which they came', () => {
    const { begun, send, answer } = door(1000);
    for (const [i, bytes] of [2_400_000, 1_600_000, 1_200_000, 100, 8 * MIB, 5].entries())
      send(`r${i}`, `c${i}`, bytes);
    assert.deepEqual(begun, ['r0', 'r1']);
    answer('r0');
    assert.deepEqual(begun, ['r0', 'r1', 'r2', 'r3']);
    answer('r1');
    answer('r2');
    answer('r3');
    assert.deepEqual(begun, ['r0', 'r1', 'r2', 'r3', 'r4']);
    answer('r4');
    assert.deepEqual(begun, ['r0', 'r1', 'r2', 'r3', 'r4', 'r5']);
  });

  it('whoever hangs up while it waits never begins, and its place is free', () => {
    const { admission, begun, send, answer } = door(1000);
    send('first', 'a', 4 * MIB);
    send('gone', 'b', 10);
    send('next', 'c', 10);
    answer('gone');
    answer('first');
    assert.deepEqual(begun, ['first', 'next']);
    answer('next');
    assert.equal(admission.inHand, 0);
  });
});
