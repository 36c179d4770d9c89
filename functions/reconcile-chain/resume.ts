import type { LedgerOrigin, TenantId } from '../../shared/domain/ids.ts';
import { Books } from '../../shared/domain/ledger/books.ts';
import { booksOf } from '../../shared/domain/ledger/carried.ts';
import { Unreadable } from '../../shared/domain/ledger/record.ts';
import { type CitedTerms, Replay } from '../../shared/domain/ledger/replay.ts';
import { CompactRange, type NodeListener } from '../../shared/domain/ledger/tree.ts';
import type { PriceVersion } from '../../shared/domain/pricing/version.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { packPeaks, RowDamaged, unpackRange } from '../../shared/stores/ledger-rows.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';
import type { VerifiedRow } from '../../shared/stores/reconciliation-store.ts';

/** A replay between two passes. */
interface State {
  readonly carried: unknown;
  readonly peaks: string;
  readonly recordedAt: Instant | null;
}

/** All that the next pass needs to go on from here. */
export function packState(replay: Replay): Buffer {
  const state: State = {
    carried: replay.books.carried(replay.recordedAt ?? ('0001-01-01T00:00:00.000000Z' as Instant)),
    peaks: packPeaks(replay.range).toString('base64'),
    recordedAt: replay.recordedAt ?? null,
  };
  return Buffer.from(JSON.stringify(state), 'utf8');
}

/** The replay where the last good pass left it, or at genesis. @param onNode told of every subtree that closes from there on */
export async function resume(
  tenant: TenantId,
  row: VerifiedRow | undefined,
  prices: ReadonlyMap<string, PriceVersion>,
  terms: CitedTerms,
  onNode: NodeListener,
  room: { readonly ledger: LedgerStore; readonly ledgerOrigin: LedgerOrigin },
): Promise<Replay> {
  if (row === undefined) {
    const genesis = { range: new CompactRange(0, [], onNode), last: undefined, books: new Books() };
    return new Replay(room.ledgerOrigin, tenant, prices, genesis, terms);
  }
  try {
    const state = JSON.parse(Buffer.from(row.state).toString('utf8')) as State;
    const range = unpackRange(row.size, Buffer.from(state.peaks, 'base64'), onNode);
    const values = await room.ledger.seenBefore(tenant, state.carried);
    const start = {
      range,
      last: row.last,
      books: booksOf(state.carried, values),
      seenValues: values,
      ...(state.recordedAt === null ? {} : { recordedAt: state.recordedAt }),
    };
    return new Replay(room.ledgerOrigin, tenant, prices, start, terms);
  } catch (error) {
    // What the last pass kept is not what it wrote; a full pass does not need it.
    if (error instanceof Unreadable || error instanceof SyntaxError) throw new RowDamaged(error.message);
    throw error;
  }
}
