import type { Form } from './forms.ts';

/** Fields that every ledger entry has, whatever its kind. */
const COMMON = {
  blind: 'blind',
  ledger: 'origin',
  prev: 'hash',
  recorded_at: 'instant',
  seq: 'count',
  tenant: 'tenant',
  typ: 'name',
  v: 'version',
} as const satisfies Record<string, Form>;

/** What bills a subscription: the period it is billed in and the money. */
const BILLED = { amount: 'amount', billed_in: 'period', currency: 'currency', subscription: 'name' } as const;
const PRICED = { meter: 'name', period: 'period', price_digest: 'hash', price_ref: 'price_ref' } as const;
const SHARE = { denominator: 'positive', numerator: 'count' } as const;

/**
 * The one table of ledger entry kinds: `typ` and the exact set of fields, each with its form. Closed: an unknown kind, a
 * missing field or one too many makes an entry unreadable. `docs/receipt-format.md` prints this table; a test keeps the
 * two equal.
 */
export const ENTRY_KINDS = {
  genesis: { ...COMMON },
  open: { ...COMMON, carried: 'hash', currency: 'currency', period: 'period', subscription: 'name' },
  charge: {
    ...COMMON,
    ...BILLED,
    ...PRICED,
    aggregate_after: 'quantity',
    aggregate_before: 'quantity',
    aggregation: 'aggregation',
    event_commit: 'hash',
    event_id: 'hash',
    events_before: 'count',
    occurred_at: 'instant',
    quantity: 'quantity',
    rater: 'text',
    value_commit: 'hash?',
  },
  fee: { ...COMMON, ...BILLED, ...PRICED, ...SHARE, fee: 'name' },
  close: {
    ...COMMON,
    count: 'count',
    currency: 'currency',
    first_seq: 'count',
    last_seq: 'count',
    period: 'period',
    subscription: 'name',
    total: 'amount',
  },
  invoice: {
    ...COMMON,
    close_seq: 'count',
    currency: 'currency',
    discount_total: 'minor',
    invoice_digest: 'hash',
    number: 'text',
    period: 'period',
    subscription: 'name',
    subtotal: 'minor',
    tax_total: 'minor',
    total: 'minor',
  },
  true_up: { ...COMMON, ...BILLED, ...PRICED, ...SHARE, billed: 'amount', commitment: 'amount' },
  discount: { ...COMMON, ...BILLED, base: 'amount', discount_id: 'name', rate: 'quantity' },
  credit_grant: {
    ...COMMON,
    amount: 'amount',
    cost_basis: 'amount',
    currency: 'currency',
    expires_at: 'instant',
    grant_id: 'name',
    priority: 'count',
  },
  credit_use: { ...COMMON, amount: 'amount', currency: 'currency', grant_id: 'name', number: 'text' },
  tax: { ...COMMON, ...BILLED, base: 'amount', jurisdiction: 'name', rate: 'quantity', rate_digest: 'hash' },
  payment: { ...COMMON, amount: 'minor', currency: 'currency', number: 'text', payment_id: 'name' },
  refund: { ...COMMON, amount: 'minor', currency: 'currency', number: 'text', payment_id: 'name', refund_id: 'name' },
  chargeback: {
    ...COMMON,
    amount: 'minor',
    chargeback_id: 'name',
    currency: 'currency',
    number: 'text',
    payment_id: 'name',
  },
  correction: { ...COMMON, ...BILLED, correction_id: 'name', reason: 'name', ref_hash: 'hash', ref_seq: 'count' },
  rerate: {
    ...COMMON,
    ...BILLED,
    count: 'count',
    first_seq: 'count',
    last_seq: 'count',
    meter: 'name',
    new_price_digest: 'hash',
    old_price_digest: 'hash',
    rerate_id: 'name',
  },
  erasure: { ...COMMON, count: 'count', erasure_id: 'name', ref_digest: 'hash' },
} as const satisfies Record<string, Record<string, Form>>;

export type EntryKind = keyof typeof ENTRY_KINDS;

/**
 * Kinds that this version writes and whose rules a verifier of version 1 checks. The others have their field sets fixed,
 * but no rule that gives their amount: a verifier that meets one refuses it rather than wave money through.
 */
export const ISSUED_KINDS = ['genesis', 'open', 'charge', 'fee', 'close', 'invoice'] as const satisfies EntryKind[];

/** Leaf of a seal's heads tree: where one tenant's log stood. `tenant` is blinded, see `seal.ts`. */
export const HEAD_FIELDS = {
  last: 'hash',
  root: 'hash',
  size: 'count',
  tenant: 'hash',
  typ: 'name',
  v: 'version',
} as const satisfies Record<string, Form>;

/** Leaf of the seal log. */
export const SEAL_FIELDS = {
  at: 'instant',
  heads_count: 'count',
  heads_root: 'hash',
  keyset: 'hash',
  ledger: 'origin',
  n: 'count',
  previous_anchor: 'count?',
  receipts_total: 'count',
  typ: 'name',
  v: 'version',
} as const satisfies Record<string, Form>;

export type Fields<F extends Record<string, Form>> = { readonly [K in keyof F]: string };
export type EntryOf<K extends EntryKind> = Fields<(typeof ENTRY_KINDS)[K]> & { readonly typ: K };
/** Any entry, told apart by `typ`. */
export type Entry = { [K in EntryKind]: EntryOf<K> }[EntryKind];
export type HeadLine = Fields<typeof HEAD_FIELDS> & { readonly typ: 'head' };
export type SealRecord = Fields<typeof SEAL_FIELDS> & { readonly typ: 'seal' };
