import type { DocumentFrame } from '../../shared/documents/view.ts';
import type { InvoiceDocument, InvoiceLine } from '../../shared/domain/invoice/invoice.ts';
import { parseBillingProfile, parseSeller } from '../../shared/domain/organization/party-schema.ts';

const MARCH = '2026-02-28T23:00:00.000000Z/2026-03-31T22:00:00.000000Z';
const APRIL = '2026-03-31T22:00:00.000000Z/2026-04-30T22:00:00.000000Z';

export const SELLER = parseSeller({
  legal_name: 'Northwind Metering GmbH',
  address: { line1: 'Lindenallee 7', postal_code: '10407', city: 'Berlin', country: 'DE' },
  tax_ids: [{ type: 'eu_vat', value: 'DE136695976' }],
  bank: { iban: 'DE75512108001245126199', bic: 'SOGEDEFFXXX' },
});
export const GREEK = {
  legal_name: 'Ωμέγα Μετρήσεις ΑΕ',
  customer_type: 'business',
  address: { line1: 'Οδός Ερμού 1', postal_code: '105 57', city: 'Αθήνα', country: 'GR' },
  tax_ids: [{ type: 'eu_vat', value: 'EL094259216' }],
  locale: 'de-DE',
  buyer_reference: 'PO-4711',
} as const;

export const frame = (buyer: object = GREEK): DocumentFrame => ({
  seller: SELLER,
  buyer: parseBillingProfile(buyer),
  zone: 'Europe/Berlin',
  verifyUrl: 'https://billing.example.com/api/v1/billing/evidence/INV-2026-000042',
  isDraft: false,
});

export const line = (meter: string, amount: string, more: Partial<InvoiceLine> = {}): InvoiceLine => ({
  ...{ kind: 'usage', meter, price_ref: `${meter}@1`, price_digest: 'd', period: MARCH, tax_category: 'standard' },
  ...{ quantity: '', numerator: '', denominator: '', first_seq: '3', last_seq: '22', count: '20' },
  ...{ before: '0', after: '20', base: '0', exact: '2', amount, discount: '0' },
  ...more,
});

/** 31.00 for April in advance and 20 calls at 0.10 in March are 33.00; 19 % of that are 6.27: 39.27 in all. */
export const INVOICE: InvoiceDocument = {
  ...{
    v: '1',
    typ: 'invoice',
    kind: 'period',
    ledger: 'ledger.example.com',
    tenant: 'acme',
    number: 'INV-2026-000042',
  },
  ...{
    subscription: 'main',
    period: MARCH,
    currency: 'EUR',
    issued_at: '2026-04-01T00:30:00.000000Z',
    close_seq: '23',
  },
  lines: [line('base', '3100', { kind: 'advance', period: APRIL, quantity: '1', exact: '31' }), line('calls', '200')],
  ...{ subtotal: '3300', discounts: [], discount_total: '0', tax_behavior: 'exclusive', tax_decision: 'x' },
  taxes: [{ jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed', base: '3300', amount: '627' }],
  ...{ tax_total: '627', total: '3927', credits: [], credit_total: '0', amount_due: '3927', content: 'c' },
};
export const GERMAN_RATES = [{ category: 'standard', jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed' }];
