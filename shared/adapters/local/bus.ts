import { canonicalJson } from '../../domain/canonical.ts';
import { TryAgain } from '../../domain/errors.ts';
import type { Bus, Message } from '../../ports/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import { type BusPolicy, Courier, type Deliver, type Subscription } from './bus-courier.ts';
import { BusStore, type DeadLetter, type Outgoing } from './bus-store.ts';

const DEFAULT_POLICY: BusPolicy = {
  maxDeliveryAttempts: 10,
  minimumBackoffMilliseconds: 100,
  maximumBackoffMilliseconds: 60_000,
  maxKeysInFlight: 8,
  restMilliseconds: 0,
};

export interface LocalBusOptions {
  /** A SQLite file that only this bus uses. */
  readonly file: string;
  readonly clock: Clock;
  /** Who hears what. A message of a topic without subscriptions is heard by nobody and not kept. */
  readonly subscriptions: readonly Subscription[];
  readonly deliver: Deliver;
  /** What is not given is 10 attempts, 100 ms to 60 s of backoff, 8 keys at once. */
  readonly policy?: Partial<BusPolicy>;
}

interface Publishing {
  readonly outgoing: Outgoing;
  readonly kept: () => void;
  readonly lost: (reason: Error) => void;
}

/**
 * Pub/Sub inside one process: durable, at-least-once, ordered per subscription and key, with backoff and dead letters.
 *
 * A message that says the same as one still waiting is merged into it: it is a doorbell, and whoever answers the first
 * ring, later than this publish, sees the rows of both. So the queue is bounded by what there is to say.
 */
export class LocalBus implements Bus {
  readonly #store: BusStore;
  readonly #clock: Clock;
  readonly #couriers: readonly Courier[];
  #outbox: Publishing[] = [];
  #flushing = 0;
  #idlers: (() => void)[] = [];
  #started = false;
  #closed = false;
  #stopped: Promise<void> | undefined;

  private constructor({ file, clock, subscriptions, deliver, policy }: LocalBusOptions) {
    this.#store = new BusStore(file);
    this.#clock = clock;
    const room = {
      store: this.#store,
      clock,
      deliver,
      policy: { ...DEFAULT_POLICY, ...policy },
      onSettled: () => this.#settle(),
    };
    this.#couriers = subscriptions.map((subscription) => new Courier(subscription, room));
  }

  /**
   * Opens the file, making it where it is missing. What an earlier process left unacknowledged is delivered again, from
   * `start` on. Messages of a subscription that is no longer named stay in the file until it is.
   * @throws Error where another bus has the file open
   */
  static open(options: LocalBusOptions): LocalBus {
    const names = new Set(options.subscriptions.map(({ name }) => name));
    if (names.size < options.subscriptions.length) throw new Error('two subscriptions have the same name');
    return new LocalBus(options);
  }

  /** Begins to deliver; publishing works before. */
  start(): void {
    if (this.#started || this.#stopped !== undefined) throw new Error('a bus is started once');
    this.#started = true;
    for (const courier of this.#couriers) courier.start();
  }

  async publish(message: Message): Promise<void> {
    if (this.#closed) throw new TryAgain('the bus is stopped');
    const attributes = canonicalJson(message.attributes);
    const outgoing = { message, attributes, publishTime: this.#clock.now() };
    await new Promise<void>((kept, lost) => {
      this.#outbox.push({ outgoing, kept, lost });
      // Whatever else is published before the event loop comes round shares this one commit, and its fsync.
      if (this.#outbox.length === 1) setImmediate(() => void this.#flush());
    });
  }

  /** Begins no further delivery and waits for those under way. What is published is kept, until `stop`. */
  rest(): Promise<void> {
    for (const courier of this.#couriers) courier.halt();
    return this.idle();
  }

  /** Begins no further delivery, waits for those under way (they may still publish), then closes the file. */
  stop(): Promise<void> {
    this.#stopped ??= this.#close();
    return this.#stopped;
  }

  /** Resolves when nothing is being published or delivered and nothing can be now. Waiting for a retry is idle, too. */
  async idle(): Promise<void> {
    while (!this.#isIdle()) await new Promise<void>((resolve) => this.#idlers.push(resolve));
  }

  /** How many messages are kept and not yet acknowledged, over all subscriptions. */
  pending(): number {
    return this.#couriers.reduce((sum, { subscription }) => sum + this.#store.count(subscription.name), 0);
  }

  deadLetters(): readonly DeadLetter[] {
    return this.#store.deadLetters();
  }

  /** Puts a dead letter at the end of its key's queue, with its attempts forgotten. @throws Error for an unknown id */
  async redrive(id: number): Promise<void> {
    const [letter] = this.#store.deadLetters(id);
    if (letter === undefined) throw new Error(`there is no dead letter ${id}`);
    const courier = this.#couriers.find(({ subscription }) => subscription.name === letter.subscription);
    if (courier === undefined) throw new Error(`dead letter ${id} is for ${letter.subscription}, which is no more`);
    const { publishTime } = letter;
    await this.#keepAll(() => {
      const attributes = canonicalJson(letter.attributes);
      courier.keep({ message: letter, attributes, publishTime }, Number(letter.messageId));
      this.#store.removeDeadLetter(id);
    });
    courier.announce(letter.orderingKey);
  }

  async #flush(): Promise<void> {
    const outbox = this.#outbox;
    this.#outbox = [];
    this.#flushing++;
    try {
      // What is published while this is being kept shares the next commit.
      const fresh = outbox.filter(({ outgoing }) => !this.#isSaid(outgoing));
      if (fresh.length === 0) {
        await this.#store.kept();
      } else {
        await this.#keepAll(() => {
          for (const { outgoing } of fresh) this.#keep(outgoing);
        });
      }
      for (const { outgoing, kept } of outbox) {
        kept();
        for (const courier of this.#hearers(outgoing)) courier.announce(outgoing.message.orderingKey);
      }
    } catch (error) {
      for (const { lost } of outbox) lost(new TryAgain('the bus cannot keep messages now', 1, { cause: error }));
    } finally {
      this.#flushing--;
      this.#settle();
    }
  }

  /** Whether everybody who hears it has one that says the same, as far as is known without looking into the file. */
  #isSaid(outgoing: Outgoing): boolean {
    return this.#hearers(outgoing).every((courier) => courier.isSaid(outgoing));
  }

  async #keepAll(work: () => void): Promise<void> {
    try {
      await this.#store.durably(work);
    } catch (error) {
      for (const courier of this.#couriers) courier.forgetSaid();
      throw error;
    }
  }

  #keep(outgoing: Outgoing): void {
    let first: number | undefined;
    for (const courier of this.#hearers(outgoing)) {
      const id = courier.keep(outgoing, first);
      first ??= id;
    }
  }

  #hearers({ message }: Outgoing): Courier[] {
    return this.#couriers.filter(({ subscription }) => subscription.topic === message.topic);
  }

  async #close(): Promise<void> {
    await this.rest();
    this.#closed = true;
    await this.#store.close();
  }

  #isIdle(): boolean {
    return this.#outbox.length === 0 && this.#flushing === 0 && this.#couriers.every((courier) => courier.isIdle());
  }

  #settle(): void {
    if (!this.#isIdle()) return;
    const idlers = this.#idlers;
    this.#idlers = [];
    for (const resolve of idlers) resolve();
  }
}
