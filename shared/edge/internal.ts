import type { Delivery } from '../ports/bus.ts';
import { requireCaller } from './auth.ts';
import type { ApiRequest, ApiRoute } from './http/handler.ts';
import { requireJsonBody } from './http/json-body.ts';
import { parsePush } from './pubsub.ts';

/** A route that only the bus may call: the push request, read whole. The answer 204 acknowledges. */
export function pushRoute(
  path: string,
  callerToken: string,
  answer: (delivery: Omit<Delivery, 'topic'>) => Promise<unknown>,
): ApiRoute {
  return {
    method: 'POST',
    path,
    handle: async (request: ApiRequest) => {
      requireCaller(request.headers.authorization, callerToken);
      await answer(parsePush(requireJsonBody(request, ['application/json']).value));
      return { status: 204 };
    },
  };
}

/** A route that only the scheduler (or an operator with its identity) may call. */
export function jobRoute(
  path: string,
  callerToken: string,
  query: readonly string[],
  run: (query: URLSearchParams) => Promise<unknown>,
): ApiRoute {
  return {
    method: 'POST',
    path,
    query,
    handle: async (request: ApiRequest) => {
      requireCaller(request.headers.authorization, callerToken);
      return { status: 200, json: await run(request.query) };
    },
  };
}
