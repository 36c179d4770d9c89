import { GrpcMessages, methodOf } from './grpc-messages.ts';
import type { GrpcCall } from './grpc-relay.ts';

export interface PubSubCounts {
  publishes: number;
  messages: number;
  /** of the messages: data, attributes and ordering key; Pub/Sub bills no request below 1,000 */
  bytes: number;
  /** push requests; each carries one message */
  deliveries: number;
}

interface PubSubMessage {
  readonly data?: Buffer;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
}

/** Counts what is published. */
export class PubSubMeter {
  readonly counts: Omit<PubSubCounts, 'deliveries'> = { publishes: 0, messages: 0, bytes: 0 };
  readonly #messages = new GrpcMessages('@google-cloud/pubsub', '../protos/protos.json', 'google.pubsub.v1.Publisher');

  hear(call: GrpcCall): void {
    if (methodOf(call) !== 'Publish' || call.status !== 0) return;
    const { messages = [] } = this.#messages.request<{ messages?: readonly PubSubMessage[] }>(call);
    this.counts.publishes++;
    this.counts.messages += messages.length;
    for (const { data, attributes = {}, orderingKey = '' } of messages) {
      const words = [orderingKey, ...Object.entries(attributes).flat()];
      this.counts.bytes += (data?.length ?? 0) + words.reduce((sum, word) => sum + Buffer.byteLength(word), 0);
    }
  }
}
