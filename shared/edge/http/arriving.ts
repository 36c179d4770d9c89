/** A body that is on its way. */
export interface Sender {
  /** So many bytes of it have come. */
  readonly came: (bytes: number) => void;
  /** It is here, or will never be. */
  readonly end: () => void;
}

interface Begun {
  bytes: number;
  readonly cut: () => void;
}

/**
 * Bounds what is kept of bodies that have begun to come and are not here yet. Admission counts a body when it is here, so that nobody
 * is kept out by heads alone; without this, a few hundred senders who stop one byte before the end would fill the memory, and nobody
 * has to have a key for that.
 *
 * Where it would be more, who has been sending longest is cut off: a sender who means it is done before it has become that one.
 */
export class Arriving {
  readonly #bytesMax: number;
  /** in the order in which they began */
  readonly #senders = new Set<Begun>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @param cut ends this sender's request; called at most once, and not after its end */
  begin(cut: () => void): Sender {
    const own: Begun = { bytes: 0, cut };
    this.#senders.add(own);
    return {
      came: (bytes) => {
        if (!this.#senders.has(own)) return;
        own.bytes += bytes;
        this.#bytes += bytes;
        this.#makeRoom();
      },
      end: () => this.#forget(own),
    };
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  #makeRoom(): void {
    for (const oldest of this.#senders) {
      // One alone is bounded by what a body may weigh.
      if (this.#bytes <= this.#bytesMax || this.#senders.size === 1) return;
      this.#forget(oldest);
      oldest.cut();
    }
  }

  #forget(sender: Begun): void {
    if (this.#senders.delete(sender)) this.#bytes -= sender.bytes;
  }
}
