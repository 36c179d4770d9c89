import type { LimitJson } from '../account/limits.ts';
import { BadInput } from '../errors.ts';
import type { PriceDocumentJson } from '../pricing/schema.ts';
import { calendarOf } from '../subscription/calendar.ts';
import type { SubscriptionJson } from '../subscription/lifecycle.ts';
import type { Instant } from '../time.ts';
import { commitmentPart, feeName, feePart, priceOf, shortened, trialPart, usageParts } from './parts.ts';
import { eventTypeOf, type PlanVersion } from './plan.ts';
import type { MetricJson } from './schema.ts';

export type MeterJson = SubscriptionJson['meters'][number];
export type DatedJson = MeterJson['prices'][number];
export type ItemJson = NonNullable<SubscriptionJson['items']>[number];
export type CommitmentJson = NonNullable<SubscriptionJson['commitments']>[number];
type EntitlementJson = NonNullable<SubscriptionJson['entitlements']>[number];

/** An organization's own price for a part of a plan, from an instant on. */
export interface OwnPrice {
  readonly from: Instant;
  readonly document: PriceDocumentJson;
}

/** What a subscription chooses of the catalogue. */
export interface Choice {
  readonly plan: PlanVersion;
  readonly addons: readonly PlanVersion[];
  /** seats: how many of each fee that is charged per seat */
  readonly quantity: string;
  readonly metrics: ReadonlyMap<string, MetricJson>;
  /** the organization's own prices, oldest first, by plan and part (`ownKey`): they take the place of the plan's */
  readonly own: ReadonlyMap<string, readonly OwnPrice[]>;
}

/** @param part as a plan names it: `calls` for usage, `fee.base` for a fee */
export const ownKey = (planId: string, part: string): string => `${planId} ${part}`;

/** A price of usage, without the instant it holds from. */
export type Priced = Omit<DatedJson, 'effective_from'>;
/** A value that holds from an instant on. */
export interface From<T> {
  readonly from: Instant;
  readonly value: T;
}

interface CompiledItem {
  readonly timing: ItemJson['timing'];
  readonly proration: ItemJson['proration'];
  readonly quantity: string;
  readonly prices: readonly From<PriceDocumentJson>[];
}

/** What a choice comes to, from an instant on. */
export interface Compiled {
  readonly prices: ReadonlyMap<string, readonly From<Priced>[]>;
  readonly items: ReadonlyMap<string, CompiledItem>;
  readonly commitments: ReadonlyMap<string, PriceDocumentJson>;
  /** what plan and add-ons grant; where two say something, the later of them is right */
  readonly grants: Omit<EntitlementJson, 'from'>;
}

/**
 * What plan and add-ons come to.
 * @param from the instant from which it costs
 * @throws BadInput `interval_differs`, `invalid_parameter` where the add-ons do not fit the plan or one another
 */
export function compiled(choice: Choice, from: Instant): Compiled {
  requireFitting(choice);
  const prices = new Map<string, readonly From<Priced>[]>();
  const items = new Map<string, CompiledItem>();
  const commitments = new Map<string, PriceDocumentJson>();
  let features: EntitlementJson['features'] = {};
  const limits: LimitJson[] = [];
  for (const part of [choice.plan, ...choice.addons]) {
    const { plan, version } = part;
    const named = (name: string): string => (part === choice.plan ? name : shortened(`${plan.plan_id}.${name}`));
    for (const usage of plan.usage ?? []) {
      const { cells, otherwise } = usageParts(usage);
      const list: Priced = {
        document: otherwise === undefined ? null : priceOf(plan, version, otherwise),
        ...(cells.length === 0
          ? {}
          : { cells: cells.map((cell) => ({ match: { ...cell.match }, document: priceOf(plan, version, cell) })) }),
      };
      const own = choice.own.get(ownKey(plan.plan_id, usage.metric_name)) ?? [];
      prices.set(
        usage.metric_name,
        dated<Priced>(list, own, from, (document) => ({ document })),
      );
    }
    for (const fee of plan.fees ?? []) {
      const own = choice.own.get(ownKey(plan.plan_id, feeName(fee.item_id))) ?? [];
      items.set(named(fee.item_id), {
        timing: fee.timing ?? plan.timing ?? 'advance',
        proration: plan.proration ?? 'second',
        quantity: fee.quantity === 'seats' ? choice.quantity : '1',
        prices: dated(priceOf(plan, version, feePart(fee)), own, from, (document) => document),
      });
    }
    if (plan.commitment !== undefined) {
      commitments.set(`${plan.plan_id}.commitment`, priceOf(plan, version, commitmentPart(plan.commitment)));
    }
    features = { ...features, ...(plan.features as EntitlementJson['features'] | undefined) };
    for (const limit of plan.limits ?? []) limits.push({ ...limit, limit_id: named(limit.limit_id) });
  }
  return { prices, items, commitments, grants: { features, limits } };
}

/** The list price, or the organization's own that is in force by then, and every own price that comes later. */
function dated<T>(list: T, own: readonly OwnPrice[], from: Instant, as: (document: PriceDocumentJson) => T): From<T>[] {
  const held = own.findLast((price) => price.from <= from);
  return [
    { from, value: held === undefined ? list : as(held.document) },
    ...own.filter((price) => price.from > from).map((price) => ({ from: price.from, value: as(price.document) })),
  ];
}

function requireFitting({ plan, addons, metrics }: Choice): void {
  const { interval } = plan.plan;
  for (const { planId, plan: addon } of addons) {
    if (addon.interval.unit === interval.unit && addon.interval.count === interval.count) continue;
    throw new BadInput('interval_differs', `${planId} recurs at another interval than ${plan.planId}`, 'addons');
  }
  const read = new Set<string>();
  for (const { metric_name } of [plan, ...addons].flatMap((part) => part.plan.usage ?? [])) {
    const eventType = eventTypeOf(metrics.get(metric_name)!);
    if (read.has(eventType)) throw new BadInput('invalid_parameter', `two parts price ${eventType}`, 'addons');
    read.add(eventType);
  }
}

export interface Beginning {
  readonly subscriptionId: string;
  readonly startedAt: Instant;
  readonly trialEndsAt: Instant | undefined;
  readonly zone: string;
}

/**
 * A subscription as billing sees it, from its choice. During a trial usage is measured and costs nothing, and no fee is
 * charged; the first period that costs begins where the trial ends.
 */
export function beginSubscription(
  choice: Choice,
  { subscriptionId, startedAt, trialEndsAt, zone }: Beginning,
): SubscriptionJson {
  const { plan } = choice.plan;
  const chargedFrom = trialEndsAt ?? startedAt;
  const calendar = calendarOf(plan.interval, plan.anchor ?? 'anniversary', chargedFrom, zone);
  const parts = compiled(choice, chargedFrom);
  return {
    subscription_id: subscriptionId,
    started_at: startedAt,
    ...(trialEndsAt === undefined ? {} : { trial_ends_at: trialEndsAt }),
    calendar: { unit: calendar.unit, count: calendar.count, anchor: calendar.anchor },
    chosen: [chosenFrom(choice, startedAt)],
    entitlements: [{ from: startedAt, ...parts.grants }],
    meters: [...parts.prices].map(([name, prices]) => ({
      ...meterOf(choice.metrics.get(name)!),
      prices: [
        ...(trialEndsAt === undefined ? [] : [{ effective_from: startedAt, ...trialPrice(choice, name) }]),
        ...prices.map(({ from, value }) => ({ effective_from: from, ...value })),
      ],
    })),
    items: [...parts.items].map(([item_id, { timing, proration, quantity, prices }]) => ({
      item_id,
      timing,
      proration,
      phases: prices.map(({ from, value }) => ({ from, quantity, document: { ...value } })),
    })),
    commitments: [...parts.commitments].map(([commitment_id, document]) => ({
      commitment_id,
      proration: plan.proration ?? 'second',
      phases: [{ from: chargedFrom, document: { ...document } }],
    })),
  };
}

export const trialPrice = ({ plan: { plan, version } }: Choice, metric: string): Priced => ({
  document: { ...priceOf(plan, version, trialPart(metric)) },
});

export const meterOf = (metric: MetricJson): Omit<MeterJson, 'prices'> => ({
  metric_name: metric.metric_name,
  aggregation: metric.aggregation,
  ...(metric.event_type === undefined ? {} : { event_type: metric.event_type }),
  ...(metric.value_property === undefined ? {} : { value_property: metric.value_property }),
  ...(metric.allow_zero === undefined ? {} : { allow_zero: metric.allow_zero }),
  ...(metric.dimensions === undefined ? {} : { dimensions: metric.dimensions }),
});

export const chosenFrom = ({ plan, addons, quantity }: Choice, from: Instant) => ({
  from,
  plan_id: plan.planId,
  version: String(plan.version),
  quantity,
  addons: addons.map(({ planId, version }) => `${planId}@${version}`),
});

/** An add-on as a subscription remembers it: whoever has a version keeps it. */
export function addonOf(chosen: string): { readonly planId: string; readonly version: number } {
  const [planId = '', version] = chosen.split('@');
  return { planId, version: Number(version) };
}
