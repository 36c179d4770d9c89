import { decodeProtectedHeader } from 'jose';

/** Where a token's key is to be found is ours to say, not the token's (RFC 7515 section 4.1); nor has it extensions that we know. */
const REFUSED_HEADERS = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc'] as const;

/** Three parts in base64url without padding (RFC 7515 section 2): one token has one spelling. */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * Whether a token has the plain form that is verified here: it names its key, and nothing else about how it is to be read.
 * Without a key id the choice of the key would be the verifier's guess.
 */
export function isPlainToken(token: string): boolean {
  if (!COMPACT.test(token)) return false;
  try {
    const header: Record<string, unknown> = { ...decodeProtectedHeader(token) };
    return REFUSED_HEADERS.every((name) => !Object.hasOwn(header, name)) && typeof header['kid'] === 'string';
  } catch {
    return false;
  }
}
