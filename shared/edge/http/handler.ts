import type { Domain } from 'node:domain';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Request, Response } from '@google-cloud/functions-framework';
import { BadInput, type ErrorCode } from '../../domain/errors.ts';
import { observeRequest } from '../telemetry/requests.ts';
import { chooseType } from './accept.ts';
import { bodyOf, wasRefused } from './guard.ts';
import { Refusal, SECURITY_HEADERS, sendProblem } from './problem.ts';
import { parseQuery } from './query.ts';
import { finderOf, type Routable } from './routing.ts';

/** A request that may be believed to be one request: bounded, unambiguous, routed. Nothing in it is validated yet. */
export interface ApiRequest {
  readonly method: string;
  /** The path's parameters, escapes undone. */
  readonly params: Readonly<Record<string, string>>;
  /** Only declared parameters, each at most once. */
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Address at the other end of the connection: a proxy's, where one stands in front. */
  readonly peer: string | undefined;
  /** The Content-Type field as it was sent. */
  readonly contentType: string | undefined;
  /** The body as it was sent, byte for byte: signatures and fingerprints are over this. */
  readonly body: Buffer;
  readonly requestId: string;
  /** The media type to answer with: one of the route's `produces`. */
  readonly accepted: string;
}

/** Either `json` or `bytes`, or neither for an answer without content. */
export interface ApiAnswer {
  readonly status: number;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  /** The type the request accepted, unless this names another. */
  readonly contentType?: string;
  /** Replaces the usual headers of the same (equally written) names, such as `Cache-Control`. */
  readonly headers?: OutgoingHttpHeaders;
}

export interface ApiRoute extends Routable {
  /** Names of the query parameters it takes; any other is refused. */
  readonly query?: readonly string[];
  /** Media types it can answer with, the preferred first. JSON unless said. */
  readonly produces?: readonly string[];
  readonly handle: (request: ApiRequest) => Promise<ApiAnswer>;
}

/** One answer, for the log. `route` is the pattern, never the path: people paste secrets into addresses. */
export interface Answered {
  readonly requestId: string;
  readonly method: string;
  readonly route: string | undefined;
  readonly status: number;
  readonly code: ErrorCode | undefined;
}

export interface HandlerOptions {
  readonly newRequestId: () => string;
  /** Told of every error that is our fault. */
  readonly report: (error: unknown, requestId: string) => void;
  /** Told of every answer, once it has been handed to Node. Refusals of the guard are told to the guard. */
  readonly log: (answered: Answered) => void;
}

/**
 * Makes one function for the framework's `http()` out of an API's routes. Whatever a route throws becomes a problem
 * document; the promise rejects only if `report` or `log` do.
 *
 * It serves only requests that the guard let in, so `guardProcess` (or, in a test, `guardServer`) must be called too:
 * without it every request answers 500, rather than being parsed by the framework first.
 */
export function httpHandler(
  routes: readonly ApiRoute[],
  { newRequestId, report, log }: HandlerOptions,
): (req: Request, res: Response) => Promise<void> {
  const find = finderOf(routes);
  // Exactly two parameters, as the framework's http() passes: its wrappers read meaning into a function's length.
  return async (req, res) => {
    if (wasRefused(req)) return;
    leaveDomain();
    await observeRequest(req, async (observed) => {
      const requestId = newRequestId();
      let route: ApiRoute | undefined;
      const answered = (status: number, code?: ErrorCode): void => {
        observed({ route: route?.path, status, code });
        log({ requestId, method: req.method, route: route?.path, status, code });
      };
      try {
        const body = bodyOf(req);
        if (body === undefined) throw new Error('the request did not pass the guard: call guardProcess at start');
        const found = await find(req, res);
        if (found.kind === 'none') throw missing(found.allowed);
        route = found.route;
        const request = requestFor(route, req, body, found.params, requestId);
        send(res, await route.handle(request), request);
      } catch (error) {
        // The process is ending and had no more time for this request: the drain has answered it.
        if (res.headersSent) return;
        const { status, code } = sendProblem(res, error, requestId, (fault) => report(fault, requestId));
        answered(status, code);
        return;
      }
      answered(res.statusCode);
    });
  };
}

/**
 * The framework runs each request in a domain (deprecated in Node): what goes wrong beside the request's own promise would be
 * answered by it in plain text, outside production with the error's message, and the process would go on as if nothing had
 * happened. Outside of the domain that ends the process instead, as everywhere in Node (drain.ts).
 */
function leaveDomain(): void {
  (process as NodeJS.Process & { readonly domain?: Domain | null }).domain?.exit();
}

function missing(allowed: readonly string[]): BadInput {
  if (allowed.length === 0) return new BadInput('not_found', 'nothing is here');
  const allow = allowed.join(', ');
  return new Refusal('method_not_allowed', `this address answers to ${allow}`, { headers: { Allow: allow } });
}

// What a request is refused for comes before its route runs, so that a refused request has changed nothing.
function requestFor(
  { query = [], produces = ['application/json'] }: ApiRoute,
  { method, url, headers, socket }: Request,
  body: Buffer,
  params: Readonly<Record<string, string>>,
  requestId: string,
): ApiRequest {
  const accepted = chooseType(headers.accept, produces);
  if (accepted === undefined) {
    throw new BadInput('not_acceptable', `this address answers with ${produces.join(' or ')}`, 'accept');
  }
  const mark = url.indexOf('?');
  return {
    method,
    params,
    query: parseQuery(mark < 0 ? '' : url.slice(mark + 1), query),
    headers,
    peer: socket.remoteAddress,
    contentType: headers['content-type'],
    body,
    requestId,
    accepted,
  };
}

function send(res: ServerResponse, answer: ApiAnswer, { requestId, accepted }: ApiRequest): void {
  // A short text goes out in one piece with its head; bytes would be a second one.
  const content = answer.json === undefined ? answer.bytes : JSON.stringify(answer.json);
  res.writeHead(answer.status, {
    ...SECURITY_HEADERS,
    'X-Request-Id': requestId,
    ...(content && { 'Content-Type': answer.contentType ?? accepted, 'Content-Length': Buffer.byteLength(content) }),
    ...answer.headers,
  });
  res.end(content);
}
