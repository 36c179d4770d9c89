import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

/** Bytes under an organization's data key: `01`, key version (4 bytes, big-endian), nonce (12), AES-256-GCM ciphertext, tag (16). */
const FORMAT = 1;
const HEADER = 5;
const NONCE = 12;
const TAG = 16;

/** How many bytes of chance one sealing takes. NIST SP 800-38D section 8.3: fewer than 2^32 of them under one key. */
export const NONCE_BYTES = NONCE;

/** Bytes are not what was sealed there: changed, moved, or under another key. */
export class SealBroken extends Error {
  constructor() {
    super('the bytes do not open under this key and place');
    this.name = 'SealBroken';
  }
}

/**
 * Encrypts bytes with AES-256-GCM (NIST SP 800-38D).
 * @param place where they lie, e.g. table and key: they open nowhere else
 * @param nonce 12 bytes of chance, never the same twice under one key
 */
export function sealBytes(
  key: { readonly version: number; readonly secret: KeyObject | Uint8Array },
  place: string,
  plain: Uint8Array,
  nonce: Uint8Array,
): Buffer {
  const header = Buffer.alloc(HEADER);
  header[0] = FORMAT;
  header.writeUInt32BE(key.version, 1);
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG });
  cipher.setAAD(bound(header, place));
  return Buffer.concat([header, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Version of the key that sealed bytes; undefined where they are not sealed. */
export function sealedBy(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== FORMAT || bytes.length < HEADER + NONCE + TAG) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32BE(1);
}

/** @throws SealBroken */
export function openBytes(secret: KeyObject | Uint8Array, place: string, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
  const nonce = bytes.subarray(HEADER, HEADER + NONCE);
  try {
    const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG });
    decipher.setAAD(bound(bytes.subarray(0, HEADER), place));
    decipher.setAuthTag(bytes.subarray(-TAG));
    return Buffer.concat([decipher.update(bytes.subarray(HEADER + NONCE, -TAG)), decipher.final()]);
  } catch {
    throw new SealBroken();
  }
}

const bound = (header: Uint8Array, place: string): Buffer => Buffer.concat([header, Buffer.from(place, 'utf8')]);
