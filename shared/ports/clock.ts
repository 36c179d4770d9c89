import type { Instant } from '../domain/time.ts';

/** The only source of time. Every run can be replayed because nothing else reads the machine's clock. */
export interface Clock {
  /** Now, UTC, to the microsecond. */
  now(): Instant;
  /**
   * Calls `wake` once, `milliseconds` from now.
   * @param keeps whether the process lives until then; a wait for a retry must not hold up its end, one in the middle of a write must
   * @returns a function that cancels it
   */
  after(milliseconds: number, wake: () => void, keeps?: 'keeps'): () => void;
}
