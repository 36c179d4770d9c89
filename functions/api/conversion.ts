import { parseInstant } from '../../shared/domain/time.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import { countSchema, instantSchema, nameSchema, queryTextSchema } from '../../shared/edge/http/schemas.ts';
import { type ApiRoom, absent } from './room.ts';

const conversionSchema = {
  $id: 'urn:tallystick:schema:plan-conversion',
  type: 'object',
  required: [
    ...['plan_id', 'at', 'begun', 'trials_started', 'trials_running', 'trials_converted', 'trials_lapsed'],
    ...['moved_on', 'ended', 'limit_reached'],
  ],
  additionalProperties: false,
  properties: {
    plan_id: nameSchema,
    at: instantSchema,
    begun: { ...countSchema, description: 'subscriptions that began with this plan; the other figures are of these' },
    trials_started: { ...countSchema, description: 'each of them is running, converted or lapsed' },
    trials_running: countSchema,
    trials_converted: { ...countSchema, description: 'went on when the trial was over' },
    trials_lapsed: { ...countSchema, description: 'ended with the trial or before' },
    moved_on: { ...countSchema, description: 'on another plan now' },
    ended: countSchema,
    limit_reached: { ...countSchema, description: 'used a limit of the plan up while they were on it' },
  },
} as const;

/** How plans do: from trial to paying, from one plan to the next. */
export const conversionOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'getPlanConversion',
    method: 'GET',
    path: '/api/v1/billing/plans/:plan_id/conversion',
    tag: 'Catalogue',
    summary: 'What became of the subscriptions that began with a plan',
    description: 'Over all organizations. Counted from their documents when asked, so the figures always add up.',
    scope: 'organizations:read',
    about: 'platform',
    params: { plan_id: nameSchema },
    query: {
      from: { ...queryTextSchema, description: 'RFC 3339: only those that began then or later' },
      to: { ...queryTextSchema, description: 'RFC 3339: only those that began before' },
    },
    answers: { 200: conversionSchema },
    handle: async ({ params, query, now }) => {
      const planId = params['plan_id']!;
      const { from, to } = query;
      if ((await room.catalogue.versionsOf(planId)).length === 0) throw absent('plan');
      const began = {
        ...(from === undefined ? {} : { from: parseInstant(from, 'from') }),
        ...(to === undefined ? {} : { to: parseInstant(to, 'to') }),
      };
      const count = await room.conversion.ofPlan(planId, began, now);
      return {
        status: 200,
        json: {
          plan_id: planId,
          at: now,
          begun: count.begun,
          trials_started: count.trialsStarted,
          trials_running: count.trialsRunning,
          trials_converted: count.trialsConverted,
          trials_lapsed: count.trialsLapsed,
          moved_on: count.movedOn,
          ended: count.ended,
          limit_reached: count.limitReached,
        },
      };
    },
  },
];
