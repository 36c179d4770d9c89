import type { Attributes, Counter, Histogram, Meter, Tracer } from '@opentelemetry/api';
import { type Instant, microsOf } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { METRICS } from './names.ts';
import type { TraceContext } from './trace-context.ts';

/** All that is measured. */
export interface Instruments {
  readonly requestDuration: Histogram;
  readonly processDuration: Histogram;
  readonly operationDuration: Histogram;
  readonly usageEvents: Counter;
  readonly receipts: Counter;
  readonly seals: Counter;
  readonly faults: Counter;
  readonly vaultObjects: Counter;
}

export interface Telemetry extends Instruments {
  readonly tracer: Tracer;
  readonly traceContext: TraceContext;
  readonly clock: Clock;
}

// One per process, as OpenTelemetry itself has it: a trace goes through code that hands nothing along.
let active: Telemetry | undefined;

/** What this process traces and measures with; undefined while it does neither, and then nothing is spent on it. */
export const telemetry = (): Telemetry | undefined => active;

export function setTelemetry(next: Telemetry | undefined): void {
  active = next;
}

/** Boundaries that the conventions advise for requests and messages, in seconds. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** The same for database operations. */
const OPERATION_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

export function instrumentsOf(meter: Meter): Instruments {
  const seconds = (name: string, description: string, explicitBucketBoundaries: number[]): Histogram =>
    meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries } });
  const count = (name: string, unit: string, description: string): Counter =>
    meter.createCounter(name, { description, unit });
  return {
    requestDuration: seconds(
      METRICS.httpServerRequestDuration,
      'Duration of HTTP server requests, from when their body is here',
      REQUEST_SECONDS,
    ),
    processDuration: seconds(METRICS.messagingProcessDuration, 'Duration of answering a message', REQUEST_SECONDS),
    operationDuration: seconds(
      METRICS.dbClientOperationDuration,
      'Duration of a whole transaction or snapshot, with its waits and retries',
      OPERATION_SECONDS,
    ),
    usageEvents: count('tallystick.usage.events', '{event}', 'Usage events by what became of them'),
    receipts: count('tallystick.ledger.receipts', '{receipt}', 'Entries appended to the logs of tenants'),
    seals: count('tallystick.ledger.seals', '{seal}', 'Seals signed and published'),
    faults: count('tallystick.ledger.faults', '{fault}', 'Faults found, again in every pass until they are put right'),
    vaultObjects: count('tallystick.vault.objects', '{object}', 'Objects handed to the vault by what became of them'),
  };
}

/** Notes in a histogram how long ago something began. A wall clock that was set back in between makes it no time at all. */
export function noteSeconds(histogram: Histogram, clock: Clock, began: Instant, attributes: Attributes): void {
  histogram.record(Math.max(0, Number(microsOf(clock.now()) - microsOf(began)) / 1_000_000), attributes);
}
