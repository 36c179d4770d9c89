import type { AnyTable, Cell, Database } from '../../../shared/ports/database.ts';
import { batches, pages, TABLES } from '../../../shared/stores/tables.ts';
import type { StorageDouble } from '../../../test/support/doubles/storage.ts';
import type { FirestoreMeter } from './firestore-meter.ts';

/** How long what lies there stays: `for_ever`, until its own end (`expiring`), until it leaves the hot window (`hot_window`). */
export type Stay = 'for_ever' | 'expiring' | 'hot_window';

/** Bytes, by table or collection or folder of names. */
export type Bytes = Readonly<Record<string, number>>;
export type Stored = Readonly<Record<'spanner' | 'firestore' | 'storage', Readonly<Record<Stay, Bytes>>>>;

/** Pages go once they are in the vault and old, payloads of batches once they are receipts and old. */
const LEAVING: readonly AnyTable[] = [batches, pages];
const LEAVING_COLLECTIONS = ['pages'];
/** Read models of periods have a date by which they vanish; those of invoices stay. */
const EXPIRING_COLLECTIONS = ['usage_summaries'];
const INTEGER_BYTES = 8;

/** What lies in each store: values as they are stored, without what the store itself adds for keys, versions and indexes. */
export async function storedBytes(room: {
  readonly database: Database;
  readonly firestore: FirestoreMeter;
  readonly storage: StorageDouble;
}): Promise<Stored> {
  const spanner = emptyStays();
  for (const table of TABLES) {
    const rows = await room.database.snapshot((view) => view.range(table, {}));
    const bytes = rows.reduce((sum, row) => sum + rowBytes(row), 0);
    if (bytes > 0) spanner[stayOfTable(table)][table.name] = bytes;
  }
  const firestore = emptyStays();
  for (const [collection, bytes] of Object.entries(room.firestore.held())) {
    firestore[stayOfCollection(collection)][collection] = bytes;
  }
  const storage = emptyStays();
  for (const { name, bytes } of room.storage.objects()) {
    const folder = name.slice(0, name.indexOf('/'));
    storage.for_ever[folder] = (storage.for_ever[folder] ?? 0) + bytes.length;
  }
  return { spanner, firestore, storage };
}

/** What came to it since then, for each of so many events. */
export function grownPerEvent(before: Stored, after: Stored, events: number): Stored {
  const grown = (now: Bytes, then: Bytes): Bytes =>
    Object.fromEntries(
      [...new Set([...Object.keys(then), ...Object.keys(now)])]
        .sort()
        .map((name) => [name, ((now[name] ?? 0) - (then[name] ?? 0)) / events] as const)
        .filter(([, bytes]) => bytes !== 0)
        .map(([name, bytes]) => [name, Math.round(bytes * 1000) / 1000]),
    );
  const stays = (now: Stored[keyof Stored], then: Stored[keyof Stored]): Stored[keyof Stored] => ({
    for_ever: grown(now.for_ever, then.for_ever),
    expiring: grown(now.expiring, then.expiring),
    hot_window: grown(now.hot_window, then.hot_window),
  });
  return {
    spanner: stays(after.spanner, before.spanner),
    firestore: stays(after.firestore, before.firestore),
    storage: stays(after.storage, before.storage),
  };
}

const emptyStays = (): Record<Stay, Record<string, number>> => ({ for_ever: {}, expiring: {}, hot_window: {} });

function stayOfTable(table: AnyTable): Stay {
  if (table.expires !== undefined) return 'expiring';
  return LEAVING.includes(table) ? 'hot_window' : 'for_ever';
}

function stayOfCollection(name: string): Stay {
  if (EXPIRING_COLLECTIONS.includes(name)) return 'expiring';
  return LEAVING_COLLECTIONS.includes(name) ? 'hot_window' : 'for_ever';
}

const rowBytes = (row: Readonly<Record<string, Cell>>): number =>
  Object.values(row).reduce<number>((sum, cell) => sum + cellBytes(cell), 0);

function cellBytes(cell: Cell): number {
  if (cell === null) return 0;
  if (typeof cell === 'number') return INTEGER_BYTES;
  return typeof cell === 'string' ? Buffer.byteLength(cell) : cell.length;
}
