import { inspect } from 'node:util';
import { canonicalJson } from '../../domain/canonical.ts';
import type { Delivery, Message } from '../../ports/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { BusStore, Outgoing, Pending } from './bus-store.ts';

export interface Subscription {
  readonly name: string;
  readonly topic: string;
}

export interface BusPolicy {
  /** After that many failed attempts a message becomes a dead letter. */
  readonly maxDeliveryAttempts: number;
  /** Wait after the first failure; it doubles with every further one. */
  readonly minimumBackoffMilliseconds: number;
  readonly maximumBackoffMilliseconds: number;
  /** How many ordering keys of one subscription are delivered at once. */
  readonly maxKeysInFlight: number;
  /**
   * How long a key rests after a delivery, for each key that has messages, three at least: so all of them together make no more than
   * one delivery in that time, as long as none waits for more than three seconds. What is published meanwhile is merged, and answered together.
   */
  readonly restMilliseconds: number;
}

/** A key rests for so many others, even where it is alone; and however many there are, not longer than that. */
const RESTED_KEYS = 3;
const REST_MAX_MILLISECONDS = 3000;
/** No delivery was made, so none is to be spared: as soon as the disk takes something again, it goes on. */
const STORE_RETRY_MILLISECONDS = 1000;

/** Resolves to acknowledge; rejects to have it again later. It has no deadline: until it settles, its key waits. */
export type Deliver = (subscription: string, delivery: Delivery) => Promise<void>;

export interface CourierRoom {
  readonly store: BusStore;
  readonly clock: Clock;
  readonly deliver: Deliver;
  readonly policy: BusPolicy;
  /** Told whenever a delivery has ended. */
  readonly onSettled: () => void;
}

/** The messages of one ordering key: one at a time, in order. A lane lives as long as its key has messages. */
interface Lane {
  readonly orderingKey: string;
  cancelWait: () => void;
}

/** Takes the messages of one subscription to whoever hears them. */
export class Courier {
  readonly subscription: Subscription;
  readonly #room: CourierRoom;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes whose head can go now, in turn: one busy tenant does not go before the others. */
  readonly #ready = new Set<Lane>();
  /** Positions of the messages somebody is working on. */
  readonly #inFlight = new Set<number>();
  /** What messages say that wait and nobody works on, as far as it is known without looking into the file. */
  readonly #said = new Set<string>();
  #serving = 0;
  #resting = 0;
  #running = false;

  constructor(subscription: Subscription, room: CourierRoom) {
    this.subscription = subscription;
    this.#room = room;
    for (const orderingKey of room.store.keys(subscription.name)) this.#laneOf(orderingKey);
  }

  start(): void {
    this.#running = true;
    this.#pump();
  }

  /** Begins no further delivery; those under way go on. */
  halt(): void {
    this.#running = false;
    for (const lane of this.#lanes.values()) lane.cancelWait();
  }

  /** Whether nothing is being delivered and nothing can be now. */
  isIdle(): boolean {
    return this.#serving === 0 && this.#resting === 0 && (!this.#running || this.#ready.size === 0);
  }

  /**
   * Writes a message down, inside the caller's transaction, unless one that says the same still waits: whoever answers
   * that one answers later than this publish. One under way does not count, it may have read its rows already.
   * @returns its position in the queue, undefined where it was merged
   */
  keep(outgoing: Outgoing, copyOf: number | undefined): number | undefined {
    const same = this.#room.store.same(this.subscription.name, outgoing);
    const isMerged = same.some((id) => !this.#inFlight.has(id));
    this.#said.add(sayingOf(outgoing.message, outgoing.attributes));
    return isMerged ? undefined : this.#room.store.insert(this.subscription.name, outgoing, copyOf ?? null);
  }

  /** Whether one that says the same is known to wait, so that nothing is to be written. Where this says no, the file may say yes. */
  isSaid({ message, attributes }: Outgoing): boolean {
    return this.#said.has(sayingOf(message, attributes));
  }

  /** The transaction in which messages were kept has failed: what waits is what the file says. */
  forgetSaid(): void {
    this.#said.clear();
  }

  /** Says, after that transaction, that a key may have messages. */
  announce(orderingKey: string): void {
    this.#laneOf(orderingKey);
    this.#pump();
  }

  #laneOf(orderingKey: string): void {
    if (this.#lanes.has(orderingKey)) return;
    const lane: Lane = { orderingKey, cancelWait: () => undefined };
    this.#lanes.set(orderingKey, lane);
    this.#ready.add(lane);
  }

  #pump(): void {
    if (!this.#running) return;
    for (const lane of this.#ready) {
      if (this.#serving >= this.#room.policy.maxKeysInFlight) return;
      this.#ready.delete(lane);
      this.#serving++;
      // Only a bug can reject here, and a bug is not handled: it ends the process with its stack, the queue is on disk.
      void this.#serve(lane).finally(() => {
        this.#serving--;
        this.#pump();
        this.#room.onSettled();
      });
    }
  }

  async #serve(lane: Lane): Promise<void> {
    let waitMilliseconds: number;
    try {
      const head = this.#room.store.head(this.subscription.name, lane.orderingKey);
      if (head === undefined) {
        this.#lanes.delete(lane.orderingKey);
        return;
      }
      waitMilliseconds = await this.#deliverOnce(head);
    } catch (error) {
      // A full disk, say. The message is still in the file.
      if (!isStoreTrouble(error)) throw error;
      waitMilliseconds = Math.min(STORE_RETRY_MILLISECONDS, this.#room.policy.maximumBackoffMilliseconds);
    }
    if (waitMilliseconds === 0) {
      this.#rest(lane);
    } else if (this.#running) {
      lane.cancelWait = this.#room.clock.after(waitMilliseconds, () => {
        this.#ready.add(lane);
        this.#pump();
      });
    }
  }

  #rest(lane: Lane): void {
    const keys = Math.max(this.#lanes.size, RESTED_KEYS);
    const milliseconds = Math.min(this.#room.policy.restMilliseconds * keys, REST_MAX_MILLISECONDS);
    if (milliseconds === 0 || !this.#running) {
      this.#ready.add(lane);
      return;
    }
    this.#resting++;
    const wake = (): void => {
      this.#resting--;
      lane.cancelWait = () => undefined;
      this.#ready.add(lane);
      this.#pump();
      this.#room.onSettled();
    };
    const cancel = this.#room.clock.after(milliseconds, wake);
    lane.cancelWait = () => {
      cancel();
      wake();
    };
  }

  /** @returns how many milliseconds the key has to wait before its next delivery */
  async #deliverOnce({ id, ...delivery }: Pending): Promise<number> {
    const { store, clock, policy } = this.#room;
    const deliveryAttempt = delivery.deliveryAttempt + 1;
    // From here on it is under way: whoever says the same now wants another.
    this.#said.delete(sayingOf(delivery, canonicalJson(delivery.attributes)));
    if (deliveryAttempt > policy.maxDeliveryAttempts) {
      store.bury(id, 'the last attempt never ended', clock.now());
      return 0;
    }
    // Counted before it is made: a message that kills the process must not be tried for ever.
    store.recordAttempt(id, deliveryAttempt);
    const failure = await this.#failureOf(id, { ...delivery, deliveryAttempt });
    if (failure === undefined) store.remove(id);
    else if (deliveryAttempt < policy.maxDeliveryAttempts) return backoff(policy, deliveryAttempt);
    else store.bury(id, failure, clock.now());
    return 0;
  }

  async #failureOf(id: number, delivery: Delivery): Promise<string | undefined> {
    this.#inFlight.add(id);
    try {
      await this.#room.deliver(this.subscription.name, delivery);
      return undefined;
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
    } finally {
      this.#inFlight.delete(id);
    }
  }
}

const sayingOf = ({ topic, orderingKey }: Pick<Message, 'topic' | 'orderingKey'>, attributes: string): string =>
  `${orderingKey}\n${topic}\n${attributes}`;

const backoff = (policy: BusPolicy, failures: number): number =>
  Math.min(policy.maximumBackoffMilliseconds, policy.minimumBackoffMilliseconds * 2 ** (failures - 1));

const isStoreTrouble = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
