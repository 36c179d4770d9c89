import { BadInput, type ErrorCode, statusFor } from '../../shared/domain/errors.ts';
import { PlainUsage, readPlainUsage } from '../../shared/domain/usage/plain-usage.ts';
import { cloudEventSchema, plainEventSchema } from '../../shared/domain/usage/schema.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { countSchema, hashSchema } from '../../shared/edge/http/schemas.ts';
import { countUsage } from '../../shared/edge/telemetry/counts.ts';
import type { Outcome } from '../../shared/stores/usage-store.ts';
import { type IngestRoom, ingest } from './ingest.ts';

/** Events of one request. */
const BATCH_MAX_EVENTS = 1000;

const eventSchema = { $id: 'urn:tallystick:schema:usage-event', anyOf: [plainEventSchema, cloudEventSchema] } as const;

const outcomeSchema = {
  $id: 'urn:tallystick:schema:usage-outcome',
  type: 'object',
  required: ['status'],
  discriminator: { propertyName: 'status' },
  oneOf: [
    {
      type: 'object',
      required: ['status', 'receipt_id'],
      additionalProperties: false,
      properties: { status: { type: 'string', enum: ['accepted', 'duplicate'] }, receipt_id: hashSchema },
    },
    {
      type: 'object',
      required: ['status', 'code', 'detail'],
      additionalProperties: false,
      properties: {
        status: { type: 'string', enum: ['refused'] },
        code: { type: 'string', enum: Object.keys(statusFor) as ErrorCode[] },
        detail: { type: 'string', maxLength: 1000 },
        param: { type: 'string', maxLength: 300 },
      },
    },
  ],
} as const;

const answerSchema = {
  $id: 'urn:tallystick:schema:usage-answer',
  type: 'object',
  required: ['accepted', 'duplicates', 'refused', 'results'],
  additionalProperties: false,
  properties: {
    accepted: countSchema,
    duplicates: countSchema,
    refused: countSchema,
    results: {
      type: 'array',
      maxItems: BATCH_MAX_EVENTS,
      items: outcomeSchema,
      description: 'one per event, in order',
    },
  },
} as const;

/** Taking usage in. */
export const ingestOperations = (room: IngestRoom): Operation[] => [
  {
    operationId: 'sendUsage',
    method: 'POST',
    path: '/api/v1/billing/usage',
    tag: 'Usage',
    summary: 'Usage events: one, or a list of up to 1,000',
    description:
      'Answers once everything accepted is durable, event by event. An event’s idempotency key is its own: sending it again changes nothing.',
    scope: 'usage:write',
    consumes: ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'],
    body: {
      anyOf: [eventSchema, { type: 'array', minItems: 1, maxItems: BATCH_MAX_EVENTS, items: eventSchema }],
    },
    // Each event of a batch is judged by itself, so that one bad event refuses no other.
    lenientBody: true,
    readQuickly: readPlainUsage,
    answers: { 202: answerSchema },
    handle: async (call) => {
      const { body } = call;
      const received = body instanceof PlainUsage ? body.events : batchOf(call);
      const outcomes = await ingest(call.tenant, received, room);
      countUsage(outcomes);
      return { status: 202, json: answer(outcomes) };
    },
  },
];

/** The events of a request: one object, or a list of them. @throws BadInput for what is no batch at all */
function batchOf({ body, mediaType }: Pick<Call, 'body' | 'mediaType'>): readonly unknown[] {
  const isList = Array.isArray(body);
  if (typeof body !== 'object' || body === null) {
    throw new BadInput('validation_failed', 'the body is a usage event or a list of usage events');
  }
  if (isList && mediaType === 'application/cloudevents+json') {
    throw new BadInput('validation_failed', 'a list of events is sent as application/cloudevents-batch+json');
  }
  if (!isList && mediaType === 'application/cloudevents-batch+json') {
    throw new BadInput('validation_failed', 'application/cloudevents-batch+json is a list of events');
  }
  const items: readonly unknown[] = isList ? body : [body];
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
