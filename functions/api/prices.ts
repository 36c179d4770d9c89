import type { Json } from '../../shared/domain/canonical.ts';
import { reprice } from '../../shared/domain/catalogue/own-price.ts';
import { priceDocumentSchema } from '../../shared/domain/pricing/schema.ts';
import type { SubscriptionJson } from '../../shared/domain/subscription/lifecycle.ts';
import { type Instant, later, parseInstant, periodContaining } from '../../shared/domain/time.ts';
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
import { approvePrice, type CustomPriceRow, digestOf, pricesOf, proposePrice } from '../../shared/stores/own-prices.ts';
import { changed, decisionSchema, deedOf, digestRead } from './catalogue.ts';
import { followUp, unfrozen } from './follow-up.ts';
import { type ApiRoom, absent, listing } from './room.ts';

const API = '/api/v1/billing';

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

/** Organizations' own prices. */
export const priceOperations = (room: ApiRoom): Operation[] => [
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
      return changed(call, room, 200, async (tx) => priceJson(await proposePrice(tx, price, deedOf(call))));
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
    handle: (call) => approve(call, room),
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
      const { limit, after, answer } = listing(room, tenant, 'prices', query);
      const [planId = '', target = '', from = ''] = after?.split(' ') ?? [];
      const last = after === undefined ? undefined : ([planId, target, from] as const);
      const rows = await room.database.snapshot((view) => pricesOf(view, tenant, limit + 1, last));
      return answer(rows.map(priceJson), (row) => `${row.plan_id} ${row.target} ${row.effective_from ?? ''}`);
    },
  },
];

/** One transaction: the approval, and the running subscriptions that have it from now on or later. */
async function approve(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const { tenant, now, params } = call;
  const key = [tenant, params['plan_id']!, params['target']!] as const;
  const done = unfrozen(
    await room.ledger.changeAccount<ApiAnswer>(
      tenant,
      now,
      async (document, tx) => {
        const { own, from } = await approvePrice(tx, key, deedOf(call), digestRead(call));
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
