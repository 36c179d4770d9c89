import assert from 'node:assert/strict';
import { Contract, type Exchange } from '../support/contract.ts';

const PROBLEM = {
  type: 'urn:tallystick:problem:not_found',
  title: 'Not found',
  status: 404,
  detail: 'no such invoice',
  code: 'not_found',
  request_id: 'req_AAAAAAAAAAAAAAAA',
};
const exchange = (path: string, status: number, json: unknown, more: Partial<Exchange> = {}): Exchange => ({
  ...{ method: 'GET', path, status },
  contentType: status < 400 ? 'application/json' : 'application/problem+json',
  body: Buffer.from(JSON.stringify(json)),
  ...more,
});

describe('an answer in a test', () => {
  // Its own: what is made up here has exercised nothing.
  const contract = new Contract();
  const check = (path: string, status: number, json: unknown, more: Partial<Exchange> = {}) =>
    contract.check(exchange(path, status, json, more));

  it('passes where the document knows it', () => {
    check('/healthz', 200, { status: 'ok' });
    check('/api/v1/billing/invoices/INV-2026-000001', 404, PROBLEM);
    check('/api/v1/billing/invoices?limit=1', 200, { data: [], has_more: false, next_cursor: null });
    check('/nowhere', 404, PROBLEM);
    check(
      '/healthz',
      405,
      { ...PROBLEM, type: 'urn:tallystick:problem:method_not_allowed', status: 405, code: 'method_not_allowed' },
      { method: 'PUT' },
    );
  });

  for (const [says, path, status, json, more] of [
    ['at an address that the document does not have', '/hidden', 200, {}],
    ['with a status that the operation does not have', '/healthz', 201, { status: 'ok' }],
    ['with a member too many', '/healthz', 200, { status: 'ok', secret: 'x' }],
    ['without a member', '/api/v1/billing/invoices', 200, { data: [], has_more: false }],
    ['of another media type', '/healthz', 200, { status: 'ok' }, { contentType: 'text/html' }],
    ['with a code of another status', '/healthz', 404, { ...PROBLEM, code: 'internal' }],
    ['with a problem that says more than a problem may', '/nowhere', 404, { ...PROBLEM, stack: 'at …' }],
    ['with content where there is none', '/api/v1/billing/evidence/INV-1', 303, { a: 1 }],
  ] as readonly (readonly [string, string, number, unknown, Partial<Exchange>?])[]) {
    it(`fails ${says}`, () =>
      assert.throws(() => check(path, status, json, more), /the document|as the document says/));
  }
});
