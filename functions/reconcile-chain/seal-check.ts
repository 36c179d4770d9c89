import { base64url } from '../../shared/domain/canonical.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import { isInForce } from '../../shared/domain/evidence/keyset.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import { readHead, readSeal } from '../../shared/domain/ledger/record.ts';
import { headsRoot, isAnchor } from '../../shared/domain/ledger/seal.ts';
import { type CompactRange, leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { KeyStore } from '../../shared/stores/key-store.ts';
import type { SealStore } from '../../shared/stores/seal-store.ts';
import { sealBytes, sealName } from '../seal-ledger/seal-ledger.ts';

/** A log's head as one seal signed it. */
export interface SealedHead {
  readonly seal: number;
  readonly size: number;
  readonly root: string;
  readonly last: string;
}

export interface SealCheck {
  readonly checked: number;
  /** seals found wrong, with the reason */
  readonly faults: readonly { readonly seal: number; readonly detail: string }[];
  /** copies that the vault had lost and got again */
  readonly healed: readonly string[];
  /** heads by blinded tenant, in the order sealed */
  readonly heads: ReadonlyMap<string, readonly SealedHead[]>;
  readonly range: CompactRange;
}

interface SealCheckRoom {
  readonly seals: SealStore;
  readonly keys: KeyStore;
  readonly vault: Vault;
  readonly ledgerOrigin: LedgerOrigin;
}

const SEALS_PER_READ = 500;

/**
 * Checks seals one after the other: record, heads, tree, signature, key window, vault copy; and that no log shrank or
 * vanished between two of them.
 * @param from how many seals were checked before, with the tree over them
 */
export async function checkSeals(from: CompactRange, room: SealCheckRoom): Promise<SealCheck> {
  const { seals, keys, vault } = room;
  const range = from.clone();
  const heads = new Map<string, SealedHead[]>();
  const faults: { seal: number; detail: string }[] = [];
  const healed: string[] = [];
  const keyset = await keys.keyset();
  const { size } = await seals.latest();
  const unfinished = new Set((await seals.unfinished(size)).map(({ n }) => n));
  const first = range.size;
  // Where the last check ended, so that a log cannot shrink or change its name between two checks.
  const before = first === 0 ? undefined : await seals.seal(first - 1);
  if (before !== undefined) collectHeads(heads, before.heads, before.n);
  let anchor = await anchorBefore(first, seals);
  while (range.size < size) {
    const batch = await seals.range(range.size, Math.min(size, range.size + SEALS_PER_READ));
    if (batch.length === 0) {
      faults.push({ seal: range.size, detail: 'the database has lost the seal' });
      break;
    }
    for (const seal of batch) {
      // A seal that is still being made is the sealer's business; the next pass checks it.
      if (unfinished.has(seal.n) && seal.publishedAt === null)
        return { checked: range.size - first, faults, healed, heads, range };
      if (seal.n !== range.size)
        faults.push({ seal: range.size, detail: `expected seal ${range.size}, found ${seal.n}` });
      range.append(leafHashOfText(seal.record));
      try {
        const record = readSeal(seal.record);
        const expected = anchor;
        // Moved on whatever else is wrong with this seal, or every later one would seem wrong as well.
        if (isAnchor(record.at as Instant, anchor?.at)) anchor = { n: seal.n, at: record.at as Instant };
        if (record.previous_anchor !== (expected === undefined ? '' : String(expected.n))) {
          throw new Error(`it names ${record.previous_anchor || 'no seal'} as the anchor before it`);
        }
        if (record.n !== String(seal.n) || record.ledger !== room.ledgerOrigin)
          throw new Error('the record is of another seal');
        if (headsRoot(seal.heads) !== record.heads_root) throw new Error('the heads are not the ones that were sealed');
        if (base64url(range.root()) !== seal.root) throw new Error('the seal log is another than was signed');
        const signed = await verifyJws(seal.jws ?? '', 'checkpoint+jws', keyset);
        if (seal.publishedAt === null) throw new Error('the seal says that it was never published');
        if (signed?.payload.toString('utf8') !== seals.checkpoint(seal)) throw new Error('the signature does not hold');
        if (!isInForce(signed.key, seal.n)) throw new Error(`key ${signed.key.kid} was not in force`);
        collectHeads(heads, seal.heads, seal.n);
        const outcome = await vault.create(sealName(seal.n), sealBytes(seal));
        if (outcome === 'created') healed.push(sealName(seal.n));
        if (outcome === 'different') throw new Error('the vault holds another seal of this number');
      } catch (error) {
        faults.push({ seal: seal.n, detail: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  return { checked: range.size - first, faults, healed, heads, range };
}

/** The latest anchor among the first `count` seals: no seal may point past it, for offline nobody could tell. */
async function anchorBefore(
  count: number,
  seals: SealStore,
): Promise<{ readonly n: number; readonly at: Instant } | undefined> {
  const last = count === 0 ? undefined : await seals.seal(count - 1);
  if (last === undefined) return undefined;
  const record = readSeal(last.record);
  const at = record.at as Instant;
  const previous = record.previous_anchor === '' ? undefined : await seals.seal(Number(record.previous_anchor));
  const previousAt = previous === undefined ? undefined : (readSeal(previous.record).at as Instant);
  if (isAnchor(at, previousAt)) return { n: last.n, at };
  return previous === undefined ? undefined : { n: previous.n, at: previousAt! };
}

function collectHeads(heads: Map<string, SealedHead[]>, lines: readonly string[], seal: number): void {
  for (const line of lines) {
    const { tenant, size, root, last } = readHead(line);
    const list = heads.get(tenant) ?? [];
    const before = list.at(-1);
    if (before !== undefined && before.size > Number(size)) throw new Error('a log shrank');
    if (before?.size !== Number(size) || before.root !== root) list.push({ seal, size: Number(size), root, last });
    heads.set(tenant, list);
  }
}
