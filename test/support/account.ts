import type { PriceModelJson, TierJson } from '../../shared/domain/pricing/schema.ts';

/** A meter of a test organization: what it counts and what that costs. */
export interface MeterPlan {
  readonly aggregation?: 'count' | 'sum' | 'max' | 'last' | 'unique_count' | 'weighted_sum';
  readonly model: PriceModelJson;
  readonly valueProperty?: string;
  readonly allowZero?: boolean;
  readonly eventType?: string;
  readonly dimensions?: readonly string[];
  /** later prices, by the instant from which they hold */
  readonly later?: Readonly<Record<string, PriceModelJson>>;
}

export interface LimitPlan {
  readonly id: string;
  readonly metric: string;
  readonly period: 'daily' | 'monthly' | 'billing' | 'total';
  readonly quantity: string;
  readonly action: 'block' | 'allow_overage' | 'notify';
}

export interface AccountPlan {
  readonly currency?: string;
  readonly zone?: string;
  /** when the subscription starts; 1 March 2026, 00:00 UTC, unless said */
  readonly start?: string;
  readonly unit?: 'day' | 'week' | 'month' | 'year';
  readonly meters: Readonly<Record<string, MeterPlan>>;
  readonly limits?: readonly LimitPlan[];
  /** subscription ids; one called `main` unless said */
  readonly subscriptions?: readonly string[];
  readonly graceMinutes?: number;
  readonly latenessDays?: number;
}

export const perUnit = (unit_amount: string): PriceModelJson => ({ type: 'per_unit', unit_amount });
export const flat = (amount: string): PriceModelJson => ({ type: 'flat', amount });
/** Tiers as `[up_to, unit_amount, flat_amount?]`. */
export const tiered = (
  type: 'graduated' | 'volume',
  ...rows: readonly (readonly [string | null, string, string?])[]
): PriceModelJson => ({
  type,
  tiers: rows.map(
    ([up_to, unit_amount, flat_amount]): TierJson =>
      flat_amount === undefined ? { up_to, unit_amount } : { up_to, unit_amount, flat_amount },
  ),
});

/** An organization's document as operators load it. */
export function accountOf(organization_id: string, plan: AccountPlan) {
  const start = plan.start ?? '2026-03-01T00:00:00Z';
  const currency = plan.currency ?? 'USD';
  const meters = Object.entries(plan.meters).map(([metric_name, meter]) => {
    const priced: [string, PriceModelJson][] = [[start, meter.model], ...Object.entries(meter.later ?? {})];
    return {
      metric_name,
      aggregation: meter.aggregation ?? 'sum',
      ...(meter.valueProperty === undefined ? {} : { value_property: meter.valueProperty }),
      ...(meter.allowZero === undefined ? {} : { allow_zero: meter.allowZero }),
      ...(meter.eventType === undefined ? {} : { event_type: meter.eventType }),
      ...(meter.dimensions === undefined ? {} : { dimensions: meter.dimensions }),
      prices: priced.map(([effective_from, model], index) => ({
        effective_from,
        document: { price_id: metric_name, version: String(index + 1), currency, model },
      })),
    };
  });
  return {
    organization_id,
    zone: plan.zone ?? 'UTC',
    currency,
    ...(plan.graceMinutes === undefined ? {} : { grace_minutes: plan.graceMinutes }),
    ...(plan.latenessDays === undefined ? {} : { lateness_days: plan.latenessDays }),
    subscriptions: (plan.subscriptions ?? ['main']).map((subscription_id) => ({
      subscription_id,
      started_at: start,
      calendar: { unit: plan.unit ?? 'month', count: 1, anchor: start },
      meters,
    })),
    limits: (plan.limits ?? []).map(({ id, metric, ...limit }) => ({ limit_id: id, metric_name: metric, ...limit })),
  };
}

/** A usage event in the plain form. */
export const usage = (
  idempotency_key: string,
  metric_name: string,
  quantity: string,
  timestamp: string,
  more: Readonly<Record<string, unknown>> = {},
) => ({ idempotency_key, metric_name, quantity, timestamp, ...more });
