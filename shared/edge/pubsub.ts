import type { FromSchema } from 'json-schema-to-ts';
import { canonicalBytes } from '../domain/canonical.ts';
import { BadInput } from '../domain/errors.ts';
import { schemaCheck } from '../domain/schema-check.ts';
import { parseStrictJson } from '../domain/strict-json.ts';
import type { Delivery } from '../ports/bus.ts';

/**
 * A Pub/Sub push request, wrapped form. Production writes the message's id and time in both spellings, so either is read.
 * What we never read may stand in it.
 */
export const pushSchema = {
  type: 'object',
  required: ['message', 'subscription'],
  properties: {
    subscription: { type: 'string', minLength: 1 },
    deliveryAttempt: { type: 'integer', minimum: 1 },
    message: {
      type: 'object',
      properties: {
        messageId: { type: 'string', minLength: 1 },
        message_id: { type: 'string', minLength: 1 },
        publishTime: { type: 'string', minLength: 1 },
        publish_time: { type: 'string', minLength: 1 },
        orderingKey: { type: 'string' },
        attributes: { type: 'object', additionalProperties: { type: 'string' } },
        data: { type: 'string' },
      },
    },
  },
} as const;

const isPush = schemaCheck<FromSchema<typeof pushSchema>>(pushSchema);

/** What a push says: a message, and what its journey added. */
export interface Pushed extends Omit<Delivery, 'topic'> {
  /** Attributes that are not the publisher's words: the trace it belongs to, which schema checked it, where it died before. */
  readonly carried: Readonly<Record<string, string>>;
  /** base64; empty where there was none */
  readonly data: string;
}

const CARRIED = /^(?:traceparent$|tracestate$|baggage$|googclient_|CloudPubSubDeadLetterSource)/;

/**
 * Reads a push request whole, so that ordering key, delivery attempt and subscription are not lost.
 *
 * The emulator's pushes have no ordering key; the tenant, which it is wherever there is one, stands in for it.
 * @throws BadInput `validation_failed`
 */
export function parsePush(value: unknown): Pushed {
  if (!isPush(value)) throw notPush('the body is no Pub/Sub push request');
  const { message, subscription, deliveryAttempt } = value;
  const all = Object.entries(message.attributes ?? {});
  const attributes = Object.fromEntries(all.filter(([name]) => !CARRIED.test(name)));
  return {
    messageId: oneOf(message.messageId, message.message_id),
    publishTime: oneOf(message.publishTime, message.publish_time),
    orderingKey: message.orderingKey ?? own(attributes, 'tenant') ?? '',
    attributes,
    carried: Object.fromEntries(all.filter(([name]) => CARRIED.test(name))),
    data: message.data ?? '',
    deliveryAttempt: deliveryAttempt ?? 1,
    subscription,
  };
}

/**
 * A message says everything in its attributes. Where it has data, too, that is the same as JSON, which is what the topic's
 * schema has checked: if the two differ, what we would act on is not what was checked, and nobody acts on it.
 * @throws BadInput `validation_failed`, or what parseStrictJson throws for the data
 */
export function requireOneMeaning({ data, attributes }: Pick<Pushed, 'data' | 'attributes'>): void {
  if (data === '') return;
  const bytes = Buffer.from(data, 'base64');
  // Node reads what it can of anything; Pub/Sub writes base64 (RFC 4648 section 4), which has one spelling for each text.
  if (bytes.toString('base64') !== data) throw notPush('the data is no base64');
  const said = parseStrictJson(bytes);
  if (typeof said !== 'object' || said === null || Array.isArray(said)) throw notPush('the data is no JSON object');
  for (const [name, text] of Object.entries(said)) {
    if (own(attributes, name) !== text) throw notPush('data and attributes do not say the same');
  }
}

function oneOf(camel: string | undefined, snake: string | undefined): string {
  const text = camel ?? snake;
  if (text === undefined || text !== (snake ?? camel)) throw notPush('the message has not one id and one publish time');
  return text;
}

const notPush = (detail: string): BadInput => new BadInput('validation_failed', detail);

/** A delivery as a push request's body, as production writes it. */
export const pushBody = ({ subscription, deliveryAttempt, ...message }: Omit<Delivery, 'topic'>): string =>
  JSON.stringify({
    subscription,
    deliveryAttempt,
    message: {
      messageId: message.messageId,
      message_id: message.messageId,
      publishTime: message.publishTime,
      publish_time: message.publishTime,
      orderingKey: message.orderingKey,
      attributes: message.attributes,
      data: canonicalBytes(message.attributes).toString('base64'),
    },
  });

/** An attribute that a doorbell must carry. @throws BadInput `validation_failed` */
export function attributeOf({ attributes }: Pick<Delivery, 'attributes'>, name: string): string {
  const value = own(attributes, name);
  if (value === undefined) throw new BadInput('validation_failed', `the message has no attribute ${name}`, name);
  return value;
}

const own = (attributes: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(attributes, name) ? attributes[name] : undefined;
