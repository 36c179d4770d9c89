import { plusMicros } from '../../shared/domain/time.ts';
import { tenantId } from './plans.ts';
import type { TraceRow } from './trace.ts';

/** One usage event on its way, in the plain form. */
export interface SentEvent {
  readonly organization_id: string;
  readonly metric_name: string;
  readonly quantity: string;
  readonly timestamp: string;
  readonly idempotency_key: string;
}

/** What one tenant's client sends, batch by batch, with everything a real client does wrong. */
export interface TenantFeed {
  readonly tenant: number;
  readonly batches: readonly (readonly SentEvent[])[];
  /** kept back by the client until the day is over, but not until the books are closed */
  readonly late: readonly SentEvent[];
  /** rows of the trace in the order their events are sent for the first time */
  readonly order: readonly number[];
}

export const BATCH_EVENTS = 500;
const METRICS = ['input_tokens', 'output_tokens', 'requests'] as const;

const quantityOf = (row: TraceRow, metric: (typeof METRICS)[number]): string =>
  metric === 'input_tokens' ? row.inputTokens : metric === 'output_tokens' ? row.outputTokens : '1';

/**
 * Lays out the events of one tenant: three per request, mostly in order. Neighbours are swapped, one event in twenty is
 * sent again, one request in forty comes late, and now and then an event is sent that must be refused: a key used again
 * for another quantity, a time before the acceptance window.
 */
export function feedOf(rows: readonly TraceRow[], tenant: number, tenants: number): TenantFeed {
  const mine = rows.map((_, index) => index).filter((index) => index % tenants === tenant);
  const punctual = mine.filter((_, place) => place % 40 !== 39);
  const lateRows = mine.filter((_, place) => place % 40 === 39);
  const shuffled = swapNeighbours(punctual);
  const events: SentEvent[] = [];
  for (const [place, index] of shuffled.entries()) {
    const row = rows[index]!;
    const sent = METRICS.map((metric) => eventOf(row, index, metric, tenant));
    events.push(...sent);
    if (place % 7 === 3) events.push(sent[place % 3]!);
    if (place % 50 === 25) events.push({ ...sent[0]!, quantity: `${sent[0]!.quantity}1` });
    if (place % 100 === 60) {
      const tooOld = plusMicros(row.time, -60n * 86_400_000_000n);
      events.push({ ...sent[1]!, timestamp: tooOld, idempotency_key: `${sent[1]!.idempotency_key}-old` });
    }
  }
  const batches: SentEvent[][] = [];
  for (let at = 0; at < events.length; at += BATCH_EVENTS) batches.push(events.slice(at, at + BATCH_EVENTS));
  const late = lateRows.flatMap((index) => METRICS.map((metric) => eventOf(rows[index]!, index, metric, tenant)));
  return { tenant, batches, late, order: [...shuffled, ...lateRows] };
}

const eventOf = (row: TraceRow, index: number, metric: (typeof METRICS)[number], tenant: number): SentEvent => ({
  organization_id: tenantId(tenant),
  metric_name: metric,
  quantity: quantityOf(row, metric),
  timestamp: row.time,
  idempotency_key: `request-${index}-${metric}`,
});

/** Every fifth pair of neighbours changes places. */
function swapNeighbours(indexes: readonly number[]): number[] {
  const swapped = [...indexes];
  for (let at = 0; at + 1 < swapped.length; at += 5) {
    [swapped[at], swapped[at + 1]] = [swapped[at + 1]!, swapped[at]!];
  }
  return swapped;
}
