import type { Sequence } from '../ids.ts';

/** What can be wrong with a stretch of ledger or with what is shown of it. */
export type FaultKind =
  | 'unreadable' // no canonical entry of a known kind
  | 'reserved_kind' // a kind whose amount no rule of this version gives
  | 'foreign_ledger' // an entry of another ledger
  | 'foreign_tenant' // an entry of another tenant
  | 'gap' // a sequence number is missing, doubled or out of order
  | 'altered' // an entry's bytes are not the ones its successor or the head names
  | 'clock_back' // recorded earlier than the entry before
  | 'duplicate_event' // one usage event billed twice
  | 'wrong_period' // billed outside the period it belongs to, or in one that is not open
  | 'wrong_aggregate' // the meter's aggregate before or after is not what the entries add up to
  | 'unknown_price' // the price version it names is not at hand, or its digest is another's
  | 'unknown_terms' // the discount or tax decision it names is not at hand
  | 'misrated' // the amount is not what the price version gives
  | 'wrong_sum' // a closing or carried sum is not the sum of its entries
  | 'wrong_fee' // a fee is charged twice, or something is given back that was not charged
  | 'wrong_balance' // a credit or an invoice moves as its balance does not allow
  | 'wrong_invoice' // the invoice is not the fold of its period
  | 'wrong_head' // size, root or last entry differ from the signed head
  | 'wrong_anchor' // the log did not pass through a head that an earlier seal signed
  | 'wrong_tree' // a stored subtree, of which proofs are made, is not what its entries hash to
  | 'missing_page' // neither the database nor, for old entries, the vault has a page where one must be
  | 'copy_differs' // mirror or vault hold other bytes than the database
  | 'wrong_seal'; // a seal record, its proof or its signature does not hold

/** A broken promise of the ledger, at the first entry where it shows. */
export class LedgerFault extends Error {
  readonly kind: FaultKind;
  readonly seq: Sequence;

  constructor(kind: FaultKind, seq: Sequence, detail: string) {
    super(detail);
    this.name = 'LedgerFault';
    this.kind = kind;
    this.seq = seq;
  }
}
