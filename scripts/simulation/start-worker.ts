import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Share } from './exhaustive.ts';

/**
 * Starts a thread that makes runs. Each of them leaves nothing behind, so a young generation that is large from the beginning is
 * swept an eighth as often; left alone it grows only where something survives.
 * @param share of an exhaustive pass; none where stretches of random runs are asked for by message
 */
export function startWorker(share?: Share): Worker {
  setFlagsFromString('--min-semi-space-size=16');
  return new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: share,
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
}
