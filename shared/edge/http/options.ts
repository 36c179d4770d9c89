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
  report: (error, requestId) => log.error('request_failed', error, { request_id: requestId }),
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
