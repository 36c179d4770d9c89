import { parentPort, workerData } from 'node:worker_threads';
import { runStretch, type Stretch } from './campaign.ts';
import { runShare, type Share } from './exhaustive.ts';
import { AnsweredCrypto } from './web-crypto.ts';

/** Makes stretches of random runs as they are asked for, or one share of an exhaustive pass. */
// Thousands of errors are thrown on purpose, and nobody reads their stacks.
Error.stackTraceLimit = 0;
const crypto = await AnsweredCrypto.install();
const port = parentPort!;
const share = (workerData ?? undefined) as Share | undefined;
if (share !== undefined) port.postMessage(await runShare(share, crypto));
else {
  port.on('message', (stretch: Stretch | null) => {
    if (stretch === null) port.close();
    else void runStretch(stretch, crypto).then((result) => port.postMessage(result));
  });
}
