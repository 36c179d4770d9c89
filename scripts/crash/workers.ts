import type { Worker } from 'node:worker_threads';
import type { Audit } from './audit.ts';
import { onStage } from './in-process.ts';
import { type Harm, secondsSince } from './kills.ts';
import { sleep } from './store.ts';

export interface WorkersResult extends Audit {
  /** threads that were ended from outside while the suite worked */
  readonly ended: number;
  /** threads that the suite started, those in their place among them */
  readonly started: number;
  readonly seconds: number;
}

/** Nothing is under way that needs a thread, or none comes in the place of one that has ended. */
const PATIENCE_MILLISECONDS = 30_000;

/** Ends threads of the running suite at random moments: what they were doing is done again, and nobody is missed. */
export async function workersRun({ times, say }: Harm): Promise<WorkersResult> {
  const began = performance.now();
  const running = new Set<Worker>();
  let started = 0;
  let ended = 0;
  const onWorker = (worker: Worker): void => {
    started++;
    running.add(worker);
    worker.once('exit', () => running.delete(worker));
  };
  const audit = await onStage(
    async ({ client, suite }) => {
      const load = client.load();
      while (ended < times) {
        await sleep(Math.random() * 250);
        const victim = await anyOf(running);
        if (victim === undefined) {
          client.complaints.push(`no thread was started in the place of the ${ended} that had ended`);
          break;
        }
        // Often before it has said a word: it is started and ended within a moment.
        await victim.terminate();
        ended++;
        if (ended % 10 === 0 || ended === times)
          say(`${ended} of ${times} threads ended, ${client.acknowledged.size} events acknowledged`);
      }
      client.halt();
      await load;
      await client.finish();
      // What failed for a thread that ended is done by the next turn of the schedule; nobody here waits a minute for it.
      await suite.job('run-invoices/run');
      await suite.job('reconcile-chain/sweep?passes=1');
      await client.settled();
    },
    { onWorker, settings: { DRAFT_THREADS: '2' } },
  );
  return { ended, started, ...audit, seconds: secondsSince(began) };
}

/** One of the threads that run, whichever; waits for one. */
async function anyOf(running: ReadonlySet<Worker>): Promise<Worker | undefined> {
  for (let waited = 0; waited < PATIENCE_MILLISECONDS; waited += 5) {
    if (running.size > 0) return [...running][Math.floor(Math.random() * running.size)];
    await sleep(5);
  }
  return undefined;
}
