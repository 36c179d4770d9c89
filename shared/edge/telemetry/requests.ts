import type { Request } from '@google-cloud/functions-framework';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ErrorCode } from '../../domain/errors.ts';
import { noteSeconds, telemetry } from './active.ts';
import { NAMES } from './names.ts';

/** What became of a request. `route` is the pattern, never the path. */
export interface RequestOutcome {
  readonly route: string | undefined;
  readonly status: number;
  readonly code: ErrorCode | undefined;
}

/** Methods that the conventions know; any other is one name, or a caller could make as many as there are words. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY']);

/**
 * Runs what answers a request inside a span of the caller's trace, and notes how long it took. A request that the guard
 * turned away never comes here; those are in the log.
 * @param work is given a function to tell what became of the request
 */
export function observeRequest(
  req: Pick<Request, 'method' | 'headers' | 'protocol'>,
  work: (outcome: (outcome: RequestOutcome) => void) => Promise<void>,
): Promise<void> {
  const on = telemetry();
  if (on === undefined) return work(() => undefined);
  const method = METHODS.has(req.method) ? req.method : '_OTHER';
  const parent = on.traceContext.fromRequest(req.headers);
  // The scheme is what the front end says it was; a caller without one could say anything.
  const asked = { [NAMES.httpRequestMethod]: method, [NAMES.urlScheme]: req.protocol === 'https' ? 'https' : 'http' };
  const span = on.tracer.startSpan(method, { kind: SpanKind.SERVER, attributes: asked }, parent);
  const began = on.clock.now();
  const note = ({ route, status, code }: RequestOutcome): void => {
    const answered = {
      [NAMES.httpResponseStatusCode]: status,
      ...(route !== undefined && { [NAMES.httpRoute]: route }),
      // What a caller did wrong is no error of this server.
      ...(status >= 500 && { [NAMES.errorType]: code ?? String(status) }),
    };
    if (route !== undefined) span.updateName(`${method} ${route}`);
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.setAttributes(answered);
    noteSeconds(on.requestDuration, on.clock, began, { ...asked, ...answered });
  };
  return context.with(trace.setSpan(parent, span), () => work(note).finally(() => span.end()));
}
