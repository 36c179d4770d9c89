import assert from 'node:assert/strict';
import {
  parseLedgerOrigin,
  parseMetricName,
  parseReceiptId,
  parseSubscriptionId,
  parseTenantId,
} from '../../shared/domain/ids.ts';
import { refusalOf } from '../support/refusal.ts';

const HASH = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
/** What no id may be, since ids become parts of object names, paths, keys and headers. */
const HOSTILE = [
  '', ' ', '.', '..', '../a', 'a/../b', '/etc', 'a\\b', 'a b', 'a\n', '\na', 'a\r\nX: 1', 'a\0', 'a%2fb', '__proto__',
  '__x__', 'a;b', 'a?b', 'a#b', 'a:b', 'a*', "a' OR 1=1", '<a>', 'ACME', 'é', 'ä', 'a\u200b', 'аcme', 'ａｃｍｅ', '😀',
]; // biome-ignore format: rows of texts read better than a column
const NO_STRINGS = [undefined, null, 7, true, ['acme'], { toString: () => 'acme' }];

describe('an id', () => {
  for (const [what, parse, good, long, refused] of [
    [
      'of an organization',
      parseTenantId,
      ['acme', 'a-1', '123', `t${'e'.repeat(39)}`],
      't'.repeat(41),
      'invalid_id organization_id',
    ],
    [
      'of a subscription',
      parseSubscriptionId,
      ['s', 'sub_1', 'v1.2-x', `n${'a'.repeat(63)}`],
      'n'.repeat(65),
      'invalid_id subscription_id',
    ],
    ['of a metric', parseMetricName, ['m', 'api.calls', 'gb-hours'], 'n'.repeat(65), 'invalid_id metric_name'],
    [
      'of a ledger',
      parseLedgerOrigin,
      ['ledger.example.com/eu1/2026', 'a', 'a/b/c/d/e'],
      'a'.repeat(64),
      'invalid_id ledger',
    ],
    ['of a receipt', parseReceiptId, [HASH], `${HASH}A`, 'not_found'],
  ] as const) {
    it(`${what} is ${good.join(', ')}`, () => {
      for (const text of good) assert.equal(parse(text), text);
    });

    it(`${what} is nothing that could become another path, key, header or name`, () => {
      for (const value of [...HOSTILE, ...good.map((text) => `${text}\n`), long, 'a'.repeat(100_000), ...NO_STRINGS]) {
        const refusal = refusalOf(() => parse(value));
        assert.equal(refusal && `${refusal.code} ${refusal.param ?? ''}`.trim(), refused, JSON.stringify(value));
      }
    });
  }

  it('of an organization has 3 to 40 characters and starts with a letter or digit', () => {
    for (const text of ['ac', `t${'e'.repeat(40)}`, '-acme', 'ac_me', 'ac.me']) {
      assert.equal(refusalOf(() => parseTenantId(text))?.code, 'invalid_id', text);
    }
  });

  it('of a ledger is a host name of up to 63 characters and up to four segments of up to 31', () => {
    const host = `h${'a'.repeat(62)}`;
    const segment = `s${'a'.repeat(30)}`;
    for (const [text, is] of [
      [host, true],
      [`${host}a`, false],
      [`a/${segment}`, true],
      [`a/${segment}a`, false],
      ['a/b/c/d/e', true],
      ['a/b/c/d/e/f', false],
      ['a//b', false],
      ['a/', false],
      ['/a', false],
    ] as const) {
      assert.equal(refusalOf(() => parseLedgerOrigin(text)) === undefined, is, text);
    }
  });

  it('of a receipt ends in one of 16 characters: the last carries four bits of 32 bytes', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const endings = [...alphabet].filter(
      (last) => refusalOf(() => parseReceiptId(HASH.slice(0, -1) + last)) === undefined,
    );
    assert.equal(endings.join(''), 'AEIMQUYcgkosw048');
  });

  it('of a receipt is canonical: of the four texts that decode to the same bytes one is an id', () => {
    for (const last of ['V', 'W', 'X']) {
      const other = HASH.slice(0, -1) + last;
      assert.deepEqual(Buffer.from(other, 'base64url'), Buffer.from(HASH, 'base64url'));
      assert.equal(refusalOf(() => parseReceiptId(other))?.code, 'not_found');
    }
  });
});
