import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { base64url, readBase64url } from '../domain/canonical.ts';
import { BadInput } from '../domain/errors.ts';

/** Where a list goes on. Opaque to callers, bound to tenant and list, so that an edited or borrowed one is refused. */
export class Cursors {
  readonly #key: KeyObject;

  /** @param secret at least 32 bytes, the same in every instance */
  constructor(secret: Uint8Array) {
    // A KeyObject, not the raw bytes: Node takes six times as long to make a MAC from bytes.
    this.#key = createSecretKey(secret);
  }

  write(tenant: string, list: string, after: string): string {
    return `${base64url(Buffer.from(after, 'utf8'))}.${base64url(this.#mac(tenant, list, after))}`;
  }

  /** @throws BadInput `invalid_cursor` */
  read(tenant: string, list: string, cursor: string): string {
    const [text = '', mac = '', more] = cursor.split('.');
    const bytes = readBase64url(text);
    const claimed = readBase64url(mac, 16);
    if (bytes !== undefined && claimed !== undefined && more === undefined) {
      const after = bytes.toString('utf8');
      if (timingSafeEqual(claimed, this.#mac(tenant, list, after))) return after;
    }
    throw new BadInput('invalid_cursor', 'the cursor is not one that this list gave', 'cursor');
  }

  #mac(tenant: string, list: string, after: string): Buffer {
    return createHmac('sha256', this.#key).update(`cursor/v1\n${tenant}\n${list}\n${after}`).digest().subarray(0, 16);
  }
}

/** `limit` of a list: 1 to 100, 20 when absent. @throws BadInput `invalid_parameter` */
export function limitOf(text = '20'): number {
  if (/^(?:[1-9][0-9]?|100)$/.test(text)) return Number(text);
  throw new BadInput('invalid_parameter', 'limit is 1 to 100', 'limit');
}
