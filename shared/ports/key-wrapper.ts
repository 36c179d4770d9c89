/** A data key under a wrapping key. */
export interface WrappedKey {
  readonly bytes: Uint8Array;
  /** names the wrapping key that it is under */
  readonly by: string;
}

/** Holds wrapping keys that never leave it: what encrypts an organization's data key. In production a key service. */
export interface KeyWrapper {
  /**
   * Encrypts a data key under the wrapping key now in force.
   * @param context whose key it is: it must be given again to unwrap, so that no key can be passed off as another's
   * @throws TryAgain when the key service cannot answer now
   */
  wrap(key: Uint8Array, context: string): Promise<WrappedKey>;
  /** @throws TryAgain when the key service cannot answer now, Error where it is another key, another context or was changed */
  unwrap(wrapped: WrappedKey, context: string): Promise<Uint8Array>;
}
