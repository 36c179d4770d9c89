import { BadInput } from './errors.ts';

/** What RFC 8785 can write: JSON values. Documents of this project hold strings, lists and objects only. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * Writes a value in the JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, no white space,
 * numbers and escapes as ECMAScript writes them.
 * @throws BadInput `invalid_encoding` for a lone surrogate, TypeError for what JSON cannot hold (NaN, undefined, functions)
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'string') return quoted(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('JSON has no NaN and no infinity (RFC 8785 section 3.2.2.3)');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return canonicalList(value as readonly Json[]);
  if (typeof value === 'object') return canonicalObject(value as { readonly [name: string]: Json });
  throw new TypeError(`JSON cannot hold a ${typeof value}`);
}

// An invoice of a thousand lines is written in these loops, so they make no closures and no lists of parts.

function canonicalList(items: readonly Json[]): string {
  let text = '[';
  // By number, so that the holes of a sparse list are met as the undefined they are.
  for (let i = 0; i < items.length; i++) text += i === 0 ? canonicalJson(items[i]!) : `,${canonicalJson(items[i]!)}`;
  return `${text}]`;
}

function canonicalObject(members: { readonly [name: string]: Json }): string {
  const names = Object.keys(members);
  // The default sort compares UTF-16 code units, which is what RFC 8785 section 3.2.3 asks for; so does `>`.
  if (!isSorted(names)) names.sort();
  let text = '{';
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    text += `${i === 0 ? '' : ','}${quoted(name)}:${canonicalJson(members[name] as Json)}`;
  }
  return `${text}}`;
}

function isSorted(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i++) if (names[i - 1]! > names[i]!) return false;
  return true;
}

/** Printable ASCII without quotation mark and backslash stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new BadInput('invalid_encoding', 'a string holds half a surrogate pair');
  return JSON.stringify(text);
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
