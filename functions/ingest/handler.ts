import { httpHandler } from '../../shared/edge/http/handler.ts';
import type { OperationRoom } from '../../shared/edge/http/operation.ts';
import { routesOf } from '../../shared/edge/http/operation-routes.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import type { IngestRoom } from './ingest.ts';
import { ingestOperations } from './operation.ts';

export interface IngestHandlerRoom extends IngestRoom, OperationRoom {
  readonly newRequestId: () => string;
}

/** `POST /api/v1/billing/usage`: credentials, body, story, answer. */
export const ingestHandler = (room: IngestHandlerRoom) =>
  httpHandler(routesOf(ingestOperations(room), room), handlerOptions(room));
