import { formatQuantity, type Quantity, readCanonicalDecimal } from '../domain/decimals.ts';
import { BadInput } from '../domain/errors.ts';
import type { EntryOf } from '../domain/ledger/kinds.ts';
import type { PriceVersion } from '../domain/pricing/version.ts';
import type { Instant } from '../domain/time.ts';
import { readPeriod } from '../domain/time.ts';
import type { Aggregation } from '../domain/usage/meter.ts';
import { weightedPart } from '../domain/usage/meter.ts';
import type { Transaction } from '../ports/database.ts';
import type { LedgerWork } from './ledger-work.ts';
import { corrections } from './tables.ts';

export interface EventCorrection {
  readonly id: string;
  readonly reason: string;
  /** the receipt that is corrected, and its leaf hash */
  readonly charge: EntryOf<'charge'>;
  readonly hash: string;
  readonly price: PriceVersion;
  /** what the event should have said, and what it was billed at */
  readonly wanted: Quantity;
  readonly billed: Quantity;
}

/**
 * Writes the entry that makes a billed event what it should have been: against its own period's aggregate at its own price,
 * in the open period. Earlier corrections of the same event count.
 * @returns the entry's number
 * @throws BadInput `nothing_to_correct`, `already_exists`, `correction_unsupported`
 */
export async function correctEvent(work: LedgerWork, tx: Transaction, correct: EventCorrection): Promise<number> {
  const { charge, price, id } = correct;
  const refSeq = Number(charge.seq);
  const earlier = await tx.range(corrections, { prefix: [work.tenant, refSeq] });
  if (earlier.some(({ correction_id }) => correction_id === id)) {
    throw new BadInput('already_exists', 'the event was corrected under this id before', 'correction_id');
  }
  const corrected = earlier.reduce((sum, { quantity }) => sum + (readCanonicalDecimal(quantity, 12) ?? 0n), 0n);
  const change = partOf(charge, correct.wanted) - partOf(charge, correct.billed) - corrected;
  if (change === 0n) throw new BadInput('nothing_to_correct', 'the event stands at that quantity', 'quantity');
  const { subscription, period, meter, price_digest: priceDigest } = charge;
  const key = { subscription, period, meter, priceDigest };
  if (!(await work.loadAggregate(key))) {
    throw new BadInput('correction_unsupported', 'the period of the event is too long ago', 'receipt_id');
  }
  const open = await work.bucketFor(subscription, period);
  const seq = work.scribe.correction(open, {
    id,
    reason: correct.reason,
    refSeq,
    refHash: correct.hash,
    key,
    aggregation: charge.aggregation as Aggregation,
    change: change as Quantity,
    price,
  });
  work.touchAggregate(key);
  const quantity = formatQuantity(change as Quantity);
  tx.insert(corrections, { tenant: work.tenant, ref_seq: refSeq, correction_id: id, quantity, entry_seq: seq });
  return seq;
}

/** What an event's quantity is in its aggregate: of a level the part of the period that it stood. */
function partOf({ aggregation, occurred_at, period }: EntryOf<'charge'>, quantity: Quantity): bigint {
  return aggregation === 'weighted_sum'
    ? weightedPart(quantity, occurred_at as Instant, readPeriod(period)!)
    : quantity;
}
