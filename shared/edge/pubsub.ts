import { Ajv } from 'ajv';
import type { FromSchema } from 'json-schema-to-ts';
import { BadInput } from '../domain/errors.ts';
import type { Delivery } from '../ports/bus.ts';

/** A Pub/Sub push request, wrapped form. What we never read (`message_id` beside `messageId`, …) may stand in it. */
export const pushSchema = {
  type: 'object',
  required: ['message', 'subscription'],
  properties: {
    subscription: { type: 'string', minLength: 1 },
    deliveryAttempt: { type: 'integer', minimum: 1 },
    message: {
      type: 'object',
      required: ['messageId', 'publishTime'],
      properties: {
        messageId: { type: 'string', minLength: 1 },
        publishTime: { type: 'string', minLength: 1 },
        orderingKey: { type: 'string' },
        attributes: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
  },
} as const;

const isPush = new Ajv({ strictTypes: false }).compile<FromSchema<typeof pushSchema>>(pushSchema);

/**
 * Reads a push request whole, so that ordering key, delivery attempt and subscription are not lost.
 * @throws BadInput `validation_failed`
 */
export function parsePush(value: unknown): Omit<Delivery, 'topic'> {
  if (!isPush(value)) throw new BadInput('validation_failed', 'the body is no Pub/Sub push request');
  return {
    messageId: value.message.messageId,
    publishTime: value.message.publishTime,
    orderingKey: value.message.orderingKey ?? '',
    attributes: value.message.attributes ?? {},
    deliveryAttempt: value.deliveryAttempt ?? 1,
    subscription: value.subscription,
  };
}

/** A delivery as a push request's body. */
export const pushBody = (delivery: Delivery): string =>
  JSON.stringify({
    subscription: delivery.subscription,
    deliveryAttempt: delivery.deliveryAttempt,
    message: {
      messageId: delivery.messageId,
      publishTime: delivery.publishTime,
      orderingKey: delivery.orderingKey,
      attributes: delivery.attributes,
    },
  });

/** An attribute that a doorbell must carry. @throws BadInput `validation_failed` */
export function attributeOf(delivery: Pick<Delivery, 'attributes'>, name: string): string {
  const value = Object.hasOwn(delivery.attributes, name) ? delivery.attributes[name] : undefined;
  if (value === undefined) throw new BadInput('validation_failed', `the message has no attribute ${name}`, name);
  return value;
}
