/** The demo's price lists: every price model, four currencies, three meters each. Tenant i has plan i mod 8. */

const tiers = (...rows: readonly (readonly [string | null, string, string?])[]) =>
  rows.map(([up_to, unit_amount, flat_amount = '0']) => ({ up_to, unit_amount, flat_amount }));

interface Plan {
  readonly currency: string;
  readonly input: { readonly aggregation: 'sum' | 'max'; readonly model: Readonly<Record<string, unknown>> };
  readonly output: { readonly aggregation: 'sum' | 'last'; readonly model: Readonly<Record<string, unknown>> };
  readonly requests: { readonly aggregation: 'count'; readonly model: Readonly<Record<string, unknown>> };
}

const perUnit = (unit_amount: string) => ({ type: 'per_unit', unit_amount });
const sum = (model: Readonly<Record<string, unknown>>) => ({ aggregation: 'sum' as const, model });
const count = (model: Readonly<Record<string, unknown>>) => ({ aggregation: 'count' as const, model });

export const PLANS: readonly Plan[] = [
  {
    currency: 'USD',
    input: sum(perUnit('0.0000025')),
    output: sum(perUnit('0.00001')),
    requests: count(perUnit('0.0002')),
  },
  {
    currency: 'EUR',
    input: sum({
      type: 'graduated',
      tiers: tiers(['100000', '0.000003'], ['1000000', '0.0000025'], [null, '0.000002']),
    }),
    output: sum({ type: 'graduated', tiers: tiers(['10000', '0.000012', '0.5'], [null, '0.000009']) }),
    requests: count({ type: 'graduated', tiers: tiers(['500', '0'], [null, '0.00035']) }),
  },
  {
    currency: 'USD',
    input: sum({ type: 'volume', tiers: tiers(['500000', '0.000003'], ['2000000', '0.0000021'], [null, '0.0000017']) }),
    output: sum({ type: 'volume', tiers: tiers(['25000', '0.000012'], [null, '0.00001', '0.25']) }),
    requests: count(perUnit('0.0001')),
  },
  {
    currency: 'GBP',
    input: sum({ type: 'package', size: '100000', amount: '0.21', free_units: '50000' }),
    output: sum({ type: 'package', size: '1000', amount: '0.009', free_units: '0' }),
    requests: count({ type: 'package', size: '100', amount: '0.015', free_units: '0' }),
  },
  {
    currency: 'JPY',
    input: sum({ type: 'flat', amount: '980' }),
    output: sum(perUnit('0.0015')),
    requests: count({ type: 'graduated', tiers: tiers(['1000', '0', '120'], [null, '0.4']) }),
  },
  {
    currency: 'USD',
    input: sum({ type: 'percentage', rate: '0.0000031', fixed_fee: '0.0001', free_events: '10', minimum: '0.0005' }),
    output: sum({ type: 'percentage', rate: '0.000011', free_amount: '2000', maximum: '0.002' }),
    requests: count(perUnit('0')),
  },
  {
    currency: 'KWD',
    input: sum({ type: 'graduated', tiers: tiers(['200000', '0.0000009', '0.125'], [null, '0.0000006', '0.05']) }),
    output: sum(perUnit('0.000003333333')),
    requests: count(perUnit('0.000061')),
  },
  {
    currency: 'EUR',
    input: { aggregation: 'max', model: perUnit('0.0004') },
    output: { aggregation: 'last', model: perUnit('0.01') },
    requests: count({ type: 'volume', tiers: tiers(['100', '0.002'], [null, '0.0015']) }),
  },
];

export const planOf = (tenant: number): Plan => PLANS[tenant % PLANS.length]!;
export const tenantId = (tenant: number): string => `tenant-${String(tenant).padStart(3, '0')}`;

/** The account document of one tenant. @param day start of the day around the trace */
export function accountOf(tenant: number, day: string): Readonly<Record<string, unknown>> {
  const plan = planOf(tenant);
  const meter = (metric_name: string, what: { aggregation: string; model: Readonly<Record<string, unknown>> }) => ({
    metric_name,
    aggregation: what.aggregation,
    allow_zero: true,
    prices: [
      {
        effective_from: day,
        document: {
          price_id: metric_name,
          version: '1',
          currency: plan.currency,
          model: what.model,
        },
      },
    ],
  });
  return {
    organization_id: tenantId(tenant),
    zone: 'UTC',
    currency: plan.currency,
    subscriptions: [
      {
        subscription_id: 'llm',
        started_at: day,
        calendar: { unit: 'day', count: 1, anchor: day },
        meters: [
          meter('input_tokens', plan.input),
          meter('output_tokens', plan.output),
          {
            ...meter('requests', { aggregation: plan.requests.aggregation, model: plan.requests.model }),
            allow_zero: false,
          },
        ],
      },
    ],
  };
}
