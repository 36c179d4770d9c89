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

/**
 * What the client itself has given up repeating and may still pass later. An `INTERNAL` is mostly a stream that was reset.
 * Any other failure of a read, `PERMISSION_DENIED` too, comes through only after seven seconds: google-gax repeats a stream that
 * fails before its first answer, whatever the reason.
 */
export const isTransient = (error: unknown): boolean => TRANSIENT.includes(codeOf(error));

export const isAlreadyThere = (error: unknown): boolean => codeOf(error) === CODE.alreadyExists;

/** Whether a write lost to another one: what it was made for is not what stands there now. */
export const isOvertaken = (error: unknown): boolean =>
  [CODE.alreadyExists, CODE.failedPrecondition, CODE.notFound].some((code) => code === codeOf(error));
