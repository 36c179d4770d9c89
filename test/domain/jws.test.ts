import assert from 'node:assert/strict';
import { constants, createHmac, type KeyObject, sign } from 'node:crypto';
import { compactJws, type JwsType, signingInput, verifyJws } from '../../shared/domain/evidence/jws.ts';
import type { Keyset } from '../../shared/domain/evidence/keyset.ts';
import { type RsaKey, rsaKey } from '../support/rsa-keys.ts';

const TYPES: readonly JwsType[] = ['checkpoint+jws', 'manifest+jws', 'reconciliation+jws'];
const PAYLOAD = 'ledger.example.com/eu1/2026\n7\nAAAA\n';

const b64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');
/** Signs whatever header it is given: what somebody with a key can do. */
const signed = (header: string, payload: string | Uint8Array, key: KeyObject): string => {
  const input = `${b64(header)}.${b64(payload)}`;
  return `${input}.${b64(sign('sha256', Buffer.from(input), key))}`;
};

describe('a JWS', () => {
  let checkpoint: RsaKey;
  let evidence: RsaKey;
  let stranger: RsaKey;
  let keyset: Keyset;
  let header: string;
  let good: string;

  const verifies = async (jws: string, typ: JwsType = 'checkpoint+jws', keys = keyset): Promise<boolean> =>
    (await verifyJws(jws, typ, keys)) !== undefined;
  const headerOf = (more: Readonly<Record<string, unknown>>): string =>
    JSON.stringify({ alg: 'RS256', kid: checkpoint.jwk.kid, typ: 'checkpoint+jws', ...more });

  before(() => {
    [checkpoint, evidence, stranger] = [rsaKey('checkpoint'), rsaKey('evidence'), rsaKey('checkpoint')];
    keyset = { keys: [evidence.jwk, checkpoint.jwk] };
    header = `{"alg":"RS256","kid":"${checkpoint.jwk.kid}","typ":"checkpoint+jws"}`;
    good = signed(header, PAYLOAD, checkpoint.privateKey);
  });

  it('is the compact serialization of RFC 7515: header, payload and RS256 signature in base64url', () => {
    const input = signingInput('checkpoint+jws', checkpoint.jwk.kid, PAYLOAD);
    assert.equal(input, `${b64(header)}.${b64(PAYLOAD)}`);
    assert.equal(signingInput('checkpoint+jws', checkpoint.jwk.kid, Buffer.from(PAYLOAD)), input);
    assert.equal(compactJws(input, sign('sha256', Buffer.from(input), checkpoint.privateKey)), good);
  });

  it('that holds gives its payload, byte for byte, and the key that signed', async () => {
    const verified = await verifyJws(good, 'checkpoint+jws', keyset);
    assert.deepEqual(verified, { key: checkpoint.jwk, payload: Buffer.from(PAYLOAD) });
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const manifest = signed(
      header.replaceAll('checkpoint', 'manifest').replace(checkpoint.jwk.kid, evidence.jwk.kid),
      bytes,
      evidence.privateKey,
    );
    assert.deepEqual((await verifyJws(manifest, 'manifest+jws', keyset))?.payload, bytes);
    assert.ok(await verifies(signed(header, '', checkpoint.privateKey)));
  });

  it('holds for one type and one purpose only', async () => {
    for (const typ of TYPES) {
      for (const key of [checkpoint, evidence]) {
        const jws = signed(`{"alg":"RS256","kid":"${key.jwk.kid}","typ":"${typ}"}`, PAYLOAD, key.privateKey);
        for (const expected of TYPES) {
          const belongs = (typ === 'checkpoint+jws') === (key === checkpoint);
          assert.equal(
            await verifies(jws, expected),
            expected === typ && belongs,
            `${key.jwk.purpose}: ${typ} as ${expected}`,
          );
        }
      }
    }
  });

  it('does not hold for a key that is not in the keyset, or not under that name', async () => {
    assert.ok(!(await verifies(good, 'checkpoint+jws', { keys: [] })));
    assert.ok(!(await verifies(good, 'checkpoint+jws', { keys: [evidence.jwk, stranger.jwk] })));
    assert.ok(!(await verifies(good, 'checkpoint+jws', { keys: [{ ...stranger.jwk, kid: checkpoint.jwk.kid }] })));
    assert.ok(!(await verifies(good, 'checkpoint+jws', { keys: [{ ...checkpoint.jwk, kid: stranger.jwk.kid }] })));
    assert.ok(!(await verifies(signed(header, PAYLOAD, stranger.privateKey))), 'a stranger under our name');
    const strangers = header.replace(checkpoint.jwk.kid, stranger.jwk.kid);
    assert.ok(!(await verifies(signed(strangers, PAYLOAD, stranger.privateKey))), 'a stranger under his own');
    for (const kid of [
      '',
      '../../dev/null',
      'https://example.com/key',
      "' OR 1=1",
      'k'.repeat(10_000),
      evidence.jwk.kid,
    ]) {
      assert.ok(!(await verifies(signed(headerOf({ kid }), PAYLOAD, checkpoint.privateKey))), kid.slice(0, 20));
    }
  });

  it('does not hold when it is a MAC made with the public key (HS256 for RS256)', async () => {
    const secrets = [
      checkpoint.publicKey.export({ type: 'spki', format: 'pem' }),
      checkpoint.publicKey.export({ type: 'pkcs1', format: 'pem' }),
      checkpoint.publicKey.export({ type: 'spki', format: 'der' }),
      checkpoint.jwk.n,
      Buffer.from(checkpoint.jwk.n, 'base64url'),
      JSON.stringify(checkpoint.jwk),
    ];
    for (const secret of secrets) {
      for (const alg of ['HS256', 'RS256']) {
        const input = `${b64(headerOf({ alg }))}.${b64(PAYLOAD)}`;
        const mac = createHmac('sha256', secret).update(input).digest();
        assert.ok(!(await verifies(`${input}.${b64(mac)}`)), alg);
      }
    }
  });

  it('does not hold without a signature, whatever the header calls that', async () => {
    for (const alg of ['none', 'None', 'NONE', '', 'RS256']) {
      const input = `${b64(headerOf({ alg }))}.${b64(PAYLOAD)}`;
      assert.ok(!(await verifies(`${input}.`)), alg);
      assert.ok(!(await verifies(input)), alg);
    }
  });

  it('does not hold under another algorithm of the same key', async () => {
    const { privateKey } = checkpoint;
    for (const [alg, hash] of [
      ['RS384', 'sha384'],
      ['RS512', 'sha512'],
      ['RS1', 'sha1'],
    ] as const) {
      for (const claimed of [alg, 'RS256']) {
        const input = `${b64(headerOf({ alg: claimed }))}.${b64(PAYLOAD)}`;
        assert.ok(
          !(await verifies(`${input}.${b64(sign(hash, Buffer.from(input), privateKey))}`)),
          `${alg} as ${claimed}`,
        );
      }
    }
    for (const claimed of ['PS256', 'RS256']) {
      const input = `${b64(headerOf({ alg: claimed }))}.${b64(PAYLOAD)}`;
      const pss = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
      assert.ok(!(await verifies(`${input}.${b64(sign('sha256', Buffer.from(input), pss))}`)), `PSS as ${claimed}`);
    }
  });

  it('does not hold with a header that says anything more, less or otherwise, even signed by the right key', async () => {
    const { jwk } = stranger;
    const { kid } = checkpoint.jwk;
    const others = [
      headerOf({ crit: ['exp'], exp: 1 }),
      headerOf({ crit: [] }),
      headerOf({ b64: false, crit: ['b64'] }),
      headerOf({ jwk: { kty: 'RSA', n: jwk.n, e: jwk.e } }),
      headerOf({ jku: 'https://example.com/jwks.json' }),
      headerOf({ x5u: 'https://example.com/cert.pem' }),
      headerOf({ x5c: ['AAAA'] }),
      headerOf({ cty: 'text/plain' }),
      headerOf({ zip: 'DEF' }),
      headerOf({ typ: 'JWT' }),
      headerOf({ typ: 'CHECKPOINT+JWS' }),
      headerOf({ typ: 'application/checkpoint+jws' }),
      headerOf({ typ: undefined }),
      headerOf({ kid: undefined }),
      headerOf({ alg: undefined }),
      headerOf({ alg: ['RS256'] }),
      `{"alg":"RS256","typ":"checkpoint+jws","kid":"${kid}"}`,
      `{ "alg":"RS256","kid":"${kid}","typ":"checkpoint+jws"}`,
      `${header}\n`,
      `\ufeff${header}`,
      `{"alg":"none","alg":"RS256","kid":"${kid}","typ":"checkpoint+jws"}`,
      `{"\\u0061lg":"RS256","kid":"${kid}","typ":"checkpoint+jws"}`,
      `{"__proto__":{},"alg":"RS256","kid":"${kid}","typ":"checkpoint+jws"}`,
      '{}',
      'null',
      '',
    ];
    for (const other of others) {
      for (const key of [checkpoint, stranger]) {
        assert.ok(!(await verifies(signed(other, PAYLOAD, key.privateKey))), other);
      }
    }
  });

  it('does not hold with any bit of its payload or signature changed', async () => {
    const [head, , signature] = good.split('.') as [string, string, string];
    for (let at = 0; at < PAYLOAD.length; at++) {
      const bytes = Buffer.from(PAYLOAD);
      bytes[at]! ^= 1 << (at % 8);
      assert.ok(!(await verifies(`${head}.${b64(bytes)}.${signature}`)), `payload ${at}`);
    }
    for (let at = 0; at < 256; at += 5) {
      const bytes = Buffer.from(signature, 'base64url');
      bytes[at]! ^= 1 << (at % 8);
      assert.ok(!(await verifies(`${head}.${b64(PAYLOAD)}.${b64(bytes)}`)), `signature ${at}`);
    }
  });

  it('does not hold in any other form: cut, lengthened, padded, in another alphabet or as JSON', async () => {
    const [head, body, signature] = good.split('.') as [string, string, string];
    const bytes = Buffer.from(signature, 'base64url');
    // 256 bytes end in a character with four spare bits: 15 other texts decode to the same signature.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sameBytes = [...alphabet]
      .map((last) => signature.slice(0, -1) + last)
      .filter((text) => text !== signature && Buffer.from(text, 'base64url').equals(bytes));
    assert.equal(sameBytes.length, 15);
    for (const jws of [
      ...sameBytes.map((text) => `${head}.${body}.${text}`),
      '',
      '.',
      '..',
      '...',
      head,
      `${head}.${body}`,
      `${head}..${signature}`,
      `.${body}.${signature}`,
      `${good}.`,
      `.${good}`,
      `${good}.${signature}`,
      `${head}.${body}.${signature}.${body}.${signature}`, // the five parts of a JWE
      `${good}==`,
      `${head}=.${body}.${signature}`,
      `${head}.${body}=.${signature}`,
      ` ${good}`,
      `${good} `,
      `${good}\n`,
      `${head}.\n${body}.${signature}`,
      `${head}.${body}. ${signature}`,
      good.replaceAll('-', '+').replaceAll('_', '/').concat('=='),
      `${head}.${body}.${signature.slice(0, -4)}`,
      `${head}.${body}.${b64(bytes.subarray(1))}`,
      `${head}.${body}.${b64(Buffer.concat([Buffer.of(0), bytes]))}`,
      `${head}.${body}.${b64(Buffer.concat([bytes, Buffer.of(0)]))}`,
      `${head}.${body}.${b64(Buffer.alloc(256))}`,
      `${head}.${body}.${b64(Buffer.alloc(256, 255))}`,
      JSON.stringify({ protected: head, payload: body, signature }),
      JSON.stringify({ payload: body, signatures: [{ protected: head, signature }] }),
      'a'.repeat(100_000),
    ]) {
      assert.ok(!(await verifies(jws)), jws.slice(-40));
    }
  });
});
