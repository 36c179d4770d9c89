import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { BadInput, type ErrorCode, statusFor, TryAgain } from '../../domain/errors.ts';

/** One thing that is wrong, where a request can have several. */
export interface Fault {
  readonly code: ErrorCode;
  readonly detail: string;
  /** JSON Pointer or name of what is wrong. */
  readonly param?: string;
}

/** The body of every answer that is not a success: RFC 9457 with our `code`, `param` and `request_id`. */
export interface Problem {
  /** `urn:tallystick:problem:<code>`: a name, not an address; nobody has to fetch it. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly param?: string;
  readonly request_id: string;
  readonly errors?: readonly Fault[];
  /** Where to ask instead. */
  readonly endpoint?: string;
}

/** A refusal that says more than a code: several faults at once, or header fields its status asks for. */
export class Refusal extends BadInput {
  readonly errors: readonly Fault[] | undefined;
  readonly headers: OutgoingHttpHeaders;
  readonly endpoint: string | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    more: {
      readonly param?: string;
      readonly errors?: readonly Fault[];
      readonly headers?: OutgoingHttpHeaders;
      readonly endpoint?: string;
    },
  ) {
    super(code, detail, more.param);
    this.name = 'Refusal';
    this.errors = more.errors;
    this.headers = more.headers ?? {};
    this.endpoint = more.endpoint;
  }
}

/** On every answer. Answers are for the caller alone and are never a page a browser should run or keep. */
export const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'",
} as const;

// Messages of other errors name addresses, accounts and objects of ours: they are for the log.
const OUR_TROUBLE = {
  passing: 'this cannot be done just now; nothing was changed, and the same request is worth repeating',
  lasting: 'something went wrong on our side',
} as const;

/** A problem ready to be written. */
export interface RenderedProblem {
  readonly problem: Problem;
  readonly headers: OutgoingHttpHeaders;
  readonly payload: Buffer;
}

/**
 * Turns whatever was thrown into what the caller may know about it. A refusal or a passing trouble speaks for itself;
 * anything else is our fault and says so in the same words every time, whatever its message or stack holds.
 */
export function renderProblem(error: unknown, requestId: string): RenderedProblem {
  const code = error instanceof BadInput || error instanceof TryAgain ? error.code : 'internal';
  const status = statusFor[code];
  const problem: Problem = {
    type: `urn:tallystick:problem:${code}`,
    title: titleOf(code),
    status,
    detail: error instanceof BadInput ? error.message : OUR_TROUBLE[error instanceof TryAgain ? 'passing' : 'lasting'],
    code,
    ...(error instanceof BadInput && error.param !== undefined && { param: error.param }),
    request_id: requestId,
    ...(error instanceof Refusal && error.errors !== undefined && { errors: error.errors }),
    ...(error instanceof Refusal && error.endpoint !== undefined && { endpoint: error.endpoint }),
  };
  const payload = Buffer.from(JSON.stringify(problem));
  const headers = {
    ...SECURITY_HEADERS,
    'Content-Type': 'application/problem+json',
    'Content-Length': payload.length,
    'X-Request-Id': requestId,
    ...(status === 401 && { 'WWW-Authenticate': challengeFor(code) }),
    ...(error instanceof TryAgain && { 'Retry-After': String(Math.max(1, Math.ceil(error.retryAfterSeconds))) }),
    ...(error instanceof Refusal && error.headers),
  };
  return { problem, headers, payload };
}

/**
 * Answers with a problem.
 * @param report is told of every error that is our fault, which the caller learns nothing about
 */
export function sendProblem(
  res: ServerResponse,
  error: unknown,
  requestId: string,
  report: (error: unknown) => void,
): Problem {
  const { problem, headers, payload } = renderProblem(error, requestId);
  if (problem.status >= 500) report(error);
  res.writeHead(problem.status, headers);
  res.end(payload);
  return problem;
}

// RFC 6750 section 3.1: a request that carried no credentials is not told what was wrong with them.
const challengeFor = (code: ErrorCode): string =>
  code === 'missing_credentials' ? 'Bearer' : 'Bearer error="invalid_token"';

const titleOf = (code: ErrorCode): string => {
  const words = code
    .replaceAll('_', ' ')
    .replace(/\bjson\b/, 'JSON')
    .replace(/\bid\b/, 'ID');
  return words.charAt(0).toUpperCase() + words.slice(1);
};
