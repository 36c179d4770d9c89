import { httpHandler } from '../../shared/edge/http/handler.ts';
import { routesOf } from '../../shared/edge/http/operation-routes.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { operations } from './operations.ts';
import type { ApiRoom } from './room.ts';

/** Everything a tenant, an operator or an auditor asks for, except taking usage in. */
export const apiHandler = (room: ApiRoom) => httpHandler(routesOf(operations(room), room), handlerOptions(room));
