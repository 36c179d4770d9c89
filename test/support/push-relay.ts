import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { NO_ORDER } from '../../shared/domain/messages.ts';
import { microsOf } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Entropy } from '../../shared/ports/entropy.ts';
import { type RsaKey, rsaKey } from './rsa-keys.ts';

/** What the emulator pushes, and what goes on from here. */
export interface PushBody {
  readonly subscription: string;
  readonly deliveryAttempt?: number;
  readonly message: {
    readonly messageId: string;
    readonly attributes?: Readonly<Record<string, string>>;
    readonly orderingKey?: string;
  };
}

/** How often something goes wrong, from 0 to 1. What is not given never does. */
export interface PushFaults {
  /** It was answered, but the bus never hears of it and delivers again. */
  readonly dropAnswer?: number;
  /** It is delivered twice at the same time. */
  readonly twice?: number;
  /** It is delivered after the next one of its key. */
  readonly swap?: number;
  /** It is delivered up to `LONGEST_DELAY_MILLISECONDS` later. */
  readonly delay?: number;
}

/** A message that waits to be overtaken. */
interface Held {
  readonly release: () => void;
  /** Resolves once it is answered, or lost. */
  readonly done: Promise<void>;
}

export interface PushRelayOptions {
  /** Address that answers a subscription, by its last name. */
  readonly target: (subscription: string) => string;
  /** What the tokens' times are read from; the machine's clock unless the story has its own. */
  readonly clock?: Clock;
  /** Decides which pushes the faults meet. */
  readonly seed?: string;
  readonly faults?: PushFaults;
  /** A message that is to be overtaken waits no longer than this for another of its key; 300 unless said. */
  readonly swapMilliseconds?: number;
  /** Nothing is forwarded before the last one was answered, whatever either is about. */
  readonly oneAtATime?: boolean;
  /** The key a message was published with, which the emulator does not say. */
  readonly orderingKeyOf?: (push: PushBody) => string;
}

const ISSUER = 'https://accounts.google.com';
const LONGEST_DELAY_MILLISECONDS = 50;
const SWAP_MILLISECONDS = 300;
/** How often the relay itself tries a message that it has acknowledged already. */
const TRIES = 50;
const TRY_AGAIN_MILLISECONDS = 100;

/**
 * Stands between the Pub/Sub emulator and the functions, and adds what production adds: an OIDC token, the ordering key and
 * the delivery attempt (emulator 0.8.20 sends none of them, whatever the subscription says). And it can be told to be as
 * unreliable as at-least-once delivery may be, or more: with every fault on, order within a key does not hold.
 */
export class PushRelay {
  readonly audience = 'https://functions.test';
  readonly email = 'pusher@tallystick.iam.gserviceaccount.com';
  /** May be exchanged while the relay runs. */
  faults: PushFaults;
  readonly counters = { pushed: 0, forwarded: 0, refused: 0, dropped: 0, twice: 0, swapped: 0, delayed: 0 };
  /** Messages that were acknowledged to the bus and then answered by nobody. A test should find none. */
  readonly lost: PushBody[] = [];
  readonly #options: PushRelayOptions;
  readonly #clock: Clock;
  readonly #key: RsaKey = rsaKey('evidence');
  readonly #server: Server;
  readonly #entropy = new Map<string, Entropy>();
  readonly #attempts = new Map<string, number>();
  readonly #held = new Map<string, Held>();
  readonly #underWay = new Set<Promise<unknown>>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: PushRelayOptions) {
    this.#options = options;
    this.faults = options.faults ?? {};
    this.#clock = options.clock ?? new SystemClock();
    this.#server = createServer((req, res) => this.#track(this.#answer(req, res).catch((error) => res.destroy(error))));
  }

  static async start(options: PushRelayOptions): Promise<PushRelay> {
    const relay = new PushRelay(options);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return relay;
  }

  /** Where a subscription of the emulator pushes to. */
  get pushUrl(): string {
    return `${this.#url}/push`;
  }

  /** The key set with which the tokens are verified. */
  get jwksUrl(): string {
    return `${this.#url}/jwks`;
  }

  /** A token as Google makes them; `claims` replaces any of them. */
  tokenFor(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { kid } = this.#key.jwk;
    const seconds = Number(microsOf(this.#clock.now()) / 1_000_000n);
    const { email, audience } = this;
    return new SignJWT({
      ...{ aud: audience, azp: '113774264463038321964', sub: '113774264463038321964', email, email_verified: true },
      ...{ iss: ISSUER, iat: seconds, exp: seconds + 3600 },
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .sign(this.#key.privateKey);
  }

  /** Resolves when nothing is being forwarded and nothing is held back. What the bus has still to push is not known here. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  /** Keeps everything back, where one is forwarded at a time. @returns what lets it go on */
  pause(): () => void {
    let goOn = (): void => undefined;
    const paused = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    this.#last = this.#last.then(() => paused);
    return goOn;
  }

  /** Lets go of what is held back, waits until it is answered, and stops listening. */
  async close(): Promise<void> {
    for (const { release } of this.#held.values()) release();
    await this.idle();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  get #url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #track<T>(work: Promise<T>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.url === '/jwks') {
      res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ keys: [this.#key.jwk] }));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const status = await this.#relay(JSON.parse(Buffer.concat(chunks).toString('utf8')) as PushBody);
    res.writeHead(status).end();
  }

  /** @returns the status that the bus is told */
  async #relay(received: PushBody): Promise<number> {
    this.counters.pushed++;
    const push = this.#completed(received);
    const name = nameOf(push);
    const hit = this.#draw(name);
    const lane = `${name} ${push.message.orderingKey}`;

    if (hit.swap > 0 && !this.#held.has(lane)) {
      this.counters.swapped++;
      this.#hold(lane, push);
      return 204;
    }
    if (hit.delay > 0) {
      this.counters.delayed++;
      await wait(hit.delay * LONGEST_DELAY_MILLISECONDS);
    }
    if (hit.twice > 0) this.counters.twice++;
    const statuses = await Promise.all(
      hit.twice > 0 ? [this.#forward(push), this.#forward(push)] : [this.#forward(push)],
    );
    const overtaken = this.#held.get(lane);
    if (overtaken !== undefined) {
      overtaken.release();
      // Waited for, so that the next one of the key does not run beside it and every run is the same.
      await overtaken.done;
    }
    if (hit.dropAnswer > 0) {
      this.counters.dropped++;
      return 503;
    }
    return Math.max(...statuses);
  }

  #completed(push: PushBody): PushBody {
    const place = `${push.subscription} ${push.message.messageId}`;
    const deliveryAttempt = (this.#attempts.get(place) ?? 0) + 1;
    this.#attempts.set(place, deliveryAttempt);
    const orderingKey = (this.#options.orderingKeyOf ?? tenantOrLedger)(push);
    return { ...push, deliveryAttempt, message: { ...push.message, orderingKey } };
  }

  /** How hard each fault hits, 0 for not at all, up to 1: the same for the n-th push of a subscription in every run. */
  #draw(name: string): Readonly<Record<keyof PushFaults, number>> {
    let entropy = this.#entropy.get(name);
    if (entropy === undefined) {
      entropy = new SeededEntropy(`${this.#options.seed ?? 'relay'} ${name}`);
      this.#entropy.set(name, entropy);
    }
    const [a, b, c, d] = entropy.bytes(4);
    const hit = (byte: number | undefined, often = 0): number =>
      byte === undefined || byte >= often * 256 ? 0 : (byte + 1) / (often * 256);
    const { dropAnswer, twice, swap, delay } = this.faults;
    return { dropAnswer: hit(a, dropAnswer), twice: hit(b, twice), swap: hit(c, swap), delay: hit(d, delay) };
  }

  #hold(lane: string, push: PushBody): void {
    const { swapMilliseconds = SWAP_MILLISECONDS } = this.#options;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, swapMilliseconds);
      release = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    const done = released.then(() => {
      this.#held.delete(lane);
      return this.#insist(push);
    });
    this.#held.set(lane, { release, done });
    this.#track(done);
  }

  /** The bus thinks it is delivered, so from here on nobody but the relay sees to it that it is. */
  async #insist(push: PushBody): Promise<void> {
    for (let tried = 0; tried < TRIES; tried++) {
      if ((await this.#forward(push)) < 300) return;
      await wait(TRY_AGAIN_MILLISECONDS);
    }
    this.lost.push(push);
  }

  #forward(push: PushBody): Promise<number> {
    if (this.#options.oneAtATime !== true) return this.#forwardNow(push);
    const answered = this.#last.then(() => this.#forwardNow(push));
    this.#last = answered;
    return answered;
  }

  async #forwardNow(push: PushBody): Promise<number> {
    const headers = { Authorization: `Bearer ${await this.tokenFor()}`, 'Content-Type': 'application/json' };
    const target = this.#options.target(nameOf(push));
    const status = await fetch(target, { method: 'POST', headers, body: JSON.stringify(push) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      // Nobody listens there, or hung up. The bus hears what a load balancer would tell it.
      () => 502,
    );
    if (status < 300) this.counters.forwarded++;
    else this.counters.refused++;
    return status;
  }
}

const nameOf = ({ subscription }: PushBody): string => subscription.slice(subscription.lastIndexOf('/') + 1);

const tenantOrLedger = ({ message }: PushBody): string => message.attributes?.['tenant'] ?? NO_ORDER;

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
