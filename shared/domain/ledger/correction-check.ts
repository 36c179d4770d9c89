import { type Quantity, readCanonicalDecimal } from '../decimals.ts';
import type { Sequence } from '../ids.ts';
import { LedgerFault } from './faults.ts';
import type { EntryOf } from './kinds.ts';
import { readEntry } from './record.ts';
import { leafHashOfText } from './tree.ts';

type CorrectionEntry = EntryOf<'correction'>;
/** What a correction shares with the charge that it corrects. */
const SHARED = ['subscription', 'period', 'meter', 'price_digest'] as const;

/**
 * What corrections say of the charges they name. The books know only aggregates: they would let one event's correction take back
 * what other events were billed, or the same correction be made twice.
 */
export class CorrectionCheck {
  readonly #byCharge = new Map<Sequence, CorrectionEntry[]>();

  /** Notes one in its place. @throws LedgerFault where that event was corrected under this id before */
  note(entry: CorrectionEntry, seq: Sequence): void {
    const refSeq = Number(entry.ref_seq);
    const earlier = this.#byCharge.get(refSeq) ?? [];
    if (earlier.some(({ correction_id }) => correction_id === entry.correction_id)) {
      throw new LedgerFault('wrong_aggregate', seq, `entry ${refSeq} was corrected as ${entry.correction_id} before`);
    }
    this.#byCharge.set(refSeq, [...earlier, entry]);
  }

  /** Numbers of the entries that were corrected, in order. */
  get charges(): Sequence[] {
    return [...this.#byCharge.keys()].sort((a, b) => a - b);
  }

  /**
   * Holds the corrections of one charge against it: each names its very bytes and what it billed, and never do they, in their
   * order, take back more than it counted. A level is counted by the time it stood: of that the aggregate alone tells.
   * @param text of the entry with that number
   * @throws LedgerFault at the first correction that is not one of it
   */
  hold(refSeq: Sequence, text: string): void {
    const corrections = this.#byCharge.get(refSeq) ?? [];
    const hash = leafHashOfText(text).toString('base64url');
    const charge = readEntry(text);
    let left: bigint | undefined;
    for (const entry of corrections) {
      const refuse = (detail: string): never => {
        throw new LedgerFault('wrong_aggregate', Number(entry.seq), detail);
      };
      if (charge.typ !== 'charge') return refuse(`entry ${refSeq} is a ${charge.typ}, and only a charge is corrected`);
      if (entry.ref_hash !== hash) refuse(`entry ${refSeq} is another than the one it corrects`);
      const other = SHARED.find((field) => entry[field] !== charge[field]);
      if (other !== undefined) refuse(`entry ${refSeq} is of another ${other}`);
      if (charge.aggregation === 'weighted_sum') continue;
      left = (left ?? quantityOf(charge)) + quantityOf(entry);
      if (left < 0n) refuse(`entry ${refSeq} is corrected to less than nothing`);
    }
  }
}

const quantityOf = ({ quantity }: { readonly quantity: string }): bigint =>
  readCanonicalDecimal(quantity, 12) as Quantity;
