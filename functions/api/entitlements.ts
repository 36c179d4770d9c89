import type { Subscription } from '../../shared/domain/account/account.ts';
import { featuresSchema } from '../../shared/domain/account/limits.ts';
import { formatDecimal, formatQuantity } from '../../shared/domain/decimals.ts';
import { statusFor } from '../../shared/domain/errors.ts';
import { parseSubscriptionId } from '../../shared/domain/ids.ts';
import { stateAt } from '../../shared/domain/subscription/lifecycle.ts';
import { type Instant, later } from '../../shared/domain/time.ts';
import {
  type Intended,
  isInTrial,
  judge,
  meterIntended,
  refusedBy,
  type Verdict,
} from '../../shared/domain/usage/entitlement.ts';
import { featuresAt } from '../../shared/domain/usage/limits.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import {
  decimalSchema,
  instantSchema,
  nameSchema,
  nullable,
  queryTextSchema,
  tenantSchema,
} from '../../shared/edge/http/schemas.ts';
import type { LimitUse, Standing } from '../../shared/stores/limit-store.ts';
import { actionSchema, limitKindSchema, quantitySchema, useJson, useSchema } from './limit-use.ts';
import { type ApiRoom, absent } from './room.ts';

const API = '/api/v1/billing';

const heldLimitSchema = {
  $id: 'urn:tallystick:schema:limit-in-force',
  type: 'object',
  required: ['limit_id', 'metric_name', 'period', 'quantity', 'action', 'source', 'use'],
  additionalProperties: false,
  properties: {
    limit_id: nameSchema,
    metric_name: nameSchema,
    period: limitKindSchema,
    quantity: quantitySchema,
    action: actionSchema,
    source: { type: 'string', enum: ['organization', 'plan'] },
    use: useSchema,
  },
} as const;

const entitlementsSchema = {
  $id: 'urn:tallystick:schema:entitlements',
  type: 'object',
  required: ['organization_id', 'at', 'data'],
  additionalProperties: false,
  properties: {
    organization_id: tenantSchema,
    at: { ...instantSchema, description: 'when this held' },
    data: {
      type: 'array',
      maxItems: 100,
      items: {
        $id: 'urn:tallystick:schema:entitlement',
        type: 'object',
        required: [
          ...['subscription_id', 'state', 'plan_id', 'plan_version', 'addons', 'in_trial', 'trial_ends_at', 'features'],
          'limits',
        ],
        additionalProperties: false,
        properties: {
          subscription_id: nameSchema,
          state: {
            type: 'string',
            enum: ['scheduled', 'trialing', 'active', 'past_due', 'suspended', 'paused', 'canceled'],
          },
          plan_id: nullable(nameSchema),
          plan_version: { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }] },
          addons: { type: 'array', maxItems: 20, items: nameSchema },
          in_trial: { type: 'boolean' },
          trial_ends_at: nullable(instantSchema),
          features: { ...featuresSchema, description: 'of plan and add-ons, with what was decided beside them' },
          limits: { type: 'array', maxItems: 1000, items: heldLimitSchema },
        },
      },
    },
  },
} as const;

const checkSchema = {
  $id: 'urn:tallystick:schema:entitlement-check',
  type: 'object',
  required: ['metric_name'],
  additionalProperties: false,
  properties: {
    metric_name: nameSchema,
    quantity: {
      type: 'string',
      pattern: '^-?(?:0|[1-9][0-9]{0,19})(?:\\.[0-9]{1,12})?$',
      maxLength: 34,
      description: 'events where the metric counts, the quantity otherwise; 1 unless said',
    },
    subscription_id: { ...nameSchema, description: 'may be absent where the organization has one subscription' },
    properties: {
      type: 'object',
      maxProperties: 50,
      additionalProperties: { type: 'string', maxLength: 500 },
      description: 'needed where a price matrix may have no cell for the event',
    },
  },
} as const;

const verdictSchema = {
  $id: 'urn:tallystick:schema:entitlement-verdict',
  type: 'object',
  required: ['allowed', 'reason', 'detail', 'remaining', 'limits'],
  additionalProperties: false,
  properties: {
    allowed: { type: 'boolean' },
    reason: {
      anyOf: [{ type: 'string', enum: Object.keys(statusFor) }, { type: 'null' }],
      description: 'the code that the event would be refused with',
    },
    detail: { type: ['string', 'null'], maxLength: 1000 },
    remaining: { ...nullable(decimalSchema), description: 'until the first limit that blocks; null where none does' },
    limits: { type: 'array', maxItems: 1000, items: heldLimitSchema },
  },
} as const;

const overridesSchema = {
  $id: 'urn:tallystick:schema:feature-overrides',
  type: 'object',
  required: ['features'],
  additionalProperties: false,
  properties: { features: featuresSchema },
} as const;

interface CheckBody {
  readonly metric_name: string;
  readonly quantity?: string;
  readonly subscription_id?: string;
  readonly properties?: Readonly<Record<string, string>>;
}

/** What subscriptions may use: features, trials, limits, and whether more would be accepted. */
export const entitlementOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'getEntitlements',
    method: 'GET',
    path: `${API}/entitlements`,
    tag: 'Entitlements',
    summary: 'Features, trials and limits of the subscriptions',
    scope: 'usage:read',
    query: { subscription_id: { ...queryTextSchema, description: 'only this subscription' } },
    answers: { 200: entitlementsSchema },
    handle: async ({ tenant, query, now }) => {
      const id = query['subscription_id'];
      if (id !== undefined) parseSubscriptionId(id);
      const standing = await room.limits.standing(tenant, now, id === undefined ? {} : { subscription: id });
      if (standing === undefined) throw absent('organization');
      const wanted = standing.account.subscriptions.filter((one) => id === undefined || one.id === id);
      if (id !== undefined && wanted.length === 0) throw absent('subscription');
      const data = wanted.map((subscription) => entitlementJson(subscription, standing, now));
      return { status: 200, json: { organization_id: tenant, at: now, data } };
    },
  },
  {
    operationId: 'checkEntitlement',
    method: 'POST',
    path: `${API}/entitlements/check`,
    tag: 'Entitlements',
    summary: 'Whether so much more usage would be accepted now',
    description:
      'Nothing is reserved: between the question and the event another may take what was left. The event itself is judged once more, in the transaction that accepts it.',
    scope: 'usage:read',
    body: checkSchema,
    answers: { 200: verdictSchema },
    handle: (call) => check(call, room),
  },
  {
    operationId: 'setFeatureOverrides',
    method: 'PUT',
    path: `${API}/subscriptions/:subscription_id/features`,
    tag: 'Entitlements',
    summary: 'Features granted or taken away beside the plan',
    description: 'Takes the place of what was decided before; `{}` leaves what the plan says.',
    scope: 'catalogue:write',
    params: { subscription_id: nameSchema },
    body: overridesSchema,
    answers: { 200: overridesSchema },
    mutation: 'subscription.features_set',
    handle: (call) => override(call, room),
  },
];

function entitlementJson(subscription: Subscription, { uses }: Standing, now: Instant) {
  const { id, startedAt, endedAt, trialEndsAt, standing, pauses } = subscription;
  const at = later(now, startedAt);
  const plan = subscription.plans.findLast(({ from }) => from <= at);
  const facts = {
    started_at: startedAt,
    pauses: [...pauses],
    ...(endedAt === undefined ? {} : { ended_at: endedAt }),
    ...(trialEndsAt === undefined ? {} : { trial_ends_at: trialEndsAt }),
    ...(standing === undefined ? {} : { standing }),
  };
  return {
    subscription_id: id,
    state: stateAt(facts, now),
    plan_id: plan?.planId ?? null,
    plan_version: plan?.version ?? null,
    addons: plan?.addons ?? [],
    in_trial: isInTrial(subscription, now),
    trial_ends_at: trialEndsAt ?? null,
    features: featuresAt(subscription, at),
    limits: (uses.get(id) ?? []).map(heldLimitJson),
  };
}

const heldLimitJson = (use: LimitUse) => ({
  limit_id: use.limit.id,
  metric_name: use.limit.metric,
  period: use.limit.period,
  quantity: formatQuantity(use.limit.quantity),
  action: use.limit.action,
  source: use.source,
  use: useJson(use),
});

async function check({ tenant, body, now }: Call, room: ApiRoom): Promise<ApiAnswer> {
  const { metric_name: metric, quantity = '1', subscription_id, properties = {} } = body as CheckBody;
  const intended: Intended = { metric, quantity, subscription: subscription_id, properties };
  const wanted = { metric, ...(subscription_id === undefined ? {} : { subscription: subscription_id }) };
  const standing = await room.limits.standing(tenant, now, wanted);
  if (standing === undefined) throw absent('organization');
  let uses: readonly LimitUse[] = [];
  let verdict: Verdict;
  try {
    const usage = meterIntended(standing.account, intended, now);
    uses = standing.uses.get(usage.subscription.id) ?? [];
    verdict = judge(usage, uses);
  } catch (error) {
    verdict = refusedBy(error);
  }
  const { allowed, remaining } = verdict;
  return {
    status: 200,
    json: {
      allowed,
      reason: verdict.allowed ? null : verdict.reason,
      detail: verdict.allowed ? null : verdict.detail,
      remaining: remaining === undefined ? null : formatDecimal(remaining, 12),
      limits: uses.map(heldLimitJson),
    },
  };
}

async function override(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const { features } = call.body as { readonly features: Record<string, boolean | string> };
  const id = call.params['subscription_id']!;
  const answer: ApiAnswer = { status: 200, json: { features } };
  const done = await room.accounts.change(
    call.tenant,
    call.now,
    async (document) => {
      if (!document.subscriptions.some((one) => one.subscription_id === id)) throw absent('subscription');
      const subscriptions = document.subscriptions.map((one) =>
        one.subscription_id === id ? { ...one, feature_overrides: features } : one,
      );
      return { document: { ...document, subscriptions }, result: undefined };
    },
    (tx) => call.settle(tx, answer),
  );
  if (done === undefined) throw absent('organization');
  return answer;
}
