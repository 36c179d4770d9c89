import assert from 'node:assert/strict';
import { join } from 'node:path';
import Hypercore from 'hypercore';
import { BATCH_EVENTS, recordsIn } from '../events.ts';
import { bytesBelow, inFolder } from './folder.ts';
import { Feed, type PeerOptions, peerCommand, print } from './run.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

/*
 * A signed log that others have built: hypercore hashes each record into a Merkle tree and signs the tree's root with Ed25519
 * once an append. The same records, 500 an append, one append after the other as the log has one writer.
 *
 * It is favoured where there was a choice: one log instead of one per tenant, the records as they are (nothing parsed, nothing
 * validated, no key looked up), made outside the clock. As it comes it does not sync: what was appended survives the end of
 * the process, not a power cut. `--sync` syncs its write-ahead log after every append, which is what everybody else here does.
 */

const PEER = 'hypercore-append';

interface Options extends PeerOptions {
  readonly sync: boolean;
}

async function measure(options: Options, folder: string): Promise<void> {
  const feed = new Feed(options);
  const core = new Hypercore(folder);
  await core.ready();
  const log = options.sync ? new WriteAheadLog(join(folder, 'db')) : undefined;
  let seconds = 0;
  let cpuMicros = 0;
  const all = feed.warmupBatches + feed.measuredBatches;
  for (let index = 0; index < all; index++) {
    const records = recordsIn(feed.batch(index).body, BATCH_EVENTS);
    const begun = performance.now();
    const cpu = process.cpuUsage();
    await core.append(records);
    await log?.sync();
    if (index < feed.warmupBatches) continue;
    const { user, system } = process.cpuUsage(cpu);
    cpuMicros += user + system;
    seconds += (performance.now() - begun) / 1000;
  }
  assert.equal(core.length, all * BATCH_EVENTS, 'every record is in the log');
  assert.deepEqual(
    Buffer.from(await core.get(core.length - 1)),
    recordsIn(feed.batch(all - 1).body, BATCH_EVENTS).at(-1),
    'the last record is the last one appended',
  );
  await log?.close();
  await core.close();
  print({
    peer: PEER,
    events: feed.measuredEvents,
    seconds,
    cpuMicrosPerEvent: cpuMicros / feed.measuredEvents,
    bytesOnDiskPerEvent: (await bytesBelow(folder)) / feed.allEvents,
    durability: options.sync
      ? 'each append is synced to the disk before the next'
      : 'as it comes: each append is with the operating system, a power cut may lose it',
  });
}

const options = peerCommand(PEER, 'Appends the records to a hypercore, 500 at a time.')
  .option('--sync', 'sync the write-ahead log after every append', false)
  .parse()
  .opts<Options>();
await inFolder((folder) => measure(options, folder));
