import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalBus } from '../../shared/adapters/local/bus.ts';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import type { Delivery } from '../../shared/ports/bus.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const SUBSCRIPTIONS = [{ name: 'sign-receipts', topic: 'usage-accepted' }];
const UNLIMITED = 'unlimited';

const moduleAt = (path: string): string =>
  JSON.stringify(new URL(`../../shared/adapters/local/${path}`, import.meta.url));
const PREAMBLE = `
  import { LocalBus } from ${moduleAt('bus.ts')};
  import { SystemClock } from ${moduleAt('clock.ts')};
  const subscriptions = ${JSON.stringify(SUBSCRIPTIONS)};
  const open = (deliver) => LocalBus.open({ file: process.env.FILE, clock: new SystemClock(), deliver, subscriptions });
  const ring = (batch) => ({ topic: 'usage-accepted', orderingKey: 'acme', attributes: { batch } });
`;

interface Ended {
  readonly printed: string;
  readonly signal: string | undefined;
}

/** Runs a script in a process of its own. @param fileBlocks the largest file it may write, in the shell's blocks */
function runApart(script: string, file: string, fileBlocks = UNLIMITED): Promise<Ended> {
  const node = [process.execPath, '--input-type=module', '--eval', PREAMBLE + script];
  const shell = ['-c', 'ulimit -f "$0" && exec "$@"', fileBlocks, ...node];
  return new Promise((resolve, reject) => {
    execFile('sh', shell, { env: { ...process.env, FILE: file } }, (error, printed, complaints) => {
      if (error === null || error.signal != null) resolve({ printed, signal: error?.signal ?? undefined });
      else reject(new Error(complaints));
    });
  });
}

describe('the embedded bus loses nothing', () => {
  let folder: TempFolder;

  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(() => folder.remove());

  const hearAll = async (file: string, maxDeliveryAttempts = 10) => {
    const seen: Delivery[] = [];
    const clock = new ManualClock(parseInstant('2026-03-01T12:00:00Z', 'test'));
    const deliver = async (_: string, delivery: Delivery): Promise<void> => void seen.push(delivery);
    const bus = LocalBus.open({ file, clock, subscriptions: SUBSCRIPTIONS, deliver, policy: { maxDeliveryAttempts } });
    bus.start();
    await bus.idle();
    const deadLetters = bus.deadLetters();
    await bus.stop();
    return { seen, deadLetters };
  };
  const inShort = ({ attributes, deliveryAttempt }: Delivery): string =>
    `${attributes['batch']}, attempt ${deliveryAttempt}`;

  it('when the process is killed in the middle of a delivery: it is made again, as the second attempt', async () => {
    const file = join(folder.path, 'one', 'bus.db');
    const { signal } = await runApart(
      `const bus = open(() => process.kill(process.pid, 'SIGKILL'));
       await bus.publish(ring('1'));
       await bus.publish(ring('2'));
       bus.start();`,
      file,
    );
    assert.equal(signal, 'SIGKILL');
    await cp(join(folder.path, 'one'), join(folder.path, 'two'), { recursive: true });

    const { seen } = await hearAll(file);
    assert.deepEqual(seen.map(inShort), ['1, attempt 2', '2, attempt 1']);
    assert.deepEqual((await hearAll(file)).seen, [], 'acknowledged now');

    // Where one attempt is all there is, a message that kills its reader must not do so for ever.
    const strict = await hearAll(join(folder.path, 'two', 'bus.db'), 1);
    assert.deepEqual(strict.seen.map(inShort), ['2, attempt 1']);
    assert.deepEqual(
      strict.deadLetters.map(({ attributes, reason }) => [attributes['batch'], reason]),
      [['1', 'the last attempt never ended']],
    );
  });

  it('when the disk is full: the publisher is told to try again, and what was kept is delivered later', async () => {
    const file = join(folder.path, 'bus.db');
    const { printed } = await runApart(
      `let kept = 0;
       const bus = open(() => Promise.reject(new Error('not yet')));
       // Large messages first, then small ones, so that in the end hardly a page is left.
       for (const length of [10_000, 1]) {
         for (let full = false; !full; ) {
           const message = { ...ring(String(kept).padEnd(length, '.')), orderingKey: 'tenant-' + kept };
           await bus.publish(message).then(
             () => kept++,
             (error) => { full = true; console.log(error.name, '-', error.message); },
           );
         }
       }
       // Not even attempts can be counted now, and still nothing falls over.
       bus.start();
       await bus.idle();
       console.log(kept, bus.pending());
       await bus.stop();`,
      file,
      '800',
    );
    const [large, small, counts] = printed.split('\n');
    assert.equal(large, 'TryAgain - the bus cannot keep messages now');
    assert.equal(small, large);
    const [kept, pending] = (counts ?? '').split(' ').map(Number);
    assert.ok(kept !== undefined && kept > 5, printed);
    assert.equal(pending, kept);
    const { seen } = await hearAll(file);
    const numbers = seen.map(({ attributes }) => Number.parseInt(attributes['batch'] ?? '', 10));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: kept }, (_, index) => index),
    );
  });
});
