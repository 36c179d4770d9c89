import { SealBroken, sealedBy } from '../domain/sealed.ts';
import type { AcceptedEvent } from '../domain/usage/accepted.ts';
import type { RowOf } from '../ports/database.ts';
import { eventsOf } from './accepted-events.ts';
import type { TenantKeys } from './personal-data.ts';
import type { batches } from './tables.ts';
import { Unratable } from './unratable.ts';

type BatchRow = RowOf<typeof batches.columns>;

/**
 * The events of a batch that is to be billed, if they are those that were accepted: sealed under the organization's key to this very
 * batch, as many as there were, and not billed before. Whoever can only write rows can make none of that: the key is not in the
 * database.
 * @throws Unratable where somebody has changed, emptied, moved, made up or repeated it; TryAgain
 */
export function waitingEventsOf(row: BatchRow, keys: TenantKeys): readonly AcceptedEvent[] {
  const { batch_id, count, first_seq, payload } = row;
  if (first_seq !== null) throw new Unratable(`batch ${batch_id} was billed before, from entry ${first_seq} on`);
  // What nobody sealed is read elsewhere as it is, and anybody could have written it.
  if (sealedBy(payload) === undefined) throw new Unratable(`batch ${batch_id} is not sealed as what was accepted`);
  const events = opened(row, keys);
  if (events.length !== count)
    throw new Unratable(`batch ${batch_id} has ${events.length} events, ${count} were accepted`);
  return events;
}

function opened(row: BatchRow, keys: TenantKeys): readonly AcceptedEvent[] {
  try {
    return eventsOf(row, keys);
  } catch (error) {
    if (error instanceof SealBroken) throw new Unratable(`batch ${row.batch_id} is not what was accepted`);
    throw error;
  }
}
