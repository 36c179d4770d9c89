import { logBytes, logName } from '../../functions/seal-ledger/sealed-parts.ts';
import { base64url } from '../../shared/domain/canonical.ts';
import { parseTenantId, type TenantId } from '../../shared/domain/ids.ts';
import { blindedTenant } from '../../shared/domain/ledger/seal.ts';
import type { Columns, Table } from '../../shared/ports/database.ts';
import { accounts, heads, invoice_numbers, seals, signing_keys } from '../../shared/stores/tables.ts';
import { restoreInvoice } from './evidence.ts';
import { type RestoredRegistry, restoreKeys, restoreRegistry } from './kept-registry.ts';
import { type RestoredLog, restoreLog } from './restored-log.ts';
import { RestoredSalts } from './restored-salts.ts';
import { type RebuildOptions, RebuildRefused, type RebuildRoom } from './room.ts';
import { RowWriter } from './row-writer.ts';
import { type RestoredSeals, restoreSeals } from './seal-log.ts';

/** What one organization came to. */
export interface RebuiltTenant {
  readonly tenant: string;
  readonly currency: string;
  readonly entries: number;
  /** entries that no seal covers */
  readonly unsealed: number;
  /** exact sum of all charges and fees, in the currency's main unit */
  readonly billed: string;
  readonly invoices: number;
  /** sum of all invoices, in minor units */
  readonly invoiced: string;
  /** invoices whose evidence is in the vault */
  readonly evidence: number;
}

export interface Rebuilt {
  readonly ledger: string;
  readonly seals: number;
  readonly apiKeys: number;
  /** when the registry was taken from which organizations and keys were restored */
  readonly registryAt: string;
  readonly tenants: readonly RebuiltTenant[];
}

/**
 * Restores an empty database from mirror and vault alone: seals and keys, organizations and prices, then log by log
 * everything that follows from the entries. Nothing is believed that the pinned keys have not signed or the entries do not
 * give; what does not fit is refused by name.
 *
 * What was accepted but was no receipt yet stands in neither: for that, the database's own backups are the last resort.
 *
 * @throws RebuildRefused; the database then holds a part and must be emptied before the next try
 */
export async function rebuild(room: RebuildRoom, options: RebuildOptions): Promise<Rebuilt> {
  const { say } = options;
  if (options.pinned.ledger !== room.ledgerOrigin) {
    throw new RebuildRefused('the pinned file', `it is of ${options.pinned.ledger}, this is ${room.ledgerOrigin}`);
  }
  await requireEmpty(room);
  const writer = new RowWriter(room.database);
  const sealed = await restoreSeals(room, options, writer);
  if (sealed.count === 0) throw new RebuildRefused('seals/', 'the vault holds none: no ledger was ever kept there');
  say(`${sealed.count} seals, each signed by a pinned key`);
  const registry = await restoreRegistry(room, options, writer);
  const salts = await RestoredSalts.open(room, options, writer);
  // Rows of a tenant hang below its account on some engines.
  await writer.flush();
  const blinds = await readBlinds(room, sealed, registry);

  const tenants: RebuiltTenant[] = [];
  const numbers = new Map<string, number>();
  for (const [tenant, blind] of blinds) {
    const restored = registry.accounts.get(tenant);
    if (restored === undefined) {
      const detail = 'no registry has its account document; give it with --account';
      throw new RebuildRefused(`organization ${tenant}`, detail);
    }
    const log = await restoreLog(
      {
        ...{ tenant, blind, restored, salts, prices: registry.prices, cited: registry.cited, seals: sealed.count },
        sealed: sealed.heads.get(blindedTenant(room.ledgerOrigin, blind, tenant)) ?? [],
      },
      room,
      writer,
    );
    const done = await restoreInvoices(tenant, restored.account.currency, log, numbers, room, options, writer);
    await writer.flush();
    tenants.push(done);
    say(`${tenant}: ${done.entries} entries, billed ${done.billed} ${done.currency}, ${done.invoices} invoices`);
  }
  for (const [series, last] of numbers) await writer.put(invoice_numbers, { series, last });
  // Last of all: as long as nobody's key is known, nobody can send usage into books that are not whole.
  const apiKeys = await restoreKeys(registry.registry, writer);
  await writer.flush();
  return {
    ledger: room.ledgerOrigin,
    seals: sealed.count,
    apiKeys,
    registryAt: registry.registry?.at ?? '',
    tenants,
  };
}

/** Tables that a database in use has rows in. */
const TELLTALES: readonly Table<Columns>[] = [accounts, heads, seals, signing_keys];

async function requireEmpty({ database }: RebuildRoom): Promise<void> {
  for (const table of TELLTALES) {
    const rows = await database.snapshot((view) => view.range(table, { limit: 1 }));
    if (rows.length > 0) throw new RebuildRefused('the database', `it is not empty: it has rows of ${table.name}`);
  }
}

/** Under which blind each log stands in the seals. A log that no seal has named yet gets a new one. */
async function readBlinds(
  { vault, ledgerOrigin, entropy }: RebuildRoom,
  sealed: RestoredSeals,
  registry: RestoredRegistry,
): Promise<Map<TenantId, string>> {
  const blinds = new Map<TenantId, string>();
  const unexplained = new Set(sealed.heads.keys());
  for (const name of await vault.list('logs/')) {
    const tenant = parseTenantId(name.slice('logs/'.length, -'.json'.length));
    const bytes = Buffer.from((await vault.read(name)) ?? []);
    const blind = /"blind":"([A-Za-z0-9_-]{22})"/.exec(bytes.toString('latin1'))?.[1] ?? '';
    if (!logBytes(ledgerOrigin, tenant, blind).equals(bytes)) throw new RebuildRefused(name, 'it is no name of a log');
    if (!unexplained.delete(blindedTenant(ledgerOrigin, blind, tenant))) {
      throw new RebuildRefused(name, 'no seal names a log under this blind');
    }
    blinds.set(tenant, blind);
  }
  for (const name of unexplained) {
    const last = sealed.heads.get(name)!.at(-1)!;
    const detail = `seal ${last.seal} signed a log of ${last.size} entries that no object under logs/ explains`;
    throw new RebuildRefused(logName('*'), detail);
  }
  for (const { account } of registry.accounts.values()) {
    if (!blinds.has(account.tenant)) blinds.set(account.tenant, base64url(entropy.bytes(16)));
  }
  return blinds;
}

async function restoreInvoices(
  tenant: TenantId,
  currency: string,
  log: RestoredLog,
  numbers: Map<string, number>,
  room: RebuildRoom,
  options: RebuildOptions,
  writer: RowWriter,
): Promise<RebuiltTenant> {
  let invoiced = 0n;
  let evidence = 0;
  for (const restored of log.invoices) {
    const { invoice } = restored;
    if (await restoreInvoice(invoice, restored, room, options, writer)) evidence++;
    invoiced += BigInt(invoice.total);
    const [, series = '', number = ''] = /^(.*)-([0-9]+)$/.exec(invoice.number) ?? [];
    numbers.set(series, Math.max(numbers.get(series) ?? 0, Number(number)));
  }
  const { size: entries, unsealed, billed } = log;
  const invoices = log.invoices.length;
  return { tenant, currency, entries, unsealed, billed, invoices, invoiced: String(invoiced), evidence };
}
