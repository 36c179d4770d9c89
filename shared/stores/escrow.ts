import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { base64url, canonicalBytes, readBase64url } from '../domain/canonical.ts';
import type { LedgerOrigin } from '../domain/ids.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Signer } from '../ports/signer.ts';
import type { Vault } from '../ports/vault.ts';
import type { ValueSalts } from './registry-store.ts';

/**
 * The salts of value commitments in the vault, readable only by whoever may sign with the evidence key: the key that
 * encrypts them is drawn from a signature, which RS256 makes the same each time (RFC 8017 section 8.2 has no chance in it).
 * That signature is over a text that is no JWS, and nobody is ever shown it. Destroying the signing key destroys the salts.
 */
export const escrowName = (kid: string): string => `registry/escrow/k${kid}.json`;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

async function keyOf(signer: Signer, kid: string, ledger: LedgerOrigin): Promise<Buffer> {
  const signature = await signer.sign(kid, Buffer.from(`tallystick escrow\n${ledger}\n${kid}\n`, 'latin1'));
  return Buffer.from(hkdfSync('sha256', signature, '', 'tallystick value salts', 32));
}

export interface EscrowRoom {
  readonly signer: Signer;
  readonly vault: Vault;
  readonly ledgerOrigin: LedgerOrigin;
}

/** Puts the salts by under one key, once. */
export async function putBySalts(
  kid: string,
  { root, others }: ValueSalts,
  { signer, vault, ledgerOrigin, entropy }: EscrowRoom & { readonly entropy: Entropy },
): Promise<void> {
  const plain = canonicalBytes({
    others: others.map(({ tenant, aggregate, salt }) => ({ aggregate, salt: base64url(salt), tenant })),
    root: base64url(root),
  });
  const nonce = entropy.bytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', await keyOf(signer, kid, ledgerOrigin), nonce);
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const document = { kid, ledger: ledgerOrigin, sealed: base64url(sealed), typ: 'escrow', v: '1' };
  // Another pass may have been faster, with another nonce: then there is one, which is all that is wanted.
  await vault.create(escrowName(kid), canonicalBytes(document));
}

/** The salts that were put by under a key; undefined where none were. @throws Error where they do not open */
export async function openSalts(
  kid: string,
  { signer, vault, ledgerOrigin }: EscrowRoom,
): Promise<ValueSalts | undefined> {
  const bytes = await vault.read(escrowName(kid));
  if (bytes === undefined) return undefined;
  const { sealed: text } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { readonly sealed: string };
  const sealed = readBase64url(text);
  if (sealed === undefined || sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error(`${escrowName(kid)} is damaged`);
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', await keyOf(signer, kid, ledgerOrigin), nonce);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  const { root, others } = JSON.parse(plain.toString('utf8')) as {
    readonly root: string;
    readonly others: readonly { readonly tenant: string; readonly aggregate: string; readonly salt: string }[];
  };
  return {
    root: Buffer.from(root, 'base64url'),
    others: others.map((one) => ({ ...one, salt: Buffer.from(one.salt, 'base64url') })),
  };
}
