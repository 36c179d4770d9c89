/** How requests of one kind are brought together. */
export interface TogetherOptions<K, Q, A> {
  /** Does what many ask of one key. @returns an answer for each, in order */
  readonly run: (key: K, asked: readonly Q[]) => Promise<readonly A[]>;
  readonly weightOf: (asked: Q) => number;
  /** what one run takes at most, beyond its first request */
  readonly weightMax: number;
}

interface Waiting<Q, A> {
  readonly asked: Q;
  readonly answer: (answer: A) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Group commit: what comes for a key while a run of that key is under way waits for it, and then runs together. Nobody waits for
 * company; a lone request runs at once. Keys do not wait for one another.
 */
export class Together<K, Q, A> {
  readonly #options: TogetherOptions<K, Q, A>;
  /** of each key that runs: who comes next */
  readonly #lanes = new Map<K, Waiting<Q, A>[]>();

  constructor(options: TogetherOptions<K, Q, A>) {
    this.#options = options;
  }

  join(key: K, asked: Q): Promise<A> {
    return new Promise((answer, fail) => {
      const waiting = { asked, answer, fail };
      const lane = this.#lanes.get(key);
      if (lane !== undefined) {
        lane.push(waiting);
        return;
      }
      this.#lanes.set(key, []);
      void this.#serve(key, [waiting]);
    });
  }

  async #serve(key: K, first: readonly Waiting<Q, A>[]): Promise<void> {
    for (let some = first; some.length > 0; some = this.#next(key)) await this.#run(key, some);
    this.#lanes.delete(key);
  }

  #next(key: K): readonly Waiting<Q, A>[] {
    const lane = this.#lanes.get(key)!;
    const { weightOf, weightMax } = this.#options;
    let taken = 0;
    for (let weight = 0; taken < lane.length; taken++) {
      weight += weightOf(lane[taken]!.asked);
      if (taken > 0 && weight > weightMax) break;
    }
    return lane.splice(0, taken);
  }

  async #run(key: K, some: readonly Waiting<Q, A>[]): Promise<void> {
    try {
      const answers = await this.#options.run(
        key,
        some.map(({ asked }) => asked),
      );
      for (const [i, { answer }] of some.entries()) answer(answers[i]!);
    } catch (error) {
      for (const { fail } of some) fail(error);
    }
  }
}
