import assert from 'node:assert/strict';
import { ManualClock, SystemClock } from '../../shared/adapters/local/clock.ts';
import { isInstant, microsOf, parseInstant } from '../../shared/domain/time.ts';

const at = (text: string) => parseInstant(text, 'test');
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('the clock on the wall (system clock)', () => {
  it('always names a microsecond of the millisecond the machine says it is', () => {
    const clock = new SystemClock();
    for (let reading = 0; reading < 2_000; reading++) {
      const earliest = Date.now();
      const now = clock.now();
      const latest = Date.now();
      assert.ok(isInstant(now), now);
      assert.ok(microsOf(now) >= BigInt(earliest) * 1000n, 'not before it was asked');
      assert.ok(microsOf(now) < BigInt(latest + 1) * 1000n, 'not after it answered');
    }
  });

  it('counts microseconds, not only milliseconds', () => {
    const clock = new SystemClock();
    const lastThreeDigits = new Set(Array.from({ length: 2_000 }, () => clock.now().slice(-4)));
    assert.ok(lastThreeDigits.size > 50, `${lastThreeDigits.size} different`);
  });

  it('follows the wall clock when somebody sets it, forward and back', () => {
    const clock = new SystemClock();
    const machine = Date.now;
    const hourMilliseconds = 3_600_000;
    try {
      for (const shift of [hourMilliseconds, -hourMilliseconds]) {
        Date.now = () => machine() + shift;
        const difference = Number(microsOf(clock.now()) / 1000n) - machine();
        assert.ok(Math.abs(difference - shift) <= 100, `${difference} ms away`);
        // It has learned the new time: it counts on from there instead of standing at the edge of a millisecond.
        const lastThreeDigits = new Set(Array.from({ length: 2_000 }, () => clock.now().slice(-4)));
        assert.ok(lastThreeDigits.size > 50, `${lastThreeDigits.size} different`);
      }
    } finally {
      Date.now = machine;
    }
  });

  it('wakes once, not before its time, and not at all when told not to', async () => {
    const clock = new SystemClock();
    const woken: string[] = [];
    const started = performance.now();
    clock.after(5, () => woken.push(`after ${performance.now() - started >= 4 ? 'a while' : 'too little'}`));
    const cancel = clock.after(5, () => woken.push('cancelled'));
    cancel();
    cancel();
    await pause(40);
    assert.deepEqual(woken, ['after a while']);
  });

  it('a wait of a month is not cut short because a timer counts to 24.8 days only', async () => {
    let woken = false;
    const cancel = new SystemClock().after(31 * 86_400_000, () => {
      woken = true;
    });
    await pause(10);
    cancel();
    assert.equal(woken, false);
  });

  it('does not keep the process alive', () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const cancel = new SystemClock().after(60_000, () => undefined);
    assert.equal(timers(), before);
    cancel();
  });
});

describe('a clock that moves when told (manual clock)', () => {
  it('stands still until time passes: a second and a half after noon it is 12:00:01.5', () => {
    const clock = new ManualClock(at('2026-03-01T12:00:00Z'));
    assert.equal(clock.now(), '2026-03-01T12:00:00.000000Z');
    assert.equal(clock.now(), '2026-03-01T12:00:00.000000Z');
    clock.advance(1_500);
    assert.equal(clock.now(), '2026-03-01T12:00:01.500000Z');
    clock.advance(0.001);
    assert.equal(clock.now(), '2026-03-01T12:00:01.500001Z');
  });

  it('wakes everybody who is due, in the order of time, each at its own instant', () => {
    const clock = new ManualClock(at('2026-03-01T12:00:00Z'));
    const woken: string[] = [];
    const wakeAt = (name: string) => () => void woken.push(`${name} ${clock.now().slice(17, 23)}`);
    clock.after(300, wakeAt('third'));
    clock.after(100, wakeAt('first'));
    clock.after(200, wakeAt('second'));
    clock.after(200, wakeAt('second too'));
    clock.after(301, wakeAt('late'));
    clock.advance(300);
    assert.deepEqual(woken, ['first 00.100', 'second 00.200', 'second too 00.200', 'third 00.300']);
    clock.advance(1);
    assert.equal(woken.at(-1), 'late 00.301');
    clock.advance(10_000);
    assert.equal(woken.length, 5);
  });

  it('wakes those who fall asleep meanwhile: every 100 ms makes ten times in a second', () => {
    const clock = new ManualClock(at('2026-03-01T12:00:00Z'));
    let times = 0;
    const again = () => {
      times++;
      clock.after(100, again);
    };
    clock.after(100, again);
    clock.advance(1_000);
    assert.equal(times, 10);
    assert.equal(clock.now(), '2026-03-01T12:00:01.000000Z');
  });

  it('who is cancelled stays asleep, even by somebody who wakes at the same instant', () => {
    const clock = new ManualClock(at('2026-03-01T12:00:00Z'));
    const woken: string[] = [];
    let cancelSecond = () => {};
    clock.after(100, () => {
      woken.push('first');
      cancelSecond();
    });
    cancelSecond = clock.after(100, () => woken.push('second'));
    clock.advance(100);
    assert.deepEqual(woken, ['first']);
  });

  it('set forward wakes like time passing; set back moves the hands and shortens nobody’s wait', () => {
    const clock = new ManualClock(at('2026-03-01T12:00:00Z'));
    const woken: string[] = [];
    clock.after(3_600_000, () => woken.push(clock.now()));
    clock.set(at('2026-03-01T11:00:00Z'));
    assert.equal(clock.now(), '2026-03-01T11:00:00.000000Z');
    // An hour's wait began, whatever the hands say: it ends when an hour has passed, at 12:00 by the new hands.
    clock.set(at('2026-03-01T11:59:59.999999Z'));
    assert.deepEqual(woken, []);
    clock.set(at('2026-03-02T00:00:00Z'));
    assert.deepEqual(woken, ['2026-03-01T12:00:00.000000Z']);
    assert.equal(clock.now(), '2026-03-02T00:00:00.000000Z');
  });

  it('a wait that is no number is a mistake; one below nothing is nothing', () => {
    const clock = new ManualClock(at('2026-03-01T12:00:00Z'));
    assert.throws(() => clock.after(Number.NaN, () => undefined), RangeError);
    assert.throws(() => new SystemClock().after(Number.NaN, () => undefined), RangeError);
    let woken = 0;
    clock.after(-5, () => woken++);
    assert.equal(woken, 0);
    clock.advance(0);
    assert.equal(woken, 1);
    assert.equal(clock.now(), '2026-03-01T12:00:00.000000Z');
  });
});
