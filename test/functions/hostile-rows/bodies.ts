import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { cloud, JSON_TYPE, plain, type Row, usage, utf8 } from './row.ts';

const MIB = 1024 * 1024;
const zeros = Buffer.alloc(64 * MIB);
const bombs = {
  gzip: gzipSync(zeros, { level: 1 }),
  br: brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  deflate: deflateSync(zeros, { level: 1 }),
};

const encoded = (says: string, body: Uint8Array | string, encoding: string): Row => ({
  says,
  sends: usage(body, JSON_TYPE, `Content-Encoding: ${encoding}`),
  status: 415,
  code: 'unsupported_content_encoding',
});
const ENCODINGS: readonly Row[] = [
  encoded('a gzip bomb of 64 MiB', bombs.gzip, 'gzip'),
  encoded('a Brotli bomb of 64 MiB', bombs.br, 'br'),
  encoded('a deflate bomb of 64 MiB', bombs.deflate, 'deflate'),
  encoded('raw deflate', deflateRawSync('{}'), 'deflate'),
  encoded('gzip in gzip', gzipSync(gzipSync('{}')), 'gzip, gzip'),
  encoded('gzip as x-gzip', gzipSync('{}'), 'x-gzip'),
  encoded('gzip in capitals', gzipSync('{}'), 'GZIP'),
  encoded('Zstandard', '{}', 'zstd'),
  encoded('compress', '{}', 'compress'),
  encoded('identity and gzip', gzipSync('{}'), 'identity, gzip'),
  encoded('identity, twice', '{}', 'identity, identity'),
  encoded('an encoding of nothing', '{}', ''),
  encoded('an encoding that nobody knows', '{}', '../../etc/passwd'),
  {
    says: 'gzip that nobody announces',
    sends: usage(gzipSync(JSON.stringify(plain()))),
    status: 400,
    code: 'malformed_json',
  },
];

const typed = (says: string, type: string, body: string | Uint8Array = JSON.stringify(plain())): Row => ({
  says,
  sends: usage(body, `Content-Type: ${type}`),
  status: 415,
  code: 'unsupported_media_type',
});
const TYPES: readonly Row[] = [
  typed('no media type', ''),
  typed('text', 'text/plain'),
  typed('JSON as text', 'text/json'),
  typed('JSON lines', 'application/x-ndjson', '{}\n{}'),
  typed('JSON of somebody’s', 'application/vnd.evil+json'),
  typed('a patch', 'application/merge-patch+json'),
  typed('a form', 'application/x-www-form-urlencoded', 'quantity=1'),
  typed('a form of JSON', 'application/x-www-form-urlencoded'),
  typed(
    'files',
    'multipart/form-data; boundary=x',
    '--x\r\nContent-Disposition: form-data; name="f"; filename="../../etc/passwd"\r\n\r\nx\r\n--x--',
  ),
  typed('files without a boundary', 'multipart/form-data', '----'),
  typed('XML', 'application/xml', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
  typed('YAML', 'application/yaml', '!!js/function "x"'),
  typed('an event in Avro', 'application/cloudevents+avro'),
  typed('UTF-16 by its name', 'application/json; charset=utf-16'),
  typed('UTF-7', 'application/json; charset=utf-7', '+AHsAfQ-'),
  typed('Latin 1', 'application/json; charset=iso-8859-1'),
  typed('a charset of one’s own', 'application/json; charset=x-evil'),
  typed('two charsets', 'application/json; charset=utf-8; charset=utf-16'),
  typed('a charset in no quotes that fit', 'application/json; charset="utf-8'),
  typed('two types', 'application/json, text/plain'),
  typed('a type with a parameter that means nothing', 'application/json; profile=x'),
  typed('any type', '*/*'),
  typed('a type without a subtype', 'application'),
  typed('20,000 parameters', `application/json${';a=b'.repeat(3000)}`),
  typed('a list of events as one event', 'application/cloudevents+json; boundary=x', '[]'),
];

const refused = (says: string, code: ErrorCode, body: string | Uint8Array, status = 400): Row => ({
  says,
  sends: usage(body),
  status,
  code,
});
const one = JSON.stringify(plain());
const with_ = (member: string): string => `{${member},${one.slice(1)}`;
const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
const bytes = (before: string, middle: readonly number[], after: string): Buffer =>
  Buffer.concat([utf8(before), Buffer.from(middle), utf8(after)]);
const inKey = (...middle: number[]): Buffer => bytes('{"idempotency_key":"a', middle, 'b"}');

const FORMS: readonly Row[] = [
  ...['42', '-0', '1e400', '"usage"', 'null', 'true', 'false', '[]'].map((text) =>
    refused(`${text} alone`, 'validation_failed', text),
  ),
  ...[
    '',
    ' ',
    '\n\t\r ',
    '{',
    '[',
    '{"a":',
    '{"a"}',
    '{a:1}',
    "{'a':1}",
    '{"a":1,}',
    '[1,]',
    '[,1]',
    '{}{}',
    '{} {}',
    '[]]',
    '{"a":01}',
    '{"a":.5}',
    '{"a":1.}',
    '{"a":+1}',
    '{"a":0x1}',
    '{"a":1_0}',
    '{"a":1n}',
    '{"a":NaN}',
    '{"a":-Infinity}',
    '{"a":undefined}',
    '{"a":True}',
    '// x\n{}',
    '{} # x',
    '/**/{}',
    '<a/>',
    'a: b',
    '{"a":"\\x41"}',
    '{"a":"\\u12"}',
    '{"a":"\\u{41}"}',
    '{"a":"\n"}',
    '{"a":"\t"}',
    '\u00a0{}',
    '\u2028{}',
    '\ufeff{}',
    '{"a":"b"',
    '"',
    '\\',
    'undefined',
    '{"a":1}\0',
    '\x1e{}',
    ")]}',\n{}",
  ].map((text) => refused(`no JSON: ${JSON.stringify(text).slice(0, 40)}`, 'malformed_json', text)),
  refused('UTF-16, little end first', 'malformed_json', Buffer.from(one, 'utf16le')),
  refused(
    'UTF-16, big end first, with its mark',
    'malformed_json',
    Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(one, 'utf16le').swap16()]),
  ),
  refused('UTF-32', 'malformed_json', Buffer.from([0x7b, 0, 0, 0, 0x7d, 0, 0, 0])),
  refused('a byte order mark', 'malformed_json', bytes('', [0xef, 0xbb, 0xbf], one)),
  ...(
    [
      ['a lone continuation', [0x80]],
      ['a sequence that is cut', [0xc3]],
      ['a slash in two bytes', [0xc0, 0xaf]],
      ['a NUL in two bytes', [0xc0, 0x80]],
      ['a slash in three', [0xe0, 0x80, 0xaf]],
      ['a slash in four', [0xf0, 0x80, 0x80, 0xaf]],
      ['half a surrogate pair', [0xed, 0xa0, 0x80]],
      ['a pair of surrogates (CESU-8)', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
      ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
      ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
      ['six bytes', [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]],
      ['0xfe', [0xfe]],
      ['0xff', [0xff]],
      ['a NUL', [0]],
      ['a control', [0x1f]],
    ] as const
  ).map(([says, middle]) => refused(`${says} in a text`, 'malformed_json', inKey(...middle))),
  ...[
    '\\ud800',
    '\\udfff',
    '\\udc00\\ud800',
    '\\ud800\\ud800',
    '\\ud83d\\u0041',
    '\\ud83dx',
    '\\uD83D',
    '\\ud83d\\\\ude00',
  ].map((text) => refused(`half a pair: ${text}`, 'invalid_encoding', `{"idempotency_key":"${text}"}`)),
  refused('half a pair as a name', 'invalid_encoding', '{"\\ud800":1}'),
  refused(
    'half a pair deep inside',
    'invalid_encoding',
    JSON.stringify([plain({ properties: { a: 'X' } })]).replace('X', '\\udead'),
  ),
];

const TWICE: readonly Row[] = [
  ...[
    '"quantity":"1"',
    '"qu\\u0061ntity":"1"',
    '"\\u0071\\u0075antity":"1"',
    '"quantit\\u0079":"1"',
    '"idempotency_key":"row"',
    '"idempotency\\u005fkey":"other"',
  ].map((member) => refused(`twice: ${member}`, 'duplicate_key', with_(member))),
  refused('twice, both behind escapes', 'duplicate_key', '{"\\u0061":1,"\\u0061":2}'),
  refused('twice under different escapes', 'duplicate_key', '{"\\u002f":1,"\\/":2}'),
  refused('twice the empty name', 'duplicate_key', '{"":1,"":2}'),
  refused('twice in the properties', 'duplicate_key', one.replace('{', '{"properties":{"a":"1","\\u0061":"2"},')),
  refused('twice in the second of a batch', 'duplicate_key', `[${one},${with_('"quantity":"2"')}]`),
  refused('twice in what nobody reads', 'duplicate_key', `[${one},{"x":{"y":[{"a":1,"b":2,"a":3}]}}]`),
  refused(
    'twice among 200 names',
    'duplicate_key',
    `{${Array.from({ length: 200 }, (_, i) => `"n${i}":1`).join()},"n7":2}`,
  ),
  ...(['application/cloudevents+json', 'application/cloudevents-batch+json'] as const).map((type): Row => {
    const event = JSON.stringify(cloud()).replace('"data":{', '"data":{"\\u0071uantity":"9",');
    return {
      says: `twice in the data of ${type}`,
      sends: usage(
        type.includes('batch') ? `[${JSON.stringify(cloud({ id: 'first' }))},${event}]` : event,
        `Content-Type: ${type}`,
      ),
      status: 400,
      code: 'duplicate_key',
    };
  }),
  ...[
    '"__proto__":{"polluted":true}',
    '"\\u005f_proto__":1',
    '"constructor":{"prototype":{"polluted":true}}',
    '"properties":{"__proto__":"x"}',
    '"properties":{"prototype":"x"}',
    '"x":[[{"a":{"__proto__":1}}]]',
  ].map((member) => refused(`a name into prototypes: ${member}`, 'unknown_field', with_(member))),
];

const SIZES: readonly Row[] = [
  refused('1,048,577 bytes', 'body_too_large', ' '.repeat(MIB + 1), 413),
  refused('5 MB of brackets', 'body_too_large', '['.repeat(5_000_000), 413),
  refused('1 MiB of brackets', 'nesting_too_deep', '['.repeat(MIB)),
  refused('1 MiB of opening objects', 'nesting_too_deep', '{"a":'.repeat(200_000)),
  refused('nine lists', 'nesting_too_deep', nested('[', ']', 9)),
  refused('nine objects', 'nesting_too_deep', nested('{"a":', '}', 9)),
  refused('an event in nine lists', 'nesting_too_deep', `${'['.repeat(8)}${one}${']'.repeat(8)}`),
  refused('closing brackets', 'malformed_json', ']'.repeat(100_000)),
  refused('257 members', 'too_many_items', `{${Array.from({ length: 257 }, (_, i) => `"k${i}":1`).join()}}`),
  refused('90,000 members', 'too_many_items', `{${Array.from({ length: 90_000 }, (_, i) => `"k${i}":1`).join()}}`),
  refused(
    'a batch of 1,001',
    'too_many_items',
    JSON.stringify(Array.from({ length: 1001 }, (_, i) => plain({ idempotency_key: `k${i}` }))),
  ),
  refused('a batch of 500,000 nothings', 'too_many_items', `[${'0,'.repeat(500_000)}0]`),
  refused('1 MiB of white space', 'malformed_json', ' '.repeat(MIB)),
  refused('a text of 1 MiB that does not end', 'malformed_json', `"${'a'.repeat(MIB - 1)}`),
  refused('1 MiB of backslashes', 'malformed_json', `"${'\\\\'.repeat(MIB / 2 - 1)}`),
  refused('a number of a million digits', 'validation_failed', '1'.repeat(1_000_000)),
  refused('a number with an exponent of a million digits', 'validation_failed', `1e${'9'.repeat(1_000_000)}`),
];

const CLOUD_TYPE = 'Content-Type: application/cloudevents+json';
const BATCH_TYPE = 'Content-Type: application/cloudevents-batch+json';
const EVENT_FORMS: readonly Row[] = [
  {
    says: 'a list as one CloudEvent',
    sends: usage(JSON.stringify([cloud()]), CLOUD_TYPE),
    status: 400,
    code: 'validation_failed',
  },
  {
    says: 'one CloudEvent as a batch',
    sends: usage(JSON.stringify(cloud()), BATCH_TYPE),
    status: 400,
    code: 'validation_failed',
  },
  { says: 'an empty batch', sends: usage('[]', BATCH_TYPE), status: 400, code: 'validation_failed' },
  {
    says: 'a batch in a batch',
    sends: usage(JSON.stringify([[cloud()]]), BATCH_TYPE),
    status: 202,
    event: 'validation_failed',
  },
  { says: 'a batch of null', sends: usage('[null]', BATCH_TYPE), status: 202, event: 'validation_failed' },
  {
    says: 'a CloudEvent in binary mode, whose attributes nobody reads here',
    sends: usage(
      '{"quantity":"1"}',
      JSON_TYPE,
      'ce-specversion: 1.0',
      'ce-id: row',
      'ce-source: urn:test',
      'ce-type: api_calls',
      'ce-time: 2026-03-10T12:00:00Z',
    ),
    status: 202,
    event: 'validation_failed',
  },
];

export const BODIES: readonly Row[] = [...ENCODINGS, ...TYPES, ...FORMS, ...TWICE, ...SIZES, ...EVENT_FORMS];
