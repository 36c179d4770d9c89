import { base64url } from '../../shared/domain/canonical.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import { isInForce, type Keyset } from '../../shared/domain/evidence/keyset.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import { readHead, readSeal } from '../../shared/domain/ledger/record.ts';
import { checkpointText, headsRoot, isAnchor } from '../../shared/domain/ledger/seal.ts';
import { type CompactRange, leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import type { Instant } from '../../shared/domain/time.ts';

/** A log's head as one seal signed it. */
export interface SealedHead {
  readonly seal: number;
  readonly size: number;
  readonly root: string;
  readonly last: string;
}

/** The first seal of an hour. */
export interface Anchor {
  readonly n: number;
  readonly at: Instant;
}

/** What a seal is made of, wherever it was read. */
export interface SealParts {
  readonly n: number;
  readonly record: string;
  readonly heads: readonly string[];
  readonly jws: string | null;
  /** root of the seal log, where somebody wrote it down */
  readonly root?: string;
}

/** Goes over seals in order and checks each against those before it: record, heads, tree, signature, key window. */
export class SealWalk {
  readonly range: CompactRange;
  /** heads by blinded tenant, in the order sealed */
  readonly heads = new Map<string, SealedHead[]>();
  anchor: Anchor | undefined;
  readonly #ledger: LedgerOrigin;
  readonly #keyset: Keyset;

  /**
   * @param range tree over the seals before
   * @param anchor the latest anchor among them
   * @param keyset keys that may have signed
   */
  constructor(ledger: LedgerOrigin, keyset: Keyset, range: CompactRange, anchor: Anchor | undefined) {
    this.range = range.clone();
    this.anchor = anchor;
    this.#ledger = ledger;
    this.#keyset = keyset;
  }

  /**
   * @returns the key that signed
   * @throws Error where anything about the seal is not as it must be; the walk has gone on all the same
   */
  async take(seal: SealParts): Promise<string> {
    this.range.append(leafHashOfText(seal.record));
    const record = readSeal(seal.record);
    const expected = this.anchor;
    // Moved on whatever else is wrong with this seal, or every later one would seem wrong as well.
    if (isAnchor(record.at as Instant, expected?.at)) this.anchor = { n: seal.n, at: record.at as Instant };
    if (record.previous_anchor !== (expected === undefined ? '' : String(expected.n))) {
      throw new Error(`it names ${record.previous_anchor || 'no seal'} as the anchor before it`);
    }
    if (record.n !== String(seal.n) || record.ledger !== this.#ledger) throw new Error('the record is of another seal');
    if (headsRoot(seal.heads) !== record.heads_root) throw new Error('the heads are not the ones that were sealed');
    const root = this.range.root();
    if (seal.root !== undefined && base64url(root) !== seal.root) {
      throw new Error('the seal log is another than was signed');
    }
    const signed = await verifyJws(seal.jws ?? '', 'checkpoint+jws', this.#keyset);
    if (signed?.payload.toString('utf8') !== checkpointText(this.#ledger, seal.n + 1, root)) {
      throw new Error('the signature does not hold');
    }
    if (!isInForce(signed.key, seal.n)) throw new Error(`key ${signed.key.kid} was not in force`);
    this.collect(seal.heads, seal.n);
    return signed.key.kid;
  }

  /** Takes heads down. @throws Error where a log shrank since the seal before */
  collect(lines: readonly string[], seal: number): void {
    for (const line of lines) {
      const { tenant, size, root, last } = readHead(line);
      const list = this.heads.get(tenant) ?? [];
      const before = list.at(-1);
      if (before !== undefined && before.size > Number(size)) throw new Error('a log shrank');
      if (before?.size !== Number(size) || before.root !== root) list.push({ seal, size: Number(size), root, last });
      this.heads.set(tenant, list);
    }
  }
}
