import { BadInput } from './errors.ts';

/** What RFC 8785 can write: JSON values. Documents of this project hold strings, lists and objects only. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * Writes a value in the JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, no white space,
 * numbers and escapes as ECMAScript writes them.
 * @throws BadInput `invalid_encoding` for a lone surrogate, TypeError for what JSON cannot hold (NaN, undefined, functions)
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('JSON has no NaN and no infinity (RFC 8785 section 3.2.2.3)');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new BadInput('invalid_encoding', 'a string holds half a surrogate pair');
    return JSON.stringify(value);
  }
  // `map` would leave the holes of a sparse list out; `from` meets them as the undefined they are.
  if (Array.isArray(value)) return `[${Array.from(value, (item) => canonicalJson(item)).join(',')}]`;
  if (typeof value === 'object') {
    const members = value as { readonly [name: string]: Json };
    // The default sort compares UTF-16 code units, which is what RFC 8785 section 3.2.3 asks for.
    return `{${Object.keys(members)
      .sort()
      .map((name) => `${canonicalJson(name)}:${canonicalJson(members[name] as Json)}`)
      .join(',')}}`;
  }
  throw new TypeError(`JSON cannot hold a ${typeof value}`);
}

export const canonicalBytes = (value: Json): Buffer => Buffer.from(canonicalJson(value), 'utf8');

export const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');

/**
 * Reads base64url without padding, in its one canonical form: the decoder itself ignores garbage, takes both alphabets
 * and the spare bits of the last character, so what was read is written again and compared.
 * @returns undefined for any other text, or where the length is not `bytes`
 */
export function readBase64url(text: string, bytes?: number): Buffer | undefined {
  const decoded = Buffer.from(text, 'base64url');
  if (bytes !== undefined && decoded.length !== bytes) return undefined;
  return decoded.toString('base64url') === text ? decoded : undefined;
}
