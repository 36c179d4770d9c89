import { createHash } from 'node:crypto';

/**
 * The Merkle tree written from the text of RFC 6962 section 2.1, by recursion over the list of leaves. Slow and plain on
 * purpose, and sharing nothing with the code it is compared with.
 */

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};

/** "k is the largest power of two smaller than n": counted up through the powers that exist. */
const splitOf = (n: number): number => [1, 2, 4, 8, 16, 32, 64, 128, 256].filter((power) => power < n).at(-1)!;

/** MTH(D[n]), section 2.1. @param leaves D, each entry its exact bytes; at most 512 */
export function naiveRoot(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Buffer.of(0x00), leaves[0]!);
  const k = splitOf(leaves.length);
  return sha256(Buffer.of(0x01), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

/** PATH(m, D[n]), section 2.1.1. */
export function naivePath(m: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = splitOf(leaves.length);
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

/** PROOF(m, D[n]), section 2.1.2, for 0 < m <= n. */
export const naiveConsistency = (m: number, leaves: readonly Uint8Array[]): Buffer[] => subproof(m, leaves, true);

function subproof(m: number, leaves: readonly Uint8Array[], isWhole: boolean): Buffer[] {
  if (m === leaves.length) return isWhole ? [] : [naiveRoot(leaves)];
  const k = splitOf(leaves.length);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), isWhole), naiveRoot(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}
