import { createHmac } from 'node:crypto';
import { CompactEncrypt, CompactSign, EncryptJWT } from 'jose';
import type { Tokens } from './row.ts';

export type Make = (tokens: Tokens) => Promise<string> | string;
const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const hmac = (secret: string) => (input: string) => createHmac('sha256', secret).update(input).digest('base64url');
const text = (value: unknown): string => JSON.stringify(value) ?? 'undefined';

/** Tokens that no issuer of ours has made for us, or not now. @param name of a key of the issuer, and of one of another kind */
export function attacks(rsa: string, ec: string): readonly (readonly [says: string, make: Make])[] {
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
