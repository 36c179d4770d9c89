import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { chmod, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import type { KeyPurpose, PublicKey, Signer } from '../../ports/signer.ts';
import { DurableFiles, isAbsent } from './files.ts';
import { inTurn } from './turns.ts';

const generate = promisify(generateKeyPair);
const PURPOSES: readonly KeyPurpose[] = ['checkpoint', 'evidence'];
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
// Number of creation, over all purposes, and the key's thumbprint.
const KEY_FILE = /^(\d{4,})-([A-Za-z0-9_-]{43})\.pem$/;

export interface FileSignerOptions {
  readonly folder: string;
  /** Bits of the keys made from now on; the older ones keep theirs. */
  readonly modulusLength: 3072 | 2048;
}

interface HeldKey {
  readonly order: number;
  readonly privateKey: KeyObject;
  readonly verifyingKey: KeyObject;
  readonly publicKey: PublicKey;
}

/** RSA keys as PKCS#8 PEM files `<purpose>/<number>-<kid>.pem` that only their owner can read. Stands in for an HSM. */
export class FileSigner implements Signer {
  readonly #files: DurableFiles;
  readonly #folder: string;
  readonly #modulusLength: number;
  readonly #keys = new Map<string, HeldKey>();

  private constructor(files: DurableFiles, folder: string, modulusLength: number) {
    this.#files = files;
    this.#folder = folder;
    this.#modulusLength = modulusLength;
  }

  /** @throws Error where a key file does not hold the key its name says */
  static async open({ folder, modulusLength }: FileSignerOptions): Promise<FileSigner> {
    const files = await DurableFiles.open(folder, PRIVATE_FOLDER);
    await chmod(folder, PRIVATE_FOLDER);
    const signer = new FileSigner(files, resolve(folder), modulusLength);
    await signer.#load();
    return signer;
  }

  async sign(kid: string, bytes: Uint8Array): Promise<Uint8Array> {
    // Another instance on the same folder may have made the key since.
    if (!this.#keys.has(kid)) await this.#load();
    const key = this.#keys.get(kid);
    if (key === undefined) throw new Error(`this signer holds no key ${JSON.stringify(kid)}`);
    const signature = await signOffThread(bytes, key.privateKey);
    // A fault while signing with RSA can give the private key away (Boneh, DeMillo, Lipton 1997): check before it leaves.
    if (!verify('sha256', bytes, { key: key.verifyingKey, padding: constants.RSA_PKCS1_PADDING }, signature)) {
      throw new Error(`key ${kid} made a signature that does not verify`);
    }
    return new Uint8Array(signature);
  }

  async publicKeys(): Promise<readonly PublicKey[]> {
    await this.#load();
    const oldestFirst = [...this.#keys.values()].sort(
      (a, b) => a.order - b.order || (a.publicKey.kid < b.publicKey.kid ? -1 : 1),
    );
    return oldestFirst.map(({ publicKey }) => publicKey);
  }

  async createKey(purpose: KeyPurpose): Promise<PublicKey> {
    const { privateKey } = await generate('rsa', { modulusLength: this.#modulusLength });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    return inTurn(this.#folder, async () => {
      await this.#load();
      const order = Math.max(0, ...[...this.#keys.values()].map((key) => key.order)) + 1;
      const key = await heldKey(privateKey, purpose, order);
      const { kid } = key.publicKey;
      const path = join(this.#folder, purpose, `${String(order).padStart(4, '0')}-${kid}.pem`);
      const created = await this.#files.create(path, Buffer.from(pem), PRIVATE_FILE);
      if (created !== 'created') throw new Error(`a new key got the name of an old one: ${kid}`);
      this.#keys.set(kid, key);
      return key.publicKey;
    });
  }

  /** Reads the key files that are not in memory yet. */
  async #load(): Promise<void> {
    for (const purpose of PURPOSES) {
      const folder = join(this.#folder, purpose);
      for (const file of await readdir(folder).catch(noFilesIfAbsent)) {
        const [, order, kid] = KEY_FILE.exec(file) ?? [];
        if (order === undefined || kid === undefined || this.#keys.has(kid)) continue;
        const key = await heldKey(createPrivateKey(await readFile(join(folder, file))), purpose, Number(order));
        if (key.publicKey.kid !== kid) throw new Error(`key file ${kid} holds key ${key.publicKey.kid}`);
        this.#keys.set(kid, key);
      }
    }
  }
}

async function heldKey(privateKey: KeyObject, purpose: KeyPurpose, order: number): Promise<HeldKey> {
  const verifyingKey = createPublicKey(privateKey);
  const { kty, n, e } = verifyingKey.export({ format: 'jwk' });
  if (kty !== 'RSA' || n === undefined || e === undefined) throw new Error('a signing key is an RSA key');
  const kid = await calculateJwkThumbprint({ kty, n, e }, 'sha256');
  return { order, privateKey, verifyingKey, publicKey: { kid, purpose, n, e } };
}

/** On a thread of its own: RSA-3072 takes milliseconds, and the event loop has other callers. */
const signOffThread = (bytes: Uint8Array, key: KeyObject): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { key, padding: constants.RSA_PKCS1_PADDING };
    sign('sha256', bytes, options, (error, signature) => (error === null ? resolve(signature) : reject(error)));
  });

function noFilesIfAbsent(error: unknown): string[] {
  if (isAbsent(error)) return [];
  throw error;
}
