import { createHmac } from 'node:crypto';
import { CompactEncrypt, CompactSign, EncryptJWT } from 'jose';
import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { API, bearer, head, JSON_TYPE, type Place, type Row, send, type Tokens } from './row.ts';

const asked = (line: string): readonly string[] => [head(`GET ${API}/organization`, line)];
const refused = (says: string, line: (place: Place) => string, code: ErrorCode = 'invalid_credentials'): Row => ({
  says,
  sends: (place) => asked(line(place)),
  status: 401,
  code,
});
const HALF = 24;

const KEYS: readonly Row[] = [
  { says: 'nothing', sends: () => [head(`GET ${API}/organization`)], status: 401, code: 'missing_credentials' },
  ...[
    '',
    'Bearer',
    'Bearer ',
    'Bearer  x',
    'Bearer\tx',
    'Bearer x y',
    'Bearer x, Bearer y',
    'Basic YWNtZTphY21l',
    'Digest username="acme"',
    'Negotiate YII=',
    'Token x',
    'ApiKey x',
    'BEARER x',
    'bearer',
    'x',
    'null',
    'Bearer \xff\xfe',
    `Bearer ${'a'.repeat(5000)}`,
  ].map((value) =>
    refused(
      `“${value.slice(0, 30).replaceAll(/[^\x20-\x7e]/g, '?')}”`,
      () => `Authorization: ${value}`,
      'missing_credentials',
    ),
  ),
  refused('a key without Bearer', ({ key }) => `Authorization: ${key}`, 'missing_credentials'),
  refused('a key in quotes', ({ key }) => bearer(`"${key}"`)),
  refused('a key in another field', ({ key }) => `X-Api-Key: ${key}`, 'missing_credentials'),
  refused('a key as a cookie', ({ key }) => `Cookie: authorization=${key}`, 'missing_credentials'),
  refused('a key as the proxy’s', ({ key }) => `Proxy-Authorization: Bearer ${key}`, 'missing_credentials'),
  refused(
    'a key in Basic',
    ({ key }) => `Authorization: Basic ${Buffer.from(`${key}:`).toString('base64')}`,
    'missing_credentials',
  ),
  refused('a key cut short', ({ key }) => bearer(key.slice(0, -1))),
  refused('a key with one letter more', ({ key }) => bearer(`${key}a`)),
  refused('a key in capitals', ({ key }) => bearer(key.toUpperCase())),
  refused('a key whose last letter is another', ({ key }) =>
    bearer(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`),
  ),
  refused('a key for another environment', ({ key }) => bearer(key.replace(/^tsk_[a-z0-9]+_/, 'tsk_live_'))),
  refused('a key for a region that nobody serves', ({ key }) =>
    bearer(key.replace(/^(tsk_[a-z0-9]+)_[a-z]+_/, '$1_zz_')),
  ),
  refused('the id of one key with the secret of another', ({ key, otherKey }) =>
    bearer(`${key.slice(0, HALF)}${otherKey.slice(HALF)}`),
  ),
  refused('a key whose id is SQL', ({ key }) => bearer(key.replace(/_[a-z0-9]{16}_/, "_'or'1'='1'--_"))),
  refused('a key whose id is a path', ({ key }) => bearer(key.replace(/_[a-z0-9]{16}_/, '_../../etc/passw_'))),
  refused('what only bus and scheduler have', () => bearer('the-bus-and-the-scheduler-share-this')),
  ...['tsk_', 'tsk____', 'tsk_dev_eu__', '__proto__', 'constructor', '*', '%00', '../../dev/null', "'OR'1'='1"].map(
    (key) => refused(`“${key}”`, () => bearer(key)),
  ),
  {
    says: 'a key in the query',
    sends: ({ key }) => [head(`GET ${API}/organization?key=${key}`)],
    status: 401,
    code: 'missing_credentials',
  },
  {
    says: 'a key in the query beside a good one',
    sends: ({ key }) => [head(`GET ${API}/organization?organization_id=${key}`, bearer(key))],
    status: 401,
    code: 'missing_credentials',
  },
  {
    says: 'a key in the body',
    sends: ({ key }) => send('POST', `${API}/usage`, JSON.stringify({ authorization: `Bearer ${key}` }), JSON_TYPE),
    status: 401,
    code: 'missing_credentials',
  },
];

type Make = (tokens: Tokens) => Promise<string> | string;
const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const hmac = (secret: string) => (input: string) => createHmac('sha256', secret).update(input).digest('base64url');
const text = (value: unknown): string => JSON.stringify(value) ?? 'undefined';

/** Tokens that no issuer of ours has made for us, or not now. @param name of a key of the issuer, and of one of another kind */
function attacks(rsa: string, ec: string): readonly (readonly [says: string, make: Make])[] {
  const header =
    (more: object): Make =>
    ({ sign, stranger }) =>
      sign({}, { key: stranger, header: { ...more } });
  const own =
    (more: object): Make =>
    ({ sign }) =>
      sign({}, { header: { ...more } });
  const claims =
    (of: (now: number) => Record<string, unknown>): Make =>
    ({ sign, now }) =>
      sign(of(now));
  return [
    ...[
      'none',
      'None',
      'nOnE',
      'NONE',
      '',
      'HS256',
      'HS512',
      'RS1',
      'RS384',
      'RS512',
      'PS256',
      'ES256',
      'ES256K',
      'EdDSA',
      'Ed25519',
      'ML-DSA-44',
      '__proto__',
      'toString',
    ].map((alg): readonly [string, Make] => [
      `algorithm ${text(alg)} without a signature`,
      ({ raw }) => raw({ alg, kid: rsa }, {}, () => ''),
    ]),
    ...[null, 1, ['RS256'], { RS256: 1 }, true].map((alg): readonly [string, Make] => [
      `algorithm ${text(alg)}`,
      ({ raw }) => raw({ alg, kid: rsa }, {}, () => part('x')),
    ]),
    [
      'HS256 with the public key as PEM for its secret',
      ({ raw, publicPem }) => raw({ alg: 'HS256', kid: rsa }, {}, hmac(publicPem)),
    ],
    [
      'HS256 with that PEM without its last line feed',
      ({ raw, publicPem }) => raw({ alg: 'HS256', kid: rsa }, {}, hmac(publicPem.trimEnd())),
    ],
    ['HS256 with an empty secret', ({ raw }) => raw({ alg: 'HS256', kid: rsa }, {}, hmac('\0'))],
    ['RS256 of no signature at all', ({ raw }) => raw({ alg: 'RS256', kid: rsa }, {}, () => '')],
    ['RS256 of zeros', ({ raw }) => raw({ alg: 'RS256', kid: rsa }, {}, () => part('\0'.repeat(256)))],
    ['RS256 of a signature of one byte', ({ raw }) => raw({ alg: 'RS256', kid: rsa }, {}, () => 'AA')],
    ['RS256 of a megabyte', ({ raw }) => raw({ alg: 'RS256', kid: rsa }, {}, () => 'A'.repeat(2000))],
    ['ES256 whose r and s are zero', ({ raw }) => raw({ alg: 'ES256', kid: ec }, {}, () => part('\0'.repeat(64)))],
    [
      'ES256 under the name of an RSA key',
      ({ raw }) => raw({ alg: 'ES256', kid: rsa }, {}, () => part('\0'.repeat(64))),
    ],
    ['RS256 under the name of an elliptic key', own({ kid: ec })],
    ['a stranger’s signature', header({})],
    ...[
      '../../dev/null',
      '/dev/null',
      "x' UNION SELECT 'k'",
      'https://evil.example/key',
      'file:///etc/passwd',
      'k'.repeat(1500),
      '',
      '__proto__',
      'constructor',
      `${rsa}\0`,
      `${rsa} `,
      '*',
      '| whoami',
    ].map((kid): readonly [string, Make] => [`kid ${text(kid).slice(0, 30)}`, header({ kid })]),
    ...[null, 1, [rsa], { kid: rsa }].map((kid): readonly [string, Make] => [`kid ${text(kid)}`, own({ kid })]),
    ['no kid', own({ kid: undefined })],
    [
      'a key of its own',
      ({ sign, stranger, publicKey }) =>
        sign({}, { key: stranger, header: { jwk: publicKey.export({ format: 'jwk' }) } }),
    ],
    ...(['jku', 'x5u'] as const).map((name): readonly [string, Make] => [
      `${name} of its own`,
      header({ [name]: 'https://evil.example/jwks' }),
    ]),
    ['x5c of its own', header({ x5c: ['MIIB'] })],
    ...(['jwk', 'jku', 'x5u', 'x5c'] as const).map((name): readonly [string, Make] => [
      `a good signature beside an empty ${name}`,
      own({ [name]: '' }),
    ]),
    ...[[], ['exp'], ['b64'], ['x-evil'], 'exp', [1], ['crit']].map((crit): readonly [string, Make] => [
      `crit ${text(crit)}`,
      ({ raw }) => raw({ alg: 'RS256', kid: rsa, crit }, {}, () => part('x')),
    ]),
    ['unencoded payload', ({ raw }) => raw({ alg: 'RS256', kid: rsa, b64: false, crit: ['b64'] }, {}, () => part('x'))],
    ['compressed', own({ zip: 'DEF' })],
    ['never expires', claims(() => ({ exp: undefined }))],
    ...['9999999999', 1e308, -1, 0, true, null, [], {}, '2099-01-01T00:00:00Z'].map((exp): readonly [string, Make] => [
      `exp ${text(exp)}`,
      claims((now) => ({ exp, iat: exp === 1e308 ? now - 7200 : now })),
    ]),
    ['expired 61 s ago', claims((now) => ({ iat: now - 600, exp: now - 61 }))],
    ...['9999999999', -1e308, 1e308, true, null, []].map((iat): readonly [string, Make] => [
      `iat ${text(iat)}`,
      claims(() => ({ iat })),
    ]),
    ['no iat', claims(() => ({ iat: undefined }))],
    ['iat two minutes ahead', claims((now) => ({ iat: now + 120 }))],
    ['issued an hour and two minutes ago', claims((now) => ({ iat: now - 3720, exp: now + 600 }))],
    ...['0', 1e308, null, true].map((nbf): readonly [string, Make] => [`nbf ${text(nbf)}`, claims(() => ({ nbf }))]),
    ['nbf two minutes ahead', claims((now) => ({ nbf: now + 120 }))],
    ...[
      undefined,
      null,
      '',
      'https://evil.example/',
      'HTTPS://LOGIN.EXAMPLE.COM/',
      ['https://login.example.com/'],
      1,
    ].map((iss): readonly [string, Make] => [`iss ${text(iss)}`, claims(() => ({ iss }))]),
    ...[undefined, null, '', '*', 'https://evil.example/', [], ['https://evil.example/'], {}, 1, true].map(
      (aud): readonly [string, Make] => [`aud ${text(aud)}`, claims(() => ({ aud }))],
    ),
    [
      'claims exchanged under a good signature',
      async ({ sign }) => {
        const [first, , last] = (await sign()).split('.');
        return `${first}.${part({ tenant: 'umbrella', role: 'platform_admin' })}.${last}`;
      },
    ],
    [
      'another header under a good signature',
      async ({ sign }) => {
        const [, ...rest] = (await sign()).split('.');
        return [part({ alg: 'RS256', kid: rsa, typ: 'at+jwt' }), ...rest].join('.');
      },
    ],
    ['no third part', async ({ sign }) => (await sign()).split('.').slice(0, 2).join('.')],
    ['a fourth part', async ({ sign }) => `${await sign()}.x`],
    ['padding', async ({ sign }) => `${await sign()}==`],
    ['a signature in the letters of base64', async ({ sign }) => `${await sign()}+/`],
    [
      'claims that are no JSON',
      ({ stranger }) =>
        new CompactSign(Buffer.from('claims')).setProtectedHeader({ alg: 'RS256', kid: rsa }).sign(stranger),
    ],
    [
      'a token within a token',
      async ({ sign, stranger }) =>
        new CompactSign(Buffer.from(await sign()))
          .setProtectedHeader({ alg: 'RS256', kid: rsa, cty: 'JWT' })
          .sign(stranger),
    ],
    [
      'encrypted',
      ({ publicKey }) =>
        new CompactEncrypt(Buffer.from('{}'))
          .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: rsa })
          .encrypt(publicKey),
    ],
    [
      'encrypted, with claims',
      ({ publicKey }) =>
        new EncryptJWT({ role: 'tenant_admin' })
          .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128GCM', kid: rsa })
          .encrypt(publicKey),
    ],
    ['dots', () => '..'],
    ['a header that is a list', () => `${part([])}.${part({})}.x`],
    ['a header that is null', () => `${part('null')}.${part({})}.x`],
    ['a header with a prototype', () => `${part('{"__proto__":{"alg":"none"},"alg":"none"}')}.${part({})}.`],
    ['a header of 3,000 brackets', () => `${part('['.repeat(2000))}.${part({})}.x`],
    ['a JSON serialisation', () => part({ payload: 'e30', signatures: [] })],
  ];
}

const rows = (rsa: string, ec: string, prefix: string, line: (make: Make) => Row['sends']): Row[] =>
  attacks(rsa, ec).map(([says, make]) => ({
    says: `${prefix}: ${says}`,
    sends: line(make),
    status: 401,
    code: 'invalid_credentials',
  }));

const AS_TENANT: readonly Row[] = [
  ...rows(
    'rsa-1',
    'ec-1',
    'a token',
    (make) =>
      async ({ tokens }) =>
        asked(bearer(await make(tokens))),
  ),
  ...(
    [
      ['of nobody', { sub: undefined }],
      ['of an empty subject', { sub: '' }],
      ['of a subject that is a number', { sub: 1 }],
      ['of a role that nobody gave', { role: 'root' }],
      ['of a role in capitals', { role: 'TENANT_ADMIN' }],
      ['of a role that every object has', { role: 'constructor' }],
      ['of two roles', { role: ['tenant_admin', 'platform_admin'] }],
      ['of no role', { role: undefined }],
      ['of a tenant’s role without an organization', { tenant: undefined }],
      ['of a platform’s role with an organization', { role: 'platform_admin' }],
      ['of an organization that nobody has heard of', { tenant: 'phantom' }],
      ['of every organization', { tenant: '*' }],
      ['of two organizations', { tenant: ['acme', 'umbrella'] }],
      ['of an organization by a prototype’s name', { tenant: '__proto__' }],
      ['of an organization that is null', { tenant: null }],
      ['of a region that is a list', { region: ['eu'] }],
      ['of a region in capitals', { region: 'EU' }],
    ] as const
  ).map(
    ([says, changes]): Row => ({
      says: `a token ${says}`,
      sends: async ({ tokens }) => asked(bearer(await tokens.sign(changes))),
      status: 401,
      code: 'invalid_credentials',
    }),
  ),
  {
    says: 'a token of more than 4,096 characters',
    sends: async ({ tokens }) => asked(bearer(await tokens.sign({ more: 'x'.repeat(5000) }))),
    status: 401,
    code: 'missing_credentials',
  },
  { says: 'a good token', sends: async ({ tokens }) => asked(bearer(await tokens.sign())), status: 200 },
];

const push = (line: string): readonly (string | Uint8Array)[] =>
  send('POST', '/_functions/sign-receipts/', '{}', line, JSON_TYPE);
/** Sent where callers are told by the tokens of Google. */
export const CALLERS: readonly Row[] = [
  ...rows(
    'google-1',
    'ec-1',
    'a push',
    (make) =>
      async ({ pushers }) =>
        push(bearer(await make(pushers))),
  ),
  ...(
    [
      ['for another service', { aud: 'https://else.example' }],
      ['for us among others', { aud: ['https://functions.example', 'https://else.example'] }],
      ['of another account', { email: 'other@evil.iam.gserviceaccount.com' }],
      ['of an account that ends like ours', { email: 'xpusher@project.iam.gserviceaccount.com' }],
      ['of an account in capitals', { email: 'PUSHER@project.iam.gserviceaccount.com' }],
      ['of two accounts', { email: ['pusher@project.iam.gserviceaccount.com'] }],
      ['of no account', { email: undefined }],
      ['of an address that nobody has verified', { email_verified: false }],
      ['of an address verified as text', { email_verified: 'true' }],
      ['of an address nobody says anything about', { email_verified: undefined }],
    ] as const
  ).map(
    ([says, changes]): Row => ({
      says: `a push by a token ${says}`,
      sends: async ({ pushers }) => push(bearer(await pushers.sign(changes))),
      status: 401,
      code: 'invalid_credentials',
    }),
  ),
  ...['', 'Bearer', 'Basic eDp5'].map(
    (value): Row => ({
      says: `a push with “${value}”`,
      sends: () => push(`Authorization: ${value}`),
      status: 401,
      code: 'missing_credentials',
    }),
  ),
  {
    says: 'a push with a tenant’s key',
    sends: ({ key }) => push(bearer(key)),
    status: 401,
    code: 'invalid_credentials',
  },
  {
    says: 'a push with the key of a platform_admin',
    sends: ({ adminKey }) => push(bearer(adminKey)),
    status: 401,
    code: 'invalid_credentials',
  },
  {
    says: 'a push with a tenant’s token',
    sends: async ({ tokens }) => push(bearer(await tokens.sign())),
    status: 401,
    code: 'invalid_credentials',
  },
  ...[
    'seal-ledger/run',
    'reconcile-chain/sweep?passes=1',
    'reconcile-chain/deep?full=true',
    'run-invoices/run',
    'reconcile-chain/retire',
    'reconcile-chain/audit-digest',
  ].map(
    (job): Row => ({
      says: `the job ${job} by a tenant`,
      sends: ({ key }) => send('POST', `/_functions/${job}`, '', bearer(key)),
      status: 401,
      code: 'invalid_credentials',
    }),
  ),
];

export const CREDENTIALS: readonly Row[] = [...KEYS, ...AS_TENANT];
