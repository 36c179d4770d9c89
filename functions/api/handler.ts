import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { billingRoutes } from './billing.ts';
import { ledgerRoutes } from './ledger.ts';
import { publicRoutes } from './public.ts';
import type { ApiRoom } from './room.ts';

/** Everything a tenant or an auditor reads. */
export const apiHandler = (room: ApiRoom) =>
  httpHandler([...publicRoutes(room), ...billingRoutes(room), ...ledgerRoutes(room)], handlerOptions(room));
