import type { Callers } from '../../shared/edge/callers.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { jobRoute } from '../../shared/edge/internal.ts';
import { type RunInvoicesRoom, runInvoices } from './run-invoices.ts';

export interface RunInvoicesHandlerRoom extends RunInvoicesRoom {
  readonly callers: Callers;
  readonly newRequestId: () => string;
}

/** Answers the scheduler. */
export const runInvoicesHandler = (room: RunInvoicesHandlerRoom) =>
  httpHandler([jobRoute('/run', room.callers, [], () => runInvoices(room))], handlerOptions(room));
