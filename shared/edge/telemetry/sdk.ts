import type { Attributes, Meter, Tracer } from '@opentelemetry/api';

/**
 * How long finished spans wait for others to be sent with them. Short, because a function that is billed by the request has
 * no processor between requests: what is not sent while one runs waits for the next, or for the drain.
 */
const SPANS_WAIT_MILLISECONDS = 1_000;
const METRICS_INTERVAL_MILLISECONDS = 10_000;
/** Less than the time a process has for closing: a collector that does not answer must not hold up its end. */
const EXPORT_TIMEOUT_MILLISECONDS = 1_000;
const SCOPE = 'tallystick';

export interface Sdk {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Sends what is left, then stops. Never rejects: who loses traces has not failed. */
  close(): Promise<void>;
}

/**
 * OpenTelemetry's SDK, sending OTLP as JSON over HTTP.
 *
 * Its providers are not made the process's global ones: Google's clients trace into those, with names of buckets, tables
 * and statements in their attributes, and what leaves this process is only what stands in this folder.
 */
export async function openSdk(endpoint: string, resourceAttributes: Attributes): Promise<Sdk> {
  // Imported when it is wanted, as in trace-context.ts: it takes longer to load than the rest of a small function.
  const [traces, metrics, { resourceFromAttributes }, { OTLPTraceExporter }, { OTLPMetricExporter }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
    ]);
  const base = endpoint.replace(/\/+$/, '');
  const exporting = (signal: string) => ({
    url: `${base}/v1/${signal}`,
    timeoutMillis: EXPORT_TIMEOUT_MILLISECONDS,
  });
  const resource = resourceFromAttributes(resourceAttributes);
  const tracing = new traces.TracerProvider({
    resource,
    // Whoever called has decided, and in the cloud somebody always has: Google's front end takes a sample for all of us.
    sampler: new traces.ParentBasedSampler({ root: new traces.AlwaysOnSampler() }),
    spanProcessors: [
      new traces.BatchSpanProcessor({
        exporter: new OTLPTraceExporter(exporting('traces')),
        scheduledDelayMillis: SPANS_WAIT_MILLISECONDS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MILLISECONDS,
      }),
    ],
  });
  const metering = new metrics.MeterProvider({
    resource,
    readers: [
      new metrics.PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter(exporting('metrics')),
        exportIntervalMillis: METRICS_INTERVAL_MILLISECONDS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MILLISECONDS,
      }),
    ],
  });
  return {
    tracer: tracing.getTracer(SCOPE),
    meter: metering.getMeter(SCOPE),
    close: async () => {
      await Promise.allSettled([tracing.shutdown(), metering.shutdown()]);
    },
  };
}
