import { BadInput } from '../errors.ts';
import { isCumulative, requireAggregation } from '../pricing/document.ts';
import type { PriceVersion } from '../pricing/version.ts';
import type { SubscriptionJson } from '../subscription/lifecycle.ts';
import { type Instant, later } from '../time.ts';
import { saysTheSame } from './change.ts';
import { addonOf, type ItemJson, type MeterJson, type OwnPrice } from './compile.ts';
import { feeName, shortened } from './parts.ts';
import type { MetricJson, PlanJson } from './schema.ts';

/**
 * Refuses an organization's own price that could not take the place of a plan's.
 * @param part as the plan names it: `calls` for usage, `fee.base` for a fee
 * @throws BadInput `not_found`, `currency_mismatch`, `invalid_price`
 */
export function requirePriceOf(
  plan: PlanJson,
  part: string,
  { document }: PriceVersion,
  metrics: ReadonlyMap<string, MetricJson>,
): void {
  if (document.currency !== plan.currency) {
    throw new BadInput('currency_mismatch', `the plan is in ${plan.currency}`, 'currency');
  }
  const metric = metrics.get(part);
  if (metric !== undefined && plan.usage?.some(({ metric_name }) => metric_name === part) === true) {
    return requireAggregation(document, metric.aggregation);
  }
  if (plan.fees?.some(({ item_id }) => feeName(item_id) === part) !== true) {
    throw new BadInput('not_found', `the plan prices no ${part}: name a metric, or fee. and an item`, 'target');
  }
  if (!isCumulative(document)) {
    throw new BadInput('invalid_price', 'a recurring fee is priced by its quantity', 'model.type');
  }
}

/** A part of a plan that an organization has its own prices for. */
export interface OwnPart {
  readonly planId: string;
  readonly part: string;
  /** oldest first */
  readonly prices: readonly OwnPrice[];
}

/**
 * A running subscription with an organization's own prices from an instant on, wherever it has the plan by then. What is
 * paused resumes with the price it had.
 */
export function reprice(subscription: SubscriptionJson, own: OwnPart, at: Instant): SubscriptionJson {
  const from = later(at, (subscription.trial_ends_at ?? at) as Instant);
  const settings = (subscription.chosen ?? []).flatMap((chosen, i, all) => {
    const next = all[i + 1]?.from;
    if (next !== undefined && next <= from) return [];
    const isPlan = chosen.plan_id === own.planId;
    if (!isPlan && !chosen.addons.some((addon) => addonOf(addon).planId === own.planId)) return [];
    const start = later(from, chosen.from as Instant);
    return heldIn(own.prices, start, next).map((price) => ({ ...price, isPlan }));
  });
  let { meters, items = [] } = subscription;
  for (const { isPlan, ...price } of settings) {
    meters = meters.map((meter) => (meter.metric_name === own.part ? pricedFrom(meter, price) : meter));
    items = items.map((item) => (isItemOf(item.item_id, own, isPlan) ? chargedFrom(item, price) : item));
  }
  return { ...subscription, meters, items };
}

/** The prices that hold in a stretch, each from the instant it begins to hold there. */
function heldIn(prices: readonly OwnPrice[], start: Instant, end: string | undefined): OwnPrice[] {
  const held = prices.findLast(({ from }) => from <= start);
  const later = prices.filter(({ from }) => from > start && (end === undefined || from < end));
  return [...(held === undefined ? [] : [{ ...held, from: start }]), ...later];
}

/** An item is named after the plan's fee, with the add-on before it and the way it is charged behind it where need be. */
function isItemOf(itemId: string, { planId, part }: OwnPart, isPlan: boolean): boolean {
  const fee = part.startsWith(feeName('')) ? part.slice(feeName('').length) : undefined;
  if (fee === undefined) return false;
  const name = isPlan ? fee : shortened(`${planId}.${fee}`);
  return ['advance', 'arrears'].some(
    (timing) =>
      itemId === name ||
      ['second', 'day', 'none'].some((proration) => itemId === shortened(`${name}.${timing}-${proration}`)),
  );
}

function pricedFrom(meter: MeterJson, { from, document }: OwnPrice): MeterJson {
  const before = meter.prices.filter(({ effective_from }) => effective_from < from);
  const after = meter.prices.filter(({ effective_from }) => effective_from > from);
  const last = before.at(-1);
  const goesOn = last !== undefined && (last.cells ?? []).length === 0 && saysTheSame(last.document, document);
  const own = goesOn ? [] : [{ effective_from: from, document: { ...document } }];
  return { ...meter, prices: [...before, ...own, ...after] };
}

function chargedFrom(item: ItemJson, { from, document }: OwnPrice): ItemJson {
  const at = item.phases.findLastIndex((phase) => phase.from <= from);
  const held = item.phases[at];
  if (held === undefined || held.document === null || saysTheSame(held.document, document)) return item;
  const own = { from, quantity: held.quantity, document: { ...document } };
  return { ...item, phases: item.phases.toSpliced(at + 1, 0, own) };
}
