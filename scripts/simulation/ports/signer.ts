import { createCipheriv, createDecipheriv, hash } from 'node:crypto';
import type { Entropy } from '../../../shared/ports/entropy.ts';
import type { KeyWrapper, WrappedKey } from '../../../shared/ports/key-wrapper.ts';
import type { KeyPurpose, PublicKey, Signer } from '../../../shared/ports/signer.ts';
import { KEY_NAMES, type KeyName, signWith, testKey } from '../../vectors/keys.ts';
import type { Gate } from '../gate.ts';

/** `rsa`: signatures as they are. `keyed`: a hash in their place, which only the simulation's own verifier takes. */
export type SignatureForm = 'rsa' | 'keyed';

const SIGNATURE_BYTES = 256;

/** What stands in for a signature where thousands of runs are made: as long, as deterministic, and of those bytes alone. */
export const keyedSignature = (kid: string, bytes: Uint8Array): Buffer => {
  const seed = hash('sha256', Buffer.concat([Buffer.from(`${kid}\n`, 'latin1'), bytes]), 'buffer');
  return Buffer.alloc(SIGNATURE_BYTES, seed);
};

/** The keys that a signer holds, oldest first: the test keys, which are public. */
export class HeldKeys {
  readonly keys: { readonly name: KeyName; readonly publicKey: PublicKey }[] = [];

  make(purpose: KeyPurpose): PublicKey {
    const name = KEY_NAMES[this.keys.length];
    if (name === undefined) throw new Error('there are no more test keys');
    const { kid, n } = testKey(name);
    const publicKey: PublicKey = { kid, purpose, n, e: 'AQAB' };
    this.keys.push({ name, publicKey });
    return publicKey;
  }
}

/** A key service that is away, has had enough, or answers something else than a signature. */
export class SimulatedSigner implements Signer {
  readonly #held: HeldKeys;
  readonly #form: SignatureForm;
  readonly #gate: Gate;

  constructor(held: HeldKeys, form: SignatureForm, gate: Gate) {
    this.#held = held;
    this.#form = form;
    this.#gate = gate;
  }

  async sign(kid: string, bytes: Uint8Array): Promise<Uint8Array> {
    const key = this.#held.keys.find(({ publicKey }) => publicKey.kid === kid);
    if (key === undefined) throw new Error(`this signer holds no key ${JSON.stringify(kid)}`);
    const signature = (): Uint8Array =>
      new Uint8Array(
        this.#form === 'rsa' ? signWith(key.name, Buffer.from(bytes).toString('latin1')) : keyedSignature(kid, bytes),
      );
    return this.#gate.pass({
      op: 'signer.sign',
      about: key.publicKey.purpose,
      faults: ['before', 'refused', 'wrong'],
      effect: signature,
      otherwise: () => {
        const other = signature();
        other[7]! ^= 1;
        return other;
      },
    });
  }

  publicKeys(): Promise<readonly PublicKey[]> {
    return this.#gate.pass({
      op: 'signer.publicKeys',
      about: '',
      faults: ['before'],
      effect: () => this.#held.keys.map(({ publicKey }) => publicKey),
    });
  }

  createKey(purpose: KeyPurpose): Promise<PublicKey> {
    return this.#gate.pass({
      op: 'signer.createKey',
      about: purpose,
      faults: ['before', 'after'],
      effect: () => this.#held.make(purpose),
    });
  }
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Wrapping keys, by their names in order; the last is in force. */
export type WrappingKeys = Map<string, Uint8Array>;

/** A key service for data keys that is away at times. */
export class SimulatedWrapper implements KeyWrapper {
  readonly #keys: WrappingKeys;
  readonly #entropy: Entropy;
  readonly #gate: Gate;

  constructor(keys: WrappingKeys, entropy: Entropy, gate: Gate) {
    this.#keys = keys;
    this.#entropy = entropy;
    this.#gate = gate;
  }

  wrap(key: Uint8Array, context: string): Promise<WrappedKey> {
    return this.#gate.pass({
      op: 'wrapper.wrap',
      about: '',
      faults: ['before'],
      effect: () => {
        const [by, secret] = [...this.#keys].at(-1)!;
        const nonce = this.#entropy.bytes(NONCE_BYTES);
        const cipher = createCipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES });
        cipher.setAAD(Buffer.from(context, 'utf8'));
        return { bytes: Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]), by };
      },
    });
  }

  unwrap({ bytes, by }: WrappedKey, context: string): Promise<Uint8Array> {
    return this.#gate.pass({
      op: 'wrapper.unwrap',
      about: '',
      faults: ['before'],
      effect: () => {
        const secret = this.#keys.get(by);
        if (secret === undefined) throw new Error(`there is no wrapping key ${JSON.stringify(by)}`);
        const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(Buffer.from(context, 'utf8'));
        decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      },
    });
  }
}
