import type { Json } from '../../shared/domain/canonical.ts';
import { metricSchema, planSchema } from '../../shared/domain/catalogue/schema.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { hashSchema, instantSchema, nameSchema, nullable, pageOf, pageQuery } from '../../shared/edge/http/schemas.ts';
import type { Transaction } from '../../shared/ports/database.ts';
import type { PlanRow } from '../../shared/stores/catalogue-store.ts';
import { type ApiRoom, absent, listing } from './room.ts';

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

export const decisionSchema = {
  $id: 'urn:tallystick:schema:decision',
  type: 'object',
  additionalProperties: false,
  properties: {
    digest: { ...hashSchema, description: 'of what was read: refused where it has been replaced since' },
  },
} as const;
export const digestRead = (call: Call): string | undefined => (call.body as { readonly digest?: string }).digest;

/** Products, metrics and plans. */
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
      const { limit, after, answer } = listing(room, PLATFORM, 'products', query);
      const rows = await room.catalogue.listProducts(limit + 1, after);
      return answer(
        rows.map(({ document }) => JSON.parse(document) as { product_id: string }),
        (last) => last.product_id,
      );
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
      const { limit, after, answer } = listing(room, PLATFORM, 'metrics', query);
      const rows = await room.catalogue.listMetrics(limit + 1, after);
      return answer(
        rows.map(({ document }) => JSON.parse(document) as { metric_name: string }),
        (last) => last.metric_name,
      );
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
      const { limit, after, answer } = listing(room, PLATFORM, 'plans', query);
      const [planId, version] = after?.split(' ') ?? [];
      const rows = await room.catalogue.listPlans(
        limit + 1,
        planId === undefined ? undefined : { planId, version: Number(version) },
      );
      return answer(rows.map(planJson), (last) => `${last.plan_id} ${last.version}`);
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
];

/** Cursors of what belongs to no organization. */
const PLATFORM = '*';

export const deedOf = (call: Call) => ({ by: call.principal.person, now: call.now });

/** One transaction: the change, its audit entry and its answer. */
export async function changed(
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

const planJson = (row: PlanRow) => ({
  plan_id: row.plan_id,
  version: row.version,
  state: row.state,
  digest: row.digest,
  proposed_at: row.proposed_at,
  decided_at: row.decided_at,
  plan: JSON.parse(row.document) as Json,
});
