import { divideRounded, formatQuantity, type Quantity, readCanonicalDecimal } from '../domain/decimals.ts';
import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import type { EntryOf } from '../domain/ledger/kinds.ts';
import type { PriceVersion } from '../domain/pricing/version.ts';
import type { Instant } from '../domain/time.ts';
import { microsOf, readPeriod } from '../domain/time.ts';
import type { Aggregation } from '../domain/usage/meter.ts';
import { weightedPart } from '../domain/usage/meter.ts';
import type { Reader, RowOf, Transaction } from '../ports/database.ts';
import type { LedgerWork } from './ledger-work.ts';
import { corrections } from './tables.ts';

export interface Corrected {
  readonly seq: number;
  /** what was used less or more than was counted so far, and when */
  readonly usage: {
    readonly subscription: string;
    readonly meter: string;
    readonly occurredAt: Instant;
    readonly change: Quantity;
  };
}

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
 * @returns the entry's number, and what the correction changes of the usage itself
 * @throws BadInput `nothing_to_correct`, `already_exists`, `correction_unsupported`
 */
export async function correctEvent(work: LedgerWork, tx: Transaction, correct: EventCorrection): Promise<Corrected> {
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
  const occurredAt = charge.occurred_at as Instant;
  const used = correct.wanted - correct.billed - unitsOf(charge, corrected);
  return { seq, usage: { subscription, meter, occurredAt, change: used as Quantity } };
}

/** What corrections changed of the usage itself, from what they changed of its aggregate. */
export const usageCorrectedBy = (charge: EntryOf<'charge'>, part: bigint): Corrected['usage'] => ({
  subscription: charge.subscription,
  meter: charge.meter,
  occurredAt: charge.occurred_at as Instant,
  change: unitsOf(charge, part) as Quantity,
});

/**
 * The quantity whose part in an aggregate is that. Of a level it is known as finely as the ledger keeps parts, 12 places of
 * the period's average: what several quantities come to counts as one of them.
 */
function unitsOf({ aggregation, occurred_at, period }: EntryOf<'charge'>, part: bigint): bigint {
  if (aggregation !== 'weighted_sum' || part === 0n) return part;
  const { start, end } = readPeriod(period)!;
  const left = microsOf(end) - microsOf(occurred_at as Instant);
  return divideRounded(part * (microsOf(end) - microsOf(start)), left);
}

/** Corrections of a receipt, oldest first. */
export async function correctionsOf(
  reader: Reader,
  tenant: TenantId,
  refSeq: number,
): Promise<RowOf<typeof corrections.columns>[]> {
  const rows = await reader.range(corrections, { prefix: [tenant, refSeq] });
  return rows.sort((a, b) => a.entry_seq - b.entry_seq);
}

/** What an event's quantity is in its aggregate: of a level the part of the period that it stood. */
function partOf({ aggregation, occurred_at, period }: EntryOf<'charge'>, quantity: Quantity): bigint {
  return aggregation === 'weighted_sum'
    ? weightedPart(quantity, occurred_at as Instant, readPeriod(period)!)
    : quantity;
}
