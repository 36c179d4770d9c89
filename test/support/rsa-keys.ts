import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { KeysetKey } from '../../shared/domain/evidence/keyset.ts';

export interface RsaKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** as a JWKS of ours shows it */
  readonly jwk: KeysetKey;
}

/** RFC 7638: SHA-256 over the required members in lexicographic order, without white space. */
export const thumbprint = (n: string, e: string): string =>
  createHash('sha256').update(`{"e":"${e}","kty":"RSA","n":"${n}"}`).digest('base64url');

/** A key of a JWKS with the thumbprint that belongs to its modulus and exponent; `more` replaces members. */
export const keysetKey = (n: string, e: string, more: Partial<KeysetKey> = {}): KeysetKey => ({
  kty: 'RSA',
  use: 'sig',
  alg: 'RS256',
  kid: thumbprint(n, e),
  n,
  e,
  purpose: 'checkpoint',
  first_seal: '0',
  last_seal: '',
  ...more,
});

/** Makes an RSA key for tests. @param modulusLength 2048 as a rule: a longer one takes seconds to find */
export function rsaKey(purpose: KeysetKey['purpose'], modulusLength = 2048): RsaKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const { n, e } = publicKey.export({ format: 'jwk' }) as { readonly n: string; readonly e: string };
  return { privateKey, publicKey, jwk: keysetKey(n, e, { purpose }) };
}
