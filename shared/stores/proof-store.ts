import type { LedgerOrigin, Sequence, TenantId } from '../domain/ids.ts';
import { consistencyProof, inclusionProof, type NodeSource, subtreeRoot } from '../domain/ledger/proof.ts';
import { blindedTenant } from '../domain/ledger/seal.ts';
import { leafHashOfText, type TreeHash } from '../domain/ledger/tree.ts';
import type { Database, Reader } from '../ports/database.ts';
import { entriesOf, readPages } from './ledger-store.ts';
import { SEAL_TREE } from './seal-store.ts';
import { heads, seals, tree_nodes } from './tables.ts';

const KEPT_LEVEL = 8;
const KEPT_LEAVES = 2 ** KEPT_LEVEL;

/** Reads proofs out of the stored trees: at most 256 leaves and a logarithm of stored nodes each. */
export class ProofStore {
  readonly #database: Database;
  readonly #ledger: LedgerOrigin;

  constructor(database: Database, ledger: LedgerOrigin) {
    this.#database = database;
    this.#ledger = ledger;
  }

  /** Audit path of an entry in its tenant's log of `size` entries, nearest sibling first. */
  async entryPath(tenant: TenantId, seq: Sequence, size: Sequence): Promise<TreeHash[]> {
    return this.#database.snapshot((view) => inclusionProof(logNodes(view, tenant), seq, size));
  }

  /** That the log of `second` entries extends the one of `first`. */
  async logConsistency(tenant: TenantId, first: Sequence, second: Sequence): Promise<TreeHash[]> {
    return this.#database.snapshot((view) => consistencyProof(logNodes(view, tenant), first, second));
  }

  /** Root that the log had at `size` entries. */
  async rootAt(tenant: TenantId, size: Sequence): Promise<TreeHash> {
    return this.#database.snapshot((view) => subtreeRoot(logNodes(view, tenant), 0, size));
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
    const row = await this.#database.snapshot((view) => view.read(heads, [tenant]));
    if (row === undefined) return undefined;
    const name = blindedTenant(this.#ledger, row.blind, tenant);
    const index = lines.findIndex((line) => line.includes(`"tenant":"${name}"`));
    if (index < 0) return undefined;
    const leaves = lines.map(leafHashOfText);
    const source: NodeSource = async (level, at) => (level === 0 ? leaves[at] : undefined);
    return { line: lines[index]!, index, path: await inclusionProof(source, index, lines.length) };
  }
}

function logNodes(view: Reader, tenant: TenantId): NodeSource {
  const blocks = new Map<number, Promise<TreeHash[]>>();
  const leavesOf = async (block: number): Promise<TreeHash[]> => {
    const from = block * KEPT_LEAVES;
    const head = await view.read(heads, [tenant]);
    const to = Math.min(from + KEPT_LEAVES, head?.size ?? 0);
    return entriesOf(await readPages(view, tenant, from, to), from, to).map(leafHashOfText);
  };
  return nodes(view, tenant, blocks, leavesOf);
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
