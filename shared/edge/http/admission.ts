/** What an instance has in hand at once. */
export interface AdmissionLimits {
  /** requests that are not answered yet */
  readonly requestsMax: number;
  /** bytes of their bodies */
  readonly bytesMax: number;
}

/** Why a request is not taken in: `busy` is nobody's fault, `greedy` the caller's. */
export type Crowded = 'busy' | 'greedy';

/** The share that one caller may have in hand, and the part beyond which it is not given more than a little. */
const CALLER_QUARTERS = 1;
const CROWDED_QUARTERS = 3;
const QUARTERS = 4;
/** What every caller may have in hand however crowded it is. */
const A_FEW = 4;

/**
 * Bytes of bodies that are worked on at once. The others wait as they came: what is read of them takes ten times the room, and whatever
 * is in memory while others are worked on is copied by the collector again and again.
 */
const UNDER_WAY_BYTES = 4 * 1024 * 1024;

interface Held {
  requests: number;
  bytes: number;
}

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
  hasBegun: boolean;
}

/**
 * Bounds what is in hand: beyond it a request is answered at once that it should come again, before anything is read of it but its
 * head and body. Whoever waits in no queue of ours waits with its sender, who can do something about it.
 *
 * One caller gets a quarter at most, and while three quarters are taken only who has little; so a flood of one is refused to
 * that one. A caller is whatever credential it sends: told apart before anybody has looked whether it is worth anything.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #callers = new Map<string, Held>();
  readonly #all: Held = { requests: 0, bytes: 0 };
  readonly #waiting: Waiting[] = [];
  #underWay = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /**
   * @param begin called, now or in its turn, where the request is taken in
   * @returns what is to be called once it is answered or its sender has gone; or why it is not taken in
   */
  enter(caller: string, bytes: number, begin: () => void): (() => void) | Crowded {
    const crowded = this.wouldSay(caller, bytes);
    if (crowded !== undefined) return crowded;
    const held = this.#callers.get(caller) ?? { requests: 0, bytes: 0 };
    if (held.requests === 0) this.#callers.set(caller, held);
    for (const one of [this.#all, held]) {
      one.requests++;
      one.bytes += bytes;
    }
    const waiting: Waiting = { bytes, begin, hasBegun: false };
    this.#waiting.push(waiting);
    this.#beginNext();
    return () => this.#leave(caller, held, waiting);
  }

  /**
   * Whether a request would be taken in now. A head that says yes holds nothing: its place is taken when its body is here, so that who
   * sends heads alone keeps nobody out.
   * @returns why not, where it would not
   */
  wouldSay(caller: string, bytes: number): Crowded | undefined {
    const all = this.#all;
    const held = this.#callers.get(caller);
    if (held !== undefined && this.#share(held, bytes) > CALLER_QUARTERS / QUARTERS) return 'greedy';
    if (held !== undefined && held.requests >= A_FEW && this.#share(all, bytes) > CROWDED_QUARTERS / QUARTERS) {
      return 'greedy';
    }
    // A body larger than all that may be in hand is taken where nothing else is.
    return all.requests > 0 && this.#share(all, bytes) > 1 ? 'busy' : undefined;
  }

  #leave(caller: string, held: Held, waiting: Waiting): void {
    for (const one of [this.#all, held]) {
      one.requests--;
      one.bytes -= waiting.bytes;
    }
    if (held.requests === 0) this.#callers.delete(caller);
    if (waiting.hasBegun) this.#underWay -= waiting.bytes;
    else this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    this.#beginNext();
  }

  /** In the order in which they came; a body larger than all that may be worked on is worked on alone. */
  #beginNext(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#underWay > 0 && this.#underWay + next.bytes > UNDER_WAY_BYTES) return;
      this.#underWay += next.bytes;
      this.#waiting.shift();
      next.hasBegun = true;
      next.begin();
    }
  }

  /** Requests in hand. */
  get inHand(): number {
    return this.#all.requests;
  }

  /** What of the limits would be taken with one request more. */
  #share({ requests, bytes }: Held, more: number): number {
    return Math.max((requests + 1) / this.#limits.requestsMax, (bytes + more) / this.#limits.bytesMax);
  }
}
