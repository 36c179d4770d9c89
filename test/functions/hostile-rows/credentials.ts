import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { API, bearer, head, JSON_TYPE, type Place, type Row, send } from './row.ts';
import { attacks, type Make } from './token-attacks.ts';

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
  refused('a key that was revoked', ({ revokedKey }) => bearer(revokedKey)),
  refused('a key that has expired', ({ expiredKey }) => bearer(expiredKey)),
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
