import { type Instant, instantOfMicros, microsOf } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';

// setTimeout keeps its delay in 32 bits and fires at once when it does not fit.
const LONGEST_TIMEOUT_MILLISECONDS = 2 ** 31 - 1;

const checkedDelay = (milliseconds: number): number => {
  if (Number.isNaN(milliseconds)) throw new RangeError('a delay is a number of milliseconds');
  return Math.max(0, milliseconds);
};

/** The machine's own time. Follows the wall clock when it is set, so it may step back. */
export class SystemClock implements Clock {
  #offsetMicros = Date.now() * 1000 - performance.now() * 1000;

  now(): Instant {
    // The wall clock says which millisecond it is and the monotonic clock which microsecond of it. Where they disagree
    // (the wall clock was set, the machine slept) the wall clock is right and the offset learns from it.
    const firstMicro = Date.now() * 1000;
    const micros = Math.floor(this.#offsetMicros + performance.now() * 1000);
    const within = Math.min(Math.max(micros, firstMicro), firstMicro + 999);
    this.#offsetMicros += within - micros;
    return instantOfMicros(BigInt(within));
  }

  after(milliseconds: number, wake: () => void, keeps?: 'keeps'): () => void {
    let left = checkedDelay(milliseconds);
    let timer: NodeJS.Timeout;
    const sleep = (): void => {
      const stretch = Math.min(left, LONGEST_TIMEOUT_MILLISECONDS);
      left -= stretch;
      timer = setTimeout(left > 0 ? sleep : wake, stretch);
      if (keeps === undefined) timer.unref();
    };
    sleep();
    return () => clearTimeout(timer);
  }
}

interface Wake {
  readonly dueMicros: bigint;
  readonly wake: () => void;
}

/** A clock that moves only when it is told to: tests, simulations and demos run years in a moment. */
export class ManualClock implements Clock {
  #nowMicros: bigint;
  // As on a machine, setting the wall clock back does not make anybody wait longer: delays run on their own time.
  #elapsedMicros = 0n;
  readonly #wakes = new Set<Wake>();

  constructor(start: Instant) {
    this.#nowMicros = microsOf(start);
  }

  now(): Instant {
    return instantOfMicros(this.#nowMicros);
  }

  /** Wakes only inside `advance` or `set`, even for a delay of 0. */
  after(milliseconds: number, wake: () => void): () => void {
    const entry = { dueMicros: this.#elapsedMicros + microsIn(checkedDelay(milliseconds)), wake };
    this.#wakes.add(entry);
    return () => void this.#wakes.delete(entry);
  }

  /** Goes to an instant. Forwards wakes whoever is due by then; backwards only moves the hands. */
  set(instant: Instant): void {
    const difference = microsOf(instant) - this.#nowMicros;
    if (difference < 0n) this.#nowMicros += difference;
    else this.#pass(difference);
  }

  /** Lets time pass. Whoever is due wakes in the order of time, at their own instant, including those who fall asleep meanwhile. */
  advance(milliseconds: number): void {
    this.#pass(microsIn(checkedDelay(milliseconds)));
  }

  #pass(micros: bigint): void {
    const endMicros = this.#elapsedMicros + micros;
    for (let next = this.#nextDue(endMicros); next !== undefined; next = this.#nextDue(endMicros)) {
      this.#wakes.delete(next);
      this.#moveTo(next.dueMicros);
      next.wake();
    }
    this.#moveTo(endMicros);
  }

  #moveTo(elapsedMicros: bigint): void {
    // A wake may itself have advanced the clock; time already passed is not passed twice.
    if (elapsedMicros <= this.#elapsedMicros) return;
    this.#nowMicros += elapsedMicros - this.#elapsedMicros;
    this.#elapsedMicros = elapsedMicros;
  }

  #nextDue(byMicros: bigint): Wake | undefined {
    let next: Wake | undefined;
    for (const entry of this.#wakes) {
      if (entry.dueMicros <= byMicros && (next === undefined || entry.dueMicros < next.dueMicros)) next = entry;
    }
    return next;
  }
}

const microsIn = (milliseconds: number): bigint => BigInt(Math.round(milliseconds * 1000));
