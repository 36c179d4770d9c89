import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { apiHandler } from '../../functions/api/handler.ts';
import { archivePeriodHandler } from '../../functions/archive-period/handler.ts';
import { ingestHandler } from '../../functions/ingest/handler.ts';
import { reconcileChainHandler } from '../../functions/reconcile-chain/handler.ts';
import { runInvoicesHandler } from '../../functions/run-invoices/handler.ts';
import { sealLedgerHandler } from '../../functions/seal-ledger/handler.ts';
import { signReceiptsHandler } from '../../functions/sign-receipts/handler.ts';
import type { Config } from '../edge/config.ts';
import { guardServer } from '../edge/http/guard.ts';
import { pushBody } from '../edge/pubsub.ts';
import type { Delivery } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Log } from '../ports/log.ts';
import { openLocalPlatform, type Platform } from './platform.ts';

export interface SuiteOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
}

/** Which function answers a subscription. */
const FUNCTION_OF: Readonly<Record<string, string>> = {
  'sign-receipts': 'sign-receipts',
  'seal-ledger': 'seal-ledger',
  'archive-period': 'archive-period',
  'archive-period-invoiced': 'archive-period',
};
const INTERNAL = '/_functions/';
const INGEST = '/api/v1/billing/usage';

/**
 * The whole suite in one process on one port: each function behind the Functions Framework as in the cloud, the bus
 * delivering over HTTP as Pub/Sub pushes, a front that sends each request to its function.
 */
export class Suite {
  readonly platform: Platform;
  readonly url: string;
  readonly #front: Server;
  readonly #stopping: AbortController;
  readonly #callerToken: string;
  readonly #cancels = new Set<() => void>();
  readonly #jobs = new Set<Promise<unknown>>();

  private constructor(platform: Platform, front: Server, stopping: AbortController, callerToken: string) {
    this.platform = platform;
    this.#front = front;
    this.#stopping = stopping;
    this.#callerToken = callerToken;
    this.url = `http://${platform.config.host}:${(front.address() as AddressInfo).port}`;
  }

  static async start(options: SuiteOptions): Promise<Suite> {
    const callerToken =
      options.config.callerToken === ''
        ? Buffer.from(options.entropy.bytes(32)).toString('base64url')
        : options.config.callerToken;
    const config = { ...options.config, callerToken };
    let suite: Suite | undefined;
    const platform = await openLocalPlatform({
      ...options,
      config,
      deliver: async (subscription, delivery) => {
        if (suite === undefined) throw new Error('the suite is still starting');
        await suite.#push(subscription, delivery);
      },
    });
    try {
      const stopping = new AbortController();
      const front = await listen(frontOf(platform, stopping.signal), platform);
      suite = new Suite(platform, front, stopping, callerToken);
      platform.bus.start();
      return suite;
    } catch (error) {
      await platform.close();
      throw error;
    }
  }

  /** Calls a function as the scheduler does. @param path e.g. `reconcile-chain/sweep?passes=1` @returns its answer */
  async job(path: string): Promise<unknown> {
    const response = await this.#call(path, '');
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  /** Runs the schedules: a sweep and the invoice run each minute, the deep pass each hour. */
  schedule(): void {
    this.#every(60_000, 'reconcile-chain/sweep');
    this.#every(60_000, 'run-invoices/run');
    this.#every(3_600_000, 'reconcile-chain/deep');
  }

  /** Stops taking requests, lets those under way finish, then the jobs and the bus, then closes the store. */
  async close(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    for (const cancel of this.#cancels) cancel();
    await Promise.allSettled(this.#jobs);
    await this.platform.bus.stop();
    await new Promise<void>((resolve) => {
      this.#front.close(() => resolve());
      this.#front.closeIdleConnections();
    });
    await this.platform.close();
  }

  #every(milliseconds: number, path: string): void {
    const run = (): void => {
      const job = this.job(path).catch((error: unknown) => this.platform.log.error('job_failed', error, { job: path }));
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

/** Every function in a framework server of its own; the front hands each request to the one it is for. */
function frontOf(platform: Platform, stopping: AbortSignal): Server {
  const handlers = {
    ingest: ingestHandler(platform),
    'sign-receipts': signReceiptsHandler(platform),
    'seal-ledger': sealLedgerHandler(platform),
    'reconcile-chain': reconcileChainHandler({ ...platform, stopping }),
    'run-invoices': runInvoicesHandler(platform),
    'archive-period': archivePeriodHandler(platform),
    api: apiHandler(platform),
  };
  const servers = new Map<string, Server>();
  for (const [name, handler] of Object.entries(handlers)) {
    http(name, handler);
    servers.set(name, getTestServer(name));
  }
  const front = createServer((req: IncomingMessage, res: ServerResponse) => {
    const [path = ''] = (req.url ?? '').split('?');
    let name = path === INGEST ? 'ingest' : 'api';
    if (path.startsWith(INTERNAL)) {
      const rest = (req.url ?? '').slice(INTERNAL.length);
      const [wanted = '', more] = rest.split('/');
      name = more !== undefined && servers.has(wanted) && wanted !== 'api' && wanted !== 'ingest' ? wanted : 'api';
      if (name !== 'api') req.url = rest.slice(wanted.length);
    }
    servers.get(name)!.emit('request', req, res);
  });
  guardServer(front, {
    newRequestId: platform.newRequestId,
    onRefusal: ({ requestId, code }) => platform.log.info('request_refused', { request_id: requestId, code }),
  });
  return front;
}

function listen(front: Server, platform: Platform): Promise<Server> {
  return new Promise((resolve, reject) => {
    front.once('error', reject);
    front.listen(platform.config.port, platform.config.host, () => {
      front.removeListener('error', reject);
      resolve(front);
    });
  });
}
