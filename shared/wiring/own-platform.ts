import { SystemClock } from '../adapters/local/clock.ts';
import { SystemEntropy } from '../adapters/local/entropy.ts';
import { readConfig } from '../edge/config.ts';
import { guardProcess } from '../edge/http/guard.ts';
import { createLog } from '../edge/log.ts';
import { openLocalPlatform } from './platform.ts';

/**
 * The platform of a process that runs one function on the Functions Framework's own command line: configured by the
 * environment, every server of the process guarded. Its bus keeps messages but delivers none; that is the suite's work.
 */
export async function ownPlatform() {
  const config = readConfig(process.env);
  const clock = new SystemClock();
  const log = createLog(config.logLevel, clock);
  const platform = await openLocalPlatform({
    config,
    clock,
    entropy: new SystemEntropy(),
    log,
    deliver: () => Promise.reject(new Error('this process delivers no messages')),
  });
  guardProcess({
    newRequestId: platform.newRequestId,
    onRefusal: ({ requestId, code }) => log.info('request_refused', { request_id: requestId, code }),
  });
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort());
  return { ...platform, stopping: stopping.signal };
}
