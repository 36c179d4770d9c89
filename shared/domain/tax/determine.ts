import type { TaxDecisionJson } from '../invoice/taxation.ts';
import type { BillingProfile, PostalAddress, Seller } from '../organization/party.ts';
import type { Instant } from '../time.ts';
import { levies, rateAt } from './rates.ts';
import { normalTaxId, stateOfVatId, UNION } from './tax-ids.ts';

/** Who sells what to whom, and when it is supplied: all that decides a tax. */
export interface TaxQuestion {
  readonly seller: Pick<Seller, 'address' | 'registrations'>;
  readonly customer: Pick<BillingProfile, 'address' | 'customer_type' | 'tax_ids' | 'exemptions' | 'tax_behavior'>;
  /** tax categories of what is sold */
  readonly categories: readonly string[];
  readonly at: Instant;
}

/** Why a rate was taken. */
export interface TaxReason {
  readonly jurisdiction: string;
  readonly treatment: Treatment;
  /** the rule by its law */
  readonly rule: string;
}

export const TREATMENTS = [
  'taxed',
  'reverse_charge',
  'zero_rated',
  'exempt',
  'outside_scope',
  'not_registered',
] as const;
export type Treatment = (typeof TREATMENTS)[number];

export interface Determined {
  readonly decision: TaxDecisionJson;
  readonly reasons: readonly TaxReason[];
}

/** Where a supply is taxed, by whom, and how. */
interface Levy {
  /** those that levy on it together */
  readonly jurisdictions: readonly string[];
  readonly treatment: Treatment;
  readonly rule: string;
}

/**
 * Decides the taxes on services that are supplied by electronic means: place of supply first, then who is registered there,
 * then rates at the time of supply, then exemptions. Pure: the same question has the same answer for ever.
 *
 * A category without a rate of its own is taxed as `standard`.
 */
export function determineTax(question: TaxQuestion): Determined {
  const { customer, categories, at } = question;
  const levy = levyOn(question);
  const reasons = new Map<string, TaxReason>();
  const rates = levy.jurisdictions.flatMap((jurisdiction) =>
    [...new Set(categories)].sort().map((category) => {
      const row = rateOf(levy, jurisdiction, category, question);
      const rule = row.rule ?? levy.rule;
      reasons.set(`${jurisdiction} ${row.treatment} ${rule}`, { jurisdiction, treatment: row.treatment, rule });
      return { category, jurisdiction, rate: row.rate, treatment: row.treatment };
    }),
  );
  return { decision: { behavior: customer.tax_behavior, rates }, reasons: [...reasons.values()] };

  function rateOf(
    { treatment }: Levy,
    jurisdiction: string,
    category: string,
    { customer: { exemptions } }: TaxQuestion,
  ): { readonly rate: string; readonly treatment: Treatment; readonly rule?: string } {
    if (treatment !== 'taxed') return { rate: '0', treatment };
    const freed = exemptions.find(
      (one) =>
        (one.jurisdiction === jurisdiction || one.jurisdiction === parentOf(jurisdiction)) &&
        one.from <= at &&
        (one.to === undefined || at < one.to),
    );
    if (freed !== undefined) return { rate: '0', treatment: 'exempt', rule: 'certificate of exemption' };
    if (category === 'exempt') return { rate: '0', treatment: 'exempt' };
    if (category === 'zero') return { rate: '0', treatment: 'zero_rated' };
    const row = rateAt(jurisdiction, category, at) ?? rateAt(jurisdiction, 'standard', at);
    if (row === undefined) throw new Error(`no rate of ${jurisdiction} at ${at}`);
    const isFree = /^0(?:\.0+)?$/.test(row.rate);
    return { rate: row.rate, treatment: isFree ? 'exempt' : 'taxed', rule: row.source };
  }
}

/** `in` of `in-cgst`: a certificate for the country frees from its parts. */
const parentOf = (jurisdiction: string): string => jurisdiction.split('-')[0]!;

function levyOn(question: TaxQuestion): Levy {
  const { seller, customer } = question;
  const [from, to] = [seller.address.country, customer.address.country];
  if (UNION.has(to)) return unionLevy(question, `eu-${to.toLowerCase()}`);
  if (to === 'US') return statesLevy(question);
  if (to === 'CA') return canadianLevy(question);
  if (to === 'IN' && from === 'IN') return indianLevy(question);
  const place = to.toLowerCase();
  if (isRegistered(question, place)) return taxed([place], `supplied in ${to}, where the seller is registered`);
  const isBusiness = customer.customer_type === 'business' && hasTaxId(question, to);
  if (isBusiness && levies(place) && from !== to) {
    return {
      jurisdictions: [place],
      treatment: 'reverse_charge',
      rule: 'the customer accounts for the tax of its country',
    };
  }
  return outside(from, to, place);
}

/** Services to a customer in a member state (Directive 2006/112/EC). */
function unionLevy(question: TaxQuestion, place: string): Levy {
  const { seller, customer, at } = question;
  const home = `eu-${seller.address.country.toLowerCase()}`;
  const isAtHome = UNION.has(seller.address.country);
  const vatIds = customer.tax_ids.filter(({ type }) => type === 'eu_vat').flatMap((id) => normalTaxId(id) ?? []);
  const isTaxable = customer.customer_type === 'business' && vatIds.some((id) => stateOfVatId(id) === place);
  if (isTaxable && place !== home) {
    return { jurisdictions: [place], treatment: 'reverse_charge', rule: 'Directive 2006/112/EC, art. 44 and 196' };
  }
  if (place === home) {
    if (isRegistered(question, home))
      return taxed([home], 'Directive 2006/112/EC, art. 44, 45 and 58: supplied at home');
    return { jurisdictions: [home], treatment: 'not_registered', rule: 'Directive 2006/112/EC, art. 282 to 292' };
  }
  if (isRegistered(question, place))
    return taxed([place], 'Directive 2006/112/EC, art. 58: registered where it is supplied');
  if (isRegistered(question, 'eu-oss'))
    return taxed([place], 'Directive 2006/112/EC, art. 58 and 369a ff. (One-Stop-Shop)');
  if (isAtHome && isRegistered(question, home))
    return taxed([home], 'Directive 2006/112/EC, art. 59c: below the threshold');
  return {
    jurisdictions: [place],
    treatment: 'not_registered',
    rule: `no registration in the union at ${at.slice(0, 10)}`,
  };
}

/** Sales tax is collected where the seller has nexus and therefore a permit (South Dakota v. Wayfair, 585 U.S. ___ (2018)). */
function statesLevy(question: TaxQuestion): Levy {
  const place = subdivision('us', question.customer.address);
  if (!levies(place)) return outside(question.seller.address.country, 'US', place);
  if (isRegistered(question, place)) return taxed([place], 'sales tax where the seller has nexus');
  return {
    jurisdictions: [place],
    treatment: 'not_registered',
    rule: 'no nexus in the state: South Dakota v. Wayfair',
  };
}

/** GST in all of Canada or HST in its place, and the provinces' own taxes beside it (Excise Tax Act, s. 165). */
function canadianLevy(question: TaxQuestion): Levy {
  const place = subdivision('ca', question.customer.address);
  const isHarmonized = HARMONIZED.has(place);
  const own = levies(place) && !isHarmonized && isRegistered(question, place);
  if (isRegistered(question, 'ca')) {
    if (isHarmonized) return taxed([place], 'Excise Tax Act, s. 165(2)');
    return taxed(own ? ['ca', place] : ['ca'], 'Excise Tax Act, s. 165(1)');
  }
  if (own) return taxed([place], 'the province’s own tax');
  return { jurisdictions: ['ca'], treatment: 'not_registered', rule: 'Excise Tax Act, s. 148 and 211.1' };
}

const HARMONIZED: ReadonlySet<string> = new Set(['ca-on', 'ca-nb', 'ca-nl', 'ca-ns', 'ca-pe']);

/** Within a state two halves, between states one whole (IGST Act 2017, s. 7 and 8). */
function indianLevy(question: TaxQuestion): Levy {
  if (!isRegistered(question, 'in')) {
    return { jurisdictions: ['in'], treatment: 'not_registered', rule: 'CGST Act 2017, s. 22' };
  }
  const isWithin = question.seller.address.subdivision === question.customer.address.subdivision;
  return isWithin ? taxed(['in-cgst', 'in-sgst'], 'IGST Act 2017, s. 8') : taxed(['in'], 'IGST Act 2017, s. 7');
}

const taxed = (jurisdictions: readonly string[], rule: string): Levy => ({ jurisdictions, treatment: 'taxed', rule });

function outside(from: string, to: string, place: string): Levy {
  if (from === to)
    return { jurisdictions: [place], treatment: 'not_registered', rule: 'the seller is not registered at home' };
  const rule = UNION.has(from)
    ? 'Directive 2006/112/EC, art. 44 and 59: supplied outside the union'
    : `supplied in ${to}`;
  return { jurisdictions: [place], treatment: 'outside_scope', rule };
}

const subdivision = (country: string, { subdivision: part }: PostalAddress): string =>
  part === undefined ? country : `${country}-${part.toLowerCase()}`;

const isRegistered = ({ seller, at }: TaxQuestion, jurisdiction: string): boolean =>
  seller.registrations.some(
    (one) => one.jurisdiction === jurisdiction && one.from <= at && (one.to === undefined || at < one.to),
  );

/** Kinds of numbers by the country that gives them out. */
const ID_OF: Readonly<Record<string, string>> = {
  GB: 'gb_vat',
  CH: 'ch_vat',
  NO: 'no_vat',
  AU: 'au_abn',
  NZ: 'nz_gst',
  SG: 'sg_gst',
  IN: 'in_gst',
};

const hasTaxId = ({ customer }: TaxQuestion, country: string): boolean =>
  customer.tax_ids.some((id) => id.type === ID_OF[country] && normalTaxId(id) !== undefined);
