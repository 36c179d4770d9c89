import { hash } from 'node:crypto';
import { type Instant, microsOf } from '../../shared/domain/time.ts';
import { type Crash, type Fault, type Outcome, type PortCall, perform } from './gate.ts';

/** A promise of the books was broken. */
export class Violation extends Error {
  readonly rule: string;

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`);
    this.name = 'Violation';
    this.rule = rule;
  }
}

/** Whoever waits at a port: an instance as it was started last, or something outside. */
export interface Owner {
  readonly name: string;
  /** what it runs, e.g. `seal-ledger` */
  readonly kind: string;
  /** Ends it: nothing that waits for it goes on. */
  crash(): void;
}

/** One call on a port, as whoever decides sees it. */
export interface CallPoint {
  readonly kind: string;
  readonly op: string;
  readonly about: string;
  readonly faults: readonly (Fault | Crash)[];
}

/** Decides who goes on and what becomes of a call. The same decisions, the same run. */
export interface Chooser {
  /** @returns which of `count` who could go on; 0 has waited longest */
  pick(step: number, count: number, actorOf: (index: number) => string): number;
  outcomeOf(step: number, point: CallPoint): Outcome;
}

interface Parked {
  readonly owner: Owner;
  readonly point: CallPoint;
  readonly go: (outcome: 'ok' | Fault) => void;
  /** does the effect and answers nobody */
  readonly vanish: (isDone: boolean) => void;
}

interface Timer {
  readonly due: number;
  readonly actor: string;
  readonly label: string;
  readonly fire: () => void;
}

const CRASHES: readonly Crash[] = ['crash-before', 'crash-after'];

/**
 * Time and order of one run. Exactly one actor works at a time, until everything it set off waits at a port again: between two
 * steps nothing is under way, so a run is the list of its decisions and nothing else.
 */
export class Kernel {
  nowMicros: number;
  step = 0;
  /** the first broken promise; the run ends with it */
  violation: Violation | undefined;
  /** what happened, for whoever wants to read it */
  trace: string[] | undefined;
  chooser: Chooser;
  /** who goes on now */
  acting: Owner | undefined;
  /** Told of every call that goes on, before it does. */
  onPass: (owner: Owner, point: CallPoint, outcome: Outcome) => void = () => undefined;
  /** microseconds that a step takes */
  pace = 1000;
  readonly #parked: Parked[] = [];
  readonly #timers: Timer[] = [];

  constructor(start: Instant, chooser: Chooser) {
    this.nowMicros = Number(microsOf(start));
    this.chooser = chooser;
  }

  now(): Instant {
    return instantAt(this.nowMicros);
  }

  /** Parks a call until its turn comes. */
  call<T>(owner: Owner, call: PortCall<T>, canCrash = true): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const point: CallPoint = {
        kind: owner.kind,
        op: call.op,
        about: call.about,
        faults: canCrash ? [...call.faults, ...CRASHES] : call.faults,
      };
      this.#parked.push({
        owner,
        point,
        go: (outcome) => {
          try {
            resolve(perform(call, outcome));
          } catch (error) {
            if (error instanceof Violation) this.fail(error);
            reject(error);
          }
        },
        vanish: (isDone) => {
          if (isDone) this.guard(() => void call.effect());
        },
      });
    });
  }

  /** Drops whatever waits for an owner. */
  drop(owner: Owner): void {
    for (let i = this.#parked.length - 1; i >= 0; i--) if (this.#parked[i]!.owner === owner) this.#parked.splice(i, 1);
  }

  /** @returns a function that cancels it */
  after(micros: number, actor: string, label: string, fire: () => void): () => void {
    const timer: Timer = { due: this.nowMicros + Math.max(0, micros), actor, label, fire };
    let at = this.#timers.length;
    while (at > 0 && this.#timers[at - 1]!.due > timer.due) at--;
    this.#timers.splice(at, 0, timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  fail(violation: Violation): void {
    this.violation ??= violation;
  }

  /** Does something in which a promise may turn out to be broken. What else it throws is the engine's refusal, told to nobody. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof Violation) this.fail(error);
    }
  }

  note(text: string): void {
    this.trace?.push(`${this.step} ${this.nowMicros} ${text}`);
  }

  /**
   * Goes on until a condition holds, a promise is broken, or nobody could ever go on.
   * @param isOver asked whenever nobody can go on at this instant
   * @param until goes no further than that instant
   * @param steps goes no further than that many
   * @returns why it ended
   */
  async run(
    isOver: () => boolean,
    until: number,
    steps: number,
  ): Promise<'over' | 'late' | 'steps' | 'stuck' | 'broken'> {
    for (const last = this.step + steps; ; ) {
      if (this.violation !== undefined) return 'broken';
      const due = this.#due();
      const count = this.#parked.length + due;
      if (count === 0) {
        if (isOver()) return 'over';
        const next = this.#timers[0];
        if (next === undefined) return 'stuck';
        if (next.due > until) {
          this.nowMicros = until;
          return 'late';
        }
        this.nowMicros = next.due;
        continue;
      }
      if (this.nowMicros > until) return 'late';
      if (this.step >= last) return 'steps';
      const picked = count === 1 ? 0 : this.chooser.pick(this.step, count, this.#actorAt);
      this.nowMicros += this.pace;
      if (picked < this.#parked.length) this.#goOn(this.#parked.splice(picked, 1)[0]!);
      else {
        const timer = this.#timers.splice(picked - this.#parked.length, 1)[0]!;
        if (this.trace !== undefined) this.note(`${timer.actor} ${timer.label}`);
        timer.fire();
      }
      await settled();
      this.step++;
    }
  }

  #due(): number {
    let due = 0;
    while (due < this.#timers.length && this.#timers[due]!.due <= this.nowMicros) due++;
    return due;
  }

  readonly #actorAt = (index: number): string => {
    const parked = this.#parked[index];
    return parked === undefined ? this.#timers[index - this.#parked.length]!.actor : parked.owner.name;
  };

  #goOn({ owner, point, go, vanish }: Parked): void {
    const outcome = point.faults.length === 0 ? 'ok' : this.chooser.outcomeOf(this.step, point);
    // Most runs keep no trace: no text is made for them.
    if (this.trace !== undefined) this.note(`${owner.name} ${point.op} ${point.about} ${outcome}`);
    this.acting = owner;
    this.onPass(owner, point, outcome);
    if (outcome === 'crash-before' || outcome === 'crash-after') {
      vanish(outcome === 'crash-after');
      owner.crash();
    } else go(outcome);
  }

  /** SHA-256 of the trace, hex. */
  traceHash(): string {
    return hash('sha256', (this.trace ?? []).join('\n'), 'hex');
  }
}

/** Resolves when every promise that could go on has: the tick queue is served when the queue of promises is empty. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

let second = -1;
let textOfSecond = '';

/** The instant so many microseconds after 1970. Steps are milliseconds apart, and every one asks: a second's text is made once. */
export function instantAt(micros: number): Instant {
  const whole = Math.floor(micros / 1_000_000);
  if (whole !== second) {
    textOfSecond = new Date(whole * 1000).toISOString().slice(0, -'000Z'.length);
    second = whole;
  }
  return `${textOfSecond}${String(micros - whole * 1_000_000).padStart(6, '0')}Z` as Instant;
}
