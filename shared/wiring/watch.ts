import { type Instant, plusMicros } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { type ReconciliationStore, TAIL } from '../stores/reconciliation-store.ts';
import { SEAL_TREE, type SealStore } from '../stores/seal-store.ts';

export interface WatchRoom {
  readonly reconciliation: ReconciliationStore;
  readonly seals: SealStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whose silence is told, and after how many seconds of it. The cloud's alert policies tell the same from log lines. */
export const SILENCE_SECONDS = { tail: 240, deep: 10_800, seal: 60 } as const;
export type Watched = keyof typeof SILENCE_SECONDS;

/**
 * Looks whether those that look at the ledger still do: an alarm that is not raised says nothing when nobody is there to raise
 * it. It reads what they leave behind and never what they are, so that it does not matter why they are silent.
 */
export class Watch {
  readonly #room: WatchRoom;
  /** Nobody is late before the watch has waited for them. */
  readonly #since: Instant;
  /** how many seals there were when one was first seen to be due, and when that was */
  #due: { readonly size: number; readonly since: Instant } | undefined;

  constructor(room: WatchRoom) {
    this.#room = room;
    this.#since = room.clock.now();
  }

  /** Says `verdict_absent` for each that is silent for too long. @returns which */
  async look(): Promise<Watched[]> {
    const { reconciliation, clock, log } = this.#room;
    const heard: Record<Watched, Instant | undefined> = {
      tail: this.#later((await reconciliation.verified(TAIL))?.at),
      deep: this.#later((await reconciliation.verified(SEAL_TREE))?.at),
      seal: await this.#sealDueSince(),
    };
    const silent: Watched[] = [];
    for (const [name, seconds] of Object.entries(SILENCE_SECONDS) as [Watched, number][]) {
      const since = heard[name];
      if (since === undefined || plusMicros(since, BigInt(seconds) * 1_000_000n) >= clock.now()) continue;
      silent.push(name);
      log.error('verdict_absent', new Error(`nothing is heard of ${name}`), { verdict: name, since, seconds });
    }
    return silent;
  }

  #later(at: string | undefined): Instant {
    return at !== undefined && at > this.#since ? (at as Instant) : this.#since;
  }

  /** An idle ledger is sealed no more, so what counts is since when somebody waits for a seal. */
  async #sealDueSince(): Promise<Instant | undefined> {
    const { seals, clock } = this.#room;
    if (!(await seals.isDue())) {
      this.#due = undefined;
      return undefined;
    }
    const { size } = await seals.latest();
    if (this.#due?.size !== size) this.#due = { size, since: clock.now() };
    return this.#due.since;
  }
}
