import { parseTenantId } from '../../shared/domain/ids.ts';
import type { Callers } from '../../shared/edge/callers.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { jobRoute, type PushRoom, pushRoute } from '../../shared/edge/internal.ts';
import { attributeOf } from '../../shared/edge/pubsub.ts';
import { invoiceOne, type RunInvoicesRoom, runInvoices } from './run-invoices.ts';

export interface RunInvoicesHandlerRoom extends RunInvoicesRoom, PushRoom {
  readonly callers: Callers;
  readonly newRequestId: () => string;
  /** Told to stop between two tenants. */
  readonly stopping: AbortSignal;
}

/** Answers the scheduler (`/run`) and the doorbell `period-due` (`/`). */
export const runInvoicesHandler = (room: RunInvoicesHandlerRoom) =>
  httpHandler(
    [
      jobRoute('/run', room.callers, [], () => runInvoices(room, room.stopping)),
      pushRoute('/', room, (pushed) => invoiceOne(parseTenantId(attributeOf(pushed, 'tenant')), room)),
    ],
    handlerOptions(room),
  );
