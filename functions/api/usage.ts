import { canonicalJson } from '../../shared/domain/canonical.ts';
import { formatDecimal } from '../../shared/domain/decimals.ts';
import { sha256Hex } from '../../shared/domain/digest.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { parseMetricName, parseReceiptId, parseSubscriptionId, type TenantId } from '../../shared/domain/ids.ts';
import type { EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { type Instant, parseInstant, readPeriod } from '../../shared/domain/time.ts';
import type { SummaryRow } from '../../shared/domain/usage/tally.ts';
import type { WindowUnit } from '../../shared/domain/usage/windows.ts';
import { limitOf } from '../../shared/edge/cursor.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { queryTextSchema } from '../../shared/edge/http/schemas.ts';
import type { RowOf } from '../../shared/ports/database.ts';
import { correctionsOf } from '../../shared/stores/corrections.ts';
import type { aggregates } from '../../shared/stores/tables.ts';
import type { Place } from '../../shared/stores/usage-windows.ts';
import { type ApiRoom, absent, accountOf, page } from './room.ts';
import { summaryQuery, summarySchema, usageEventSchema } from './usage-schema.ts';

/** What was used: by billing periods, by windows, and what became of each event. */
export const usageOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'getUsageSummary',
    method: 'GET',
    path: '/api/v1/billing/usage/summary',
    tag: 'Usage',
    summary: 'Usage by billing period, or by windows and groups',
    description:
      'Without `window`: each meter’s aggregate per billing period, as it is billed. With `window`: what was accepted, right after it was accepted, by minute, hour, day, week or month of the organization’s zone.',
    scope: 'usage:read',
    query: summaryQuery,
    answers: { 200: summarySchema },
    handle: (call) => (call.query['window'] === undefined ? periods(call, room) : windows(call, room)),
  },
  {
    operationId: 'getUsageEvent',
    method: 'GET',
    path: '/api/v1/billing/usage/events/:receipt_id',
    tag: 'Usage',
    summary: 'What became of an accepted event',
    description:
      'Every accepted event is in exactly one state: accepted (its receipt follows within seconds), billed, or adjusted by corrections after it was billed. What was refused was said in the answer to its request and left no trace.',
    scope: 'usage:read',
    params: { receipt_id: { ...queryTextSchema, description: 'from the answer that accepted the event' } },
    answers: { 200: usageEventSchema },
    handle: ({ tenant, params }) => usageEvent(tenant, params['receipt_id']!, room),
  },
];

interface Asked {
  readonly metric: string | undefined;
  readonly subscription: string | undefined;
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
}

function asked({ query }: Call): Asked {
  const { metric_name: metric, subscription_id: subscription, from, to } = query;
  if (metric !== undefined) parseMetricName(metric);
  if (subscription !== undefined) parseSubscriptionId(subscription);
  const at = (text: string | undefined, param: string): Instant | undefined =>
    text === undefined ? undefined : parseInstant(text, param);
  return { metric, subscription, from: at(from, 'from'), to: at(to, 'to') };
}

async function periods(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const { tenant, query } = call;
  const { metric, subscription, from, to } = asked(call);
  if (query['group_by'] !== undefined) {
    throw new BadInput('invalid_parameter', 'billing periods are not grouped: ask for windows', 'group_by');
  }
  const limit = limitOf(query['limit'] ?? '100');
  const cursor = query['cursor'];
  const after = cursor === undefined ? '' : room.cursors.read(tenant, 'usage-periods', cursor);
  const head = await room.ledger.head(tenant);
  const rows = (await room.ledger.usage(tenant)).filter((row) => {
    const { start, end } = readPeriod(row.period)!;
    return (
      row.aggregate > after &&
      (metric === undefined || row.meter === metric) &&
      (subscription === undefined || row.subscription === subscription) &&
      (from === undefined || end > from) &&
      (to === undefined || start < to)
    );
  });
  const { data, ...more } = page(rows, limit, (last) => room.cursors.write(tenant, 'usage-periods', last.aggregate));
  const json = { as_of_seq: head === undefined ? null : head.size - 1, data: data.map(periodOf), ...more };
  return { status: 200, json };
}

const periodOf = (row: RowOf<typeof aggregates.columns>) => ({
  subscription_id: row.subscription,
  metric_name: row.meter,
  aggregation: row.aggregation,
  period_start: row.period.slice(0, 27),
  period_end: row.period.slice(28),
  value: row.value,
  events: row.events,
});

async function windows(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const { tenant, query, now } = call;
  const { metric, subscription, from, to = now } = asked(call);
  const unit = query['window'] as WindowUnit;
  if (metric === undefined) throw new BadInput('invalid_parameter', 'windows are of one metric', 'metric_name');
  if (from === undefined) throw new BadInput('invalid_parameter', 'windows begin somewhere', 'from');
  const account = await accountOf(call, room);
  const groupBy = namesOf(query['group_by']);
  // A cursor goes on with the question that it was given for, and with no other.
  const question = canonicalJson([
    metric,
    subscription ?? null,
    unit,
    from,
    query['to'] === undefined ? null : to,
    [...groupBy],
  ]);
  const list = `usage-windows ${sha256Hex(question)}`;
  const cursor = query['cursor'];
  const after = cursor === undefined ? undefined : placeOf(room.cursors.read(tenant, list, cursor));
  const limit = limitOf(query['limit'] ?? '100');
  const found = await room.usageWindows.page(
    tenant,
    { metric, subscription, unit, from, to, groupBy, limit, after },
    now,
  );
  const next = found.next === undefined ? null : room.cursors.write(tenant, list, placeText(found.next));
  return {
    status: 200,
    json: {
      metric_name: metric,
      window: unit,
      zone: account.zone,
      data: found.rows.map(windowOf),
      has_more: next !== null,
      next_cursor: next,
    },
  };
}

function namesOf(text = ''): string[] {
  const names = text === '' ? [] : text.split(',');
  if (new Set(names).size === names.length && names.length <= 11) return names;
  throw new BadInput('invalid_parameter', 'a group is named once', 'group_by');
}

const placeText = ({ window, group }: Place): string => (group === undefined ? window : `${window} ${group}`);

function placeOf(text: string): Place {
  const [window, group] = text.split(' ');
  return { window: window as Instant, group };
}

const windowOf = ({ window, group, aggregation, value, events }: SummaryRow) => ({
  window_start: window.start,
  window_end: window.end,
  aggregation,
  group,
  value: formatDecimal(value, 12),
  events,
});

async function usageEvent(tenant: TenantId, text: string, room: ApiRoom): Promise<ApiAnswer> {
  const id = parseReceiptId(text);
  const found = await room.ledger.find(tenant, id);
  if (found === undefined) throw absent('event');
  if (found.state === 'waiting') return { status: 200, json: { receipt_id: id, state: 'accepted' } };
  const [entry] = await room.ledger.entries(tenant, found.seq, found.seq + 1);
  const charge = readEntry(entry!) as EntryOf<'charge'>;
  const corrections = await room.database.snapshot((view) => correctionsOf(view, tenant, found.seq));
  return {
    status: 200,
    json: {
      receipt_id: id,
      state: corrections.length === 0 ? 'billed' : 'adjusted',
      subscription_id: charge.subscription,
      metric_name: charge.meter,
      aggregation: charge.aggregation,
      quantity: charge.quantity,
      occurred_at: charge.occurred_at,
      period: readPeriod(charge.period),
      billed_in: readPeriod(charge.billed_in),
      late: charge.period !== charge.billed_in,
      seq: found.seq,
      recorded_at: charge.recorded_at,
      amount: charge.amount,
      currency: charge.currency,
      price_ref: charge.price_ref,
      corrections: corrections.map(({ correction_id, entry_seq, quantity }) => ({
        correction_id,
        seq: entry_seq,
        change: quantity,
      })),
    },
  };
}
