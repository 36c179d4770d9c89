import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { base64url } from '../domain/canonical.ts';
import { sha256Base64url } from '../domain/digest.ts';
import type { LedgerOrigin } from '../domain/ids.ts';
import { writeSeal } from '../domain/ledger/record.ts';
import {
  blindedTenant,
  checkpointText,
  headLines,
  isAnchor,
  sealRecord,
  type TenantHead,
} from '../domain/ledger/seal.ts';
import { leafHashOfText } from '../domain/ledger/tree.ts';
import { type Instant, later } from '../domain/time.ts';
import type { Database, RowOf } from '../ports/database.ts';
import { keysetRow, kidFor, readKeys, toKeyset } from './key-store.ts';
import { packPeaks, unpackRange } from './ledger-rows.ts';
import { toHead } from './log-reader.ts';
import { heads, keysets, seal_log, seals, tree_nodes, unpublished_seals } from './tables.ts';

/** Log name of the seal log's subtrees; no tenant id has a `~`. */
export const SEAL_TREE = '~seals';
const KEPT_LEVEL = 8;

/** A seal as it is kept. */
export interface Seal {
  readonly n: number;
  /** canonical text of the seal record, leaf n of the seal log */
  readonly record: string;
  /** canonical head lines, ascending */
  readonly heads: readonly string[];
  /** the same as they are kept, compressed once for all copies */
  readonly packedHeads: Uint8Array;
  readonly kid: string;
  /** base64url root of the seal log with this record as its last leaf */
  readonly root: string;
  /** the signed checkpoint; null between intent and signature */
  readonly jws: string | null;
  readonly publishedAt: string | null;
}

/** The seal log. A seal's number and bytes are fixed before anything is signed, so a crash can only repeat, never fork. */
export class SealStore {
  readonly #database: Database;
  readonly #ledger: LedgerOrigin;

  constructor(database: Database, ledger: LedgerOrigin) {
    this.#database = database;
    this.#ledger = ledger;
  }

  /**
   * Writes down the next seal over all heads as one snapshot shows them, unless no head has moved since the last.
   * @param notBefore no seal is made when the last one was made after this instant
   * @returns the new seal's number; undefined where there is nothing to seal, or another sealer was faster
   */
  async intend(now: Instant, notBefore?: Instant): Promise<number | undefined> {
    const seen = await this.#database.snapshot(async (view) => ({
      log: await view.read(seal_log, ['seals']),
      rows: await view.range(heads, {}),
    }));
    const tenants = seen.rows.map(toHead);
    if (tenants.length === 0) return undefined;
    const lines = headLines(this.#ledger, tenants);
    const headsDigest = sha256Base64url(lines.join('\n'));
    if (seen.log?.heads_digest === headsDigest) return undefined;
    if (seen.log !== undefined && notBefore !== undefined && seen.log.last_seal_at > notBefore) return undefined;
    return this.#database.transact(async (tx) => {
      const log = await tx.read(seal_log, ['seals']);
      // The number belongs to the snapshot: whoever took it in between has sealed newer heads than these.
      if ((log?.size ?? 0) !== (seen.log?.size ?? 0)) return undefined;
      const n = log?.size ?? 0;
      const keys = await readKeys(tx);
      const keyset = keysetRow(toKeyset(keys));
      // A seal is not older than anything it covers, nor than the seal before, whatever the clocks of two instances say.
      const at = seen.rows.reduce<Instant>(
        (latest, { recorded_at }) => later(latest, recorded_at as Instant),
        log === undefined ? now : later(now, log.last_seal_at as Instant),
      );
      const record = writeSeal(this.#record(tenants, lines, { n, at, keyset: keyset.digest, last: log }));
      const nodes: RowOf<typeof tree_nodes.columns>[] = [];
      const range = unpackRange(n, log?.peaks ?? new Uint8Array(0), (level, position, hash) => {
        if (level >= KEPT_LEVEL) nodes.push({ log: SEAL_TREE, level, position, hash });
      });
      range.append(leafHashOfText(record));
      const anchor = isAnchor(at, (log?.last_anchor_at ?? undefined) as Instant | undefined);
      for (const node of nodes) tx.insert(tree_nodes, node);
      tx.upsert(keysets, keyset);
      tx.insert(seals, {
        n,
        record,
        heads: packHeads(lines),
        kid: kidFor(keys, 'checkpoint', n),
        root: base64url(range.root()),
        jws: null,
        published_at: null,
      });
      tx.insert(unpublished_seals, { n });
      tx.upsert(seal_log, {
        log: 'seals',
        size: n + 1,
        peaks: packPeaks(range),
        last_anchor: anchor ? n : (log?.last_anchor ?? null),
        last_anchor_at: anchor ? at : (log?.last_anchor_at ?? null),
        last_seal_at: at,
        heads_digest: headsDigest,
      });
      return n;
    });
  }

  #record(
    tenants: readonly TenantHead[],
    lines: readonly string[],
    frame: { n: number; at: Instant; keyset: string; last: RowOf<typeof seal_log.columns> | undefined },
  ) {
    const { n, at, keyset } = frame;
    const previousAnchor = frame.last?.last_anchor ?? undefined;
    return sealRecord({ ledger: this.#ledger, n, at, keyset, previousAnchor }, tenants, lines);
  }

  /** Seals that are not signed or not in the vault yet, oldest first. */
  async unfinished(limit: number): Promise<Seal[]> {
    return this.#database.snapshot(async (view) => {
      const due = await view.range(unpublished_seals, { limit });
      const rows = await view.readMany(
        seals,
        due.map(({ n }) => [n]),
      );
      return rows.filter((row) => row !== undefined).map(toSeal);
    });
  }

  /**
   * Logs that a seal names and the one before it does not, with their blinds: from now on nobody may forget under which name
   * a log stands in the seals.
   */
  async newLogs(seal: Seal, before: Seal | undefined): Promise<{ readonly tenant: string; readonly blind: string }[]> {
    const known = new Set(before?.heads.map(nameIn));
    const names = new Set(seal.heads.map(nameIn).filter((name) => !known.has(name)));
    if (names.size === 0) return [];
    const rows = await this.#database.snapshot((view) => view.range(heads, {}));
    return rows
      .filter(({ tenant, blind }) => names.has(blindedTenant(this.#ledger, blind, tenant)))
      .map(({ tenant, blind }) => ({ tenant, blind }));
  }

  async keepSignature(n: number, jws: string): Promise<void> {
    await this.#database.transact(async (tx) => tx.update(seals, [n], { jws }));
  }

  async markPublished(n: number, at: Instant): Promise<void> {
    await this.#database.transact(async (tx) => {
      tx.update(seals, [n], { published_at: at });
      tx.delete(unpublished_seals, [n]);
    });
  }

  async seal(n: number): Promise<Seal | undefined> {
    const row = await this.#database.snapshot((view) => view.read(seals, [n]));
    return row === undefined ? undefined : toSeal(row);
  }

  /** Seals [from, to), ascending. */
  async range(from: number, to: number): Promise<Seal[]> {
    return (await this.#database.snapshot((view) => view.range(seals, { from: [from], to: [to] }))).map(toSeal);
  }

  /**
   * How many seals there are, and the latest that is signed and in the vault. What only the database has is shown to nobody:
   * if it were lost, another seal of that number would be made.
   */
  async latest(): Promise<{ readonly size: number; readonly signed: Seal | undefined }> {
    return this.#database.snapshot(async (view) => {
      const size = (await view.read(seal_log, ['seals']))?.size ?? 0;
      const [unfinished] = await view.range(unpublished_seals, { limit: 1 });
      const last = await view.read(seals, [(unfinished?.n ?? size) - 1]);
      return { size, signed: last === undefined ? undefined : toSeal(last) };
    });
  }

  /** Whether a head has moved since the last seal, or a seal is unfinished. */
  async isDue(): Promise<boolean> {
    return this.#database.snapshot(async (view) => {
      if ((await view.range(unpublished_seals, { limit: 1 })).length > 0) return true;
      const moved = (await view.range(heads, {})).map(toHead);
      if (moved.length === 0) return false;
      const log = await view.read(seal_log, ['seals']);
      return log?.heads_digest !== sha256Base64url(headLines(this.#ledger, moved).join('\n'));
    });
  }

  /** What a seal's signature covers. */
  checkpoint(seal: Seal): string {
    return checkpointText(this.#ledger, seal.n + 1, Buffer.from(seal.root, 'base64url'));
  }
}

/** The blinded tenant of a head line; the line itself is checked elsewhere. */
const nameIn = (line: string): string => /"tenant":"([^"]*)"/.exec(line)?.[1] ?? '';

const packHeads = (lines: readonly string[]): Buffer =>
  zstdCompressSync(Buffer.from(lines.join('\n'), 'latin1'), { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

export function unpackHeads(bytes: Uint8Array): string[] {
  try {
    return zstdDecompressSync(bytes).toString('latin1').split('\n');
  } catch {
    // Damaged heads read as none: they are then not the ones that were sealed, and the reconciliation says so.
    return [];
  }
}

const toSeal = (row: RowOf<typeof seals.columns>): Seal => ({
  n: row.n,
  record: row.record,
  heads: unpackHeads(row.heads),
  packedHeads: row.heads,
  kid: row.kid,
  root: row.root,
  jws: row.jws,
  publishedAt: row.published_at,
});
