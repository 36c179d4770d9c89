import { type Instant, instantOfMicros, microsOf, parseInstant } from '../../../shared/domain/time.ts';

/** How events come: what a run varies. Everything else is the same in every run. */
export interface Load {
  /** events of a request */
  readonly batch: number;
  readonly events: number;
  readonly tenants: number;
  /** requests that are answered before their doorbells are heard: 1 for a quiet customer, more for a busy one */
  readonly together: number;
}

/** Two that are short enough for the tests. */
export const SHORT_LOADS: readonly Load[] = [
  { batch: 1, events: 20, tenants: 1, together: 1 },
  { batch: 100, events: 1000, tenants: 1, together: 1 },
];

/** Every run of the golden file. Single events are fewer: each is some forty calls, and the thousandth is like the tenth. */
export const LOADS: readonly Load[] = [
  SHORT_LOADS[0]!,
  { batch: 1, events: 100, tenants: 1, together: 1 },
  { batch: 10, events: 1000, tenants: 1, together: 1 },
  SHORT_LOADS[1]!,
  { batch: 500, events: 1000, tenants: 1, together: 1 },
  { batch: 1, events: 160, tenants: 1, together: 16 },
  { batch: 10, events: 960, tenants: 1, together: 16 },
  { batch: 100, events: 1000, tenants: 10, together: 1 },
];

export const nameOf = ({ batch, events, tenants, together }: Load): string =>
  [
    `${events} events by ${batch}`,
    ...(tenants === 1 ? [] : [`of ${tenants} tenants`]),
    ...(together === 1 ? [] : [`${together} requests together`]),
  ].join(', ');

export const isSameLoad = (one: Load, other: Load): boolean => nameOf(one) === nameOf(other);

export const START: Instant = parseInstant('2026-03-02T12:00:00Z', 'bench');
/** When the first event took place: all are of one hour and one billing period. */
const FIRST = microsOf(parseInstant('2026-03-02T11:10:00Z', 'bench'));
/** 1,000 of them are a minute. */
const APART_MICROS = 60_000n;
const REGIONS = ['eu', 'us', 'apac', 'sa'];

/** An organization of one subscription with one meter: a sum by region, priced per unit, no limits. */
export function accountOf(organization_id: string) {
  const started_at = '2026-03-01T00:00:00Z';
  return {
    organization_id,
    zone: 'Europe/Berlin',
    currency: 'EUR',
    subscriptions: [
      {
        subscription_id: 'main',
        started_at,
        calendar: { unit: 'month', count: 1, anchor: started_at },
        meters: [
          {
            metric_name: 'calls',
            aggregation: 'sum',
            dimensions: ['region'],
            prices: [
              {
                effective_from: started_at,
                document: {
                  price_id: 'calls',
                  version: '1',
                  currency: 'EUR',
                  model: { type: 'per_unit', unit_amount: '0.01' },
                },
              },
            ],
          },
        ],
      },
    ],
  };
}

/** Events number `from` and on of a tenant: nobody has sent them before. */
export function eventsFrom(from: number, count: number) {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return {
      metric_name: 'calls',
      quantity: `${1 + (n % 7)}.5`,
      timestamp: instantOfMicros(FIRST + BigInt(n) * APART_MICROS),
      idempotency_key: `req_${String(n).padStart(20, '0')}`,
      properties: { region: REGIONS[n % REGIONS.length]!, path: '/v1/things' },
    };
  });
}
