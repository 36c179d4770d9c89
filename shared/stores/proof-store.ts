import type { LedgerOrigin, Sequence, TenantId } from '../domain/ids.ts';
import { consistencyProof, inclusionProof, type NodeSource, subtreeRoot } from '../domain/ledger/proof.ts';
import { blindedTenant } from '../domain/ledger/seal.ts';
import { isPowerOfTwo, leafHashOfText, splitPoint, type TreeHash } from '../domain/ledger/tree.ts';
import type { Database, Reader } from '../ports/database.ts';
import type { Archive } from './archive.ts';
import { KEPT_LEVEL } from './ledger-work.ts';
import { entriesOf, readPages } from './log-reader.ts';
import { SEAL_TREE } from './seal-store.ts';
import { heads, seals, tree_nodes } from './tables.ts';

const KEPT_LEAVES = 2 ** KEPT_LEVEL;

/** Reads proofs out of the stored trees: at most 256 leaves, wherever their entries lie, and a logarithm of stored nodes each. */
export class ProofStore {
  readonly #database: Database;
  readonly #ledger: LedgerOrigin;
  readonly #archive: Archive;

  constructor(database: Database, ledger: LedgerOrigin, archive: Archive) {
    this.#database = database;
    this.#ledger = ledger;
    this.#archive = archive;
  }

  /** Audit path of an entry in its tenant's log of `size` entries, nearest sibling first. */
  async entryPath(tenant: TenantId, seq: Sequence, size: Sequence): Promise<TreeHash[]> {
    return this.#database.snapshot((view) => inclusionProof(this.#log(view, tenant), seq, size));
  }

  /** That the log of `second` entries extends the one of `first`. */
  async logConsistency(tenant: TenantId, first: Sequence, second: Sequence): Promise<TreeHash[]> {
    return this.#database.snapshot((view) => consistencyProof(this.#log(view, tenant), first, second));
  }

  /** Root that the log had at `size` entries. */
  async rootAt(tenant: TenantId, size: Sequence): Promise<TreeHash> {
    return this.#database.snapshot((view) => subtreeRoot(this.#log(view, tenant), 0, size));
  }

  /** Roots of the complete subtrees of the log's first `size` entries, largest first: all that appending to them needs. */
  async peaksAt(tenant: TenantId, size: Sequence): Promise<TreeHash[]> {
    return this.#database.snapshot(async (view) => {
      const source = this.#log(view, tenant);
      const peaks: TreeHash[] = [];
      for (let from = 0; from < size; ) {
        const rest = size - from;
        const part = isPowerOfTwo(rest) ? rest : splitPoint(rest);
        peaks.push(await subtreeRoot(source, from, from + part));
        from += part;
      }
      return peaks;
    });
  }

  /** Audit path of seal `n` in the seal log of `size` seals. */
  async sealPath(n: number, size: number): Promise<TreeHash[]> {
    return this.#database.snapshot((view) => inclusionProof(sealNodes(view), n, size));
  }

  /** A tenant's line among a seal's heads, with its audit path; undefined where the tenant is not among them. */
  async headPath(
    tenant: TenantId,
    lines: readonly string[],
  ): Promise<{ readonly line: string; readonly index: number; readonly path: TreeHash[] } | undefined> {
    const row = await this.#database.read(heads, [tenant]);
    if (row === undefined) return undefined;
    const name = blindedTenant(this.#ledger, row.blind, tenant);
    const index = lines.findIndex((line) => line.includes(`"tenant":"${name}"`));
    if (index < 0) return undefined;
    const leaves = lines.map(leafHashOfText);
    const source: NodeSource = async (level, at) => (level === 0 ? leaves[at] : undefined);
    return { line: lines[index]!, index, path: await inclusionProof(source, index, lines.length) };
  }

  #log(view: Reader, tenant: TenantId): NodeSource {
    return nodes(view, tenant, new Map(), async (block) => {
      const from = block * KEPT_LEAVES;
      const head = await view.read(heads, [tenant]);
      const to = Math.min(from + KEPT_LEAVES, head?.size ?? 0);
      return entriesOf(await readPages(view, this.#archive, tenant, from, to), from, to).map(leafHashOfText);
    });
  }
}

function sealNodes(view: Reader): NodeSource {
  return nodes(view, SEAL_TREE, new Map(), async (block) => {
    const from = block * KEPT_LEAVES;
    return (await view.range(seals, { from: [from], to: [from + KEPT_LEAVES] })).map(({ record }) =>
      leafHashOfText(record),
    );
  });
}

/** Large subtrees from their rows, leaves from the entries themselves, each stretch of 256 read once. */
function nodes(
  view: Reader,
  log: string,
  blocks: Map<number, Promise<TreeHash[]>>,
  leavesOf: (block: number) => Promise<TreeHash[]>,
): NodeSource {
  return async (level, index) => {
    if (level >= KEPT_LEVEL) {
      const row = await view.read(tree_nodes, [log, level, index]);
      return row === undefined ? undefined : Buffer.from(row.hash);
    }
    if (level > 0) return undefined;
    const block = Math.floor(index / KEPT_LEAVES);
    let leaves = blocks.get(block);
    if (leaves === undefined) {
      leaves = leavesOf(block);
      blocks.set(block, leaves);
    }
    return (await leaves)[index % KEPT_LEAVES];
  };
}
