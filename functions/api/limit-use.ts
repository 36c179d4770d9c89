import { LIMIT_ACTIONS, LIMIT_PERIODS } from '../../shared/domain/account/limits.ts';
import { formatDecimal } from '../../shared/domain/decimals.ts';
import { percentOf, remainingOf } from '../../shared/domain/usage/limits.ts';
import { decimalSchema, instantSchema, nameSchema, nullable } from '../../shared/edge/http/schemas.ts';
import type { LimitUse } from '../../shared/stores/limit-store.ts';

/** What is used of a limit, as answers show it. */

export const limitKindSchema = {
  type: 'string',
  enum: LIMIT_PERIODS,
  description: 'days and months of the organization’s zone, the subscription’s billing periods, or once and for all',
} as const;
export const actionSchema = { type: 'string', enum: LIMIT_ACTIONS } as const;
export const quantitySchema = {
  type: 'string',
  pattern: '^(?:0|[1-9][0-9]{0,19})(?:\\.[0-9]{1,12})?$',
  maxLength: 33,
  description: 'events where the metric counts, quantities otherwise: a decimal number as text',
} as const;

export const useSchema = {
  $id: 'urn:tallystick:schema:usage-limit-use',
  type: 'object',
  required: ['subscription_id', 'period_start', 'resets_at', 'used', 'remaining', 'percent'],
  additionalProperties: false,
  properties: {
    subscription_id: {
      ...nullable(nameSchema),
      description: 'whose usage is counted; null: all subscriptions together',
    },
    period_start: { ...nullable(instantSchema), description: 'null for a limit in total' },
    resets_at: { ...nullable(instantSchema), description: 'from then on nothing is used' },
    used: decimalSchema,
    remaining: { ...decimalSchema, description: 'never below 0' },
    percent: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'rounded down' },
  },
} as const;

const PERCENT_MAX = BigInt(Number.MAX_SAFE_INTEGER);

export function useJson({ limit, subscription, period, used }: LimitUse) {
  const percent = percentOf(limit, used);
  return {
    subscription_id: subscription ?? null,
    period_start: period?.start ?? null,
    resets_at: period?.end ?? null,
    used: formatDecimal(used, 12),
    remaining: formatDecimal(remainingOf(limit, used), 12),
    percent: Number(percent > PERCENT_MAX ? PERCENT_MAX : percent),
  };
}
