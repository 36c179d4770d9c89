import { TryAgain } from '../../domain/errors.ts';

/** gRPC's status codes that decide something here (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const CODE = {
  cancelled: 1,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
} as const;

const TRANSIENT: readonly unknown[] = [
  CODE.cancelled,
  CODE.deadlineExceeded,
  CODE.resourceExhausted,
  CODE.aborted,
  CODE.internal,
  CODE.unavailable,
];

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

export const isAlreadyThere = (error: unknown): boolean => codeOf(error) === CODE.alreadyExists;

/** Whether a write lost to another one: what it was made for is not what stands there now. */
export const isOvertaken = (error: unknown): boolean =>
  [CODE.alreadyExists, CODE.failedPrecondition, CODE.notFound].some((code) => code === codeOf(error));

/** Awaits an answer of Firestore. @throws TryAgain for what may pass, everything else as it is */
export type Answered = <T>(work: Promise<T>) => Promise<T>;

/**
 * How long a story waits for Firestore. Nothing that it stands behind is worth more: what is missing there, the sweep puts
 * there later.
 */
export const PATIENCE_MILLISECONDS = 10_000;

/**
 * Waits no longer than so many milliseconds. Left alone the client repeats a call that finds nobody for up to ten minutes
 * (`total_timeout_millis` of its `firestore_client_config.json`, which no setting changes), and the request behind it would
 * outlive its push subscription's deadline. What was given up may still arrive: writes here are made so that it may.
 *
 * What the client gives up by itself may pass later too; an `INTERNAL` is mostly a stream that was reset.
 */
export const answeredWithin = (milliseconds: number): Answered => {
  return async (work) => {
    const patience = AbortSignal.timeout(milliseconds);
    const lost = new Promise<never>((_, reject) => {
      patience.addEventListener('abort', () =>
        reject(new TryAgain(`Firestore has not answered in ${milliseconds} ms`)),
      );
    });
    try {
      return await Promise.race([work, lost]);
    } catch (error) {
      if (TRANSIENT.includes(codeOf(error))) throw new TryAgain('Firestore does not answer now', 1, { cause: error });
      throw error;
    }
  };
};
