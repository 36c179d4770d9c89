import type { TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import type { TreeHash } from '../../shared/domain/ledger/tree.ts';
import { KEPT_LEVEL } from '../../shared/stores/ledger-work.ts';
import type { KeptNode, ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';

const NODES_PER_READ = 500;

/** The stored subtrees of one log, from which proofs are made, held against those that the entries hash to. */
export class TreeCopies {
  readonly #nodes: KeptNode[] = [];

  /** Told of every subtree as a replay closes it. */
  readonly take = (level: number, index: number, hash: TreeHash): void => {
    if (level >= KEPT_LEVEL) this.#nodes.push({ level, index, hash });
  };

  /** @returns those that were lost and stand there again. @throws LedgerFault where another hash is stored */
  async finish(
    tenant: TenantId,
    { reconciliation }: { readonly reconciliation: ReconciliationStore },
  ): Promise<string[]> {
    const healed: string[] = [];
    for (let at = 0; at < this.#nodes.length; at += NODES_PER_READ) {
      const nodes = this.#nodes.slice(at, at + NODES_PER_READ);
      const stored = await reconciliation.treeNodes(tenant, nodes);
      const lost = nodes.filter((_, i) => stored[i] === undefined);
      const wrong = nodes.find(({ hash }, i) => stored[i] !== undefined && Buffer.compare(stored[i], hash) !== 0);
      if (wrong !== undefined) {
        const last = (wrong.index + 1) * 2 ** wrong.level - 1;
        throw new LedgerFault('wrong_tree', last, `the stored subtree that ends with entry ${last} is another`);
      }
      await reconciliation.keepTreeNodes(tenant, lost);
      healed.push(...lost.map(({ level, index }) => `tree ${level}/${index}`));
    }
    return healed;
  }
}
