import { canonicalBytes, type Json } from './canonical.ts';
import { readInstant } from './time.ts';

/**
 * What a ledger cannot be rebuilt from alone, as the vault keeps it: who the organizations are, who may ask, and since when
 * limits count. No names of people, no secrets: keys stand here by their hash.
 */
export interface Registry {
  readonly ledger: string;
  /** when it was taken */
  readonly at: string;
  /** number of the last seal then: the key in force at it signs */
  readonly seal: string;
  readonly accounts: readonly RegisteredAccount[];
  readonly api_keys: readonly RegisteredKey[];
  /** hex SHA-256 of every price document, ascending */
  readonly prices: readonly string[];
}

export type RegisteredAccount = {
  readonly tenant: string;
  /** hex SHA-256 of the account document */
  readonly document: string;
  readonly updated_at: string;
  /** a limit counts what was recorded from then on */
  readonly limits: readonly { readonly limit_id: string; readonly since: string }[];
};

export type RegisteredKey = {
  readonly key_id: string;
  readonly tenant: string;
  readonly role: string;
  /** hex SHA-256 of the key's secret */
  readonly secret_hash: string;
  readonly created_at: string;
  /** empty where it never expires */
  readonly expires_at: string;
  /** empty while it holds */
  readonly revoked_at: string;
  /** what it may do, apart by spaces; empty (or absent, in old registries) where it may do all that its role may */
  readonly scopes?: string;
  /** pseudonym of the person who holds it; empty or absent where nobody said */
  readonly person?: string;
};

/** Where the vault keeps registries, by when they were taken, and the documents that they name, by digest. */
export const REGISTRY_PREFIX = 'registry/taken/';
export const registryName = (at: string): string => `${REGISTRY_PREFIX}${at.replaceAll(':', '')}.jws`;
export const accountName = (digest: string): string => `registry/accounts/${digest}.json`;
export const PRICES_PREFIX = 'registry/prices/';
export const priceName = (digest: string): string => `${PRICES_PREFIX}${digest}.json`;
/** Documents that signed entries cite by their digest: discounts, tax decisions, credit notes. No registry has to name them. */
export const CITED_PREFIX = 'registry/cited/';
export const citedName = (digest: string): string => `${CITED_PREFIX}${digest}.json`;

export const registryBytes = (registry: Registry): Buffer =>
  canonicalBytes({ ...registry, typ: 'registry', v: '1' } as unknown as Json);

/** Reads a registry back. @returns undefined where it is none; its signature was checked before, so its members are taken as given */
export function readRegistry(bytes: Uint8Array): Registry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { typ, v, ...registry } = value as Registry & { readonly typ?: unknown; readonly v?: unknown };
  if (typ !== 'registry' || v !== '1' || readInstant(registry.at) === undefined) return undefined;
  return registry;
}
