import { constants, createPublicKey, hash, type KeyObject, verify, type webcrypto } from 'node:crypto';
import { importJWK } from 'jose';
import { KEY_NAMES, testKey } from '../vectors/keys.ts';
import { keyedSignature, type SignatureForm } from './ports/signer.ts';
import { storeInsteadOfCompress } from './zstd.ts';

/**
 * The verifier's calls of WebCrypto end on threads of their own, when they please. While simulations run they are answered at
 * once: keys that were imported before, digests and signatures by the same arithmetic on this thread (`rsa`) or by the hash that
 * stands in for one (`keyed`). Where it does, zstd's frames are stored ones. The product's code is what it is everywhere else.
 */
export class AnsweredCrypto {
  /** how the signatures of the run under way are made */
  form: SignatureForm = 'rsa';
  readonly #imported: ReadonlyMap<string, webcrypto.CryptoKey>;
  readonly #known: ReadonlyMap<webcrypto.CryptoKey, { readonly kid: string; readonly key: KeyObject }>;
  readonly #restore: () => void;

  private constructor(
    imported: ReadonlyMap<string, webcrypto.CryptoKey>,
    known: ReadonlyMap<webcrypto.CryptoKey, { readonly kid: string; readonly key: KeyObject }>,
  ) {
    this.#imported = imported;
    this.#known = known;
    const subtle = globalThis.crypto.subtle;
    const own = { importKey: this.#importKey, verify: this.#verify, digest: this.#digest };
    for (const [name, value] of Object.entries(own)) {
      Object.defineProperty(subtle, name, { configurable: true, value });
    }
    const decompress = storeInsteadOfCompress(() => this.form === 'keyed');
    this.#restore = () => {
      decompress();
      for (const name of Object.keys(own)) Reflect.deleteProperty(subtle, name);
    };
  }

  static async install(): Promise<AnsweredCrypto> {
    const imported = new Map<string, webcrypto.CryptoKey>();
    const known = new Map<webcrypto.CryptoKey, { readonly kid: string; readonly key: KeyObject }>();
    for (const name of KEY_NAMES) {
      const { kid, n } = testKey(name);
      const made = (await importJWK({ kty: 'RSA', n, e: 'AQAB' }, 'RS256')) as webcrypto.CryptoKey;
      imported.set(n, made);
      known.set(made, { kid, key: createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' }) });
    }
    return new AnsweredCrypto(imported, known);
  }

  restore(): void {
    this.#restore();
  }

  readonly #importKey = async (_format: string, { n }: { readonly n: string }): Promise<webcrypto.CryptoKey> => {
    const key = this.#imported.get(n);
    if (key === undefined) throw new Error('a key that no simulation has made');
    return key;
  };

  readonly #digest = async (name: string, data: Uint8Array): Promise<ArrayBuffer> =>
    new Uint8Array(hash(name.replace('-', '').toLowerCase(), data, 'buffer')).buffer;

  readonly #verify = async (
    _algorithm: unknown,
    cryptoKey: webcrypto.CryptoKey,
    signature: Uint8Array,
    data: Uint8Array,
  ): Promise<boolean> => {
    const known = this.#known.get(cryptoKey);
    if (known === undefined) return false;
    if (this.form === 'keyed') return keyedSignature(known.kid, data).equals(signature);
    return verify('sha256', data, { key: known.key, padding: constants.RSA_PKCS1_PADDING }, signature);
  };
}
