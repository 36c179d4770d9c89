import { type Account, parseAccount } from '../../shared/domain/account/account.ts';

/** A price document of an amount per unit. */
export const perUnit = (version: string, unit_amount: string, price_id = 'calls', currency = 'EUR') => ({
  price_id,
  version,
  currency,
  model: { type: 'per_unit', unit_amount },
});

export const meterJson = (metric_name: string, aggregation: string, more: Readonly<Record<string, unknown>> = {}) => ({
  metric_name,
  aggregation,
  prices: [{ effective_from: '2026-01-01T00:00:00Z', document: perUnit('1', '0.01') }],
  ...more,
});

export const subscriptionJson = (
  subscription_id: string,
  meters: readonly unknown[],
  more: Readonly<Record<string, unknown>> = {},
) => ({
  subscription_id,
  started_at: '2026-01-01T00:00:00Z',
  calendar: { unit: 'month', count: 1, anchor: '2026-01-01T00:00:00Z' },
  meters,
  ...more,
});

/** An organization's document, sound as it is; `more` replaces members. */
export const accountJson = (more: Readonly<Record<string, unknown>> = {}) => ({
  organization_id: 'acme',
  zone: 'Europe/Berlin',
  currency: 'EUR',
  subscriptions: [subscriptionJson('sub-1', [meterJson('api.calls', 'sum')])],
  ...more,
});

export const accountWith = (meters: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): Account =>
  parseAccount(accountJson({ subscriptions: [subscriptionJson('sub-1', meters)], ...more }));
