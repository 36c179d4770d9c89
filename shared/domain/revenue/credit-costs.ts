import { divideRounded } from '../decimals.ts';

interface Grant {
  readonly amount: bigint;
  readonly cost: bigint;
  used: bigint;
}

/**
 * What customers have paid for their credits. A credit of 100.00 that cost 80.00 gives 80.00 away evenly: whatever is used of
 * it, the paid parts add up to its cost.
 */
export class CreditCosts {
  readonly #grants = new Map<string, Grant>();

  /** @param cost minor units, what the customer paid for it */
  grant(id: string, amount: bigint, cost: bigint): void {
    this.#grants.set(id, { amount, cost, used: 0n });
  }

  /**
   * Uses a part of a credit, or gives it back where `amount` is below zero.
   * @returns how much of that part was paid for
   * @throws RangeError where no such credit was granted
   */
  use(id: string, amount: bigint): bigint {
    const grant = this.#grants.get(id);
    if (grant === undefined) throw new RangeError(`no credit ${id} was granted`);
    const before = paidOf(grant);
    grant.used += amount;
    return paidOf(grant) - before;
  }
}

const paidOf = ({ amount, cost, used }: Grant): bigint => divideRounded(cost * used, amount);
