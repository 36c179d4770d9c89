import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import { isInForce, type Keyset } from '../../shared/domain/evidence/keyset.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import { rootFromInclusion } from '../../shared/domain/ledger/proof.ts';
import { readHead, readSeal } from '../../shared/domain/ledger/record.ts';
import { headsRoot } from '../../shared/domain/ledger/seal.ts';
import { leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { KeyStore } from '../../shared/stores/key-store.ts';
import type { ProofStore } from '../../shared/stores/proof-store.ts';
import type { Seal, SealStore } from '../../shared/stores/seal-store.ts';
import { sealBytes, sealName } from '../seal-ledger/sealed-parts.ts';
import type { SealedHead } from './seal-walk.ts';

export interface TailSealsRoom {
  readonly seals: SealStore;
  readonly proofs: ProofStore;
  readonly keys: KeyStore;
  readonly vault: Vault;
  readonly ledgerOrigin: LedgerOrigin;
}

/** What is signed of the tail: where each log stood when it began, and at each anchor and the last seal since. */
export interface TailSeals {
  /** heads by blinded tenant, in the order sealed; the first one of a log is where its tail begins, if `isBase` */
  readonly heads: ReadonlyMap<string, readonly SealedHead[]>;
  /** blinded names of the last seal: each must have a head row */
  readonly latest: readonly string[];
  /** the seal before the tail; undefined where the ledger is younger than that */
  readonly base: number | undefined;
  /** the last seal */
  readonly seal: number;
  readonly faults: readonly { readonly seal: number; readonly detail: string }[];
}

/** The last seal and, through the anchors it leads to, one from before the tail; each held against its signature and its copy in the vault. */
export async function tailSeals(begins: Instant, room: TailSealsRoom): Promise<TailSeals> {
  const keyset = await room.keys.keyset();
  const trail: Seal[] = [];
  const faults: { seal: number; detail: string }[] = [];
  let base: number | undefined;
  for (let seal = (await room.seals.latest()).signed; seal !== undefined; ) {
    const wrong = await wrongWith(seal, keyset, room);
    if (wrong !== undefined) {
      // What stands in it says nothing; the deep pass says where the seals go wrong.
      faults.push({ seal: seal.n, detail: wrong });
      break;
    }
    trail.unshift(seal);
    const { at, previous_anchor } = readSeal(seal.record);
    if (at <= begins) {
      base = seal.n;
      break;
    }
    seal = previous_anchor === '' ? undefined : await room.seals.seal(Number(previous_anchor));
  }
  const heads = new Map<string, SealedHead[]>();
  for (const { n, heads: lines } of trail) {
    for (const { tenant, size, root, last } of lines.map(readHead)) {
      heads.set(tenant, [...(heads.get(tenant) ?? []), { seal: n, size: Number(size), root, last }]);
    }
  }
  const last = trail.at(-1);
  return {
    heads,
    latest: (last?.heads ?? []).map((line) => readHead(line).tenant),
    base,
    seal: last?.n ?? 0,
    faults,
  };
}

async function wrongWith(seal: Seal, keyset: Keyset, room: TailSealsRoom): Promise<string | undefined> {
  const { seals, proofs, vault, ledgerOrigin } = room;
  const signed = await verifyJws(seal.jws ?? '', 'checkpoint+jws', keyset);
  if (signed?.payload.toString('utf8') !== seals.checkpoint(seal)) return 'the signature does not hold';
  if (!isInForce(signed.key, seal.n)) return `key ${signed.key.kid} was not in force`;
  const copy = await vault.read(sealName(seal.n));
  if (copy !== undefined && Buffer.compare(copy, sealBytes(seal)) !== 0)
    return 'the vault holds another seal of this number';
  // Without the copy only the tree says that this record is what was signed.
  if (copy === undefined && !(await isLeaf(seal, proofs))) return 'the record is not the one that was signed';
  try {
    const record = readSeal(seal.record);
    if (record.n !== String(seal.n) || record.ledger !== ledgerOrigin) return 'the record is of another seal';
    if (headsRoot(seal.heads) !== record.heads_root) return 'the heads are not the ones that were sealed';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return undefined;
}

async function isLeaf({ n, record, root }: Seal, proofs: ProofStore): Promise<boolean> {
  const found = rootFromInclusion(leafHashOfText(record), n, n + 1, await proofs.sealPath(n, n + 1));
  return found?.toString('base64url') === root;
}
