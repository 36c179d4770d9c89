import { join } from 'node:path';
import { SqliteDatabase } from '../adapters/database/sqlite.ts';
import { LocalBus } from '../adapters/local/bus.ts';
import type { BusPolicy, Deliver } from '../adapters/local/bus-courier.ts';
import { StoreLock } from '../adapters/local/lock.ts';
import { FileMirror } from '../adapters/local/mirror.ts';
import { FileSigner } from '../adapters/local/signer.ts';
import { FileVault } from '../adapters/local/vault.ts';
import { base64url } from '../domain/canonical.ts';
import { SUBSCRIPTIONS } from '../domain/messages.ts';
import type { Config } from '../edge/config.ts';
import { Cursors } from '../edge/cursor.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Log } from '../ports/log.ts';
import type { KeyPurpose } from '../ports/signer.ts';
import { AccountStore } from '../stores/account-store.ts';
import { InvoiceStore } from '../stores/invoice-store.ts';
import { KeyStore } from '../stores/key-store.ts';
import { LedgerStore } from '../stores/ledger-store.ts';
import { Notary } from '../stores/notary.ts';
import { OpeningStore } from '../stores/opening-store.ts';
import { ProofStore } from '../stores/proof-store.ts';
import { ReconciliationStore } from '../stores/reconciliation-store.ts';
import { SealStore } from '../stores/seal-store.ts';
import { TABLES } from '../stores/tables.ts';
import { UsageStore } from '../stores/usage-store.ts';

const PURPOSES: readonly KeyPurpose[] = ['checkpoint', 'evidence'];

export interface LocalPlatformOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  /** Who answers the bus's doorbells. */
  readonly deliver: Deliver;
  readonly busPolicy?: Partial<BusPolicy>;
}

/** Every adapter and store of the embedded suite, opened on one folder that this process now owns. */
export async function openLocalPlatform(options: LocalPlatformOptions) {
  const { config, clock, entropy, log } = options;
  const folder = config.dataFolder;
  const lock = StoreLock.take(folder);
  try {
    const database = SqliteDatabase.open(join(folder, 'store.db'), TABLES);
    const vault = await FileVault.open({ folder: join(folder, 'vault'), clock, retentionDays: config.retentionDays });
    const mirror = await FileMirror.open({ folder: join(folder, 'mirror') });
    const signer = await FileSigner.open({ folder: join(folder, 'keys'), modulusLength: config.rsaBits });
    const keys = new KeyStore(database);
    await adoptKeys(signer, keys);
    const cursors = new Cursors(await keys.secret('cursors', entropy.bytes(32)));
    const bus = LocalBus.open({
      file: join(folder, 'bus.db'),
      clock,
      subscriptions: SUBSCRIPTIONS,
      deliver: options.deliver,
      ...(options.busPolicy === undefined ? {} : { policy: options.busPolicy }),
    });
    return {
      config,
      clock,
      entropy,
      log,
      database,
      vault,
      mirror,
      signer,
      bus,
      keys,
      cursors,
      notary: new Notary(signer, keys),
      accounts: new AccountStore(database),
      usage: new UsageStore(database, entropy),
      ledger: new LedgerStore(database, entropy, config.ledgerOrigin),
      seals: new SealStore(database, config.ledgerOrigin),
      proofs: new ProofStore(database, config.ledgerOrigin),
      openings: new OpeningStore(database),
      invoices: new InvoiceStore(database),
      reconciliation: new ReconciliationStore(database),
      /** how far each tenant's mirror is known to be whole */
      mirrored: new Map<string, number>(),
      ledgerOrigin: config.ledgerOrigin,
      invoicePrefix: config.invoicePrefix,
      sealIntervalSeconds: config.sealIntervalSeconds,
      newRequestId: () => `req_${base64url(entropy.bytes(12))}`,
      async close(): Promise<void> {
        await bus.stop();
        await database.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

export type Platform = Awaited<ReturnType<typeof openLocalPlatform>>;

/** Sees to it that each purpose has a key in force. A key made just before a crash is adopted, not made again. */
async function adoptKeys(signer: FileSigner, keys: KeyStore): Promise<void> {
  const held = await signer.publicKeys();
  const known = new Set((await keys.keyset()).keys.map(({ kid }) => kid));
  for (const purpose of PURPOSES) {
    const fresh = held.filter((key) => key.purpose === purpose && !known.has(key.kid));
    const inForce = held.some((key) => key.purpose === purpose && known.has(key.kid));
    if (inForce) continue;
    await keys.adopt(fresh.at(-1) ?? (await signer.createKey(purpose)));
  }
}
