import type { AnyTable, Columns, Table } from '../ports/database.ts';

function table<const C extends Columns>(
  name: string,
  columns: C,
  key: readonly (keyof C & string)[],
  more: {
    readonly indexes?: Readonly<Record<string, readonly (keyof C & string)[]>>;
    readonly parent?: AnyTable;
    readonly expires?: keyof C & string;
    readonly scattered?: keyof C & string;
  } = {},
): Table<C> {
  const { indexes = {}, parent, expires, scattered } = more;
  return {
    name,
    columns,
    key,
    indexes,
    ...(parent === undefined ? {} : { parent: parent.name }),
    ...(expires === undefined ? {} : { expires }),
    ...(scattered === undefined ? {} : { scattered }),
  };
}

/**
 * The one catalogue of tables; every engine's schema is generated from it. Rows of a tenant lead with the tenant, so that
 * one tenant's billing touches one stretch of the key space and tenants spread over it. Times are canonical instants as
 * text: they sort as time and keep their microseconds.
 *
 * `parent` is set where rows are few and change together with others of the tenant in one commit. Rows that grow with usage
 * (dedupe, batches, pages, tree nodes, seen values) stand alone, so that no tenant's rows must fit one split.
 */

/** An organization's document, as operators loaded it. */
export const accounts = table('accounts', { tenant: 'text', document: 'text', updated_at: 'text' }, ['tenant']);

/**
 * API keys by their id; `*` stands for the platform. `previous_hash` is the secret before the last rotation, good until
 * `previous_until`; `scopes` is null where a key may do all that its role may.
 */
export const api_keys = table(
  'api_keys',
  {
    key_id: 'text',
    tenant: 'text',
    role: 'text',
    secret_hash: 'bytes',
    created_at: 'text',
    expires_at: 'text?',
    revoked_at: 'text?',
    name: 'text?',
    scopes: 'text?',
    person: 'text?',
    created_by: 'text?',
    rotated_at: 'text?',
    previous_hash: 'bytes?',
    previous_until: 'text?',
    last_used_on: 'text?',
  },
  ['key_id'],
  { indexes: { api_keys_by_tenant: ['tenant', 'key_id'] } },
);

/**
 * Data keys of organizations, each wrapped by a key outside the database (`wrapped_by` names it): what personal data is sealed with.
 * A destroyed one has no bytes left, and its version is not used again.
 */
export const data_keys = table(
  'data_keys',
  { tenant: 'text', version: 'int', wrapped: 'bytes', wrapped_by: 'text', created_at: 'text' },
  ['tenant', 'version'],
  { parent: accounts },
);

/** What organizations say of themselves, sealed under their data keys; oldest first. Documents show what was in force. */
export const billing_profiles = table(
  'billing_profiles',
  { tenant: 'text', version: 'int', since: 'text', sealed: 'bytes' },
  ['tenant', 'version'],
  { parent: accounts },
);

/**
 * Erasures that one proposed and another decided: `proposed`, `running`, `done`. What is to be erased is `sealed` and goes with it;
 * `ref_digest` stands for it in the ledger. `after` is the batch that was looked through last, `count` how many events lost something.
 */
export const erasures = table(
  'erasures',
  {
    tenant: 'text',
    erasure_id: 'text',
    state: 'text',
    scope: 'text',
    sealed: 'bytes',
    ref_digest: 'text',
    after: 'text',
    count: 'int',
    proposed_at: 'text',
    done_at: 'text?',
  },
  ['tenant', 'erasure_id'],
  { parent: accounts, indexes: { erasures_by_state: ['state', 'tenant', 'erasure_id'] } },
);

/** Who issued invoices since when, by the series of their numbers. */
export const sellers = table('sellers', { issuer: 'text', since: 'text', digest: 'text', document: 'text' }, [
  'issuer',
  'since',
]);

/** Exchange rates that the ledger has recorded: `seq` is their entry. */
export const exchange_rates = table(
  'exchange_rates',
  {
    tenant: 'text',
    rate_id: 'text',
    base_currency: 'text',
    quote_currency: 'text',
    rate: 'text',
    rate_date: 'text',
    source: 'text',
    seq: 'int',
    recorded_at: 'text',
  },
  ['tenant', 'rate_id'],
  { parent: accounts },
);

/** What was deleted because its time had come, how many per UTC day and kind; of `*` what is deleted of all organizations together. */
export const purges = table('purges', { tenant: 'text', day: 'text', kind: 'text', count: 'int' }, [
  'tenant',
  'day',
  'kind',
]);

/** Price documents by digest: immutable, kept for ever. */
export const prices = table('prices', { digest: 'text', ref: 'text', bytes: 'bytes' }, ['digest']);

/** Discounts and tax decisions by digest: immutable, kept for ever, like prices. */
export const terms = table('terms', { digest: 'text', bytes: 'bytes' }, ['digest']);

/** What is sold, for people and reports. */
export const products = table('products', { product_id: 'text', document: 'text', created_at: 'text' }, ['product_id']);

/** What is measured. */
export const metrics = table('metrics', { metric_name: 'text', document: 'text', created_at: 'text' }, ['metric_name']);

/** Versions of plans: `draft` may be replaced, `published` and `retired` never change again. */
export const plans = table(
  'plans',
  {
    plan_id: 'text',
    version: 'int',
    state: 'text',
    document: 'text',
    digest: 'text',
    proposed_by: 'text',
    proposed_at: 'text',
    decided_by: 'text?',
    decided_at: 'text?',
  },
  ['plan_id', 'version'],
);

/**
 * An organization's own price documents, by what they price and from when on: they take the place of a plan's. A proposal for the
 * next period has no instant yet.
 */
export const custom_prices = table(
  'custom_prices',
  {
    tenant: 'text',
    plan_id: 'text',
    target: 'text',
    effective_from: 'text',
    document: 'text',
    state: 'text',
    proposed_by: 'text',
    decided_by: 'text?',
    updated_at: 'text',
  },
  ['tenant', 'plan_id', 'target', 'effective_from'],
  { parent: accounts },
);

/**
 * Known idempotency keys. A row is worthless once its event's time would be refused anyway; then it may go. There is one for each event
 * of the last weeks, so its values are as short as they can be: see `known-keys.ts`.
 */
export const dedupe = table(
  'dedupe',
  {
    tenant: 'text',
    key_hash: 'bytes',
    content_hash: 'bytes',
    batch_id: 'text',
    position: 'int',
    expires_at: 'text',
  },
  ['tenant', 'key_hash'],
  { expires: 'expires_at', scattered: 'key_hash' },
);

/**
 * Idempotency keys of the API's own requests, by the hash of operation and key. `status` and `answer` are null until there is an
 * answer; `expires_at` is null where a key is kept for ever, as for everything that moves money.
 */
export const idempotency_keys = table(
  'idempotency_keys',
  {
    tenant: 'text',
    key_hash: 'bytes',
    operation: 'text',
    request_hash: 'bytes',
    nonce: 'bytes',
    owner: 'bytes',
    lease_ends_at: 'text',
    status: 'int?',
    answer: 'bytes?',
    expires_at: 'text?',
  },
  ['tenant', 'key_hash'],
  { expires: 'expires_at' },
);

/** Accepted events, unnumbered and sealed under the organization's data key. `first_seq` is set when the batch has become receipts: position i is entry first_seq + i. */
export const batches = table(
  'batches',
  { tenant: 'text', batch_id: 'text', accepted_at: 'text', count: 'int', payload: 'bytes', first_seq: 'int?' },
  ['tenant', 'batch_id'],
);

/** Batches that are not receipts yet: the rows behind the doorbell `usage-accepted`. */
export const waiting = table(
  'waiting',
  { tenant: 'text', batch_id: 'text', count: 'int', accepted_at: 'text' },
  ['tenant', 'batch_id'],
  { parent: accounts },
);

export const limit_counters = table(
  'limit_counters',
  { tenant: 'text', limit_id: 'text', period: 'text', used: 'text' },
  ['tenant', 'limit_id', 'period'],
  { parent: accounts },
);

/** That a limit was reached to 80 or 100 per cent, once per limit and period. */
export const limit_notices = table(
  'limit_notices',
  { tenant: 'text', limit_id: 'text', period: 'text', percent: 'int', at: 'text' },
  ['tenant', 'limit_id', 'period', 'percent'],
  { parent: accounts },
);

/** Batches that usage summaries do not count yet: until then whoever asks counts them from the batch itself. */
export const unrolled = table('unrolled', { tenant: 'text', batch_id: 'text', count: 'int' }, ['tenant', 'batch_id'], {
  parent: accounts,
});

/** What was used: minutes in rows of an hour, quarter hours in rows of a day; see `domain/usage/rollup.ts`. */
export const usage_rollups = table(
  'usage_rollups',
  {
    tenant: 'text',
    meter: 'text',
    subscription: 'text',
    level: 'text',
    starts_at: 'text',
    group_id: 'text',
    dimensions: 'text',
    cells: 'text',
    expires_at: 'text',
  },
  ['tenant', 'meter', 'subscription', 'level', 'starts_at', 'group_id'],
  { expires: 'expires_at' },
);

/** unique_count: in which minutes of a UTC day a value was seen, by the value's keyed hash. */
export const usage_values = table(
  'usage_values',
  {
    tenant: 'text',
    meter: 'text',
    subscription: 'text',
    day: 'text',
    group_id: 'text',
    value: 'text',
    minutes: 'bytes',
    expires_at: 'text',
  },
  ['tenant', 'meter', 'subscription', 'day', 'group_id', 'value'],
  { expires: 'expires_at' },
);

/** The key of a tenant's value hashes in `usage_values`. */
export const usage_salts = table('usage_salts', { tenant: 'text', salt: 'bytes' }, ['tenant'], { parent: accounts });

/** Where a tenant's log stands. Appending changes this row and nothing can append without it. */
export const heads = table(
  'heads',
  {
    tenant: 'text',
    size: 'int',
    root: 'text',
    last: 'text',
    peaks: 'bytes',
    recorded_at: 'text',
    blind: 'text',
  },
  ['tenant'],
  { parent: accounts },
);

/** Up to 256 consecutive entries each, compressed; the same bytes stand in mirror and vault. */
export const pages = table('pages', { tenant: 'text', first_seq: 'int', count: 'int', bytes: 'bytes' }, [
  'tenant',
  'first_seq',
]);

/**
 * Stretches [first_seq, end_seq) of logs that the vault holds as one object each. `sha256`, in hex, is the object's: what is
 * read from it years later is what was written.
 */
export const segments = table('segments', { tenant: 'text', first_seq: 'int', end_seq: 'int', sha256: 'text' }, [
  'tenant',
  'first_seq',
]);

/**
 * Entries below `before` have left the hot window: database and mirror have let their pages go, the vault has them. Of the seal
 * log, seals below it have been looked at: those that are no anchors have their heads in the vault alone.
 */
export const retirements = table('retirements', { tenant: 'text', before: 'int', retired_at: 'text' }, ['tenant']);

/** Roots of complete subtrees of 256 leaves and more, so that a proof reads no more than one such stretch of entries. */
export const tree_nodes = table('tree_nodes', { log: 'text', level: 'int', position: 'int', hash: 'bytes' }, [
  'log',
  'level',
  'position',
]);

export const aggregates = table(
  'aggregates',
  {
    tenant: 'text',
    aggregate: 'text',
    subscription: 'text',
    period: 'text',
    meter: 'text',
    price_digest: 'text',
    aggregation: 'text',
    value: 'text',
    events: 'int',
    latest_at: 'text',
    seen_size: 'int',
    seen_peaks: 'bytes',
    value_salt: 'bytes',
  },
  ['tenant', 'aggregate'],
  { parent: accounts },
);

/** unique_count: commitments of the values an aggregate has seen, numbered in the order first seen. */
export const seen_values = table(
  'seen_values',
  { tenant: 'text', aggregate: 'text', value_commit: 'text', position: 'int' },
  ['tenant', 'aggregate', 'value_commit'],
  { indexes: { seen_values_by_position: ['tenant', 'aggregate', 'position'] } },
);

/** Billing periods that are open. A closed one lives on as its invoice. */
export const open_periods = table(
  'open_periods',
  {
    tenant: 'text',
    subscription: 'text',
    period: 'text',
    currency: 'text',
    open_seq: 'int',
    last_seq: 'int',
    count: 'int',
    total: 'text',
  },
  ['tenant', 'subscription', 'period'],
  { parent: accounts },
);

/** The balance brought forward of each `open` entry, with the tree before it: where an evidence bundle can start. */
export const openings = table(
  'openings',
  { tenant: 'text', seq: 'int', carried: 'bytes', peaks: 'bytes', last: 'text' },
  ['tenant', 'seq'],
);

/** Running sums of open periods, so that closing costs the same for a thousand receipts and a million. */
export const line_sums = table(
  'line_sums',
  {
    tenant: 'text',
    subscription: 'text',
    billed_in: 'text',
    line: 'text',
    kind: 'text?',
    meter: 'text',
    period: 'text',
    tax_category: 'text?',
    quantity: 'text?',
    numerator: 'text?',
    denominator: 'text?',
    price_ref: 'text',
    price_digest: 'text',
    before: 'text',
    after: 'text',
    amount: 'text',
    base: 'text',
    count: 'int',
    first_seq: 'int',
    last_seq: 'int',
  },
  ['tenant', 'subscription', 'billed_in', 'line'],
  { parent: accounts },
);

/** Credits that were granted, and what is left of them. */
export const credit_grants = table(
  'credit_grants',
  {
    tenant: 'text',
    grant_id: 'text',
    amount: 'text',
    balance: 'text',
    cost_basis: 'text',
    currency: 'text',
    expires_at: 'text',
    priority: 'int',
    seq: 'int',
    touched_at: 'text',
  },
  ['tenant', 'grant_id'],
  { parent: accounts },
);

/** Where issued invoices stand: what is still due, credited, paid. */
export const invoice_balances = table(
  'invoice_balances',
  {
    tenant: 'text',
    number: 'text',
    subscription: 'text',
    kind: 'text',
    currency: 'text',
    issued_at: 'text',
    total: 'text',
    tax_total: 'text',
    amount_due: 'text',
    credit_total: 'text',
    credit_returned: 'text',
    credited: 'text',
    credited_tax: 'text',
    paid: 'text',
    refundable: 'text',
    refunded: 'text',
    state: 'text',
  },
  ['tenant', 'number'],
  { parent: accounts },
);

/** On how many invoices of a subscription a discount was given. */
export const discount_uses = table(
  'discount_uses',
  { tenant: 'text', subscription: 'text', digest: 'text', uses: 'int' },
  ['tenant', 'subscription', 'digest'],
  { parent: accounts },
);

/** What each recurring item of a subscription was charged last: no stretch of time is charged twice. */
export const standing_fees = table(
  'standing_fees',
  {
    tenant: 'text',
    subscription: 'text',
    item: 'text',
    kind: 'text',
    period: 'text',
    from_at: 'text',
    to_at: 'text',
    quantity: 'text',
    price_digest: 'text',
  },
  ['tenant', 'subscription', 'item'],
  { parent: accounts },
);

export const subscription_states = table(
  'subscription_states',
  { tenant: 'text', subscription: 'text', closed: 'text' },
  ['tenant', 'subscription'],
  { parent: accounts },
);

export const invoices = table(
  'invoices',
  {
    tenant: 'text',
    number: 'text',
    kind: 'text?',
    subscription: 'text',
    period: 'text',
    currency: 'text',
    total: 'text',
    state: 'text',
    issued_at: 'text',
    open_seq: 'int',
    close_seq: 'int',
    entry_seq: 'int?',
    document: 'bytes',
    bundle_name: 'text?',
    bundle_sha256: 'text?',
    bundle_bytes: 'int?',
    seal: 'int?',
  },
  ['tenant', 'number'],
);

/** Credit notes, by their number; `invoice` is what they take back. */
export const credit_notes = table(
  'credit_notes',
  {
    tenant: 'text',
    number: 'text',
    invoice: 'text',
    currency: 'text',
    total: 'text',
    issued_at: 'text',
    entry_seq: 'int',
    document: 'bytes',
  },
  ['tenant', 'number'],
  { indexes: { credit_notes_by_invoice: ['tenant', 'invoice', 'number'] } },
);

/**
 * Who did what, or was refused: rows are added and read, never changed. `*` stands for the platform. Numbered without gaps, each
 * `digest` over the row and the digest before it.
 */
export const audit_log = table(
  'audit_log',
  {
    tenant: 'text',
    seq: 'int',
    at: 'text',
    action: 'text',
    operation: 'text',
    actor_kind: 'text',
    actor: 'text',
    role: 'text',
    outcome: 'text',
    request_id: 'text',
    facts: 'text',
    digest: 'text',
    expires_at: 'text',
  },
  ['tenant', 'seq'],
  { expires: 'expires_at' },
);

/** Where each audit log stands, and how far the digests in the vault cover it. */
export const audit_heads = table(
  'audit_heads',
  { tenant: 'text', size: 'int', digest: 'text', covered: 'int', covered_digest: 'text' },
  ['tenant'],
);

/** How organizations pay: tokens of payment providers. */
export const payment_methods = table(
  'payment_methods',
  {
    tenant: 'text',
    payment_method_id: 'text',
    provider: 'text',
    type: 'text',
    token: 'text',
    display: 'text',
    mandate: 'text?',
    is_default: 'int',
    created_at: 'text',
  },
  ['tenant', 'payment_method_id'],
  { parent: accounts },
);

/**
 * What somebody proposed and somebody else decides. `payload` is all that carries it out; `state` is proposed, executed or
 * rejected, and a proposal past `expires_at` is neither decided nor carried out any more.
 */
export const approvals = table(
  'approvals',
  {
    tenant: 'text',
    approval_id: 'text',
    kind: 'text',
    subject: 'text',
    payload: 'text',
    digest: 'text',
    state: 'text',
    proposed_by: 'text',
    proposed_at: 'text',
    expires_at: 'text',
    decided_by: 'text?',
    decided_at: 'text?',
  },
  ['tenant', 'approval_id'],
  {
    indexes: {
      approvals_of_tenant: ['tenant', 'state', 'proposed_at', 'approval_id'],
      approvals_by_state: ['state', 'proposed_at', 'tenant', 'approval_id'],
    },
  },
);

/** Corrections of billed events: which entry corrects which, and by how much. */
export const corrections = table(
  'corrections',
  { tenant: 'text', ref_seq: 'int', correction_id: 'text', quantity: 'text', entry_seq: 'int' },
  ['tenant', 'ref_seq', 'correction_id'],
);

/** Payments that were recorded: each counts once towards an invoice, whatever request says it again. It may pay several. */
export const payments = table('payments', { tenant: 'text', payment_id: 'text', invoice: 'text', entry_seq: 'int' }, [
  'tenant',
  'payment_id',
  'invoice',
]);

/** Last number given, per issuer and year: numbers are gapless because they are given where the invoice is made. */
export const invoice_numbers = table('invoice_numbers', { series: 'text', last: 'int' }, ['series']);

/** Invoices whose evidence is not in the vault yet: the rows behind the doorbell `period-invoiced`. */
export const unarchived = table(
  'unarchived',
  { tenant: 'text', number: 'text', close_seq: 'int' },
  ['tenant', 'number'],
  { parent: accounts },
);

/** The seal log's own head; one row. */
export const seal_log = table(
  'seal_log',
  {
    log: 'text',
    size: 'int',
    peaks: 'bytes',
    last_anchor: 'int?',
    last_anchor_at: 'text?',
    last_seal_at: 'text',
    heads_digest: 'text',
  },
  ['log'],
);

/** One row per seal. `jws` is null between intent and signature, `published_at` until the vault has it. */
export const seals = table(
  'seals',
  {
    n: 'int',
    record: 'text',
    heads: 'bytes',
    kid: 'text',
    root: 'text',
    jws: 'text?',
    published_at: 'text?',
  },
  ['n'],
);

/** Seals that are not signed and published yet. */
export const unpublished_seals = table('unpublished_seals', { n: 'int' }, ['n']);

/** Every key that ever signed, with the seals for which it may. */
export const signing_keys = table(
  'signing_keys',
  {
    kid: 'text',
    purpose: 'text',
    modulus: 'text',
    exponent: 'text',
    first_seal: 'int',
    last_seal: 'int?',
    position: 'int',
  },
  ['kid'],
);

/** Secrets that all instances share, such as the key of list cursors. */
export const secrets = table('secrets', { name: 'text', value: 'bytes' }, ['name']);

/** The JWKS as it stood, by the digest that seals name. */
export const keysets = table('keysets', { digest: 'text', bytes: 'bytes' }, ['digest']);

/** How far reconciliation has verified a tenant's log, with all it needs to go on from there. */
export const verified = table(
  'verified',
  { tenant: 'text', size: 'int', root: 'text', last: 'text', seal: 'int', at: 'text', state: 'bytes' },
  ['tenant'],
);

/** Tenants whose billing stands still until somebody has looked. */
export const freezes = table(
  'freezes',
  { tenant: 'text', kind: 'text', seq: 'int', detail: 'text', frozen_at: 'text' },
  ['tenant'],
);

/**
 * Pushes that can never succeed, whole, until a person has looked. One row per thing said, however often it was said: `id` is
 * a digest of it. `received_at` is the first time, `body_bytes` the length of the body before it was cut.
 */
export const set_aside = table(
  'set_aside',
  {
    id: 'text',
    subscription: 'text?',
    message_id: 'text?',
    delivery_attempt: 'int?',
    received_at: 'text',
    last_at: 'text',
    times: 'int',
    code: 'text',
    detail: 'text',
    body: 'bytes',
    body_bytes: 'int',
  },
  ['id'],
);

/** Every table, in the order they are made. */
export const TABLES: readonly AnyTable[] = [
  accounts,
  api_keys,
  data_keys,
  billing_profiles,
  erasures,
  exchange_rates,
  sellers,
  purges,
  prices,
  terms,
  products,
  metrics,
  plans,
  custom_prices,
  dedupe,
  idempotency_keys,
  batches,
  waiting,
  limit_counters,
  limit_notices,
  unrolled,
  usage_rollups,
  usage_values,
  usage_salts,
  heads,
  pages,
  segments,
  retirements,
  tree_nodes,
  aggregates,
  seen_values,
  open_periods,
  openings,
  line_sums,
  credit_grants,
  invoice_balances,
  discount_uses,
  standing_fees,
  subscription_states,
  invoices,
  credit_notes,
  approvals,
  audit_log,
  audit_heads,
  payment_methods,
  corrections,
  payments,
  invoice_numbers,
  unarchived,
  seal_log,
  seals,
  unpublished_seals,
  signing_keys,
  secrets,
  keysets,
  verified,
  freezes,
  set_aside,
];
