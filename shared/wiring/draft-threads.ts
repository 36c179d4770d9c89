import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { TryAgain } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import type { Instant } from '../domain/time.ts';
import type { Config } from '../edge/config.ts';
import type { Drafter, WaitingDraft } from '../stores/draftsman.ts';
import { Unratable } from '../stores/unratable.ts';

/** What a thread is asked, and what it answers. */
export interface DraftQuestion {
  readonly id: number;
  readonly tenant: TenantId;
  readonly now: Instant;
}
export type DraftAnswer =
  | { readonly id: number; readonly draft: WaitingDraft }
  | { readonly id: number; readonly failure: { readonly name: string; readonly message: string } };

const YOUNG_MEGABYTES = 24;

interface Pending {
  readonly resolve: (draft: WaitingDraft) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

/**
 * Drafts made by threads that only read the store. The one that owns it stays the only one that writes, so nothing is shared but
 * committed rows; what they made is worth nothing if the head has moved by the time it is committed.
 */
export class DraftThreads implements Drafter {
  readonly #config: Config;
  readonly #threads: Thread[] = [];
  #next = 0;
  #closed = false;

  constructor(config: Config) {
    this.#config = config;
  }

  draft(tenant: TenantId, now: Instant): Promise<WaitingDraft> {
    if (this.#closed) return Promise.reject(new TryAgain('the suite is closing'));
    const thread = this.#leastBusy();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      thread.pending.set(id, { resolve, reject });
      thread.worker.postMessage({ id, tenant, now } satisfies DraftQuestion);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #leastBusy(): Thread {
    const idle = this.#threads.find(({ pending }) => pending.size === 0);
    if (idle !== undefined) return idle;
    // More threads than processors only take turns.
    const most = Math.min(this.#config.draftThreads, availableParallelism());
    if (this.#threads.length < most) return this.#start();
    return this.#threads.reduce((least, one) => (one.pending.size < least.pending.size ? one : least));
  }

  #start(): Thread {
    const worker = new Worker(new URL('./draft-thread.ts', import.meta.url), {
      workerData: this.#config,
      // What a draft leaves behind dies young; a nursery as large as the machine would allow only holds more of it.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
    });
    const thread: Thread = { worker, pending: new Map() };
    worker.on('message', (answer: DraftAnswer) => {
      const pending = thread.pending.get(answer.id);
      thread.pending.delete(answer.id);
      if ('draft' in answer) pending?.resolve(answer.draft);
      else pending?.reject(errorOf(answer.failure));
    });
    // Whatever it was doing is done again by the next: nothing was written.
    const gone = (cause: unknown): void => {
      const at = this.#threads.indexOf(thread);
      if (at >= 0) this.#threads.splice(at, 1);
      for (const { reject } of thread.pending.values()) reject(new TryAgain('a thread has ended', 1, { cause }));
      thread.pending.clear();
    };
    worker.on('error', gone);
    worker.on('exit', gone);
    this.#threads.push(thread);
    return thread;
  }
}

function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  if (name === 'Unratable') return new Unratable(message);
  if (name === 'TryAgain') return new TryAgain(message);
  return Object.assign(new Error(message), { name });
}
