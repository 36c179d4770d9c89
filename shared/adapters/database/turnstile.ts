import { TryAgain } from '../../domain/errors.ts';

/** Lets so many in at once; the others wait in the order they came. */
export class Turnstile {
  readonly #places: number;
  readonly #waiting: { readonly enter: () => void; readonly refuse: (reason: TryAgain) => void }[] = [];
  readonly #watching: (() => void)[] = [];
  #inside = 0;
  #closed = false;

  constructor(places: number) {
    this.#places = places;
  }

  /** @throws TryAgain after `close`, whoever works; whatever `work` throws */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Sends away who waits and who comes later; resolves when the last one inside is out. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { refuse } of this.#waiting.splice(0)) refuse(closing());
    while (this.#inside > 0) await new Promise<void>((resolve) => this.#watching.push(resolve));
  }

  #enter(): Promise<void> {
    if (this.#closed) return Promise.reject(closing());
    if (this.#inside < this.#places) {
      this.#inside += 1;
      return Promise.resolve();
    }
    return new Promise((enter, refuse) => this.#waiting.push({ enter, refuse }));
  }

  #leave(): void {
    // The place goes over to the next one directly, so that nobody who comes just now takes it first.
    const next = this.#waiting.shift();
    if (next !== undefined) next.enter();
    else this.#inside -= 1;
    if (this.#inside === 0) for (const told of this.#watching.splice(0)) told();
  }
}

const closing = (): TryAgain => new TryAgain('the store is closing');
