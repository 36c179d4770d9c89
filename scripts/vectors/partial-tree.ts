import { nodeHash, splitPoint, type TreeHash } from '../../shared/domain/ledger/tree.ts';

/** Consecutive leaves [from, to). */
export type Stretch = readonly [from: number, to: number];

/** The stretches whose roots are leaf `index`'s audit path (RFC 6962 section 2.1.1), nearest first. */
export function auditStretches(index: number, size: number): Stretch[] {
  const stretches: Stretch[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitPoint(to - from);
    stretches.push(index < middle ? [middle, to] : [from, middle]);
    [from, to] = index < middle ? [from, middle] : [middle, to];
  }
  return stretches.reverse();
}

/** The stretches whose roots prove that `second` leaves extend the first `first` (RFC 6962 section 2.1.2). */
export function consistencyStretches(first: number, second: number): Stretch[] {
  const stretches: Stretch[] = [];
  let [from, to] = [0, second];
  while (to !== first && to - from > 1) {
    const middle = from + splitPoint(to - from);
    stretches.push(first <= middle ? [middle, to] : [from, middle]);
    [from, to] = first <= middle ? [from, middle] : [middle, to];
  }
  if (from > 0) stretches.push([from, to]);
  return stretches.reverse();
}

/** The stretches of a compact range's complete subtrees, largest first. */
export function peakStretches(size: number): Stretch[] {
  const stretches: Stretch[] = [];
  let from = 0;
  for (let width = 2 ** 52; width >= 1; width /= 2) {
    if (Math.floor(size / width) % 2 === 1) {
      stretches.push([from, from + width]);
      from += width;
    }
  }
  return stretches;
}

/** A tree of which some leaves and some subtrees are known: as much as a bundle tells of it. */
export class PartialTree {
  readonly #known = new Map<string, TreeHash>();
  readonly #leaves = new Map<number, TreeHash>();

  /** Keeps the roots of subtrees, as a proof lists them. */
  learn(stretches: readonly Stretch[], hashes: readonly string[]): void {
    for (const [i, text] of hashes.entries()) {
      const stretch = stretches[i];
      if (stretch !== undefined) this.#known.set(stretch.join('-'), Buffer.from(text, 'base64url'));
    }
  }

  /** Keeps a leaf as it is now; subtrees that were learnt with it in them are not used any more. */
  leaf(index: number, hash: TreeHash): void {
    this.#leaves.set(index, hash);
  }

  /** @throws Error where what is known does not suffice */
  root(from: number, to: number): TreeHash {
    const isTouched = [...this.#leaves.keys()].some((leaf) => from <= leaf && leaf < to);
    const known = isTouched ? undefined : this.#known.get(`${from}-${to}`);
    if (known !== undefined) return known;
    if (to - from === 1) {
      const leaf = this.#leaves.get(from);
      if (leaf === undefined) throw new Error(`the bundle does not tell leaf ${from}`);
      return leaf;
    }
    const middle = from + splitPoint(to - from);
    return nodeHash(this.root(from, middle), this.root(middle, to));
  }

  roots(stretches: readonly Stretch[]): string[] {
    return stretches.map(([from, to]) => this.root(from, to).toString('base64url'));
  }
}
