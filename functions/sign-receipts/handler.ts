import { parseTenantId } from '../../shared/domain/ids.ts';
import type { Config } from '../../shared/edge/config.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { pushRoute } from '../../shared/edge/internal.ts';
import { attributeOf } from '../../shared/edge/pubsub.ts';
import { type SignReceiptsRoom, signReceipts } from './sign-receipts.ts';

export interface SignReceiptsHandlerRoom extends SignReceiptsRoom {
  readonly config: Pick<Config, 'callerToken'>;
  readonly newRequestId: () => string;
}

/** Answers the doorbell `usage-accepted`. */
export const signReceiptsHandler = (room: SignReceiptsHandlerRoom) =>
  httpHandler(
    [
      pushRoute('/', room.config.callerToken, (delivery) =>
        signReceipts(parseTenantId(attributeOf(delivery, 'tenant')), room),
      ),
    ],
    handlerOptions(room),
  );
