import { parentPort } from 'node:worker_threads';
import { runStretch, type Stretch } from './campaign.ts';
import { AnsweredCrypto } from './web-crypto.ts';

/** Thousands of errors are thrown on purpose, and nobody reads their stacks. */
Error.stackTraceLimit = 0;
const crypto = await AnsweredCrypto.install();
const port = parentPort!;
port.on('message', (stretch: Stretch | null) => {
  if (stretch === null) {
    port.close();
    return;
  }
  void runStretch(stretch, crypto).then((result) => port.postMessage(result));
});
