import type { Bus, Delivery, Message } from '../../../shared/ports/bus.ts';
import type { Gate } from '../gate.ts';

export interface BrokerPolicy {
  readonly subscriptions: readonly { readonly name: string; readonly topic: string }[];
  /** whether messages of one key are delivered in their order, one at a time; otherwise in any, and side by side */
  readonly isOrdered: boolean;
  /** after that many failed deliveries a message is given up */
  readonly attemptsMax: number;
  readonly now: () => string;
}

/** A message that somebody has to hear. */
export interface Queued extends Message {
  readonly id: number;
  readonly messageId: string;
  readonly publishTime: string;
  readonly subscription: string;
  attempts: number;
  isUnderWay: boolean;
}

/** What is published and not acknowledged. Whoever drives it says what is delivered when. */
export class Broker {
  readonly policy: BrokerPolicy;
  readonly queue: Queued[] = [];
  readonly deadLetters: Message[] = [];
  /** Told of every message that somebody will have to hear. */
  onQueued: (queued: Queued) => void = () => undefined;
  #next = 0;
  #published = 0;

  constructor(policy: BrokerPolicy) {
    this.policy = policy;
  }

  accept(message: Message): void {
    const messageId = String(this.#published++);
    for (const { name } of this.policy.subscriptions.filter(({ topic }) => topic === message.topic)) {
      const queued: Queued = {
        ...message,
        id: this.#next++,
        messageId,
        publishTime: this.policy.now(),
        subscription: name,
        attempts: 0,
        isUnderWay: false,
      };
      this.queue.push(queued);
      this.onQueued(queued);
    }
  }

  /** Messages that may be delivered now. */
  deliverable(): Queued[] {
    const taken = new Set<string>();
    return this.queue.filter((queued) => {
      if (!this.policy.isOrdered || queued.orderingKey === '') return !queued.isUnderWay;
      const lane = `${queued.subscription} ${queued.orderingKey}`;
      if (taken.has(lane)) return false;
      taken.add(lane);
      return !queued.isUnderWay;
    });
  }

  /** Begins a delivery. */
  begin(queued: Queued): Delivery {
    queued.isUnderWay = true;
    queued.attempts++;
    const { topic, orderingKey, attributes, messageId, publishTime, subscription, attempts } = queued;
    return { topic, orderingKey, attributes, messageId, publishTime, subscription, deliveryAttempt: attempts };
  }

  acknowledge(queued: Queued): void {
    const at = this.queue.indexOf(queued);
    if (at >= 0) this.queue.splice(at, 1);
  }

  /** @returns whether it was given up */
  fail(queued: Queued): boolean {
    queued.isUnderWay = false;
    if (queued.attempts < this.policy.attemptsMax) return false;
    const { topic, orderingKey, attributes } = queued;
    this.deadLetters.push({ topic, orderingKey, attributes });
    this.acknowledge(queued);
    return true;
  }
}

/** A bus that takes messages or does not, or has taken what it says it has not, or loses what it says it has taken. */
export class SimulatedBus implements Bus {
  readonly #broker: Broker;
  readonly #gate: Gate;

  constructor(broker: Broker, gate: Gate) {
    this.#broker = broker;
    this.#gate = gate;
  }

  publish(message: Message): Promise<void> {
    return this.#gate.pass({
      op: 'bus.publish',
      about: `${message.topic} ${Object.values(message.attributes).join(' ')}`,
      faults: ['before', 'after', 'lost'],
      effect: () => this.#broker.accept(message),
      otherwise: () => undefined,
    });
  }
}
