import { compactVerify, importJWK } from 'jose';
import { base64url, canonicalJson, readBase64url } from '../canonical.ts';
import type { Keyset, KeysetKey } from './keyset.ts';

/** What a signature is over. The `typ` header (RFC 8725 section 3.11) keeps one from being shown as another. */
export type JwsType = 'checkpoint+jws' | 'manifest+jws' | 'reconciliation+jws' | 'registry+jws' | 'audit+jws';

const PURPOSE = {
  'checkpoint+jws': 'checkpoint',
  'manifest+jws': 'evidence',
  'reconciliation+jws': 'evidence',
  'registry+jws': 'evidence',
  'audit+jws': 'evidence',
} as const satisfies Record<JwsType, KeysetKey['purpose']>;

/** The bytes that are signed: `header.payload` (RFC 7515 section 5.1). */
export function signingInput(typ: JwsType, kid: string, payload: Uint8Array | string): string {
  const header = canonicalJson({ alg: 'RS256', kid, typ });
  const body = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload;
  return `${base64url(Buffer.from(header, 'utf8'))}.${base64url(body)}`;
}

/** Compact serialization (RFC 7515 section 7.1). */
export const compactJws = (input: string, signature: Uint8Array): string => `${input}.${base64url(signature)}`;

export interface VerifiedJws {
  readonly key: KeysetKey;
  readonly payload: Buffer;
}

/**
 * Verifies a compact JWS against a keyset. The header must be exactly `{"alg":"RS256","kid":...,"typ":...}` in canonical
 * bytes: no `none`, no HMAC with a public key, no `jwk`, `jku`, `x5u` or `crit` can be smuggled in.
 * @returns undefined where anything is not as it must be
 */
export async function verifyJws(jws: string, typ: JwsType, keyset: Keyset): Promise<VerifiedJws | undefined> {
  const [header, payload, signature, more] = jws.split('.');
  if (header === undefined || payload === undefined || signature === undefined || more !== undefined) return undefined;
  const body = readBase64url(payload);
  if (body === undefined || readBase64url(signature) === undefined) return undefined;
  for (const key of keyset.keys) {
    if (key.purpose !== PURPOSE[typ]) continue;
    if (header !== signingInput(typ, key.kid, '').split('.')[0]) continue;
    try {
      const publicKey = await importJWK({ kty: key.kty, n: key.n, e: key.e }, 'RS256');
      await compactVerify(jws, publicKey, { algorithms: ['RS256'] });
      return { key, payload: body };
    } catch {
      // jose tells apart many ways to be wrong; a signature that does not hold is all there is to say here.
      return undefined;
    }
  }
  return undefined;
}
