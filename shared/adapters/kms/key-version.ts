import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { crc32c } from '@aws-crypto/crc32c';
import type { protos } from '@google-cloud/kms';
import { calculateJwkThumbprint } from 'jose';
import type { KeyPurpose, PublicKey } from '../../ports/signer.ts';
import type { KmsCalls } from './calls.ts';

type Version = protos.google.cloud.kms.v1.ICryptoKeyVersion;
type Signed = protos.google.cloud.kms.v1.IAsymmetricSignResponse;
type Checksum = protos.google.protobuf.IInt64Value | null | undefined;

/** RSASSA-PKCS1-v1_5 with SHA-256, which is what RS256 means; every other algorithm of KMS makes other signatures. */
const ALGORITHMS: readonly unknown[] = [
  'RSA_SIGN_PKCS1_2048_SHA256',
  'RSA_SIGN_PKCS1_3072_SHA256',
  'RSA_SIGN_PKCS1_4096_SHA256',
];

/** One key version with its public half: one kid, one resource name, for ever. */
export interface KeyVersion {
  readonly name: string;
  /** Nanoseconds since 1970. */
  readonly createdNanos: bigint;
  readonly publicKey: PublicKey;
  readonly verifyingKey: KeyObject;
}

/**
 * Fetches a version's public key and checks all that is said of it.
 * @throws Error where it is not an RS256 key, or not held by an HSM though it has to be
 */
export async function readKeyVersion(
  calls: KmsCalls,
  version: Version,
  purpose: KeyPurpose,
  requireHsm: boolean,
): Promise<KeyVersion> {
  const name = version.name ?? '';
  const key = await calls.intact(
    `give the public key of ${name}`,
    (client, limits) => client.getPublicKey({ name }, limits),
    (answer) => {
      if (answer.name !== name) return `it gave that of ${answer.name}`;
      return isChecksum(answer.pemCrc32c, Buffer.from(answer.pem ?? '')) ? undefined : 'its CRC32C does not fit';
    },
  );
  for (const { algorithm, protectionLevel } of [version, key]) {
    if (!ALGORITHMS.includes(algorithm)) throw new Error(`${name} signs with ${algorithm}, not RS256`);
    if (requireHsm && protectionLevel !== 'HSM') throw new Error(`${name} is held by ${protectionLevel}, not an HSM`);
  }
  const verifyingKey = createPublicKey(key.pem ?? '');
  const { kty, n, e } = verifyingKey.export({ format: 'jwk' });
  if (kty !== 'RSA' || n === undefined || e === undefined) throw new Error(`${name} is not an RSA key`);
  const kid = await calculateJwkThumbprint({ kty, n, e }, 'sha256');
  return { name, createdNanos: nanosOf(version), publicKey: { kid, purpose, n, e }, verifyingKey };
}

/** Why an answer cannot be this version's signature over `bytes`; undefined where it is. */
export function damageOf(
  answer: Signed,
  version: KeyVersion,
  bytes: Uint8Array,
  requireHsm: boolean,
): string | undefined {
  const signature = Buffer.from(answer.signature ?? '');
  if (answer.name !== version.name) return `${answer.name} signed instead`;
  if (answer.verifiedDigestCrc32c !== true) return 'it did not check the CRC32C of the digest';
  if (!isChecksum(answer.signatureCrc32c, signature)) return 'the CRC32C of the signature does not fit';
  if (requireHsm && answer.protectionLevel !== 'HSM') return `${answer.protectionLevel} signed, not an HSM`;
  const key = { key: version.verifyingKey, padding: constants.RSA_PKCS1_PADDING };
  return verify('sha256', bytes, key, signature) ? undefined : 'the signature does not verify';
}

/** 32 bits without a sign in an int64, because not every language has the former. */
const isChecksum = (checksum: Checksum, bytes: Uint8Array): boolean =>
  checksum?.value != null && String(checksum.value) === String(crc32c(bytes));

const nanosOf = ({ createTime }: Version): bigint =>
  BigInt(String(createTime?.seconds ?? 0)) * 1_000_000_000n + BigInt(createTime?.nanos ?? 0);
