import { euVat, stdnum } from 'stdnum';
import type { TaxId, TaxIdType } from '../organization/party.ts';

/** What checks numbers of a kind: form and, where the number has one, its check digit. */
interface Checker {
  readonly validate: (value: string) => { readonly isValid: boolean; readonly compact?: string };
}

const CHECKERS: Readonly<Record<Exclude<TaxIdType, 'eu_vat' | 'sg_gst'>, Checker>> = {
  gb_vat: stdnum.GB!['vat']!,
  ch_vat: stdnum.CH!['vat']!,
  no_vat: stdnum.NO!['mva']!,
  au_abn: stdnum.AU!['abn']!,
  nz_gst: stdnum.NZ!['ird']!,
  in_gst: stdnum.IN!['gstin']!,
  ca_bn: stdnum.CA!['bn']!,
  us_ein: stdnum.US!['ein']!,
};

/** Letters that a number may begin with without belonging to it: `GB`, `IE`; the union's are part of it. */
const PREFIXES: Readonly<Partial<Record<TaxIdType, RegExp>>> = { gb_vat: /^GB/, no_vat: /^NO/ };

/** GST numbers of Singapore are a UEN, or M and its own form (IRAS, "Checking if a business is GST-registered"). */
const SINGAPORE_OWN = /^M[0-9A-Z][0-9]{7}[0-9A-Z]$/;

/**
 * A tax number in its normal form: upper case, without blanks and signs between.
 * @returns undefined where it is none: wrong form or wrong check digit. Whether it is in force only the authority knows
 */
export function normalTaxId({ type, value }: TaxId): string | undefined {
  const plain = value.toUpperCase().replace(/[\s.\-/]/g, '');
  if (type === 'eu_vat') {
    const country = plain.slice(0, 2);
    if (!UNION_PREFIXES.has(country)) return undefined;
    const checkers = euVat[country === 'EL' ? 'GR' : country] ?? [];
    return checkers.some((checker) => checker.validate(plain).isValid || checker.validate(plain.slice(2)).isValid)
      ? plain
      : undefined;
  }
  if (type === 'sg_gst') {
    return SINGAPORE_OWN.test(plain) || stdnum.SG!['uen']!.validate(plain).isValid ? plain : undefined;
  }
  const bare = plain.replace(PREFIXES[type] ?? /(?!)/, '');
  return CHECKERS[type].validate(bare).isValid ? bare : undefined;
}

/** The member state of a VAT id, as tables name it: `eu-gr` of `EL123456789`. */
export const stateOfVatId = (normal: string): string =>
  `eu-${(normal.startsWith('EL') ? 'GR' : normal.slice(0, 2)).toLowerCase()}`;

/** First letters of VAT ids (Directive 2006/112/EC, art. 215); Greece has EL. */
const UNION_PREFIXES: ReadonlySet<string> = new Set(
  'AT BE BG HR CY CZ DK EE FI FR DE EL HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE'.split(' '),
);

/** Member states by ISO 3166-1. */
export const UNION: ReadonlySet<string> = new Set([...UNION_PREFIXES].map((code) => (code === 'EL' ? 'GR' : code)));
