import { BadInput } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { SetAsideStore } from '../stores/set-aside-store.ts';
import type { Callers } from './callers.ts';
import type { ApiRequest, ApiRoute } from './http/handler.ts';
import { requireJsonBody } from './http/json-body.ts';
import { type Pushed, parsePush, requireOneMeaning } from './pubsub.ts';
import { observeDelivery } from './telemetry/messages.ts';

export interface PushRoom {
  readonly callers: Callers;
  readonly setAside: SetAsideStore;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A route that only the bus may call: the push request, read whole. The answer 204 acknowledges.
 *
 * What can never succeed is set aside and acknowledged: a refusal would have it pushed again until it is a dead letter, and
 * the messages of its key behind it wait that long. Anything else that fails may pass, so the bus is to try again.
 */
export function pushRoute(path: string, room: PushRoom, answer: (pushed: Pushed) => Promise<unknown>): ApiRoute {
  return {
    method: 'POST',
    path,
    handle: async (request: ApiRequest) => {
      // First of all: nobody else's body is looked at, let alone kept.
      await room.callers(request.headers.authorization, request);
      let pushed: Pushed | undefined;
      try {
        const read = parsePush(requireJsonBody(request, ['application/json']).value);
        pushed = read;
        requireOneMeaning(read);
        await observeDelivery(read, () => answer(read));
      } catch (error) {
        if (!(error instanceof BadInput)) throw error;
        await setAside(request, pushed, error, room);
      }
      return { status: 204 };
    },
  };
}

async function setAside(
  { body, requestId }: ApiRequest,
  pushed: Pushed | undefined,
  error: BadInput,
  { setAside, clock, log }: PushRoom,
): Promise<void> {
  const { code, message: detail } = error;
  const id = await setAside.keep({ body, pushed, code, detail }, clock.now());
  log.error('push_set_aside', error, {
    request_id: requestId,
    set_aside: id,
    code,
    ...(pushed === undefined ? {} : { subscription: pushed.subscription, message_id: pushed.messageId }),
  });
}

/** A route that only the scheduler (or an operator with its identity) may call. */
export function jobRoute(
  path: string,
  callers: Callers,
  query: readonly string[],
  run: (query: URLSearchParams) => Promise<unknown>,
): ApiRoute {
  return {
    method: 'POST',
    path,
    query,
    handle: async (request: ApiRequest) => {
      await callers(request.headers.authorization, request);
      return { status: 200, json: await run(request.query) };
    },
  };
}
