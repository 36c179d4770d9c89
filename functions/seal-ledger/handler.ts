import type { Config } from '../../shared/edge/config.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { jobRoute, pushRoute } from '../../shared/edge/internal.ts';
import { type SealLedgerRoom, sealLedger } from './seal-ledger.ts';

export interface SealLedgerHandlerRoom extends SealLedgerRoom {
  readonly config: Pick<Config, 'callerToken'>;
  readonly newRequestId: () => string;
}

/** Answers the doorbell `receipts-appended`, and the scheduler. */
export const sealLedgerHandler = (room: SealLedgerHandlerRoom) =>
  httpHandler(
    [
      pushRoute('/', room.config.callerToken, () => sealLedger(room)),
      jobRoute('/run', room.config.callerToken, [], async () => ({ seals: await sealLedger(room) })),
    ],
    handlerOptions(room),
  );
