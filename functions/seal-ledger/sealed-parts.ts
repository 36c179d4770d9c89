import { canonicalBytes } from '../../shared/domain/canonical.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import { readSeal } from '../../shared/domain/ledger/record.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { KeyStore } from '../../shared/stores/key-store.ts';
import { headsName, type Seal, type SealStore } from '../../shared/stores/seal-store.ts';

/** Where the vault keeps a seal, and what it rests on: all heads, the JWKS it names, under which blind each log stands there. */
export const sealName = (n: number): string => `seals/${String(n).padStart(12, '0')}.json`;
/** Digests are named in hex: `-` and `_` of base64url would let two names differ by case only. */
export const keysetName = (digest: string): string =>
  `keysets/${Buffer.from(digest, 'base64url').toString('hex')}.json`;
export const logName = (tenant: string): string => `logs/${tenant}.json`;

export const sealBytes = (seal: Pick<Seal, 'jws' | 'record'>): Buffer =>
  canonicalBytes({ jws: seal.jws, record: seal.record });
export const logBytes = (ledger: LedgerOrigin, tenant: string, blind: string): Buffer =>
  canonicalBytes({ blind, ledger, tenant, typ: 'log', v: '1' });

export interface PartsRoom {
  readonly seals: SealStore;
  readonly keys: KeyStore;
  readonly vault: Vault;
  readonly ledgerOrigin: LedgerOrigin;
}

/**
 * Puts by what a seal rests on, as far as the vault does not have it from the seal before. With it and the logs' pages an
 * empty database can be filled again.
 * @returns the names of what was not there yet
 * @param before the seal before it
 * @throws Error where the vault holds something else
 */
export async function keepParts(seal: Seal, before: Seal | undefined, room: PartsRoom): Promise<string[]> {
  const { seals, keys, vault, ledgerOrigin } = room;
  const parts: [name: string, bytes: Uint8Array][] = [[headsName(seal.n), seal.packedHeads]];
  const { keyset } = readSeal(seal.record);
  if (before === undefined || !before.record.includes(`"keyset":"${keyset}"`)) {
    const bytes = await keys.keysetOf(keyset);
    if (bytes === undefined) throw new Error(`the key set of seal ${seal.n} is gone`);
    parts.push([keysetName(keyset), bytes]);
  }
  for (const { tenant, blind } of await seals.newLogs(seal, before)) {
    parts.push([logName(tenant), logBytes(ledgerOrigin, tenant, blind)]);
  }
  const created: string[] = [];
  for (const [name, bytes] of parts) {
    const outcome = await vault.create(name, bytes);
    if (outcome === 'different') throw new Error(`the vault holds another ${name}`);
    if (outcome === 'created') created.push(name);
  }
  return created;
}
