import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import fc from 'fast-check';
import { BadInput, statusFor, TryAgain } from '../../shared/domain/errors.ts';
import { BODY_MAX_BYTES, guardProcess, guardServer } from '../../shared/edge/http/guard.ts';
import { type Answered, type ApiRoute, httpHandler } from '../../shared/edge/http/handler.ts';
import { requireJsonBody } from '../../shared/edge/http/json-body.ts';
import { Refusal } from '../../shared/edge/http/problem.ts';
import { type Answer, bytesOf, exchange as exchangeBytes, type Parts } from '../support/wire.ts';

const API = '/api/v1/billing';
const MIB = 1_048_576;

/** How often any route ran; what it last saw. */
let runs = 0;
let lastBody: Buffer = Buffer.alloc(0);
let lastMethod = '';
let release: () => void = () => undefined;
const reported: unknown[] = [];
const logged: Answered[] = [];
const refusals: string[] = [];
let ids = 0;
const newRequestId = (): string => `req_${++ids}`;

const route = (method: ApiRoute['method'], path: string, handle: ApiRoute['handle'], more?: Partial<ApiRoute>) => ({
  method,
  path,
  handle: (request: Parameters<ApiRoute['handle']>[0]) => {
    runs++;
    lastBody = request.body;
    lastMethod = request.method;
    return handle(request);
  },
  ...more,
});

const JSON_TYPES = ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'] as const;
const fail = (error: Error) => () => Promise.reject(error);
const routes: ApiRoute[] = [
  route('POST', `${API}/usage`, async (request) => {
    const { mediaType, value } = requireJsonBody(request, JSON_TYPES);
    return { status: 202, json: { mediaType, value, bytes: request.body.length } };
  }),
  route('POST', '/bytes', async ({ body }) => ({ status: 200, bytes: body, contentType: 'application/octet-stream' })),
  route(
    'GET',
    `${API}/invoices/:id`,
    async ({ params, query }) => ({
      status: 200,
      json: { id: params['id'], limit: query.get('limit') },
    }),
    { query: ['limit', 'cursor'] },
  ),
  route('POST', `${API}/invoices/:id`, async () => ({ status: 204 })),
  route('GET', `${API}/invoices/current`, async () => ({ status: 200, json: 'never: the pattern before it wins' })),
  route('DELETE', `${API}/invoices/current`, async () => ({ status: 200, json: 'gone' })),
  route('GET', '/report', async ({ accepted }) => ({ status: 200, bytes: Buffer.from(accepted) }), {
    produces: ['application/json', 'text/csv'],
  }),
  route('GET', '/keys', async () => ({ status: 200, json: [], headers: { 'Cache-Control': 'public, max-age=300' } })),
  route('GET', '/bug', fail(new Error('the password is swordfish'))),
  route('GET', '/unwritable', async () => ({ status: 200, json: { amount: 1n } })),
  route('GET', '/header-injection', async () => ({ status: 200, headers: { 'X-Name': 'a\r\nSet-Cookie: b=c' } })),
  route('GET', '/busy', fail(new TryAgain('the ledger is busy', 2.4))),
  route('GET', '/nobody', fail(new BadInput('missing_credentials', 'no credentials'))),
  route('GET', '/stranger', fail(new BadInput('invalid_credentials', 'unknown key'))),
  route(
    'GET',
    '/faults',
    fail(
      new Refusal('validation_failed', 'two fields are wrong', {
        errors: [
          { code: 'invalid_quantity', detail: 'not a decimal', param: '/quantity' },
          { code: 'invalid_timestamp', detail: 'no zone', param: '/timestamp' },
        ],
      }),
    ),
  ),
  route(
    'GET',
    '/slow',
    () =>
      new Promise((resolve) => {
        release = () => resolve({ status: 200, json: 'late' });
      }),
  ),
];

/** Sends bytes exactly as given. @returns the answer once it is whole or, with `untilClosed`, all that came until the end */
const exchange = (port: number, parts: Parts, untilClosed = false): Promise<Answer> =>
  exchangeBytes(port, parts, untilClosed ? 'closed' : 'answered');

/** Runs a server on a free port for as long as `use` takes. */
async function serve(server: Server, use: (port: number, server: Server) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port, server);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const problemIn = (answer: Answer): Record<string, unknown> => JSON.parse(answer.body);
const head = (target: string, ...lines: string[]): string =>
  [`${target} HTTP/1.1`, 'Host: billing.example', ...lines, '', ''].join('\r\n');
const post = (target: string, body: string | Uint8Array, ...lines: string[]): (string | Uint8Array)[] => [
  head(`POST ${target}`, `Content-Length: ${bytesOf(body).length}`, ...lines),
  body,
];
const postJson = (body: string | Uint8Array): (string | Uint8Array)[] =>
  post(`${API}/usage`, body, 'Content-Type: application/json');
const typed = (type: string): (string | Uint8Array)[] => post(`${API}/usage`, '{}', `Content-Type: ${type}`);
const get = (target: string, ...lines: string[]): string[] => [head(`GET ${target}`, ...lines)];
const chunked = (size: number): (string | Uint8Array)[] => {
  const half = Math.floor(size / 2);
  return [
    head('POST /bytes', 'Transfer-Encoding: chunked'),
    `${half.toString(16)}\r\n`,
    Buffer.alloc(half, 'a'),
    `\r\n${(size - half).toString(16)}\r\n`,
    Buffer.alloc(size - half, 'b'),
    '\r\n0\r\n\r\n',
  ];
};

describe('the HTTP edge, in front of the real framework', () => {
  let server: Server;
  let port: number;
  let stopGuarding: () => void;
  const ask = (parts: readonly (string | Uint8Array)[], untilClosed = false) => exchange(port, parts, untilClosed);

  before(async () => {
    stopGuarding = guardProcess({ newRequestId, onRefusal: ({ code }) => refusals.push(code) });
    const report = (error: unknown): void => void reported.push(error);
    http('http-guard-test', httpHandler(routes, { newRequestId, report, log: (answered) => logged.push(answered) }));
    server = getTestServer('http-guard-test');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });

  after(async () => {
    stopGuarding();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  beforeEach(() => {
    runs = 0;
    reported.length = logged.length = refusals.length = 0;
  });

  const usage = `${API}/usage`;
  const compressed = (encoding: string): string[] => [
    head(`POST ${usage}`, 'Content-Type: application/json', `Content-Encoding: ${encoding}`, 'Content-Length: 2'),
    '{}',
  ];
  const twice = (name: string, one: string, other: string) => [
    head(`POST ${usage}`, 'Content-Length: 2', `${name}: ${one}`, `${name.toLowerCase()}: ${other}`),
    '{}',
  ];
  const manyKeys = `{${Array.from({ length: 90_000 }, (_, key) => `"k${key}":0`).join()}}`;

  // Each row: what it is, the bytes, and the one code it gets everywhere.
  const ROWS: readonly (readonly [string, readonly (string | Uint8Array)[], keyof typeof statusFor])[] = [
    ['two Host fields', [`GET /keys HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n`], 'duplicate_header'],
    ['two Authorization fields', twice('Authorization', 'Bearer a', 'Bearer b'), 'duplicate_header'],
    ['two Content-Type fields', twice('Content-Type', 'application/json', 'text/plain'), 'duplicate_header'],
    [
      'two equal Content-Type fields',
      twice('Content-Type', 'application/json', 'application/json'),
      'duplicate_header',
    ],
    ['two Idempotency-Key fields', twice('Idempotency-Key', 'a', 'a'), 'duplicate_header'],
    ['101 header fields', get('/keys', ...Array.from({ length: 100 }, (_, at) => `X-${at}: 1`)), 'too_many_items'],
    ['an absolute target', get('http://evil.example/keys'), 'invalid_target'],
    ['an asterisk target', [head('OPTIONS *')], 'invalid_target'],
    ['a fragment in the target', get('/keys#part'), 'invalid_target'],
    ['a backslash in the target', get('/a\\..\\keys'), 'invalid_target'],
    ['a broken escape', get('/%zz'), 'invalid_path'],
    ['half an escape at the end', get(`${API}/invoices/%`), 'invalid_path'],
    ['an escape that is no UTF-8', get(`${API}/invoices/%ff`), 'invalid_path'],
    ['a slash written overlong', get('/..%c0%afkeys'), 'invalid_path'],
    ['an escaped surrogate half', get('/%ed%a0%80'), 'invalid_path'],
    ['a doubled slash', get('/api//v1/billing/invoices/7'), 'not_found'],
    ['a doubled slash at the front', get('//keys'), 'not_found'],
    ['a doubled slash at the end', get('/keys//'), 'not_found'],
    ['a single-dot segment', get('/./keys'), 'not_found'],
    ['a double-dot segment', get('/x/../keys'), 'not_found'],
    ['a double-dot segment at the end', get('/keys/..'), 'not_found'],
    ['escaped dots', get('/x/%2e%2e/keys'), 'not_found'],
    ['half-escaped dots', get('/x/.%2E/keys'), 'not_found'],
    ['dots escaped twice', get('/x/%252e%252e/keys'), 'not_found'],
    ['a trailing dot', get('/keys.'), 'not_found'],
    ['a trailing slash', get('/keys/'), 'not_found'],
    ['a session in the path', get('/keys;jsessionid=1'), 'not_found'],
    ['a matrix parameter', get(`${API};v=1/invoices/7`), 'not_found'],
    ['an escaped matrix parameter', get(`${API}/invoices/7%3bv=1`), 'not_found'],
    ['an escaped slash in an id', get(`${API}/invoices/7%2f8`), 'not_found'],
    ['an escaped backslash in an id', get(`${API}/invoices/7%5C8`), 'not_found'],
    ['a NUL in an id', get(`${API}/invoices/7%00`), 'not_found'],
    ['a line break in an id', get(`${API}/invoices/7%0d%0aX: y`.replace(' ', '%20')), 'not_found'],
    ['another case', get('/KEYS'), 'not_found'],
    ['an escaped letter of a fixed path', get('/%6beys'), 'not_found'],
    ['an unknown path', get('/'), 'not_found'],
    ['OPTIONS on an unknown path', [head('OPTIONS /nowhere')], 'not_found'],
    ['another method', [head('DELETE /keys')], 'method_not_allowed'],
    ['OPTIONS', [head('OPTIONS /keys')], 'method_not_allowed'],
    ['TRACE', [head('TRACE /keys')], 'method_not_allowed'],
    ['an overridden method', post('/keys', '', 'X-HTTP-Method-Override: GET'), 'method_not_allowed'],
    ['an answer nobody here can write', get('/keys', 'Accept: application/xml'), 'not_acceptable'],
    ['JSON weighed with nothing', get('/keys', 'Accept: application/json;q=0, */*'), 'not_acceptable'],
    ['an Accept that is no media range', get('/keys', 'Accept: ;;;,,q=1'), 'not_acceptable'],
    ['an unknown parameter', get('/keys?tsk_live_secret'), 'invalid_parameter'],
    ['a repeated parameter', get(`${API}/invoices/7?limit=1&limit=2`), 'invalid_parameter'],
    ['a parameter repeated under an escape', get(`${API}/invoices/7?limit=1&lim%69t=2`), 'invalid_parameter'],
    ['a parameter with brackets', get(`${API}/invoices/7?limit[]=1`), 'invalid_parameter'],
    ['a broken escape in a parameter', get(`${API}/invoices/7?limit=%e0%a4`), 'invalid_parameter'],
    ['gzip', compressed('gzip'), 'unsupported_content_encoding'],
    ['Brotli', compressed('BR'), 'unsupported_content_encoding'],
    ['deflate', compressed('deflate'), 'unsupported_content_encoding'],
    ['Zstandard', compressed('zstd'), 'unsupported_content_encoding'],
    ['gzip in gzip', compressed('gzip, gzip'), 'unsupported_content_encoding'],
    ['gzip behind identity', compressed('identity, gzip'), 'unsupported_content_encoding'],
    ['two encoding fields', compressed('identity\r\nContent-Encoding: gzip'), 'unsupported_content_encoding'],
    ['an empty encoding', compressed(''), 'unsupported_content_encoding'],
    [
      'a compressed transfer',
      [head(`POST ${usage}`, 'Transfer-Encoding: gzip, chunked'), '0\r\n\r\n'],
      'unsupported_content_encoding',
    ],
    ['an encoding on a GET', get('/keys', 'Content-Encoding: gzip'), 'unsupported_content_encoding'],
    ['a gigabyte announced', [head(`POST ${usage}`, 'Content-Length: 1073741824')], 'body_too_large'],
    ['one byte too many announced', [head('POST /bytes', `Content-Length: ${MIB + 1}`)], 'body_too_large'],
    ['one byte too many', post('/bytes', Buffer.alloc(MIB + 1)), 'body_too_large'],
    ['one byte too many in chunks', chunked(MIB + 1), 'body_too_large'],
    ['ten megabytes of brackets', postJson('['.repeat(10_000_000)), 'body_too_large'],
    ['too large a GET', [head('GET /keys', `Content-Length: ${MIB + 1}`)], 'body_too_large'],
    ['a megabyte of brackets', postJson('['.repeat(MIB)), 'nesting_too_deep'],
    ['ninety thousand members', postJson(manyKeys), 'too_many_items'],
    ['a name twice', postJson('{"quantity":"1","quantity":"2"}'), 'duplicate_key'],
    ['a name twice, once escaped', postJson('{"quantity":"1","qu\\u0061ntity":"2"}'), 'duplicate_key'],
    ['a prototype', postJson('{"__proto__":{"polluted":true}}'), 'unknown_field'],
    ['a constructor', postJson('{"a":{"constructor":{"prototype":{"polluted":true}}}}'), 'unknown_field'],
    ['no body', postJson(''), 'malformed_json'],
    ['a byte order mark', postJson('\xef\xbb\xbf{}'), 'malformed_json'],
    ['UTF-16', postJson(Buffer.from('{"a":1}', 'utf16le')), 'malformed_json'],
    ['bytes that are no UTF-8', postJson('{"a":"\xff"}'), 'malformed_json'],
    ['half a document', postJson('{"a":'), 'malformed_json'],
    ['half a surrogate pair', postJson('{"a":"\\ud800"}'), 'invalid_encoding'],
    ['no media type', post(usage, '{}'), 'unsupported_media_type'],
    ['plain text', typed('text/plain'), 'unsupported_media_type'],
    ['a form', typed('application/x-www-form-urlencoded'), 'unsupported_media_type'],
    ['a form with files', typed('multipart/form-data; boundary=b'), 'unsupported_media_type'],
    ['another JSON type', typed('application/vnd.api+json'), 'unsupported_media_type'],
    ['UTF-16 declared', typed('application/json; charset=utf-16'), 'unsupported_media_type'],
    ['an invented charset', typed('application/json; charset=x-evil'), 'unsupported_media_type'],
    ['two charsets', typed('application/json; charset=utf-8; charset=utf-16'), 'unsupported_media_type'],
    ['a media type and more', typed('application/json, text/plain'), 'unsupported_media_type'],
    ['a parameter that is no charset', typed('application/json; profile=x'), 'unsupported_media_type'],
  ];
  /** Refused by the route itself, which therefore ran: its body is read there. */
  const IN_ROUTE = new Set([
    'nesting_too_deep',
    'duplicate_key',
    'unknown_field',
    'malformed_json',
    'invalid_encoding',
    'unsupported_media_type',
  ]);

  describe('refuses, as a problem document with the one code and status it has everywhere', () => {
    for (const [says, parts, code] of ROWS) {
      it(`${says}: ${statusFor[code]} ${code}`, async () => {
        const began = performance.now();
        const answer = await ask(parts);
        // 250 ms is the promise; a stalled machine gets the benefit of a second.
        assert.ok(performance.now() - began < 1250, 'an answer takes less than 250 ms');
        const problem = problemIn(answer);
        assert.equal(problem['code'], code);
        assert.equal(answer.status, statusFor[code]);
        assert.equal(problem['status'], statusFor[code]);
        assert.equal(problem['type'], `urn:tallystick:problem:${code}`);
        assert.equal(answer.headers.get('content-type'), 'application/problem+json');
        assert.equal(answer.headers.get('x-request-id'), problem['request_id']);
        assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
        assert.equal(answer.headers.get('content-security-policy'), "default-src 'none'");
        assert.doesNotMatch(answer.raw, /secret|evil|polluted|node_modules|SyntaxError/);
        const ranAsFarAsItsBody = IN_ROUTE.has(code) || parts.includes(manyKeys);
        assert.equal(runs, ranAsFarAsItsBody ? 1 : 0);
        assert.equal(refusals.length + logged.length, 1, 'one entry for the audit');
        assert.deepEqual(reported, []);
        assert.equal(Reflect.get({}, 'polluted'), undefined);
      });
    }
  });

  describe('never sees what Node itself refuses', () => {
    const attack = `GET /keys HTTP/1.1\r\nHost: a\r\n\r\n`;
    for (const [says, parts, status] of [
      [
        'both lengths, with a request smuggled behind',
        [head('POST /bytes', 'Content-Length: 5', 'Transfer-Encoding: chunked'), `0\r\n\r\n${attack}`],
        400,
      ],
      [
        'two lengths that differ',
        [head('POST /bytes', 'Content-Length: 4', 'Content-Length: 40'), `abcd${attack}`],
        400,
      ],
      ['two lengths that agree', [head('POST /bytes', 'Content-Length: 4', 'Content-Length: 4'), 'abcd'], 400],
      ['a list of lengths', [head('POST /bytes', 'Content-Length: 4, 4'), 'abcd'], 400],
      ['a length with a sign', [head('POST /bytes', 'Content-Length: +4'), 'abcd'], 400],
      ['a negative length', [head('POST /bytes', 'Content-Length: -1'), 'abcd'], 400],
      ['a length beyond all numbers', [head('POST /bytes', 'Content-Length: 99999999999999999999'), 'abcd'], 400],
      ['a target without its slash', get('keys'), 400],
      ['raw UTF-8 in the target', get('/k\xc3\xa9ys'), 400],
      ['bare line feeds', ['GET /keys HTTP/1.1\nHost: a\n\n'], 400],
      ['a folded header', [head('GET /keys', 'X-One: a', ' b')], 400],
      ['a NUL in a header', get('/keys', 'X-One: a\0b'), 400],
      ['no Host', ['GET /keys HTTP/1.1\r\n\r\n'], 400],
      ['the preface of HTTP/2', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], 400],
      ['an encoding without a Host', ['GET /keys HTTP/1.1\r\nContent-Encoding: gzip\r\n\r\n'], 400],
      ['an expectation nobody knows', get('/keys', 'Expect: 200-ok', 'Connection: close'), 417],
      [
        'an encoding and an expectation nobody knows',
        get('/keys', 'Content-Encoding: gzip', 'Expect: 200-ok', 'Connection: close'),
        417,
      ],
      [
        'a second Authorization behind 100 others',
        get('/keys', 'Authorization: a', ...Array.from({ length: 100 }, () => 'X: 1'), 'Authorization: b'),
        431,
      ],
      ['a header of 20 kB', get('/keys', `X-One: ${'a'.repeat(20_000)}`), 431],
      ['a target of 20 kB', get(`/${'a'.repeat(20_000)}`), 431],
      [
        'a chunk extension of 20 kB',
        [head('POST /bytes', 'Transfer-Encoding: chunked'), `1;x=${'a'.repeat(20_000)}\r\na\r\n0\r\n\r\n`],
        413,
      ],
    ] as const) {
      it(`${says}: ${status}`, async () => {
        const answer = await ask(parts, true);
        assert.equal(answer.status, status);
        assert.equal(runs, 0);
        assert.equal(answer.raw.split('HTTP/1.1 ').length - 1, 1, 'one answer, and none to a second request');
      });
    }
  });

  describe('lets a request in', () => {
    const accepts = async (parts: readonly (string | Uint8Array)[], status: number): Promise<Answer> => {
      const answer = await ask(parts);
      assert.equal(answer.status, status, answer.body);
      assert.equal(runs, 1);
      return answer;
    };

    it('with exactly 1 MiB of body, its length announced', async () => {
      const answer = await accepts(post('/bytes', Buffer.alloc(MIB, 'x')), 200);
      assert.equal(answer.body.length, 1_048_576);
      assert.equal(BODY_MAX_BYTES, 1_048_576);
    });

    it('with exactly 1 MiB of body in chunks: 524,288 a and 524,288 b', async () => {
      const answer = await accepts(chunked(MIB), 200);
      assert.equal(answer.body, 'a'.repeat(524_288) + 'b'.repeat(524_288));
    });

    it('with 100 header fields', async () => {
      await accepts(get('/keys', ...Array.from({ length: 99 }, (_, at) => `X-${at}: 1`)), 200);
    });

    it('of each JSON type, its charset written as people write it', async () => {
      for (const type of [
        'application/json',
        'Application/JSON;charset=UTF-8',
        'application/cloudevents+json; charset="utf-8"',
        'application/cloudevents-batch+json;',
      ]) {
        runs = 0;
        const answer = await accepts(typed(type), 202);
        assert.deepEqual(JSON.parse(answer.body), { mediaType: type.toLowerCase().split(';')[0], value: {}, bytes: 2 });
      }
    });

    it('and hands on its bytes whatever the framework would have made of them', async () => {
      for (const type of [
        'application/json',
        'text/plain; charset=utf-16',
        'application/x-www-form-urlencoded',
        'a/b; charset=x',
      ]) {
        runs = 0;
        const body = '\xef\xbb\xbf{"a":1,"a":2}\xff\0&a=%zz';
        const answer = await accepts(post('/bytes', body, `Content-Type: ${type}`), 200);
        assert.equal(answer.body, body);
        assert.equal(lastBody.toString('latin1'), body);
      }
    });

    it('with its identity encoding, which is none', async () => {
      await accepts(compressed('Identity'), 202);
    });

    it('after the 100 Continue it asked for', async () => {
      const answer = await ask(
        [head('POST /bytes', 'Expect: 100-continue', 'Content-Length: 2', 'Connection: close'), 'ab'],
        true,
      );
      assert.match(answer.raw, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n.*ab$/s);
    });

    it('and ignores its wish to speak HTTP/2', async () => {
      await accepts(
        get('/keys', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
        200,
      );
    });

    it('as the method it was sent with, whatever a header says', async () => {
      await accepts(post('/bytes', '', 'X-HTTP-Method-Override: DELETE', 'X-Method-Override: DELETE'), 200);
      assert.equal(lastMethod, 'POST');
    });

    it('with its declared parameters and the escapes of its id undone', async () => {
      const answer = await accepts(get(`${API}/invoices/in%5F7?limit=5`), 200);
      assert.deepEqual(JSON.parse(answer.body), { id: 'in_7', limit: '5' });
    });

    it('one after the other on one connection', async () => {
      const both = await ask([...post('/bytes', 'one'), ...post('/bytes', 'two', 'Connection: close')], true);
      assert.match(both.raw, /one.*two$/s);
      assert.equal(runs, 2);
    });

    it('as HEAD where it answers GET, with the same length and no body', async () => {
      const answer = await ask([head('HEAD /keys', 'Connection: close')], true);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-length'), '2');
      assert.equal(answer.body, '');
    });
  });

  describe('spends nothing on what it refuses', () => {
    const grownBy = async (act: () => Promise<void>): Promise<number> => {
      const before = process.memoryUsage();
      let peak = 0;
      const watch = setInterval(() => {
        const { heapUsed, external } = process.memoryUsage();
        peak = Math.max(peak, heapUsed + external - before.heapUsed - before.external);
      }, 1);
      try {
        await act();
      } finally {
        clearInterval(watch);
      }
      return peak;
    };
    const zeros = Buffer.alloc(64 * MIB);
    const bombs = {
      gzip: gzipSync(zeros, { level: 1 }),
      br: brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    };

    for (const [encoding, bomb] of Object.entries(bombs)) {
      it(`a ${encoding} bomb that would become 64 MiB stays as small as it came`, async () => {
        const grown = await grownBy(async () => {
          const began = performance.now();
          const answer = await ask(
            post(usage, bomb, 'Content-Type: application/json', `Content-Encoding: ${encoding}`),
          );
          assert.equal(problemIn(answer)['code'], 'unsupported_content_encoding');
          assert.ok(performance.now() - began < 1000);
        });
        assert.ok(bomb.length < MIB);
        assert.ok(grown < 16 * MIB, `grew by ${grown} bytes`);
      });
    }

    it('a sender of endless chunks is answered, cut off, and not kept', async () => {
      const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
      let answered = '';
      const grown = await grownBy(
        () =>
          new Promise((resolve) => {
            const socket = connect(port, '127.0.0.1');
            const send = (): void => {
              while (socket.writable && socket.write(chunk));
            };
            socket.on('data', (data) => {
              answered += data.toString('latin1');
            });
            socket.on('error', () => socket.destroy());
            socket.on('drain', send);
            socket.on('close', () => resolve());
            socket.write(head('POST /bytes', 'Transfer-Encoding: chunked'));
            send();
          }),
      );
      assert.match(answered, /^HTTP\/1\.1 413 .*"code":"body_too_large"/s);
      assert.ok(grown < 32 * MIB, `grew by ${grown} bytes`);
      assert.equal(runs, 0);
    });

    it('a sender who reads only once 8 MiB are sent still finds the answer', async () => {
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1');
        let raw = '';
        socket.on('error', reject);
        socket.on('close', () => resolve(raw));
        socket.pause();
        socket.write(head(`POST ${usage}`, `Content-Length: ${8 * MIB}`));
        socket.write(Buffer.alloc(8 * MIB), () => {
          socket.on('data', (data) => {
            raw += data.toString('latin1');
          });
          socket.resume();
        });
      });
      assert.match(answer, /^HTTP\/1\.1 413 .*"code":"body_too_large"/s);
    });

    it('a sender who announces a gigabyte and waits is answered at once and not waited for', async () => {
      const answer = await ask([head(`POST ${usage}`, 'Content-Length: 1073741824')], true);
      assert.equal(answer.status, 413);
      assert.equal(answer.headers.get('connection'), 'close');
    });

    it('a sender who asks before sending is told no, not to continue', async () => {
      const answer = await ask([head('POST /bytes', 'Expect: 100-continue', `Content-Length: ${MIB + 1}`)]);
      assert.match(answer.raw, /^HTTP\/1\.1 413 /);
    });

    it('a request behind a refused one on the same connection does not run', async () => {
      const behind = [...post('/bytes', 'hidden'), ...get('/keys')];
      for (const refused of [compressed('gzip'), get('/%zz'), chunked(MIB + 1), get('/x/../keys')]) {
        const answer = await ask([...refused, ...behind], true);
        assert.equal(answer.raw.split('HTTP/1.1 ').length - 1, 1);
      }
      assert.equal(runs, 0);
    });

    it('a request before a refused one on the same connection is answered first', async () => {
      const answer = await ask([...post('/bytes', 'first'), ...get('/%zz')], true);
      assert.match(answer.raw, /^HTTP\/1\.1 200 OK.*first.*HTTP\/1\.1 400 .*invalid_path/s);
    });
  });

  describe('answers', () => {
    it('405 with what the address does allow, over all patterns that fit it', async () => {
      const one = await ask([head(`PUT ${API}/invoices/7`)]);
      assert.equal(one.headers.get('allow'), 'GET, HEAD, POST');
      const two = await ask([head(`PUT ${API}/invoices/current`)]);
      assert.equal(two.headers.get('allow'), 'DELETE, GET, HEAD, POST');
      const gone = await ask([head(`DELETE ${API}/invoices/current`)]);
      assert.equal(gone.body, '"gone"');
    });

    it('401 with a challenge, which names a fault only where there were credentials', async () => {
      const nobody = await ask(get('/nobody'));
      assert.deepEqual([nobody.status, nobody.headers.get('www-authenticate')], [401, 'Bearer']);
      const stranger = await ask(get('/stranger'));
      assert.deepEqual(
        [stranger.status, stranger.headers.get('www-authenticate')],
        [401, 'Bearer error="invalid_token"'],
      );
    });

    it('503 with whole seconds to wait: 2.4 s are 3', async () => {
      const answer = await ask(get('/busy'));
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '3']);
      const { code, detail } = problemIn(answer);
      assert.equal(code, 'temporarily_unavailable');
      // Why is for the log: such reasons name machines and accounts of ours.
      assert.doesNotMatch(String(detail), /busy/);
      assert.match(String(reported), /the ledger is busy/);
    });

    it('500 in the same words whatever went wrong, and reports it to us', async () => {
      for (const target of ['/bug', '/unwritable', '/header-injection']) {
        const answer = await ask(get(target));
        const { detail, code, title } = problemIn(answer);
        assert.deepEqual([answer.status, code, title], [500, 'internal', 'Internal']);
        assert.equal(detail, 'something went wrong on our side');
        assert.doesNotMatch(answer.raw, /swordfish|BigInt|Set-Cookie|at .*\.ts/);
      }
      assert.equal(reported.length, 3);
      assert.match(String(reported[0]), /swordfish/);
      assert.deepEqual(
        logged.map(({ route: pattern, status }) => [pattern, status]),
        [
          ['/bug', 500],
          ['/unwritable', 500],
          ['/header-injection', 500],
        ],
      );
    });

    it('several faults at once, each with its place', async () => {
      const { errors, title } = problemIn(await ask(get('/faults')));
      assert.equal(title, 'Validation failed');
      assert.deepEqual(errors, [
        { code: 'invalid_quantity', detail: 'not a decimal', param: '/quantity' },
        { code: 'invalid_timestamp', detail: 'no zone', param: '/timestamp' },
      ]);
    });

    it('in the type the caller likes best', async () => {
      for (const [accept, type] of [
        ['text/csv', 'text/csv'],
        ['*/*', 'application/json'],
        ['text/*;q=0.5, application/json;q=0.4', 'text/csv'],
        ['application/*, text/csv;q=0.9', 'application/json'],
        ['text/csv;q=0, */*;q=0.1', 'application/json'],
      ]) {
        const answer = await ask(get('/report', `Accept: ${accept}`));
        assert.deepEqual([answer.body, answer.headers.get('content-type')], [type, type]);
      }
    });

    it('with the headers a route sets in place of the usual ones', async () => {
      const answer = await ask(get('/keys'));
      assert.equal(answer.headers.get('cache-control'), 'public, max-age=300');
      assert.equal(answer.headers.get('content-type'), 'application/json');
      assert.equal(answer.headers.get('x-powered-by'), undefined);
    });

    it('204 with nothing at all', async () => {
      const answer = await ask([head(`POST ${API}/invoices/7`, 'Connection: close')], true);
      assert.deepEqual([answer.status, answer.body, answer.headers.get('content-type')], [204, '', undefined]);
    });
  });

  describe('survives a caller who leaves', () => {
    const leave = async (parts: readonly string[], until: () => boolean): Promise<void> => {
      const socket: Socket = connect(port, '127.0.0.1');
      for (const part of parts) socket.write(part);
      while (!until()) await new Promise((resolve) => setTimeout(resolve, 2));
      const closed = new Promise((resolve) => server.once('connection', resolve));
      socket.resetAndDestroy();
      const answer = await ask(get('/keys'));
      await closed;
      assert.equal(answer.status, 200);
    };

    it('while sending: the route never runs', async () => {
      let arrived = 0;
      server.once('connection', () => arrived++);
      await leave([head('POST /bytes', 'Content-Length: 1000'), 'only this'], () => arrived === 1);
      assert.deepEqual(
        logged.map((entry) => entry.route),
        ['/keys'],
      );
    });

    it('while waiting: the route finishes and nothing falls over', async () => {
      await leave(get('/slow'), () => runs === 1);
      release();
      while (logged.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
      assert.deepEqual(
        logged.map((entry) => entry.route),
        ['/keys', '/slow'],
      );
      assert.deepEqual(reported, []);
    });
  });

  it('whatever the target, answers below 500, and runs a route only under its own name', async () => {
    const piece = fc.constantFrom(
      'keys',
      'KEYS',
      '/',
      '.',
      '..',
      ';',
      '%2e',
      '%2F',
      '%',
      '%00',
      '%6b',
      '?',
      '#',
      '\\',
      '&a=b',
      ':',
      '@',
      '//',
      '"',
    );
    const targets = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => `/${pieces.join('')}`);
    await fc.assert(
      fc.asyncProperty(targets, async (target) => {
        runs = 0;
        const answer = await ask(get(target));
        assert.ok(answer.status < 500, target);
        assert.equal(runs === 1, /^\/keys(\?&*)?$/.test(target) && answer.status === 200, target);
        if (runs === 0) assert.equal(answer.headers.get('content-type'), 'application/problem+json', target);
      }),
      { numRuns: 300, seed: 20250303 },
    );
  });

  it('waits 10 s for headers and 30 s for a request from the first connection on, and looks often enough to mean it', async () => {
    await serve(createServer(), async (_port, fresh) => {
      assert.deepEqual([fresh.headersTimeout, fresh.requestTimeout], [10_000, 30_000]);
      assert.ok(Number(Reflect.get(fresh, 'connectionsCheckingInterval')) <= 5_000);
    });
  });

  it('takes exactly the two parameters that the framework passes', () => {
    assert.equal(httpHandler([], { newRequestId, report: () => undefined, log: () => undefined }).length, 2);
  });
});

describe('the guard', () => {
  it('missing, is missed: a handler without it refuses to work and says so to us', async () => {
    const errors: unknown[] = [];
    http(
      'http-unguarded-test',
      httpHandler(routes, { newRequestId, report: (error) => errors.push(error), log: () => undefined }),
    );
    runs = 0;
    await serve(getTestServer('http-unguarded-test'), async (port) => {
      const answer = await exchange(port, get('/keys'));
      assert.deepEqual([answer.status, problemIn(answer)['code'], runs], [500, 'internal', 0]);
    });
    assert.match(String(errors[0]), /guardProcess/);
  });

  it('stands in front of one server with a bound of its own: 10 bytes pass, 11 do not', async () => {
    const seen: string[] = [];
    const server = createServer((req, res) => {
      seen.push(req.method ?? '');
      res.end();
    });
    guardServer(server, { newRequestId, bodyMaxBytes: 10 });
    guardServer(server, { newRequestId, bodyMaxBytes: 5 });
    await serve(server, async (port) => {
      assert.equal((await exchange(port, [...post('/', '1234567890', 'Connection: close')], true)).status, 200);
      assert.equal((await exchange(port, post('/', '12345678901'))).status, 413);
    });
    assert.deepEqual(seen, ['POST']);
  });

  it('passed by, because a listener came after it, still keeps the handler from a refused request', async () => {
    const told: unknown[] = [];
    const tell = (something: unknown): void => void told.push(something);
    http('http-passed-by-test', httpHandler(routes, { newRequestId, report: tell, log: tell }));
    const server = createServer();
    guardServer(server, { newRequestId });
    for (const listener of getTestServer('http-passed-by-test').listeners('request')) {
      server.on('request', (req, res) => void Reflect.apply(listener, server, [req, res]));
    }
    runs = 0;
    await serve(server, async (port) => {
      const answer = await exchange(port, get('/keys', 'Authorization: a', 'Authorization: b'), true);
      assert.match(answer.raw, /^HTTP\/1\.1 400 .*"duplicate_header"[^}]*\}$/s);
    });
    assert.deepEqual([runs, told], [0, []]);
  });
});
