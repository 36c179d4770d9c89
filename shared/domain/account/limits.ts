import type { FromSchema } from 'json-schema-to-ts';
import { parseQuantity, type Quantity } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import { type MetricName, parseMetricName } from '../ids.ts';
import { type Instant, parseInstant } from '../time.ts';

export const LIMIT_PERIODS = ['daily', 'monthly', 'billing', 'total'] as const;
export type LimitPeriod = (typeof LIMIT_PERIODS)[number];
export const LIMIT_ACTIONS = ['block', 'allow_overage', 'notify'] as const;
export type LimitAction = (typeof LIMIT_ACTIONS)[number];

/** A limit on what is accepted: events where the meter counts, quantities otherwise. */
export interface UsageLimit {
  readonly id: string;
  readonly metric: MetricName;
  readonly period: LimitPeriod;
  readonly quantity: Quantity;
  readonly action: LimitAction;
}

/** What is granted: `true` where it is there, a text where there is so much of it, `false` where it is not. */
export type Features = Readonly<Record<string, boolean | string>>;

/** What plan and add-ons grant from an instant on. Its limits hold for one subscription alone. */
export interface Entitlement {
  readonly from: Instant;
  readonly features: Features;
  readonly limits: readonly UsageLimit[];
}

const text = { type: 'string', minLength: 1, maxLength: 255 } as const;
const featureName = { type: 'string', pattern: '^[a-z0-9][a-z0-9_.-]{0,63}$', maxLength: 64 } as const;
/** Features by name: a plan's, or those granted (with `false` taken away) beside it. */
export const featuresSchema = {
  type: 'object',
  maxProperties: 200,
  propertyNames: featureName,
  additionalProperties: { anyOf: [{ type: 'boolean' }, { type: 'string', maxLength: 100 }] },
} as const;

/** Limits as an organization's document has them: of the whole organization, or of one subscription. */
export const limitsSchema = {
  type: 'array',
  maxItems: 100,
  items: {
    type: 'object',
    required: ['limit_id', 'metric_name', 'period', 'quantity', 'action'],
    additionalProperties: false,
    properties: {
      limit_id: { type: 'string', pattern: '^[a-z0-9][a-z0-9_.-]{0,63}$' },
      metric_name: text,
      period: { type: 'string', enum: LIMIT_PERIODS },
      quantity: text,
      action: { type: 'string', enum: LIMIT_ACTIONS },
    },
  },
} as const;

/** What a subscription's plans grant, oldest first; the last one that has begun is in force. */
export const entitlementsSchema = {
  type: 'array',
  maxItems: 1000,
  items: {
    type: 'object',
    required: ['from', 'features', 'limits'],
    additionalProperties: false,
    properties: {
      from: text,
      features: featuresSchema,
      limits: limitsSchema,
    },
  },
} as const;

export type LimitJson = FromSchema<typeof limitsSchema>[number];

/**
 * Reads limits.
 * @param measured metrics that some meter reads: a limit on another would never hold anybody back, better said now than found out
 * @throws BadInput `invalid_catalogue`, `invalid_quantity`, `invalid_id`
 */
export function readLimits(json: readonly LimitJson[], measured: ReadonlySet<string>, path: string): UsageLimit[] {
  const limits = json.map((limit, index) => ({
    id: limit.limit_id,
    metric: parseMetricName(limit.metric_name, `${path}.${index}.metric_name`),
    period: limit.period,
    quantity: parseQuantity(limit.quantity, `${path}.${index}.quantity`),
    action: limit.action,
  }));
  if (new Set(limits.map(({ id }) => id)).size !== limits.length) {
    throw new BadInput('invalid_catalogue', 'named twice', path);
  }
  for (const [index, { metric }] of limits.entries()) {
    if (measured.has(metric)) continue;
    throw new BadInput('invalid_catalogue', `nothing measures ${metric}`, `${path}.${index}.metric_name`);
  }
  return limits;
}

/** Reads what a subscription's plans grant. @throws BadInput as `readLimits` does, and where phases are out of order */
export function readEntitlements(
  json: FromSchema<typeof entitlementsSchema>,
  measured: ReadonlySet<string>,
  path: string,
): Entitlement[] {
  const phases = json.map((phase, index) => ({
    from: parseInstant(phase.from, `${path}.${index}.from`),
    features: phase.features as Features,
    limits: readLimits(phase.limits, measured, `${path}.${index}.limits`),
  }));
  if (phases.some(({ from }, i) => i > 0 && from < phases[i - 1]!.from)) {
    throw new BadInput('invalid_catalogue', 'phases are out of order', path);
  }
  return phases;
}
