import { type Amount, type Quantity, times, ZERO_AMOUNT, ZERO_QUANTITY } from '../decimals.ts';
import { unhandled } from '../errors.ts';
import type { Aggregate } from '../usage/meter.ts';
import { type CumulativePrice, isCumulative, type PriceDocument } from './document.ts';
import type { CumulativeModel, PercentageModel, Tier } from './model.ts';

/** The exact price of an aggregate: what its period costs, the base price included. */
export const priceOf = (document: CumulativePrice, aggregate: Quantity): Amount => priceIn(document.model, aggregate);

/**
 * What a period costs before anything is used, settled when it closes: a flat fee, the first tier's flat amount.
 * Base price and charges of a period add up to the price of its final aggregate.
 */
export const basePrice = (document: PriceDocument): Amount =>
  isCumulative(document) ? priceOf(document, ZERO_QUANTITY) : ZERO_AMOUNT;

/**
 * What one event is charged: the one rule by which receipts are written and checked.
 *
 * Below zero where the price of the aggregate falls, as it may when a volume price reaches a cheaper tier.
 * A percentage charges nothing for the first `free_events` and up to `free_amount`; an event that crosses the free
 * amount is rated on what lies above it.
 *
 * @param before the aggregate that the event met
 * @param after the aggregate with the event
 * @param quantity the event's own
 * @throws RangeError where a percentage meets an aggregate that did not move by `quantity`, as only a sum does
 */
export function chargeFor(document: PriceDocument, before: Aggregate, after: Aggregate, quantity: Quantity): Amount {
  const { model } = document;
  if (model.type === 'percentage') return percentageOf(model, before, after, quantity);
  if (model.type === 'minimum') throw new RangeError('a minimum is no price of usage');
  return (priceIn(model, level(after)) - priceIn(model, level(before))) as Amount;
}

/** A level that came in out of order may stand below zero for a while: it costs nothing then. */
const level = ({ value }: Aggregate): Quantity => (value < 0n ? ZERO_QUANTITY : value);

function priceIn(model: CumulativeModel, aggregate: Quantity): Amount {
  switch (model.type) {
    case 'flat':
      return model.amount;
    case 'per_unit':
      return times(aggregate, model.unitAmount);
    case 'graduated':
    case 'volume': {
      const tier = tierOf(model.tiers, aggregate);
      return (tier.intercept + times(aggregate, tier.unitAmount)) as Amount;
    }
    case 'commitment': {
      const committed = aggregate < model.committedUnits ? aggregate : model.committedUnits;
      const beyond = (aggregate - committed) as Quantity;
      return (times(committed, model.committedUnitAmount) + times(beyond, model.unitAmount)) as Amount;
    }
    case 'package': {
      const paid = aggregate - model.freeUnits;
      return paid > 0n ? ((((paid + model.size - 1n) / model.size) * model.amount) as Amount) : ZERO_AMOUNT;
    }
    default:
      return unhandled(model);
  }
}

/** The tier an aggregate falls in: the first that ends at or above it, else the last, which never ends. */
function tierOf(tiers: readonly Tier[], aggregate: Quantity): Tier {
  let low = 0;
  let high = tiers.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (aggregate <= tiers[middle]!.upTo!) high = middle;
    else low = middle + 1;
  }
  return tiers[low]!;
}

function percentageOf(model: PercentageModel, before: Aggregate, after: Aggregate, quantity: Quantity): Amount {
  if (after.value - before.value !== quantity) {
    throw new RangeError('a percentage is charged on a sum, and this aggregate did not move by the quantity');
  }
  const { freeAmount, minimum, maximum } = model;
  if (before.events < model.freeEvents) return ZERO_AMOUNT;
  if (freeAmount > 0n && after.value <= freeAmount) return ZERO_AMOUNT;
  const rated = before.value >= freeAmount ? quantity : after.value - freeAmount;
  const charge = (rated * model.rate + model.fixedFee) as Amount;
  if (charge < minimum) return minimum;
  return maximum !== null && charge > maximum ? maximum : charge;
}
