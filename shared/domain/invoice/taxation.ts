import { canonicalBytes } from '../canonical.ts';
import { formatPrice, ONE, type Price, parsePrice } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import { BadInput } from '../errors.ts';
import { schemaCheck } from '../schema-check.ts';
import type { Taxation } from './assemble.ts';
import { type RateOnCategory, taxationAt } from './tax-rates.ts';
import { termsOf } from './terms.ts';

/**
 * What was decided about an organization's taxes: rates on tax categories. Immutable, known by the digest of its canonical
 * bytes; an invoice's tax entries cite it and whoever verifies them applies it again.
 */
export type DecidedTaxation = Taxation & {
  readonly digest: string;
  readonly bytes: Buffer;
  /** that it has rates for */
  readonly categories: readonly string[];
};

const MAX_RATES = 50;
const text = (pattern: string, description: string) =>
  ({ type: 'string', maxLength: 64, pattern, description }) as const;

/** How a decision is written in an organization's document and in evidence. */
export const taxDecisionSchema = {
  type: 'object',
  required: ['behavior', 'rates'],
  additionalProperties: false,
  properties: {
    behavior: { type: 'string', enum: ['exclusive', 'inclusive'], description: 'inclusive: prices contain the tax' },
    rates: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_RATES,
      items: {
        type: 'object',
        required: ['category', 'jurisdiction', 'rate', 'treatment'],
        additionalProperties: false,
        properties: {
          category: text('^[a-z][a-z0-9_-]{0,31}$', 'tax category of the lines it is on'),
          jurisdiction: text('^[a-z][a-z0-9-]{0,31}$', 'who levies it: eu-de'),
          rate: { type: 'string', maxLength: 14, description: 'a fraction as a decimal string: "0.19" is 19 %' },
          treatment: text('^[a-z][a-z0-9_-]{0,31}$', 'taxed, reverse_charge, exempt'),
        },
      },
    },
  },
} as const;

export interface TaxDecisionJson {
  readonly behavior: 'exclusive' | 'inclusive';
  readonly rates: readonly {
    readonly category: string;
    readonly jurisdiction: string;
    readonly rate: string;
    readonly treatment: string;
  }[];
}

const hasShape = schemaCheck<TaxDecisionJson>(taxDecisionSchema);

/** Reads a decision that somebody wrote. @throws BadInput `invalid_catalogue` */
export function parseTaxDecision(value: unknown, param = 'tax'): DecidedTaxation {
  if (!hasShape(value)) {
    const error = hasShape.errors[0]!;
    const field = error.instancePath.slice(1).replaceAll('/', '.');
    throw new BadInput('invalid_catalogue', `a tax decision ${error.message ?? 'is misshapen'}`, joined(param, field));
  }
  const rates = value.rates.map((row, i) => ({ ...row, rate: parseRate(row.rate, `${param}.rates.${i}.rate`) }));
  requireApart(rates, param);
  const bytes = Buffer.from(
    canonicalBytes({ v: '1', typ: 'tax_decision', behavior: value.behavior, rates: rates.map(written) }),
  );
  const categories = [...new Set(rates.map(({ category }) => category))];
  return { ...taxationAt(value.behavior, rates), digest: sha256Base64url(bytes), bytes, categories };
}

/** Reads a decision from its bytes. @throws BadInput where it is none, or not in its one normal form */
export function taxationOf(bytes: Uint8Array): DecidedTaxation {
  const { behavior, rates } = termsOf(bytes);
  const decision = parseTaxDecision({ behavior, rates });
  if (!decision.bytes.equals(bytes))
    throw new BadInput('invalid_catalogue', 'the tax decision is not in its normal form');
  return decision;
}

const joined = (param: string, field: string): string => (field === '' ? param : `${param}.${field}`);

const written = ({ category, jurisdiction, rate, treatment }: RateOnCategory) => ({
  category,
  jurisdiction,
  rate: formatPrice(rate),
  treatment,
});

function parseRate(written: string, param: string): Price {
  const rate = parsePrice(written, param);
  if (rate > ONE) throw new BadInput('invalid_catalogue', 'a tax rate is a fraction from 0 to 1', param);
  return rate;
}

/** One jurisdiction levies one rate in one way on a category. */
function requireApart(rates: readonly RateOnCategory[], param: string): void {
  const seen = new Set<string>();
  for (const [i, { category, jurisdiction }] of rates.entries()) {
    const key = `${category} ${jurisdiction}`;
    if (seen.has(key)) {
      throw new BadInput('invalid_catalogue', `${jurisdiction} taxes ${category} twice`, `${param}.rates.${i}`);
    }
    seen.add(key);
  }
}
