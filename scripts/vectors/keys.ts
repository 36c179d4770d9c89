import { constants, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../../shared/domain/canonical.ts';
import { sha256Base64url } from '../../shared/domain/digest.ts';

/** The folder of the golden vectors. */
export const VECTORS = fileURLToPath(new URL('../../test/vectors/', import.meta.url));

/** The test keys: public, and used nowhere else. `stranger` is in no keyset. */
export const KEY_NAMES = ['checkpoint-1', 'checkpoint-2', 'evidence-1', 'evidence-2', 'stranger'] as const;
export type KeyName = (typeof KEY_NAMES)[number];

export const keyPath = (name: KeyName): string => `${VECTORS}keys/${name}.pem`;
export const purposeOf = (name: KeyName): 'checkpoint' | 'evidence' =>
  name.startsWith('evidence') ? 'evidence' : 'checkpoint';

export interface TestKey {
  /** RFC 7638 thumbprint */
  readonly kid: string;
  /** base64url modulus */
  readonly n: string;
  /** SubjectPublicKeyInfo as PEM: what an attacker on the algorithm would take for a secret */
  readonly pem: string;
  readonly privateKey: KeyObject;
}

const loaded = new Map<KeyName, TestKey>();

export function testKey(name: KeyName): TestKey {
  let key = loaded.get(name);
  if (key === undefined) {
    const privateKey = createPrivateKey(readFileSync(keyPath(name)));
    const publicKey = createPublicKey(privateKey);
    const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
    const kid = sha256Base64url(canonicalJson({ e, kty: 'RSA', n }));
    key = { kid, n, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(), privateKey };
    loaded.set(name, key);
  }
  return key;
}

/** RSASSA-PKCS1-v1_5 with SHA-256: deterministic. */
export const signWith = (name: KeyName, input: string): Buffer =>
  sign('sha256', Buffer.from(input, 'latin1'), {
    key: testKey(name).privateKey,
    padding: constants.RSA_PKCS1_PADDING,
  });
