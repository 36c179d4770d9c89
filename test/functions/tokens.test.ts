import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactEncrypt, SignJWT } from 'jose';
import { BadInput, TryAgain } from '../../shared/domain/errors.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { pseudonymOf, type Tokens, tokensOf } from '../../shared/edge/jwt.ts';
import { accountOf, perUnit } from '../support/account.ts';
import { checkedFetch } from '../support/contract.ts';
import { TestSuite } from '../support/suite.ts';

const ISSUER = 'https://login.example.com/';
const AUDIENCE = 'https://ledger.example.com';
const NOW = parseInstant('2026-03-01T12:00:00Z', 'test');
const NOON = Date.parse(NOW) / 1000;
const HOUR = 3600;
const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'user-17',
  iat: NOON,
  exp: NOON + HOUR,
  role: 'tenant_admin',
  tenant: 'acme' as string | undefined,
};

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const forger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

interface Made {
  readonly key?: KeyObject;
  readonly header?: Readonly<Record<string, unknown>>;
}

const token = (
  changes: Readonly<Record<string, unknown>> = {},
  { key = rsa.privateKey, header = {} }: Made = {},
): Promise<string> =>
  new SignJWT({ ...CLAIMS, ...changes })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'rsa-1', ...header })
    .sign(key);

/** By hand, where jose will not make it. */
function raw(header: object, changes: object, sign: (input: string) => string): string {
  const input = `${part(header)}.${part({ ...CLAIMS, ...changes })}`;
  return `${input}.${sign(input)}`;
}

describe('a JWT', () => {
  let server: Server;
  let keysUrl: string;
  let answer: { status: number; body: string };
  let reads = 0;

  before(async () => {
    server = createServer((_, res) => {
      reads++;
      res.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    keysUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  after(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    reads = 0;
    const keys = [
      { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa-1' },
      { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec-1' },
    ];
    answer = { status: 200, body: JSON.stringify({ keys }) };
  });

  const reader = (url = keysUrl): Tokens =>
    tokensOf({
      ...{ issuer: ISSUER, audience: AUDIENCE, keysUrl: url, maxAgeSeconds: HOUR },
      ...{ roleClaim: 'role', organizationClaim: 'tenant', regionClaim: 'region' },
    });
  const outcome = (made: string, tokens = reader()): Promise<string> =>
    tokens(made, NOW).then(
      ({ role, tenant, region }) =>
        [role, tenant ?? 'the platform', ...(region === undefined ? [] : [region])].join(' '),
      (error: unknown) => {
        assert.ok(error instanceof BadInput || error instanceof TryAgain, String(error));
        return error.code;
      },
    );

  it('says the role, the organization and who it is, under a pseudonym', async () => {
    const holder = await reader()(await token(), NOW);
    assert.deepEqual(holder, {
      ...{ role: 'tenant_admin', tenant: 'acme', region: undefined },
      id: pseudonymOf(ISSUER, 'user-17'),
    });
    assert.match(holder.id, /^jwt_[A-Za-z0-9_-]{22}$/);
    assert.notEqual(holder.id, pseudonymOf('https://other.example.com/', 'user-17'));
  });

  for (const [says, made, is] of [
    ['of RS256', () => token(), 'tenant_admin acme'],
    ['of ES256', () => token({}, { key: ec.privateKey, header: { alg: 'ES256', kid: 'ec-1' } }), 'tenant_admin acme'],
    ['of a role of the platform', () => token({ role: 'approver', tenant: undefined }), 'approver the platform'],
    ['for us among others', () => token({ aud: ['https://else.example.com', AUDIENCE] }), 'tenant_admin acme'],
    ['that names a region', () => token({ region: 'us' }), 'tenant_admin acme us'],
    ['of a clock that is a minute ahead', () => token({ iat: NOON + 59, nbf: NOON + 59 }), 'tenant_admin acme'],
    ['that has expired within the last minute', () => token({ exp: NOON - 59 }), 'tenant_admin acme'],
  ] as const) {
    it(`${says} is taken`, async () => assert.equal(await outcome(await made()), is));
  }

  it('is verified with keys that are read once', async () => {
    const tokens = reader();
    for (let call = 0; call < 3; call++) await outcome(await token(), tokens);
    assert.equal(reads, 1);
  });

  for (const [says, made] of [
    ['by another issuer', () => token({ iss: 'https://evil.example.com/' })],
    ['by an issuer that only begins like ours', () => token({ iss: `${ISSUER}evil` })],
    ['of no issuer', () => token({ iss: undefined })],
    ['for somebody else', () => token({ aud: 'https://else.example.com' })],
    ['for several, none of them us', () => token({ aud: ['https://a.example.com', 'https://b.example.com'] })],
    ['for nobody', () => token({ aud: undefined })],
    ['that has expired', () => token({ iat: NOON - 2000, exp: NOON - 61 })],
    ['that never expires', () => token({ exp: undefined })],
    ['that expires at a text', () => token({ exp: '9999999999' })],
    ['that expires after the end of time', () => token({ exp: 1e308, iat: NOON - 2 * HOUR })],
    ['that is good for ten years but older than an hour', () => token({ iat: NOON - HOUR - 61, exp: NOON * 2 })],
    ['of no time', () => token({ iat: undefined })],
    ['from the future', () => token({ iat: NOON + 120 })],
    ['that is not good yet', () => token({ nbf: NOON + 120 })],
    ['of nobody', () => token({ sub: undefined })],
    ['of an empty subject', () => token({ sub: '' })],
    ['of a role that does not exist', () => token({ role: 'root' })],
    ['of two roles', () => token({ role: ['tenant_admin', 'approver'] })],
    ['of a role that every object has', () => token({ role: 'constructor' })],
    ['of a tenant’s role without an organization', () => token({ tenant: undefined })],
    ['of a role of the platform with an organization', () => token({ role: 'approver' })],
    ['of an organization that cannot be one', () => token({ tenant: '*' })],
    ['of a list of organizations', () => token({ tenant: ['acme', 'umbrella'] })],
    ['of a region that is no text', () => token({ region: 7 })],
    ['signed by a stranger', () => token({}, { key: forger.privateKey })],
    [
      'signed by a stranger under a key id of their own',
      () => token({}, { key: forger.privateKey, header: { kid: 'x' } }),
    ],
    ['without a key id', () => token({}, { header: { kid: undefined } })],
    ['whose key id is a path', () => token({}, { header: { kid: '../../dev/null' } })],
    ['whose key id is a statement', () => token({}, { header: { kid: "x' OR '1'='1" } })],
    ['whose key id is that of a key of another kind', () => token({}, { header: { kid: 'ec-1' } })],
    ['of RS384', () => token({}, { header: { alg: 'RS384' } })],
    ['of PS256', () => token({}, { header: { alg: 'PS256' } })],
    [
      'that brings its own key',
      () => token({}, { key: forger.privateKey, header: { jwk: forger.publicKey.export({ format: 'jwk' }) } }),
    ],
    ['that says where its key is', () => token({}, { header: { jku: 'https://evil.example.com/jwks' } })],
    ['that says where its certificate is', () => token({}, { header: { x5u: 'https://evil.example.com/cert' } })],
    ['that brings its own certificate', () => token({}, { header: { x5c: ['MIIB'] } })],
    [
      'of an extension that nobody here knows',
      async () => raw({ alg: 'RS256', kid: 'rsa-1', crit: ['exp'] }, {}, () => Buffer.alloc(256).toString('base64url')),
    ],
    ['of algorithm none', async () => raw({ alg: 'none', kid: 'rsa-1' }, {}, () => '')],
    ['of algorithm nOnE', async () => raw({ alg: 'nOnE', kid: 'rsa-1' }, {}, () => '')],
    ['whose signature was left out', async () => `${(await token()).split('.').slice(0, 2).join('.')}.`],
    [
      'of HS256 with the public key as its secret',
      async () =>
        raw({ alg: 'HS256', kid: 'rsa-1' }, {}, (input) =>
          createHmac('sha256', rsa.publicKey.export({ type: 'spki', format: 'pem' }))
            .update(input)
            .digest('base64url'),
        ),
    ],
    [
      'of ES256 whose signature is zeros',
      async () => raw({ alg: 'ES256', kid: 'ec-1' }, {}, () => Buffer.alloc(64).toString('base64url')),
    ],
    [
      'whose claims were exchanged under a good signature',
      async () => {
        const [header, , signature] = (await token()).split('.');
        return `${header}.${part({ ...CLAIMS, tenant: 'umbrella' })}.${signature}`;
      },
    ],
    [
      'that is encrypted',
      () =>
        new CompactEncrypt(Buffer.from(JSON.stringify(CLAIMS)))
          .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: 'rsa-1' })
          .encrypt(rsa.publicKey),
    ],
    ['that is dots', async () => '..'],
    ['that is no JSON', async () => 'abc.def.ghi'],
  ] as readonly (readonly [string, () => Promise<string>])[]) {
    it(`${says} is not`, async () => {
      const tokens = reader();
      assert.equal(await outcome(await made(), tokens), 'invalid_credentials');
      assert.equal(await outcome(await token(), tokens), 'tenant_admin acme', 'and a good one still is');
    });
  }

  it('is refused in the same words, whatever was wrong', async () => {
    const texts = new Set<string>();
    for (const made of [
      token({ aud: 'x' }),
      token({ exp: 1 }),
      token({ role: 'x' }),
      token({}, { header: { kid: 'x' } }),
    ])
      await assert.rejects(reader()(await made, NOW), (error) => texts.add(`${error}`) !== undefined);
    assert.equal(texts.size, 1);
  });

  for (const [says, given] of [
    ['answers 503', { status: 503, body: '' }],
    ['answers no JSON', { status: 200, body: '<html>' }],
    ['answers no key set', { status: 200, body: '{}' }],
  ] as const) {
    it(`whose issuer ${says} may be good: it is asked to come again`, async () => {
      answer = given;
      assert.equal(await outcome(await token()), 'temporarily_unavailable');
    });
  }

  it('whose issuer nobody reaches may be good, too; one that says none is refused without asking', async () => {
    const nobody = reader('http://127.0.0.1:1/jwks');
    assert.equal(await outcome(await token(), nobody), 'temporarily_unavailable');
    assert.equal(
      await outcome(
        raw({ alg: 'none', kid: 'rsa-1' }, {}, () => ''),
        nobody,
      ),
      'invalid_credentials',
    );
  });

  it('with made-up key ids does not make us ask the issuer each time', async () => {
    const tokens = reader();
    await outcome(await token(), tokens);
    for (let i = 0; i < 20; i++) await outcome(await token({}, { header: { kid: `made-up-${i}` } }), tokens);
    assert.equal(reads, 1);
  });

  describe('sent to the suite', () => {
    let suite: TestSuite;
    const config = {
      ...{ jwtIssuer: ISSUER, jwtAudience: AUDIENCE, jwtMaxAgeSeconds: HOUR, region: 'eu' },
      ...{ jwtRoleClaim: 'role', jwtOrganizationClaim: 'tenant', jwtRegionClaim: 'region' },
      regionEndpoints: new Map([['us', 'https://us.ledger.example.com']]),
    };
    before(async () => {
      suite = await TestSuite.start({ at: NOW, config: { ...config, jwtKeysUrl: keysUrl } });
      await suite.organization(accountOf('acme', { meters: { calls: { model: perUnit('1') } } }));
      await suite.organization(accountOf('umbrella', { meters: { calls: { model: perUnit('1') } } }));
    });
    after(() => suite.close());

    const ask = async (made: Promise<string> | string, path: string, more: RequestInit = {}) => {
      const headers = { Authorization: `Bearer ${await made}`, ...more.headers };
      const response = await checkedFetch(`${suite.url}/api/v1/billing/${path}`, { ...more, headers });
      return { status: response.status, json: (await response.json()) as Record<string, unknown> };
    };

    it('reads the organization’s invoices, and no other’s', async () => {
      assert.equal((await ask(token(), 'invoices')).status, 200);
      assert.equal((await ask(token(), 'invoices?organization_id=umbrella')).status, 404);
    });

    it('of an organization that is not here is not valid here', async () => {
      const { status, json } = await ask(token({ tenant: 'nowhere' }), 'invoices');
      assert.deepEqual([status, json['code']], [401, 'invalid_credentials']);
    });

    it('of another region is sent on, as a key is', async () => {
      const { status, json } = await ask(token({ region: 'us' }), 'invoices');
      assert.deepEqual(
        [status, json['code'], json['endpoint']],
        [421, 'wrong_region', 'https://us.ledger.example.com'],
      );
      assert.equal((await ask(token({ region: 'mars' }), 'invoices')).status, 401);
      assert.equal((await ask(token({ region: 'eu' }), 'invoices')).status, 200);
    });

    it('may do what its role may, and no more', async () => {
      const viewer = token({ role: 'tenant_viewer' });
      assert.equal((await ask(viewer, 'invoices')).status, 200);
      const body = { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } };
      assert.equal((await ask(viewer, 'usage', body)).json['code'], 'insufficient_scope');
    });

    it('names its person in the audit log by a pseudonym', async () => {
      const body = {
        method: 'POST',
        body: '{"role":"tenant_viewer"}',
        headers: { 'Content-Type': 'application/json' },
      };
      const made = await ask(token(), 'api-keys', body);
      assert.equal(made.status, 201);
      const { json } = await ask(token(), 'audit');
      const [entry] = json['data'] as { actor: unknown }[];
      assert.deepEqual(entry?.actor, { kind: 'jwt', id: pseudonymOf(ISSUER, 'user-17'), role: 'tenant_admin' });
      const rows = JSON.stringify([suite.sql('SELECT * FROM audit_log'), suite.sql('SELECT person FROM api_keys')]);
      assert.ok(!rows.includes('user-17'));
    });

    it('does not get into the log', async () => {
      const made = await token({ aud: 'https://else.example.com' });
      await ask(made, 'invoices');
      assert.ok(!JSON.stringify(suite.lines).includes(made.split('.')[2]!));
    });

    it('is not taken where no issuer is configured', async () => {
      const without = await TestSuite.start({ at: NOW });
      await without.organization(accountOf('acme', { meters: { calls: { model: perUnit('1') } } }));
      const headers = { Authorization: `Bearer ${await token()}` };
      const response = await checkedFetch(`${without.url}/api/v1/billing/invoices`, { headers });
      await without.close();
      assert.equal(response.status, 401);
    });
  });
});
