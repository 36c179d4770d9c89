import { type SealedHead, SealWalk } from '../../functions/reconcile-chain/seal-walk.ts';
import { keysetName, sealBytes, sealName } from '../../functions/seal-ledger/sealed-parts.ts';
import { base64url } from '../../shared/domain/canonical.ts';
import { sha256Base64url } from '../../shared/domain/digest.ts';
import { isInForce, type Keyset, readKeyset } from '../../shared/domain/evidence/keyset.ts';
import { readSeal } from '../../shared/domain/ledger/record.ts';
import { CompactRange, leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import { packPeaks } from '../../shared/stores/ledger-rows.ts';
import { KEPT_LEVEL } from '../../shared/stores/ledger-work.ts';
import { headsName, SEAL_TREE, unpackHeads } from '../../shared/stores/seal-store.ts';
import { keysets, seal_log, seals, signing_keys, tree_nodes, verified } from '../../shared/stores/tables.ts';
import { type RebuildOptions, RebuildRefused, type RebuildRoom } from './room.ts';
import type { RowWriter } from './row-writer.ts';

/** What the seals say of the logs. */
export interface RestoredSeals {
  readonly count: number;
  /** heads by blinded tenant, in the order sealed */
  readonly heads: ReadonlyMap<string, readonly SealedHead[]>;
}

const SEAL = /^seals\/([0-9]{12})\.json$/;

/**
 * Restores the seal log from the vault: every record in its place, its heads, its signature by a pinned key, and that no log
 * shrank between two of them.
 */
export async function restoreSeals(
  room: RebuildRoom,
  { pinned }: RebuildOptions,
  writer: RowWriter,
): Promise<RestoredSeals> {
  const { vault, clock, ledgerOrigin } = room;
  const names = await vault.list('seals/');
  const walk = new SealWalk(ledgerOrigin, pinned.keyset, new CompactRange(), undefined);
  const nodes: { level: number; position: number; hash: Buffer }[] = [];
  const tree = new CompactRange(0, [], (level, position, hash) => {
    if (level >= KEPT_LEVEL) nodes.push({ level, position, hash });
  });
  const keys = new KeysetShelf(room);
  let last: { readonly record: string; readonly heads: readonly string[]; readonly keyset: Keyset } | undefined;
  for (const [n, name] of names.entries()) {
    if (SEAL.exec(name)?.[1] !== String(n).padStart(12, '0')) {
      throw new RebuildRefused(sealName(n), `the vault goes on with ${name}`);
    }
    const { record, jws } = await readSealObject(n, room);
    const packed = await vault.read(headsName(n));
    if (packed === undefined) throw new RebuildRefused(headsName(n), 'the vault has lost it');
    const heads = unpackHeads(packed);
    let kid: string;
    try {
      kid = await walk.take({ n, record, heads, jws });
    } catch (error) {
      throw new RebuildRefused(sealName(n), error instanceof Error ? error.message : String(error), { cause: error });
    }
    const { keyset: digest, at } = readSeal(record);
    const keyset = await keys.take(digest, writer);
    if (!keyset.keys.some((key) => key.kid === kid && key.purpose === 'checkpoint' && isInForce(key, n))) {
      throw new RebuildRefused(keysetName(digest), `it does not have key ${kid} in force at seal ${n}`);
    }
    tree.append(leafHashOfText(record));
    const root = base64url(walk.range.root());
    await writer.put(seals, { n, record, heads: packed, kid, root, jws, published_at: at });
    last = { record, heads, keyset };
  }
  for (const node of nodes) await writer.put(tree_nodes, { log: SEAL_TREE, ...node });
  if (last === undefined) return { count: 0, heads: walk.heads };

  const { at } = readSeal(last.record);
  await writer.put(seal_log, {
    log: 'seals',
    size: names.length,
    peaks: packPeaks(walk.range),
    last_anchor: walk.anchor?.n ?? null,
    last_anchor_at: walk.anchor?.at ?? null,
    last_seal_at: at,
    heads_digest: sha256Base64url(last.heads.join('\n')),
  });
  for (const [position, key] of last.keyset.keys.entries()) {
    await writer.put(signing_keys, {
      kid: key.kid,
      purpose: key.purpose,
      modulus: key.n,
      exponent: key.e,
      first_seal: Number(key.first_seal),
      last_seal: key.last_seal === '' ? null : Number(key.last_seal),
      position,
    });
  }
  const state = packPeaks(walk.range);
  const frame = { tenant: SEAL_TREE, size: names.length, root: '', last: '', seal: names.length };
  await writer.put(verified, { ...frame, at: clock.now(), state });
  return { count: names.length, heads: walk.heads };
}

async function readSealObject(n: number, { vault }: RebuildRoom): Promise<{ record: string; jws: string }> {
  const bytes = Buffer.from((await vault.read(sealName(n))) ?? []);
  try {
    const { record, jws } = JSON.parse(bytes.toString('latin1')) as { record: string; jws: string };
    if (sealBytes({ record, jws }).equals(bytes)) return { record, jws };
  } catch (error) {
    throw new RebuildRefused(sealName(n), 'it is no seal', { cause: error });
  }
  throw new RebuildRefused(sealName(n), 'it is not in its one form');
}

/** The JWKS that seals name, each read once. */
class KeysetShelf {
  readonly #room: RebuildRoom;
  readonly #known = new Map<string, Keyset>();

  constructor(room: RebuildRoom) {
    this.#room = room;
  }

  async take(digest: string, writer: RowWriter): Promise<Keyset> {
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const name = keysetName(digest);
    const bytes = await this.#room.vault.read(name);
    if (bytes === undefined) throw new RebuildRefused(name, 'the vault has lost it');
    if (sha256Base64url(bytes) !== digest) throw new RebuildRefused(name, 'it is not the one that its name says');
    const keyset = await readKeyset(JSON.parse(Buffer.from(bytes).toString('utf8')));
    if (keyset === undefined) throw new RebuildRefused(name, 'it is no key set');
    await writer.put(keysets, { digest, bytes });
    this.#known.set(digest, keyset);
    return keyset;
  }
}
