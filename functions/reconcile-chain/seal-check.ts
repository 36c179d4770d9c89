import { TryAgain } from '../../shared/domain/errors.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import { readSeal } from '../../shared/domain/ledger/record.ts';
import { isAnchor } from '../../shared/domain/ledger/seal.ts';
import type { CompactRange } from '../../shared/domain/ledger/tree.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { KeyStore } from '../../shared/stores/key-store.ts';
import type { SealStore } from '../../shared/stores/seal-store.ts';
import { keepParts, sealBytes, sealName } from '../seal-ledger/sealed-parts.ts';
import { goOn, type RestRoom } from './rest.ts';
import { type Anchor, type SealedHead, SealWalk } from './seal-walk.ts';

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

interface SealCheckRoom extends RestRoom {
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
  const faults: { seal: number; detail: string }[] = [];
  const healed: string[] = [];
  const keyset = await keys.keyset();
  const { size } = await seals.latest();
  const unfinished = new Set((await seals.unfinished(size)).map(({ n }) => n));
  const first = from.size;
  // Where the last check ended, so that a log cannot shrink or change its name between two checks.
  let before = first === 0 ? undefined : await seals.seal(first - 1);
  const walk = new SealWalk(room.ledgerOrigin, keyset, from, await anchorBefore(first, seals));
  const { range, heads } = walk;
  if (before !== undefined) walk.collect(before.heads, before.n);
  while (range.size < size) {
    goOn(room);
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
      try {
        await walk.take(seal);
        if (seal.publishedAt === null) throw new Error('the seal says that it was never published');
        healed.push(...(await keepParts(seal, before, room)));
        const outcome = await vault.create(sealName(seal.n), sealBytes(seal));
        if (outcome === 'created') healed.push(sealName(seal.n));
        if (outcome === 'different') throw new Error('the vault holds another seal of this number');
      } catch (error) {
        // A vault that does not answer says nothing of the seal.
        if (error instanceof TryAgain) throw error;
        faults.push({ seal: seal.n, detail: error instanceof Error ? error.message : String(error) });
      }
      before = seal;
    }
  }
  return { checked: range.size - first, faults, healed, heads, range };
}

/** The latest anchor among the first `count` seals: no seal may point past it, for offline nobody could tell. */
async function anchorBefore(count: number, seals: SealStore): Promise<Anchor | undefined> {
  const last = count === 0 ? undefined : await seals.seal(count - 1);
  if (last === undefined) return undefined;
  const record = readSeal(last.record);
  const at = record.at as Instant;
  const previous = record.previous_anchor === '' ? undefined : await seals.seal(Number(record.previous_anchor));
  const previousAt = previous === undefined ? undefined : (readSeal(previous.record).at as Instant);
  if (isAnchor(at, previousAt)) return { n: last.n, at };
  return previous === undefined ? undefined : { n: previous.n, at: previousAt! };
}
