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

/** What bills a subscription: the period it is billed in and the money, exact. */
const BILLED = { amount: 'amount', billed_in: 'period', currency: 'currency', subscription: 'name' } as const;
const PRICED = { meter: 'name', period: 'period', price_digest: 'hash', price_ref: 'price_ref' } as const;
/** The part [from, to) of `period` that is billed, as a fraction; `zone` tells where its days begin. */
const SHARE = {
  denominator: 'positive',
  from: 'instant',
  numerator: 'count',
  proration: 'name',
  to: 'instant',
  zone: 'text',
} as const;
/** What an invoice reckons over its rounded lines, in minor units. */
const RECKONED = { amount: 'minor', billed_in: 'period', currency: 'currency', subscription: 'name' } as const;
/** What moves the balance of an invoice, in minor units. */
const SETTLING = { amount: 'minor', currency: 'currency', number: 'text' } as const;

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
    aggregate_after: 'delta',
    aggregate_before: 'delta',
    aggregation: 'aggregation',
    event_commit: 'hash',
    event_id: 'hash',
    events_before: 'count',
    occurred_at: 'instant',
    quantity: 'delta',
    rater: 'text',
    value_commit: 'hash?',
  },
  fee: { ...COMMON, ...BILLED, ...PRICED, ...SHARE, fee: 'name', quantity: 'quantity' },
  true_up: { ...COMMON, ...BILLED, ...PRICED, ...SHARE, billed: 'amount', commitment: 'amount' },
  adjustment: { ...COMMON, ...BILLED, adjustment_id: 'name', reason: 'name', tax_category: 'name' },
  correction: {
    ...COMMON,
    ...BILLED,
    ...PRICED,
    aggregate_after: 'delta',
    aggregate_before: 'delta',
    correction_id: 'name',
    quantity: 'delta',
    reason: 'name',
    ref_hash: 'hash',
    ref_seq: 'count',
  },
  close: {
    ...COMMON,
    count: 'count',
    currency: 'currency',
    first_seq: 'count',
    last_seq: 'count',
    period: 'period',
    subscription: 'name',
    total: 'amount',
    until: 'instant',
  },
  discount: { ...COMMON, ...RECKONED, base: 'minor', discount_digest: 'hash', discount_id: 'name', nth: 'positive' },
  tax: {
    ...COMMON,
    ...RECKONED,
    base: 'minor',
    behavior: 'name',
    decision: 'hash',
    jurisdiction: 'name',
    rate: 'quantity',
    treatment: 'name',
  },
  credit_use: { ...COMMON, ...SETTLING, grant_id: 'name' },
  invoice: {
    ...COMMON,
    amount_due: 'minor',
    close_seq: 'count?',
    credit_total: 'minor',
    currency: 'currency',
    discount_total: 'minor',
    invoice_digest: 'hash',
    kind: 'name',
    number: 'text',
    period: 'period',
    subscription: 'name',
    subtotal: 'minor',
    tax_total: 'minor',
    total: 'minor',
  },
  credit_grant: {
    ...COMMON,
    amount: 'minor',
    cost_basis: 'minor',
    currency: 'currency',
    expires_at: 'instant?',
    grant_id: 'name',
    priority: 'count',
    reason: 'name',
  },
  credit_expiry: { ...COMMON, amount: 'minor', currency: 'currency', grant_id: 'name', reason: 'name' },
  credit_return: { ...COMMON, ...SETTLING, grant_id: 'name' },
  credit_note: {
    ...COMMON,
    ...SETTLING,
    credit_note: 'text',
    note_digest: 'hash',
    reason: 'name',
    refundable: 'minor',
    tax_total: 'minor',
  },
  void: { ...COMMON, ...SETTLING, reason: 'name' },
  write_off: { ...COMMON, ...SETTLING, reason: 'name' },
  payment: { ...COMMON, ...SETTLING, payment_id: 'name' },
  refund: { ...COMMON, ...SETTLING, payment_id: 'name', refund_id: 'name' },
  chargeback: { ...COMMON, ...SETTLING, chargeback_id: 'name', payment_id: 'name' },
  exchange_rate: {
    ...COMMON,
    base_currency: 'currency',
    quote_currency: 'currency',
    rate: 'quantity',
    rate_date: 'name',
    rate_id: 'name',
    source: 'name',
  },
  erasure: { ...COMMON, count: 'count', erasure_id: 'name', ref_digest: 'hash' },
} as const satisfies Record<string, Record<string, Form>>;

export type EntryKind = keyof typeof ENTRY_KINDS;

/** Kinds that this version writes; the others have their field sets fixed, and a verifier refuses them. */
export const RESERVED_KINDS: readonly EntryKind[] = ['chargeback'];

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
