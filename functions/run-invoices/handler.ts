import type { Config } from '../../shared/edge/config.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { jobRoute } from '../../shared/edge/internal.ts';
import { type RunInvoicesRoom, runInvoices } from './run-invoices.ts';

export interface RunInvoicesHandlerRoom extends RunInvoicesRoom {
  readonly config: Pick<Config, 'callerToken'>;
  readonly newRequestId: () => string;
}

/** Answers the scheduler. */
export const runInvoicesHandler = (room: RunInvoicesHandlerRoom) =>
  httpHandler([jobRoute('/run', room.config.callerToken, [], () => runInvoices(room))], handlerOptions(room));
