import {
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** How a trace comes into the process and leaves it. */
export interface TraceContext {
  /** The trace that a request belongs to: `traceparent` (W3C) first, `X-Cloud-Trace-Context` (Google) where there is none. */
  fromRequest(headers: Headers): Context;
  /** The trace in which a message was published. */
  fromMessage(attributes: Headers): Context;
  /** Attributes by which whoever receives a message finds the trace that is active now. */
  toMessage(): Record<string, string>;
}

export async function openTraceContext(): Promise<TraceContext> {
  // Imported when it is wanted: a process without telemetry starts without it, however its code was bundled.
  const { W3CTraceContextPropagator } = await import('@opentelemetry/core');
  const w3c = new W3CTraceContextPropagator();
  const fromMessage = (attributes: Headers): Context => w3c.extract(ROOT_CONTEXT, attributes, defaultTextMapGetter);
  return {
    fromMessage,
    fromRequest: (headers) => {
      const found = fromMessage(headers);
      if (trace.getSpanContext(found) !== undefined) return found;
      const parent = readCloudTrace(headers['x-cloud-trace-context']);
      return parent === undefined ? found : trace.setSpanContext(found, parent);
    },
    toMessage: () => {
      const carrier: Record<string, string> = {};
      w3c.inject(context.active(), carrier, defaultTextMapSetter);
      // `tracestate` stays here: it is whatever a caller's systems wrote, and a message carries nothing of that kind.
      const { traceparent } = carrier;
      return traceparent === undefined ? {} : { traceparent };
    },
  };
}

/** `TRACE_ID/SPAN_ID;o=OPTIONS` with the span id in decimal (Google Cloud, "Trace context"). */
function readCloudTrace(field: string | readonly string[] | undefined): SpanContext | undefined {
  const match = typeof field === 'string' ? /^([0-9a-f]{32})\/([0-9]{1,20})(?:;o=([01]))?$/i.exec(field) : null;
  if (match === null) return undefined;
  const spanContext: SpanContext = {
    traceId: match[1]!.toLowerCase(),
    spanId: BigInt.asUintN(64, BigInt(match[2]!)).toString(16).padStart(16, '0'),
    traceFlags: match[3] === '1' ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  };
  return isSpanContextValid(spanContext) ? spanContext : undefined;
}
