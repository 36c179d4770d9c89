import { compactJws, type JwsType, signingInput, verifyJws } from '../domain/evidence/jws.ts';
import type { Signer } from '../ports/signer.ts';
import type { KeyStore } from './key-store.ts';

/** Signs for the ledger with whatever key is in force, and trusts no signature that it has not verified itself. */
export class Notary {
  readonly #signer: Signer;
  readonly #keys: KeyStore;

  constructor(signer: Signer, keys: KeyStore) {
    this.#signer = signer;
    this.#keys = keys;
  }

  /** Signs a checkpoint with the key that its seal was written down with. @returns compact JWS */
  async signCheckpoint(kid: string, checkpoint: string): Promise<string> {
    return this.#sign('checkpoint+jws', kid, checkpoint);
  }

  /**
   * Signs a manifest or a report with the evidence key in force at a seal; RS256 is deterministic, so the same bytes at
   * the same seal always give the same JWS.
   */
  async signEvidence(
    typ: Exclude<JwsType, 'checkpoint+jws'>,
    seal: number,
    payload: Uint8Array | string,
  ): Promise<string> {
    return this.#sign(typ, await this.#keys.keyFor('evidence', seal), payload);
  }

  async #sign(typ: JwsType, kid: string, payload: Uint8Array | string): Promise<string> {
    const input = signingInput(typ, kid, payload);
    const jws = compactJws(input, await this.#signer.sign(kid, Buffer.from(input, 'latin1')));
    if ((await verifyJws(jws, typ, await this.#keys.keyset())) === undefined) {
      throw new Error(`the signature by ${kid} does not verify against its published key`);
    }
    return jws;
  }
}
