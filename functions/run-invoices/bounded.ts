/**
 * Does something for each item, so many at once: memory and connections stay the same however many there are.
 * @throws the first error, when those under way have ended
 */
export async function eachBounded<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!);
  };
  const settled = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
}
