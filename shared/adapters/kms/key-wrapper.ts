import { crc32c } from '@aws-crypto/crc32c';
import type { Clock } from '../../ports/clock.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { KeyWrapper, WrappedKey } from '../../ports/key-wrapper.ts';
import { KmsCalls } from './calls.ts';

const CALL_MILLISECONDS = 5000;

export interface KmsKeyWrapperOptions {
  /** `projects/P/locations/L/keyRings/R/cryptoKeys/K`, for encryption and decryption */
  readonly key: string;
  /** host:port of a double, spoken to without TLS and without credentials. */
  readonly endpoint?: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly callMilliseconds?: number;
}

type Checksum = { value?: unknown } | null | undefined;
const fits = (checksum: Checksum, bytes: Uint8Array): boolean => String(checksum?.value) === String(crc32c(bytes));

/**
 * Wraps data keys with a symmetric key of Cloud KMS. Its primary version encrypts; which one decrypts the service knows from the
 * ciphertext, so versions may be rotated at any time. Checksums both ways, as Cloud KMS asks of its callers (service.proto).
 */
export class KmsKeyWrapper implements KeyWrapper {
  readonly #calls: KmsCalls;
  readonly #key: string;

  constructor({ key, callMilliseconds = CALL_MILLISECONDS, ...calls }: KmsKeyWrapperOptions) {
    this.#calls = new KmsCalls({ ...calls, callMilliseconds });
    this.#key = key;
  }

  async wrap(key: Uint8Array, context: string): Promise<WrappedKey> {
    const bound = Buffer.from(context, 'utf8');
    const answer = await this.#calls.intact(
      `encrypt with ${this.#key}`,
      (client, limits) =>
        client.encrypt(
          {
            name: this.#key,
            plaintext: key,
            plaintextCrc32c: { value: crc32c(key) },
            additionalAuthenticatedData: bound,
            additionalAuthenticatedDataCrc32c: { value: crc32c(bound) },
          },
          limits,
        ),
      ({ name, ciphertext, ciphertextCrc32c, verifiedPlaintextCrc32c, verifiedAdditionalAuthenticatedDataCrc32c }) => {
        if (name?.startsWith(`${this.#key}/cryptoKeyVersions/`) !== true) return `${name} is another key`;
        if (verifiedPlaintextCrc32c !== true || verifiedAdditionalAuthenticatedDataCrc32c !== true)
          return 'the request arrived damaged';
        return fits(ciphertextCrc32c, bytesOf(ciphertext)) ? undefined : 'the answer arrived damaged';
      },
    );
    return { bytes: bytesOf(answer.ciphertext), by: answer.name ?? '' };
  }

  async unwrap({ bytes, by }: WrappedKey, context: string): Promise<Uint8Array> {
    if (!by.startsWith(`${this.#key}/cryptoKeyVersions/`))
      throw new Error(`the data key is under ${by}, not ${this.#key}`);
    const bound = Buffer.from(context, 'utf8');
    const answer = await this.#calls.intact(
      `decrypt with ${this.#key}`,
      (client, limits) =>
        client.decrypt(
          {
            name: this.#key,
            ciphertext: bytes,
            ciphertextCrc32c: { value: crc32c(bytes) },
            additionalAuthenticatedData: bound,
            additionalAuthenticatedDataCrc32c: { value: crc32c(bound) },
          },
          limits,
        ),
      ({ plaintext, plaintextCrc32c }) =>
        fits(plaintextCrc32c, bytesOf(plaintext)) ? undefined : 'the answer arrived damaged',
    );
    return bytesOf(answer.plaintext);
  }

  close(): Promise<void> {
    return this.#calls.close();
  }
}

const bytesOf = (value: unknown): Buffer => Buffer.from((value ?? '') as Uint8Array);
