import type { PriceModelJson, TierJson } from '../../shared/domain/pricing/schema.ts';

/*
 * A second, slow opinion on every meter and price, sharing no code with the product: decimal strings in, exact
 * fractions inside, decimal strings out. It walks the whole period each time where the product keeps a running sum.
 */

interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}
const NOTHING: Fraction = { over: 0n, under: 1n };

export interface NaiveEvent {
  readonly quantity: string;
  readonly occurredAt: string;
  /** What `unique_count` counts. */
  readonly value: string;
}

function read(text: string): Fraction {
  const [whole = '', places = ''] = text.split('.');
  return { over: BigInt(whole + places), under: BigInt('1'.padEnd(places.length + 1, '0')) };
}

/** Long division, digit by digit, as on paper. */
function write({ over, under }: Fraction): string {
  if (over < 0n) return `-${write({ over: -over, under })}`;
  const digits: bigint[] = [];
  for (let rest = over % under; rest !== 0n; rest = (rest * 10n) % under) digits.push((rest * 10n) / under);
  return [over / under, digits.join('')].filter((part) => part !== '').join('.');
}

function reduced(over: bigint, under: bigint): Fraction {
  let [common, rest] = [under, over < 0n ? -over : over];
  while (rest !== 0n) [common, rest] = [rest, common % rest];
  return { over: over / common, under: under / common };
}

const plus = (one: Fraction, other: Fraction): Fraction =>
  reduced(one.over * other.under + other.over * one.under, one.under * other.under);
const minus = (one: Fraction, other: Fraction): Fraction => plus(one, { ...other, over: -other.over });
const by = (one: Fraction, other: Fraction): Fraction => reduced(one.over * other.over, one.under * other.under);
const isAbove = (one: Fraction, other: Fraction): boolean => one.over * other.under > other.over * one.under;
const least = (one: Fraction, other: Fraction): Fraction => (isAbove(one, other) ? other : one);

/** Adds decimal strings exactly. */
export const naiveSum = (...texts: string[]): string => write(texts.map(read).reduce(plus, NOTHING));
export const naiveDifference = (from: string, take: string): string => write(minus(read(from), read(take)));
export const naiveProduct = (one: string, other: string): string => write(by(read(one), read(other)));

/** What a meter shows after all the events of a period, given in ledger order. */
export function naiveMeter(aggregation: string, events: readonly NaiveEvent[]): string {
  const quantities = events.map(({ quantity }) => quantity);
  const answers: Record<string, () => string> = {
    count: () => String(events.length),
    sum: () => naiveSum(...quantities),
    // Each quantity is a change's part of the average level already.
    weighted_sum: () => naiveSum(...quantities),
    max: () => write(quantities.map(read).reduce((most, each) => (isAbove(each, most) ? each : most), NOTHING)),
    // Array sorting is stable, so events of one instant stay in ledger order.
    last: () => naiveSum([...events].sort((a, b) => a.occurredAt.localeCompare(b.occurredAt)).at(-1)?.quantity ?? '0'),
    unique_count: () => String(new Set(events.map(({ value }) => value)).size),
  };
  return answers[aggregation]!();
}

/** What a period costs whose final aggregate is `total`. */
export function naivePrice(model: PriceModelJson, total: string): string {
  if (model.type === 'flat') return naiveSum(model.amount);
  if (model.type === 'per_unit') return naiveProduct(total, model.unit_amount);
  if (model.type === 'package') return packages(model.size, model.amount, model.free_units, read(total));
  if (model.type === 'graduated') return slices(model.tiers, read(total));
  if (model.type === 'volume') return wholeTier(model.tiers, read(total));
  if (model.type === 'commitment') return committed(model, read(total));
  throw new TypeError(`a ${model.type} prices events, not totals`);
}

/** Cuts the total into one slice per tier. */
function slices(tiers: readonly TierJson[], total: Fraction): string {
  let price = NOTHING;
  let from = NOTHING;
  for (const [index, tier] of tiers.entries()) {
    if (index > 0 && !isAbove(total, from)) break;
    const to = tier.up_to === null ? total : least(total, read(tier.up_to));
    price = plus(price, plus(read(tier.flat_amount ?? '0'), by(minus(to, from), read(tier.unit_amount))));
    from = to;
  }
  return write(price);
}

function wholeTier(tiers: readonly TierJson[], total: Fraction): string {
  const [tier] = tiers.filter(({ up_to }) => up_to === null || !isAbove(total, read(up_to)));
  return write(plus(read(tier?.flat_amount ?? '0'), by(total, read(tier!.unit_amount))));
}

/** A commitment is two tiers: the committed units at one price, all beyond at the other. */
function committed(model: PriceModelJson & { readonly type: 'commitment' }, total: Fraction): string {
  const rate =
    model.committed_unit_amount ?? naiveProduct(model.unit_amount, naiveDifference('1', model.discount_rate!));
  const within = least(total, read(model.committed_units));
  return write(plus(by(within, read(rate)), by(minus(total, within), read(model.unit_amount))));
}

/** Buys one package after the other until the usage is covered. */
function packages(size: string, amount: string, free = '0', total: Fraction): string {
  let price = NOTHING;
  for (let covered = read(free); isAbove(total, covered); covered = plus(covered, read(size))) {
    price = plus(price, read(amount));
  }
  return write(price);
}

/** A graduated price counted out in thousandths of a unit, one by one; unit amounts in whole thousandths. */
export function graduatedByThousandths(tiers: readonly TierJson[], thousandths: number): string {
  const entered = new Set([tiers[0]!]);
  let millionths = 0;
  for (let each = 1; each <= thousandths; each++) {
    const tier = tiers.find(({ up_to }) => up_to === null || each <= Math.round(Number(up_to) * 1000))!;
    entered.add(tier);
    millionths += Math.round(Number(tier.unit_amount) * 1000);
  }
  const flats = [...entered].map(({ flat_amount = '0' }) => flat_amount);
  return naiveSum(naiveProduct(String(millionths), '0.000001'), ...flats);
}

/** What each event of a period is charged at a percentage, in ledger order. */
export function naivePercentage(
  model: PriceModelJson & { readonly type: 'percentage' },
  quantities: readonly string[],
): string[] {
  const free = read(model.free_amount ?? '0');
  return quantities.map((quantity, position) => {
    const used = read(naiveSum(...quantities.slice(0, position)));
    const freeLeft = isAbove(free, used) ? minus(free, used) : NOTHING;
    const isFree =
      position < Number(model.free_events ?? '0') || (free.over > 0n && !isAbove(plus(used, read(quantity)), free));
    if (isFree) return '0';
    const fee = plus(by(minus(read(quantity), freeLeft), read(model.rate)), read(model.fixed_fee ?? '0'));
    const floor = read(model.minimum ?? '0');
    const raised = isAbove(floor, fee) ? floor : fee;
    return write(typeof model.maximum === 'string' ? least(raised, read(model.maximum)) : raised);
  });
}
