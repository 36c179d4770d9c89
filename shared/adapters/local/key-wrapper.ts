import { createCipheriv, createDecipheriv } from 'node:crypto';
import { chmod, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Entropy } from '../../ports/entropy.ts';
import type { KeyWrapper, WrappedKey } from '../../ports/key-wrapper.ts';
import { DurableFiles } from './files.ts';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const KEY_FILE = /^(\d{4,})\.key$/;
const NONCE = 12;
const TAG = 16;

export interface FileKeyWrapperOptions {
  readonly folder: string;
  readonly entropy: Entropy;
}

/** Wrapping keys as files `<number>.key` that only their owner can read; the last one is in force. Stands in for a key service. */
export class FileKeyWrapper implements KeyWrapper {
  readonly #files: DurableFiles;
  readonly #folder: string;
  readonly #entropy: Entropy;
  readonly #keys = new Map<string, Buffer>();
  #current = '';

  private constructor(files: DurableFiles, folder: string, entropy: Entropy) {
    this.#files = files;
    this.#entropy = entropy;
    this.#folder = folder;
  }

  /** Opens the keys of a folder; makes the first where there is none. @throws Error where a file holds no key */
  static async open({ folder, entropy }: FileKeyWrapperOptions): Promise<FileKeyWrapper> {
    const files = await DurableFiles.open(folder, PRIVATE_FOLDER);
    await chmod(folder, PRIVATE_FOLDER);
    const wrapper = new FileKeyWrapper(files, resolve(folder), entropy);
    await wrapper.#load();
    if (wrapper.#keys.size === 0) await wrapper.rotate();
    return wrapper;
  }

  /** Makes the next wrapping key; data keys under older ones still unwrap. @returns its name */
  async rotate(): Promise<string> {
    const number = Math.max(0, ...[...this.#keys.keys()].map(numberOf)) + 1;
    const file = `${String(number).padStart(4, '0')}.key`;
    const made = await this.#files.create(
      join(this.#folder, file),
      Buffer.from(`${Buffer.from(this.#entropy.bytes(32)).toString('base64url')}\n`),
      PRIVATE_FILE,
    );
    if (made !== 'created') throw new Error(`${file} was made by somebody else at this moment`);
    await this.#load();
    return this.#current;
  }

  async wrap(key: Uint8Array, context: string): Promise<WrappedKey> {
    const nonce = this.#entropy.bytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#keys.get(this.#current)!, nonce, { authTagLength: TAG });
    cipher.setAAD(Buffer.from(context, 'utf8'));
    return {
      bytes: Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]),
      by: this.#current,
    };
  }

  async unwrap({ bytes, by }: WrappedKey, context: string): Promise<Uint8Array> {
    const secret = this.#keys.get(by) ?? (await this.#load().then(() => this.#keys.get(by)));
    if (secret === undefined) throw new Error(`there is no wrapping key ${JSON.stringify(by)}`);
    const whole = Buffer.from(bytes);
    try {
      const decipher = createDecipheriv('aes-256-gcm', secret, whole.subarray(0, NONCE), { authTagLength: TAG });
      decipher.setAAD(Buffer.from(context, 'utf8'));
      decipher.setAuthTag(whole.subarray(-TAG));
      return Buffer.concat([decipher.update(whole.subarray(NONCE, -TAG)), decipher.final()]);
    } catch {
      throw new Error(`the data key does not unwrap under ${by}`);
    }
  }

  async #load(): Promise<void> {
    for (const name of (await readdir(this.#folder)).sort()) {
      if (!KEY_FILE.test(name)) continue;
      const key = Buffer.from((await readFile(join(this.#folder, name), 'utf8')).trim(), 'base64url');
      if (key.length !== 32) throw new Error(`${name} holds no key of 32 bytes`);
      this.#keys.set(`file-${numberOf(name)}`, key);
      this.#current = `file-${numberOf(name)}`;
    }
  }
}

const numberOf = (name: string): number => Number(/\d+/.exec(name)![0]);
