import { DAYS_BEFORE, METRIC, sleep, TENANTS } from './store.ts';

const BATCH = 40;
/** Refusals of one batch after which something else is wrong than what may pass. */
const TRIES_MAX = 600;

export interface ClientOptions {
  readonly url: string;
  /** by tenant */
  readonly keys: ReadonlyMap<string, string>;
  /** the time that events are said to be of; now unless given */
  readonly time?: () => string;
  /** code of an event's refusal that a clock which jumps may bring about */
  readonly forgivable?: string;
}

interface Batch {
  readonly tenant: string;
  readonly events: readonly { readonly quantity: string }[];
}

/** A client that never gives up on an event: what was not answered is sent again, unchanged, until it is. */
export class Client {
  /** receipt id and quantity of every event that was answered */
  readonly acknowledged = new Map<string, { readonly tenant: string; readonly quantity: number }>();
  /** how often each answer came that asks to come again, as `503 temporarily_unavailable` */
  readonly putOff: Record<string, number> = {};
  /** answers that must not be */
  readonly complaints: string[] = [];
  sent = 0;
  /** events refused for what may be forgiven */
  refused = 0;
  readonly #options: ClientOptions;
  readonly #unanswered = new Map<string, Batch>();
  readonly #answered: (readonly [name: string, batch: Batch])[] = [];
  #halted = true;
  #next = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Sends batches of all tenants at once until it is halted or the suite dies. */
  async load(): Promise<void> {
    this.#halted = false;
    await Promise.all([...this.#options.keys.keys()].map((tenant) => this.#stream(tenant)));
  }

  async loadFor(milliseconds: number): Promise<void> {
    const load = this.load();
    await sleep(milliseconds);
    this.halt();
    await load;
  }

  /** Waits until one more event is acknowledged. */
  async progress(patienceMilliseconds: number): Promise<void> {
    const before = this.acknowledged.size;
    for (let waited = 0; this.acknowledged.size === before && waited < patienceMilliseconds; waited += 5)
      await sleep(5);
  }

  halt(): void {
    this.#halted = true;
  }

  async finish(): Promise<void> {
    this.#halted = false;
    for (const name of [...this.#unanswered.keys()]) await this.#send(name);
  }

  /** Sends the first batches again: each event must be known. */
  async repeat(batches: number): Promise<void> {
    this.#halted = false;
    const before = this.acknowledged.size;
    for (const [name, batch] of this.#answered.slice(0, batches)) {
      this.#unanswered.set(name, batch);
      await this.#send(name);
    }
    if (this.acknowledged.size !== before) this.complaints.push('an event that was known is accepted once more');
  }

  async get(path: string, tenant = TENANTS[0]!): Promise<Response> {
    const headers = { Authorization: `Bearer ${this.#options.keys.get(tenant)}` };
    return fetch(`${this.#options.url}${path}`, { headers });
  }

  /** Waits until the logs stop growing and every past period has its evidence. */
  async settled(days = DAYS_BEFORE): Promise<void> {
    let before = '';
    for (let round = 0; round < 480; round++) {
      await sleep(250);
      const sizes = [];
      for (const tenant of TENANTS) sizes.push(await this.#size(tenant), await this.#unarchived(tenant, days));
      const now = sizes.join(' ');
      if (now === before && sizes.every((value, i) => i % 2 === 0 || value === 0)) return;
      before = now;
    }
    throw new Error(`the suite did not settle: sizes and missing evidence ${before}`);
  }

  async #size(tenant: (typeof TENANTS)[number]): Promise<number> {
    const response = await this.get('/api/v1/billing/ledger/head', tenant);
    return ((await response.json()) as { size: number }).size;
  }

  async #unarchived(tenant: (typeof TENANTS)[number], days: number): Promise<number> {
    const response = await this.get('/api/v1/billing/evidence?limit=100', tenant);
    const { data } = (await response.json()) as { data: { state: string }[] };
    return data.filter(({ state }) => state !== 'archived').length + (data.length < days ? 1 : 0);
  }

  async #stream(tenant: string): Promise<void> {
    try {
      for (const [name, batch] of [...this.#unanswered]) if (batch.tenant === tenant) await this.#send(name);
      while (!this.#halted) {
        const name = `batch-${this.#next++}`;
        const time = this.#options.time?.() ?? new Date().toISOString();
        const events = Array.from({ length: BATCH }, (_, i) => ({
          metric_name: METRIC,
          quantity: String(1 + (i % 7)),
          timestamp: time,
          idempotency_key: `${name}-${i}`,
        }));
        this.#unanswered.set(name, { tenant, events });
        this.sent += events.length;
        await this.#send(name);
      }
    } catch (error) {
      // The connection broke because the suite was killed; the batch stays unanswered and is sent again.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async #send(name: string): Promise<void> {
    const batch = this.#unanswered.get(name)!;
    for (let tries = 0; ; tries++) {
      const response = await fetch(`${this.#options.url}/api/v1/billing/usage`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${this.#options.keys.get(batch.tenant)}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify(batch.events),
      });
      if (response.status === 202) {
        this.#note(name, batch, (await response.json()) as Answer);
        return;
      }
      await this.#bePutOff(name, response, tries);
      if (this.#halted) return;
    }
  }

  /** What asks to come again says so in a way that a program can act on; it is sent again, unchanged. */
  async #bePutOff(name: string, response: Response, tries: number): Promise<void> {
    const { code } = (await response.json()) as { code?: string };
    const wait = Number(response.headers.get('retry-after'));
    const what = `${response.status} ${code}`;
    if (response.status !== 503 || code !== 'temporarily_unavailable' || !(wait > 0))
      throw new Error(`${name} was answered ${what}, Retry-After ${response.headers.get('retry-after')}`);
    if (tries > TRIES_MAX) throw new Error(`${name} was put off ${tries} times`);
    this.putOff[what] = (this.putOff[what] ?? 0) + 1;
    await sleep(100);
  }

  #note(name: string, batch: Batch, { results }: Answer): void {
    for (const [i, { status, receipt_id, code }] of results.entries()) {
      if (receipt_id !== undefined) {
        this.acknowledged.set(receipt_id, { tenant: batch.tenant, quantity: Number(batch.events[i]!.quantity) });
      } else if (code !== undefined && code === this.#options.forgivable) this.refused++;
      else throw new Error(`${name} was ${status}: ${code}`);
    }
    this.#unanswered.delete(name);
    if (results.every(({ receipt_id }) => receipt_id !== undefined)) this.#answered.push([name, batch]);
  }
}

interface Answer {
  readonly results: readonly { readonly status: string; readonly receipt_id?: string; readonly code?: string }[];
}
