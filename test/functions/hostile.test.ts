import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { statusFor } from '../../shared/domain/errors.ts';
import { accountOf, perUnit } from '../support/account.ts';
import { CALLER_TOKEN, type Client, TestSuite, type UsageAnswer } from '../support/suite.ts';

const NOON = '2026-03-10T12:00:00Z';
const USAGE = '/api/v1/billing/usage';
const JSON_TYPE = 'application/json';
const acmePlan = accountOf('acme', {
  start: '2026-03-01T00:00:00Z',
  meters: {
    api_calls: { model: perUnit('0.01') },
    requests: { aggregation: 'count', model: perUnit('0.01') },
    users: { aggregation: 'unique_count', valueProperty: 'user', model: perUnit('1') },
  },
});
const plain = (more: object = {}) => ({
  ...{ idempotency_key: 'key', metric_name: 'api_calls', quantity: '1', timestamp: NOON },
  ...more,
});
const cloud = (more: object = {}) => ({
  ...{ specversion: '1.0', id: 'key', source: 'urn:test', type: 'api_calls', time: NOON, data: { quantity: '1' } },
  ...more,
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

describe('whatever is sent, nothing is kept that was not accepted', () => {
  let suite: TestSuite;
  let acme: Client;
  let witness: DatabaseSync;

  before(async () => {
    suite = await TestSuite.start({ at: NOON });
    acme = await suite.organization(acmePlan);
    witness = new DatabaseSync(join(suite.folder.path, 'store.db'), { readOnly: true });
    // The first request of a process pays for compiling; none of those below shall.
    await ask({ body: '{}' });
    await suite.platform.personal.keysOf(acme.tenant);
  });
  after(async () => {
    witness.close();
    await suite.close();
  });

  /** Sends exactly this, with no URL parser in between. */
  const ask = ({ method = 'POST', path = USAGE, body = '', headers = {} }: Sent): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { port, hostname } = new URL(suite.url);
      const auth = { Authorization: `Bearer ${acme.key}`, 'Content-Type': JSON_TYPE };
      const req = httpRequest({ method, path, port, hostname, headers: { ...auth, ...headers } }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            type: res.headers['content-type'] ?? '',
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      req.on('error', reject);
      req.end(body);
    });

  /** SQLite's own word on whether anybody has committed anything, and the rows themselves. */
  const state = (): string => {
    const version = witness.prepare('PRAGMA data_version').get();
    return JSON.stringify([version, suite.counts(), suite.platform.bus.pending()]);
  };

  /** The same of everything but what was set aside. */
  const books = (): string => JSON.stringify([{ ...suite.counts(), set_aside: 0 }, suite.platform.bus.pending()]);
  const bus = { Authorization: `Bearer ${CALLER_TOKEN}` };

  /** Pushes, as the bus, what nobody can answer. @returns the code with which it was set aside */
  const setAsideCode = async (body: string): Promise<string> => {
    const timesById = async () =>
      new Map((await suite.platform.setAside.list(1000)).map(({ id, times }) => [id, times]));
    const before = [books(), await timesById()] as const;
    const { status, text } = await ask({ path: '/_functions/sign-receipts/', headers: bus, body });
    assert.deepEqual([status, text, books()], [204, '', before[0]]);
    const rows = await suite.platform.setAside.list(1000);
    const [row, ...more] = rows.filter(({ id, times }) => times !== (before[1].get(id) ?? 0));
    assert.deepEqual(more, []);
    assert.equal(row?.times, (before[1].get(row?.id ?? '') ?? 0) + 1);
    return row.code;
  };

  /** Asks for something that must be refused: in time, in the one form of refusal, with nothing stored. */
  const refusalOf = async (sent: Sent): Promise<string> => {
    const before = state();
    const started = performance.now();
    const answer = await ask(sent);
    const took = performance.now() - started;
    // 250 ms is the promise; a stalled machine gets the benefit of a second.
    assert.ok(took < 1250, `answered after ${Math.round(took)} ms`);
    assert.equal(state(), before, 'something was stored');
    return codeOf(answer);
  };
  function codeOf({ status, type, text }: Answer): string {
    assert.ok(status >= 400 && status < 500, `${status} ${text.slice(0, 200)}`);
    assert.equal(type, 'application/problem+json');
    const problem = JSON.parse(text) as { code: keyof typeof statusFor; status: number };
    assert.equal(statusFor[problem.code], status);
    assert.equal(problem.status, status);
    assert.doesNotMatch(text, /\bat .*\.ts:|node_modules|<[a-z]/i);
    return problem.code;
  }
  /** Sends one event that must be refused. @returns the code of its answer */
  const eventRefusal = async (event: unknown): Promise<string> => {
    const before = state();
    const started = performance.now();
    const { status, text } = await ask({ body: JSON.stringify([event]) });
    assert.ok(performance.now() - started < 1250);
    assert.equal(status, 202, text);
    assert.equal(state(), before, 'something was stored');
    const answer = JSON.parse(text) as UsageAnswer;
    assert.deepEqual([answer.accepted, answer.duplicates, answer.refused], [0, 0, 1]);
    return answer.results[0]!.code!;
  };

  describe('bodies and encodings', () => {
    const CASES: readonly (readonly [what: string, code: string, sent: () => Sent])[] = [
      [
        'a gzip bomb, 50 KB that would be 50 MB',
        'unsupported_content_encoding',
        () => ({ body: gzipSync(Buffer.alloc(50_000_000)), headers: { 'Content-Encoding': 'gzip' } }),
      ],
      [
        'a Brotli bomb',
        'unsupported_content_encoding',
        () => ({ body: brotliCompressSync(Buffer.alloc(10_000_000)), headers: { 'Content-Encoding': 'br' } }),
      ],
      [
        'a deflated body',
        'unsupported_content_encoding',
        () => ({ body: deflateSync('{}'), headers: { 'Content-Encoding': 'deflate' } }),
      ],
      [
        'a body zipped twice',
        'unsupported_content_encoding',
        () => ({ body: gzipSync(gzipSync('{}')), headers: { 'Content-Encoding': 'gzip, gzip' } }),
      ],
      ['10 MB of brackets', 'body_too_large', () => ({ body: '['.repeat(10_000_000) })],
      ['a million brackets', 'nesting_too_deep', () => ({ body: '['.repeat(1_000_000) })],
      ['nine objects within each other', 'nesting_too_deep', () => ({ body: `${'{"a":'.repeat(9)}1${'}'.repeat(9)}` })],
      [
        'an object with 100,000 members',
        'too_many_items',
        () => ({ body: `{${Array.from({ length: 90_000 }, (_, i) => `"k${i}":1`).join()}}` }),
      ],
      [
        'a batch of 1,001',
        'too_many_items',
        () => ({ body: JSON.stringify(Array.from({ length: 1001 }, (_, i) => plain({ idempotency_key: `k${i}` }))) }),
      ],
      ['a batch of half a million nothings', 'too_many_items', () => ({ body: `[${'0,'.repeat(500_000)}0]` })],
      ['the quantity twice', 'duplicate_key', () => ({ body: `{"quantity":"1",${JSON.stringify(plain()).slice(1)}` })],
      [
        'the quantity twice, once behind an escape',
        'duplicate_key',
        () => ({ body: `{"qu\\u0061ntity":"1",${JSON.stringify(plain()).slice(1)}` }),
      ],
      [
        'a member __proto__',
        'unknown_field',
        () => ({ body: `{"__proto__":{"polluted":true},${JSON.stringify(plain()).slice(1)}` }),
      ],
      [
        'a member __proto__ behind an escape',
        'unknown_field',
        () => ({ body: `{"\\u005f_proto__":{},${JSON.stringify(plain()).slice(1)}` }),
      ],
      [
        'constructor.prototype',
        'unknown_field',
        () => ({ body: '{"properties":{"constructor":{"prototype":{"polluted":true}}}}' }),
      ],
      ['a number', 'validation_failed', () => ({ body: '42' })],
      ['a text', 'validation_failed', () => ({ body: '"usage"' })],
      ['null', 'validation_failed', () => ({ body: 'null' })],
      ['true', 'validation_failed', () => ({ body: 'true' })],
      ['an empty list', 'validation_failed', () => ({ body: '[]' })],
      ['nothing at all', 'malformed_json', () => ({ body: '' })],
      ['white space', 'malformed_json', () => ({ body: ' \n\t' })],
      ['half an object', 'malformed_json', () => ({ body: '{"quantity":' })],
      ['two documents', 'malformed_json', () => ({ body: '{}{}' })],
      ['a comment', 'malformed_json', () => ({ body: '{} // thanks' })],
      ['NaN', 'malformed_json', () => ({ body: '[NaN]' })],
      ['a byte order mark', 'malformed_json', () => ({ body: `\ufeff${JSON.stringify(plain())}` })],
      ['UTF-16', 'malformed_json', () => ({ body: Buffer.from(JSON.stringify(plain()), 'utf16le') })],
      ['bytes that are no UTF-8', 'malformed_json', () => ({ body: Buffer.from([0x22, 0xc3, 0x28, 0x22]) })],
      ['an overlong encoding of a slash', 'malformed_json', () => ({ body: Buffer.from([0x22, 0xc0, 0xaf, 0x22]) })],
      ['a NUL inside a text', 'malformed_json', () => ({ body: '{"idempotency_key":"a\0b"}' })],
      ['half a surrogate pair', 'invalid_encoding', () => ({ body: '{"idempotency_key":"\\ud800"}' })],
      [
        'a surrogate pair the wrong way round',
        'invalid_encoding',
        () => ({ body: '{"idempotency_key":"\\udc00\\ud800"}' }),
      ],
      [
        'UTF-16 by its header',
        'unsupported_media_type',
        () => ({ body: '{}', headers: { 'Content-Type': 'application/json; charset=utf-16' } }),
      ],
      [
        'a charset of its own',
        'unsupported_media_type',
        () => ({ body: '{}', headers: { 'Content-Type': 'application/json; charset=x-evil' } }),
      ],
      [
        'a form',
        'unsupported_media_type',
        () => ({ body: 'quantity=1', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
      ],
      [
        'a file with a path for a name',
        'unsupported_media_type',
        () => ({
          body: '--x\r\nContent-Disposition: form-data; name="f"; filename="../../etc/passwd"\r\n\r\nx\r\n--x--',
          headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
        }),
      ],
      [
        'XML',
        'unsupported_media_type',
        () => ({
          body: '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
          headers: { 'Content-Type': 'application/xml' },
        }),
      ],
      ['no media type', 'unsupported_media_type', () => ({ body: '{}', headers: { 'Content-Type': '' } })],
      [
        'two media types in one',
        'unsupported_media_type',
        () => ({ body: '{}', headers: { 'Content-Type': 'application/json, text/plain' } }),
      ],
    ];
    for (const [what, code, sent] of CASES) {
      it(`${what}: ${code}`, async () => {
        assert.equal(await refusalOf(sent()), code);
        assert.equal((Object.prototype as { polluted?: unknown }).polluted, undefined);
      });
    }
  });

  describe('quantities', () => {
    const REFUSED: readonly (readonly [unknown, string?])[] = [
      ...[
        '-1',
        '-0',
        '0',
        '0.0',
        '+1',
        '1e3',
        '1E3',
        '0x10',
        '0b1',
        ' 1 ',
        '',
        '1_0',
        '١٢',
        '１２',
        '1,5',
        '1.',
        '.5',
        '01',
        '00',
      ].map((text) => [text] as const),
      ...['1.5.2', 'NaN', 'Infinity', '1/2', '1 000', '1\n', '1\u0000', '½', '1e-7', '--1', '0x', 'null'].map(
        (text) => [text] as const,
      ),
      // 20 digits before the point and 12 after it are the most; nothing is ever rounded.
      ...['123456789012345678901', '0.1234567890123', '9'.repeat(400), `0.${'0'.repeat(5000)}1`].map(
        (text) => [text] as const,
      ),
      ...[2 ** 53 + 2, 1, 0.1, 1e21, true, false, null, [], ['1'], {}, { toString: '1' }].map(
        (value) => [value] as const,
      ),
    ];
    it(`${REFUSED.length} that are no decimal above zero are refused, in either form; what is no text nor number as validation_failed`, async () => {
      for (const [quantity] of REFUSED) {
        const code =
          typeof quantity === 'string' || typeof quantity === 'number' ? 'invalid_quantity' : 'validation_failed';
        assert.equal(await eventRefusal(plain({ quantity })), code, JSON.stringify(quantity)?.slice(0, 40));
        assert.equal(await eventRefusal(cloud({ data: { quantity } })), code, JSON.stringify(quantity)?.slice(0, 40));
      }
    });
    it('none at all is invalid_quantity too, where the meter sums', async () => {
      const { quantity: _, ...none } = plain();
      assert.equal(await eventRefusal(none), 'invalid_quantity');
      assert.equal(await eventRefusal(cloud({ data: {} })), 'invalid_quantity');
    });
    it('a count does not take a wrong one for none', async () => {
      assert.equal(await eventRefusal(plain({ metric_name: 'requests', quantity: '-5' })), 'invalid_quantity');
    });
  });

  describe('times', () => {
    const INVALID = [
      ...[
        '2026-02-30T12:00:00Z',
        '2026-02-29T12:00:00Z',
        '2026-03-10T24:00:00Z',
        '2026-03-10T23:59:60Z',
        '2026-03-10T12:00:00',
      ],
      ...[
        '2026-03-10T12:00:00+99:99',
        '2026-03-10T12:00:00+24:00',
        '2026-03-10 12:00:00Z',
        '2026-03-10',
        '20260310T120000Z',
      ],
      ...[
        '1',
        '1773144000',
        'Tue, 10 Mar 2026 12:00:00 GMT',
        'now',
        '',
        ' ',
        '2026-3-10T12:00:00Z',
        '+02026-03-10T12:00:00Z',
      ],
      ...[
        '2026-03-10T12:00Z',
        '2026-03-10T12:00:00.Z',
        '2026-03-10T12:00:00.0000000001Z',
        '٢٠٢٦-03-10T12:00:00Z',
        '0000-01-01T00:00:00Z',
      ],
      ...[
        '2026-W11-2T12:00:00Z',
        '2026-069T12:00:00Z',
        '2026-13-01T00:00:00Z',
        '2026-00-10T00:00:00Z',
        '2026-03-10T12:00:00z\n',
      ],
      ...[1773144000, null, true, {}, [], ['2026-03-10T12:00:00Z']],
    ];
    it(`${INVALID.length} that are no RFC 3339 instant are invalid_timestamp, in either form`, async () => {
      for (const time of INVALID) {
        assert.equal(await eventRefusal(plain({ timestamp: time })), 'invalid_timestamp', JSON.stringify(time));
        assert.equal(await eventRefusal(cloud({ time })), 'invalid_timestamp', JSON.stringify(time));
      }
    });
    it('1970, 9999, six minutes from now and 36 days ago are timestamp_out_of_window', async () => {
      for (const time of [
        '1970-01-01T00:00:00Z',
        '9999-12-31T23:59:59.999999Z',
        '0001-01-01T00:00:00Z',
        '2026-03-10T12:06:00Z',
        '2026-02-02T12:00:00Z',
        '2026-03-10T12:00:00-00:06',
      ]) {
        assert.equal(await eventRefusal(plain({ timestamp: time })), 'timestamp_out_of_window', time);
      }
    });
  });

  describe('names, keys and properties', () => {
    const CASES: readonly (readonly [what: string, code: string, event: unknown])[] = [
      [
        'an organization with a line break',
        'organization_mismatch',
        plain({ organization_id: 'acme\r\nSet-Cookie: a=b' }),
      ],
      ['an organization in capitals', 'organization_mismatch', plain({ organization_id: 'ACME' })],
      ['an empty key', 'invalid_idempotency_key', plain({ idempotency_key: '' })],
      ['a key of 256 characters', 'invalid_idempotency_key', plain({ idempotency_key: 'k'.repeat(256) })],
      ['a key with a line break', 'invalid_idempotency_key', plain({ idempotency_key: 'a\nb' })],
      ['a key with a NUL', 'invalid_idempotency_key', cloud({ id: 'a\u0000b' })],
      ['a key that turns the text around', 'invalid_idempotency_key', plain({ idempotency_key: 'a\u202eb' })],
      ['a key that is a number', 'invalid_idempotency_key', plain({ idempotency_key: 1 })],
      ['no key', 'invalid_idempotency_key', { metric_name: 'api_calls', quantity: '1', timestamp: NOON }],
      [
        '51 properties',
        'invalid_property',
        plain({ properties: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`p${i}`, 'x'])) }),
      ],
      ['a property of 10 KB', 'invalid_property', plain({ properties: { note: 'x'.repeat(10_000) } })],
      ['a property that is a number', 'invalid_property', plain({ properties: { region: 1 } })],
      ['a property within a property', 'invalid_property', plain({ properties: { a: { b: 'c' } } })],
      ['a property __x__', 'invalid_property', plain({ properties: { __x__: 'x' } })],
      ['a property with a slash', 'invalid_property', cloud({ data: { quantity: '1', 'a/b': 'x' } })],
      ['a property with no name', 'invalid_property', plain({ properties: { '': 'x' } })],
      ['a quantity among the properties', 'invalid_property', plain({ properties: { quantity: '1' } })],
      ['a metric by the name of toString', 'unknown_metric', plain({ metric_name: 'toString' })],
      ['a metric by the name of hasOwnProperty', 'unknown_metric', plain({ metric_name: 'hasOwnProperty' })],
      ['a metric that is SQL', 'unknown_metric', plain({ metric_name: "api_calls' OR '1'='1" })],
      ['a subscription that is a path', 'unknown_subscription', plain({ subscription_id: '../../main' })],
      ['a subscription __x__', 'unknown_subscription', cloud({ subject: '__x__' })],
      ['a counted property that is not there', 'invalid_property', plain({ metric_name: 'users' })],
      [
        'a counted property that only Object has',
        'invalid_property',
        cloud({ type: 'users', data: { toString: 'x' } }),
      ],
      ['a price of one’s own', 'unknown_field', plain({ price: '0' })],
      [
        'a tenant, a role, a receipt id',
        'unknown_field',
        plain({ tenant: 'umbrella', role: 'platform_admin', receipt_id: 'x' }),
      ],
      ['an attribute in capitals', 'unknown_field', cloud({ Quantity: '1' })],
      ['CloudEvents 0.3', 'validation_failed', cloud({ specversion: '0.3' })],
      ['a source with white space', 'validation_failed', cloud({ source: 'a b' })],
      ['data as XML', 'validation_failed', cloud({ datacontenttype: 'application/xml' })],
      ['data_base64', 'unknown_field', cloud({ data_base64: 'AAAA' })],
    ];
    for (const [what, code, event] of CASES) {
      it(`${what}: ${code}`, async () => assert.equal(await eventRefusal(event), code));
    }

    it('50,000 letters and an exclamation mark, in any field, cost nobody any time', async () => {
      const long = `${'a'.repeat(50_000)}!`;
      for (const name of Object.keys(plain({ subscription_id: '', organization_id: '' })))
        await eventRefusal(plain({ [name]: long }));
      for (const name of ['id', 'source', 'type', 'subject', 'time', 'specversion'])
        await eventRefusal(cloud({ [name]: long }));
      await eventRefusal(plain({ [long]: 'x' }));
      await eventRefusal(plain({ properties: { [long]: 'x' } }));
      await eventRefusal(plain({ quantity: `${'1'.repeat(50_000)}!` }));
      await eventRefusal(plain({ timestamp: `${NOON}${' '.repeat(50_000)}!` }));
    });
  });

  describe('addresses', () => {
    const GET = { method: 'GET', headers: { Accept: 'application/json, application/x-tar' } };
    const PATHS: readonly (readonly [path: string, code: string])[] = [
      ...(
        [
          '/api/v1/billing/invoices/%zz',
          '/api/v1/billing/receipts/%',
          '/%c0%af',
          '/api/v1/billing/invoices/%ff',
        ] as const
      ).map((path) => [path, 'invalid_path'] as const),
      ...[
        ...[
          '/api/v1//billing/invoices',
          '/api/v1/./billing/invoices',
          '/api/v1/billing/../billing/invoices',
          '/api/v1/billing/invoices;jsessionid=1',
        ],
        ...[
          '/api/v1/billing/invoices.',
          '/api/v1/billing/invoices/',
          '/api/v1/billing%2finvoices',
          '/api/v1/billing/invoices/..%2f..%2fetc',
          '/API/v1/billing/invoices',
        ],
        ...[
          '/api/v1/billing/invoices/%00',
          '/api/v1/billing/invoices/__x__',
          '/api/v1/billing/invoices/INV%2F1',
          "/api/v1/billing/invoices/1'%20OR%20'1'='1",
          '/api/v1/billing/invoices/%252e%252e',
        ],
        ...[
          '/api/v1/billing/evidence/..',
          '/api/v1/billing/evidence/%2e%2e%2fstore.db',
          `/api/v1/billing/evidence/${'A'.repeat(5000)}`,
          '/api/v1/billing/receipts/x',
        ],
        ...[
          `/api/v1/billing/receipts/${'A'.repeat(43)}`,
          `/api/v1/billing/receipts/${'-'.repeat(43)}`,
          '/api/v1/billing/receipts/__proto__',
          '/api/v1/billing/invoices/constructor',
          '/.git/config',
          '/.env',
          '/server-status',
        ],
      ].map((path) => [path, 'not_found'] as const),
    ];
    it(`${PATHS.length} that lead nowhere lead nowhere`, async () => {
      for (const [path, code] of PATHS) assert.equal(await refusalOf({ ...GET, path }), code, path);
    });
    it('an absolute address and one with letters that no address has are invalid_target', async () => {
      for (const path of [
        'http://evil.example/',
        '//evil.example/healthz',
        '*',
        '/healthz\\x',
        '/a|b',
        '/a"b',
        '/<script>',
      ]) {
        const code = await refusalOf({ ...GET, path });
        assert.ok(code === 'invalid_target' || (path.startsWith('//') && code === 'not_found'), `${path} ${code}`);
      }
    });
    it('SQL, scripts and paths in a query are invalid', async () => {
      const WRONG: readonly (readonly [string, string])[] = [
        ['/api/v1/billing/invoices?limit=1;DROP%20TABLE%20invoices', 'invalid_parameter'],
        ['/api/v1/billing/invoices?limit=1%27', 'invalid_parameter'],
        ['/api/v1/billing/invoices?cursor=%27%20UNION%20SELECT%201', 'invalid_cursor'],
        ['/api/v1/billing/invoices?sort=total%20desc', 'invalid_parameter'],
        ['/api/v1/billing/receipts?cursor=__proto__', 'invalid_cursor'],
        ['/api/v1/billing/receipts?__proto__=1', 'invalid_parameter'],
        ['/api/v1/billing/receipts?limit=%zz', 'invalid_parameter'],
        ['/api/v1/billing/usage/summary?metric_name=..%2f..', 'invalid_id'],
        ['/api/v1/billing/usage/summary?subscription_id=%00', 'invalid_id'],
        [`/api/v1/billing/usage/summary?metric_name=${'a'.repeat(8000)}!`, 'invalid_id'],
        [`/api/v1/billing/receipts?cursor=${'a'.repeat(8000)}!`, 'invalid_cursor'],
        ['/api/v1/billing/ledger/head?since=1e9', 'invalid_parameter'],
      ];
      for (const [path, code] of WRONG) assert.equal(await refusalOf({ ...GET, path }), code, path.slice(0, 80));
    });
    it('a credential of any shape that is none of ours is 401', async () => {
      for (const key of [
        'x',
        `${'a'.repeat(500)}!`,
        'tsk_dev_eu_',
        '../../dev/null',
        "' OR 1=1",
        'eyJhbGciOiJub25lIn0.e30.',
        'null',
        '0',
      ]) {
        const code = await refusalOf({
          ...GET,
          path: '/api/v1/billing/invoices',
          headers: { Authorization: `Bearer ${key}` },
        });
        assert.match(code, /^(?:invalid|missing)_credentials$/, key);
      }
    });
  });

  describe('what only bus and scheduler may call', () => {
    const INTERNAL = [
      'sign-receipts/',
      'seal-ledger/',
      'seal-ledger/run',
      'reconcile-chain/sweep?passes=1',
      'reconcile-chain/deep',
      'reconcile-chain/deep?full=true',
      'run-invoices/run',
      'archive-period/',
    ];

    it('does nothing for anybody else, though there is plenty to do: no token, a wrong one, a tenant’s key', async () => {
      const busy = await TestSuite.start({ at: NOON });
      const client = await busy.organization(acmePlan);
      await client.send(plain());
      await busy.settle();
      await busy.platform.bus.stop();
      await client.send(plain({ idempotency_key: 'waits' }));
      busy.goTo('2026-04-02T00:00:00Z');
      const before = [busy.counts(), await busy.platform.vault.list('')];
      const admin = await busy.client('acme', 'platform_admin');
      const tokens = [
        '',
        'x',
        CALLER_TOKEN.slice(0, -1),
        `${CALLER_TOKEN}x`,
        CALLER_TOKEN.toUpperCase(),
        client.key,
        admin.key,
      ];
      const counted = [{ ...(before[0] as Record<string, number>), api_keys: 2 }, before[1]];
      for (const path of INTERNAL) {
        const push = JSON.stringify({
          subscription: 's',
          message: { messageId: '1', publishTime: NOON, attributes: { tenant: 'acme' } },
        });
        for (const token of tokens) {
          const response = await busy.call(path, push, token);
          const { code } = (await response.json()) as { code: string };
          assert.equal(
            `${response.status} ${code}`,
            `401 ${token === '' ? 'missing' : 'invalid'}_credentials`,
            `${path} ${token}`,
          );
        }
        const naked = await fetch(`${busy.url}/_functions/${path}`, { method: 'POST' });
        assert.equal(naked.status, 401, path);
        assert.deepEqual([busy.counts(), await busy.platform.vault.list('')], counted, path);
      }
      await busy.close();
    });

    it('is called by its exact name, with what it knows, or not at all', async () => {
      const headers = { Authorization: `Bearer ${CALLER_TOKEN}` };
      const WRONG: readonly (readonly [path: string, code: string])[] = [
        ...[
          '_functions/sign-receipts',
          '_functions/SIGN-RECEIPTS/',
          '_functions/sign-receipts/x',
          '_functions/ingest/api/v1/billing/usage',
          '_functions/api/healthz',
          '_functions/constructor/',
          '_functions/__proto__/',
          '_functions//',
          '_functions/seal-ledger/run/',
        ].map((path) => [path, 'not_found'] as const),
        ...[
          'reconcile-chain/sweep?passes=0',
          'reconcile-chain/sweep?passes=7',
          'reconcile-chain/sweep?passes=',
          'reconcile-chain/sweep?passes=1&passes=1',
          'reconcile-chain/deep?full=yes',
          'reconcile-chain/deep?ful=true',
          'run-invoices/run?now=2099',
        ].map((path) => [`_functions/${path}`, 'invalid_parameter'] as const),
      ];
      for (const [path, code] of WRONG) assert.equal(await refusalOf({ path: `/${path}`, headers }), code, path);
    });

    it('a push that is no push, or names no organization, is acknowledged, set aside and changes no books', async () => {
      const push = (attributes: unknown) =>
        JSON.stringify({ subscription: 's', message: { messageId: '1', publishTime: NOON, attributes } });
      const WRONG: readonly (readonly [body: string, code: string])[] = [
        ...[
          '{}',
          '[]',
          'null',
          '1',
          '{"message":{}}',
          '{"message":null,"subscription":"s"}',
          push(null),
          push([]),
          push({ tenant: 1 }),
          push(undefined),
          push({}),
          push({ TENANT: 'acme' }),
        ].map((body) => [body, 'validation_failed'] as const),
        ...['', 'a', '../acme', 'acme/x', 'ACME', '__proto__', 'acme\n', 'a'.repeat(41), "x' OR 1=1"].map(
          (tenant) => [push({ tenant }), 'invalid_id'] as const,
        ),
        ...['', 'x', '{"message":'].map((body) => [body, 'malformed_json'] as const),
        ['{"message":{"__proto__":{}}}', 'unknown_field'],
      ];
      for (const [body, code] of WRONG) assert.equal(await setAsideCode(body), code, body.slice(0, 80));
    });
  });

  describe('and neither is anything that chance comes up with', function () {
    this.slow(3000);
    const weird = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom<unknown>(
        '1',
        '0.5',
        NOON,
        '2026-03-10T11:00:00Z',
        'acme',
        'main',
        'api_calls',
        'users',
        '__proto__',
        '',
        null,
        1,
        0,
        -1,
        1e300,
        [],
        {},
      ),
    );
    const NAMES = [
      'idempotency_key',
      'metric_name',
      'quantity',
      'timestamp',
      'organization_id',
      'subscription_id',
      'properties',
      'specversion',
      'id',
      'source',
      'type',
      'subject',
      'time',
      'data',
      'datacontenttype',
      'extension1',
    ];
    // Mostly sound events of which a field or two is anything, so that the fuzz gets past the first check.
    const event = fc
      .tuple(fc.constantFrom(plain, cloud), fc.dictionary(fc.constantFrom(...NAMES), weird, { maxKeys: 2 }), fc.uuid())
      .map(([form, changes, key]) =>
        form({ ...(form === plain ? { idempotency_key: key } : { id: key }), ...changes }),
      );
    const body = fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .array(fc.oneof({ weight: 5, arbitrary: event as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: weird }), {
            maxLength: 4,
          })
          .map((list) => JSON.stringify(list)),
      },
      { weight: 2, arbitrary: event.map((one) => JSON.stringify(one)) },
      { weight: 1, arbitrary: fc.json() },
      { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
      { weight: 1, arbitrary: fc.tuple(event, fc.nat()).map(([one, cut]) => JSON.stringify(one).slice(0, cut % 200)) },
    );
    const type = fc.constantFrom(JSON_TYPE, 'application/cloudevents+json', 'application/cloudevents-batch+json');

    it('usage: 400 requests, never a 5xx, a refusal changes nothing, and what was accepted reconciles', async () => {
      let acceptedAny = 0;
      await fc.assert(
        fc.asyncProperty(body, type, async (sent, contentType) => {
          await suite.platform.bus.idle();
          const before = state();
          const answer = await ask({ body: sent, headers: { 'Content-Type': contentType } });
          if (answer.status === 202) {
            const { accepted } = JSON.parse(answer.text) as UsageAnswer;
            acceptedAny += accepted;
            if (accepted > 0) return;
          } else codeOf(answer);
          assert.equal(state(), before);
        }),
        { numRuns: 400, seed: 20260310 },
      );
      assert.ok(acceptedAny > 50, `the fuzz got through: ${acceptedAny} accepted`);
      await suite.settle();
      assert.equal((await suite.entriesOf('acme', 'charge')).length, acceptedAny);
      assert.deepEqual((await suite.deep(true)).faults, []);
    });

    it('doorbells with the right token: 200 pushes, every one acknowledged, none changes the books', async () => {
      const attributes = fc.oneof(
        fc.dictionary(fc.constantFrom('tenant', 'number', 'seal', '__proto__', 'x'), weird, { maxKeys: 3 }),
        weird,
      );
      const push = fc.oneof(
        {
          weight: 3,
          arbitrary: attributes.map((found) =>
            JSON.stringify({
              subscription: 's',
              deliveryAttempt: 1,
              message: { messageId: '1', publishTime: NOON, attributes: found },
            }),
          ),
        },
        { weight: 1, arbitrary: fc.json() },
        { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
      );
      await suite.settle();
      await fc.assert(
        fc.asyncProperty(
          push,
          fc.constantFrom('sign-receipts', 'seal-ledger', 'archive-period'),
          async (sent, name) => {
            const before = books();
            const answer = await ask({ path: `/_functions/${name}/`, body: sent, headers: bus });
            // Everything was settled, so even a sound doorbell finds nothing to do.
            assert.deepEqual([answer.status, books()], [204, before]);
          },
        ),
        { numRuns: 200, seed: 20260311 },
      );
    });

    it('addresses: 200 paths and queries, never a 5xx, nothing is changed by reading', async () => {
      const piece = fc.oneof(
        fc.constantFrom(
          'api',
          'v1',
          'billing',
          'invoices',
          'receipts',
          'evidence',
          'ledger',
          'head',
          '..',
          '%2e',
          '%00',
          'INV-2026-000001',
          '_functions',
          'sweep',
          '',
        ),
        fc.webSegment(),
      );
      const query = fc.webQueryParameters();
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { maxLength: 6 }), query, fc.boolean(), async (pieces, text, prefixed) => {
          const before = state();
          const path = `${prefixed ? '/api/v1/billing' : ''}/${pieces.join('/')}${text === '' ? '' : `?${text}`}`;
          const answer = await ask({ method: 'GET', path });
          assert.ok(answer.status < 500, `${path} ${answer.status}`);
          assert.equal(state(), before);
        }),
        { numRuns: 200, seed: 20260312 },
      );
    });
  });
});
