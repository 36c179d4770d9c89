import { TryAgain } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Entropy } from '../../ports/entropy.ts';

/** gRPC status codes (grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const RESOURCE_EXHAUSTED = 8;
const ABORTED = 10;
const INTERNAL = 13;
const UNAVAILABLE = 14;

/** What an error of the client asks for: the work once more, the caller once more, or somebody's attention. */
export type Fate = 'rerun' | 'later' | 'bug';

/** A connection that broke in the middle comes as INTERNAL; the client itself tells by these texts (transaction-runner.js). */
const BROKEN_CONNECTION = /RST_STREAM|unexpected EOS|HTTP\/2 error code|Connection closed/;

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;

/** Whether a session that the client held is gone; it takes another one for the next attempt. */
export const isSessionLost = (error: unknown): boolean =>
  codeOf(error) === NOT_FOUND && error instanceof Error && /Session not found/i.test(error.message);

/** What becomes of work whose read, or whose beginning, failed. Nothing was written. */
export function fateOf(error: unknown): Fate {
  if (error instanceof TryAgain) return 'later';
  const code = codeOf(error);
  if (code === ABORTED || isSessionLost(error)) return 'rerun';
  if (code === UNAVAILABLE || code === DEADLINE_EXCEEDED || code === RESOURCE_EXHAUSTED || code === CANCELLED) {
    return 'later';
  }
  return code === INTERNAL && BROKEN_CONNECTION.test((error as Error).message) ? 'later' : 'bug';
}

/**
 * What becomes of a transaction whose commit failed. ABORTED was not applied. Where the answer got lost it may have been: the
 * work must not run again here, only the caller knows how to ask again without doing it twice.
 */
export function fateOfCommit(error: unknown): Fate {
  const code = codeOf(error);
  return code === INTERNAL || code === UNKNOWN ? 'later' : fateOf(error);
}

export const tryAgain = (detail: string, cause: unknown): TryAgain =>
  cause instanceof TryAgain ? cause : new TryAgain(detail, 1, { cause });

/** Longest that one call is waited for; the client by itself would try to get a session for ten minutes. */
const PATIENCE_MILLISECONDS = 25_000;

/**
 * Gives up waiting, not the call: what comes after is handed to `late`.
 * @throws TryAgain when the patience is over
 */
export function withPatience<T>(
  clock: Clock,
  call: Promise<T>,
  late: (value: T) => void = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const cancel = clock.after(PATIENCE_MILLISECONDS, () => {
      over = true;
      reject(new TryAgain('the database did not answer in time'));
    });
    call.then(
      (value) => {
        cancel();
        if (over) late(value);
        else resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}

/** An aborted transaction is run again so often, within about ten seconds; then its caller is asked to come again. */
export const RERUNS_MAX = 12;
const FIRST_PAUSE_MILLISECONDS = 10;
const LONGEST_PAUSE_MILLISECONDS = 1_500;

/** Pauses before the given rerun (from 1): longer each time, and by chance, so that two who met do not meet again. */
export function pauseBefore(rerun: number, clock: Clock, entropy: Entropy): Promise<void> {
  const longest = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** rerun, LONGEST_PAUSE_MILLISECONDS);
  const share = (1 + entropy.bytes(1)[0]!) / 256;
  return new Promise((resolve) => {
    clock.after(longest * share, resolve);
  });
}
