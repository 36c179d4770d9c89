// Written by `npm run build:client` from the OpenAPI document.

export type Checkpoint = {
  /** origin of the ledger */
  readonly ledger: string;
  /** canonical bytes of the seal record */
  readonly record: string;
  /** JWS */
  readonly checkpoint: string;
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

export type Money = {
  /** minor units: 1234 of EUR is 12.34 EUR, of JPY 1234 JPY */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: 400 | 401 | 403 | 404 | 405 | 406 | 409 | 413 | 415 | 421 | 422 | 500 | 503;
  readonly detail: string;
  /** stable: codes are added, never renamed */
  readonly code: 'already_exists' | 'billing_frozen' | 'body_too_large' | 'credit_exceeds_invoice' | 'currency_mismatch' | 'duplicate_header' | 'duplicate_key' | 'idempotency_conflict' | 'idempotency_in_progress' | 'idempotency_key_required' | 'insufficient_scope' | 'internal' | 'invalid_catalogue' | 'invalid_credentials' | 'invalid_currency' | 'invalid_cursor' | 'invalid_discount' | 'invalid_encoding' | 'invalid_id' | 'invalid_idempotency_key' | 'invalid_instant' | 'invalid_parameter' | 'invalid_path' | 'invalid_price' | 'invalid_property' | 'invalid_quantity' | 'invalid_target' | 'invalid_timestamp' | 'invalid_transition' | 'malformed_json' | 'method_not_allowed' | 'missing_credentials' | 'money_refused' | 'nesting_too_deep' | 'no_price_cell' | 'not_acceptable' | 'not_found' | 'organization_mismatch' | 'quota_exceeded' | 'subscription_ended' | 'subscription_not_started' | 'subscription_paused' | 'temporarily_unavailable' | 'timestamp_out_of_window' | 'too_many_items' | 'unknown_field' | 'unknown_metric' | 'unknown_subscription' | 'unsupported_content_encoding' | 'unsupported_media_type' | 'validation_failed' | 'wrong_region';
  /** name or path of what is wrong */
  readonly param?: string;
  readonly request_id: string;
  /** everything that is wrong, where a request can have several faults */
  readonly errors?: readonly {
    /** stable: codes are added, never renamed */
    readonly code: 'already_exists' | 'billing_frozen' | 'body_too_large' | 'credit_exceeds_invoice' | 'currency_mismatch' | 'duplicate_header' | 'duplicate_key' | 'idempotency_conflict' | 'idempotency_in_progress' | 'idempotency_key_required' | 'insufficient_scope' | 'internal' | 'invalid_catalogue' | 'invalid_credentials' | 'invalid_currency' | 'invalid_cursor' | 'invalid_discount' | 'invalid_encoding' | 'invalid_id' | 'invalid_idempotency_key' | 'invalid_instant' | 'invalid_parameter' | 'invalid_path' | 'invalid_price' | 'invalid_property' | 'invalid_quantity' | 'invalid_target' | 'invalid_timestamp' | 'invalid_transition' | 'malformed_json' | 'method_not_allowed' | 'missing_credentials' | 'money_refused' | 'nesting_too_deep' | 'no_price_cell' | 'not_acceptable' | 'not_found' | 'organization_mismatch' | 'quota_exceeded' | 'subscription_ended' | 'subscription_not_started' | 'subscription_paused' | 'temporarily_unavailable' | 'timestamp_out_of_window' | 'too_many_items' | 'unknown_field' | 'unknown_metric' | 'unknown_subscription' | 'unsupported_content_encoding' | 'unsupported_media_type' | 'validation_failed' | 'wrong_region';
    readonly detail: string;
    /** name or path of what is wrong */
    readonly param?: string;
  }[];
  /** where to ask instead */
  readonly endpoint?: string;
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

export type UsageOutcome = {
  readonly status: 'accepted' | 'duplicate';
  /** 32 bytes in base64url without padding */
  readonly receipt_id: string;
} | {
  readonly status: 'refused';
  readonly code: 'malformed_json' | 'duplicate_key' | 'duplicate_header' | 'invalid_target' | 'invalid_path' | 'invalid_encoding' | 'invalid_cursor' | 'invalid_parameter' | 'nesting_too_deep' | 'too_many_items' | 'validation_failed' | 'unknown_field' | 'idempotency_key_required' | 'missing_credentials' | 'invalid_credentials' | 'insufficient_scope' | 'not_found' | 'method_not_allowed' | 'not_acceptable' | 'body_too_large' | 'wrong_region' | 'unsupported_content_encoding' | 'unsupported_media_type' | 'invalid_quantity' | 'invalid_timestamp' | 'timestamp_out_of_window' | 'invalid_idempotency_key' | 'invalid_property' | 'organization_mismatch' | 'unknown_metric' | 'unknown_subscription' | 'subscription_not_started' | 'subscription_ended' | 'subscription_paused' | 'no_price_cell' | 'idempotency_conflict' | 'idempotency_in_progress' | 'quota_exceeded' | 'invalid_catalogue' | 'invalid_discount' | 'invalid_transition' | 'credit_exceeds_invoice' | 'money_refused' | 'billing_frozen' | 'already_exists' | 'invalid_price' | 'invalid_instant' | 'invalid_id' | 'invalid_currency' | 'currency_mismatch' | 'internal' | 'temporarily_unavailable';
  readonly detail: string;
  readonly param?: string;
};

export type UsageSummary = {
  /** the last ledger entry that is counted */
  readonly as_of_seq: number | null;
  readonly data: readonly {
    readonly subscription_id: string;
    readonly metric_name: string;
    readonly aggregation: 'count' | 'last' | 'max' | 'sum' | 'unique_count' | 'weighted_sum';
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly period_start: string;
    /** UTC with microseconds, e.g. 2026-03-01T12:00:00.000000Z */
    readonly period_end: string;
    /** a decimal number as text */
    readonly value: string;
    readonly events: number;
  }[];
};

/** What each operation takes, and what it answers with. */
export interface Operations {
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
  /** The latest signed checkpoint */
  readonly getCheckpoint: {
    readonly input: Readonly<Record<never, never>>;
    readonly answer: Checkpoint;
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
  /** This document */
  readonly getOpenApiDocument: {
    readonly input: Readonly<Record<never, never>>;
    readonly answer: Readonly<Record<string, unknown>>;
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
  /** Every signing key ever used */
  readonly getSigningKeys: {
    readonly input: Readonly<Record<never, never>>;
    readonly answer: Jwks;
  };
  /** Each meter’s aggregate per period */
  readonly getUsageSummary: {
    readonly input: {
      /** only this metric */
      readonly metric_name?: string | undefined;
      /** only this subscription */
      readonly subscription_id?: string | undefined;
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
    };
    readonly answer: UsageSummary;
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
  /** Usage events: one, or a list of up to 1,000 */
  readonly sendUsage: {
    readonly input: {
      /** needed with a key of the platform; with an organization’s own key it may only name that one */
      readonly organization_id?: string | undefined;
      readonly body: UsageEvent | readonly UsageEvent[];
    };
    readonly answer: UsageAnswer;
  };
}

/** How each operation is asked. */
export const OPERATIONS = {
  downloadEvidence: { method: 'GET', path: '/api/v1/billing/evidence/{number}', query: ['organization_id'], consumes: null, accept: 'application/x-tar' },
  getCheckpoint: { method: 'GET', path: '/.well-known/tallystick/checkpoint', query: [], consumes: null, accept: 'application/json' },
  getHealth: { method: 'GET', path: '/healthz', query: [], consumes: null, accept: 'application/json' },
  getInvoice: { method: 'GET', path: '/api/v1/billing/invoices/{number}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getLedgerHead: { method: 'GET', path: '/api/v1/billing/ledger/head', query: ['since', 'organization_id'], consumes: null, accept: 'application/json' },
  getOpenApiDocument: { method: 'GET', path: '/openapi.json', query: [], consumes: null, accept: 'application/json' },
  getReceipt: { method: 'GET', path: '/api/v1/billing/receipts/{receipt_id}', query: ['organization_id'], consumes: null, accept: 'application/json' },
  getSigningKeys: { method: 'GET', path: '/.well-known/jwks.json', query: [], consumes: null, accept: 'application/jwk-set+json' },
  getUsageSummary: { method: 'GET', path: '/api/v1/billing/usage/summary', query: ['metric_name', 'subscription_id', 'organization_id'], consumes: null, accept: 'application/json' },
  listEvidence: { method: 'GET', path: '/api/v1/billing/evidence', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listInvoices: { method: 'GET', path: '/api/v1/billing/invoices', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  listReceipts: { method: 'GET', path: '/api/v1/billing/receipts', query: ['limit', 'cursor', 'organization_id'], consumes: null, accept: 'application/json' },
  sendUsage: { method: 'POST', path: '/api/v1/billing/usage', query: ['organization_id'], consumes: 'application/json', accept: 'application/json' },
} as const;

