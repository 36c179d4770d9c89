import { http } from '@google-cloud/functions-framework';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { drainProcess } from '../../shared/edge/drain.ts';
import { guardProcess } from '../../shared/edge/http/guard.ts';
import { type ApiRoute, httpHandler } from '../../shared/edge/http/handler.ts';
import { requireJsonBody } from '../../shared/edge/http/json-body.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { createLog } from '../../shared/edge/log.ts';
import { startTelemetry } from '../../shared/edge/telemetry.ts';

/**
 * A function for tests of how a process behaves: built like the real ones, it does nothing but keep people waiting and
 * fail. It says on standard output when it begins to work on a request.
 *
 * `DESK`: `undrained` leaves signals to the framework; `opening` stays long in its start;
 * `broken` has something that cannot be closed. `DRAIN_SECONDS` and the collector's address as everywhere.
 */
const mode = process.env['DESK'] ?? '';
const clock = new SystemClock();
const log = createLog('info', clock);
let requests = 0;
const newRequestId = (): string => `req_${++requests}`;
const say = (what: string): void => void process.stdout.write(`${what}\n`);
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => void clock.after(milliseconds, resolve));

if (mode !== 'undrained') {
  const drain = drainProcess({ clock, log, newRequestId, drainSeconds: Number(process.env['DRAIN_SECONDS'] ?? '8') });
  const telemetry = await startTelemetry({
    service: 'desk',
    version: '',
    instance: 'desk-1',
    endpoint: process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '',
    project: '',
    environment: 'test',
    region: 'eu',
    clock,
    log,
  });
  drain.onClose('telemetry', telemetry.close);
  drain.onClose('first', async () => say('closed first'));
  if (mode === 'broken') drain.onClose('broken', () => Promise.reject(new Error('it would not close')));
  drain.onClose('last', async () => {
    await wait(20);
    say('closed last');
  });
  drain.stopping.addEventListener('abort', () => say('stopping'));
}
guardProcess({ newRequestId });

const routes: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: '/slow/:milliseconds',
    handle: async ({ params }) => {
      say('began');
      await wait(Number(params['milliseconds']));
      return { status: 200, bytes: Buffer.alloc(200_000, 'x'), contentType: 'text/plain' };
    },
  },
  {
    method: 'POST',
    path: '/echo',
    handle: async (request) => ({ status: 200, json: requireJsonBody(request, ['application/json']).value }),
  },
  {
    method: 'GET',
    path: '/bug',
    handle: () => Promise.reject(new Error('the password is swordfish')),
  },
  {
    method: 'GET',
    path: '/stray/:kind',
    handle: async ({ params }) => {
      say('began');
      if (params['kind'] === 'rejection') void Promise.reject(new Error('nobody waits for this'));
      else
        setImmediate(() => {
          throw new Error('nobody catches this');
        });
      await wait(300);
      return { status: 200, json: 'whole' };
    },
  },
];

if (mode === 'opening') {
  say('opening');
  await new Promise((resolve) => setTimeout(resolve, 30_000));
}
http('desk', httpHandler(routes, handlerOptions({ newRequestId, log })));
