// Written by `npm run build:client` from the OpenAPI document.

export type Adjustment = {
  /** made up unless given */
  readonly adjustment_id?: string;
  readonly subscription_id: string;
  /** main units, below zero in the customer’s favour; a line of the next invoice */
  readonly amount: string;
  /** a short code, no text: it stands in the ledger */
  readonly reason: string;
  readonly tax_category?: string;
  /** of the amount, where it is not the organization’s */
  readonly currency?: string;
  /** the recorded exchange rate that it is converted by */
  readonly rate_id?: string;
};

export type AdjustmentEntry = {
  readonly adjustment_id: string;
  readonly seq: number;
  /** in the organization’s currency */
  readonly amount: string;
};

export type ApiKey = {
  readonly key_id: string;
  /** null for a role of the platform */
  readonly organization_id: string | null;
  readonly role: 'tenant_viewer' | 'tenant_admin' | 'billing_operator' | 'approver' | 'compliance' | 'platform_admin';
  /** what it may do */
  readonly scopes: readonly ('usage:write' | 'usage:read' | 'billing:read' | 'evidence:read' | 'catalogue:read' | 'catalogue:write' | 'catalogue:approve' | 'subscriptions:write' | 'profile:write' | 'payment_methods:write' | 'invoices:write' | 'credits:write' | 'writeoffs:propose' | 'approvals:read' | 'approvals:decide' | 'privacy:write' | 'organizations:read' | 'organizations:write' | 'keys:write' | 'audit:read')[];
  readonly name: string | null;
  readonly state: 'active' | 'expired' | 'revoked';
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly rotated_at: string | null;
  /** until then the secret before the rotation is good, too */
  readonly previous_secret_until: string | null;
  readonly revoked_at: string | null;
  /** a day in UTC */
  readonly last_used_on: string | null;
};

export type ApiKeyList = {
  readonly data: readonly ApiKey[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type ApiKeyRequest = {
  readonly role: 'tenant_viewer' | 'tenant_admin' | 'billing_operator' | 'approver' | 'compliance' | 'platform_admin';
  /** fewer than the role has; all of them unless given */
  readonly scopes?: readonly ('usage:write' | 'usage:read' | 'billing:read' | 'evidence:read' | 'catalogue:read' | 'catalogue:write' | 'catalogue:approve' | 'subscriptions:write' | 'profile:write' | 'payment_methods:write' | 'invoices:write' | 'credits:write' | 'writeoffs:propose' | 'approvals:read' | 'approvals:decide' | 'privacy:write' | 'organizations:read' | 'organizations:write' | 'keys:write' | 'audit:read')[];
  /** what it is for, e.g. `ci.deploy`; no names of people */
  readonly name?: string;
  /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
  readonly expires_at?: string;
  /** subject (`sub`) of whoever holds it, as the identity provider’s tokens name them; kept as a pseudonym. Whoever makes it with a token holds it, unless said */
  readonly person?: string;
};

export type ApiKeyRotation = {
  readonly overlap_hours?: number;
};

export type ApiKeySecret = {
  readonly key_id: string;
  /** null for a role of the platform */
  readonly organization_id: string | null;
  readonly role: 'tenant_viewer' | 'tenant_admin' | 'billing_operator' | 'approver' | 'compliance' | 'platform_admin';
  /** what it may do */
  readonly scopes: readonly ('usage:write' | 'usage:read' | 'billing:read' | 'evidence:read' | 'catalogue:read' | 'catalogue:write' | 'catalogue:approve' | 'subscriptions:write' | 'profile:write' | 'payment_methods:write' | 'invoices:write' | 'credits:write' | 'writeoffs:propose' | 'approvals:read' | 'approvals:decide' | 'privacy:write' | 'organizations:read' | 'organizations:write' | 'keys:write' | 'audit:read')[];
  readonly name: string | null;
  readonly state: 'active' | 'expired' | 'revoked';
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly rotated_at: string | null;
  /** until then the secret before the rotation is good, too */
  readonly previous_secret_until: string | null;
  readonly revoked_at: string | null;
  /** a day in UTC */
  readonly last_used_on: string | null;
  /** the key itself, shown now and never again */
  readonly key: string;
};

export type Approval = {
  readonly approval_id: string;
  /** an organization: opaque, never a name */
  readonly organization_id: string;
  readonly kind: 'credit.grant' | 'adjustment.make' | 'credit_note.refund' | 'invoice.write_off' | 'erasure.carry_out';
  /** what it is about: a credit, an invoice’s number, … */
  readonly subject: string;
  readonly state: 'proposed' | 'executed' | 'rejected' | 'expired';
  /** what will be done */
  readonly payload: Readonly<Record<string, unknown>>;
  /** of all this: whoever decides may say what was read */
  readonly digest: string;
  /** a key, or a person under a pseudonym */
  readonly proposed_by: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly proposed_at: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly expires_at: string;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
};

export type ApprovalList = {
  readonly data: readonly Approval[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type AuditEntry = {
  /** its place in this log, from 0 and without gaps */
  readonly seq: number;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly at: string;
  readonly organization_id: string | null;
  readonly action: string;
  readonly operation: string;
  readonly actor: {
    readonly kind: 'key' | 'jwt';
    /** the key, or the person under a pseudonym */
    readonly id: string;
    readonly role: string;
  };
  /** `refused`: the actor may not do it */
  readonly outcome: 'done' | 'refused';
  readonly request_id: string;
  /** ids and amounts, never personal data; the code of a refusal */
  readonly facts: Readonly<Record<string, string>>;
  /** over the entry and the digest before it */
  readonly digest: string;
};

export type AuditLog = {
  readonly data: readonly AuditEntry[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

/** kept encrypted under the organization’s own key */
export type BillingProfile = {
  readonly legal_name: string;
  readonly customer_type: 'business' | 'consumer';
  readonly address: {
    readonly line1: string;
    readonly line2?: string;
    readonly postal_code: string;
    readonly city: string;
    /** second part of ISO 3166-2 */
    readonly subdivision?: string;
    /** ISO 3166-1 alpha-2 */
    readonly country: string;
  };
  readonly tax_ids?: readonly {
    readonly type: 'eu_vat' | 'gb_vat' | 'ch_vat' | 'no_vat' | 'au_abn' | 'nz_gst' | 'sg_gst' | 'in_gst' | 'ca_bn' | 'us_ein';
    readonly value: string;
  }[];
  readonly exemptions?: readonly {
    readonly jurisdiction: string;
    readonly certificate: string;
    /** RFC 3339 */
    readonly from: string;
    /** RFC 3339 */
    readonly to?: string;
  }[];
  /** inclusive: prices contain the tax */
  readonly tax_behavior?: 'exclusive' | 'inclusive';
  readonly email?: string;
  /** BCP 47 */
  readonly locale?: string;
  readonly payment_terms_days?: number;
  readonly buyer_reference?: string;
};

export type Checkpoint = {
  /** origin of the ledger */
  readonly ledger: string;
  /** canonical bytes of the seal record */
  readonly record: string;
  /** JWS */
  readonly checkpoint: string;
};

export type Correction = {
  readonly correction_id: string;
  readonly receipt_seq: number;
  readonly seq: number;
};

export type CorrectionRequest = {
  /** of the event that was billed */
  readonly receipt_id: string;
  /** what it should have been; 0 takes it back */
  readonly quantity: string;
  /** made up unless given */
  readonly correction_id?: string;
  /** a short code: it stands in the ledger */
  readonly reason?: string;
};

export type Credit = {
  readonly credit_id: string;
  readonly amount: Money;
  readonly balance: Money;
  readonly cost_basis: Money;
  /** the lower, the sooner it is used */
  readonly priority: number;
  readonly expires_at: string | null;
  /** the ledger entry that granted it */
  readonly granted_seq: number;
};

export type CreditList = {
  readonly data: readonly Credit[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type CreditNote = {
  /** e.g. INV-2026-000001 */
  readonly number: string;
  /** e.g. INV-2026-000001 */
  readonly invoice_number: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly issued_at: string;
  /** a short code, no text: it stands in the ledger */
  readonly reason: string;
  readonly subtotal: Money;
  readonly tax_total: Money;
  readonly total: Money;
  /** the part that had been paid; known to the answer that issues it */
  readonly refundable: Money | null;
  readonly document: Readonly<Record<string, unknown>>;
};

export type CreditNoteList = {
  readonly data: readonly CreditNote[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type CreditNoteRequest = {
  /** e.g. INV-2026-000001 */
  readonly invoice_number: string;
  /** minor units with tax; all that is left unless amount or lines are given */
  readonly amount?: string;
  readonly lines?: readonly {
    /** place among the invoice’s lines, from 0 */
    readonly line: number;
    /** net minor units; what is left of the line unless given */
    readonly amount?: string;
  }[];
  /** a short code, no text: it stands in the ledger */
  readonly reason?: string;
  /** where money goes that was paid already: back by the provider, to a credit, or nowhere yet (unless said) */
  readonly refundable?: 'refund' | 'credit' | 'none';
};

export type CreditRequest = {
  /** made up unless given */
  readonly credit_id?: string;
  /** minor units, above zero */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  /** what the customer paid for it; 0 unless given */
  readonly cost_basis?: string;
  readonly priority?: number;
  /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
  readonly expires_at?: string;
  /** a short code, no text: it stands in the ledger */
  readonly reason?: string;
};

export type CustomPrice = {
  readonly plan_id: string;
  /** what it prices: a metric, or `fee.` and an item */
  readonly target: string;
  /** null while proposed for the next period */
  readonly effective_from: string | null;
  readonly state: 'proposed' | 'approved';
  /** as receipts name it */
  readonly digest: string;
  /** an object */
  readonly document: {
    /** 1 to 64 characters from "a-z", "0-9", "_", "." and "-", starting with a letter or digit */
    readonly price_id: string;
    /** a whole number as a string of up to 15 digits, from "1" */
    readonly version: string;
    /** the three capital letters of an ISO 4217 code */
    readonly currency: string;
    /** a tax category, 1 to 32 characters from "a-z", "0-9", "_" and "-" */
    readonly tax_category?: string;
    /** an object */
    readonly model: unknown;
  };
};

export type CustomPriceList = {
  readonly data: readonly CustomPrice[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type DataKey = {
  readonly version: number;
  /** the wrapping key; null once destroyed */
  readonly wrapped_by: string | null;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly created_at: string;
};

export type DataKeyList = {
  readonly data: readonly DataKey[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type Decision = {
  /** of what was read: refused where it has been replaced since */
  readonly digest?: string;
};

export type DeferredRevenue = {
  /** IANA zone of the months */
  readonly zone: string;
  /** the last ledger entry that is counted */
  readonly as_of_seq: number | null;
  /** by currency, then by month */
  readonly data: readonly {
    /** a calendar month of the organization’s zone, e.g. 2026-03 */
    readonly month: string;
    readonly opening: Money;
    readonly billed: Money;
    readonly billed_before: Money;
    readonly reversed: Money;
    readonly recognised: Money;
    readonly closing: Money;
    /** earned and not billed yet; closing = opening + accrued - billed_before */
    readonly contract_asset: {
      readonly opening: Money;
      readonly accrued: Money;
      readonly closing: Money;
    };
    readonly revenue: Money;
  }[];
};

export type DeterminedTax = {
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly at: string;
  readonly decision: {
    /** inclusive: prices contain the tax */
    readonly behavior: 'exclusive' | 'inclusive';
    readonly rates: readonly {
      /** tax category of the lines it is on */
      readonly category: string;
      /** who levies it: eu-de */
      readonly jurisdiction: string;
      /** a fraction as a decimal string: "0.19" is 19 % */
      readonly rate: string;
      /** taxed, reverse_charge, exempt */
      readonly treatment: string;
    }[];
  };
  readonly reasons: readonly {
    readonly jurisdiction: string;
    readonly treatment: 'taxed' | 'reverse_charge' | 'zero_rated' | 'exempt' | 'outside_scope' | 'not_registered';
    /** the law it follows from */
    readonly rule: string;
  }[];
};

export type Discount = {
  /** the discount’s or coupon’s name */
  readonly discount_id: string;
  /** a fraction as a decimal string: "0.1" takes 10 % */
  readonly percent?: string;
  /** minor units; instead of percent */
  readonly amount?: string;
  /** of the amount */
  readonly currency?: string;
  /** empty: the whole invoice */
  readonly covers?: readonly string[];
  readonly duration?: 'once' | 'repeating' | 'forever';
  /** of a repeating one: on how many invoices */
  readonly periods?: number;
};

export type Entitlement = {
  readonly subscription_id: string;
  readonly state: 'scheduled' | 'trialing' | 'active' | 'past_due' | 'suspended' | 'paused' | 'canceled';
  readonly plan_id: string | null;
  readonly plan_version: number | null;
  readonly addons: readonly string[];
  readonly in_trial: boolean;
  readonly trial_ends_at: string | null;
  /** of plan and add-ons, with what was decided beside them */
  readonly features: Readonly<Record<string, boolean | string>>;
  readonly limits: readonly LimitInForce[];
};

export type EntitlementCheck = {
  readonly metric_name: string;
  /** events where the metric counts, the quantity otherwise; 1 unless said */
  readonly quantity?: string;
  /** may be absent where the organization has one subscription */
  readonly subscription_id?: string;
  /** needed where a price matrix may have no cell for the event */
  readonly properties?: Readonly<Record<string, string>>;
};

export type EntitlementVerdict = {
  readonly allowed: boolean;
  /** the code that the event would be refused with */
  readonly reason: ('malformed_json' | 'duplicate_key' | 'duplicate_header' | 'invalid_target' | 'invalid_path' | 'invalid_encoding' | 'invalid_cursor' | 'invalid_parameter' | 'nesting_too_deep' | 'too_many_items' | 'window_too_large' | 'validation_failed' | 'unknown_field' | 'idempotency_key_required' | 'idempotency_key_invalid' | 'missing_credentials' | 'invalid_credentials' | 'insufficient_scope' | 'not_found' | 'method_not_allowed' | 'not_acceptable' | 'body_too_large' | 'wrong_region' | 'unsupported_content_encoding' | 'unsupported_media_type' | 'invalid_quantity' | 'invalid_timestamp' | 'timestamp_out_of_window' | 'invalid_idempotency_key' | 'invalid_property' | 'organization_mismatch' | 'unknown_metric' | 'unknown_subscription' | 'subscription_not_started' | 'subscription_ended' | 'subscription_paused' | 'no_price_cell' | 'idempotency_conflict' | 'idempotency_in_progress' | 'quota_exceeded' | 'invalid_catalogue' | 'invalid_discount' | 'invalid_transition' | 'credit_exceeds_invoice' | 'money_refused' | 'billing_frozen' | 'already_exists' | 'card_data_refused' | 'proposer_cannot_approve' | 'interval_differs' | 'nothing_to_invoice' | 'nothing_to_correct' | 'correction_unsupported' | 'invalid_price' | 'invalid_instant' | 'invalid_id' | 'invalid_currency' | 'invalid_tax_id' | 'seller_unknown' | 'buyer_unknown' | 'invalid_amount' | 'currency_mismatch' | 'rate_limited' | 'internal' | 'temporarily_unavailable') | null;
  readonly detail: string | null;
  /** until the first limit that blocks; null where none does */
  readonly remaining: string | null;
  readonly limits: readonly LimitInForce[];
};

export type Entitlements = {
  /** an organization: opaque, never a name */
  readonly organization_id: string;
  /** when this held */
  readonly at: string;
  readonly data: readonly Entitlement[];
};

export type Entry = EntryAdjustment | EntryCharge | EntryChargeback | EntryClose | EntryCorrection | EntryCreditExpiry | EntryCreditGrant | EntryCreditNote | EntryCreditReturn | EntryCreditUse | EntryDiscount | EntryErasure | EntryExchangeRate | EntryFee | EntryGenesis | EntryInvoice | EntryOpen | EntryPayment | EntryRefund | EntryTax | EntryTrueUp | EntryVoid | EntryWriteOff;

export type EntryAdjustment = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'adjustment';
  readonly v: '1';
  /** exact, in the currency’s main unit */
  readonly amount: string;
  /** start and end of a period, half-open */
  readonly billed_in: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly subscription: string;
  readonly adjustment_id: string;
  readonly reason: string;
  readonly tax_category: string;
};

export type EntryCharge = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'charge';
  readonly v: '1';
  /** exact, in the currency’s main unit */
  readonly amount: string;
  /** start and end of a period, half-open */
  readonly billed_in: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly subscription: string;
  readonly meter: string;
  /** start and end of a period, half-open */
  readonly period: string;
  /** 32 bytes in base64url without padding */
  readonly price_digest: string;
  /** name and version of the price */
  readonly price_ref: string;
  readonly aggregate_after: string;
  readonly aggregate_before: string;
  readonly aggregation: 'count' | 'last' | 'max' | 'sum' | 'unique_count' | 'weighted_sum';
  /** 32 bytes in base64url without padding */
  readonly event_commit: string;
  /** 32 bytes in base64url without padding */
  readonly event_id: string;
  /** a whole number as text */
  readonly events_before: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly occurred_at: string;
  readonly quantity: string;
  readonly rater: string;
  /** 32 bytes in base64url, or empty */
  readonly value_commit: string;
};

export type EntryChargeback = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'chargeback';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly number: string;
  readonly chargeback_id: string;
  readonly payment_id: string;
};

export type EntryClose = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'close';
  readonly v: '1';
  /** a whole number as text */
  readonly count: string;
  /** ISO 4217 */
  readonly currency: string;
  /** a whole number as text */
  readonly first_seq: string;
  /** a whole number as text */
  readonly last_seq: string;
  /** start and end of a period, half-open */
  readonly period: string;
  readonly subscription: string;
  /** exact, in the currency’s main unit */
  readonly total: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly until: string;
};

export type EntryCorrection = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'correction';
  readonly v: '1';
  /** exact, in the currency’s main unit */
  readonly amount: string;
  /** start and end of a period, half-open */
  readonly billed_in: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly subscription: string;
  readonly meter: string;
  /** start and end of a period, half-open */
  readonly period: string;
  /** 32 bytes in base64url without padding */
  readonly price_digest: string;
  /** name and version of the price */
  readonly price_ref: string;
  readonly aggregate_after: string;
  readonly aggregate_before: string;
  readonly correction_id: string;
  readonly quantity: string;
  readonly reason: string;
  /** 32 bytes in base64url without padding */
  readonly ref_hash: string;
  /** a whole number as text */
  readonly ref_seq: string;
};

export type EntryCreditExpiry = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'credit_expiry';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly grant_id: string;
  readonly reason: string;
};

export type EntryCreditGrant = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'credit_grant';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly cost_basis: string;
  /** ISO 4217 */
  readonly currency: string;
  /** an instant, or empty */
  readonly expires_at: string;
  readonly grant_id: string;
  /** a whole number as text */
  readonly priority: string;
  readonly reason: string;
};

export type EntryCreditNote = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'credit_note';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly number: string;
  readonly credit_note: string;
  /** 32 bytes in base64url without padding */
  readonly note_digest: string;
  readonly reason: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly refundable: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly tax_total: string;
};

export type EntryCreditReturn = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'credit_return';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly number: string;
  readonly grant_id: string;
};

export type EntryCreditUse = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'credit_use';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly number: string;
  readonly grant_id: string;
};

export type EntryDiscount = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'discount';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** start and end of a period, half-open */
  readonly billed_in: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly subscription: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly base: string;
  /** 32 bytes in base64url without padding */
  readonly discount_digest: string;
  readonly discount_id: string;
  readonly nth: string;
};

export type EntryErasure = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'erasure';
  readonly v: '1';
  /** a whole number as text */
  readonly count: string;
  readonly erasure_id: string;
  /** 32 bytes in base64url without padding */
  readonly ref_digest: string;
};

export type EntryExchangeRate = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'exchange_rate';
  readonly v: '1';
  /** ISO 4217 */
  readonly base_currency: string;
  /** ISO 4217 */
  readonly quote_currency: string;
  readonly rate: string;
  readonly rate_date: string;
  readonly rate_id: string;
  readonly source: string;
};

export type EntryFee = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'fee';
  readonly v: '1';
  /** exact, in the currency’s main unit */
  readonly amount: string;
  /** start and end of a period, half-open */
  readonly billed_in: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly subscription: string;
  readonly meter: string;
  /** start and end of a period, half-open */
  readonly period: string;
  /** 32 bytes in base64url without padding */
  readonly price_digest: string;
  /** name and version of the price */
  readonly price_ref: string;
  readonly denominator: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly from: string;
  /** a whole number as text */
  readonly numerator: string;
  readonly proration: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly to: string;
  readonly zone: string;
  readonly fee: string;
  readonly quantity: string;
};

export type EntryGenesis = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'genesis';
  readonly v: '1';
};

export type EntryInvoice = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'invoice';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount_due: string;
  /** a whole number as text, or empty */
  readonly close_seq: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly credit_total: string;
  /** ISO 4217 */
  readonly currency: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly discount_total: string;
  /** 32 bytes in base64url without padding */
  readonly invoice_digest: string;
  readonly kind: string;
  readonly number: string;
  /** start and end of a period, half-open */
  readonly period: string;
  readonly subscription: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly subtotal: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly tax_total: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly total: string;
};

export type EntryOpen = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'open';
  readonly v: '1';
  /** 32 bytes in base64url without padding */
  readonly carried: string;
  /** ISO 4217 */
  readonly currency: string;
  /** start and end of a period, half-open */
  readonly period: string;
  readonly subscription: string;
};

export type EntryPayment = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'payment';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly number: string;
  readonly payment_id: string;
};

export type EntryRefund = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'refund';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly number: string;
  readonly payment_id: string;
  readonly refund_id: string;
};

export type EntryTax = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'tax';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** start and end of a period, half-open */
  readonly billed_in: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly subscription: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly base: string;
  readonly behavior: string;
  /** 32 bytes in base64url without padding */
  readonly decision: string;
  readonly jurisdiction: string;
  readonly rate: string;
  readonly treatment: string;
};

export type EntryTrueUp = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'true_up';
  readonly v: '1';
  /** exact, in the currency’s main unit */
  readonly amount: string;
  /** start and end of a period, half-open */
  readonly billed_in: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly subscription: string;
  readonly meter: string;
  /** start and end of a period, half-open */
  readonly period: string;
  /** 32 bytes in base64url without padding */
  readonly price_digest: string;
  /** name and version of the price */
  readonly price_ref: string;
  readonly denominator: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly from: string;
  /** a whole number as text */
  readonly numerator: string;
  readonly proration: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly to: string;
  readonly zone: string;
  /** exact, in the currency’s main unit */
  readonly billed: string;
  /** exact, in the currency’s main unit */
  readonly commitment: string;
};

export type EntryVoid = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'void';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly number: string;
  readonly reason: string;
};

export type EntryWriteOff = {
  /** 16 bytes in base64url */
  readonly blind: string;
  /** origin of the ledger */
  readonly ledger: string;
  /** 32 bytes in base64url without padding */
  readonly prev: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** a whole number as text */
  readonly seq: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly typ: 'write_off';
  readonly v: '1';
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly number: string;
  readonly reason: string;
};

export type Erasure = {
  readonly erasure_id: string;
  readonly scope: 'events' | 'organization';
  readonly state: 'proposed' | 'running' | 'done';
  /** stands for the person in the ledger; its salt is gone when it is done */
  readonly ref_digest: string;
  /** events that lost what was sent; of an organization its profiles, payment methods and keys */
  readonly count: number;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly proposed_at: string;
  readonly done_at: string | null;
};

export type ErasureList = {
  readonly data: readonly Erasure[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type ErasureRequest = {
  /** `events`: of those that name a person what was sent goes; `organization`: all that is said of it, and its keys */
  readonly scope: 'events' | 'organization';
  /** of events, or `subject` */
  readonly property?: string;
  /** what the property says of the person */
  readonly value?: string;
};

export type Evidence = {
  /** e.g. INV-2026-000001 */
  readonly number: string;
  readonly state: 'pending' | 'archived';
  readonly sha256: string | null;
  readonly bytes: number | null;
  /** the seal it proves itself by */
  readonly seal: number | null;
};

export type EvidenceList = {
  readonly data: readonly Evidence[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type ExchangeRate = {
  readonly rate_id: string;
  /** ISO 4217 */
  readonly base_currency: string;
  /** ISO 4217 */
  readonly quote_currency: string;
  /** units of the quote currency for one of the base currency */
  readonly rate: string;
  /** the day that it was published for */
  readonly rate_date: string;
  /** who published it: ecb */
  readonly source: string;
  /** its entry in the ledger */
  readonly seq: number;
};

export type ExchangeRateList = {
  readonly data: readonly ExchangeRate[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type ExchangeRateRequest = {
  /** made up unless given */
  readonly rate_id?: string;
  /** ISO 4217 */
  readonly base_currency: string;
  /** ISO 4217 */
  readonly quote_currency: string;
  /** units of the quote currency for one of the base currency */
  readonly rate: string;
  /** the day that it was published for */
  readonly rate_date: string;
  /** who published it: ecb */
  readonly source: string;
};

export type FeatureOverrides = {
  readonly features: Readonly<Record<string, boolean | string>>;
};

export type Health = {
  readonly status: 'ok';
};

export type Invoice = {
  /** e.g. INV-2026-000001 */
  readonly number: string;
  readonly subscription_id: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly period_start: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly period_end: string;
  readonly state: 'open' | 'paid' | 'void' | 'uncollectible';
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly issued_at: string;
  readonly total: Money;
  readonly evidence: {
    readonly sha256: string;
    readonly bytes: number;
    readonly seal: number;
  } | null;
  readonly lines: readonly InvoiceLine[];
  readonly document: InvoiceDocument;
};

export type InvoiceBalance = {
  /** e.g. INV-2026-000001 */
  readonly number: string;
  readonly state: 'open' | 'paid' | 'void' | 'uncollectible';
  readonly total: Money;
  readonly amount_due: Money;
  readonly paid: Money;
  readonly credited: Money;
  readonly outstanding: Money;
};

export type InvoiceDocument = {
  readonly v: '1';
  readonly typ: 'invoice';
  readonly kind: 'start' | 'period' | 'final' | 'interim';
  readonly ledger: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  /** e.g. INV-2026-000001 */
  readonly number: string;
  readonly subscription: string;
  /** start and end, half-open */
  readonly period: string;
  /** ISO 4217 */
  readonly currency: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly issued_at: string;
  readonly close_seq: string | '';
  readonly lines: readonly InvoiceLine[];
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly subtotal: string;
  readonly discounts: readonly {
    readonly discount_id: string;
    /** 32 bytes in base64url without padding */
    readonly discount_digest: string;
    readonly nth: string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly base: string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly amount: string;
  }[];
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly discount_total: string;
  readonly tax_behavior: '' | 'exclusive' | 'inclusive';
  readonly tax_decision: string | '';
  readonly taxes: readonly {
    readonly jurisdiction: string;
    /** a decimal number as text */
    readonly rate: string;
    readonly treatment: string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly base: string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly amount: string;
  }[];
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly tax_total: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly total: string;
  readonly credits: readonly {
    readonly grant_id: string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly amount: string;
  }[];
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly credit_total: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount_due: string;
  /** what a preview and its invoice have in common */
  readonly content: string;
};

export type InvoiceLine = {
  readonly kind: 'usage' | 'advance' | 'arrears' | 'unused' | 'true_up' | 'adjustment';
  /** the meter; of a fee the item, of a true-up the commitment */
  readonly meter: string;
  /** name and version of the price; empty for an adjustment */
  readonly price_ref: string;
  readonly price_digest: string | '';
  /** what the line pays for */
  readonly period: string;
  readonly tax_category: string;
  readonly quantity: string | '';
  /** of the share of a full period that a fee pays for */
  readonly numerator: string;
  readonly denominator: string;
  readonly first_seq: string;
  readonly last_seq: string;
  /** entries summed */
  readonly count: string;
  readonly before: string | '';
  readonly after: string | '';
  readonly base: string | '';
  /** exact sum in the currency’s main unit */
  readonly exact: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly discount: string;
};

export type InvoiceList = {
  readonly data: readonly InvoiceSummary[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type InvoiceRequest = {
  readonly subscription_id: string;
};

export type InvoiceSummary = {
  /** e.g. INV-2026-000001 */
  readonly number: string;
  readonly subscription_id: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly period_start: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly period_end: string;
  readonly state: 'open' | 'paid' | 'void' | 'uncollectible';
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly issued_at: string;
  readonly total: Money;
  readonly evidence: {
    readonly sha256: string;
    readonly bytes: number;
    readonly seal: number;
  } | null;
};

export type IssuedInvoice = {
  /** e.g. INV-2026-000001 */
  readonly number: string;
  readonly document: InvoiceDocument;
};

export type Journal = {
  readonly data: readonly Posting[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type Jwks = {
  readonly keys: readonly {
    readonly kty: 'RSA';
    readonly use: 'sig';
    readonly alg: 'RS256';
    /** RFC 7638 thumbprint */
    readonly kid: string;
    readonly n: string;
    readonly e: string;
    readonly purpose: 'checkpoint' | 'evidence';
    /** the first seal it may sign */
    readonly first_seal: string;
    /** the last one; empty while it is in use */
    readonly last_seal: string;
  }[];
};

export type KeptBillingProfile = {
  readonly version: number;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly since: string;
  readonly profile: BillingProfile;
};

export type LedgerHead = {
  /** origin of the ledger */
  readonly ledger: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly size: 0;
} | {
  /** origin of the ledger */
  readonly ledger: string;
  /** an organization: opaque, never a name */
  readonly tenant: string;
  readonly size: number;
  /** 32 bytes in base64url without padding */
  readonly root: string;
  /** 32 bytes in base64url without padding */
  readonly last: string;
  readonly blind: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** since when billing stands still */
  readonly frozen: {
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly since: string;
  } | null;
  readonly sealed: {
    readonly seal: number;
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly at: string;
    readonly size: number;
    /** 32 bytes in base64url without padding */
    readonly root: string;
  } | null;
  readonly consistency?: {
    readonly first: number;
    readonly second: number;
    readonly path: readonly string[];
  };
};

export type LimitInForce = {
  readonly limit_id: string;
  readonly metric_name: string;
  /** days and months of the organization’s zone, the subscription’s billing periods, or once and for all */
  readonly period: 'daily' | 'monthly' | 'billing' | 'total';
  /** events where the metric counts, quantities otherwise: a decimal number as text */
  readonly quantity: string;
  readonly action: 'block' | 'allow_overage' | 'notify';
  readonly source: 'organization' | 'plan';
  readonly use: UsageLimitUse;
};

/** what is measured, and how events of a period become one number */
export type Metric = {
  readonly metric_name: string;
  /** for people */
  readonly name?: string;
  readonly aggregation: 'count' | 'sum' | 'max' | 'last' | 'unique_count' | 'weighted_sum';
  /** of a CloudEvent; the metric’s name unless said */
  readonly event_type?: string;
  /** which member of the event is measured; `quantity` unless said */
  readonly value_property?: string;
  readonly allow_zero?: boolean;
  /** event properties that usage can be grouped and priced by */
  readonly dimensions?: readonly string[];
  /** for people: GB, calls, seats */
  readonly unit?: string;
};

export type MetricList = {
  readonly data: readonly Metric[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type Money = {
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
};

export type Organization = {
  /** an organization: opaque, never a name */
  readonly organization_id: string;
  readonly region: string;
  /** IANA zone */
  readonly zone: string;
  /** ISO 4217 */
  readonly currency: string;
  /** between a period’s end and its close */
  readonly grace_minutes: number;
  /** how late usage is taken */
  readonly lateness_days: number;
  readonly approval_limit: string | null;
  readonly tax: {
    /** inclusive: prices contain the tax */
    readonly behavior: 'exclusive' | 'inclusive';
    readonly rates: readonly {
      /** tax category of the lines it is on */
      readonly category: string;
      /** who levies it: eu-de */
      readonly jurisdiction: string;
      /** a fraction as a decimal string: "0.19" is 19 % */
      readonly rate: string;
      /** taxed, reverse_charge, exempt */
      readonly treatment: string;
    }[];
  } | null;
  /** how many it has */
  readonly subscriptions: number;
  readonly billing_profile_version: number | null;
};

export type OrganizationChange = {
  /** between a period’s end and its close */
  readonly grace_minutes?: number;
  /** how late usage is taken */
  readonly lateness_days?: number;
  /** minor units above which money is given away by two */
  readonly approval_limit?: string;
  /** rates in place of those that follow from seller and customer */
  readonly tax?: {
    /** inclusive: prices contain the tax */
    readonly behavior: 'exclusive' | 'inclusive';
    readonly rates: readonly {
      /** tax category of the lines it is on */
      readonly category: string;
      /** who levies it: eu-de */
      readonly jurisdiction: string;
      /** a fraction as a decimal string: "0.19" is 19 % */
      readonly rate: string;
      /** taxed, reverse_charge, exempt */
      readonly treatment: string;
    }[];
  };
};

export type OrganizationList = {
  readonly data: readonly Organization[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type OrganizationRequest = {
  /** an organization: opaque, never a name */
  readonly organization_id: string;
  /** IANA zone */
  readonly zone: string;
  /** ISO 4217 */
  readonly currency: string;
  /** between a period’s end and its close */
  readonly grace_minutes?: number;
  /** how late usage is taken */
  readonly lateness_days?: number;
  /** minor units above which money is given away by two */
  readonly approval_limit?: string;
  /** rates in place of those that follow from seller and customer */
  readonly tax?: {
    /** inclusive: prices contain the tax */
    readonly behavior: 'exclusive' | 'inclusive';
    readonly rates: readonly {
      /** tax category of the lines it is on */
      readonly category: string;
      /** who levies it: eu-de */
      readonly jurisdiction: string;
      /** a fraction as a decimal string: "0.19" is 19 % */
      readonly rate: string;
      /** taxed, reverse_charge, exempt */
      readonly treatment: string;
    }[];
  };
};

export type PaymentMethod = {
  readonly payment_method_id: string;
  readonly provider: string;
  readonly type: string;
  readonly token: string;
  /** what a person recognises it by */
  readonly display: {
    readonly brand?: string;
    readonly last4?: string;
    readonly exp_month?: number;
    readonly exp_year?: number;
  };
  readonly mandate: {
    /** unique mandate reference */
    readonly reference: string;
    /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
    readonly signed_at: string;
    readonly scheme: 'sepa_core' | 'sepa_b2b' | 'ach' | 'bacs';
    readonly creditor_id?: string;
  } | null;
  readonly default: boolean;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly created_at: string;
};

export type PaymentMethodList = {
  readonly data: readonly PaymentMethod[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type PaymentMethodRequest = {
  /** made up unless given */
  readonly payment_method_id?: string;
  /** stripe, paypal, … */
  readonly provider: string;
  readonly type: 'card' | 'sepa_debit' | 'ach_debit' | 'bank_transfer' | 'wallet' | 'purchase_order' | 'crypto';
  /** the provider’s name for it, never a card number */
  readonly token: string;
  /** what a person recognises it by */
  readonly display?: {
    readonly brand?: string;
    readonly last4?: string;
    readonly exp_month?: number;
    readonly exp_year?: number;
  };
  /** of a direct debit: what the payer has agreed to */
  readonly mandate?: {
    /** unique mandate reference */
    readonly reference: string;
    /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
    readonly signed_at: string;
    readonly scheme: 'sepa_core' | 'sepa_b2b' | 'ach' | 'bacs';
    readonly creditor_id?: string;
  };
  /** the first one is the default whatever is said */
  readonly default?: boolean;
};

export type PaymentRequest = {
  /** made up unless given */
  readonly payment_id?: string;
  /** minor units, above zero */
  readonly amount: string;
};

export type Plan = {
  readonly plan_id: string;
  readonly version: number;
  readonly state: 'draft' | 'published' | 'retired';
  /** 32 bytes in base64url without padding */
  readonly digest: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly proposed_at: string;
  readonly decided_at: string | null;
  readonly plan: PlanDraft;
};

export type PlanConversion = {
  readonly plan_id: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly at: string;
  /** subscriptions that began with this plan; the other figures are of these */
  readonly begun: number;
  /** each of them is running, converted or lapsed */
  readonly trials_started: number;
  readonly trials_running: number;
  /** went on when the trial was over */
  readonly trials_converted: number;
  /** ended with the trial or before */
  readonly trials_lapsed: number;
  /** on another plan now */
  readonly moved_on: number;
  readonly ended: number;
  /** used a limit of the plan up while they were on it */
  readonly limit_reached: number;
};

export type PlanDraft = {
  readonly plan_id: string;
  readonly product_id?: string;
  /** for people */
  readonly name: string;
  /** an add-on is attached to subscriptions of a plan */
  readonly kind?: 'plan' | 'addon';
  readonly currency: string;
  /** RFC 3339: who subscribes or changes from then on gets this version; once published unless said */
  readonly effective_from?: string;
  readonly interval: {
    readonly unit: 'day' | 'week' | 'month' | 'year';
    /** a quarter is 3 months */
    readonly count: number;
  };
  readonly anchor?: 'anniversary' | 'calendar';
  /** when fees are charged */
  readonly timing?: 'advance' | 'arrears';
  readonly proration?: 'second' | 'day' | 'none';
  readonly trial_days?: number;
  readonly fees?: readonly {
    readonly item_id: string;
    /** for people */
    readonly name?: string;
    /** an object */
    readonly model: unknown;
    /** once, or per seat of the subscription */
    readonly quantity?: 'fixed' | 'seats';
    readonly timing?: 'advance' | 'arrears';
    readonly tax_category?: string;
  }[];
  readonly usage?: readonly {
    readonly metric_name: string;
    /** an object */
    readonly model?: unknown;
    /** a price per combination of event properties, each cell with an aggregate of its own; no event may fit two cells */
    readonly matrix?: {
      readonly cells: readonly {
        readonly cell_id: string;
        readonly match: Readonly<Record<string, string>>;
        /** an object */
        readonly model: unknown;
      }[];
      /** what events cost that no cell fits; null refuses them */
      readonly otherwise?: unknown | null;
    };
    readonly tax_category?: string;
  }[];
  /** charges for usage come to at least this; a true-up bills the rest when the period closes */
  readonly commitment?: {
    /** a decimal string such as "0.25": up to 20 digits before and 12 after the point, no sign, no exponent */
    readonly amount: string;
    readonly covers?: readonly string[];
  };
  readonly limits?: readonly {
    readonly limit_id: string;
    readonly metric_name: string;
    readonly period: 'daily' | 'monthly' | 'billing' | 'total';
    /** a decimal string such as "0.25": up to 20 digits before and 12 after the point, no sign, no exponent */
    readonly quantity: string;
    readonly action: 'block' | 'allow_overage' | 'notify';
  }[];
  /** what the plan opens: true, or a number as text */
  readonly features?: Readonly<Record<string, boolean | string>>;
  /** add-ons that may be attached */
  readonly addons?: readonly string[];
  /** the writer’s own; billing never reads it */
  readonly metadata?: Readonly<Record<string, string>>;
};

export type PlanList = {
  readonly data: readonly Plan[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type PlanVersions = {
  readonly data: readonly Plan[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type Posting = {
  readonly date: string;
  /** the ledger entry it follows from */
  readonly seq: number;
  readonly kind: 'invoice' | 'credit_use' | 'credit_grant' | 'credit_expiry' | 'credit_return' | 'credit_note' | 'void' | 'write_off' | 'payment' | 'refund' | 'accrual' | 'recognition';
  readonly reference: string;
  /** ISO 4217 */
  readonly currency: string;
  readonly lines: readonly {
    readonly account: 'cash' | 'accounts_receivable' | 'contract_asset' | 'customer_credits' | 'refunds_payable' | 'tax_payable' | 'deferred_revenue' | 'revenue_usage' | 'revenue_fees' | 'revenue_commitments' | 'revenue_adjustments' | 'credit_breakage' | 'promotional_credits' | 'bad_debt';
    readonly code: string;
    readonly name: string;
    /** of tax payable */
    readonly jurisdiction: string | null;
    readonly debit: Money;
    readonly credit: Money;
  }[];
};

/** an object */
export type PriceDocument = {
  /** 1 to 64 characters from "a-z", "0-9", "_", "." and "-", starting with a letter or digit */
  readonly price_id: string;
  /** a whole number as a string of up to 15 digits, from "1" */
  readonly version: string;
  /** the three capital letters of an ISO 4217 code */
  readonly currency: string;
  /** a tax category, 1 to 32 characters from "a-z", "0-9", "_" and "-" */
  readonly tax_category?: string;
  /** an object */
  readonly model: unknown;
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: 400 | 401 | 403 | 404 | 405 | 406 | 409 | 413 | 415 | 421 | 422 | 429 | 500 | 503;
  readonly detail: string;
  /** stable: codes are added, never renamed */
  readonly code: 'already_exists' | 'billing_frozen' | 'body_too_large' | 'buyer_unknown' | 'card_data_refused' | 'correction_unsupported' | 'credit_exceeds_invoice' | 'currency_mismatch' | 'duplicate_header' | 'duplicate_key' | 'idempotency_conflict' | 'idempotency_in_progress' | 'idempotency_key_invalid' | 'idempotency_key_required' | 'insufficient_scope' | 'internal' | 'interval_differs' | 'invalid_amount' | 'invalid_catalogue' | 'invalid_credentials' | 'invalid_currency' | 'invalid_cursor' | 'invalid_discount' | 'invalid_encoding' | 'invalid_id' | 'invalid_idempotency_key' | 'invalid_instant' | 'invalid_parameter' | 'invalid_path' | 'invalid_price' | 'invalid_property' | 'invalid_quantity' | 'invalid_target' | 'invalid_tax_id' | 'invalid_timestamp' | 'invalid_transition' | 'malformed_json' | 'method_not_allowed' | 'missing_credentials' | 'money_refused' | 'nesting_too_deep' | 'no_price_cell' | 'not_acceptable' | 'not_found' | 'nothing_to_correct' | 'nothing_to_invoice' | 'organization_mismatch' | 'proposer_cannot_approve' | 'quota_exceeded' | 'rate_limited' | 'seller_unknown' | 'subscription_ended' | 'subscription_not_started' | 'subscription_paused' | 'temporarily_unavailable' | 'timestamp_out_of_window' | 'too_many_items' | 'unknown_field' | 'unknown_metric' | 'unknown_subscription' | 'unsupported_content_encoding' | 'unsupported_media_type' | 'validation_failed' | 'window_too_large' | 'wrong_region';
  /** name or path of what is wrong */
  readonly param?: string;
  readonly request_id: string;
  /** everything that is wrong, where a request can have several faults */
  readonly errors?: readonly {
    /** stable: codes are added, never renamed */
    readonly code: 'already_exists' | 'billing_frozen' | 'body_too_large' | 'buyer_unknown' | 'card_data_refused' | 'correction_unsupported' | 'credit_exceeds_invoice' | 'currency_mismatch' | 'duplicate_header' | 'duplicate_key' | 'idempotency_conflict' | 'idempotency_in_progress' | 'idempotency_key_invalid' | 'idempotency_key_required' | 'insufficient_scope' | 'internal' | 'interval_differs' | 'invalid_amount' | 'invalid_catalogue' | 'invalid_credentials' | 'invalid_currency' | 'invalid_cursor' | 'invalid_discount' | 'invalid_encoding' | 'invalid_id' | 'invalid_idempotency_key' | 'invalid_instant' | 'invalid_parameter' | 'invalid_path' | 'invalid_price' | 'invalid_property' | 'invalid_quantity' | 'invalid_target' | 'invalid_tax_id' | 'invalid_timestamp' | 'invalid_transition' | 'malformed_json' | 'method_not_allowed' | 'missing_credentials' | 'money_refused' | 'nesting_too_deep' | 'no_price_cell' | 'not_acceptable' | 'not_found' | 'nothing_to_correct' | 'nothing_to_invoice' | 'organization_mismatch' | 'proposer_cannot_approve' | 'quota_exceeded' | 'rate_limited' | 'seller_unknown' | 'subscription_ended' | 'subscription_not_started' | 'subscription_paused' | 'temporarily_unavailable' | 'timestamp_out_of_window' | 'too_many_items' | 'unknown_field' | 'unknown_metric' | 'unknown_subscription' | 'unsupported_content_encoding' | 'unsupported_media_type' | 'validation_failed' | 'window_too_large' | 'wrong_region';
    readonly detail: string;
    /** name or path of what is wrong */
    readonly param?: string;
  }[];
  /** where to ask instead */
  readonly endpoint?: string;
};

export type Product = {
  readonly product_id: string;
  readonly name: string;
};

export type ProductList = {
  readonly data: readonly Product[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type Receipt = {
  /** 32 bytes in base64url without padding */
  readonly receipt_id: string;
  readonly state: 'accepted';
} | {
  /** 32 bytes in base64url without padding */
  readonly receipt_id: string;
  readonly state: 'billed';
  readonly entry: Entry;
  /** canonical bytes of the entry */
  readonly text: string;
  /** 32 bytes in base64url without padding */
  readonly leaf_hash: string;
  /** null until a seal covers the entry */
  readonly proof: ReceiptProof | null;
};

export type ReceiptList = {
  readonly data: readonly Entry[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type ReceiptProof = {
  readonly log: {
    readonly index: number;
    readonly size: number;
    readonly path: readonly string[];
  };
  readonly head: {
    /** canonical bytes of the head line */
    readonly line: string;
    readonly index: number;
    readonly size: number;
    readonly path: readonly string[];
  };
  readonly seal: {
    /** canonical bytes of the seal record */
    readonly record: string;
    readonly path: readonly string[];
  };
  /** JWS over the root of seals */
  readonly checkpoint: string;
};

export type RetentionReport = {
  /** a UTC day */
  readonly from: string;
  /** exclusive */
  readonly to: string;
  /** how long accepted payloads and pages are kept in the database */
  readonly hot_window_days: number;
  readonly purged: readonly {
    /** a UTC day */
    readonly day: string;
    readonly kind: 'payloads' | 'pages' | 'keys' | 'usage_sums' | 'erasure_proposals';
    readonly count: number;
  }[];
};

/** `net` is without tax and less discounts, `reversed` what credit notes and a void took back of it; `earned_before` lies before `from`, `earned_after` after `to` */
export type RevenueLine = {
  /** the entry of the invoice; the line’s last entry where there is none yet */
  readonly seq: number;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly invoice_number: string | null;
  /** place among the invoice’s lines, from 0 */
  readonly line: number;
  readonly subscription_id: string;
  readonly kind: 'usage' | 'advance' | 'arrears' | 'unused' | 'true_up' | 'adjustment';
  /** the meter, item, commitment or adjustment */
  readonly name: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly period_start: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly period_end: string;
  readonly billed_in: string | null;
  readonly net: Money;
  readonly reversed: Money;
  readonly earned_before: Money;
  readonly months: readonly {
    /** a calendar month of the organization’s zone, e.g. 2026-03 */
    readonly month: string;
    readonly earned: Money;
  }[];
  readonly earned_after: Money;
};

export type RevenueSchedule = {
  readonly data: readonly RevenueLine[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type Statement = {
  /** ISO 4217 */
  readonly currency: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly from: string;
  /** exclusive */
  readonly to: string;
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly opening: string;
  readonly movements: readonly {
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly at: string;
    readonly kind: 'invoice' | 'credit_note' | 'payment' | 'refund' | 'void' | 'write_off';
    /** e.g. INV-2026-000001 */
    readonly invoice_number: string;
    readonly name: string;
    /** above zero: the customer owes more */
    readonly change: string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly balance: string;
  }[];
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly closing: string;
  /** what is open by days past due; adds up to the closing balance */
  readonly ageing: {
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly not_due: string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly '1-30': string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly '31-60': string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly '61-90': string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly '90+': string;
  };
};

export type Subscription = {
  readonly subscription_id: string;
  readonly organization_id: string;
  readonly state: 'scheduled' | 'trialing' | 'active' | 'past_due' | 'suspended' | 'paused' | 'canceled';
  readonly plan_id: string | null;
  readonly plan_version: number | null;
  readonly quantity: string | null;
  readonly addons: readonly string[];
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly started_at: string;
  readonly trial_ends_at: string | null;
  /** may lie ahead: it was cancelled and still runs */
  readonly ended_at: string | null;
  readonly current_period: {
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly start: string;
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly end: string;
  };
  readonly paused_since: string | null;
  readonly features: Readonly<Record<string, boolean | string>>;
  /** ids of the discounts granted */
  readonly discounts: readonly string[];
};

export type SubscriptionChange = {
  readonly plan_id?: string;
  readonly plan_version?: number;
  /** seats */
  readonly quantity?: string;
  readonly addons?: readonly string[];
  /** `now` unless said; `at` with the instant beside it */
  readonly when?: 'now' | 'period_end' | 'at';
  /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
  readonly at?: string;
  /** invoice what the change costs at once, instead of with the period */
  readonly invoice_now?: boolean;
};

export type SubscriptionList = {
  readonly data: readonly Subscription[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type SubscriptionRequest = {
  /** made up unless given */
  readonly subscription_id?: string;
  readonly plan_id: string;
  /** the latest published one unless given */
  readonly plan_version?: number;
  /** seats */
  readonly quantity?: string;
  readonly addons?: readonly string[];
  /** now unless given; may lie ahead, or back as far as usage may be late */
  readonly starts_at?: string;
  /** the plan’s unless given */
  readonly trial_days?: number;
  readonly discount?: Discount;
};

export type TaxReport = {
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly from: string;
  /** exclusive */
  readonly to: string;
  readonly rows: readonly {
    readonly jurisdiction: string;
    /** a fraction: "0.19" is 19 % */
    readonly rate: string;
    readonly treatment: string;
    /** ISO 4217 */
    readonly currency: string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly base: string;
    /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
    readonly amount: string;
    /** invoices, credit notes and voids that it is made of */
    readonly documents: number;
  }[];
};

export type UsageAnswer = {
  readonly accepted: number;
  readonly duplicates: number;
  readonly refused: number;
  /** one per event, in order */
  readonly results: readonly UsageOutcome[];
};

export type UsageEvent = UsageEventPlain | UsageEventCloudevent;

export type UsageEventCloudevent = {
  readonly specversion: '1.0';
  /** idempotency key within `source`, 1 to 255 printable characters */
  readonly id: string;
  /** URI-reference: where the event comes from */
  readonly source: string;
  /** the event type a meter reads */
  readonly type: string;
  /** the subscription */
  readonly subject?: string;
  /** when it was used, RFC 3339 with its zone */
  readonly time: string;
  readonly datacontenttype?: 'application/json';
  readonly dataschema?: string;
  /** up to 50 members, each a string of at most 500 characters */
  readonly data?: Readonly<Record<string, string>>;
  readonly [name: string]: unknown;
};

export type UsageEventPlain = {
  /** must be the credential’s own */
  readonly organization_id?: string;
  /** the meter */
  readonly metric_name: string;
  /** decimal string; may be absent where the meter counts events */
  readonly quantity?: string;
  /** when it was used, RFC 3339 with its zone */
  readonly timestamp: string;
  /** 1 to 255 printable characters; bound to the content */
  readonly idempotency_key: string;
  /** may be absent where the organization has one subscription */
  readonly subscription_id?: string;
  /** up to 50 members, each a string of at most 500 characters */
  readonly properties?: Readonly<Record<string, string>>;
};

export type UsageEventState = {
  /** 32 bytes in base64url without padding */
  readonly receipt_id: string;
  readonly state: 'accepted';
} | {
  /** 32 bytes in base64url without padding */
  readonly receipt_id: string;
  /** adjusted: corrections follow the receipt; the last one says what the event counts now */
  readonly state: 'billed' | 'adjusted';
  readonly subscription_id: string;
  readonly metric_name: string;
  readonly aggregation: 'count' | 'sum' | 'max' | 'last' | 'unique_count' | 'weighted_sum';
  /** a decimal number as text */
  readonly quantity: string;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly occurred_at: string;
  /** in which it was used */
  readonly period: {
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly start: string;
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly end: string;
  };
  /** on whose invoice it is: a later one where it came late */
  readonly billed_in: {
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly start: string;
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly end: string;
  };
  readonly late: boolean;
  /** of its receipt in the ledger */
  readonly seq: number;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly recorded_at: string;
  /** exact, in the currency’s main unit; rounded once, on the invoice */
  readonly amount: string;
  readonly currency: string;
  readonly price_ref: string;
  readonly corrections: readonly {
    readonly correction_id: string;
    readonly seq: number;
    /** by how much it moved the period’s aggregate */
    readonly change: string;
  }[];
};

export type UsageLimit = {
  readonly limit_id: string;
  readonly metric_name: string;
  /** days and months of the organization’s zone, the subscription’s billing periods, or once and for all */
  readonly period: 'daily' | 'monthly' | 'billing' | 'total';
  /** events where the metric counts, quantities otherwise: a decimal number as text */
  readonly quantity: string;
  readonly action: 'block' | 'allow_overage' | 'notify';
  /** a plan’s limit comes and goes with the plan and is not changed here; where several hold, all of them do */
  readonly source: 'organization' | 'plan';
  /** set for a plan’s limit: it counts this subscription alone */
  readonly subscription_id: string | null;
  /** of the present period; one per subscription where their billing periods count */
  readonly uses: readonly UsageLimitUse[];
};

export type UsageLimitCreate = {
  /** made up unless given */
  readonly limit_id?: string;
  readonly metric_name: string;
  /** days and months of the organization’s zone, the subscription’s billing periods, or once and for all */
  readonly period: 'daily' | 'monthly' | 'billing' | 'total';
  /** events where the metric counts, quantities otherwise: a decimal number as text */
  readonly quantity: string;
  readonly action: 'block' | 'allow_overage' | 'notify';
};

export type UsageLimitList = {
  readonly data: readonly UsageLimit[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type UsageLimitNotice = {
  readonly limit_id: string;
  readonly subscription_id: string | null;
  readonly period_start: string | null;
  readonly period_end: string | null;
  readonly percent: 80 | 100;
  /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
  readonly at: string;
};

export type UsageLimitNoticeList = {
  readonly data: readonly UsageLimitNotice[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type UsageLimitUpdate = {
  /** events where the metric counts, quantities otherwise: a decimal number as text */
  readonly quantity?: string;
  readonly action?: 'block' | 'allow_overage' | 'notify';
};

export type UsageLimitUse = {
  /** whose usage is counted; null: all subscriptions together */
  readonly subscription_id: string | null;
  /** null for a limit in total */
  readonly period_start: string | null;
  /** from then on nothing is used */
  readonly resets_at: string | null;
  /** a decimal number as text */
  readonly used: string;
  /** never below 0 */
  readonly remaining: string;
  /** rounded down */
  readonly percent: number;
};

export type UsageOutcome = {
  readonly status: 'accepted' | 'duplicate';
  /** 32 bytes in base64url without padding */
  readonly receipt_id: string;
} | {
  readonly status: 'refused';
  readonly code: 'malformed_json' | 'duplicate_key' | 'duplicate_header' | 'invalid_target' | 'invalid_path' | 'invalid_encoding' | 'invalid_cursor' | 'invalid_parameter' | 'nesting_too_deep' | 'too_many_items' | 'window_too_large' | 'validation_failed' | 'unknown_field' | 'idempotency_key_required' | 'idempotency_key_invalid' | 'missing_credentials' | 'invalid_credentials' | 'insufficient_scope' | 'not_found' | 'method_not_allowed' | 'not_acceptable' | 'body_too_large' | 'wrong_region' | 'unsupported_content_encoding' | 'unsupported_media_type' | 'invalid_quantity' | 'invalid_timestamp' | 'timestamp_out_of_window' | 'invalid_idempotency_key' | 'invalid_property' | 'organization_mismatch' | 'unknown_metric' | 'unknown_subscription' | 'subscription_not_started' | 'subscription_ended' | 'subscription_paused' | 'no_price_cell' | 'idempotency_conflict' | 'idempotency_in_progress' | 'quota_exceeded' | 'invalid_catalogue' | 'invalid_discount' | 'invalid_transition' | 'credit_exceeds_invoice' | 'money_refused' | 'billing_frozen' | 'already_exists' | 'card_data_refused' | 'proposer_cannot_approve' | 'interval_differs' | 'nothing_to_invoice' | 'nothing_to_correct' | 'correction_unsupported' | 'invalid_price' | 'invalid_instant' | 'invalid_id' | 'invalid_currency' | 'invalid_tax_id' | 'seller_unknown' | 'buyer_unknown' | 'invalid_amount' | 'currency_mismatch' | 'rate_limited' | 'internal' | 'temporarily_unavailable';
  readonly detail: string;
  readonly param?: string;
};

/** what was billed: each meter’s aggregate per billing period and price, as the ledger has it */
export type UsagePeriods = {
  /** the last ledger entry that is counted */
  readonly as_of_seq: number | null;
  readonly data: readonly {
    readonly subscription_id: string;
    readonly metric_name: string;
    readonly aggregation: 'count' | 'sum' | 'max' | 'last' | 'unique_count' | 'weighted_sum';
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly period_start: string;
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly period_end: string;
    /** a decimal number as text */
    readonly value: string;
    readonly events: number;
  }[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type UsageSummary = UsagePeriods | UsageWindows;

/** what was accepted, up to the last answered request: each window by itself, so that only counts and sums of windows add up to those of a period. Windows in which nothing was used are left out. */
export type UsageWindows = {
  readonly metric_name: string;
  readonly window: 'minute' | 'hour' | 'day' | 'week' | 'month';
  /** IANA zone on whose wall clock the windows begin and end */
  readonly zone: string;
  readonly data: readonly {
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly window_start: string;
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly window_end: string;
    readonly aggregation: 'count' | 'sum' | 'max' | 'last' | 'unique_count' | 'weighted_sum';
    /** a value per name of `group_by`; null where events carried no such property */
    readonly group: Readonly<Record<string, string | null>>;
    /** of a weighted_sum the average level, counted from the beginning of the billing period */
    readonly value: string;
    readonly events: number;
  }[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

export type VoidRequest = {
  /** a short code, no text: it stands in the ledger */
  readonly reason?: string;
};

export type When = {
  /** `now` unless said; `at` with the instant beside it */
  readonly when?: 'now' | 'period_end' | 'at';
  /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
  readonly at?: string;
};

export type WriteOffRequest = {
  /** a short code, no text: it stands in the ledger */
  readonly reason?: string;
};

/** What each operation takes, and what it answers with. */
export interface Operations {
  /** Add a payment method */
  readonly addPaymentMethod: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key?: string | undefined;
      readonly body: PaymentMethodRequest;
    };
    readonly answer: PaymentMethod;
  };
  /** Approve a proposal and carry it out */
  readonly approveApproval: {
    readonly input: {
      readonly approval_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body?: Decision;
    };
    readonly answer: Approval;
  };
  /** Approve an organization’s own price */
  readonly approvePrice: {
    readonly input: {
      readonly plan_id: string;
      readonly target: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body?: Decision;
    };
    readonly answer: undefined;
  };
  /** Cancel now, at the end of the period, or at an instant */
  readonly cancelSubscription: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body?: When;
    };
    readonly answer: Subscription;
  };
  /** Change an organization’s settings */
  readonly changeOrganization: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: OrganizationChange;
    };
    readonly answer: Organization;
  };
  /** Change plan, seats or add-ons */
  readonly changeSubscription: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: SubscriptionChange;
    };
    readonly answer: Subscription;
  };
  /** Whether so much more usage would be accepted now */
  readonly checkEntitlement: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: EntitlementCheck;
    };
    readonly answer: EntitlementVerdict;
  };
  /** Correct a billed event */
  readonly correctReceipt: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: CorrectionRequest;
    };
    readonly answer: Correction;
  };
  /** Add an amount to the next invoice */
  readonly createAdjustment: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: Adjustment;
    };
    readonly answer: AdjustmentEntry | Approval;
  };
  /** Make an API key */
  readonly createApiKey: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: ApiKeyRequest;
    };
    readonly answer: ApiKeySecret;
  };
  /** Credit an invoice, whole or in part */
  readonly createCreditNote: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: CreditNoteRequest;
    };
    readonly answer: CreditNote | Approval;
  };
  /** Invoice what has come together so far */
  readonly createInvoice: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: InvoiceRequest;
    };
    readonly answer: IssuedInvoice;
  };
  /** A limit of the organization’s own */
  readonly createLimit: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key?: string | undefined;
      readonly body: UsageLimitCreate;
    };
    readonly answer: UsageLimit;
  };
  /** Add a metric */
  readonly createMetric: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: Metric;
    };
    readonly answer: Metric;
  };
  /** Take an organization in */
  readonly createOrganization: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key?: string | undefined;
      readonly body: OrganizationRequest;
    };
    readonly answer: Organization;
  };
  /** Write a plan’s draft */
  readonly createPlan: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: PlanDraft;
    };
    readonly answer: Plan;
  };
  /** Add a product */
  readonly createProduct: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: Product;
    };
    readonly answer: Product;
  };
  /** Subscribe to a plan */
  readonly createSubscription: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: SubscriptionRequest;
    };
    readonly answer: Subscription;
  };
  /** A limit that holds no longer */
  readonly deleteLimit: {
    readonly input: {
      readonly limit_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: undefined;
  };
  /** How the organization is taxed, and by which law */
  readonly determineTax: {
    readonly input: {
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly at?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: DeterminedTax;
  };
  /** The evidence bundle of an invoice */
  readonly downloadEvidence: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** A proposal */
  readonly getApproval: {
    readonly input: {
      readonly approval_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Approval;
  };
  /** Who the organization is, as its documents show it */
  readonly getBillingProfile: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: KeptBillingProfile;
  };
  /** The latest signed checkpoint */
  readonly getCheckpoint: {
    readonly input: Readonly<Record<never, never>>;
    readonly answer: Checkpoint;
  };
  /** The credit note to read and to print */
  readonly getCreditNoteHtml: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** The credit note as PDF */
  readonly getCreditNotePdf: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** The credit note as an electronic invoice: EN 16931 in UBL 2.1 */
  readonly getCreditNoteUbl: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** Deferred revenue from month to month */
  readonly getDeferredRevenue: {
    readonly input: {
      /** first month, e.g. 2026-01; the last one unless said */
      readonly from?: string | undefined;
      /** last month, included; the current one unless said; at most 24 months */
      readonly to?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: DeferredRevenue;
  };
  /** Features, trials and limits of the subscriptions */
  readonly getEntitlements: {
    readonly input: {
      /** only this subscription */
      readonly subscription_id?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Entitlements;
  };
  /** An erasure */
  readonly getErasure: {
    readonly input: {
      readonly erasure_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Erasure;
  };
  /** Whether the function can read its store */
  readonly getHealth: {
    readonly input: Readonly<Record<never, never>>;
    readonly answer: Health;
  };
  /** An invoice with its lines */
  readonly getInvoice: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Invoice;
  };
  /** What of an invoice is paid, credited and due */
  readonly getInvoiceBalance: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: InvoiceBalance;
  };
  /** The invoice to read and to print */
  readonly getInvoiceHtml: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** The invoice as PDF */
  readonly getInvoicePdf: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** The invoice as an electronic invoice: EN 16931 in UBL 2.1 */
  readonly getInvoiceUbl: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** The journal in double entry */
  readonly getJournal: {
    readonly input: {
      /** first month, e.g. 2026-01; the last one unless said */
      readonly from?: string | undefined;
      /** last month, included; the current one unless said; at most 24 months */
      readonly to?: string | undefined;
      /** codes of your own chart of accounts, e.g. cash:1800,bad_debt:6930; accounts are cash, accounts_receivable, contract_asset, customer_credits, refunds_payable, tax_payable, deferred_revenue, revenue_usage, revenue_fees, revenue_commitments, revenue_adjustments, credit_breakage, promotional_credits, bad_debt */
      readonly codes?: string | undefined;
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Journal;
  };
  /** Where the ledger stands */
  readonly getLedgerHead: {
    readonly input: {
      /** a size seen before: adds the proof of consistency */
      readonly since?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: LedgerHead;
  };
  /** One of the organization’s own limits */
  readonly getLimit: {
    readonly input: {
      readonly limit_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: UsageLimit;
  };
  /** This document */
  readonly getOpenApiDocument: {
    readonly input: Readonly<Record<never, never>>;
    readonly answer: Readonly<Record<string, unknown>>;
  };
  /** An organization and its settings */
  readonly getOrganization: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Organization;
  };
  /** A plan with all its versions */
  readonly getPlan: {
    readonly input: {
      readonly plan_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: PlanVersions;
  };
  /** What became of the subscriptions that began with a plan */
  readonly getPlanConversion: {
    readonly input: {
      readonly plan_id: string;
      /** RFC 3339: only those that began then or later */
      readonly from?: string | undefined;
      /** RFC 3339: only those that began before */
      readonly to?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: PlanConversion;
  };
  /** The invoice to come, to read and to print */
  readonly getPreviewHtml: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** What became of an accepted event, with its proof */
  readonly getReceipt: {
    readonly input: {
      /** from the answer that accepted the event */
      readonly receipt_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Receipt;
  };
  /** What was deleted because its time had come */
  readonly getRetentionReport: {
    readonly input: {
      /** a UTC day */
      readonly from?: string | undefined;
      /** a UTC day */
      readonly to?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: RetentionReport;
  };
  /** Which revenue is earned when, line by line */
  readonly getRevenueSchedule: {
    readonly input: {
      /** first month, e.g. 2026-01; the last one unless said */
      readonly from?: string | undefined;
      /** last month, included; the current one unless said; at most 24 months */
      readonly to?: string | undefined;
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: RevenueSchedule;
  };
  /** Every signing key ever used */
  readonly getSigningKeys: {
    readonly input: Readonly<Record<never, never>>;
    readonly answer: Jwks;
  };
  /** Statement of account */
  readonly getStatement: {
    readonly input: {
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly from?: string | undefined;
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly to?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Statement;
  };
  /** Statement of account to read and to print */
  readonly getStatementHtml: {
    readonly input: {
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly from?: string | undefined;
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly to?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** Statement of account as PDF */
  readonly getStatementPdf: {
    readonly input: {
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly from?: string | undefined;
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly to?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Uint8Array;
  };
  /** A subscription */
  readonly getSubscription: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Subscription;
  };
  /** Taxes by jurisdiction, rate and treatment over documents issued in a time */
  readonly getTaxReport: {
    readonly input: {
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly from?: string | undefined;
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly to?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: TaxReport;
  };
  /** What became of an accepted event */
  readonly getUsageEvent: {
    readonly input: {
      /** from the answer that accepted the event */
      readonly receipt_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: UsageEventState;
  };
  /** Usage by billing period, or by windows and groups */
  readonly getUsageSummary: {
    readonly input: {
      /** only this metric; needed with `window` */
      readonly metric_name?: string | undefined;
      /** only this subscription */
      readonly subscription_id?: string | undefined;
      /** RFC 3339: from the period or window that contains it; needed with `window` */
      readonly from?: string | undefined;
      /** RFC 3339: up to the period or window that ends there or later; now, unless said */
      readonly to?: string | undefined;
      /** sum up by windows on the wall clock of the organization’s zone, at most 1500 of them; weeks begin on Monday */
      readonly window?: 'minute' | 'hour' | 'day' | 'week' | 'month' | undefined;
      /** with `window`: dimensions of the metric and `subscription_id`, joined by commas */
      readonly group_by?: string | undefined;
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: UsageSummary;
  };
  /** Grant a credit */
  readonly grantCredit: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: CreditRequest;
    };
    readonly answer: Credit | Approval;
  };
  /** Grant a discount or coupon */
  readonly grantDiscount: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: Discount;
    };
    readonly answer: Subscription;
  };
  /** API keys of an organization, or of the platform */
  readonly listApiKeys: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: ApiKeyList;
  };
  /** Proposals, the oldest first */
  readonly listApprovals: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      readonly state?: 'proposed' | 'executed' | 'rejected' | 'expired' | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: ApprovalList;
  };
  /** The audit log, oldest first */
  readonly listAuditLog: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: AuditLog;
  };
  /** Credit notes */
  readonly listCreditNotes: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: CreditNoteList;
  };
  /** Credits and what is left of them */
  readonly listCredits: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: CreditList;
  };
  /** The keys that the organization’s personal data is under */
  readonly listDataKeys: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: DataKeyList;
  };
  /** Erasures and how far they are */
  readonly listErasures: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: ErasureList;
  };
  /** Evidence bundles, by invoice number */
  readonly listEvidence: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: EvidenceList;
  };
  /** Recorded exchange rates */
  readonly listExchangeRates: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: ExchangeRateList;
  };
  /** Invoices, by number */
  readonly listInvoices: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: InvoiceList;
  };
  /** That limits were reached to 80 or 100 per cent */
  readonly listLimitNotices: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: UsageLimitNoticeList;
  };
  /** Limits, and what is used of them */
  readonly listLimits: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: UsageLimitList;
  };
  /** Metrics */
  readonly listMetrics: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: MetricList;
  };
  /** Organizations of this stack, by id */
  readonly listOrganizations: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: OrganizationList;
  };
  /** Payment methods */
  readonly listPaymentMethods: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: PaymentMethodList;
  };
  /** Versions of plans */
  readonly listPlans: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: PlanList;
  };
  /** An organization’s own prices */
  readonly listPrices: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: CustomPriceList;
  };
  /** Products */
  readonly listProducts: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: ProductList;
  };
  /** Ledger entries, in their order */
  readonly listReceipts: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: ReceiptList;
  };
  /** Subscriptions */
  readonly listSubscriptions: {
    readonly input: {
      /** how many at most */
      readonly limit?: number | undefined;
      /** `next_cursor` of the page before */
      readonly cursor?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: SubscriptionList;
  };
  /** Pause: nothing is used, nothing charged */
  readonly pauseSubscription: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body?: When;
    };
    readonly answer: Subscription;
  };
  /** The invoice as it would be if the period were over now */
  readonly previewInvoice: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: InvoiceDocument;
  };
  /** Propose to erase a person or an organization */
  readonly proposeErasure: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: ErasureRequest;
    };
    readonly answer: Approval;
  };
  /** Propose an organization’s own price */
  readonly proposePrice: {
    readonly input: {
      readonly plan_id: string;
      readonly target: string;
      /** RFC 3339 with its zone, e.g. 2026-03-01T12:00:00Z */
      readonly effective_from?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: PriceDocument;
    };
    readonly answer: CustomPrice;
  };
  /** Propose to give up what is outstanding */
  readonly proposeWriteOff: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body?: WriteOffRequest;
    };
    readonly answer: Approval;
  };
  /** Publish a plan’s draft */
  readonly publishPlan: {
    readonly input: {
      readonly plan_id: string;
      readonly version: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body?: Decision;
    };
    readonly answer: Plan;
  };
  /** Say who the organization is */
  readonly putBillingProfile: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: BillingProfile;
    };
    readonly answer: KeptBillingProfile;
  };
  /** Take a planned end back */
  readonly reactivateSubscription: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
    };
    readonly answer: Subscription;
  };
  /** Record an exchange rate */
  readonly recordExchangeRate: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: ExchangeRateRequest;
    };
    readonly answer: ExchangeRate;
  };
  /** Record a payment that was received */
  readonly recordPayment: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body: PaymentRequest;
    };
    readonly answer: InvoiceBalance;
  };
  /** Reject a proposal */
  readonly rejectApproval: {
    readonly input: {
      readonly approval_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body?: Decision;
    };
    readonly answer: Approval;
  };
  /** Remove a payment method */
  readonly removePaymentMethod: {
    readonly input: {
      readonly payment_method_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: undefined;
  };
  /** Resume what was paused */
  readonly resumeSubscription: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body?: When;
    };
    readonly answer: Subscription;
  };
  /** Retire a published version */
  readonly retirePlan: {
    readonly input: {
      readonly plan_id: string;
      readonly version: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: Plan;
  };
  /** Revoke an API key, at once and for good */
  readonly revokeApiKey: {
    readonly input: {
      readonly key_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: ApiKey;
  };
  /** Take back what is left of a credit */
  readonly revokeCredit: {
    readonly input: {
      readonly credit_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
    };
    readonly answer: Credit;
  };
  /** Give an API key a new secret */
  readonly rotateApiKey: {
    readonly input: {
      readonly key_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body?: ApiKeyRotation;
    };
    readonly answer: ApiKeySecret;
  };
  /** Seal personal data under a new key from now on */
  readonly rotateDataKey: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: DataKeyList;
  };
  /** Usage events: one, or a list of up to 1,000 */
  readonly sendUsage: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: UsageEvent | readonly UsageEvent[];
    };
    readonly answer: UsageAnswer;
  };
  /** Make it the default */
  readonly setDefaultPaymentMethod: {
    readonly input: {
      readonly payment_method_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: PaymentMethod;
  };
  /** Features granted or taken away beside the plan */
  readonly setFeatureOverrides: {
    readonly input: {
      readonly subscription_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: FeatureOverrides;
    };
    readonly answer: FeatureOverrides;
  };
  /** Another quantity or action */
  readonly updateLimit: {
    readonly input: {
      readonly limit_id: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: UsageLimitUpdate;
    };
    readonly answer: UsageLimit;
  };
  /** Void an invoice that nobody has paid */
  readonly voidInvoice: {
    readonly input: {
      /** e.g. INV-2026-000001 */
      readonly number: string;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      /** the same key with the same request gives the first answer again, with another request 409 */
      readonly idempotency_key: string;
      readonly body?: VoidRequest;
    };
    readonly answer: InvoiceBalance;
  };
}

/** How each operation is asked. */
export const OPERATIONS = {
  addPaymentMethod: { method: 'POST', path: '/api/v1/billing/payment-methods', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  approveApproval: { method: 'POST', path: '/api/v1/billing/approvals/{approval_id}/approve', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  approvePrice: { method: 'POST', path: '/api/v1/billing/plans/{plan_id}/prices/{target}/approve', query: ['organization_id'], consumes: 'application/json', accept: null },
  cancelSubscription: { method: 'POST', path: '/api/v1/billing/subscriptions/{subscription_id}/cancel', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  changeOrganization: { method: 'PATCH', path: '/api/v1/billing/organization', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  changeSubscription: { method: 'POST', path: '/api/v1/billing/subscriptions/{subscription_id}/change', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  checkEntitlement: { method: 'POST', path: '/api/v1/billing/entitlements/check', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  correctReceipt: { method: 'POST', path: '/api/v1/billing/corrections', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createAdjustment: { method: 'POST', path: '/api/v1/billing/adjustments', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createApiKey: { method: 'POST', path: '/api/v1/billing/api-keys', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createCreditNote: { method: 'POST', path: '/api/v1/billing/credit-notes', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createInvoice: { method: 'POST', path: '/api/v1/billing/invoices', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createLimit: { method: 'POST', path: '/api/v1/billing/limits', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createMetric: { method: 'POST', path: '/api/v1/billing/metrics', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createOrganization: { method: 'POST', path: '/api/v1/billing/organizations', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createPlan: { method: 'POST', path: '/api/v1/billing/plans', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createProduct: { method: 'POST', path: '/api/v1/billing/products', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  createSubscription: { method: 'POST', path: '/api/v1/billing/subscriptions', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  deleteLimit: { method: 'DELETE', path: '/api/v1/billing/limits/{limit_id}', query: ['organization_id'], consumes: null, accept: null },
  determineTax: { method: 'GET', path: '/api/v1/billing/tax/decision', query: ['at', 'organization_id'], consumes: null, accept: 'application/json' },
  downloadEvidence: { method: 'GET', path: '/api/v1/billing/evidence/{number}', query: ['organization_id'], consumes: null, accept: 'application/x-tar' },
  getApproval: { method: 'GET', path: '/api/v1/billing/approvals/{approval_id}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getBillingProfile: { method: 'GET', path: '/api/v1/billing/billing-profile', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getCheckpoint: { method: 'GET', path: '/.well-known/tallystick/checkpoint', query: [], consumes: null, accept: 'application/json' },
  getCreditNoteHtml: { method: 'GET', path: '/api/v1/billing/credit-notes/{number}/html', query: ['organization_id'], consumes: null, accept: 'text/html' },
  getCreditNotePdf: { method: 'GET', path: '/api/v1/billing/credit-notes/{number}/pdf', query: ['organization_id'], consumes: null, accept: 'application/pdf' },
  getCreditNoteUbl: { method: 'GET', path: '/api/v1/billing/credit-notes/{number}/ubl', query: ['organization_id'], consumes: null, accept: 'application/xml' },
  getDeferredRevenue: { method: 'GET', path: '/api/v1/billing/revenue/deferred', query: ['from', 'to', 'organization_id'], consumes: null, accept: 'application/json' },
  getEntitlements: { method: 'GET', path: '/api/v1/billing/entitlements', query: ['subscription_id', 'organization_id'], consumes: null, accept: 'application/json' },
  getErasure: { method: 'GET', path: '/api/v1/billing/erasures/{erasure_id}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getHealth: { method: 'GET', path: '/healthz', query: [], consumes: null, accept: 'application/json' },
  getInvoice: { method: 'GET', path: '/api/v1/billing/invoices/{number}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getInvoiceBalance: { method: 'GET', path: '/api/v1/billing/invoices/{number}/balance', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getInvoiceHtml: { method: 'GET', path: '/api/v1/billing/invoices/{number}/html', query: ['organization_id'], consumes: null, accept: 'text/html' },
  getInvoicePdf: { method: 'GET', path: '/api/v1/billing/invoices/{number}/pdf', query: ['organization_id'], consumes: null, accept: 'application/pdf' },
  getInvoiceUbl: { method: 'GET', path: '/api/v1/billing/invoices/{number}/ubl', query: ['organization_id'], consumes: null, accept: 'application/xml' },
  getJournal: { method: 'GET', path: '/api/v1/billing/journal', query: ['from', 'to', 'codes', 'limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  getLedgerHead: { method: 'GET', path: '/api/v1/billing/ledger/head', query: ['since', 'organization_id'], consumes: null, accept: 'application/json' },
  getLimit: { method: 'GET', path: '/api/v1/billing/limits/{limit_id}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getOpenApiDocument: { method: 'GET', path: '/openapi.json', query: [], consumes: null, accept: 'application/json' },
  getOrganization: { method: 'GET', path: '/api/v1/billing/organization', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getPlan: { method: 'GET', path: '/api/v1/billing/plans/{plan_id}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getPlanConversion: { method: 'GET', path: '/api/v1/billing/plans/{plan_id}/conversion', query: ['from', 'to', 'organization_id'], consumes: null, accept: 'application/json' },
  getPreviewHtml: { method: 'GET', path: '/api/v1/billing/subscriptions/{subscription_id}/preview/html', query: ['organization_id'], consumes: null, accept: 'text/html' },
  getReceipt: { method: 'GET', path: '/api/v1/billing/receipts/{receipt_id}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getRetentionReport: { method: 'GET', path: '/api/v1/billing/retention-report', query: ['from', 'to', 'organization_id'], consumes: null, accept: 'application/json' },
  getRevenueSchedule: { method: 'GET', path: '/api/v1/billing/revenue/schedule', query: ['from', 'to', 'limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  getSigningKeys: { method: 'GET', path: '/.well-known/jwks.json', query: [], consumes: null, accept: 'application/jwk-set+json' },
  getStatement: { method: 'GET', path: '/api/v1/billing/statement', query: ['from', 'to', 'organization_id'], consumes: null, accept: 'application/json' },
  getStatementHtml: { method: 'GET', path: '/api/v1/billing/statement/html', query: ['from', 'to', 'organization_id'], consumes: null, accept: 'text/html' },
  getStatementPdf: { method: 'GET', path: '/api/v1/billing/statement/pdf', query: ['from', 'to', 'organization_id'], consumes: null, accept: 'application/pdf' },
  getSubscription: { method: 'GET', path: '/api/v1/billing/subscriptions/{subscription_id}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getTaxReport: { method: 'GET', path: '/api/v1/billing/tax/report', query: ['from', 'to', 'organization_id'], consumes: null, accept: 'application/json' },
  getUsageEvent: { method: 'GET', path: '/api/v1/billing/usage/events/{receipt_id}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getUsageSummary: { method: 'GET', path: '/api/v1/billing/usage/summary', query: ['metric_name', 'subscription_id', 'from', 'to', 'window', 'group_by', 'limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  grantCredit: { method: 'POST', path: '/api/v1/billing/credits', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  grantDiscount: { method: 'POST', path: '/api/v1/billing/subscriptions/{subscription_id}/discounts', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  listApiKeys: { method: 'GET', path: '/api/v1/billing/api-keys', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listApprovals: { method: 'GET', path: '/api/v1/billing/approvals', query: ['limit', 'cursor', 'state', 'organization_id'], consumes: null, accept: 'application/json' },
  listAuditLog: { method: 'GET', path: '/api/v1/billing/audit', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listCreditNotes: { method: 'GET', path: '/api/v1/billing/credit-notes', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listCredits: { method: 'GET', path: '/api/v1/billing/credits', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listDataKeys: { method: 'GET', path: '/api/v1/billing/data-keys', query: ['organization_id'], consumes: null, accept: 'application/json' },
  listErasures: { method: 'GET', path: '/api/v1/billing/erasures', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listEvidence: { method: 'GET', path: '/api/v1/billing/evidence', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listExchangeRates: { method: 'GET', path: '/api/v1/billing/exchange-rates', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listInvoices: { method: 'GET', path: '/api/v1/billing/invoices', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listLimitNotices: { method: 'GET', path: '/api/v1/billing/limit-notices', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listLimits: { method: 'GET', path: '/api/v1/billing/limits', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listMetrics: { method: 'GET', path: '/api/v1/billing/metrics', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listOrganizations: { method: 'GET', path: '/api/v1/billing/organizations', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listPaymentMethods: { method: 'GET', path: '/api/v1/billing/payment-methods', query: ['organization_id'], consumes: null, accept: 'application/json' },
  listPlans: { method: 'GET', path: '/api/v1/billing/plans', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listPrices: { method: 'GET', path: '/api/v1/billing/prices', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listProducts: { method: 'GET', path: '/api/v1/billing/products', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listReceipts: { method: 'GET', path: '/api/v1/billing/receipts', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listSubscriptions: { method: 'GET', path: '/api/v1/billing/subscriptions', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  pauseSubscription: { method: 'POST', path: '/api/v1/billing/subscriptions/{subscription_id}/pause', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  previewInvoice: { method: 'GET', path: '/api/v1/billing/subscriptions/{subscription_id}/preview', query: ['organization_id'], consumes: null, accept: 'application/json' },
  proposeErasure: { method: 'POST', path: '/api/v1/billing/erasures', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  proposePrice: { method: 'PUT', path: '/api/v1/billing/plans/{plan_id}/prices/{target}', query: ['effective_from', 'organization_id'], consumes: 'application/json', accept: 'application/json' },
  proposeWriteOff: { method: 'POST', path: '/api/v1/billing/invoices/{number}/write-off', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  publishPlan: { method: 'POST', path: '/api/v1/billing/plans/{plan_id}/versions/{version}/publish', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  putBillingProfile: { method: 'PUT', path: '/api/v1/billing/billing-profile', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  reactivateSubscription: { method: 'POST', path: '/api/v1/billing/subscriptions/{subscription_id}/reactivate', query: ['organization_id'], consumes: null, accept: 'application/json' },
  recordExchangeRate: { method: 'POST', path: '/api/v1/billing/exchange-rates', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  recordPayment: { method: 'POST', path: '/api/v1/billing/invoices/{number}/payments', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  rejectApproval: { method: 'POST', path: '/api/v1/billing/approvals/{approval_id}/reject', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  removePaymentMethod: { method: 'DELETE', path: '/api/v1/billing/payment-methods/{payment_method_id}', query: ['organization_id'], consumes: null, accept: null },
  resumeSubscription: { method: 'POST', path: '/api/v1/billing/subscriptions/{subscription_id}/resume', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  retirePlan: { method: 'POST', path: '/api/v1/billing/plans/{plan_id}/versions/{version}/retire', query: ['organization_id'], consumes: null, accept: 'application/json' },
  revokeApiKey: { method: 'POST', path: '/api/v1/billing/api-keys/{key_id}/revoke', query: ['organization_id'], consumes: null, accept: 'application/json' },
  revokeCredit: { method: 'POST', path: '/api/v1/billing/credits/{credit_id}/revoke', query: ['organization_id'], consumes: null, accept: 'application/json' },
  rotateApiKey: { method: 'POST', path: '/api/v1/billing/api-keys/{key_id}/rotate', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  rotateDataKey: { method: 'POST', path: '/api/v1/billing/data-keys/rotate', query: ['organization_id'], consumes: null, accept: 'application/json' },
  sendUsage: { method: 'POST', path: '/api/v1/billing/usage', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  setDefaultPaymentMethod: { method: 'POST', path: '/api/v1/billing/payment-methods/{payment_method_id}/default', query: ['organization_id'], consumes: null, accept: 'application/json' },
  setFeatureOverrides: { method: 'PUT', path: '/api/v1/billing/subscriptions/{subscription_id}/features', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  updateLimit: { method: 'PATCH', path: '/api/v1/billing/limits/{limit_id}', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
  voidInvoice: { method: 'POST', path: '/api/v1/billing/invoices/{number}/void', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
} as const;

