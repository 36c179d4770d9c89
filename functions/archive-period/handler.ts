import type { Config } from '../../shared/edge/config.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { pushRoute } from '../../shared/edge/internal.ts';
import { type ArchivePeriodRoom, archivePeriod } from './archive-period.ts';

export interface ArchivePeriodHandlerRoom extends ArchivePeriodRoom {
  readonly config: Pick<Config, 'callerToken'>;
  readonly newRequestId: () => string;
}

/** Answers the doorbells `ledger-sealed` and `period-invoiced`: whichever comes last finds both rows. */
export const archivePeriodHandler = (room: ArchivePeriodHandlerRoom) =>
  httpHandler(
    [
      pushRoute('/', room.config.callerToken, ({ attributes: { tenant, number } }) =>
        archivePeriod(room, tenant === undefined || number === undefined ? undefined : { tenant, number }),
      ),
    ],
    handlerOptions(room),
  );
