import { parseTenantId } from '../../shared/domain/ids.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { type PushRoom, pushRoute } from '../../shared/edge/internal.ts';
import { attributeOf, type Pushed } from '../../shared/edge/pubsub.ts';
import { type SignReceiptsRoom, signReceipts } from './sign-receipts.ts';

export interface SignReceiptsHandlerRoom extends SignReceiptsRoom, PushRoom {
  readonly newRequestId: () => string;
}

/** Answers the doorbell `usage-accepted`. @throws BadInput for one that names no tenant */
export const onUsageAccepted = (pushed: Pushed, room: SignReceiptsRoom): Promise<number> =>
  signReceipts(parseTenantId(attributeOf(pushed, 'tenant')), room);

/** The doorbell over HTTP, as the bus pushes it. */
export const signReceiptsHandler = (room: SignReceiptsHandlerRoom) =>
  httpHandler([pushRoute('/', room, (pushed) => onUsageAccepted(pushed, room))], handlerOptions(room));
