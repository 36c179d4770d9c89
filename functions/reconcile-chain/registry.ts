import { canonicalJson, type Json } from '../../shared/domain/canonical.ts';
import { sha256Hex } from '../../shared/domain/digest.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import {
  accountName,
  citedName,
  priceName,
  REGISTRY_PREFIX,
  type RegisteredAccount,
  type Registry,
  readRegistry,
  registryBytes,
  registryName,
} from '../../shared/domain/registry.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Entropy } from '../../shared/ports/entropy.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Signer } from '../../shared/ports/signer.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import { escrowName, putBySalts } from '../../shared/stores/escrow.ts';
import type { KeyStore } from '../../shared/stores/key-store.ts';
import type { Notary } from '../../shared/stores/notary.ts';
import type { RegistryRows, RegistryStore } from '../../shared/stores/registry-store.ts';
import type { SealStore } from '../../shared/stores/seal-store.ts';

export interface RegistryRoom {
  readonly registry: RegistryStore;
  readonly seals: SealStore;
  readonly keys: KeyStore;
  readonly notary: Notary;
  readonly signer: Signer;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly ledgerOrigin: LedgerOrigin;
}

/**
 * Puts by what the logs do not tell of, for the day on which the database is lost: account and price documents, API keys by
 * their hash, the salts of value commitments under lock and key. Signed, and written only where something has changed.
 * @param full whether documents that an earlier pass has put by are looked at again
 * @returns the names of documents that the vault had lost
 */
export async function keepRegistry(full: boolean, room: RegistryRoom): Promise<string[]> {
  const { vault, notary, clock, seals } = room;
  const rows = await room.registry.rows();
  const before = await lastRegistry(room);
  const healed = await keepDocuments(rows, before, full, room);
  const seal = Math.max(0, (await seals.latest()).size - 1);
  await keepSalts(seal, room);

  const now = registryOf(rows, before, { ledger: room.ledgerOrigin, at: clock.now(), seal: String(seal) });
  const same = before !== undefined && canonicalJson(unframed(before)) === canonicalJson(unframed(now));
  if (same) return healed;
  const jws = await notary.signEvidence('registry+jws', seal, registryBytes(now));
  await vault.create(registryName(now.at), Buffer.from(jws, 'latin1'));
  return healed;
}

/** What a registry says but for when it was taken. */
const unframed = ({ accounts, api_keys, prices }: Registry): Json =>
  ({ accounts, api_keys, prices }) as unknown as Json;

async function lastRegistry({ vault, keys, log }: RegistryRoom): Promise<Registry | undefined> {
  const name = (await vault.list(REGISTRY_PREFIX)).at(-1);
  const jws = name === undefined ? undefined : await vault.read(name);
  if (name === undefined || jws === undefined) return undefined;
  const signed = await verifyJws(Buffer.from(jws).toString('latin1'), 'registry+jws', await keys.keyset());
  const registry = signed === undefined ? undefined : readRegistry(signed.payload);
  // The next one is written whole, so nothing is lost; but somebody was at the vault.
  if (registry === undefined) log.error('registry_damaged', new Error(`${name} is not what was written there`));
  return registry;
}

async function keepDocuments(
  rows: RegistryRows,
  before: Registry | undefined,
  full: boolean,
  { vault, log }: Pick<RegistryRoom, 'vault' | 'log'>,
): Promise<string[]> {
  const put = async (name: string, bytes: Uint8Array) => {
    const outcome = await vault.create(name, bytes);
    // Named by its digest, so that it can never have been anything else.
    if (outcome === 'different') log.error('registry_damaged', new Error(`${name} is not what was written there`));
    return outcome;
  };
  const known = new Set([
    ...(before?.accounts ?? []).map(({ document }) => accountName(document)),
    ...(before?.prices ?? []).map(priceName),
  ]);
  const documents = [
    ...rows.accounts.map(({ document }) => [accountName(sha256Hex(document)), Buffer.from(document, 'utf8')] as const),
    ...rows.prices.map(({ bytes }) => [priceName(sha256Hex(bytes)), bytes] as const),
  ];
  const healed: string[] = [];
  for (const bytes of rows.cited) await put(citedName(sha256Hex(bytes)), Buffer.from(bytes));
  for (const [name, bytes] of documents) {
    if (known.has(name) && !full) continue;
    if ((await put(name, bytes)) === 'created' && known.has(name)) healed.push(name);
  }
  return healed;
}

/** Once per evidence key. */
async function keepSalts(seal: number, room: RegistryRoom): Promise<void> {
  const kid = await room.keys.keyFor('evidence', seal);
  if ((await room.vault.read(escrowName(kid))) !== undefined) return;
  await putBySalts(kid, await room.registry.valueSalts(), room);
}

function registryOf(
  rows: RegistryRows,
  before: Registry | undefined,
  frame: Pick<Registry, 'ledger' | 'at' | 'seal'>,
): Registry {
  const earlier = new Map(before?.accounts.map((account) => [account.tenant, account]));
  return {
    ...frame,
    accounts: rows.accounts.map((row) => ({
      tenant: row.tenant,
      document: sha256Hex(row.document),
      updated_at: row.updated_at,
      limits: limitsOf(row, earlier.get(row.tenant)),
    })),
    api_keys: rows.apiKeys.map((row) => ({
      key_id: row.key_id,
      tenant: row.tenant,
      role: row.role,
      secret_hash: Buffer.from(row.secret_hash).toString('hex'),
      created_at: row.created_at,
      expires_at: row.expires_at ?? '',
      revoked_at: row.revoked_at ?? '',
      scopes: row.scopes ?? '',
      person: row.person ?? '',
    })),
    prices: rows.prices.map(({ bytes }) => sha256Hex(bytes)).sort(),
  };
}

/** A limit counts since it was first seen here; one that was there before keeps its time. */
function limitsOf(
  { document, updated_at }: RegistryRows['accounts'][number],
  before: RegisteredAccount | undefined,
): RegisteredAccount['limits'] {
  const { limits = [] } = JSON.parse(document) as { readonly limits?: readonly { readonly limit_id: string }[] };
  return limits.map(({ limit_id }) => ({
    limit_id,
    since: before?.limits.find((limit) => limit.limit_id === limit_id)?.since ?? updated_at,
  }));
}
