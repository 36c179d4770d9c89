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

  it('of a receipt is canonical: of the four texts that decode to the same bytes one is an id', () => {
    for (const last of ['V', 'W', 'X']) {
      const other = HASH.slice(0, -1) + last;
      assert.deepEqual(Buffer.from(other, 'base64url'), Buffer.from(HASH, 'base64url'));
      assert.equal(refusalOf(() => parseReceiptId(other))?.code, 'not_found');
    }
  });
});
