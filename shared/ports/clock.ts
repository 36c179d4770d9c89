import type { Instant } from '../domain/time.ts';

/** The only source of time. Every run can be replayed because nothing else reads the machine's clock. */
export interface Clock {
  /** Now, UTC, to the microsecond. */
  now(): Instant;
  /** Calls `wake` once, `milliseconds` from now. @returns a function that cancels it */
  after(milliseconds: number, wake: () => void): () => void;
}
