import { type Attributes, context, createNoopMeter, DiagLogLevel, diag, ProxyTracerProvider } from '@opentelemetry/api';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { instrumentsOf, setTelemetry } from './telemetry/active.ts';
import { NAMES, OWN } from './telemetry/names.ts';
import { openSdk, type Sdk } from './telemetry/sdk.ts';
import { openTraceContext } from './telemetry/trace-context.ts';

export interface TelemetryOptions {
  /** The function's name; everything that it sends is found under it. */
  readonly service: string;
  /** Which revision of it; empty where nobody says. */
  readonly version: string;
  /** Unlike that of any other process: two that write the same series would overwrite each other's counts. */
  readonly instance: string;
  /** Where OTLP over HTTP is taken, without `/v1/…`; empty sends nothing. */
  readonly endpoint: string;
  /** Google Cloud project, empty outside. */
  readonly project: string;
  readonly environment: string;
  /** Residency region of the stack. */
  readonly region: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RunningTelemetry {
  /** Sends what is left and stops. To be called once no request is under way. */
  close(): Promise<void>;
}

/**
 * Starts to trace and measure this process. Call it before anything is opened: what is decorated afterwards takes part.
 *
 * Without an endpoint nothing is recorded. In a Google Cloud project the trace of a request is then still known while it
 * runs, so that log lines name it and messages carry it on: Cloud Run traces requests by itself. Outside one, nothing
 * at all is loaded or done.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<RunningTelemetry> {
  const { endpoint, project, clock, log } = options;
  if (endpoint === '' && project === '') return { close: async () => undefined };
  const [{ AsyncLocalStorageContextManager }, traceContext, sdk] = await Promise.all([
    import('@opentelemetry/context-async-hooks'),
    openTraceContext(),
    endpoint === '' ? NOTHING_SENT : openSdk(endpoint, resourceOf(options)),
  ]);
  tellTroubles(clock, log);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  setTelemetry({ ...instrumentsOf(sdk.meter), tracer: sdk.tracer, traceContext, clock });
  return {
    close: async () => {
      setTelemetry(undefined);
      await sdk.close();
      context.disable();
      diag.disable();
    },
  };
}

/** Spans of it carry on the trace of a request and are not recorded. */
const NOTHING_SENT: Sdk = {
  tracer: new ProxyTracerProvider().getTracer(''),
  meter: createNoopMeter(),
  close: async () => undefined,
};

function resourceOf({ service, version, instance, project, environment, region }: TelemetryOptions): Attributes {
  return {
    [NAMES.serviceName]: service,
    [NAMES.serviceNamespace]: 'tallystick',
    [NAMES.serviceInstanceId]: instance,
    [NAMES.deploymentEnvironmentName]: environment,
    [OWN.region]: region,
    ...(version !== '' && { [NAMES.serviceVersion]: version }),
    ...(project !== '' && {
      [NAMES.cloudProvider]: 'gcp',
      [NAMES.cloudPlatform]: 'gcp_cloud_functions',
      [NAMES.cloudAccountId]: project,
      [NAMES.faasName]: service,
      ...(version !== '' && { [NAMES.faasVersion]: version }),
    }),
  };
}

/** That nothing can be sent is worth one line a minute, not one per second. */
function tellTroubles(clock: Clock, log: Log): void {
  let told = false;
  const tell = (message: string): void => {
    if (told) return;
    told = true;
    clock.after(60_000, () => (told = false));
    log.warn('telemetry_trouble', { detail: message });
  };
  const ignore = (): void => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
