import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Cursors, limitOf } from '../../shared/edge/cursor.ts';
import { refusalOf } from '../support/refusal.ts';

const SECRET = Buffer.alloc(32, 1);
const cursors = new Cursors(SECRET);
const good = cursors.write('acme', 'receipts', '0000000000000042');
const REFUSED = { code: 'invalid_cursor', param: 'cursor' };
const answer = (cursor: string, tenant = 'acme', list = 'receipts') =>
  refusalOf(() => cursors.read(tenant, list, cursor));

describe('a cursor', () => {
  it('is where the list goes on and a MAC over tenant, list and that place', () => {
    const mac = createHmac('sha256', SECRET)
      .update('cursor/v1\nacme\nreceipts\n0000000000000042')
      .digest()
      .subarray(0, 16);
    assert.equal(good, `${Buffer.from('0000000000000042').toString('base64url')}.${mac.toString('base64url')}`);
  });

  it('comes back in every instance that has the same secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (after) => {
        const cursor = cursors.write('acme', 'receipts', after);
        assert.equal(new Cursors(Buffer.from(SECRET)).read('acme', 'receipts', cursor), after);
      }),
    );
  });

  it('is of one tenant and one list', () => {
    assert.equal(answer(good), undefined);
    assert.deepEqual(answer(good, 'other'), REFUSED);
    assert.deepEqual(answer(good, 'acme', 'invoices'), REFUSED);
    assert.deepEqual(answer(new Cursors(Buffer.alloc(32, 2)).write('acme', 'receipts', '1')), REFUSED);
  });

  it('does not move its borders: what leaves the tenant’s name does not enter the list’s', () => {
    const one = cursors.write('acme', 'receipts', 'x').split('.')[1];
    const other = cursors.write('acm', 'ereceipts', 'x').split('.')[1];
    assert.notEqual(one, other);
  });

  it('is refused with any one character changed', () => {
    for (let at = 0; at < good.length; at++) {
      for (const character of 'AQgwBz09-_.+/= ') {
        if (character === good[at]) continue;
        assert.deepEqual(answer(good.slice(0, at) + character + good.slice(at + 1)), REFUSED, `${at}: ${character}`);
      }
    }
  });

  it('is refused in any other form', () => {
    const [text, mac] = good.split('.') as [string, string];
    for (const cursor of [
      '',
      '.',
      text,
      mac,
      `${text}.`,
      `.${mac}`,
      `${good}.`,
      `${good}.${mac}`,
      `${good}=`,
      ` ${good}`,
      `${good}\n`,
      `${text}.${mac.slice(0, -1)}`,
      `${text}.${mac}A`,
      `${Buffer.from('43').toString('base64url')}.${mac}`,
      '0000000000000042',
      "' OR 1=1 --",
      'a'.repeat(100_000),
    ]) {
      assert.deepEqual(answer(cursor), REFUSED, cursor.slice(0, 60));
    }
  });
});

describe('the limit of a list', () => {
  for (const [text, limit] of [
    ['', 20],
    ['limit=1', 1],
    ['limit=20', 20],
    ['limit=99', 99],
    ['limit=100', 100],
  ] as const) {
    it(`of ?${text} is ${limit}`, () =>
      assert.equal(limitOf(new URLSearchParams(text).get('limit') ?? undefined), limit));
  }

  for (const text of ['0', '-1', '101', '1000', '05', '1.0', '1e1', '0x10', '', ' 1', '١', 'all', 'NaN']) {
    it(`is never ${JSON.stringify(text)}`, () => {
      const refusal = refusalOf(() => limitOf(text));
      assert.deepEqual(refusal, { code: 'invalid_parameter', param: 'limit' });
    });
  }
});
