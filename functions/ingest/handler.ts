import { BadInput } from '../../shared/domain/errors.ts';
import { authenticate, type PlaceConfig } from '../../shared/edge/auth.ts';
import { type ApiRequest, httpHandler } from '../../shared/edge/http/handler.ts';
import { requireJsonBody } from '../../shared/edge/http/json-body.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { countUsage } from '../../shared/edge/telemetry/counts.ts';
import type { AccountStore } from '../../shared/stores/account-store.ts';
import type { Outcome } from '../../shared/stores/usage-store.ts';
import { type IngestRoom, ingest } from './ingest.ts';

/** Events of one request. */
const BATCH_MAX_EVENTS = 1000;

export interface IngestHandlerRoom extends IngestRoom {
  readonly accounts: AccountStore;
  readonly config: PlaceConfig;
  readonly newRequestId: () => string;
}

/** `POST /api/v1/billing/usage`: credentials, body, story, answer. */
export const ingestHandler = (room: IngestHandlerRoom) =>
  httpHandler(
    [
      {
        method: 'POST',
        path: '/api/v1/billing/usage',
        handle: async (request) => {
          const { tenant } = await authenticate(request.headers.authorization, 'usage:write', {
            accounts: room.accounts,
            config: room.config,
            now: room.clock.now(),
          });
          const outcomes = await ingest(tenant, readBatch(request), room);
          countUsage(outcomes);
          return { status: 202, json: answer(outcomes) };
        },
      },
    ],
    handlerOptions(room),
  );

/** The events of a request: one object, or a list of them. @throws BadInput for what is no batch at all */
function readBatch(request: ApiRequest): readonly unknown[] {
  const { mediaType, value } = requireJsonBody(request, [
    'application/json',
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
  ]);
  const isList = Array.isArray(value);
  if (typeof value !== 'object' || value === null) {
    throw new BadInput('validation_failed', 'the body is a usage event or a list of usage events');
  }
  if (isList && mediaType === 'application/cloudevents+json') {
    throw new BadInput('validation_failed', 'a list of events is sent as application/cloudevents-batch+json');
  }
  if (!isList && mediaType === 'application/cloudevents-batch+json') {
    throw new BadInput('validation_failed', 'application/cloudevents-batch+json is a list of events');
  }
  const items: readonly unknown[] = isList ? value : [value];
  if (items.length === 0) throw new BadInput('validation_failed', 'a batch holds at least one event');
  if (items.length > BATCH_MAX_EVENTS) {
    throw new BadInput('too_many_items', `a batch holds at most ${BATCH_MAX_EVENTS} events`);
  }
  return items;
}

function answer(outcomes: readonly Outcome[]) {
  const count = (status: Outcome['status']): number => outcomes.filter((outcome) => outcome.status === status).length;
  return {
    accepted: count('accepted'),
    duplicates: count('duplicate'),
    refused: count('refused'),
    results: outcomes.map((outcome) =>
      outcome.status === 'refused' ? outcome : { status: outcome.status, receipt_id: outcome.receiptId },
    ),
  };
}
