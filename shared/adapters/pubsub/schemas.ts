import { TOPICS } from '../../domain/messages.ts';

export type TopicName = (typeof TOPICS)[keyof typeof TOPICS];

/** The attributes that every message of a topic carries; all of them are text. */
const ATTRIBUTES: Readonly<Record<TopicName, readonly string[]>> = {
  [TOPICS.usageAccepted]: ['tenant'],
  [TOPICS.receiptsAppended]: [],
  [TOPICS.ledgerSealed]: ['seal'],
  [TOPICS.periodInvoiced]: ['tenant', 'number'],
  [TOPICS.periodDue]: ['tenant'],
};

/**
 * Avro schema of each topic's data, in JSON encoding. Terraform holds the same texts: Pub/Sub then refuses what is no
 * doorbell of that topic when it is published, not when it is answered.
 */
export const DATA_SCHEMAS: Readonly<Record<TopicName, string>> = {
  [TOPICS.usageAccepted]: schemaOf(TOPICS.usageAccepted),
  [TOPICS.receiptsAppended]: schemaOf(TOPICS.receiptsAppended),
  [TOPICS.ledgerSealed]: schemaOf(TOPICS.ledgerSealed),
  [TOPICS.periodInvoiced]: schemaOf(TOPICS.periodInvoiced),
  [TOPICS.periodDue]: schemaOf(TOPICS.periodDue),
};

function schemaOf(topic: TopicName): string {
  const name = topic.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return JSON.stringify({
    type: 'record',
    name,
    namespace: 'tallystick',
    fields: ATTRIBUTES[topic].map((attribute) => ({ name: attribute, type: 'string' })),
  });
}
