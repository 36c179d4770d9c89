import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { type PushRoom, pushRoute } from '../../shared/edge/internal.ts';
import { type ArchivePeriodRoom, archivePeriod } from './archive-period.ts';

export interface ArchivePeriodHandlerRoom extends ArchivePeriodRoom, PushRoom {
  readonly newRequestId: () => string;
}

/** Answers the doorbells `ledger-sealed` and `period-invoiced`: whichever comes last finds both rows. */
export const archivePeriodHandler = (room: ArchivePeriodHandlerRoom) =>
  httpHandler(
    [
      pushRoute('/', room, ({ attributes: { tenant, number } }) =>
        archivePeriod(room, tenant === undefined || number === undefined ? undefined : { tenant, number }),
      ),
    ],
    handlerOptions(room),
  );
