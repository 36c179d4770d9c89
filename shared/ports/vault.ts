/** `compressed` is for long text: what is packed already only takes longer. */
export type Kept = 'as given' | 'compressed';

/** Create-only objects under retention. Names use `/` between parts of `a-z A-Z 0-9 . _ -`. */
export interface Vault {
  /**
   * Writes an object once. The same bytes again are `present`; other bytes are `different` and change nothing.
   * @param kept how a store that is paid by the byte keeps it; whoever reads or downloads it gets the bytes that were given
   */
  create(name: string, bytes: Uint8Array, kept?: Kept): Promise<'created' | 'present' | 'different'>;
  read(name: string): Promise<Uint8Array | undefined>;
  /** Names that start with `prefix`, ascending. */
  list(prefix: string): Promise<string[]>;
  /**
   * An address from which anyone who has it can download the object for so long, under `fileName`; undefined where the
   * vault has no such addresses and its bytes are handed out by the API itself.
   */
  link(name: string, seconds: number, fileName: string): Promise<string | undefined>;
  /** Deletes an object whose retention is over. @throws RetentionRefused while it is not */
  delete(name: string): Promise<void>;
}

/** The object is still under retention: nobody deletes it, whoever asks. */
export class RetentionRefused extends Error {
  readonly retainedUntil: string;

  constructor(name: string, retainedUntil: string) {
    super(`${name} is retained until ${retainedUntil}`);
    this.name = 'RetentionRefused';
    this.retainedUntil = retainedUntil;
  }
}
