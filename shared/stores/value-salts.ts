import { createHmac } from 'node:crypto';
import type { Reader } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { secrets } from './tables.ts';

/** Name of the secret from which the salts of value commitments follow. */
export const VALUE_SALTS = 'value-salts';

/**
 * The salt of one aggregate's value commitments. As it follows from one secret, whoever rebuilds a lost database needs that
 * secret alone to know again which values an open period has seen.
 */
export const valueSaltOf = (root: Uint8Array, tenant: string, aggregate: string): Buffer =>
  createHmac('sha256', root).update(`value-salt/v1\n${tenant}\n${aggregate}`).digest();

/** The salt of a new aggregate: by chance until the first deep pass has made the secret and put it by. */
export async function newValueSalt(
  reader: Reader,
  tenant: string,
  aggregate: string,
  entropy: Entropy,
): Promise<Uint8Array> {
  const root = await reader.read(secrets, [VALUE_SALTS]);
  return root === undefined ? entropy.bytes(32) : valueSaltOf(root.value, tenant, aggregate);
}
