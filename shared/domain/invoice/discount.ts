import { canonicalBytes } from '../canonical.ts';
import { divideRounded, formatPrice, ONE, type Price, parsePrice } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import { BadInput } from '../errors.ts';
import { type Currency, parseCurrency } from '../money/currency.ts';
import { split } from '../money/money.ts';
import { schemaCheck } from '../schema-check.ts';
import { termsOf } from './terms.ts';

/** Terms of a discount: immutable, known by the digest of their canonical bytes. */
export interface DiscountTerms {
  readonly discountId: string;
  /** a fraction, 10 % is 0.1; undefined where it is an amount */
  readonly percent: Price | undefined;
  /** minor units; undefined where it is a percentage */
  readonly amount: bigint | undefined;
  /** of `amount` */
  readonly currency: Currency | undefined;
  /** meters, items and commitments whose lines it covers; empty for the whole invoice */
  readonly covers: readonly string[];
  /** how many invoices it is given on; undefined for ever */
  readonly periods: number | undefined;
  readonly digest: string;
  /** RFC 8785 */
  readonly bytes: Buffer;
}

const name = { type: 'string', pattern: '^[a-z0-9][a-z0-9_.-]{0,63}$', maxLength: 64 } as const;

/** How discounts are written in requests, in coupons and in evidence. */
export const discountSchema = {
  $id: 'urn:tallystick:schema:discount',
  type: 'object',
  required: ['discount_id'],
  additionalProperties: false,
  properties: {
    discount_id: { ...name, description: 'the discount’s or coupon’s name' },
    percent: { type: 'string', maxLength: 14, description: 'a fraction as a decimal string: "0.1" takes 10 %' },
    amount: {
      type: 'string',
      pattern: '^[1-9][0-9]{0,29}$',
      maxLength: 30,
      description: 'minor units; instead of percent',
    },
    currency: { type: 'string', pattern: '^[A-Z]{3}$', maxLength: 3, description: 'of the amount' },
    covers: { type: 'array', maxItems: 100, uniqueItems: true, items: name, description: 'empty: the whole invoice' },
    duration: { type: 'string', enum: ['once', 'repeating', 'forever'] },
    periods: { type: 'integer', minimum: 1, maximum: 1200, description: 'of a repeating one: on how many invoices' },
  },
} as const;

export interface DiscountJson {
  readonly discount_id: string;
  readonly percent?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly covers?: readonly string[];
  readonly duration?: 'once' | 'repeating' | 'forever';
  readonly periods?: number;
}

const hasShape = schemaCheck<DiscountJson>(discountSchema);

/** Reads a discount's terms. @throws BadInput `invalid_discount` */
export function parseDiscount(value: unknown, param = 'discount'): DiscountTerms {
  const refuse = (detail: string, field?: string): BadInput =>
    new BadInput('invalid_discount', detail, field === undefined ? param : `${param}.${field}`);
  if (!hasShape(value)) {
    const error = hasShape.errors[0]!;
    throw refuse(`a discount ${error.message ?? 'is misshapen'}`, error.instancePath.slice(1).replaceAll('/', '.'));
  }
  const { percent, amount, covers = [], duration = 'once' } = value;
  if ((percent === undefined) === (amount === undefined))
    throw refuse('a discount is a percent or an amount', 'percent');
  if ((amount === undefined) !== (value.currency === undefined)) {
    throw refuse('an amount, and nothing else, has a currency', 'currency');
  }
  if ((duration === 'repeating') !== (value.periods !== undefined)) {
    throw refuse('a repeating discount, and no other, says on how many invoices', 'periods');
  }
  const rate = percent === undefined ? undefined : parsePrice(percent, `${param}.percent`);
  if (rate !== undefined && (rate === 0n || rate > ONE)) throw refuse('a percent is above 0 and at most 1', 'percent');
  const terms = {
    discountId: value.discount_id,
    percent: rate,
    amount: amount === undefined ? undefined : BigInt(amount),
    currency: value.currency === undefined ? undefined : parseCurrency(value.currency, `${param}.currency`),
    covers: [...covers].sort(),
    periods: duration === 'forever' ? undefined : duration === 'once' ? 1 : value.periods!,
  };
  const bytes = canonicalBytes({
    v: '1',
    typ: 'discount',
    amount: terms.amount?.toString() ?? '',
    covers: terms.covers,
    currency: terms.currency ?? '',
    discount_id: terms.discountId,
    percent: terms.percent === undefined ? '' : formatPrice(terms.percent),
    periods: terms.periods === undefined ? '' : String(terms.periods),
  });
  return { ...terms, bytes, digest: sha256Base64url(bytes) };
}

/** Reads the canonical form back, as evidence carries it. @throws BadInput `invalid_discount` where it is no such document */
export function readDiscountTerms(bytes: Uint8Array): DiscountTerms {
  const json = termsOf(bytes);
  const text = (key: string): string => (typeof json[key] === 'string' ? (json[key] as string) : '');
  const terms = parseDiscount({
    discount_id: json['discount_id'],
    covers: json['covers'],
    ...(text('percent') === '' ? { amount: text('amount'), currency: text('currency') } : { percent: text('percent') }),
    ...(text('periods') === '' ? { duration: 'forever' } : durationOf(text('periods'))),
  });
  if (!terms.bytes.equals(bytes)) throw new BadInput('invalid_discount', 'the document is not in its one normal form');
  return terms;
}

const durationOf = (periods: string) =>
  periods === '1' ? { duration: 'once' } : { duration: 'repeating', periods: Number(periods) };

/** A line as discounts see it: what is left of it, in minor units. */
export interface DiscountableLine {
  readonly name: string;
  remaining: bigint;
}

export interface GivenDiscount {
  readonly base: bigint;
  readonly amount: bigint;
  /** what each line loses, in the lines' order; adds up to `amount` */
  readonly shares: readonly bigint[];
}

/**
 * Takes one discount from what earlier ones left of the lines.
 *
 * Base is the sum of the covered lines, credits among them counted; a percentage of it is rounded half away from zero, an
 * amount is at most the base. The lines above zero carry it in proportion, largest remainder first, earlier first.
 */
export function giveDiscount(
  terms: DiscountTerms,
  lines: readonly DiscountableLine[],
  currency: Currency,
): GivenDiscount {
  const covered = lines.map((line) => terms.covers.length === 0 || terms.covers.includes(line.name));
  const base = lines.reduce((sum, line, i) => (covered[i] ? sum + line.remaining : sum), 0n);
  const wanted = terms.percent === undefined ? terms.amount! : divideRounded(base * terms.percent, ONE);
  const amount = base <= 0n ? 0n : wanted < base ? wanted : base;
  const weights = lines.map((line, i) => (covered[i] && line.remaining > 0n ? line.remaining : 0n));
  if (amount === 0n) return { base, amount: 0n, shares: lines.map(() => 0n) };
  const shares = split({ currency, minorUnits: amount }, weights).map(({ minorUnits }) => minorUnits);
  return { base, amount, shares };
}
