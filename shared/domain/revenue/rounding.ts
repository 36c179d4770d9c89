/**
 * Rounds exact parts to whole minor units that add up to a given total: each is cut to the unit below, what is then missing
 * goes to the largest remainders, the earlier first among equals. Where the parts add up to the total, each is off by less
 * than a unit. Parts below zero beside others above are fine, and what takes back is the mirror of what it takes back.
 *
 * @param total minor units
 * @param parts numerators over `denominator`; together about `total`, off by the rounding of the total itself
 * @param denominator above zero
 */
export function roundParts(total: bigint, parts: readonly bigint[], denominator: bigint): bigint[] {
  if (total < 0n) return roundParts(-total, parts.map(negated), denominator).map(negated);
  if (parts.length === 0) {
    if (total === 0n) return [];
    throw new RangeError('nothing cannot be cut into no parts');
  }
  const floors = parts.map((part) => floored(part, denominator));
  const spare = total - floors.reduce((all, one) => all + one, 0n);
  const count = BigInt(parts.length);
  const each = floored(spare, count);
  const order = parts
    .map((part, index) => ({ index, remainder: part - floors[index]! * denominator }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  const rounded = floors.map((one) => one + each);
  for (const { index } of order.slice(0, Number(spare - each * count))) rounded[index]! += 1n;
  return rounded;
}

const negated = (one: bigint): bigint => -one;

/** Division towards the smaller whole number. */
function floored(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient;
}

export const sumOf = (parts: Iterable<bigint>): bigint => {
  let sum = 0n;
  for (const part of parts) sum += part;
  return sum;
};
