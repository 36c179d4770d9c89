import type { Json } from '../../shared/domain/canonical.ts';
import { reprice } from '../../shared/domain/catalogue/own-price.ts';
import { metricSchema, planSchema } from '../../shared/domain/catalogue/schema.ts';
import { priceDocumentSchema } from '../../shared/domain/pricing/schema.ts';
import type { SubscriptionJson } from '../../shared/domain/subscription/lifecycle.ts';
import { type Instant, later, parseInstant, periodContaining } from '../../shared/domain/time.ts';
import { limitOf } from '../../shared/edge/cursor.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import {
  hashSchema,
  instantInputSchema,
  instantSchema,
  nameSchema,
  nullable,
  pageOf,
  pageQuery,
} from '../../shared/edge/http/schemas.ts';
import type { Transaction } from '../../shared/ports/database.ts';
import { type CustomPriceRow, digestOf, type PlanRow } from '../../shared/stores/catalogue-store.ts';
import { followUp, unfrozen } from './follow-up.ts';
import { type ApiRoom, absent, page } from './room.ts';

const API = '/api/v1/billing';
const versionSchema = { type: 'string', pattern: '^[1-9][0-9]{0,8}$', maxLength: 9 } as const;

const productSchema = {
  $id: 'urn:tallystick:schema:product',
  type: 'object',
  required: ['product_id', 'name'],
  additionalProperties: false,
  properties: { product_id: nameSchema, name: { type: 'string', minLength: 1, maxLength: 200 } },
} as const;

const planVersionSchema = {
  $id: 'urn:tallystick:schema:plan',
  type: 'object',
  required: ['plan_id', 'version', 'state', 'digest', 'proposed_at', 'decided_at', 'plan'],
  additionalProperties: false,
  properties: {
    plan_id: nameSchema,
    version: { type: 'integer', minimum: 1, maximum: 999_999_999 },
    state: { type: 'string', enum: ['draft', 'published', 'retired'] },
    digest: hashSchema,
    proposed_at: instantSchema,
    decided_at: nullable(instantSchema),
    plan: planSchema,
  },
} as const;

const customPriceSchema = {
  $id: 'urn:tallystick:schema:custom-price',
  type: 'object',
  required: ['plan_id', 'target', 'effective_from', 'state', 'digest', 'document'],
  additionalProperties: false,
  properties: {
    plan_id: nameSchema,
    target: { ...nameSchema, description: 'what it prices: a metric, or `fee.` and an item' },
    effective_from: { ...nullable(instantSchema), description: 'null while proposed for the next period' },
    state: { type: 'string', enum: ['proposed', 'approved'] },
    digest: { ...hashSchema, description: 'as receipts name it' },
    document: priceDocumentSchema,
  },
} as const;

const decisionSchema = {
  $id: 'urn:tallystick:schema:decision',
  type: 'object',
  additionalProperties: false,
  properties: {
    digest: { ...hashSchema, description: 'of what was read: refused where it has been replaced since' },
  },
} as const;
const digestRead = (call: Call): string | undefined => (call.body as { readonly digest?: string }).digest;

/** Products, metrics, plans and organizations' own prices. */
export const catalogueOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'createProduct',
    method: 'POST',
    path: `${API}/products`,
    tag: 'Catalogue',
    summary: 'Add a product',
    scope: 'catalogue:write',
    about: 'platform',
    body: productSchema,
    answers: { 201: productSchema },
    mutation: 'product.created',
    handle: (call) => {
      const body = call.body as { product_id: string; name: string };
      return changed(call, room, 201, async (tx) => {
        await room.catalogue.addProduct(tx, body, call.now);
        return body;
      });
    },
  },
  {
    operationId: 'listProducts',
    method: 'GET',
    path: `${API}/products`,
    tag: 'Catalogue',
    summary: 'Products',
    scope: 'catalogue:read',
    about: 'platform',
    query: pageQuery,
    answers: { 200: pageOf('product-list', productSchema) },
    handle: async ({ query }) => {
      const { limit, after } = asked(query, room, 'products');
      const rows = await room.catalogue.listProducts(limit + 1, after);
      const cursor = (last: { product_id: string }) => room.cursors.write(PLATFORM, 'products', last.product_id);
      return {
        status: 200,
        json: page(
          rows.map(({ document }) => JSON.parse(document) as { product_id: string }),
          limit,
          cursor,
        ),
      };
    },
  },
  {
    operationId: 'createMetric',
    method: 'POST',
    path: `${API}/metrics`,
    tag: 'Catalogue',
    summary: 'Add a metric',
    description: 'A metric never changes: what it has counted would be another thing.',
    scope: 'catalogue:write',
    about: 'platform',
    body: metricSchema,
    answers: { 201: metricSchema },
    mutation: 'metric.created',
    handle: (call) => changed(call, room, 201, (tx) => room.catalogue.addMetric(tx, call.body, call.now)),
  },
  {
    operationId: 'listMetrics',
    method: 'GET',
    path: `${API}/metrics`,
    tag: 'Catalogue',
    summary: 'Metrics',
    scope: 'catalogue:read',
    about: 'platform',
    query: pageQuery,
    answers: { 200: pageOf('metric-list', metricSchema) },
    handle: async ({ query }) => {
      const { limit, after } = asked(query, room, 'metrics');
      const rows = await room.catalogue.listMetrics(limit + 1, after);
      const cursor = (last: { metric_name: string }) => room.cursors.write(PLATFORM, 'metrics', last.metric_name);
      return {
        status: 200,
        json: page(
          rows.map(({ document }) => JSON.parse(document) as { metric_name: string }),
          limit,
          cursor,
        ),
      };
    },
  },
  {
    operationId: 'createPlan',
    method: 'POST',
    path: `${API}/plans`,
    tag: 'Catalogue',
    summary: 'Write a plan’s draft',
    description:
      'The first version of a new plan, or the next version of a published one; a draft is replaced. Nothing can be subscribed to until somebody else has published it.',
    scope: 'catalogue:write',
    about: 'platform',
    body: planSchema,
    answers: { 201: planVersionSchema },
    mutation: 'plan.drafted',
    handle: (call) =>
      changed(call, room, 201, async (tx) => planJson(await room.catalogue.draft(tx, call.body, deedOf(call)))),
  },
  {
    operationId: 'listPlans',
    method: 'GET',
    path: `${API}/plans`,
    tag: 'Catalogue',
    summary: 'Versions of plans',
    scope: 'catalogue:read',
    about: 'platform',
    query: pageQuery,
    answers: { 200: pageOf('plan-list', planVersionSchema) },
    handle: async ({ query }) => {
      const { limit, after } = asked(query, room, 'plans');
      const [planId, version] = after?.split(' ') ?? [];
      const rows = await room.catalogue.listPlans(
        limit + 1,
        planId === undefined ? undefined : { planId, version: Number(version) },
      );
      const cursor = (last: { plan_id: string; version: number }) =>
        room.cursors.write(PLATFORM, 'plans', `${last.plan_id} ${last.version}`);
      return { status: 200, json: page(rows.map(planJson), limit, cursor) };
    },
  },
  {
    operationId: 'getPlan',
    method: 'GET',
    path: `${API}/plans/:plan_id`,
    tag: 'Catalogue',
    summary: 'A plan with all its versions',
    scope: 'catalogue:read',
    about: 'platform',
    params: { plan_id: nameSchema },
    answers: { 200: pageOf('plan-versions', planVersionSchema) },
    handle: async ({ params }) => {
      const rows = await room.catalogue.versionsOf(params['plan_id']!);
      if (rows.length === 0) throw absent('plan');
      return { status: 200, json: { data: rows.slice(-100).map(planJson), has_more: false, next_cursor: null } };
    },
  },
  {
    operationId: 'publishPlan',
    method: 'POST',
    path: `${API}/plans/:plan_id/versions/:version/publish`,
    tag: 'Catalogue',
    summary: 'Publish a plan’s draft',
    description: 'Somebody else than its writer does it. From then on the version never changes.',
    scope: 'catalogue:approve',
    about: 'platform',
    params: { plan_id: nameSchema, version: versionSchema },
    body: decisionSchema,
    bodyOptional: true,
    answers: { 200: planVersionSchema },
    mutation: 'plan.published',
    handle: (call) => {
      const [planId, version] = [call.params['plan_id']!, Number(call.params['version'])];
      return changed(call, room, 200, async (tx) =>
        planJson(await room.catalogue.publish(tx, planId, version, deedOf(call), digestRead(call))),
      );
    },
  },
  {
    operationId: 'retirePlan',
    method: 'POST',
    path: `${API}/plans/:plan_id/versions/:version/retire`,
    tag: 'Catalogue',
    summary: 'Retire a published version',
    description: 'Nobody subscribes to it any more; those who have it keep it.',
    scope: 'catalogue:approve',
    about: 'platform',
    params: { plan_id: nameSchema, version: versionSchema },
    answers: { 200: planVersionSchema },
    mutation: 'plan.retired',
    handle: (call) => {
      const [planId, version] = [call.params['plan_id']!, Number(call.params['version'])];
      return changed(call, room, 200, async (tx) =>
        planJson(await room.catalogue.retire(tx, planId, version, deedOf(call))),
      );
    },
  },
  {
    operationId: 'proposePrice',
    method: 'PUT',
    path: `${API}/plans/:plan_id/prices/:target`,
    tag: 'Catalogue',
    summary: 'Propose an organization’s own price',
    description:
      'A price document in place of the plan’s, for a metric or (as `fee.` and its id) an item. Once somebody else has approved it, new choices have it; running subscriptions have it from `effective_from`, or from their next period where none is given.',
    scope: 'catalogue:write',
    params: { plan_id: nameSchema, target: nameSchema },
    query: { effective_from: instantInputSchema },
    body: { ...priceDocumentSchema, $id: 'urn:tallystick:schema:price-document' },
    answers: { 200: customPriceSchema },
    mutation: 'price.proposed',
    handle: (call) => {
      const from = call.query['effective_from'];
      const price = {
        tenant: call.tenant,
        planId: call.params['plan_id']!,
        target: call.params['target']!,
        document: call.body,
        effectiveFrom: from === undefined ? undefined : parseInstant(from, 'effective_from'),
      };
      return changed(call, room, 200, async (tx) =>
        priceJson(await room.catalogue.proposePrice(tx, price, deedOf(call))),
      );
    },
  },
  {
    operationId: 'approvePrice',
    method: 'POST',
    path: `${API}/plans/:plan_id/prices/:target/approve`,
    tag: 'Catalogue',
    summary: 'Approve an organization’s own price',
    scope: 'catalogue:approve',
    params: { plan_id: nameSchema, target: nameSchema },
    body: decisionSchema,
    bodyOptional: true,
    answers: { 204: 'empty' },
    mutation: 'price.approved',
    handle: (call) => approvePrice(call, room),
  },
  {
    operationId: 'listPrices',
    method: 'GET',
    path: `${API}/prices`,
    tag: 'Catalogue',
    summary: 'An organization’s own prices',
    scope: 'catalogue:read',
    query: pageQuery,
    answers: { 200: pageOf('custom-price-list', customPriceSchema) },
    handle: async ({ tenant, query }) => {
      const { limit, after } = asked(query, room, 'prices', tenant);
      const [planId = '', target = '', from = ''] = after?.split(' ') ?? [];
      const rows = await room.catalogue.pricesOf(
        tenant,
        limit + 1,
        after === undefined ? undefined : [planId, target, from],
      );
      const cursor = (last: ReturnType<typeof priceJson>) =>
        room.cursors.write(tenant, 'prices', `${last.plan_id} ${last.target} ${last.effective_from ?? ''}`);
      return { status: 200, json: page(rows.map(priceJson), limit, cursor) };
    },
  },
];

/** Cursors of what belongs to no organization. */
const PLATFORM = '*' as Parameters<ApiRoom['cursors']['write']>[0];

function asked(
  query: Call['query'],
  room: ApiRoom,
  list: string,
  owner = PLATFORM,
): { readonly limit: number; readonly after: string | undefined } {
  const cursor = query['cursor'];
  const after = cursor === undefined ? undefined : room.cursors.read(owner, list, cursor);
  return { limit: limitOf(query['limit']), after };
}

const deedOf = (call: Call) => ({ by: call.principal.keyId, now: call.now });

/** One transaction: the change, its audit entry and its answer. */
async function changed(
  call: Call,
  room: ApiRoom,
  status: number,
  work: (tx: Transaction) => Promise<unknown>,
): Promise<ApiAnswer> {
  return room.database.transact(async (tx) => {
    const answer: ApiAnswer = { status, json: await work(tx) };
    await call.settle(tx, answer);
    return answer;
  });
}

/** One transaction: the approval, and the running subscriptions that have it from now on or later. */
async function approvePrice(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const { tenant, now, params } = call;
  const key = [tenant, params['plan_id']!, params['target']!] as const;
  const done = unfrozen(
    await room.ledger.changeAccount<ApiAnswer>(
      tenant,
      now,
      async (document, tx) => {
        const { own, from } = await room.catalogue.approvePrice(tx, key, deedOf(call), digestRead(call));
        const running = document.subscriptions.map((json) =>
          (json.ended_at ?? now) < now ? json : reprice(json, own, from ?? renewalOf(json, document.zone, now)),
        );
        return { document: { ...document, subscriptions: running }, result: { status: 204 } };
      },
      (tx, answer) => call.settle(tx, answer),
    ),
  );
  if (done === 'absent') throw absent('organization');
  await followUp(tenant, done.appended, room);
  return done.result;
}

/** Where a subscription's next period begins. */
function renewalOf({ calendar, started_at }: SubscriptionJson, zone: string, now: Instant): Instant {
  const anchor = calendar.anchor as Instant;
  return periodContaining({ ...calendar, anchor, zone }, later(now, started_at as Instant)).end;
}

const priceJson = (row: CustomPriceRow) => ({
  plan_id: row.plan_id,
  target: row.target,
  effective_from: row.effective_from === '' ? null : row.effective_from,
  state: row.state,
  digest: digestOf(row),
  document: JSON.parse(row.document) as Json,
});

const planJson = (row: PlanRow) => ({
  plan_id: row.plan_id,
  version: row.version,
  state: row.state,
  digest: row.digest,
  proposed_at: row.proposed_at,
  decided_at: row.decided_at,
  plan: JSON.parse(row.document) as Json,
});
