import type { AccountJson } from '../../shared/domain/account/account.ts';
import type { LimitJson } from '../../shared/domain/account/limits.ts';
import { formatQuantity } from '../../shared/domain/decimals.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { limitOf } from '../../shared/edge/cursor.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { instantSchema, nameSchema, nullable, pageOf, pageQuery } from '../../shared/edge/http/schemas.ts';
import type { RowOf, Transaction } from '../../shared/ports/database.ts';
import { type LimitUse, standingOf } from '../../shared/stores/limit-store.ts';
import type { limit_notices } from '../../shared/stores/tables.ts';
import { actionSchema, limitKindSchema, quantitySchema, useJson, useSchema } from './limit-use.ts';
import { type ApiRoom, absent, listing, page } from './room.ts';

const API = '/api/v1/billing';

const limitSchema = {
  $id: 'urn:tallystick:schema:usage-limit',
  type: 'object',
  required: ['limit_id', 'metric_name', 'period', 'quantity', 'action', 'source', 'subscription_id', 'uses'],
  additionalProperties: false,
  properties: {
    limit_id: nameSchema,
    metric_name: nameSchema,
    period: limitKindSchema,
    quantity: quantitySchema,
    action: actionSchema,
    source: {
      type: 'string',
      enum: ['organization', 'plan'],
      description:
        'a plan’s limit comes and goes with the plan and is not changed here; where several hold, all of them do',
    },
    subscription_id: {
      ...nullable(nameSchema),
      description: 'set for a plan’s limit: it counts this subscription alone',
    },
    uses: {
      type: 'array',
      maxItems: 100,
      items: useSchema,
      description: 'of the present period; one per subscription where their billing periods count',
    },
  },
} as const;

const createSchema = {
  $id: 'urn:tallystick:schema:usage-limit-create',
  type: 'object',
  required: ['metric_name', 'period', 'quantity', 'action'],
  additionalProperties: false,
  properties: {
    limit_id: { ...nameSchema, description: 'made up unless given' },
    metric_name: nameSchema,
    period: limitKindSchema,
    quantity: quantitySchema,
    action: actionSchema,
  },
} as const;

const updateSchema = {
  $id: 'urn:tallystick:schema:usage-limit-update',
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  properties: { quantity: quantitySchema, action: actionSchema },
} as const;

const noticeSchema = {
  $id: 'urn:tallystick:schema:usage-limit-notice',
  type: 'object',
  required: ['limit_id', 'subscription_id', 'period_start', 'period_end', 'percent', 'at'],
  additionalProperties: false,
  properties: {
    limit_id: nameSchema,
    subscription_id: nullable(nameSchema),
    period_start: nullable(instantSchema),
    period_end: nullable(instantSchema),
    percent: { type: 'integer', enum: [80, 100] },
    at: instantSchema,
  },
} as const;

const params = { limit_id: nameSchema } as const;
type CreateBody = Omit<LimitJson, 'limit_id'> & { readonly limit_id?: string };

/** Limits on what is accepted: an organization's own, and those that its plans bring. */
export const limitOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'listLimits',
    method: 'GET',
    path: `${API}/limits`,
    tag: 'Limits',
    summary: 'Limits, and what is used of them',
    scope: 'usage:read',
    query: pageQuery,
    answers: { 200: pageOf('usage-limit-list', limitSchema) },
    handle: (call) => list(call, room),
  },
  {
    operationId: 'createLimit',
    method: 'POST',
    path: `${API}/limits`,
    tag: 'Limits',
    summary: 'A limit of the organization’s own',
    description:
      'Counts from now on. `block` refuses usage beyond it (`quota_exceeded`), the others let it pass; notices are given at 80 % and 100 % in any case.',
    scope: 'subscriptions:write',
    body: createSchema,
    answers: { 201: limitSchema },
    idempotencyKey: 'optional',
    mutation: 'limit.created',
    handle: (call) => create(call, room),
  },
  {
    operationId: 'getLimit',
    method: 'GET',
    path: `${API}/limits/:limit_id`,
    tag: 'Limits',
    summary: 'One of the organization’s own limits',
    scope: 'usage:read',
    params,
    answers: { 200: limitSchema },
    handle: async (call) => {
      const rows = await ownAndGranted(call, room);
      const found = rows.find(
        ({ source, limit_id }) => source === 'organization' && limit_id === call.params['limit_id'],
      );
      if (found === undefined) throw absent('limit');
      return { status: 200, json: found };
    },
  },
  {
    operationId: 'updateLimit',
    method: 'PATCH',
    path: `${API}/limits/:limit_id`,
    tag: 'Limits',
    summary: 'Another quantity or action',
    description:
      'What is used stays counted. Metric and period make a limit what it is: another one is created instead.',
    scope: 'subscriptions:write',
    params,
    body: updateSchema,
    answers: { 200: limitSchema },
    mutation: 'limit.changed',
    handle: (call) => {
      const { quantity, action } = call.body as Partial<Pick<LimitJson, 'quantity' | 'action'>>;
      const changed = { ...(quantity === undefined ? {} : { quantity }), ...(action === undefined ? {} : { action }) };
      return change(call, room, 200, (limits) =>
        limits.map((one) => (isNamed(call, one) ? { ...one, ...changed } : one)),
      );
    },
  },
  {
    operationId: 'deleteLimit',
    method: 'DELETE',
    path: `${API}/limits/:limit_id`,
    tag: 'Limits',
    summary: 'A limit that holds no longer',
    scope: 'subscriptions:write',
    params,
    answers: { 204: 'empty' },
    mutation: 'limit.deleted',
    handle: (call) => remove(call, room),
  },
  {
    operationId: 'listLimitNotices',
    method: 'GET',
    path: `${API}/limit-notices`,
    tag: 'Limits',
    summary: 'That limits were reached to 80 or 100 per cent',
    scope: 'usage:read',
    query: pageQuery,
    answers: { 200: pageOf('usage-limit-notice-list', noticeSchema) },
    handle: (call) => notices(call, room),
  },
];

async function list(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const { tenant, query } = call;
  const { after = '', answer } = listing(room, tenant, 'limits', query);
  const rows = (await ownAndGranted(call, room)).filter((row) => placeOf(row) > after);
  return answer(rows, (last) => placeOf(last));
}

/** The organization's own limits by id, then those of plans by subscription. */
async function ownAndGranted({ tenant, now }: Call, room: ApiRoom) {
  const standing = await room.limits.standing(tenant, now);
  if (standing === undefined) throw absent('organization');
  return rowsOf(standing);
}

function rowsOf({ account, uses }: Awaited<ReturnType<typeof standingOf>>) {
  const all = [...uses.values()].flat();
  const own = account.limits.map((limit) => {
    const held = all.filter((use) => use.source === 'organization' && use.limit.id === limit.id);
    // A limit over all subscriptions is one, however many of them it holds.
    const once = held.filter((use, i) => i === 0 || use.subscription !== undefined);
    return limitJson(limit, 'organization', null, once);
  });
  const granted = all
    .filter(({ source }) => source === 'plan')
    .map((use) => limitJson(use.limit, 'plan', use.subscription ?? null, [use]));
  return [...own, ...granted].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

/** Where a limit stands in the list. */
const placeOf = ({ source, subscription_id, limit_id }: ReturnType<typeof limitJson>): string =>
  `${source} ${subscription_id ?? ''} ${limit_id}`;

const limitJson = (
  limit: LimitUse['limit'],
  source: LimitUse['source'],
  subscription_id: string | null,
  uses: readonly LimitUse[],
) => ({
  limit_id: limit.id,
  metric_name: limit.metric,
  period: limit.period,
  quantity: formatQuantity(limit.quantity),
  action: limit.action,
  source,
  subscription_id,
  uses: uses.map(useJson),
});

async function create(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const body = call.body as CreateBody;
  const limit_id = body.limit_id ?? call.newId('lim');
  return change(
    call,
    room,
    201,
    (limits, document) => {
      if (limits.some((one) => one.limit_id === limit_id)) {
        throw new BadInput('already_exists', 'there is such a limit already', 'limit_id');
      }
      const isMeasured = document.subscriptions.some(({ meters }) =>
        meters.some(({ metric_name }) => metric_name === body.metric_name),
      );
      if (!isMeasured) throw new BadInput('unknown_metric', 'no subscription measures that metric', 'metric_name');
      if (limits.length >= 100)
        throw new BadInput('too_many_items', 'an organization has at most 100 limits of its own');
      return [...limits, { ...body, limit_id }];
    },
    limit_id,
  );
}

/** Changes the organization's own limits in one transaction; whoever takes usage in reads them there. */
async function change(
  call: Call,
  room: ApiRoom,
  status: number,
  to: (limits: readonly LimitJson[], document: AccountJson) => LimitJson[],
  limitId = call.params['limit_id']!,
): Promise<ApiAnswer> {
  const done = await room.accounts.change<{ answer: ApiAnswer }>(
    call.tenant,
    call.now,
    async (document) => {
      const before = document.limits ?? [];
      const limits = to(before, document);
      if (!limits.some(({ limit_id }) => limit_id === limitId)) throw absent('limit');
      return { document: { ...document, limits }, result: { answer: { status } } };
    },
    async (tx, result, account) => {
      const rows = rowsOf(await standingOf(tx, account, call.now));
      const json = rows.find(({ source, limit_id }) => source === 'organization' && limit_id === limitId)!;
      result.answer = { status, json };
      call.note({ limit_id: limitId, metric_name: json.metric_name, quantity: json.quantity, action: json.action });
      await call.settle(tx, result.answer);
    },
  );
  if (done === undefined) throw absent('organization');
  return done.result.answer;
}

async function remove(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const answer: ApiAnswer = { status: 204 };
  const done = await room.accounts.change(
    call.tenant,
    call.now,
    async (document, tx: Transaction) => {
      const kept = (document.limits ?? []).filter((one) => !isNamed(call, one));
      if (kept.length === (document.limits ?? []).length) throw absent('limit');
      await room.limits.forget(tx, call.tenant, call.params['limit_id']!);
      return { document: { ...document, limits: kept }, result: undefined };
    },
    (tx) => call.settle(tx, answer),
  );
  if (done === undefined) throw absent('organization');
  return answer;
}

const isNamed = ({ params: { limit_id } }: Call, limit: LimitJson): boolean => limit.limit_id === limit_id;

async function notices({ tenant, query }: Call, room: ApiRoom): Promise<ApiAnswer> {
  const limit = limitOf(query['limit']);
  const cursor = query['cursor'];
  const after =
    cursor === undefined
      ? undefined
      : (JSON.parse(room.cursors.read(tenant, 'limit-notices', cursor)) as [string, string, number]);
  const rows = await room.limits.notices(tenant, limit + 1, after);
  const { data, ...more } = page(rows, limit, ({ limit_id, period, percent }) =>
    room.cursors.write(tenant, 'limit-notices', JSON.stringify([limit_id, period, percent])),
  );
  return { status: 200, json: { data: data.map(noticeJson), ...more } };
}

/** A counter's key is `period`, `subscription period` or `subscription metric period`; the period is `total` or `start/end`. */
function noticeJson({ limit_id, period: key, percent, at }: RowOf<typeof limit_notices.columns>) {
  const words = key.split(' ');
  const period = words.at(-1)!;
  const isTotal = period === 'total';
  return {
    limit_id,
    subscription_id: words.length === 1 ? null : words[0]!,
    period_start: isTotal ? null : period.slice(0, 27),
    period_end: isTotal ? null : period.slice(28),
    percent,
    at,
  };
}
