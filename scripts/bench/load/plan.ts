import { type Instant, parseInstant } from '../../../shared/domain/time.ts';
import { batchBody } from '../events.ts';
import type { HistogramJson } from './histogram.ts';

/** Requests one after the other on each connection: the next is sent when the last was answered. */
export interface ClosedPace {
  readonly kind: 'closed';
  readonly connections: number;
  readonly requests: number;
}

/** Requests at instants that do not depend on answers. One that finds no connection free waits, and its latency counts. */
export interface OpenPace {
  readonly kind: 'open';
  readonly perSecond: number;
  readonly seconds: number;
  readonly arrival: 'poisson' | 'constant';
  readonly connections: number;
}

/** Usage of some organizations in turn. */
export interface StreamPlan {
  readonly name: string;
  /** place of the first organization, see `tenantName` */
  readonly firstTenant: number;
  /** an API key for each organization */
  readonly keys: readonly string[];
  /** events of a request */
  readonly size: number;
  /** number of each organization's first batch, in batches of this size */
  readonly firstBatch: number;
  readonly pace: ClosedPace | OpenPace;
}

export interface LoadPlan {
  readonly port: number;
  readonly streams: readonly StreamPlan[];
  /** how often a line says how it goes; 0 for never */
  readonly windowMilliseconds: number;
  /** how long is waited for answers after the last request of an open pace */
  readonly graceSeconds: number;
}

/** Which events a stream has sent: enough to make every one of them again. */
export interface Sent {
  readonly firstTenant: number;
  readonly tenants: number;
  readonly size: number;
  readonly firstBatch: number;
  /** how many were sent: request k is of organization k mod `tenants` */
  readonly requests: number;
  /** from which request on events were dated by which second */
  readonly stamps: readonly (readonly [request: number, at: string])[];
  /** requests that were answered with a refusal in the end */
  readonly refused: readonly number[];
  /** requests whose answer never came: they may have been taken or not */
  readonly unanswered: readonly number[];
}

export interface StreamResult extends Sent {
  readonly name: string;
  /** requests that were answered 202, all events accepted */
  readonly accepted: number;
  /** of them, those that were answered while the pace went on */
  readonly acceptedInTime: number;
  /** events that an answer 202 did not take */
  readonly refusedEvents: number;
  /** answers by status, repeats included */
  readonly statuses: Readonly<Record<string, number>>;
  /** refusals with 429 or 503 that did not say when to come again */
  readonly withoutRetryAfter: number;
  readonly brokenConnections: number;
  /** requests due or under way when the pace ended */
  readonly leftAtEnd: number;
  /** from the instant a request was due until its answer 202; what was never answered until the load ended */
  readonly latency: HistogramJson;
  readonly refusals: HistogramJson;
  /** from the first request until the last one's answer, or the pace's own time */
  readonly seconds: number;
}

export interface LoadResult {
  readonly streams: readonly StreamResult[];
  readonly events: number;
  readonly requests: number;
  /** when the first request was due: milliseconds of the wall clock */
  readonly begunAt: number;
  /** of the load generator's own process, while it made load */
  readonly cpuMicros: number;
}

/** How it went since the last window. */
export interface LoadWindow {
  /** seconds since the load began */
  readonly at: number;
  readonly streams: readonly {
    readonly name: string;
    readonly accepted: number;
    readonly refused: number;
    /** requests due or under way */
    readonly waiting: number;
    /** events accepted since the load began */
    readonly acceptedEvents: number;
    readonly latency: HistogramJson;
  }[];
}

/** Now, as `begunAt` tells it: comparable between processes of one machine. */
export const wallMilliseconds = (): number => performance.timeOrigin + performance.now();

export const secondOf = (milliseconds: number): Instant =>
  parseInstant(new Date(Math.floor(milliseconds / 1000) * 1000).toISOString(), 'load');

/** The body of request k of a stream, as `Sent` tells it. */
export const bodyOfRequest = (
  { firstTenant, tenants, size, firstBatch }: Omit<Sent, 'requests' | 'stamps' | 'refused' | 'unanswered'>,
  request: number,
  at: Instant,
): Buffer => batchBody(firstTenant + (request % tenants), firstBatch + Math.floor(request / tenants), size, at);
