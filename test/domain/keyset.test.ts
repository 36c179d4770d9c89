import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import {
  isInForce,
  type KeysetKey,
  keysetBytes,
  keysetDigest,
  readKeyset,
} from '../../shared/domain/evidence/keyset.ts';
import { published } from '../support/published.ts';
import { keysetKey, rsaKey, thumbprint } from '../support/rsa-keys.ts';
import { canonicalText } from '../support/sample-records.ts';

const rfc7638 = published<{ readonly key: { readonly n: string; readonly e: string }; readonly thumbprint: string }>(
  'rfc7638',
);
const { n, e } = rfc7638.key;
const key = keysetKey(n, e);
const other = keysetKey(Buffer.alloc(256, 0xa5).toString('base64url'), 'AQAB', { purpose: 'evidence' });
const modulus = Buffer.from(n, 'base64url');
const { use: _, ...withoutUse } = key;
const withModulus = (bytes: Buffer): KeysetKey => keysetKey(bytes.toString('base64url'), e);

const manyKeys = (count: number): KeysetKey[] =>
  Array.from({ length: count }, (_, at) => withModulus(Buffer.from([255, at >> 8, at, ...modulus.subarray(3)])));

describe('the thumbprint of a key', () => {
  it('is the published one for the key that RFC 7638 section 3.1 publishes', async () => {
    assert.equal(await calculateJwkThumbprint({ kty: 'RSA', n, e }), rfc7638.thumbprint);
    assert.equal(thumbprint(n, e), rfc7638.thumbprint);
  });

  it('is what a keyset calls it by', async () => {
    assert.deepEqual(await readKeyset({ keys: [{ ...key, kid: rfc7638.thumbprint }] }), { keys: [key] });
  });
});

describe('a keyset', () => {
  it('is read with all its keys, in order', async () => {
    const retired = { ...key, last_seal: '41' };
    assert.deepEqual(await readKeyset({ keys: [retired, other] }), { keys: [retired, other] });
  });

  it('has up to 1000 keys', async () => {
    assert.equal((await readKeyset({ keys: manyKeys(1000) }))?.keys.length, 1000);
  });

  it('takes 2048 to 8192 bits', async () => {
    for (const bytes of [256, 257, 384, 512, 1024]) {
      assert.ok(await readKeyset({ keys: [withModulus(Buffer.alloc(bytes, 0xa5))] }), `${bytes} bytes`);
    }
    // 2049 bits: one bit in a byte of its own.
    assert.ok(await readKeyset({ keys: [withModulus(Buffer.concat([Buffer.of(1), modulus]))] }));
  });

  for (const [says, value] of [
    ['no object', null],
    ['a list of keys', [key]],
    ['a single key', key],
    ['no keys', { keys: [] }],
    ['keys that are no list', { keys: { 0: key } }],
    ['something beside its keys', { keys: [key], issuer: 'x' }],
    ['a key that is nothing', { keys: [null] }],
    ['a key that is a text', { keys: ['key'] }],
    ['a key with a member nobody knows', { keys: [{ ...key, x5u: 'https://example.com' }] }],
    ['a private key', { keys: [{ ...key, d: 'AQAB' }] }],
    ['a key whose use is undefined', { keys: [{ ...key, use: undefined }] }],
    ['a key without a member', { keys: [withoutUse] }],
    ['a key of an elliptic curve', { keys: [{ ...key, kty: 'EC' }] }],
    ['a key to be kept secret', { keys: [{ ...key, kty: 'oct' }] }],
    ['a key to encrypt with', { keys: [{ ...key, use: 'enc' }] }],
    ['a key for RS512', { keys: [{ ...key, alg: 'RS512' }] }],
    ['a key for HS256', { keys: [{ ...key, alg: 'HS256' }] }],
    ['a key for no algorithm', { keys: [{ ...key, alg: 'none' }] }],
    ['a key for another purpose', { keys: [{ ...key, purpose: 'both' }] }],
    ['a key called by another’s thumbprint', { keys: [{ ...key, kid: other.kid }] }],
    ['a key called by a name', { keys: [{ ...key, kid: '2011-04-29' }] }],
    ['one key twice', { keys: [key, key] }],
    ['one key for two purposes', { keys: [key, { ...key, purpose: 'evidence' }] }],
    [
      'one key at two times',
      {
        keys: [
          { ...key, last_seal: '4' },
          { ...key, first_seal: '9' },
        ],
      },
    ],
    ['a first seal that is a number', { keys: [{ ...key, first_seal: 0 }] }],
    ['a first seal with a leading zero', { keys: [{ ...key, first_seal: '05' }] }],
    ['no first seal', { keys: [{ ...key, first_seal: '' }] }],
    ['a negative last seal', { keys: [{ ...key, last_seal: '-1' }] }],
    ['a last seal of null', { keys: [{ ...key, last_seal: null }] }],
    ['a last seal beyond 2^53 - 1, where counting is not exact', { keys: [{ ...key, last_seal: '9007199254740993' }] }],
    ['a key of 2047 bits', { keys: [withModulus(Buffer.alloc(256, 0x7f))] }],
    ['a key of 1024 bits', { keys: [withModulus(modulus.subarray(0, 128))] }],
    [
      'a key of 1024 bits made long by zeros',
      { keys: [withModulus(Buffer.concat([Buffer.alloc(128), modulus.subarray(128)]))] },
    ],
    [
      'a key that begins with a zero byte, so that one key has two names',
      { keys: [withModulus(Buffer.concat([Buffer.of(0), modulus]))] },
    ],
    ['a key of more than 8192 bits', { keys: [withModulus(Buffer.alloc(1025, 0xa5))] }],
    ['a very long key', { keys: [withModulus(Buffer.alloc(100_000, 0xa5))] }],
    ['a modulus with spare bits', { keys: [keysetKey(`${n.slice(0, -1)}x`, e)] }],
    ['a modulus with padding', { keys: [keysetKey(`${n}==`, e)] }],
    ['a modulus in the other alphabet', { keys: [keysetKey(n.replaceAll('-', '+').replaceAll('_', '/'), e)] }],
    ['no modulus', { keys: [keysetKey('', e)] }],
    ['an exponent of 1, under which every text is its own signature', { keys: [keysetKey(n, 'AQ')] }],
    ['an exponent of 3', { keys: [keysetKey(n, 'Aw')] }],
    ['an exponent with a leading zero', { keys: [keysetKey(n, 'AAEAAQ')] }],
    ['an exponent that is a number', { keys: [{ ...key, e: 65_537 }] }],
    ['1001 keys', { keys: manyKeys(1001) }],
  ] as const) {
    it(`is refused for ${says}`, async () => assert.equal(await readKeyset(value), undefined));
  }

  it('is not spoiled by a sound key beside an unsound one', async () => {
    assert.equal(await readKeyset({ keys: [key, { ...other, kid: key.kid }] }), undefined);
    assert.equal(await readKeyset({ keys: [{ ...other, alg: 'none' }, key] }), undefined);
  });

  it('is called by the hash of its canonical bytes, as seals name it', () => {
    const text = canonicalText({ keys: [key, other] });
    assert.equal(keysetBytes({ keys: [key, other] }).toString('utf8'), text);
    assert.equal(keysetDigest({ keys: [key, other] }), createHash('sha256').update(text).digest('base64url'));
    assert.notEqual(keysetDigest({ keys: [other, key] }), keysetDigest({ keys: [key, other] }));
  });

  it('of a new key pair is read', async () => {
    assert.ok(await readKeyset({ keys: [rsaKey('evidence').jwk] }));
  });
});

describe('a key', () => {
  for (const [first, last, seal, is] of [
    ['0', '', 0, true],
    ['0', '', 2 ** 40, true],
    ['5', '', 4, false],
    ['5', '', 5, true],
    ['5', '9', 9, true],
    ['5', '9', 10, false],
    ['5', '5', 5, true],
    // A key that was replaced before it signed anything ends before it begins.
    ['5', '4', 4, false],
    ['5', '4', 5, false],
    ['9', '10', 10, true],
  ] as const) {
    it(`of seals ${first} to ${last === '' ? 'now' : last} ${is ? 'signs' : 'does not sign'} seal ${seal}`, () => {
      assert.equal(isInForce({ ...key, first_seal: first, last_seal: last }, seal), is);
    });
  }
});
