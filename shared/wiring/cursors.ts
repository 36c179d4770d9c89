import { Cursors } from '../edge/cursor.ts';
import type { KeyStore } from '../stores/key-store.ts';
import type { Base } from './ports.ts';

/** The signer of list cursors: with the key that the environment gives, else with one that the database keeps for all instances. */
export async function openCursors({
  config,
  entropy,
  keys,
}: Pick<Base, 'config' | 'entropy'> & { readonly keys: KeyStore }): Promise<Cursors> {
  const given = Buffer.from(config.cursorKey, 'base64url');
  return new Cursors(given.length > 0 ? given : await keys.secret('cursors', entropy.bytes(32)));
}
