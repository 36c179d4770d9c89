import type { Account, AccountJson } from '../../shared/domain/account/account.ts';
import { changeSubscription } from '../../shared/domain/catalogue/change.ts';
import { addonOf, beginSubscription, type Choice } from '../../shared/domain/catalogue/compile.ts';
import type { PlanVersion } from '../../shared/domain/catalogue/plan.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { parseSubscriptionId, type TenantId } from '../../shared/domain/ids.ts';
import { type DiscountJson, discountSchema, parseDiscount } from '../../shared/domain/invoice/discount.ts';
import {
  cancel,
  keepOn,
  pause,
  resume,
  type SubscriptionJson,
  stateAt,
} from '../../shared/domain/subscription/lifecycle.ts';
import { daysLater, type Instant, later, parseInstant } from '../../shared/domain/time.ts';
import { featuresAt } from '../../shared/domain/usage/limits.ts';
import { billingPeriod } from '../../shared/domain/usage/metering.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, JsonSchema, Operation } from '../../shared/edge/http/operation.ts';
import {
  instantInputSchema,
  instantSchema,
  nameSchema,
  nullable,
  pageOf,
  pageQuery,
} from '../../shared/edge/http/schemas.ts';
import type { Transaction } from '../../shared/ports/database.ts';
import { keptPlan, metricsOf, publishedPlan } from '../../shared/stores/catalogue-store.ts';
import { ownPrices } from '../../shared/stores/own-prices.ts';
import { closeEnded, issueStart } from '../run-invoices/bill-now.ts';
import { followUp, unfrozen } from './follow-up.ts';
import { type ApiRoom, absent, accountOf, listing } from './room.ts';

const API = '/api/v1/billing/subscriptions';
const quantity = {
  type: 'string',
  pattern: '^[0-9]{1,20}(?:\\.[0-9]{1,12})?$',
  maxLength: 33,
  description: 'seats',
} as const;
const addons = { type: 'array', maxItems: 20, uniqueItems: true, items: nameSchema } as const;
const version = { type: 'integer', minimum: 1, maximum: 999_999_999 } as const;
const when = {
  type: 'string',
  enum: ['now', 'period_end', 'at'],
  description: '`now` unless said; `at` with the instant beside it',
} as const;

const subscriptionSchema = {
  $id: 'urn:tallystick:schema:subscription',
  type: 'object',
  required: [
    ...['subscription_id', 'organization_id', 'state', 'plan_id', 'plan_version', 'quantity', 'addons', 'started_at'],
    ...['trial_ends_at', 'ended_at', 'current_period', 'paused_since', 'features', 'discounts'],
  ],
  additionalProperties: false,
  properties: {
    subscription_id: nameSchema,
    organization_id: { type: 'string', maxLength: 40 },
    state: { type: 'string', enum: ['scheduled', 'trialing', 'active', 'past_due', 'suspended', 'paused', 'canceled'] },
    plan_id: nullable(nameSchema),
    plan_version: nullable(version),
    quantity: nullable(quantity),
    addons,
    started_at: instantSchema,
    trial_ends_at: nullable(instantSchema),
    ended_at: { ...nullable(instantSchema), description: 'may lie ahead: it was cancelled and still runs' },
    current_period: {
      type: 'object',
      required: ['start', 'end'],
      additionalProperties: false,
      properties: { start: instantSchema, end: instantSchema },
    },
    paused_since: nullable(instantSchema),
    features: { type: 'object', additionalProperties: { anyOf: [{ type: 'boolean' }, { type: 'string' }] } },
    discounts: { type: 'array', items: { type: 'string' }, description: 'ids of the discounts granted' },
  },
} as const;

const createSchema = {
  $id: 'urn:tallystick:schema:subscription-request',
  type: 'object',
  required: ['plan_id'],
  additionalProperties: false,
  properties: {
    subscription_id: { ...nameSchema, description: 'made up unless given' },
    plan_id: nameSchema,
    plan_version: { ...version, description: 'the latest published one unless given' },
    quantity,
    addons,
    starts_at: {
      ...instantInputSchema,
      description: 'now unless given; may lie ahead, or back as far as usage may be late',
    },
    trial_days: { type: 'integer', minimum: 0, maximum: 730, description: 'the plan’s unless given' },
    discount: discountSchema,
  },
} as const;

const changeSchema = {
  $id: 'urn:tallystick:schema:subscription-change',
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    plan_id: nameSchema,
    plan_version: version,
    quantity,
    addons,
    when,
    at: instantInputSchema,
    invoice_now: { type: 'boolean', description: 'invoice what the change costs at once, instead of with the period' },
  },
} as const;

const whenSchema = {
  $id: 'urn:tallystick:schema:when',
  type: 'object',
  additionalProperties: false,
  properties: { when, at: instantInputSchema },
} as const;

interface WhenBody {
  readonly when?: 'now' | 'period_end' | 'at';
  readonly at?: string;
}
interface ChangeBody extends WhenBody {
  readonly plan_id?: string;
  readonly plan_version?: number;
  readonly quantity?: string;
  readonly addons?: readonly string[];
  readonly invoice_now?: boolean;
}
interface CreateBody {
  readonly subscription_id?: string;
  readonly plan_id: string;
  readonly plan_version?: number;
  readonly quantity?: string;
  readonly addons?: readonly string[];
  readonly starts_at?: string;
  readonly trial_days?: number;
  readonly discount?: DiscountJson;
}

const one: Pick<Operation, 'tag' | 'params'> = { tag: 'Subscriptions', params: { subscription_id: nameSchema } };

/** Subscriptions: everything that happens to one is in the ledger, with the arithmetic. */
export const subscriptionOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'createSubscription',
    method: 'POST',
    path: API,
    tag: 'Subscriptions',
    summary: 'Subscribe to a plan',
    description: 'What is due in advance is invoiced at once.',
    scope: 'subscriptions:write',
    body: createSchema,
    answers: { 201: subscriptionSchema },
    idempotencyKey: 'required',
    mutation: 'subscription.created',
    handle: (call) => create(call, room),
  },
  {
    operationId: 'listSubscriptions',
    method: 'GET',
    path: API,
    tag: 'Subscriptions',
    summary: 'Subscriptions',
    scope: 'billing:read',
    query: pageQuery,
    answers: { 200: pageOf('subscription-list', subscriptionSchema) },
    handle: async ({ tenant, query, now }) => {
      const { after = '', answer } = listing(room, tenant, 'subscriptions', query);
      const { account, document } = await documentOf(tenant, room);
      const rows = document.subscriptions
        .map((json) => subscriptionJson(account, json, now))
        .filter(({ subscription_id }) => subscription_id > after)
        .sort((a, b) => (a.subscription_id < b.subscription_id ? -1 : 1));
      return answer(rows, (last) => last.subscription_id);
    },
  },
  {
    ...one,
    operationId: 'getSubscription',
    method: 'GET',
    path: `${API}/:subscription_id`,
    summary: 'A subscription',
    scope: 'billing:read',
    answers: { 200: subscriptionSchema },
    handle: async ({ tenant, params, now }) => {
      const { account, document } = await documentOf(tenant, room);
      return { status: 200, json: subscriptionJson(account, found(document, params['subscription_id']!), now) };
    },
  },
  {
    ...one,
    operationId: 'changeSubscription',
    method: 'POST',
    path: `${API}/:subscription_id/change`,
    summary: 'Change plan, seats or add-ons',
    description:
      'What was charged in advance and is unused is given back, what the new choice costs for the rest of the period is charged; both go on the next invoice unless `invoice_now`.',
    scope: 'subscriptions:write',
    body: changeSchema,
    answers: { 200: subscriptionSchema },
    idempotencyKey: 'required',
    mutation: 'subscription.changed',
    handle: (call) => change(call, room),
  },
  action(room, 'pause', 'Pause: nothing is used, nothing charged', whenSchema, (json, at) => pause(json, at)),
  action(room, 'resume', 'Resume what was paused', whenSchema, (json, at) => resume(json, at)),
  {
    ...action(room, 'cancel', 'Cancel now, at the end of the period, or at an instant', whenSchema, (json, at, now) =>
      cancel(json, at, now),
    ),
    description:
      'Now: the last period closes at once, what was used is invoiced, what was paid in advance beyond it is given back.',
  },
  action(room, 'reactivate', 'Take a planned end back', undefined, (json, _at, now) => keepOn(json, now)),
  {
    ...one,
    operationId: 'grantDiscount',
    method: 'POST',
    path: `${API}/:subscription_id/discounts`,
    summary: 'Grant a discount or coupon',
    scope: 'credits:write',
    body: discountSchema,
    answers: { 200: subscriptionSchema },
    idempotencyKey: 'required',
    mutation: 'discount.granted',
    handle: (call) =>
      apply(call, room, async (json) => {
        const terms = call.body as DiscountJson;
        parseDiscount(terms);
        return { ...json, discounts: [...(json.discounts ?? []), { from: call.now, terms: { ...terms } }] };
      }),
  },
];

function action(
  room: ApiRoom,
  verb: 'pause' | 'resume' | 'cancel' | 'reactivate',
  summary: string,
  body: JsonSchema | undefined,
  to: (json: SubscriptionJson, at: Instant, now: Instant) => SubscriptionJson,
): Operation {
  return {
    ...one,
    operationId: `${verb}Subscription`,
    method: 'POST',
    path: `${API}/:subscription_id/${verb}`,
    summary,
    scope: 'subscriptions:write',
    ...(body === undefined ? {} : { body, bodyOptional: true }),
    answers: { 200: subscriptionSchema },
    idempotencyKey: 'required',
    mutation: `subscription.${verb}`,
    handle: (call) =>
      apply(call, room, async (json, account) =>
        to(json, instantOf(call.body as WhenBody | undefined, account, json, call.now), call.now),
      ),
  };
}

/** The instant that a request means. @throws BadInput `invalid_parameter` where it lies back */
function instantOf(body: WhenBody | undefined, account: Account, json: SubscriptionJson, now: Instant): Instant {
  const { when: kind = body?.at === undefined ? 'now' : 'at', at } = body ?? {};
  if ((kind === 'at') !== (at !== undefined))
    throw new BadInput('invalid_parameter', '`at` is an instant, and the instant stands beside it', 'at');
  if (kind === 'now') return now;
  const subscription = account.subscriptions.find(({ id }) => id === json.subscription_id)!;
  if (kind === 'period_end') return billingPeriod(subscription.calendar, later(now, subscription.startedAt)).end;
  const instant = parseInstant(at, 'at');
  if (instant < now) throw new BadInput('invalid_parameter', 'what is over cannot be changed any more', 'at');
  return instant;
}

async function create(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const { tenant, now } = call;
  const body = call.body as CreateBody;
  const subscriptionId = parseSubscriptionId(body.subscription_id ?? call.newId('sub'));
  const done = unfrozen(
    await room.ledger.changeAccount<ApiAnswer>(
      tenant,
      now,
      async (document, tx) => {
        if (document.subscriptions.some((json) => json.subscription_id === subscriptionId)) {
          throw new BadInput('already_exists', 'there is such a subscription already', 'subscription_id');
        }
        const startedAt = startOf(body, document, now);
        const plan = await publishedPlan(tx, body.plan_id, body.plan_version, startedAt, 'plan_id');
        if (plan.plan.kind === 'addon')
          throw new BadInput('invalid_parameter', 'an add-on is attached to a plan', 'plan_id');
        const choice = await choose(tx, tenant, document, plan, body, startedAt);
        const trialDays = body.trial_days ?? plan.plan.trial_days ?? 0;
        const trialEndsAt = trialDays === 0 ? undefined : daysLater(startedAt, trialDays, document.zone);
        const begun = beginSubscription(choice, { subscriptionId, startedAt, trialEndsAt, zone: document.zone });
        if (body.discount !== undefined) parseDiscount(body.discount);
        const json: SubscriptionJson = {
          ...begun,
          ...(body.discount === undefined ? {} : { discounts: [{ from: startedAt, terms: { ...body.discount } }] }),
        };
        const subscriptions = [...document.subscriptions, json];
        return { document: { ...document, subscriptions }, result: { status: 201 } };
      },
      async (tx, answer, account, document) => settle(call, tx, answer, account, document, subscriptionId),
    ),
  );
  if (done === 'absent') throw absent('organization');
  await followUp(tenant, done.appended, room);
  await issueStart(done.account, subscriptionId, room);
  return done.result;
}

async function settle(
  call: Call,
  tx: Transaction,
  answer: { json?: unknown },
  account: Account,
  document: AccountJson,
  subscriptionId: string,
): Promise<void> {
  answer.json = subscriptionJson(account, found(document, subscriptionId), call.now);
  call.note({ subscription_id: subscriptionId });
  await call.settle(tx, answer as ApiAnswer);
}

function startOf(body: CreateBody, document: AccountJson, now: Instant): Instant {
  if (body.starts_at === undefined) return now;
  const at = parseInstant(body.starts_at, 'starts_at');
  const earliest = daysLater(now, -(document.lateness_days ?? 35), 'UTC');
  if (at < earliest)
    throw new BadInput('invalid_parameter', `a subscription begins at ${earliest} at the earliest`, 'starts_at');
  return at;
}

/** What is chosen, read from the catalogue in the transaction that makes it hold. */
async function choose(
  tx: Transaction,
  tenant: TenantId,
  document: AccountJson,
  plan: PlanVersion,
  wanted: { readonly quantity?: string; readonly addons?: readonly string[] },
  at: Instant,
  held: readonly string[] = [],
): Promise<Choice> {
  if (plan.plan.currency !== document.currency) {
    throw new BadInput(
      'currency_mismatch',
      `the plan is in ${plan.plan.currency}, the organization pays in ${document.currency}`,
      'plan_id',
    );
  }
  const addons: PlanVersion[] = [];
  for (const id of wanted.addons ?? []) {
    const had = held.map(addonOf).find(({ planId }) => planId === id);
    const addon =
      had === undefined ? await publishedPlan(tx, id, undefined, at, 'addons') : await keptPlan(tx, id, had.version);
    if (
      addon.plan.kind !== 'addon' ||
      plan.plan.addons?.includes(id) !== true ||
      addon.plan.currency !== plan.plan.currency
    ) {
      throw new BadInput('invalid_parameter', `${id} cannot be attached to ${plan.planId}`, 'addons');
    }
    addons.push(addon);
  }
  const parts = [plan, ...addons];
  const names = parts.flatMap((part) => (part.plan.usage ?? []).map(({ metric_name }) => metric_name));
  if (new Set(names).size !== names.length)
    throw new BadInput('invalid_parameter', 'two parts price one metric', 'addons');
  const own = await ownPrices(
    tx,
    tenant,
    parts.map(({ planId }) => planId),
  );
  return { plan, addons, quantity: wanted.quantity ?? '1', metrics: await metricsOf(tx, names), own };
}

async function change(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const body = call.body as ChangeBody;
  return apply(
    call,
    room,
    async (json, account, document, tx) => {
      const state = stateAt(json, call.now);
      if (state === 'canceled' || state === 'paused')
        throw new BadInput('invalid_transition', `a subscription that is ${state} is not changed`);
      const last = json.chosen?.at(-1);
      if (last === undefined)
        throw new BadInput('invalid_transition', 'the subscription was not made from the catalogue');
      const at = instantOf(body, account, json, call.now);
      const plan =
        body.plan_id === undefined && body.plan_version === undefined
          ? await keptPlan(tx, last.plan_id, Number(last.version))
          : await publishedPlan(tx, body.plan_id ?? last.plan_id, body.plan_version, at, 'plan_id');
      const before = await keptPlan(tx, last.plan_id, Number(last.version));
      const { unit, count } = plan.plan.interval;
      if (unit !== before.plan.interval.unit || count !== before.plan.interval.count) {
        throw new BadInput(
          'interval_differs',
          'a plan of another interval begins with a subscription of its own',
          'plan_id',
        );
      }
      const wanted = { quantity: body.quantity ?? last.quantity, addons: body.addons ?? idsOf(last.addons) };
      const choice = await choose(tx, call.tenant, document, plan, wanted, at, last.addons);
      return changeSubscription(json, choice, at);
    },
    body.invoice_now === true,
  );
}

/** Changes one subscription's document, charges what follows, and invoices what must not wait. */
async function apply(
  call: Call,
  room: ApiRoom,
  to: (json: SubscriptionJson, account: Account, document: AccountJson, tx: Transaction) => Promise<SubscriptionJson>,
  invoiceNow = false,
): Promise<ApiAnswer> {
  const id = call.params['subscription_id']!;
  const account = await accountOf(call, room);
  const done = unfrozen(
    await room.ledger.changeAccount<ApiAnswer>(
      call.tenant,
      call.now,
      async (document, tx) => {
        const next = await to(found(document, id), account, document, tx);
        const subscriptions = document.subscriptions.map((json) => (json.subscription_id === id ? next : json));
        return { document: { ...document, subscriptions }, result: { status: 200 } };
      },
      (tx, answer, changed, document) => settle(call, tx, answer, changed, document, id),
    ),
  );
  if (done === 'absent') throw absent('organization');
  await followUp(call.tenant, done.appended, room);
  await closeEnded(done.account, id, invoiceNow, room);
  return done.result;
}

async function documentOf(
  tenant: TenantId,
  room: ApiRoom,
): Promise<{ readonly account: Account; readonly document: AccountJson }> {
  const account = await room.accounts.get(tenant);
  const document = await room.accounts.document(tenant);
  if (account === undefined || document === undefined) throw absent('organization');
  return { account, document };
}

function found(document: AccountJson, id: string): SubscriptionJson {
  const json = document.subscriptions.find((one) => one.subscription_id === id);
  if (json === undefined) throw absent('subscription');
  return json;
}

const idsOf = (addons: readonly string[]): string[] => addons.map((addon) => addonOf(addon).planId);

function subscriptionJson(account: Account, json: SubscriptionJson, now: Instant) {
  const subscription = account.subscriptions.find(({ id }) => id === json.subscription_id)!;
  const chosen = json.chosen?.findLast(({ from }) => from <= later(now, subscription.startedAt)) ?? json.chosen?.[0];
  const { start, end } = billingPeriod(subscription.calendar, later(now, subscription.startedAt));
  return {
    subscription_id: subscription.id,
    organization_id: account.tenant,
    state: stateAt(json, now),
    plan_id: chosen?.plan_id ?? null,
    plan_version: chosen === undefined ? null : Number(chosen.version),
    quantity: chosen?.quantity ?? null,
    addons: idsOf(chosen?.addons ?? []),
    started_at: subscription.startedAt,
    trial_ends_at: json.trial_ends_at ?? null,
    ended_at: subscription.endedAt ?? null,
    current_period: { start, end },
    paused_since: subscription.pauses.find(({ from, to }) => from <= now && (to === null || now < to))?.from ?? null,
    features: featuresAt(subscription, later(now, subscription.startedAt)),
    discounts: subscription.discounts.map(({ terms }) => terms.discountId),
  };
}
