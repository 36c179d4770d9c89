import { type Account, parseAccount, versionsOf } from '../../shared/domain/account/account.ts';
import { sha256Base64url, sha256Hex } from '../../shared/domain/digest.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import { isInForce } from '../../shared/domain/evidence/keyset.ts';
import { type PriceVersion, parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import {
  accountName,
  CITED_PREFIX,
  PRICES_PREFIX,
  priceName,
  REGISTRY_PREFIX,
  type Registry,
  readRegistry,
} from '../../shared/domain/registry.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { accounts, api_keys, prices } from '../../shared/stores/tables.ts';
import { type RebuildOptions, RebuildRefused, type RebuildRoom } from './room.ts';
import type { RowWriter } from './row-writer.ts';

/** An organization as it is restored. */
export interface RestoredAccount {
  readonly account: Account;
  /** since when each limit counts */
  readonly limitsSince: ReadonlyMap<string, string>;
}

export interface RestoredRegistry {
  readonly registry: Registry | undefined;
  readonly accounts: ReadonlyMap<string, RestoredAccount>;
  readonly prices: ReadonlyMap<string, PriceVersion>;
  /** documents that entries cite: canonical bytes by digest */
  readonly cited: ReadonlyMap<string, Buffer>;
}

/** The last registry, signed by a pinned key; undefined where none was ever taken. */
async function lastRegistry(
  { vault, ledgerOrigin }: RebuildRoom,
  { pinned }: RebuildOptions,
): Promise<Registry | undefined> {
  const name = (await vault.list(REGISTRY_PREFIX)).at(-1);
  if (name === undefined) return undefined;
  const jws = Buffer.from((await vault.read(name)) ?? []).toString('latin1');
  const signed = await verifyJws(jws, 'registry+jws', pinned.keyset);
  const registry = signed === undefined ? undefined : readRegistry(signed.payload);
  if (signed === undefined || registry === undefined) throw new RebuildRefused(name, 'no pinned key signed it');
  if (registry.ledger !== ledgerOrigin || !isInForce(signed.key, Number(registry.seal))) {
    throw new RebuildRefused(name, 'it is of another ledger, or its key was not in force');
  }
  return registry;
}

/** Restores organizations and prices: the last registry, then the documents that the operator has given. */
export async function restoreRegistry(
  room: RebuildRoom,
  options: RebuildOptions,
  writer: RowWriter,
): Promise<RestoredRegistry> {
  const registry = await lastRegistry(room, options);
  const restored = new Map<string, RestoredAccount>();
  const versions = await readPrices(registry, room);
  const take = async (text: string, updatedAt: string, limits: readonly { limit_id: string; since: string }[]) => {
    const account = parseAccount(JSON.parse(text));
    for (const version of account.subscriptions.flatMap(versionsOf)) versions.set(version.digest, version);
    await writer.put(accounts, { tenant: account.tenant, document: text, updated_at: updatedAt });
    restored.set(account.tenant, {
      account,
      limitsSince: new Map(limits.map(({ limit_id, since }) => [limit_id, since])),
    });
  };
  for (const { document, updated_at, limits } of registry?.accounts ?? []) {
    await take((await readDocument(accountName(document), document, room)).toString('utf8'), updated_at, limits);
  }
  for (const document of options.accounts) {
    const now: Instant = room.clock.now();
    const before = restored.get(parseAccount(document).tenant)?.limitsSince ?? new Map<string, string>();
    const limits = parseAccount(document).limits.map(({ id }) => ({ limit_id: id, since: before.get(id) ?? now }));
    await take(JSON.stringify(document), now, limits);
  }
  for (const { digest, ref, bytes } of versions.values()) await writer.put(prices, { digest, ref, bytes });
  return { registry, accounts: restored, prices: versions, cited: await readCited(room) };
}

async function readDocument(name: string, digest: string, { vault }: RebuildRoom): Promise<Buffer> {
  const bytes = await vault.read(name);
  if (bytes === undefined) throw new RebuildRefused(name, 'the vault has lost it');
  if (sha256Hex(bytes) !== digest) throw new RebuildRefused(name, 'it is not the one that its name says');
  return Buffer.from(bytes);
}

/** Every price document in the vault: those that the registry names, and any that came after it. */
async function readPrices(registry: Registry | undefined, room: RebuildRoom): Promise<Map<string, PriceVersion>> {
  const names = new Set([...(registry?.prices ?? []).map(priceName), ...(await room.vault.list(PRICES_PREFIX))]);
  const versions = new Map<string, PriceVersion>();
  for (const name of [...names].sort()) {
    const bytes = await readDocument(name, name.slice(PRICES_PREFIX.length, -'.json'.length), room);
    const version = parsePriceVersion(JSON.parse(bytes.toString('utf8')));
    versions.set(version.digest, version);
  }
  return versions;
}

/** Discounts, tax decisions and credit notes in the vault. */
async function readCited(room: RebuildRoom): Promise<Map<string, Buffer>> {
  const cited = new Map<string, Buffer>();
  for (const name of await room.vault.list(CITED_PREFIX)) {
    const bytes = await readDocument(name, name.slice(CITED_PREFIX.length, -'.json'.length), room);
    cited.set(sha256Base64url(bytes), bytes);
  }
  return cited;
}

/** Lets callers in again; the last thing that is written. */
export async function restoreKeys(registry: Registry | undefined, writer: RowWriter): Promise<number> {
  for (const key of registry?.api_keys ?? []) {
    await writer.put(api_keys, {
      key_id: key.key_id,
      tenant: key.tenant,
      role: key.role,
      secret_hash: Buffer.from(key.secret_hash, 'hex'),
      created_at: key.created_at,
      expires_at: key.expires_at === '' ? null : key.expires_at,
      revoked_at: key.revoked_at === '' ? null : key.revoked_at,
      scopes: (key.scopes ?? '') === '' ? null : key.scopes!,
      person: (key.person ?? '') === '' ? null : key.person!,
      // A secret that was rotated away is not let in again; the rest is for people, and lost with the database.
      ...{
        name: null,
        created_by: null,
        rotated_at: null,
        previous_hash: null,
        previous_until: null,
        last_used_on: null,
      },
    });
  }
  return registry?.api_keys.length ?? 0;
}
