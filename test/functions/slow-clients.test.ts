import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Front, openFront } from '../../shared/wiring/front.ts';
import { accountOf, perUnit } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';
import { exchange } from '../support/wire.ts';
import { bearer, head, JSON_TYPE, NOON, plain, send, USAGE } from './hostile-rows/row.ts';

/** What takes 10 s, 30 s and 2 s elsewhere. */
const TIMES = { head: 300, request: 900, between: 50 };
/** A busy machine looks later than it is told to. */
const LATE = 5_000;
const SLOW_ONES = 100;
const LARGE_ONES = 100;
const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** One that is slow on purpose: sends, then a little at a time, and notes when it was answered or cut off. */
interface Slow {
  readonly says: string;
  /** at once */
  readonly begins: (key: string) => string;
  /** then again and again until the end */
  readonly drips?: string;
  /** no sooner than after so many milliseconds */
  readonly patience: number;
  /** answers to what came before on the same connection */
  readonly before?: readonly number[];
}

const length = (bytes: number): string => `Content-Length: ${bytes}`;
const post = (key: string, ...lines: string[]): string => head(`POST ${USAGE}`, bearer(key), JSON_TYPE, ...lines);
const SLOW: readonly Slow[] = [
  { says: 'nothing at all', begins: () => '', patience: TIMES.head },
  { says: 'a method and no more', begins: () => 'POST', patience: TIMES.head },
  {
    says: 'a head that never ends, a field at a time',
    begins: () => 'GET /healthz HTTP/1.1\r\nHost: a\r\n',
    drips: 'X: y\r\n',
    patience: TIMES.head,
  },
  {
    says: 'a head, a letter at a time',
    begins: () => 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: ',
    drips: 'a',
    patience: TIMES.head,
  },
  {
    says: 'line feeds before the request',
    begins: () => '\r\n',
    drips: '\r\n',
    patience: TIMES.head,
  },
  {
    says: 'a head and none of the body that it announces',
    begins: (key) => post(key, length(100)),
    patience: TIMES.request,
  },
  {
    says: 'a body, a letter at a time, with a good key',
    begins: (key) => `${post(key, length(100_000))}{"`,
    drips: 'a',
    patience: TIMES.request,
  },
  {
    says: 'a body, a letter at a time, from nobody',
    begins: () => `${head(`POST ${USAGE}`, JSON_TYPE, length(100_000))}{`,
    drips: ' ',
    patience: TIMES.request,
  },
  {
    says: 'chunks of one letter without end',
    begins: (key) => post(key, 'Transfer-Encoding: chunked'),
    drips: '1\r\na\r\n',
    patience: TIMES.request,
  },
  {
    says: 'a trailer that never ends',
    begins: (key) => `${post(key, 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n`,
    drips: 'X: y\r\n',
    patience: TIMES.request,
  },
  {
    says: 'nothing after 100 Continue',
    begins: (key) => post(key, length(100), 'Expect: 100-continue'),
    patience: TIMES.request,
  },
  {
    says: 'a second head that never ends, behind a good request',
    begins: (key) => `${head('GET /healthz', bearer(key))}GET /healthz HTTP/1.1\r\nHost: a\r\n`,
    drips: 'X: y\r\n',
    patience: TIMES.head,
    before: [200],
  },
];

describe('clients that are slow on purpose', function () {
  this.timeout(30_000);
  let suite: TestSuite;
  let acme: Client;
  let front: Front;
  let port: number;
  const sockets = new Set<Socket>();
  before(async () => {
    suite = await TestSuite.start({ at: NOON });
    acme = await suite.organization(accountOf('acme', { meters: { api_calls: { model: perUnit('0.01') } } }));
    front = await openFront(suite.platform, new AbortController().signal, TIMES);
    port = Number(new URL(front.url).port);
    assert.equal((await good()).status, 200);
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await front.close();
    await suite.close();
  });

  const good = () => exchange(port, [head('GET /api/v1/billing/organization', bearer(acme.key))], 'answered');

  /** What came until the connection's end, and after how many milliseconds that was. */
  interface End {
    readonly raw: string;
    readonly milliseconds: number;
    /** Whoever still sends when it is cut off has its connection reset, and the answer may be lost with it. */
    readonly wasReset: boolean;
  }
  async function drip({ begins, drips }: Slow): Promise<End> {
    const socket = connect(port, '127.0.0.1');
    sockets.add(socket);
    let wasReset = false;
    socket.on('error', () => {
      wasReset = true;
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await once(socket, 'connect');
    const started = performance.now();
    let raw = '';
    socket.on('data', (chunk) => {
      raw += chunk.toString('latin1');
    });
    socket.write(begins(acme.key));
    const dripping = drips === undefined ? undefined : setInterval(() => socket.write(drips), 30);
    await closed;
    clearInterval(dripping);
    sockets.delete(socket);
    return { raw, wasReset, milliseconds: performance.now() - started };
  }
  const statusesIn = (raw: string): number[] =>
    [...raw.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status)).filter((status) => status >= 200);

  /** 408 and nothing else, after the answers that were due. */
  const isCutOff = ({ raw, wasReset }: End, first: readonly number[]): boolean => {
    const seen = statusesIn(raw).join();
    return seen === [...first, 408].join() || (wasReset && seen === first.join());
  };

  it(`get 408 after 300 ms for a head and 900 ms for a request, elsewhere 10 s and 30 s: ${SLOW.length} ways of being slow`, async () => {
    const kept = JSON.stringify(suite.counts());
    const all = SLOW.map(drip);
    // All of them are waited for at once, and everybody else is served.
    for (let i = 0; i < 5; i++) assert.equal((await good()).status, 200);
    for (const [i, answered] of all.entries()) {
      const { says, patience, before: first = [] } = SLOW[i]!;
      const end = await answered;
      const { milliseconds } = end;
      assert.ok(isCutOff(end, first), `${says}: ${end.raw}`);
      assert.ok(milliseconds >= patience - TIMES.between, `${says}: cut off after ${milliseconds} ms`);
      assert.ok(milliseconds < patience + LATE, `${says}: ${milliseconds} ms`);
    }
    assert.equal(JSON.stringify(suite.counts()), kept);
  });

  it(`${SLOW_ONES} of them at once keep nobody out: usage is taken, and nobody waits for them`, async () => {
    const all = Array.from({ length: SLOW_ONES }, (_, i) => drip(SLOW[i % SLOW.length]!));
    const event = JSON.stringify(plain({ idempotency_key: 'meanwhile' }));
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const answer = await exchange(port, send('POST', USAGE, event, bearer(acme.key), JSON_TYPE), 'answered');
      assert.equal(answer.status, 202);
      times.push(answer.milliseconds);
    }
    const median = times.sort((a, b) => a - b)[times.length >> 1]!;
    assert.ok(median < 250, `${Math.round(median)} ms`);
    for (const [i, end] of (await Promise.all(all)).entries())
      assert.ok(isCutOff(end, SLOW[i % SLOW.length]!.before ?? []), end.raw);
    assert.equal((await good()).status, 200);
  });

  it(`${LARGE_ONES} bodies of 1 MiB that stop before their end, from nobody: 32 MiB are kept, the oldest are told to come again`, async () => {
    // Waits longer than the others, as production does: what is kept meanwhile is what matters.
    const patient = await openFront(suite.platform, new AbortController().signal);
    const body = Buffer.alloc(MIB - 1, ' ');
    const held: Socket[] = [];
    try {
      const before = process.memoryUsage().arrayBuffers;
      const first: string[] = [];
      for (let i = 0; i < LARGE_ONES; i++) {
        const socket = connect(Number(new URL(patient.url).port), '127.0.0.1');
        sockets.add(socket);
        held.push(socket);
        socket.on('error', () => undefined);
        socket.on('data', (chunk) => {
          first[i] ??= chunk.toString('latin1').slice(0, 'HTTP/1.1 503'.length);
        });
        socket.write(head(`POST ${USAGE}`, JSON_TYPE, length(MIB)));
        await new Promise((resolve) => socket.write(body, resolve));
      }
      while (first.filter((text) => text !== undefined).length < LARGE_ONES - 33)
        await new Promise((resolve) => setTimeout(resolve, 10));
      assert.deepEqual(new Set(Object.values(first)), new Set(['HTTP/1.1 503']));
      // Neither answered nor cut off: the last ones.
      assert.equal(first.length, Object.keys(first).length);
      collectGarbage();
      const grown = process.memoryUsage().arrayBuffers - before;
      assert.ok(grown < 64 * MIB, `${Math.round(grown / MIB)} MiB`);
      // Whoever means it is served.
      const event = JSON.stringify([plain({ idempotency_key: 'large' })]).padEnd(MIB, ' ');
      const answer = await exchange(
        Number(new URL(patient.url).port),
        send('POST', USAGE, event, bearer(acme.key), JSON_TYPE),
        'answered',
      );
      assert.equal(answer.status, 202);
    } finally {
      for (const socket of held) socket.destroy();
      await patient.close();
    }
  });

  it('a connection that is good and then quiet is left open: proxies keep theirs for ten minutes', async () => {
    const socket = connect(port, '127.0.0.1');
    sockets.add(socket);
    let raw = '';
    socket.on('data', (chunk) => {
      raw += chunk.toString('latin1');
    });
    for (const expected of [1, 2]) {
      socket.write(head('GET /healthz'));
      while (statusesIn(raw).length < expected) await once(socket, 'data');
      await new Promise((resolve) => setTimeout(resolve, TIMES.request + 2 * TIMES.between));
    }
    assert.deepEqual([statusesIn(raw), socket.closed], [[200, 200], false]);
  });
});
