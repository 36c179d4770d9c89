import type { Instant } from '../../../shared/domain/time.ts';
import { type Answer, Connection } from './connection.ts';
import { Histogram } from './histogram.ts';
import { bodyOfRequest, type LoadWindow, type OpenPace, type StreamPlan, type StreamResult, secondOf } from './plan.ts';

/** A request that is sent again unchanged waits at least so long, and at most. */
const AGAIN_MILLISECONDS = { least: 20, most: 2000 } as const;
const TICK_MILLISECONDS = 1;
/** A closed pace without any answer for so long has nobody to talk to. */
const SILENCE_MILLISECONDS = 60_000;
/** Made and thrown away before the clock runs, so that the code that makes events is compiled by then. */
const WARMUP_EVENTS = 50_000;

interface UnderWay {
  readonly request: number;
  readonly due: number;
}

/** Numbers between 0 and 1, the same in every run (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What all paces share: which request is next, what became of each. */
export class Stream {
  readonly plan: StreamPlan;
  readonly #heads: readonly Buffer[];
  readonly #connections: Connection[] = [];
  readonly #underWay = new Map<Connection, UnderWay>();
  readonly #idle: Connection[] = [];
  /** due, and no connection is free for them; the first `#queueFrom` are gone */
  #queue: UnderWay[] = [];
  #queueFrom = 0;
  #next = 0;
  #second = 0;
  #stamp: Instant = secondOf(0);
  readonly #stamps: [number, string][] = [];
  #latestStamped = -1;
  readonly #refused: number[] = [];
  readonly #unanswered: number[] = [];
  readonly #statuses: Record<string, number> = {};
  #accepted = 0;
  #acceptedInTime = 0;
  #refusedEvents = 0;
  #withoutRetryAfter = 0;
  #broken = 0;
  #leftAtEnd = 0;
  readonly #latency = new Histogram();
  readonly #refusals = new Histogram();
  readonly #windowLatency = new Histogram();
  #windowRefused = 0;
  #ended = false;
  #seconds = 0;
  #wake: () => void = () => undefined;
  #answeredAt = 0;

  constructor(plan: StreamPlan, port: number) {
    this.plan = plan;
    const { length } = bodyOfRequest({ ...plan, tenants: 1 }, 0, secondOf(1e12));
    this.#heads = plan.keys.map((key) =>
      Buffer.from(
        `POST /api/v1/billing/usage HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
        'latin1',
      ),
    );
    for (let i = 0; i < plan.pace.connections; i++) {
      const connection: Connection = new Connection(
        port,
        (answer) => this.#answered(connection, answer),
        () => this.#broke(connection),
      );
      this.#connections.push(connection);
    }
  }

  async open(): Promise<void> {
    const { firstTenant, keys, size, firstBatch } = this.plan;
    const at = secondOf(1e12);
    for (let request = 0; request * size < WARMUP_EVENTS; request++) {
      bodyOfRequest({ firstTenant, tenants: keys.length, size, firstBatch }, request, at);
    }
    // Not all at once: a server's queue for new connections is short.
    for (let at = 0; at < this.#connections.length; at += 64) {
      await Promise.all(this.#connections.slice(at, at + 64).map((connection) => connection.open()));
    }
    this.#idle.push(...this.#connections);
  }

  /** Makes this stream's load. @param graceSeconds how long the last answers may take */
  async run(graceSeconds: number): Promise<void> {
    const begun = performance.now();
    const { pace } = this.plan;
    if (pace.kind === 'closed') {
      await this.#untilAllAnswered(pace.requests);
      this.#acceptedInTime = this.#accepted;
      this.#seconds = (performance.now() - begun) / 1000;
      return;
    }
    await this.#arrive(pace, begun);
    this.#acceptedInTime = this.#accepted;
    this.#leftAtEnd = this.#waiting();
    this.#seconds = pace.seconds;
    await this.#drained(graceSeconds);
  }

  async #untilAllAnswered(requests: number): Promise<void> {
    this.#answeredAt = performance.now();
    let watch: NodeJS.Timeout | undefined;
    const answered = new Promise<void>((resolve, reject) => {
      watch = setInterval(() => {
        if (performance.now() - this.#answeredAt > SILENCE_MILLISECONDS) reject(new Error('nobody answers'));
      }, 1000);
      this.#wake = () => {
        this.#refill(requests);
        if (this.#next >= requests && this.#waiting() === 0) resolve();
      };
      this.#wake();
    });
    await answered.finally(() => clearInterval(watch));
  }

  close(): void {
    this.#ended = true;
    for (const connection of this.#connections) connection.close();
  }

  window(): LoadWindow['streams'][number] {
    const { name, size } = this.plan;
    const refused = this.#windowRefused;
    const latency = this.#windowLatency.toJSON();
    const accepted = this.#windowLatency.count;
    this.#windowLatency.clear();
    this.#windowRefused = 0;
    return { name, accepted, refused, waiting: this.#waiting(), acceptedEvents: this.#accepted * size, latency };
  }

  result(): StreamResult {
    const { name, firstTenant, keys, size, firstBatch } = this.plan;
    return {
      ...{ name, firstTenant, tenants: keys.length, size, firstBatch, requests: this.#next, stamps: this.#stamps },
      refused: this.#refused,
      unanswered: this.#unanswered,
      accepted: this.#accepted,
      acceptedInTime: this.#acceptedInTime,
      refusedEvents: this.#refusedEvents,
      statuses: this.#statuses,
      withoutRetryAfter: this.#withoutRetryAfter,
      brokenConnections: this.#broken,
      leftAtEnd: this.#leftAtEnd,
      latency: this.#latency.toJSON(),
      refusals: this.#refusals.toJSON(),
      seconds: this.#seconds,
    };
  }

  #waiting(): number {
    return this.#underWay.size + this.#queue.length - this.#queueFrom;
  }

  #refill(requests: number): void {
    while (this.#idle.length > 0 && this.#next < requests) {
      this.#send(this.#idle.pop()!, { request: this.#next++, due: performance.now() });
    }
  }

  async #arrive({ perSecond, seconds, arrival }: OpenPace, begun: number): Promise<void> {
    const between = 1000 / perSecond;
    const random = chance(this.plan.firstTenant + this.plan.firstBatch + 1);
    const gap = (): number => (arrival === 'constant' ? between : -Math.log(1 - random()) * between);
    const end = begun + seconds * 1000;
    let due = begun + (arrival === 'constant' ? 0 : gap());
    while (due < end) {
      const now = performance.now();
      while (due <= now && due < end) {
        const one = { request: this.#next++, due };
        const idle = this.#idle.pop();
        if (idle === undefined) this.#queue.push(one);
        else this.#send(idle, one);
        due += gap();
      }
      // A tick for every millisecond would cost more than the requests of a low rate do.
      const left = Math.min(due, end) - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(TICK_MILLISECONDS, left)));
    }
    // The pace lasts as long as it says, however early its last request was due.
    const left = end - performance.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }

  async #drained(graceSeconds: number): Promise<void> {
    if (this.#waiting() > 0) {
      await new Promise<void>((resolve) => {
        const patience = setTimeout(resolve, graceSeconds * 1000);
        this.#wake = () => {
          if (this.#waiting() > 0) return;
          clearTimeout(patience);
          resolve();
        };
      });
    }
    this.#ended = true;
    const now = performance.now();
    const lost = [...this.#underWay.values(), ...this.#queue.slice(this.#queueFrom)];
    // What was not sent was never taken, but it waited as well.
    for (const { request, due } of lost) {
      this.#unanswered.push(request);
      this.#latency.record((now - due) * 1000);
    }
  }

  #send(connection: Connection, one: UnderWay): void {
    const { firstTenant, keys, size, firstBatch } = this.plan;
    const now = Date.now();
    if (now - this.#second >= 1000) {
      this.#second = Math.floor(now / 1000) * 1000;
      this.#stamp = secondOf(now);
    }
    // A request that is sent again, or later than others, keeps the second that its number has.
    const last = this.#stamps.at(-1);
    if (last === undefined || (last[1] !== this.#stamp && one.request > this.#latestStamped)) {
      this.#stamps.push([one.request, this.#stamp]);
    }
    this.#latestStamped = Math.max(this.#latestStamped, one.request);
    const body = bodyOfRequest(
      { firstTenant, tenants: keys.length, size, firstBatch },
      one.request,
      stampOf(this.#stamps, one.request),
    );
    this.#underWay.set(connection, one);
    connection.send(this.#heads[one.request % keys.length]!, body);
  }

  #answered(connection: Connection, { status, retryAfter, taken }: Answer): void {
    const one = this.#underWay.get(connection);
    if (one === undefined) throw new Error('an answer that nobody waits for');
    this.#underWay.delete(connection);
    this.#answeredAt = performance.now();
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    const micros = (performance.now() - one.due) * 1000;
    if (status === 202) {
      this.#refusedEvents += taken === undefined ? 0 : this.plan.size - taken;
      this.#accepted++;
      this.#latency.record(micros);
      this.#windowLatency.record(micros);
    } else {
      this.#windowRefused++;
      this.#refusals.record(micros);
      const passes = status === 429 || status === 503;
      if (passes && retryAfter === undefined) this.#withoutRetryAfter++;
      if (passes && this.plan.pace.kind === 'closed') {
        this.#again(connection, one, Number(retryAfter ?? 0) * 1000);
        return;
      }
      this.#refused.push(one.request);
    }
    this.#free(connection);
  }

  #broke(connection: Connection): void {
    this.#broken++;
    const one = this.#underWay.get(connection);
    if (one === undefined || this.#ended) return;
    this.#underWay.delete(connection);
    if (this.plan.pace.kind === 'closed') {
      this.#again(connection, one, 0);
      return;
    }
    this.#unanswered.push(one.request);
    this.#latency.record((performance.now() - one.due) * 1000);
    this.#free(connection);
  }

  /** The same request on the same connection once more: its latency goes on counting. */
  #again(connection: Connection, one: UnderWay, wanted: number): void {
    this.#underWay.set(connection, one);
    const { least, most } = AGAIN_MILLISECONDS;
    setTimeout(() => this.#send(connection, one), Math.min(most, Math.max(least, wanted)));
  }

  #free(connection: Connection): void {
    if (this.#queueFrom < this.#queue.length) {
      const one = this.#queue[this.#queueFrom++]!;
      if (this.#queueFrom > 1024 && this.#queueFrom * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#queueFrom);
        this.#queueFrom = 0;
      }
      this.#send(connection, one);
      return;
    }
    this.#idle.push(connection);
    this.#wake();
  }
}

/** The second by which a request's events are dated. */
export function stampOf(stamps: readonly (readonly [number, string])[], request: number): Instant {
  let at = stamps.length - 1;
  while (at > 0 && stamps[at]![0] > request) at--;
  return stamps[at]![1] as Instant;
}
