/**
 * Who stands on an invoice. Personal data: kept encrypted per organization, and in no receipt, seal, vault or log.
 */

/** Kinds of tax numbers; each is checked by its own rules. `eu_vat` begins with the member state's letters (Greece: EL). */
export const TAX_ID_TYPES = [
  'eu_vat',
  'gb_vat',
  'ch_vat',
  'no_vat',
  'au_abn',
  'nz_gst',
  'sg_gst',
  'in_gst',
  'ca_bn',
  'us_ein',
] as const;
export type TaxIdType = (typeof TAX_ID_TYPES)[number];

export interface TaxId {
  readonly type: TaxIdType;
  readonly value: string;
}

export interface PostalAddress {
  readonly line1: string;
  readonly line2?: string;
  readonly postal_code: string;
  readonly city: string;
  /** second part of ISO 3166-2: `CA` of US-CA; required for US, CA and IN */
  readonly subdivision?: string;
  /** ISO 3166-1 alpha-2 */
  readonly country: string;
}

/** A certificate that frees a customer from a jurisdiction's tax, for a time. Instants are RFC 3339 in UTC. */
export interface TaxExemption {
  /** `us-ca`, `eu-de`: as the tax tables name it */
  readonly jurisdiction: string;
  readonly certificate: string;
  readonly from: string;
  /** exclusive; absent: until further notice */
  readonly to?: string;
}

/** What the customer of an invoice is called, where it is and how it wants to be billed. */
export interface BillingProfile {
  readonly legal_name: string;
  readonly customer_type: 'business' | 'consumer';
  readonly address: PostalAddress;
  readonly tax_ids: readonly TaxId[];
  readonly exemptions: readonly TaxExemption[];
  /** whether the prices it agreed to contain the tax */
  readonly tax_behavior: 'exclusive' | 'inclusive';
  readonly email?: string;
  /** BCP 47, e.g. `de-DE`: of its documents */
  readonly locale: string;
  readonly payment_terms_days: number;
  /** what it wants to read on its invoices: a purchase order, a cost centre */
  readonly buyer_reference?: string;
}

/** Where the seller is registered for a tax, and since when. */
export interface TaxRegistration {
  /** `eu-de`, `gb`, `us-ca`; `eu-oss` for the One-Stop-Shop of the union (Directive 2006/112/EC, articles 369a-369k) */
  readonly jurisdiction: string;
  readonly tax_id: string;
  readonly from: string;
  /** exclusive */
  readonly to?: string;
}

/** The legal entity that issues the invoices of a stack. */
export interface Seller {
  readonly legal_name: string;
  readonly address: PostalAddress;
  readonly tax_ids: readonly TaxId[];
  readonly registrations: readonly TaxRegistration[];
  readonly email?: string;
  readonly website?: string;
  /** where money is paid to */
  readonly bank?: { readonly iban?: string; readonly bic?: string; readonly account_name?: string };
}
