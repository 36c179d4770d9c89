/** A doorbell: it says that rows exist, never what they hold. Losing one delays work; it never loses any. */
export interface Message {
  readonly topic: string;
  /** Messages of one key, the tenant, are delivered in the order they were published; those with an empty key in any. */
  readonly orderingKey: string;
  /** Small and flat; no personal data. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Delivery extends Message {
  readonly messageId: string;
  /** 1 for the first try. */
  readonly deliveryAttempt: number;
  readonly publishTime: string;
  readonly subscription: string;
}

/** At-least-once, ordered per key, with backoff and a dead-letter place. */
export interface Bus {
  /** Returns once the message will survive a crash. @throws TryAgain when it cannot be kept now */
  publish(message: Message): Promise<void>;
}
