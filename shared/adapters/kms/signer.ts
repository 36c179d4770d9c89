import { crc32c } from '@aws-crypto/crc32c';
import { status } from '@grpc/grpc-js';
import { sha256 } from '../../domain/digest.ts';
import { TryAgain } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { KeyPurpose, PublicKey, Signer } from '../../ports/signer.ts';
import { KmsCalls, KmsRefused } from './calls.ts';
import { damageOf, type KeyVersion, readKeyVersion } from './key-version.ts';

const PURPOSES: readonly KeyPurpose[] = ['checkpoint', 'evidence'];
/** A signature takes an HSM a fraction of a second; what takes longer than this is not coming. */
const CALL_MILLISECONDS = 5000;
const GENERATION_POLL_MILLISECONDS = 1000;
const GENERATION_POLLS = 60;

export interface KmsSignerOptions {
  /** `projects/P/locations/L/keyRings/R` with the keys `checkpoint` and `evidence`. */
  readonly keyRing: string;
  /** host:port of a double, spoken to without TLS and without credentials. */
  readonly endpoint?: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Whether a key that is not held by an HSM is an error. */
  readonly requireHsm: boolean;
  /** How long one call may take, 5000 unless said. */
  readonly callMilliseconds?: number;
}

/**
 * Keys of Cloud KMS, one crypto key per purpose, one key version per kid.
 *
 * A kid is the thumbprint of the public key and stands for exactly one version. Neither "primary" nor "latest" is ever asked
 * for: which key signs which seal is written down in the key store before it signs.
 */
export class KmsSigner implements Signer {
  readonly #calls: KmsCalls;
  readonly #keyRing: string;
  readonly #requireHsm: boolean;
  readonly #versions = new Map<string, KeyVersion>();

  constructor({ keyRing, requireHsm, callMilliseconds = CALL_MILLISECONDS, ...calls }: KmsSignerOptions) {
    this.#calls = new KmsCalls({ ...calls, callMilliseconds });
    this.#keyRing = keyRing;
    this.#requireHsm = requireHsm;
  }

  async sign(kid: string, bytes: Uint8Array): Promise<Uint8Array> {
    const version = await this.#versionOf(kid);
    const digest = sha256(bytes);
    const answer = await this.#calls.intact(
      `sign with ${version.name}`,
      (client, limits) => {
        const digestCrc32c = { value: crc32c(digest) };
        return client.asymmetricSign({ name: version.name, digest: { sha256: digest }, digestCrc32c }, limits);
      },
      (signed) => damageOf(signed, version, bytes, this.#requireHsm),
    );
    return Uint8Array.from(Buffer.from(answer.signature ?? ''));
  }

  async publicKeys(): Promise<readonly PublicKey[]> {
    const oldestFirst = (await this.#load()).sort((a, b) =>
      a.createdNanos === b.createdNanos ? (a.name < b.name ? -1 : 1) : a.createdNanos < b.createdNanos ? -1 : 1,
    );
    return oldestFirst.map(({ publicKey }) => publicKey);
  }

  /**
   * @throws TryAgain where KMS cannot say whether it made one, or has not finished it yet; a key it made all the same is
   *   found by the next `publicKeys`
   */
  async createKey(purpose: KeyPurpose): Promise<PublicKey> {
    const parent = this.#parentOf(purpose);
    // Once: a repeated call would make a second key.
    const { name } = await this.#calls.once(`make a version of ${parent}`, (client, limits) =>
      client.createCryptoKeyVersion({ parent, cryptoKeyVersion: {} }, limits),
    );
    await this.#generated(name ?? '');
    const version = (await this.#load()).find((each) => each.name === name);
    if (version === undefined) throw new Error(`Cloud KMS made ${name} and does not list it`);
    return version.publicKey;
  }

  close(): Promise<void> {
    return this.#calls.close();
  }

  #parentOf(purpose: KeyPurpose): string {
    return `${this.#keyRing}/cryptoKeys/${purpose}`;
  }

  async #versionOf(kid: string): Promise<KeyVersion> {
    const held = (): KeyVersion | undefined =>
      [...this.#versions.values()].find(({ publicKey }) => publicKey.kid === kid);
    // Another instance may have made the key since.
    if (held() === undefined) await this.#load();
    const version = held();
    if (version === undefined) throw new Error(`this signer holds no key ${JSON.stringify(kid)}`);
    return version;
  }

  /** Lists the versions and fetches the public keys that are not in memory yet: they never change, and reads have a quota. */
  async #load(): Promise<KeyVersion[]> {
    const listed = await Promise.all(PURPOSES.map((purpose) => this.#loadPurpose(purpose)));
    const versions = listed.flat();
    const kids = new Set(versions.map(({ publicKey }) => publicKey.kid));
    if (kids.size !== versions.length) throw new Error('two key versions hold the same key');
    return versions;
  }

  async #loadPurpose(purpose: KeyPurpose): Promise<KeyVersion[]> {
    const parent = this.#parentOf(purpose);
    const versions = await this.#calls.repeat(`list the versions of ${parent}`, (client, limits) =>
      client.listCryptoKeyVersions({ parent }, limits),
    );
    const loaded: KeyVersion[] = [];
    for (const version of versions) {
      const name = version.name ?? '';
      if (!name.startsWith(`${parent}/cryptoKeyVersions/`)) throw new Error(`${name} is no version of ${parent}`);
      if (version.state !== 'ENABLED' && version.state !== 'DISABLED') continue;
      try {
        const known =
          this.#versions.get(name) ?? (await readKeyVersion(this.#calls, version, purpose, this.#requireHsm));
        this.#versions.set(name, known);
        loaded.push(known);
      } catch (error) {
        // Cloud KMS gives the public key of an enabled version only; a disabled one's is in the key store since it was one.
        const isWithheld = error instanceof KmsRefused && error.code === status.FAILED_PRECONDITION;
        if (version.state === 'ENABLED' || !isWithheld) throw error;
      }
    }
    return loaded;
  }

  /** Waits until a new version can be used: an HSM makes its keys in the background. */
  async #generated(name: string): Promise<void> {
    for (let poll = 1; poll <= GENERATION_POLLS; poll++) {
      const version = await this.#calls.repeat(`show ${name}`, (client, limits) =>
        client.getCryptoKeyVersion({ name }, limits),
      );
      if (version.state === 'ENABLED') return;
      if (version.state !== 'PENDING_GENERATION') {
        throw new Error(`${name} became ${version.state}: ${version.generationFailureReason}`);
      }
      await this.#calls.wait(GENERATION_POLL_MILLISECONDS);
    }
    throw new TryAgain(`Cloud KMS is still making ${name}`, GENERATION_POLLS);
  }
}
