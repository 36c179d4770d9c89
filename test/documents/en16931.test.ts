import assert from 'node:assert/strict';
import { checkEn16931 } from '../../shared/documents/en16931.ts';
import { RULES } from '../../shared/documents/en16931-rules.ts';
import { creditNoteUbl, invoiceUbl } from '../../shared/documents/ubl.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { frame, GERMAN_RATES, GREEK, INVOICE } from '../support/sample-invoice.ts';

const taxed = (treatment: string, rate: string, jurisdiction = 'eu-de') => ({
  rates: [{ category: 'standard', jurisdiction, rate, treatment }],
  invoice: {
    ...INVOICE,
    taxes: [{ jurisdiction, rate, treatment, base: '3300', amount: '0' }],
    ...{ tax_total: '0', total: '3300', amount_due: '3300' },
  } satisfies InvoiceDocument,
});
const ubl = (treatment: string): string => {
  const { invoice, rates } = taxed(treatment, '0');
  return invoiceUbl(invoice, rates, frame());
};
/** One good document per VAT category that we write. */
const GOOD = {
  S: invoiceUbl(INVOICE, GERMAN_RATES, frame()),
  Z: ubl('zero_rated'),
  E: ubl('exempt'),
  AE: ubl('reverse_charge'),
  O: ubl('outside_scope'),
};
const NOTE = creditNoteUbl(
  {
    ...{ v: '1', typ: 'credit_note', ledger: 'l', tenant: 'acme', number: 'CN-1', invoice: INVOICE.number },
    ...{ currency: 'EUR', issued_at: '2026-04-05T10:00:00.000000Z', reason: 'correction' },
    lines: [{ line: '0', meter: 'base', amount: '1000' }],
    ...{ subtotal: '1000', tax_behavior: 'exclusive', tax_decision: 'x' },
    taxes: [{ jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed', base: '1000', amount: '190' }],
    ...{ tax_total: '190', total: '1190' },
  },
  INVOICE,
  GERMAN_RATES,
  frame(),
);

type Break = readonly [rule: string, of: keyof typeof GOOD | 'note', from: string | RegExp, to: string];
const gone = (element: string): RegExp => new RegExp(`\\s*<${element}(?: [^>]*)?>[\\s\\S]*?</${element}>`);
const inSeller = (element: string): RegExp =>
  new RegExp(`(<cac:AccountingSupplierParty>[\\s\\S]*?)<${element}>[\\s\\S]*?</${element}>`);
const inBuyer = (element: string): RegExp =>
  new RegExp(`(<cac:AccountingCustomerParty>[\\s\\S]*?)<${element}>[\\s\\S]*?</${element}>`);
const inLine = (element: string): RegExp =>
  new RegExp(`(<cac:InvoiceLine>[\\s\\S]*?)<${element}(?: [^>]*)?>[\\s\\S]*?</${element}>`);
const inSubtotal = (element: string): RegExp =>
  new RegExp(`(<cac:TaxSubtotal>[\\s\\S]*?)<${element}(?: [^>]*)?>[\\s\\S]*?</${element}>`);

/** For each rule one change of a good document that breaks it. */
const BREAKS: readonly Break[] = [
  ['BR-01', 'S', gone('cbc:CustomizationID'), ''],
  ['BR-02', 'S', '<cbc:ID>INV-2026-000042</cbc:ID>', ''],
  ['BR-03', 'S', gone('cbc:IssueDate'), ''],
  ['BR-04', 'S', gone('cbc:InvoiceTypeCode'), ''],
  ['BR-05', 'S', gone('cbc:DocumentCurrencyCode'), ''],
  ['BR-06', 'S', inSeller('cbc:RegistrationName'), '$1'],
  ['BR-07', 'S', inBuyer('cbc:RegistrationName'), '$1'],
  ['BR-08', 'S', inSeller('cac:PostalAddress'), '$1'],
  ['BR-09', 'S', inSeller('cac:Country'), '$1'],
  ['BR-10', 'S', inBuyer('cac:PostalAddress'), '$1'],
  ['BR-11', 'S', inBuyer('cac:Country'), '$1'],
  ['BR-12', 'S', gone('cbc:LineExtensionAmount'), ''],
  ['BR-13', 'S', gone('cbc:TaxExclusiveAmount'), ''],
  ['BR-14', 'S', gone('cbc:TaxInclusiveAmount'), ''],
  ['BR-15', 'S', gone('cbc:PayableAmount'), ''],
  ['BR-16', 'S', /<cac:InvoiceLine>[\s\S]*<\/cac:InvoiceLine>/, ''],
  ['BR-21', 'S', inLine('cbc:ID'), '$1'],
  ['BR-22', 'S', inLine('cbc:InvoicedQuantity'), '$1'],
  ['BR-23', 'S', ' unitCode="C62"', ''],
  ['BR-24', 'S', inLine('cbc:LineExtensionAmount'), '$1'],
  ['BR-25', 'S', inLine('cbc:Name'), '$1'],
  ['BR-26', 'S', inLine('cbc:PriceAmount'), '$1'],
  ['BR-27', 'S', /(<cbc:PriceAmount currencyID="EUR">)/, '$1-'],
  ['BR-29', 'S', '<cbc:StartDate>2026-03-01', '<cbc:StartDate>2027-03-01'],
  ['BR-30', 'S', '<cbc:StartDate>2026-04-01', '<cbc:StartDate>2027-04-01'],
  ['BR-45', 'S', gone('cbc:TaxableAmount'), ''],
  ['BR-46', 'S', inSubtotal('cbc:TaxAmount'), '$1'],
  ['BR-47', 'S', inSubtotal('cbc:ID'), '$1'],
  ['BR-48', 'S', inSubtotal('cbc:Percent'), '$1'],
  ['BR-49', 'S', gone('cbc:PaymentMeansCode'), ''],
  ['BR-50', 'S', '<cbc:ID>DE75512108001245126199</cbc:ID>', ''],
  ['BR-55', 'note', '<cbc:ID>INV-2026-000042</cbc:ID>', ''],
  ['BR-61', 'S', gone('cac:PayeeFinancialAccount'), ''],
  ['BR-CO-04', 'S', inLine('cac:ClassifiedTaxCategory'), '$1'],
  ['BR-CO-09', 'S', '<cbc:CompanyID>EL094259216', '<cbc:CompanyID>094259216'],
  ['BR-CO-10', 'S', 'cbc:LineExtensionAmount currencyID="EUR">31.00', 'cbc:LineExtensionAmount currencyID="EUR">31.01'],
  ['BR-CO-13', 'S', 'cbc:TaxExclusiveAmount currencyID="EUR">33.00', 'cbc:TaxExclusiveAmount currencyID="EUR">33.01'],
  ['BR-CO-14', 'S', /(<cac:TaxTotal>\s*<cbc:TaxAmount currencyID="EUR">)6\.27/, '$16.28'],
  ['BR-CO-15', 'S', 'cbc:TaxInclusiveAmount currencyID="EUR">39.27', 'cbc:TaxInclusiveAmount currencyID="EUR">39.28'],
  ['BR-CO-16', 'S', 'cbc:PayableAmount currencyID="EUR">39.27', 'cbc:PayableAmount currencyID="EUR">39.26'],
  ['BR-CO-17', 'S', /(<cac:TaxSubtotal>[\s\S]*?<cbc:TaxAmount currencyID="EUR">)6\.27/, '$16.29'],
  ['BR-CO-18', 'S', gone('cac:TaxSubtotal'), ''],
  ['BR-CO-25', 'S', gone('cbc:DueDate'), ''],
  ['BR-CO-26', 'S', /<cac:AccountingSupplierParty>[\s\S]*?<\/cac:AccountingSupplierParty>/, ''],
  ...(['S', 'Z', 'E', 'AE', 'O'] as const).flatMap((code): Break[] => [
    [`BR-${code}-01`, code, gone('cac:TaxSubtotal'), ''],
    [
      `BR-${code}-05`,
      code,
      /(<cac:ClassifiedTaxCategory>\s*<cbc:ID>[A-Z]+<\/cbc:ID>)(?:\s*<cbc:Percent>[0-9.]+<\/cbc:Percent>)?/,
      `$1<cbc:Percent>${code === 'S' ? '0.00' : '5.00'}</cbc:Percent>`,
    ],
    [`BR-${code}-08`, code, 'cbc:TaxableAmount currencyID="EUR">33.00', 'cbc:TaxableAmount currencyID="EUR">32.00'],
    [`BR-${code}-09`, code, /(<cac:TaxSubtotal>[\s\S]*?<cbc:TaxAmount currencyID="EUR">)[0-9.]+/, '$18.00'],
    code === 'S' || code === 'Z'
      ? [`BR-${code}-10`, code, '</cbc:Percent>', '</cbc:Percent><cbc:TaxExemptionReason>no</cbc:TaxExemptionReason>']
      : [`BR-${code}-10`, code, /<cbc:TaxExemptionReason(?:Code)?>[^<]*<\/cbc:TaxExemptionReason(?:Code)?>/g, ''],
  ]),
  ...(['S', 'Z', 'E', 'AE'] as const).map(
    (code): Break => [`BR-${code}-02`, code, inSeller('cac:PartyTaxScheme'), '$1'],
  ),
  ['BR-AE-02', 'AE', inBuyer('cac:PartyTaxScheme'), '$1'],
  ['BR-O-02', 'O', /(<cac:PartyTaxScheme>[\s\S]*?<cbc:ID>)TAX/, '$1VAT'],
  ['BR-O-11', 'O', /(<cac:TaxSubtotal>[\s\S]*<\/cac:TaxSubtotal>)/, '$1$1'],
  ['BR-O-12', 'O', /(<cac:ClassifiedTaxCategory>\s*<cbc:ID>)O/, '$1E'],
  [
    'BR-DEC-09',
    'S',
    'cbc:LineExtensionAmount currencyID="EUR">33.00',
    'cbc:LineExtensionAmount currencyID="EUR">33.000',
  ],
  ['BR-DEC-12', 'S', 'cbc:TaxExclusiveAmount currencyID="EUR">33.00', 'cbc:TaxExclusiveAmount currencyID="EUR">33.000'],
  ['BR-DEC-13', 'S', /(<cac:TaxTotal>\s*<cbc:TaxAmount currencyID="EUR">6\.27)/, '$10'],
  ['BR-DEC-14', 'S', 'cbc:TaxInclusiveAmount currencyID="EUR">39.27', 'cbc:TaxInclusiveAmount currencyID="EUR">39.270'],
  [
    'BR-DEC-16',
    'S',
    '<cbc:PayableAmount',
    '<cbc:PrepaidAmount currencyID="EUR">0.000</cbc:PrepaidAmount><cbc:PayableAmount',
  ],
  ['BR-DEC-18', 'S', 'cbc:PayableAmount currencyID="EUR">39.27', 'cbc:PayableAmount currencyID="EUR">39.270'],
  ['BR-DEC-19', 'S', 'cbc:TaxableAmount currencyID="EUR">33.00', 'cbc:TaxableAmount currencyID="EUR">33.000'],
  ['BR-DEC-20', 'S', /(<cac:TaxSubtotal>[\s\S]*?<cbc:TaxAmount currencyID="EUR">6\.27)/, '$10'],
  [
    'BR-DEC-23',
    'S',
    'cbc:LineExtensionAmount currencyID="EUR">31.00',
    'cbc:LineExtensionAmount currencyID="EUR">31.000',
  ],
  ['BR-CL-01', 'S', '<cbc:InvoiceTypeCode>380', '<cbc:InvoiceTypeCode>999'],
  ['BR-CL-03', 'S', 'cbc:LineExtensionAmount currencyID="EUR">31.00', 'cbc:LineExtensionAmount currencyID="USD">31.00'],
  ['BR-CL-04', 'S', '<cbc:DocumentCurrencyCode>EUR', '<cbc:DocumentCurrencyCode>ABC'],
  ['BR-CL-14', 'S', '<cbc:IdentificationCode>DE', '<cbc:IdentificationCode>ZY'],
  ['BR-CL-16', 'S', '<cbc:PaymentMeansCode>58', '<cbc:PaymentMeansCode>99'],
  ['BR-CL-17', 'S', /(<cac:TaxCategory>\s*<cbc:ID>)S/, '$1X'],
  ['BR-CL-18', 'S', /(<cac:ClassifiedTaxCategory>\s*<cbc:ID>)S/, '$1X'],
  ['BR-CL-22', 'AE', 'VATEX-EU-AE', 'VATEX-EU-ZZ'],
  ['BR-CL-23', 'S', 'unitCode="C62"', 'unitCode="PIECE"'],
];

describe('business rules of EN 16931', () => {
  it('are kept by what we write in every VAT category', () => {
    for (const [name, xml] of Object.entries({ ...GOOD, NOTE })) assert.deepEqual(checkEn16931(xml), [], name);
  });

  it('each have their own number, and each is broken below', () => {
    const numbers = RULES.map(({ rule }) => rule);
    assert.equal(new Set(numbers).size, numbers.length);
    assert.deepEqual([...new Set(BREAKS.map(([rule]) => rule))].sort(), [...numbers].sort());
  });

  for (const [rule, of, from, to] of BREAKS) {
    it(`${rule} is found where it is broken (${of}: ${String(from).slice(0, 50)})`, () => {
      const good = of === 'note' ? NOTE : GOOD[of];
      const bad = good.replace(from, to);
      assert.notEqual(bad, good, 'nothing was changed');
      assert.ok(
        checkEn16931(bad).some((broken) => broken.rule === rule),
        checkEn16931(bad)
          .map((broken) => broken.rule)
          .join() || 'no rule was broken',
      );
    });
  }

  it('are held against whatever somebody else calls an invoice: nothing at all breaks the first of them', () => {
    const broken = checkEn16931('<Invoice/>').map(({ rule }) => rule);
    for (const rule of ['BR-01', 'BR-02', 'BR-16', 'BR-CO-18', 'BR-CO-26']) assert.ok(broken.includes(rule), rule);
    assert.ok(GREEK.legal_name.length > 0);
  });
});
