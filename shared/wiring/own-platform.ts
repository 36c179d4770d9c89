import { SystemClock } from '../adapters/local/clock.ts';
import { SystemEntropy } from '../adapters/local/entropy.ts';
import { base64url } from '../domain/canonical.ts';
import { readConfig } from '../edge/config.ts';
import { drainProcess } from '../edge/drain.ts';
import { Admission } from '../edge/http/admission.ts';
import { Arriving } from '../edge/http/arriving.ts';
import { guardProcess } from '../edge/http/guard.ts';
import { createLog } from '../edge/log.ts';
import { observedLog } from '../edge/telemetry/counts.ts';
import { startTelemetry } from '../edge/telemetry.ts';
import { type Openers, openCloudPlatform } from './cloud-platform.ts';
import { openLocalPlatform } from './platform.ts';
import type { Base, PortName } from './ports.ts';

type OwnPlatform<N extends PortName> = Awaited<ReturnType<typeof openCloudPlatform<N>>>;

/**
 * The platform of a process that runs one function on the Functions Framework's own command line: configured by the
 * environment, every server of the process guarded, closed only when every request is answered.
 * @param openers the ports that this function uses, so that it imports no other engine's client
 */
export async function ownPlatform<N extends PortName>(openers: Openers<N | 'database'>) {
  const config = readConfig(process.env);
  const clock = new SystemClock();
  const entropy = new SystemEntropy();
  const log = createLog(config.logLevel, clock, {
    project: config.project,
    secrets: [config.callerToken, config.cursorKey, config.taxEngineToken],
  });
  const newRequestId = (): string => `req_${base64url(entropy.bytes(12))}`;
  const drain = drainProcess({ clock, log, drainSeconds: config.drainSeconds, newRequestId });
  const telemetry = await startTelemetry({
    service: config.service,
    version: config.revision,
    instance: base64url(entropy.bytes(12)),
    endpoint: config.otlpEndpoint,
    project: config.project,
    environment: config.environment,
    region: config.region,
    clock,
    log,
  });
  drain.onClose('telemetry', telemetry.close);
  const base = { config, clock, entropy, log: observedLog(log) };
  const platform = config.platform === 'cloud' ? await openCloudPlatform(base, openers) : await openEmbedded<N>(base);
  drain.onClose('platform', platform.close);
  guardProcess({
    admission: new Admission({ requestsMax: config.requestsInHand, bytesMax: config.bytesInHand }),
    arriving: new Arriving(config.bytesInHand),
    // Health must be told however much there is to do.
    isOwn: (target) => target === '/healthz',
    newRequestId,
    onRefusal: ({ requestId, code }) => log.info('request_refused', { request_id: requestId, code }),
  });
  return { ...platform, stopping: drain.stopping };
}

/** One function on the embedded store, which it owns alone. Its bus keeps messages but delivers none: that is the suite's work. */
async function openEmbedded<N extends PortName>(base: Base): Promise<OwnPlatform<N>> {
  const deliver = () => Promise.reject(new Error('this process delivers no messages'));
  // It has every port, so it has those that were asked for; the type of a notary that depends on N hides that.
  return (await openLocalPlatform({ ...base, deliver })) as unknown as OwnPlatform<N>;
}
