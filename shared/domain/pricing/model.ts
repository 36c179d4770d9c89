import {
  type Amount,
  divideRounded,
  flat,
  formatAmount,
  formatPrice,
  formatQuantity,
  ONE,
  type Price,
  parsePrice,
  parseQuantity,
  type Quantity,
} from '../decimals.ts';
import { BadInput, unhandled } from '../errors.ts';
import type { PriceModelJson, TierJson } from './schema.ts';

/**
 * A stretch of the price table, from the end of the tier before (exclusive) to `upTo` (inclusive).
 * Within it the price is a straight line: `intercept + aggregate x unitAmount`.
 */
export interface Tier {
  /** null in the last tier, which is open. */
  readonly upTo: Quantity | null;
  readonly unitAmount: Price;
  readonly flatAmount: Amount;
  /** The line's value at zero. Below zero where units get dearer from tier to tier. */
  readonly intercept: Amount;
}

/** Models that price the period's aggregate as a whole: an event is charged the difference it makes. */
export type CumulativeModel =
  | { readonly type: 'flat'; readonly amount: Amount }
  | { readonly type: 'per_unit'; readonly unitAmount: Price }
  | { readonly type: 'graduated' | 'volume'; readonly tiers: readonly Tier[] }
  | {
      readonly type: 'commitment';
      readonly committedUnits: Quantity;
      readonly committedUnitAmount: Price;
      readonly unitAmount: Price;
    }
  | { readonly type: 'package'; readonly size: Quantity; readonly amount: Amount; readonly freeUnits: Quantity };

/** A price that is charged on nothing: what a period's charges come to at least. */
export interface MinimumModel {
  readonly type: 'minimum';
  readonly amount: Amount;
  /** meters whose charges count, ascending; empty for all */
  readonly covers: readonly string[];
}

/** Prices each event by itself; the aggregate, a sum, only tells how much of the free amount is left. */
export interface PercentageModel {
  readonly type: 'percentage';
  /** A fraction: 2.9 % is 0.029. */
  readonly rate: Price;
  readonly fixedFee: Amount;
  readonly freeEvents: number;
  readonly freeAmount: Quantity;
  readonly minimum: Amount;
  readonly maximum: Amount | null;
}

export type PriceModel = CumulativeModel | PercentageModel | MinimumModel;

const RATE_MAX = 1000n * ONE;

/**
 * Reads the numbers of a model that already has the schema's shape, and holds the rules a schema cannot say.
 * @throws BadInput `invalid_price`
 */
export function readModel(model: PriceModelJson): PriceModel {
  switch (model.type) {
    case 'flat':
      return { type: 'flat', amount: amountOf(model.amount) };
    case 'per_unit':
      return { type: 'per_unit', unitAmount: priceOf(model.unit_amount) };
    case 'graduated':
    case 'volume':
      return { type: model.type, tiers: readTiers(model.type, model.tiers) };
    case 'package': {
      const size = quantityOf(model.size);
      if (size === 0n) throw new BadInput('invalid_price', 'a package holds more than nothing', 'model.size');
      const freeUnits = quantityOf(model.free_units);
      return { type: 'package', size, amount: amountOf(model.amount), freeUnits };
    }
    case 'commitment':
      return readCommitted(model);
    case 'minimum':
      return {
        type: 'minimum',
        amount: amountOf(model.amount),
        covers: [...(model.covers ?? [])].sort(),
      };
    case 'percentage':
      return readPercentage(model);
    default:
      return unhandled(model);
  }
}

/** Writes a model in its one normal form: every field present, every number a canonical decimal string. */
export function modelJson(model: PriceModel): PriceModelJson {
  switch (model.type) {
    case 'flat':
      return { type: model.type, amount: formatAmount(model.amount) };
    case 'per_unit':
      return { type: model.type, unit_amount: formatPrice(model.unitAmount) };
    case 'graduated':
    case 'volume':
      return {
        type: model.type,
        tiers: model.tiers.map(({ upTo, unitAmount, flatAmount }) => ({
          up_to: upTo === null ? null : formatQuantity(upTo),
          unit_amount: formatPrice(unitAmount),
          flat_amount: formatAmount(flatAmount),
        })),
      };
    case 'package':
      return {
        type: model.type,
        size: formatQuantity(model.size),
        amount: formatAmount(model.amount),
        free_units: formatQuantity(model.freeUnits),
      };
    case 'commitment':
      return {
        type: model.type,
        committed_units: formatQuantity(model.committedUnits),
        committed_unit_amount: formatPrice(model.committedUnitAmount),
        unit_amount: formatPrice(model.unitAmount),
      };
    case 'minimum':
      return { type: model.type, amount: formatAmount(model.amount), covers: model.covers };
    case 'percentage':
      return {
        type: model.type,
        rate: formatPrice(model.rate),
        fixed_fee: formatAmount(model.fixedFee),
        free_events: String(model.freeEvents),
        free_amount: formatQuantity(model.freeAmount),
        minimum: formatAmount(model.minimum),
        maximum: model.maximum === null ? null : formatAmount(model.maximum),
      };
    default:
      return unhandled(model);
  }
}

function readTiers(type: 'graduated' | 'volume', tiers: readonly TierJson[]): Tier[] {
  let from = 0n;
  let below = { unitAmount: 0n, intercept: 0n };
  return tiers.map((tier, index) => {
    const param = `model.tiers.${index}`;
    const upTo = tier.up_to === null ? null : quantityOf(tier.up_to);
    if ((upTo === null) !== (index === tiers.length - 1)) {
      throw new BadInput('invalid_price', 'the last tier, and no other, is open: its up_to is null', `${param}.up_to`);
    }
    if (upTo !== null && upTo <= from) {
      throw new BadInput('invalid_price', 'a tier ends above the one before it, the first above 0', `${param}.up_to`);
    }
    const unitAmount = priceOf(tier.unit_amount);
    const flatAmount = amountOf(tier.flat_amount);
    // A graduated line starts where the line of the tier below ends, raised by the flat amount for entering.
    const start = type === 'graduated' ? below.intercept + from * (below.unitAmount - unitAmount) : 0n;
    const intercept = (start + flatAmount) as Amount;
    from = upTo ?? from;
    below = { unitAmount, intercept };
    return { upTo, unitAmount, flatAmount, intercept };
  });
}

function readCommitted(model: PriceModelJson & { readonly type: 'commitment' }): CumulativeModel {
  const unitAmount = priceOf(model.unit_amount);
  const committedUnits = quantityOf(model.committed_units);
  return { type: 'commitment', committedUnits, committedUnitAmount: committedRate(model, unitAmount), unitAmount };
}

/** The committed rate as it is given, or as the list price less a discount: rounded once, half away from zero, to 12 places. */
function committedRate(model: PriceModelJson & { readonly type: 'commitment' }, unitAmount: Price): Price {
  const { committed_unit_amount: given, discount_rate: discount } = model;
  if ((given === undefined) === (discount === undefined)) {
    const detail = 'a commitment has a committed_unit_amount or a discount_rate, one of the two';
    throw new BadInput('invalid_price', detail, 'model.committed_unit_amount');
  }
  const param = given === undefined ? 'model.discount_rate' : 'model.committed_unit_amount';
  const read = priceOf(given ?? discount);
  const rate = given === undefined ? divideRounded(unitAmount * (ONE - read), ONE) : read;
  if (given === undefined ? read <= ONE : read <= unitAmount) return rate as Price;
  throw new BadInput('invalid_price', 'who commits pays no more than the list price, and no less than nothing', param);
}

function readPercentage(model: PriceModelJson & { readonly type: 'percentage' }): PercentageModel {
  const rate = priceOf(model.rate);
  if (rate > RATE_MAX) {
    throw new BadInput('invalid_price', 'a rate is a fraction, "0.029" for 2.9 %, and at most 1000', 'model.rate');
  }
  const minimum = amountOf(model.minimum);
  const maximum = typeof model.maximum === 'string' ? amountOf(model.maximum) : null;
  if (maximum !== null && minimum > maximum) {
    throw new BadInput('invalid_price', 'the minimum of a charge is not above its maximum', 'model.minimum');
  }
  return {
    type: 'percentage',
    rate,
    fixedFee: amountOf(model.fixed_fee),
    freeEvents: Number(model.free_events ?? '0'),
    freeAmount: quantityOf(model.free_amount),
    minimum,
    maximum,
  };
}

// The schema admits decimals alone, so these cannot be refused; what is left out is nothing.
const quantityOf = (text = '0'): Quantity => parseQuantity(text, 'model');
const priceOf = (text = '0'): Price => parsePrice(text, 'model');
const amountOf = (text?: string): Amount => flat(priceOf(text));
