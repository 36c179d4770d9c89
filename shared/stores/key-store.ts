import { type Keyset, type KeysetKey, keysetBytes, keysetDigest } from '../domain/evidence/keyset.ts';
import type { Database, Reader, RowOf } from '../ports/database.ts';
import type { KeyPurpose, PublicKey } from '../ports/signer.ts';
import { keysets, seal_log, secrets, signing_keys } from './tables.ts';

/** The history of signing keys: which key may sign which seals. No key is ever forgotten. */
export class KeyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Puts a key in force from the next seal on and retires the one before it at the seal before. Repeating it for the key
   * in force changes nothing.
   */
  async adopt(key: PublicKey): Promise<void> {
    await this.#database.transact(async (tx) => {
      const rows = await readKeys(tx);
      if (rows.some(({ kid }) => kid === key.kid)) return;
      const next = (await tx.read(seal_log, ['seals']))?.size ?? 0;
      const current = rows.find(({ purpose, last_seal }) => purpose === key.purpose && last_seal === null);
      if (current !== undefined) {
        // A key that never signed has an empty range: its last seal is before its first.
        if (next === 0) tx.delete(signing_keys, [current.kid]);
        else tx.update(signing_keys, [current.kid], { last_seal: Math.max(next - 1, current.first_seal - 1) });
      }
      tx.insert(signing_keys, {
        kid: key.kid,
        purpose: key.purpose,
        modulus: key.n,
        exponent: key.e,
        first_seal: next,
        last_seal: null,
        position: rows.length,
      });
    });
  }

  async keyset(): Promise<Keyset> {
    return this.#database.snapshot(async (view) => toKeyset(await readKeys(view)));
  }

  /** The JWKS as it stood when a seal named it. */
  async keysetOf(digest: string): Promise<Uint8Array | undefined> {
    return (await this.#database.read(keysets, [digest]))?.bytes;
  }

  /** A secret that all instances share; made when first asked for. @param fresh 32 bytes, used if there is none yet */
  async secret(name: string, fresh: Uint8Array): Promise<Uint8Array> {
    const known = await this.#database.read(secrets, [name]);
    if (known !== undefined) return known.value;
    return this.#database.transact(async (tx) => {
      const row = await tx.read(secrets, [name]);
      if (row !== undefined) return row.value;
      tx.insert(secrets, { name, value: fresh });
      return fresh;
    });
  }

  /** The key that signs for a purpose at a seal. @throws Error where none is in force */
  async keyFor(purpose: KeyPurpose, seal: number): Promise<string> {
    const rows = await this.#database.snapshot(readKeys);
    return kidFor(rows, purpose, seal);
  }
}

type KeyRow = RowOf<typeof signing_keys.columns>;

/** All keys, oldest first. */
export async function readKeys(reader: Reader): Promise<KeyRow[]> {
  return (await reader.range(signing_keys, {})).sort((a, b) => a.position - b.position);
}

export function kidFor(rows: readonly KeyRow[], purpose: KeyPurpose, seal: number): string {
  const row = rows.find(
    (key) => key.purpose === purpose && key.first_seal <= seal && (key.last_seal === null || seal <= key.last_seal),
  );
  if (row === undefined) throw new Error(`no ${purpose} key is in force for seal ${seal}`);
  return row.kid;
}

export const toKeyset = (rows: readonly KeyRow[]): Keyset => ({
  keys: rows.map(
    (row): KeysetKey => ({
      kty: 'RSA',
      use: 'sig',
      alg: 'RS256',
      kid: row.kid,
      n: row.modulus,
      e: row.exponent,
      purpose: row.purpose as KeyPurpose,
      first_seal: String(row.first_seal),
      last_seal: row.last_seal === null ? '' : String(row.last_seal),
    }),
  ),
});

/** A keyset's row, for the transaction that names its digest in a seal. */
export const keysetRow = (keyset: Keyset): RowOf<typeof keysets.columns> => ({
  digest: keysetDigest(keyset),
  bytes: keysetBytes(keyset),
});
