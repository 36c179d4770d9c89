import { TryAgain } from '../../shared/domain/errors.ts';

/**
 * Reads for many tenants at once. Where that fails and not because nobody answers, it reads for each by itself: a row of one
 * tenant that nobody can read is in no other's way.
 * @param read gives what it found by tenant; tenants that it did not come to are missing
 * @param failed told of each tenant for whom reading fails
 * @throws TryAgain
 */
export async function readAtOnce<T, R>(
  items: readonly T[],
  read: (items: readonly T[]) => Promise<Map<string, R>>,
  failed: (item: T, error: unknown) => void,
): Promise<Map<string, R>> {
  if (items.length === 0) return new Map();
  try {
    return await read(items);
  } catch (error) {
    if (error instanceof TryAgain) throw error;
  }
  const found = new Map<string, R>();
  for (const item of items) {
    try {
      for (const [tenant, result] of await read([item])) found.set(tenant, result);
    } catch (error) {
      if (error instanceof TryAgain) throw error;
      failed(item, error);
    }
  }
  return found;
}
