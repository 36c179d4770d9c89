import { canonicalBytes } from '../../shared/domain/canonical.ts';
import type { Sequence, TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import type { Replay } from '../../shared/domain/ledger/replay.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { packPeaks } from '../../shared/stores/ledger-rows.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';

interface Opening {
  readonly seq: Sequence;
  readonly carried: Buffer;
  readonly peaks: Buffer;
  readonly last: string;
}

/** The balances brought forward, from which evidence starts, held against those that a replay arrives at. */
export class Openings {
  readonly #found: Opening[] = [];

  /** Told of each entry before it is replayed. */
  before(text: string, replay: Replay): void {
    if (replay.last === undefined || !text.includes('"typ":"open"')) return;
    const recordedAt = readEntry(text).recorded_at as Instant;
    this.#found.push({
      seq: replay.size,
      carried: canonicalBytes(replay.books.carried(recordedAt)),
      peaks: packPeaks(replay.range),
      last: replay.last,
    });
  }

  /** @returns those that were lost and stand there again. @throws LedgerFault where another balance is kept */
  async finish(
    tenant: TenantId,
    { reconciliation }: { readonly reconciliation: ReconciliationStore },
  ): Promise<string[]> {
    const healed: string[] = [];
    for (const { seq, carried, peaks, last } of this.#found) {
      const row = await reconciliation.opening(tenant, seq);
      if (row === undefined) {
        await reconciliation.keepOpening({ tenant, seq, carried, peaks, last });
        healed.push(`opening ${seq}`);
      } else if (!carried.equals(row.carried) || !peaks.equals(row.peaks) || row.last !== last) {
        throw new LedgerFault('wrong_sum', seq, 'the balance brought forward that is kept for evidence is another');
      }
    }
    return healed;
  }
}
