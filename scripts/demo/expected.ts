import { type PLANS, planOf } from './plans.ts';
import type { TraceRow } from './trace.ts';

/**
 * What each tenant must be billed, worked out straight from the trace: whole totals first, then one price, in fractions.
 * Nothing here is shared with the code that bills: no charges per event, no fixed-point decimals, no receipts.
 */

/** An exact fraction; the denominator is a power of ten. */
interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

const fraction = (text: string): Fraction => {
  const [whole = '0', places = ''] = text.split('.');
  return { over: BigInt(whole + places), under: BigInt(`1${'0'.repeat(places.length)}`) };
};
const plus = (a: Fraction, b: Fraction): Fraction => ({
  over: a.over * b.under + b.over * a.under,
  under: a.under * b.under,
});
const times = (a: Fraction, b: Fraction): Fraction => ({ over: a.over * b.over, under: a.under * b.under });
const less = (a: Fraction, b: Fraction): boolean => a.over * b.under < b.over * a.under;
const minus = (a: Fraction, b: Fraction): Fraction => plus(a, { over: -b.over, under: b.under });
const most = (a: Fraction, b: Fraction): Fraction => (less(a, b) ? b : a);
const NOTHING = fraction('0');

type Model = (typeof PLANS)[number]['input']['model'];
interface Tier {
  readonly up_to: string | null;
  readonly unit_amount: string;
  readonly flat_amount: string;
}

function tiered(total: Fraction, tiers: readonly Tier[], volume: boolean): Fraction {
  let price = NOTHING;
  let floor = NOTHING;
  for (const [index, { up_to, unit_amount, flat_amount }] of tiers.entries()) {
    const ceiling = up_to === null ? total : fraction(up_to);
    const isLast = up_to === null || !less(ceiling, total);
    if (index > 0 && !less(floor, total)) break;
    if (volume) price = plus(times(total, fraction(unit_amount)), fraction(flat_amount));
    else {
      const units = minus(isLast ? total : ceiling, floor);
      price = plus(price, plus(times(units, fraction(unit_amount)), fraction(flat_amount)));
    }
    if (isLast) break;
    floor = ceiling;
  }
  return price;
}

/** The price of one meter's day. @param used what each event measured, in the order they were used */
function priceOfDay(used: readonly string[], aggregation: string, model: Model): Fraction {
  if (model['type'] === 'percentage') return percentageOfDay(used, model);
  const values = used.map(fraction);
  const total =
    aggregation === 'count'
      ? fraction(String(used.length))
      : aggregation === 'max'
        ? values.reduce(most, NOTHING)
        : aggregation === 'last'
          ? (values.at(-1) ?? NOTHING)
          : values.reduce(plus, NOTHING);
  switch (model['type']) {
    case 'flat':
      return fraction(String(model['amount']));
    case 'per_unit':
      return times(total, fraction(String(model['unit_amount'])));
    case 'package': {
      const rest = minus(total, fraction(String(model['free_units'])));
      if (rest.over <= 0n) return NOTHING;
      const size = fraction(String(model['size']));
      const exact = { over: rest.over * size.under, under: rest.under * size.over };
      const packages = (exact.over + exact.under - 1n) / exact.under;
      return times({ over: packages, under: 1n }, fraction(String(model['amount'])));
    }
    case 'graduated':
    case 'volume':
      return tiered(total, model['tiers'] as readonly Tier[], model['type'] === 'volume');
    default:
      throw new Error(`no expectation for ${String(model['type'])}`);
  }
}

function percentageOfDay(used: readonly string[], model: Model): Fraction {
  const freeEvents = Number(model['free_events'] ?? '0');
  const freeAmount = fraction(String(model['free_amount'] ?? '0'));
  let price = NOTHING;
  let before = NOTHING;
  for (const [index, text] of used.entries()) {
    const after = plus(before, fraction(text));
    const covered = freeAmount.over > 0n && !less(freeAmount, after);
    if (index >= freeEvents && !covered) {
      const rated = minus(after, most(before, freeAmount));
      let charge = plus(times(rated, fraction(String(model['rate']))), fraction(String(model['fixed_fee'] ?? '0')));
      charge = most(charge, fraction(String(model['minimum'] ?? '0')));
      if (model['maximum'] !== undefined) {
        const maximum = fraction(String(model['maximum']));
        if (less(maximum, charge)) charge = maximum;
      }
      price = plus(price, charge);
    }
    before = after;
  }
  return price;
}

const PLACES: Readonly<Record<string, number>> = { USD: 2, EUR: 2, GBP: 2, JPY: 0, KWD: 3 };

/** To minor units, half away from zero; prices of the demo are never negative. */
function rounded({ over, under }: Fraction, currency: string): bigint {
  const minor = over * 10n ** BigInt(PLACES[currency]!);
  return (minor * 2n + under) / (under * 2n);
}

/**
 * The total of each tenant's day in minor units, by UTC day.
 * @param order for each tenant the order in which its events reached the ledger: percentages with allowances depend on it
 */
export function expectedTotals(
  rows: readonly TraceRow[],
  tenants: number,
  inOrder: (tenant: number) => readonly number[],
) {
  const totals: { readonly tenant: number; readonly day: string; readonly currency: string; readonly total: bigint }[] =
    [];
  const days = [...new Set(rows.map(({ time }) => time.slice(0, 10)))].sort();
  for (let tenant = 0; tenant < tenants; tenant++) {
    const plan = planOf(tenant);
    for (const day of days) {
      const mine = inOrder(tenant).filter((row) => rows[row]!.time.startsWith(day));
      // `last` is about when it was used, whatever came first; rows of one instant count in the order they arrived.
      const byTime = [...mine].sort((a, b) =>
        rows[a]!.time < rows[b]!.time ? -1 : rows[a]!.time > rows[b]!.time ? 1 : 0,
      );
      const orderFor = (aggregation: string): readonly number[] => (aggregation === 'last' ? byTime : mine);
      const lines = [
        priceOfDay(
          orderFor(plan.input.aggregation).map((row) => rows[row]!.inputTokens),
          plan.input.aggregation,
          plan.input.model,
        ),
        priceOfDay(
          orderFor(plan.output.aggregation).map((row) => rows[row]!.outputTokens),
          plan.output.aggregation,
          plan.output.model,
        ),
        priceOfDay(
          mine.map(() => '1'),
          plan.requests.aggregation,
          plan.requests.model,
        ),
      ];
      const total = lines.reduce((sum, line) => sum + rounded(line, plan.currency), 0n);
      totals.push({ tenant, day, currency: plan.currency, total });
    }
  }
  return totals;
}
