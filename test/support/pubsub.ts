import { Encodings, PubSub, SchemaTypes, type Subscription } from '@google-cloud/pubsub';
import { DATA_SCHEMAS } from '../../shared/adapters/pubsub/schemas.ts';
import { SUBSCRIPTIONS } from '../../shared/domain/messages.ts';
import { emulatorHost } from './emulators.ts';

export interface PubSubPlace {
  /** Any name: the emulator keeps projects apart and asks nobody whether they exist. One per test file. */
  readonly project: string;
  readonly topicPrefix?: string;
}

/** A client for what Terraform does in production. */
export async function pubSubAdmin(project: string): Promise<PubSub> {
  return new PubSub({
    projectId: project,
    apiEndpoint: await emulatorHost('pubsub'),
    emulatorMode: true,
    // Otherwise it asks for a metadata server, warns that there is none, and takes its time.
    clientOptions: { universeDomain: 'googleapis.com' },
  });
}

/** Every topic of the suite, each with its schema. */
export async function createTopics(admin: PubSub, topicPrefix = ''): Promise<void> {
  for (const [topic, definition] of Object.entries(DATA_SCHEMAS)) {
    const name = `${topicPrefix}${topic}`;
    await admin.createSchema(name, SchemaTypes.Avro, definition);
    await admin.createTopic({
      name,
      schemaSettings: { schema: `${admin.name}/schemas/${name}`, encoding: Encodings.Json },
    });
  }
}

/** As short as the API takes it. */
const LEAST_DEADLINE_SECONDS = 10;

/**
 * One subscription that pushes to `pushUrl`, ordered and without dead letters: together the two end the emulator's delivery
 * with a NullPointerException, and the key is stuck (0.8.20).
 */
export async function createPushSubscription(
  admin: PubSub,
  {
    name,
    topic,
    pushUrl,
    ackDeadlineSeconds = LEAST_DEADLINE_SECONDS,
  }: {
    readonly name: string;
    readonly topic: string;
    readonly pushUrl?: string;
    readonly ackDeadlineSeconds?: number;
  },
): Promise<Subscription> {
  const [subscription] = await admin.topic(topic).createSubscription(name, {
    enableMessageOrdering: true,
    // The emulator looks for what is due once a second, whatever stands here.
    ackDeadlineSeconds,
    retryPolicy: { minimumBackoff: { nanos: 100_000_000 }, maximumBackoff: { seconds: 1 } },
    ...(pushUrl === undefined ? {} : { pushConfig: { pushEndpoint: pushUrl } }),
  });
  return subscription;
}

/** Unordered, with a dead-letter topic, after 5 attempts: the only way in which the emulator gives messages up. */
export async function createDeadLetterSubscription(
  admin: PubSub,
  wanted: { readonly name: string; readonly topic: string; readonly deadLetterTopic: string; readonly pushUrl: string },
): Promise<void> {
  await admin.topic(wanted.topic).createSubscription(wanted.name, {
    ackDeadlineSeconds: LEAST_DEADLINE_SECONDS,
    deadLetterPolicy: {
      deadLetterTopic: admin.topic(wanted.deadLetterTopic).name,
      maxDeliveryAttempts: 5,
    },
    pushConfig: { pushEndpoint: wanted.pushUrl },
  });
}

/** What Terraform sets up: topics with their schemas, and every subscription of the suite, pushing to `pushUrl`. */
export async function createSuiteTopics(
  { project, topicPrefix = '' }: PubSubPlace,
  pushUrl: string,
  ackDeadlineSeconds = LEAST_DEADLINE_SECONDS,
): Promise<void> {
  const admin = await pubSubAdmin(project);
  await createTopics(admin, topicPrefix);
  for (const { name, topic } of SUBSCRIPTIONS) {
    await createPushSubscription(admin, {
      ...{ name: `${topicPrefix}${name}`, topic: `${topicPrefix}${topic}`, pushUrl, ackDeadlineSeconds },
    });
  }
  await admin.close();
}
