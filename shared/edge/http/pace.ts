/**
 * How much is begun in one turn of the event loop: some two milliseconds' work, or, where more waits, a quarter of it: a turn in
 * which many are refused is long, and a few begun in each would be fewer than come. What came with it begins in the turns that
 * follow, and between two turns whoever comes is refused, and whoever is done is answered.
 */
const REQUESTS_A_TURN = 16;
const BYTES_A_TURN = 128 * 1024;
const QUARTER = 4;

interface Work {
  readonly bytes: number;
  readonly begin: () => void;
}

/** Spreads what is taken in over turns of the event loop, in the order in which it came. */
export class Pace {
  readonly #waiting: Work[] = [];
  #requests = 0;
  #bytes = 0;
  /** requests that may begin in this turn */
  #most = REQUESTS_A_TURN;
  #isTurnAwaited = false;

  /** @param begin called now where this turn has begun little, else in one of the next */
  add(bytes: number, begin: () => void): void {
    this.#waiting.push({ bytes, begin });
    if (this.#waiting.length === 1) this.#beginSome();
  }

  #beginSome(): void {
    this.#awaitTurn();
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const isFull = this.#requests >= this.#most || this.#bytes + next.bytes > BYTES_A_TURN;
      if (this.#requests > 0 && isFull) return;
      this.#requests++;
      this.#bytes += next.bytes;
      this.#waiting.shift();
      next.begin();
    }
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    setImmediate(() => {
      this.#isTurnAwaited = false;
      this.#requests = 0;
      this.#bytes = 0;
      this.#most = Math.max(REQUESTS_A_TURN, Math.ceil(this.#waiting.length / QUARTER));
      if (this.#waiting.length > 0) this.#beginSome();
    });
  }
}
