import { TryAgain } from '../../domain/errors.ts';

/** After the client's own repeats; whoever called us has a queue or a person behind them that repeats as well. */
const RETRY_AFTER_SECONDS = 5;
/** A request that ran out of time or of quota, an upload session that the service has forgotten (410). */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 410, 429]);
/** Connections that were refused, cut or never answered: Node's names, node-fetch's and undici's. */
const PASSING_CODES: ReadonlySet<unknown> = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND', 'ENETUNREACH'],
  ...['ERR_STREAM_PREMATURE_CLOSE', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'],
]);
// What resumable-upload.js of @google-cloud/storage 8.4.0 says when its repeats are used up: an Error without any code.
const USED_UP = /^Retry (?:limit exceeded|total time limit exceeded) /;

/** What every layer of the client can throw: its own errors, gaxios', node-fetch's, bare JSON. */
interface Thrown {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly status?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly { readonly reason?: unknown }[];
  readonly cause?: { readonly code?: unknown };
  readonly response?: { readonly status?: unknown; readonly data?: { readonly error?: Thrown } };
}

/** The HTTP status behind an error; undefined where there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const { code, status, response } = error as Thrown;
  return [code, status, response?.status].map(Number).find((number) => number >= 100 && number < 600);
}

/** The service's own word for an error, such as `retentionPolicyNotMet`. */
export function reasonOf(error: unknown): unknown {
  const { errors, response } = error as Thrown;
  return errors?.[0]?.reason ?? response?.data?.error?.errors?.[0]?.reason;
}

/** Whether there is no such object. A bucket that is missing is not an object that is missing. */
export const isAbsence = (error: unknown): boolean =>
  statusOf(error) === 404 && !/specified bucket does not exist/i.test(String((error as Thrown).message));

/**
 * Whether the client no longer knows if an upload was completed: where the answer to the last piece is lost, it asks the
 * session, is told of the finished object, and takes that for a session without bytes (resumable-upload.js of
 * @google-cloud/storage 8.4.0, `getAndSetOffset`).
 */
export const hasLostTrack = (error: unknown): boolean =>
  /^The offset is lower than the number of bytes written/.test(String((error as Thrown).message));

/** Whether the same call may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 || PASSING_STATUSES.has(status);
  const { code, name, cause } = error as Thrown;
  return name === 'TimeoutError' || PASSING_CODES.has(code) || PASSING_CODES.has(cause?.code);
}

/**
 * What we say of a failure. The error itself stays behind: the client's errors carry the request with its access token. Nor do
 * we repeat the query of an address: whoever has the one of an upload session may upload.
 * @param what what was asked for, as an infinitive
 */
export function failure(what: string, error: unknown): TryAgain | Error {
  const message = String((error as Thrown).message).replace(/\?\S+/g, '?…');
  const said = [statusOf(error), reasonOf(error), message].filter((part) => part !== undefined).join(' ');
  return isPassing(error) || USED_UP.test(message)
    ? new TryAgain(`Cloud Storage does not ${what} now: ${said}`, RETRY_AFTER_SECONDS)
    : new Error(`Cloud Storage does not ${what}: ${said}`);
}

/** Runs a call. @throws what `failure` says of it */
export async function asked<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failure(what, error);
  }
}
