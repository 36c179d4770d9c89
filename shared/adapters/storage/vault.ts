import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { crc32c } from '@aws-crypto/crc32c';
import { type Bucket, type FileMetadata, IdempotencyStrategy, Storage } from '@google-cloud/storage';
import { sha256Hex } from '../../domain/digest.ts';
import { TryAgain } from '../../domain/errors.ts';
import { readInstant } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { type Kept, RetentionRefused, type Vault } from '../../ports/vault.ts';
import { folderOfPrefix, pathOf } from '../local/names.ts';
import { type DownloadOptions, download } from './download.ts';
import { asked, failure, hasLostTrack, isAbsence, isPassing, reasonOf, statusOf } from './failure.ts';
import { ambientSigner, keySigner, type LinkSigner, type LinkSigningKey, signedLink } from './signed-link.ts';

/**
 * One piece of a resumable upload: 8 MiB is what Google recommends at least, and a multiple of the 256 KiB that it demands
 * (https://docs.cloud.google.com/storage/docs/performing-resumable-uploads). Up to one piece, sending the whole again after an
 * interruption costs no more than resuming would.
 */
const CHUNK_BYTES = 8 * 1024 * 1024;
/**
 * Two repeats, a second apart, take a hiccup. More patience belongs to the queue behind us: a request waits here.
 * The total time stays the client's ten minutes: when it runs out between two attempts, retry-request 9 never answers at all.
 */
const RETRIES = { maxRetries: 2, maxRetryDelay: 1 };
const GOOGLE = /^https:\/\/(?:[a-z0-9-]+\.)*googleapis\.com$/;
/** Where everybody reaches Cloud Storage. */
const PUBLIC_ENDPOINT = 'https://storage.googleapis.com';
const compressed = promisify(gzip);
const READS = 2;
const CREATES = 3;

export interface StorageVaultOptions {
  readonly project: string;
  readonly bucket: string;
  /**
   * Another address of the service, `https://…` without a path. Under googleapis.com it is Google's own, such as a private
   * endpoint, and links lead to the public one all the same; any other is a double's, never sees credentials, and is where its
   * links lead.
   */
  readonly endpoint?: string;
  readonly clock: Clock;
  /** A service account's key to sign links with, for tests: a process on Google Cloud has an identity and no key. */
  readonly credentials?: LinkSigningKey;
}

/**
 * Objects in a Cloud Storage bucket whose retention policy keeps them. Each carries the SHA-256 of its bytes as metadata.
 *
 * What is kept compressed lies there as gzip and says so in its Content-Encoding: the service unpacks it for everybody who does
 * not ask for gzip, and whoever does, as browsers and `fetch` do, unpacks it unasked
 * (https://docs.cloud.google.com/storage/docs/transcoding). The digest is that of the bytes that were given.
 */
export class StorageVault implements Vault {
  readonly #storage: Storage;
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  readonly #downloads: DownloadOptions;
  readonly #signer: LinkSigner;
  readonly #linkEndpoint: string;

  constructor({ project, bucket, endpoint, clock, credentials }: StorageVaultOptions) {
    this.#storage = new Storage({
      projectId: project,
      ...(endpoint === undefined ? {} : { apiEndpoint: endpoint, useAuthWithCustomEndpoint: GOOGLE.test(endpoint) }),
      retryOptions: {
        ...RETRIES,
        retryableErrorFn: isPassing,
        // All that is asked here may be asked twice. Told to decide by itself, the client switches repeats off and on again
        // for calls under way at the same time (file.js, `this.storage.retryOptions.autoRetry`).
        idempotencyStrategy: IdempotencyStrategy.RetryAlways,
      },
    });
    // Who gets a link may stand outside the network in which a private endpoint is reached.
    this.#linkEndpoint = endpoint === undefined || GOOGLE.test(endpoint) ? PUBLIC_ENDPOINT : this.#storage.apiEndpoint;
    this.#bucket = this.#storage.bucket(bucket);
    this.#clock = clock;
    this.#downloads = { storage: this.#storage, bucket, clock };
    this.#signer = credentials === undefined ? ambientSigner(this.#storage) : keySigner(credentials);
  }

  /** An upload whose answer was lost is repeated, finds its own object and says `present`. */
  async create(name: string, bytes: Uint8Array, kept: Kept = 'as given'): Promise<'created' | 'present' | 'different'> {
    checked(name);
    for (let attempt = 1; attempt <= CREATES; attempt++) {
      if (await this.#upload(name, bytes, kept)) return 'created';
      const held = await this.read(name);
      if (held !== undefined) return Buffer.compare(held, bytes) === 0 ? 'present' : 'different';
      // Deleted since the upload found it there, or never completed: the name is free.
    }
    throw new TryAgain(`${name} could be neither created nor found`);
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    checked(name);
    for (let attempt = 1; ; attempt++) {
      const found = await this.#fetch(name);
      if (found === undefined) return undefined;
      const damage = damageOf(found.bytes, found.metadata);
      if (damage === undefined) return found.bytes;
      // A byte may fall over on its way; twice, it is the object that is damaged.
      if (attempt === READS) throw new Error(`${name} in bucket ${this.#bucket.name} is damaged: ${damage}`);
    }
  }

  /** The service lists names in the order of their bytes, which for our names is the order of their characters. */
  async list(prefix: string): Promise<string[]> {
    folderOfPrefix('', prefix);
    const query = { prefix, fields: 'items(name),nextPageToken' };
    const [files] = await asked(`list ${JSON.stringify(prefix)}`, () => this.#bucket.getFiles(query));
    return files.map(({ name }) => name);
  }

  async link(name: string, seconds: number, fileName: string): Promise<string> {
    checked(name);
    const object = { endpoint: this.#linkEndpoint, bucket: this.#bucket.name, name };
    return signedLink({ ...object, seconds, fileName, now: this.#clock.now(), signer: this.#signer });
  }

  async delete(name: string): Promise<void> {
    checked(name);
    const file = this.#bucket.file(name);
    try {
      await file.delete();
    } catch (error) {
      if (isAbsence(error)) return;
      if (reasonOf(error) !== 'retentionPolicyNotMet') throw failure(`delete ${name}`, error);
      const [{ retentionExpirationTime }] = await asked(`show ${name}`, () => file.getMetadata());
      throw new RetentionRefused(name, readInstant(retentionExpirationTime) ?? 'a date that the service does not name');
    }
  }

  /** The client holds nothing but idle connections, for which Node does not wait. */
  async close(): Promise<void> {}

  /** @returns whether it created the object; false where there is one of that name, or may be */
  async #upload(name: string, bytes: Uint8Array, kept: Kept): Promise<boolean> {
    const file = this.#bucket.file(name);
    const isCompressed = kept === 'compressed';
    const stored = isCompressed ? await compressed(bytes) : bytes;
    const checksum = crc32cText(stored);
    const encoding = isCompressed ? { contentEncoding: 'gzip' } : {};
    const options = {
      resumable: stored.length > CHUNK_BYTES,
      // Without pieces, the client keeps too little of what it sent to go on from where the service stopped.
      chunkSize: CHUNK_BYTES,
      // Create-only (https://docs.cloud.google.com/storage/docs/request-preconditions): 412 where the name is taken.
      preconditionOpts: { ifGenerationMatch: 0 },
      // The service compares the checksum before there is an object. The client would compare it afterwards, and delete.
      metadata: { crc32c: checksum, ...encoding, metadata: { sha256: sha256Hex(bytes) } },
      validation: false,
    };
    const content = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
    try {
      // `save` repeats as a whole what a resumable upload has repeated by pieces: three times three attempts.
      if (options.resumable) await pipeline([content], file.createWriteStream(options));
      else await file.save(content, options);
    } catch (error) {
      if (statusOf(error) === 412 || hasLostTrack(error)) return false;
      // To replace an object takes the right to delete it, which a writer of ours does not have; the service may look at rights
      // before it looks at the precondition.
      if (statusOf(error) === 403 && (await this.#isTaken(name))) return false;
      const refused = failure(`store ${name}`, error);
      const isDamaged = statusOf(error) === 400 && /crc32c/i.test(refused.message);
      throw isDamaged ? new TryAgain(`${refused.message} (damaged on its way)`) : refused;
    }
    if (file.metadata.crc32c !== checksum)
      throw new Error(`Cloud Storage stored other bytes as ${name} than it was sent`);
    return true;
  }

  async #isTaken(name: string): Promise<boolean> {
    const [isThere] = await asked(`look for ${name}`, () => this.#bucket.file(name).exists());
    return isThere;
  }

  async #fetch(name: string): Promise<{ bytes: Uint8Array; metadata: FileMetadata } | undefined> {
    try {
      const [metadata] = await this.#bucket.file(name).getMetadata();
      // The very object that was described, should another get its name meanwhile.
      const bytes = await download(this.#downloads, name, String(metadata.generation));
      return { bytes, metadata };
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw failure(`give ${name}`, error);
    }
  }
}

/** The rules for names are those of folders: what leaves a folder would mean something else to another store. */
const checked = (name: string): void => void pathOf('', name);

/** CRC32C as the service writes it: base64 of four bytes, big-endian (RFC 4960 appendix B). */
function crc32cText(bytes: Uint8Array): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32c(bytes));
  return checksum.toString('base64');
}

/** CRC32C is of what is stored: of what was unpacked on its way the digest alone can tell. */
function damageOf(
  bytes: Uint8Array,
  { crc32c: checksum, contentEncoding, metadata }: FileMetadata,
): string | undefined {
  if (contentEncoding !== 'gzip' && checksum !== crc32cText(bytes)) return 'its CRC32C does not fit';
  return metadata?.['sha256'] === sha256Hex(bytes) ? undefined : 'its SHA-256 does not fit';
}
