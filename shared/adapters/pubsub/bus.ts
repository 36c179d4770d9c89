import { PubSub, type Topic } from '@google-cloud/pubsub';
import { canonicalBytes } from '../../domain/canonical.ts';
import { TryAgain } from '../../domain/errors.ts';
import type { Bus, Message } from '../../ports/bus.ts';

export interface PubSubBusOptions {
  readonly project: string;
  /** Goes before the name of every topic. */
  readonly topicPrefix: string;
  /** host:port of an emulator; Google's own address when absent. */
  readonly emulatorHost?: string;
  /** What goes along as further attributes, e.g. `traceparent`: how a trace continues in whoever answers. */
  readonly propagate?: () => Readonly<Record<string, string>>;
}

/** gRPC codes that Google's own client takes for passing (publisher_client_config.json of pubsub-api, method Publish). */
const TRANSIENT = new Set<unknown>([
  1, // CANCELLED
  2, // UNKNOWN
  4, // DEADLINE_EXCEEDED
  8, // RESOURCE_EXHAUSTED
  10, // ABORTED
  13, // INTERNAL
  14, // UNAVAILABLE
]);

/** Requests wait for their doorbell. A millisecond lets those of one moment share a call; the client's own 10 would show. */
const BATCHING = { maxMessages: 100, maxMilliseconds: 1 };

// Left alone, the client tries for ten minutes. The rows are there already: whoever waits here is better told, and the sweep
// rings again.
const RETRY = {
  backoffSettings: {
    initialRetryDelayMillis: 100,
    retryDelayMultiplier: 2,
    maxRetryDelayMillis: 2_000,
    initialRpcTimeoutMillis: 4_000,
    rpcTimeoutMultiplier: 1,
    maxRpcTimeoutMillis: 4_000,
    totalTimeoutMillis: 6_000,
  },
};

/**
 * Doorbells on Cloud Pub/Sub. The data of a message is its attributes as canonical JSON, so that the topic's schema can
 * check them (see schemas.ts); who answers reads the attributes.
 *
 * Order per key holds among publishers of one region only (Pub/Sub, "Order messages"). Nothing breaks without it: a doorbell
 * says that there are rows, and whoever answers reads them in their own order.
 */
export class PubSubBus implements Bus {
  readonly #client: PubSub;
  readonly #prefix: string;
  readonly #propagate: () => Readonly<Record<string, string>>;
  /** One object per topic: the order of a key is kept inside it. */
  readonly #topics = new Map<string, Topic>();
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;

  constructor({ project, topicPrefix, emulatorHost, propagate = () => ({}) }: PubSubBusOptions) {
    this.#client = new PubSub({
      projectId: project,
      ...(emulatorHost === undefined ? {} : emulator(emulatorHost)),
    });
    this.#prefix = topicPrefix;
    this.#propagate = propagate;
  }

  async publish(message: Message): Promise<void> {
    if (this.#closed) throw new TryAgain('the bus is stopped');
    const sending = this.#send(message);
    this.#underWay.add(sending);
    try {
      await sending;
    } finally {
      this.#underWay.delete(sending);
    }
  }

  /** Waits until what was published is kept or lost, then lets go of the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    // Not the client's own flush: it does not wait for a batch that is under way, and sends the next one beside it.
    await Promise.allSettled(this.#underWay);
    await this.#client.close();
  }

  async #send({ topic, orderingKey, attributes }: Message): Promise<void> {
    const publisher = this.#topic(topic);
    try {
      await publisher.publishMessage({
        data: canonicalBytes(attributes),
        attributes: { ...this.#propagate(), ...attributes },
        orderingKey,
      });
    } catch (error) {
      // After a failure the client may refuse a key until this is called (its docs, googleapis/nodejs-pubsub#1524; 6.3.0 mostly
      // forgets by itself). What was lost is rung again by the sweep, so the key's next doorbell need not wait for it.
      if (orderingKey !== '') publisher.resumePublishing(orderingKey);
      if (!isTransient(error)) throw error;
      throw new TryAgain('the bus cannot keep messages now', 1, { cause: error });
    }
  }

  #topic(name: string): Topic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const topic = this.#client.topic(`${this.#prefix}${name}`, {
      messageOrdering: true,
      batching: BATCHING,
      gaxOpts: { retry: RETRY },
    });
    this.#topics.set(name, topic);
    return topic;
  }
}

const isTransient = (error: unknown): boolean => error instanceof Error && 'code' in error && TRANSIENT.has(error.code);

const emulator = (host: string) => ({
  apiEndpoint: host,
  emulatorMode: true,
  // Otherwise the client asks a metadata server that is not there which cloud its credentials are for.
  clientOptions: { universeDomain: 'googleapis.com' },
});
