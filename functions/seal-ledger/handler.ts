import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { jobRoute, type PushRoom, pushRoute } from '../../shared/edge/internal.ts';
import { type SealLedgerRoom, sealLedger } from './seal-ledger.ts';

export interface SealLedgerHandlerRoom extends SealLedgerRoom, PushRoom {
  readonly newRequestId: () => string;
}

/** Answers the doorbell `receipts-appended`, and the scheduler. */
export const sealLedgerHandler = (room: SealLedgerHandlerRoom) =>
  httpHandler(
    [
      pushRoute('/', room, () => sealLedger(room)),
      jobRoute('/run', room.callers, [], async () => ({ seals: await sealLedger(room) })),
    ],
    handlerOptions(room),
  );
