import assert from 'node:assert/strict';
import { createHmac, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactEncrypt, SignJWT } from 'jose';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { BadInput, TryAgain } from '../../shared/domain/errors.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { type Callers, oidcCallers, sharedSecretCallers } from '../../shared/edge/callers.ts';
import { rsaKey } from '../support/rsa-keys.ts';

const NOON = Date.parse('2026-03-01T12:00:00Z') / 1000;
const HOUR = 3600;
const AUDIENCE = 'https://sign-receipts.example';
const PUSHER = 'pusher@tallystick.iam.gserviceaccount.com';
const CLAIMS = {
  iss: 'https://accounts.google.com',
  aud: AUDIENCE,
  azp: '113774264463038321964',
  sub: '113774264463038321964',
  email: PUSHER,
  email_verified: true,
  iat: NOON - 60,
  exp: NOON + HOUR - 60,
};

/** What a caller gets: nothing where it may call, otherwise its error's code. */
const outcome = (callers: Callers, authorization: string | undefined): Promise<string> =>
  callers(authorization).then(
    () => 'may call',
    (error: unknown) => (error instanceof BadInput || error instanceof TryAgain ? error.code : `${error}`),
  );

describe('who may call what only bus and scheduler call', () => {
  describe('in the cloud: who has a token of Google’s for one of the service accounts', () => {
    const google = rsaKey('evidence');
    const forger = rsaKey('evidence');
    const { kid } = google.jwk;
    let server: Server;
    let keysUrl: string;
    let keysRead = 0;
    /** What the address of the keys answers. */
    let answer: { status: number; body: string };

    const callersAt = (url: string): Callers =>
      oidcCallers({
        keysUrl: url,
        audience: AUDIENCE,
        emails: ['scheduler@tallystick.iam.gserviceaccount.com', PUSHER],
        clock: new ManualClock(parseInstant('2026-03-01T12:00:00Z', 'test')),
      });
    const token = (
      changes: Readonly<Record<string, unknown>> = {},
      { key = google.privateKey, ...header }: { readonly key?: KeyObject; readonly kid?: string } = {},
    ): Promise<string> =>
      new SignJWT({ ...CLAIMS, ...changes }).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid, ...header }).sign(key);
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const without = (name: keyof typeof CLAIMS): Promise<string> => token({ [name]: undefined });

    before(async () => {
      server = createServer((_, res) => {
        keysRead++;
        res.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      keysUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`;
    });
    beforeEach(() => {
      // Without `alg`, so that nothing but our own code says which algorithm is meant.
      answer = { status: 200, body: JSON.stringify({ keys: [{ ...google.jwk, alg: undefined }] }) };
      keysRead = 0;
    });
    after(() => new Promise((resolve) => server.close(resolve)));

    it('the pusher may call, again and again, and the keys are read once', async () => {
      const callers = callersAt(keysUrl);
      for (let call = 0; call < 3; call++) assert.equal(await outcome(callers, `Bearer ${await token()}`), 'may call');
      assert.equal(keysRead, 1);
    });

    it('so may the scheduler, and a clock may be a minute off', async () => {
      const callers = callersAt(keysUrl);
      for (const changes of [
        { email: 'scheduler@tallystick.iam.gserviceaccount.com' },
        { iat: NOON + 59, exp: NOON + HOUR },
        { iat: NOON - HOUR - 59, exp: NOON - 59 },
        { nbf: NOON + 59 },
      ]) {
        assert.equal(await outcome(callers, `Bearer ${await token(changes)}`), 'may call', JSON.stringify(changes));
      }
    });

    for (const { says, made } of [
      { says: 'one signed by somebody else', made: () => token({}, { key: forger.privateKey }) },
      {
        says: 'one signed by somebody else under a name of their own',
        made: () => token({}, { key: forger.privateKey, kid: 'x' }),
      },
      { says: 'one under a name that is a path', made: () => token({}, { kid: '../../dev/null' }) },
      { says: 'an expired one', made: () => token({ iat: NOON - HOUR, exp: NOON - 61 }) },
      { says: 'one that never expires', made: () => without('exp') },
      { says: 'one that expires at no number', made: () => token({ exp: '9999999999' }) },
      {
        says: 'one that expires in ten years but is two hours old',
        made: () => token({ iat: NOON - 2 * HOUR, exp: NOON * 2 }),
      },
      { says: 'one from the future', made: () => token({ iat: NOON + 120 }) },
      { says: 'one that is not valid yet', made: () => token({ nbf: NOON + 120 }) },
      { says: 'one of no time', made: () => without('iat') },
      { says: 'one for another function', made: () => token({ aud: 'https://seal-ledger.example' }) },
      {
        says: 'one for several functions, ours among them',
        made: () => token({ aud: [AUDIENCE, 'https://else.example'] }),
      },
      { says: 'one for an address that only begins like ours', made: () => token({ aud: `${AUDIENCE}.evil` }) },
      { says: 'one for nobody', made: () => without('aud') },
      {
        says: 'another service account’s',
        made: () => token({ email: 'intruder@tallystick.iam.gserviceaccount.com' }),
      },
      { says: 'one of an address in capitals', made: () => token({ email: PUSHER.toUpperCase() }) },
      { says: 'one of an address that nobody verified', made: () => token({ email_verified: false }) },
      { says: 'one that says it is verified in words', made: () => token({ email_verified: 'true' }) },
      { says: 'one without an address', made: () => without('email') },
      { says: 'another issuer’s, signed with the right key', made: () => token({ iss: 'https://issuer.evil' }) },
      { says: 'one of no issuer', made: () => without('iss') },
      { says: 'one of algorithm none', made: async () => `${part({ alg: 'none', typ: 'JWT', kid })}.${part(CLAIMS)}.` },
      {
        says: 'one whose signature is left out',
        made: async () => `${(await token()).split('.').slice(0, 2).join('.')}.`,
      },
      {
        says: 'HS256 with the public key as the secret',
        made: async () => {
          const signed = `${part({ alg: 'HS256', typ: 'JWT', kid })}.${part(CLAIMS)}`;
          const pem = google.publicKey.export({ type: 'spki', format: 'pem' });
          return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
        },
      },
      {
        says: 'RS512, with the right key',
        made: () => new SignJWT(CLAIMS).setProtectedHeader({ alg: 'RS512', kid }).sign(google.privateKey),
      },
      {
        says: 'claims exchanged under a good signature',
        made: async () => {
          const [header, , signature] = (await token()).split('.');
          return `${header}.${part({ ...CLAIMS, exp: NOON * 2 })}.${signature}`;
        },
      },
      {
        says: 'an encrypted one',
        made: () =>
          new CompactEncrypt(Buffer.from(JSON.stringify(CLAIMS)))
            .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM' })
            .encrypt(google.publicKey),
      },
      { says: 'a tenant’s API key', made: async () => `tsk_dev_eu_0123456789abcdef_${'A'.repeat(43)}` },
      { says: 'dots', made: async () => '..' },
    ]) {
      it(`${says} is invalid_credentials`, async () => {
        const callers = callersAt(keysUrl);
        assert.equal(await outcome(callers, `Bearer ${await made()}`), 'invalid_credentials');
        assert.equal(await outcome(callers, `Bearer ${await token()}`), 'may call', 'and the true one still may');
      });
    }

    for (const { says, authorization } of [
      { says: 'no credentials', authorization: undefined },
      { says: 'an empty one', authorization: 'Bearer ' },
      { says: 'Basic', authorization: 'Basic dXNlcjpwYXNz' },
      { says: 'more than 4,096 characters', authorization: `Bearer ${'A'.repeat(4097)}` },
    ]) {
      it(`${says}: missing_credentials, and nobody asks for keys`, async () => {
        assert.equal(await outcome(callersAt(keysUrl), authorization), 'missing_credentials');
        assert.equal(keysRead, 0);
      });
    }

    it('every refusal reads the same, whatever was wrong', async () => {
      const callers = callersAt(keysUrl);
      const texts = new Set<string>();
      for (const made of [token({ aud: 'x' }), token({ email: 'x' }), token({ exp: 1 }), token({}, { kid: 'x' })]) {
        await assert.rejects(callers(`Bearer ${await made}`), (error) => texts.add(`${error}`) !== undefined);
      }
      assert.equal(texts.size, 1);
    });

    for (const { says, status, body } of [
      { says: 'answers 503', status: 503, body: '' },
      { says: 'answers no JSON', status: 200, body: '<html>' },
      { says: 'answers no key set', status: 200, body: '{}' },
      { says: 'answers a broken key', status: 200, body: JSON.stringify({ keys: [{ ...google.jwk, n: '!' }] }) },
    ]) {
      it(`while the address of the keys ${says}, nobody is refused for it: it may pass`, async () => {
        const callers = callersAt(keysUrl);
        answer = { status, body };
        assert.equal(await outcome(callers, `Bearer ${await token()}`), 'temporarily_unavailable');
      });
    }

    it('nor while nobody answers there; once the keys are back, the pusher may call', async () => {
      const callers = callersAt(keysUrl);
      answer = { status: 500, body: '' };
      assert.equal(await outcome(callers, `Bearer ${await token()}`), 'temporarily_unavailable');
      answer = { status: 200, body: JSON.stringify({ keys: [forger.jwk, google.jwk] }) };
      assert.equal(await outcome(callers, `Bearer ${await token()}`), 'may call');
      const nobody = callersAt('http://127.0.0.1:1/certs');
      assert.equal(await outcome(nobody, `Bearer ${await token()}`), 'temporarily_unavailable');
    });
  });

  describe('in the embedded suite: who knows the secret', () => {
    const SECRET = 'a-secret-of-at-least-32-characters';
    for (const { authorization, is } of [
      { authorization: `Bearer ${SECRET}`, is: 'may call' },
      { authorization: `bearer ${SECRET}`, is: 'may call' },
      { authorization: `Bearer ${SECRET}x`, is: 'invalid_credentials' },
      { authorization: `Bearer ${SECRET.slice(0, -1)}`, is: 'invalid_credentials' },
      { authorization: `Bearer ${SECRET} `, is: 'missing_credentials' },
      { authorization: SECRET, is: 'missing_credentials' },
      { authorization: undefined, is: 'missing_credentials' },
    ]) {
      it(`${authorization ?? 'nothing'}: ${is}`, async () => {
        assert.equal(await outcome(sharedSecretCallers(SECRET), authorization), is);
      });
    }
  });
});
