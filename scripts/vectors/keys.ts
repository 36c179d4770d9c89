import { constants, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { calculateJwkThumbprint } from 'jose';

/** The folder of the golden vectors. */
export const VECTORS = fileURLToPath(new URL('../../test/vectors/', import.meta.url));

/** The test keys: public, and used nowhere else. `stranger` is in no keyset. */
export const KEY_NAMES = ['checkpoint-1', 'checkpoint-2', 'evidence-1', 'evidence-2', 'stranger'] as const;
export type KeyName = (typeof KEY_NAMES)[number];

export const keyPath = (name: KeyName): string => `${VECTORS}keys/${name}.pem`;
export const purposeOf = (name: KeyName): 'checkpoint' | 'evidence' =>
  name.startsWith('evidence') ? 'evidence' : 'checkpoint';

const privateKey = (name: KeyName) => createPrivateKey(readFileSync(keyPath(name)));

export interface PublicPart {
  readonly n: string;
  readonly e: string;
  /** SubjectPublicKeyInfo as PEM: what an attacker on the algorithm would take for a secret */
  readonly pem: string;
}

export function publicPart(name: KeyName): PublicPart {
  const key = createPublicKey(privateKey(name));
  const { n, e } = key.export({ format: 'jwk' });
  return { n: n!, e: e!, pem: key.export({ type: 'spki', format: 'pem' }).toString() };
}

export async function kidOf(name: KeyName): Promise<string> {
  const { n, e } = publicPart(name);
  return calculateJwkThumbprint({ kty: 'RSA', n, e });
}

/** RSASSA-PKCS1-v1_5 with SHA-256: deterministic. */
export const signWith = (name: KeyName, input: string): Buffer =>
  sign('sha256', Buffer.from(input, 'latin1'), { key: privateKey(name), padding: constants.RSA_PKCS1_PADDING });
