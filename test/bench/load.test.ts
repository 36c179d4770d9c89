import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sealLedger } from '../../functions/seal-ledger/seal-ledger.ts';
import { signReceipts } from '../../functions/sign-receipts/sign-receipts.ts';
import { tenantName } from '../../scripts/bench/events.ts';
import { spreadOf } from '../../scripts/bench/figures.ts';
import { Histogram, latencyOf } from '../../scripts/bench/load/histogram.ts';
import {
  bodyOfRequest,
  type LoadPlan,
  type LoadWindow,
  type Sent,
  type StreamPlan,
} from '../../scripts/bench/load/plan.ts';
import { runLoad } from '../../scripts/bench/load/run.ts';
import { makeLoad } from '../../scripts/bench/load/spawn.ts';
import { slopeOf } from '../../scripts/bench/parts/singles.ts';
import { Heaps, type SoakLine, trendOf } from '../../scripts/bench/parts/soak.ts';
import { auditPlatform, compareCharges, expectedOf } from '../../scripts/bench/suite/audit.ts';
import { perEvent } from '../../scripts/bench/suite/disk.ts';
import { accountOf, prepareStore, withStore } from '../../scripts/bench/suite/store.ts';
import { entriesFor, StoreWatch } from '../../scripts/bench/suite/watch.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { parseUsageEvent } from '../../shared/domain/usage/event.ts';
import type { Platform } from '../../shared/wiring/platform.ts';
import { tempFolder } from '../support/temp-folder.ts';

const KEYS = ['key-of-the-first', 'key-of-the-second', 'key-of-the-third'];

describe('a histogram of latencies', () => {
  const of = (values: readonly number[]): Histogram => {
    const histogram = new Histogram();
    for (const value of values) histogram.record(value);
    return histogram;
  };

  it('knows values up to 127 µs exactly: of 1 to 100 the 50th is 50, the 99th 99, and p99.9 is the last', () => {
    const histogram = of(Array.from({ length: 100 }, (_, i) => i + 1));
    assert.deepEqual(
      [50, 99, 99.9, 100].map((percent) => histogram.percentile(percent)),
      [50, 99, 100, 100],
    );
  });

  it('knows greater ones to 1.6 per cent, never too low, and the greatest exactly', () => {
    for (const value of [128, 1000, 99_999, 1_234_567, 2 ** 31 - 1]) {
      const found = of([value, 2 ** 31 - 1]).percentile(50);
      assert.ok(found >= value && found <= value * (1 + 1 / 64), `${value} is told as ${found}`);
    }
    assert.equal(of([70_001]).percentile(50), 70_001);
  });

  it('is the same after it was sent to another process, and adds up', () => {
    const one = of([5, 500, 50_000]);
    const sent = Histogram.from(JSON.parse(JSON.stringify(one)));
    assert.deepEqual(sent.toJSON(), one.toJSON());
    sent.add(of([7, 7, 7]));
    assert.deepEqual(latencyOf(sent), { count: 6, p50: 0.007, p99: 50, p999: 50, most: 50 });
  });

  it('of nothing is nothing', () => {
    assert.deepEqual(latencyOf(new Histogram()), { count: 0, p50: 0, p99: 0, p999: 0, most: 0 });
  });
});

/** Answers usage as the suite does. @param answer what to say to each request, given its place */
async function listening(
  answer: (place: number, response: ServerResponse, body: string, request: IncomingMessage) => void,
) {
  let place = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(place++, response, Buffer.concat(chunks).toString('latin1'), request));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function accept(response: ServerResponse, accepted: number): void {
  const text = JSON.stringify({ accepted, duplicates: 0, refused: 0, results: [] });
  response.writeHead(202, { 'Content-Length': text.length });
  response.end(text);
}

function refuse(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>): void {
  response.writeHead(status, { ...headers, 'Content-Length': 2 });
  response.end('{}');
}

const planOf = (port: number, stream: StreamPlan): LoadPlan => ({
  ...{ port, streams: [stream], windowMilliseconds: 0, graceSeconds: 5 },
});

const closed = (requests: number, connections: number, size = 2): StreamPlan => ({
  ...{ name: 'batches', firstTenant: 3, keys: KEYS, size, firstBatch: 10 },
  pace: { kind: 'closed', connections, requests },
});

const open = (perSecond: number, seconds: number, connections: number): StreamPlan => ({
  ...{ name: 'singles', firstTenant: 0, keys: KEYS, size: 1, firstBatch: 0 },
  pace: { kind: 'open', perSecond, seconds, arrival: 'constant', connections },
});

describe('the load generator', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  it('counts from the instant a request was due: a stall of 200 ms is in the latency of all that were due in it', async () => {
    // 100 requests, one each 10 ms. From 500 ms on the server answers nothing until 700 ms. Due in that time are 20: they wait 200,
    // 190, ... 10 ms. So of 100 the greatest is 200, the 99th 190, the 90th 100, and the 80th is not among them. With 4 connections
    // only 4 of them were sent: who counts from the sending would find 4 slow ones.
    let begun = 0;
    const held: ServerResponse[] = [];
    const started = await listening((place, response) => {
      if (place === 0) {
        begun = performance.now();
        setTimeout(() => {
          for (const each of held.splice(0)) accept(each, 1);
        }, 700);
      }
      const at = performance.now() - begun;
      if (at >= 495 && at < 699) held.push(response);
      else accept(response, 1);
    });
    server = started.server;
    const { streams } = await runLoad(planOf(started.port, open(100, 1, 4)));
    const result = streams[0]!;
    assert.equal(result.accepted, 100);
    const latency = Histogram.from(result.latency);
    const at = (percent: number): number => latency.percentile(percent) / 1000;
    // Never less than by hand; more where this machine is slow.
    assert.ok(at(100) >= 190, `the greatest is ${at(100)} ms`);
    assert.ok(at(99) >= 180, `the 99th is ${at(99)} ms`);
    assert.ok(at(90) >= 90, `the 90th is ${at(90)} ms`);
    assert.ok(at(50) < at(90) / 2, `the 50th is ${at(50)} ms`);
  });

  it('offers what it shall, however slow the answers are, and says what was never answered', async () => {
    const started = await listening((place, response) => {
      if (place < 10) accept(response, 1);
    });
    server = started.server;
    const { streams } = await runLoad({ ...planOf(started.port, open(100, 0.5, 5)), graceSeconds: 0.3 });
    const { requests, accepted, unanswered, leftAtEnd, latency } = streams[0]!;
    assert.deepEqual([requests, accepted, leftAtEnd], [50, 10, 40]);
    assert.deepEqual(
      unanswered,
      Array.from({ length: 40 }, (_, i) => i + 10),
    );
    // Nothing is left out: the one due at 100 ms has waited for the 700 ms that are left.
    assert.equal(Histogram.from(latency).count, 50);
    assert.ok(Histogram.from(latency).most >= 650_000);
  });

  it('sends a connection’s next batch when the last was answered, and each batch once', async () => {
    let now = 0;
    let most = 0;
    const heard: string[] = [];
    const started = await listening((_place, response, body, request) => {
      heard.push(
        `${request.headers.authorization} ${(JSON.parse(body) as { idempotency_key: string }[])[0]?.idempotency_key}`,
      );
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        accept(response, 2);
      }, 5);
    });
    server = started.server;
    const { streams, events } = await runLoad(planOf(started.port, closed(30, 4)));
    const result = streams[0]!;
    assert.deepEqual([result.accepted, events, most], [30, 60, 4]);
    assert.equal(new Set(heard).size, 30);
    // What was sent can be made again from the result alone: organizations in turn, batches counted from the tenth.
    const again = Array.from({ length: 30 }, (_, request) => {
      const [{ idempotency_key: key }] = JSON.parse(
        bodyOfRequest(result, request, result.stamps[0]![1] as Instant).toString('latin1'),
      ) as [{ idempotency_key: string }];
      return `Bearer ${KEYS[request % 3]} ${key}`;
    });
    assert.deepEqual([...heard].sort(), again.sort());
  });

  it('sends a refused batch again unchanged, and says which refusals did not say when', async () => {
    const bodies: string[] = [];
    const started = await listening((place, response, body) => {
      bodies.push(body);
      if (place === 0) refuse(response, 503, { 'Retry-After': '0' });
      else if (place === 1) refuse(response, 429, {});
      else accept(response, 2);
    });
    server = started.server;
    const { streams } = await runLoad(planOf(started.port, closed(2, 1)));
    const { accepted, statuses, withoutRetryAfter, refused } = streams[0]!;
    assert.deepEqual([accepted, statuses, withoutRetryAfter, refused], [2, { 202: 2, 429: 1, 503: 1 }, 1, []]);
    assert.deepEqual(bodies.slice(0, 2), [bodies[2], bodies[2]]);
  });

  it('does not send a refused single request again: it is counted', async () => {
    const started = await listening((place, response) =>
      place % 2 === 0 ? accept(response, 1) : refuse(response, 503, { 'Retry-After': '1', Connection: 'close' }),
    );
    server = started.server;
    const { streams } = await runLoad(planOf(started.port, open(100, 0.2, 1)));
    const { statuses, refused, unanswered, accepted } = streams[0]!;
    assert.deepEqual(statuses, { 202: 10, 503: 10 });
    assert.deepEqual(refused, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    assert.deepEqual([accepted, unanswered], [10, []]);
  });

  it('is a process of its own that tells how it goes', async () => {
    const started = await listening((_place, response) => accept(response, 1));
    server = started.server;
    const windows: LoadWindow[] = [];
    const plan = { ...planOf(started.port, open(100, 0.5, 4)), windowMilliseconds: 100 };
    const result = await makeLoad(plan, { core: undefined }, (window) => windows.push(window));
    assert.equal(result.streams[0]?.accepted, 50);
    assert.ok(result.cpuMicros > 0);
    assert.ok(windows.length >= 3 && windows.every(({ streams }) => streams[0]?.name === 'singles'));
  });
});

describe('figures of several rounds', () => {
  it('are told by their middle: of 5, 1, 9 it is 5, of 1, 2, 4, 9 it is 3', () => {
    assert.deepEqual(spreadOf([5, 1, 9]), { median: 5, least: 1, most: 9 });
    assert.deepEqual(spreadOf([9, 1, 4, 2]), { median: 3, least: 1, most: 9 });
  });

  it('have a slope: through (0, 1), (1, 3), (2, 5) it is 2; through (0, 0), (1, 1), (2, 0) it is 0', () => {
    assert.equal(
      slopeOf([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
      2,
    );
    assert.equal(
      slopeOf([
        [0, 0],
        [1, 1],
        [2, 0],
      ]),
      0,
    );
    assert.equal(slopeOf([]), 0);
  });

  it('of disk use are of what has come to each file: 1,000 bytes more for 10 events are 100 each', () => {
    assert.deepEqual(perEvent({ 'store.db': 500, old: 7 }, { 'store.db': 1500, 'mirror/': 20, old: 7 }, 10), {
      'store.db': 100,
      'mirror/': 2,
    });
  });

  it('of a soak are its slope of memory and how p99 moved', () => {
    // Memory stands at 100 MB for 3 minutes, then grows by 2 MB in each of 3; answers go from 10 to 11 ms.
    const megabytes = [100, 100, 100, 102, 104, 106];
    const lines = megabytes.map((value, minute) => ({ at: minute * 60, rssBytes: value * 1e6 }) as SoakLine);
    const windows = megabytes.map((_, minute): LoadWindow => {
      const latency = new Histogram();
      latency.record(minute < 4 ? 10_000 : 11_000);
      return {
        at: minute * 60,
        streams: [
          { name: 'singles', accepted: 1, refused: 0, waiting: 0, acceptedEvents: 1, latency: latency.toJSON() },
        ],
      };
    });
    const { rssSlope, p99 } = trendOf(lines, windows);
    assert.equal(Math.round(rssSlope.secondHalf * 1000) / 1000, 2);
    assert.deepEqual([p99.first, p99.last, Math.round(p99.driftPercent)], [10, 11, 10]);
  });

  it('of a heap are what V8 said last of each isolate', () => {
    const heaps = new Heaps();
    heaps.hear('[17435:0x3ba93000]       92 ms: Scavenge 5.2 (5.8) -> 4.0 (6.8) MB, pooled: 0 MB');
    heaps.hear('[17435:0x7f0fc8001000]   59 ms: Scavenge 3.5 (4.5) -> 2.5 (5.5) MB, pooled: 0 MB');
    heaps.hear('[17435:0x3ba93000]      102 ms: Mark-Compact 5.3 (7.0) -> 1.5 (9.5) MB, pooled: 0 MB');
    heaps.hear('tallystick listens on http://127.0.0.1:1');
    assert.equal(heaps.bytes, 4 * 1024 * 1024);
  });
});

describe('the audit of a round', () => {
  const expected = { accepted: new Set(['a', 'b']), perhaps: new Set(['c']) };

  it('is content with each accepted event once, and with an unanswered one once or not at all', () => {
    assert.deepEqual(compareCharges('t', expected, ['b', 'a']), []);
    assert.deepEqual(compareCharges('t', expected, ['a', 'b', 'c']), []);
  });

  it('complains of a receipt that is missing, doubled or of nothing that was sent', () => {
    assert.deepEqual(compareCharges('t', expected, ['a']), ['t: accepted, but not billed: b']);
    assert.deepEqual(compareCharges('t', expected, ['a', 'b', 'a']), ['t: event a is billed twice']);
    assert.deepEqual(compareCharges('t', expected, ['a', 'b', 'c', 'c']), ['t: event c is billed twice']);
    assert.deepEqual(compareCharges('t', expected, ['a', 'b', 'd']), ['t: billed, but never sent: d']);
  });

  describe('of a store', () => {
    const TENANT = tenantName(0) as TenantId;
    const sentOf = (requests: number): Sent => ({
      ...{ firstTenant: 0, tenants: 1, size: 3, firstBatch: 0, requests },
      ...{ stamps: [[0, stamp]], refused: [], unanswered: [] },
    });
    let folder: Awaited<ReturnType<typeof tempFolder>>;
    let store: Awaited<ReturnType<typeof prepareStore>>;
    let stamp = '';

    // Two batches of three events, receipted, mirrored and sealed, as the suite would.
    before(async () => {
      folder = await tempFolder();
      store = await prepareStore(`${folder.path}/store`, 1, {});
      await withStore(store, async (platform) => {
        stamp = `${platform.clock.now().slice(0, 19)}.000000Z`;
        for (const request of [0, 1]) await take(platform, request);
        await signReceipts(TENANT, platform);
        await sealLedger({ ...platform, sealIntervalSeconds: 0 });
      });
    });
    after(() => folder.remove());

    async function take({ usage, clock }: Platform, request: number): Promise<void> {
      const items = JSON.parse(bodyOfRequest(sentOf(0), request, stamp as Instant).toString('latin1')) as unknown[];
      await usage.accept(
        TENANT,
        items.map((item) => parseUsageEvent(item, TENANT)),
        clock.now(),
      );
    }

    it('finds each event of each batch, once', async () => {
      const { complaints, charges, entries } = await withStore(store, (platform) =>
        auditPlatform(platform, [sentOf(2)]),
      );
      assert.deepEqual([complaints, charges, entries], [[], 6, entriesFor(6, 1)]);
    });

    it('complains of each event of a batch that the store does not have', async () => {
      const { complaints } = await withStore(store, (platform) => auditPlatform(platform, [sentOf(3)]));
      const lost = [...expectedOf(0, [sentOf(3)]).accepted].slice(6);
      assert.deepEqual(
        complaints,
        lost.map((id) => `tenant-0000: accepted, but not billed: ${id}`),
      );
    });

    it('complains of what is billed though nobody sent it', async () => {
      const { complaints } = await withStore(store, (platform) => auditPlatform(platform, [sentOf(1)]));
      assert.equal(complaints.length, 3);
      for (const complaint of complaints) assert.match(complaint, /^tenant-0000: billed, but never sent: /);
    });

    it('complains of a receipt that is there twice', async () => {
      const { complaints } = await withStore(store, (platform) =>
        auditPlatform(withLastDoubled(platform), [sentOf(2)]),
      );
      assert.equal(complaints.length, 1);
      assert.match(complaints[0]!, /^tenant-0000: event \S{43} is billed twice$/);
    });

    it('sees from outside how far it is: eight entries, all sealed, each page in the mirror', async () => {
      const watch = new StoreWatch(store.folder);
      const { entries, sealed, mirrored, pages } = await watch.settled(entriesFor(6, 1), 1);
      assert.deepEqual([entries, sealed, mirrored], [8, 8, pages]);
      await assert.rejects(watch.settled(9, 0.1), /nothing moved for 0.1 s/);
      watch.close();
    });

    // Last: it leaves the store with a head that no seal covers.
    it('complains of a head that the last seal does not cover', async () => {
      const { complaints } = await withStore(store, async (platform) => {
        await take(platform, 2);
        await signReceipts(TENANT, platform);
        return auditPlatform(platform, [sentOf(3)]);
      });
      assert.deepEqual(complaints, ['the last published seal does not cover every head']);
    });
  });

  /** A platform whose log shows its last entry twice, as a store that billed it twice would. */
  function withLastDoubled(platform: Platform): Platform {
    const entries = async (...range: Parameters<Platform['ledger']['entries']>): Promise<string[]> => {
      const texts = await platform.ledger.entries(...range);
      return [...texts, texts.at(-1)!];
    };
    const ledger = new Proxy(platform.ledger, {
      get(target, name) {
        if (name === 'entries') return entries;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return { ...platform, ledger };
  }

  it('has organizations that buy what the events are usage of', () => {
    const [subscription] = accountOf('tenant-0000', '2026-03-01T00:00:00Z').subscriptions;
    const bodies = bodyOfRequest(
      { firstTenant: 0, tenants: 1, size: 50, firstBatch: 0 },
      0,
      '2026-03-02T00:00:00.000000Z' as Instant,
    );
    const items = JSON.parse(bodies.toString('latin1')) as { metric_name: string; subscription_id: string }[];
    const sold = new Set(subscription?.meters.map(({ metric_name }) => metric_name));
    for (const item of items) {
      assert.ok(sold.has(item.metric_name as never), item.metric_name);
      assert.equal(item.subscription_id, subscription?.subscription_id);
    }
  });
});
