import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { base64url } from '../domain/canonical.ts';
import { sha256Base64url } from '../domain/digest.ts';
import { TryAgain } from '../domain/errors.ts';
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
import { type Instant, instantOfMicros, later, microsOf } from '../domain/time.ts';
import type { Database, RowOf } from '../ports/database.ts';
import type { Vault } from '../ports/vault.ts';
import { retiredBefore } from './archive.ts';
import { keysetRow, kidFor, readKeys, toKeyset } from './key-store.ts';
import { packPeaks, unpackRange } from './ledger-rows.ts';
import { toHead } from './log-reader.ts';
import { heads, keysets, retirements, seal_log, seals, tree_nodes, unpublished_seals } from './tables.ts';

/** Log name of the seal log's subtrees; no tenant id has a `~`. */
export const SEAL_TREE = '~seals';
const KEPT_LEVEL = 8;
/** How often heads are looked at anew when another sealer was faster. */
const LOOKS = 8;
/** Vault reads at once for seals that are read together. */
const READS_AT_ONCE = 16;

/** Where the vault keeps the heads of a seal. */
export const headsName = (n: number): string => `heads/${String(n).padStart(12, '0')}.zst`;

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
  readonly #vault: Vault | undefined;

  /** @param vault where the heads of old seals are read; undefined in a function that has no business with them */
  constructor(database: Database, ledger: LedgerOrigin, vault?: Vault) {
    this.#database = database;
    this.#ledger = ledger;
    this.#vault = vault;
  }

  /**
   * Writes down the next seal over all heads as one snapshot shows them, unless no head has moved since the last. Where another
   * sealer was faster it looks again: the other's heads may be the older ones, and the doorbells of what they lack are answered here.
   * @param notBefore no seal is made when the last one was made after this instant, unless it was made further ahead of `now` than
   *   this lies behind: then the clock was set back, and nobody waits for it to come round again
   * @returns the new seal's number; undefined where there is nothing to seal
   * @throws TryAgain where others were always faster
   */
  async intend(now: Instant, notBefore?: Instant): Promise<number | undefined> {
    for (let tries = 0; tries < LOOKS; tries++) {
      const outcome = await this.#intendOnce(now, notBefore);
      if (outcome !== 'taken') return outcome;
    }
    throw new TryAgain('other sealers are always faster');
  }

  async #intendOnce(now: Instant, notBefore: Instant | undefined): Promise<number | 'taken' | undefined> {
    const seen = await this.#database.snapshot(async (view) => ({
      log: await view.read(seal_log, ['seals']),
      rows: await view.range(heads, {}),
    }));
    const tenants = seen.rows.map(toHead);
    if (tenants.length === 0) return undefined;
    const lines = headLines(this.#ledger, tenants);
    const headsDigest = sha256Base64url(lines.join('\n'));
    if (seen.log?.heads_digest === headsDigest) return undefined;
    if (seen.log !== undefined && notBefore !== undefined) {
      const ahead = instantOfMicros(2n * microsOf(now) - microsOf(notBefore));
      if (seen.log.last_seal_at > notBefore && seen.log.last_seal_at <= ahead) return undefined;
    }
    return this.#database.transact(async (tx) => {
      const log = await tx.read(seal_log, ['seals']);
      // The number belongs to the snapshot: whoever took it in between has sealed other heads than these, older or newer.
      if ((log?.size ?? 0) !== (seen.log?.size ?? 0)) return 'taken';
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
      return rows.filter((row) => row !== undefined).map((row) => toSeal(row, row.heads));
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
    const row = await this.#database.read(seals, [n]);
    return row === undefined ? undefined : this.#whole(row);
  }

  /** Seals [from, to), ascending. */
  async range(from: number, to: number): Promise<Seal[]> {
    const rows = await this.#database.snapshot((view) => view.range(seals, { from: [from], to: [to] }));
    const whole: Seal[] = [];
    for (let at = 0; at < rows.length; at += READS_AT_ONCE) {
      whole.push(...(await Promise.all(rows.slice(at, at + READS_AT_ONCE).map((row) => this.#whole(row)))));
    }
    return whole;
  }

  /** How many seals have been looked at for what may leave the database. */
  async headsRetiredBefore(): Promise<number> {
    return this.#database.snapshot((view) => retiredBefore(view, SEAL_TREE));
  }

  /**
   * Empties the heads of seals in the database, and remembers how far it has come, in one commit. From then on they are read
   * from the vault.
   * @param gone whose heads the vault has given back just now
   * @param from up to where it had come when the caller looked
   * @returns whether it did; false where somebody else was faster
   */
  async letHeadsGo(gone: readonly number[], from: number, before: number, now: Instant): Promise<boolean> {
    return this.#database.transact(async (tx) => {
      if ((await retiredBefore(tx, SEAL_TREE)) !== from) return false;
      for (const n of gone) tx.update(seals, [n], { heads: new Uint8Array(0) });
      tx.upsert(retirements, { tenant: SEAL_TREE, before, retired_at: now });
      return true;
    });
  }

  async #whole(row: RowOf<typeof seals.columns>): Promise<Seal> {
    return toSeal(
      row,
      row.heads.length > 0 || this.#vault === undefined ? row.heads : await keptHeads(row.n, this.#vault),
    );
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
      return { size, signed: last === undefined ? undefined : toSeal(last, last.heads) };
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

/** Heads that the vault has lost, or does not give back whole, read as none: as damaged ones do. */
async function keptHeads(n: number, vault: Vault): Promise<Uint8Array> {
  try {
    return (await vault.read(headsName(n))) ?? new Uint8Array(0);
  } catch (error) {
    if (error instanceof TryAgain) throw error;
    return new Uint8Array(0);
  }
}

const toSeal = (row: RowOf<typeof seals.columns>, packedHeads: Uint8Array): Seal => ({
  n: row.n,
  record: row.record,
  heads: unpackHeads(packedHeads),
  packedHeads,
  kid: row.kid,
  root: row.root,
  jws: row.jws,
  publishedAt: row.published_at,
});
