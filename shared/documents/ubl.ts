import { create } from 'xmlbuilder2';
import { divideRounded, ONE, parsePrice } from '../domain/decimals.ts';
import { BadInput } from '../domain/errors.ts';
import type { CreditNoteDocument } from '../domain/invoice/credit-note.ts';
import type { InvoiceDocument, InvoiceTax } from '../domain/invoice/invoice.ts';
import type { TaxDecisionJson } from '../domain/invoice/taxation.ts';
import { minorUnitPlaces, parseCurrency } from '../domain/money/currency.ts';
import type { BillingProfile, PostalAddress, Seller, TaxId } from '../domain/organization/party.ts';
import { checkEn16931 } from './en16931.ts';
import { creditorReference } from './reference.ts';
import { isoDay, majorUnits } from './texts.ts';
import { type DocumentFrame, dueAt } from './view.ts';

const EN16931 = 'urn:cen.eu:en16931:2017';

/** VAT categories (UNCL5305) and why nothing is charged (VATEX code list), by treatment. */
const CATEGORY_OF: Readonly<Record<string, { readonly code: string; readonly why?: string; readonly vatex?: string }>> =
  {
    taxed: { code: 'S' },
    zero_rated: { code: 'Z' },
    exempt: { code: 'E', why: 'Exempt from VAT' },
    not_registered: { code: 'E', why: 'The seller is not registered for VAT there' },
    reverse_charge: { code: 'AE', why: 'Reverse charge', vatex: 'VATEX-EU-AE' },
    outside_scope: { code: 'O', why: 'Not subject to VAT', vatex: 'VATEX-EU-O' },
  };

interface Category {
  readonly code: string;
  readonly why: string | undefined;
  readonly vatex: string | undefined;
  /** 19.00; undefined outside the scope of VAT */
  readonly percent: string | undefined;
}

interface NetLine {
  readonly name: string;
  readonly period: string;
  readonly net: bigint;
  readonly category: Category;
}

/** What invoice and credit note have in common for the standard. Minor units. */
interface Books {
  readonly currency: string;
  readonly lines: readonly NetLine[];
  readonly rows: readonly { readonly category: Category; readonly base: bigint; readonly tax: bigint }[];
  readonly total: bigint;
  readonly prepaid: bigint;
}

type TaxRates = TaxDecisionJson['rates'];

const UNTAXED: Category = { code: 'O', why: 'Not subject to VAT', vatex: 'VATEX-EU-O', percent: undefined };

/**
 * An invoice as EN 16931-1:2017 has it, in UBL 2.1 (CEN/TS 16931-3-2). Amounts are net of discounts and of tax; credits that were used
 * are the paid amount. The same invoice and parties give the same bytes, and no document leaves that breaks a rule of the standard.
 * @param rates of the tax decision that the invoice cites; none where it cites none
 * @throws BadInput `invalid_parameter` where the standard has no place for it: two taxes on one line, three decimals
 */
export function invoiceUbl(invoice: InvoiceDocument, rates: TaxRates, frame: DocumentFrame): string {
  const category = categoriesOf(invoice.taxes, rates);
  const nets = invoice.lines.map(({ amount, discount }) => BigInt(amount) - BigInt(discount));
  const lines = netLines(
    invoice.lines.map((line, i) => ({ line, net: nets[i]!, category: category(line.tax_category) })),
    invoice.tax_behavior === 'inclusive' ? invoice.taxes : undefined,
  );
  return written(
    {
      kind: 'Invoice',
      typeCode: '380',
      number: invoice.number,
      issuedAt: invoice.issued_at,
      due: dueAt(invoice.issued_at, frame.buyer),
      period: invoice.period,
      corrects: undefined,
      books: {
        currency: invoice.currency,
        lines,
        rows: rowsOf(invoice.taxes, lines),
        total: BigInt(invoice.total),
        prepaid: BigInt(invoice.total) - BigInt(invoice.amount_due),
      },
    },
    frame,
  );
}

/** A credit note in the same way. @param invoice that it corrects: its lines say what is taken back */
export function creditNoteUbl(
  note: CreditNoteDocument,
  invoice: InvoiceDocument,
  rates: TaxRates,
  frame: DocumentFrame,
): string {
  const category = categoriesOf(note.taxes, rates);
  const lines = netLines(
    note.lines.map(({ line, amount }) => {
      const of = invoice.lines[Number(line)]!;
      return { line: of, net: BigInt(amount), category: category(of.tax_category) };
    }),
    note.tax_behavior === 'inclusive' ? note.taxes : undefined,
  );
  return written(
    {
      kind: 'CreditNote',
      typeCode: '381',
      number: note.number,
      issuedAt: note.issued_at,
      due: undefined,
      period: undefined,
      corrects: note.invoice,
      books: {
        currency: note.currency,
        lines,
        rows: rowsOf(note.taxes, lines),
        total: BigInt(note.total),
        prepaid: BigInt(note.total),
      },
    },
    frame,
  );
}

/** The one tax that is on a tax category. */
function categoriesOf(taxes: readonly InvoiceTax[], rates: TaxRates): (category: string) => Category {
  return (category) => {
    if (taxes.length === 0) return UNTAXED;
    const [rate, another] = rates.filter((one) => one.category === category);
    if (another !== undefined) {
      throw new BadInput('invalid_parameter', 'EN 16931 has one VAT on each line, and here are two taxes', 'format');
    }
    return rate === undefined ? UNTAXED : categoryOf(rate);
  };
}

function categoryOf({ treatment, rate }: Pick<InvoiceTax, 'treatment' | 'rate'>): Category {
  const known = CATEGORY_OF[treatment] ?? CATEGORY_OF['exempt']!;
  const isFree = /^0(?:\.0+)?$/.test(rate);
  const { code, why, vatex } = known.code === 'S' && isFree ? CATEGORY_OF['zero_rated']! : known;
  return { code, why, vatex, percent: code === 'O' ? undefined : percentOf(rate) };
}

/** `0.19` is `19.00`, `0.08875` is `8.875`. */
function percentOf(rate: string): string {
  const [whole = '0', fraction = ''] = rate.split('.');
  const digits = `${whole}${fraction.padEnd(4, '0')}`;
  const point = digits.length - Math.max(fraction.length, 4) + 2;
  const text = `${digits.slice(0, point)}.${digits.slice(point)}`.replace(/^0+(?=[0-9])/, '').replace(/0+$/, '');
  const [units = '0', parts = ''] = text.split('.');
  return `${units}.${parts.padEnd(2, '0')}`;
}

/** Prices that contain the tax are taken apart: what is left of the lines of a rate adds up to its base. */
function netLines(
  lines: readonly {
    readonly line: InvoiceDocument['lines'][number];
    readonly net: bigint;
    readonly category: Category;
  }[],
  inclusive: readonly InvoiceTax[] | undefined,
): NetLine[] {
  const nets = lines.map(({ net }) => net);
  for (const row of inclusive ?? []) {
    const own = lines.flatMap(({ category }, i) => (isSame(category, categoryOf(row)) ? [i] : []));
    const rate = parsePrice(row.rate, 'rate');
    let left = BigInt(row.amount);
    for (const i of own) {
      const tax = divideRounded(nets[i]! * rate, ONE + rate);
      nets[i]! -= tax;
      left -= tax;
    }
    // The tax is rounded once over all lines: what single lines are off by, the largest of them bears.
    const largest = own.reduce((a, b) => (sizeOf(nets[b]!) > sizeOf(nets[a]!) ? b : a), own[0]!);
    if (left !== 0n) nets[largest]! -= left;
  }
  return lines.map(({ line, category }, i) => ({ name: line.meter, period: line.period, net: nets[i]!, category }));
}

const sizeOf = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

const isSame = (a: Category, b: Category): boolean => a.code === b.code && a.percent === b.percent;

function rowsOf(taxes: readonly InvoiceTax[], lines: readonly NetLine[]): Books['rows'] {
  if (taxes.length === 0) {
    return [{ category: UNTAXED, base: lines.reduce((all, { net }) => all + net, 0n), tax: 0n }];
  }
  return taxes.map((row) => ({ category: categoryOf(row), base: BigInt(row.base), tax: BigInt(row.amount) }));
}

interface Sheet {
  readonly kind: 'Invoice' | 'CreditNote';
  readonly typeCode: string;
  readonly number: string;
  readonly issuedAt: string;
  readonly due: string | undefined;
  readonly period: string | undefined;
  readonly corrects: string | undefined;
  readonly books: Books;
}

function written(sheet: Sheet, { seller, buyer, zone }: DocumentFrame): string {
  const { kind, books } = sheet;
  const { currency } = books;
  const places = minorUnitPlaces(parseCurrency(currency));
  const money = (amount: bigint) => ({ '@currencyID': currency, '#': majorUnits(String(amount), places) });
  const isOutside = books.rows.some(({ category }) => category.code === 'O');
  const net = books.lines.reduce((all, line) => all + line.net, 0n);
  const tax = books.rows.reduce((all, row) => all + row.tax, 0n);
  const line = kind === 'Invoice' ? 'cac:InvoiceLine' : 'cac:CreditNoteLine';
  const quantity = kind === 'Invoice' ? 'cbc:InvoicedQuantity' : 'cbc:CreditedQuantity';
  const xml = create(
    { encoding: 'UTF-8' },
    {
      [kind]: {
        '@xmlns': `urn:oasis:names:specification:ubl:schema:xsd:${kind}-2`,
        '@xmlns:cac': 'urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2',
        '@xmlns:cbc': 'urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2',
        'cbc:CustomizationID': EN16931,
        'cbc:ID': sheet.number,
        'cbc:IssueDate': isoDay(sheet.issuedAt, zone),
        ...(sheet.due === undefined ? {} : { 'cbc:DueDate': isoDay(sheet.due, zone) }),
        [`cbc:${kind}TypeCode`]: sheet.typeCode,
        'cbc:DocumentCurrencyCode': currency,
        ...(buyer.buyer_reference === undefined ? {} : { 'cbc:BuyerReference': buyer.buyer_reference }),
        ...(sheet.period === undefined ? {} : { 'cac:InvoicePeriod': periodOf(sheet.period, zone) }),
        ...(sheet.corrects === undefined
          ? {}
          : { 'cac:BillingReference': { 'cac:InvoiceDocumentReference': { 'cbc:ID': sheet.corrects } } }),
        'cac:AccountingSupplierParty': { 'cac:Party': sellerParty(seller, isOutside) },
        'cac:AccountingCustomerParty': { 'cac:Party': buyerParty(buyer, isOutside) },
        ...(kind === 'Invoice' ? { 'cac:PaymentMeans': paymentMeans(seller, sheet.number) } : {}),
        'cac:TaxTotal': {
          'cbc:TaxAmount': money(tax),
          'cac:TaxSubtotal': books.rows.map(({ category, base, tax: amount }) => ({
            'cbc:TaxableAmount': money(base),
            'cbc:TaxAmount': money(amount),
            'cac:TaxCategory': taxCategory(category, true),
          })),
        },
        'cac:LegalMonetaryTotal': {
          'cbc:LineExtensionAmount': money(net),
          'cbc:TaxExclusiveAmount': money(net),
          'cbc:TaxInclusiveAmount': money(net + tax),
          ...(books.prepaid === 0n ? {} : { 'cbc:PrepaidAmount': money(books.prepaid) }),
          'cbc:PayableAmount': money(net + tax - books.prepaid),
        },
        [line]: books.lines.map(({ name, period, net: amount, category }, i) => ({
          'cbc:ID': String(i + 1),
          // A price is never below nothing (BR-27): what is given back is a quantity below nothing.
          [quantity]: { '@unitCode': 'C62', '#': amount < 0n ? '-1' : '1' },
          'cbc:LineExtensionAmount': money(amount),
          ...(period === '' ? {} : { 'cac:InvoicePeriod': periodOf(period, zone) }),
          'cac:Item': { 'cbc:Name': name, 'cac:ClassifiedTaxCategory': taxCategory(category, false) },
          'cac:Price': { 'cbc:PriceAmount': money(amount < 0n ? -amount : amount) },
        })),
      },
    },
  ).end({ prettyPrint: true });
  const broken = checkEn16931(xml);
  if (broken.length === 0) return `${xml}\n`;
  throw new BadInput(
    'invalid_parameter',
    `it would break ${broken.map(({ rule }) => rule).join(', ')} of EN 16931`,
    'format',
  );
}

/** Days of a half-open period: the last one is the day of its last instant. */
function periodOf(period: string, zone: string) {
  const [start, end] = period.split('/') as [string, string];
  return {
    'cbc:StartDate': isoDay(start, zone),
    'cbc:EndDate': isoDay(new Date(Date.parse(end) - 1).toISOString(), zone),
  };
}

const taxCategory = ({ code, percent, why, vatex }: Category, isBreakdown: boolean) => ({
  'cbc:ID': code,
  ...(percent === undefined ? {} : { 'cbc:Percent': percent }),
  ...(isBreakdown && vatex !== undefined ? { 'cbc:TaxExemptionReasonCode': vatex } : {}),
  ...(isBreakdown && why !== undefined ? { 'cbc:TaxExemptionReason': why } : {}),
  'cac:TaxScheme': { 'cbc:ID': 'VAT' },
});

const postalAddress = ({ line1, line2, city, postal_code, subdivision, country }: PostalAddress) => ({
  'cbc:StreetName': line1,
  ...(line2 === undefined ? {} : { 'cbc:AdditionalStreetName': line2 }),
  'cbc:CityName': city,
  'cbc:PostalZone': postal_code,
  ...(subdivision === undefined ? {} : { 'cbc:CountrySubentity': subdivision }),
  'cac:Country': { 'cbc:IdentificationCode': country },
});

/** Number with which a party is known for VAT, with its country before it (BR-CO-09); undefined where it has none. */
function vatNumber(ids: readonly TaxId[]): string | undefined {
  for (const { type, value } of ids) {
    if (type === 'eu_vat') return value;
    if (type === 'gb_vat') return `GB${value}`;
    if (type === 'ch_vat') return value.replace(/^(?!CHE)/, 'CHE');
    if (type === 'no_vat') return `NO${value}`;
  }
  return undefined;
}

function sellerParty({ legal_name, address, tax_ids, registrations, email }: Seller, isOutside: boolean) {
  const vat = vatNumber(tax_ids);
  const other = tax_ids[0]?.value ?? registrations[0]?.tax_id;
  return {
    'cac:PartyName': { 'cbc:Name': legal_name },
    'cac:PostalAddress': postalAddress(address),
    ...taxScheme(isOutside ? undefined : vat, other),
    'cac:PartyLegalEntity': {
      'cbc:RegistrationName': legal_name,
      ...(other === undefined ? {} : { 'cbc:CompanyID': other }),
    },
    ...(email === undefined ? {} : { 'cac:Contact': { 'cbc:ElectronicMail': email } }),
  };
}

/** The number for VAT or, where there is none, of another tax. */
function taxScheme(vat: string | undefined, other: string | undefined) {
  const id = vat ?? other;
  if (id === undefined) return {};
  const scheme = vat === undefined ? 'TAX' : 'VAT';
  return { 'cac:PartyTaxScheme': { 'cbc:CompanyID': id, 'cac:TaxScheme': { 'cbc:ID': scheme } } };
}

function buyerParty({ legal_name, address, tax_ids, email }: BillingProfile, isOutside: boolean) {
  const vat = vatNumber(tax_ids);
  return {
    'cac:PostalAddress': postalAddress(address),
    ...taxScheme(isOutside ? undefined : vat, undefined),
    'cac:PartyLegalEntity': { 'cbc:RegistrationName': legal_name },
    ...(email === undefined ? {} : { 'cac:Contact': { 'cbc:ElectronicMail': email } }),
  };
}

/** SEPA credit transfer where there is an account, else an instrument that is not defined (UNCL4461). */
function paymentMeans({ bank, legal_name }: Seller, number: string) {
  if (bank?.iban === undefined) return { 'cbc:PaymentMeansCode': '1' };
  return {
    'cbc:PaymentMeansCode': '58',
    'cbc:PaymentID': creditorReference(number),
    'cac:PayeeFinancialAccount': {
      'cbc:ID': bank.iban,
      'cbc:Name': bank.account_name ?? legal_name,
      ...(bank.bic === undefined ? {} : { 'cac:FinancialInstitutionBranch': { 'cbc:ID': bank.bic } }),
    },
  };
}
