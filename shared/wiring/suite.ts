import { TryAgain } from '../domain/errors.ts';
import { pushBody } from '../edge/pubsub.ts';
import type { Delivery } from '../ports/bus.ts';
import { DraftThreads } from './draft-threads.ts';
import { type Front, FUNCTION_OF, INTERNAL, openFront } from './front.ts';
import { openLocalPlatform, type Platform } from './platform.ts';
import type { Base } from './ports.ts';
import { Watch } from './watch.ts';

/** For a clock that only moves when it is told to: nothing rests, and receipts are made where the clock and the chance are. */
export const ON_A_STANDING_CLOCK = { draftThreads: 0, doorbellRestMilliseconds: 0 } as const;

/**
 * The whole suite in one process on one port: each function behind the Functions Framework as in the cloud, the bus
 * delivering over HTTP as Pub/Sub pushes, a front that sends each request to its function.
 */
export class Suite {
  readonly platform: Platform;
  readonly url: string;
  readonly #front: Front;
  readonly #stopping: AbortController;
  readonly #callerToken: string;
  readonly #threads: DraftThreads | undefined;
  readonly #cancels = new Set<() => void>();
  readonly #jobs = new Set<Promise<unknown>>();

  private constructor(
    platform: Platform,
    front: Front,
    stopping: AbortController,
    callerToken: string,
    threads: DraftThreads | undefined,
  ) {
    this.#threads = threads;
    this.platform = platform;
    this.#front = front;
    this.#stopping = stopping;
    this.#callerToken = callerToken;
    this.url = front.url;
  }

  static async start(options: Base): Promise<Suite> {
    const callerToken =
      options.config.callerToken === ''
        ? Buffer.from(options.entropy.bytes(32)).toString('base64url')
        : options.config.callerToken;
    const config = { ...options.config, callerToken };
    let suite: Suite | undefined;
    const threads = config.draftThreads === 0 ? undefined : new DraftThreads(config);
    const platform = await openLocalPlatform({
      ...options,
      config,
      ...(threads !== undefined && { drafter: threads }),
      deliver: async (subscription, delivery) => {
        if (suite === undefined) throw new Error('the suite is still starting');
        await suite.#push(subscription, delivery);
      },
    });
    try {
      const stopping = new AbortController();
      const front = await openFront(platform, stopping.signal);
      suite = new Suite(platform, front, stopping, callerToken, threads);
      platform.bus.start();
      return suite;
    } catch (error) {
      await threads?.close();
      await platform.close();
      throw error;
    }
  }

  /** Calls a function as the scheduler does. @param path e.g. `reconcile-chain/sweep?passes=1` @returns its answer */
  async job(path: string): Promise<unknown> {
    const response = await this.#call(path, '').catch((cause: unknown) => {
      throw new TryAgain(`${path} was not answered`, 1, { cause });
    });
    if (response.ok) return response.json();
    const answer = `${path} answered ${response.status}: ${await response.text()}`;
    throw response.status === 503 ? new TryAgain(answer) : new Error(answer);
  }

  /** Runs the schedules: a sweep, the tail check and the invoice run each minute, the deep pass each hour, retirement and the audit log's digest each day; and the watch. */
  schedule(): void {
    this.#every(60_000, 'reconcile-chain/sweep');
    this.#every(60_000, 'reconcile-chain/tail');
    this.#every(60_000, 'run-invoices/run');
    this.#every(3_600_000, 'reconcile-chain/deep');
    this.#every(86_400_000, 'reconcile-chain/retire');
    this.#every(86_400_000, 'reconcile-chain/audit-digest');
    const watch = new Watch(this.platform);
    this.#repeat(30_000, 'watch', () => watch.look());
  }

  /**
   * Delivers nothing more, tells jobs to rest, takes no more requests; closes the stores when nothing works with them any more.
   * What requests and jobs announce until then the bus keeps for the next process.
   */
  async close(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    for (const cancel of this.#cancels) cancel();
    await Promise.all([...this.#jobs, this.platform.bus.rest()]);
    await this.#front.close();
    await this.#threads?.close();
    await this.platform.close();
  }

  #every(milliseconds: number, path: string): void {
    this.#repeat(milliseconds, path, () => this.job(path));
  }

  #repeat(milliseconds: number, name: string, work: () => Promise<unknown>): void {
    const run = (): void => {
      const job = work().catch((error: unknown) => this.#tell(name, error));
      this.#jobs.add(job);
      void job.finally(() => this.#jobs.delete(job));
      wait();
    };
    const wait = (): void => {
      const cancel = this.platform.clock.after(milliseconds, () => {
        this.#cancels.delete(cancel);
        if (!this.#stopping.signal.aborted) run();
      });
      this.#cancels.add(cancel);
    };
    run();
  }

  #tell(job: string, error: unknown): void {
    const { log } = this.platform;
    // It was told to: the next process calls it first of all.
    if (error instanceof TryAgain && this.#stopping.signal.aborted) log.info('job_rests', { job });
    else log.error('job_failed', error, { job });
  }

  async #push(subscription: string, delivery: Delivery): Promise<void> {
    const name = FUNCTION_OF[subscription];
    if (name === undefined) throw new Error(`nobody answers the subscription ${subscription}`);
    const response = await this.#call(`${name}/`, pushBody(delivery));
    if (response.ok) return;
    throw new Error(`${name} answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
  }

  #call(path: string, body: string): Promise<Response> {
    return fetch(`${this.url}${INTERNAL}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.#callerToken}`, 'Content-Type': 'application/json' },
      body,
    });
  }
}
