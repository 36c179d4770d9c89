import { percentOf, sumOf, type Xml } from './xml.ts';

/** A business rule: its number, what it says, and whether a document keeps it. */
export interface BusinessRule {
  readonly rule: string;
  readonly says: string;
  readonly holds: (document: Xml) => boolean;
}

const CENT = 1_000_000n;
const SELLER = 'cac:AccountingSupplierParty/cac:Party';
const BUYER = 'cac:AccountingCustomerParty/cac:Party';
const TOTALS = 'cac:LegalMonetaryTotal';
const LINE_CATEGORY = 'cac:Item/cac:ClassifiedTaxCategory';
const CATEGORY = 'cac:TaxCategory';

const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const currencies = new Set(Intl.supportedValuesOf('currency'));
const isCountry = (code: string | undefined): boolean =>
  code !== undefined && /^[A-Z]{2}$/.test(code) && regions.of(code) !== undefined;

const required = (rule: string, path: string, what: string): BusinessRule => ({
  rule,
  says: `an invoice has ${what}`,
  holds: (document) => document.has(path),
});
const ofLines = (rule: string, says: string, holds: (line: Xml) => boolean): BusinessRule => ({
  rule,
  says: `each line ${says}`,
  holds: (document) => document.lines.every(holds),
});
const ofBreakdown = (rule: string, says: string, holds: (row: Xml) => boolean): BusinessRule => ({
  rule,
  says: `each VAT breakdown ${says}`,
  holds: (document) => document.breakdown.every(holds),
});
const decimals = (rule: string, path: string): BusinessRule => ({
  rule,
  says: `${path} has two decimals at most`,
  holds: (document) => document.all(path).every(({ self }) => (self.split('.')[1]?.length ?? 0) <= 2),
});
const textOf = ({ self }: Xml): string => self;

const inOrder = (period: Xml): boolean => {
  const [start, end] = [period.text('cbc:StartDate'), period.text('cbc:EndDate')];
  return start === undefined || end === undefined || start <= end;
};
const linesOf = (document: Xml, code: string): Xml[] =>
  document.lines.filter((line) => line.text(`${LINE_CATEGORY}/cbc:ID`) === code);
const rowsOf = (document: Xml, code: string): Xml[] =>
  document.breakdown.filter((row) => row.text(`${CATEGORY}/cbc:ID`) === code);
const isUsed = (document: Xml, code: string): boolean =>
  linesOf(document, code).length > 0 || rowsOf(document, code).length > 0;
const rateOf = (node: Xml, category: string): bigint | undefined => node.amount(`${category}/cbc:Percent`);
const hasReason = (row: Xml): boolean =>
  row.has(`${CATEGORY}/cbc:TaxExemptionReason`) || row.has(`${CATEGORY}/cbc:TaxExemptionReasonCode`);
const isCharged = (row: Xml, tolerance: bigint): boolean => {
  const [base, rate, tax] = [row.amount('cbc:TaxableAmount'), rateOf(row, CATEGORY) ?? 0n, row.amount('cbc:TaxAmount')];
  if (base === undefined || tax === undefined) return false;
  const difference = tax - percentOf(base, rate);
  return difference <= tolerance && difference >= -tolerance;
};

/** Rules that each VAT category has under its own letter (EN 16931-1, table of BR-S-*, BR-Z-*, BR-E-*, BR-AE-*, BR-O-*). */
function categoryRules(
  code: string,
  { rate, reason }: { readonly rate: 'above zero' | 'zero' | 'none'; readonly reason: boolean },
): BusinessRule[] {
  const isRate = (value: bigint | undefined): boolean =>
    rate === 'none' ? value === undefined : value !== undefined && (rate === 'zero' ? value === 0n : value > 0n);
  const name = `BR-${code}`;
  return [
    {
      rule: `${name}-01`,
      says: `a line of category ${code} has its VAT breakdown${code === 'S' ? '' : ', exactly one'}`,
      holds: (document) => {
        if (!isUsed(document, code)) return true;
        const { length } = rowsOf(document, code);
        return code === 'S' ? length >= 1 : length === 1;
      },
    },
    {
      rule: `${name}-05`,
      says: `a line of category ${code} has a rate: ${rate}`,
      holds: (document) => linesOf(document, code).every((line) => isRate(rateOf(line, LINE_CATEGORY))),
    },
    {
      rule: `${name}-08`,
      says: `the taxable amount of category ${code} is the sum of its lines`,
      holds: (document) =>
        rowsOf(document, code).every((row) => {
          const own = linesOf(document, code).filter(
            (line) => code !== 'S' || rateOf(line, LINE_CATEGORY) === rateOf(row, CATEGORY),
          );
          return row.amount('cbc:TaxableAmount') === sumOf(own, 'cbc:LineExtensionAmount');
        }),
    },
    {
      rule: `${name}-09`,
      says: code === 'S' ? 'the VAT is the taxable amount times the rate' : `category ${code} has no VAT`,
      holds: (document) =>
        rowsOf(document, code).every((row) =>
          code === 'S' ? isCharged(row, CENT) : row.amount('cbc:TaxAmount') === 0n,
        ),
    },
    {
      rule: `${name}-10`,
      says: `the breakdown of category ${code} has ${reason ? 'a' : 'no'} reason for an exemption`,
      holds: (document) => rowsOf(document, code).every((row) => hasReason(row) === reason),
    },
  ];
}

/** Ids of a party: for VAT (BT-31, BT-48) or, `TAX`, of another registration (BT-32). */
const taxIds = (document: Xml, party: string, scheme?: 'VAT'): Xml[] =>
  document
    .all(`${party}/cac:PartyTaxScheme`)
    .filter((one) => scheme === undefined || one.text('cac:TaxScheme/cbc:ID') === scheme)
    .flatMap((one) => one.all('cbc:CompanyID'));

const sellerRegistered = (code: string): BusinessRule => ({
  rule: `BR-${code}-02`,
  says: `an invoice with lines of category ${code} has the seller’s VAT or tax registration id${code === 'AE' ? ', and the buyer’s' : ''}`,
  holds: (document) =>
    linesOf(document, code).length === 0 ||
    (taxIds(document, SELLER).length > 0 && (code !== 'AE' || taxIds(document, BUYER, 'VAT').length > 0)),
});

const codeList = (rule: string, path: string, codes: readonly string[]): BusinessRule => ({
  rule,
  says: `${path} is one of ${codes.join(', ')}`,
  holds: (document) => document.all(path).every((node) => codes.includes(textOf(node))),
});

/** The rules, each under its number. Those about what we never write (charges, payees, representatives, cards) have nothing to look at. */
export const RULES: readonly BusinessRule[] = [
  required('BR-01', 'cbc:CustomizationID', 'a specification identifier (BT-24)'),
  required('BR-02', 'cbc:ID', 'a number (BT-1)'),
  required('BR-03', 'cbc:IssueDate', 'a date of issue (BT-2)'),
  {
    rule: 'BR-04',
    says: 'an invoice has a type code (BT-3)',
    holds: (document) => document.has('cbc:InvoiceTypeCode') || document.has('cbc:CreditNoteTypeCode'),
  },
  required('BR-05', 'cbc:DocumentCurrencyCode', 'a currency (BT-5)'),
  required('BR-06', `${SELLER}/cac:PartyLegalEntity/cbc:RegistrationName`, 'the seller’s name (BT-27)'),
  required('BR-07', `${BUYER}/cac:PartyLegalEntity/cbc:RegistrationName`, 'the buyer’s name (BT-44)'),
  {
    rule: 'BR-08',
    says: 'an invoice has the seller’s postal address (BG-5)',
    holds: (document) => document.all(`${SELLER}/cac:PostalAddress`).length === 1,
  },
  required('BR-09', `${SELLER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode`, 'the seller’s country (BT-40)'),
  {
    rule: 'BR-10',
    says: 'an invoice has the buyer’s postal address (BG-8)',
    holds: (document) => document.all(`${BUYER}/cac:PostalAddress`).length === 1,
  },
  required('BR-11', `${BUYER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode`, 'the buyer’s country (BT-55)'),
  required('BR-12', `${TOTALS}/cbc:LineExtensionAmount`, 'the sum of its lines (BT-106)'),
  required('BR-13', `${TOTALS}/cbc:TaxExclusiveAmount`, 'a total without VAT (BT-109)'),
  required('BR-14', `${TOTALS}/cbc:TaxInclusiveAmount`, 'a total with VAT (BT-112)'),
  required('BR-15', `${TOTALS}/cbc:PayableAmount`, 'an amount due (BT-115)'),
  { rule: 'BR-16', says: 'an invoice has a line (BG-25)', holds: (document) => document.lines.length > 0 },
  ofLines('BR-21', 'has an id (BT-126)', (line) => line.has('cbc:ID')),
  ofLines('BR-22', 'has a quantity (BT-129)', (line) => quantityOf(line) !== undefined),
  ofLines('BR-23', 'has a unit (BT-130)', (line) => unitOf(line) !== undefined),
  ofLines('BR-24', 'has a net amount (BT-131)', (line) => line.has('cbc:LineExtensionAmount')),
  ofLines('BR-25', 'names its item (BT-153)', (line) => line.has('cac:Item/cbc:Name')),
  ofLines('BR-26', 'has a net price (BT-146)', (line) => line.has('cac:Price/cbc:PriceAmount')),
  ofLines(
    'BR-27',
    'has a price that is not below zero',
    (line) => (line.amount('cac:Price/cbc:PriceAmount') ?? 0n) >= 0n,
  ),
  {
    rule: 'BR-29',
    says: 'a period ends after it starts',
    holds: (document) => document.all('cac:InvoicePeriod').every(inOrder),
  },
  ofLines('BR-30', 'has a period that ends after it starts', (line) => line.all('cac:InvoicePeriod').every(inOrder)),
  ofBreakdown('BR-45', 'has a taxable amount (BT-116)', (row) => row.has('cbc:TaxableAmount')),
  ofBreakdown('BR-46', 'has a tax amount (BT-117)', (row) => row.has('cbc:TaxAmount')),
  ofBreakdown('BR-47', 'has a category (BT-118)', (row) => row.has(`${CATEGORY}/cbc:ID`)),
  ofBreakdown(
    'BR-48',
    'has a rate (BT-119) unless it is outside VAT',
    (row) => row.text(`${CATEGORY}/cbc:ID`) === 'O' || row.has(`${CATEGORY}/cbc:Percent`),
  ),
  {
    rule: 'BR-49',
    says: 'a payment instruction says its means (BT-81)',
    holds: (document) => document.all('cac:PaymentMeans').every((means) => means.has('cbc:PaymentMeansCode')),
  },
  {
    rule: 'BR-50',
    says: 'an account is identified (BT-84)',
    holds: (document) => document.all('cac:PaymentMeans/cac:PayeeFinancialAccount').every((one) => one.has('cbc:ID')),
  },
  {
    rule: 'BR-55',
    says: 'a preceding invoice is named (BT-25)',
    holds: (document) =>
      document.all('cac:BillingReference').every((one) => one.has('cac:InvoiceDocumentReference/cbc:ID')),
  },
  {
    rule: 'BR-61',
    says: 'a credit transfer has an account',
    holds: (document) =>
      document
        .all('cac:PaymentMeans')
        .every(
          (means) =>
            !['30', '58'].includes(means.text('cbc:PaymentMeansCode') ?? '') ||
            means.has('cac:PayeeFinancialAccount/cbc:ID'),
        ),
  },
  ofLines('BR-CO-04', 'has a VAT category (BT-151)', (line) => line.has(`${LINE_CATEGORY}/cbc:ID`)),
  {
    rule: 'BR-CO-09',
    says: 'a VAT id begins with its country, Greece’s with EL',
    holds: (document) =>
      [...taxIds(document, SELLER, 'VAT'), ...taxIds(document, BUYER, 'VAT')].every((id) => {
        const prefix = textOf(id).slice(0, 2);
        return prefix === 'EL' || isCountry(prefix);
      }),
  },
  {
    rule: 'BR-CO-10',
    says: 'the sum of lines is the sum of lines',
    holds: (document) =>
      document.amount(`${TOTALS}/cbc:LineExtensionAmount`) === sumOf(document.lines, 'cbc:LineExtensionAmount'),
  },
  {
    rule: 'BR-CO-13',
    says: 'the total without VAT is the sum of lines, less allowances, plus charges',
    holds: (document) =>
      document.amount(`${TOTALS}/cbc:TaxExclusiveAmount`) === document.amount(`${TOTALS}/cbc:LineExtensionAmount`),
  },
  {
    rule: 'BR-CO-14',
    says: 'the VAT is the sum of the breakdown',
    holds: (document) => document.amount('cac:TaxTotal/cbc:TaxAmount') === sumOf(document.breakdown, 'cbc:TaxAmount'),
  },
  {
    rule: 'BR-CO-15',
    says: 'the total with VAT is the total without it and the VAT',
    holds: (document) =>
      document.amount(`${TOTALS}/cbc:TaxInclusiveAmount`) ===
      (document.amount(`${TOTALS}/cbc:TaxExclusiveAmount`) ?? 0n) +
        (document.amount('cac:TaxTotal/cbc:TaxAmount') ?? 0n),
  },
  {
    rule: 'BR-CO-16',
    says: 'the amount due is the total with VAT less what is paid, and rounding',
    holds: (document) =>
      document.amount(`${TOTALS}/cbc:PayableAmount`) ===
      (document.amount(`${TOTALS}/cbc:TaxInclusiveAmount`) ?? 0n) -
        (document.amount(`${TOTALS}/cbc:PrepaidAmount`) ?? 0n) +
        (document.amount(`${TOTALS}/cbc:PayableRoundingAmount`) ?? 0n),
  },
  ofBreakdown('BR-CO-17', 'has the VAT of its rate, to a cent', (row) => isCharged(row, CENT)),
  { rule: 'BR-CO-18', says: 'an invoice has a VAT breakdown', holds: (document) => document.breakdown.length > 0 },
  {
    rule: 'BR-CO-25',
    says: 'what is due has a due date or terms of payment',
    holds: (document) =>
      document.isCreditNote ||
      (document.amount(`${TOTALS}/cbc:PayableAmount`) ?? 0n) <= 0n ||
      document.has('cbc:DueDate') ||
      document.has('cac:PaymentTerms/cbc:Note'),
  },
  {
    rule: 'BR-CO-26',
    says: 'the seller has an identifier, a registration or a VAT id',
    holds: (document) =>
      taxIds(document, SELLER, 'VAT').length > 0 || document.has(`${SELLER}/cac:PartyLegalEntity/cbc:CompanyID`),
  },
  ...categoryRules('S', { rate: 'above zero', reason: false }),
  sellerRegistered('S'),
  ...categoryRules('Z', { rate: 'zero', reason: false }),
  sellerRegistered('Z'),
  ...categoryRules('E', { rate: 'zero', reason: true }),
  sellerRegistered('E'),
  ...categoryRules('AE', { rate: 'zero', reason: true }),
  sellerRegistered('AE'),
  ...categoryRules('O', { rate: 'none', reason: true }),
  {
    rule: 'BR-O-02',
    says: 'an invoice outside VAT names no VAT id',
    holds: (document) =>
      linesOf(document, 'O').length === 0 ||
      taxIds(document, SELLER, 'VAT').length + taxIds(document, BUYER, 'VAT').length === 0,
  },
  {
    rule: 'BR-O-11',
    says: 'an invoice outside VAT has no other breakdown',
    holds: (document) => rowsOf(document, 'O').length === 0 || document.breakdown.length === 1,
  },
  {
    rule: 'BR-O-12',
    says: 'an invoice outside VAT has no other lines',
    holds: (document) => rowsOf(document, 'O').length === 0 || linesOf(document, 'O').length === document.lines.length,
  },
  decimals('BR-DEC-09', `${TOTALS}/cbc:LineExtensionAmount`),
  decimals('BR-DEC-12', `${TOTALS}/cbc:TaxExclusiveAmount`),
  decimals('BR-DEC-13', 'cac:TaxTotal/cbc:TaxAmount'),
  decimals('BR-DEC-14', `${TOTALS}/cbc:TaxInclusiveAmount`),
  decimals('BR-DEC-16', `${TOTALS}/cbc:PrepaidAmount`),
  decimals('BR-DEC-18', `${TOTALS}/cbc:PayableAmount`),
  decimals('BR-DEC-19', 'cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount'),
  decimals('BR-DEC-20', 'cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount'),
  ofLines(
    'BR-DEC-23',
    'has a net amount of two decimals at most',
    (line) => line.places('cbc:LineExtensionAmount') <= 2,
  ),
  {
    rule: 'BR-CL-01',
    says: 'the type code is one of UNTDID 1001',
    holds: (document) =>
      document.isCreditNote
        ? document.text('cbc:CreditNoteTypeCode') === '381'
        : ['380', '384', '389'].includes(document.text('cbc:InvoiceTypeCode') ?? ''),
  },
  {
    rule: 'BR-CL-03',
    says: 'amounts are in a currency of ISO 4217, the document’s',
    holds: (document) =>
      document.lines.every(
        (line) => line.attribute('cbc:LineExtensionAmount', 'currencyID') === document.text('cbc:DocumentCurrencyCode'),
      ),
  },
  {
    rule: 'BR-CL-04',
    says: 'the currency is one of ISO 4217',
    holds: (document) => currencies.has(document.text('cbc:DocumentCurrencyCode') ?? ''),
  },
  {
    rule: 'BR-CL-14',
    says: 'countries are of ISO 3166-1',
    holds: (document) =>
      [SELLER, BUYER].every((party) =>
        document
          .all(`${party}/cac:PostalAddress/cac:Country/cbc:IdentificationCode`)
          .every((code) => isCountry(textOf(code))),
      ),
  },
  codeList('BR-CL-16', 'cac:PaymentMeans/cbc:PaymentMeansCode', ['1', '30', '58']),
  codeList('BR-CL-17', 'cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID', ['S', 'Z', 'E', 'AE', 'O']),
  ofLines('BR-CL-18', 'has a VAT category of UNTDID 5305', (line) =>
    ['S', 'Z', 'E', 'AE', 'O'].includes(line.text(`${LINE_CATEGORY}/cbc:ID`) ?? ''),
  ),
  codeList('BR-CL-22', 'cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:TaxExemptionReasonCode', [
    'VATEX-EU-AE',
    'VATEX-EU-O',
  ]),
  ofLines('BR-CL-23', 'has a unit of UN/ECE recommendation 20', (line) => unitOf(line) === 'C62'),
];

function quantityOf(line: Xml): string | undefined {
  return line.text(line.isCreditNote ? 'cbc:CreditedQuantity' : 'cbc:InvoicedQuantity');
}

function unitOf(line: Xml): string | undefined {
  return line.attribute(line.isCreditNote ? 'cbc:CreditedQuantity' : 'cbc:InvoicedQuantity', 'unitCode');
}
