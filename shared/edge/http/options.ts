import { TryAgain } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { HandlerOptions } from './handler.ts';

/** What every function's handler does with request ids, faults and answers. */
export const handlerOptions = ({
  newRequestId,
  log,
}: {
  readonly newRequestId: () => string;
  readonly log: Log;
}): HandlerOptions => ({
  newRequestId,
  report: (error, requestId) => {
    if (error instanceof TryAgain) {
      const cause = error.cause instanceof Error ? error.cause.message : '';
      log.warn('request_put_off', { request_id: requestId, reason: error.message, cause });
    } else {
      log.error('request_failed', error, { request_id: requestId });
    }
  },
  log: ({ requestId, method, route, status, code }) => {
    if (status >= 500) {
      log.warn('request_answered', {
        request_id: requestId,
        method,
        route: route ?? '',
        status,
        code: code ?? '',
      });
    }
  },
});
