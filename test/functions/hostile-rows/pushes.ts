import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { bearer, CANARY, JSON_TYPE, NOON, type Row, send, utf8 } from './row.ts';

const message = (more: object = {}): object => ({
  ...{ messageId: '1', publishTime: NOON, attributes: { tenant: 'acme' } },
  ...more,
});
const envelope = (more: object = {}, about: object = {}): string =>
  JSON.stringify({ subscription: 's', message: message(more), ...about });
const data = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

const sent = (
  says: string,
  setAside: ErrorCode | undefined,
  body: string | Uint8Array,
  to = 'sign-receipts/',
  ...lines: string[]
): Row => ({
  says,
  sends: async ({ pushers }) =>
    send(
      'POST',
      `/_functions/${to}`,
      typeof body === 'string' ? utf8(body) : body,
      bearer(await pushers.sign()),
      ...(lines.length > 0 ? lines : [JSON_TYPE]),
    ),
  status: 204,
  ...(setAside === undefined ? {} : { setAside }),
});

export const PUSHES: readonly Row[] = [
  sent('a push that finds nothing to do', undefined, envelope()),
  sent('the same, its data saying the same', undefined, envelope({ data: data('{"tenant":"acme"}') })),
  sent('of an organization that is not there', undefined, envelope({ attributes: { tenant: 'phantom' } })),
  sent(
    'out of order: an older message of another key',
    undefined,
    envelope({ orderingKey: 'umbrella', publishTime: '1999-01-01T00:00:00Z' }),
  ),
  sent('the millionth attempt', undefined, envelope({}, { deliveryAttempt: 1_000_000 })),
  ...['', ' ', 'x', '{', '{"message":', '[1', 'null,', '\ufeff{}', '{"message":{}}}'].map((body) =>
    sent(`no JSON: “${body}”`, 'malformed_json', body),
  ),
  ...[
    '{}',
    '[]',
    'null',
    '1',
    '"push"',
    'true',
    '{"message":{}}',
    '{"message":null,"subscription":"s"}',
    '{"message":[],"subscription":"s"}',
    '{"message":"x","subscription":"s"}',
    '{"subscription":"s"}',
  ].map((body) => sent(`no push: ${body}`, 'validation_failed', body)),
  ...[
    null,
    [],
    'x',
    1,
    { tenant: 1 },
    { tenant: null },
    { tenant: ['acme'] },
    {},
    { TENANT: 'acme' },
    { 'tenant ': 'acme' },
  ].map((attributes) =>
    sent(`attributes ${JSON.stringify(attributes)}`, 'validation_failed', envelope({ attributes })),
  ),
  ...[
    '',
    'a',
    '..',
    '../acme',
    'acme/x',
    'acme\0',
    'acme\n',
    'ACME',
    'аcme',
    '*',
    'a'.repeat(41),
    'a'.repeat(100_000),
    "x'OR'1",
    'toString',
    '-acme',
    'acme_x',
    CANARY,
  ].map((tenant) =>
    sent(`the organization ${JSON.stringify(tenant).slice(0, 40)}`, 'invalid_id', envelope({ attributes: { tenant } })),
  ),
  ...(
    [
      ['another organization than its attributes', '{"tenant":"umbrella"}', 'validation_failed'],
      ['more than its attributes', '{"tenant":"acme","number":"1"}', 'validation_failed'],
      ['the organization as a list', '{"tenant":["acme"]}', 'validation_failed'],
      ['a list', '[]', 'validation_failed'],
      ['a text', '"acme"', 'validation_failed'],
      ['a number', '1', 'validation_failed'],
      ['no JSON', 'acme', 'malformed_json'],
      ['two documents', '{"tenant":"acme"}{}', 'malformed_json'],
      ['the organization twice', '{"tenant":"umbrella","tenant":"acme"}', 'duplicate_key'],
      ['the organization twice, behind an escape', '{"ten\\u0061nt":"umbrella","tenant":"acme"}', 'duplicate_key'],
      ['a prototype', '{"__proto__":{}}', 'unknown_field'],
      ['nine lists', `${'['.repeat(9)}${']'.repeat(9)}`, 'nesting_too_deep'],
      ['half a surrogate pair', '{"tenant":"\\ud800"}', 'invalid_encoding'],
    ] as const
  ).map(([says, text, code]) => sent(`data that says ${says}`, code, envelope({ data: data(text) }))),
  ...['not base64', '====', '%%%', '\u0000', 'e30', 'ey J0', 'e30=\n', 'e31='].map((text) =>
    sent(`data ${JSON.stringify(text)}`, 'validation_failed', envelope({ data: text })),
  ),
  sent('data of bytes', 'malformed_json', envelope({ data: data(Buffer.from([0xff, 0xfe, 0, 1])) })),
  ...[1, null, [], {}].map((value) =>
    sent(`data that is ${JSON.stringify(value)}`, 'validation_failed', envelope({ data: value })),
  ),
  ...['', 1, null, undefined].map((messageId) =>
    sent(`the message id ${JSON.stringify(messageId)}`, 'validation_failed', envelope({ messageId })),
  ),
  sent('two message ids', 'validation_failed', envelope({ message_id: '2' })),
  sent('two publish times', 'validation_failed', envelope({ publish_time: '2026-03-10T12:00:01Z' })),
  ...[0, -1, 1.5, '1', null].map((deliveryAttempt) =>
    sent(`the attempt ${JSON.stringify(deliveryAttempt)}`, 'validation_failed', envelope({}, { deliveryAttempt })),
  ),
  ...['', 1, null, ['s']].map((subscription) =>
    sent(`the subscription ${JSON.stringify(subscription)}`, 'validation_failed', envelope({}, { subscription })),
  ),
  ...[1, null, {}].map((orderingKey) =>
    sent(`the ordering key ${JSON.stringify(orderingKey)}`, 'validation_failed', envelope({ orderingKey })),
  ),
  sent('two messages in one', 'duplicate_key', envelope().replace('"message":', '"message":{},"message":')),
  sent(
    'the organization twice among the attributes',
    'duplicate_key',
    envelope().replace('"tenant":', '"tenant":"umbrella","tenant":'),
  ),
  sent('an attribute into prototypes', 'unknown_field', envelope().replace('"tenant":', '"__proto__":"x","tenant":')),
  sent(
    '257 attributes',
    'too_many_items',
    envelope({ attributes: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`a${i}`, 'x'])) }),
  ),
  sent('as plain text', 'unsupported_media_type', envelope(), 'sign-receipts/', 'Content-Type: text/plain'),
  sent(
    'an event of usage',
    'validation_failed',
    JSON.stringify({ specversion: '1.0', id: '1', source: 's', type: 't' }),
  ),
  sent('to the ledger, from nobody', undefined, envelope({ attributes: {} }), 'seal-ledger/'),
  sent(
    'to the archive, about an invoice of somebody else',
    undefined,
    envelope({ attributes: { tenant: 'umbrella', number: 'INV-1999-000001' } }),
    'archive-period/',
  ),
  {
    says: 'a push of a megabyte and a byte',
    sends: async ({ pushers }) =>
      send('POST', '/_functions/sign-receipts/', Buffer.alloc(1_048_577, 'x'), bearer(await pushers.sign()), JSON_TYPE),
    status: 413,
    code: 'body_too_large',
  },
  {
    says: 'a zipped push',
    sends: async ({ pushers }) =>
      send(
        'POST',
        '/_functions/sign-receipts/',
        '{}',
        bearer(await pushers.sign()),
        JSON_TYPE,
        'Content-Encoding: gzip',
      ),
    status: 415,
    code: 'unsupported_content_encoding',
  },
  {
    says: 'a push by GET',
    sends: async ({ pushers }) => [
      `GET /_functions/sign-receipts/ HTTP/1.1\r\nHost: a\r\n${bearer(await pushers.sign())}\r\n\r\n`,
    ],
    status: 405,
    code: 'method_not_allowed',
  },
  ...[
    'reconcile-chain/sweep?passes=0',
    'reconcile-chain/sweep?passes=1&passes=2',
    'reconcile-chain/sweep?passes=1e3',
    'reconcile-chain/deep?full=yes',
    'run-invoices/run?now=2099',
    'seal-ledger/run?x',
  ].map(
    (job): Row => ({
      says: `the job ${job}`,
      sends: async ({ pushers }) => send('POST', `/_functions/${job}`, '', bearer(await pushers.sign())),
      status: 400,
      code: 'invalid_parameter',
    }),
  ),
];
