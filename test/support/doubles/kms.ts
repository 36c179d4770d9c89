import { constants, createCipheriv, createDecipheriv, createHash, privateEncrypt, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { crc32c } from '@aws-crypto/crc32c';
import {
  type GrpcObject,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { type RsaKey, rsaKey } from '../rsa-keys.ts';

export type KmsMethod =
  | 'ListCryptoKeyVersions'
  | 'GetCryptoKeyVersion'
  | 'GetPublicKey'
  | 'CreateCryptoKeyVersion'
  | 'AsymmetricSign'
  | 'Encrypt'
  | 'Decrypt';
export type KmsState = 'PENDING_GENERATION' | 'ENABLED' | 'DISABLED' | 'DESTROY_SCHEDULED' | 'GENERATION_FAILED';

/** A message as proto-loader gives and takes it. */
export type KmsMessage = Record<string, unknown>;

interface Version {
  readonly name: string;
  state: KmsState;
  readonly createTime: { readonly seconds: number; readonly nanos: number };
  readonly key: RsaKey;
  pollsLeft: number;
}

interface Fault {
  readonly method: KmsMethod;
  times: number;
  readonly code?: status;
  readonly change?: (answer: KmsMessage) => KmsMessage;
  readonly delayMilliseconds?: number;
}

const ALGORITHM = 'RSA_SIGN_PKCS1_2048_SHA256';
/** DER of DigestInfo with SHA-256 up to the digest itself (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');
const PURPOSES = ['checkpoint', 'evidence'];

/** Keys that doubles share, each of a double's versions another one: making an RSA key takes longer than a test. */
const keys: RsaKey[] = [];
const keyAt = (index: number): RsaKey => (keys[index] ??= rsaKey('checkpoint'));

/**
 * Stands in for Cloud KMS on the wire: a gRPC server with the protos of the real client, which speaks to it unmodified.
 *
 * It knows one key ring with the keys `checkpoint` and `evidence`, the five calls that the signer makes, the states of a
 * version, one key `personal` that encrypts and decrypts, checksums both ways and the real status codes. It knows no credentials, no permissions, no quotas but those it is
 * told to run out of.
 */
export class KmsDouble {
  readonly keyRing = 'projects/tallystick-test/locations/europe-west3/keyRings/ledger';
  readonly wrappingKey = 'projects/tallystick-test/locations/europe-west3/keyRings/data/cryptoKeys/personal';
  readonly endpoint: string;
  /** Secrets of the wrapping key's versions, oldest first; the last one is primary. */
  readonly #wrapping = [randomBytes(32)];
  readonly #server: Server;
  readonly #versions = new Map<string, Version>();
  readonly #faults: Fault[] = [];
  readonly #calls = new Map<KmsMethod, number>();
  /** How often a new version has to be looked at until it is generated; it is on the first look unless said. */
  generationPolls = 1;
  protectionLevel: 'HSM' | 'SOFTWARE' = 'HSM';
  /** What a listing shows at once. */
  pageSize = 100;

  private constructor(server: Server, endpoint: string) {
    this.#server = server;
    this.endpoint = endpoint;
  }

  static async start(): Promise<KmsDouble> {
    const server = new Server();
    const port = await new Promise<number>((resolve, reject) => {
      const answer = (error: Error | null, bound: number): void => (error === null ? resolve(bound) : reject(error));
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), answer);
    });
    const double = new KmsDouble(server, `127.0.0.1:${port}`);
    server.addService(kmsService(), {
      ListCryptoKeyVersions: double.#serve('ListCryptoKeyVersions', (request) => double.#list(request)),
      GetCryptoKeyVersion: double.#serve('GetCryptoKeyVersion', (request) => double.#look(request)),
      GetPublicKey: double.#serve('GetPublicKey', (request) => double.#publicKey(request)),
      CreateCryptoKeyVersion: double.#serve('CreateCryptoKeyVersion', (request) => double.#create(request)),
      AsymmetricSign: double.#serve('AsymmetricSign', (request) => double.#sign(request)),
      Encrypt: double.#serve('Encrypt', (request) => double.#encrypt(request)),
      Decrypt: double.#serve('Decrypt', (request) => double.#decrypt(request)),
    });
    return double;
  }

  /** The next calls of a method fail with a code, having changed nothing. */
  fail(method: KmsMethod, code: status, times = Number.POSITIVE_INFINITY): void {
    this.#faults.push({ method, code, times });
  }

  /** The next answers of a method are changed on their way out. */
  lie(method: KmsMethod, change: (answer: KmsMessage) => KmsMessage, times = Number.POSITIVE_INFINITY): void {
    this.#faults.push({ method, change, times });
  }

  /** The next answers of a method take so long. */
  delay(method: KmsMethod, delayMilliseconds: number, times = Number.POSITIVE_INFINITY): void {
    this.#faults.push({ method, delayMilliseconds, times });
  }

  /** From now on there are no faults. */
  behave(): void {
    this.#faults.length = 0;
  }

  /** What was to go wrong and has not been asked for yet. */
  faultsLeft(): KmsMethod[] {
    return this.#faults.filter(({ times }) => times > 0).map(({ method }) => method);
  }

  /** How often a method was called. */
  calls(method: KmsMethod): number {
    return this.#calls.get(method) ?? 0;
  }

  /** Resource names of all versions, in the order they were made. */
  versions(): string[] {
    return [...this.#versions.keys()];
  }

  setState(name: string, state: KmsState): void {
    this.#version(name).state = state;
  }

  /** Makes another version of the wrapping key primary, as Cloud KMS does by itself on schedule. */
  rotateWrappingKey(): void {
    this.#wrapping.push(randomBytes(32));
  }

  async close(): Promise<void> {
    this.#server.forceShutdown();
  }

  #serve(method: KmsMethod, answer: (request: KmsMessage) => KmsMessage) {
    return (call: ServerUnaryCall<KmsMessage, KmsMessage>, reply: sendUnaryData<KmsMessage>): void => {
      this.#calls.set(method, this.calls(method) + 1);
      const fault = this.#faults.find((each) => each.method === method && each.times > 0);
      if (fault !== undefined) fault.times--;
      try {
        if (fault?.code !== undefined) throw refusal(fault.code, 'the double was told to');
        const given = answer(call.request);
        const sent = fault?.change === undefined ? given : fault.change(given);
        setTimeout(() => reply(null, sent), fault?.delayMilliseconds ?? 0);
      } catch (error) {
        reply(error as Error);
      }
    };
  }

  #list({ parent, pageSize, pageToken }: KmsMessage): KmsMessage {
    this.#knownParent(parent);
    const all = [...this.#versions.values()].filter(({ name }) => name.startsWith(`${parent}/`));
    const start = pageToken === '' ? 0 : Number(pageToken);
    const end = start + (Number(pageSize) > 0 ? Math.min(Number(pageSize), this.pageSize) : this.pageSize);
    return {
      cryptoKeyVersions: all.slice(start, end).map((version) => this.#resource(version)),
      nextPageToken: end < all.length ? String(end) : '',
      totalSize: all.length,
    };
  }

  #create({ parent }: KmsMessage): KmsMessage {
    this.#knownParent(parent);
    const number = this.versions().filter((name) => name.startsWith(`${parent}/`)).length + 1;
    const version: Version = {
      name: `${parent}/cryptoKeyVersions/${number}`,
      state: 'PENDING_GENERATION',
      // Never the same twice, however quickly they are made.
      createTime: { seconds: Math.floor(Date.now() / 1000), nanos: this.#versions.size },
      key: keyAt(this.#versions.size),
      pollsLeft: this.generationPolls,
    };
    this.#versions.set(version.name, version);
    return this.#resource(version);
  }

  #look({ name }: KmsMessage): KmsMessage {
    const version = this.#version(name);
    if (version.state === 'PENDING_GENERATION') {
      version.pollsLeft--;
      if (version.pollsLeft <= 0) version.state = 'ENABLED';
    }
    return this.#resource(version);
  }

  #publicKey({ name }: KmsMessage): KmsMessage {
    const { key } = this.#usable(name);
    const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    return {
      name,
      pem,
      pemCrc32c: { value: crc32c(Buffer.from(pem)) },
      algorithm: ALGORITHM,
      protectionLevel: this.protectionLevel,
    };
  }

  #sign({ name, digest, digestCrc32c }: KmsMessage): KmsMessage {
    const { key } = this.#usable(name);
    const bytes = (digest as { sha256?: Buffer } | null)?.sha256;
    if (bytes?.length !== createHash('sha256').digest().length) {
      throw refusal(status.INVALID_ARGUMENT, 'the digest is not a SHA-256');
    }
    const checksum = (digestCrc32c as { value: string } | null)?.value;
    if (checksum !== undefined && checksum !== String(crc32c(bytes))) {
      throw refusal(
        status.INVALID_ARGUMENT,
        'the checksum in field digest_crc32c did not match the data in field digest',
      );
    }
    const padded = { key: key.privateKey, padding: constants.RSA_PKCS1_PADDING };
    const signature = privateEncrypt(padded, Buffer.concat([DIGEST_INFO, bytes]));
    return {
      name,
      signature,
      signatureCrc32c: { value: crc32c(signature) },
      verifiedDigestCrc32c: checksum !== undefined,
      protectionLevel: this.protectionLevel,
    };
  }

  #encrypt({ name, plaintext, plaintextCrc32c, additionalAuthenticatedData: aad, ...more }: KmsMessage): KmsMessage {
    this.#knownWrappingKey(name);
    const [plain, bound] = [Buffer.from(plaintext as Buffer), Buffer.from((aad ?? '') as Buffer)];
    requireSum('plaintext', plain, plaintextCrc32c);
    requireSum('additional_authenticated_data', bound, more['additionalAuthenticatedDataCrc32c']);
    const version = this.#wrapping.length;
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#wrapping[version - 1]!, nonce);
    cipher.setAAD(bound);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    const ciphertext = Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), sealed]);
    return {
      name: `${this.wrappingKey}/cryptoKeyVersions/${version}`,
      ciphertext,
      ciphertextCrc32c: { value: crc32c(ciphertext) },
      verifiedPlaintextCrc32c: plaintextCrc32c !== null,
      verifiedAdditionalAuthenticatedDataCrc32c: more['additionalAuthenticatedDataCrc32c'] !== null,
      protectionLevel: this.protectionLevel,
    };
  }

  #decrypt({ name, ciphertext, ciphertextCrc32c, additionalAuthenticatedData: aad, ...more }: KmsMessage): KmsMessage {
    this.#knownWrappingKey(name);
    const [sealed, bound] = [Buffer.from(ciphertext as Buffer), Buffer.from((aad ?? '') as Buffer)];
    requireSum('ciphertext', sealed, ciphertextCrc32c);
    requireSum('additional_authenticated_data', bound, more['additionalAuthenticatedDataCrc32c']);
    const secret = this.#wrapping[(sealed[0] ?? 0) - 1];
    try {
      const decipher = createDecipheriv('aes-256-gcm', secret!, sealed.subarray(1, 13));
      decipher.setAAD(bound);
      decipher.setAuthTag(sealed.subarray(13, 29));
      const plaintext = Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()]);
      return {
        plaintext,
        plaintextCrc32c: { value: crc32c(plaintext) },
        usedPrimary: sealed[0] === this.#wrapping.length,
        protectionLevel: this.protectionLevel,
      };
    } catch {
      throw refusal(status.INVALID_ARGUMENT, "Decryption failed: verify that 'name' refers to the correct CryptoKey.");
    }
  }

  #knownWrappingKey(name: unknown): void {
    if (name !== this.wrappingKey) throw refusal(status.NOT_FOUND, `CryptoKey ${name} not found.`);
  }

  #resource({ name, state, createTime }: Version): KmsMessage {
    return { name, state, createTime, algorithm: ALGORITHM, protectionLevel: this.protectionLevel };
  }

  #knownParent(parent: unknown): void {
    if (PURPOSES.some((purpose) => parent === `${this.keyRing}/cryptoKeys/${purpose}`)) return;
    throw refusal(status.NOT_FOUND, `CryptoKey ${parent} not found.`);
  }

  #version(name: unknown): Version {
    const version = this.#versions.get(String(name));
    if (version === undefined) throw refusal(status.NOT_FOUND, `CryptoKeyVersion ${name} not found.`);
    return version;
  }

  #usable(name: unknown): Version {
    const version = this.#version(name);
    if (version.state === 'ENABLED') return version;
    throw refusal(status.FAILED_PRECONDITION, `${name} is not enabled, current state is: ${version.state}.`);
  }
}

/** @see KmsDouble */
export const startKmsDouble = (): Promise<KmsDouble> => KmsDouble.start();

/** What Cloud KMS says of a field whose checksum is not its own. */
function requireSum(field: string, bytes: Buffer, checksum: unknown): void {
  const said = (checksum as { value: string } | null)?.value;
  if (said === undefined || said === String(crc32c(bytes))) return;
  throw refusal(
    status.INVALID_ARGUMENT,
    `the checksum in field ${field}_crc32c did not match the data in field ${field}`,
  );
}

const refusal = (code: status, details: string): Error => Object.assign(new Error(details), { code, details });

let service: ServiceClientConstructor['service'] | undefined;

/** The service's definition as the real client ships it. */
function kmsService(): ServiceClientConstructor['service'] {
  if (service !== undefined) return service;
  const path = createRequire(import.meta.url).resolve('@google-cloud/kms/build/protos/protos.json');
  const protos = fromJSON(JSON.parse(readFileSync(path, 'utf8')), { longs: String, enums: String, defaults: true });
  const kms = ['google', 'cloud', 'kms', 'v1'].reduce<GrpcObject>(
    (at, part) => at[part] as GrpcObject,
    loadPackageDefinition(protos),
  );
  service = (kms['KeyManagementService'] as ServiceClientConstructor).service;
  return service;
}
