import type { Sequence } from '../ids.ts';

/** A credit that was granted, as far as burning it asks. Amounts in minor units. */
export interface Grant {
  readonly id: string;
  balance: bigint;
  /** the lower, the sooner it is used */
  readonly priority: number;
  /** from then on it is worth nothing; empty where it never expires */
  readonly expiresAt: string;
  /** of the entry that granted it: older ones go first */
  readonly seq: Sequence;
}

/** What one grant pays. */
export interface Burn {
  readonly grantId: string;
  readonly amount: bigint;
}

const NEVER = '9999-12-31T23:59:59.999999Z';

/** Burn order: priority, then earliest expiry (never is last), then age. */
export const inBurnOrder = <G extends Grant>(grants: Iterable<G>): G[] =>
  [...grants].sort((a, b) => {
    if (a.priority !== b.priority) return a.priority - b.priority;
    const [first, second] = [a.expiresAt || NEVER, b.expiresAt || NEVER];
    return first === second ? a.seq - b.seq : first < second ? -1 : 1;
  });

/**
 * Pays an amount from grants, as far as they go.
 * @param due minor units; nothing is paid where it is not above zero
 * @param at grants that expired by then pay nothing
 */
export function burnCredits(grants: Iterable<Grant>, due: bigint, at: string): Burn[] {
  const burns: Burn[] = [];
  let left = due;
  for (const grant of inBurnOrder(grants)) {
    if (left <= 0n) break;
    if (grant.balance <= 0n || (grant.expiresAt !== '' && grant.expiresAt <= at)) continue;
    const amount = grant.balance < left ? grant.balance : left;
    burns.push({ grantId: grant.id, amount });
    left -= amount;
  }
  return burns;
}
