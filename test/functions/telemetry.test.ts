import assert from 'node:assert/strict';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { diag, trace } from '@opentelemetry/api';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { ingestHandler } from '../../functions/ingest/handler.ts';
import { sealLedgerHandler } from '../../functions/seal-ledger/handler.ts';
import { signReceiptsHandler } from '../../functions/sign-receipts/handler.ts';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import { newApiKey } from '../../shared/edge/auth.ts';
import { sharedSecretCallers } from '../../shared/edge/callers.ts';
import { readConfig } from '../../shared/edge/config.ts';
import { guardServer } from '../../shared/edge/http/guard.ts';
import { type ApiRoute, httpHandler } from '../../shared/edge/http/handler.ts';
import { requireJsonBody } from '../../shared/edge/http/json-body.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { parsePush } from '../../shared/edge/pubsub.ts';
import { countUsage, observedLog, observedVault } from '../../shared/edge/telemetry/counts.ts';
import { observedDatabase } from '../../shared/edge/telemetry/database.ts';
import { observeDelivery, propagate } from '../../shared/edge/telemetry/messages.ts';
import { METRICS, NAMES } from '../../shared/edge/telemetry/names.ts';
import { observedPorts } from '../../shared/edge/telemetry/ports.ts';
import { type RunningTelemetry, startTelemetry, type TelemetryOptions } from '../../shared/edge/telemetry.ts';
import type { Database, Reader, Transaction } from '../../shared/ports/database.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import { freezes, pages, seals } from '../../shared/stores/tables.ts';
import { openLocalPorts } from '../../shared/wiring/local-ports.ts';
import { assemble } from '../../shared/wiring/platform.ts';
import { ON_A_STANDING_CLOCK } from '../../shared/wiring/suite.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { FrameworkProcess } from '../support/framework-process.ts';
import { OtlpCollector, type ReceivedSeries, type ReceivedSpan } from '../support/otlp-collector.ts';
import { at, CALLER_TOKEN } from '../support/suite.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** A caller's trace, from the examples of the W3C's "Trace Context". */
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER_SPAN = '00f067aa0ba902b7';
const KEPT = `00-${TRACE}-${CALLER_SPAN}-01`;
const NOT_KEPT = `00-${TRACE}-${CALLER_SPAN}-00`;

const sent: { level: string; event: string; facts: unknown }[] = [];
const log: Log = {
  info: (event, facts) => void sent.push({ level: 'info', event, facts }),
  warn: (event, facts) => void sent.push({ level: 'warn', event, facts }),
  error: (event, _error, facts) => void sent.push({ level: 'error', event, facts }),
};

let collector: OtlpCollector;
let clock: ManualClock;
let running: RunningTelemetry | undefined;
let servers: Server[] = [];
let handlers = 0;

const start = async (more: Partial<TelemetryOptions> = {}): Promise<void> => {
  running = await startTelemetry({
    service: 'ingest',
    version: 'ingest-00007-abc',
    instance: 'instance-1',
    endpoint: collector.url,
    project: 'billing-eu',
    environment: 'staging',
    region: 'eu',
    clock,
    log,
    ...more,
  });
};
/** Ends telemetry, which sends all that was recorded. */
const flush = async (): Promise<void> => {
  await running?.close();
  running = undefined;
};

/** A function behind the real framework and guard. @returns its address */
async function serve(handler: Parameters<typeof http>[1]): Promise<string> {
  const name = `telemetry-test-${++handlers}`;
  http(name, handler);
  const inner = getTestServer(name);
  const server = createServer((req, res) => void inner.emit('request', req, res));
  guardServer(server, { newRequestId: () => 'req_refused' });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const options = handlerOptions({ newRequestId: () => 'req_1', log });
const route = (path: string, handle: ApiRoute['handle'], more: Partial<ApiRoute> = {}): ApiRoute => ({
  method: 'GET',
  path,
  handle,
  ...more,
});
const invoice = route('/api/v1/billing/invoices/:invoiceId', async () => ({ status: 200, json: 'an invoice' }), {
  query: ['limit'],
});

const spansOf = (kind: ReceivedSpan['kind']): ReceivedSpan[] => collector.spans.filter((span) => span.kind === kind);
const seriesOf = (name: string): Omit<ReceivedSeries, 'resource'>[] =>
  collector.series.filter((series) => series.name === name).map(({ resource: _, ...series }) => series);

beforeEach(async () => {
  collector = await OtlpCollector.start();
  clock = new ManualClock(at('2026-03-03T14:00:00Z'));
  sent.length = 0;
});
afterEach(async () => {
  await flush();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers = [];
  await collector.stop();
});

describe('telemetry of a request', () => {
  const ask = async (routes: ApiRoute[], path: string, headers: Record<string, string> = {}): Promise<void> => {
    const response = await fetch(`${await serve(httpHandler(routes, options))}${path}`, { headers });
    await response.arrayBuffer();
  };

  it('is one span in the trace of whoever asks, with the route and nothing of what was asked', async () => {
    await start();
    await ask([invoice], '/api/v1/billing/invoices/INV-2026-000017?limit=5', { traceparent: KEPT });
    await flush();
    assert.equal(collector.spans.length, 1);
    const { spanId, resource: _, ...span } = collector.spans[0]!;
    assert.match(spanId, /^[0-9a-f]{16}$/);
    assert.deepEqual(span, {
      name: 'GET /api/v1/billing/invoices/:invoiceId',
      kind: 'server',
      traceId: TRACE,
      parentSpanId: CALLER_SPAN,
      attributes: {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'http.route': '/api/v1/billing/invoices/:invoiceId',
        'http.response.status_code': 200,
      },
      failed: false,
      links: [],
    });
  });

  for (const [says, headers, traceId, parentSpanId] of [
    [
      "Google's own header where there is no other",
      // 74 in decimal is 4a.
      { 'X-Cloud-Trace-Context': '105445aa7843bc8bf206b12000100000/74;o=1' },
      '105445aa7843bc8bf206b12000100000',
      '000000000000004a',
    ],
    [
      'traceparent where both are there',
      { 'X-Cloud-Trace-Context': '105445aa7843bc8bf206b12000100000/74;o=1', traceparent: KEPT },
      TRACE,
      CALLER_SPAN,
    ],
    [
      "Google's own header where the other cannot be read",
      { 'X-Cloud-Trace-Context': '105445aa7843bc8bf206b12000100000/74;o=1', traceparent: '00-zz-zz-01' },
      '105445aa7843bc8bf206b12000100000',
      '000000000000004a',
    ],
  ] as const) {
    it(`goes by ${says}`, async () => {
      await start();
      await ask([invoice], '/api/v1/billing/invoices/7', { ...headers });
      await flush();
      assert.deepEqual([collector.spans[0]?.traceId, collector.spans[0]?.parentSpanId], [traceId, parentSpanId]);
    });
  }

  for (const [says, headers] of [
    ['nothing', {}],
    ['a trace id of zeros', { traceparent: `00-${'0'.repeat(32)}-${CALLER_SPAN}-01` }],
    ['a Google header without a span', { 'X-Cloud-Trace-Context': '105445aa7843bc8bf206b12000100000;o=1' }],
    ['a Google header with the span 0', { 'X-Cloud-Trace-Context': '105445aa7843bc8bf206b12000100000/0;o=1' }],
  ] as const) {
    it(`begins a trace where the caller names ${says}`, async () => {
      await start();
      await ask([invoice], '/api/v1/billing/invoices/7', { ...headers });
      await flush();
      assert.equal(collector.spans[0]?.parentSpanId, '');
      assert.match(collector.spans[0]?.traceId ?? '', /^[0-9a-f]{32}$/);
    });
  }

  it('is measured but not traced where the caller does not keep the trace', async () => {
    await start();
    for (const headers of [
      { traceparent: NOT_KEPT },
      { 'X-Cloud-Trace-Context': `${TRACE}/1;o=0` },
      { 'X-Cloud-Trace-Context': `${TRACE}/1` },
    ]) {
      await ask([invoice], '/api/v1/billing/invoices/7', headers);
    }
    await flush();
    assert.equal(collector.spans.length, 0);
    assert.equal(seriesOf('http.server.request.duration')[0]?.count, 3);
  });

  it('is measured in seconds, by method, route, scheme and status: 0.25 s and 1.5 s are 1.75 s', async () => {
    await start();
    const slow = route('/slow/:milliseconds', async ({ params }) => {
      clock.advance(Number(params['milliseconds']));
      return { status: 200, json: 'done' };
    });
    await ask([slow], '/slow/250');
    await ask([slow], '/slow/1500', { 'X-Forwarded-Proto': 'https' });
    await ask([slow], '/slow/1500');
    await flush();
    const known = {
      'http.request.method': 'GET',
      'http.route': '/slow/:milliseconds',
      'http.response.status_code': 200,
    };
    const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    const name = 'http.server.request.duration';
    assert.deepEqual(seriesOf(name), [
      { name, unit: 's', attributes: { ...known, 'url.scheme': 'http' }, sum: 1.75, count: 2, bounds },
      { name, unit: 's', attributes: { ...known, 'url.scheme': 'https' }, sum: 1.5, count: 1, bounds },
    ]);
  });

  it('that fails by our fault is an error with its code; that is refused is none', async () => {
    await start();
    const bug = route('/bug', () => Promise.reject(new Error('swordfish')));
    await ask([bug], '/bug');
    await ask([bug], '/nowhere/INV-2026-000017');
    await flush();
    assert.deepEqual(
      collector.spans.map(({ name, failed, attributes }) => ({ name, failed, attributes })),
      [
        {
          name: 'GET /bug',
          failed: true,
          attributes: {
            'http.request.method': 'GET',
            'url.scheme': 'http',
            'http.route': '/bug',
            'http.response.status_code': 500,
            'error.type': 'internal',
          },
        },
        {
          name: 'GET',
          failed: false,
          attributes: { 'http.request.method': 'GET', 'url.scheme': 'http', 'http.response.status_code': 404 },
        },
      ],
    );
    assert.deepEqual(
      seriesOf('http.server.request.duration').map(({ attributes }) => attributes['error.type']),
      ['internal', undefined],
    );
  });

  it('with a method that nobody knows has no name that the caller chose', async () => {
    await start();
    const url = await serve(httpHandler([invoice], options));
    await new Promise((resolve) =>
      httpRequest(url, { method: 'PROPFIND' }, (res) => res.resume().once('end', resolve)).end(),
    );
    await flush();
    assert.equal(collector.spans[0]?.name, '_OTHER');
    assert.equal(collector.spans[0]?.attributes['http.request.method'], '_OTHER');
  });

  it('says which function of which stack it comes from', async () => {
    await start();
    await ask([invoice], '/api/v1/billing/invoices/7');
    await flush();
    const expected = {
      'service.name': 'ingest',
      'service.namespace': 'tallystick',
      'service.version': 'ingest-00007-abc',
      'service.instance.id': 'instance-1',
      'deployment.environment.name': 'staging',
      'cloud.provider': 'gcp',
      'cloud.platform': 'gcp_cloud_functions',
      'cloud.account.id': 'billing-eu',
      'faas.name': 'ingest',
      'faas.version': 'ingest-00007-abc',
      'tallystick.region': 'eu',
    };
    assert.deepEqual(collector.spans[0]?.resource, expected);
    assert.deepEqual(collector.series[0]?.resource, expected);
  });

  it('outside of Google Cloud does not claim to come from there', async () => {
    await start({ project: '', version: '' });
    await ask([invoice], '/api/v1/billing/invoices/7');
    await flush();
    assert.deepEqual(Object.keys(collector.spans[0]?.resource ?? {}).sort(), [
      'deployment.environment.name',
      'service.instance.id',
      'service.name',
      'service.namespace',
      'tallystick.region',
    ]);
  });
});

describe('telemetry of a message', () => {
  const body = (attributes: Record<string, string>, deliveryAttempt = 1): string =>
    JSON.stringify({
      subscription: 'projects/billing-eu/subscriptions/sign-receipts',
      deliveryAttempt,
      message: { messageId: '17', publishTime: clock.now(), orderingKey: 'acme', attributes },
    });
  /** A function that publishes, and keeps what it put on the message. */
  const publisher = async () => {
    const published: Record<string, string>[] = [];
    const handle = async () => {
      published.push({ tenant: 'acme', ...propagate() });
      return { status: 202 };
    };
    const url = await serve(httpHandler([route('/usage', handle, { method: 'POST' })], options));
    return { url: `${url}/usage`, published };
  };
  const subscriber = async (answer: () => Promise<unknown> = async () => undefined): Promise<string> => {
    const handle: ApiRoute['handle'] = async (request) => {
      await observeDelivery(parsePush(requireJsonBody(request, ['application/json']).value), answer);
      return { status: 204 };
    };
    return serve(httpHandler([route('/', handle, { method: 'POST' })], options));
  };
  const push = (url: string, text: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: text });

  it('goes on with the trace in which it was published, linked to the push that brought it', async () => {
    await start();
    const { url, published } = await publisher();
    await fetch(url, { method: 'POST', headers: { traceparent: KEPT } });
    let traceInside: string | undefined;
    const answer = async (): Promise<void> => {
      traceInside = trace.getActiveSpan()?.spanContext().traceId;
      clock.advance(40);
    };
    await push(await subscriber(answer), body(published[0]!, 3));
    await flush();

    const [sender, carrier] = spansOf('server');
    assert.deepEqual(published, [{ tenant: 'acme', traceparent: `00-${TRACE}-${sender!.spanId}-01` }]);
    const [{ spanId: _, resource: __, ...consumer }] = spansOf('consumer') as [ReceivedSpan];
    assert.deepEqual(consumer, {
      name: 'process sign-receipts',
      kind: 'consumer',
      traceId: TRACE,
      parentSpanId: sender!.spanId,
      attributes: {
        'messaging.system.name': 'gcp.pubsub',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.subscription.name': 'sign-receipts',
        'gcp.pubsub.message.delivery_attempt': 3,
      },
      failed: false,
      links: [{ traceId: carrier!.traceId, spanId: carrier!.spanId }],
    });
    assert.notEqual(carrier!.traceId, TRACE);
    assert.equal(traceInside, TRACE, 'what is logged meanwhile names the trace of the usage');
    const [{ sum, count, unit, attributes }] = seriesOf('messaging.process.duration') as [ReceivedSeries];
    assert.deepEqual(
      { sum, count, unit, attributes },
      {
        sum: 0.04,
        count: 1,
        unit: 's',
        attributes: {
          'messaging.system.name': 'gcp.pubsub',
          'messaging.operation.name': 'process',
          'messaging.destination.subscription.name': 'sign-receipts',
        },
      },
    );
  });

  it('of somebody who traces nothing belongs to the push that brought it', async () => {
    await start();
    await push(await subscriber(), body({ tenant: 'acme' }), { traceparent: KEPT });
    await flush();
    const [consumer] = spansOf('consumer');
    const [carrier] = spansOf('server');
    assert.deepEqual([consumer?.traceId, consumer?.parentSpanId, consumer?.links], [TRACE, carrier?.spanId, []]);
  });

  it('that cannot be answered now says so by the code of what went wrong', async () => {
    await start();
    await push(await subscriber(() => Promise.reject(new TryAgain('busy'))), body({ tenant: 'acme' }));
    await flush();
    assert.equal(spansOf('consumer')[0]?.failed, true);
    assert.equal(spansOf('consumer')[0]?.attributes['error.type'], 'temporarily_unavailable');
    assert.equal(seriesOf('messaging.process.duration')[0]?.attributes['error.type'], 'temporarily_unavailable');
  });

  it('carries nothing of what a caller wrote beside its trace', async () => {
    await start();
    const { url, published } = await publisher();
    await fetch(url, { method: 'POST', headers: { traceparent: KEPT, tracestate: 'vendor=customer-4711' } });
    assert.deepEqual(Object.keys(published[0]!), ['tenant', 'traceparent']);
  });
});

describe('telemetry of the database', () => {
  const ENGINE = { system: 'gcp.spanner', namespace: 'tallystick' } as const;
  const PAGE = { tenant: 'acme', first_seq: 0, bytes: new Uint8Array(0) };

  /** A database that has each transaction done as often as it is told, as Spanner does when it aborts. */
  class Retrying implements Database {
    readonly #attempts: number;
    written = 0;

    constructor(attempts: number) {
      this.#attempts = attempts;
    }

    async transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
      const write = (): void => void this.written++;
      const tx: Transaction = {
        read: async () => undefined,
        readMany: async () => [],
        range: async () => [],
        ranges: async () => [],
        insert: write,
        upsert: write,
        update: write,
        delete: write,
      };
      for (let attempt = 1; attempt < this.#attempts; attempt++) await work(tx);
      return work(tx);
    }

    read(): Promise<undefined> {
      return Promise.resolve(undefined);
    }

    async snapshot<T>(work: (view: Reader) => Promise<T>): Promise<T> {
      return work({
        read: async () => undefined,
        readMany: async () => [],
        range: async () => [],
        ranges: async () => [],
      });
    }

    purgeExpired(): Promise<number> {
      return Promise.resolve(0);
    }

    close(): Promise<void> {
      return Promise.resolve();
    }
  }

  /** Has something done with an observed database inside a request. */
  const within = async (database: Database, use: (database: Database) => Promise<unknown>): Promise<void> => {
    const observed = observedDatabase(database, ENGINE);
    const handle = async () => ({ status: 200, json: String(await use(observed)) });
    await fetch(`${await serve(httpHandler([route('/', handle)], options))}/`);
  };

  it('is one span per transaction inside its request, however many rows it has, with the attempts it took', async () => {
    await start();
    await within(new Retrying(3), (database) =>
      database.transact(async (tx) => {
        clock.advance(20);
        for (let seq = 0; seq < 500; seq++) tx.insert(pages, { ...PAGE, first_seq: seq, count: 1 });
      }),
    );
    await flush();
    const [request] = spansOf('server');
    const spans = spansOf('client');
    assert.equal(spans.length, 1);
    assert.equal(spans[0]!.parentSpanId, request!.spanId);
    assert.equal(spans[0]!.name, 'transact');
    assert.deepEqual(spans[0]!.attributes, {
      'db.system.name': 'gcp.spanner',
      'db.namespace': 'tallystick',
      'db.operation.name': 'transact',
      'tallystick.db.attempts': 3,
    });
    const name = 'db.client.operation.duration';
    assert.deepEqual(seriesOf(name), [
      {
        name,
        unit: 's',
        attributes: { 'db.system.name': 'gcp.spanner', 'db.namespace': 'tallystick', 'db.operation.name': 'transact' },
        // three attempts of 20 ms
        sum: 0.06,
        count: 1,
        bounds: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
      },
    ]);
  });

  it('is measured but no trace of its own outside of a request', async () => {
    await start();
    await observedDatabase(new Retrying(1), ENGINE).snapshot(async () => undefined);
    await flush();
    assert.equal(collector.spans.length, 0);
    assert.equal(seriesOf('db.client.operation.duration')[0]?.attributes['db.operation.name'], 'snapshot');
  });

  it('says what went wrong by its code, and hands on the error itself', async () => {
    await start();
    const observed = observedDatabase(new Retrying(1), ENGINE);
    const failure = new TryAgain('aborted too often');
    await assert.rejects(
      observed.transact(() => Promise.reject(failure)),
      failure,
    );
    await flush();
    assert.equal(seriesOf('db.client.operation.duration')[0]?.attributes['error.type'], 'temporarily_unavailable');
  });

  it('counts receipts and seals that were committed, once however often they were tried, and none that were not', async () => {
    await start();
    const database = new Retrying(3);
    const observed = observedDatabase(database, ENGINE);
    await observed.transact(async (tx) => {
      tx.insert(pages, { ...PAGE, count: 256 });
      tx.insert(pages, { ...PAGE, first_seq: 256, count: 44 });
      tx.insert(freezes, { tenant: 'acme', kind: 'gap', seq: 1, detail: '', frozen_at: '' });
    });
    // A signature alone is no seal yet; that it is published makes it one.
    await observed.transact(async (tx) => tx.update(seals, [0], { jws: 'e30..' }));
    await observed.transact(async (tx) => tx.update(seals, [0], { published_at: '2026-03-03T14:00:00.000000Z' }));
    const undone = observed.transact(async (tx) => {
      tx.insert(pages, { ...PAGE, first_seq: 300, count: 7 });
      throw new Error('undone');
    });
    await assert.rejects(undone);
    await flush();
    assert.deepEqual(seriesOf('tallystick.ledger.receipts'), [
      { name: 'tallystick.ledger.receipts', unit: '{receipt}', attributes: {}, sum: 300 },
    ]);
    assert.deepEqual(seriesOf('tallystick.ledger.seals'), [
      { name: 'tallystick.ledger.seals', unit: '{seal}', attributes: {}, sum: 1 },
    ]);
    assert.equal(database.written, 3 * (3 + 1 + 1) + 1, 'every write reached the database, in each attempt');
  });
});

describe('the counts', () => {
  it('say what became of usage events: 3 accepted, 2 duplicates, 1 refused', async () => {
    await start();
    countUsage([{ status: 'accepted' }, { status: 'duplicate' }, { status: 'accepted' }]);
    countUsage([{ status: 'accepted' }, { status: 'duplicate' }, { status: 'refused' }]);
    await flush();
    assert.deepEqual(
      seriesOf('tallystick.usage.events').map(({ unit, attributes, sum }) => [attributes['outcome'], sum, unit]),
      [
        ['accepted', 3, '{event}'],
        ['duplicate', 2, '{event}'],
        ['refused', 1, '{event}'],
      ],
    );
  });

  it('say what the vault did with what it was given', async () => {
    await start();
    const outcomes = ['created', 'present', 'created'] as const;
    let given = 0;
    const vault = observedVault({ create: async () => outcomes[given++]! } as unknown as Vault);
    for (const name of ['seals/0.json', 'seals/0.json', 'seals/1.json']) await vault.create(name, new Uint8Array(0));
    await flush();
    assert.deepEqual(
      seriesOf('tallystick.vault.objects').map(({ unit, attributes, sum }) => [attributes['outcome'], sum, unit]),
      [
        ['created', 2, '{object}'],
        ['present', 1, '{object}'],
      ],
    );
  });

  it('say how many faults reconciliation found, as its own line in the log does: 2 and 0 and 1 are 3', async () => {
    await start();
    const observed = observedLog(log);
    for (const faults of [2, 0, 1]) observed.info('reconciled', { entries: 10, faults, healed: 0 });
    observed.info('ledger_sealed', { seal: 7 });
    await flush();
    const name = 'tallystick.ledger.faults';
    assert.deepEqual(seriesOf(name), [{ name, unit: '{fault}', attributes: {}, sum: 3 }]);
    assert.equal(sent.length, 4, 'every line is still logged');
  });
});

describe('telemetry of the spine', () => {
  const TENANT = 'acme-of-springfield';
  const KEYS = ['order 4711', 'order 4712', 'order 4713'];

  it('follows usage from door to seal and never says whose it is', async () => {
    await start({ clock });
    const folder = await tempFolder();
    const entropy = new SeededEntropy('telemetry');
    const config = { ...readConfig({}), ...ON_A_STANDING_CLOCK, dataFolder: folder.path, rsaBits: 2048 as const };
    const base = { config, clock, entropy, log: observedLog(log) };
    const { ports, close } = await openLocalPorts({ ...base, deliver: async () => undefined });
    try {
      const platform = await assemble(base, ports, sharedSecretCallers(CALLER_TOKEN));
      const now = clock.now();
      const account = accountOf(TENANT, { meters: { calls: { model: perUnit('1') } } });
      await platform.accounts.put(account, now);
      const { keyId, secret, text } = newApiKey(entropy, config);
      const { tenant } = await platform.accounts.put(account, now);
      await platform.accounts.addKey({ keyId, secret, tenant, role: 'tenant_admin', createdAt: now });

      const ingest = await serve(ingestHandler(platform));
      const answer = await fetch(`${ingest}/api/v1/billing/usage`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${text}`, 'Content-Type': 'application/json', traceparent: KEPT },
        body: JSON.stringify(KEYS.map((key) => usage(key, 'calls', '1', now))),
      });
      assert.equal(answer.status, 202);
      const receipts = ((await answer.json()) as { results: { receipt_id: string }[] }).results;

      const push = (url: string, subscription: string, attributes: Record<string, string>): Promise<Response> => {
        const message = { messageId: '17', publishTime: now, orderingKey: TENANT, attributes };
        return fetch(url, {
          method: 'POST',
          headers: { Authorization: `Bearer ${CALLER_TOKEN}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ subscription, deliveryAttempt: 1, message }),
        });
      };
      const signing = await push(await serve(signReceiptsHandler(platform)), 'sign-receipts', {
        tenant: TENANT,
        traceparent: KEPT,
      });
      assert.equal(signing.status, 204);
      const sealing = await push(await serve(sealLedgerHandler(platform)), 'seal-ledger', {});
      assert.equal(sealing.status, 204);
      await flush();

      const [accepted] = spansOf('server');
      assert.equal(accepted?.traceId, TRACE);
      assert.ok(
        spansOf('client').some((span) => span.parentSpanId === accepted?.spanId),
        'its transactions are inside it',
      );
      const consumers = spansOf('consumer');
      assert.deepEqual(
        consumers.map(({ name, traceId }) => [name, traceId === TRACE]),
        [
          ['process sign-receipts', true],
          ['process seal-ledger', false],
        ],
      );
      // The log of a tenant begins with its first entries beside the receipts of usage.
      const { size } = (await platform.ledger.head(tenant))!;
      assert.equal(seriesOf('tallystick.ledger.receipts')[0]?.sum, size);
      assert.ok(size >= KEYS.length);
      assert.equal(seriesOf('tallystick.ledger.seals')[0]?.sum, 1);
      assert.deepEqual(
        seriesOf('tallystick.vault.objects').map(({ attributes, sum }) => [attributes['outcome'], sum]),
        // The seal, its heads, the key set it names, and under which blind the one log stands in it.
        [['created', 4]],
      );

      const everything = JSON.stringify([collector.spans, collector.series]);
      for (const word of [
        TENANT,
        ...KEYS,
        text,
        keyId,
        secret,
        CALLER_TOKEN,
        ...receipts.map((one) => one.receipt_id),
      ]) {
        assert.equal(everything.includes(word), false, word);
      }
      assert.deepEqual(namesIn([...collector.spans, ...collector.series]), [
        'db.namespace',
        'db.operation.name',
        'db.system.name',
        'gcp.pubsub.message.delivery_attempt',
        'http.request.method',
        'http.response.status_code',
        'http.route',
        'messaging.destination.subscription.name',
        'messaging.operation.name',
        'messaging.operation.type',
        'messaging.system.name',
        'outcome',
        'tallystick.db.attempts',
        'url.scheme',
      ]);
    } finally {
      await close();
      await folder.remove();
    }
  });
});

describe('telemetry that nobody wants', () => {
  it('is not there: the same database, vault and log, nothing on a message, no trace inside a request', async () => {
    await start({ endpoint: '', project: '' });
    const database = {} as Database;
    const vault = {} as Vault;
    assert.equal(observedDatabase(database, { system: 'sqlite', namespace: 'store' }), database);
    assert.equal(observedVault(vault), vault);
    assert.equal(observedLog(log), log);
    assert.deepEqual(observedPorts({ database, vault }, { system: 'sqlite', namespace: 'store' }), { database, vault });
    let inside: unknown = 'never ran';
    const handle = async () => {
      inside = [trace.getActiveSpan(), propagate()];
      return { status: 200, json: 'done' };
    };
    await fetch(`${await serve(httpHandler([route('/', handle)], options))}/`, { headers: { traceparent: KEPT } });
    assert.deepEqual(inside, [undefined, {}]);
  });

  it('in the cloud still names the trace that the caller has begun, in the log and on messages, and sends nothing', async () => {
    await start({ endpoint: '' });
    const inside: unknown[] = [];
    const handle = async () => {
      inside.push(trace.getActiveSpan()?.spanContext().traceId, propagate());
      return { status: 200, json: 'done' };
    };
    await fetch(`${await serve(httpHandler([route('/', handle)], options))}/`, { headers: { traceparent: KEPT } });
    await flush();
    assert.deepEqual(inside, [TRACE, { traceparent: KEPT }]);
    assert.deepEqual([collector.spans, collector.series], [[], []]);
  });
});

describe('telemetry on its way', () => {
  it('is sent before the process ends', async function () {
    this.timeout(40_000);
    const desk = await FrameworkProcess.start('test/support/desk-function.ts', 'desk', {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    try {
      const answer = fetch(`${desk.url}/slow/300`, { headers: { traceparent: KEPT } });
      await desk.until('working', () => desk.output.includes('began'));
      desk.kill('SIGTERM');
      assert.equal((await answer).status, 200);
      assert.deepEqual(await desk.ended, { code: 0, signal: null });
    } finally {
      await desk.stop();
    }
    assert.deepEqual(
      collector.spans.map(({ name, traceId }) => [name, traceId]),
      [['GET /slow/:milliseconds', TRACE]],
    );
    assert.equal(seriesOf('http.server.request.duration')[0]?.count, 1);
  });

  it('that nobody takes costs no request its answer, no process its end, and one line', async () => {
    await start({ endpoint: 'http://127.0.0.1:9' });
    const url = await serve(httpHandler([invoice], options));
    for (let asked = 0; asked < 3; asked++) {
      assert.equal((await fetch(`${url}/api/v1/billing/invoices/7`)).status, 200);
    }
    const began = performance.now();
    await flush();
    assert.ok(performance.now() - began < 4000, 'it gives up');
    assert.deepEqual(
      sent.filter(({ level }) => level !== 'info').map(({ event }) => event),
      ['telemetry_trouble'],
    );
  });
});

describe('trouble with telemetry', () => {
  it('is told once a minute, however often it is met', async () => {
    await start();
    for (const trouble of ['first', 'second', 'third']) diag.error(trouble);
    clock.advance(59_999);
    diag.warn('fourth');
    clock.advance(1);
    diag.error('fifth');
    assert.deepEqual(sent, [
      { level: 'warn', event: 'telemetry_trouble', facts: { detail: 'first' } },
      { level: 'warn', event: 'telemetry_trouble', facts: { detail: 'fifth' } },
    ]);
  });
});

describe('the names of what is measured', () => {
  it("are those of OpenTelemetry's semantic conventions", () => {
    const known = new Set<unknown>(Object.values(conventions));
    for (const name of [...Object.values(NAMES), ...Object.values(METRICS)]) assert.ok(known.has(name), name);
    for (const value of [
      conventions.CLOUD_PLATFORM_VALUE_GCP_CLOUD_FUNCTIONS,
      conventions.DB_SYSTEM_NAME_VALUE_GCP_SPANNER,
      conventions.MESSAGING_SYSTEM_NAME_VALUE_GCP_PUBSUB,
    ]) {
      assert.ok(['gcp_cloud_functions', 'gcp.spanner', 'gcp.pubsub'].includes(value), value);
    }
  });
});

const namesIn = (received: readonly (ReceivedSpan | ReceivedSeries)[]): string[] =>
  [...new Set(received.flatMap(({ attributes }) => Object.keys(attributes)))].sort();
