import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sha256 } from '../../../shared/domain/digest.ts';
import { parseTenantId } from '../../../shared/domain/ids.ts';
import { canonicalEvent, parseUsageEvent } from '../../../shared/domain/usage/event.ts';
import { BATCH_EVENTS, tenantName } from '../events.ts';
import { bytesBelow, inFolder } from './folder.ts';
import { type Batch, Feed, type PeerOptions, peerCommand, print } from './run.ts';

/*
 * The floor: the least that anything can do which takes usage in, keeps it and never counts it twice. Parse, validate,
 * canonical bytes, hash, bulk insert, in one loop of one thread; no HTTP, no rating, no receipt, no signature.
 *
 * It is fair as a lower bound because it does each of these steps with the code that ours does it with, once per event, and
 * ends every 500 events with the same durable commit (write-ahead log, synchronous=FULL). The canonical bytes are kept, one
 * row a batch: usage that was thrown away could not be billed. Making the batches is outside the clock.
 */

const PEER = 'floor';

class Floor {
  readonly #database: DatabaseSync;
  readonly #insertKey;
  readonly #insertBatch;
  #batches = 0;

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(`
      PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536;
      CREATE TABLE keys (tenant TEXT NOT NULL, key_hash BLOB NOT NULL, content_hash BLOB NOT NULL,
        PRIMARY KEY (tenant, key_hash)) WITHOUT ROWID, STRICT;
      CREATE TABLE batches (tenant TEXT NOT NULL, batch INTEGER NOT NULL, events TEXT NOT NULL,
        PRIMARY KEY (tenant, batch)) WITHOUT ROWID, STRICT;
    `);
    // A key that is there already fails the whole batch: nothing in this run is sent twice.
    this.#insertKey = this.#database.prepare('INSERT INTO keys VALUES (?, ?, ?)');
    this.#insertBatch = this.#database.prepare('INSERT INTO batches VALUES (?, ?, ?)');
  }

  take({ tenantIndex, body }: Batch): void {
    const tenant = parseTenantId(tenantName(tenantIndex));
    const items: unknown = JSON.parse(body.toString('utf8'));
    if (!Array.isArray(items)) throw new TypeError('a batch is a list');
    this.#database.exec('BEGIN IMMEDIATE');
    let texts = '';
    for (const item of items) {
      const event = parseUsageEvent(item, tenant);
      const text = canonicalEvent(event);
      this.#insertKey.run(tenant, sha256(`${event.source}\n${event.key}`), sha256(text));
      texts += `${text}\n`;
    }
    this.#insertBatch.run(tenant, this.#batches++, texts);
    this.#database.exec('COMMIT');
  }

  kept(): number {
    return Number(this.#database.prepare('SELECT count(*) AS kept FROM keys').get()?.['kept']);
  }

  close(): void {
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#database.close();
  }
}

async function measure(options: PeerOptions, folder: string): Promise<void> {
  const feed = new Feed(options);
  const floor = new Floor(join(folder, 'floor.db'));
  let seconds = 0;
  let cpuMicros = 0;
  const all = feed.warmupBatches + feed.measuredBatches;
  for (let index = 0; index < all; index++) {
    const batch = feed.batch(index);
    const begun = performance.now();
    const cpu = process.cpuUsage();
    floor.take(batch);
    if (index < feed.warmupBatches) continue;
    const { user, system } = process.cpuUsage(cpu);
    cpuMicros += user + system;
    seconds += (performance.now() - begun) / 1000;
  }
  const kept = floor.kept();
  if (kept !== all * BATCH_EVENTS) throw new Error(`kept ${kept} of ${all * BATCH_EVENTS} events`);
  floor.close();
  print({
    peer: PEER,
    events: feed.measuredEvents,
    seconds,
    cpuMicrosPerEvent: cpuMicros / feed.measuredEvents,
    bytesOnDiskPerEvent: (await bytesBelow(folder)) / feed.allEvents,
    durability: 'each batch is synced to the disk before the next',
  });
}

const options = peerCommand(PEER, 'Parse, validate, canonical bytes, hash and bulk insert in one loop.')
  .parse()
  .opts<PeerOptions>();
await inFolder((folder) => measure(options, folder));
