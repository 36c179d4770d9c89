import { type Amount, formatAmount, formatQuantity, parseChange, type Quantity, ZERO_AMOUNT } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import { isCumulative, type PriceDocument, parsePriceDocument, requireAggregation } from '../pricing/document.ts';
import { basePrice, chargeFor, priceOf } from '../pricing/price.ts';
import type { PriceModelJson } from '../pricing/schema.ts';
import type { Period } from '../time.ts';
import { type Aggregate, type Aggregation, advance, EMPTY_AGGREGATE, weightedPart } from '../usage/meter.ts';
import { exact, moment, shown, stretch, units } from './numbers.ts';

interface EventJson {
  readonly quantity?: string;
  readonly time?: string;
  readonly value?: string;
  readonly properties?: Readonly<Record<string, string>>;
}
export interface RateQuestion {
  readonly model?: PriceModelJson;
  readonly matrix?: {
    readonly cells: readonly { readonly match: Readonly<Record<string, string>>; readonly model: PriceModelJson }[];
    readonly otherwise?: PriceModelJson | null;
  };
  readonly currency?: string;
  readonly aggregation?: Aggregation;
  readonly units?: string;
  readonly events?: readonly EventJson[];
  readonly period?: { readonly start: string; readonly end: string };
}

const document = (model: PriceModelJson, currency: string): PriceDocument =>
  parsePriceDocument({ price_id: 'asked', version: '1', currency, model });

/**
 * What usage costs. With `units`, the price of that aggregate as a whole; with `events`, one charge per event in the order
 * given, as receipts have them. `base` is what is due at no usage; charges and base add up to `total`.
 */
export function answerRate(asked: RateQuestion) {
  const { currency, units: whole, events } = asked;
  if ((asked.model === undefined) === (asked.matrix === undefined)) {
    throw new BadInput('invalid_parameter', 'a model or a matrix', 'model');
  }
  if ((whole === undefined) === (events === undefined))
    throw new BadInput('invalid_parameter', 'units or events', 'events');
  if (asked.matrix !== undefined) return answerMatrix(asked, events ?? []);
  const price = document(asked.model!, currency ?? 'EUR');
  if (events !== undefined) return rateEvents(price, asked, events);
  if (isCumulative(price)) {
    const quantity = units(whole!, 'units');
    const base = basePrice(price);
    const total = priceOf(price, quantity);
    return { base: formatAmount(base), usage: formatAmount((total - base) as Amount), total: shown(total, currency) };
  }
  return rateEvents(price, { ...asked, aggregation: 'sum' }, [{ quantity: whole! }]);
}

function rateEvents(price: PriceDocument, asked: RateQuestion, events: readonly EventJson[]) {
  const aggregation = asked.aggregation ?? 'sum';
  requireAggregation(price, aggregation);
  const period = asked.period === undefined ? undefined : stretch(asked.period);
  const seen = new Set<string>();
  let held: Aggregate = EMPTY_AGGREGATE;
  let usage = 0n;
  const charges = events.map((event, i) => {
    const { quantity, counted } = measured(aggregation, event, period, i);
    const isNewValue = aggregation === 'unique_count' && !seen.has(event.value ?? '');
    seen.add(event.value ?? '');
    const occurredAt = event.time === undefined ? '' : moment(event.time, `events.${i}.time`);
    const after = advance(aggregation, held, { quantity: counted, occurredAt, isNewValue });
    const amount = chargeFor(price, held, after, quantity);
    held = after;
    usage += amount;
    return { amount: formatAmount(amount), aggregate: formatQuantity(after.value) };
  });
  const base = basePrice(price);
  return {
    charges,
    aggregate: formatQuantity(held.value),
    base: formatAmount(base),
    usage: formatAmount(usage as Amount),
    total: shown((usage + base) as Amount, asked.currency),
  };
}

function measured(
  aggregation: Aggregation,
  { quantity = '1', time, value }: EventJson,
  period: Period | undefined,
  i: number,
): { readonly quantity: Quantity; readonly counted: Quantity } {
  if (aggregation === 'unique_count' && value === undefined) {
    throw new BadInput('invalid_parameter', 'a unique_count counts values', `events.${i}.value`);
  }
  if (aggregation === 'count' || aggregation === 'unique_count') {
    return { quantity: units('1', ''), counted: units('1', '') };
  }
  if (aggregation !== 'weighted_sum') {
    const amount = units(quantity, `events.${i}.quantity`);
    return { quantity: amount, counted: amount };
  }
  if (period === undefined || time === undefined) {
    throw new BadInput(
      'invalid_parameter',
      'a weighted_sum needs the period and the time of each change',
      `events.${i}.time`,
    );
  }
  const change = parseChange(quantity, `events.${i}.quantity`);
  return { quantity: change, counted: weightedPart(change, moment(time, `events.${i}.time`), period) };
}

/** Each event goes to the one cell that fits it; every cell has its own aggregate. */
function answerMatrix(asked: RateQuestion, events: readonly EventJson[]) {
  const { cells, otherwise } = asked.matrix!;
  const buckets = new Map<number, EventJson[]>();
  for (const [i, event] of events.entries()) {
    const fitting = cells.flatMap(({ match }, at) =>
      Object.entries(match).every(([name, value]) => event.properties?.[name] === value) ? [at] : [],
    );
    if (fitting.length > 1)
      throw new BadInput('invalid_price', `cells ${fitting.join(' and ')} both fit event ${i}`, 'matrix.cells');
    const at = fitting[0] ?? -1;
    if (at === -1 && otherwise == null)
      throw new BadInput('no_price_cell', 'no cell fits the event', `events.${i}.properties`);
    buckets.set(at, [...(buckets.get(at) ?? []), event]);
  }
  let total = ZERO_AMOUNT as bigint;
  const answers = [...buckets.keys()]
    .sort((a, b) => a - b)
    .map((at) => {
      const price = document(at === -1 ? otherwise! : cells[at]!.model, asked.currency ?? 'EUR');
      const answer = rateEvents(price, asked, buckets.get(at)!);
      const usage = answer.charges.length === 0 ? 0n : sumOf(answer);
      total += usage;
      return { cell: at === -1 ? 'otherwise' : String(at), aggregate: answer.aggregate, total: answer.total };
    });
  return { cells: answers, total: shown(total as Amount, asked.currency) };
}

const sumOf = ({ total }: { readonly total: { readonly amount: string } }): bigint => exact(total.amount, 'total');
