import type { LimitJson } from '../account/limits.ts';
import type { PriceDocumentJson, PriceModelJson } from '../pricing/schema.ts';
import { parsePriceVersion } from '../pricing/version.ts';
import { calendarOf } from '../subscription/calendar.ts';
import type { SubscriptionJson } from '../subscription/lifecycle.ts';
import type { Instant } from '../time.ts';
import { type PlanVersion, priceOf } from './plan.ts';
import type { MetricJson } from './schema.ts';

type MeterJson = SubscriptionJson['meters'][number];
type DatedJson = MeterJson['prices'][number];
type ItemJson = NonNullable<SubscriptionJson['items']>[number];
type CommitmentJson = NonNullable<SubscriptionJson['commitments']>[number];
type EntitlementJson = NonNullable<SubscriptionJson['entitlements']>[number];

/** What a subscription chooses of the catalogue. */
export interface Choice {
  readonly plan: PlanVersion;
  readonly addons: readonly PlanVersion[];
  /** seats: how many of each fee that is charged per seat */
  readonly quantity: string;
  readonly metrics: ReadonlyMap<string, MetricJson>;
  /** an organization's own price documents, by metric or item: they take the place of the plan's */
  readonly custom: ReadonlyMap<string, PriceDocumentJson>;
}

/** What a choice comes to, from an instant on. */
interface Compiled {
  readonly prices: ReadonlyMap<string, Omit<DatedJson, 'effective_from'>>;
  readonly items: ReadonlyMap<string, Pick<ItemJson, 'timing' | 'proration'> & { quantity: string; document: object }>;
  readonly commitments: ReadonlyMap<string, object>;
  /** what plan and add-ons grant; where two say something, the later of them is right */
  readonly grants: Omit<EntitlementJson, 'from'>;
}

function compiled({ plan, addons, quantity, custom }: Choice): Compiled {
  const prices = new Map<string, Omit<DatedJson, 'effective_from'>>();
  const items = new Map<string, Pick<ItemJson, 'timing' | 'proration'> & { quantity: string; document: object }>();
  const commitments = new Map<string, object>();
  let features: EntitlementJson['features'] = {};
  const limits: LimitJson[] = [];
  for (const part of [plan, ...addons]) {
    const { plan: json, version } = part;
    const isAddon = part !== plan;
    for (const usage of json.usage ?? []) {
      const own = custom.get(usage.metric_name);
      const document = (name: string, model: unknown): PriceDocumentJson =>
        priceOf(json, name, version, model as PriceModelJson, usage.tax_category);
      prices.set(
        usage.metric_name,
        own !== undefined
          ? { document: { ...own } }
          : usage.matrix === undefined
            ? { document: document(usage.metric_name, usage.model) }
            : {
                document:
                  usage.matrix.otherwise == null
                    ? null
                    : document(`${usage.metric_name}.other`, usage.matrix.otherwise),
                cells: usage.matrix.cells.map(({ cell_id, match, model }) => ({
                  match: match as Record<string, string>,
                  document: document(`${usage.metric_name}.${cell_id}`, model),
                })),
              },
      );
    }
    for (const fee of json.fees ?? []) {
      const name = isAddon ? `${json.plan_id}.${fee.item_id}`.slice(0, 64) : fee.item_id;
      items.set(name, {
        timing: fee.timing ?? json.timing ?? 'advance',
        proration: json.proration ?? 'second',
        quantity: fee.quantity === 'seats' ? quantity : '1',
        document:
          custom.get(name) ??
          priceOf(json, `fee.${fee.item_id}`, version, fee.model as PriceModelJson, fee.tax_category),
      });
    }
    if (json.commitment !== undefined) {
      const { amount, covers = [] } = json.commitment;
      commitments.set(
        `${json.plan_id}.commitment`,
        priceOf(json, 'commitment', version, { type: 'minimum', amount, covers }),
      );
    }
    features = { ...features, ...(json.features as EntitlementJson['features'] | undefined) };
    for (const limit of json.limits ?? []) {
      limits.push({ ...limit, limit_id: isAddon ? `${json.plan_id}.${limit.limit_id}`.slice(0, 64) : limit.limit_id });
    }
  }
  return { prices, items, commitments, grants: { features, limits } };
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
  const parts = compiled(choice);
  return {
    subscription_id: subscriptionId,
    started_at: startedAt,
    ...(trialEndsAt === undefined ? {} : { trial_ends_at: trialEndsAt }),
    calendar: { unit: calendar.unit, count: calendar.count, anchor: calendar.anchor },
    chosen: [chosenFrom(choice, startedAt)],
    entitlements: [{ from: startedAt, ...parts.grants }],
    meters: [...parts.prices].map(([name, price]) => ({
      ...meterOf(choice.metrics.get(name)!),
      prices: [
        ...(trialEndsAt === undefined ? [] : [{ effective_from: startedAt, document: trialPrice(choice.plan, name) }]),
        { effective_from: chargedFrom, ...price },
      ],
    })),
    items: [...parts.items].map(([item_id, { timing, proration, quantity, document }]) => ({
      item_id,
      timing,
      proration,
      phases: [{ from: chargedFrom, quantity, document: document as Record<string, unknown> }],
    })),
    commitments: [...parts.commitments].map(([commitment_id, document]) => ({
      commitment_id,
      proration: plan.proration ?? 'second',
      phases: [{ from: chargedFrom, document: document as Record<string, unknown> }],
    })),
  };
}

const trialPrice = ({ plan, version }: PlanVersion, metric: string) => ({
  ...priceOf(plan, `${metric}.trial`, version, { type: 'per_unit', unit_amount: '0' }),
});

const meterOf = (metric: MetricJson): Omit<MeterJson, 'prices'> => ({
  metric_name: metric.metric_name,
  aggregation: metric.aggregation,
  ...(metric.event_type === undefined ? {} : { event_type: metric.event_type }),
  ...(metric.value_property === undefined ? {} : { value_property: metric.value_property }),
  ...(metric.allow_zero === undefined ? {} : { allow_zero: metric.allow_zero }),
  ...(metric.dimensions === undefined ? {} : { dimensions: metric.dimensions }),
});

const chosenFrom = ({ plan, addons, quantity }: Choice, from: Instant) => ({
  from,
  plan_id: plan.planId,
  version: String(plan.version),
  quantity,
  addons: addons.map(({ planId }) => planId),
});

/**
 * Another choice from an instant on: the plan, its add-ons, the seats. What stays the same goes on untouched; what the new
 * choice does not have is charged no more; everything that was planned for later is dropped.
 */
export function changeSubscription(subscription: SubscriptionJson, choice: Choice, at: Instant): SubscriptionJson {
  const parts = compiled(choice);
  const { plan } = choice.plan;
  const meters = new Map(subscription.meters.map((meter) => [meter.metric_name, meter]));
  for (const name of parts.prices.keys()) {
    if (!meters.has(name)) meters.set(name, { ...meterOf(choice.metrics.get(name)!), prices: [] });
  }
  const items = new Map((subscription.items ?? []).map((item) => [item.item_id, item]));
  for (const [item_id, { timing, proration }] of parts.items) {
    if (!items.has(item_id)) items.set(item_id, { item_id, timing, proration, phases: [] });
  }
  const commitments = new Map((subscription.commitments ?? []).map((one) => [one.commitment_id, one]));
  for (const commitment_id of parts.commitments.keys()) {
    if (!commitments.has(commitment_id)) {
      commitments.set(commitment_id, { commitment_id, proration: plan.proration ?? 'second', phases: [] });
    }
  }
  return {
    ...subscription,
    chosen: [...(subscription.chosen ?? []).filter(({ from }) => from < at), chosenFrom(choice, at)],
    entitlements: [...(subscription.entitlements ?? []).filter(({ from }) => from < at), { from: at, ...parts.grants }],
    meters: [...meters.values()].map((meter) => withPrice(meter, parts.prices.get(meter.metric_name), at)),
    items: [...items.values()].map((item) => {
      const next = parts.items.get(item.item_id);
      const phase =
        next === undefined
          ? { quantity: '0', document: null }
          : { quantity: next.quantity, document: next.document as Record<string, unknown> };
      return withPhase(item, { from: at, ...phase });
    }),
    commitments: [...commitments.values()].map((one): CommitmentJson => {
      const document = (parts.commitments.get(one.commitment_id) ?? null) as Record<string, unknown> | null;
      const kept = one.phases.filter(({ from }) => from <= at);
      return sameDocument(kept.at(-1)?.document ?? null, document)
        ? { ...one, phases: kept }
        : { ...one, phases: [...kept, { from: at, document }] };
    }),
  };
}

function withPhase(item: ItemJson, next: ItemJson['phases'][number]): ItemJson {
  const phases = item.phases.filter(({ from }) => from <= next.from);
  const last = phases.at(-1);
  const same = last !== undefined && last.quantity === next.quantity && sameDocument(last.document, next.document);
  return same || (last === undefined && next.document === null)
    ? { ...item, phases }
    : { ...item, phases: [...phases, next] };
}

function withPrice(meter: MeterJson, price: Omit<DatedJson, 'effective_from'> | undefined, at: Instant): MeterJson {
  const kept = meter.prices.filter(({ effective_from }) => effective_from <= at);
  const last = kept.at(-1);
  const next = price ?? { document: null };
  const same =
    last !== undefined &&
    sameDocument(last.document, next.document) &&
    JSON.stringify(last.cells ?? []) === JSON.stringify(next.cells ?? []);
  if (same) return { ...meter, prices: kept };
  return {
    ...meter,
    prices: [...kept.filter(({ effective_from }) => effective_from < at), { effective_from: at, ...next }],
  };
}

function sameDocument(one: unknown, other: unknown): boolean {
  if (one === null || other === null) return one === other;
  return parsePriceVersion(one).digest === parsePriceVersion(other).digest;
}
