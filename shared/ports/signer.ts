/** What a key may sign. One key has one purpose, so a report can never be passed off as a checkpoint. */
export type KeyPurpose = 'checkpoint' | 'evidence';

/** An RSA public key as a JWK (RFC 7517), with its RFC 7638 SHA-256 thumbprint as `kid`. */
export interface PublicKey {
  readonly kid: string;
  readonly purpose: KeyPurpose;
  /** base64url modulus and exponent */
  readonly n: string;
  readonly e: string;
}

/** Holds private keys that never leave it. In production an HSM. */
export interface Signer {
  /**
   * RSASSA-PKCS1-v1_5 with SHA-256 (JWA `RS256`, RFC 7518 section 3.3) over `bytes`. Deterministic: the same bytes give
   * the same signature. The signature is verified before it is returned.
   * @throws TryAgain when the key service cannot answer now
   */
  sign(kid: string, bytes: Uint8Array): Promise<Uint8Array>;
  /** Public keys this signer holds, oldest first. */
  publicKeys(): Promise<readonly PublicKey[]>;
  /** Makes a new key of that purpose. Which seals it signs is decided by the key store, not here. */
  createKey(purpose: KeyPurpose): Promise<PublicKey>;
}
