/** The only source of chance: salts, blinds, batch ids, key secrets. */
export interface Entropy {
  /** `length` bytes that nobody can predict (in a replay: that the seed decides). */
  bytes(length: number): Uint8Array;
}
