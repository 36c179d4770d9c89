import { join } from 'node:path';
import { SqliteDatabase } from '../adapters/database/sqlite.ts';
import { LocalBus } from '../adapters/local/bus.ts';
import type { BusPolicy, Deliver } from '../adapters/local/bus-courier.ts';
import type { Rest } from '../adapters/local/kept-file.ts';
import { FileKeyWrapper } from '../adapters/local/key-wrapper.ts';
import { StoreLock, StoreUnusable } from '../adapters/local/lock.ts';
import { LocalMirror } from '../adapters/local/mirror.ts';
import { LocalProjections } from '../adapters/local/projections.ts';
import { FileSigner } from '../adapters/local/signer.ts';
import { FileVault } from '../adapters/local/vault.ts';
import { SUBSCRIPTIONS } from '../domain/messages.ts';
import { TABLES } from '../stores/tables.ts';
import type { Base } from './ports.ts';

/** Deliveries wait for the loop and for disks more than they work. */
const KEYS_IN_FLIGHT = 32;
/** Copies are collected for so long after others were kept: nobody waits for them but the next doorbell. */
const COPIES_REST_MILLISECONDS = 25;
/** Whoever sends usage waits for this, so it is little; the request itself takes as long. */
const COMMITS_REST_MILLISECONDS = 5;

export interface LocalPortsOptions extends Base {
  /** Who answers the bus's doorbells. */
  readonly deliver: Deliver;
  readonly busPolicy?: Partial<BusPolicy>;
}

/** Every port on the embedded engines, in one folder that this process now owns. */
export async function openLocalPorts({ config, clock, entropy, deliver, busPolicy }: LocalPortsOptions) {
  const folder = config.dataFolder;
  const restOf = (most: number): Rest | undefined => {
    const milliseconds = Math.min(most, config.doorbellRestMilliseconds);
    return milliseconds === 0 ? undefined : { clock, milliseconds };
  };
  const rest = restOf(COPIES_REST_MILLISECONDS);
  const lock = StoreLock.take(folder);
  try {
    const database = SqliteDatabase.open(join(folder, 'store.db'), TABLES, {
      rest: restOf(COMMITS_REST_MILLISECONDS),
    });
    const vault = await FileVault.open({ folder: join(folder, 'vault'), clock, retentionDays: config.retentionDays });
    const mirror = await LocalMirror.open({ folder: join(folder, 'mirror'), rest });
    const projections = await LocalProjections.open({ folder: join(folder, 'projections'), rest });
    const signer = await FileSigner.open({ folder: join(folder, 'keys'), modulusLength: config.rsaBits });
    const wrapper = await FileKeyWrapper.open({ folder: join(folder, 'wrapping-keys'), entropy });
    const bus = LocalBus.open({
      file: join(folder, 'bus.db'),
      clock,
      subscriptions: SUBSCRIPTIONS,
      deliver,
      policy: { maxKeysInFlight: KEYS_IN_FLIGHT, restMilliseconds: config.doorbellRestMilliseconds, ...busPolicy },
    });
    const close = async (): Promise<void> => {
      await bus.stop();
      await mirror.close();
      await projections.close();
      await database.close();
      lock.release();
    };
    return { ports: { database, bus, mirror, projections, vault, signer, wrapper }, close };
  } catch (error) {
    lock.release();
    throw StoreUnusable.from(error, folder);
  }
}
