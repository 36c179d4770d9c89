import { calculateJwkThumbprint } from 'jose';
import { canonicalBytes, type Json, readBase64url } from '../canonical.ts';
import { sha256Base64url } from '../digest.ts';
import { FORMS } from '../ledger/forms.ts';

/**
 * One public key ever used, as the JWKS shows it (RFC 7517; RSA members RFC 7518 section 6.3.1). `purpose`, `first_seal`
 * and `last_seal` are ours: what the key may sign, and the seals, first and last, for which it may.
 */
export type KeysetKey = {
  readonly kty: 'RSA';
  readonly use: 'sig';
  readonly alg: 'RS256';
  /** RFC 7638 SHA-256 thumbprint, so that a name cannot be given to another key */
  readonly kid: string;
  readonly n: string;
  readonly e: string;
  readonly purpose: 'checkpoint' | 'evidence';
  readonly first_seal: string;
  /** empty while the key is in use */
  readonly last_seal: string;
};

/** A JWKS that keeps every key: none is ever removed, or old evidence could no longer be checked. */
export type Keyset = { readonly keys: readonly KeysetKey[] };

const KEY_MEMBERS = ['alg', 'e', 'first_seal', 'kid', 'kty', 'last_seal', 'n', 'purpose', 'use'];

export const keysetBytes = (keyset: Keyset): Buffer => canonicalBytes(keyset as Json);
export const keysetDigest = (keyset: Keyset): string => sha256Base64url(keysetBytes(keyset));

/**
 * Reads a JWKS strictly and recomputes every thumbprint.
 * @returns undefined where a member is missing, unknown or malformed, a key is weak (under 2048 bits) or its kid is another key's
 */
export async function readKeyset(value: unknown): Promise<Keyset | undefined> {
  if (typeof value !== 'object' || value === null || !('keys' in value) || Object.keys(value).length !== 1)
    return undefined;
  if (!Array.isArray(value.keys) || value.keys.length === 0 || value.keys.length > 1000) return undefined;
  const kids = new Set<unknown>();
  for (const key of value.keys as unknown[]) {
    if (typeof key !== 'object' || key === null) return undefined;
    const { kty, use, alg, kid, n, e, purpose, first_seal, last_seal } = key as Record<string, unknown>;
    if (Object.keys(key).sort().join() !== KEY_MEMBERS.join()) return undefined;
    if (kty !== 'RSA' || use !== 'sig' || alg !== 'RS256') return undefined;
    if (purpose !== 'checkpoint' && purpose !== 'evidence') return undefined;
    if (typeof first_seal !== 'string' || !FORMS.count(first_seal)) return undefined;
    if (typeof last_seal !== 'string' || !FORMS['count?'](last_seal)) return undefined;
    if (typeof n !== 'string' || !isModulus(n)) return undefined;
    // 65537, the only exponent that key services make (FIPS 186-5 allows others; nobody needs them).
    if (e !== 'AQAB') return undefined;
    if (kids.has(kid)) return undefined;
    kids.add(kid);
    if (kid !== (await calculateJwkThumbprint({ kty: 'RSA', n, e }))) return undefined;
  }
  return value as Keyset;
}

/** Whether a key was in force for a seal. */
export const isInForce = (key: KeysetKey, seal: number): boolean =>
  Number(key.first_seal) <= seal && (key.last_seal === '' || seal <= Number(key.last_seal));

/** From 2048 to 8192 bits, in the one way RFC 7518 section 6.3.1.1 writes them: leading zeros would make a weak key look long. */
function isModulus(text: string): boolean {
  if (text.length > 1366) return false;
  const bytes = readBase64url(text);
  if (bytes === undefined || bytes.length < 256 || bytes[0] === 0) return false;
  return bytes.length > 256 || bytes[0]! >= 0x80;
}
